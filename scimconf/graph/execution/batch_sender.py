"""Sends independent requests in batches, each with its own outcome, at the pace that Graph's write quota allows."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence

from scimconf.diagnostics import GraphError, plural
from scimconf.graph.client import may_have_happened
from scimconf.graph.eventual_consistency import may_be_propagating
from scimconf.graph.execution.attempts import Attempts
from scimconf.graph.execution.context import ExecutionContext, may_be_written, write_key
from scimconf.graph.execution.order import StepNode
from scimconf.graph.execution.sender import build_request, is_success, rows_of
from scimconf.graph.protocol.batches import BATCH_SIZE
from scimconf.graph.protocol.request import Request, chunks
from scimconf.graph.protocol.retry import is_throttled
from scimconf.graph.task_group import gather_all
from scimconf.json_types import Json
from scimconf.plan import Result
from scimconf.snapshot import substitute
from scimconf.steps import Send

IN_FLIGHT = 2
"""Batches of writes in flight: more would only reach Graph's write quota sooner."""
WRITERS = 3
"""Tasks that send batches: while two wait for responses, one records results and makes its next batch."""


async def send_batches(context: ExecutionContext, node: StepNode) -> bool:
    """Send the requests of a node; return whether all succeeded."""
    parts = iter(chunks([step for step in node.steps if isinstance(step, Send)], BATCH_SIZE))
    slots = asyncio.Semaphore(IN_FLIGHT)
    return all(await gather_all([_send_parts(context, parts, slots) for _ in range(WRITERS)]))


async def _send_parts(context: ExecutionContext, parts: Iterator[Sequence[Send]], slots: asyncio.Semaphore) -> bool:
    succeeded = True
    for part in parts:
        succeeded = await _send_part(context, part, slots) and succeeded
    return succeeded


async def _send_part(context: ExecutionContext, part: Sequence[Send], slots: asyncio.Semaphore) -> bool:
    """Send a batch once the quota allows it, and again what failed for a time; return whether all succeeded."""
    requests = [await build_request(context, step) for step in part]
    async with slots:
        is_sent = await context.session.graph.write_quota.reserve(len(part), context.is_stopped)
        answers = await _answers(context, part, requests) if is_sent else ()
    if not is_sent:
        reason, hint = context.stop_reason()
        for step in part:
            context.finish_step(step, Result.SKIPPED, reason, hint)
        return False
    succeeded, retries = _record_answers(context, part, answers)
    attempts = Attempts(context)
    while retries:
        slowest = max((error for _, error in retries), key=lambda error: (error.status == 429, error.retry_after or 0))
        waited = await attempts.wait(slowest, f"replication, for {plural(len(retries), 'request')}")
        retries = await _not_done(context, retries)
        if retries and not waited:
            _give_up(context, retries)
            return False
        pending = [step for step, _ in retries]
        requests = [await build_request(context, step) for step in pending]
        async with slots:
            answers = await _answers(context, pending, requests) if pending else ()
        all_done, retries = _record_answers(context, pending, answers)
        succeeded = succeeded and all_done
    return succeeded


def _record_answers(
    context: ExecutionContext, steps: Sequence[Send], answers: Sequence[object]
) -> tuple[bool, list[tuple[Send, GraphError]]]:
    """Record the results of steps that ended; return whether none failed, and those to send again, with their errors."""
    succeeded, retries = True, []
    for step, answer in zip(steps, answers, strict=True):
        if not isinstance(answer, GraphError) or is_success(step, answer):
            context.finish_step(step, Result.DONE)
        elif _may_retry(context, step, answer):
            retries.append((step, answer))
        else:
            succeeded = False
            context.finish_step(step, Result.FAILED, str(answer), answer.hint)
    return succeeded, retries


def _give_up(context: ExecutionContext, retries: Sequence[tuple[Send, GraphError]]) -> None:
    """Record the steps that are not sent again. If Graph throttles requests, the first fails and the apply stops."""
    context.check_throttling(next((error for _, error in retries if is_throttled(error.status)), None))
    for number, (step, error) in enumerate(retries):
        if number and is_throttled(error.status) and not context.is_uncertain(step):
            reason, hint = context.stop_reason()
            context.finish_step(step, Result.SKIPPED, reason, hint)
        else:
            context.finish_step(step, Result.FAILED, str(error), error.hint)


def _may_retry(context: ExecutionContext, step: Send, error: GraphError) -> bool:
    later = step.creates and is_throttled(error.status)
    return later or may_have_happened(error.status) or (may_be_propagating(error) and _may_be_new(context))


async def _not_done(
    context: ExecutionContext, retries: Sequence[tuple[Send, GraphError]]
) -> list[tuple[Send, GraphError]]:
    """Return the requests whose result is not listed; the others took effect and are finished."""
    collection = retries[0][0].listed_in
    if collection is None:
        return list(retries)
    rows = list(await rows_of(context, collection))
    bodies = [substitute(step.body, context.names) for step, _ in retries]
    names = [name for name in bodies[0] if rows and name in rows[0]]
    listed = {_key(row, names) for row in rows}
    remaining = []
    for (step, error), body in zip(retries, bodies, strict=True):
        if _key(body, names) in listed:
            context.result.wrote = True
            context.finish_step(step, Result.DONE)
        else:
            remaining.append((step, error))
    return remaining


def _key(row: Mapping[str, Json], names: Sequence[str]) -> tuple[str, ...]:
    """Return the values of these properties in lower case: Graph's responses differ in the case of ids."""
    return tuple(str(row[name]).lower() for name in names)


async def _answers(context: ExecutionContext, steps: Sequence[Send], requests: Sequence[Request]) -> Sequence[object]:
    try:
        answers = await context.session.graph.batch(requests)
    except Exception as error:
        for step in steps if may_be_written(error) else ():
            context.record_write(write_key(step))
        raise
    for step, answer in zip(steps, answers, strict=True):
        if not isinstance(answer, GraphError) or may_be_written(answer):
            context.record_write(write_key(step))
    return answers


def _may_be_new(context: ExecutionContext) -> bool:
    """Return whether the application is new or its roles were written in this run: the service principal gets a copy."""
    return context.session.consistency.is_new() or "application" in context.written
