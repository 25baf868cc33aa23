"""The connection: the tenant URL and the credentials by which the service reaches the application.

Values are write-only: Graph shows only that a secret is stored; its rotation is kept as a tag of the service principal.
New values are tried before they are stored, and the stored ones before provisioning starts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from scimconf.diagnostics import Diagnostic
from scimconf.documents import application, job
from scimconf.documents import secrets as documents
from scimconf.kinds.exported import ExportedSpec, ExportRequest
from scimconf.kinds.exported_connection import KEYS, OAUTH2, export_connection
from scimconf.kinds.kind import Base, Effects, denied_read, masked
from scimconf.plan import (
    Action,
    Address,
    Change,
    DesiredItem,
    DiffResult,
    Effect,
    FieldChange,
    Guard,
    Resource,
    WriteOnly,
)
from scimconf.plan.guards import GuardContext
from scimconf.snapshot import Document, SecretRef, Snapshot
from scimconf.spec.addresses import FLAGS, keys
from scimconf.spec.addresses import masked as mask_secrets
from scimconf.spec.model import Connection, SecretReference, Spec
from scimconf.steps import Edit, OperationName, PendingDocument, Phase, Send, Step

_FIELDS = {key: field for field, key in KEYS.items()}
_ROTATION = ".rotation"
_URL = "base_address"


class ConnectionKind(Base):
    """`connection`: one for each application; only the fields that the spec writes are managed."""

    name = "connection"
    labels = ("connection", "connections")
    after = ("job",)
    guard_ids = ("endpoint-changed", "secret-unavailable")
    effects_before_start = frozenset({Effect.CREDENTIALS})

    def reads(self, spec: Spec) -> Iterable[Document]:
        if spec.connection is not None:
            yield documents.secrets(spec.connection)

    def check(self, spec: Spec, snapshot: Snapshot | None) -> Iterable[Diagnostic]:
        if snapshot is None:
            return
        yield from denied_read(snapshot, "secrets", "K401", ("connection",))
        if spec.connection is None:
            return
        fields = _desired(spec.connection)
        for name in _masked_fields(fields, snapshot):
            yield masked(_key(name), ("connection", *name.split(".", 1)))
        if not _shows_tags(snapshot) and any(name.endswith(_ROTATION) for name in fields):
            yield _rotation_not_visible()
        raw = snapshot.get("secrets")
        address = spec.connection.base_address or documents.values(raw).get("BaseAddress")
        if spec.connection.authentication == "entra_token" and raw is not None and address is None:
            message = "the connection has no tenant URL, and `authentication: entra_token` requires one"
            yield Diagnostic("K405", message, ("connection",), hint="Write `base_address: https://…`.")

    def desired(self, spec: Spec, snapshot: Snapshot) -> Iterable[DesiredItem]:
        if spec.connection is not None:
            fields = _desired(spec.connection)
            hidden = _masked_fields(fields, snapshot)
            if not _shows_tags(snapshot):
                hidden += [name for name in fields if name.endswith(_ROTATION)]
            yield Resource(self.address(spec), {name: value for name, value in fields.items() if name not in hidden})

    def observed(self, spec: Spec, snapshot: Snapshot) -> Iterable[Resource]:
        raw = snapshot.get("secrets")
        if raw is None or spec.connection is None:
            return
        fields = _observed(documents.values(raw), spec.connection)
        for key, rotation in _rotations(snapshot).items():
            fields[_field(key) + _ROTATION] = rotation
        if documents.values(raw):
            yield Resource(self.address(spec), fields)

    def effects(self, changes: Sequence[Change], snapshot: Snapshot) -> Effects:
        return {change.address: _effects(change) for change in changes}

    def effect_text(self, effect: Effect, change: Change) -> str:
        if effect is not Effect.CREDENTIALS:
            return ""
        if change.action is Action.CREATE:
            return "credentials are stored"
        texts = ["the stored credentials are replaced"] if any(part.name != _URL for part in change.fields) else []
        if _is_other_endpoint(change.field(_URL)):
            texts.append("users are provisioned to a different tenant URL")
        return ", and ".join(texts)

    def guards(self, changes: Sequence[Change], context: GuardContext) -> Iterable[Guard]:
        for change in changes if context.has_run else ():
            url = change.field(_URL)
            if url is not None and url.before is not None and _is_other_endpoint(url):
                message = f"users would be provisioned to {url.after} instead of {url.before}"
                yield Guard("endpoint-changed", message, address=change.address)
        if context.unavailable_secrets:
            keys, count = ", ".join(context.unavailable_secrets), len(context.unavailable_secrets)
            message = (
                f"the spec has no value for {keys}; only the changed keys would be sent, which may delete the others"
            )
            yield Guard("secret-unavailable", message, count=count)

    def warnings(
        self, spec: Spec, snapshot: Snapshot, difference: DiffResult, steps: Sequence[Step]
    ) -> Iterable[Diagnostic]:
        is_partial = any(isinstance(step, Edit) and step.document.partial for step in steps)
        for key, reference in needed_secrets(steps, snapshot).items():
            if reference is not None:
                yield Diagnostic(
                    "K402", f"apply needs {reference} for {key}: the secrets are written as a whole", severity="warning"
                )
            elif not is_partial:
                yield Diagnostic(
                    "K403",
                    f"the stored value of {key} cannot be read back, and the spec does not say where it is kept, so apply would stop",
                    severity="warning",
                    hint="All secrets are written together. Add a reference to the value under `connection`.",
                )

    def steps(self, spec: Spec, changes: Sequence[Change], snapshot: Snapshot) -> Iterable[Step]:
        writers = [change for change in changes if change.kind in ("connection", "settings")]
        if spec.connection is None or not writers:
            return
        document = documents.secrets(spec.connection)
        for change in self.mine(changes):
            addresses = (change.address,)
            yield _try(addresses, "test the connection with the new credentials", saved=False)
            for key, value in _edits(change, spec.connection):
                operation: OperationName = "remove_value" if value is None else "set_value"
                yield Edit(Phase.BUILD, addresses, f"set {key}", document, operation, (key,), value)
        writer_addresses = tuple(change.address for change in writers)
        yield _try(writer_addresses, "test the connection with the stored credentials", saved=True)
        if _shows_tags(snapshot):
            yield from _tags(spec.connection, writer_addresses, document)

    def export(self, request: ExportRequest) -> ExportedSpec:
        return export_connection(request)


def needed_secrets(steps: Iterable[Step], snapshot: Snapshot) -> Mapping[str, SecretRef | None]:
    """Return Graph's key → the reference that apply resolves; None where a masked value has no reference."""
    edits = [step for step in steps if isinstance(step, Edit) and step.document.name == "secrets"]
    if not edits:
        return {}
    needed: dict[str, SecretRef | None] = {
        edit.key[0]: edit.value for edit in edits if isinstance(edit.value, SecretRef)
    }
    document, removed = edits[0].document, {edit.key[0] for edit in edits if edit.operation == "remove_value"}
    for key in documents.masked(snapshot.get("secrets")):
        if key not in removed and key not in dict(document.plain):
            needed.setdefault(key, dict(document.references).get(key))
    return needed


