"""The connection: the address and the credentials by which the service reaches the application.

Values are write-only: of a stored secret only its presence shows, and its rotation as a tag of the service principal.
New values are tried before they are stored, and the stored ones before anything starts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from scimconf.diagnostics import Diagnostic
from scimconf.documents import application, job
from scimconf.documents import secrets as documents
from scimconf.kinds.kind import Base, Effects, masked, refused
from scimconf.plan import Address, Change, DesiredItem, Effect, FieldChange, Resource, WriteOnly
from scimconf.snapshot import Document, SecretRef, Snapshot
from scimconf.spec.addresses import masked as shown
from scimconf.spec.model import Connection, SecretReference, Spec
from scimconf.steps import Edit, OperationName, PendingDocument, Phase, Send, Step

OAUTH2 = "OAuth2ClientCredentialsGrant"
KEYS = {
    "authentication": "AuthenticationType",
    "base_address": "BaseAddress",
    "secret_token": "SecretToken",
    "oauth2.token_url": "Oauth2TokenExchangeUri",
    "oauth2.client_id": "Oauth2ClientId",
    "oauth2.client_secret": "Oauth2ClientSecret",
}
_FIELDS = {key: field for field, key in KEYS.items()}
_ROTATION = ".rotation"


class ConnectionKind(Base):
    """`connection`: one for each application; only what the spec writes is managed."""

    name = "connection"
    after = ("job",)

    def reads(self, spec: Spec) -> Iterable[Document]:
        if spec.connection is not None:
            yield documents.secrets(spec.connection)

    def check(self, spec: Spec, snapshot: Snapshot | None) -> Iterable[Diagnostic]:
        if snapshot is None:
            return
        yield from refused(snapshot, "secrets", "K401", ("connection",), "Synchronization.ReadWrite.All")
        if spec.connection is None:
            return
        fields = _desired(spec.connection)
        for name in _hidden(fields, snapshot):
            yield masked(_key(name), ("connection", *name.split(".", 1)))
        if not _shows_tags(snapshot) and any(name.endswith(_ROTATION) for name in fields):
            yield _rotation_not_visible()
        raw = snapshot.get("secrets")
        address = spec.connection.base_address or documents.values(raw).get("BaseAddress")
        if spec.connection.authentication == "entra_token" and raw is not None and address is None:
            said = "the application has no address yet, and Entra's own token needs one to go to"
            yield Diagnostic("K405", said, ("connection",), hint="Write `base_address:`.")

    def desired(self, spec: Spec, snapshot: Snapshot) -> Iterable[DesiredItem]:
        if spec.connection is not None:
            fields = _desired(spec.connection)
            unseen = _hidden(fields, snapshot)
            if not _shows_tags(snapshot):
                unseen += [name for name in fields if name.endswith(_ROTATION)]
            yield Resource(self.address(spec), {name: one for name, one in fields.items() if name not in unseen})

    def observed(self, spec: Spec, snapshot: Snapshot) -> Iterable[Resource]:
        raw = snapshot.get("secrets")
        if raw is None or spec.connection is None:
            return
        fields = _observed(documents.values(raw), spec.connection)
        for key, rotation in _rotations(snapshot).items():
            fields[_field(key) + _ROTATION] = rotation
        if documents.values(raw):
            yield Resource(self.address(spec), fields)

    def steps(self, spec: Spec, changes: Sequence[Change], snapshot: Snapshot) -> Iterable[Step]:
        writers = [change for change in changes if change.kind in ("connection", "settings")]
        if spec.connection is None or not writers:
            return
        document = documents.secrets(spec.connection)
        for change in self.mine(changes):
            serves = (change.address,)
            yield _try(serves, "try the new credentials", saved=False)
            for key, value in _edits(change, spec.connection):
                operation: OperationName = "remove_value" if value is None else "set_value"
                yield Edit(Phase.BUILD, serves, f"set {key}", document, operation, (key,), value)
        everyone = tuple(change.address for change in writers)
        yield _try(everyone, "try the stored credentials", saved=True)
        if _shows_tags(snapshot):
            yield from _tags(spec.connection, everyone, document)

    def effects(self, changes: Sequence[Change], snapshot: Snapshot) -> Effects:
        return {change.address: frozenset({Effect.CREDENTIALS}) for change in changes}


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


def _hidden(fields: Mapping[str, Any], snapshot: Snapshot) -> list[str]:
    """The fields whose values the service does not show, though they are no secrets to us."""
    unseen = documents.masked(snapshot.get("secrets"))
    return [name for name, value in fields.items() if isinstance(value, str) and _key(name) in unseen]


def _rotation_not_visible() -> Diagnostic:
    said = "the tags of the service principal cannot be read, so a rotation is not visible and sends nothing"
    return Diagnostic("K406", said, ("connection",), hint="`--resend-secrets` sends it.", severity="warning")


def _field(key: str) -> str:
    return _FIELDS.get(key, f"other.{key}")


def _key(field: str) -> str:
    return KEYS.get(field, field.removeprefix("other."))


def _observed(values: Mapping[str, str], connection: Connection) -> dict[str, Any]:
    fields: dict[str, Any] = {field: values.get(key) for field, key in KEYS.items()}
    fields["authentication"] = _authentication(values)
    for field in ("base_address", "oauth2.token_url"):  # a spec never holds such a one, so it differs all the same
        fields[field] = None if fields[field] is None else shown(fields[field])
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
    """Whether rotations can be seen: not before the application exists, nor without the permission to read its tags."""
    rows = snapshot.rows("service_principals")
    return not rows or "tags" in rows[0]


def _rotations(snapshot: Snapshot) -> Mapping[str, str]:
    rows = snapshot.rows("service_principals")
    return application.rotations(rows[0].get("tags")) if len(rows) == 1 else {}


def _edits(change: Change, connection: Connection) -> Iterable[tuple[str, str | SecretRef | None]]:
    """Graph's key and the value to write, for each field that changes; a rotation sends its secret."""
    references = dict(documents.references(connection))
    written: dict[str, str | SecretRef | None] = {}
    for one in change.fields:
        written.update(_pairs(one, references))
    return written.items()


def _pairs(one: FieldChange, references: Mapping[str, SecretRef]) -> Iterable[tuple[str, str | SecretRef | None]]:
    if one.name == "authentication":
        if one.after == "oauth2_client_credentials":
            yield "AuthenticationType", OAUTH2
        elif one.before == "oauth2_client_credentials":
            for unused in ("AuthenticationType", *(key for key in KEYS.values() if key.startswith("Oauth2"))):
                yield unused, None
        return
    key = _key(one.name.removesuffix(_ROTATION))
    yield key, references.get(key, one.after)


def _try(serves: tuple[Address, ...], says: str, *, saved: bool) -> Send:
    body = {
        "templateId": "{template}",
        "useSavedCredentials": saved,
        "credentials": [] if saved else PendingDocument("secrets"),
    }
    return Send(
        Phase.BUILD,
        serves,
        says,
        "POST",
        f"{job.BASE}/jobs/{{job}}/validateCredentials",
        body,
        before_write="" if saved else "secrets",
        after_write="secrets" if saved else "",
    )


def _tags(connection: Connection, serves: tuple[Address, ...], secrets: Document) -> Iterable[Step]:
    """After the write of the secrets every rotation is said in a tag, also where the value was only sent along."""
    for key, reference in documents.written_secrets(connection):
        if reference.rotation is not None:
            yield Edit(
                Phase.BUILD,
                serves,
                f"note the rotation of {key}",
                application.service_principal(),
                "set_tag",
                (key,),
                reference.rotation,
                after_write=secrets.name,
            )
