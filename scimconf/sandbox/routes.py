"""The table of routes: method, path, handler and required permissions.

An unknown path below `synchronization` is the 404 of the synchronization service. Any other unknown path is a 501 that
names it, so that nothing is made up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias
from urllib.parse import unquote

from scimconf.sandbox.data_files import read_data
from scimconf.sandbox.directory import (
    applications,
    assignments,
    audit_log,
    deleted_items,
    managers,
    owners,
    users_and_groups,
)
from scimconf.sandbox.engine import log
from scimconf.sandbox.http_types import (
    GraphRequest,
    GraphResponse,
    ResponseError,
    not_allowed,
    not_emulated,
    sync_path_not_found,
    sync_unauthorized,
)
from scimconf.sandbox.switches import Switches
from scimconf.sandbox.synchronization import jobs, on_demand, schemas, secrets
from scimconf.sandbox.synchronization.call import SyncCall
from scimconf.sandbox.tenant import Tenant

Handler: TypeAlias = Callable[[Tenant, GraphRequest], GraphResponse]
SyncHandler: TypeAlias = Callable[[SyncCall], GraphResponse]
_KEYED = re.compile(r"(?P<name>[A-Za-z]+)\((?P<key>.+)\)\Z")
_PERMISSIONS: dict[str, list[str]] = read_data("permissions.json")
"""What the caller needs for a request, by its name in the routes: one of the texts; `A+B` is both. Empty: nothing."""

_QUOTED = re.compile(r"'(?P<text>.*)'\Z")


@dataclass(frozen=True, slots=True)
class GraphRoute:
    """A method, the segments of a path (`{name}` matches any segment), the handler and the name of its permissions."""

    method: str
    pattern: tuple[str, ...]
    handler: Handler
    required: str
    call: str = ""
    """The method and path as in the table, by which the audit log knows the activity."""

    def match(self, segments: tuple[str, ...]) -> dict[str, str] | None:
        """Return the path parameters, or None if the path does not match."""
        if len(segments) != len(self.pattern):
            return None
        parameters: dict[str, str] = {}
        for expected, segment in zip(self.pattern, segments, strict=True):
            if expected.startswith("{") and not segment.startswith("$"):
                parameters[expected[1:-1]] = segment
            elif expected != segment.lower():
                return None
        return parameters


_SP = "/servicePrincipals/{sp}"
_SYNC = f"{_SP}/synchronization"
_JOB = f"{_SYNC}/jobs/{{job}}"
_TEMPLATE = f"{_SYNC}/templates/{{template}}"
_DIRECTORY_ROWS: tuple[tuple[str, Handler, str], ...] = (
    ("GET /organization", users_and_groups.list_organization, "read_organization"),
    ("GET /organization/{organization}", users_and_groups.get_organization, "read_organization"),
    ("GET /users", users_and_groups.list_users, "read_users"),
    ("POST /users", users_and_groups.create_user, "write_users"),
    ("GET /users/{user}", users_and_groups.get_user, "read_users"),
    ("PATCH /users/{user}", users_and_groups.update_user, "write_users"),
    ("DELETE /users/{user}", users_and_groups.delete_user, "write_users"),
    ("GET /users/{user}/manager", managers.get_manager, "read_managers"),
    ("PUT /users/{user}/manager/$ref", managers.put_manager, "write_users"),
    ("DELETE /users/{user}/manager/$ref", managers.remove_manager, "write_users"),
    ("GET /users/{user}/appRoleAssignments", assignments.list_of_principal, "read_applications"),
    ("POST /users/{user}/appRoleAssignments", assignments.create_of_principal, "assign"),
    ("GET /users/{user}/memberOf/microsoft.graph.group", users_and_groups.list_own_groups, "read_memberships"),
    (
        "GET /users/{user}/transitiveMemberOf/microsoft.graph.group",
        users_and_groups.list_all_groups,
        "read_memberships",
    ),
    ("GET /groups", users_and_groups.list_groups, "read_groups"),
    ("POST /groups", users_and_groups.create_group, "write_groups"),
    ("GET /groups/{group}", users_and_groups.get_group, "read_groups"),
    ("PATCH /groups/{group}", users_and_groups.update_group, "write_groups"),
    ("DELETE /groups/{group}", users_and_groups.delete_group, "write_groups"),
    ("GET /groups/{group}/members", users_and_groups.list_members, "read_members"),
    ("GET /groups/{group}/members/$count", users_and_groups.count_members, "read_members"),
    ("GET /groups/{group}/members/microsoft.graph.user", users_and_groups.list_member_users, "read_members"),
    ("GET /groups/{group}/members/microsoft.graph.group", users_and_groups.list_member_groups, "read_members"),
    ("GET /groups/{group}/transitiveMembers/microsoft.graph.user", users_and_groups.list_all_users, "read_members"),
    ("POST /groups/{group}/members/$ref", users_and_groups.add_member, "write_groups"),
    ("DELETE /groups/{group}/members/{member}/$ref", users_and_groups.remove_member, "write_groups"),
    ("GET /groups/{group}/appRoleAssignments", assignments.list_of_principal, "read_applications"),
    ("POST /groups/{group}/appRoleAssignments", assignments.create_of_principal, "assign"),
    ("POST /directoryObjects/getByIds", users_and_groups.get_by_ids, "read_directory"),
    ("GET /directory/deletedItems/microsoft.graph.user", deleted_items.list_deleted_users, "read_deleted_users"),
    ("GET /directory/deletedItems/microsoft.graph.group", deleted_items.list_deleted_groups, "read_deleted_groups"),
    ("GET /directory/deletedItems/{item}", deleted_items.get_deleted_item, "read_deleted_items"),
    ("POST /directory/deletedItems/{item}/restore", deleted_items.restore_item, "write_deleted_items"),
    ("DELETE /directory/deletedItems/{item}", deleted_items.purge_item, "write_deleted_items"),
    ("GET /auditLogs/provisioning", log.list_provisioning, "read_log"),
    ("GET /auditLogs/directoryAudits", audit_log.list_audits, "read_audit_log"),
    ("GET /applicationTemplates", applications.list_templates, "read_gallery"),
    ("GET /applicationTemplates/{template}", applications.get_template, "read_gallery"),
    ("POST /applicationTemplates/{template}/instantiate", applications.instantiate_template, "instantiate"),
    ("GET /applications", applications.list_applications, "read_applications"),
    ("POST /applications", applications.create_application, "write_applications"),
    ("GET /applications/{application}", applications.get_application, "read_applications"),
    ("PATCH /applications/{application}", applications.update_application, "write_applications"),
    ("DELETE /applications/{application}", applications.delete_application, "write_applications"),
    ("GET /servicePrincipals", applications.list_service_principals, "read_applications"),
    ("POST /servicePrincipals", applications.create_service_principal, "write_applications"),
    (f"GET {_SP}", applications.get_service_principal, "read_applications"),
    (f"PATCH {_SP}", applications.update_service_principal, "write_applications"),
    (f"DELETE {_SP}", applications.delete_service_principal, "write_applications"),
    (f"GET {_SP}/appRoleAssignedTo", assignments.list_assigned, "read_applications"),
    (f"POST {_SP}/appRoleAssignedTo", assignments.create_assigned, "assign"),
    (f"GET {_SP}/appRoleAssignedTo/{{assignment}}", assignments.get_assigned, "read_applications"),
    (f"PATCH {_SP}/appRoleAssignedTo/{{assignment}}", assignments.update_assigned, "none"),
    (f"DELETE {_SP}/appRoleAssignedTo/{{assignment}}", assignments.delete_assigned, "unassign"),
)
_OWNED: tuple[tuple[str, owners.FindOwned, str, str], ...] = (
    ("applications", applications.find_application, "read_applications", "write_applications"),
    ("servicePrincipals", applications.find_service_principal, "read_applications", "write_applications"),
    ("groups", users_and_groups.find_group, "read_members", "write_groups"),
)
_SYNC_ROWS: tuple[tuple[str, SyncHandler, str], ...] = (
    (f"GET {_SYNC}/secrets", secrets.get_secrets, "read_secrets"),
    (f"PUT {_SYNC}/secrets", secrets.put_secrets, "write_synchronization"),
    (f"GET {_SYNC}/secrets/$count", secrets.count_secrets, "read_synchronization"),
    (f"GET {_SYNC}/jobs/$count", jobs.count_jobs, "read_synchronization"),
    (f"GET {_SYNC}/templates/$count", jobs.count_templates, "read_synchronization"),
    (f"GET {_SYNC}/templates", jobs.list_templates, "read_synchronization"),
    (f"GET {_TEMPLATE}", jobs.get_template, "read_synchronization"),
    (f"GET {_TEMPLATE}/schema", schemas.get_schema, "read_synchronization"),
    (f"GET {_SYNC}/jobs", jobs.list_jobs, "read_synchronization"),
    (f"POST {_SYNC}/jobs", jobs.create_job, "write_synchronization"),
    (f"POST {_SYNC}/jobs/validateCredentials", secrets.validate_credentials, "write_synchronization"),
    (f"GET {_JOB}", jobs.get_job, "read_synchronization"),
    (f"PATCH {_JOB}", jobs.update_job, "write_synchronization"),
    (f"DELETE {_JOB}", jobs.delete_job, "write_synchronization"),
    (f"POST {_JOB}/start", jobs.start_job, "write_synchronization"),
    (f"POST {_JOB}/pause", jobs.pause_job, "write_synchronization"),
    (f"POST {_JOB}/restart", jobs.restart_job, "write_synchronization"),
    (f"POST {_JOB}/provisionOnDemand", on_demand.provision_on_demand, "write_synchronization"),
    (f"POST {_JOB}/bulkUpload", jobs.bulk_upload, "write_synchronization"),
    (f"POST {_SYNC}/acquireAccessToken", jobs.acquire_access_token, "write_synchronization"),
    (f"POST {_JOB}/validateCredentials", secrets.validate_credentials, "write_synchronization"),
    (f"GET {_JOB}/schema", schemas.get_schema, "read_synchronization"),
    (f"PUT {_JOB}/schema", schemas.put_schema, "write_synchronization"),
    (f"DELETE {_JOB}/schema", schemas.delete_schema, "write_synchronization"),
    (f"PATCH {_JOB}/schema", schemas.patch_schema, "write_synchronization"),
)
_SCHEMA_CALLS: tuple[tuple[str, str, SyncHandler], ...] = (
    ("GET", "functions", schemas.list_functions),
    ("GET", "filterOperators", schemas.list_operators),
    ("POST", "parseExpression", schemas.parse_expression),
)


def _routes(rows: Iterable[tuple[str, Handler, str]]) -> Iterator[GraphRoute]:
    for call, handler, required in rows:
        method, path = call.split(" ", 1)
        pattern = tuple(part if part.startswith("{") else part.lower() for part in path.strip("/").split("/"))
        yield GraphRoute(method, pattern, handler, required, call)


def _sync_routes(rows: Iterable[tuple[str, SyncHandler, str]]) -> Iterator[GraphRoute]:
    return _routes((call, partial(_handle_sync, handler), required) for call, handler, required in rows)


def _handle_sync(handler: SyncHandler, tenant: Tenant, request: GraphRequest) -> GraphResponse:
    return handler(SyncCall.of(tenant, request))


def _owner_rows() -> Iterator[tuple[str, Handler, str]]:
    for name, find, reading, writing in _OWNED:
        path = f"/{name}/{{owned}}/owners"
        yield f"GET {path}", partial(owners.list_owners, find), reading
        yield f"POST {path}/$ref", partial(owners.add_owner, find), writing
        yield f"DELETE {path}/{{owner}}/$ref", partial(owners.remove_owner, find), writing


def _schema_rows() -> Iterator[tuple[str, SyncHandler, str]]:
    for owner in (_JOB, _TEMPLATE):
        yield f"GET {owner}/schema/directories", schemas.list_directories, "read_synchronization"
        yield f"GET {owner}/schema/directories/$count", schemas.count_directories, "read_synchronization"
        yield f"GET {owner}/schema/directories/{{directory}}", schemas.get_directory, "read_synchronization"
        yield f"POST {owner}/schema/directories/{{directory}}/discover", schemas.discover, "discover"
        for method, name, handler in _SCHEMA_CALLS:
            for spelling in (name, f"{name}()", f"microsoft.graph.{name}()", f"microsoft.graph.{name}"):
                yield f"{method} {owner}/schema/{spelling}", handler, "write_synchronization"


ROUTES = (
    *_routes((*_DIRECTORY_ROWS, *_owner_rows())),
    *_sync_routes((*_SYNC_ROWS, *_schema_rows())),
)


def path_segments(raw_path: str) -> tuple[str, ...]:
    """Return the decoded segments of a path; `things('key')` and `things(name='key')` are two segments."""
    segments: list[str] = []
    for part in raw_path.strip("/").split("/"):
        segment = unquote(part)
        keyed = _KEYED.match(segment)
        if keyed and not segments:
            quoted = _QUOTED.match(keyed["key"])
            segments += [keyed["name"], quoted["text"] if quoted else f"({keyed['key']})"]
        else:
            segments.append(segment)
    return tuple(segments)


def dispatch(tenant: Tenant, request: GraphRequest, permissions: frozenset[str] | None) -> GraphResponse:
    """Return the response to a request; `permissions` are those of the caller, None for all. Raise ResponseError."""
    path_exists = False
    for route in ROUTES:
        parameters = route.match(request.segments)
        if parameters is None:
            continue
        if route.method == request.method:
            _check_permissions(tenant, route, permissions, is_sync=is_synchronization(request))
            return _handle(tenant, route, request.with_route(parameters, permissions))
        path_exists = True
    raise _no_route(request, path_exists=path_exists)


def _handle(tenant: Tenant, route: GraphRoute, request: GraphRequest) -> GraphResponse:
    """Return the response of a handler; a successful change of an application becomes an event of the audit log."""
    if route.call not in audit_log.ACTIVITIES:
        return route.handler(tenant, request)
    subject = audit_log.subject_of(tenant, audit_log.ACTIVITIES[route.call][0], request)
    response = route.handler(tenant, request)
    audit_log.record(tenant, route.call, request, subject, response.body)
    return response


def _check_permissions(tenant: Tenant, route: GraphRoute, permissions: frozenset[str] | None, *, is_sync: bool) -> None:
    required = [set(text.split("+")) for text in _PERMISSIONS[_required(tenant.switches, route.required)]]
    if permissions is None or not required or any(names <= permissions for names in required):
        return
    if is_sync:
        raise sync_unauthorized()
    if route.required == "read_audit_log":
        message = "Calling principal does not have required MSGraph permissions AuditLog.Read.All"
        raise ResponseError(403, "Authentication_MSGraphPermissionMissing", message)
    raise ResponseError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def _required(switches: Switches, name: str) -> str:
    """Return the name of the required permissions, which for some requests is a switch."""
    if name == "read_secrets" and switches.secrets_read_permission == "readwrite":
        return "write_synchronization"
    if name == "read_gallery" and switches.gallery_permission == "required":
        return "read_applications"
    if name == "read_organization" and switches.organization_permission == "not_required":
        return "none"
    return name


def is_synchronization(request: GraphRequest) -> bool:
    """Return whether Graph forwards a request to the synchronization service."""
    return len(request.segments) > 2 and request.segments[2].lower() == "synchronization"


def _no_route(request: GraphRequest, *, path_exists: bool) -> ResponseError:
    if is_synchronization(request):
        return sync_path_not_found(request.path)
    return not_allowed() if path_exists else not_emulated(f"{request.method} {request.path}")
