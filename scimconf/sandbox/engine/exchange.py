"""The operations on a SCIM endpoint, and what each unexpected response means: a failed object, or the end of the cycle.

A failure of one object never ends a cycle. A refused token does, and so does an endpoint that fails a connection test.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote, urlsplit

from scimconf.sandbox.engine import requests
from scimconf.sandbox.engine.quarantine import PREFIX, QuarantineCause, QuarantineError, endpoint_failure
from scimconf.sandbox.engine.resource import deserialization_problem
from scimconf.sandbox.engine.sender import Sender
from scimconf.sandbox.engine.values import (
    Dialect,
    Json,
    ObjectFailure,
    ObjectFlow,
    ScimRequest,
    ScimResponse,
    SendProblem,
)
from scimconf.sandbox.switches import Switches
from scimconf.sandbox.tenant import stable_id

REDACTED_HTML = "[RedactedHtmlContent]"
_MAX_BODY_TEXT = 1_000
_MEDIA_TYPE = "application/scim+json"
_INCOMPATIBLE = f"{PREFIX}ServiceIncompatible"
_CODES = {
    401: f"{PREFIX}CredentialValidationFailure",
    403: "InsufficientRights",
    405: "MethodNotAllowed",
    409: f"{PREFIX}ServiceIncompatibleFiltering",
    422: "UnprocessableEntity",
    429: "TooManyRequests",
    501: "NotImplemented",
}
_PROBLEM_CODES = {"timeout": "Timeout", "unreachable": "WebExceptionProtocolError"}
_DESERIALIZATION = (
    "We are not able to deserialize the resource received from your SCIM endpoint because your SCIM endpoint is not fully"
    " compatible with the Azure Active Directory SCIM client"
)
_EXCEPTION = (
    "Processing of the HTTP request resulted in an exception. Please see the HTTP response returned by the 'Response'"
    " property of this exception for details."
)
_REFUSED = frozenset({401, 403})


class ObjectError(Exception):
    """An object cannot be provisioned in this cycle."""

    def __init__(self, failure: ObjectFailure) -> None:
        self.failure = failure
        super().__init__(failure.reason)


class NoIdError(ObjectError):
    """The response to a creation has no id."""


class Exchange:
    """The operations on the endpoint of a job. Each raises ObjectError or QuarantineError."""

    def __init__(self, sender: Sender, switches: Switches) -> None:
        self._sender = sender
        self._switches = switches
        self._searchable: set[tuple[str, str]] = set()
        self.exported = 0
        """The number of successful writes."""

    @property
    def dialect(self) -> Dialect:
        return self._sender.endpoint.dialect

    # ---- reading ---------------------------------------------------------------------------------------------------

    async def test(self, flows: tuple[ObjectFlow, ...], seed: str) -> None:
        """Test the connection: each search for a random value must return a list. Raise QuarantineError."""
        for request in requests.probes(flows, stable_id(f"probe/{seed}"), self._switches):
            cause = _test_failure(request, await self._sender.send(request), self._switches)
            if cause is not None:
                raise QuarantineError(cause)

    async def find(self, flow: ObjectFlow, matching: tuple[tuple[str, str], ...]) -> Json | None:
        """Return the only resource that the first successful matching attribute finds, None without a match."""
        for target, value in matching:
            request = requests.match(flow, target, value, self._switches)
            listing = await self._search(flow, target, request)
            resources = listing.get("Resources") or []
            total = listing.get("totalResults")
            count = max(len(resources), total if isinstance(total, int) else 0)
            if count > 1:
                raise ObjectError(_several(flow, target, value, count))
            if count:
                return self._resource(flow, resources[0] if resources else None)
        return None

    async def read(self, flow: ObjectFlow, key: str) -> Json | None:
        """Return a resource by its id, None if the endpoint does not have it."""
        response = await self._send(requests.read(flow, key, self._switches))
        if response.status == HTTPStatus.NOT_FOUND:
            return None
        self._require(response, HTTPStatus.OK)
        return self._resource(flow, response.body)

    async def has_reference(self, flow: ObjectFlow, key: str, attribute: str, value: str) -> bool:
        """Return whether the endpoint finds an object by its id and a reference."""
        request = requests.reference_test(flow, key, attribute, value, self._switches)
        response = await self._send(request)
        self._require(response, HTTPStatus.OK)
        return _list_problem(response, self._switches) == "" and bool(response.body.get("totalResults"))

    async def _search(self, flow: ObjectFlow, target: str, request: ScimRequest) -> Json:
        response = await self._send(request)
        problem = "" if response.status == HTTPStatus.OK else f"expected 200, got {response.status}"
        problem = problem or _list_problem(response, self._switches)
        attribute = (flow.resource, target)
        if not problem:
            self._searchable.add(attribute)
            listing: Json = response.body
            return listing
        if attribute not in self._searchable and not _is_overload(response.status):
            await self._test_search(flow, target)
        raise ObjectError(_response_failure(response, problem))

    async def _test_search(self, flow: ObjectFlow, target: str) -> None:
        """Search for a random value: an endpoint that refuses this too does not support the attribute at all."""
        request = requests.match(flow, target, stable_id(f"probe/{target}"), self._switches)
        cause = _test_failure(request, await self._sender.send(request), self._switches)
        if cause is not None:
            raise QuarantineError(cause)
        self._searchable.add((flow.resource, target))

    def _resource(self, flow: ObjectFlow, body: Any) -> Json:
        """Return a resource with its id as text; raise ObjectError for what the service cannot read."""
        problem = deserialization_problem(flow, body)
        key = body.get("id") if isinstance(body, dict) else None
        if not problem and (isinstance(key, bool) or not isinstance(key, str | int) or key == ""):
            problem = "the resource has no id"
        if problem:
            raise ObjectError(ObjectFailure(_INCOMPATIBLE, f"{_DESERIALIZATION}: {problem}."))
        return {**body, "id": str(key)}

    # ---- writing ---------------------------------------------------------------------------------------------------

    async def create(self, flow: ObjectFlow, body: Json) -> Json:
        """Create a resource and return it, with its id. Raise NoIdError if the response has no id."""
        response = await self._send(requests.create(flow, body, self._switches))
        accepted = (HTTPStatus.CREATED, HTTPStatus.OK)[: 1 if self._switches.create_status == "201" else 2]
        self._require(response, *accepted)
        self.exported += 1
        if response.body is None and self._switches.create_no_body == "location":
            location = urlsplit(response.headers.get("location", "")).path.rstrip("/")
            if location:
                return {**body, "id": unquote(location.rsplit("/", 1)[-1])}
        try:
            return self._resource(flow, response.body)
        except ObjectError as error:
            located = ", but a Location header, which the service ignores" if "location" in response.headers else ""
            reason = f"{error.failure.reason} The object may have been created: status {response.status}{located}."
            raise NoIdError(ObjectFailure(error.failure.code, reason)) from error

    async def update(self, flow: ObjectFlow, key: str, operations: list[Json]) -> None:
        response = await self._send(requests.update(flow, key, operations, self._switches))
        self._require(response)
        self.exported += 1

    async def delete(self, flow: ObjectFlow, key: str) -> None:
        """Delete a resource; one that does not exist is deleted."""
        response = await self._send(requests.delete(flow, key, self._switches))
        if response.status != HTTPStatus.NOT_FOUND:
            self._require(response)
        self.exported += 1

    # ---- responses -------------------------------------------------------------------------------------------------

    def _require(self, response: ScimResponse, *statuses: int) -> None:
        """Raise ObjectError for an unexpected status; without statuses, any success is expected."""
        fits = (
            response.status in statuses if statuses else HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES
        )
        if not fits:
            raise ObjectError(_response_failure(response))
        problem = _media_type_problem(response, self._switches) if response.body is not None else ""
        if problem:
            raise ObjectError(_response_failure(response, problem))

    async def _send(self, request: ScimRequest) -> ScimResponse:
        result = await self._sender.send(request)
        if isinstance(result, ScimResponse):
            if result.status == HTTPStatus.UNAUTHORIZED:
                raise QuarantineError(_refused(result))
            if result.status == HTTPStatus.TOO_MANY_REQUESTS and self._switches.quarantine_on_429 == "immediate":
                raise QuarantineError(endpoint_failure("TooManyRequests", _response_failure(result).reason))
            return result
        if result.kind != "not_sent":
            # A single request can fail. An endpoint that does not respond at all ends the cycle.
            result = await self._unless_lost(result)
        else:
            raise QuarantineError(endpoint_failure("CredentialValidationUnavailable", result.text))
        raise ObjectError(ObjectFailure(_PROBLEM_CODES.get(result.kind, _INCOMPATIBLE), result.text))

    async def _unless_lost(self, problem: SendProblem) -> SendProblem:
        """Return the problem, if the endpoint responds to another request; raise QuarantineError otherwise."""
        (request, *_) = requests.probes((), stable_id("probe/lost"), self._switches)
        result = await self._sender.send(request)
        if isinstance(result, SendProblem):
            raise QuarantineError(_problem_cause(result))
        return problem


# ---- meaning of responses -------------------------------------------------------------------------------------------


def _test_failure(
    request: ScimRequest, result: ScimResponse | SendProblem, switches: Switches
) -> QuarantineCause | None:
    """Return why a connection test fails, None if it does not."""
    if isinstance(result, SendProblem):
        return _problem_cause(result)
    if result.status in _REFUSED:
        return _refused(result)
    problem = "" if result.status == HTTPStatus.OK else f"expected 200, got {result.status}"
    problem = problem or _list_problem(result, switches)
    if not problem:
        return None
    message = f"{request.method} {request.path}?{request.query}: {problem}. {_response_failure(result).reason}"
    return endpoint_failure("ServiceIncompatible", message)


def _problem_cause(problem: SendProblem) -> QuarantineCause:
    is_answer = problem.kind in ("redirect", "too_large")
    return endpoint_failure("ServiceIncompatible" if is_answer else "CredentialValidationUnavailable", problem.text)


def _refused(response: ScimResponse) -> QuarantineCause:
    name = f"HTTP/1.1 {response.status} {_phrase(response.status)}"
    message = (
        "You appear to have entered invalid credentials. Please confirm you are using the correct information for an"
        f" administrative account. We received this unexpected response from your application: {name}."
    )
    return endpoint_failure("CredentialValidationFailure", message)


def _list_problem(response: ScimResponse, switches: Switches) -> str:
    """Return why the body of a response is not a list of resources."""
    body = response.body
    if not isinstance(body, dict):
        return f"the response is not a SCIM list but {REDACTED_HTML if _is_html(response) else type(body).__name__}"
    resources = body.get("Resources")
    if not isinstance(body.get("totalResults"), int) and not isinstance(resources, list):
        return "the response is not a SCIM list: it has neither totalResults nor Resources"
    if resources is not None and not isinstance(resources, list):
        return "Resources of the response is not a list"
    return _media_type_problem(response, switches)


def _media_type_problem(response: ScimResponse, switches: Switches) -> str:
    media_type = response.headers.get("content-type", "").split(";", 1)[0].strip().lower()
    if switches.response_content_type == "tolerant" or media_type == _MEDIA_TYPE:
        return ""
    return f"the content type of the response is {media_type or 'missing'!r}, not {_MEDIA_TYPE}"


def _is_overload(status: int) -> bool:
    return status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _several(flow: ObjectFlow, target: str, value: str, count: int) -> ObjectFailure:
    reason = f"{count} objects of /{flow.resource} have {target} {json.dumps(value)}; a match must be unique."
    return ObjectFailure("DuplicateTargetEntries", reason)


def _response_failure(response: ScimResponse, problem: str = "") -> ObjectFailure:
    """Return the failure that a response is: the code and the text of the service."""
    status = response.status
    code = _CODES.get(status, f"{PREFIX}ServerError" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else _INCOMPATIBLE)
    message = f"{problem}. {_EXCEPTION}" if problem else _EXCEPTION
    text = f"StatusCode: {_phrase(status).replace(' ', '')}\r\nMessage: {message}"
    return ObjectFailure(code, f"{text}\r\nWeb Response: \r\n{_body_text(response)}.")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return str(status)


def _is_html(response: ScimResponse) -> bool:
    text = response.body if isinstance(response.body, str) else ""
    start = text.lstrip()[:200].lower()
    return "text/html" in response.headers.get("content-type", "").lower() or "<html" in start or "<!doctype" in start


def _body_text(response: ScimResponse) -> str:
    """Return the body for a message: JSON as it is, HTML redacted as the service does."""
    if response.body is None:
        return ""
    if _is_html(response):
        return REDACTED_HTML
    text = response.body if isinstance(response.body, str) else json.dumps(response.body, ensure_ascii=False)
    return text if len(text) <= _MAX_BODY_TEXT else f"{text[:_MAX_BODY_TEXT]}…"
