"""The manager of a user, stored in the table of members as `manager/ID`."""

from __future__ import annotations

from scimconf.sandbox.directory.responses import context_annotation, select_properties
from scimconf.sandbox.directory.users_and_groups import USER_DEFAULTS, find_principal, find_user, put_member
from scimconf.sandbox.http_types import NO_CONTENT, GraphRequest, GraphResponse, not_found
from scimconf.sandbox.tenant import Tenant


def get_manager(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    """Return the manager as a directory object; a 404 if the user has none."""
    user = find_user(tenant, request.path_parameters["user"])
    key = manager_of(tenant, user["id"])
    manager = find_principal(tenant, key, ["user"])
    if manager is None:
        raise not_found("manager")
    selected = select_properties(request, manager, ("@odata.type", *USER_DEFAULTS))
    return GraphResponse(200, context_annotation(request, "directoryObjects/$entity") | selected)


def put_manager(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    """Set the manager to the user of the link `@odata.id`; a 404 if that user does not exist."""
    user = find_user(tenant, request.path_parameters["user"])
    link = str(request.object_body().get("@odata.id", ""))
    manager = find_principal(tenant, link.split("?", 1)[0].rsplit("/", 1)[-1], ["user"])
    if manager is None:
        raise not_found(link)
    set_manager(tenant, user["id"], manager["id"])
    return NO_CONTENT


def remove_manager(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    """Delete the link to the manager; a 404 if the user has none."""
    user = find_user(tenant, request.path_parameters["user"])
    if not _clear(tenant, user["id"]):
        raise not_found("manager")
    return NO_CONTENT


def manager_of(tenant: Tenant, user: str) -> str | None:
    """Return the object id of a user's manager, or None."""
    key: str | None = tenant.store.value("SELECT member_id FROM members WHERE group_id = ?", (f"manager/{user}",))
    return key


def set_manager(tenant: Tenant, user: str, manager: str) -> None:
    """Set the manager of a user; both are object ids."""
    _clear(tenant, user)
    put_member(tenant, f"manager/{user}", manager)


def _clear(tenant: Tenant, user: str) -> int:
    return tenant.store.run("DELETE FROM members WHERE group_id = ?", (f"manager/{user}",))
