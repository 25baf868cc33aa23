"""A sandbox with an application that is provisioned, and what tests do with it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from tests.sandbox.client import Client, pairs
from tests.sandbox.engine.recording_server import TOKEN, RecordingServer

NOON = datetime(2030, 1, 2, 12, 0, 0, tzinfo=UTC)
FLAG = "?aadOptscim062020"
NAMES = (("Ada", "Lovelace"), ("Grace", "Hopper"), ("Joe", "Doe"))
ASSIGNED = ("ada@contoso.com", "grace@contoso.com")


class Provisioned:
    """Writer in a tenant with the users ada, grace and joe; ada and grace are assigned, unless `assigned` says otherwise."""

    def __init__(
        self,
        endpoint: RecordingServer,
        *,
        assigned: tuple[str, ...] = ASSIGNED,
        flag: bool = False,
        secrets: dict[str, str] | None = None,
        switches: dict[str, Any] | None = None,
        **more: Any,
    ) -> None:
        self.endpoint = endpoint
        address = endpoint.url + (FLAG if flag else "")
        self.tenant = {
            "base": "empty",
            "users": [_person(*name) for name in NAMES],
            "groups": more.pop("groups", []),
            "applications": [
                {
                    "displayName": "Writer",
                    "assignments": [{("user" if "@" in name else "group"): name, "role": "User"} for name in assigned],
                    "secrets": {"BaseAddress": address, "SecretToken": TOKEN, "SyncAll": "false"} | (secrets or {}),
                    "jobs": [{"template": "scim", "state": "Active", "edits": more.pop("edits", [])}],
                }
            ],
            "switches": switches or {},
        }
        self.client = Client(self.tenant, now=lambda: NOON, **more)

    # ---- cycles ----------------------------------------------------------------------------------------------------

    def cycle(self, after: str | None = None) -> dict[str, Any]:
        """Run a cycle of the job, after some time, and return its summary."""
        body = {"job": self.job_id} | ({"after": after} if after else {})
        (summary,) = self.client.post("/_sandbox/cycle", body, expect=200)["value"]
        return summary

    def events(self, summary: dict[str, Any]) -> list[str]:
        """Return the entries of a cycle as `ACTION STATUS NAME`, with the error code of a failure."""
        texts = []
        for entry in summary["entries"]:
            info = entry["provisioningStatusInfo"]
            error = info["errorInformation"]
            text = f"{entry['provisioningAction']} {info['status']} {entry['sourceIdentity']['displayName']}"
            texts.append(f"{text}: {error['errorCode']}" if error else text)
        return texts

    def sent(self, after: str | None = None) -> list[str]:
        """Run a cycle and return the requests that it sent, with the operations of each PATCH."""
        self.endpoint.take()
        self.cycle(after)
        return [_text(request) for request in self.endpoint.take()]

    @property
    def job(self) -> dict[str, Any]:
        return self.client.get(self.client.job())

    @property
    def job_id(self) -> str:
        return self.client.job().rsplit("/", 1)[1]

    # ---- changes in the tenant -------------------------------------------------------------------------------------

    def user(self, name: str) -> str:
        (match,) = [
            row["id"]
            for kind in ("user", "deletedUser")
            for row in self.client.service.tenant.documents.all(kind)
            if row["userPrincipalName"].endswith(f"{name}@contoso.com")
        ]
        return match

    def group(self, name: str) -> str:
        (match,) = [
            row["id"] for row in self.client.service.tenant.documents.all("group") if row["displayName"] == name
        ]
        return match

    def change(self, name: str, **properties: Any) -> None:
        self.client.patch(f"/users/{self.user(name)}", properties)

    def assign(self, principal_id: str) -> None:
        principal = self.client.principal()
        role = next(role["id"] for role in principal["appRoles"] if role["displayName"] == "User")
        body = {"principalId": principal_id, "resourceId": principal["id"], "appRoleId": role}
        self.client.post(f"/servicePrincipals/{principal['id']}/appRoleAssignedTo", body)

    def unassign(self, principal_id: str) -> None:
        path = f"/servicePrincipals/{self.client.principal()['id']}/appRoleAssignedTo"
        (key,) = [row["id"] for row in self.client.value(path) if row["principalId"] == principal_id]
        self.client.delete(f"{path}/{key}")

    def delete_user(self, name: str) -> str:
        key = self.user(name)
        self.client.delete(f"/users/{key}")
        return key

    def purge(self, key: str) -> None:
        self.client.delete(f"/directory/deletedItems/{key}")

    def restore(self, key: str) -> None:
        self.client.post(f"/directory/deletedItems/{key}/restore", expect=200)

    def restart(self, scope: str = "") -> None:
        body = {"criteria": {"resetScope": scope}} if scope else None
        self.client.post(f"{self.client.job()}/restart", body, expect=204)

    def settings(self, **secrets: str) -> None:
        self.client.put(f"{self.client.sync()}/secrets", {"value": pairs(secrets)})


def _person(given: str, surname: str) -> dict[str, Any]:
    return {
        "userPrincipalName": f"{given.lower()}@contoso.com",
        "displayName": given,
        "givenName": given,
        "surname": surname,
        "department": "Sales",
    }


def _text(request: Any) -> str:
    path = request.path.removeprefix("/scim")
    text = f"{request.method} {path}" + (f"?{request.query}" if request.query else "")
    if request.method != "PATCH":
        return text
    return f"{text} {json.dumps(request.body['Operations'])}"
