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

from scimconf.sandbox.directory import applications, assignments, owners, users_and_groups
from scimconf.sandbox.http_types import (
    GraphRequest,
    GraphResponse,
    ResponseError,
    not_allowed,
    not_emulated,
    sync_path_not_found,
    sync_unauthorized,
)
from scimconf.sandbox.synchronization import directories, jobs, on_demand, schemas, secrets
from scimconf.sandbox.tenant import Tenant

Handler: TypeAlias = Callable[[Tenant, GraphRequest], GraphResponse]
PermissionSets: TypeAlias = tuple[
    frozenset[str], ...
]  # the caller needs all permissions of one set; no set is no requirement

_KEYED = re.compile(r"(?P<name>[A-Za-z]+)\((?P<key>.+)\)\Z")
_QUOTED = re.compile(r"'(?P<text>.*)'\Z")


def _any_of(text: str) -> PermissionSets:
    """Parse `A B+C`: either A, or both B and C."""
    return tuple(frozenset(names.split("+")) for names in text.split())


_NOT_REQUIRED: PermissionSets = ()
_ORGANIZATION = _any_of("Organization.Read.All Organization.ReadWrite.All Directory.Read.All Directory.ReadWrite.All")
_READ_APPLICATIONS = _any_of(
    "Application.Read.All Application.ReadWrite.OwnedBy Application.ReadWrite.All Directory.Read.All"
    " Directory.ReadWrite.All"
)
_WRITE_APPLICATIONS = _any_of("Application.ReadWrite.OwnedBy Application.ReadWrite.All")
_INSTANTIATE = _any_of("Application.ReadWrite.OwnedBy Application.ReadWrite.All Directory.ReadWrite.All")
_ASSIGN = _any_of(
    "AppRoleAssignment.ReadWrite.All+Application.Read.All AppRoleAssignment.ReadWrite.All+Directory.Read.All"
    " Application.ReadWrite.All"
)
_UNASSIGN = _any_of("AppRoleAssignment.ReadWrite.All Application.ReadWrite.All")
_READ_USERS = _any_of("User.ReadBasic.All User.Read.All User.ReadWrite.All Directory.Read.All Directory.ReadWrite.All")
_WRITE_USERS = _any_of("User.ReadWrite.All Directory.ReadWrite.All")
_READ_GROUPS = _any_of(
    "Group.ReadBasic.All GroupMember.Read.All Group.Read.All Group.ReadWrite.All Directory.Read.All"
    " Directory.ReadWrite.All"
)
_READ_MEMBERS = _any_of("GroupMember.Read.All Group.Read.All Group.ReadWrite.All Directory.Read.All")
_WRITE_GROUPS = _any_of("Group.ReadWrite.All Directory.ReadWrite.All")
_DIRECTORY = _any_of("Directory.Read.All Directory.ReadWrite.All")
_SYNC_READ = _any_of("Application.ReadWrite.OwnedBy Synchronization.Read.All Synchronization.ReadWrite.All")
_SYNC_WRITE = _any_of("Application.ReadWrite.OwnedBy Synchronization.ReadWrite.All")
_DISCOVER = _any_of("Application.ReadWrite.OwnedBy Directory.ReadWrite.All")
_READ_LOG = _any_of("ProvisioningLog.Read.All AuditLog.Read.All Directory.Read.All")


