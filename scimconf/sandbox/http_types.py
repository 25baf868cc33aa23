"""The words of a request and its answer, and a refusal in the form that Graph gives it.

A handler raises a Refusal and nothing else; the router turns it into the error body.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class GraphRequest:
    """One request as a handler sees it: names of query options without `$` and in lower case, headers in lower case.

    `granted` is what the caller may do; None for everything.
    """

    method: str
    path: str
    base_url: str
    segments: tuple[str, ...] = ()
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    granted: frozenset[str] | None = None

    def with_route(self, path_parameters: Mapping[str, str], granted: frozenset[str] | None) -> GraphRequest:
        return replace(self, path_parameters=path_parameters, granted=granted)

    @property
    def is_advanced(self) -> bool:
        """Whether the caller asks for advanced queries, which read another index."""
        return self.headers.get("consistencylevel", "").lower() == "eventual"

    def object_body(self) -> Json:
        if not isinstance(self.body, dict):
            raise bad_request("Unable to read JSON request payload. Please ensure Content-Type header is set.")
        return self.body


@dataclass(frozen=True, slots=True)
class GraphResponse:
    """A status and a JSON body, or none."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


NO_CONTENT = GraphResponse(204)


class GraphError(Exception):
    """An error answer in the making."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: tuple[Mapping[str, Any], ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.headers = dict(headers or {})
        super().__init__(f"{status} {code}: {message}")

    def body(self, date: str, request_id: str, client_request_id: str) -> Json:
        error: Json = {"code": self.code, "message": self.message}
        if self.details:
            error["details"] = [dict(detail) for detail in self.details]
        error["innerError"] = {"date": date, "request-id": request_id, "client-request-id": client_request_id}
        return {"error": error}


def bad_request(message: str, *, code: str = "Request_BadRequest", details: tuple[Json, ...] = ()) -> GraphError:
    return GraphError(400, code, message, details=details)


def unsupported_query(message: str) -> GraphError:
    return bad_request(message, code="Request_UnsupportedQuery")


def not_found(resource: str) -> GraphError:
    return GraphError(
        404,
        "Request_ResourceNotFound",
        f"Resource '{resource}' does not exist or one of its queried reference-property objects are not present.",
    )


def not_allowed() -> GraphError:
    return GraphError(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")


def not_emulated(what: str) -> GraphError:
    return GraphError(501, "SandboxNotImplemented", f"The sandbox does not emulate {what}.")


def sync_error(status: int, code: str, message: str | None) -> GraphError:
    """The synchronization service's own error, as JSON text inside the message of an `UnknownError`."""
    inner: Json = {"error": {"code": code, "message": message, "target": None, "details": [], "innerError": None}}
    return GraphError(status, "UnknownError", json.dumps(inner, indent=2).replace("\n", "\r\n"))


def sync_path_not_found(path: str) -> GraphError:
    """The Web API's answer to a path that the synchronization service does not have."""
    uri = f"https://syncfabric.windowsazure.com/api{path}?api-version=2.0"
    text = {"Message": f"No HTTP resource was found that matches the request URI '{uri}'."}
    return GraphError(404, "UnknownError", json.dumps(text))


def sync_unauthorized() -> GraphError:
    """What a missing permission and a service principal that has not arrived yet look like: an empty 401."""
    return GraphError(401, "UnknownError", "")
