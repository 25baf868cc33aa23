"""The key/value pairs of secrets as they are written: references and masked values are replaced by secret values."""

from __future__ import annotations

from collections.abc import Sequence

from scimconf.diagnostics import SecretError
from scimconf.documents.secrets import MASK, unwritable
from scimconf.graph.execution.context import ExecutionRequest, SecretResolver
from scimconf.json_types import Json
from scimconf.snapshot import Document, SecretRef
from scimconf.spec.model.connection import SERVICE_OWNED
from scimconf.steps import Edit


def preflight(request: ExecutionRequest) -> None:
    """Resolve every secret that the steps send, before anything is written; raise SecretError."""
    edits = [step for step in request.steps if isinstance(step, Edit)]
    for edit in edits:
        if isinstance(edit.value, SecretRef):
            request.secrets.resolve(edit.value)
    for document in {edit.document.name: edit.document for edit in edits}.values():
        if document.written != "put_values" or document.partial:
            continue
        changed = {edit.key[0] for edit in edits if edit.document.name == document.name}
        pairs = [pair for pair in request.snapshot.rows(document.name) if pair["key"] not in changed]
        resolved(request.secrets, document, pairs, changed)


def _unwritable_error(keys: Sequence[str]) -> SecretError:
    """Return the error for stored keys that cannot be sent again."""
    masked_keys = [key for key in keys if key not in SERVICE_OWNED]
    if masked_keys:
        return SecretError(
            f"{masked_keys[0]} is stored in Entra, masked, and the spec has no source for it",
            "A write replaces all secrets. Add the source of this one under connection, "
            "or write `on_unreadable_secret: send_changed_keys`.",
        )
    return SecretError(
        f"an administrator authorized the connection in the portal, and only the service has {', '.join(keys)}",
        "A write replaces all of the connection's settings. Set the ones that differ in the portal, "
        "or write `on_unreadable_secret: send_changed_keys` if `scimconf probe` reported `secrets_put: merge`.",
    )


def resolved(secrets: SecretResolver, document: Document, rows: Json, keys: set[str]) -> list[Json]:
    """Return the pairs to write, with references and masked values resolved; an empty value removes its key.

    If another stored value cannot be sent, only the changed `keys` are returned, or SecretError is raised unless the
    document may be written partially.
    """
    missing = unwritable(rows, document, keys)
    if missing and not document.partial:
        raise _unwritable_error(missing)
    sources: dict[str, SecretRef | str] = {**dict(document.plain), **dict(document.references)}
    pairs = []
    for pair in rows:
        key, value = str(pair["key"]), pair.get("value")
        is_renewed = key in SERVICE_OWNED and value == MASK
        if key in keys or not (missing or is_renewed):
            value = sources[key] if value == MASK else value
            pairs.append({"key": key, "value": secrets.resolve(value) if isinstance(value, SecretRef) else value})
    return pairs
