"""Sends the requests of the engine over HTTP, and returns a response or why there is none.

A request goes to an allowed address only, redirects are not followed, and time and size of a response are limited. Faults
and the journal of the sandbox apply as to received requests; the path of a fault is the whole URL without its query.
"""

from __future__ import annotations

import asyncio
import json
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx

from scimconf.sandbox.engine import requests
from scimconf.sandbox.engine.values import Endpoint, ScimRequest, ScimResponse, SendProblem
from scimconf.sandbox.faults import ArmedFaults, FaultEffect, Journal
from scimconf.sandbox.http_types import GraphRequest, GraphResponse
from scimconf.sandbox.reach import Destination, Reach, is_loopback
from scimconf.sandbox.switches import Switches

MAX_BYTES = 8_000_000
"""Longest accepted body of a response."""

MAX_PAUSE = 60.0
"""Longest wait for a Retry-After in seconds, and the most waits for one request."""
ENTRA_TOKEN = "token-that-entra-issued"  # noqa: S105  an invented token
"""The token of a job without one: Entra issues it, if the switch `blank_token` permits that."""

_NOTHING_TO_SEND = (
    "not sent: the job has no secret token. The sandbox requests no OAuth tokens: store a SecretToken, or use"
    " `scimconf sandbox serve --target`"
)
_UNUSABLE = "not sent: the token of the job has characters that an HTTP header cannot contain"
_MAX_WAITS = 5
_SHORTEST_MASKED = 8
_TOO_MANY = 429
_SERVER_ERROR = 500


