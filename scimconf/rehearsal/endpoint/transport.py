"""The connection to a SCIM endpoint: the only module of the rehearsals that imports httpx.

Each request and the whole run are bounded in time, the number of requests and the size of a body too. Redirects are not
followed, and cookies are not sent, so that the token goes to the host of the base address only.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import httpx

from scimconf.diagnostics import ScimconfError, plural
from scimconf.graph import httpx_import as _httpx_import  # noqa: F401  imports httpx without its command line
from scimconf.json_types import Json, parse_json
from scimconf.rehearsal.endpoint.messages import EndpointRequest, EndpointResponse

Result = TypeVar("Result")
SCIM_JSON = "application/scim+json"
CONTENT_TYPE = f"{SCIM_JSON}; charset=utf-8"
ADSCIM_VERSION = "6.0"
"""The value of the header ADSCIMVersion in captures of Entra; Microsoft's validators do not send the header."""
MAX_BODY = 4 * 1024 * 1024
"""Bytes of a response."""
MAX_REQUESTS = 3_000
MAX_SECONDS = 1_800.0
"""Of a whole run; the deletion of what the run created has as many seconds more."""
MAX_REPEATS = 6
"""Repetitions of a request that was answered with 429."""
MAX_WAIT = 30.0
"""Seconds of a wait before a repetition, whatever Retry-After says."""
MAX_SILENT = 5
"""Consecutive requests without a response after which the run ends. Requests sent at the same time count as one."""


class RunEndedError(ScimconfError):
    """The run has reached a limit, or the endpoint does not answer any more."""


