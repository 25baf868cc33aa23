"""Writes documents: read, compare with the plan, edit, write, and read until the edits are visible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scimconf.diagnostics import GraphError, ScimconfError, StaleError
from scimconf.documents import OPERATIONS
from scimconf.graph.client import may_have_happened
from scimconf.graph.execution.context import ExecutionContext
from scimconf.graph.execution.secret_resolver import resolved
from scimconf.graph.reading import read
from scimconf.json_types import Json
from scimconf.snapshot import Document, SecretRef
from scimconf.steps import Edit, PendingDocument, Read

STALE_CODES = frozenset({"CannotDeleteOrUpdateEnabledEntitlement"})
"""Codes of errors that mean that Graph compared the write with an older state (a role not yet shown as disabled)."""
PARSE = "/servicePrincipals/{service_principal}/synchronization/jobs/{job}/schema/parseExpression"


async def write(context: ExecutionContext, document: Document, edits: Sequence[Edit]) -> bool:
    """Read, edit and write one document, then poll until the edits are visible; return False on timeout."""
    backoff = context.session.consistency.backoff()
    may_be_done = False
    while True:
        raw = await _current(context, document, () if may_be_done else edits)
        pending = [edit for edit in edits if not _holds(edit, raw)]
        if not pending:
            return True
        edited = await _edited(context, raw, pending)
        try:
            await _send(context, document, _body(context, document, raw, edited, pending))
            break
        except GraphError as error:
            may_be_done = may_be_done or may_have_happened(error.status)
            retry = may_be_done or _read_stale_document(context, error)
            if not retry or not await context.wait(backoff, f"the write of {document.name}"):
                raise
    context.written[document.name] = edited
    readable = [edit for edit in pending if not isinstance(edit.value, SecretRef)]
    return await wait_until_visible(context, document, readable, f"changes of {document.name} to become visible")


def _holds(step: Edit | Read, raw: Json) -> bool:
    return OPERATIONS[step.operation].holds(raw, step.key, step.value)


def _read_stale_document(context: ExecutionContext, error: GraphError) -> bool:
    conflict = error.status in (409, 412) or error.code in STALE_CODES
    return conflict or context.session.consistency.allows_retry(error)


async def _send(context: ExecutionContext, document: Document, body: Json) -> None:
    graph = context.session.graph
    with context.writing():
        await (graph.patch if document.written == "patch" else graph.put)(document.path, context.names, body)


async def _current(context: ExecutionContext, document: Document, edits: Sequence[Edit]) -> Json:
    """Return the document as it is now, with what this run has written; raise StaleError if others have changed it."""
    raw = await _read(context, document)
    written = context.written.get(document.name)
    if written is not None:
        return {**raw, **_writable(document, written)} if isinstance(raw, dict) else written
    planned = _as_planned(context, document)
    for edit in edits if planned is not None else ():
        view = OPERATIONS[edit.operation].view
        if view is not None and not _holds(edit, raw) and view(planned, edit.key) != view(raw, edit.key):
            raise StaleError(f"{edit.addresses[0]} has changed in the tenant since the plan was made")
    return raw


async def _read(context: ExecutionContext, document: Document) -> Json:
    """Read a document; repeat while it may be missing because the application is new."""
    backoff = context.session.consistency.backoff()
    while True:
        try:
            return await read(context.session.graph, document, context.names)
        except GraphError as error:
            retry = context.session.consistency.allows_retry(error)
            if not retry or not await context.wait(backoff, f"replication of {document.name}"):
                raise


def _as_planned(context: ExecutionContext, document: Document) -> Json | None:
    if document.read_as:
        rows = context.request.snapshot.rows(document.read_as)
        return rows[0] if len(rows) == 1 else None
    return context.request.snapshot.get(document.name)


async def _edited(context: ExecutionContext, raw: Json, edits: Sequence[Edit]) -> Json:
    """Return the document with all edits; the service parses their expressions."""
    for edit in edits:
        change = OPERATIONS[edit.operation].change
        value = {**edit.value, "source": await _parsed(context, edit.expression)} if edit.expression else edit.value
        raw = raw if change is None else change(raw, edit.key, value)
    return raw


async def _parsed(context: ExecutionContext, expression: str) -> Json:
    """Return the service's tree of an expression; raise ScimconfError if it refuses the expression."""
    answer = await context.session.graph.post(PARSE, context.names, {"expression": expression}, repeatable=True)
    body = answer if isinstance(answer, Mapping) else {}
    tree = body.get("parsedExpression")
    if not body.get("parsingSucceeded") or not isinstance(tree, Mapping):
        error = body.get("error")
        reason = (isinstance(error, Mapping) and error.get("message")) or "no reason given"
        raise ScimconfError(f"Entra refuses the expression {expression}: {reason}")
    return dict(tree)


def _body(context: ExecutionContext, document: Document, raw: Json, edited: Json, edits: Sequence[Edit]) -> Json:
    if document.written == "put":
        return edited
    if document.written == "patch":
        return {name: value for name, value in _writable(document, edited).items() if raw.get(name) != value}
    return {"value": resolved(context.request.secrets, document, edited, {edit.key[0] for edit in edits})}


def _writable(document: Document, raw: Json) -> dict[str, Json]:
    """Return the properties that a write of this document may contain: those it names, or all."""
    return {name: raw[name] for name in document.properties if name in raw} if document.properties else dict(raw)


async def pending_pairs(context: ExecutionContext, pending: PendingDocument) -> list[Json]:
    """Return the key/value pairs of a document after its pending edits, with secrets resolved, without empty ones."""
    steps = context.request.steps
    edits = [step for step in steps if isinstance(step, Edit) and step.document.name == pending.document]
    document = edits[0].document
    rows = await _edited(context, await _current(context, document, edits), edits)
    pairs = resolved(context.request.secrets, document, rows, {edit.key[0] for edit in edits})
    return [pair for pair in pairs if pair["value"] != ""]


async def wait_until_visible(
    context: ExecutionContext, document: Document, steps: Sequence[Edit | Read], reason: str
) -> bool:
    """Poll a document until it shows the results of all steps; return False on timeout."""
    backoff = context.session.consistency.backoff()
    while steps:
        raw = await _read(context, document)
        if all(_holds(step, raw) for step in steps):
            return True
        if not await context.wait(backoff, reason):
            return False
    return True
