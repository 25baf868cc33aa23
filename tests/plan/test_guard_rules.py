"""Rules on their own: what a change must be for a guard to speak, and what it says."""

import pytest

from scimconf.plan import Action, Address, Change, FieldChange, Resource
from scimconf.plan.guards import Facts
from scimconf.plan.rules import guards

ACTIVE = Address("a", "attribute_mapping", "users/active")
LIVE = Facts(has_run=True)


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


GONE = "people who leave would no longer be disabled in the application"
UNASSIGNED = "people who are unassigned or leave the scope would no longer be disabled in the application"


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
        (update(PEOPLE, "actions", ["create", "update"], ["create"]), f"nobody would be updated, so {GONE}"),
        (update(PEOPLE, "actions", ["create"], ["create", "update"]), ""),
        (update(PEOPLE, "enabled", True, False), ""),
        (row(Address("a", "attribute_mapping", "groups/active"), LEFT, None), ""),
    ],
)
def test_somebody_who_leaves_is_disabled_by_a_row_that_follows(change, said):
    """IsSoftDeleted at every update; accountEnabled follows only who is blocked; other rows and fields do not matter."""
    found = [guard.message for guard in guards([change], LIVE) if guard.id == "active-unmapped"]
    assert found == ([said] if said else [])


def test_active_may_be_what_it_likes_before_the_first_start():
    """Nobody was provisioned yet."""
    assert ids([update(ACTIVE, "source", "[x]", '"True"')], Facts()) == []


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (1, "1 thing that the former spec named stays in the tenant without being managed"),
        (3, "3 things that the former spec named stay in the tenant without being managed"),
    ],
)
def test_what_is_left_behind_is_counted(number, said):
    """Only where it was asked to stop an apply."""
    (guard,) = guards([], Facts(left_behind=number))
    assert (guard.id, guard.message, guard.number) == ("left-behind", said, number)
    assert guards([], Facts()) == ()
