"""Which secrets a plan sends to which hosts, and how the service principal records it.

A spec may come from a pull request of a stranger, and could send any variable of the pipeline to any host. Therefore each
secret has a tag with two hashes, of its reference and of the hosts that it is sent to. Both are salted with the id of the
service principal, so that equal pairs of two applications do not correlate. The tag is written before the secret: an
apply that is killed in between can be repeated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from scimconf.diagnostics import Diagnostic
from scimconf.documents import application
from scimconf.documents import secrets as documents
from scimconf.kinds.exported_connection import KEYS, field_of
from scimconf.plan import Address
from scimconf.snapshot import SecretRef, Snapshot
from scimconf.spec.addresses import HOST_KEYS, endpoint, is_url
from scimconf.spec.model import Connection, SecretReference, Spec
from scimconf.steps import Edit, Phase, Step

if TYPE_CHECKING:
    from scimconf.plan.guards import RedirectedSecret

_URL, _TOKEN_URL, _CLIENT = KEYS["base_address"], KEYS["oauth2.token_url"], KEYS["oauth2.client_secret"]
_UNRECORDED = "Without this record, the guard secret-redirected blocks each plan that sends the secret."
_HASH_LENGTH = 32
"""Hexadecimal digits of a hash: 128 bits, so that nobody can find another host with the same one."""


class SentSecret(NamedTuple):
    """A secret that a write of the secrets sends: Graph's key, its reference and the hosts that receive it.

    There are no hosts if the template of the application decides them.
    """

    key: str
    reference: SecretReference
    hosts: tuple[str, ...]


def needed_secrets(steps: Iterable[Step], snapshot: Snapshot) -> Mapping[str, SecretRef | None]:
    """Return Graph's key → the reference that apply resolves; None where a masked value has no reference."""
    edits = secrets_edits(steps)
    if not edits:
        return {}
    needed: dict[str, SecretRef | None]
    needed = {edit.key[0]: edit.value for edit in edits if isinstance(edit.value, SecretRef)}
    document, raw = edits[0].document, snapshot.get("secrets")
    removed = {edit.key[0] for edit in edits if edit.operation == "remove_value"}
    masked_keys, references = documents.masked(raw), dict(document.references)
    needed |= {key: ref for key, ref in references.items() if key in masked_keys - removed - needed.keys()}
    return needed | dict.fromkeys(documents.unwritable(raw, document, {*needed, *removed}))


def missing_secrets(
    spec: Spec, snapshot: Snapshot, steps: Iterable[Step], is_available: Callable[[SecretRef], bool]
) -> Iterator[Diagnostic]:
    """Yield K402 for each secret that apply reads from a place where it is not available now, or may not be.

    The first plan of a new application is partial and has no step that sends a secret; all of them are listed then.
    """
    is_new = spec.connection is not None and snapshot.get("service_principals") == []
    references = dict(documents.references(spec.connection)) if is_new else needed_secrets(steps, snapshot)
    reason = "" if is_new else ": the secrets are written as a whole"
    for key, reference in references.items():
        if reference is not None and not is_available(reference):
            yield Diagnostic("K402", f"apply needs {reference} for {key}{reason}", severity="warning")


def secrets_edits(steps: Iterable[Step]) -> list[Edit]:
    """Return the edits of the secrets."""
    return [step for step in steps if isinstance(step, Edit) and step.document.name == "secrets"]


def sent_secrets(connection: Connection, edits: Iterable[Edit], snapshot: Snapshot) -> tuple[SentSecret, ...]:
    """Return the secrets that a write with these edits sends: the changed ones, and the stored ones that go along.

    The stored ones do not go along if the whole set cannot be written.
    """
    raw, document = snapshot.get("secrets"), documents.secrets(connection)
    written = {edit.key[0]: edit.value for edit in edits}
    along = documents.masked(raw) - written.keys()
    if documents.unwritable(raw, document, written):
        along = frozenset()
    changed = {key for key, value in written.items() if isinstance(value, SecretRef)}
    values = _values_after(snapshot, connection, written)
    return tuple(
        SentSecret(key, reference, _hosts(key, values))
        for key, reference in documents.written_secrets(connection)
        if key in changed | along
    )


def _values_after(snapshot: Snapshot, connection: Connection, written: Mapping[str, object]) -> Mapping[str, str]:
    """Return the values that are stored after a write, as far as they are no secrets."""
    stored, plain = documents.values(snapshot.get("secrets")), dict(documents.secrets(connection).plain)
    known = {key: plain.get(key, value) if value == documents.MASK else value for key, value in stored.items()}
    values = known | {key: value if isinstance(value, str) else "" for key, value in written.items()}
    return {key: value for key, value in values.items() if value not in ("", documents.MASK)}


def _hosts(key: str, values: Mapping[str, str]) -> tuple[str, ...]:
    """Return the hosts that receive the secret of a key: a client secret goes to the token URL, and its tokens on."""
    own = (_TOKEN_URL, _URL) if key == _CLIENT else (_URL,)
    others = sorted(name for name, value in values.items() if name in HOST_KEYS or is_url(value))
    keys = (*own, *(name for name in others if name != _TOKEN_URL))
    return tuple(dict.fromkeys(_host(values[name]) for name in keys if name in values))


def _host(value: str) -> str:
    """Return the host of a URL with its port, in lower case; another value as it is, such as an instance's name."""
    return endpoint(value)[0].removeprefix("https://") if is_url(value) else value.strip().lower()


# --- records -----------------------------------------------------------------------------------------------------