@dataclass(frozen=True, slots=True)
class GraphRoute:
    """A method, the segments of a path (`{name}` matches any segment), the handler and the required permissions."""

    method: str
    pattern: tuple[str, ...]
    handler: Handler
    required: PermissionSets

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
_DIRECTORY_ROWS: tuple[tuple[str, Handler, PermissionSets], ...] = (
    ("GET /organization", users_and_groups.list_organization, _ORGANIZATION),
    ("GET /organization/{organization}", users_and_groups.get_organization, _ORGANIZATION),
    ("GET /users", users_and_groups.list_users, _READ_USERS),
    ("POST /users", users_and_groups.create_user, _WRITE_USERS),
    ("GET /users/{user}", users_and_groups.get_user, _READ_USERS),
    ("PATCH /users/{user}", users_and_groups.update_user, _WRITE_USERS),
    ("DELETE /users/{user}", users_and_groups.delete_user, _WRITE_USERS),
    ("GET /users/{user}/manager", users_and_groups.get_manager, _READ_USERS),
    ("GET /users/{user}/appRoleAssignments", assignments.list_of_user, _READ_APPLICATIONS),
    ("POST /users/{user}/appRoleAssignments", assignments.create_of_user, _ASSIGN),
    ("GET /groups", users_and_groups.list_groups, _READ_GROUPS),
    ("POST /groups", users_and_groups.create_group, _WRITE_GROUPS),
    ("GET /groups/{group}", users_and_groups.get_group, _READ_GROUPS),
    ("PATCH /groups/{group}", users_and_groups.update_group, _WRITE_GROUPS),
    ("DELETE /groups/{group}", users_and_groups.delete_group, _WRITE_GROUPS),
    ("GET /groups/{group}/members", users_and_groups.list_members, _READ_MEMBERS),
    ("GET /groups/{group}/members/$count", users_and_groups.count_members, _READ_MEMBERS),
    ("GET /groups/{group}/members/microsoft.graph.user", users_and_groups.list_member_users, _READ_MEMBERS),
    ("POST /groups/{group}/members/$ref", users_and_groups.add_member, _WRITE_GROUPS),
    ("DELETE /groups/{group}/members/{member}/$ref", users_and_groups.remove_member, _WRITE_GROUPS),
    ("GET /groups/{group}/appRoleAssignments", assignments.list_of_group, _READ_APPLICATIONS),
    ("POST /groups/{group}/appRoleAssignments", assignments.create_of_group, _ASSIGN),
    ("POST /directoryObjects/getByIds", users_and_groups.get_by_ids, _DIRECTORY),
    ("GET /auditLogs/provisioning", users_and_groups.list_provisioning, _READ_LOG),
    ("GET /applicationTemplates", applications.list_templates, _NOT_REQUIRED),
    ("GET /applicationTemplates/{template}", applications.get_template, _NOT_REQUIRED),
    ("POST /applicationTemplates/{template}/instantiate", applications.instantiate_template, _INSTANTIATE),
    ("GET /applications", applications.list_applications, _READ_APPLICATIONS),
    ("POST /applications", applications.create_application, _WRITE_APPLICATIONS),
    ("GET /applications/{application}", applications.get_application, _READ_APPLICATIONS),
    ("PATCH /applications/{application}", applications.update_application, _WRITE_APPLICATIONS),
    ("DELETE /applications/{application}", applications.delete_application, _WRITE_APPLICATIONS),
    ("GET /servicePrincipals", applications.list_service_principals, _READ_APPLICATIONS),
    ("POST /servicePrincipals", applications.create_service_principal, _WRITE_APPLICATIONS),
    (f"GET {_SP}", applications.get_service_principal, _READ_APPLICATIONS),
    (f"PATCH {_SP}", applications.update_service_principal, _WRITE_APPLICATIONS),
    (f"DELETE {_SP}", applications.delete_service_principal, _WRITE_APPLICATIONS),
    (f"GET {_SP}/appRoleAssignedTo", assignments.list_assigned, _READ_APPLICATIONS),
    (f"POST {_SP}/appRoleAssignedTo", assignments.create_assigned, _ASSIGN),
    (f"GET {_SP}/appRoleAssignedTo/{{assignment}}", assignments.get_assigned, _READ_APPLICATIONS),
    (f"PATCH {_SP}/appRoleAssignedTo/{{assignment}}", assignments.update_assigned, _NOT_REQUIRED),
    (f"DELETE {_SP}/appRoleAssignedTo/{{assignment}}", assignments.delete_assigned, _UNASSIGN),
)
_OWNER_PATHS: tuple[tuple[str, owners.FindOwned, PermissionSets, PermissionSets], ...] = (
    ("/applications/{application}", applications.application_of_request, _READ_APPLICATIONS, _WRITE_APPLICATIONS),
    (_SP, applications.service_principal_of_request, _READ_APPLICATIONS, _WRITE_APPLICATIONS),
    ("/groups/{group}", users_and_groups.group_of_request, _READ_MEMBERS, _WRITE_GROUPS),
)
_SYNC_ROWS: tuple[tuple[str, Handler, PermissionSets], ...] = (
    (f"GET {_SYNC}/secrets", secrets.get_secrets, _SYNC_READ),
    (f"PUT {_SYNC}/secrets", secrets.put_secrets, _SYNC_WRITE),
    (f"GET {_SYNC}/secrets/$count", secrets.count_secrets, _SYNC_READ),
    (f"GET {_SYNC}/jobs/$count", jobs.count_jobs, _SYNC_READ),
    (f"GET {_SYNC}/templates/$count", jobs.count_templates, _SYNC_READ),
    (f"GET {_SYNC}/templates", jobs.list_templates, _SYNC_READ),
    (f"GET {_TEMPLATE}", jobs.get_template, _SYNC_READ),
    (f"GET {_TEMPLATE}/schema", schemas.get_template_schema, _SYNC_READ),
    (f"GET {_SYNC}/jobs", jobs.list_jobs, _SYNC_READ),
    (f"POST {_SYNC}/jobs", jobs.create_job, _SYNC_WRITE),
    (f"POST {_SYNC}/jobs/validateCredentials", secrets.validate_for_template, _SYNC_WRITE),
    (f"GET {_JOB}", jobs.get_job, _SYNC_READ),
    (f"PATCH {_JOB}", jobs.update_job, _SYNC_WRITE),
    (f"DELETE {_JOB}", jobs.delete_job, _SYNC_WRITE),
    (f"POST {_JOB}/start", jobs.start_job, _SYNC_WRITE),
    (f"POST {_JOB}/pause", jobs.pause_job, _SYNC_WRITE),
    (f"POST {_JOB}/restart", jobs.restart_job, _SYNC_WRITE),
    (f"POST {_JOB}/provisionOnDemand", on_demand.provision_on_demand, _SYNC_WRITE),
    (f"POST {_JOB}/bulkUpload", directories.bulk_upload, _SYNC_WRITE),
    (f"POST {_SYNC}/acquireAccessToken", directories.acquire_access_token, _SYNC_WRITE),
    (f"POST {_JOB}/validateCredentials", secrets.validate_for_job, _SYNC_WRITE),
    (f"GET {_JOB}/schema", schemas.get_job_schema, _SYNC_READ),
    (f"PUT {_JOB}/schema", schemas.put_job_schema, _SYNC_WRITE),
    (f"DELETE {_JOB}/schema", schemas.delete_job_schema, _SYNC_WRITE),
    (f"PATCH {_JOB}/schema", schemas.patch_job_schema, _SYNC_WRITE),
)
_SCHEMA_CALLS: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "functions", schemas.list_functions),
    ("GET", "filterOperators", schemas.list_operators),
    ("POST", "parseExpression", schemas.parse_expression),
)


