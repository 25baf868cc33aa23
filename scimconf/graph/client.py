"""Microsoft Graph as six verbs over raw JSON: the only door to msgraph, kiota and httpx.

The SDK gives the pipeline: its client, adapter, URL templates, authentication and telemetry. Its models, batches,
page iterator and retries are not used: models lose data (nulls, unknown values), the others stop, reorder or forget.
HTTP/1.1 only, because a graceful GOAWAY of HTTP/2 loses requests in httpx. One `Graph` serves one command and one
event loop. Nothing here knows what is read or written; no body and no token ever gets into an error.
"""

from __future__ import annotations

import asyncio
import random as dice
import ssl
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import uuid4

import httpx
from kiota_abstractions.authentication import AnonymousAuthenticationProvider
from kiota_abstractions.method import Method
from kiota_abstractions.native_response_handler import NativeResponseHandler
from kiota_abstractions.request_information import RequestInformation
from kiota_http.middleware import ParametersNameDecodingHandler
from kiota_http.middleware.options import ResponseHandlerOption
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.graph_request_adapter import options as sdk_options
from msgraph_core import GraphClientFactory
from msgraph_core.middleware import GraphTelemetryHandler
from msgraph_core.middleware.options import GraphTelemetryHandlerOption

from scimconf.diagnostics import AuthenticationError, GraphError, ScimconfError, TransportError
from scimconf.graph.protocol.batches import BATCH_SIZE, Batches
from scimconf.graph.protocol.error_body import Scrub, json_body, judge
from scimconf.graph.protocol.pages import Pages
from scimconf.graph.protocol.request import NOTHING, Answer, Reply, Request, chunks
from scimconf.graph.protocol.retry import (
    Attempt,
    Clock,
    Gate,
    Limits,
    OnWait,
    Sleep,
    Tries,
    http_date,
    is_repeatable,
    may_have_happened,
    retry_after,
)
from scimconf.graph.secrets import encode
from scimconf.graph.settings import Settings, graph_settings
from scimconf.version import __version__

__all__ = ["Answer", "Graph", "Request", "Settings", "graph_settings", "may_have_happened", "open_graph"]

Result = TypeVar("Result")
OPTIONS = "kiota_request_options"
"""Where kiota keeps a request's options in httpx's extensions; the tail of its pipeline takes them away."""
REPEATABLE = "scimconf.repeatable"
IDS_SIZE = 1000
"""Most ids in one `directoryObjects/getByIds`."""
PAGE = "999"
WRITE_BATCHES = 2
"""Batches of writes in flight: more only fills the quota of 3,000 writes in 150 s sooner."""
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
Close = Callable[[], Awaitable[None]]


