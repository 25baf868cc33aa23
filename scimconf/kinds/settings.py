"""The portal's settings: scope, notification mail, accidental-deletion threshold, skipped deletions.

All of them are keys of the secrets set; a setting that is not written is carried over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from scimconf.diagnostics import Diagnostic
from scimconf.documents import secrets as documents
from scimconf.kinds.kind import Base, Effects, masked
from scimconf.plan import Change, DesiredItem, Effect, FieldChange, Resource
from scimconf.snapshot import Document, Snapshot
from scimconf.spec.model import Provisioning, Spec
from scimconf.steps import Edit, OperationName, Phase, Step


class SettingsKind(Base):
    """`settings`: one for each application."""

    name = "settings"
    after = ("job",)

    def reads(self, spec: Spec) -> Iterable[Document]:
        if _written(spec.provisioning):
            yield documents.secrets(spec.connection)

    def check(self, spec: Spec, snapshot: Snapshot | None) -> Iterable[Diagnostic]:
        for name in _hidden(spec, snapshot) if snapshot is not None else ():
            yield masked(_KEYS[name], ("provisioning", *name.split(".")))

    def desired(self, spec: Spec, snapshot: Snapshot) -> Iterable[DesiredItem]:
        fields, unseen = _written(spec.provisioning), _hidden(spec, snapshot)
        if fields:
            yield Resource(self.address(spec), {name: one for name, one in fields.items() if name not in unseen})

    def observed(self, spec: Spec, snapshot: Snapshot) -> Iterable[Resource]:
        raw = snapshot.get("secrets")
        if raw is None or not _written(spec.provisioning):
            return
        values, mails = documents.values(raw), documents.notifications(raw)
        everyone = documents.flag(values.get("SyncAll"))
        threshold = (mails.get("DeleteThresholdValue") or 0) if mails.get("DeleteThresholdEnabled") else None
        yield Resource(
            self.address(spec),
            {
                "scope": None if everyone is None else "all" if everyone else "assigned",
                "notifications.email": (mails.get("Recipients") or None) if mails.get("Enabled") else None,
                "deletion_threshold": threshold,
                "skip_out_of_scope_deletions": bool(documents.flag(values.get("SkipOutOfScopeDeletions"))),
            },
        )

    def steps(self, spec: Spec, changes: Sequence[Change], snapshot: Snapshot) -> Iterable[Step]:
        for change in self.mine(changes):
            for one in change.fields:
                operation, key, value = _edit(one)
                yield Edit(
                    Phase.BUILD,
                    (change.address,),
                    f"set {one.name}",
                    documents.secrets(spec.connection),
                    operation,
                    (key,),
                    value,
                )

    def effects(self, changes: Sequence[Change], snapshot: Snapshot) -> Effects:
        return {change.address: frozenset().union(*(_effects(one) for one in change.fields)) for change in changes}


_KEYS = {
    "scope": "SyncAll",
    "notifications.email": documents.NOTIFICATIONS,
    "deletion_threshold": documents.NOTIFICATIONS,
    "skip_out_of_scope_deletions": "SkipOutOfScopeDeletions",
}


def _hidden(spec: Spec, snapshot: Snapshot) -> list[str]:
    """The written settings that the service does not show."""
    unseen = documents.masked(snapshot.get("secrets"))
    return [name for name in _written(spec.provisioning) if _KEYS[name] in unseen]


def _written(provisioning: Provisioning) -> Mapping[str, Any]:
    fields: dict[str, Any] = {}
    if provisioning.scope is not None:
        fields["scope"] = provisioning.scope
    if provisioning.notifications is not None:
        email = provisioning.notifications.email
        fields["notifications.email"] = None if email == "none" else email
    if provisioning.deletion_threshold is not None:
        threshold = provisioning.deletion_threshold
        fields["deletion_threshold"] = None if threshold == "none" else threshold
    if provisioning.skip_out_of_scope_deletions is not None:
        fields["skip_out_of_scope_deletions"] = provisioning.skip_out_of_scope_deletions
    return fields


def _edit(one: FieldChange) -> tuple[OperationName, str, Any]:
    """The operation, key and value that make one setting so."""
    if one.name == "scope":
        return "set_flag", "SyncAll", "true" if one.after == "all" else "false"
    if one.name == "skip_out_of_scope_deletions":
        return "set_flag", "SkipOutOfScopeDeletions", "True" if one.after else "False"
    if one.name == "notifications.email":
        mail = {"Enabled": True, "Recipients": one.after} if one.after else {"Enabled": False}
        return "set_members", documents.NOTIFICATIONS, mail
    limit = {"DeleteThresholdEnabled": True, "DeleteThresholdValue": one.after}
    return "set_members", documents.NOTIFICATIONS, limit if one.after else {"DeleteThresholdEnabled": False}


def _effects(one: FieldChange) -> frozenset[Effect]:
    if one.name == "scope" and one.before is not None:
        return frozenset({Effect.RESYNC, Effect.PROVISIONS if one.after == "all" else Effect.DEPROVISIONS})
    if one.name == "scope":
        return frozenset({Effect.RESYNC, Effect.PROVISIONS}) if one.after == "all" else frozenset({Effect.RESYNC})
    if one.name == "skip_out_of_scope_deletions" and one.before and not one.after:
        return frozenset({Effect.DEPROVISIONS})
    return frozenset()
