"""Rules on their own: what a change must be for a guard to speak, and what it says."""

from dataclasses import replace
from datetime import date

import pytest

from scimconf.kinds.registry import guards
from scimconf.plan import Action, Address, Change, Effect, FieldChange, Impact, Resource
from scimconf.plan.guards import GuardContext, GuardExemption

ACTIVE = Address("a", "attribute_mapping", "users/active")
TODAY = date(2026, 11, 25)
CONTEXT = GuardContext(today=TODAY)
LIVE = replace(CONTEXT, has_run=True)


def ids(changes, facts):
    return [guard.id for guard in guards(changes, facts)]


def update(address, name, before, after):
    return Change(address, Action.UPDATE, Resource(address), Resource(address), (FieldChange(name, before, after),))


LEFT = "Not([IsSoftDeleted])"
USERS = Address("a", "attribute_mapping", "users/IsActive")
PEOPLE = Address("a", "object_mapping", "users")


def row(address, before, after, apply=("always", "always")):
    """A change of a row's source and of when it applies; None for a row that is not there."""
    sides = [
        None if one is None else Resource(address, {"source": one, "apply": when})
        for one, when in zip((before, after), apply, strict=True)
    ]
    fields = [FieldChange("source", before, after)] if before != after else []
    fields += [FieldChange("apply", *apply)] if apply[0] != apply[1] else []
    action = Action.DELETE if after is None else Action.CREATE if before is None else Action.UPDATE
    return Change(address, action, *sides, tuple(fields))


GONE = "users who leave would no longer be disabled in the application"
UNASSIGNED = "users who are unassigned or leave the scope would no longer be disabled in the application"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (row(ACTIVE, LEFT, '"True"'), GONE),
        (row(ACTIVE, "[x]", LEFT), ""),
        (row(ACTIVE, "[x]", "[accountEnabled]"), ""),
        (row(ACTIVE, LEFT, "[accountEnabled]"), UNASSIGNED),
        (row(ACTIVE, LEFT, None), GONE),
        (row(ACTIVE, "[x]", None), GONE),
        (row(ACTIVE, None, "[x]"), GONE),
        (row(ACTIVE, LEFT, LEFT, ("always", "on_create")), GONE),
        (row(ACTIVE, LEFT, LEFT, ("on_create", "always")), ""),
        (row(ACTIVE, "[x]", "[x]", ("on_create", "always")), ""),
        (update(ACTIVE, "default", "x", "False"), ""),
        (row(USERS, LEFT, None), GONE),
        (row(USERS, LEFT, "[mail]"), GONE),
        (row(USERS, "[mail]", None), ""),
        (row(USERS, "[mail]", "[x]"), ""),
        (update(PEOPLE, "actions", ["create", "update"], ["create"]), f"users would no longer be updated, so {GONE}"),
        (update(PEOPLE, "actions", ["create"], ["create", "update"]), ""),
        (update(PEOPLE, "enabled", True, False), ""),
        (row(Address("a", "attribute_mapping", "groups/active"), LEFT, None), ""),
    ],
)
def test_somebody_who_leaves_is_disabled_by_a_row_that_follows(change, said):
    """IsSoftDeleted at every update; accountEnabled follows only who is blocked; other rows and fields do not matter."""
    found = [guard.message for guard in guards([change], LIVE) if guard.id == "deprovisioning-disabled"]
    assert found == ([said] if said else [])


def test_active_may_be_what_it_likes_before_the_first_start():
    """Nobody was provisioned yet."""
    assert ids([update(ACTIVE, "source", "[x]", '"True"')], CONTEXT) == []


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (1, "1 resource of the previous spec stays in the tenant and would no longer be managed"),
        (3, "3 resources of the previous spec stay in the tenant and would no longer be managed"),
    ],
)
def test_what_is_left_behind_is_counted(number, said):
    """Only where it was asked to stop an apply."""
    (guard,) = guards([], replace(CONTEXT, abandoned=number))
    assert (guard.id, guard.message, guard.count) == ("resources-abandoned", said, number)
    assert guards([], CONTEXT) == ()


SETTINGS = Address("a", "settings")
MOST = Impact(34, 100, "at_most")


@pytest.mark.parametrize(
    ("impact", "count"),
    [
        (None, None),
        (Impact(8412, 8530), 8412),
        (MOST, 34),
        (Impact(34, 100, "at_least"), None),
        (Impact(3, sample_size=500), None),
        (Impact(3, 9, undetermined=2), None),
    ],
)
def test_guards_carry_the_impact_and_its_upper_bound_as_count(impact, count):
    """`max` is compared with an upper bound; a lower bound or a sample has none."""
    impacts = {} if impact is None else dict.fromkeys((Effect.PROVISIONS, Effect.DEPROVISIONS), impact)
    effects = frozenset({Effect.PROVISIONS, Effect.DEPROVISIONS, Effect.RESYNC})
    mapping = Address("a", "attribute_mapping", "users/userName")
    changes = [
        replace(change, effects=effects, impact=impacts)
        for change in (
            update(SETTINGS, "scope", "assigned", "all"),
            update(PEOPLE, "filters", [], [1]),
            update(mapping, "match", 1, 2),
            update(Address("a", "schedule"), "enabled", False, True),
        )
    ]
    blocking = [*guards(changes, LIVE), *guards(changes, replace(LIVE, quarantine="x"))]
    counted = {guard.id for guard in blocking if (guard.impact, guard.count) == (impact, count)}
    assert counted >= {"scope-widened", "scope-narrowed", "matching-changed", "initial-start", "quarantined"}
    narrowed = replace(update(SETTINGS, "scope", "all", "assigned"), effects=effects, impact=impacts)
    assert [(guard.id, guard.count) for guard in guards([narrowed], LIVE)] == [("scope-narrowed", count)]


def test_a_permit_with_a_number_opens_a_guard_about_people():
    """Up to the most that there can be."""
    change = replace(update(SETTINGS, "scope", "assigned", "all"), impact={Effect.PROVISIONS: MOST})
    for limit, is_open in ((33, False), (34, True)):
        [found] = guards([change], replace(LIVE, exemptions=(GuardExemption("scope-widened", max=limit),)))
        assert found.is_allowed is is_open


@pytest.mark.parametrize(
    ("others", "groups", "said"),
    [
        ({"v": 1}, (), "200 of 201 users"),
        ({"g": 5}, ("g",), "at most 200 of 205 users"),
        ({}, ("u",), "at most 200 of 200 users"),
        ({"g": None}, ("g",), "at most 200 users"),
    ],
)
def test_people_who_may_be_in_a_group_as_well_are_counted_at_most(others, groups, said):
    """They may keep a role through it, or lose it twice."""
    people = {"u": 200, **others}
    facts = GuardContext(today=TODAY, holders=dict.fromkeys(people, 1), members=people, groups=frozenset(groups))
    address = Address("a", "assignment", "user:u/r")
    gone = Change(
        address, Action.DELETE, before=Resource(address, key=("u", "r")), effects=frozenset({Effect.DEPROVISIONS})
    )
    found = [one.message for one in guards([gone], facts) if one.id == "mass-removal"]
    assert found == [f"{said} would lose their last role"]
