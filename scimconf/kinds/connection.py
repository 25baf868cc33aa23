"""The connection: the tenant URL and the credentials by which the service reaches the application.

Values are write-only: Graph shows only that a secret is stored; its rotation is kept as a tag of the service principal.
New values are tried before they are stored, and the stored ones before provisioning starts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from scimconf.diagnostics import Diagnostic
from scimconf.documents import application, job
from scimconf.documents import secrets as documents
from scimconf.kinds.exported import ExportedSpec, ExportRequest
from scimconf.kinds.exported_connection import KEYS, export_connection, field_of
from scimconf.kinds.kind import AUTHORIZE, Changes, Kind, counted_guard, denied_reads, masked
from scimconf.kinds.provisioning import Affected, UsersInScope
from scimconf.kinds.sent_secrets import (
    SentSecret,
    needed_secrets,
    record_edits,
    redirection_message,
    sent_secrets,
    shows_tags,
)
from scimconf.plan import Action, Change, DesiredItem, DiffResult, Effect, FieldChange, Guard, Resource, WriteOnly
from scimconf.snapshot import Document, Json, SecretRef, Snapshot
from scimconf.spec.addresses import endpoint, flags
from scimconf.spec.addresses import masked as mask_secrets
from scimconf.spec.model import Connection, SecretReference, Spec
from scimconf.spec.model.connection import SERVICE_OWNED
from scimconf.steps import Edit, OperationName, PendingDocument, Phase, Send, Step

if TYPE_CHECKING:
    from scimconf.plan.guards import GuardContext, RedirectedSecret

_ROTATION = ".rotation"
_URL = "base_address"
_DIALECT = (
    "the service sends PATCH requests in a different format (booleans, removed members, roles); "
    "a connection test sends no PATCH request, so it does not show whether the application accepts them"
)

_AUTHORIZATION_LOST = (
    "the stored credentials are replaced: the authorization that an administrator gave in the portal is lost, "
    "and only an administrator can give it again"
)
_NEW_ENDPOINT = (
    "which receives the credentials; Microsoft documents no initial cycle after such a change, so users who do not "
    "change are not sent to it until provisioning is restarted"
)


class ConnectionKind(Kind):
    """`connection`: one for each application; only the fields that the spec writes are managed."""

    name = "connection"
    labels = ("connection", "connections")
    after = ("job",)
    guard_ids = ("endpoint-changed", "secret-redirected", "secret-unavailable")
    effects_before_start = frozenset({Effect.CREDENTIALS})

    def reads(self, spec: Spec) -> Iterable[Document]:
        if spec.connection is not None or spec.provisioning.enabled:
            yield documents.secrets(spec.connection)

    def check(self, spec: Spec, snapshot: Snapshot | None) -> Iterable[Diagnostic]:
        if snapshot is None:
            return
        yield from _missing_credentials(spec, snapshot)
        if spec.connection is None:
            return
        yield from denied_reads(snapshot, "K401", ("connection",), "secrets")
        fields = _desired(spec.connection)
        for name in _masked_fields(fields, snapshot):
            yield masked(_key(name), ("connection", *name.split(".", 1)))
        if not shows_tags(snapshot) and any(name.endswith(_ROTATION) for name in fields):
            message = "Graph did not return the tags of the service principal, so a changed rotation is not detected"
            hint = "`--resend-secrets` sends the secrets again."
            yield Diagnostic("K406", message, ("connection",), hint=hint, severity="warning")
        yield from _missing_url(spec.connection, spec, snapshot)

    def desired(self, spec: Spec, snapshot: Snapshot) -> Iterable[DesiredItem]:
        fields = _desired(spec.connection) if spec.connection is not None else {}
        if fields:
            hidden = _masked_fields(fields, snapshot)
            if not shows_tags(snapshot):
                hidden += [name for name in fields if name.endswith(_ROTATION)]
            yield Resource(self.address(spec), {name: value for name, value in fields.items() if name not in hidden})

    def observed(self, spec: Spec, snapshot: Snapshot) -> Iterable[Resource]:
        raw = snapshot.get("secrets")
        if raw is None or spec.connection is None or not _desired(spec.connection):
            return
        values, rows = documents.values(raw), snapshot.rows("service_principals")
        rotations = application.rotations(rows[0].get("tags")) if len(rows) == 1 else {}
        tags = {field_of(key) + _ROTATION: rotation for key, rotation in rotations.items()}
        if values:
            yield Resource(self.address(spec), _observed(raw, spec.connection) | tags)

    def change_effects(self, change: Change) -> frozenset[Effect]:
        """A flag of the service or a trailing slash of the tenant URL is not another endpoint."""
        url, effects = change.field(_URL), set[Effect]()
        if any(part.name != _URL or part.before is None for part in change.fields):
            effects.add(Effect.CREDENTIALS)
        if _is_other_endpoint(url):
            effects.add(Effect.ENDPOINT)
        if url is not None and url.before is not None and flags(url.before) != flags(url.after or ""):
            effects.add(Effect.DIALECT)
        return frozenset(effects)

    def effect_text(self, effect: Effect, change: Change) -> str:
        if effect is Effect.CREDENTIALS and change.action is Action.CREATE:
            return "credentials are stored; Entra does not return them, so another value is sent only with another rotation"
        authentication = change.field("authentication")
        if effect is Effect.CREDENTIALS and authentication is not None and authentication.before == "portal":
            return _AUTHORIZATION_LOST
        return _DIALECT if effect is Effect.DIALECT else ""

    def affected(self, change: Change) -> Mapping[Effect, Affected]:
        """Return that another endpoint concerns every user in scope after the plan."""
        return {Effect.ENDPOINT: UsersInScope()} if Effect.ENDPOINT in change.effects else {}

    def guards(self, changes: Changes, context: GuardContext) -> Iterable[Guard]:
        if context.has_run:
            yield from _redirections(changes, context.redirected_secrets)
        if context.unavailable_secrets:
            yield _unavailable(context.unavailable_secrets)

    def warnings(
        self, spec: Spec, snapshot: Snapshot, difference: DiffResult, steps: Sequence[Step]
    ) -> Iterable[Diagnostic]:
        if spec.connection is not None and snapshot.get("service_principals") == []:
            return
        is_partial = any(isinstance(step, Edit) and step.document.partial for step in steps)
        needed = needed_secrets(steps, snapshot)
        own = [key for key in needed if key in SERVICE_OWNED]
        if own and not is_partial:
            yield _authorized_in_portal(own, steps)
        for key, reference in needed.items():
            if reference is None and not is_partial and key not in SERVICE_OWNED:
                message = f"the stored value of {key} cannot be read back, and the spec has no reference for it"
                hint = "All secrets are written together. Add a reference under `connection`."
                yield Diagnostic("K403", f"{message}, so apply would stop", severity="warning", hint=hint)

    def steps(self, spec: Spec, changes: Changes, snapshot: Snapshot) -> Iterable[Step]:
        writers = [change for change in changes if change.kind in ("connection", "settings")]
        if spec.connection is None or not writers:
            return
        own = list(self.mine(changes))
        edits = [edit for change in own for edit in _value_edits(change, spec.connection)]
        sent = sent_secrets(spec.connection, edits, snapshot)
        is_late = _records_late(own, sent, snapshot)
        records = list(record_edits(sent, snapshot, first=not is_late))
        # a change of settings sends the secrets too: nobody can tell whether their values are those that are stored
        if (own or sent) and spec.connection.authentication != "portal":  # there only the service has the credentials
            test = _try(own, spec.connection, saved=False)
            yield test if is_late or not records else replace(test, before_write=records[0].document.name)
        if not is_late:
            yield from records
        yield from edits
        if spec.connection.authentication != "portal" or documents.service_owned(snapshot.get("secrets")):
            # without these tokens, the test before the start says what to authorize
            yield _try(writers, spec.connection, saved=True)
        if own and shows_tags(snapshot):
            yield from _tags(spec.connection, writers)
        if is_late:
            yield from records

    def export(self, request: ExportRequest) -> ExportedSpec:
        return export_connection(request)


def _missing_url(connection: Connection, spec: Spec, snapshot: Snapshot) -> Iterator[Diagnostic]:
    """Yield an error if there is no tenant URL, and Entra's own token or the template `scim` requires one.

    Stored credentials are not judged: an export of them has to show no changes.
    """
    raw, hint = snapshot.get("secrets"), "Write `base_address: https://…`."
    address = connection.base_address or documents.values(raw).get("BaseAddress")
    if address is not None or connection.authentication == "portal" or not _knows_credentials(spec, snapshot):
        return
    if connection.authentication == "entra_token":
        message = "the connection has no tenant URL, and `authentication: entra_token` requires one"
        yield Diagnostic("K405", message, ("connection",), hint=hint)
    elif _desired(connection) and not _stored(raw) and _is_custom(spec, snapshot):
        message = "the connection has no tenant URL, and an application that is not from the gallery requires one"
        hint += " If the application is in the gallery, create it from there: `create: {from_template: NAME}`."
        yield Diagnostic("K405", message, ("connection",), hint=hint)


def _knows_credentials(spec: Spec, snapshot: Snapshot) -> bool:
    """Return whether the stored credentials are known; a new application has none."""
    is_new = spec.application.create is not None and snapshot.get("service_principals") == []
    return is_new or snapshot.get("secrets") is not None


def _stored(raw: Json) -> frozenset[str]:
    """Return the stored keys that are credentials or an address, and no settings."""
    return frozenset(documents.values(raw)) - documents.SETTINGS


def _is_custom(spec: Spec, snapshot: Snapshot) -> bool:
    """Return whether the application is known to be a non-gallery application, or will be created as one."""
    rows, create = snapshot.rows("service_principals"), spec.application.create
    if rows:
        return all(row.get("applicationTemplateId") == application.CUSTOM_TEMPLATE for row in rows)
    return create is not None and create.from_template == "custom"


def _missing_credentials(spec: Spec, snapshot: Snapshot) -> Iterator[Diagnostic]:
    """Yield a warning if provisioning is to run and neither the spec nor the tenant has credentials."""
    raw, connection = snapshot.get("secrets"), spec.connection
    if not _knows_credentials(spec, snapshot) or not spec.provisioning.enabled:
        return
    stored = _stored(raw)
    if connection is not None and connection.authentication == "portal":
        used = _authentication(raw) if raw is not None else None
        if used in ("bearer", "oauth2_client_credentials"):
            message = (
                f"nobody has authorized the connection in the portal; Entra has stored {used} credentials and uses them"
            )
            hint = f"Write `authentication: {used}`, or authorize it. {AUTHORIZE}"
            yield Diagnostic("K407", message, ("connection", "authentication"), hint=hint, severity="warning")
        elif not documents.service_owned(raw):
            message = "nobody has authorized the connection in the portal yet, so apply would not start provisioning"
            yield Diagnostic("K407", message, ("connection", "authentication"), hint=AUTHORIZE, severity="warning")
    elif not stored and (connection is None or not _desired(connection)):
        message = "neither the spec nor Entra has credentials of the application, so apply would not start provisioning"
        hint = "Add `connection:`, or `connection: {authentication: portal}` if an administrator authorizes it in the portal."
        yield Diagnostic("K407", message, ("provisioning", "enabled"), hint=hint, severity="warning")


def _redirections(changes: Changes, secrets: Sequence[RedirectedSecret]) -> Iterator[Guard]:
    """Yield a guard for the secrets that go elsewhere, or for another endpoint: a change that does both needs one."""
    guard_id, texts = "endpoint-changed", []
    if secrets:
        guard_id, texts = "secret-redirected", [redirection_message(secrets)]
    moved = [change for change in changes if _is_other_endpoint(change.field(_URL))]
    for change in moved:
        texts.append(_moved(change))
        yield counted_guard(guard_id, "; ".join(texts), change, Effect.ENDPOINT)
    if secrets and not moved:
        yield Guard(guard_id, texts[0], address=secrets[0].address)


def _moved(change: Change) -> str:
    url = change.field(_URL)
    assert url is not None
    return f"users would be provisioned to {url.after} instead of {url.before}, {_NEW_ENDPOINT}"


def _unavailable(keys: Sequence[str]) -> Guard:
    names, own = ", ".join(keys), set(keys) <= SERVICE_OWNED
    reason = f"only the service has {names}" if own else f"the spec has no value for {names}"
    message = f"{reason}; only the changed keys would be sent, which may delete the others"
    return Guard("secret-unavailable", message, count=len(keys))


def _authorized_in_portal(keys: Sequence[str], steps: Sequence[Step]) -> Diagnostic:
    """Return the warning that apply cannot write settings beside the service's own tokens, and how to set them."""
    edits = [step for step in steps if isinstance(step, Edit) and step.document.name == "secrets"]
    names = ", ".join(dict.fromkeys(edit.description.removeprefix("set ") for edit in edits))
    message = (
        f"an administrator authorized the connection in the portal, and only the service has {', '.join(keys)}; "
        f"{names} can only be written together with these, so apply would stop"
    )
    hint = (
        f"Set {names} in the portal, under Provisioning > Settings: then the plan shows no difference. Or write "
        "`on_unreadable_secret: send_changed_keys` if `scimconf probe` reported `secrets_put: merge`."
    )
    return Diagnostic("K403", message, ("connection",), hint=hint, severity="warning")


