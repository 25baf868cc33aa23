"""Large plans: time grows linearly with the number of changes, measured in function calls instead of seconds."""

import sys

import pytest

from scimconf.plan import Action, Address, ApplicationPlan, Change, Effect, FieldChange, Plan, Report
from scimconf.plan.diff import diff
from scimconf.plan.outcome import Result, StepOutcome
from scimconf.plan.resource import Absent, Exclusive, Resource
from scimconf.plan.select import select
from scimconf.render import json as machine
from scimconf.render import text


def make_changes(number):
    """Return changes in groups of four: a role swap, a new mapping, and a mapping update with a long string."""
    changes = []
    for one in range(number // 4):
        changes.append(Change(Address("a", "assignment", f"user:u{one}/new"), Action.CREATE, effects=frozenset(Effect)))
        changes.append(Change(Address("a", "assignment", f"user:u{one}/old"), Action.DELETE, reason="not listed"))
        source = FieldChange("source", None, "[mail]")
        changes.append(Change(Address("a", "attribute_mapping", f"users/a{one}"), Action.CREATE, fields=(source,)))
        longer = FieldChange("source", "x " * 60, 'Join("-", [a], [b])' * 4)
        changes.append(Change(Address("a", "attribute_mapping", f"users/b{one}"), Action.UPDATE, fields=(longer,)))
    return changes


def make_plan(number):
    return Plan(applications=(ApplicationPlan("a", changes=tuple(make_changes(number))),))


def make_reports(number):
    results = list(Result)
    addresses = [Address("a", "assignment", f"user:u{one}/new") for one in range(number)]
    outcomes = tuple(StepOutcome(results[one % 4], (address,), "do it", "so") for one, address in enumerate(addresses))
    return [Report("a", outcomes)]


def calls(function, value):
    counted = 0

    def count(_frame, event, _arg):
        nonlocal counted
        counted += event in ("call", "c_call")

    previous = sys.getprofile()
    sys.setprofile(count)
    try:
        function(value)
    finally:
        sys.setprofile(previous)
    return counted


def diff_assignments(number):
    desired = [Exclusive(Address("a", "assignment"))]
    desired += [Resource(Address("a", "assignment", f"user:u{one}/new"), {"x": one}) for one in range(number)]
    desired += [Absent(Address("a", "app_role", f"r{one}")) for one in range(number)]
    observed = [Resource(Address("a", "assignment", f"user:u{one}/old")) for one in range(number)]
    return diff(desired, observed, {})


def select_all(changes):
    return select(changes, ["*"], [], {"attribute_mapping": ("target_attribute",), "assignment": ("app_role",)})


@pytest.mark.parametrize(
    ("function", "make"),
    [
        (text.plan, make_plan),
        (machine.plan, make_plan),
        (text.report, make_reports),
        (diff_assignments, int),
        (select_all, make_changes),
    ],
    ids=["text", "json", "report", "diff", "select"],
)
def test_ten_times_the_changes_take_about_ten_times_the_calls(function, make):
    function(make(8))
    assert calls(function, make(5000)) < 14 * calls(function, make(500))


def test_text_plan_shows_all_changes_of_a_large_plan():
    rendered = text.plan(make_plan(5000), full=True)
    assert rendered.count("old → new") == 1250
    assert "users may be created" in rendered
