"""The control endpoints under `/_sandbox`: request journal, faults, switches, reset and state."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from scimconf.sandbox.directory.users_and_groups import ORGANIZATION
from scimconf.sandbox.faults import Fault, FaultError
from scimconf.sandbox.http_types import Json
from scimconf.sandbox.service import Service
from scimconf.sandbox.switches import SwitchError, table
from scimconf.sandbox.synchronization.connection import masked_secrets

PREFIX = "/_sandbox"
_KINDS = {
    "users": "user",
    "groups": "group",
    "applications": "application",
    "servicePrincipals": "servicePrincipal",
    "jobs": "job",
    "schemas": "schema",
}
Endpoint = Callable[[Request], Awaitable[Response]]


def control_routes(service: Service) -> list[Route]:
    """Return the routes of the control endpoints."""
    return [
        Route(f"{PREFIX}/journal", _journal(service), methods=["GET", "DELETE"]),
        Route(f"{PREFIX}/faults", _faults(service), methods=["GET", "POST", "DELETE"]),
        Route(f"{PREFIX}/switches", _switches(service), methods=["GET", "PUT"]),
        Route(f"{PREFIX}/reset", _reset(service), methods=["POST"]),
        Route(f"{PREFIX}/state", _state(service), methods=["GET"]),
    ]


def _journal(service: Service) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        if request.method == "DELETE":
            service.journal.entries.clear()
            return Response(status_code=204)
        return JSONResponse({"value": service.journal.entries})

    return endpoint


def _faults(service: Service) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        if request.method == "DELETE":
            service.faults.clear()
            return Response(status_code=204)
        if request.method == "POST":
            try:
                body = await _body(request)
                faults = [Fault.read(document) for document in (body if isinstance(body, list) else [body])]
            except FaultError as error:
                return _bad_request(error)
            for fault in faults:
                service.faults.arm(fault)
            return JSONResponse({"value": [fault.document() for fault in faults]}, status_code=201)
        return JSONResponse({"value": service.faults.documents()})

    return endpoint


def _switches(service: Service) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        if request.method == "PUT":
            body = await _body(request)
            try:
                if not isinstance(body, dict):
                    raise SwitchError("expected an object of switch names and values")
                service.tenant.switches = service.tenant.switches.changed(body)
            except SwitchError as error:
                return _bad_request(error)
        positions = service.tenant.switches.positions()
        rows = [
            {
                "name": row.name,
                "value": positions[row.name],
                "default": row.default,
                "values": row.values,
                "fact": row.fact,
            }
            for row in table()
        ]
        return JSONResponse({"value": rows})

    return endpoint


def _reset(service: Service) -> Endpoint:
    async def endpoint(_request: Request) -> Response:
        service.reset()
        return Response(status_code=204)

    return endpoint


def _state(service: Service) -> Endpoint:
    async def endpoint(_request: Request) -> Response:
        return JSONResponse(dump(service))

    return endpoint


def dump(service: Service) -> Json:
    """Return everything in the tenant, with secrets masked."""
    tenant = service.tenant
    state: Json = {"organization": tenant.stored_value(ORGANIZATION)}
    for name, kind in _KINDS.items():
        state[name] = tenant.documents.all(kind)
    for group in state["groups"]:
        members = tenant.store.rows("SELECT member_id FROM members WHERE group_id = ? ORDER BY seq", (group["id"],))
        group["members"] = [member for (member,) in members]
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
    return JSONResponse({"error": {"code": "SandboxBadRequest", "message": str(error)}}, status_code=400)
