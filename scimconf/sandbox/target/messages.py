"""Requests and responses of a target, independent of sockets and of the SCIM library."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote

SCIM = "application/scim+json"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


@dataclass(frozen=True, slots=True)
class TargetRequest:
    """A request below the root of the SCIM endpoints. Names of headers are lower-case; values of the query are decoded."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    base_url: str = ""

    @property
    def segments(self) -> tuple[str, ...]:
        """The parts of the path, such as `("Users", "2819")`."""
        return tuple(unquote(part) for part in self.path.split("/") if part)

    @property
    def endpoint(self) -> str:
        """The first part of the path in lower case, such as `users`; empty for the root."""
        return self.segments[0].lower() if self.segments else ""

    @property
    def resource_id(self) -> str | None:
        return self.segments[1] if len(self.segments) == 2 else None

    def json(self) -> Any:
        """Return the parsed body, None if it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def operations(self) -> list[dict[str, Any]]:
        """Return the operations of a PATCH body; those that are no objects are left out."""
        body = self.json()
        operations = body.get("Operations") if isinstance(body, dict) else None
        return [item for item in operations if isinstance(item, dict)] if isinstance(operations, list) else []

    def with_json(self, body: Any) -> TargetRequest:
        return replace(self, body=json.dumps(body).encode())

    def with_operations(self, operations: list[dict[str, Any]]) -> TargetRequest:
        return self.with_json({**self.json(), "Operations": operations})


@dataclass(frozen=True, slots=True)
class TargetResponse:
    """A response. `body` is JSON, a string that is sent as it is, or None for no body."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": SCIM})

    def with_body(self, body: Any) -> TargetResponse:
        return replace(self, body=body)

    @property
    def resources(self) -> list[dict[str, Any]]:
        """The resources in the body: those of a list, or the resource itself."""
        if not isinstance(self.body, dict):
            return []
        listed = self.body.get("Resources")
        if isinstance(listed, list):
            return listed
        return [self.body] if "id" in self.body else []


Handler = Callable[[TargetRequest], Awaitable[TargetResponse]]
Middleware = Callable[[TargetRequest, Handler], Awaitable[TargetResponse]]


def error_response(status: int, detail: str, scim_type: str | None = None) -> TargetResponse:
    """Return an error in the form of RFC 7644 section 3.12."""
    body = {"schemas": [ERROR], "status": str(status), "detail": detail}
    return TargetResponse(status, body if scim_type is None else {**body, "scimType": scim_type})


def with_resources(
    response: TargetResponse, changed: Callable[[dict[str, Any]], dict[str, Any] | None]
) -> TargetResponse:
    """Return a response with each resource changed; a resource that becomes None is absent: from a list, or with 404."""
    if not isinstance(response.body, dict) or response.status >= 300:
        return response
    if "Resources" in response.body:
        resources = [item for item in map(changed, response.resources) if item is not None]
        return with_list(response, resources)
    if "id" not in response.body:
        return response
    resource = changed(response.body)
    return error_response(404, "Resource not found") if resource is None else response.with_body(resource)


def with_list(response: TargetResponse, resources: list[dict[str, Any]]) -> TargetResponse:
    """Return a list response with other resources; `totalResults` changes by as many."""
    total = response.body["totalResults"] + len(resources) - len(response.resources)
    return response.with_body(
        {**response.body, "totalResults": total, "itemsPerPage": len(resources), "Resources": resources}
    )


def behind(middleware: Middleware, handler: Handler) -> Handler:
    """Return a handler that passes each request through the middleware first."""

    async def respond(request: TargetRequest) -> TargetResponse:
        return await middleware(request, handler)

    return respond
