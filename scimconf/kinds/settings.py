"""The portal's provisioning settings: scope, notification address, deletion threshold, out-of-scope deletions.

All of them are keys of the secrets set. A setting that the spec omits is not managed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from scimconf.diagnostics import Diagnostic
from scimconf.documents import secrets as documents
from scimconf.kinds.exported import ExportedSpec, ExportRequest
from scimconf.kinds.fields import (
    UNSET,
    Field,
    Transition,
    desired_fields,
    export_fields,
    field_edits,
    observed_fields,
    or_unset,
)
from scimconf.kinds.kind import Changes, Kind, counted_guard, denied_reads, masked
from scimconf.kinds.provisioning import Affected, ProvisioningState, UsersWhoMove
from scimconf.plan import Change, DesiredItem, Effect, Guard, Resource
from scimconf.snapshot import Document, Json, Snapshot
from scimconf.spec.model import Spec
from scimconf.steps import OperationName, Step

if TYPE_CHECKING:
    from scimconf.plan.guards import GuardContext

_RESYNC = frozenset({Effect.RESYNC})
_WIDER = frozenset({Effect.RESYNC, Effect.PROVISIONS})
_NARROWER = frozenset({Effect.RESYNC, Effect.DEPROVISIONS})


def _settings(snapshot: Snapshot) -> documents.ProvisioningSettings:
    return documents.settings(snapshot.get("secrets"))


def _email_edit(email: Json) -> tuple[OperationName, Json]:
    return "set_members", {"Enabled": True, "Recipients": email} if email else {"Enabled": False}


def _threshold_edit(threshold: Json) -> tuple[OperationName, Json]:
    members = {"DeleteThresholdEnabled": True, "DeleteThresholdValue": threshold}
    return "set_members", members if threshold else {"DeleteThresholdEnabled": False}


FIELDS = (
    Field(
        ("provisioning", "scope"),
        "scope",
        documents.SCOPE,
        lambda snapshot: or_unset(_settings(snapshot).scope),
        lambda scope: ("set_flag", "true" if scope == "all" else "false"),
        (
            Transition((None,), ("assigned",), _RESYNC),
            Transition((None,), ("all",), _WIDER),
            Transition(("assigned",), ("all",), _WIDER),
            Transition(("all",), ("assigned",), _NARROWER),
        ),
    ),
    Field(
        ("provisioning", "notifications", "email"),
        "notification address",
        documents.NOTIFICATIONS,
        lambda snapshot: _settings(snapshot).email if _settings(snapshot).stores_email else UNSET,
        _email_edit,
    ),
    Field(
        ("provisioning", "deletion_threshold"),
        "accidental deletion threshold",
        documents.NOTIFICATIONS,
        lambda snapshot: _settings(snapshot).threshold if _settings(snapshot).stores_threshold else UNSET,
        _threshold_edit,
    ),
    Field(
        ("provisioning", "skip_out_of_scope_deletions"),
        "skip out-of-scope deletions",
        documents.SKIP_DELETIONS,
        lambda snapshot: or_unset(_settings(snapshot).skip_out_of_scope_deletions),
        lambda skips: ("set_flag", "True" if skips else "False"),
        (Transition((True,), (False,), frozenset({Effect.DEPROVISIONS})), Transition((False,), (True,))),
        default=False,
    ),
)


class SettingsKind(Kind):
    """`settings`: one for each application."""

    name = "settings"
    labels = ("setting", "settings")
    fields = FIELDS
    after = ("job",)
    guard_ids = ("scope-widened", "scope-narrowed", "deletion-threshold-disabled")

    def reads(self, spec: Spec) -> Iterable[Document]:
        if desired_fields(FIELDS, spec):
            yield documents.secrets(spec.connection)

    def check(self, spec: Spec, snapshot: Snapshot | None) -> Iterable[Diagnostic]:
        if snapshot is not None and desired_fields(FIELDS, spec):
            yield from denied_reads(snapshot, "K401", ("connection",), "secrets")
        for field in _masked(snapshot) if snapshot is not None else ():
            if field.from_spec(spec) is not UNSET:
                yield masked(field.key, field.path)

    def desired(self, spec: Spec, snapshot: Snapshot) -> Iterable[DesiredItem]:
        if desired_fields(FIELDS, spec):
            hidden = _masked(snapshot)
            yield Resource(self.address(spec), desired_fields((f for f in FIELDS if f not in hidden), spec))

    def observed(self, spec: Spec, snapshot: Snapshot) -> Iterable[Resource]:
        if snapshot.get("secrets") is not None and desired_fields(FIELDS, spec):
            yield Resource(self.address(spec), observed_fields(FIELDS, snapshot))

    def steps(self, spec: Spec, changes: Changes, snapshot: Snapshot) -> Iterable[Step]:
        for change in self.mine(changes):
            yield from field_edits(FIELDS, change, documents.secrets(spec.connection))

    def affected(self, change: Change) -> Mapping[Effect, Affected]:
        if change.field("scope") is None:
            return {}
        moves = {Effect.PROVISIONS, Effect.DEPROVISIONS}
        if change.field("skip_out_of_scope_deletions") is not None:
            moves -= {Effect.DEPROVISIONS}  # concerns users who left the scope before
        return dict.fromkeys(moves, UsersWhoMove())

    def project(self, state: ProvisioningState, changes: Changes, spec: Spec, snapshot: Snapshot) -> ProvisioningState:
        for change in changes:
            fields = {field.name: field.after for field in change.fields}
            skip = fields.get("skip_out_of_scope_deletions", state.skip_out_of_scope_deletions)
            scope = fields.get("scope", state.scope)
            threshold = fields.get("deletion_threshold", state.deletion_threshold)
            state = replace(
                state, scope=scope, skip_out_of_scope_deletions=bool(skip), deletion_threshold=threshold or None
            )
        return state

    def guards(self, changes: Changes, context: GuardContext) -> Iterable[Guard]:
        for change in changes:
            yield from _scope_guards(change, context)
            threshold = change.field("deletion_threshold")
            if threshold is not None and threshold.before is not None and threshold.after is None:
                message = "no cycle would stop before it disables or deletes a large number of users"
                yield Guard("deletion-threshold-disabled", message, address=change.address)

    def export(self, request: ExportRequest) -> ExportedSpec:
        hidden = _masked(request.snapshot)
        part = export_fields((field for field in FIELDS if field not in hidden), request)
        part.omitted += [f"Graph masks the stored value of {key}" for key in sorted({field.key for field in hidden})]
        return part


def _scope_guards(change: Change, context: GuardContext) -> Iterable[Guard]:
    scope = change.field("scope")
    if scope is None or not context.has_run:
        return
    if scope.before != "all" and scope.after == "all":
        message = "all users of the directory would be in scope; users who are not assigned may be created"
        yield counted_guard("scope-widened", message, change, Effect.PROVISIONS)
    elif scope.before == "all" and scope.after == "assigned":
        message = "all users who are not assigned would leave the scope and may be disabled"
        yield counted_guard("scope-narrowed", message, change, Effect.DEPROVISIONS)


def _masked(snapshot: Snapshot) -> tuple[Field, ...]:
    keys = documents.masked(snapshot.get("secrets"))
    return tuple(field for field in FIELDS if field.key in keys)
