"""Faults between the client and the sandbox: a transport that refuses, loses, delays or garbles at any request.

A fault strikes before the request takes effect, after it (the answer is lost or replaced), or in between (the effect
arrives after the client gave up). Which one strikes where depends only on the seed, the method, the path and how often
they occurred, so that a seed gives the same lifecycle whatever the order of independent requests is.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from random import Random
from typing import Any, Protocol
from urllib.parse import quote

import httpx

from scimconf.sandbox.store import Condition
from tests.tenant_fixture import NOON, Killed, Rehearsal, is_write

LATENCY, TIMEOUT = 0.05, 60.0
"""Seconds that a request takes, and after which the client gives up; of the simulated clock."""
LATEST_ARRIVAL = 50.0
"""Seconds after the timeout by which a request that is late takes effect."""
REST, AGAIN = b"life-rest=1", b"life-again=1"
"""Query options in the next links that this transport makes: to the rest of a page, and to the same page for ever."""
REFUSALS: dict[str, tuple[int, dict[str, str], dict[str, Any]]] = {
    "429": (429, {}, {"code": "TooManyRequests", "message": "Too many requests."}),
    "429 with Retry-After": (429, {"retry-after": "7"}, {"code": "TooManyRequests", "message": "Too many requests."}),
    "500": (500, {}, {"code": "InternalServerError", "message": "An internal error occurred."}),
    "502": (502, {}, {"code": "BadGateway", "message": "Bad gateway."}),
    "503": (503, {}, {"code": "ServiceUnavailable", "message": "The service is unavailable."}),
    "504": (504, {}, {"code": "GatewayTimeout", "message": "The gateway timed out."}),
    "401": (401, {}, {"code": "InvalidAuthenticationToken", "message": "Lifetime validation failed, the token is expired."}),
    "401 without a message": (401, {}, {"code": "UnknownError", "message": ""}),
    "403": (403, {}, {"code": "Authorization_RequestDenied", "message": "Insufficient privileges."}),
}  # fmt: skip
LOST = ("429", "429 with Retry-After", "500", "502", "503", "504")
"""Refusals that also stand in place of the answer to a request that took effect."""
GARBLED: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "empty answer": ("application/json", lambda _content: b""),
    "HTML answer": ("text/html", lambda _content: b"<html><body>Sign in</body></html>"),
    "cut answer": ("application/json", lambda content: content[: len(content) // 2]),
    "{} answer": ("application/json", lambda _content: b"{}"),
    "null answer": ("application/json", lambda _content: b"null"),
}
QUARANTINE = {
    "currentBegan": "2026-11-25T11:00:00Z",
    "error": {"code": "EncounteredQuarantineException", "message": "", "tenantActionable": True},
    "nextAttempt": "2026-11-25T13:00:00Z",
    "reason": "EncounteredQuarantineException",
    "seriesBegan": "2026-11-25T11:00:00Z",
    "seriesCount": 1,
}
BEFORE = {f"{name} before": name for name in REFUSALS}
AFTER = {f"{name} after": name for name in LOST}
CONNECTIONS: dict[str, Callable[[httpx.Request], Exception]] = {
    "no connection": lambda request: httpx.ConnectError("all connection attempts failed", request=request),
    "reset before": lambda request: httpx.ReadError("the connection was reset", request=request),
    "reset after": lambda request: httpx.ReadError("the connection was reset", request=request),
    "timeout before": lambda request: httpx.ReadTimeout("", request=request),
    "timeout after": lambda request: httpx.ReadTimeout("", request=request),
    "late arrival": lambda request: httpx.ReadTimeout("", request=request),
}
PAGES = ("empty page", "repeated page", "repeated link")
BATCHES = ("batch members refused", "batch members lost")
ENDS = ("death before", "death after", "interrupt")
EVERYWHERE = (*BEFORE, "no connection", "reset before", "timeout before", "outage", "other client")
KINDS = (
    *EVERYWHERE,
    *AFTER,
    "reset after",
    "timeout after",
    "late arrival",
    *GARBLED,
    *PAGES,
    *BATCHES,
    *ENDS,
    "quarantine",
    "echo",
)
"""Everything that may strike, for the counts."""


@dataclass(slots=True)
class Exchange:
    """One request of the client: whether it reached the sandbox, the response there, and what the client got.

    `status` is the sandbox's, None if it did not arrive; `answer` is a status or the name of an error. `took_effect`: it
    is a write that the sandbox accepted, or a batch with one.
    """

    method: str
    path: str
    content: bytes
    is_write: bool
    fault: str = ""
    status: int | None = None
    answer: str = ""
    took_effect: bool = False


class Schedule(Protocol):
    """Decides which fault strikes a request."""

    def draw(self, request: httpx.Request, number: int, is_writing: bool) -> str:
        """Return the kind of the fault, or ""."""


class NoFaults:
    """No fault at any request."""

    def draw(self, request: httpx.Request, number: int, is_writing: bool) -> str:
        return ""


@dataclass
class FaultAt:
    """One fault, at the `number`-th request, or, with `writes`, at the `number`-th write; counted from 1."""

    kind: str
    number: int
    writes: bool = False
    _count: int = 0

    def draw(self, request: httpx.Request, number: int, is_writing: bool) -> str:
        self._count += is_writing or not self.writes
        return self.kind if self._count == self.number and (is_writing or not self.writes) else ""


@dataclass
class RandomFaults:
    """Each request is struck with a probability, at most `limit` requests in all; `only` are the kinds, if not all."""

    seed: str
    reads: float
    writes: float
    limit: int = 8
    excluded: tuple[str, ...] = ()
    only: tuple[str, ...] = KINDS
    _counts: Counter[str] = field(default_factory=Counter)
    _struck: int = 0

    def draw(self, request: httpx.Request, number: int, is_writing: bool) -> str:
        key = f"{request.method} {request.url.raw_path.decode()}"
        self._counts[key] += 1
        random = Random(f"{self.seed} {key} {self._counts[key]}")
        if self._struck >= self.limit or random.random() >= (self.writes if is_writing else self.reads):
            return ""
        kinds = [kind for kind in _applicable(request, is_writing) if kind in self.only and kind not in self.excluded]
        self._struck += bool(kinds)
        return random.choice(kinds) if kinds else ""


def _applicable(request: httpx.Request, is_writing: bool) -> tuple[str, ...]:
    """Return the kinds that can strike a request."""
    kinds = (*EVERYWHERE, *GARBLED, *ENDS, "quarantine")
    if is_writing:
        kinds += (*AFTER, "reset after", "timeout after", "late arrival", "late arrival", "late arrival")
    if request.method == "GET":
        kinds += PAGES * 2
    if request.url.path.endswith("$batch"):
        kinds += BATCHES * 6
    if b"c4n4ry" in request.content:
        kinds += ("echo",) * 6
    return kinds


@dataclass(slots=True)
class _Late:
    due: float
    request: httpx.Request
    exchange: Exchange


class Wire(httpx.AsyncBaseTransport):
    """The transport of a client whose requests end in the sandbox, or in a fault.

    `strikes` counts the faults that really struck. `interrupt` and `other_client` are called by the faults of these
    names, `after_each` after every request.
    """

    def __init__(self, tenant: Rehearsal, schedule: Schedule, jitter: Random | None = None) -> None:
        self.tenant, self.schedule = tenant, schedule
        self.exchanges: list[Exchange] = []
        self.strikes: Counter[str] = Counter()
        self.is_dead = False
        self.interrupt: Callable[[], None] = lambda: None
        self.other_client: Callable[[], None] = lambda: None
        self.after_each: Callable[[], None] = lambda: None
        self._inner = httpx.ASGITransport(app=tenant.app)
        self._late: list[_Late] = []
        self._outage: list[str] = []
        self._jitter = jitter

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        for _ in range(self._jitter.randrange(8) if self._jitter is not None else 0):
            await asyncio.sleep(0)
        if self.is_dead:
            await asyncio.Event().wait()
        self.tenant.time += LATENCY
        await self.deliver_late()
        writing = is_write(request.method, request.url.path, request.content)
        exchange = Exchange(request.method, request.url.path.removeprefix("/v1.0"), request.content, writing)
        self.exchanges.append(exchange)
        exchange.fault = self._drawn(request, writing)
        try:
            response = await self._struck(request, exchange)
            exchange.answer = str(response.status_code)
        except BaseException as error:
            exchange.answer = type(error).__name__
            raise
        finally:
            self.after_each()
        return response

    def _drawn(self, request: httpx.Request, is_writing: bool) -> str:
        if AGAIN in request.url.query:
            return "repeated link"
        if REST in request.url.query:
            return ""
        if self._outage:
            return self._outage.pop()
        return self.schedule.draw(request, len(self.exchanges), is_writing)

    async def deliver_late(self, *, everything: bool = False) -> int:
        """Deliver the requests that are due; return how many."""
        due = [late for late in self._late if everything or late.due <= self.tenant.time]
        self._late = [late for late in self._late if late not in due]
        for late in due:
            await self._forward(late.request, late.exchange)
        return len(due)

    async def _forward(self, request: httpx.Request, exchange: Exchange) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        await response.aread()
        exchange.status = response.status_code
        exchange.took_effect = exchange.is_write and response.status_code < 400 and _has_effect(request, response)
        return response

    async def _struck(self, request: httpx.Request, exchange: Exchange) -> httpx.Response:
        kind = exchange.fault
        if not kind:
            return await self._forward(_unmarked(request), exchange)
        response = await self._fault(kind, request, exchange)
        if response is None:  # the fault did not apply
            exchange.fault = ""
            return await self._forward(request, exchange)
        return response

    async def _fault(self, kind: str, request: httpx.Request, exchange: Exchange) -> httpx.Response | None:
        """Return the response under a fault, or None if the answer gives it no place to strike."""
        if kind not in (*PAGES, *BATCHES, "echo"):
            self.strikes[kind] += 1
        if kind in ENDS:
            return await self._ended(kind, request, exchange)
        if kind in BEFORE:
            return self._refusal(BEFORE[kind])
        if kind in AFTER:
            await self._forward(request, exchange)
            return self._refusal(AFTER[kind])
        if kind in CONNECTIONS:
            return await self._without_answer(kind, request, exchange)
        if kind in GARBLED:
            return self._garbled(kind, await self._forward(request, exchange))
        if kind in BATCHES:
            return await self._batch(kind, request, exchange)
        if kind in PAGES:
            return self._page(kind, request, await self._forward(_unmarked(request), exchange))
        return await self._others(kind, request, exchange)

    async def _ended(self, kind: str, request: httpx.Request, exchange: Exchange) -> httpx.Response:
        if kind == "interrupt":
            self.interrupt()
            return await self._forward(request, exchange)
        if kind == "death after":
            await self._forward(request, exchange)
        self.is_dead = True
        raise Killed

    async def _without_answer(self, kind: str, request: httpx.Request, exchange: Exchange) -> httpx.Response:
        if kind.endswith("after"):
            await self._forward(request, exchange)
        error = CONNECTIONS[kind](request)
        if isinstance(error, httpx.ReadTimeout):
            self.tenant.time += TIMEOUT
        if kind == "late arrival":
            delay = self._random(request).uniform(0, LATEST_ARRIVAL)
            self._late.append(_Late(self.tenant.time + delay, request, exchange))
        raise error

    async def _others(self, kind: str, request: httpx.Request, exchange: Exchange) -> httpx.Response | None:
        random = self._random(request)
        if kind == "outage":
            name = random.choice(["503 before", "500 before", "reset before", "429 with Retry-After before"])
            self._outage = [name] * random.choice([3, 6, 12, 40])
            return self._refusal("503")
        if kind == "echo":
            return self._echo(request, random)
        if kind == "other client":
            self.other_client()
        if kind == "quarantine":
            quarantine(self.tenant)
        return await self._forward(request, exchange)

    def _random(self, request: httpx.Request) -> Random:
        return Random(f"{request.method} {request.url.path} {len(self.exchanges)}")

    def _headers(self) -> dict[str, str]:
        return {"date": format_datetime(NOON + timedelta(seconds=self.tenant.time), usegmt=True)}

    def _refusal(self, name: str) -> httpx.Response:
        status, headers, error = REFUSALS[name]
        return httpx.Response(status, json={"error": error}, headers={**self._headers(), **headers})

    def _garbled(self, kind: str, response: httpx.Response) -> httpx.Response:
        content_type, change = GARBLED[kind]
        headers = {**self._headers(), "content-type": content_type}
        return httpx.Response(response.status_code, content=change(response.content), headers=headers)

    def _page(self, kind: str, request: httpx.Request, response: httpx.Response) -> httpx.Response | None:
        body = response.json() if response.status_code == 200 and response.content[:1] == b"{" else {}
        if not isinstance(body.get("value"), list) or "@odata.nextLink" in body:
            return response
        self.strikes[kind] += AGAIN not in request.url.query
        option = AGAIN if kind == "repeated link" else REST
        query = b"&".join(filter(None, [_own_query(request), option]))
        body |= {"@odata.nextLink": str(request.url.copy_with(query=query))}
        if kind == "empty page":
            body["value"] = []
        return httpx.Response(200, json=body, headers=self._headers())

    async def _batch(self, kind: str, request: httpx.Request, exchange: Exchange) -> httpx.Response | None:
        """Refuse or lose some members of a batch; the others are handled as usual."""
        members = json.loads(request.content)["requests"]
        random = self._random(request)
        struck = {member["id"] for member in members if random.random() < 0.5} or {members[0]["id"]}
        self.strikes[kind] += 1
        sent = [member for member in members if kind == "batch members lost" or member["id"] not in struck]
        body: dict[str, Any] = {"responses": []}
        if sent:
            content = json.dumps({"requests": sent}).encode()
            body = (await self._forward(_with_content(request, content), exchange)).json()
        rows = [row for row in body["responses"] if row["id"] not in struck]
        for key in sorted(struck):
            status, headers, error = REFUSALS[random.choice(["429 with Retry-After", "429", "503", "500", "504"])]
            if kind == "batch members refused" or random.random() < 0.6:
                rows.append({"id": key, "status": status, "headers": headers, "body": {"error": error}})
        return httpx.Response(200, json={"responses": rows}, headers=self._headers())

    def _echo(self, request: httpx.Request, random: Random) -> httpx.Response:
        """Refuse a request with its own body in every part of the error, in a random form."""
        self.strikes["echo"] += 1
        text = request.content.decode()
        start = text.index("c4n4ry")
        secret = text[start : text.index('"', start)]
        forms = [secret, secret.encode().hex(), base64.b64encode(f"x:{secret}".encode()).decode(), quote(secret), text]
        form = random.choice(forms)
        error = {"code": random.choice([form, "BadRequest"]), "message": f"Cannot use {form} here.", "details": []}
        nested = {"code": "BadRequest", "message": json.dumps({"error": error})}
        headers = {**self._headers(), "request-id": form if form.isascii() and form.isprintable() else "1"}
        status = random.choice([400, 500])
        return httpx.Response(status, json={"error": random.choice([error, nested])}, headers=headers)


def _has_effect(request: httpx.Request, response: httpx.Response) -> bool:
    """Return whether a write that was accepted changed something: of a batch, any member."""
    if not request.url.path.endswith("$batch"):
        return True
    methods = {member["id"]: member["method"] for member in json.loads(request.content)["requests"]}
    return any(row["status"] < 400 and methods[row["id"]] != "GET" for row in response.json()["responses"])


def _own_query(request: httpx.Request) -> bytes:
    """Return the query without the options of this transport."""
    return b"&".join(part for part in request.url.query.split(b"&") if part not in (REST, AGAIN))


def _unmarked(request: httpx.Request) -> httpx.Request:
    """Return the request without the options of this transport, as the sandbox knows it."""
    query = _own_query(request)
    if query == request.url.query:
        return request
    return httpx.Request(request.method, request.url.copy_with(query=query or None), headers=request.headers)


def _with_content(request: httpx.Request, content: bytes) -> httpx.Request:
    headers = {key: value for key, value in request.headers.items() if key != "content-length"}
    return httpx.Request(request.method, request.url, headers=headers, content=content)


def quarantine(tenant: Rehearsal) -> None:
    """Put the jobs of the application Writer into quarantine, as the service does when the endpoint fails."""
    documents = tenant.service.tenant.documents
    for principal in documents.all("servicePrincipal", Condition("json_extract(doc, '$.displayName') = 'Writer'")):
        for job in documents.all("job", Condition("parent = ?", (principal["id"],))):
            job["status"] |= {"code": "Quarantine", "quarantine": QUARANTINE}
            documents.put("job", job["id"], job)
