"""Faults of servers with PATCH operations, status codes, headers and authentication."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from scimconf.sandbox.target.faults.common import current, op_of, patches, path_of
from scimconf.sandbox.target.messages import Handler, TargetRequest, TargetResponse, error_response

_ELEMENT = re.compile(r'(?:urn:.*:)?(?P<name>\w+)\[\s*(?P<sub>\w+)\s+eq\s+"?(?P<value>.*?)"?\s*\]', re.IGNORECASE)
_BOOLEAN_FILTER = re.compile(r"\[\s*\w+\s+eq\s+(?:true|false)\s*\]")
_KNOWN_ENDPOINTS = ("", "users", "groups", "schemas", "resourcetypes", "serviceproviderconfig", "bulk", "me", ".search")
_FORBIDDEN_PAGE = "<html><body><h1>403 Forbidden</h1>The request was blocked.</body></html>"
_RATE = 20
"""Requests in a second."""


# ---- PATCH ----------------------------------------------------------------------------------------------------------


async def capital_operations_refused(request: TargetRequest, forward: Handler) -> TargetResponse:
    if any(item.get("op") not in ("add", "replace", "remove") for item in request.operations()):
        return error_response(400, "op: expected add, replace or remove.", "invalidSyntax")
    return await forward(request)


async def no_target(request: TargetRequest, forward: Handler) -> TargetResponse:
    paths = [item["path"] for item in request.operations() if op_of(item) != "remove" and "[" in path_of(item)]
    resource = await current(request, forward) if request.method == "PATCH" and paths else None
    if resource is not None and not all(_element_exists(resource, path) for path in paths):
        return error_response(400, "No element matches the filter of the path.", "noTarget")
    return await forward(request)


def _element_exists(resource: dict[str, Any], path: str) -> bool:
    match = _ELEMENT.match(path)
    elements = resource.get(match["name"]) if match else None
    if match is None or not isinstance(elements, list):
        return False
    return any(str(item.get(match["sub"])).lower() == match["value"].lower() for item in elements)


async def compound_keys_ignored(request: TargetRequest, forward: Handler) -> TargetResponse:
    if request.method != "PATCH":
        return await forward(request)
    operations = [_without_compound_keys(item) for item in request.operations()]
    remaining = [item for item in operations if path_of(item) or item.get("value")]
    return await forward(request.with_operations(remaining)) if remaining else TargetResponse(204)


def _without_compound_keys(operation: dict[str, Any]) -> dict[str, Any]:
    value = operation.get("value")
    if path_of(operation) or not isinstance(value, dict):
        return operation
    return {**operation, "value": {name: item for name, item in value.items() if not set(".:") & set(name)}}


async def urn_paths_refused(request: TargetRequest, forward: Handler) -> TargetResponse:
    if request.method == "PATCH" and any(path_of(item).startswith("urn:") for item in request.operations()):
        return error_response(400, "The path is not valid.", "invalidPath")
    return await forward(request)


async def patch_not_allowed(request: TargetRequest, forward: Handler) -> TargetResponse:
    if request.method != "PATCH":
        return await forward(request)
    response = error_response(405, "PATCH is not supported.")
    return replace(response, headers={**response.headers, "allow": "GET, PUT, DELETE"})


async def patched_user_not_found(request: TargetRequest, forward: Handler) -> TargetResponse:
    if patches(request, "users"):
        return error_response(404, "User not found")
    return await forward(request)


async def patch_without_effect(request: TargetRequest, forward: Handler) -> TargetResponse:
    resource = await current(request, forward) if request.method == "PATCH" else None
    return await forward(request) if resource is None else TargetResponse(200, resource)


async def boolean_filters_ignored(request: TargetRequest, forward: Handler) -> TargetResponse:
    operations = [item for item in request.operations() if not _BOOLEAN_FILTER.search(path_of(item))]
    if len(operations) == len(request.operations()):
        return await forward(request)
    return await forward(request.with_operations(operations)) if operations else TargetResponse(204)


# ---- HTTP -----------------------------------------------------------------------------------------------------------


async def user_agent_required(request: TargetRequest, forward: Handler) -> TargetResponse:
    if request.headers.get("user-agent"):
        return await forward(request)
    return TargetResponse(403, _FORBIDDEN_PAGE, {"content-type": "text/html"})


async def plain_json(request: TargetRequest, forward: Handler) -> TargetResponse:
    response = await forward(request)
    if response.status >= 400 and isinstance(response.body, dict):
        headers = {**response.headers, "content-type": "text/plain"}
        return replace(response, body=str(response.body.get("detail")), headers=headers)
    return replace(response, headers={**response.headers, "content-type": "application/json"})


class RateLimit:
    """Accepts 20 requests in a second, and answers 429 with Retry-After to more. `clock` returns seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._allowance = float(_RATE)
        self._since = clock()

    async def __call__(self, request: TargetRequest, forward: Handler) -> TargetResponse:
        now = self._clock()
        self._allowance = min(float(_RATE), self._allowance + (now - self._since) * _RATE)
        self._since = now
        if self._allowance >= 1:
            self._allowance -= 1
            return await forward(request)
        response = error_response(429, "Too many requests")
        seconds = math.ceil((1 - self._allowance) / _RATE)
        return replace(response, headers={**response.headers, "retry-after": str(seconds)})


async def errors_are_500(request: TargetRequest, forward: Handler) -> TargetResponse:
    response = await forward(request)
    unknown_path = response.status == 404 and request.endpoint not in _KNOWN_ENDPOINTS
    return error_response(500, "Internal server error") if response.status == 401 or unknown_path else response
