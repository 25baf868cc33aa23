"""A tenant in this process whose provisioning cycles send their requests to the endpoint that is checked.

Time is simulated: each cycle is 40 minutes after the one before, as in the service. What the cycles create is recorded,
so that it is deleted at the end of the run.
"""

from __future__ import annotations

import json
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

from scimconf.check_report import Exchange
from scimconf.json_types import Json
from scimconf.rehearsal.endpoint.context import CheckContext, id_of, recorded_body, require
from scimconf.sandbox.engine.cycle import run_cycle
from scimconf.sandbox.reach import Reach
from scimconf.sandbox.server import create_app
from scimconf.sandbox.service import Service

APPLICATION = "Checked application"
Result = TypeVar("Result")
FLAG = "?aadOptscim062020"
CYCLE_SECONDS = 2_400
_ROLE = "User"


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantContent:
    """Users by their names, and one group with its members if it has a name; what is `assigned` has the role User."""

    users: Sequence[str]
    group: str = ""
    members: Sequence[str] = ()
    assigned: Sequence[str]

    def document(self, context: CheckContext) -> Mapping[str, Json]:
        """Return the description of a tenant with one application, whose started job has the endpoint of the context."""
        connection = context.client.connection
        address = connection.base_address + ("" if context.dialect.is_legacy else FLAG)
        groups = [{"id": str(uuid4()), "displayName": self.group, "members": list(self.members)}] if self.group else []
        application = {
            "displayName": APPLICATION,
            "assignments": [{("user" if "@" in name else "group"): name, "role": _ROLE} for name in self.assigned],
            "secrets": {"BaseAddress": address, "SecretToken": connection.token, "SyncAll": "false"},
            "jobs": [{"template": "scim", "state": "Active"}],
        }
        return {
            "base": "empty",
            "organization": {"verifiedDomains": [{"name": context.settings.domain, "isDefault": True}]},
            "users": [_user(name) for name in self.users],
            "groups": groups,
            "applications": [application],
        }


