"""Faults in filters, by which Entra matches users and groups."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from uuid import uuid4

from scimconf.diagnostics import plural
from scimconf.rehearsal.endpoint.bodies import equals
from scimconf.rehearsal.endpoint.context import CheckContext, CheckFunction, describe_answer, require
from scimconf.rehearsal.endpoint.messages import EndpointRequest

_SIGNS = ("'", "+", "ü")
"""Characters that clients encode in a filter. That servers fail at them is an assumption of ours, not a report."""


def _external_id_filter(context: CheckContext) -> str:
    body = context.new_user()
    user = context.new_resource("/Users", body)
    matches = context.find("/Users", "externalId", body["externalId"])
    require(len(matches) == 1, f"the filter matches {plural(len(matches), 'user')}")
    require(matches[0].get("id") == user["id"], "the filter matches another user")
    return "the filter matches the user"


def _no_server_error(context: CheckContext) -> str:
    attributes = ("userName", "externalId", 'emails[type eq "work"].value', "nickName")
    for attribute in attributes:
        response = context.get(f"/Users?{equals(attribute, context.user_name())}")
        require(response.status and response.status < 500, f"a filter by {attribute}: {describe_answer(response)}")
        is_answered = attribute != "userName" or response.is_success or response.status == 404
        require(is_answered, f"the filter by userName, which Entra needs: {describe_answer(response)}")
    return "no filter ends in a server error"


def _empty_list(context: CheckContext) -> str:
    matches = context.find("/Users", "userName", str(uuid4()))
    require(not matches, f"the filter for an unknown userName matches {plural(len(matches), 'user')}")
    return "the list is empty"


def _groups_exist(context: CheckContext) -> str:
    context.find("/Groups", "displayName", str(uuid4()), "excludedAttributes=members&")
    return "the response is a list"


def _whole_values(context: CheckContext) -> str:
    body = context.new_user()
    context.create_user(body)
    name = body["userName"]
    for part in (name.partition("@")[0], name[1:]):
        matches = context.find_if_any("/Users", "userName", part)
        require(not matches, f'the filter for "{part}" matches ' + plural(len(matches), "user"))
    refused = [sign for sign in _SIGNS if not _is_matched(context, sign)]
    return "a part of the userName matches no user" + (
        f"; names with {' and '.join(refused)} are refused" if refused else ""
    )


def _is_matched(context: CheckContext, sign: str) -> bool:
    """Require that a filter finds a userName with a character that must be escaped; False if it cannot be created."""
    body = context.new_user()
    body["userName"] = body["userName"].replace("@", f"{sign}a@")
    response = context.post("/Users", body)
    if 400 <= response.status < 500:
        context.require_setup("/Users", f"POST answered {describe_answer(response)}")
        return False
    context.created_resource("/Users", response)
    matches = context.find_if_any("/Users", "userName", body["userName"])
    number = plural(len(matches), "user")
    require(len(matches) == 1, f'the filter for the whole userName "{body["userName"]}" matches {number}')
    return True


def _hidden_users(context: CheckContext) -> str:
    body = context.new_user()
    user = context.create_user(body)
    _require_visible_conflict(context, body, "")
    if context.can_disable(user):
        _require_visible_conflict(context, body, " of a disabled user")
    response = context.delete(user)
    require(response.is_success, f"DELETE answered {describe_answer(response)}")
    _require_visible_conflict(context, body, " of a deleted user")
    return "each userName that is taken is in the list"


def _require_visible_conflict(context: CheckContext, body: Mapping[str, object], state: str) -> None:
    """Require that a userName which the filter does not find can be created."""
    if context.find_if_any("/Users", "userName", str(body["userName"])):
        return
    response = context.post("/Users", body)
    require(response.status != 409, f"the filter does not find the userName{state}, and POST answered 409")


def _user_agent(context: CheckContext) -> str:
    path = f"/Users?{equals('userName', str(uuid4()))}"
    without, with_agent = (
        context.send(EndpointRequest("GET", path, headers={"User-Agent": agent})) for agent in ("", "scimconf-check")
    )
    require(
        without.status == with_agent.status,
        f"{describe_answer(without)} without a User-Agent, {describe_answer(with_agent)} with one",
    )
    is_answered = with_agent.is_success or with_agent.status == 404
    require(is_answered, f"{describe_answer(with_agent)} with and without a User-Agent")
    return "the answers are the same"


def _user_name_case(context: CheckContext) -> str:
    body = context.new_user()
    context.create_user(body)
    matches = context.find("/Users", "userName", body["userName"].upper())
    require(len(matches) == 1, f"the filter for the userName in upper case matches {plural(len(matches), 'user')}")
    return "the filter matches the user"


def _distinct_resources(context: CheckContext) -> str:
    body = context.new_user()
    user = context.new_resource("/Users", body)
    for _ in range(2):
        context.create_group([str(user["id"])])
    response = context.get(f"/Users?{equals('userName', body['userName'])}")
    matches, total = context.listed(response), response.resource.get("totalResults")
    require(len(matches) == 1 and total == 1, f"the list has {plural(len(matches), 'user')} and totalResults {total}")
    return "the list has one user"


CHECKS: Mapping[str, CheckFunction] = MappingProxyType(
    {
        "B14": _external_id_filter,
        "B15": _no_server_error,
        "B16": _empty_list,
        "B17": _groups_exist,
        "B18": _whole_values,
        "B19": _hidden_users,
        "B22": _user_agent,
        "B33": _user_name_case,
        "B47": _distinct_resources,
    }
)
