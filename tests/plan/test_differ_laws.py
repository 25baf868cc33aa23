"""Properties of diff(), for any resources."""

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


def apply_changes(changes, observed):
    """Return the observed resources after a tenant has applied exactly these changes."""
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
def test_diff_of_equal_resources_is_empty(same):
    found = diff([*same, *EVERYTHING], same, {})
    assert found.changes == found.unmanaged_drift == found.unmanaged == ()
    assert len(found.managed) == len(same)


@given(resources(), resources(), rules)
def test_diff_is_empty_after_its_changes_are_applied(desired, observed, rules):
    found = diff([*desired, *rules], observed, {})
    assert diff([*desired, *rules], apply_changes(found.changes, observed), {}).changes == ()


@given(resources(), resources())
def test_changes_of_an_exclusive_diff_lead_to_the_desired_resources(desired, observed):
    after = apply_changes(diff([*desired, *EVERYTHING], observed, {}).changes, observed)
    assert {one.identity for one in after} == {one.identity for one in desired}
    by_identity = {one.identity: one for one in after}
    for resource in desired:
        fields = by_identity[resource.identity].fields
        assert all(canonical(fields.get(name)) == canonical(value) for name, value in resource.fields.items())


@given(resources(), resources(), rules, st.randoms())
def test_diff_and_fingerprint_do_not_depend_on_order(desired, observed, rules, random):
    items, shuffled = [*desired, *rules], list(observed)
    found = diff(items, shuffled, {})
    random.shuffle(items)
    random.shuffle(shuffled)
    assert diff(items, shuffled, {}) == found
    assert fingerprint(shuffled) == fingerprint(observed)


@given(resources(), resources(), rules)
def test_diff_classifies_every_observed_resource_once(desired, observed, rules):
    found = diff([*desired, *rules], observed, {})
    deleted = {change.before.identity for change in found.changes if change.action is Action.DELETE}
    drift = {one.identity for one in found.unmanaged_drift}
    unmanaged = {one.identity for one in found.unmanaged}
    listed = {one.identity for one in desired}
    assert not deleted & drift and not deleted & unmanaged and not drift & unmanaged
    assert deleted | drift | unmanaged | listed >= {one.identity for one in observed}
    assert not (deleted | drift | unmanaged) & listed


@given(resources(), resources())
def test_diff_without_rules_never_deletes(desired, observed):
    assert all(change.action is not Action.DELETE for change in diff(desired, observed, {}).changes)


@given(resources())
def test_diff_deletes_every_absent_resource(observed):
    items = [Absent(resource.address) for resource in observed]
    assert apply_changes(diff(items, observed, {}).changes, observed) == []


@example([False, False, 1], [False, 0, 2])
@example([0, 0], [0, 0.0])
@given(json_values, json_values)
def test_explain_returns_details_if_and_only_if_containers_differ(before, after):
    details = explain(before, after)
    comparable = type(before) is type(after) and isinstance(before, (dict, list))
    assert bool(details) == (comparable and canonical(before) != canonical(after))
