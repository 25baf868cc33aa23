"""The direct tests of Microsoft's validator for gallery applications (SCIMReferenceCode, August 2026): 15 to 25.

Tests 16 and 18 run with both bodies of its PATCH requests: by default the attributes without a path filter are one
operation without a path; a job with the setting `PatchBodyFormat` sends one operation with a path for each attribute.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any
from uuid import uuid4

from scimconf.diagnostics import plural
from scimconf.json_types import Json
from scimconf.rehearsal.endpoint.bodies import ENTERPRISE, MANAGER, operation, value_at
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
from scimconf.rehearsal.endpoint.messages import EndpointRequest
from scimconf.rehearsal.endpoint.schema_paths import declared_paths

PROFILE = (
    "displayName",
    "title",
    "preferredLanguage",
    "name.givenName",
    "name.familyName",
    "name.formatted",
    'emails[type eq "work"].value',
    *(
        f'addresses[type eq "work"].{part}'
        for part in ("formatted", "streetAddress", "locality", "region", "postalCode", "country")
    ),
    *(f'phoneNumbers[type eq "{kind}"].value' for kind in ("work", "mobile", "fax")),
    f"{ENTERPRISE}:employeeNumber",
    f"{ENTERPRISE}:department",
)
"""The target attributes of the default mapping that tests 16 and 18 change."""
MAPPED = ("userName", "active", "externalId", *PROFILE, MANAGER)
_PAGE, _USERS, _MAX_PAGES = 5, 11, 10


def _schemas(context: CheckContext) -> str:
    response = context.get("/Schemas")
    require(response.status == 200, f"GET /Schemas answered {describe_answer(response)}")
    declared = declared_paths(response.resource.get("Resources"))
    missing = [path for path in (*MAPPED, "members") if path.lower() not in declared]
    require(not missing, f"not declared: {', '.join(missing)}")
    return f"{plural(len(declared), 'attribute')} declared"


def _null_update(context: CheckContext, *, verbose: bool) -> str:
    user = context.create_user(context.new_user(full=True))
    required = declared_paths(context.get("/Schemas").resource.get("Resources"), required=True)
    targets = [path for path in PROFILE if path.lower() not in required]
    for value, paths in (("", targets), (None, [path for path in targets if "[" not in path])):
        context.patched(user, *_operations(dict.fromkeys(targets, value), verbose=verbose))
        resource = context.read(user)
        remaining = [path for path in paths if value_at(resource, path) not in (None, "")]
        require(not remaining, f"after the PATCH with {as_json(value)} these have a value: {', '.join(remaining)}")
    return "the attributes are empty"


def _user_created(context: CheckContext) -> str:
    body = context.new_user(full=True)
    resource = context.created_resource("/Users", context.post("/Users", body))
    require(resource.get("userName") == body["userName"], f"the userName is {as_json(resource.get('userName'))}")
    return _deleted(context, "/Users", resource)


def _user_updated(context: CheckContext, *, verbose: bool) -> str:
    user = context.create_user(context.new_user(full=True))
    values = {path: _new_value(context, path) for path in PROFILE}
    context.patched(user, *_operations(values, verbose=verbose))
    resource = context.read(user)
    differing = [path for path, value in values.items() if value_at(resource, path) != value]
    require(not differing, f"these do not have the new value: {', '.join(differing)}")
    return "all attributes have the new values"


def _new_value(context: CheckContext, path: str) -> str:
    return context.user_name() if path.startswith("emails") else f"upd-{uuid4().hex[:8]}"


def _operations(values: Mapping[str, Json], *, verbose: bool) -> list[dict[str, Json]]:
    """Return one operation for each attribute, or with a single one for those without a path filter."""
    paths = list(values) if verbose else [path for path in values if "[" in path]
    merged = {path: value for path, value in values.items() if path not in paths}
    operations = [operation("replace", path, values[path]) for path in paths]
    return [*([operation("replace", None, merged)] if merged else []), *operations]


def _group_created(context: CheckContext) -> str:
    body = context.new_group()
    resource = context.created_resource("/Groups", context.post("/Groups", body))
    require(
        resource.get("displayName") == body["displayName"], f"the displayName is {as_json(resource.get('displayName'))}"
    )
    return _deleted(context, "/Groups", resource)


def _deleted(context: CheckContext, endpoint: str, resource: Mapping[str, Any]) -> str:
    response = context.delete(resource_path(endpoint, id_of(resource)))
    require(response.is_success, f"DELETE answered {describe_answer(response)}")
    return "created with an id and deleted"


def _group_updated(context: CheckContext) -> str:
    group = context.create_group()
    values = {"displayName": context.name(), "externalId": uuid4().hex}
    context.patched(group, *(operation("replace", path, value) for path, value in values.items()))
    resource = context.read(group)
    differing = [path for path, value in values.items() if resource.get(path) != value]
    require(not differing, f"these do not have the new value: {', '.join(differing)}")
    return "both attributes have the new values"


def _credentials(context: CheckContext) -> str:
    oauth = context.settings.oauth
    if oauth is None:
        raise CheckSkippedError("needs a token endpoint: --oauth URL")
    token = _access_token(context, oauth.url, oauth.client_credentials())
    response = context.send(
        EndpointRequest("GET", "/Users?startIndex=1&count=1", headers={"Authorization": f"Bearer {token}"})
    )
    require(response.is_success, f"with the issued token GET answered {describe_answer(response)}")
    return "the issued token is accepted"


def _federated(context: CheckContext) -> str:
    oauth = context.settings.oauth
    if oauth is None:
        raise CheckSkippedError("needs a token endpoint: --oauth URL")
    if not oauth.assertion:
        raise CheckSkippedError("needs a token of Entra in SCIMCONF_OAUTH_ASSERTION")
    _access_token(context, oauth.url, oauth.client_assertion())
    return "a token is issued for the assertion"


def _access_token(context: CheckContext, url: str, form: str) -> str:
    """Return an access token with a lifetime that Microsoft accepts; it is masked from now on."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    document = context.issue_token(EndpointRequest("POST", "", form, headers, url))
    seconds = document.get("expires_in", 3600)
    is_accepted = isinstance(seconds, int | str) and str(seconds).isdecimal() and 3600 <= int(seconds) <= 21_600
    require(is_accepted, f"expires_in is {as_json(seconds)}")
    return str(document["access_token"])


