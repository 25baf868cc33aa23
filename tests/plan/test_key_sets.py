"""Key sets are the second input form of the differ: it returns what it returns for the same resources one by one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimconf.plan import Address, ApplicationPlan, Resource
from scimconf.plan.diff import diff, fingerprint
from scimconf.plan.key_sets import NO_RESOURCES, Key, KeyedResources, KeySets, Resources, counts_by_kind

PREFIX = Address("app", "assignment")
OWNERS, ROLES = ["p1", "p2", 'p"3\ud800'], ["r1", "r2", "é"]
keys = st.lists(st.tuples(st.sampled_from(OWNERS), st.sampled_from(ROLES)), unique=True)


def resource(key: Key, **facts: str) -> Resource:
    return Resource(PREFIX.under("/".join(key)), {}, key, facts)


@st.composite
def key_sets(draw: st.DrawFn) -> KeySets:
    named = draw(keys)
    cut = draw(st.integers(0, len(named)))
    protected = draw(st.sets(st.sampled_from(ROLES)))
    owned = draw(st.dictionaries(st.sampled_from(OWNERS), st.sampled_from(["not listed", "absent in spec"])))
    unlisted = draw(st.sampled_from(["keep", "report", "delete"]))
    return KeySets(
        prefix=PREFIX,
        observed=dict.fromkeys(draw(keys)),
        desired=dict.fromkeys(named[:cut]),
        absent=dict.fromkeys(named[cut:]),
        owned=lambda: owned,
        unlisted=unlisted,
        is_protected=lambda key: unlisted != "keep" and key[1] in protected,
        observed_resource=lambda key: resource(key, id="x"),
        desired_resource=resource,
        owner_address=PREFIX.under,
    )


@given(key_sets())
def test_diff_of_key_sets_is_that_of_their_resources(sets):
    by_key = diff((), (), {}, key_sets=[sets])
    by_resource = diff(sets.items(), sets.observed_resources(), {})
    assert by_key == by_resource
    assert fingerprint(by_key.managed) == fingerprint(tuple(by_resource.managed))


@given(keys, st.randoms())
def test_fingerprint_of_keys_does_not_depend_on_their_order(found, random):
    shuffled = random.sample(found, len(found))
    by_key = Resources((), [KeyedResources(PREFIX, shuffled, resource)])
    assert fingerprint(by_key) == fingerprint(map(resource, found))


def test_diff_of_key_sets_makes_resources_for_differences_only():
    made = []

    def observed(key: Key) -> Resource:
        made.append(key)
        return resource(key)

    same, more = [(f"p{number}", "r") for number in range(1000)], [("q", "r")]
    sets = KeySets(
        prefix=PREFIX,
        observed=dict.fromkeys([*same, *more]),
        desired=dict.fromkeys(same),
        unlisted="delete",
        observed_resource=observed,
        desired_resource=resource,
        owner_address=PREFIX.under,
    )
    result = diff((), (), {}, key_sets=[sets])
    assert ([change.address for change in result.changes], made) == ([PREFIX.under("q/r")], more)
    assert (fingerprint(result.managed), len(result.managed)) != ("", 0)
    assert made == more


def test_resources_are_counted_without_being_made():
    def fail(_key: Key) -> Resource:
        raise AssertionError

    role = Resource(Address("app", "app_role", "x"))
    unmanaged = Resources([role, role], [KeyedResources(PREFIX, [("p", "r")], fail), KeyedResources(PREFIX, [], fail)])
    assert len(unmanaged) == 3
    assert counts_by_kind(unmanaged) == {"app_role": 2, "assignment": 1}
    assert ApplicationPlan("app", unmanaged=unmanaged).unmanaged_counts == {"app_role": 2, "assignment": 1}


def test_resources_are_a_sequence_sorted_by_address():
    made = [Resource(Address("app", "assignment", rest)) for rest in ("c", "a/a")]
    found = Resources(made, [KeyedResources(PREFIX, [("b", "b"), ("a", "b")], resource)])
    assert [one.address.rest for one in found] == ["a/a", "a/b", "b/b", "c"]
    assert (found[0], found[1:3]) == (made[1], (resource(("a", "b")), resource(("b", "b"))))
    assert found == tuple(found)
    assert found != NO_RESOURCES
    assert found != 7
    assert hash(found) == hash(Resources(found))
    assert repr(found) == repr(tuple(found))


@pytest.mark.parametrize("text", ['a"b\\', "\u2028", "\ud800", "é\n"])
def test_the_line_of_a_key_is_canonical_json(text):
    (line,) = KeyedResources(Address(text, text), [(text, "r")], resource).lines()
    assert json.loads(line) == [[text, text, text, "r"], {}]
