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
from scimconf.kinds.kind import Changes, Kind, denied_reads, masked
from scimconf.plan import Action, Change, DesiredItem, DiffResult, Effect, FieldChange, Guard, Resource, WriteOnly
from scimconf.plan.guards import GuardContext
from scimconf.snapshot import Document, SecretRef, Snapshot
from scimconf.spec.addresses import FLAGS, keys
from scimconf.spec.addresses import masked as mask_secrets
from scimconf.spec.model import Connection, SecretReference, Spec
from scimconf.steps import Edit, OperationName, PendingDocument, Phase, Send, Step

_FIELDS = {key: field for field, key in KEYS.items()}
_ROTATION = ".rotation"
_URL = "base_address"


class ConnectionKind(Kind):
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
        yield from denied_reads(snapshot, "K401", ("connection",), "secrets")
        if spec.connection is None:
            return
        fields = _desired(spec.connection)
        for name in _masked_fields(fields, snapshot):
            yield masked(_key(name), ("connection", *name.split(".", 1)))
        if not _shows_tags(snapshot) and any(name.endswith(_ROTATION) for name in fields):
            message = "Graph did not return the tags of the service principal, so a changed rotation is not detected"
            hint = "`--resend-secrets` sends the secrets again."
            yield Diagnostic("K406", message, ("connection",), hint=hint, severity="warning")
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
        values, rows = documents.values(raw), snapshot.rows("service_principals")
        rotations = application.rotations(rows[0].get("tags")) if len(rows) == 1 else {}
        tags = {_field(key) + _ROTATION: rotation for key, rotation in rotations.items()}
        if values:
            yield Resource(self.address(spec), _observed(values, spec.connection) | tags)

    def change_effects(self, change: Change) -> frozenset[Effect]:
        """A parameter or a trailing slash of the tenant URL is not another endpoint."""
        url, effects = change.field(_URL), set[Effect]()
        if any(part.name != _URL for part in change.fields) or _is_other_endpoint(url):
            effects.add(Effect.CREDENTIALS)
        if url is not None and url.before is not None and _flags(url.before) != _flags(url.after):
            effects.add(Effect.DIALECT)
        return frozenset(effects)

    def effect_text(self, effect: Effect, change: Change) -> str:
        if effect is not Effect.CREDENTIALS:
            return ""
        if change.action is Action.CREATE:
            return "credentials are stored"
        texts = ["the stored credentials are replaced"] if any(part.name != _URL for part in change.fields) else []
        if _is_other_endpoint(change.field(_URL)):
            texts.append("users are provisioned to a different tenant URL")
        return ", and ".join(texts)

    def guards(self, changes: Changes, context: GuardContext) -> Iterable[Guard]:
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
        if spec.connection is not None and snapshot.get("service_principals") == []:
            for key, secret in documents.references(spec.connection):
                yield Diagnostic("K402", f"apply needs {secret} for {key}", severity="warning")
            return
        is_partial = any(isinstance(step, Edit) and step.document.partial for step in steps)
        for key, reference in needed_secrets(steps, snapshot).items():
            if reference is not None:
                message = f"apply needs {reference} for {key}: the secrets are written as a whole"
                yield Diagnostic("K402", message, severity="warning")
            elif not is_partial:
                message = f"the stored value of {key} cannot be read back, and the spec does not say where it is kept"
                hint = "All secrets are written together. Add a reference to the value under `connection`."
                yield Diagnostic("K403", f"{message}, so apply would stop", severity="warning", hint=hint)

    def steps(self, spec: Spec, changes: Changes, snapshot: Snapshot) -> Iterable[Step]:
        writers = [change for change in changes if change.kind in ("connection", "settings")]
        if spec.connection is None or not writers:
            return
        document = documents.secrets(spec.connection)
        for change in self.mine(changes):
            yield _try([change], saved=False)
            for key, value in _edits(change, spec.connection):
                operation: OperationName = "remove_value" if value is None else "set_value"
                yield Edit(Phase.BUILD, (change.address,), f"set {key}", document, operation, (key,), value)
        yield _try(writers, saved=True)
        if _shows_tags(snapshot):
            yield from _tags(spec.connection, writers)

    def export(self, request: ExportRequest) -> ExportedSpec:
        return export_connection(request)


