"""The differ: tables of what is wanted and what is seen, and the changes between them."""

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
from scimconf.plan.diff import canonical, diff, digest, explain, fingerprint

APP = "writer"


def address(rest="", kind="app_role"):
    return Address(APP, kind, rest)


def thing(rest="", key=None, kind="app_role", **fields):
    return Resource(address(rest, kind), fields, key)


def told(wanted, observed, traits=None, **options):
    """The changes as `+ admin`, what is reported as `? admin`, what is left alone as `. admin`."""
    found = diff(wanted, observed, traits or {}, **options)
    lines = [f"{change.action.symbol} {change.address.rest}" for change in found.changes]
    lines += [f"? {resource.address.rest}" for resource in found.unmanaged_drift]
    return lines + [f". {resource.address.rest}" for resource in found.unmanaged]


TABLE = {
    "nothing wanted, nothing seen": ([], [], []),
    "as wanted": ([thing("a", x=1)], [thing("a", x=1)], []),
    "missing": ([thing("a", x=1)], [], ["+ a"]),
    "different": ([thing("a", x=1)], [thing("a", x=2)], ["~ a"]),
    "a field that is not written is not managed": ([thing("a")], [thing("a", x=2)], []),
    "a written field that is not seen": ([thing("a", x=1)], [thing("a")], ["~ a"]),
    "none is as good as missing": ([thing("a", x=None)], [thing("a")], []),
    "nobody names it": ([], [thing("a")], [". a"]),
    "absent": ([Absent(address("a"))], [thing("a")], ["- a"]),
    "absent and not there": ([Absent(address("a"))], [], []),
    "absent by key": ([Absent(address("a"), key=1)], [thing("b", key=1)], ["- b"]),
    "unlisted, remove": ([Exclusive(address()), thing("a")], [thing("a"), thing("b")], ["- b"]),
    "unlisted, report": ([ReportOnly(address()), thing("a")], [thing("a"), thing("b")], ["? b"]),
    "unlisted, remove, kept": ([Exclusive(address()), Protected(address("b"))], [thing("b")], [". b"]),
    "unlisted, report, kept": ([ReportOnly(address()), Protected(address("b"))], [thing("b")], [". b"]),
    "kept and not there": ([Exclusive(address()), Protected(address("b"))], [], []),
    "kept by key": ([Exclusive(address()), Protected(address("x"), key=1)], [thing("b", key=1)], [". b"]),
    "kept without any rule": ([Protected(address("b"))], [thing("b")], [". b"]),
    "kept, and listed after all": ([Protected(address("a")), thing("a", x=1)], [thing("a", x=2)], ["~ a"]),
    "kept, and absent after all": ([Protected(address("a")), Absent(address("a"))], [thing("a")], ["- a"]),
    "whole below reported": (
        [ReportOnly(address()), Exclusive(address("u"))],
        [thing("u/a"), thing("v/a")],
        ["- u/a", "? v/a"],
    ),
    "whole above reported": ([Exclusive(address()), ReportOnly(address("u"))], [thing("u/a")], ["- u/a"]),
    "whole is no prefix of text": ([Exclusive(address("user"))], [thing("user2/a")], [". user2/a"]),
    "whole of another kind": ([Exclusive(address("", "assignment"))], [thing("a")], [". a"]),
    "whole is above itself, not of itself": ([Exclusive(address("a"))], [thing("a")], [". a"]),
    "matched by key": ([thing("new name", key=1, x=1)], [thing("old name", key=1, x=1)], []),
    "a swap": ([Exclusive(address("u")), thing("u/new")], [thing("u/old")], ["+ u/new", "- u/old"]),
    "one address, two keys": ([Exclusive(address()), thing("a", key=1)], [thing("a", key=2)], ["+ a", "- a"]),
    "sorted by address": ([thing("b"), thing("a")], [], ["+ a", "+ b"]),
}


