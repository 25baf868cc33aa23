"""What plans, changes and reports know of themselves."""

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

HERE, THERE = Address("a", "job"), Address("a", "schedule")


def planned(**fields):
    return Plan(applications=(ApplicationPlan("quiet"), ApplicationPlan("a", **fields)))


@pytest.mark.parametrize(("action", "symbol"), list(zip(Action, "+~±-", strict=True)))
def test_every_action_has_a_sign(action, symbol):
    assert action.symbol == symbol


def test_a_change_knows_its_kind_and_its_fields():
    change = Change(HERE, Action.UPDATE, fields=(FieldChange("x", 1, 2),))
    assert change.kind == "job"
    assert change.field("x") == FieldChange("x", 1, 2)
    assert change.field("y") is None


@pytest.mark.parametrize(
    ("fields", "changes", "drift"),
    [
        ({}, False, False),
        ({"changes": (Change(HERE, Action.CREATE),)}, True, True),
        ({"unmanaged_drift": (Resource(HERE),)}, False, True),
        ({"unmanaged": (Resource(HERE),)}, False, False),
    ],
)
def test_a_plan_knows_whether_there_are_changes_or_drift(fields, changes, drift):
    plan = planned(**fields)
    assert (plan.has_changes, plan.has_drift) == (changes, drift)


def test_what_is_left_alone_is_counted_by_kind():
    plan = ApplicationPlan("a", unmanaged=(Resource(HERE), Resource(THERE), Resource(HERE)))
    assert plan.unmanaged_counts == {"job": 2, "schedule": 1}
    assert ApplicationPlan("a", saved_unmanaged_counts={"job": 3}).unmanaged_counts == {"job": 3}
    assert ApplicationPlan("a").unmanaged_counts == {}


def test_a_guard_is_open_once_something_opened_it():
    closed, opened = Guard("scope-widened", "x"), Guard("mass-removal", "y", "--allow mass-removal")
    assert not closed.is_allowed
    assert opened.is_allowed
    assert ApplicationPlan("a", guards=(closed, opened)).blocking_guards == (closed,)


def test_an_address_is_as_well_as_its_worst_step():
    outcomes = (
        StepOutcome(Result.FAILED, (HERE,), "one"),
        StepOutcome(Result.DONE, (HERE, THERE), "two"),
        StepOutcome(Result.UNCONFIRMED, (THERE,), "three"),
    )
    assert Report("a", outcomes).by_address() == {HERE: Result.FAILED, THERE: Result.UNCONFIRMED}
    assert Report("a", outcomes).failed == outcomes[:1]
    assert Report("a").by_address() == {}


def test_results_go_from_best_to_worst_and_have_words():
    assert sorted(Result) == [Result.DONE, Result.UNCONFIRMED, Result.SKIPPED, Result.FAILED]
    assert [result.word for result in Result] == ["done", "written, not yet visible", "skipped", "failed"]
