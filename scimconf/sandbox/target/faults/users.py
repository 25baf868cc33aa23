"""Faults of servers with the attributes of users, and with their creation and deactivation."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from typing import Any

from scimconf.sandbox.target.faults.common import (
    Overlap,
    activations,
    assignments,
    change,
    compared,
    creates,
    current,
    is_false,
    is_true,
    patches,
    search,
    without,
)
from scimconf.sandbox.target.messages import (
    Handler,
    TargetRequest,
    TargetResponse,
    error_response,
    with_list,
    with_resources,
)
from scimconf.sandbox.target.tolerance import ENTERPRISE

_MANAGER = f"{ENTERPRISE}:manager".lower()
_UNSUPPORTED = ("phonenumbers", "addresses", "preferredlanguage")
_PHONE = re.compile(r"\+\d{7,15}")
_COPY = re.compile(r"#copy\d+$")


def _body_of_creation(request: TargetRequest) -> dict[str, Any]:
    body = request.json() if creates(request, "users") else None
    return body if isinstance(body, dict) else {}


def _written(request: TargetRequest) -> list[tuple[str, Any]]:
    """Return path in lower case and value of each attribute of a user that a POST or PATCH writes."""
    if patches(request, "users"):
        return [(path, value) for op, path, value in assignments(request) if op != "remove"]
    return [(name.lower(), value) for name, value in _body_of_creation(request).items()]


# ---- active ---------------------------------------------------------------------------------------------------------


async def text_is_true(request: TargetRequest, forward: Handler) -> TargetResponse:
    """Evaluate `active` as many languages evaluate text: each text that is not empty is true."""
    if not patches(request, "users") or not any(isinstance(value, str) for value in activations(request)):
        return await forward(request)
    operations = [_with_true_text(operation) for operation in request.operations()]
    return await forward(request.with_operations(operations))


def _with_true_text(operation: dict[str, Any]) -> dict[str, Any]:
    value = operation.get("value")
    if isinstance(value, dict):
        return {**operation, "value": {name: _truth(name, item) for name, item in value.items()}}
    return {**operation, "value": _truth(str(operation.get("path")), value)}


def _truth(name: str, value: Any) -> Any:
    return bool(value) if name.lower() == "active" and isinstance(value, str) else value


async def active_hidden_and_not_added(request: TargetRequest, forward: Handler) -> TargetResponse:
    if patches(request, "users") and any(op == "add" and path == "active" for op, path, _ in assignments(request)):
        return error_response(400, "active cannot be added.", "mutability")
    response = await forward(request)
    return with_resources(response, lambda user: without(user, "active")) if request.endpoint == "users" else response


async def disabled_users_disappear(request: TargetRequest, forward: Handler) -> TargetResponse:
    if request.endpoint != "users" or request.method not in ("GET", "PATCH"):
        return await forward(request)
    user = await current(request, forward) if request.resource_id else None
    if user is not None and user.get("active") is False:
        return error_response(404, "User not found")
    response = await forward(request)
    if request.method == "PATCH":
        return response
    return with_resources(response, lambda item: None if item.get("active") is False else item)


async def second_disable_refused(request: TargetRequest, forward: Handler) -> TargetResponse:
    user = await current(request, forward) if patches(request, "users") else None
    if user is not None and user.get("active") is False and any(map(is_false, activations(request))):
        return error_response(409, "User must be Active.")
    return await forward(request)


async def enabling_refused(request: TargetRequest, forward: Handler) -> TargetResponse:
    user = await current(request, forward) if patches(request, "users") else None
    if user is not None and user.get("active") is False and any(map(is_true, activations(request))):
        return error_response(400, "Invalid SCIM patch request", "invalidSyntax")
    return await forward(request)


async def only_active_is_changed(request: TargetRequest, forward: Handler) -> TargetResponse:
    if patches(request, "users") and any(path != "active" or op != "replace" for op, path, _ in assignments(request)):
        return error_response(400, "Only `replace` of `active` is supported.", "invalidPath")
    return await forward(request)


# ---- manager --------------------------------------------------------------------------------------------------------


async def manager_as_text_refused(request: TargetRequest, forward: Handler) -> TargetResponse:
    if any(isinstance(value, str) for value in _managers(request)):
        return error_response(400, f"{ENTERPRISE}:manager is not an object.", "invalidValue")
    return await forward(request)


def _managers(request: TargetRequest) -> list[Any]:
    written = _written(request)
    nested = [value.get("manager") for path, value in written if path == ENTERPRISE.lower() and isinstance(value, dict)]
    return [*nested, *(value for path, value in written if path in (_MANAGER, "manager"))]


async def manager_returned_as_text(request: TargetRequest, forward: Handler) -> TargetResponse:
    response = await forward(request)
    return with_resources(response, _with_manager_as_text) if request.endpoint == "users" else response


def _with_manager_as_text(user: dict[str, Any]) -> dict[str, Any]:
    extension = user.get(ENTERPRISE, {})
    if "manager" not in extension:
        return user
    return {**user, ENTERPRISE: {**extension, "manager": extension["manager"]["value"]}}


# ---- values ---------------------------------------------------------------------------------------------------------


async def unsupported_attributes_refused(request: TargetRequest, forward: Handler) -> TargetResponse:
    for path, _ in _written(request):
        if path.startswith(_UNSUPPORTED):
            return error_response(400, f"The attribute {path} is not supported.", "invalidPath")
    return await forward(request)


async def primary_as_text_refused(request: TargetRequest, forward: Handler) -> TargetResponse:
    roles = [value for path, value in _written(request) if path == "roles" and isinstance(value, list)]
    primaries = [role.get("primary") for value in roles for role in value if isinstance(role, dict)]
    if any(isinstance(primary, str) for primary in primaries):
        return error_response(400, "roles.primary: expected a boolean.", "invalidValue")
    return await forward(request)


async def emails_required(request: TargetRequest, forward: Handler) -> TargetResponse:
    body = _body_of_creation(request)
    if body and not body.get("emails"):
        return error_response(400, "emails is required.", "invalidValue")
    return await forward(request)


async def business_rules_without_a_name(request: TargetRequest, forward: Handler) -> TargetResponse:
    if all(_follows_the_rules(path, value) for path, value in _written(request)):
        return await forward(request)
    return error_response(400, "A value is not valid.", "invalidValue")


def _follows_the_rules(path: str, value: Any) -> bool:
    """Phone numbers have the form +15550100, countries two letters."""
    elements = value if isinstance(value, list) else [value]
    if path.startswith("phonenumbers"):
        numbers = [item.get("value") if isinstance(item, dict) else item for item in elements]
        return all(_PHONE.fullmatch(str(number)) for number in numbers if number)
    if not path.startswith("addresses"):
        return True
    countries = [item.get("country") for item in elements if isinstance(item, dict)]
    countries += [value] if path.endswith(".country") else []
    return all(len(str(country)) == 2 for country in countries if country)


async def user_name_shortened(request: TargetRequest, forward: Handler) -> TargetResponse:
    """Answer a creation with the user name as it was sent, and every later request with the part before the `@`."""
    response = await forward(request)
    if request.endpoint != "users" or request.method == "POST":
        return response
    return with_resources(response, lambda user: {**user, "userName": str(user.get("userName")).split("@")[0]})


# ---- creation -------------------------------------------------------------------------------------------------------


async def conflict_by_mail(request: TargetRequest, forward: Handler) -> TargetResponse:
    if await _same_mail(request, forward):
        return error_response(409, "The user already exists.")
    return await forward(request)


async def account_adopted_by_mail(request: TargetRequest, forward: Handler) -> TargetResponse:
    accounts = await _same_mail(request, forward)
    if not accounts:
        return await forward(request)
    path = f"/Users/{accounts[0]['id']}"
    values = {
        name: value for name, value in _body_of_creation(request).items() if name not in ("schemas", "meta", "id")
    }
    await change(request, forward, path, {"op": "replace", "value": values})
    return replace(await forward(replace(request, method="GET", path=path, query={}, body=b"")), status=201)


async def _same_mail(request: TargetRequest, forward: Handler) -> list[dict[str, Any]]:
    """Return the users with an e-mail address of the user that a request creates."""
    emails = _body_of_creation(request).get("emails")
    values = [item.get("value") for item in emails if isinstance(item, dict)] if isinstance(emails, list) else []
    matches = [await search(request, forward, "/Users", f'emails.value eq "{value}"') for value in values if value]
    return [user for users in matches for user in users]


class HiddenAccounts:
    """Keeps a deleted user as an account that no request shows, and whose user name is taken."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    async def __call__(self, request: TargetRequest, forward: Handler) -> TargetResponse:
        if str(_body_of_creation(request).get("userName")).lower() in self._taken:
            return error_response(409, "The user name is taken.", "uniqueness")
        deletes = request.method == "DELETE" and request.endpoint == "users"
        user = await current(request, forward) if deletes else None
        response = await forward(request)
        if user is not None and response.status == 204:
            self._taken.add(str(user["userName"]).lower())
        return response