class Graph:
    """A tenant's Graph for one command; use as `async with`. Every verb raises GraphError, or TransportError."""

    def __init__(self, settings: Settings, service: GraphServiceClient, gate: Gate, scrub: Scrub, close: Close) -> None:
        self.base = settings.base
        self.now: datetime | None = None
        self._settings = settings
        self._service = service
        self._gate = gate
        self._scrub = scrub
        self._close = close
        self._slots = asyncio.Semaphore(settings.concurrency)
        self._pages = Pages(settings.base, self._exchange, scrub)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._close()

    # the verbs

    async def send(self, request: Request) -> Answer:
        """The answer to one request, its body parsed."""
        reply = await self._exchange(request)
        return Answer(
            status=reply.status,
            body=json_body(request, reply, self._scrub),
            raw=reply.content,
            date=http_date(reply.headers.get("date")),
            request_id=reply.request_id,
        )

    async def get(self, path: str, names: Mapping[str, str] = NOTHING, query: Mapping[str, str] = NOTHING) -> Any:
        return (await self.send(Request("GET", path, names, query))).body

    async def post(
        self, path: str, names: Mapping[str, str] = NOTHING, body: Any = None, *, repeatable: bool = False
    ) -> Any:
        return (await self.send(Request("POST", path, names, body=body, repeatable=repeatable))).body

    async def put(self, path: str, names: Mapping[str, str] = NOTHING, body: Any = None) -> Any:
        return (await self.send(Request("PUT", path, names, body=body))).body

    async def patch(
        self, path: str, names: Mapping[str, str] = NOTHING, body: Any = None, *, repeatable: bool = False
    ) -> Any:
        return (await self.send(Request("PATCH", path, names, body=body, repeatable=repeatable))).body

    async def delete(self, path: str, names: Mapping[str, str] = NOTHING) -> Any:
        return (await self.send(Request("DELETE", path, names))).body

    # many at once

    async def collect(
        self,
        path: str,
        names: Mapping[str, str] = NOTHING,
        query: Mapping[str, str] = NOTHING,
        row: type | None = None,
        headers: Mapping[str, str] = NOTHING,
    ) -> list[Any]:
        """All rows of a collection, page after page; the pages are of 999 unless the query has its own `$top`.

        A `$top` of "" sends none. With `row`, a TypedDict, pages are decoded straight to rows with only its fields,
        whose names ending in `Id` are GUIDs and come in lower case. Headers go with every page, as Graph wants for
        ConsistencyLevel.
        """
        asked = {name: value for name, value in {"$top": PAGE, **query}.items() if value != ""}
        return await self._pages.all(Request("GET", path, names, asked, headers=headers), row)

    async def get_by_ids(self, ids: Sequence[str], types: Sequence[str]) -> list[dict[str, Any]]:
        """The directory objects with these ids, 1,000 a request; those that are not there are left out."""
        requests = [
            Request(
                "POST", "/directoryObjects/getByIds", body={"ids": list(part), "types": list(types)}, repeatable=True
            )
            for part in chunks(ids, IDS_SIZE)
        ]
        pages = await together([self._pages.all(request, None) for request in requests])
        return [found for page in pages for found in page]

    async def batch(self, requests: Sequence[Request]) -> list[Answer | GraphError]:
        """What became of each request, in the order of the requests; they are independent of one another.

        Throttled steps are sent again. A batch that failed or was lost as a whole is the error of each of its steps.
        """
        writes = any(request.method != "GET" for request in requests)
        slots = asyncio.Semaphore(WRITE_BATCHES if writes else self._settings.concurrency)
        batches = Batches(self.send, lambda request: information(request, "").url, self._gate, self._scrub)
        parts = await together([batches.run(part, slots) for part in chunks(requests, BATCH_SIZE)])
        return [result for part in parts for result in part]

    # one exchange

    async def _exchange(self, request: Request, link: str = "") -> Reply:
        """The reply to a request, or to the link of its next page; raises where it is no success."""
        asked = str(uuid4())
        info = information(request, self.base, link)
        info.headers.add("client-request-id", asked)
        async with self._slots:
            response, lost = await self._sent(info)
        if response is None:
            raise self._lost(request, lost, asked)
        reply = Reply(response.status_code, response.headers, response.content, asked)
        self._heard(reply)
        judge(request, reply, scrub=self._scrub, now=self.now)
        return reply

    async def _sent(self, info: RequestInformation) -> tuple[httpx.Response | None, httpx.RequestError | None]:
        """The response, or what was raised instead: httpx's errors hold the request, so none of ours is chained to one."""
        try:
            return await self._service.request_adapter.send_primitive_async(info, "bytes", None), None
        except httpx.RequestError as error:
            return None, error

    def _lost(self, request: Request, error: httpx.RequestError | None, asked: str) -> TransportError:
        message, tip = told_lost(error, self._settings)
        return TransportError(
            method=request.method,
            path=request.told(),
            message=self._scrub(message),
            client_request_id=asked,
            hint=tip,
        )

    def _heard(self, reply: Reply) -> None:
        date = http_date(reply.headers.get("date"))
        if date is not None and (self.now is None or date > self.now):
            self.now = date