def _is_other_endpoint(url: FieldChange | None) -> bool:
    return url is not None and url.before is not None and endpoint(url.before) != endpoint(url.after or "")


def _desired(connection: Connection) -> dict[str, Any]:
    authentication = None if connection.authentication in ("other", "portal") else connection.authentication
    texts = {"authentication": authentication, "base_address": connection.base_address}
    fields: dict[str, Any] = {name: text for name, text in texts.items() if text is not None}
    if connection.authentication in ("entra_token", "oauth2_client_credentials"):
        fields["secret_token"] = None
    if connection.oauth2 is not None:
        fields |= {"oauth2.token_url": connection.oauth2.token_url, "oauth2.client_id": connection.oauth2.client_id}
    plain = {key: value for key, value in connection.other.items() if not isinstance(value, SecretReference)}
    fields |= {field_of(key): value for key, value in plain.items()}
    for key, reference in documents.written_secrets(connection):
        fields[field_of(key)] = WriteOnly(str(reference))
        if reference.rotation is not None:
            fields[field_of(key) + _ROTATION] = reference.rotation
    return fields


def _masked_fields(fields: Mapping[str, Any], snapshot: Snapshot) -> list[str]:
    """Return the fields that the spec writes in plain text and Graph masks."""
    keys = documents.masked(snapshot.get("secrets"))
    return [name for name, value in fields.items() if isinstance(value, str) and _key(name) in keys]