def _pages(context: CheckContext, endpoint: str) -> str:
    """Create resources and walk at most ten pages; the response must repeat startIndex and count the whole list."""
    bodies = [context.new_user() if endpoint == "/Users" else context.new_group() for _ in range(_USERS)]
    for body in bodies:
        context.new_resource(endpoint, body)
    start, pages = 1, 0
    while pages < _MAX_PAGES:
        response = context.get(f"{endpoint}?startIndex={start}&count={_PAGE}")
        resources, total = context.listed(response), response.resource.get("totalResults", 0)
        require(
            response.resource.get("startIndex") == start,
            f"startIndex is {as_json(response.resource.get('startIndex'))}",
        )
        require(len(resources) <= _PAGE, f"a page of {_PAGE} has {len(resources)} resources")
        require(total >= _USERS, f"totalResults is {total}, after the creation of {_USERS}")
        start, pages = start + len(resources), pages + 1
        if start > total or not resources:
            break
    require(pages >= 2, f"the list has {pages} page")
    return f"{pages} pages have the expected resources"


def _manager(context: CheckContext) -> str:
    user = context.create_user()
    first, second = context.create_users(2)
    for op, value in (("Add", first), ("replace", second), ("replace", "")):
        context.patched(user, operation(op, MANAGER, value))
        resource = context.read(user)
        manager = value_at(resource, MANAGER) or value_at(resource, "manager")
        stored = manager.get("value") if isinstance(manager, dict) else manager
        require((stored or "") == value, f"the manager is {as_json(manager)} after {op} with {as_json(value)}")
    return "the manager is set, replaced and removed"


CHECKS: Mapping[str, CheckFunction] = MappingProxyType(
    {
        "Schema_Discoverability_Test": _schemas,
        "SCIM_Null_Update_Test": partial(_null_update, verbose=False),
        "SCIM_Null_Update_Test_Verbose": partial(_null_update, verbose=True),
        "SCIM_User_Create_Test": _user_created,
        "SCIM_User_Update_Test": partial(_user_updated, verbose=False),
        "SCIM_User_Update_Test_Verbose": partial(_user_updated, verbose=True),
        "SCIM_Group_Create_Test": _group_created,
        "SCIM_Group_Update_Test": _group_updated,
        "Validate_Credentials_Test": _credentials,
        "Federated_Identity_Test": _federated,
        "SCIM_User_Pagination_Test": partial(_pages, endpoint="/Users"),
        "SCIM_Group_Pagination_Test": partial(_pages, endpoint="/Groups"),
        "SCIM_Update_Manager_Test": _manager,
    }
)
