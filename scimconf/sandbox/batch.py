"""`$batch`: up to twenty requests in one, each judged and answered on its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from scimconf.sandbox.http_types import GraphRequest, GraphResponse, Json, bad_request
from scimconf.sandbox.routes import path_segments

MAX_REQUESTS = 20
Member = Callable[[GraphRequest, str], GraphResponse]


def answer_batch(call: GraphRequest, answer: Member, *, shuffled: bool) -> GraphResponse:
    """Runs the members in their order; the order of the answers says nothing."""
    requests = _requests(call)
    statuses: dict[str, int] = {}
    responses: list[Json] = []
    for request in requests:
        key = str(request["id"])
        failed = [one for one in request.get("dependsOn") or [] if statuses.get(str(one).lower(), 424) >= 400]
        response = _failed_dependency(key) if failed else _response(key, answer(_member(call, request), key))
        statuses[key.lower()] = response["status"]
        responses.append(response)
    if shuffled:
        responses = responses[1::2] + responses[0::2]
    return GraphResponse(200, {"responses": responses})


def _requests(call: GraphRequest) -> list[Json]:
    requests = call.object_body().get("requests")
    if not isinstance(requests, list) or not requests:
        raise _invalid("The batch request holds no 'requests'.")
    if len(requests) > MAX_REQUESTS:
        raise _invalid(f"Number of batch requests {len(requests)} exceeds the limit of {MAX_REQUESTS}.")
    ids: list[str] = []
    for request in requests:
        _check(request, ids)
        ids.append(str(request["id"]).lower())
    return requests


def _check(request: Any, ids: list[str]) -> None:
    if not isinstance(request, dict) or not all(request.get(name) for name in ("id", "method", "url")):
        raise _invalid("A request of a batch needs id, method and url.")
    if str(request["id"]).lower() in ids:
        raise _invalid(f"The id '{request['id']}' occurs more than once.")
    for one in request.get("dependsOn") or []:
        if str(one).lower() not in ids:
            raise _invalid(f"Request '{request['id']}' depends on '{one}', which does not stand before it.")
    if urlsplit(str(request["url"])).netloc:
        raise _invalid("Urls of a batch are relative.")
    if request.get("body") is not None and "content-type" not in _headers(request):
        raise _invalid(f"Request '{request['id']}' has a body and no Content-Type header.")


def _member(call: GraphRequest, request: Json) -> GraphRequest:
    parts = urlsplit("/" + str(request["url"]).lstrip("/"))
    return GraphRequest(
        method=str(request["method"]).upper(),
        path=parts.path,
        base_url=call.base_url,
        segments=path_segments(parts.path),
        query=parse_query(parts.query),
        headers={**call.headers, **_headers(request)},
        body=request.get("body"),
    )


def parse_query(text: str) -> dict[str, str]:
    """Query options by name, in lower case and without `$`."""
    return {name.removeprefix("$").lower(): value for name, value in parse_qsl(text, keep_blank_values=True)}


def _headers(request: Json) -> dict[str, str]:
    headers: Mapping[str, Any] = request.get("headers") or {}
    return {name.lower(): str(value) for name, value in headers.items()}


def _response(key: str, answer: GraphResponse) -> Json:
    response: Json = {"id": key, "status": answer.status, "headers": {**answer.headers}}
    if answer.body is not None:
        response["headers"]["Content-Type"] = "application/json"
        response["body"] = answer.body
    return response


def _failed_dependency(key: str) -> Json:
    error = {"code": "FailedDependency", "message": "A request on which this one depends has failed."}
    return {"id": key, "status": 424, "headers": {"Content-Type": "application/json"}, "body": {"error": error}}


def _invalid(message: str) -> Exception:
    return bad_request(message, code="BadRequest")
