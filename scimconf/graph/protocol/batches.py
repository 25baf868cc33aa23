"""`$batch`: many independent requests in a few, each judged by its own answer. No third party.

The SDK's batches are not used: they order nothing (`depends_on`), lose the bodies of steps, and need a package that
they do not name. Nothing here depends on anything either: phases of a plan follow one another instead, since Graph
wants a batch to be fully parallel or fully in order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scimconf.diagnostics import GraphError, TransportError
from scimconf.graph.protocol.error_body import Scrub, refusal
from scimconf.graph.protocol.request import Answer, Reply, Request
from scimconf.graph.protocol.retry import Attempt, Gate, Tries, is_repeatable, retry_after

BATCH_SIZE = 20
"""Most requests in one `$batch` (Microsoft's page on JSON batching)."""

Result = Answer | GraphError


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """What became of a step; `attempt` is None where its batch failed, which has been tried again as a whole."""

    result: Result
    attempt: Attempt | None = None


class Batches:
    """Sends at most 20 requests as one; throttled and uncertain steps are sent again by the rules of any request."""

    def __init__(
        self, send: Callable[[Request], Awaitable[Answer]], url: Callable[[Request], str], gate: Gate, scrub: Scrub
    ) -> None:
        self._send = send
        self._url = url
        self._gate = gate
        self._scrub = scrub

    async def run(self, requests: Sequence[Request], slots: asyncio.Semaphore) -> list[Result]:
        """The results in the order of the requests."""
        left = dict(enumerate(requests))
        tries = {index: Tries() for index in left}
        outcomes: dict[int, BatchOutcome] = {}
        async with slots:
            while left:
                latest = await self._once(left)
                outcomes |= latest
                again = self._again(latest, tries)
                left = {index: left[index] for index in again}
                if not again or not await self._gate.rest(slowest(again.values())):
                    break
        return [outcomes[index].result for index in range(len(requests))]

    def _again(self, outcomes: Mapping[int, BatchOutcome], tries: Mapping[int, Tries]) -> dict[int, Attempt]:
        """The attempts whose requests are worth another try, numbered."""
        tried = {index: tries[index].numbered(one.attempt) for index, one in outcomes.items() if one.attempt}
        return {index: attempt for index, attempt in tried.items() if self._gate.limits.again(attempt)}

    async def _once(self, steps: Mapping[int, Request]) -> dict[int, BatchOutcome]:
        whole = Request(
            "POST",
            "/$batch",
            body={"requests": [step(str(index), request, self._url(request)) for index, request in steps.items()]},
            repeatable=all(is_repeatable(request.method, said=request.repeatable) for request in steps.values()),
        )
        try:
            answer = await self._send(whole)
        except GraphError as error:
            return {index: BatchOutcome(of_step(error, request)) for index, request in steps.items()}
        found = replies(answer)
        return {index: self._judge(request, found.get(index), answer) for index, request in steps.items()}

    def _judge(self, request: Request, found: tuple[Reply, Any] | None, whole: Answer) -> BatchOutcome:
        repeatable = is_repeatable(request.method, said=request.repeatable)
        if found is None:
            lost = TransportError(
                method=request.method, path=request.told(), message="the batch's answer leaves it out"
            )
            return BatchOutcome(lost, Attempt(repeatable))
        reply, body = found
        wait = retry_after(reply.headers.get("retry-after"), whole.date)
        attempt = Attempt(repeatable, status=reply.status, retry_after=wait)
        return BatchOutcome(self._result(request, reply, body, whole), attempt)

    def _result(self, request: Request, reply: Reply, body: Any, whole: Answer) -> Result:
        if 200 <= reply.status < 300:
            return Answer(reply.status, body, date=whole.date, request_id=reply.request_id)
        return refusal(request, reply, body, scrub=self._scrub, now=whole.date)


def slowest(attempts: Iterable[Attempt]) -> Attempt:
    """The attempt whose wait covers all of them: a throttled one before others, the longest Retry-After of these."""
    return max(attempts, key=lambda attempt: (attempt.shared, attempt.retry_after or 0.0))


def step(number: str, request: Request, url: str) -> dict[str, Any]:
    """One request in the envelope; a body needs its content type."""
    headers = dict(request.headers)
    body = {} if request.body is None else {"body": request.body}
    if body:
        headers["Content-Type"] = "application/json"
    return {"id": number, "method": request.method, "url": url, **({"headers": headers} if headers else {}), **body}


def replies(whole: Answer) -> dict[int, tuple[Reply, Any]]:
    """The replies in a `$batch` answer and their bodies by the number of their request, in whatever order they came.

    A step without an id of its own to quote carries that of the batch.
    """
    rows = whole.body.get("responses") if isinstance(whole.body, dict) else None
    found = {}
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, dict):
            continue
        number, status, headers = str(row.get("id", "")), row.get("status"), row.get("headers")
        if number.isascii() and number.isdecimal() and len(number) < 4 and isinstance(status, int):
            named = headers.items() if isinstance(headers, dict) else ()
            own = {str(name).lower(): str(value) for name, value in named}
            found[int(number)] = Reply(status, {"request-id": whole.request_id, **own}), row.get("body")
    return found


def of_step(error: GraphError, request: Request) -> GraphError:
    """The failure of a whole batch, as the failure of one of its requests."""
    if isinstance(error, TransportError):
        return TransportError(
            method=request.method,
            path=request.told(),
            message=error.message,
            client_request_id=error.client_request_id,
            hint=error.hint,
        )
    return GraphError(
        status=error.status,
        code=error.code,
        message=error.message,
        method=request.method,
        path=request.told(),
        request_id=error.request_id,
        client_request_id=error.client_request_id,
        retry_after=error.retry_after,
        hint=error.hint,
    )
