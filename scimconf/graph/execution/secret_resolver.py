"""The key/value pairs of secrets as they are written: references and masked values are replaced by secret values."""

from __future__ import annotations

from scimconf.diagnostics import SecretError
from scimconf.documents.secrets import MASK, masked
from scimconf.graph.execution.context import ExecutionRequest, SecretResolver
from scimconf.json_types import Json
from scimconf.snapshot import Document, SecretRef
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


def _reference(document: Document, key: str) -> SecretRef | str:
    """Return the reference or plain value for a masked value; raise SecretError if the spec has none."""
    reference = dict(document.references).get(key) or dict(document.plain).get(key)
    if reference is None:
        raise SecretError(
            f"{key} is stored in Entra, masked, and the spec has no source for it",
            "A write replaces all secrets. Add the source of this one under connection, "
            "or write `on_unreadable_secret: send_changed_keys`.",
        )
    return reference


def resolved(secrets: SecretResolver, document: Document, rows: Json, keys: set[str]) -> list[Json]:
    """Return the pairs to write, with references and masked values resolved; an empty value removes its key.

    Only the changed `keys` are returned if the document may be written partially and another masked value has no
    reference.
    """
    known = {*keys, *dict(document.references)}
    only_changed = document.partial and any(key not in known for key in masked(rows))
    pairs = []
    for pair in rows:
        key, value = str(pair["key"]), pair.get("value")
        if key in keys or not only_changed:
            value = _reference(document, key) if value == MASK else value
            pairs.append({"key": key, "value": secrets.resolve(value) if isinstance(value, SecretRef) else value})
    return pairs