class Duplicates:
    """Creates a second user with the same user name. The copy is stored under another name, and shown under its own."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    async def __call__(self, request: TargetRequest, forward: Handler) -> TargetResponse:
        comparison = compared(request)
        if comparison is not None and comparison[0] == "username":
            text = f'{request.query["filter"]} or userName sw "{comparison[1]}#copy"'
            request = replace(request, query={**request.query, "filter": text})
        response = await forward(request)
        body = _body_of_creation(request)
        if response.status == 409 and body:
            copy = {**body, "userName": f"{body['userName']}#copy{next(self._numbers)}"}
            response = await forward(request.with_json(copy))
        return with_resources(response, _original_name) if request.endpoint == "users" else response


def _original_name(user: dict[str, Any]) -> dict[str, Any]:
    return {**user, "userName": _COPY.sub("", str(user.get("userName")))}


class RacingCreations:
    """Answers 500 to the later of two overlapping creations of one user."""

    def __init__(self) -> None:
        self._overlap = Overlap()

    async def __call__(self, request: TargetRequest, forward: Handler) -> TargetResponse:
        name = _body_of_creation(request).get("userName")
        if name is None:
            return await forward(request)
        second = await self._overlap.is_second(str(name).lower())
        response = await forward(request)
        return error_response(500, "duplicate key value violates unique constraint") if second else response


class CommittedAndUnavailable:
    """Creates the later of two users whose creations overlap, answers 503, and hides it from filters."""

    def __init__(self) -> None:
        self._overlap = Overlap()
        self._hidden: set[str] = set()

    async def __call__(self, request: TargetRequest, forward: Handler) -> TargetResponse:
        if _body_of_creation(request) and await self._overlap.is_second("creation"):
            response = await forward(request)
            self._hidden.update(str(user["id"]) for user in response.resources)
            return error_response(503, "Service unavailable") if response.status == 201 else response
        response = await forward(request)
        if "filter" not in request.query or request.endpoint != "users" or response.status != 200:
            return response
        return with_list(response, [user for user in response.resources if user["id"] not in self._hidden])
