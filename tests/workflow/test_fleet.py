"""The limits of an apply over all applications."""

from __future__ import annotations

import pytest

from scimconf.plan import Action, Address, ApplicationPlan, Change, Effect, Impact
from scimconf.workflow.fleet import FleetLimits


def application(name, **impact):
    """Return a plan with one change that has these effects, and their impact; None where it is not known."""
    effects = {Effect(effect): bound for effect, bound in impact.items()}
    change = Change(Address(name, "settings"), Action.UPDATE, effects=frozenset(effects))
    return ApplicationPlan(
        name, changes=(change,), impact={effect: bound for effect, bound in effects.items() if bound is not None}
    )


UNCHANGED = ApplicationPlan("unchanged")


@pytest.mark.parametrize(
    ("limit", "plans", "problem"),
    [
        (None, [application("a"), application("b")], ""),
        (2, [application("a"), application("b"), UNCHANGED], ""),
        (1, [application("a"), application("b")], "2 applications would change, and --max-applications is 1"),
        (0, [UNCHANGED], ""),
    ],
)
def test_limit_of_applications(limit, plans, problem):
    assert FleetLimits(applications=limit).problem(plans) == problem


@pytest.mark.parametrize(
    ("limit", "plans", "problem"),
    [
        (None, [application("a", deprovisions=None)], ""),
        (
            3,
            [application("a", deprovisions=Impact(1)), application("b", provisions=Impact(2, precision="at_most"))],
            "",
        ),
        (
            2,
            [application("a", deprovisions=Impact(1)), application("b", provisions=Impact(2))],
            "up to 3 users would be affected, and --max-users is 2",
        ),
        (0, [application("a", resync=Impact(1_000)), application("b", credentials=None)], ""),
        (
            9,
            [application("a", deprovisions=None), application("b", stops=Impact(1, precision="at_least"))],
            "--max-users is 9, and the affected users of a, b are not known",
        ),
        (
            9,
            [application("a", deprovisions=Impact(1, undetermined=1))],
            "--max-users is 9, and the affected users of a are not known",
        ),
        (0, [UNCHANGED], ""),
    ],
)
def test_limit_of_users(limit, plans, problem):
    assert FleetLimits(users=limit).problem(plans) == problem
