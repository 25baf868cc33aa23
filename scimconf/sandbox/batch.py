"""JSON batching (`$batch`): up to 20 requests in one; each gets its own response."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from scimconf.sandbox.http_types import GraphRequest, GraphResponse, Json, bad_request
from scimconf.sandbox.routes import path_segments

MAX_REQUESTS = 20
RequestHandler: TypeAlias = Callable[[GraphRequest, str], GraphResponse]


def batch_response(envelope: GraphRequest, handle: RequestHandler, *, shuffled: bool) -> GraphResponse:
    """Handle the requests of a batch in their order; `shuffled` returns the responses in another order."""
    requests = _requests(envelope)
    statuses: dict[str, int] = {}
    responses: list[Json] = []
    for request in requests:
        key = str(request["id"])
        dependencies = [str(dependency).lower() for dependency in request.get("dependsOn") or []]
        if any(statuses.get(dependency, 424) >= 400 for dependency in dependencies):
            response = _failed_dependency(key)
        else:
            response = _response(key, handle(_inner_request(envelope, request), key))
        statuses[key.lower()] = response["status"]
        responses.append(response)
    if shuffled:
        responses = responses[1::2] + responses[0::2]
    return GraphResponse(200, {"responses": responses})


def _requests(envelope: GraphRequest) -> list[Json]:
    requests = envelope.object_body().get("requests")
    if not isinstance(requests, list) or not requests:
        raise _invalid("The batch has no 'requests'.")
    if len(requests) > MAX_REQUESTS:
        raise _invalid(f"Number of batch requests {len(requests)} exceeds the limit of {MAX_REQUESTS}.")
    ids: list[str] = []
    for request in requests:
        _validate(request, ids)
        ids.append(str(request["id"]).lower())
    return requests


def _validate(request: Any, ids: list[str]) -> None:
    if not isinstance(request, dict) or not all(request.get(name) for name in ("id", "method", "url")):
        raise _invalid("Each request of a batch must have id, method and url.")
    if str(request["id"]).lower() in ids:
        raise _invalid(f"The request id '{request['id']}' is used more than once.")
    for dependency in request.get("dependsOn") or []:
        if str(dependency).lower() not in ids:
            raise _invalid(f"Request '{request['id']}' depends on '{dependency}', which is not an earlier request.")
    if urlsplit(str(request["url"])).netloc:
        raise _invalid("The url of a request in a batch must be relative.")
    if request.get("body") is not None and "content-type" not in _headers(request):
        raise _invalid(f"Request '{request['id']}' has a body but no Content-Type header.")


def _inner_request(envelope: GraphRequest, request: Json) -> GraphRequest:
    parts = urlsplit("/" + str(request["url"]).lstrip("/"))
    return GraphRequest(
        method=str(request["method"]).upper(),
        path=parts.path,
        base_url=envelope.base_url,
        segments=path_segments(parts.path),
        query=parse_query(parts.query),
        headers={**envelope.headers, **_headers(request)},
        body=request.get("body"),
    )


def parse_query(text: str) -> dict[str, str]:
    """Return the query options by name, in lower case and without `$`."""
    return {name.removeprefix("$").lower(): value for name, value in parse_qsl(text, keep_blank_values=True)}


def _headers(request: Json) -> dict[str, str]:
    headers: Mapping[str, Any] = request.get("headers") or {}
    return {name.lower(): str(value) for name, value in headers.items()}


def _response(key: str, response: GraphResponse) -> Json:
    document: Json = {"id": key, "status": response.status, "headers": {**response.headers}}
    if response.body is not None:
        document["headers"]["Content-Type"] = "application/json"
        document["body"] = response.body
    return document


def _failed_dependency(key: str) -> Json:
    error = {"code": "FailedDependency", "message": "A request that this request depends on has failed."}
    return {"id": key, "status": 424, "headers": {"Content-Type": "application/json"}, "body": {"error": error}}


def _invalid(message: str) -> Exception:
    return bad_request(message, code="BadRequest")
