"""diff(): examples of desired and observed resources, and the changes between them."""

import subprocess
import sys

import pytest

from scimconf.plan import (
    Absent,
    Action,
    Address,
    Change,
    Detail,
    Exclusive,
    FieldChange,
    Protected,
    ReportOnly,
    Resource,
    Traits,
    WriteOnly,
)
from scimconf.plan.diff import canonical, diff, explain, fingerprint
from scimconf.plan.digest import digest

APP = "writer"


def address(rest="", kind="app_role"):
    return Address(APP, kind, rest)


def resource(rest="", key=None, kind="app_role", **fields):
    return Resource(address(rest, kind), fields, key)


def diff_lines(desired, observed, traits=None, **options):
    """Return changes as `+ admin`, unmanaged drift as `? admin`, and other unmanaged resources as `. admin`."""
    found = diff(desired, observed, traits or {}, **options)
    lines = [f"{change.action.symbol} {change.address.rest}" for change in found.changes]
    lines += [f"? {resource.address.rest}" for resource in found.unmanaged_drift]
    return lines + [f". {resource.address.rest}" for resource in found.unmanaged]


TABLE = {
    "nothing wanted, nothing seen": ([], [], []),
    "as wanted": ([resource("a", x=1)], [resource("a", x=1)], []),
    "missing": ([resource("a", x=1)], [], ["+ a"]),
    "different": ([resource("a", x=1)], [resource("a", x=2)], ["~ a"]),
    "a field that is not written is not managed": ([resource("a")], [resource("a", x=2)], []),
    "a written field that is not seen": ([resource("a", x=1)], [resource("a")], ["~ a"]),
    "none is as good as missing": ([resource("a", x=None)], [resource("a")], []),
    "nobody names it": ([], [resource("a")], [". a"]),
    "absent": ([Absent(address("a"))], [resource("a")], ["- a"]),
    "absent and not there": ([Absent(address("a"))], [], []),
    "absent by key": ([Absent(address("a"), key=1)], [resource("b", key=1)], ["- b"]),
    "unlisted, remove": ([Exclusive(address()), resource("a")], [resource("a"), resource("b")], ["- b"]),
    "unlisted, report": ([ReportOnly(address()), resource("a")], [resource("a"), resource("b")], ["? b"]),
    "unlisted, remove, kept": ([Exclusive(address()), Protected(address("b"))], [resource("b")], [". b"]),
    "unlisted, report, kept": ([ReportOnly(address()), Protected(address("b"))], [resource("b")], [". b"]),
    "kept and not there": ([Exclusive(address()), Protected(address("b"))], [], []),
    "kept by key": ([Exclusive(address()), Protected(address("x"), key=1)], [resource("b", key=1)], [". b"]),
    "kept without any rule": ([Protected(address("b"))], [resource("b")], [". b"]),
    "kept, and listed after all": ([Protected(address("a")), resource("a", x=1)], [resource("a", x=2)], ["~ a"]),
    "kept, and absent after all": ([Protected(address("a")), Absent(address("a"))], [resource("a")], ["- a"]),
    "whole below reported": (
        [ReportOnly(address()), Exclusive(address("u"))],
        [resource("u/a"), resource("v/a")],
        ["- u/a", "? v/a"],
    ),
    "whole above reported": ([Exclusive(address()), ReportOnly(address("u"))], [resource("u/a")], ["- u/a"]),
    "whole is no prefix of text": ([Exclusive(address("user"))], [resource("user2/a")], [". user2/a"]),
    "whole of another kind": ([Exclusive(address("", "assignment"))], [resource("a")], [". a"]),
    "whole is above itself, not of itself": ([Exclusive(address("a"))], [resource("a")], [". a"]),
    "matched by key": ([resource("new name", key=1, x=1)], [resource("old name", key=1, x=1)], []),
    "a swap": ([Exclusive(address("u")), resource("u/new")], [resource("u/old")], ["+ u/new", "- u/old"]),
    "one address, two keys": ([Exclusive(address()), resource("a", key=1)], [resource("a", key=2)], ["+ a", "- a"]),
    "sorted by address": ([resource("b"), resource("a")], [], ["+ a", "+ b"]),
}


@pytest.mark.parametrize(("desired", "observed", "expected"), TABLE.values(), ids=list(TABLE))
def test_diff_returns_changes_drift_and_unmanaged_resources(desired, observed, expected):
    assert diff_lines(desired, observed) == expected


@pytest.mark.parametrize(
    ("old", "new", "differ"),
    [
        (1, True, True),
        (0, False, True),
        (1, 1.0, True),
        ("1", 1, True),
        (None, "", True),
        (None, [], True),
        ("a", "A", True),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, False),
        ([1, 2], [2, 1], True),
        ({"a": [1]}, {"a": [True]}, True),
        ("é", "e\u0301", True),
        ((1, 2), [1, 2], False),
    ],
)
def test_diff_and_canonical_compare_values_as_json(old, new, differ):
    assert (diff_lines([resource("a", x=new)], [resource("a", x=old)]) == ["~ a"]) == differ
    assert (canonical(old) != canonical(new)) == differ


