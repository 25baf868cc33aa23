"""Properties and methods of plans, changes, guards and reports."""

import pytest

from scimconf.plan import (
    Action,
    Address,
    ApplicationPlan,
    Change,
    FieldChange,
    Guard,
    Plan,
    Report,
    Resource,
    Result,
    StepOutcome,
)

JOB, SCHEDULE = Address("a", "job"), Address("a", "schedule")


def planned(**fields):
    return Plan(applications=(ApplicationPlan("quiet"), ApplicationPlan("a", **fields)))


@pytest.mark.parametrize(("action", "symbol"), list(zip(Action, "+~±-", strict=True)))
def test_every_action_has_a_symbol(action, symbol):
    assert action.symbol == symbol


def test_change_returns_its_kind_and_its_field_changes():
    change = Change(JOB, Action.UPDATE, fields=(FieldChange("x", 1, 2),))
    assert change.kind == "job"
    assert change.field("x") == FieldChange("x", 1, 2)
    assert change.field("y") is None


@pytest.mark.parametrize(
    ("fields", "changes", "drift"),
    [
        ({}, False, False),
        ({"changes": (Change(JOB, Action.CREATE),)}, True, True),
        ({"unmanaged_drift": (Resource(JOB),)}, False, True),
        ({"unmanaged": (Resource(JOB),)}, False, False),
    ],
)
def test_plan_has_changes_and_has_drift(fields, changes, drift):
    plan = planned(**fields)
    assert (plan.has_changes, plan.has_drift) == (changes, drift)


def test_application_plan_counts_unmanaged_resources_by_kind():
    plan = ApplicationPlan("a", unmanaged=(Resource(JOB), Resource(SCHEDULE), Resource(JOB)))
    assert plan.unmanaged_counts == {"job": 2, "schedule": 1}
    assert ApplicationPlan("a", saved_unmanaged_counts={"job": 3}).unmanaged_counts == {"job": 3}
    assert ApplicationPlan("a").unmanaged_counts == {}


def test_blocking_guards_are_those_that_are_not_allowed():
    blocking, allowed = Guard("scope-widened", "x"), Guard("mass-removal", "y", "--allow mass-removal")
    assert not blocking.is_allowed
    assert allowed.is_allowed
    assert ApplicationPlan("a", guards=(blocking, allowed)).blocking_guards == (blocking,)


def test_report_by_address_returns_the_worst_result_of_its_steps():
    outcomes = (
        StepOutcome(Result.FAILED, (JOB,), "one"),
        StepOutcome(Result.DONE, (JOB, SCHEDULE), "two"),
        StepOutcome(Result.UNCONFIRMED, (SCHEDULE,), "three"),
    )
    assert Report("a", outcomes).by_address() == {JOB: Result.FAILED, SCHEDULE: Result.UNCONFIRMED}
    assert Report("a", outcomes).failed == outcomes[:1]
    assert Report("a").by_address() == {}


def test_results_sort_from_best_to_worst_and_have_words():
    assert sorted(Result) == [Result.DONE, Result.MATCHING, Result.UNCONFIRMED, Result.SKIPPED, Result.FAILED]
    words = ["done", "already matching", "written, not yet visible", "skipped", "failed"]
    assert [result.word for result in Result] == words
