"""`$batch`: independent requests in one, each with its own result. No third party.

The SDK's batches are not used: they lose the bodies of requests and need a package that they do not declare. Requests
of a batch never depend on each other: Graph runs a batch in parallel or in sequence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scimconf.diagnostics import GraphError, TransportError
from scimconf.graph.protocol.error_body import MaskText, graph_error, no_response
from scimconf.graph.protocol.request import Answer, Reply, Request
from scimconf.graph.protocol.retry import Attempt, Gate, Tries, is_repeatable, retry_after

BATCH_SIZE = 20
"""Maximum requests in one `$batch` (Graph: JSON batching)."""

Result = Answer | GraphError


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """The result of one request; `attempt` is None if the whole batch failed, which was already retried as a whole."""

    result: Result
    attempt: Attempt | None = None


@dataclass(frozen=True, slots=True)
class Batches:
    """Sends up to 20 requests as one; the retry policy applies to each of them."""

    send: Callable[[Request], Awaitable[Answer]]
    url: Callable[[Request], str]
    gate: Gate
    mask_text: MaskText

    async def run(self, requests: Sequence[Request], slots: asyncio.Semaphore) -> list[Result]:
        """Return the results in the order of the requests."""
        pending = dict(enumerate(requests))
        tries = {index: Tries() for index in pending}
        outcomes: dict[int, BatchOutcome] = {}
        lost: set[int] = set()
        async with slots:
            while pending:
                latest = await self._once(pending)
                outcomes |= latest
                retries = self._retries(latest, tries)
                pending = {index: pending[index] for index in retries}
                if not retries or not await self.gate.rest(slowest(retries.values())):
                    break
                lost |= {index for index, attempt in retries.items() if attempt.is_lost}
        return [_result(outcomes[index].result, is_lost=index in lost) for index in range(len(requests))]

    def _retries(self, outcomes: Mapping[int, BatchOutcome], tries: Mapping[int, Tries]) -> dict[int, Attempt]:
        attempts = {
            index: tries[index].numbered(outcome.attempt) for index, outcome in outcomes.items() if outcome.attempt
        }
        return {index: attempt for index, attempt in attempts.items() if self.gate.limits.allow_retry(attempt)}

    async def _once(self, requests: Mapping[int, Request]) -> dict[int, BatchOutcome]:
        envelopes = [envelope(str(index), request, self.url(request)) for index, request in requests.items()]
        repeatable = all(is_repeatable(request.method, declared=request.repeatable) for request in requests.values())
        sent_once = any(request.sent_once for request in requests.values())
        whole = Request("POST", "/$batch", body={"requests": envelopes}, repeatable=repeatable, sent_once=sent_once)
        try:
            answer = await self.send(whole)
        except GraphError as error:
            return {index: BatchOutcome(of_request(error, request)) for index, request in requests.items()}
        by_index = replies(answer)
        return {index: self._outcome(request, by_index.get(index), answer) for index, request in requests.items()}

    def _outcome(self, request: Request, response: tuple[Reply, Any] | None, whole: Answer) -> BatchOutcome:
        repeatable = is_repeatable(request.method, declared=request.repeatable)
        if response is None:
            lost = no_response(request, "the batch response has no result for this request")
            return BatchOutcome(lost, Attempt(repeatable, sent_once=request.sent_once))
        reply, body = response
        wait = retry_after(reply.headers.get("retry-after"), whole.date)
        attempt = Attempt(repeatable, status=reply.status, retry_after=wait, sent_once=request.sent_once)
        if 200 <= reply.status < 300:
            return BatchOutcome(Answer(reply.status, body, date=whole.date, request_id=reply.request_id), attempt)
        return BatchOutcome(graph_error(request, reply, body, mask_text=self.mask_text, now=whole.date), attempt)


def _result(result: Result, *, is_lost: bool) -> Result:
    """Return the last result of a request; an error says so if an earlier attempt may have taken effect."""
    if isinstance(result, GraphError):
        result.lost_attempt |= is_lost
    return result


def slowest(attempts: Iterable[Attempt]) -> Attempt:
    """Return the attempt with the longest wait: a throttled one before others, by Retry-After."""
    return max(attempts, key=lambda attempt: (attempt.shared, attempt.retry_after or 0.0))


def envelope(number: str, request: Request, url: str) -> dict[str, Any]:
    """Return a request as an item of `requests`; one with a body needs a content type."""
    headers = dict(request.headers)
    body = {} if request.body is None else {"body": request.body}
    if body:
        headers["Content-Type"] = "application/json"
    return {"id": number, "method": request.method, "url": url, **({"headers": headers} if headers else {}), **body}


def replies(whole: Answer) -> dict[int, tuple[Reply, Any]]:
    """Return reply and body by the number of the request, in any order; the batch's request id is the default."""
    rows = whole.body.get("responses") if isinstance(whole.body, dict) else None
    by_index = {}
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, dict):
            continue
        number, status, headers = str(row.get("id", "")), row.get("status"), row.get("headers")
        if number.isascii() and number.isdecimal() and len(number) < 4 and isinstance(status, int):
            named = headers.items() if isinstance(headers, dict) else ()
            own = {str(name).lower(): str(value) for name, value in named}
            by_index[int(number)] = Reply(status, {"request-id": whole.request_id, **own}), row.get("body")
    return by_index


def of_request(error: GraphError, request: Request) -> GraphError:
    """Return the failure of a whole batch as the failure of one of its requests."""
    if isinstance(error, TransportError):
        return no_response(request, error.message, error.client_request_id, error.hint)
    return GraphError(**{**vars(error), "method": request.method, "path": request.resolved_path()})
