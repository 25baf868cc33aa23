"""Rules that stop an apply: when, and the number that a permit is measured against. Pure.

Each rule looks at changes and at a few facts, and gives guards; whether one is open is not its business.
`docs/guards.md` explains each. A plan only reports guards; an apply stops at those that are not open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from scimconf.plan.change import Action, Change, Effect, FieldChange, Guard
from scimconf.plan.guards import GuardContext, opened

LEFT = "[IsSoftDeleted]"
GONE = "people who leave would no longer be disabled in the application"

Rule = Callable[[Sequence[Change], GuardContext], Iterable[Guard]]

MANY, OF_AT_LEAST, SHARE = 100, 10, 0.3
"""Removing more people than this, or more than this share of at least so many, is many."""


def _counted(change: Change, which: Effect, guard: Guard) -> Guard:
    """Return the guard with the users that its effect concerns. `max` of an exemption is compared with an upper bound;
    a guard with only a lower bound or a sample has no count and cannot be allowed by `max`.
    """
    impact = change.impact.get(which)
    if impact is None:
        return guard
    return replace(guard, impact=impact, count=impact.upper_bound)


def _wrong_tenant(_changes: Sequence[Change], facts: GuardContext) -> Iterator[Guard]:
    wanted, seen = facts.expected_tenant, facts.tenant
    if wanted is None:
        return
    if seen is None:
        yield Guard("tenant-mismatch", f"the tenant cannot be read, so it is not sure to be {wanted}")
    elif wanted.lower() not in {seen.id.lower(), *(domain.lower() for domain in seen.domains)}:
        yield Guard("tenant-mismatch", f"the spec is for {wanted}, and this is {seen.domain or seen.id}")


def _application_created(changes: Sequence[Change], _facts: GuardContext) -> Iterator[Guard]:
    for change in changes:
        if change.kind == "application" and change.action is Action.CREATE:
            said = "the application does not exist and would be created"
            yield Guard("application-created", said, address=change.address)


def _first_start(changes: Sequence[Change], _facts: GuardContext) -> Iterator[Guard]:
    for change in changes:
        one = change.field("enabled") if change.kind == "schedule" else None
        ran = change.before is not None and change.before.facts.get("has_run")
        if one is not None and one.after and not ran:
            said = "provisioning would start for the first time and create people in the application"
            yield _counted(change, Effect.PROVISIONS, Guard("initial-start", said, address=change.address))


def _job_replaced(changes: Sequence[Change], _facts: GuardContext) -> Iterator[Guard]:
    for change in changes:
        if change.kind == "job" and change.action is Action.REPLACE:
            said = "the job would be deleted with all that it remembers, and another one made"
            yield Guard("job-replaced", said, address=change.address)


def _role_in_use(changes: Sequence[Change], _facts: GuardContext) -> Iterator[Guard]:
    """A role that goes takes its assignments along; those that the plan removes anyway do not count."""
    removed: Counter[str] = Counter()
    for change in changes:
        if change.kind == "assignment" and change.action is Action.DELETE and change.before is not None:
            key = change.before.key
            removed[str(key[1]) if isinstance(key, tuple) else ""] += 1
    for change in changes:
        if change.kind == "app_role" and change.action is Action.DELETE and change.before is not None:
            left = change.before.facts["assignments"] - removed[str(change.before.facts["id"])]
            if left > 0:
                many = "1 assignment" if left == 1 else f"{left} assignments"
                said = f"the role {change.address.rest} would be removed together with {many}"
                yield Guard("role-in-use", said, count=left, address=change.address)


def _scope_all(changes: Sequence[Change], facts: GuardContext) -> Iterator[Guard]:
    for change in changes:
        one = change.field("scope") if change.kind == "settings" else None
        if one is not None and one.before != "all" and one.after == "all" and facts.has_run:
            said = "everyone in the directory would be provisioned, not only who is assigned"
            yield _counted(change, Effect.PROVISIONS, Guard("scope-widened", said, address=change.address))


def _fields(changes: Sequence[Change], kind: str, name: str) -> Iterator[tuple[Change, FieldChange]]:
    """The changes of one field of things that were there before."""
    for change in changes:
        one = change.field(name) if change.kind == kind and change.before is not None else None
        if one is not None:
            yield change, one


def _scope_narrows(changes: Sequence[Change], facts: GuardContext) -> Iterator[Guard]:
    if not facts.has_run:
        return
    for change, one in _fields(changes, "settings", "scope"):
        if one.before == "all" and one.after == "assigned":
            said = "everybody who is not assigned would leave the scope and may be disabled"
            yield _counted(change, Effect.DEPROVISIONS, Guard("scope-narrowed", said, address=change.address))
    for change in changes:
        if change.kind == "object_mapping" and Effect.DEPROVISIONS in change.effects and change.field("filters"):
            said = "people who do not pass the new filters would leave the scope and may be disabled"
            yield _counted(change, Effect.DEPROVISIONS, Guard("scope-narrowed", said, address=change.address))


def _matching_changed(changes: Sequence[Change], facts: GuardContext) -> Iterator[Guard]:
    """How people are found on the other side: a matching attribute comes, goes, or gets another source."""
    for change in changes if facts.has_run else ():
        match = change.field("match") if change.kind == "attribute_mapping" else None
        source = change.field("source") if change.address in facts.matching else None
        if (match is not None and match.before != match.after) or source is not None:
            said = "people would be matched in another way, and those who no longer match would be created again"
            yield _counted(change, Effect.DEPROVISIONS, Guard("matching-changed", said, address=change.address))


def _losing(changes: Sequence[Change]) -> list[Change]:
    """The removals that leave a principal without any role; one for each principal."""
    found: dict[str, Change] = {}
    for change in changes:
        is_removal = change.kind == "assignment" and change.action is Action.DELETE
        if is_removal and Effect.DEPROVISIONS in change.effects and change.before is not None:
            found.setdefault(_principal(change), change)
    return list(found.values())


def _principal(change: Change) -> str:
    resource = change.before or change.after
    key = resource.key if resource is not None else None
    return str(key[0]) if isinstance(key, tuple) else ""


def _many_removals(changes: Sequence[Change], facts: GuardContext) -> Iterator[Guard]:
    """People, not rows: a group counts for its direct members, at least one where they cannot be read."""
    losing = [_principal(change) for change in _losing(changes)]
    counted = [facts.members.get(one, 1) for one in losing]
    number = sum(1 if one is None else one for one in counted)
    everybody = sum(1 if one is None else one for one in (facts.members.get(held, 1) for held in facts.holders))
    if number > MANY or (everybody >= OF_AT_LEAST and number > SHARE * everybody):
        least = "at least " if None in counted else _bound(changes, facts)
        of = f" of {everybody}" if None not in facts.members.values() else ""
        said = f"{least}{number}{of} people would lose their last role"
        yield Guard("mass-removal", said, count=number)


def _bound(changes: Sequence[Change], facts: GuardContext) -> str:
    """At most, where somebody may keep a role through a group, or lose it through two."""
    losing = {_principal(one) for one in _losing(changes)}
    through = any(one in facts.groups for one in facts.holders if one not in losing)
    return "at most " if through or losing & facts.groups else ""


def _group_removed(changes: Sequence[Change], facts: GuardContext) -> Iterator[Guard]:
    for change in _losing(changes):
        if change.address.rest.startswith("group:"):
            people = facts.members.get(_principal(change))
            whom = "its members" if people is None else "1 member" if people == 1 else f"{people} members"
            said = f"a whole group would lose its last role, and {whom} with it"
            yield Guard("group-removed", said, count=people, address=change.address)


def _all_removed(changes: Sequence[Change], facts: GuardContext) -> Iterator[Guard]:
    losing = {_principal(change) for change in _losing(changes)}
    gaining = {_principal(one) for one in changes if one.kind == "assignment" and one.action is Action.CREATE}
    if losing and set(facts.holders) <= losing and not gaining:
        said = "nobody would be assigned any more"
        yield Guard("all-assignments-removed", said, count=len(losing))


def _active_unmapped(changes: Sequence[Change], facts: GuardContext) -> Iterator[Guard]:
    """Whoever leaves is disabled by a mapping that reads IsSoftDeleted at every update, and by nothing else."""
    for change in changes if facts.has_run else ():
        said = ""
        if change.kind == "attribute_mapping" and change.address.rest.startswith("users/"):
            said = _stays_active(change)
        elif change.address.local == "object_mapping/users" and _loses_update(change):
            said = "nobody would be updated, so people who leave would no longer be disabled in the application"
        if said:
            yield Guard("deprovisioning-disabled", said, address=change.address)


def _stays_active(change: Change) -> str:
    """Who would stay active by this change of a row; nothing where that is as it was."""
    before, after = _source(change, 0), _source(change, 1)
    follows = LEFT in before or change.address.rest.endswith("/active")
    apply = change.field("apply")
    if change.action is Action.DELETE and follows:
        return GONE
    if not follows or (change.field("source") is None and apply is None):
        return ""
    if apply is not None and apply.before == "always" and apply.after != "always":
        return GONE
    if LEFT in after:
        return ""
    if "[accountEnabled]" not in after:
        return GONE if change.field("source") is not None else ""
    lost = "people who are unassigned or leave the scope would no longer be disabled in the application"
    return lost if LEFT in before else ""


def _source(change: Change, side: int) -> str:
    """The row's source before or after, also where it is not what changes."""
    one = change.field("source")
    if one is not None:
        return str((one.before, one.after)[side] or "")
    resource = (change.before, change.after)[side]
    return str((resource.fields.get("source") if resource is not None else None) or "")


