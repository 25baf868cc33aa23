"""Guards and exemptions just below and above every threshold that `docs/guards.md` states."""

from datetime import date, timedelta

import pytest

from scimconf.impact.assignees import effective_assignees, lost_assignments
from scimconf.kinds.assignment import removed_assignments
from scimconf.kinds.provisioning import ProvisioningState
from scimconf.kinds.registry import guards
from scimconf.plan import Action, Address, Change, Effect, FieldChange, Guard, Impact, Resource
from scimconf.plan.guards import GuardContext, GuardExemption
from scimconf.plan.impact import Members

TODAY = date(2026, 11, 25)
DAY = timedelta(days=1)


def guards_of(changes, **context) -> dict[str, Guard]:
    """Return the guards of these changes by id."""
    context["removed_assignments"] = removed_assignments(changes)
    context["losing"] = losing(changes, context.get("members", {}))
    return {guard.id: guard for guard in guards(changes, GuardContext(today=TODAY, **context))}


def losing(changes, sizes) -> Impact | None:
    """Return how many users lose their last role; a group is a principal whose name begins with `g`."""
    removed = {change.before.key[0] for change in changes if change.before is not None and change.before.key}
    states = []
    for names in (sizes.keys(), sizes.keys() - removed):
        users, groups = (
            {name: ("role",) for name in names if (name[0] == "g") is is_group} for is_group in (False, True)
        )
        states.append(ProvisioningState(assigned_users=users, assigned_groups=groups))
    members = Members(counts={name: size for name, size in sizes.items() if name[0] == "g"})
    return lost_assignments(*(effective_assignees(state, members) for state in states))


def assignment(principal: str, action: Action = Action.DELETE, role: str = "role") -> Change:
    """Return the removal of a principal's last role, or the creation of an assignment."""
    address = Address("writer", "assignment", f"{'group' if principal.startswith('g') else 'user'}:{principal}/{role}")
    resource = Resource(address, key=(principal, role))
    if action is Action.CREATE:
        return Change(address, action, after=resource)
    return Change(address, action, before=resource, effects=frozenset({Effect.DEPROVISIONS}))


def removals(holders: int, losing: int) -> dict[str, Guard]:
    """Return the guards if `losing` of `holders` assigned users lose their last role."""
    users = [f"user{number}" for number in range(holders)]
    ones = dict.fromkeys(users, 1)
    return guards_of([assignment(user) for user in users[:losing]], holders=ones, members=ones)


@pytest.mark.parametrize(
    ("holders", "losing", "blocks"),
    [
        (9, 8, False),
        (10, 2, False),
        (10, 3, False),
        (10, 4, True),
        (11, 3, False),
        (11, 4, True),
        (100, 29, False),
        (100, 30, False),
        (100, 31, True),
        (1000, 99, False),
        (1000, 100, False),
        (1000, 101, True),
    ],
)
def test_mass_removal_blocks_above_100_users_or_above_30_percent_of_at_least_10(holders, losing, blocks):
    guard = removals(holders, losing).get("mass-removal")
    assert (guard is not None) is blocks
    assert guard is None or guard.count == losing


@pytest.mark.parametrize(("size", "blocks"), [(99, False), (100, False), (101, True)])
def test_mass_removal_counts_the_members_of_a_group(size, blocks):
    """A group counts for its direct members; 1,000 others hold a role."""
    members = {"group": size, **dict.fromkeys((f"user{number}" for number in range(1000)), 1)}
    found = guards_of([assignment("group")], holders=dict.fromkeys(members, 1), members=members)
    assert ("mass-removal" in found) is blocks
    assert found["group-removed"].count == size


@pytest.mark.parametrize(("unreadable", "blocks"), [(3, False), (4, True)])
def test_mass_removal_counts_a_group_that_cannot_be_read_as_one(unreadable, blocks):
    members = {f"group{number}": None for number in range(unreadable)}
    members |= {f"user{number}": 1 for number in range(10 - unreadable)}
    changes = [assignment(principal) for principal, size in members.items() if size is None]
    assert ("mass-removal" in guards_of(changes, holders=dict.fromkeys(members, 1), members=members)) is blocks


@pytest.mark.parametrize(
    ("holders", "losing", "gaining", "blocks"), [(2, 1, 0, False), (2, 2, 0, True), (2, 2, 1, False), (0, 0, 0, False)]
)
def test_all_assignments_removed_blocks_if_no_assignment_remains_or_is_created(holders, losing, gaining, blocks):
    ones = {f"user{number}": 1 for number in range(holders)}
    changes = [assignment(f"user{number}") for number in range(losing)]
    changes += [assignment(f"new{number}", Action.CREATE) for number in range(gaining)]
    assert ("all-assignments-removed" in guards_of(changes, holders=ones, members=ones)) is blocks


@pytest.mark.parametrize(
    ("assignments", "removed", "count"), [(0, 0, None), (1, 0, 1), (1, 1, None), (2, 1, 1), (2, 2, None), (3, 1, 2)]
)
def test_role_in_use_counts_the_assignments_that_the_plan_does_not_remove(assignments, removed, count):
    address = Address("writer", "app_role", "editor")
    role = Change(address, Action.DELETE, before=Resource(address, facts={"id": "role", "assignments": assignments}))
    changes = [role, *(assignment(f"user{number}") for number in range(removed))]
    guard = guards_of(changes).get("role-in-use")
    assert (guard.count if guard else None) == count


SCOPE = Address("writer", "settings")
WIDENED = Change(SCOPE, Action.UPDATE, Resource(SCOPE), Resource(SCOPE), (FieldChange("scope", "assigned", "all"),))


def test_an_exemption_applies_until_the_end_of_its_day():
    for until, allowed in ((TODAY - DAY, False), (TODAY, True), (TODAY + DAY, True)):
        exemption = GuardExemption("scope-widened", until=until, reason="CHG-1")
        guard = guards_of([WIDENED], has_run=True, exemptions=(exemption,))["scope-widened"]
        assert bool(guard.allowed_by) is allowed, until


@pytest.mark.parametrize(("limit", "allowed"), [(39, False), (40, True), (41, True)])
def test_an_exemption_allows_up_to_its_maximum(limit, allowed):
    users = [f"user{number}" for number in range(100)]
    ones = dict.fromkeys(users, 1)
    changes = [assignment(user) for user in users[:40]]
    exemption = GuardExemption("mass-removal", max=limit)
    found = guards_of(changes, holders=ones, members=ones, exemptions=(exemption,))
    assert bool(found["mass-removal"].allowed_by) is allowed


@pytest.mark.parametrize(("count", "blocks"), [(0, False), (1, True), (2, True)])
def test_resources_abandoned_blocks_from_the_first_one(count, blocks):
    assert ("resources-abandoned" in guards_of([], abandoned=count)) is blocks


@pytest.mark.parametrize(("keys", "blocks"), [((), False), (("SecretToken",), True)])
def test_secret_unavailable_blocks_from_the_first_key(keys, blocks):
    assert ("secret-unavailable" in guards_of([], unavailable_secrets=keys)) is blocks
