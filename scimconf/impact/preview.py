"""Evaluate single users against the provisioning state before and after a plan, offline.

A value or a scope that Microsoft does not document, or that cannot be known here, is undetermined and has a reason. A
null is not sent and clears nothing, as in the service. An undetermined value counts as different if its mapping or its
inputs differ. Mappings that are equal before and after and independent of scope and roles are evaluated once per user.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from scimconf.expressions.evaluation import EvaluationContext, Undetermined, in_scope
from scimconf.impact.assignees import Assignees, effective_assignees
from scimconf.impact.compiled_mappings import (
    OBJECT_IGNORED,
    CompiledRow,
    attributes_read,
    change_reason,
    compile_rows,
    evaluate_rows,
    has_new_result,
    identifiers,
    ignores_objects,
    matching_targets,
    source_text,
)
from scimconf.impact.scim_resource import TargetPath, resource, target_paths
from scimconf.impact.user_attributes import BASIC_ONLY, COMPUTED, GAP, attribute_reader, gap_reader, is_basic, selected
from scimconf.json_types import Json
from scimconf.kinds.provisioning import ProvisioningState, filter_attributes
from scimconf.plan.change import Tenant
from scimconf.plan.impact import Members
from scimconf.plan.preview import NOT_SENT, AttributeDiff, UserOutcome, UserPreview, UserState
from scimconf.plan.sent_request import SentRequest

_DELETED, _ROLES = "IsSoftDeleted", "appRoleAssignments"
_OUTCOMES: Mapping[tuple[bool | None, bool | None], UserOutcome] = {
    (False, False): UserOutcome.OUT_OF_SCOPE,
    (False, True): UserOutcome.ENTERS,
    (True, False): UserOutcome.LEAVES,
    (True, True): UserOutcome.UNCHANGED,
}


@dataclass(frozen=True, slots=True)
class _CompiledState:
    """A provisioning state with its mappings compiled; `own_rows` are the mappings that differ from the other state.

    `paths` are the places of the target attributes in a SCIM resource.
    """

    provisioning: ProvisioningState
    assignees: Assignees
    rows: Mapping[str, CompiledRow]
    own_rows: tuple[CompiledRow, ...]
    ignores_objects: bool
    paths: Mapping[str, TargetPath]


class _ScopeResult(NamedTuple):
    """A user in one state before mappings are evaluated; `gaps` maps the unknown attributes to the reason."""

    in_scope: bool | None
    reason: str
    attributes: Mapping[str, Any]
    gaps: Mapping[str, str]


class _UserInput(NamedTuple):
    """A user as read. `gaps` are the reasons of unread attributes; `disabled` is None if the account's state was not read."""

    id: str
    attributes: Mapping[str, Any]
    gaps: Mapping[str, str]
    disabled: bool | None


def evaluation_context(tenant: Tenant | None, now: datetime) -> EvaluationContext:
    """Return what expressions depend on besides the attributes of a user; `now` is the time of the tenant."""
    return EvaluationContext(now, tenant_domain=(tenant.domain if tenant else None) or None)


@dataclass(frozen=True, slots=True)
class ScopePopulation:
    """The users who can be in scope before or after a plan: these ids, or any user of the directory if `ids` is None.

    `unread` is the largest number of further users, whose ids were not read; None if it is unknown.
    """

    ids: tuple[str, ...] | None
    unread: int | None = 0


