"""Writes documents: parse expressions, read, compare with the plan, edit, write, and read until the edits are visible.

Nothing stands between the read and the write, because a change that another client makes in between is lost unless
Graph evaluates `If-Match`. After the write, a later change by others that removes the edits is found and reported.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from scimconf.diagnostics import GraphError, ScimconfError, StaleError
from scimconf.documents import OPERATIONS
from scimconf.documents.schema import PARSE
from scimconf.graph.client import Request, may_have_happened
from scimconf.graph.execution.attempts import Attempts
from scimconf.graph.execution.context import ExecutionContext
from scimconf.graph.execution.overwrites import REPLACED, is_earlier, may_be_late, overwritten, overwritten_error
from scimconf.graph.execution.secret_resolver import resolved
from scimconf.graph.protocol.retry import is_throttled
from scimconf.graph.reading import read, read_with_tag
from scimconf.graph.task_group import gather_all
from scimconf.json_types import Json
from scimconf.snapshot import Document, SecretRef
from scimconf.steps import Edit, PendingDocument, Read

Result = TypeVar("Result")


def nothing() -> None:
    """Ignore that a write was accepted: the default of `accepted`."""


STALE_CODES = frozenset({"CannotDeleteOrUpdateEnabledEntitlement"})
"""Codes of errors that mean that Graph compared the write with an older state (a role not yet shown as disabled)."""


async def write(
    context: ExecutionContext, document: Document, edits: Sequence[Edit], accepted: Callable[[], None] = nothing
) -> bool:
    """Read, edit and write one document, then poll until the edits are visible; return False on timeout.

    `accepted` is called once Graph has accepted the write. The write is sent once: after any error that allows another attempt, the document is read again, and only the edits
    that are missing are written. Raise OverwrittenError if another client has overwritten them since.
    """
    edits = await gather_all([_parsed_edit(context, edit) for edit in edits])
    async with context.session.exclusive(document.path):
        written = await _write_missing(context, document, edits)
    if written is None:
        return True
    confirmation = context.confirmations[document.name] = asyncio.get_running_loop().create_future()
    accepted()
    try:
        return await _confirm(context, document, *written)
    finally:
        confirmation.set_result(None)


async def _write_missing(
    context: ExecutionContext, document: Document, edits: Sequence[Edit]
) -> tuple[Sequence[Edit], Json] | None:
    """Write the edits that are missing; return them and the document as it was before, None if none is missing."""
    attempts, may_be_done, refused_tag = Attempts(context), False, ""
    failure: GraphError | None = None
    while True:
        raw, tag = await _current(context, document, _checked(document, edits, may_be_done=may_be_done))
        pending = [edit for edit in edits if not _holds(edit, raw)]
        if not pending:
            context.result.wrote |= may_be_done
            return None
        if failure is not None and context.request.interrupted():  # the read waited as long as Graph asked to
            raise failure
        edited = _edited(raw, pending)
        context.session.replaced.setdefault(document.name, []).append(raw)
        body = _body(context, document, raw, edited, pending)
        try:
            await _send(context, document, body, "" if tag == refused_tag else tag)
            break
        except GraphError as error:
            failure = error
            may_be_done = may_be_done or may_have_happened(error.status) or is_throttled(error.status)
            refused_tag = tag if error.status == 412 else refused_tag
            retry = may_be_done or _read_stale_document(context, error)
            if not retry or not await attempts.wait(error, f"the write of {document.name}"):
                raise
    context.written[document.name] = edited
    context.session.record_tags(body)
    return pending, raw


def _checked(document: Document, edits: Sequence[Edit], *, may_be_done: bool) -> Sequence[Edit]:
    """Return the edits whose grounds must be as planned: not those that an earlier attempt may have changed unreadably."""
    return edits if not may_be_done or document.written == "put" else ()


def _holds(step: Edit | Read, raw: Json) -> bool:
    return OPERATIONS[step.operation].holds(raw, step.key, step.value)


def _read_stale_document(context: ExecutionContext, error: GraphError) -> bool:
    conflict = error.status in (409, 412) or error.code in STALE_CODES
    return conflict or context.session.consistency.allows_retry(error)


async def _send(context: ExecutionContext, document: Document, body: Json, tag: str) -> None:
    method = "PATCH" if document.written == "patch" else "PUT"
    headers = {"If-Match": tag} if tag else {}
    with context.writing(document.name):
        await context.session.graph.send(
            Request(method, document.path, context.names, body=body, headers=headers, sent_once=True)
        )


async def _current(context: ExecutionContext, document: Document, edits: Sequence[Edit]) -> tuple[Json, str]:
    """Return the document as it is now, with what this run has written, and its ETag or "".

    Raise StaleError if others have changed what the plan is based on.
    """
    raw, tag = await read_document(context, document)
    written = context.written.get(document.name)
    if written is not None:
        late = document.written not in REPLACED or is_earlier(raw, context.session.replaced.get(document.name, ()))
        if not late:
            return raw, tag
        return ({**raw, **_writable(document, written)} if isinstance(raw, dict) else written), tag
    planned = _as_planned(context, document)
    for edit in edits if planned is not None else ():
        view = OPERATIONS[edit.operation].view
        if view is not None and not _holds(edit, raw) and view(planned, edit.key) != view(raw, edit.key):
            raise StaleError(f"{edit.addresses[0]} has changed in the tenant since the plan was made")
    return raw, tag


async def read_document(context: ExecutionContext, document: Document) -> tuple[Json, str]:
    """Return a document and its ETag; repeat the read while it may be missing because the application is new."""

    async def work() -> tuple[Json, str]:
        graph, names = context.session.graph, context.names
        if document.written == "put":
            return await read_with_tag(graph, document, names)
        return await read(graph, document, names), ""

    return await _retried(context, work, f"replication of {document.name}")


async def _retried(context: ExecutionContext, work: Callable[[], Awaitable[Result]], reason: str) -> Result:
    backoff = context.session.consistency.backoff()
    while True:
        try:
            return await work()
        except GraphError as error:
            retry = context.session.consistency.allows_retry(error)
            if not retry or not await context.wait(backoff, reason):
                raise


def _as_planned(context: ExecutionContext, document: Document) -> Json | None:
    if document.read_as:
        rows = context.request.snapshot.rows(document.read_as)
        return rows[0] if len(rows) == 1 else None
    return context.request.snapshot.get(document.name)


def _edited(raw: Json, edits: Sequence[Edit]) -> Json:
    for edit in edits:
        change = OPERATIONS[edit.operation].change
        raw = raw if change is None else change(raw, edit.key, edit.value)
    return raw


async def _parsed_edit(context: ExecutionContext, edit: Edit) -> Edit:
    """Return the edit with the service's tree in place of its expression; raise ScimconfError if it refuses it."""
    if not edit.expression:
        return edit
    body = {"expression": edit.expression}
    graph = context.session.graph
    answer = await _retried(
        context, lambda: graph.post(PARSE, context.names, body, repeatable=True), "replication of the job"
    )
    return replace(edit, value={**edit.value, "source": _tree(answer, edit.expression)}, expression="")


