"""Requests about recently deleted users and groups (Graph: `/directory/deletedItems`, kept for 30 days).

A deleted user's name begins with the object id without hyphens, so that the name can be used again.
"""

from __future__ import annotations

from scimconf.sandbox.directory.filters import property_columns
from scimconf.sandbox.directory.links import DELETED_LINKS, restore_links
from scimconf.sandbox.directory.responses import CollectionType, collection_response, entity_response
from scimconf.sandbox.directory.users_and_groups import USER_DEFAULTS, refuse_taken_name
from scimconf.sandbox.http_types import NO_CONTENT, GraphRequest, GraphResponse, Json, not_found
from scimconf.sandbox.tenant import Tenant

_FILTERS = property_columns("id", "displayName", "mail", "userPrincipalName", "deletedDateTime")
_SORTABLE = ("displayName", "deletedDateTime")


def list_deleted_users(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    users = CollectionType("deletedUser", "directoryObjects/microsoft.graph.user", _FILTERS, USER_DEFAULTS, _SORTABLE)
    return collection_response(tenant, request, users)


def list_deleted_groups(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    groups = CollectionType("deletedGroup", "directoryObjects/microsoft.graph.group", _FILTERS, (), _SORTABLE)
    return collection_response(tenant, request, groups)


def get_deleted_item(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    """Return a deleted user or group by id."""
    kind, document = _find(tenant, request)
    typed = {"@odata.type": f"#microsoft.graph.{kind}", **document}
    return entity_response(request, "directoryObjects", typed, USER_DEFAULTS if kind == "user" else ())


def restore_item(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    """Restore a deleted user or group with its name and its links; a 400 if a user has the name meanwhile."""
    kind, deleted = _find(tenant, request)
    key: str = deleted["id"]
    restored = {name: value for name, value in deleted.items() if name != "deletedDateTime"}
    if kind == "user":
        restored["userPrincipalName"] = restored["userPrincipalName"].removeprefix(key.replace("-", ""))
        refuse_taken_name(tenant, restored["userPrincipalName"])
    tenant.documents.remove(f"deleted{kind.title()}", key)
    tenant.documents.put(kind, key, restored)
    restore_links(tenant, key)
    typed = {"@odata.type": f"#microsoft.graph.{kind}", **restored}
    return entity_response(
        request, "directoryObjects", typed, ("@odata.type", *USER_DEFAULTS) if kind == "user" else ()
    )


def purge_item(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    """Delete a deleted user or group permanently, as Entra does after 30 days."""
    kind, deleted = _find(tenant, request)
    tenant.documents.remove(f"deleted{kind.title()}", deleted["id"])
    tenant.documents.remove(DELETED_LINKS, deleted["id"])
    return NO_CONTENT


def _find(tenant: Tenant, request: GraphRequest) -> tuple[str, Json]:
    """Return the kind (`user` or `group`) and the document of a deleted object; raise a 404 if there is none."""
    key = request.path_parameters["item"].lower()
    for kind in ("user", "group"):
        document = tenant.documents.get(f"deleted{kind.title()}", key)
        if document is not None:
            return kind, document
    raise not_found(request.path_parameters["item"])