class EndpointSilentError(RunEndedError):
    """The endpoint does not answer any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointConnection:
    """Where requests are sent. `timeout` is in seconds and applies to one request with its response."""

    base_address: str
    token: str
    timeout: float
    is_loopback: bool


class EndpointClient:
    """Sends requests one by one or at the same time, from code without an event loop; a context manager.

    `as_entra` adds the header by which some servers recognize Entra; `user_agent` is sent if it is not empty.
    """

    def __init__(self, connection: EndpointConnection, clock: Callable[[], float]) -> None:
        self.connection = connection
        self._clock = clock
        self._runner = asyncio.Runner()
        self._clients: dict[bool, httpx.AsyncClient] = {}
        self._deadline = clock() + MAX_SECONDS
        self._requests = 0
        self._silent = 0
        self.user_agent = ""
        self.as_entra = True
        self.repeated = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._clients.values():
            self._runner.run(client.aclose())
        self._runner.close()

    def begin_deletion(self) -> None:
        """Allow more requests, after a limit was reached too, for the deletion of what the run created."""
        self._deadline, self._requests, self._silent = self._clock() + MAX_SECONDS, 0, 0

    def send(self, request: EndpointRequest) -> EndpointResponse:
        """Send one request; raise RunEndedError if a limit of the run is reached."""
        return self.send_all([request])[0]

    def send_all(self, requests: Sequence[EndpointRequest]) -> list[EndpointResponse]:
        """Send requests at the same time, and return the responses in the same order.

        A request that is answered with 429 is repeated, so that a limit of the endpoint does not decide other checks;
        `repeated` counts these.
        """
        responses = self.send_once(requests)
        for number in range(MAX_REPEATS):
            limited = [index for index, response in enumerate(responses) if response.status == 429]
            if not limited:
                break
            self.repeated += len(limited)
            self._runner.run(asyncio.sleep(_wait(number, [responses[index] for index in limited])))
            again = self.send_once([requests[index] for index in limited])
            for index, response in zip(limited, again, strict=True):
                responses[index] = response
        return responses

    def send_once(self, requests: Sequence[EndpointRequest]) -> list[EndpointResponse]:
        """Send requests at the same time; repeat none."""
        self._count(len(requests))
        responses = self._runner.run(self._gather(requests))
        is_silent = bool(responses) and all(response.status == 0 for response in responses)
        self._silent = self._silent + 1 if is_silent else 0
        return responses

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run other work that sends requests, such as a provisioning cycle, on the event loop of the connection."""
        return self._runner.run(work)

    def count(self, number: int, *, silent: int) -> None:
        """Count requests that other work has sent; `silent` of them had no response."""
        self._requests += number
        self._silent = self._silent + silent if silent == number else 0

    def _count(self, number: int) -> None:
        self._requests += number
        if self._requests > MAX_REQUESTS:
            raise RunEndedError(f"the limit of {MAX_REQUESTS:,} requests is reached")
        if self._clock() > self._deadline:
            raise RunEndedError(f"the limit of {MAX_SECONDS / 60:.0f} minutes is reached")
        if self._silent >= MAX_SILENT:
            raise EndpointSilentError(f"the endpoint did not answer {plural(self._silent, 'request')} in a row")

    async def _gather(self, requests: Sequence[EndpointRequest]) -> list[EndpointResponse]:
        return list(await asyncio.gather(*map(self._bounded, requests)))

    async def _bounded(self, request: EndpointRequest) -> EndpointResponse:
        """Return the response within the timeout, however slowly it arrives."""
        try:
            async with asyncio.timeout(self.connection.timeout):
                return await self._exchange(request)
        except TimeoutError:
            return EndpointResponse(0, problem=f"no complete response within {self.connection.timeout:g} s")
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, UnicodeError) as error:
            return EndpointResponse(0, problem=_network_problem(error))

    async def _exchange(self, request: EndpointRequest) -> EndpointResponse:
        content = None if request.body is None else _content(request)
        url = request.url or self.connection.base_address + request.path
        client = self._client_of(url)
        headers = {name: value for name, value in {**self._headers(request), **request.headers}.items() if value}
        async with client.stream(request.method, url, content=content, headers=headers) as response:
            client.cookies.clear()
            body, problem = await _bounded_body(response)
        location = response.headers.get("location", "")
        if 300 <= response.status_code < 400:
            problem = f"a redirect to {location[:200] or 'nowhere'}, which is not followed"
        value = None if not body else _parsed(body)
        headers = {name: response.headers.get(name, "") for name in ("content-type", "retry-after")}
        return EndpointResponse(
            response.status_code, headers["content-type"], value, problem, _seconds(headers["retry-after"])
        )

    def _headers(self, request: EndpointRequest) -> dict[str, str]:
        """Return the headers that Entra sends, which are without a User-Agent."""
        return {
            "Authorization": "" if request.url else f"Bearer {self.connection.token}",
            "Accept": SCIM_JSON,
            "Accept-Encoding": "identity",
            "Content-Type": "" if request.body is None else CONTENT_TYPE,
            "User-Agent": self.user_agent,
            "ADSCIMVersion": ADSCIM_VERSION if self.as_entra and not request.url else "",
        }

    def _client_of(self, url: str) -> httpx.AsyncClient:
        """Return the client for https, or the one for plain http, which need not read the certificates of this machine."""
        is_encrypted = not url.lower().startswith("http:")
        if is_encrypted not in self._clients:
            client = httpx.AsyncClient(
                timeout=self.connection.timeout,
                follow_redirects=False,
                trust_env=not self.connection.is_loopback,
                verify=is_encrypted,
            )
            del client.headers["User-Agent"]
            self._clients[is_encrypted] = client
        return self._clients[is_encrypted]


def _content(request: EndpointRequest) -> bytes:
    return request.body.encode() if isinstance(request.body, str) else json.dumps(request.body).encode()


async def _bounded_body(response: httpx.Response) -> tuple[bytes, str]:
    """Return at most MAX_BODY bytes of the body, and the problem if it has more."""
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_BODY:
            return bytes(body[:2_000]), f"a body of more than {MAX_BODY // 1024 // 1024} MiB"
    return bytes(body), ""


def _parsed(body: bytes) -> Json:
    """Return the JSON value of a body, or its text."""
    try:
        return parse_json(body)
    except (ValueError, RecursionError):
        return body[:100_000].decode("utf-8", "replace")


def _seconds(text: str) -> float | None:
    """Return the number of Retry-After; None for a date or anything else."""
    return float(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _wait(number: int, responses: Sequence[EndpointResponse]) -> float:
    """Return the seconds before a repetition: the longest Retry-After, else a time that doubles."""
    delays = [response.retry_after for response in responses if response.retry_after is not None]
    return min(max(delays, default=0.25 * 2**number), MAX_WAIT)


def _network_problem(error: Exception) -> str:
    """Return why there is no response, in one clause."""
    reason = " ".join(str(error).split())[:200]
    return f"no response: {reason or type(error).__name__}"


def is_loopback(url: str) -> bool:
    """Return whether the host of a URL is this machine."""
    import ipaddress

    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