# requests


def information(request: Request, base: str, link: str = "") -> RequestInformation:
    """A request in kiota's form; its URL is expanded once, and verbatim for the link of a next page."""
    request.checked()
    info = RequestInformation(Method(request.method), request.template(), request.parameters(base))
    info.url = link or info.url
    for name, value in request.headers.items():
        info.headers.add(name, value)
    if request.body is not None:
        info.set_stream_content(encode(request.body), "application/json")
    info.add_request_options([RAW, *([Repeatable()] if request.repeatable else [])])
    return info


class Repeatable:
    """The word, in kiota's form, that a request may be sent again though its first sending may have taken effect."""

    @staticmethod
    def get_key() -> str:
        return REPEATABLE


RAW = ResponseHandlerOption(NativeResponseHandler())
"""Hands every response over as it is, so that headers, status and bytes are ours to judge; it holds no state."""


def told_lost(error: httpx.RequestError | None, settings: Settings) -> tuple[str, str]:
    """What a person is told of an answer that did not come, and what to do about it."""
    text = str(error) or type(error).__name__
    if isinstance(error, httpx.TimeoutException) and not isinstance(error, NEVER_SENT):
        return f"nothing came within {settings.read_timeout:g} s", ""
    if not isinstance(error, NEVER_SENT):
        return f"the connection broke: {text}", ""
    if settings.anonymous and "CERTIFICATE_VERIFY_FAILED" in text:
        tip = "Name its authority, as `scimconf sandbox serve --tls` tells it: export SSL_CERT_FILE=DIR/ca.pem"
        return f"the certificate of {settings.base} is not trusted", tip
    if settings.anonymous:
        return (
            f"could not connect to {settings.base}: {text}",
            "Is the sandbox running? Start it: scimconf sandbox serve",
        )
    tip = "Is it reachable from here? A proxy is named by HTTPS_PROXY, the certificates to trust by SSL_CERT_FILE."
    return f"could not connect to {settings.host}: {text}", tip


# the pipeline


class Retries:
    """The head of the pipeline: tries a request again as `retry` says, body read, all workers at one gate.

    It is the shape of a kiota middleware. The tail of the pipeline takes the options off a request, so they are put
    back before each try.
    """

    def __init__(self, gate: Gate) -> None:
        self.next: Any = None
        self._gate = gate

    async def send(self, request: httpx.Request, transport: httpx.AsyncBaseTransport) -> httpx.Response:
        options = request.extensions[OPTIONS]
        repeatable = is_repeatable(request.method, said=REPEATABLE in options)
        tries = Tries()
        while True:
            await self._gate.passed()
            request.extensions[OPTIONS] = options
            outcome = await self._once(request, transport)
            if not await self._gate.rest(tries.numbered(attempt(outcome, repeatable=repeatable))):
                break
        if isinstance(outcome, httpx.RequestError):
            raise outcome
        return outcome

    async def _once(
        self, request: httpx.Request, transport: httpx.AsyncBaseTransport
    ) -> httpx.Response | httpx.RequestError:
        request.extensions["trace"] = Handshake().trace
        try:
            response: httpx.Response = await self.next.send(request, transport)
            await response.aread()
        except httpx.RequestError as error:
            return error
        return response


class Handshake:
    """Closes a connection whose TLS handshake is broken off: httpcore does not where the task is cancelled.

    `trace` is httpcore's extension of that name, which gets its events as they happen.
    """

    def __init__(self) -> None:
        self._stream: Any = None

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        if event == "connection.connect_tcp.complete":
            self._stream = info["return_value"]
        elif event == "connection.start_tls.failed":
            await self._stream.aclose()


