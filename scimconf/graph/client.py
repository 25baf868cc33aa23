"""A client for Microsoft Graph with raw JSON: the only module that imports msgraph, kiota and httpx.

The SDK provides the pipeline: client, adapter, authentication and telemetry. Its models are not used,
because they lose data (nulls, unknown values), nor are its batches, page iterator and retries. HTTP/1.1 only, because
httpx loses requests at a graceful GOAWAY of HTTP/2. No error contains a body or a token.
"""

from __future__ import annotations

import asyncio
import random as dice
import ssl
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Self
from uuid import uuid4

from scimconf.graph import httpx_import as _httpx_import  # noqa: F401  before kiota imports httpx

# isort: split
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

from scimconf.diagnostics import AuthenticationError, GraphError, ScimconfError
from scimconf.graph.lookup_plan import IDS_SIZE, PAGE_SIZE
from scimconf.graph.protocol.batches import BATCH_SIZE, Batches
from scimconf.graph.protocol.error_body import MaskText, check_reply, json_body, no_response
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
from scimconf.graph.protocol.write_quota import WriteQuota
from scimconf.graph.secrets import encode
from scimconf.graph.settings import Settings, graph_settings
from scimconf.graph.task_group import gather_all
from scimconf.json_types import Json
from scimconf.snapshot import Names
from scimconf.version import __version__

__all__ = ["Answer", "Graph", "Request", "Settings", "graph_settings", "may_have_happened", "open_graph"]

OPTIONS = "kiota_request_options"
"""The httpx extension in which kiota keeps the options of a request; the end of its pipeline removes them."""
RESEND = "scimconf.resend"
LOST_ATTEMPT = "scimconf.lost_attempt"
"""The httpx extension of a response whose request was sent before, in an attempt that may have taken effect."""
PAGE = str(PAGE_SIZE)
MAX_RESPONSE = 64 * 2**20
"""Maximum bytes of an unpacked response; a page of 999 rows and the largest schema have about one million."""
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
Close = Callable[[], Awaitable[None]]


