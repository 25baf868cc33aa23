"""The endpoints under `/_sandbox`: what Graph does not have, and a test or a person at a rehearsal needs."""

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
    """One route a resource; each answers GET and what it takes."""
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
                given = await _body(request)
                faults = [Fault.read(one) for one in (given if isinstance(given, list) else [given])]
            except FaultError as error:
                return _refused(error)
            for fault in faults:
                service.faults.arm(fault)
            return JSONResponse({"value": [fault.document() for fault in faults]}, status_code=201)
        return JSONResponse({"value": service.faults.documents()})

    return endpoint


def _switches(service: Service) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        if request.method == "PUT":
            given = await _body(request)
            try:
                if not isinstance(given, dict):
                    raise SwitchError("switches are an object of names and values")
                service.tenant.switches = service.tenant.switches.changed(given)
            except SwitchError as error:
                return _refused(error)
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
    """Everything in the tenant, secrets masked."""
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
        " WHERE ghost = 0 ORDER BY seq"
    )
    state["appRoleAssignments"] = [dict(zip(columns, row, strict=True)) for row in rows]
    state["secrets"] = {one["id"]: masked_secrets(tenant, one) for one in state["servicePrincipals"]}
    state["switches"] = tenant.switches.positions()
    return state


async def _body(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except ValueError:
        return None


def _refused(error: Exception) -> Response:
    return JSONResponse({"error": {"code": "SandboxBadRequest", "message": str(error)}}, status_code=400)