class Sender:
    """A connection to one SCIM endpoint, to be used as an asynchronous context manager."""

    def __init__(
        self, destination: Destination, reach: Reach, switches: Switches, faults: ArmedFaults, journal: Journal
    ) -> None:
        self.endpoint: Endpoint = requests.endpoint(destination.address, switches)
        self._token = destination.token
        if not self._token and switches.blank_token == "accepted":  # noqa: S105  a position of a switch
            self._token = ENTRA_TOKEN
        self._activity = destination.activity
        self._is_allowed = reach.includes(destination.address)
        self._switches = switches
        self._faults = faults
        self._journal = journal
        self._client: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        host = (urlsplit(self.endpoint.url).hostname or "") if self._is_allowed else ""
        # No proxy and no .netrc: the token must go to no other host. A server on this machine has its own certificate.
        self._client = httpx.AsyncClient(
            timeout=self._timeout, trust_env=False, follow_redirects=False, verify=not is_loopback(host)
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is not None:
            await self._client.aclose()

    @property
    def _timeout(self) -> float:
        return float(max(1, self._switches.timeout_s))

    async def send(self, request: ScimRequest) -> ScimResponse | SendProblem:
        """Send a request; repeat it as far as the switches `retry_in_cycle` and `retry_after` say."""
        repetitions, waits = self._switches.retry_in_cycle, _MAX_WAITS
        while True:
            result = await self._send_and_note(request)
            pause = self._pause(result)
            if pause is not None and waits:
                waits -= 1
                await asyncio.sleep(pause)
            elif repetitions and _is_temporary(result):
                repetitions -= 1
            else:
                return result

    def _pause(self, result: ScimResponse | SendProblem) -> float | None:
        """Return the seconds of Retry-After, if the job waits for it; None for no wait."""
        if self._switches.retry_after != "honour" or not isinstance(result, ScimResponse):
            return None
        text = result.headers.get("retry-after", "")
        return min(float(text), MAX_PAUSE) if result.status == _TOO_MANY and text.isdecimal() else None

    async def _send_and_note(self, request: ScimRequest) -> ScimResponse | SendProblem:
        url = requests.url(self.endpoint, request)
        if not self._is_allowed:
            return _not_sent(url)
        if not self._token or not (self._token.isascii() and self._token.isprintable()):
            return SendProblem("not_sent", _UNUSABLE if self._token else _NOTHING_TO_SEND)
        path = unquote(url.split("?", 1)[0])
        before, after = self._faults.effects_on(request.method, path)
        result = await self._effect(before)
        if result is None:
            result = await self._noted_exchange(request, url)
            result = await self._effect(after) or result
        self._note(request, url, result)
        return result

    async def _noted_exchange(self, request: ScimRequest, url: str) -> ScimResponse | SendProblem:
        """Return the result of a request; one that is given up may have taken effect, so the journal has it too."""
        try:
            return await self._exchange(request, url)
        except asyncio.CancelledError:
            self._note(request, url, SendProblem("unreachable", "the request was given up"))
            raise

    def _note(self, request: ScimRequest, url: str, result: ScimResponse | SendProblem) -> None:
        if self._journal.is_full_of_sent:
            return
        query = dict(parse_qsl(urlsplit(url).query))
        sent = GraphRequest(request.method, url.split("?", 1)[0], "", query=query, body=request.body)
        response = GraphResponse(result.status, result.body) if isinstance(result, ScimResponse) else None
        self._journal.note_sent(sent, response)

    async def _effect(self, effect: FaultEffect) -> ScimResponse | SendProblem | None:
        """Return what a fault makes of a request, None if it has no effect on the response."""
        if effect.delay_ms:
            await asyncio.sleep(effect.delay_ms / 1000)
        if effect.response is not None:
            headers = {name.lower(): value for name, value in effect.response.headers.items()}
            return ScimResponse(effect.response.status, effect.response.body, headers)
        return SendProblem("unreachable", "a fault of the sandbox dropped the connection") if effect.drop else None

    async def _exchange(self, request: ScimRequest, url: str) -> ScimResponse | SendProblem:
        try:
            async with asyncio.timeout(self._timeout):
                return await self._receive(self._message(request, url))
        except (TimeoutError, httpx.TimeoutException):
            return SendProblem("timeout", f"no complete response within {self._timeout:g} seconds")
        except httpx.ConnectError as error:
            return SendProblem("unreachable", f"no connection to {_origin(url)}: {error or 'refused'}")
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            return SendProblem("unreachable", f"no valid response: {error or type(error).__name__}")

    def _message(self, request: ScimRequest, url: str) -> httpx.Request:
        headers = requests.headers(request, self._token, self._switches, activity=self._activity)
        content = None if request.body is None else json.dumps(request.body, ensure_ascii=False).encode()
        present = {name: value for name, value in headers.items() if value}
        return httpx.Request(request.method, url, headers=present, content=content)

    async def _receive(self, message: httpx.Request) -> ScimResponse | SendProblem:
        assert self._client is not None, "the sender is not open"
        response = await self._client.send(message, stream=True)
        try:
            content = bytearray()
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > MAX_BYTES:
                    return SendProblem("too_large", f"the response is longer than {MAX_BYTES:,} bytes")
        finally:
            await response.aclose()
        if response.has_redirect_location:
            return SendProblem("redirect", _redirect_text(message.url, response))
        return ScimResponse(response.status_code, _parsed(self._without_token(content)), dict(response.headers))

    def _without_token(self, content: bytearray) -> bytes:
        """Return a body without the token, which an endpoint may repeat in the text of an error."""
        token = self._token.encode()
        return bytes(content.replace(token, b"*") if len(token) >= _SHORTEST_MASKED else content)


def _parsed(content: bytes) -> Any:
    """Return parsed JSON, the text of what is not JSON, or None for an empty body."""
    if not content.strip():
        return None
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return content.decode("utf-8", "replace")


def _is_temporary(result: ScimResponse | SendProblem) -> bool:
    if isinstance(result, SendProblem):
        return result.kind in ("unreachable", "timeout")
    return result.status == _TOO_MANY or result.status >= _SERVER_ERROR


def _not_sent(url: str) -> SendProblem:
    host = _origin(url) or "an address without a host"
    text = f"not sent: {host} is not on this machine. `scimconf sandbox serve --send-to HOST` allows another host"
    return SendProblem("not_sent", text)


def _redirect_text(url: httpx.URL, response: httpx.Response) -> str:
    location = response.headers.get("location", "")[:200]
    return f"HTTP {response.status_code} redirects from {_origin(str(url))} to {location!r}; redirects are not followed"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return parts.netloc.rsplit("@", 1)[-1]
