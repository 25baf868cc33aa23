"""Sends requests. A request that creates something is sent again only after a lookup has not found its result.

This holds whatever the response was, 429 and 503 included: a gateway may respond so to a request that took effect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet

from scimconf.diagnostics import GraphError, ScimconfError, StaleError
from scimconf.graph.client import Request, may_have_happened
from scimconf.graph.eventual_consistency import may_be_propagating
from scimconf.graph.execution.attempts import Attempts
from scimconf.graph.execution.context import ExecutionContext, write_key
from scimconf.graph.execution.document_writer import nothing, pending_pairs
from scimconf.graph.execution.name_check import CREATED_MEANWHILE
from scimconf.graph.protocol.retry import is_throttled
from scimconf.graph.reading import read
from scimconf.json_types import Json
from scimconf.snapshot import Document, substitute
from scimconf.steps import PendingDocument, Phase, Send

THROTTLED_LOOKUP = 30.0
"""Seconds for which the result of a request with the response 429 is looked up: by Graph's documentation it did nothing."""

_LOST_CREATION = (
    "It is not known whether the application was created. Run apply again in a few minutes. If several applications have "
    "the name then, delete all but one."
)


class _NotVisibleYetError(ScimconfError):
    """An object was created and is not visible yet; creating it again would create a second one."""

    hint = "Run apply again in a few minutes; it continues from there."


async def send(context: ExecutionContext, step: Send, accepted: Callable[[], None] = nothing) -> None:
    """Send a request until it succeeds; raise GraphError or ScimconfError.

    `accepted` is called when the response has bound the outputs, before the result is visible.
    """
    await _check_absence(context, step)
    context.session.started |= step.phase is Phase.START
    attempts = Attempts(context)
    while True:
        try:
            answer = await _send_once(context, step)
            break
        except GraphError as error:
            if is_success(step, error) or not await _must_resend(context, step, attempts, error):
                return
    outputs = {name: _field(step, answer, path) for name, path in step.outputs}
    context.names.update(outputs)
    context.session.consistency.created_in_this_run |= bool(outputs)
    if _creates_application(step):
        context.session.created = outputs
    accepted()
    if step.lookup is not None and not await _find(context, step, step.lookup, frozenset(outputs.values())):
        context.confirm_write(write_key(step))
        raise _NotVisibleYetError(f"done, but not visible yet: {step.description}")


async def _must_resend(context: ExecutionContext, step: Send, attempts: Attempts, error: GraphError) -> bool:
    """Return whether the request must be sent again, after a wait; False if a lookup shows that it took effect.

    Raise the error if it must not be sent again, and at the limit.
    """
    throttled = is_throttled(error.status) and step.creates
    may_be_done = _may_be_done(step, error)
    waited = throttled and await attempts.wait(error, step.description)
    if (throttled or may_be_done) and await _took_effect(context, step, error):
        context.result.wrote = True
        return False
    if may_be_done and not throttled and _creates_application(step):
        raise ScimconfError(str(error), _LOST_CREATION) from None
    if not throttled and (may_be_done or context.session.consistency.allows_retry(error)):
        waited = await attempts.wait(error, "a response" if may_be_done else step.description)
    if not waited or context.request.interrupted():
        raise error
    return True


async def _took_effect(context: ExecutionContext, step: Send, error: GraphError) -> bool:
    """Return whether the lookup shows the result of a request that may have taken effect."""
    limit = THROTTLED_LOOKUP if error.status == 429 else None
    return step.lookup is not None and await _find(context, step, step.lookup, limit=limit)


def _may_be_done(step: Send, error: GraphError) -> bool:
    return may_have_happened(error.status) or (error.status == 409 and step.lookup is not None)


async def _check_absence(context: ExecutionContext, step: Send) -> None:
    """Raise StaleError if the application to be created exists by now."""
    if _creates_application(step) and step.lookup is not None and await rows_of(context, step.lookup):
        raise StaleError(CREATED_MEANWHILE)


async def _send_once(context: ExecutionContext, step: Send) -> Json:
    request = await build_request(context, step)
    with context.writing(write_key(step), counts=not step.is_credentials_test):
        return (await context.session.graph.send(request)).body


async def build_request(context: ExecutionContext, step: Send) -> Request:
    """Return the request of a step, with the names and values that are known by now."""
    body = step.body
    if isinstance(body, Mapping):
        body = {
            key: await pending_pairs(context, value)
            if isinstance(value, PendingDocument)
            else substitute(value, context.names)
            for key, value in body.items()
        }
    names, creates = dict(context.names), step.creates
    return Request(step.method, step.path, names, body=body, repeatable=not creates, sent_once=creates)


async def _find(
    context: ExecutionContext,
    step: Send,
    lookup: Document,
    created: AbstractSet[str] = frozenset(),
    limit: float | None = None,
) -> bool:
    """Wait until the lookup, which the next plan uses too, binds an output of the step; return False on timeout.

    `created` are the ids in the response, if there was one: then the lookup must list one of them, since another run
    may have created an object with the same name. `limit` is in seconds.
    """
    backoff = context.session.consistency.backoff(limit)
    outputs = {name for name, _ in step.outputs}
    while True:
        rows = await rows_of(context, lookup)
        documents = {**context.request.snapshot.documents, lookup.name: rows}
        names = lookup.binds(documents) if lookup.binds is not None else {}
        is_visible = any(row["id"] in created for row in rows) if created else bool(outputs & names.keys())
        if is_visible:
            context.session.consistency.created_in_this_run = True
            context.names.update(names)
            context.listed[lookup.path, lookup.query] = rows
            return True
        if not await context.wait(backoff, f"{step.description}: replication"):
            return False


async def rows_of(context: ExecutionContext, lookup: Document) -> Json:
    """Return the rows of a collection, none while the collection itself is not replicated."""
    try:
        return await read(context.session.graph, lookup, context.names)
    except GraphError as error:
        if not may_be_propagating(error):
            raise
        return []


def _creates_application(step: Send) -> bool:
    """Return whether the step creates an application: sent twice in a run, it would create a second one."""
    return any(name == "service_principal" for name, _ in step.outputs)


def is_success(step: Send, error: GraphError) -> bool:
    """Return whether the error means that the request's result exists."""
    return any(error.status == status and text in error.message for status, text in step.success_errors)


def _field(step: Send, answer: Json, path: str) -> str:
    for part in path.split("."):
        answer = answer.get(part) if isinstance(answer, Mapping) else None
    if not isinstance(answer, str) or not answer:
        request = f"{step.method} {step.path}"
        raise ScimconfError(f"the response to {request} is not as Graph documents it: {path} is missing")
    return answer


async def test_stored(context: ExecutionContext, step: Send) -> None:
    """Test the stored credentials while their write becomes visible; test them again if it was not visible at once."""
    failure = None
    try:
        await send(context, step)
    except GraphError as error:
        failure = error
    confirmation = context.confirmations.get(step.after_write)
    if confirmation is not None:
        await confirmation
        if step.after_write in context.late:
            await send(context, step)
            return
    if failure is not None:
        raise failure
