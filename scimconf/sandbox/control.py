"""The control endpoints under `/_sandbox`: request journal, faults, switches, authorize, reset and state."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from scimconf.sandbox.directory.users_and_groups import ORGANIZATION
from scimconf.sandbox.faults import Fault, FaultError
from scimconf.sandbox.http_types import Json
from scimconf.sandbox.service import Service
from scimconf.sandbox.switches import SwitchError, table
from scimconf.sandbox.synchronization.connection import authorize, masked_secrets
from scimconf.sandbox.target.page import content_security_policy

PREFIX = "/_sandbox"
_KINDS = {
    "users": "user",
    "groups": "group",
    "deletedUsers": "deletedUser",
    "deletedGroups": "deletedGroup",
    "applications": "application",
    "servicePrincipals": "servicePrincipal",
    "jobs": "job",
    "schemas": "schema",
}


def control_routes(service: Service) -> list[Route]:
    control = _Control(service)
    return [
        Route(f"{PREFIX}/journal", control.journal, methods=["GET", "DELETE"]),
        Route(f"{PREFIX}/faults", control.faults, methods=["GET", "POST", "DELETE"]),
        Route(f"{PREFIX}/switches", control.switches, methods=["GET", "PUT"]),
        Route(f"{PREFIX}/authorize", control.authorize, methods=["POST"]),
        Route(f"{PREFIX}/reset", control.reset, methods=["POST"]),
        Route(f"{PREFIX}/state", control.state, methods=["GET"]),
        Route(f"{PREFIX}/target", control.target, methods=["GET"]),
    ]


class _Control:
    """The control endpoints of a service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def journal(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._service.journal.entries.clear()
            return Response(status_code=204)
        return JSONResponse({"value": self._service.journal.entries})

    async def faults(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._service.faults.clear()
            return Response(status_code=204)
        if request.method == "POST":
            try:
                body = await _body(request)
                faults = [Fault.read(document) for document in (body if isinstance(body, list) else [body])]
            except FaultError as error:
                return _bad_request(error)
            for fault in faults:
                self._service.faults.arm(fault)
            return JSONResponse({"value": [fault.document() for fault in faults]}, status_code=201)
        return JSONResponse({"value": self._service.faults.documents()})

    async def switches(self, request: Request) -> Response:
        tenant = self._service.tenant
        if request.method == "PUT":
            body = await _body(request)
            try:
                if not isinstance(body, dict):
                    raise SwitchError("expected an object of switch names and values")
                tenant.switches = tenant.switches.changed(body)
            except SwitchError as error:
                return _bad_request(error)
        positions = tenant.switches.positions()
        return JSONResponse({"value": [asdict(row) | {"value": positions[row.name]} for row in table()]})

    async def authorize(self, request: Request) -> Response:
        body = await _body(request)
        name = body.get("application") if isinstance(body, dict) else None
        principals = self._service.tenant.documents.all("servicePrincipal")
        matches = [principal for principal in principals if name in (principal["id"], principal["displayName"])]
        if len(matches) != 1:
            return _bad_request(ValueError(f"expected the id or name of one application, got {name!r}"))
        authorize(self._service.tenant, matches[0]["id"])
        return Response(status_code=204)

    async def reset(self, _request: Request) -> Response:
        self._service.reset()
        return Response(status_code=204)

    async def state(self, _request: Request) -> Response:
        return JSONResponse(dump(self._service))

    async def target(self, request: Request) -> Response:
        """Return the users and groups of the target: as a page for a browser, else as JSON."""
        view = self._service.target
        if view is None:
            return _error(404, "The sandbox has no target. Start it with --target tolerant")
        if "text/html" not in request.headers.get("accept", ""):
            return JSONResponse(view.document())
        return HTMLResponse(view.page(), headers={"content-security-policy": content_security_policy()})


def dump(service: Service) -> Json:
    """Return everything in the tenant, with secrets masked."""
    tenant = service.tenant
    state: Json = {"organization": tenant.stored_value(ORGANIZATION)}
    for name, kind in _KINDS.items():
        state[name] = tenant.documents.all(kind)
    for group in state["groups"]:
        members = tenant.store.rows("SELECT member_id FROM members WHERE group_id = ? ORDER BY seq", (group["id"],))
        group["members"] = [member for (member,) in members]
    managers = dict(tenant.store.rows("SELECT group_id, member_id FROM members WHERE group_id LIKE 'manager/%'"))
    for user in state["users"]:
        user["manager"] = managers.get(f"manager/{user['id']}")
    columns = ("id", "resourceId", "appRoleId", "principalId", "principalType", "principalDisplayName")
    rows = tenant.store.rows(
        "SELECT id, resource_id, role_id, principal_id, principal_type, principal_name FROM assignments"
        " WHERE stale_reads = 0 ORDER BY seq"
    )
    state["appRoleAssignments"] = [dict(zip(columns, row, strict=True)) for row in rows]
    state["secrets"] = {principal["id"]: masked_secrets(tenant, principal) for principal in state["servicePrincipals"]}
    state["switches"] = tenant.switches.positions()
    return state


async def _body(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except ValueError:
        return None


def _bad_request(error: Exception) -> Response:
    return _error(400, str(error))


def _error(status: int, message: str) -> Response:
    code = "SandboxBadRequest" if status == 400 else "SandboxNotFound"
    return JSONResponse({"error": {"code": code, "message": message}}, status_code=status)