def _effects(change: Change) -> frozenset[Effect]:
    """A parameter or a trailing slash of the tenant URL is not another endpoint."""
    url = change.field(_URL)
    if any(part.name != _URL for part in change.fields) or _is_other_endpoint(url):
        credentials = frozenset({Effect.CREDENTIALS})
    else:
        credentials = frozenset()
    is_dialect = url is not None and _flags(url.before) != _flags(url.after) and url.before is not None
    return credentials | ({Effect.DIALECT} if is_dialect else set())


def _is_other_endpoint(url: FieldChange | None) -> bool:
    return url is not None and _endpoint(url.before) != _endpoint(url.after)


def _endpoint(url: str | None) -> tuple[str, str, frozenset[str]]:
    """Return scheme and host, path, and the keys of the query that are no flags of the service."""
    parts = urlsplit(url or "")
    return f"{parts.scheme}://{parts.netloc}".lower(), parts.path.rstrip("/"), frozenset(keys(url or "")) - _flags(url)


def _flags(url: str | None) -> frozenset[str]:
    """Return the keys of the query that choose how the service writes PATCH requests."""
    return frozenset(key for key in keys(url or "") if key.lower() in FLAGS)


def _desired(connection: Connection) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if connection.authentication not in (None, "other"):
        fields["authentication"] = connection.authentication
    if connection.base_address is not None:
        fields["base_address"] = connection.base_address
    if connection.authentication in ("entra_token", "oauth2_client_credentials"):
        fields["secret_token"] = None
    if connection.oauth2 is not None:
        fields["oauth2.token_url"] = connection.oauth2.token_url
        fields["oauth2.client_id"] = connection.oauth2.client_id
    for key, value in connection.other.items():
        if not isinstance(value, SecretReference):
            fields[_field(key)] = value
    for key, reference in documents.written_secrets(connection):
        fields[_field(key)] = WriteOnly(str(reference))
        if reference.rotation is not None:
            fields[_field(key) + _ROTATION] = reference.rotation
    return fields


