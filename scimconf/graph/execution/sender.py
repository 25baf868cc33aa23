"""Requests: sent until they are done. A lost answer is looked for before anything is sent again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scimconf.diagnostics import GraphError, ScimconfError
from scimconf.graph.client import Request, may_have_happened
from scimconf.graph.eventual_consistency import may_be_propagating
from scimconf.graph.execution.context import ExecutionContext, may_be_written
from scimconf.graph.execution.document_writer import folded
from scimconf.graph.execution.order import StepNode
from scimconf.graph.reading import read
from scimconf.plan import Result
from scimconf.snapshot import Document, Json, substitute
from scimconf.steps import PendingDocument, Send

BATCH = 40
"""Requests handed to Graph's batches at a time, so that an interrupt is heeded and progress is seen."""


class _NotVisibleYetError(ScimconfError):
    """Something was made, and the next run could not find it: making it again would make another one."""

    hint = "Run it again in a few minutes; it goes on from there."


async def send(run: ExecutionContext, step: Send) -> None:
    """Sends until it is done; a lost answer is looked for before anything is sent again."""
    wait = run.live.patience.wait()
    while True:
        try:
            answer = await _post(run, step)
        except GraphError as error:
            if _is_already(step, error):
                return
            if may_have_happened(error.status) or (error.status == 409 and step.lookup is not None):
                if await _was_done(run, step):
                    return
                if _makes_an_application(step) or not await run.again(wait, "an answer"):
                    raise
            elif not (
                may_be_propagating(error) and run.live.patience.is_young() and await run.again(wait, step.description)
            ):
                raise
        else:
            break
    await _given(run, step, answer)


async def _was_done(run: ExecutionContext, step: Send) -> bool:
    return step.lookup is not None and await _looked(run, step, step.lookup)


async def _given(run: ExecutionContext, step: Send, answer: Json) -> None:
    for name, path in step.outputs:
        run.names[name] = _dotted(step, answer, path)
    if step.lookup is not None and not await _looked(run, step, step.lookup):
        raise _NotVisibleYetError(f"done, but not to be found yet: {step.description}")


async def _post(run: ExecutionContext, step: Send) -> Json:
    request = await _request(run, step)
    with run.writing(counts=not step.path.endswith("/validateCredentials")):
        return (await run.live.graph.send(request)).body


async def _request(run: ExecutionContext, step: Send) -> Request:
    body = step.body
    if isinstance(body, Mapping):
        parts = {}
        for key, value in body.items():
            is_folded = isinstance(value, PendingDocument)
            parts[key] = await folded(run, value) if is_folded else substitute(value, run.names)
        body = parts
    return Request(step.method, step.path, dict(run.names), body=body, repeatable=step.lookup is None)


async def _looked(run: ExecutionContext, step: Send, look: Document) -> bool:
    """Waits until the look-up that the next run will use finds what was made."""
    wait = run.live.patience.wait()
    wanted = {name for name, _ in step.outputs}
    while True:
        raw = await _collected(run, look)
        given = look.binds({**run.orders.seen.documents, look.name: raw}) if look.binds is not None else {}
        if wanted & given.keys():
            run.live.patience.made_here = True
            run.names.update(given)
            return True
        if not await run.again(wait, f"{step.description}: not to be found yet"):
            return False


async def _collected(run: ExecutionContext, look: Document) -> Json:
    """The rows of a collection, none while even the collection has not arrived."""
    try:
        return await read(run.live.graph, look, run.names)
    except GraphError as error:
        if not may_be_propagating(error):
            raise
        return []


async def bulk(run: ExecutionContext, node: StepNode) -> bool:
    """Independent requests in batches; each is judged by itself."""
    steps = [step for step in node.steps if isinstance(step, Send)]
    fine = True
    for start in range(0, len(steps), BATCH):
        part = steps[start : start + BATCH]
        if run.orders.interrupted():
            for step in part:
                run.said(step, Result.SKIPPED, "because the apply was interrupted")
            fine = False
            continue
        fine = await _batch(run, part) and fine
    return fine


async def _batch(run: ExecutionContext, steps: Sequence[Send]) -> bool:
    wait = run.live.patience.wait()
    left, fine = list(steps), True
    while left:
        try:
            answers = await run.live.graph.batch([_batched(run, one) for one in left])
        except Exception as failure:
            run.done.wrote |= may_be_written(failure)
            raise
        run.done.wrote |= any(not isinstance(one, GraphError) or may_be_written(one) for one in answers)
        again: list[tuple[Send, GraphError]] = []
        for step, answer in zip(left, answers, strict=True):
            if not isinstance(answer, GraphError) or _is_already(step, answer):
                run.said(step, Result.DONE)
            elif may_have_happened(answer.status) or (may_be_propagating(answer) and _may_be_late(run)):
                again.append((step, answer))
            else:
                fine = False
                run.said(step, Result.FAILED, str(answer), answer.hint)
        left = [step for step, _ in again]
        if left and not await run.again(wait, f"{len(left)} assignments to be taken"):
            for step, error in again:
                run.said(step, Result.FAILED, str(error), error.hint)
            return False
    return fine


def _batched(run: ExecutionContext, step: Send) -> Request:
    """Each says by itself when it is done already, so it may be sent again after an answer was lost."""
    return Request(step.method, step.path, dict(run.names), body=substitute(step.body, run.names), repeatable=True)


def _may_be_late(run: ExecutionContext) -> bool:
    """The application is young, or its roles were written in this run: the service principal's copy follows later."""
    return run.live.patience.is_young() or "application" in run.written


def _makes_an_application(step: Send) -> bool:
    """Such a request is never sent twice in a run: each one would make another application."""
    return any(name == "service_principal" for name, _ in step.outputs)


def _is_already(step: Send, error: GraphError) -> bool:
    return any(error.status == status and text in error.message for status, text in step.success_errors)


def _dotted(step: Send, answer: Json, path: str) -> str:
    """What an answer says at a path: the id of what was made, without which nothing can go on."""
    for part in path.split("."):
        answer = answer.get(part) if isinstance(answer, Mapping) else None
    if not isinstance(answer, str) or not answer:
        raise ScimconfError(f"Graph's answer to {step.method} {step.path} is not as documented: it has no {path}")
    return answer