class Graph:
    """A tenant's Graph for one command; every request raises GraphError, or TransportError without a response."""

    def __init__(
        self, settings: Settings, service: GraphServiceClient, gate: Gate, mask_text: MaskText, close: Close
    ) -> None:
        self.base = settings.base
        self.is_sandbox = settings.anonymous
        self.write_quota = WriteQuota(gate.sleep, gate.clock, gate.on_wait)
        self.now: datetime | None = None
        self._settings = settings
        self._service = service
        self._gate = gate
        self._mask_text = mask_text
        self._close = close
        self._slots = asyncio.Semaphore(settings.concurrency)
        self._pages = Pages(settings.base, self._exchange, mask_text)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._close()

    # single requests

    async def send(self, request: Request, link: str = "") -> Answer:
        """Send a request, or the link of its next page as it is, and return the response with its parsed body."""
        reply = await self._exchange(request, link)
        body, date = json_body(request, reply, self._mask_text), http_date(reply.headers.get("date"))
        return Answer(reply.status, body, reply.content, date, reply.request_id, reply.headers.get("etag", ""))

    async def get(self, path: str, names: Names = NOTHING, query: Names = NOTHING) -> Json:
        return (await self.send(Request("GET", path, names, query))).body

    async def post(self, path: str, names: Names = NOTHING, body: Json = None, *, repeatable: bool = False) -> Json:
        return (await self.send(Request("POST", path, names, body=body, repeatable=repeatable))).body

    async def put(self, path: str, names: Names = NOTHING, body: Json = None) -> Json:
        return (await self.send(Request("PUT", path, names, body=body))).body

    async def patch(self, path: str, names: Names = NOTHING, body: Json = None) -> Json:
        return (await self.send(Request("PATCH", path, names, body=body))).body

    async def rest(self, error: GraphError, number: int) -> bool:
        """Wait before a request that is sent once is sent again; return False if the limits allow no retry.

        `number` counts its throttled attempts from 1. All requests wait for a Retry-After.
        """
        return await self._gate.rest(
            Attempt(repeatable=True, status=error.status, retry_after=error.retry_after, number=number)
        )

    # collections and batches

    async def collect(
        self, path: str, names: Names = NOTHING, query: Names = NOTHING, row: type | None = None
    ) -> list[Json]:
        """Return all rows of a collection, with `row`, a TypedDict, decoded to its fields.

        Pages have 999 rows unless the query has its own `$top`; a `$top` of "" is not sent.
        """
        return [item async for page in self.pages(path, names, query, row) for item in page]

    def pages(
        self, path: str, names: Names = NOTHING, query: Names = NOTHING, row: type | None = None
    ) -> AsyncGenerator[list[Json], None]:
        """Yield the pages of a collection as lists of rows; for the parameters see `collect`."""
        full_query = {name: value for name, value in {"$top": PAGE, **query}.items() if value != ""}
        return self._pages.each(Request("GET", path, names, full_query), row)

    async def get_by_ids(
        self, ids: Sequence[str], types: Sequence[str], row: type | None = None
    ) -> list[dict[str, Any]]:
        """Return the directory objects with these ids that exist, with `row`, a TypedDict, only its fields."""
        path = "/directoryObjects/getByIds"
        bodies = [{"ids": list(part), "types": list(types)} for part in chunks(ids, IDS_SIZE)]
        requests = [Request("POST", path, body=body, repeatable=True) for body in bodies]
        pages = await gather_all([self._pages.all(request, row) for request in requests])
        return [row for page in pages for row in page]

    async def batch(self, requests: Sequence[Request]) -> list[Answer | GraphError]:
        """Send independent requests in batches; return their results in order, for a failed batch its error for each."""
        slots = asyncio.Semaphore(self._settings.concurrency)
        batches = Batches(self.send, lambda request: request.checked().url(""), self._gate, self._mask_text)
        parts = await gather_all([batches.run(part, slots) for part in chunks(requests, BATCH_SIZE)])
        return [result for part in parts for result in part]

    # one exchange

    async def _exchange(self, request: Request, link: str = "") -> Reply:
        """Return the reply to a request, or to the link of its next page; raise GraphError unless it is a success."""
        request_id = str(uuid4())
        info = information(request, self.base, link)
        info.headers.add("client-request-id", request_id)
        async with self._slots:
            response, error = await self._response(info)
        if response is None:
            message, hint = describe_transport_error(error, self._settings)
            raise no_response(request, self._mask_text(message), request_id, hint)
        is_lost = bool(response.extensions.get(LOST_ATTEMPT))
        reply = Reply(response.status_code, response.headers, response.content, request_id, is_lost)
        date = http_date(reply.headers.get("date"))
        self.now = max(date, self.now or date) if date else self.now
        check_reply(request, reply, mask_text=self._mask_text, now=self.now)
        return reply

    async def _response(self, info: RequestInformation) -> tuple[httpx.Response | None, httpx.RequestError | None]:
        """Return the response or the error: an error of httpx holds the request, so no other error is chained to it."""
        try:
            return await self._service.request_adapter.send_primitive_async(info, "bytes", None), None
        except httpx.RequestError as error:
            return None, error


# requests


def information(request: Request, base: str, link: str = "") -> RequestInformation:
    """Return a request in kiota's form; the link of a next page is used as it is."""
    request.checked()
    info = RequestInformation(Method(request.method))
    info.url = link or request.url(base)
    for name, value in request.headers.items():
        info.headers.add(name, value)
    if request.body is not None:
        info.set_stream_content(encode(request.body), "application/json")
    info.add_request_options([RAW, ResendOption(request)])
    return info


class ResendOption:
    """The request option, in kiota's form, that says whether the request may be sent again; see `Request`."""

    def __init__(self, request: Request) -> None:
        self.repeatable = is_repeatable(request.method, declared=request.repeatable)
        self.sent_once = request.sent_once

    @staticmethod
    def get_key() -> str:
        return RESEND


RAW = ResponseHandlerOption(NativeResponseHandler())
"""Makes kiota return every response unchanged, with headers, status and bytes; it has no state."""