def attempt(outcome: httpx.Response | httpx.RequestError, *, repeatable: bool) -> Attempt:
    if isinstance(outcome, httpx.Response):
        said = outcome.headers.get("retry-after")
        wait = retry_after(said, http_date(outcome.headers.get("date"))) if said else None
        return Attempt(repeatable, status=outcome.status_code, retry_after=wait)
    if "CERTIFICATE_VERIFY_FAILED" in str(outcome):
        return Attempt(repeatable=False)
    return Attempt(repeatable, unsent=isinstance(outcome, NEVER_SENT))


async def together(work: Sequence[Coroutine[Any, Any, Result]]) -> list[Result]:
    """All results in order; the first failure cancels the rest and is raised as itself."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in work]
    except ExceptionGroup as failures:
        first = failures.exceptions[0]
    else:
        return [task.result() for task in tasks]
    raise first


# opening


def silent(_seconds: float, _why: str) -> None:
    """Nobody is told of a wait."""


def open_graph(  # noqa: PLR0913  what is injected for tests is named at the call
    settings: Settings,
    token: Any | None,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    scrub: Scrub = str,
    sleep: Sleep = asyncio.sleep,
    clock: Clock = time.monotonic,
    random: Clock = dice.random,
    on_wait: OnWait = silent,
) -> Graph:
    """Graph with a token source (azure's `get_token`), or of a sandbox without one; nothing is sent yet."""
    limits = Limits(settings.throttled, settings.failed, settings.budget)
    gate = Gate(limits, sleep, clock, random, on_wait)
    client = http_client(settings, transport)
    inner = [client._transport, *filter(None, client._mounts.values())]  # noqa: SLF001  msgraph_core wraps them and forgets to close them

    async def close() -> None:
        await client.aclose()
        for one in inner:
            await one.aclose()

    adapter = GraphRequestAdapter(authentication(settings, token), with_pipeline(client, gate))
    adapter.base_url = settings.base
    return Graph(settings, GraphServiceClient(request_adapter=adapter), gate, scrub, close)


def http_client(settings: Settings, transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncClient:
    """HTTP/1.1, as many connections as workers; for this machine neither a proxy nor certificates are looked for."""
    return httpx.AsyncClient(
        transport=transport,
        timeout=httpx.Timeout(settings.read_timeout, connect=settings.connect_timeout, pool=None),
        limits=httpx.Limits(max_connections=settings.concurrency, max_keepalive_connections=settings.concurrency),
        headers={"Accept": "application/json", "User-Agent": f"scimconf/{__version__}"},
        http2=False,
        trust_env=not settings.anonymous,
        verify=trust(settings),
    )


def trust(settings: Settings) -> bool | ssl.SSLContext:
    """The certificates to trust: for Graph those that httpx finds, for a sandbox the one that is named, or none."""
    if not settings.base.startswith("https:"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # an empty one, since making a full one takes its time
    if not settings.anonymous or not settings.authority:
        return True
    try:
        return ssl.create_default_context(cafile=settings.authority)
    except OSError as error:
        why = error.strerror or "there is no certificate in it"
        raise ScimconfError(f"SSL_CERT_FILE names {settings.authority}, which cannot be read: {why}") from None


def with_pipeline(client: httpx.AsyncClient, gate: Gate) -> httpx.AsyncClient:
    telemetry = GraphTelemetryHandler(sdk_options[GraphTelemetryHandlerOption.get_key()])
    middleware = [Retries(gate), ParametersNameDecodingHandler(), telemetry]
    wrapped: httpx.AsyncClient = GraphClientFactory.create_with_custom_middleware(middleware, client=client)
    return wrapped


def authentication(settings: Settings, token: Any | None) -> Any:
    """The provider for kiota: none for a sandbox, whatever token there is; else tokens for the base's host only."""
    if settings.anonymous:
        return AnonymousAuthenticationProvider()
    if token is None:
        raise AuthenticationError(f"There is no credential for {settings.host}")
    from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider

    return AzureIdentityAuthenticationProvider(token, scopes=[settings.cloud.scope], allowed_hosts=[settings.host])
