"""What the checks use: requests with a record of their exchanges, and users and groups that are deleted at the end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from scimconf.check_report import Exchange
from scimconf.json_types import Json
from scimconf.rehearsal.endpoint.bodies import (
    equals,
    full_user_body,
    group_body,
    member_values,
    operation,
    patch_body,
    user_body,
)
from scimconf.rehearsal.endpoint.created import CreatedResources, resource_path
from scimconf.rehearsal.endpoint.dialect import PatchDialect
from scimconf.rehearsal.endpoint.masking import RunMask
from scimconf.rehearsal.endpoint.messages import NO_HEADERS, EndpointRequest, EndpointResponse
from scimconf.rehearsal.endpoint.oauth import OAuthSettings
from scimconf.rehearsal.endpoint.setups import GROUP, MEMBERS, USER, CheckSetupError, Setup, setup_of
from scimconf.rehearsal.endpoint.transport import EndpointClient

MAX_EXCHANGES = 12
"""Exchanges of a check that a report shows: the last ones, which decide."""


MAX_RECORDED = 50_000
"""Characters of a body in a report; a longer one is cut, and is then a text."""


class CheckFailedError(Exception):
    """The endpoint did not do what a check expects. The message is what it did."""


class CheckWarningError(Exception):
    """The endpoint did something that Entra tolerates, or that concerns other clients. The message is what it did."""


class CheckSkippedError(Exception):
    """A check cannot be run against this endpoint. The message is the reason."""


def require(condition: object, actual: str) -> None:
    """Raise CheckFailedError with what happened, unless the condition holds."""
    if not condition:
        raise CheckFailedError(actual)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """What is the same for all checks of a run. `marker` is part of the name of everything that the run creates."""

    marker: str
    domain: str
    dialect: PatchDialect
    oauth: OAuthSettings | None = None


@dataclass(slots=True)
class CheckContext:
    """The connection of one run with the record of the current check.

    `failed_setups` has the check in which a part of the setup failed first.
    """

    client: EndpointClient
    settings: RunSettings
    mask: RunMask
    resources: CreatedResources = field(default_factory=CreatedResources)
    exchanges: list[Exchange] = field(default_factory=list)
    failed_setups: dict[Setup, str] = field(default_factory=dict)
    _number: int = 0
    _has_groups: bool | None = None

    @property
    def dialect(self) -> PatchDialect:
        return self.settings.dialect

    # --- requests ---------------------------------------------------------------------------------------------------

    def send(self, request: EndpointRequest) -> EndpointResponse:
        """Send one request and record the exchange; the texts of the response are masked."""
        return self.send_all([request])[0]

    def send_all(self, requests: Sequence[EndpointRequest]) -> list[EndpointResponse]:
        """Send requests at the same time and record the exchanges."""
        return self._recorded(requests, self.client.send_all(requests))

    def send_once(self, requests: Sequence[EndpointRequest]) -> list[EndpointResponse]:
        """Send requests at the same time; one that the endpoint limits with 429 is not repeated."""
        return self._recorded(requests, self.client.send_once(requests))

    def _recorded(self, requests: Sequence[EndpointRequest], raw: Sequence[EndpointResponse]) -> list[EndpointResponse]:
        responses = [self.mask.response(response) for response in raw]
        for request, response in zip(requests, responses, strict=True):
            self._record(request, response)
        return responses

    def get(self, path: str) -> EndpointResponse:
        return self.send(EndpointRequest("GET", path))

    def post(self, path: str, body: Mapping[str, Json], headers: Mapping[str, str] = NO_HEADERS) -> EndpointResponse:
        """Create a resource; what is created is deleted at the end of the run."""
        return self.post_all(path, [body], headers)[0]

    def post_all(
        self, path: str, bodies: Sequence[Mapping[str, Json]], headers: Mapping[str, str] = NO_HEADERS
    ) -> list[EndpointResponse]:
        """Create resources at the same time."""
        attribute = "userName" if path == "/Users" else "displayName"
        names = [str(body.get(attribute)) for body in bodies]
        uncertain = {name for name in dict.fromkeys(names) if self.resources.before_creation(path, attribute, name)}
        responses = self.send_all([EndpointRequest("POST", path, body, headers) for body in bodies])
        for name, response in zip(names, responses, strict=True):
            if id_of(response.resource):
                self.resources.created(path, attribute, name, id_of(response.resource))
        uncertain |= {name for name, response in zip(names, responses, strict=True) if not 0 < response.status < 500}
        for name, response in zip(names, responses, strict=True):
            if 400 <= response.status < 500:
                self.resources.refused(path, name, could_exist=name in uncertain, is_taken=response.status == 409)
        return responses

    def patch(self, path: str, *operations: Mapping[str, Json]) -> EndpointResponse:
        return self.send(EndpointRequest("PATCH", path, patch_body(operations)))

    def delete(self, path: str) -> EndpointResponse:
        response = self.send(EndpointRequest("DELETE", path))
        if response.is_success or response.status == 404:
            self.resources.deleted(path)
        return response

    def issue_token(self, request: EndpointRequest) -> Mapping[str, Any]:
        """Return the response of a token service; the token in it is masked from now on, and not in the record."""
        raw = self.client.send(request)
        token = raw.resource.get("access_token")
        if isinstance(token, str):
            self.mask.add(token)
        response = self.mask.response(raw)
        self._record(request, response)
        require(raw.is_success, f"the token service answered {describe_answer(response)}")
        require(isinstance(token, str) and token, "the response of the token service has no access_token")
        return raw.resource

    def _record(self, request: EndpointRequest, response: EndpointResponse) -> None:
        request_line, body = self.mask.text(str(request)), self.mask.json(request.body)
        self.exchanges.append(Exchange(request_line, body, response.describe(), recorded_body(response.body)))

    # --- requests that must succeed ----------------------------------------------------------------------------------

    def patched(self, path: str, *operations: Mapping[str, Json]) -> None:
        """Send a PATCH that the endpoint must accept."""
        response = self.patch(path, *operations)
        require(response.status in (200, 204) and not response.problem, f"PATCH answered {describe_answer(response)}")

    def read(self, path: str) -> Mapping[str, Any]:
        """Return a resource that the endpoint must have."""
        response = self.get(path)
        require(response.status == 200 and response.resource, f"GET {path} answered {describe_answer(response)}")
        return response.resource

    def find(self, endpoint: str, attribute: str, value: str, options: str = "") -> list[Mapping[str, Any]]:
        """Return the resources that a filter matches; the endpoint must answer with a list."""
        return self.listed(self.get(f"{endpoint}?{options}{equals(attribute, value)}"))

    def find_if_any(self, endpoint: str, attribute: str, value: str) -> list[Mapping[str, Any]]:
        """Return the resources that a filter matches; 404 is an empty list, which another check rejects."""
        response = self.get(f"{endpoint}?{equals(attribute, value)}")
        return [] if response.status == 404 else self.listed(response)

    def listed(self, response: EndpointResponse) -> list[Mapping[str, Any]]:
        """Return the resources of a list response; the response must be one."""
        require(response.status == 200, f"the filter was answered with {describe_answer(response)}")
        total = response.resource.get("totalResults")
        require(isinstance(total, int), "the response has no totalResults, so it is not a ListResponse")
        resources = response.resource.get("Resources") or []
        is_list = isinstance(resources, list) and all(isinstance(resource, dict) for resource in resources)
        require(is_list, "Resources is not a list of objects")
        return list(resources)

    # --- setup ------------------------------------------------------------------------------------------------------

    @contextmanager
    def preparing(self, setup: Setup) -> Iterator[None]:
        """Raise CheckSetupError in place of CheckFailedError: what is done here is not what the check tests."""
        try:
            yield
        except CheckFailedError as error:
            raise CheckSetupError(setup, str(error)) from None

    def require_setup(self, endpoint: str, actual: str) -> None:
        """Raise CheckSetupError if the endpoint refused the smallest user or group before, which explains `actual`."""
        setup = Setup(USER if endpoint == "/Users" else GROUP)
        if setup in self.failed_setups:
            raise CheckSetupError(setup, actual)

    # --- users and groups --------------------------------------------------------------------------------------------

    def name(self) -> str:
        """Return a new name, by which an administrator recognizes what the run created."""
        self._number += 1
        return f"{self.settings.marker}-{self._number}"

    def user_name(self) -> str:
        return f"{self.name()}@{self.settings.domain}"

    def new_user(self, *, full: bool = False, **attributes: Json) -> dict[str, Any]:
        """Return the body of a user with a new name; attributes with the value None are omitted."""
        name = self.user_name()
        body = (full_user_body if full else user_body)(name, name.partition("@")[0])
        return {key: value for key, value in {**body, **attributes}.items() if value is not None}

    def new_group(self, **options: bool) -> dict[str, Any]:
        """Return the body of a group with a new name."""
        name = self.name()
        return group_body(name, f"id-{name}", **options)

    def create_user(self, body: Mapping[str, Json] | None = None) -> str:
        """Create a user that the check needs, and return its path."""
        return resource_path("/Users", id_of(self.new_resource("/Users", body or self.new_user())))

    def new_resource(self, endpoint: str, body: Mapping[str, Json]) -> Mapping[str, Any]:
        """Create a user or a group that the check needs, and return the response."""
        with self.preparing(setup_of(endpoint, body)):
            response = self.post(endpoint, body)
            self.path_of(endpoint, response)
        return response.resource

    def create_users(self, number: int, *, at_once: int = 1) -> list[str]:
        """Create users that the check needs, `at_once` of them at the same time, and return their ids."""
        bodies = [self.new_user() for _ in range(number)]
        starts = range(0, number, at_once)
        responses = [
            response for start in starts for response in self.post_all("/Users", bodies[start : start + at_once])
        ]
        with self.preparing(setup_of("/Users", bodies[0])):
            return [id_of(self.created_resource("/Users", response)) for response in responses]

    def require_groups(self) -> None:
        """Skip the check if the endpoint has no groups; the first call asks for one page of them."""
        if self._has_groups is None:
            self._has_groups = self.get("/Groups?startIndex=1&count=1").status not in (404, 501)
        if not self._has_groups:
            raise CheckSkippedError("the endpoint has no groups: GET /Groups answered 404 or 501 (see B17)")

    def create_group(self, members: Iterable[str] = (), body: Mapping[str, Json] | None = None) -> str:
        """Create a group that the check needs, with members by the operation that most servers accept; return its path."""
        path = resource_path("/Groups", id_of(self.new_resource("/Groups", body or self.new_group())))
        values = member_values(*members)
        if values:
            with self.preparing(Setup(MEMBERS)):
                self.patched(path, operation("add", "members", values))
        return path

    def disable(self, user: str) -> None:
        """Disable a user for what follows: in Entra's way, or else with the boolean of the RFC.

        Skip the check if the user stays active.
        """
        if not self.can_disable(user):
            raise CheckSkippedError("the user cannot be disabled (see B05)")

    def can_disable(self, user: str) -> bool:
        """Disable a user as `disable` does, and return whether that was possible."""
        changes = (self.dialect.disable(), operation("replace", "active", value=False))
        return any(self.has_disabled(user, change) for change in changes)

    def has_disabled(self, user: str, change: Mapping[str, Json]) -> bool:
        """Return whether an operation disabled a user; also if the endpoint does not return the user or `active`."""
        if not self.patch(user, change).is_success:
            return False
        response = self.get(user)
        return not response.is_success or response.resource.get("active") in (None, False)

    def created_resource(self, endpoint: str, response: EndpointResponse) -> Mapping[str, Any]:
        """Return the resource of a response to a creation; the response must have an id.

        Skip the check if the endpoint has no groups.
        """
        if endpoint == "/Groups" and response.status in (404, 501):
            self.require_groups()
        actual = f"POST {endpoint} answered {describe_answer(response)}"
        if not response.is_success:
            self.require_setup(endpoint, actual)
        require(response.status in (200, 201), actual)
        require(id_of(response.resource), f"the response to POST {endpoint} has no id")
        return response.resource

    def path_of(self, endpoint: str, response: EndpointResponse) -> str:
        """Return the path of a created resource."""
        path = resource_path(endpoint, id_of(self.created_resource(endpoint, response)))
        require(path, "the id of the resource is too long, or cannot be part of a URL")
        return path

    def members(self, path: str) -> list[str]:
        """Return the ids of the members of a group."""
        members = self.read(path).get("members") or []
        return [str(member.get("value")) for member in members if isinstance(member, dict)]


CheckFunction = Callable[[CheckContext], str]
"""A check: it returns what happened if that is as expected, and raises one of the errors above if not."""


def recorded_body(body: Json) -> Json:
    """Return a body as it is, or the beginning of its text if it is long."""
    if body is None or isinstance(body, bool | int | float):
        return body
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return body if len(text) <= MAX_RECORDED else f"{text[:MAX_RECORDED]}…"


def as_json(value: Any) -> str:
    """Return a value for a sentence, as it is written in JSON."""
    return json.dumps(value, ensure_ascii=False, default=str)


def id_of(resource: Mapping[str, Any]) -> str:
    """Return the id of a resource as text, "" without one."""
    value = resource.get("id")
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def describe_answer(response: EndpointResponse) -> str:
    """Return the status of a response, with the detail of a SCIM error."""
    detail = response.resource.get("detail")
    text = f': "{detail[:300]}"' if isinstance(detail, str) and detail else ""
    return f"{response.describe()}{text}"
