"""Assignments of users and groups to app roles.

Terms: a *listed* principal is in the spec by name or id, and all its roles on this application are managed. The policy
`unlisted` and the patterns of `protect` decide about principals that are not listed.

Graph has no update of an assignment. A role swap is one creation and one deletion; the creation comes first, so that
the principal always has a role.

Live principals are read by id. Listed ones are looked up if no live principal has their name; groups always, because
group names repeat. A listed principal that the tenant does not have is not part of the plan, which reports it. Roles are
matched by id if they exist, and by value if the plan creates them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from scimconf.diagnostics import Diagnostic
from scimconf.documents import assignments, schema
from scimconf.kinds import mappings, missing_principals, principals, roles
from scimconf.kinds.assignment_guards import GUARD_IDS, assignment_guards, principal_id
from scimconf.kinds.assignment_roles import AssignableRoles
from scimconf.kinds.assignment_sets import key_sets
from scimconf.kinds.exported import ExportedSpec, ExportRequest
from scimconf.kinds.exported_access import export_assignments
from scimconf.kinds.kind import Changes, Effects, Kind, RowPart, denied_reads
from scimconf.kinds.provisioning import Affected, OnePrincipal, ProvisioningState
from scimconf.kinds.role_swaps import one_role_swaps
from scimconf.plan import (
    Action,
    Change,
    DesiredItem,
    DiffResult,
    Effect,
    Guard,
    MissingPrincipal,
    Resource,
    decode,
)
from scimconf.plan.key_sets import KeySets
from scimconf.snapshot import BY_ID, DeniedRead, Document, Lookup, Principal, Snapshot
from scimconf.spec.model import Assignments, ListedPrincipal, Spec
from scimconf.steps import Phase, Read, Send, Step
from scimconf.suggestions import did_you_mean, suggest

if TYPE_CHECKING:
    from scimconf.plan.guards import GuardContext

_ROLES = "appRoleAssignments"
_ALREADY_ASSIGNED = (
    (400, "Permission being assigned already exists on the object"),
    (400, "EntitlementGrant entry already exists"),
    (409, "EntitlementGrant entry already exists"),
)
"""Graph answers 400 with either wording; a Bicep report saw a 409."""


def _principal(change: Change) -> OnePrincipal | None:
    """Return the user or group that gains or loses a role by the change."""
    resource = change.after or change.before
    if resource is None or not isinstance(resource.key, tuple):
        return None
    type_, _, name = change.address.rest.partition("/")[0].partition(":")
    principal, role = resource.key
    return OnePrincipal(str(principal), decode(name), str(role), is_group=type_ == "group")


class AssignmentKind(Kind):
    """`assignment/user:UPN/ROLE` or `assignment/group:NAME/ROLE`."""

    name = "assignment"
    labels = ("assignment", "assignments")
    after = ("app_role",)
    guard_ids = GUARD_IDS
    looks_up_principals = True
    effects_before_start = frozenset({Effect.DATA_LOSS, Effect.DEPROVISIONS})

    def reads(self, spec: Spec) -> Iterable[Document]:
        if spec.assignments is not None:
            yield assignments.assignments(resolves_principals=True)
            yield schema.schema()  # its role mapping decides whether a user may have two roles for a moment

    def lookups(self, spec: Spec, snapshot: Snapshot) -> Iterable[Lookup]:
        """Yield the listed groups and ids at once, and users by name once those that are assigned are known by id."""
        if spec.assignments is None:
            return
        yield from map(principals.lookup_of, spec.assignments.listed_otherwise)
        is_read = assignments.NAME in snapshot.documents or assignments.NAME in snapshot.denied
        is_new = snapshot.get("service_principals") == []  # it has no assignments to wait for
        if not is_read and not is_new and not snapshot.complete:
            return
        yield from principals.lookups_by_name(spec.assignments, snapshot)
        yield from missing_principals.more_lookups(spec.assignments, snapshot)

    def missing(self, spec: Spec, snapshot: Snapshot) -> Iterable[MissingPrincipal]:
        role_name = AssignableRoles.of(spec, snapshot).name
        return missing_principals.missing_principals(spec, snapshot, self.address(spec), role_name)

    def check(self, spec: Spec, snapshot: Snapshot | None) -> Iterable[Diagnostic]:
        if spec.assignments is None or snapshot is None:
            return
        yield from denied_reads(snapshot, "K801", ("assignments",), "assignments")
        yield from _empty_files(spec.assignments)
        resolved = principals.resolve(spec.assignments, snapshot)
        yield from missing_principals.withheld_deletions(spec, resolved.missing_entries)
        check = _RoleCheck(AssignableRoles.of(spec, snapshot), snapshot)
        fine = {} if roles.is_nowhere(spec, snapshot) else check.assignable(resolved.listed)
        ids: set[str] = set()
        for listed, principal in resolved.pairs:
            if principal is None:
                yield from _not_found(listed, snapshot)
                continue
            if principal.type != "user" or listed.by != "user":
                yield from _about(listed, principal)
            if not fine.get(listed.roles, True) and not listed.absent:
                yield from check.diagnostics(listed, principal)
            if principal.id in ids:
                hint = "Write a single entry with all the roles."
                yield Diagnostic("K805", f"{principal.name} is listed twice", listed.path, hint=hint)
            ids.add(principal.id)

    def warnings(
        self, spec: Spec, snapshot: Snapshot, difference: DiffResult, steps: Sequence[Step]
    ) -> Iterable[Diagnostic]:
        """Graph allows an assignment without a role only if the application declares none."""
        unmanaged = [key for part in difference.unmanaged.keyed if part.prefix.kind == self.name for key in part.keys]
        count = sum(role == assignments.DEFAULT_ACCESS for _, role in unmanaged)
        if count and any(_ROLES in mappings.reads(row.row) for row in mappings.listed(spec)):
            subject = "1 unmanaged assignment has" if count == 1 else f"{count} unmanaged assignments have"
            unknown = "Microsoft does not document what a role mapping sends for them"
            message = f"{subject} no role (Default Access), and {unknown}"
            hint = "List them under assignments with a role."
            yield Diagnostic("K812", message, ("assignments",), hint=hint, severity="warning")

    def desired(self, spec: Spec, snapshot: Snapshot) -> Iterable[DesiredItem]:
        sets = self.key_sets(spec, snapshot)
        return () if sets is None else sets.items()

    def observed(self, spec: Spec, snapshot: Snapshot) -> Iterable[Resource]:
        sets = self.key_sets(spec, snapshot)
        return () if sets is None else sets.observed_resources()

    def key_sets(self, spec: Spec, snapshot: Snapshot) -> KeySets | None:
        return key_sets(spec, self.address(spec), snapshot)

    def compared_offline(self, spec: Spec, resource: Resource) -> Resource | None:
        """Compare by name: ids of principals and roles differ between tenants."""
        return Resource(resource.address, resource.fields, facts=resource.facts)

    def effects(self, changes: Changes, snapshot: Snapshot) -> Effects:
        """A first role provisions, the loss of the last role deprovisions; a swap of roles does neither."""
        if not changes:
            return {}
        concerned = set(map(principal_id, changes))
        before = Counter(id_ for id_, _ in assignments.assigned(snapshot).ids if id_ in concerned)
        after = Counter(before)
        for change in changes:
            after[principal_id(change)] += 1 if change.action is Action.CREATE else -1
        ids = {change.address: principal_id(change) for change in changes}
        return {address: _effects(before.get(id_, 0), after[id_]) for address, id_ in ids.items()}

    def guards(self, changes: Changes, context: GuardContext) -> Iterable[Guard]:
        return assignment_guards(changes, context)

    def affected(self, change: Change) -> Mapping[Effect, Affected]:
        principal = _principal(change)
        return {} if principal is None else dict.fromkeys((Effect.PROVISIONS, Effect.DEPROVISIONS), principal)

    def project(self, state: ProvisioningState, changes: Changes, spec: Spec, snapshot: Snapshot) -> ProvisioningState:
        if state.assigned_users is None or state.assigned_groups is None:
            return state
        users, groups, names = dict(state.assigned_users), dict(state.assigned_groups), dict(state.group_names)
        for change in changes:
            principal = _principal(change)
            if principal is None:
                continue
            if principal.is_group:
                names.setdefault(principal.id, principal.name)
            roles_by_id = groups if principal.is_group else users
            roles_left = tuple(role for role in roles_by_id.get(principal.id, ()) if role != principal.role)
            roles_by_id[principal.id] = (*roles_left, principal.role) if change.after is not None else roles_left
            if not roles_by_id[principal.id]:
                del roles_by_id[principal.id]
        return replace(state, assigned_users=users, assigned_groups=groups, group_names=names)

    def row_part(self, change: Change) -> RowPart:
        principal, _, role = change.address.rest.rpartition("/")
        type_, _, name = principal.partition(":")
        return RowPart(f"{self.name}/{principal}", "role", decode(role), type_, decode(name))

    def steps(self, spec: Spec, changes: Changes, snapshot: Snapshot) -> Iterable[Step]:
        path = "/servicePrincipals/{service_principal}/appRoleAssignedTo"
        for change in self.mine(changes):
            addresses = (change.address,)
            if change.after is not None:
                key: Any = change.after.key
                body = {"principalId": key[0], "resourceId": "{service_principal}", "appRoleId": key[1]}
                text, is_done = f"assign {change.address.rest}", _ALREADY_ASSIGNED
                yield Send(
                    Phase.BUILD,
                    addresses,
                    text,
                    "POST",
                    path,
                    body,
                    success_errors=is_done,
                    batch=True,
                    listed_in=assignments.assignments(),
                )
            else:
                assert change.before is not None
                text, is_gone = f"unassign {change.address.rest}", ((404, ""),)
                row = f"{path}/{change.before.facts['id']}"
                yield Send(Phase.CLEAR, addresses, text, "DELETE", row, success_errors=is_gone, batch=True)
        yield from self._wait_for_swaps(spec, changes, snapshot)

    def _wait_for_swaps(self, spec: Spec, changes: Changes, snapshot: Snapshot) -> Iterator[Step]:
        """Wait until Graph no longer returns the old roles, before provisioning starts, if one role can be sent."""
        swapped = {id_ for _, id_ in one_role_swaps(spec, changes, snapshot)}
        removed = [change for change in self.mine(changes) if change.after is None and principal_id(change) in swapped]
        if removed:
            rows = tuple(str(change.before.facts["id"]) for change in removed if change.before is not None)
            addresses, text = tuple(change.address for change in removed), "wait until the old roles are removed"
            yield Read(Phase.CLEAR, addresses, text, assignments.assignments(), "rows_gone", rows)

    def export(self, request: ExportRequest) -> ExportedSpec:
        return export_assignments(request)

    def removal_snippet(self, resource: Resource) -> str:
        principal, _, role = resource.address.rest.partition("/")
        name = json.dumps(str(resource.facts["principal"]))
        text = json.dumps(roles.value_of(role) or decode(role))
        key = "groups: - {name" if principal.startswith("group:") else "users: - {user"
        return f"assignments.{key}: {name}, role: {text}, absent: true}}"


def removed_assignments(changes: Iterable[Change]) -> Mapping[str, int]:
    """Return how many assignments a plan deletes, by role id."""
    deletions = (change for change in changes if change.kind == AssignmentKind.name and change.action is Action.DELETE)
    keys = (change.before.key for change in deletions if change.before is not None)
    return Counter(str(key[1]) for key in keys if isinstance(key, tuple))


def _effects(before: int, after: int) -> frozenset[Effect]:
    effect = Effect.PROVISIONS if before == 0 else Effect.DEPROVISIONS if after == 0 else Effect.RESYNC
    return frozenset({effect})


class _RoleCheck(NamedTuple):
    """Checks the roles of listed principals of an application that exists, or that the plan creates."""

    roles: AssignableRoles
    snapshot: Snapshot

    def assignable(self, listed: Iterable[ListedPrincipal]) -> Mapping[tuple[str, ...], bool]:
        """Return for each list of roles that the spec writes whether all of them exist and are enabled."""
        return {names: self.roles.are_enabled(names) for names in {principal.roles for principal in listed}}

    def diagnostics(self, listed: ListedPrincipal, principal: Principal) -> Iterator[Diagnostic]:
        """Yield an error for each role that does not exist, or is disabled and not assigned yet."""
        assigned = assignments.assigned(self.snapshot).ids
        for role in listed.roles:
            path, role_id = (*listed.path, "roles"), self.roles.id(role)
            if not self.roles.exists(role):
                candidates = filter(self.roles.exists, self.roles.by_name)
                hint = did_you_mean(suggest(role, candidates), self.roles.missing_hint)
                yield Diagnostic("K807", f'the application has no role "{role}"', path, hint=hint)
            elif role_id in self.roles.disabled and (principal.id, role_id) not in assigned:
                hint = "Enable the role under app_roles, or assign another one."
                yield Diagnostic("K808", f'the role "{role}" is disabled, so it cannot be assigned', path, hint=hint)


def _empty_files(section: Assignments) -> Iterator[Diagnostic]:
    for number, file in enumerate(section.imported):
        if not (file.users or file.groups):
            message = f"{file.file} lists no users or groups, so unlisted assignments are not deleted"
            path, hint = ("assignments", "imported", number), "If the list is meant to be empty, remove the file."
            yield Diagnostic("K802", message, path, hint=hint, severity="warning")


def _about(listed: ListedPrincipal, principal: Principal) -> Iterator[Diagnostic]:
    path, name = listed.path, listed.name
    if principal.type != listed.type:
        hint = f"List it under assignments.{'users' if listed.type == 'group' else 'groups'}."
        yield Diagnostic("K803", f"{principal.name} is not a {listed.type}", path, hint=hint)
    if listed.by == "id" and name not in (None, principal.name):
        message = f'the group with the id {listed.written} is named "{principal.name}", not "{name}"; the id is used'
        hint = f'Write `name: "{principal.name}"`.'
        yield Diagnostic("K804", message, (*path, "name"), hint=hint, severity="warning")
    if principal.type == "group" and not principal.security_enabled and not listed.absent:
        message = f'the group "{principal.name}" is not security-enabled, so it cannot be assigned'
        yield Diagnostic("K806", message, path, hint="Assign a security group.")


def _denied_hint(denied: DeniedRead, snapshot: Snapshot) -> str:
    from scimconf import permissions

    return permissions.hint("GET", denied.path, snapshot.granted)


def _not_found(listed: ListedPrincipal, snapshot: Snapshot) -> Iterator[Diagnostic]:
    """Yield an error for a principal that could not be looked up, or not to exactly one; missing ones are no errors."""
    matches = snapshot.principals.get(principals.lookup_of(listed))
    if matches:
        ids = ", ".join(principal.id for principal in matches)
        message = f'{len(matches)} groups are named "{listed.value}": {ids}'
        yield Diagnostic("K810", message, listed.path, hint="Add the `id:` of the right one.")
    elif not principals.is_missing(listed, snapshot):
        denied = snapshot.denied.get(BY_ID[listed.type]) if matches is not None else None
        hint = _denied_hint(denied, snapshot) if denied is not None else "See the denied reads above."
        yield Diagnostic("K809", f"{listed.description} could not be looked up", listed.path, hint=hint)
