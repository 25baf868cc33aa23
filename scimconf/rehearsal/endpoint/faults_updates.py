"""Faults in updates of users."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from scimconf.rehearsal.endpoint.bodies import ENTERPRISE, operation, value_at
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

_NAME = "Grace Hopper"


def _capital_operations(context: CheckContext) -> str:
    if not context.dialect.is_legacy:
        raise CheckSkippedError("the compliant dialect writes operations in lower case")
    user = context.create_user()
    context.patched(user, operation("Replace", "displayName", _NAME), operation("Add", "title", "Engineer"))
    _require_values(context, user, {"displayName": _NAME, "title": "Engineer"})
    return "both values are stored"


def _unused_attributes(context: CheckContext) -> str:
    user = context.path_of("/Users", context.post("/Users", context.new_user(full=True)))
    replace = context.dialect.replace
    context.patched(
        user,
        replace("displayName", _NAME),
        replace("preferredLanguage", "de-CH"),
        replace('phoneNumbers[type eq "fax"].value', "+15415550109"),
        replace('addresses[type eq "work"].locality', "Eugene"),
    )
    _require_values(context, user, {"displayName": _NAME})
    return "the update is accepted"


def _urn_path(context: CheckContext) -> str:
    user = context.create_user({**context.new_user(), ENTERPRISE: {"department": "Analysis"}})
    path = f"{ENTERPRISE}:department"
    context.patched(user, context.dialect.replace(path, "Research"))
    _require_values(context, user, {path: "Research"})
    return "the department is stored"


def _patch_supported(context: CheckContext) -> str:
    response = context.patch(context.create_user(), context.dialect.replace("displayName", _NAME))
    require(response.status not in (404, 405, 501), f"PATCH answered {describe_answer(response)}")
    return f"PATCH answered {response.describe()}"


def _listed_id(context: CheckContext) -> str:
    body = context.new_user()
    context.create_user(body)
    (match,) = context.find("/Users", "userName", body["userName"])[:1] or [{}]
    path = resource_path("/Users", id_of(match))
    require(path, "the filter does not return the user with an id")
    response = context.patch(path, context.dialect.replace("displayName", _NAME))
    require(response.status != 404, f"PATCH of the id in the list answered {describe_answer(response)}")
    return "the id in the list can be updated"


def _update_has_effect(context: CheckContext) -> str:
    user = context.create_user()
    response = context.patch(user, context.dialect.replace("displayName", _NAME))
    value = context.read(user).get("displayName")
    require(
        not response.is_success or value == _NAME,
        f"PATCH answered {response.describe()}; displayName is {as_json(value)}",
    )
    return "the new value is returned" if response.is_success else f"PATCH answered {response.describe()}"


def _disabled_readable(context: CheckContext) -> str:
    body = context.new_user()
    user = context.create_user(body)
    context.disable(user)
    response = context.get(user)
    require(response.status == 200, f"GET of the disabled user answered {describe_answer(response)}")
    require(context.find("/Users", "userName", body["userName"]), "the filter does not find the disabled user")
    return "the disabled user is readable"


def _stored_user_name(context: CheckContext) -> str:
    body = context.new_user()
    resource = context.new_resource("/Users", body)
    answered = resource.get("userName")
    stored = context.read(resource_path("/Users", id_of(resource))).get("userName")
    require(answered == stored, f"the answer to POST has {as_json(answered)}, the next response {as_json(stored)}")
    require(
        str(stored).lower() == body["userName"].lower(),
        f"the userName {as_json(body['userName'])} is stored as {as_json(stored)}",
    )
    return "the userName is the same"


def _boolean_filter(context: CheckContext) -> str:
    user = context.create_user()
    address = context.user_name()
    context.patched(user, operation(context.dialect.op("replace"), "emails[primary eq true].value", address))
    resource = context.read(user)
    literal = [key for key in resource if "[" in key]
    require(not literal, f"the value is stored under the key {literal[:1]}")
    value = value_at(resource, "emails[primary eq true].value")
    require(value == address, f"the e-mail address is {as_json(value)} after the PATCH")
    return "the e-mail address is replaced"


def _disabled_twice(context: CheckContext) -> str:
    user = context.create_user()
    if not context.has_disabled(user, context.dialect.disable()):
        raise CheckSkippedError("the first request does not disable the user (see B05)")
    context.patched(user, context.dialect.disable())
    return "the second request succeeds too"


def _enabled_again(context: CheckContext) -> str:
    user = context.create_user()
    context.disable(user)
    context.patched(user, context.dialect.enable())
    active = context.read(user).get("active")
    require(active is True or active is None, f"`active` is {as_json(active)} after the PATCH")
    return "`active` is true" if active else "the PATCH is accepted; `active` is not returned"


def _profile_update(context: CheckContext) -> str:
    user = context.create_user()
    changes = {"displayName": _NAME, "name.givenName": "Grace"}
    context.patched(user, *(context.dialect.replace(path, value) for path, value in changes.items()))
    _require_values(context, user, changes)
    return "both attributes are changed"


def _require_values(context: CheckContext, user: str, expected: Mapping[str, str]) -> None:
    """Read the user, and require these values by path."""
    resource = context.read(user)
    for path, value in expected.items():
        stored = value_at(resource, path)
        require(stored == value, f"the PATCH succeeded, and {path} is {as_json(stored)}")


CHECKS: Mapping[str, CheckFunction] = MappingProxyType(
    {
        "B04": _capital_operations,
        "B09": _unused_attributes,
        "B11": _urn_path,
        "B21": _patch_supported,
        "B23": _listed_id,
        "B24": _update_has_effect,
        "B25": _disabled_readable,
        "B36": _stored_user_name,
        "B39": _boolean_filter,
        "B41": _disabled_twice,
        "B51": _enabled_again,
        "B52": _profile_update,
    }
)
