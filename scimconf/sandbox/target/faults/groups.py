"""Faults of servers with groups and their members."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from scimconf.sandbox.target.faults.common import (
    Overlap,
    assignments,
    change,
    creates,
    current,
    lists,
    op_of,
    patches,
    path_of,
    search,
    set_members,
    without,
)
from scimconf.sandbox.target.messages import Handler, TargetRequest, TargetResponse, error_response, with_resources

_ADSCIM = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
_MEMBER_LIMIT = 100
_MEMBER_PATH = re.compile(r'members\[value eq "(.*)"\]', re.IGNORECASE)


async def members_never_excluded(request: TargetRequest, forward: Handler) -> TargetResponse:
    if request.endpoint != "groups":
        return await forward(request)
    query = {name: value for name, value in request.query.items() if name.lower() != "excludedattributes"}
    return await forward(replace(request, query=query))


def _removes_by_value(operation: Any) -> bool:
    return op_of(operation) == "remove" and path_of(operation) == "members" and bool(operation.get("value"))


async def removal_of_all_members(request: TargetRequest, forward: Handler) -> TargetResponse:
    if not patches(request, "groups"):
        return await forward(request)
    operations = [without(item, "value") if _removes_by_value(item) else item for item in request.operations()]
    return await forward(request.with_operations(operations) if operations else request)


async def removal_by_value_refused(request: TargetRequest, forward: Handler) -> TargetResponse:
    if patches(request, "groups") and any(map(_removes_by_value, request.operations())):
        return error_response(400, "A remove operation must not have a value.", "invalidValue")
    return await forward(request)


async def external_id_not_added(request: TargetRequest, forward: Handler) -> TargetResponse:
    if patches(request, "groups") and any(op == "add" and path == "externalid" for op, path, _ in assignments(request)):
        return error_response(400, "externalId cannot be added.", "invalidPath")
    return await forward(request)


async def no_groups(request: TargetRequest, forward: Handler) -> TargetResponse:
    if request.endpoint == "groups":
        return error_response(404, "Not found")
    return await forward(request)


async def members_need_type(request: TargetRequest, forward: Handler) -> TargetResponse:
    values = [value for op, path, value in assignments(request) if path == "members" and op != "remove"]
    members = [member for value in values for member in (value if isinstance(value, list) else [value])]
    if patches(request, "groups") and any(not isinstance(item, dict) or not item.get("type") for item in members):
        return error_response(400, "members.type is required.", "invalidValue")
    return await forward(request)


async def rename_empties_members(request: TargetRequest, forward: Handler) -> TargetResponse:
    if not patches(request, "groups") or not any(map(_is_pathless_replace, request.operations())):
        return await forward(request)
    return await forward(request.with_operations([*request.operations(), {"op": "remove", "path": "members"}]))


def _is_pathless_replace(operation: Any) -> bool:
    value = operation.get("value")
    return (
        op_of(operation) == "replace" and not path_of(operation) and isinstance(value, dict) and "members" not in value
    )


async def all_groups_are_the_first(request: TargetRequest, forward: Handler) -> TargetResponse:
    groups = await search(request, forward, "/Groups") if creates(request, "groups") else []
    body = request.json()
    if not groups or not isinstance(body, dict):
        return await forward(request)
    path = f"/Groups/{groups[0]['id']}"
    values = {name: body[name] for name in ("displayName", "externalId") if name in body}
    await change(request, forward, path, {"op": "replace", "value": values})
    response = await forward(replace(request, method="GET", path=path, query={}, body=b""))
    return replace(response, status=201)


async def microsofts_urn_refused(request: TargetRequest, forward: Handler) -> TargetResponse:
    body = request.json() if creates(request, "groups") else None
    if isinstance(body, dict) and _ADSCIM in body.get("schemas", []):
        return error_response(400, f"Unknown schema: {_ADSCIM}", "invalidValue")
    return await forward(request)


class LostMembers:
    """Reads a group when a PATCH arrives, and writes all its members later: what was written meanwhile is lost."""

    def __init__(self) -> None:
        self._overlap = Overlap()

    async def __call__(self, request: TargetRequest, forward: Handler) -> TargetResponse:
        changes_members = any(path.startswith("members") for _, path, _ in assignments(request))
        group = await current(request, forward) if patches(request, "groups") and changes_members else None
        if group is None:
            return await forward(request)
        await self._overlap.is_second(request.path)
        await set_members(request, forward, group.get("members", []))
        return await forward(request)


async def members_beyond_the_limit_dropped(request: TargetRequest, forward: Handler) -> TargetResponse:
    response = await forward(request)
    group = await current(request, forward) if patches(request, "groups") else None
    if group is not None and len(group.get("members", [])) > _MEMBER_LIMIT:
        await set_members(request, forward, group["members"][:_MEMBER_LIMIT])
    return response


async def group_filter_refused(request: TargetRequest, forward: Handler) -> TargetResponse:
    if lists(request, "groups") and "filter" in request.query:
        return error_response(400, "Filters are not supported for groups.", "invalidFilter")
    return await forward(request)


async def lists_without_members(request: TargetRequest, forward: Handler) -> TargetResponse:
    response = await forward(request)
    return with_resources(response, lambda group: without(group, "members")) if lists(request, "groups") else response


async def removal_of_an_absent_member_refused(request: TargetRequest, forward: Handler) -> TargetResponse:
    removed = [member for item in request.operations() if op_of(item) == "remove" for member in _removed_members(item)]
    group = await current(request, forward) if patches(request, "groups") and removed else None
    if group is None:
        return await forward(request)
    members = {member.get("value") for member in group.get("members", [])}
    if members.issuperset(removed):
        return await forward(request)
    return error_response(404, "The member does not exist.", "noTarget")


def _removed_members(operation: Any) -> list[str]:
    """Return the ids of the members that an operation names: in its value, or in its path."""
    match = _MEMBER_PATH.fullmatch(str(operation.get("path", "")))
    if match:
        return [match[1]]
    value = operation.get("value")
    if path_of(operation) != "members" or not isinstance(value, list):
        return []
    return [str(member.get("value")) for member in value if isinstance(member, dict)]