def _key(field: str) -> str:
    return KEYS.get(field, field.removeprefix("other."))


def _observed(raw: Json, connection: Connection) -> dict[str, Any]:
    values = documents.values(raw)
    fields: dict[str, Any] = {field: values.get(key) for field, key in KEYS.items()}
    fields["authentication"] = _authentication(raw)
    for field in ("base_address", "oauth2.token_url"):  # a spec holds no secret in a URL, so the field still differs
        fields[field] = None if fields[field] is None else mask_secrets(fields[field])
    return fields | {field_of(key): values.get(key) for key in connection.other}


def _authentication(raw: Json) -> str | None:
    values = documents.values(raw)
    if values.get("AuthenticationType") == documents.CLIENT_CREDENTIALS:
        return "oauth2_client_credentials"
    if documents.service_owned(raw):
        return "portal"
    if "SecretToken" in values:
        return "bearer"
    return "entra_token" if "BaseAddress" in values else None


def _edits(change: Change, connection: Connection) -> Iterable[tuple[str, str | SecretRef | None]]:
    """Return Graph's key and the value to write for each changed field; a changed rotation sends its secret."""
    references = dict(documents.references(connection))
    written: dict[str, str | SecretRef | None] = {}
    for part in change.fields:
        key = _key(part.name.removesuffix(_ROTATION))
        if part.name != "authentication":
            written[key] = references.get(key, part.after)
        elif part.after == "oauth2_client_credentials":
            written[key] = documents.CLIENT_CREDENTIALS
        elif part.before in ("oauth2_client_credentials", "portal"):
            written |= dict.fromkeys((key, *(unused for unused in KEYS.values() if unused.startswith("Oauth2"))))
        if part.name == "authentication" and part.before == "portal":
            written |= dict.fromkeys(sorted(SERVICE_OWNED))
    return written.items()