def _tree(answer: Json, expression: str) -> Json:
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
    edits = _edits_of(context, pending)
    document, ahead = edits[0].document, context.read_ahead.pop(pending.document, None)
    raw = await _planned_state(context, edits) if ahead is None else await ahead
    pairs = resolved(context.request.secrets, document, _edited(raw, edits), {edit.key[0] for edit in edits})
    return [pair for pair in pairs if pair["value"] != ""]


def _edits_of(context: ExecutionContext, pending: PendingDocument) -> list[Edit]:
    steps = context.request.steps
    return [step for step in steps if isinstance(step, Edit) and step.document.name == pending.document]


async def _planned_state(context: ExecutionContext, edits: Sequence[Edit]) -> Json:
    raw, _ = await _current(context, edits[0].document, edits)
    return raw


async def read_ahead(context: ExecutionContext, pending: PendingDocument) -> None:
    """Read a pending document for the step that sends it, while that step waits; an error is the step's."""
    edits = _edits_of(context, pending)
    if not edits[0].document.required_names <= context.names.keys():
        return
    ahead = context.read_ahead[pending.document] = asyncio.get_running_loop().create_future()
    try:
        ahead.set_result(await _planned_state(context, edits))
    except Exception as error:  # noqa: BLE001  raised where the document is needed
        ahead.set_exception(error)
        ahead.exception()


async def _confirm(context: ExecutionContext, document: Document, edits: Sequence[Edit], before: Json) -> bool:
    """Poll a written document until its edits are visible; return False on timeout.

    Raise OverwrittenError if another client has overwritten them, which is not waited for as if they were late.
    """
    readable = [edit for edit in edits if not isinstance(edit.value, SecretRef)]
    if document.written not in REPLACED:
        return await wait_until_visible(context, document, readable, _visible(document))
    backoff = context.session.consistency.backoff()
    while True:
        raw, _ = await read_document(context, document)
        missing = overwritten(edits, before, raw)
        if not missing:
            return True
        session = context.session
        if document.name not in session.unconfirmed and not is_earlier(raw, session.replaced[document.name]):
            raise overwritten_error(missing, before, raw, context.request.history_entry)
        context.late.add(document.name)
        if not await context.wait(backoff, _visible(document)):
            session.unconfirmed.add(document.name)
            return False


def _visible(document: Document) -> str:
    return f"changes of {document.name} to become visible"


async def wait_until_visible(
    context: ExecutionContext, document: Document, steps: Sequence[Edit | Read], reason: str
) -> bool:
    """Poll a document until it shows the results of all steps; return False on timeout.

    Raise OverwrittenError if this run wrote the document, and another client has changed it since.
    """
    backoff = context.session.consistency.backoff()
    earlier = list(context.session.replaced.get(document.name, ()))
    while steps:
        raw, _ = await read_document(context, document)
        missing = [step for step in steps if not _holds(step, raw)]
        if not missing:
            return True
        if lost := [step for step in missing if earlier and not may_be_late(step, raw, earlier)]:
            raise overwritten_error(lost, earlier[-1], raw, context.request.history_entry)
        if not await context.wait(backoff, reason):
            return False
    return True
