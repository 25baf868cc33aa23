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
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from scimconf import permissions
from scimconf.diagnostics import Diagnostic
from scimconf.documents import application as documents
from scimconf.documents import schema
from scimconf.kinds import mappings, missing_principals, principals, roles
from scimconf.kinds.assignment_guards import GUARD_IDS, assignment_guards, principal_id
from scimconf.kinds.exported import ExportedSpec, ExportRequest
from scimconf.kinds.exported_access import export_assignments
from scimconf.kinds.kind import Changes, Effects, Kind, RowPart, denied_reads
from scimconf.kinds.provisioning import Affected, OnePrincipal, ProvisioningState
from scimconf.kinds.role_swaps import one_role_swaps
from scimconf.plan import (
    Absent,
    Action,
    Change,
    DesiredItem,
    DiffResult,
    Effect,
    Exclusive,
    Guard,
    MissingPrincipal,
    Protected,
    ReportOnly,
    Resource,
    decode,
    encode,
)
from scimconf.plan.guards import GuardContext
from scimconf.plan.resource import is_like
from scimconf.snapshot import PRINCIPALS_BY_ID, Document, Lookup, Principal, Snapshot
from scimconf.spec.model import Assignments, GroupAssignment, Spec
from scimconf.steps import Phase, Read, Send, Step
from scimconf.suggestions import did_you_mean, suggest

_ROLES = "appRoleAssignments"
_DEFAULT = "~Default Access"
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
            yield documents.assignments()
            yield schema.schema()  # its role mapping decides whether a user may have two roles for a moment

    def lookups(self, spec: Spec, snapshot: Snapshot) -> Iterable[Lookup]:
        if spec.assignments is None:
            return
        yield from (entry.lookup for entry in principals.entries(spec.assignments) if entry.lookup.by != "user")
        live = snapshot.get("assignments")
        if live is None and not snapshot.complete and "assignments" not in snapshot.denied:
            return
        rows = documents.assigned(live or ())
        ids = {Lookup("id", row["principalId"]) for row in rows if row["principalType"] != "ServicePrincipal"}
        yield from ids
        if all(lookup in snapshot.principals for lookup in ids):
            known = principals.users_by_name(snapshot)
            for entry in principals.entries(spec.assignments):
                if entry.lookup.by == "user" and entry.lookup.value not in known:
                    yield entry.lookup
        yield from missing_principals.more_lookups(spec.assignments, snapshot)

    def missing(self, spec: Spec, snapshot: Snapshot) -> Iterable[MissingPrincipal]:
        role_name = _Roles.of(spec, snapshot).name
        return missing_principals.missing_principals(spec, snapshot, self.address(spec), role_name)

    def check(self, spec: Spec, snapshot: Snapshot | None) -> Iterable[Diagnostic]:
        if spec.assignments is None or snapshot is None:
            return
        yield from denied_reads(snapshot, "K801", ("assignments",), "assignments")
        yield from _empty_files(spec.assignments)
        missing = missing_principals.missing_entries(spec.assignments, snapshot)
        yield from missing_principals.withheld_deletions(spec, missing)
        application_roles, assigned = _Roles.of(spec, snapshot), _assigned_roles(snapshot)
        by_path = principals.listed_principals(spec.assignments, snapshot)
        listed: set[str] = set()
        for entry in principals.entries(spec.assignments):
            principal = by_path.get(entry.path)
            if principal is None:
                yield from _not_found(entry, snapshot)
                continue
            yield from _about(entry, principal)
            if not roles.is_nowhere(spec, snapshot):
                yield from _about_roles(entry, assigned[principal.id], application_roles)
            if principal.id in listed:
                hint = "Write a single entry with all the roles."
                yield Diagnostic("K805", f"{principal.name} is listed twice", entry.path, hint=hint)
            listed.add(principal.id)

    def warnings(
        self, spec: Spec, snapshot: Snapshot, difference: DiffResult, steps: Sequence[Step]
    ) -> Iterable[Diagnostic]:
        """Graph allows an assignment without a role only if the application declares none."""
        unmanaged = [resource for resource in difference.unmanaged if resource.address.kind == self.name]
        count = sum(isinstance(item.key, tuple) and item.key[1] == documents.DEFAULT_ACCESS for item in unmanaged)
        if count and any(_ROLES in mappings.reads(row.row) for row in mappings.listed(spec)):
            subject = "1 unmanaged assignment has" if count == 1 else f"{count} unmanaged assignments have"
            unknown = "Microsoft does not document what a role mapping sends for them"
            message = f"{subject} no role (Default Access), and {unknown}"
            hint = "List them under assignments with a role."
            yield Diagnostic("K812", message, ("assignments",), hint=hint, severity="warning")

    def desired(self, spec: Spec, snapshot: Snapshot) -> Iterable[DesiredItem]:
        if spec.assignments is None:
            return
        by_path, names = principals.listed_principals(spec.assignments, snapshot), principals.principal_names(snapshot)
        application_roles, placeholders = _Roles.of(spec, snapshot), principals.unresolved(spec.assignments)
        for entry in principals.entries(spec.assignments):
            if missing_principals.is_missing(entry, snapshot) and not entry.listed.absent:
                continue
            principal = by_path.get(entry.path) or placeholders[entry.path]
            label = f"{principal.type}:{encode(names.get(principal.id, principal.name))}"
            yield from self._desired(spec, entry, principal, label, application_roles)
        yield from self._unlisted(spec, snapshot, {principal.id for principal in by_path.values()})

    def _desired(
        self, spec: Spec, entry: principals.AssignmentEntry, principal: Principal, label: str, application_roles: _Roles
    ) -> Iterator[DesiredItem]:
        prefix = self.address(spec, label)
        is_absent, names = entry.listed.absent, entry.listed.roles
        if not (is_absent and names):
            yield Exclusive(prefix, "absent in spec") if is_absent else Exclusive(prefix)
        for role in names:
            address, key = prefix.under(application_roles.name(role)), (principal.id, application_roles.id(role))
            yield Absent(address, key) if is_absent else Resource(address, {}, key, {"principal": principal.name})

    def _unlisted(self, spec: Spec, snapshot: Snapshot, listed: set[str]) -> Iterator[DesiredItem]:
        assignments = spec.assignments
        if assignments is None or assignments.unlisted == "keep":
            return
        prefix = self.address(spec)
        if assignments.unlisted == "report":
            yield ReportOnly(prefix)
        elif not any(_empty_files(assignments)) and not missing_principals.missing_entries(assignments, snapshot):
            yield Exclusive(prefix)
        for resource in self.observed(spec, snapshot):
            is_service = resource.facts["type"] == "ServicePrincipal"
            is_listed = resource.facts["principal_id"] in listed
            if is_service or (not is_listed and _is_protected(assignments, resource, snapshot)):
                yield Protected(resource.address, resource.key)

    def observed(self, spec: Spec, snapshot: Snapshot) -> Iterable[Resource]:
        if spec.assignments is None:
            return
        names, application_roles = principals.principal_names(snapshot), _Roles.of(spec, snapshot)
        for row in documents.assigned(snapshot.rows("assignments")):
            principal = principals.principal_of(row, snapshot)
            label = f"{principal.type}:{encode(names.get(principal.id, principal.name))}"
            role_id = row["appRoleId"]
            facts: dict[str, Any] = {"id": row["id"], "type": row["principalType"], "principal": principal.name}
            facts |= {"principal_id": principal.id, "roles": application_roles.spellings(role_id)}
            address = self.address(spec, label, application_roles.labels.get(role_id, role_id))
            yield Resource(address, {}, (principal.id, role_id), facts)

    def compared_offline(self, spec: Spec, resource: Resource) -> Resource | None:
        """Compare by name: ids of principals and roles differ between tenants."""
        return Resource(resource.address, resource.fields, facts=resource.facts)

    def effects(self, changes: Changes, snapshot: Snapshot) -> Effects:
        """A first role provisions, the loss of the last role deprovisions; a swap of roles does neither."""
        before = {principal: len(role_ids) for principal, role_ids in _assigned_roles(snapshot).items()}
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
                    listed_in=documents.assignments(),
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
            yield Read(Phase.CLEAR, addresses, text, documents.assignments(), "rows_gone", rows)

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


