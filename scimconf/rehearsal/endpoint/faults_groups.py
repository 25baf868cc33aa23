"""Faults in the handling of groups and their members."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from scimconf.diagnostics import plural
from scimconf.rehearsal.endpoint.bodies import member_values, operation
from scimconf.rehearsal.endpoint.context import (
    CheckContext,
    CheckFunction,
    CheckSkippedError,
    as_json,
    describe_answer,
    require,
)

_MANY = 101
_AT_ONCE = 10


def _external_id_added(context: CheckContext) -> str:
    body = context.new_group()
    external_id = body.pop("externalId")
    group = context.create_group(body=body)
    context.patched(group, context.dialect.add("externalId", external_id))
    stored = context.read(group).get("externalId")
    require(stored == external_id, f"the externalId is {as_json(stored)} after the PATCH")
    return "the externalId is stored"


def _member_with_value_only(context: CheckContext) -> str:
    (user,) = context.create_users(1)
    group = context.create_group()
    context.patched(group, operation("add", "members", member_values(user)))
    require(user in context.members(group), "the PATCH succeeded, and the user is not a member")
    return "the user is a member"


def _rename_keeps_members(context: CheckContext) -> str:
    users = context.create_users(2)
    group = context.create_group(users)
    name = context.name()
    context.patched(group, operation("replace", None, {"displayName": name}))
    resource = context.read(group)
    require(
        resource.get("displayName") == name,
        f"the displayName is {as_json(resource.get('displayName'))} after the PATCH",
    )
    members = context.members(group)
    require(set(members) == set(users), f"{len(members)} of 2 members are left after the PATCH")
    return "the name is new, and both members stay"


def _separate_groups(context: CheckContext) -> str:
    users = context.create_users(2)
    bodies = [context.new_group() for _ in users]
    groups = [context.create_group([user], body) for user, body in zip(users, bodies, strict=True)]
    require(len(set(groups)) == 2, "both groups have the same id")
    for group, user, body in zip(groups, users, bodies, strict=True):
        resource = context.read(group)
        require(resource.get("displayName") == body["displayName"], "a group has the name of another one")
        require(resource.get("externalId") in (None, body["externalId"]), "a group has the externalId of another one")
        require(context.members(group) == [user], f"a group has the members {context.members(group)}")
    return "each group has its own name and member"


def _adscim_schema(context: CheckContext) -> str:
    context.path_of("/Groups", context.post("/Groups", context.new_group(adscim=True)))
    return "the group is created"


def _many_members(context: CheckContext) -> str:
    users = context.create_users(_MANY + 1, at_once=_AT_ONCE)
    group = context.create_group(users[:_MANY])
    context.patched(group, operation("add", "members", member_values(users[_MANY])))
    members = set(context.members(group))
    require(members == set(users), f"the group has {plural(len(members), 'member')}")
    return f"the group has {plural(len(members), 'member')}"


def _group_filter(context: CheckContext) -> str:
    body = context.new_group()
    context.create_group(body=body)
    matches = context.find("/Groups", "displayName", body["displayName"])
    require(len(matches) == 1, f"the filter matches {plural(len(matches), 'group')}")
    return "the filter matches the group"


def _members_in_lists(context: CheckContext) -> str:
    users = context.create_users(1)
    body = context.new_group()
    context.create_group(users, body)
    matches = context.find("/Groups", "displayName", body["displayName"])
    require(matches and matches[0].get("members"), "the group in the list has no members")
    return "the group in the list has its members"


def _idempotent_removal(context: CheckContext) -> str:
    member, other = context.create_users(2)
    group = context.create_group([member])
    if context.members(group) != [member]:
        raise CheckSkippedError("the first member cannot be added (see B26)")
    context.patched(group, context.dialect.remove_member(other))
    require(context.members(group) == [member], f"the group has the members {context.members(group)} afterwards")
    unknown = f"/Users/{context.name()}"
    response = context.delete(unknown)
    require(response.status == 404 or response.is_success, f"DELETE of an unknown user: {describe_answer(response)}")
    return "both requests have the expected answer"


CHECKS: Mapping[str, CheckFunction] = MappingProxyType(
    {
        "B07": _external_id_added,
        "B26": _member_with_value_only,
        "B27": _rename_keeps_members,
        "B28": _separate_groups,
        "B29": _adscim_schema,
        "B31": _many_members,
        "B37": _group_filter,
        "B42": _members_in_lists,
        "B44": _idempotent_removal,
    }
)
