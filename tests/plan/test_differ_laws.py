"""Laws of the differ, for any resources at all."""

from hypothesis import example, given
from hypothesis import strategies as st

from scimconf.plan import Absent, Action, Address, Exclusive, Protected, ReportOnly, Resource
from scimconf.plan.diff import canonical, diff, explain, fingerprint

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=8,
)
few_values = st.none() | st.booleans() | st.integers(0, 1) | st.lists(st.integers(0, 1) | st.booleans(), max_size=3)
rests = st.sampled_from(["a", "a/b", "a/c", "b", "b/c", "c"])


@st.composite
def resources(draw, values=few_values):
    fields = st.dictionaries(st.sampled_from("xyz"), values, max_size=3)
    found = draw(st.dictionaries(st.tuples(st.sampled_from(["k", "l"]), rests), fields, max_size=6))
    return [Resource(Address("app", kind, rest), own) for (kind, rest), own in found.items()]


def address(kind, rest=""):
    return Address("app", kind, rest)


rules = st.lists(
    st.builds(Exclusive, st.builds(address, st.sampled_from("kl"), st.just("") | rests))
    | st.builds(ReportOnly, st.builds(address, st.sampled_from("kl"), st.just("") | rests))
    | st.builds(Protected, st.builds(address, st.sampled_from("kl"), rests)),
    max_size=5,
)
EVERYTHING = [Exclusive(address("k")), Exclusive(address("l"))]


def perform(changes, observed):
    """The observed side after the changes, as a tenant that does exactly what it is told."""
    after = {resource.identity: resource for resource in observed}
    for change in changes:
        if change.action is Action.DELETE:
            del after[change.before.identity]
        else:
            old = change.before.fields if change.before else {}
            fields = {**old, **{one.name: one.after for one in change.fields}}
            after[change.after.identity] = Resource(change.after.address, fields, change.after.key)
    return list(after.values())


@given(resources(json_values))
def test_nothing_differs_from_itself(same):
    found = diff([*same, *EVERYTHING], same, {})
    assert found.changes == found.unmanaged_drift == found.unmanaged == ()
    assert len(found.managed) == len(same)


@given(resources(), resources(), rules)
def test_performing_the_changes_leaves_nothing_to_do(wanted, observed, rules):
    found = diff([*wanted, *rules], observed, {})
    assert diff([*wanted, *rules], perform(found.changes, observed), {}).changes == ()


@given(resources(), resources())
def test_performing_the_whole_difference_gives_what_is_wanted(wanted, observed):
    after = perform(diff([*wanted, *EVERYTHING], observed, {}).changes, observed)
    assert {one.identity for one in after} == {one.identity for one in wanted}
    seen = {one.identity: one for one in after}
    for resource in wanted:
        have = seen[resource.identity].fields
        assert all(canonical(have.get(name)) == canonical(value) for name, value in resource.fields.items())


@given(resources(), resources(), rules, st.randoms())
def test_order_means_nothing(wanted, observed, rules, random):
    items, seen = [*wanted, *rules], list(observed)
    found = diff(items, seen, {})
    random.shuffle(items)
    random.shuffle(seen)
    assert diff(items, seen, {}) == found
    assert fingerprint(seen) == fingerprint(observed)


@given(resources(), resources(), rules)
def test_every_seen_thing_is_changed_or_told_or_left_or_as_wanted(wanted, observed, rules):
    found = diff([*wanted, *rules], observed, {})
    deleted = {change.before.identity for change in found.changes if change.action is Action.DELETE}
    told = {one.identity for one in found.unmanaged_drift}
    left = {one.identity for one in found.unmanaged}
    named = {one.identity for one in wanted}
    assert not deleted & told and not deleted & left and not told & left
    assert deleted | told | left | named >= {one.identity for one in observed}
    assert not (deleted | told | left) & named


@given(resources(), resources())
def test_what_nobody_rules_is_never_deleted(wanted, observed):
    assert all(change.action is not Action.DELETE for change in diff(wanted, observed, {}).changes)


@given(resources())
def test_what_is_absent_is_gone_afterwards(observed):
    items = [Absent(resource.address) for resource in observed]
    assert perform(diff(items, observed, {}).changes, observed) == []


@example([False, False, 1], [False, 0, 2])
@example([0, 0], [0, 0.0])
@given(json_values, json_values)
def test_containers_that_differ_are_explained(before, after):
    details = explain(before, after)
    comparable = type(before) is type(after) and isinstance(before, (dict, list))
    assert bool(details) == (comparable and canonical(before) != canonical(after))