def _assigned_roles(snapshot: Snapshot) -> Mapping[str, set[str]]:
    assigned = defaultdict[str, set[str]](set)
    for row in documents.assigned(snapshot.rows("assignments")):
        assigned[row["principalId"]].add(row["appRoleId"])
    return assigned


def _effects(before: int, after: int) -> frozenset[Effect]:
    effect = Effect.PROVISIONS if before == 0 else Effect.DEPROVISIONS if after == 0 else Effect.RESYNC
    return frozenset({effect})


def _is_protected(assignments: Assignments, resource: Resource, snapshot: Snapshot) -> bool:
    """Return whether a pattern of `protect` matches; a user whose name could not be read matches any user pattern."""
    facts = resource.facts
    has_name = bool(snapshot.principals.get(Lookup("id", facts["principal_id"])))
    for pattern in assignments.protect:
        if pattern.group is not None and facts["type"] == "Group" and _is_like(facts["principal"], pattern.group):
            return True
        is_user = pattern.user is not None and facts["type"] == "User"
        if is_user and (not has_name or _is_like(facts["principal"], str(pattern.user))):
            return True
        if pattern.role is not None and any(_is_like(name, pattern.role) for name in facts["roles"]):
            return True
    return False


def _is_like(name: str, pattern: str) -> bool:
    """Match ignoring case; only `*` is special."""
    return is_like(name.casefold(), pattern.casefold())


