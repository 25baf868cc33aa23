"""The tests of Microsoft's web validator (scimvalidator.microsoft.com): 24 mandatory ones and 7 in preview.

The requests are those of a captured run of February 2026, with the default attributes. The group of WV-13 and WV-14 has
a member here: without one the tests pass whatever a server does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any
from uuid import uuid4

from scimconf.diagnostics import plural
from scimconf.json_types import Json
from scimconf.rehearsal.endpoint.bodies import MANAGER, member_values, operation, value_at
from scimconf.rehearsal.endpoint.context import (
    CheckContext,
    CheckFunction,
    CheckSkippedError,
    as_json,
    describe_answer,
    id_of,
    require,
)
from scimconf.rehearsal.endpoint.created import resource_path
from scimconf.rehearsal.endpoint.setups import MEMBERS, Setup
from scimconf.rehearsal.endpoint.web_bodies import (
    is_equal,
    missing_values,
    replace_all,
    web_group,
    web_replacements,
    web_user,
)

_EXCLUDED = "excludedAttributes=members&"


def _word() -> str:
    """Return twelve random capital letters."""
    return "".join(chr(ord("A") + int(digit, 16)) for digit in uuid4().hex[:12])


def _body(context: CheckContext, endpoint: str) -> dict[str, Any]:
    return web_user(context.user_name(), _word) if endpoint == "/Users" else web_group(context.name(), str(uuid4()))


def _created(context: CheckContext, endpoint: str) -> tuple[str, dict[str, Any]]:
    """Create a resource, and return its path and the body that was sent."""
    body = _body(context, endpoint)
    return resource_path(endpoint, id_of(context.new_resource(endpoint, body))), body


def _key(endpoint: str) -> str:
    return "userName" if endpoint == "/Users" else "displayName"


def _creates(context: CheckContext, endpoint: str) -> str:
    body = _body(context, endpoint)
    response = context.post(endpoint, body)
    context.created_resource(endpoint, response)
    require(response.status == 201, f"POST answered {describe_answer(response)}")
    matches = context.find(endpoint, _key(endpoint), body[_key(endpoint)])
    require(len(matches) == 1, f"the filter matches {len(matches)} resources")
    missing = missing_values(body, matches[0])
    require(not missing, f"these were not returned: {', '.join(missing)}")
    return "all attributes were returned"


def _duplicate(context: CheckContext, endpoint: str) -> str:
    _, body = _created(context, endpoint)
    response = context.post(endpoint, body)
    require(response.status == 409, f"the second POST answered {describe_answer(response)}")
    return "the second POST answered 409"


def _filters(context: CheckContext, endpoint: str, *, changed: str = "", options: str = "") -> str:
    """Filter by the name, in `upper` or `lower` case as `changed` says, which is the other case than the created one."""
    body = _body(context, endpoint)
    name = body[_key(endpoint)]
    body[_key(endpoint)] = {"upper": name.lower(), "lower": name.upper()}.get(changed, name)
    resource = context.new_resource(endpoint, body)
    if options:
        _add_member(context, resource_path(endpoint, id_of(resource)))
    value = {"upper": name.upper(), "lower": name.lower()}.get(changed, name)
    matches = context.find(endpoint, _key(endpoint), value, options)
    require(len(matches) == 1, f"the filter matches {len(matches)} resources")
    if options:
        require("members" not in matches[0], "the resource in the list has members")
    return "the filter matches the resource"


def _no_match(context: CheckContext, endpoint: str) -> str:
    if endpoint == "/Groups":
        context.require_groups()
    matches = context.find(endpoint, _key(endpoint), f"nonexistent{uuid4().hex[:13]}_{context.user_name()}")
    require(not matches, f"the filter matches {len(matches)} resources")
    return "the list is empty"


def _replaces(context: CheckContext) -> str:
    user, _ = _created(context, "/Users")
    values = web_replacements(context.user_name(), _word)
    context.patched(user, *replace_all(values))
    return _require_values(context, user, values)


def _changes(context: CheckContext, endpoint: str, attribute: str) -> str:
    """Change one attribute by an operation without a path."""
    path, _ = _created(context, endpoint)
    value = {"userName": context.user_name(), "displayName": context.name()}.get(attribute, str(uuid4()))
    context.patched(path, operation("replace", None, {attribute: value}))
    return _require_values(context, path, {attribute: value})


def _disables(context: CheckContext) -> str:
    user, body = _created(context, "/Users")
    context.patched(user, operation("replace", "active", value=False))
    for resource in (context.read(user), *context.find("/Users", "userName", body["userName"])[:1]):
        require(resource.get("active") is False, f"`active` is {as_json(resource.get('active'))}")
    return "the user is readable, and `active` is false"


def _manager(context: CheckContext, op: str, number: int) -> str:
    """Set a manager, replace it if `number` is 2, or remove it if `number` is 0."""
    user, _ = _created(context, "/Users")
    managers = [id_of(context.read(_created(context, "/Users")[0])) for _ in range(number)] or [""]
    for value in managers:
        context.patched(user, operation(op if value == managers[-1] else "add", MANAGER, {"value": value}))
    stored = value_at(context.read(user), MANAGER)
    stored_id = stored.get("value") if isinstance(stored, dict) else stored
    expected = as_json(managers[-1] or None)
    require((stored_id or "") == managers[-1], f"the manager is {as_json(stored)} after the PATCH, not {expected}")
    return "the manager is as sent"


def _deletes(context: CheckContext, endpoint: str, times: int = 1) -> str:
    path, _ = _created(context, endpoint)
    response = context.delete(path)
    require(response.status == 204, f"DELETE answered {describe_answer(response)}")
    again = context.delete(path) if times > 1 else context.get(path)
    require(again.status == 404, f"the next request answered {describe_answer(again)}")
    return "204, then 404"


def _deletes_unknown(context: CheckContext, endpoint: str) -> str:
    response = context.delete(resource_path(endpoint, str(uuid4())))
    require(response.status == 404, f"DELETE answered {describe_answer(response)}")
    return "404"


def _excludes_members(context: CheckContext) -> str:
    path, _ = _created(context, "/Groups")
    _add_member(context, path)
    resource = context.read(f"{path}?excludedAttributes=members")
    require("members" not in resource, "the group has members")
    return "no members in the response"


def _add_member(context: CheckContext, group: str) -> None:
    """Give a group a member that a request is to leave out."""
    values = member_values(*_user_ids(context, 1))
    with context.preparing(Setup(MEMBERS)):
        context.patched(group, operation("add", "members", values))


def _adds_member(context: CheckContext) -> str:
    group, _ = _created(context, "/Groups")
    (user,) = _user_ids(context, 1)
    context.patched(group, operation("replace", "members", member_values(user)))
    return _require_members(context, group, [user])


def _removes_member(context: CheckContext) -> str:
    group, _ = _created(context, "/Groups")
    leaver, other = _user_ids(context, 2)
    context.patched(group, operation("replace", "members", member_values(leaver, other)))
    context.patched(group, operation("remove", f'members[value eq "{leaver}"]', has_value=False))
    return _require_members(context, group, [other])


def _adds_and_removes(context: CheckContext) -> str:
    group, _ = _created(context, "/Groups")
    (user,) = _user_ids(context, 1)
    removal = operation("remove", f'members[value eq "{user}"]', has_value=False)
    context.patched(group, operation("add", "members", member_values(user)), removal)
    return _require_members(context, group, [])


def _user_ids(context: CheckContext, number: int) -> list[str]:
    return [id_of(context.read(_created(context, "/Users")[0])) for _ in range(number)]


def _require_members(context: CheckContext, group: str, expected: Sequence[str]) -> str:
    members = context.members(group)
    require(
        sorted(members) == sorted(expected),
        f"the group has {plural(len(members), 'member')} instead of {len(expected)}",
    )
    return "the members are as expected"


def _several_operations(context: CheckContext) -> str:
    user, _ = _created(context, "/Users")
    values = {"displayName": _word(), "title": _word()}
    context.patched(
        user, operation("add", "displayName", values["displayName"]), operation("replace", "title", values["title"])
    )
    return _require_values(context, user, values)


def _same_attribute(_context: CheckContext) -> str:
    raise CheckSkippedError("no default attribute is a list of simple values; the validator skips it too")


def _require_values(context: CheckContext, path: str, expected: Mapping[str, Json]) -> str:
    resource = context.read(path)
    differing = [name for name, value in expected.items() if not is_equal(value, value_at(resource, name))]
    require(not differing, f"these do not have the new value: {', '.join(differing)}")
    return "all attributes have the new values"


MANDATORY: Mapping[str, CheckFunction] = MappingProxyType(
    {
        "WV-01": partial(_creates, endpoint="/Users"),
        "WV-02": partial(_duplicate, endpoint="/Users"),
        "WV-03": partial(_filters, endpoint="/Users"),
        "WV-04": partial(_no_match, endpoint="/Users"),
        "WV-05": partial(_filters, endpoint="/Users", changed="upper"),
        "WV-06": _replaces,
        "WV-07": partial(_changes, endpoint="/Users", attribute="userName"),
        "WV-08": _disables,
        "WV-09": partial(_manager, op="add", number=1),
        "WV-10": partial(_manager, op="replace", number=2),
        "WV-11": partial(_manager, op="replace", number=0),
        "WV-12": partial(_deletes, endpoint="/Users"),
        "WV-13": _excludes_members,
        "WV-14": partial(_filters, endpoint="/Groups", options=_EXCLUDED),
        "WV-15": partial(_filters, endpoint="/Groups"),
        "WV-16": partial(_no_match, endpoint="/Groups"),
        "WV-17": partial(_filters, endpoint="/Groups", changed="lower"),
        "WV-18": partial(_creates, endpoint="/Groups"),
        "WV-19": partial(_duplicate, endpoint="/Groups"),
        "WV-20": partial(_changes, endpoint="/Groups", attribute="externalId"),
        "WV-21": partial(_changes, endpoint="/Groups", attribute="displayName"),
        "WV-22": _adds_member,
        "WV-23": _removes_member,
        "WV-24": partial(_deletes, endpoint="/Groups"),
    }
)
PREVIEW: Mapping[str, CheckFunction] = MappingProxyType(
    {
        "WV-P1": _several_operations,
        "WV-P2": _same_attribute,
        "WV-P3": partial(_deletes_unknown, endpoint="/Users"),
        "WV-P4": partial(_deletes, endpoint="/Users", times=2),
        "WV-P5": _adds_and_removes,
        "WV-P6": partial(_deletes_unknown, endpoint="/Groups"),
        "WV-P7": partial(_deletes, endpoint="/Groups", times=2),
    }
)
