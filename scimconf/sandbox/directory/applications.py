"""Requests about application templates, applications, service principals and app roles."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from scimconf.sandbox.data_files import new_document
from scimconf.sandbox.directory.filters import property_columns
from scimconf.sandbox.directory.owners import bind_owners, remove_owners, validate_owners
from scimconf.sandbox.directory.responses import (
    CollectionType,
    collection_response,
    context_annotation,
    entity_response,
    writable_properties,
)
from scimconf.sandbox.directory.roles import validate_roles
from scimconf.sandbox.directory.users_and_groups import ORGANIZATION
from scimconf.sandbox.engine.state import JobState
from scimconf.sandbox.gallery import CUSTOM, GALLERY, GalleryEntry
from scimconf.sandbox.http_types import (
    NO_CONTENT,
    GraphRequest,
    GraphResponse,
    Json,
    ResponseError,
    bad_request,
    not_found,
)
from scimconf.sandbox.store import Condition
from scimconf.sandbox.tenant import Tenant

APPLICATION = "application"
SERVICE_PRINCIPAL = "servicePrincipal"
_APPLICATION_FILTERS = property_columns(
    "id", "appId", "displayName", "applicationTemplateId", "tags", "createdDateTime", "identifierUris", "signInAudience"
)
_PRINCIPAL_FILTERS = property_columns(
    "id", "appId", "displayName", "applicationTemplateId", "tags", "servicePrincipalType", "accountEnabled",
    "servicePrincipalNames", "createdDateTime",
)  # fmt: skip
_BY_APP_ID = re.compile(r"\(appId='(?P<key>[^']*)'\)\Z", re.IGNORECASE)
_HOME_PAGE = (
    "https://account.activedirectory.windowsazure.com:444/applications/default.aspx?metadata={key}|ISV9.1|primary|z"
)
_SHARED_PROPERTIES = (
    "appId", "applicationTemplateId", "appRoles", "createdDateTime", "displayName", "signInAudience",
)  # fmt: skip
_SYNC_SUBJECTS = ("synchronization", "templates", "assignable")


# ---- the gallery ----------------------------------------------------------------------------------------------------


def list_templates(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    columns = property_columns("id", "displayName", "publisher")
    return collection_response(tenant, request, CollectionType("applicationTemplate", "applicationTemplates", columns))


def get_template(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    document = tenant.documents.get("applicationTemplate", request.path_parameters["template"])
    if document is None:
        raise not_found(request.path_parameters["template"])
    return entity_response(request, "applicationTemplates", document)


def instantiate_template(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    entry = GALLERY.get(request.path_parameters["template"].lower())
    if entry is None:
        raise not_found(request.path_parameters["template"])
    name = request.object_body().get("displayName")
    if not isinstance(name, str) or not name:
        raise bad_request("A value is required for property 'displayName'.")
    application, principal = instantiate(tenant, entry, name)
    created = {"application": application, "servicePrincipal": principal}
    if request.is_beta:
        created = {key: {"objectId": document["id"]} | document for key, document in created.items()}
    return GraphResponse(201, context_annotation(request, "microsoft.graph.applicationServicePrincipal") | created)


def instantiate(tenant: Tenant, entry: GalleryEntry, name: str) -> tuple[Json, Json]:
    """Create an application and its service principal with the roles and tags of the gallery."""
    roles = [_gallery_role(tenant, role) for role in entry.roles]
    home = _HOME_PAGE.format(key=entry.key)
    application = add_application(
        tenant,
        {
            "displayName": name,
            "applicationTemplateId": entry.template_id,
            "appRoles": roles,
            "web": {"homePageUrl": home, "redirectUris": [], "logoutUrl": None},
            "api": {"oauth2PermissionScopes": [_user_impersonation(tenant, name)]},
        },
    )
    principal = add_service_principal(
        tenant,
        application,
        {
            "applicationTemplateId": entry.template_id,
            "appRoleAssignmentRequired": True,
            "homepage": home,
            "tags": list(entry.tags),
        },
    )
    return application, principal


def _gallery_role(tenant: Tenant, name: str) -> Json:
    return new_document("appRole") | {"id": tenant.new_id("appRole"), "description": name, "displayName": name}


def import_roles(tenant: Tenant, principal: Json) -> None:
    """Add the roles that a provisioning cycle imports from a gallery application, unless the application has them."""
    names = GALLERY[principal["applicationTemplateId"] or CUSTOM].imported_roles
    for application in tenant.documents.all(APPLICATION, _equals("appId", principal["appId"])) if names else ():
        present = application["appRoles"]
        missing = set(names) - {role["displayName"] for role in present}
        roles = [*present, *(_gallery_role(tenant, name) for name in names if name in missing)]
        tenant.documents.put(APPLICATION, application["id"], application | {"appRoles": roles})


def _user_impersonation(tenant: Tenant, name: str) -> Json:
    text = f"Allow the application to access {name} on behalf of the signed-in user."
    return {
        "adminConsentDescription": text,
        "adminConsentDisplayName": f"Access {name}",
        "id": tenant.new_id("scope"),
        "isEnabled": True,
        "type": "User",
        "userConsentDescription": text,
        "userConsentDisplayName": f"Access {name}",
        "value": "user_impersonation",
    }


# ---- applications ---------------------------------------------------------------------------------------------------


def list_applications(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    return collection_response(tenant, request, CollectionType(APPLICATION, "applications", _APPLICATION_FILTERS))


def get_application(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    return entity_response(request, "applications", find_application(tenant, request.path_parameters["application"]))


def create_application(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    properties = writable_properties(request.object_body())
    if not properties.get("displayName"):
        raise bad_request("A value is required for property 'displayName' of resource 'Application'.")
    roles = validate_roles(properties.get("appRoles", []), [], [], tenant.switches)
    owners = validate_owners(tenant, request.object_body())
    document = add_application(tenant, properties | {"appRoles": roles})
    bind_owners(tenant, document["id"], owners)
    return GraphResponse(201, context_annotation(request, "applications/$entity") | document)


def add_application(tenant: Tenant, properties: Json) -> Json:
    """Store an application with defaults for the missing properties, and return it."""
    document: Json = {
        "id": tenant.new_id("application"),
        "appId": tenant.new_id("appId"),
        "createdDateTime": tenant.stamp(),
        **new_document(APPLICATION),
        **properties,
    }
    tenant.documents.put(APPLICATION, document["id"], document, hidden=tenant.switches.late_reads)
    return document


def update_application(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    document = find_application(tenant, request.path_parameters["application"])
    changes = writable_properties(request.object_body())
    principal = principal_of(tenant, document["appId"])
    if "appRoles" in changes:
        changes["appRoles"] = _replaced_roles(tenant, changes["appRoles"], document, principal)
    tenant.documents.put(APPLICATION, document["id"], document | changes)
    if principal is not None:
        _replicate(tenant, principal, changes)
    return NO_CONTENT


def delete_application(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    document = find_application(tenant, request.path_parameters["application"])
    principal = principal_of(tenant, document["appId"])
    if principal is not None:
        remove_service_principal(tenant, principal["id"])
    tenant.documents.remove(APPLICATION, document["id"])
    remove_owners(tenant, document["id"])
    return NO_CONTENT


def find_application(tenant: Tenant, key: str) -> Json:
    """Return an application by object id or `(appId='…')`; raise a 404 if it is unknown or hidden."""
    return _find(tenant, APPLICATION, key)


# ---- service principals ---------------------------------------------------------------------------------------------


def list_service_principals(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    service_principals = CollectionType(SERVICE_PRINCIPAL, "servicePrincipals", _PRINCIPAL_FILTERS)
    return collection_response(tenant, request, service_principals, partial(with_roles, tenant))


def get_service_principal(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    document = with_roles(tenant, find_service_principal(tenant, request.path_parameters["sp"]))
    return entity_response(request, "servicePrincipals", document)


def create_service_principal(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    properties = writable_properties(request.object_body())
    _validate_principal(properties)
    app_id = str(properties.get("appId"))
    matches = tenant.documents.all(APPLICATION, _equals("appId", app_id))
    if not matches or not tenant.is_visible(APPLICATION, matches[0]["id"]):
        raise bad_request(
            f"The appId '{app_id}' of the service principal does not reference a valid application object."
        )
    if principal_of(tenant, app_id) is not None:
        raise ResponseError(
            409,
            "Request_MultipleObjectsWithSameKeyValue",
            f"The service principal cannot be created, updated, or restored because the service principal name {app_id}"
            " is already in use.",
        )
    owners = validate_owners(tenant, request.object_body())
    document = add_service_principal(tenant, matches[0], properties)
    bind_owners(tenant, document["id"], owners)
    return GraphResponse(201, context_annotation(request, "servicePrincipals/$entity") | document)


def add_service_principal(tenant: Tenant, application: Json, properties: Json) -> Json:
    """Store a service principal with defaults for the missing properties, and return it."""
    document: Json = {
        "id": tenant.new_id("servicePrincipal"),
        "appDisplayName": application["displayName"],
        "appOwnerOrganizationId": tenant.stored_value(ORGANIZATION)["id"],
        "servicePrincipalNames": [application["appId"]],
        "oauth2PermissionScopes": application["api"].get("oauth2PermissionScopes", []),
        **{name: application[name] for name in _SHARED_PROPERTIES},
        **new_document(SERVICE_PRINCIPAL),
        **properties,
    }
    key = document["id"]
    tenant.documents.put(SERVICE_PRINCIPAL, key, document, hidden=tenant.switches.late_reads)
    tenant.delay(f"{subject}/{key}" for subject in _SYNC_SUBJECTS)
    return document


def update_service_principal(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    document = find_service_principal(tenant, request.path_parameters["sp"])
    changes = writable_properties(request.object_body())
    if "appRoles" in changes:
        raise bad_request("Property 'appRoles' of a service principal is changed on its application.")
    _validate_principal(changes)
    tenant.documents.put(SERVICE_PRINCIPAL, document["id"], document | changes)
    return NO_CONTENT


def _validate_principal(properties: Json) -> None:
    if not isinstance(properties.get("appRoleAssignmentRequired", False), bool):
        raise bad_request(
            "Invalid value specified for property 'appRoleAssignmentRequired' of resource 'ServicePrincipal'."
        )


def delete_service_principal(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    remove_service_principal(tenant, find_service_principal(tenant, request.path_parameters["sp"])["id"])
    return NO_CONTENT


def remove_service_principal(tenant: Tenant, key: str) -> None:
    """Delete a service principal with its assignments, secrets, jobs and schemas."""
    tenant.documents.remove(SERVICE_PRINCIPAL, key)
    remove_owners(tenant, key)
    tenant.store.run("DELETE FROM assignments WHERE resource_id = ? OR principal_id = ?", (key, key))
    tenant.store.run("DELETE FROM secrets WHERE resource_id = ?", (key,))
    for (job_id,) in tenant.store.rows("SELECT id FROM objects WHERE kind = 'job' AND parent = ?", (key,)):
        JobState(tenant.store, job_id).forget()
    tenant.store.run("DELETE FROM objects WHERE kind IN ('job', 'schema') AND parent = ?", (key,))


def find_service_principal(tenant: Tenant, key: str) -> Json:
    return _find(tenant, SERVICE_PRINCIPAL, key)


def principal_of(tenant: Tenant, app_id: str) -> Json | None:
    """Return the service principal of an application, or None."""
    matches = tenant.documents.all(SERVICE_PRINCIPAL, _equals("appId", app_id))
    return matches[0] if matches else None


def with_roles(tenant: Tenant, principal: Json) -> Json:
    """Return the service principal with the roles of its application, unless their replication is still delayed."""
    if not tenant.is_still_delayed(f"roles/{principal['id']}"):
        matches = tenant.documents.all(APPLICATION, _equals("appId", principal["appId"]))
        if matches and matches[0]["appRoles"] != principal["appRoles"]:
            principal = principal | {"appRoles": matches[0]["appRoles"]}
            tenant.documents.put(SERVICE_PRINCIPAL, principal["id"], principal)
    return principal


def _replicate(tenant: Tenant, principal: Json, changes: Json) -> None:
    if "appRoles" in changes:
        tenant.delay([f"roles/{principal['id']}"], max(tenant.switches.role_propagation, tenant.switches.late_reads))
    if "displayName" in changes:
        name = changes["displayName"]
        tenant.documents.put(
            SERVICE_PRINCIPAL, principal["id"], principal | {"displayName": name, "appDisplayName": name}
        )


def _replaced_roles(tenant: Tenant, sent: Any, application: Json, principal: Json | None) -> list[Json]:
    """Return the new roles of an application; delete the assignments to removed roles."""
    before = application["appRoles"]
    replicated = with_roles(tenant, principal)["appRoles"] if principal is not None else []
    if tenant.switches.role_disable == "immediate":
        replicated = []
    roles = validate_roles(sent, before, replicated, tenant.switches)
    if principal is not None and tenant.switches.role_deletion == "unassigns":
        removed = {role["id"] for role in before} - {role["id"] for role in roles}
        tenant.store.run_many(
            "DELETE FROM assignments WHERE resource_id = ? AND role_id = ?", ((principal["id"], key) for key in removed)
        )
    return roles


# ---- look-up --------------------------------------------------------------------------------------------------------


def _find(tenant: Tenant, kind: str, key: str) -> Json:
    match = _BY_APP_ID.match(key)
    if match:
        matches = tenant.documents.all(kind, _equals("appId", match["key"]))
        document = matches[0] if matches else None
    else:
        document = tenant.documents.get(kind, key)
    if document is None or not tenant.is_visible(kind, document["id"]):
        raise not_found(match["key"] if match else key)
    return document


def _equals(name: str, value: str) -> Condition:
    return Condition(f"{_PRINCIPAL_FILTERS[name].sql} = ?", (value,))