def _loses_update(change: Change) -> bool:
    one = change.field("actions")
    return one is not None and "update" in (one.before or ()) and "update" not in one.after


def _threshold_off(changes: Sequence[Change], _facts: GuardContext) -> Iterator[Guard]:
    for change, one in _fields(changes, "settings", "deletion_threshold"):
        if one.before is not None and one.after is None:
            said = "nothing would stop a cycle that deletes or disables very many people"
            yield Guard("deletion-threshold-disabled", said, address=change.address)


def _endpoint_changed(changes: Sequence[Change], facts: GuardContext) -> Iterator[Guard]:
    for change, one in _fields(changes, "connection", "base_address") if facts.has_run else ():
        if one.before is not None:
            said = f"people would be provisioned to another address: {one.after} instead of {one.before}"
            yield Guard("endpoint-changed", said, address=change.address)


def _secret_not_at_hand(_changes: Sequence[Change], facts: GuardContext) -> Iterator[Guard]:
    if facts.unavailable_secrets:
        keys = ", ".join(facts.unavailable_secrets)
        said = f"{keys} cannot be sent again; only what changes would be written, which may erase it"
        yield Guard("secret-unavailable", said, count=len(facts.unavailable_secrets))


def _quarantined(changes: Sequence[Change], facts: GuardContext) -> Iterator[Guard]:
    """Stops starts and widening while the job is in quarantine, never the mending."""
    if not facts.quarantine:
        return
    for change in changes:
        one = change.field("enabled") if change.kind == "schedule" else None
        if (one is not None and one.after) or (change.kind != "schedule" and Effect.PROVISIONS in change.effects):
            said = f"the job is in quarantine ({facts.quarantine}), and this would bring more people into it"
            yield _counted(change, Effect.PROVISIONS, Guard("quarantined", said, address=change.address))


