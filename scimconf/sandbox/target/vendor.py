"""A target that plays the limits of a vendor: values that it refuses, and what it does when a user is disabled.

`VendorLimits` is made of a plain document, which describes what a vendor publishes; nothing here knows a vendor:

    {
      "users": {
        "limits": [{"attribute": "userName", "max_length": 20, "pattern": "", "forbidden_characters": "", "unique": true,
                    "required": true}],
        "refused": ["title"],                  attributes that make a request fail
        "disabling": "disables" | "deletes"    what `active: false` does; `deletes`: the account is gone at once
      },
      "groups": {"limits": [], "refused": [], "support": "full" | "update_only" | "none"}
    }

Every key may be missing. Values are checked where they are created and where they are replaced.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from scimconf.sandbox.target.messages import Handler, TargetRequest, TargetResponse, error_response

_FILTERED = re.compile(r'(?P<name>[\w$-]+)\[(?P<key>\w+) eq "(?P<value>[^"]*)"\](?:\.(?P<sub>[\w$-]+))?')
_NOTHING: tuple[Any, ...] = ()
Value = tuple[str, Any]
"""The path of an attribute, as a mapping names it, and a value."""


class VendorLimits:
    """Middleware that refuses what the vendor refuses, with 400 `invalidValue`, and deletes whom it deletes."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    async def __call__(self, request: TargetRequest, forward: Handler) -> TargetResponse:
        rules: Mapping[str, Any] = self._document.get(request.endpoint, {})
        if refusal := _unsupported(request, rules):
            return refusal
        if request.method not in ("POST", "PUT", "PATCH") or not rules:
            return await forward(request)
        problem = await self._problem(request, rules, forward)
        if problem:
            return error_response(400, problem, "invalidValue")
        response = await forward(request)
        if rules.get("disabling") == "deletes" and response.status < 300 and _disables(request):
            await forward(replace(request, method="DELETE", body=b""))
        return response

    async def _problem(self, request: TargetRequest, rules: Mapping[str, Any], forward: Handler) -> str:
        """Return why the vendor refuses a request, empty if it does not."""
        for name in rules.get("refused", _NOTHING):
            if any(value is not None for value in _values(request, name)):
                return f"{name} is not supported"
        for limit in rules.get("limits", _NOTHING):
            name = limit["attribute"]
            values = [value for value in _values(request, name) if value is not None]
            if limit.get("required") and request.method == "POST" and not any(value != "" for value in values):
                return f"{name} is required"
            for value in values:
                problem = _refused_value(limit, str(value)) or await _taken(request, limit, value, forward)
                if problem:
                    return f"{name} {problem}"
        return ""


def _unsupported(request: TargetRequest, rules: Mapping[str, Any]) -> TargetResponse | None:
    support = rules.get("support", "full")
    if support == "none" and request.method != "GET":  # the connection test looks for a group, and needs an answer
        return error_response(404, "Groups are not supported")
    if support == "update_only" and request.method in ("POST", "DELETE"):
        return error_response(403, "Groups can be changed only")
    return None


def _refused_value(limit: Mapping[str, Any], value: str) -> str:
    most = limit.get("max_length")
    if most and len(value) > most:
        return f"has {len(value)} characters; at most {most} are allowed"
    if limit.get("pattern") and not re.fullmatch(limit["pattern"], value):
        return "has a form that is not allowed"
    if taken := sorted(set(limit.get("forbidden_characters") or "") & set(value)):
        return f"contains {taken[0]!r}, which is not allowed"
    return ""


async def _taken(request: TargetRequest, limit: Mapping[str, Any], value: Any, forward: Handler) -> str:
    """Return the problem that another user or group has the value of a unique attribute; userName is the server's own."""
    name = str(limit["attribute"])
    if not limit.get("unique") or name == "userName" or "[" in name or ":" in name:
        return ""
    query = {"filter": f"{name} eq {json.dumps(value)}"}
    path = "/" + quote(request.segments[0])
    listed = await forward(replace(request, method="GET", path=path, query=query, body=b""))
    others = [item for item in listed.resources if item.get("id") != request.resource_id]
    return "is taken" if others and listed.status < 300 else ""


def _disables(request: TargetRequest) -> bool:
    return any(str(value).lower() == "false" for value in _values(request, "active"))


# ---- values of a request --------------------------------------------------------------------------------------------


def _values(request: TargetRequest, name: str) -> Iterator[Any]:
    """Yield the values that a request gives to an attribute, whose name is that of an attribute mapping."""
    if request.method != "PATCH":
        body = request.json()
        yield from _in_resource(body if isinstance(body, dict) else {}, name)
        return
    for operation in request.operations():
        path, value = operation.get("path"), operation.get("value")
        if str(operation.get("op", "")).lower() == "remove":
            continue
        if isinstance(path, str) and path:
            yield from _in_operation(path, value, name)
        elif isinstance(value, dict):
            yield from (item for key, content in value.items() for item in _in_operation(key, content, name))


def _in_operation(path: str, value: Any, name: str) -> Iterator[Any]:
    if path.lower() == name.lower():
        yield from value if isinstance(value, list) else [value]
    elif isinstance(value, dict | list) and name.lower().startswith(path.lower()):
        yield from _in_resource({path: value}, name)


def _in_resource(resource: Mapping[str, Any], name: str) -> Iterator[Any]:
    """Yield the values of an attribute in a resource: of a path with a filter, below an extension, or with a dot."""
    for key, value in resource.items():
        if key.lower() == name.lower():
            yield from value if isinstance(value, list) else [value]
        elif isinstance(value, dict) and name.lower().startswith((f"{key.lower()}:", f"{key.lower()}.")):
            yield from _in_resource(value, name[len(key) + 1 :])
    match = _FILTERED.fullmatch(name)
    if match is None:
        return
    elements = resource.get(match["name"])
    for element in elements if isinstance(elements, list) else ():
        if isinstance(element, dict) and str(element.get(match["key"], "")).lower() == match["value"].lower():
            yield element.get(match["sub"] or "value")
