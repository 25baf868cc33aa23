"""The control endpoints under `/_sandbox`: request journal, faults, switches, authorize, reset and state."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from scimconf.sandbox.directory.users_and_groups import ORGANIZATION
from scimconf.sandbox.engine.cycle import BusyError, UnknownJobError, job_ids, run_cycle
from scimconf.sandbox.faults import Fault, FaultError
from scimconf.sandbox.http_types import Json
from scimconf.sandbox.service import Service
from scimconf.sandbox.switches import SwitchError, table
from scimconf.sandbox.synchronization.connection import authorize, masked_secrets
from scimconf.sandbox.target.page import content_security_policy
from scimconf.sandbox.tenant import Tenant

PREFIX = "/_sandbox"
_DURATION = re.compile(r"P(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?)?", re.ASCII)
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
        Route(f"{PREFIX}/cycle", control.cycle, methods=["POST"]),
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

    async def cycle(self, request: Request) -> Response:
        """Run a cycle of one job, or of each started job that the engine drives; advance the clock before, by `after`."""
        body = await _body(request) or {}
        try:
            job_id = parse_cycle_request(self._service.tenant, body)
            ids = job_ids(self._service.tenant) if job_id is None else [job_id]
            summaries = [await run_cycle(self._service, key) for key in ids]
        except UnknownJobError as error:
            return _bad_request(ValueError(f"there is no job {str(error)!r}"))
        except ValueError as error:
            return _bad_request(error)
        except BusyError as error:
            return _busy(error)
        return JSONResponse({"value": [summary.document() for summary in summaries]})

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
        if self._service.running:
            return _busy(BusyError("A provisioning cycle is running."))
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


def parse_cycle_request(tenant: Tenant, body: Any) -> str | None:
    """Return the job of a request for a cycle, None for all; advance the clock by its `after`. Raise ValueError."""
    unknown = sorted(set(body) - {"job", "after"}) if isinstance(body, dict) else ["not an object"]
    if unknown:
        raise ValueError(f"expected an object with the keys job and after, got {unknown[0]!r}")
    job_id, after = body.get("job"), body.get("after")
    if job_id is not None and not isinstance(job_id, str):
        raise ValueError(f"'job' must be the id of a job, got {job_id!r}")
    if after is not None:
        seconds = tenant.switches.clock_offset_seconds + _seconds(after)
        tenant.switches = tenant.switches.changed({"clock_offset_seconds": seconds})
    return job_id


def _seconds(text: Any) -> int:
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None or not any(match.groups()):
        raise ValueError(f"'after' must be a duration such as PT40M or P1D, got {text!r}")
    days, hours, minutes, seconds = (int(group or 0) for group in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


async def _body(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except ValueError:
        return None


def _busy(error: BusyError) -> Response:
    return JSONResponse({"error": {"code": "SandboxBusy", "message": str(error)}}, status_code=409)


def _bad_request(error: Exception) -> Response:
    return _error(400, str(error))


def _error(status: int, message: str) -> Response:
    code = "SandboxBadRequest" if status == 400 else "SandboxNotFound"
    return JSONResponse({"error": {"code": code, "message": message}}, status_code=status)
