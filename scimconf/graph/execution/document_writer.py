"""Documents: read, judged, folded, written, and read until the edits show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scimconf.diagnostics import GraphError, ScimconfError, StaleError
from scimconf.documents import OPERATIONS
from scimconf.graph.client import may_have_happened
from scimconf.graph.eventual_consistency import may_be_propagating
from scimconf.graph.execution.context import ExecutionContext
from scimconf.graph.execution.secret_resolver import resolved
from scimconf.graph.reading import read
from scimconf.snapshot import Document, Json, SecretRef
from scimconf.steps import Edit, PendingDocument, Read

STALE_CODES = frozenset({"CannotDeleteOrUpdateEnabledEntitlement"})
PARSE = "/servicePrincipals/{service_principal}/synchronization/jobs/{job}/schema/parseExpression"


async def write(run: ExecutionContext, document: Document, edits: Sequence[Edit]) -> bool:
    """Reads, folds, writes, and reads until it shows; False when it does not show within the patience."""
    wait = run.live.patience.wait()
    maybe = False
    while True:
        raw = await _current(run, document, () if maybe else edits)
        todo = [edit for edit in edits if not OPERATIONS[edit.operation].holds(raw, edit.key, edit.value)]
        if not todo:
            return True
        wanted = await _fold(run, raw, todo)
        try:
            await _put(run, document, wanted, {edit.key[0] for edit in todo})
            break
        except GraphError as error:
            maybe = maybe or may_have_happened(error.status)
            worth = maybe or _read_something_old(run, error)
            if not worth or not await run.again(wait, f"{document.name} to be taken"):
                raise
    run.written[document.name] = wanted
    return await _shows(run, document, [edit for edit in todo if not isinstance(edit.value, SecretRef)])


def _read_something_old(run: ExecutionContext, error: GraphError) -> bool:
    """Whether a refused write may be taken when it is made again from a new reading."""
    late = may_be_propagating(error) and run.live.patience.is_young()
    return late or error.status in (409, 412) or error.code in STALE_CODES


async def _current(run: ExecutionContext, document: Document, edits: Sequence[Edit]) -> Json:
    """The document as it is; what this run wrote is built upon, what others changed since the plan stops it."""
    raw = await _read(run, document)
    ours = run.written.get(document.name)
    if ours is not None:
        return ours if not isinstance(raw, dict) else {**raw, **_written_part(document, ours)}
    seen = _seen(run, document)
    for edit in edits if seen is not None else ():
        operation = OPERATIONS[edit.operation]
        if operation.view is None or operation.holds(raw, edit.key, edit.value):
            continue
        if operation.view(seen, edit.key) != operation.view(raw, edit.key):
            raise StaleError(f"{edit.addresses[0]} was changed by somebody else since the plan was made")
    return raw


async def _read(run: ExecutionContext, document: Document) -> Json:
    wait = run.live.patience.wait()
    while True:
        try:
            return await read(run.live.graph, document, run.names)
        except GraphError as error:
            late = may_be_propagating(error) and run.live.patience.is_young()
            if not late or not await run.again(wait, f"{document.name} to arrive"):
                raise


def _seen(run: ExecutionContext, document: Document) -> Json | None:
    if document.seen_in:
        rows = run.orders.seen.rows(document.seen_in)
        return rows[0] if len(rows) == 1 else None
    return run.orders.seen.get(document.name)


async def _fold(run: ExecutionContext, raw: Json, edits: Sequence[Edit]) -> Json:
    """The document with all edits made; expressions get their trees from the service's own parser."""
    for edit in edits:
        change = OPERATIONS[edit.operation].change
        value = {**edit.value, "source": await _parsed(run, edit.expression)} if edit.expression else edit.value
        raw = raw if change is None else change(raw, edit.key, value)
    return raw


async def _parsed(run: ExecutionContext, expression: str) -> Json:
    answer = await run.live.graph.post(PARSE, run.names, {"expression": expression}, repeatable=True)
    said = answer if isinstance(answer, Mapping) else {}
    tree = said.get("parsedExpression")
    if not said.get("parsingSucceeded") or not isinstance(tree, Mapping):
        error = said.get("error")
        reason = (isinstance(error, Mapping) and error.get("message")) or "it gave no reason"
        raise ScimconfError(f"the service does not take the expression {expression}: {reason}")
    return dict(tree)


async def _put(run: ExecutionContext, document: Document, wanted: Json, keys: set[str]) -> None:
    graph = run.live.graph
    with run.writing():
        if document.written == "put":
            await graph.put(document.path, run.names, wanted)
        elif document.written == "patch":
            await graph.patch(document.path, run.names, _written_part(document, wanted))
        else:
            await graph.put(document.path, run.names, {"value": resolved(run.orders.values, document, wanted, keys)})


async def folded(run: ExecutionContext, wanted: PendingDocument) -> list[Json]:
    edits = [step for step in run.orders.steps if isinstance(step, Edit) and step.document.name == wanted.document]
    document = edits[0].document
    rows = await _fold(run, await _current(run, document, edits), edits)
    return [
        pair
        for pair in resolved(run.orders.values, document, rows, {edit.key[0] for edit in edits})
        if pair["value"] != ""
    ]


async def _shows(run: ExecutionContext, document: Document, edits: Sequence[Edit]) -> bool:
    wait = run.live.patience.wait()
    while edits:
        raw = await _read(run, document)
        if all(OPERATIONS[edit.operation].holds(raw, edit.key, edit.value) for edit in edits):
            return True
        if not await run.again(wait, f"{document.name} to show what was written"):
            return False
    return True


async def wait_until(run: ExecutionContext, step: Read) -> bool:
    wait = run.live.patience.wait()
    while True:
        try:
            raw = await read(run.live.graph, step.document, run.names)
        except GraphError as error:
            late = may_be_propagating(error) and run.live.patience.is_young()
            if not late or not await run.again(wait, step.description):
                raise
            continue
        if OPERATIONS[step.operation].holds(raw, step.key, step.value):
            return True
        if not await run.again(wait, step.description):
            return False


def _written_part(document: Document, raw: Json) -> dict[str, Json]:
    """What a write of this document carries: the named properties, or all of it."""
    return {name: raw[name] for name in document.properties} if document.properties else dict(raw)