def _left_behind(_changes: Sequence[Change], facts: GuardContext) -> Iterator[Guard]:
    """Only with `--fail-on-abandoned`."""
    if facts.abandoned:
        many = (
            "1 thing that the former spec named stays"
            if facts.abandoned == 1
            else (f"{facts.abandoned} things that the former spec named stay")
        )
        yield Guard("resources-abandoned", f"{many} in the tenant without being managed", count=facts.abandoned)


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "tenant-mismatch": _wrong_tenant,
        "application-created": _application_created,
        "job-replaced": _job_replaced,
        "endpoint-changed": _endpoint_changed,
        "secret-unavailable": _secret_not_at_hand,
        "scope-widened": _scope_all,
        "scope-narrowed": _scope_narrows,
        "deletion-threshold-disabled": _threshold_off,
        "matching-changed": _matching_changed,
        "deprovisioning-disabled": _active_unmapped,
        "role-in-use": _role_in_use,
        "group-removed": _group_removed,
        "mass-removal": _many_removals,
        "all-assignments-removed": _all_removed,
        "quarantined": _quarantined,
        "resources-abandoned": _left_behind,
        "initial-start": _first_start,
    }
)


def guards(changes: Sequence[Change], facts: GuardContext) -> tuple[Guard, ...]:
    """Every guard that applies, open or not."""
    return tuple(opened(guard, facts) for rule in RULES.values() for guard in rule(changes, facts))