def needed_secrets(steps: Iterable[Step], snapshot: Snapshot) -> Mapping[str, SecretRef | None]:
    """Return Graph's key → the reference that apply resolves; None where a masked value has no reference."""
    edits = [step for step in steps if isinstance(step, Edit) and step.document.name == "secrets"]
    if not edits:
        return {}
    needed: dict[str, SecretRef | None]
    needed = {edit.key[0]: edit.value for edit in edits if isinstance(edit.value, SecretRef)}
    document, removed = edits[0].document, {edit.key[0] for edit in edits if edit.operation == "remove_value"}
    for key in documents.masked(snapshot.get("secrets")):
        if key not in removed and key not in dict(document.plain):
            needed.setdefault(key, dict(document.references).get(key))
    return needed


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
    authentication = connection.authentication if connection.authentication != "other" else None
    texts = {"authentication": authentication, "base_address": connection.base_address}
    fields: dict[str, Any] = {name: text for name, text in texts.items() if text is not None}
    if connection.authentication in ("entra_token", "oauth2_client_credentials"):
        fields["secret_token"] = None
    if connection.oauth2 is not None:
        fields |= {"oauth2.token_url": connection.oauth2.token_url, "oauth2.client_id": connection.oauth2.client_id}
    plain = {key: value for key, value in connection.other.items() if not isinstance(value, SecretReference)}
    fields |= {_field(key): value for key, value in plain.items()}
    for key, reference in documents.written_secrets(connection):
        fields[_field(key)] = WriteOnly(str(reference))
        if reference.rotation is not None:
            fields[_field(key) + _ROTATION] = reference.rotation
    return fields


def _masked_fields(fields: Mapping[str, Any], snapshot: Snapshot) -> list[str]:
    """Return the fields that the spec writes in plain text and Graph masks."""
    keys = documents.masked(snapshot.get("secrets"))
    return [name for name, value in fields.items() if isinstance(value, str) and _key(name) in keys]


def _field(key: str) -> str:
    return _FIELDS.get(key, f"other.{key}")


def _key(field: str) -> str:
    return KEYS.get(field, field.removeprefix("other."))


def _observed(values: Mapping[str, str], connection: Connection) -> dict[str, Any]:
    fields: dict[str, Any] = {field: values.get(key) for field, key in KEYS.items()}
    fields["authentication"] = _authentication(values)
    for field in ("base_address", "oauth2.token_url"):  # a spec holds no secret in a URL, so the field still differs
        fields[field] = None if fields[field] is None else mask_secrets(fields[field])
    return fields | {_field(key): values.get(key) for key in connection.other}


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


def _edits(change: Change, connection: Connection) -> Iterable[tuple[str, str | SecretRef | None]]:
    """Return Graph's key and the value to write for each changed field; a changed rotation sends its secret."""
    references = dict(documents.references(connection))
    written: dict[str, str | SecretRef | None] = {}
    for part in change.fields:
        key = _key(part.name.removesuffix(_ROTATION))
        if part.name != "authentication":
            written[key] = references.get(key, part.after)
        elif part.after == "oauth2_client_credentials":
            written[key] = OAUTH2
        elif part.before == "oauth2_client_credentials":
            written |= dict.fromkeys((key, *(unused for unused in KEYS.values() if unused.startswith("Oauth2"))))
    return written.items()


def _try(changes: Changes, *, saved: bool) -> Send:
    addresses = tuple(change.address for change in changes)
    description = f"test the connection with the {'stored' if saved else 'new'} credentials"
    credentials: Any = [] if saved else PendingDocument("secrets")
    body = {"templateId": "{template}", "useSavedCredentials": saved, "credentials": credentials}
    path = f"{job.BASE}/jobs/{{job}}/validateCredentials"
    before, after = ("", "secrets") if saved else ("secrets", "")
    return Send(Phase.BUILD, addresses, description, "POST", path, body, before_write=before, after_write=after)


def _tags(connection: Connection, changes: Changes) -> Iterable[Step]:
    """Yield an edit that records each rotation in a tag, once the secrets are written."""
    addresses = tuple(change.address for change in changes)
    for key, reference in documents.written_secrets(connection):
        if reference.rotation is not None:
            text, value, document = f"record rotation of {key}", reference.rotation, application.service_principal()
            yield Edit(Phase.BUILD, addresses, text, document, "set_tag", (key,), value, after_write="secrets")
