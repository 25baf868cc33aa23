"""What the faults share: questions about requests, further requests to the target, and changes of responses."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from scimconf.sandbox.target.messages import Handler, TargetRequest, TargetResponse

PATCH_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
OVERLAP_SECONDS = 0.25
"""How long a request waits for a second one that overlaps it."""
_COMPARISON = re.compile(r'\s*([\w:.$\[\]" -]+?)\s+eq\s+"(.*)"\s*', re.IGNORECASE | re.DOTALL)
Operation = Mapping[str, Any]


def patches(request: TargetRequest, endpoint: str) -> bool:
    """Return True for a PATCH of a user or group; the endpoint is `users` or `groups`."""
    return request.method == "PATCH" and request.endpoint == endpoint


def creates(request: TargetRequest, endpoint: str) -> bool:
    """Return True for the creation of a user or group."""
    return request.method == "POST" and request.endpoint == endpoint and len(request.segments) == 1


def lists(request: TargetRequest, endpoint: str) -> bool:
    """Return True for a read of several users or groups, with a filter or without."""
    return request.method == "GET" and request.endpoint == endpoint and request.resource_id is None


def op_of(operation: Operation) -> str:
    """Return `add`, `replace` or `remove`."""
    return str(operation.get("op", "")).lower()


def path_of(operation: Operation) -> str:
    """Return the path in lower case, empty without one."""
    path = operation.get("path")
    return path.lower() if isinstance(path, str) else ""


def assigned(operation: Operation) -> Iterator[tuple[str, Any]]:
    """Yield each path in lower case with its value: one, or those of an operation without a path."""
    value = operation.get("value")
    if path_of(operation):
        yield path_of(operation), value
    elif isinstance(value, dict):
        yield from ((name.lower(), item) for name, item in value.items())


def assignments(request: TargetRequest) -> list[tuple[str, str, Any]]:
    """Return operation, path in lower case and value for each attribute that a PATCH names."""
    return [(op_of(item), path, value) for item in request.operations() for path, value in assigned(item)]


def compared(request: TargetRequest) -> tuple[str, str] | None:
    """Return the attribute, in lower case, and the value of a filter with one `eq`; None for any other."""
    match = _COMPARISON.fullmatch(request.query.get("filter", ""))
    return (match[1].lower(), match[2]) if match else None


def is_false(value: Any) -> bool:
    return value is False or (isinstance(value, str) and value.lower() == "false")


def is_true(value: Any) -> bool:
    return value is True or (isinstance(value, str) and value.lower() == "true")


def activations(request: TargetRequest) -> list[Any]:
    """Return the values that a PATCH gives to `active`."""
    return [value for op, path, value in assignments(request) if path == "active" and op != "remove"]


# ---- further requests -----------------------------------------------------------------------------------------------


async def current(request: TargetRequest, forward: Handler) -> dict[str, Any] | None:
    """Return the resource that the path of the request names, None if there is none."""
    response = await forward(replace(request, method="GET", query={}, body=b""))
    return response.body if response.status == 200 else None


async def search(request: TargetRequest, forward: Handler, path: str, text: str | None = None) -> list[dict[str, Any]]:
    """Return all resources below a path such as `/Users` that match a filter."""
    query = {} if text is None else {"filter": text}
    return (await forward(replace(request, method="GET", path=path, query=query, body=b""))).resources


async def change(request: TargetRequest, forward: Handler, path: str, *operations: Operation) -> TargetResponse:
    """Send a PATCH of a resource to the target."""
    patch = replace(request, method="PATCH", path=path, query={})
    return await forward(patch.with_json({"schemas": [PATCH_SCHEMA], "Operations": list(operations)}))


async def set_members(request: TargetRequest, forward: Handler, members: list[Any]) -> None:
    """Replace the members of the group that the path of the request names."""
    await change(request, forward, request.path, {"op": "remove", "path": "members"})
    if members:
        await change(request, forward, request.path, {"op": "add", "path": "members", "value": members})


# ---- responses ------------------------------------------------------------------------------------------------------


def without(resource: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in resource.items() if key != name}


class Overlap:
    """Makes requests overlap: the first with a key waits until a second arrives, or OVERLAP_SECONDS have passed."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Event] = {}

    async def is_second(self, key: str) -> bool:
        """Return True for a request that arrives while another with its key waits."""
        waiting = self._waiting.pop(key, None)
        if waiting is not None:
            waiting.set()
            return True
        arrived = self._waiting[key] = asyncio.Event()
        try:
            await asyncio.wait_for(arrived.wait(), OVERLAP_SECONDS)
        except TimeoutError:
            self._waiting.pop(key, None)
        return False