def describe_transport_error(error: httpx.RequestError | None, settings: Settings) -> tuple[str, str]:
    """Return message and hint for a request without a response."""
    text = str(error) or type(error).__name__
    if isinstance(error, ResponseTooLargeError):
        return f"the response was not read to its end: {text}", ""
    if isinstance(error, httpx.TimeoutException) and not isinstance(error, NOT_SENT):
        return f"no response within {settings.read_timeout:g} s", ""
    if not isinstance(error, NOT_SENT):
        return f"the connection was lost: {text}", ""
    if settings.anonymous and "CERTIFICATE_VERIFY_FAILED" in text:
        hint = (
            "Trust its certificate authority, as `scimconf sandbox serve --tls` prints: export SSL_CERT_FILE=DIR/ca.pem"
        )
        return f"the certificate of {settings.base} is not trusted", hint
    if settings.anonymous:
        hint = "Is the sandbox running? Start it with: scimconf sandbox serve"
        return f"could not connect to {settings.base}: {text}", hint
    hint = "Check the network. Set HTTPS_PROXY for a proxy and SSL_CERT_FILE for the certificates to trust."
    return f"could not connect to {settings.host}: {text}", hint


# the pipeline


class Retries:
    """The first middleware of kiota's pipeline, whose end removes the options of a request: restored for each attempt."""

    def __init__(self, gate: Gate) -> None:
        self.next: Any = None
        self._gate = gate

    async def send(self, request: httpx.Request, transport: httpx.AsyncBaseTransport) -> httpx.Response:
        options = request.extensions[OPTIONS]
        resend: ResendOption = options[RESEND]
        tries, is_lost = Tries(), False
        while True:
            await self._gate.passed()
            request.extensions[OPTIONS] = options
            outcome = await self._once(request, transport)
            latest = attempt(outcome, resend)
            if not await self._gate.rest(tries.numbered(latest)):
                break
            is_lost |= latest.is_lost
        if isinstance(outcome, httpx.RequestError):
            raise outcome
        outcome.extensions[LOST_ATTEMPT] = is_lost
        return outcome

    async def _once(
        self, request: httpx.Request, transport: httpx.AsyncBaseTransport
    ) -> httpx.Response | httpx.RequestError:
        request.extensions["trace"] = Handshake().trace
        try:
            response: httpx.Response = await self.next.send(request, transport)
            await read_bounded(response)
        except httpx.RequestError as error:
            return error
        return response


class ResponseTooLargeError(httpx.RequestError):
    """A response is larger than any of Graph's, or unpacks to more."""


async def read_bounded(response: httpx.Response) -> None:
    """Read and unpack a response; raise ResponseTooLargeError beyond MAX_RESPONSE bytes, and close the connection."""
    parts, size = [], 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > MAX_RESPONSE:
            await response.aclose()
            raise ResponseTooLargeError(f"it is larger than {MAX_RESPONSE // 2**20} MB")
        parts.append(part)
    response._content = b"".join(parts)  # noqa: SLF001  as `aread` does, which has no limit


class Handshake:
    """Closes a connection whose TLS handshake fails, by httpcore's extension `trace`: httpcore does not if cancelled."""

    def __init__(self) -> None:
        self._stream: Any = None

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        if event == "connection.connect_tcp.complete":
            self._stream = info["return_value"]
        elif event == "connection.start_tls.failed":
            await self._stream.aclose()


def attempt(outcome: httpx.Response | httpx.RequestError, resend: ResendOption) -> Attempt:
    """Return the attempt that ended so; an untrusted certificate and a response that is too large are not retried."""
    repeatable, sent_once = resend.repeatable, resend.sent_once
    if isinstance(outcome, httpx.Response):
        header = outcome.headers.get("retry-after")
        wait = retry_after(header, http_date(outcome.headers.get("date"))) if header else None
        return Attempt(repeatable, status=outcome.status_code, retry_after=wait, sent_once=sent_once)
    if isinstance(outcome, ResponseTooLargeError) or "CERTIFICATE_VERIFY_FAILED" in str(outcome):
        return Attempt(repeatable=False)
    return Attempt(repeatable, unsent=isinstance(outcome, NOT_SENT), sent_once=sent_once)