def _masked_fields(fields: Mapping[str, Any], snapshot: Snapshot) -> list[str]:
    """Return the fields that the spec writes in plain text and Graph masks."""
    keys = documents.masked(snapshot.get("secrets"))
    return [name for name, value in fields.items() if isinstance(value, str) and _key(name) in keys]


def _rotation_not_visible() -> Diagnostic:
    message = "Graph did not return the tags of the service principal, so a changed rotation is not detected"
    return Diagnostic(
        "K406", message, ("connection",), hint="`--resend-secrets` sends the secrets again.", severity="warning"
    )


def _field(key: str) -> str:
    return _FIELDS.get(key, f"other.{key}")


def _key(field: str) -> str:
    return KEYS.get(field, field.removeprefix("other."))


def _observed(values: Mapping[str, str], connection: Connection) -> dict[str, Any]:
    fields: dict[str, Any] = {field: values.get(key) for field, key in KEYS.items()}
    fields["authentication"] = _authentication(values)
    for field in ("base_address", "oauth2.token_url"):  # a spec holds no secret in a URL, so the field still differs
        fields[field] = None if fields[field] is None else mask_secrets(fields[field])
    for key in connection.other:
        fields[_field(key)] = values.get(key)
    return fields


def _authentication(values: Mapping[str, str]) -> str | None:
    if values.get("AuthenticationType") == OAUTH2:
        return "oauth2_client_credentials"
    if "SecretToken" in values:
        return "bearer"
    return "entra_token" if "BaseAddress" in values else None


def _shows_tags(snapshot: Snapshot) -> bool:
    """Return whether rotations can be compared: without the permission to read tags they cannot."""
    rows = snapshot.rows("service_principals")
    return not rows or "tags" in rows[0]


def _rotations(snapshot: Snapshot) -> Mapping[str, str]:
    rows = snapshot.rows("service_principals")
    return application.rotations(rows[0].get("tags")) if len(rows) == 1 else {}


def _edits(change: Change, connection: Connection) -> Iterable[tuple[str, str | SecretRef | None]]:
    """Return Graph's key and the value to write for each changed field; a changed rotation sends its secret."""
    references = dict(documents.references(connection))
    written: dict[str, str | SecretRef | None] = {}
    for part in change.fields:
        written.update(_pairs(part, references))
    return written.items()


def _pairs(part: FieldChange, references: Mapping[str, SecretRef]) -> Iterable[tuple[str, str | SecretRef | None]]:
    if part.name == "authentication":
        if part.after == "oauth2_client_credentials":
            yield "AuthenticationType", OAUTH2
        elif part.before == "oauth2_client_credentials":
            for unused in ("AuthenticationType", *(key for key in KEYS.values() if key.startswith("Oauth2"))):
                yield unused, None
        return
    key = _key(part.name.removesuffix(_ROTATION))
    yield key, references.get(key, part.after)


def _try(addresses: tuple[Address, ...], description: str, *, saved: bool) -> Send:
    body = {
        "templateId": "{template}",
        "useSavedCredentials": saved,
        "credentials": [] if saved else PendingDocument("secrets"),
    }
    return Send(
        Phase.BUILD,
        addresses,
        description,
        "POST",
        f"{job.BASE}/jobs/{{job}}/validateCredentials",
        body,
        before_write="" if saved else "secrets",
        after_write="secrets" if saved else "",
    )


def _tags(connection: Connection, addresses: tuple[Address, ...], secrets: Document) -> Iterable[Step]:
    """Yield an edit that records each rotation in a tag, once the secrets are written."""
    for key, reference in documents.written_secrets(connection):
        if reference.rotation is not None:
            yield Edit(
                Phase.BUILD,
                addresses,
                f"record rotation of {key}",
                application.service_principal(),
                "set_tag",
                (key,),
                reference.rotation,
                after_write=secrets.name,
            )