def _routes(rows: Iterable[tuple[str, Handler, PermissionSets]]) -> Iterator[GraphRoute]:
    for call, handler, required in rows:
        method, path = call.split(" ", 1)
        pattern = tuple(part if part.startswith("{") else part.lower() for part in path.strip("/").split("/"))
        yield GraphRoute(method, pattern, handler, required)


def _owner_rows() -> Iterator[tuple[str, Handler, PermissionSets]]:
    for path, find, reading, writing in _OWNER_PATHS:
        yield f"GET {path}/owners", partial(owners.list_owners, find), reading
        yield f"POST {path}/owners/$ref", partial(owners.add_owner, find), writing
        yield f"DELETE {path}/owners/{{owner}}/$ref", partial(owners.remove_owner, find), writing


def _schema_rows() -> Iterator[tuple[str, Handler, PermissionSets]]:
    for owner in (_JOB, _TEMPLATE):
        yield f"GET {owner}/schema/directories", directories.list_directories, _SYNC_READ
        yield f"GET {owner}/schema/directories/$count", directories.count_directories, _SYNC_READ
        yield f"GET {owner}/schema/directories/{{directory}}", directories.get_directory, _SYNC_READ
        yield f"POST {owner}/schema/directories/{{directory}}/discover", directories.discover, _DISCOVER
        for method, name, handler in _SCHEMA_CALLS:
            for spelling in (name, f"{name}()", f"microsoft.graph.{name}()", f"microsoft.graph.{name}"):
                yield f"{method} {owner}/schema/{spelling}", handler, _SYNC_WRITE


ROUTES = (*_routes(_DIRECTORY_ROWS), *_routes(_owner_rows()), *_routes(_SYNC_ROWS), *_routes(_schema_rows()))


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
            return route.handler(tenant, request.with_route(parameters, permissions))
        path_exists = True
    raise _no_route(request, path_exists=path_exists)


def _check_permissions(tenant: Tenant, route: GraphRoute, permissions: frozenset[str] | None, *, is_sync: bool) -> None:
    required = _required_permissions(tenant, route)
    if permissions is None or not required or any(names <= permissions for names in required):
        return
    if is_sync:
        raise sync_unauthorized()
    raise ResponseError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def _required_permissions(tenant: Tenant, route: GraphRoute) -> PermissionSets:
    """Return the required permissions of a route, which for some routes is a switch."""
    if route.handler is secrets.get_secrets and tenant.switches.secrets_read_permission == "readwrite":
        return _SYNC_WRITE
    gallery = (applications.list_templates, applications.get_template)
    if route.handler in gallery and tenant.switches.gallery_permission == "required":
        return _READ_APPLICATIONS
    if route.required is _ORGANIZATION and tenant.switches.organization_permission == "not_required":
        return _NOT_REQUIRED
    return route.required


def is_synchronization(request: GraphRequest) -> bool:
    """Return whether Graph forwards a request to the synchronization service."""
    return len(request.segments) > 2 and request.segments[2].lower() == "synchronization"


def _no_route(request: GraphRequest, *, path_exists: bool) -> ResponseError:
    if is_synchronization(request):
        return sync_path_not_found(request.path)
    return not_allowed() if path_exists else not_emulated(f"{request.method} {request.path}")