class Preview:
    """Evaluates users against the state before and after a plan; stateless per user."""

    def __init__(
        self, before: ProvisioningState, after: ProvisioningState, members: Members, context: EvaluationContext
    ) -> None:
        old, new = compile_rows(before), compile_rows(after)
        equal = [new[target] for target in sorted(old.keys() & new.keys()) if old[target].row == new[target].row]
        self._shared = tuple(row for row in equal if not row.is_computed)
        self._computed = tuple(row for row in equal if row.is_computed)
        shared = {row.target for row in equal}
        self._before = _compile_state(before, members, old, shared)
        self._after = _compile_state(after, members, new, shared)
        own = {row.target for state in (self._before, self._after) for row in state.own_rows}
        self._compared = tuple(sorted(own | {row.target for row in self._computed}))
        self._context = context
        names = attributes_read(before.filters, old) | attributes_read(after.filters, new)
        self._read_attributes, self._read_gaps = attribute_reader(names), gap_reader(names)
        pairs = {target: (old.get(target), new.get(target)) for target in old.keys() | new.keys()}
        self._reasons = {target: change_reason(*pair) for target, pair in pairs.items()}
        self._with_new_result = frozenset(target for target, pair in pairs.items() if has_new_result(*pair))
        self._computed_inputs = {
            target: COMPUTED.intersection(*[row.attributes for row in pair if row]) for target, pair in pairs.items()
        }
        self.properties = selected(names)
        """The properties of users to read from Graph."""

    @property
    def matching(self) -> tuple[str, ...]:
        return matching_targets(self._after.rows)

    @property
    def identifiers(self) -> tuple[str, str] | None:
        """The targets of the user name and the e-mail address, if one is the user principal name and the other the mail."""
        return identifiers(self._after.rows)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What concerns all users and no single one: a change of the matching attributes."""
        states = (self._before, self._after)
        old, new = (" and then ".join(matching_targets(state.rows)) or "nothing" for state in states)
        if old == new or not self._before.provisioning.exists:
            return ()
        return (f"Users are matched by {new} instead of {old}.",)

    @property
    def mappings_before(self) -> Mapping[str, str]:
        """The expressions of the mappings before the plan, by target; `default X` for one that is only a default."""
        return {target: source_text(row.row) for target, row in self._before.rows.items()}

    @property
    def assignment_gap(self) -> str:
        """Why the assigned users before the plan may be incomplete, "" if they are complete."""
        return self._before.assignees.gap

    def roles_before(self, user: str) -> Sequence[Any]:
        """Return the labels of the roles that a user has before the plan, by lower-case id; an id without a label is a text."""
        return self._before.assignees.known_roles(user)

    @property
    def exists_before(self) -> bool:
        """Whether users have been provisioned before the plan."""
        return self._before.provisioning.exists

    @property
    def links_before(self) -> tuple[Literal["none", "kept", "lost"], str]:
        """Whether the job holds links to accounts before the plan, and the time of its last cycle."""
        return self._before.provisioning.links, self._before.provisioning.linked_until

    @property
    def population(self) -> ScopePopulation:
        states = [state for state in (self._before, self._after) if state.provisioning.exists]
        if any(state.provisioning.scope != "assigned" for state in states):
            return ScopePopulation(None)
        unread: dict[str, int | None] = {}
        for state in states:
            unread |= {"": None} if state.assignees.unread is None else state.assignees.unread
        numbers = [number for number in unread.values() if number is not None]
        ids = {user for state in states for user in state.assignees.roles_by_user}
        return ScopePopulation(tuple(sorted(ids)), sum(numbers) if len(numbers) == len(unread) else None)

    @property
    def assigned(self) -> tuple[str, ...]:
        """The sorted ids of the users who are assigned before or after, as far as they are known."""
        return tuple(sorted(self._before.assignees.roles_by_user.keys() | self._after.assignees.roles_by_user.keys()))

    def scopes_by_id(self, user: str) -> tuple[bool | None, bool | None]:
        """Return whether a user whose attributes were not read is in scope before and after; None if it is unknown."""
        return _scope_by_id(self._before, user), _scope_by_id(self._after, user)

    def user(self, user: Json) -> UserPreview:
        """Return the preview of a user that was read with `properties`, without the SCIM resources."""
        user_id, disabled = str(user["id"]).lower(), user.get("accountEnabled") is False
        gaps, basic = self._read_gaps(user), is_basic(user)
        user_input = _UserInput(user_id, self._read_attributes(user, gaps), gaps, None if basic else disabled)
        scopes = [_scope_result(state, user_input) for state in (self._before, self._after)]
        in_either = [scope for scope in scopes if scope.in_scope is not False]
        shared = self._evaluate(self._shared, in_either[0]) if in_either else {}
        same_inputs = len(in_either) == 2 and _has_same_inputs(*scopes)
        if same_inputs:
            shared |= self._evaluate(self._computed, scopes[0])
        before, after = (
            self._user_state(state, scope, shared, same_inputs=same_inputs, disabled=disabled)
            for state, scope in zip((self._before, self._after), scopes, strict=True)
        )
        differences = self._differences(user_id, before, after, scopes) if len(in_either) == 2 else ()
        outcome = _outcome(before, after, differences)
        if outcome is UserOutcome.LEAVES:
            after = after._replace(sent=self._sent_on_leaving(scopes[1]))
        name, notes = str(user.get("userPrincipalName") or user_id), tuple(self._notes(outcome, after))
        return UserPreview(name, user_id, outcome, before, after, differences, notes, basic)

    def with_resources(self, user: UserPreview) -> UserPreview:
        """Return the preview with the SCIM resources that a creation carries, or an update of a disabled user."""
        before, after = _with_resource(self._before, user.before), _with_resource(self._after, user.after)
        return user._replace(before=before, after=after)

    def _evaluate(self, rows: tuple[CompiledRow, ...], scope: _ScopeResult) -> dict[str, SentRequest]:
        return evaluate_rows(rows, scope.attributes, self._context, scope.gaps)

    def _user_state(
        self,
        state: _CompiledState,
        scope: _ScopeResult,
        shared: Mapping[str, SentRequest],
        *,
        same_inputs: bool,
        disabled: bool,
    ) -> UserState:
        """Return what is sent in one state. With `same_inputs`, `shared` contains the computed mappings already."""
        if scope.in_scope is False:
            return UserState(False, scope.reason, disabled)
        rows = state.own_rows if same_inputs else (*state.own_rows, *self._computed)
        sent = {**shared, **self._evaluate(rows, scope)}
        ignoring = [target for target, request in sent.items() if request.reason == OBJECT_IGNORED]
        if state.ignores_objects and ignoring:
            target = ignoring[0]
            reason = f"{scope.reason}; {target}: {OBJECT_IGNORED}"
            return UserState(scope.in_scope, reason, disabled, {target: sent[target]}, left_out=target)
        return UserState(scope.in_scope, scope.reason, disabled, sent)

    def _sent_on_leaving(self, scope: _ScopeResult) -> Mapping[str, SentRequest]:
        """Return what is sent for a user who leaves the scope: only mappings that read `IsSoftDeleted`."""
        state = self._after.provisioning
        if state.skip_out_of_scope_deletions or not state.enabled or "update" not in state.actions:
            return {}
        return self._evaluate(tuple(row for row in self._after.rows.values() if _DELETED in row.attributes), scope)

    def _differences(
        self, user: str, before: UserState, after: UserState, scopes: Sequence[_ScopeResult]
    ) -> tuple[AttributeDiff, ...]:
        """Return the attributes that differ. A user who is ignored in one state only differs in the ignoring mapping."""
        if before.left_out or after.left_out:
            targets = [before.left_out or after.left_out] if bool(before.left_out) != bool(after.left_out) else []
        else:
            targets = [target for target in self._compared if self._differs(target, user, before, after, scopes)]
        return tuple(self._difference(user, target, before, after) for target in targets)

    def _differs(
        self, target: str, user: str, before: UserState, after: UserState, scopes: Sequence[_ScopeResult]
    ) -> bool:
        old, new = before.sent.get(target), after.sent.get(target)
        if (old and old.kind == "undetermined") or (new and new.kind == "undetermined"):
            inputs = self._computed_inputs[target]
            return target in self._with_new_result or any(self._input_differs(name, user, *scopes) for name in inputs)
        return old != new and _sent_or_none(old) != _sent_or_none(new)

    def _difference(self, user: str, target: str, before: UserState, after: UserState) -> AttributeDiff:
        reason = self._reasons[target]
        if not reason and before.reason == after.reason:
            reason = f"roles: {self._before.assignees.role_names(user)} → {self._after.assignees.role_names(user)}"
        moved = () if reason else (before.reason, after.reason)
        return AttributeDiff(target, before.sent.get(target), after.sent.get(target), reason, moved)

    def _input_differs(self, name: str, user: str, before: _ScopeResult, after: _ScopeResult) -> bool:
        """Return whether a computed attribute differs; known roles may differ although both values are gaps."""
        old, new = before.attributes[name], after.attributes[name]
        if name == _ROLES and old is GAP and new is GAP:
            return self._before.assignees.known_roles(user) != self._after.assignees.known_roles(user)
        return bool(old != new)

    def _notes(self, outcome: UserOutcome, after: UserState) -> Iterator[str]:
        state = self._after.provisioning
        if after.disabled and after.in_scope is not False:
            yield "The account is disabled: updated if the user exists in the application, never created."
        elif outcome is UserOutcome.ENTERS and "create" not in state.actions:
            yield "Creating users is switched off: sent only if the user exists in the application."
        if any(sent.kind == "failure" for sent in after.sent.values()):
            yield "An expression fails: the service reports an error and does not create or update the user."
        if outcome is UserOutcome.LEAVES:
            disables = any(_DELETED in row.attributes for row in self._after.rows.values())
            yield _leaving_note(state, disables=disables)


def _with_resource(state: _CompiledState, user: UserState) -> UserState:
    if user.in_scope is False or user.left_out:
        return user
    body = resource(user.sent, state.provisioning.boolean_targets, updates=user.disabled, paths=state.paths)
    return user._replace(resource=body)


def _outcome(before: UserState, after: UserState, differences: Sequence[AttributeDiff]) -> UserOutcome:
    outcome = _OUTCOMES.get((before.in_scope, after.in_scope), UserOutcome.UNDETERMINED)
    if outcome is not UserOutcome.UNCHANGED or not differences:
        return outcome
    is_sure = before.left_out or after.left_out or any(difference.is_sure for difference in differences)
    return UserOutcome.CHANGES if is_sure else UserOutcome.POSSIBLY_CHANGES


def _sent_or_none(request: SentRequest | None) -> SentRequest | None:
    return None if request is None or (request.kind in NOT_SENT and request.default is None) else request


def _leaving_note(state: ProvisioningState, *, disables: bool) -> str:
    """Return what happens to a user who leaves the scope; `disables` says whether a mapping reads `IsSoftDeleted`."""
    if not state.enabled:
        return "The mapping of users is disabled: Microsoft does not document whether anything is sent."
    if state.skip_out_of_scope_deletions:
        return "Not changed in the application: skip_out_of_scope_deletions is on."
    if not disables:
        return "No mapping disables the user: Microsoft does not document whether the user is deleted or stays active."
    if "update" not in state.actions:
        return "Updating users is switched off, so nothing is sent."
    return "Disabled in the application if the user exists there. Nothing else is sent."


def _compile_state(
    state: ProvisioningState, members: Members, rows: Mapping[str, CompiledRow], shared: set[str]
) -> _CompiledState:
    own = tuple(rows[target] for target in sorted(rows) if target not in shared)
    ignoring, paths = ignores_objects(rows.values()), target_paths(rows)
    return _CompiledState(state, effective_assignees(state, members), rows, own, ignoring, paths)


def _scope_result(state: _CompiledState, user: _UserInput) -> _ScopeResult:
    scope, reason = _scope(state, user)
    gaps = dict(user.gaps)
    roles, roles_gap = state.assignees.roles_attribute(user.id)
    if roles_gap:
        gaps[_ROLES] = roles_gap
    deleted, deleted_gap = _is_soft_deleted(scope, reason, disabled=user.disabled)
    if deleted_gap:
        gaps[_DELETED] = deleted_gap
    return _ScopeResult(scope, reason, {**user.attributes, _DELETED: deleted, _ROLES: roles}, gaps)


def _is_soft_deleted(scope: bool | None, reason: str, *, disabled: bool | None) -> tuple[Any, str]:
    if disabled or scope is False:
        return True, ""
    if scope is None:
        return GAP, f"whether the user is in scope is undetermined: {reason}"
    return (GAP, BASIC_ONLY) if disabled is None else (False, "")


def _has_same_inputs(before: _ScopeResult, after: _ScopeResult) -> bool:
    same_values = all(before.attributes[name] == after.attributes[name] for name in (_DELETED, _ROLES))
    return same_values and before.gaps == after.gaps


def _scope(state: _CompiledState, user: _UserInput) -> tuple[bool | None, str]:
    provisioning = state.provisioning
    if not provisioning.exists:
        return False, provisioning.absence
    if not provisioning.enabled:
        return False, "the mapping of users is disabled"
    passes = in_scope(provisioning.filters, {_DELETED: GAP, **user.attributes}) if provisioning.filters else True
    if passes is False:
        return False, "excluded by filters"
    scope, reason = _assignment_scope(state, user.id)
    if scope is not False and isinstance(passes, Undetermined):
        return None, _filter_gap(passes, provisioning, user)
    return scope, reason


def _scope_by_id(state: _CompiledState, user: str) -> bool | None:
    provisioning = state.provisioning
    if not provisioning.exists or not provisioning.enabled:
        return False
    scope, _reason = _assignment_scope(state, user)
    return None if scope and provisioning.filters else scope


def _filter_gap(passes: Undetermined, state: ProvisioningState, user: _UserInput) -> str:
    """Return why a filter is undetermined; an unread attribute of the user is the most precise reason."""
    names = sorted(filter_attributes(state.filters))
    return next((f"{name}: {user.gaps[name]}" for name in names if name in user.gaps), passes.reason)


def _assignment_scope(state: _CompiledState, user: str) -> tuple[bool | None, str]:
    if state.provisioning.scope == "all":
        return True, "all users are in scope"
    assigned, reason = state.assignees.is_assigned(user)
    if assigned is False and state.provisioning.scope is None:
        return None, "whether the scope is limited to assigned users is undetermined"
    return assigned, reason
