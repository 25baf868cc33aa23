"""The faults that destroy data or leave access while Entra logs success."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from scimconf.diagnostics import plural
from scimconf.rehearsal.endpoint.bodies import ENTERPRISE, MANAGER, equals, operation, patch_body, value_at
from scimconf.rehearsal.endpoint.context import (
    CheckContext,
    CheckFunction,
    CheckSkippedError,
    CheckWarningError,
    as_json,
    describe_answer,
    id_of,
    require,
)
from scimconf.rehearsal.endpoint.messages import EndpointRequest

_PARALLEL, _ROUNDS = 8, 2


def _members_excluded(context: CheckContext) -> str:
    (user,) = context.create_users(1)
    body = context.new_group()
    group = context.create_group([user], body)
    by_id = context.read(f"{group}?excludedAttributes=members")
    require(not by_id.get("members"), "`GET /Groups/{id}?excludedAttributes=members` returned members")
    response = context.get(f"/Groups?excludedAttributes=members&{equals('displayName', body['displayName'])}")
    if response.status == 400:
        return "no members in the response to GET; the filter is refused (see B37)"
    matches = context.listed(response)
    require(not any(match.get("members") for match in matches), "the filter with excludedAttributes returned members")
    return "no members in both responses"


def _parallel_members(context: CheckContext) -> str:
    users = context.create_users(_PARALLEL)
    refusals = []
    for _ in range(_ROUNDS):
        group = context.create_group()
        bodies = [patch_body([context.dialect.add_member(user)]) for user in users]
        responses = context.send_all([EndpointRequest("PATCH", group, body) for body in bodies])
        accepted = {user for user, response in zip(users, responses, strict=True) if response.is_success}
        refusals += [describe_answer(response) for response in responses if not response.is_success]
        lost = accepted - set(context.members(group))
        require(not lost, f"{len(lost)} of {len(accepted)} members whose PATCH succeeded are missing")
    if refusals:
        raise CheckWarningError(
            f"{plural(len(refusals), 'refused request')}, the first with {refusals[0]}; no member is lost"
        )
    return "all members are in the group"


def _only_removed_member(context: CheckContext) -> str:
    leaver, other = context.create_users(2)
    group = context.create_group([leaver, other])
    response = context.patch(group, context.dialect.remove_member(leaver))
    require(other in context.members(group), f"after {response.describe()} the other member is removed too")
    return "the other member stays"


def _member_removed(context: CheckContext) -> str:
    leaver, other = context.create_users(2)
    group = context.create_group([leaver, other])
    context.patched(group, context.dialect.remove_member(leaver))
    require(leaver not in context.members(group), "the PATCH succeeded, and the removed user is still a member")
    group = context.create_group([leaver, other])
    context.patched(group, *context.dialect.remove_members(leaver, other))
    remaining = len(context.members(group))
    require(
        not remaining, f"the removal of 2 members in one request succeeded, and {remaining} of them is still a member"
    )
    return "the users are no longer members"


def _disabled(context: CheckContext) -> str:
    user = context.create_user()
    context.patched(user, context.dialect.disable())
    active = context.read(user).get("active")
    if active is None:
        raise CheckSkippedError("the endpoint does not return `active` (see B06)")
    require(active is False, f"`active` is {as_json(active)} after the PATCH")
    return "`active` is false"


def _disabled_by_add(context: CheckContext) -> str:
    user = context.create_user()
    context.patched(user, context.dialect.add("active", context.dialect.active(value=False)))
    active = context.read(user).get("active")
    require(active is False or active is None, f"`active` is {as_json(active)} after the PATCH")
    return "`active` is false" if active is False else "the PATCH is accepted; `active` is not returned"


def _unmatched_filter(context: CheckContext) -> str:
    user = context.create_user()
    phone = operation(context.dialect.op("add"), 'phoneNumbers[type eq "work"].value', "+15415550100")
    context.patched(user, phone, context.dialect.replace("displayName", "Grace Hopper"))
    resource = context.read(user)
    number = value_at(resource, 'phoneNumbers[type eq "work"].value')
    require(number == "+15415550100", f"the phone number is {as_json(number)} after the PATCH")
    require(resource.get("displayName") == "Grace Hopper", "the displayName of the same PATCH is not stored")
    return "both values are stored"


def _dotted_keys(context: CheckContext) -> str:
    user = context.create_user()
    context.patched(
        user, operation("replace", None, {"name.givenName": "Grace", f"{ENTERPRISE}:department": "Research"})
    )
    resource = context.read(user)
    literal = [key for key in resource if "." in key and not key.startswith("urn:")]
    require(not literal, f"the key {literal[:1]} is stored as an attribute of its own")
    for path, expected in (("name.givenName", "Grace"), (f"{ENTERPRISE}:department", "Research")):
        value = value_at(resource, path)
        require(value == expected, f"the PATCH succeeded, and {path} is {as_json(value)}")
    return "both attributes are changed"


def _manager_as_string(context: CheckContext) -> str:
    user = context.create_user()
    (manager,) = context.create_users(1)
    context.patched(user, context.dialect.add(MANAGER, manager))
    stored = value_at(context.read(user), MANAGER)
    stored_id = stored.get("value") if isinstance(stored, dict) else stored
    require(stored_id == manager, f"the manager is {as_json(stored)} after the PATCH, not {as_json(manager)}")
    return "the id of the manager is stored"


def _manager_as_object(context: CheckContext) -> str:
    user = context.create_user()
    (manager,) = context.create_users(1)
    changes = (context.dialect.add(MANAGER, manager), operation("add", MANAGER, {"value": manager}))
    if not any(context.patch(user, change).is_success for change in changes):
        raise CheckSkippedError("the manager cannot be set (see B12)")
    stored = value_at(context.read(user), MANAGER)
    if stored is None:
        raise CheckSkippedError("the endpoint does not return the manager")
    require(isinstance(stored, dict) and id_of({"id": stored.get("value")}), f"`manager` is {as_json(stored)}")
    return "`manager` is an object with `value`"


CHECKS: Mapping[str, CheckFunction] = MappingProxyType(
    {
        "B01": _members_excluded,
        "B30": _parallel_members,
        "B02": _only_removed_member,
        "B03": _member_removed,
        "B05": _disabled,
        "B06": _disabled_by_add,
        "B08": _unmatched_filter,
        "B10": _dotted_keys,
        "B12": _manager_as_string,
        "B13": _manager_as_object,
    }
)
