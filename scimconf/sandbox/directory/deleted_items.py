"""Requests about recently deleted users and groups (Graph: `/directory/deletedItems`, kept for 30 days).

A deleted user's name begins with the object id without hyphens, so that the name can be used again.
"""

from __future__ import annotations

from scimconf.sandbox.directory.filters import property_columns
from scimconf.sandbox.directory.responses import CollectionType, collection_response, entity_response
from scimconf.sandbox.directory.users_and_groups import USER_DEFAULTS
from scimconf.sandbox.http_types import GraphRequest, GraphResponse, not_found
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
    key = request.path_parameters["item"].lower()
    for kind, defaults in (("user", USER_DEFAULTS), ("group", ())):
        document = tenant.documents.get(f"deleted{kind.title()}", key)
        if document is not None:
            typed = {"@odata.type": f"#microsoft.graph.{kind}", **document}
            return entity_response(request, "directoryObjects", typed, defaults)
    raise not_found(request.path_parameters["item"])
