"""Find out whether another client has overwritten a document that this run wrote. Pure.

A PUT replaces the whole schema or the whole secrets set, and Graph documents no precondition for it. If another client
reads a document before this run writes it, and writes it afterwards, the edits of this run are lost. A document that is
read after a write may also be late: then it is as it was before the write. The schema has a version for every change
(Graph reference, synchronizationSchema); the secrets have none, and are compared by their values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from scimconf.diagnostics import OverwrittenError
from scimconf.documents import OPERATIONS
from scimconf.documents.secrets import masked, values
from scimconf.json_types import Json
from scimconf.plan import Address
from scimconf.snapshot import Document, SecretRef, Snapshot
from scimconf.spec.model.connection import SERVICE_OWNED
from scimconf.steps import Edit, Read, Step

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


def may_be_late(step: Edit | Read, raw: Json, earlier: Iterable[Json]) -> bool:
    """Return whether what a step changes is as it was before one of the writes of this run, or cannot be compared.

    For documents that a PATCH writes: their other properties change by themselves, such as the roles of a service
    principal.
    """
    view = OPERATIONS[step.operation].view
    return view is None or any(view(state, step.key) == view(raw, step.key) for state in earlier)


def overwritten(edits: Sequence[Edit], before: Json, raw: Json) -> list[Edit]:
    """Return the edits that a later write of another client has removed, or may have, from a later state.

    `before` is the document as it was read before this run wrote it. A secret cannot be compared: it may be lost if
    another value differs, since a client that writes one value sends the whole set. Keys that appear or disappear are
    no sign of that: the service may return more or fewer keys than it was sent.
    """
    secrets = [edit for edit in edits if isinstance(edit.value, SecretRef)]
    missing = [edit for edit in edits if _is_lost(edit, raw)]
    if secrets and not secrets[0].document.partial and _other_value_differs(edits, before, raw):
        missing += secrets
    return missing


def check_remaining(
    confirmed: Mapping[str, Sequence[Json]],
    steps: Sequence[Step],
    remaining: AbstractSet[Address],
    snapshot: Snapshot,
    history_entry: str,
) -> None:
    """Raise OverwrittenError if the remaining changes of an executed plan are the work of another client.

    `confirmed` are the documents, by name, that did show the edits of the steps, each in the states before the writes.
    """
    edits = [step for step in steps if isinstance(step, Edit) and remaining & {*step.addresses}]
    for name, earlier in confirmed.items():
        raw = snapshot.get(name)
        own = [edit for edit in edits if edit.document.name == name and edit.document.written in REPLACED]
        if raw is None or not own or is_earlier(raw, earlier):
            continue
        lost = [edit for edit in own if _is_lost(edit, raw)]
        if lost:
            raise overwritten_error(lost, earlier[-1], raw, history_entry)
        changed = [edit for edit in own if _is_visible(remaining & {*edit.addresses}, steps, snapshot)]
        if changed:
            message = f"{_names(changed)}: another run or the portal has changed it since this apply wrote it"
            raise OverwrittenError(message, _hint(own[0].document, history_entry))


def _is_visible(addresses: AbstractSet[Address], steps: Iterable[Step], snapshot: Snapshot) -> bool:
    """Return whether the snapshot shows all edits of these addresses, whatever their document."""
    edits = [step for step in steps if isinstance(step, Edit) and addresses & {*step.addresses}]
    return all(isinstance(edit.value, SecretRef) or _shows(snapshot, edit) for edit in edits)


def _shows(snapshot: Snapshot, edit: Edit) -> bool:
    rows = snapshot.rows(edit.document.read_as) if edit.document.read_as else [snapshot.get(edit.document.name)]
    return len(rows) == 1 and rows[0] is not None and _holds(edit, rows[0])


def _holds(edit: Edit, raw: Json) -> bool:
    return OPERATIONS[edit.operation].holds(raw, edit.key, edit.value)


def _is_lost(edit: Edit, raw: Json) -> bool:
    """Return whether the document certainly does not have the result of an edit; a masked value may be any."""
    is_masked = edit.document.written == "put_values" and edit.key[0] in masked(raw)
    return not is_masked and not isinstance(edit.value, SecretRef) and not _holds(edit, raw)


def _other_value_differs(edits: Iterable[Edit], before: Json, raw: Json) -> bool:
    """Return whether a value differs that neither these edits nor the service itself change."""
    own = {edit.key[0] for edit in edits} | SERVICE_OWNED
    stored = values(raw)
    return any(stored.get(key, value) != value for key, value in values(before).items() if key not in own)


def overwritten_error(edits: Sequence[Edit | Read], before: Json, raw: Json, history_entry: str) -> OverwrittenError:
    """Return the error that names the addresses of lost edits, and where the document is in the history entry."""
    document = edits[0].document
    names = _names(edits)
    other = f"another run or the portal wrote the {document.name} at the same time"
    if all(_is_reverted(edit, before, raw) for edit in edits):
        message = f"{names}: overwritten after this apply wrote it: {other}"
    else:
        message = f"{names}: not as this apply wrote it: {other}, or Entra stores it in another form"
    return OverwrittenError(message, _hint(document, history_entry))


def _names(edits: Iterable[Edit | Read]) -> str:
    addresses = list(dict.fromkeys(str(address) for edit in edits for address in edit.addresses))
    return ", ".join(addresses[:_MAX_NAMED]) + (", …" if len(addresses) > _MAX_NAMED else "")


def _is_reverted(edit: Edit | Read, before: Json, raw: Json) -> bool:
    view = OPERATIONS[edit.operation].view
    return view is not None and bool(view(before, edit.key) == view(raw, edit.key))


def _hint(document: Document, history_entry: str) -> str:
    file = f"{history_entry}/{document.read_as or document.name}.json"
    place = f" The {document.name} as it was before this apply is in {file}." if history_entry else ""
    return f"Run only one apply of an application at a time.{place}"