def shows_tags(snapshot: Snapshot) -> bool:
    """Return whether Graph returned the tags of the service principal, or there is no service principal yet."""
    rows = snapshot.rows("service_principals")
    return not rows or "tags" in rows[0]


def record_edits(secrets: Iterable[SentSecret], snapshot: Snapshot, *, first: bool) -> Iterator[Edit]:
    """Yield an edit for each secret whose record is missing or another one; nothing if Graph does not return the tags.

    `first`: it is written before the secrets, so that the apply can go on after it was killed; otherwise after them,
    together with the rotations.
    """
    if not shows_tags(snapshot):
        return
    recorded = _recorded(snapshot)
    for secret in secrets:
        hashes = ".".join(_hashes(secret, snapshot))
        if recorded.get(secret.key) != hashes:
            text = f"record which secret is sent to which host for {secret.key}"
            document = application.sent_secrets() if first else application.service_principal()
            before, after = ("secrets", "") if first else ("", "secrets")
            edit = Edit(Phase.BUILD, (), text, document, "record_sent", (secret.key,), hashes)
            yield replace(edit, before_write=before, after_write=after, optional=_UNRECORDED)


def redirected_secrets(spec: Spec, steps: Iterable[Step], snapshot: Snapshot) -> tuple[RedirectedSecret, ...]:
    """Return the secrets that these steps send otherwise than the last apply, or of which nothing is recorded."""
    edits, address = secrets_edits(steps), Address(spec.name, "connection")
    secrets = sent_secrets(spec.connection, edits, snapshot) if edits and spec.connection is not None else ()
    return tuple(filter(None, (_redirected(secret, address, snapshot) for secret in secrets)))


def _redirected(secret: SentSecret, address: Address, snapshot: Snapshot) -> RedirectedSecret | None:
    field, source = field_of(secret.key), secret.reference.source
    from scimconf.plan.guards import RedirectedSecret

    result = RedirectedSecret(address=address, field=field, source=source, hosts=secret.hosts)
    if not shows_tags(snapshot):
        return replace(result, record="unreadable")
    source, _, hosts = _recorded(snapshot).get(secret.key, "").partition(".")
    if not hosts:
        is_stored = secret.key in documents.values(snapshot.get("secrets"))
        return replace(result, record="missing" if is_stored else "new")
    own_source, own_hosts = _hashes(secret, snapshot)
    stored = secret._replace(hosts=_hosts(secret.key, documents.values(snapshot.get("secrets"))))
    last_hosts = stored.hosts if _hashes(stored, snapshot)[1] == hosts else ()
    result = replace(result, is_other_source=source != own_source, is_other_host=hosts != own_hosts)
    return replace(result, last_hosts=last_hosts) if result.is_other_source or result.is_other_host else None


def _recorded(snapshot: Snapshot) -> Mapping[str, str]:
    rows = snapshot.rows("service_principals")
    return application.sent(rows[0].get("tags")) if rows else {}


def _hashes(secret: SentSecret, snapshot: Snapshot) -> tuple[str, str]:
    """Return the hashes of the reference and of the hosts of a secret."""
    rows = snapshot.rows("service_principals")
    salt = (str(rows[0]["id"]) if rows else "", secret.key)
    return _hash(*salt, "from", secret.reference.source), _hash(*salt, "to", *sorted(secret.hosts))


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:_HASH_LENGTH]


# --- the guard's message -----------------------------------------------------------------------------------------

_TEMPLATE_HOST = "the host that the application's template sets"
_UNREADABLE = "Graph does not show the tags that record what the last apply sent, so it cannot be compared"
_HASHED = "only a hash of the name is recorded"


def redirection_message(secrets: Sequence[RedirectedSecret]) -> str:
    """Return what would be sent to which host, and how this differs from the last apply; never a value."""
    alike: dict[RedirectedSecret, list[RedirectedSecret]] = {}
    for secret in secrets:
        alike.setdefault(replace(secret, source="", field=""), []).append(secret)
    return "; ".join(map(_sentence, alike.values()))


def _sentence(secrets: Sequence[RedirectedSecret]) -> str:
    """Return the sentence about secrets that differ in the same way and go to the same hosts."""
    first, sources = secrets[0], _listed(secret.source for secret in secrets)
    subject = f"the secret{'s' if len(secrets) > 1 else ''} {sources}"
    return f"{subject} would be sent to {_listed(first.hosts) or _TEMPLATE_HOST}, and {_difference(secrets)}"


def _difference(secrets: Sequence[RedirectedSecret]) -> str:
    """Return how these secrets differ from what the last apply sent."""
    first, is_one = secrets[0], len(secrets) == 1
    belong = (
        f"if {'this secret belongs' if is_one else 'these secrets belong'} to the application, allow the guard once"
    )
    if first.record == "unreadable":
        return _UNREADABLE
    if first.record == "missing":
        reason = "no earlier apply has recorded what it sent, as on an application that was set up in the portal"
        return f"{reason}: {belong}; apply then records it"
    if first.record == "new":
        return f"Entra has no {_listed(secret.field for secret in secrets)} of the application yet: {belong}"
    last = _listed(first.last_hosts) or "another host"
    if not first.is_other_source:
        return f"the last apply sent {'it' if is_one else 'them'} to {last}"
    sent = f"the last apply sent {'another secret' if is_one else 'other secrets'}"
    return f"{sent} {f'to {last}' if first.is_other_host else 'there'}; {_HASHED}"


def _listed(names: Iterable[str]) -> str:
    *others, last = (*names,) or ("",)
    return f"{', '.join(others)} and {last}" if others else last
