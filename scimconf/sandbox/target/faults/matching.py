"""Faults of servers with filters and lists."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from scimconf.sandbox.target.faults.common import compared, lists, search
from scimconf.sandbox.target.messages import (
    Handler,
    TargetRequest,
    TargetResponse,
    error_response,
    with_list,
    with_resources,
)

_EQUALS = re.compile(r"\seq\s", re.IGNORECASE)


async def external_id_filter_refused(request: TargetRequest, forward: Handler) -> TargetResponse:
    if lists(request, "users") and (compared(request) or ("",))[0] == "externalid":
        return error_response(400, "externalId cannot be filtered.", "invalidFilter")
    return await forward(request)


async def filter_fails(request: TargetRequest, forward: Handler) -> TargetResponse:
    if lists(request, "users") and "filter" in request.query and (compared(request) or ("",))[0] != "username":
        return error_response(500, "Internal server error")
    return await forward(request)


async def no_match_is_not_found(request: TargetRequest, forward: Handler) -> TargetResponse:
    response = await forward(request)
    if lists(request, "users") and "filter" in request.query and response.status == 200 and not response.resources:
        return error_response(404, "User not found")
    return response


async def equal_means_contains(request: TargetRequest, forward: Handler) -> TargetResponse:
    if request.method != "GET" or compared(request) is None:
        return await forward(request)
    text = _EQUALS.sub(" co ", request.query["filter"], count=1)
    return await forward(replace(request, query={**request.query, "filter": text}))


async def user_name_with_case(request: TargetRequest, forward: Handler) -> TargetResponse:
    response = await forward(request)
    comparison = compared(request)
    if not lists(request, "users") or comparison is None or comparison[0] != "username":
        return response
    return with_resources(response, lambda user: user if user.get("userName") == comparison[1] else None)


async def users_listed_for_each_group(request: TargetRequest, forward: Handler) -> TargetResponse:
    """List a user once for each group that it is a member of, as a join without `DISTINCT` does."""
    response = await forward(request)
    if not lists(request, "users") or not response.resources:
        return response
    groups = await search(request, forward, "/Groups")
    members = [member.get("value") for group in groups for member in group.get("members", [])]
    users: list[Any] = [user for user in response.resources for _ in range(max(1, members.count(user["id"])))]
    return with_list(response, users)