class EntraTenant:
    """A tenant with one application and a started job."""

    def __init__(self, context: CheckContext, content: TenantContent) -> None:
        self._context = context
        self._base = context.client.connection.base_address
        self._app = create_app(content.document(context), switches=_switches(context))
        self._service: Service = self._app.state.service
        host = urlsplit(self._base).netloc.lower()
        self._service.tenant.reach = Reach(hosts=frozenset({host}))
        self._ids = {row["userPrincipalName"]: row["id"] for row in self._documents("user")}
        self._ids |= {row["displayName"]: row["id"] for row in self._documents("group")}
        principals = self._documents("servicePrincipal")
        (self._principal,) = [row["id"] for row in principals if row["displayName"] == APPLICATION]
        (self._job,) = [row["id"] for row in self._documents("job")]
        self._read_entries = 0
        self._unanswered: set[str] = set()

    # --- cycles -----------------------------------------------------------------------------------------------------

    def cycle(self) -> list[Mapping[str, Any]]:
        """Run one provisioning cycle, and return its entries of the provisioning log."""
        tenant = self._service.tenant
        seconds = tenant.switches.clock_offset_seconds + CYCLE_SECONDS
        tenant.switches = tenant.switches.changed({"clock_offset_seconds": seconds})
        summary = self._sending(run_cycle(self._service, self._job))
        require(not summary.skipped, f"the provisioning job stopped: {summary.skipped}")
        return list(summary.entries)

    def _sending(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run work that may create each user and the group; record what it sent, also after an interrupt."""
        for endpoint, attribute, name in self._names():
            self._context.resources.before_creation(endpoint, attribute, name)
        try:
            result = self._context.client.run(work)
        finally:
            self._record()
        for endpoint, _, name in self._names():
            if name not in self._unanswered:
                self._context.resources.refused(endpoint, name, could_exist=False)
        return result

    def _names(self) -> list[tuple[str, str, str]]:
        """Return endpoint, attribute and value of the name of each user and of the group."""
        users = [("/Users", "userName", str(row["userPrincipalName"])) for row in self._documents("user")]
        return [*users, *(("/Groups", "displayName", str(row["displayName"])) for row in self._documents("group"))]

    def require_logged(self, action: str, name: str, entries: Sequence[Mapping[str, Any]]) -> None:
        """Require that the log has an action on an object that succeeded, and no failure of it."""
        statuses = []
        for entry in entries:
            if entry["sourceIdentity"]["displayName"] == name:
                status = entry["provisioningStatusInfo"]
                require(status["status"] != "failure", f"the log has a failure: {self._failure(status)}")
                statuses.append(str(entry["provisioningAction"]).lower())
        require(action in statuses, f"the log has {', '.join(statuses) or 'no entry'} instead of {action}")

    def _failure(self, status: Mapping[str, Any]) -> str:
        """Return the error code of a failure, with the request that the endpoint refused."""
        refused = [exchange for exchange in self._context.exchanges if exchange.response[:1] not in ("2", "1")]
        request = f" after {refused[-1].request} → {refused[-1].response}" if refused else ""
        return f"{(status.get('errorInformation') or {}).get('errorCode')}{request}"

    def on_demand(self, name: str, kind: str) -> str:
        """Provision an object on demand, and return the result: Success, Failure or Skipped."""
        schema = self.graph("GET", f"{self._sync}/jobs/{self._job}/schema")
        rule = schema["synchronizationRules"][0]["id"]
        subjects = [{"objectId": self._ids[name], "objectTypeName": kind}]
        body = {"parameters": [{"ruleId": rule, "subjects": subjects}]}
        response = self._sending(self._graph("POST", f"{self._sync}/jobs/{self._job}/provisionOnDemand", body))
        return str(json.loads(response["key"])["result"])

    # --- changes in the tenant --------------------------------------------------------------------------------------

    def change(self, name: str, **properties: Json) -> None:
        kind = "users" if "@" in name else "groups"
        self.graph("PATCH", f"/{kind}/{self._ids[name]}", properties)

    def purge(self, name: str) -> None:
        """Delete a user permanently."""
        self.graph("DELETE", f"/users/{self._ids[name]}")
        self.graph("DELETE", f"/directory/deletedItems/{self._ids[name]}")

    def delete_group(self, name: str) -> None:
        self.graph("DELETE", f"/groups/{self._ids[name]}")

    def set_manager(self, name: str, manager: str) -> None:
        """Set the manager of a user, or remove it if `manager` is empty."""
        path = f"/users/{self._ids[name]}/manager/$ref"
        if manager:
            self.graph("PUT", path, {"@odata.id": f"https://graph.microsoft.com/v1.0/users/{self._ids[manager]}"})
        else:
            self.graph("DELETE", path)

    def add_member(self, group: str, name: str) -> None:
        reference = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{self._ids[name]}"}
        self.graph("POST", f"/groups/{self._ids[group]}/members/$ref", reference)

    def remove_member(self, group: str, name: str) -> None:
        self.graph("DELETE", f"/groups/{self._ids[group]}/members/{self._ids[name]}/$ref")

    def assign(self, name: str) -> None:
        principal = self.graph("GET", f"/servicePrincipals/{self._principal}")
        (role,) = [role["id"] for role in principal["appRoles"] if role["displayName"] == _ROLE]
        body = {"principalId": self._ids[name], "resourceId": self._principal, "appRoleId": role}
        self.graph("POST", f"/servicePrincipals/{self._principal}/appRoleAssignedTo", body)

    def unassign(self, name: str) -> None:
        path = f"/servicePrincipals/{self._principal}/appRoleAssignedTo"
        for row in self.graph("GET", path)["value"]:
            if row["principalId"] == self._ids[name]:
                self.graph("DELETE", f"{path}/{row['id']}")

    def graph(self, method: str, path: str, body: Json = None) -> Any:
        """Send a request to the tenant, and return the body of the response, which must be a success."""
        return self._context.client.run(self._graph(method, path, body))

    async def _graph(self, method: str, path: str, body: Json = None) -> Any:
        status, content = await _call(self._app, method, f"/v1.0{path}", body)
        assert status < 300, f"{method} {path} answered {status}"
        return json.loads(content) if content else None

    @property
    def _sync(self) -> str:
        return f"/servicePrincipals/{self._principal}/synchronization"

    def _documents(self, kind: str) -> list[dict[str, Any]]:
        return list(self._service.tenant.documents.all(kind))

    # --- what was sent ----------------------------------------------------------------------------------------------

    def _record(self) -> None:
        """Add the requests of a cycle to the exchanges of the check, and what they created to the resources."""
        entries = [entry for entry in self._service.journal.entries[self._read_entries :] if entry.get("sent")]
        self._read_entries = len(self._service.journal.entries)
        self._context.client.count(len(entries), silent=sum(entry["status"] is None for entry in entries))
        for entry in entries:
            path = str(entry["path"]).removeprefix(self._base)
            query = f"?{urlencode(entry['query'])}" if entry["query"] else ""
            mask = self._context.mask
            line, sent, received = mask.text(f"{entry['method']} {path}{query}"), entry["body"], entry["response"]
            body = recorded_body(mask.json(received))
            exchange = Exchange(line, mask.json(sent), _status(entry["status"]), body)
            self._context.exchanges.append(exchange)
            if entry["method"] == "POST" and isinstance(sent, dict):
                self._track(path, sent, entry["status"], received)

    def _track(self, path: str, sent: Mapping[str, Any], status: int | None, received: Any) -> None:
        """Record the creation of a resource."""
        attribute = "userName" if path == "/Users" else "displayName"
        name = str(sent.get(attribute))
        if isinstance(received, dict) and id_of(received):
            self._context.resources.created(path, attribute, name, id_of(received))
        elif status is None or status >= 500:
            self._unanswered.add(name)


def _switches(context: CheckContext) -> Mapping[str, object]:
    connection = context.client.connection
    return {
        "timeout_s": max(1, round(connection.timeout)),
        "retry_after": "honour",
        "user_agent": "sent" if context.client.user_agent else "none",
    }


def _user(name: str) -> Mapping[str, Json]:
    nickname = name.partition("@")[0]
    return {
        "userPrincipalName": name,
        "mail": name,
        "mailNickname": nickname,
        "displayName": nickname,
        "givenName": "Ada",
        "surname": "Lovelace",
        "jobTitle": "Engineer",
        "department": "Analysis",
        "accountEnabled": True,
    }


def _status(status: int | None) -> str:
    if status is None:
        return "no response"
    return f"{status} {HTTPStatus(status).phrase}" if status in HTTPStatus._value2member_map_ else str(status)


async def _call(app: Any, method: str, path: str, body: Json) -> tuple[int, bytes]:
    """Send a request to an ASGI application in this process; return status and body of the response."""
    content = b"" if body is None else json.dumps(body).encode()
    status, chunks = 0, []

    async def receive() -> Mapping[str, Any]:
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(message: Mapping[str, Any]) -> None:
        nonlocal status
        status = message.get("status", status)
        chunks.append(message.get("body", b""))

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")],
        "client": None,
        "server": ("127.0.0.1", 80),
    }
    await app(scope, receive, send)
    return status, b"".join(chunks)