def test_diff_lists_all_fields_of_a_create_and_a_delete_sorted_by_name():
    (created,) = diff([resource("a", y=1, x=None)], [], {}).changes
    assert created.fields == (FieldChange("x", None, None), FieldChange("y", None, 1))
    assert created == Change(address("a"), Action.CREATE, None, resource("a", y=1, x=None), created.fields)
    (deleted,) = diff([Absent(address("a"))], [resource("a", y=1)], {}).changes
    assert deleted == Change(
        address("a"), Action.DELETE, resource("a", y=1), None, (FieldChange("y", 1, None),), reason="absent in spec"
    )


def test_diff_lists_only_the_differing_fields_of_an_update():
    (change,) = diff([resource("a", x=1, y=2)], [resource("a", x=1, y=3, z=4)], {}).changes
    assert change.fields == (FieldChange("y", 3, 2),)
    assert (change.action, change.field("y"), change.field("x")) == (Action.UPDATE, FieldChange("y", 3, 2), None)


def test_diff_deletes_an_unlisted_resource_with_the_reason_not_listed():
    (change,) = diff([Exclusive(address())], [resource("a")], {}).changes
    assert change.reason == "not listed"


def test_diff_replaces_a_resource_if_an_immutable_field_changes():
    traits = {"app_role": Traits(immutable=frozenset({"x"}))}
    assert diff_lines([resource("a", x=1)], [resource("a", x=2)], traits) == ["± a"]
    assert diff_lines([resource("a", y=1)], [resource("a", y=2)], traits) == ["~ a"]


def test_diff_ignores_computed_fields():
    traits = {"app_role": Traits(computed=frozenset({"x"}))}
    assert diff_lines([resource("a", x=1)], [resource("a", x=2)], traits) == []


@pytest.mark.parametrize(
    ("observed", "resend", "fields"),
    [
        ({}, False, 1),
        ({"secret": None}, False, 1),
        ({"secret": "*"}, False, 0),
        ({"secret": "*"}, True, 1),
    ],
)
def test_diff_compares_the_presence_of_a_write_only_field_unless_resend_is_set(observed, resend, fields):
    found = diff([resource("a", secret=WriteOnly("TOKEN"))], [resource("a", **observed)], {}, resend=resend)
    changed_fields = [one for change in found.changes for one in change.fields]
    assert [(one.after, one.write_only) for one in changed_fields] == [(WriteOnly("TOKEN"), True)] * fields


def test_diff_marks_the_secret_of_a_created_resource_as_write_only():
    (change,) = diff([resource("a", secret=WriteOnly("TOKEN"))], [], {}).changes
    assert change.fields == (FieldChange("secret", None, WriteOnly("TOKEN"), write_only=True),)


@pytest.mark.parametrize(
    ("before", "after", "details"),
    [
        (1, 2, ()),
        (None, {"a": 1}, ()),
        ([1], {"a": 1}, ()),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, (Detail(("a", "b"), 1, 2),)),
        ({"a": 1}, {"a": True}, (Detail(("a",), 1, True),)),
        ({"a": 1, "b": 2}, {"b": 2, "c": 3}, (Detail(("a",), 1, None), Detail(("c",), None, 3))),
        ({"__a": 1}, {"__a": 2}, (Detail(("__a",), 1, 2),)),
        ([{"n": 1, "m": 1}], [{"n": 2, "m": 1}], (Detail((0, "n"), 1, 2),)),
        (list("abcdefghijk") + ["l"], list("abcdefghijk"), (Detail((11,), "l", None),)),
        (
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1],
            (Detail((2,), 0, 1), Detail((10,), 0, 1)),
        ),
    ],
)
def test_explain_returns_nested_differences(before, after, details):
    assert explain(before, after) == details


def test_diff_managed_contains_the_observed_resources_that_the_spec_covers():
    desired = [resource("a", x=1), Absent(address("b")), ReportOnly(address("c")), Protected(address("c/kept"))]
    observed = [resource("a", x=2), resource("b"), resource("c/d"), resource("c/kept"), resource("e")]
    found = diff(desired, observed, {})
    assert [resource.address.rest for resource in found.managed] == ["a", "b", "c/d"]


def test_fingerprint_depends_on_identity_and_fields_only():
    one = Resource(address("a"), {"x": 1}, ("id", "role"), {"seen": 1})
    assert fingerprint([one]) == fingerprint([Resource(address("b"), {"x": 1}, ("id", "role"), {"seen": 2})])
    assert fingerprint([one]) != fingerprint([Resource(address("a"), {"x": True}, ("id", "role"))])
    assert fingerprint([one]) != fingerprint([Resource(address("a"), {"x": 1}, ("id", "other"))])
    assert fingerprint([resource("\ud800"), one]) == fingerprint([one, resource("\ud800")])


def test_digest_covers_everything_except_the_digest():
    assert digest({"a": 1, "b": "\ud800"}) == digest({"b": "\ud800", "digest": "x", "a": 1}) != digest({"a": True})


def test_diff_imports_deepdiff_only_for_containers_that_differ():
    code = """
import sys
from scimconf.plan import Address, Exclusive, Resource
from scimconf.plan.diff import diff

def seen(value):
    return [Resource(Address("a", "k", str(n)), {"x": value}) for n in range(9)]

diff(seen([{"a": 1}]), seen([{"a": 1}]), {})
diff([*seen("b"), Exclusive(Address("a", "k"))], seen("c"), {})
assert "deepdiff" not in sys.modules
diff(seen([{"a": 1}]), seen([{"a": 2}]), {})
assert "deepdiff" in sys.modules
assert "rich" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