def _value_edits(change: Change, connection: Connection) -> Iterator[Edit]:
    document = documents.secrets(connection)
    for key, value in _edits(change, connection):
        operation: OperationName = "remove_value" if value is None else "set_value"
        yield Edit(Phase.BUILD, (change.address,), f"set {key}", document, operation, (key,), value)


def _try(changes: Changes, connection: Connection, *, saved: bool) -> Send:
    """Return a test of the new or the stored credentials, for these changes."""
    addresses = tuple(change.address for change in changes)
    description = f"test the connection with the {'stored' if saved else 'new'} credentials"
    credentials: Any = [] if saved else PendingDocument("secrets")
    path, body = job.validate_credentials(credentials, saved=saved)
    before, after = ("", "secrets") if saved else ("secrets", "")
    hint = _tested(connection)
    return Send(
        Phase.BUILD, addresses, description, "POST", path, body, before_write=before, after_write=after, hint=hint
    )


def _records_late(changes: Changes, sent: Sequence[SentSecret], snapshot: Snapshot) -> bool:
    """Return whether the records of sent secrets can be written after the secrets, in one write with the rotations.

    If the apply is killed in between, the next plan must send the secrets again: so each has a new rotation. And no
    guard must compare the records meanwhile, as it does for jobs that have run.
    """
    changed = {part.name for change in changes for part in change.fields}
    are_sent_again = all(field_of(secret.key) + _ROTATION in changed for secret in sent)
    return are_sent_again and shows_tags(snapshot) and not any(map(job.has_run, snapshot.rows("jobs")))


def _tested(connection: Connection) -> str:
    """Return the hint that names the tested address and the references of the tested credentials, without a value."""
    if connection.authentication == "portal":
        return AUTHORIZE
    keys = dict(documents.references(connection))
    credentials = ", ".join(f"{field_of(key)} from {reference}" for key, reference in keys.items())
    address = connection.base_address or "the stored tenant URL"
    return f"Tested: {mask_secrets(address)}{f' with {credentials}' if credentials else ''}. Correct the value that is wrong."


def _tags(connection: Connection, changes: Changes) -> Iterable[Step]:
    """Yield an edit that records each rotation in a tag, once the secrets are written."""
    addresses = tuple(change.address for change in changes)
    for key, reference in documents.written_secrets(connection):
        if reference.rotation is not None:
            text, value, document = f"record rotation of {key}", reference.rotation, application.service_principal()
            yield Edit(Phase.BUILD, addresses, text, document, "set_tag", (key,), value, after_write="secrets")
