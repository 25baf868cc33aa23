"""Faults in the creation of users, and in the protocol."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

from scimconf.diagnostics import plural
from scimconf.rehearsal.endpoint.bodies import equals
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
from scimconf.rehearsal.endpoint.transport import SCIM_JSON

_RACING, _OVERLAPPING = 4, 2
_BURSTS, _AT_ONCE = 5, 10
_NAMES = (
    "phone",
    "address",
    "country",
    "email",
    "postal",
    "locality",
    "region",
    "title",
    "name",
    "employee",
    "language",
)


def _shared_address(context: CheckContext) -> str:
    first, second = context.new_user(), context.new_user()
    context.create_user(first)
    response = context.post("/Users", {**second, "emails": first["emails"]})
    if response.status != 409:
        require(response.status in (200, 201), f"POST answered {describe_answer(response)}")
        return "both users are created"
    require(response.resource.get("scimType") == "uniqueness", f"{describe_answer(response)}, without a scimType")
    raise CheckWarningError("409 with the scimType uniqueness: customers must match by e-mail address")


def _text_primary(context: CheckContext) -> str:
    role = {"primary": "True", "display": "Reader", "value": "reader", "type": "WindowsAzureActiveDirectoryRole"}
    context.path_of("/Users", context.post("/Users", context.new_user(roles=[role])))
    return "the user is created"


def _duplicate(context: CheckContext) -> str:
    body = context.new_user()
    context.create_user(body)
    response = context.post("/Users", body)
    require(response.status == 409, f"the second POST answered {describe_answer(response)}")
    return "the second POST answered 409"


def _content_types(context: CheckContext) -> str:
    for response in (
        context.post("/Users", context.new_user()),
        context.post("/Users", context.new_user(), {"Content-Type": SCIM_JSON}),
    ):
        context.created_resource("/Users", response)
        media_type = response.content_type.partition(";")[0].strip().lower()
        require(media_type == SCIM_JSON, f"the content type of the response is {as_json(response.content_type)}")
    error = context.get(f"/Users/{context.name()}")
    require(isinstance(error.body, dict), f"the body of {error.describe()} is not a JSON object")
    return f"responses have the content type {SCIM_JSON}"


def _no_address(context: CheckContext) -> str:
    context.path_of("/Users", context.post("/Users", context.new_user(emails=None)))
    return "the user is created"


def _named_rule(context: CheckContext) -> str:
    body = context.new_user(full=True)
    phone = {"type": "work", "value": "+1 (541) 555-0100"}
    address = {**body["addresses"][0], "country": "United States"}
    response = context.post("/Users", {**body, "phoneNumbers": [phone], "addresses": [address]})
    if response.is_success:
        return "the user is created"
    context.require_setup("/Users", f"POST answered {describe_answer(response)}")
    detail = str(response.resource.get("detail", ""))
    is_named = any(name in detail.lower() for name in _NAMES)
    require(is_named, f"{describe_answer(response)}: no attribute is named")
    raise CheckWarningError(f"a user with unusual values is refused: {describe_answer(response)}")


def _racing_creations(context: CheckContext) -> str:
    body = context.new_user()
    responses = context.post_all("/Users", [body] * _RACING)
    statuses = sorted(response.status for response in responses)
    require(all(0 < status < 500 for status in statuses), f"the creations were answered with {statuses}")
    created = sum(response.is_success for response in responses)
    if not created:
        context.require_setup("/Users", f"the creations were answered with {statuses}")
    require(created == 1, f"{created} of {_RACING} creations succeeded: {statuses}")
    return f"the creations were answered with {statuses}"


def _failed_creations(context: CheckContext) -> str:
    bodies = [context.new_user() for _ in range(_OVERLAPPING)]
    responses = context.post_all("/Users", bodies)
    for body, response in zip(bodies, responses, strict=True):
        if response.status < 500:
            context.created_resource("/Users", response)
            continue
        again = context.post("/Users", body)
        is_visible = context.find("/Users", "userName", body["userName"])
        is_usable = is_visible or again.is_success
        require(is_usable, f"{response.describe()}, then {describe_answer(again)}, and the filter finds no user")
    return f"the creations were answered with {[response.status for response in responses]}"


def _taken_over(context: CheckContext) -> str:
    first, second = context.new_user(), context.new_user()
    existing = id_of(context.new_resource("/Users", first))
    response = context.post("/Users", {**second, "emails": first["emails"]})
    require(id_of(response.resource) != existing, "the response to POST has the id of another user")
    return "no other user is returned"


def _rate(context: CheckContext) -> str:
    request = EndpointRequest("GET", f"/Users?{equals('userName', context.user_name())}")
    responses = [response for _ in range(_BURSTS) for response in context.send_once([request] * _AT_ONCE)]
    refused = [response for response in responses if not response.is_success and response.status != 404]
    kinds = Counter(map(describe_answer, refused))
    answers = ", ".join(f"{answer} ({plural(number, 'time')})" for answer, number in kinds.items())
    require(not refused, f"{len(refused)} of {len(responses)} requests were not served: {answers}")
    return f"{len(responses)} requests were answered"


def _wrong_credentials(context: CheckContext) -> str:
    path = f"/Users?{equals('userName', context.user_name())}"
    for what, authorization in (("no token", ""), ("a wrong token", "Bearer scimconf-check-wrong-token")):
        response = context.send(EndpointRequest("GET", path, headers={"Authorization": authorization}))
        require(response.status == 401, f"with {what} the endpoint answered {describe_answer(response)}")
    response = context.get(f"/{context.name()}")
    require(response.status == 404, f"an unknown path: {describe_answer(response)}")
    return "401, 401 and 404"


def _active_mapping(_context: CheckContext) -> str:
    raise CheckSkippedError("a rule about the mapping, which no server shows: `scimconf validate` checks it")


CHECKS: Mapping[str, CheckFunction] = MappingProxyType(
    {
        "B20": _shared_address,
        "B32": _text_primary,
        "B34": _duplicate,
        "B35": _content_types,
        "B38": _no_address,
        "B40": _named_rule,
        "B43": _rate,
        "B45": _racing_creations,
        "B46": _failed_creations,
        "B48": _taken_over,
        "B49": _wrong_credentials,
        "B50": _active_mapping,
    }
)
