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


@pytest.mark.parametrize(
    ("name", "after", "expected"),
    [
        ("source", '"True"', ["active-unmapped"]),
        ("source", "Not([IsSoftDeleted])", []),
        ("source", "[accountEnabled]", []),
        ("default", "False", []),
    ],
)
def test_active_must_follow_who_leaves(name, after, expected):
    """Any source that looks at IsSoftDeleted or accountEnabled does; another field of the row does not matter."""
    assert ids([update(ACTIVE, name, "before", after)], LIVE) == expected


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