# opening


def silent(_seconds: float, _reason: str) -> None:
    """Ignore a wait: the default of `on_wait`."""


def open_graph(  # noqa: PLR0913  tests replace these, by keyword
    settings: Settings,
    token: Any | None,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    mask_text: MaskText = str,
    sleep: Sleep = asyncio.sleep,
    clock: Clock = time.monotonic,
    random: Clock = dice.random,
    on_wait: OnWait = silent,
) -> Graph:
    """Return the Graph client for a token source (azure's `get_token`), or without one for a sandbox; send nothing."""
    limits = Limits(settings.throttled, settings.failed, settings.budget)
    gate = Gate(limits, sleep, clock, random, on_wait)
    client = http_client(settings, transport)
    inner = [client._transport, *filter(None, client._mounts.values())]  # noqa: SLF001  msgraph_core wraps them and does not close them

    async def close() -> None:
        await client.aclose()
        for inner_transport in inner:
            await inner_transport.aclose()

    adapter = GraphRequestAdapter(authentication(settings, token), with_pipeline(client, gate))
    adapter.base_url = settings.base
    return Graph(settings, GraphServiceClient(request_adapter=adapter), gate, mask_text, close)


def in_process_transport(app: Any) -> httpx.AsyncBaseTransport:
    """Return a transport that sends requests to an ASGI application in this process, without a socket."""
    return httpx.ASGITransport(app=app)


def http_client(settings: Settings, transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncClient:
    """Return an HTTP/1.1 client with one connection for each worker; a sandbox uses no proxy and no certificate store."""
    return httpx.AsyncClient(
        transport=transport,
        timeout=httpx.Timeout(settings.read_timeout, connect=settings.connect_timeout, pool=None),
        limits=httpx.Limits(max_connections=settings.concurrency, max_keepalive_connections=settings.concurrency),
        headers={"Accept": "application/json", "User-Agent": f"scimconf/{__version__}"},
        http2=False,
        trust_env=not settings.anonymous,
        verify=trust(settings),
    )


async def sandbox_token(settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> str:
    """Return an access token of a sandbox's own sign-in, "" if it has none. No credential is read or sent."""
    client_values = {"grant_type": "client_credentials", "client_id": "scimconf", "client_secret": "none"}
    async with http_client(settings, transport) as client:
        try:
            response = await client.post(f"{settings.root}/common/oauth2/v2.0/token", data=client_values)
            return str(response.json()["access_token"]) if response.is_success else ""
        except (httpx.HTTPError, ValueError, LookupError, TypeError):
            return ""


def trust(settings: Settings) -> bool | ssl.SSLContext:
    """Return what httpx verifies with: its default for Graph, the named certificate authority for a sandbox."""
    if not settings.base.startswith("https:"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # an empty one: loading the certificate store is slow
    if not settings.anonymous or not settings.authority:
        return True
    try:
        return ssl.create_default_context(cafile=settings.authority)
    except OSError as error:
        reason = "it contains no certificate" if isinstance(error, ssl.SSLError) else error.strerror
        raise ScimconfError(f"could not read SSL_CERT_FILE {settings.authority}: {reason}") from None


def with_pipeline(client: httpx.AsyncClient, gate: Gate) -> httpx.AsyncClient:
    telemetry = GraphTelemetryHandler(sdk_options[GraphTelemetryHandlerOption.get_key()])
    middleware = [Retries(gate), ParametersNameDecodingHandler(), telemetry]
    wrapped: httpx.AsyncClient = GraphClientFactory.create_with_custom_middleware(middleware, client=client)
    return wrapped


def authentication(settings: Settings, token: Any | None) -> Any:
    """Return kiota's authentication: anonymous for a sandbox, else tokens for Graph's host only."""
    if settings.anonymous:
        return AnonymousAuthenticationProvider()
    if token is None:
        raise AuthenticationError(f"No credential for {settings.host}")
    from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider

    return AzureIdentityAuthenticationProvider(token, scopes=[settings.cloud.scope], allowed_hosts=[settings.host])