@dataclass(frozen=True, slots=True)
class _Roles:
    """Roles by their names in the spec and by id: those that exist, and those that the plan creates."""

    by_name: Mapping[str, str]
    labels: Mapping[str, str]
    disabled: frozenset[str]
    deleted: frozenset[str]
    missing_hint: str

    @classmethod
    def of(cls, spec: Spec, snapshot: Snapshot) -> _Roles:
        live, new = documents.roles(snapshot.documents), roles.new_ids(spec, snapshot)
        by_name = {str(role.get("value") or "") or f"~{role.get('displayName')}": role["id"] for role in live}
        labels = {documents.DEFAULT_ACCESS: _DEFAULT, **roles.labels(live)}
        for name in roles.template_roles(spec, snapshot):
            by_name[name], labels[f"?{name}"] = f"?{name}", name
        disabled = {role["id"] for role in live if not role.get("isEnabled")}
        for role in spec.app_roles.roles if spec.app_roles is not None else ():
            if roles.label_of(role) in new:
                by_name.setdefault(role.identity, new[roles.label_of(role)])
                labels.setdefault(new[roles.label_of(role)], roles.label_of(role))
            if not role.absent:
                role_id = by_name[role.identity]
                disabled = disabled - {role_id} if role.enabled else disabled | {role_id}
        going, hint = roles.going(spec, live), roles.missing_role_hint(spec, snapshot)
        return cls(by_name, labels, frozenset(disabled), going, hint)

    def id(self, written: str) -> str:
        """Return the id of a role by its value, or by its display name if it has no value; `?NAME` if there is none."""
        return self.by_name.get(written) or self.by_name.get(f"~{written}") or f"?{written}"

    def name(self, written: str) -> str:
        """Return the name in addresses of a role that the spec writes."""
        return self.labels.get(self.id(written)) or encode(written)

    def spellings(self, role_id: str) -> tuple[str, ...]:
        """Return the names that a pattern may use for a live role."""
        name = self.labels.get(role_id, role_id)
        value = roles.value_of(name)
        return (value,) if value is not None else (decode(name), decode(name.removeprefix("~")))

    def exists(self, written: str) -> bool:
        """Return whether the role exists once the plan is applied."""
        role_id = self.id(written)
        return role_id in self.labels and role_id not in self.deleted


def _empty_files(assignments: Assignments) -> Iterator[Diagnostic]:
    for number, file in enumerate(assignments.imported):
        if not (file.users or file.groups):
            message = f"{file.file} lists no users or groups, so unlisted assignments are not deleted"
            path, hint = ("assignments", "imported", number), "If the list is meant to be empty, remove the file."
            yield Diagnostic("K802", message, path, hint=hint, severity="warning")


def _about(entry: principals.AssignmentEntry, principal: Principal) -> Iterator[Diagnostic]:
    listed = entry.listed
    type_, other = ("group", "users") if isinstance(listed, GroupAssignment) else ("user", "groups")
    if principal.type != type_:
        hint = f"List it under assignments.{other}."
        yield Diagnostic("K803", f"{principal.name} is not a {type_}", entry.path, hint=hint)
    if isinstance(listed, GroupAssignment) and listed.id is not None and listed.name not in (None, principal.name):
        message = f'the group with the id {listed.id} is named "{principal.name}", not "{listed.name}"; the id is used'
        hint = f'Write `name: "{principal.name}"`.'
        yield Diagnostic("K804", message, (*entry.path, "name"), hint=hint, severity="warning")
    if principal.type == "group" and not principal.security_enabled and not listed.absent:
        message = f'the group "{principal.name}" is not security-enabled, so it cannot be assigned'
        yield Diagnostic("K806", message, entry.path, hint="Assign a security group.")


def _about_roles(
    entry: principals.AssignmentEntry, assigned: set[str], application_roles: _Roles
) -> Iterator[Diagnostic]:
    for role in entry.listed.roles if not entry.listed.absent else ():
        path, role_id = (*entry.path, "roles"), application_roles.id(role)
        if not application_roles.exists(role):
            candidates = filter(application_roles.exists, application_roles.by_name)
            hint = did_you_mean(suggest(role, candidates), application_roles.missing_hint)
            yield Diagnostic("K807", f'the application has no role "{role}"', path, hint=hint)
        elif role_id in application_roles.disabled and role_id not in assigned:
            hint = "Enable the role under app_roles, or assign another one."
            yield Diagnostic("K808", f'the role "{role}" is disabled, so it cannot be assigned', path, hint=hint)


def _not_found(entry: principals.AssignmentEntry, snapshot: Snapshot) -> Iterator[Diagnostic]:
    """Yield an error for a principal that could not be looked up, or not to exactly one; missing ones are no errors."""
    matches = snapshot.principals.get(entry.lookup)
    if matches:
        ids = ", ".join(principal.id for principal in matches)
        message = f'{len(matches)} groups are named "{entry.lookup.value}": {ids}'
        yield Diagnostic("K810", message, entry.path, hint="Add the `id:` of the right one.")
    elif not missing_principals.is_missing(entry, snapshot):
        denied = snapshot.denied.get(PRINCIPALS_BY_ID) if matches is not None else None
        hint = (
            permissions.hint("POST", denied.path, snapshot.granted)
            if denied is not None
            else "See the denied reads above."
        )
        yield Diagnostic("K809", f"{entry.description} could not be looked up", entry.path, hint=hint)
