"""Find out whether another client has overwritten a document that this run wrote. Pure.

A PUT replaces the whole schema or the whole secrets set, and Graph documents no precondition for it. If another client
reads a document before this run writes it, and writes it afterwards, the edits of this run are lost. A document that is
read after a write may also be late: then it is as it was before the write. The schema has a version for every change
(Graph reference, synchronizationSchema); the secrets have none, and are compared by their values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from scimconf.diagnostics import OverwrittenError
from scimconf.documents import OPERATIONS
from scimconf.documents.secrets import values
from scimconf.json_types import Json
from scimconf.snapshot import Document, SecretRef
from scimconf.spec.model.connection import SERVICE_OWNED
from scimconf.steps import Edit

_MAX_NAMED = 5
REPLACED = ("put", "put_values")
"""How documents are written that a PUT replaces completely."""


def is_earlier(raw: Json, earlier: Iterable[Json]) -> bool:
    """Return whether a document is in a state in which this run read it before one of its writes."""
    return any(_state(raw) == _state(state) for state in earlier)


def _state(raw: Json) -> Json:
    if isinstance(raw, Mapping):
        return raw.get("version") or raw
    return values(raw)


def overwritten(edits: Sequence[Edit], before: Json, raw: Json) -> list[Edit]:
    """Return the edits that a later write of another client has removed, or may have, from a later state.

    `before` is the document as it was read before this run wrote it. A secret cannot be compared: it may be lost if
    any other value differs, since whoever wrote that one sent the whole set.
    """
    secrets = [edit for edit in edits if isinstance(edit.value, SecretRef)]
    missing = [edit for edit in edits if edit not in secrets and not _holds(edit, raw)]
    if secrets and not secrets[0].document.partial and _others(edits, before) != _others(edits, raw):
        missing += secrets
    return missing


def lost_edits(edits: Sequence[Edit], earlier: Sequence[Json], raw: Json | None) -> list[Edit]:
    """Return the readable edits of a completely replaced document that a later state lacks; none from an earlier state."""
    readable = [edit for edit in edits if edit.document.written in REPLACED and not isinstance(edit.value, SecretRef)]
    if raw is None or is_earlier(raw, earlier):
        return []
    return [edit for edit in readable if not _holds(edit, raw)]


def _holds(edit: Edit, raw: Json) -> bool:
    return OPERATIONS[edit.operation].holds(raw, edit.key, edit.value)


def _others(edits: Iterable[Edit], raw: Json) -> dict[str, str]:
    """Return the values that neither these edits nor the service itself change."""
    own = {edit.key[0] for edit in edits if edit.key} | SERVICE_OWNED
    return {key: value for key, value in values(raw).items() if key not in own}


def overwritten_error(edits: Sequence[Edit], before: Json, raw: Json, backup: str) -> OverwrittenError:
    """Return the error that names the addresses of lost edits, and where the document is in the backup."""
    document = edits[0].document
    addresses = [str(address) for edit in edits for address in edit.addresses]
    names = ", ".join(dict.fromkeys(addresses[:_MAX_NAMED])) + (", …" if len(addresses) > _MAX_NAMED else "")
    other = f"another run or the portal wrote the {document.name} at the same time"
    if all(_is_reverted(edit, before, raw) for edit in edits):
        message = f"{names}: overwritten after this apply wrote it: {other}"
    else:
        message = f"{names}: not as this apply wrote it: {other}, or Entra stores it in another form"
    return OverwrittenError(message, _hint(document, backup))


def _is_reverted(edit: Edit, before: Json, raw: Json) -> bool:
    view = OPERATIONS[edit.operation].view
    return view is not None and bool(view(before, edit.key) == view(raw, edit.key))


def _hint(document: Document, backup: str) -> str:
    place = f" The {document.name} as it was before this apply is in {backup}/{document.name}.json." if backup else ""
    return f"Run plan, then apply again, while no other run writes this application.{place}"