@pytest.mark.parametrize(("wanted", "observed", "expected"), TABLE.values(), ids=list(TABLE))
def test_wanted_and_observed_give_changes(wanted, observed, expected):
    assert told(wanted, observed) == expected


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
def test_equal_means_the_same_json(old, new, differ):
    assert (told([thing("a", x=new)], [thing("a", x=old)]) == ["~ a"]) == differ
    assert (canonical(old) != canonical(new)) == differ


def test_a_creation_and_a_deletion_tell_all_fields_by_name():
    (made,) = diff([thing("a", y=1, x=None)], [], {}).changes
    assert made.fields == (FieldChange("x", None, None), FieldChange("y", None, 1))
    assert made == Change(address("a"), Action.CREATE, None, thing("a", y=1, x=None), made.fields)
    (gone,) = diff([Absent(address("a"))], [thing("a", y=1)], {}).changes
    assert gone == Change(
        address("a"), Action.DELETE, thing("a", y=1), None, (FieldChange("y", 1, None),), reason="absent in spec"
    )


def test_an_update_tells_what_differs_and_nothing_else():
    (change,) = diff([thing("a", x=1, y=2)], [thing("a", x=1, y=3, z=4)], {}).changes
    assert change.fields == (FieldChange("y", 3, 2),)
    assert (change.action, change.field("y"), change.field("x")) == (Action.UPDATE, FieldChange("y", 3, 2), None)


def test_an_unlisted_thing_goes_for_a_reason():
    (change,) = diff([Exclusive(address())], [thing("a")], {}).changes
    assert change.reason == "not listed"


def test_a_change_of_what_cannot_change_is_a_replacement():
    traits = {"app_role": Traits(immutable=frozenset({"x"}))}
    assert told([thing("a", x=1)], [thing("a", x=2)], traits) == ["± a"]
    assert told([thing("a", y=1)], [thing("a", y=2)], traits) == ["~ a"]


def test_computed_fields_are_never_compared():
    traits = {"app_role": Traits(computed=frozenset({"x"}))}
    assert told([thing("a", x=1)], [thing("a", x=2)], traits) == []


@pytest.mark.parametrize(
    ("observed", "resend", "fields"),
    [
        ({}, False, 1),
        ({"secret": None}, False, 1),
        ({"secret": "*"}, False, 0),
        ({"secret": "*"}, True, 1),
    ],
)
def test_of_a_write_only_field_only_the_presence_counts(observed, resend, fields):
    found = diff([thing("a", secret=WriteOnly("TOKEN"))], [thing("a", **observed)], {}, resend=resend)
    told = [one for change in found.changes for one in change.fields]
    assert [(one.after, one.write_only) for one in told] == [(WriteOnly("TOKEN"), True)] * fields


def test_a_created_secret_is_write_only():
    (change,) = diff([thing("a", secret=WriteOnly("TOKEN"))], [], {}).changes
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
def test_nested_differences_are_explained(before, after, details):
    assert explain(before, after) == details


def test_what_the_spec_rules_is_managed():
    wanted = [thing("a", x=1), Absent(address("b")), ReportOnly(address("c")), Protected(address("c/kept"))]
    observed = [thing("a", x=2), thing("b"), thing("c/d"), thing("c/kept"), thing("e")]
    found = diff(wanted, observed, {})
    assert [resource.address.rest for resource in found.managed] == ["a", "b", "c/d"]


def test_fingerprints_know_identity_and_fields_and_nothing_else():
    one = Resource(address("a"), {"x": 1}, ("id", "role"), {"seen": 1})
    assert fingerprint([one]) == fingerprint([Resource(address("b"), {"x": 1}, ("id", "role"), {"seen": 2})])
    assert fingerprint([one]) != fingerprint([Resource(address("a"), {"x": True}, ("id", "role"))])
    assert fingerprint([one]) != fingerprint([Resource(address("a"), {"x": 1}, ("id", "other"))])
    assert fingerprint([thing("\ud800"), one]) == fingerprint([one, thing("\ud800")])


def test_digests_are_over_everything_but_the_digest():
    assert digest({"a": 1, "b": "\ud800"}) == digest({"b": "\ud800", "digest": "x", "a": 1}) != digest({"a": True})


def test_deepdiff_is_asked_only_where_containers_differ():
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
