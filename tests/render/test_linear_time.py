"""Large plans: ten times the changes take about ten times the work, counted in calls and not in seconds."""

import sys

import pytest

from scimconf.plan import Action, Address, ApplicationPlan, Change, Effect, FieldChange, Plan, Report
from scimconf.plan.diff import diff
from scimconf.plan.outcome import Result, StepOutcome
from scimconf.plan.resource import Absent, Exclusive, Resource
from scimconf.plan.select import select
from scimconf.render import json as machine
from scimconf.render import text


def large(number):
    """A third of swaps, a third of mappings, a third of updates with a text each."""
    changes = []
    for one in range(number // 4):
        changes.append(Change(Address("a", "assignment", f"user:u{one}/new"), Action.CREATE, effects=frozenset(Effect)))
        changes.append(Change(Address("a", "assignment", f"user:u{one}/old"), Action.DELETE, reason="not listed"))
        source = FieldChange("source", None, "[mail]")
        changes.append(Change(Address("a", "attribute_mapping", f"users/a{one}"), Action.CREATE, fields=(source,)))
        longer = FieldChange("source", "x " * 60, 'Join("-", [a], [b])' * 4)
        changes.append(Change(Address("a", "attribute_mapping", f"users/b{one}"), Action.UPDATE, fields=(longer,)))
    return changes


def planned(number):
    return Plan(applications=(ApplicationPlan("a", changes=tuple(large(number))),))


def reported(number):
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


def difference(number):
    wanted = [Exclusive(Address("a", "assignment"))]
    wanted += [Resource(Address("a", "assignment", f"user:u{one}/new"), {"x": one}) for one in range(number)]
    wanted += [Absent(Address("a", "app_role", f"r{one}")) for one in range(number)]
    observed = [Resource(Address("a", "assignment", f"user:u{one}/old")) for one in range(number)]
    return diff(wanted, observed, {})


def chosen(changes):
    return select(changes, ["*"], [], {"attribute_mapping": ("target_attribute",), "assignment": ("app_role",)})


@pytest.mark.parametrize(
    ("function", "make"),
    [(text.plan, planned), (machine.plan, planned), (text.report, reported), (difference, int), (chosen, large)],
    ids=["text", "json", "report", "diff", "select"],
)
def test_ten_times_the_changes_take_ten_times_the_work(function, make):
    function(make(8))
    assert calls(function, make(5000)) < 14 * calls(function, make(500))


def test_all_of_them_are_shown():
    rendered = text.plan(planned(5000))
    assert rendered.count("old → new") == 1250
    assert "users may be created" in rendered
