"""A client of a running target, and the bodies that Microsoft Entra sends."""

from __future__ import annotations

import itertools
from typing import Any, Self

import canary
import httpx

from scimconf.sandbox.target import start_target

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ADSCIM = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
WRITER = "urn:custom:params:scim:schemas:extension:writer:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_NUMBERS = itertools.count(1)


def new_name(word: str = "user") -> str:
    return f"{word}.{next(_NUMBERS)}@contoso.com"


def user_body(user_name: str | None = None, **more: Any) -> dict[str, Any]:
    name = user_name or new_name()
    return {
        "schemas": [CORE, ENTERPRISE],
        "externalId": name.split("@")[0],
        "userName": name,
        "active": True,
        "displayName": name.split("@")[0],
        "emails": [{"primary": True, "type": "work", "value": name}],
        "meta": {"resourceType": "User"},
        **more,
    }


def group_body(name: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "schemas": [GROUP, ADSCIM],
        "externalId": new_name("group"),
        "displayName": name or new_name("group"),
        **more,
    }


class ScimClient:
    """Sends requests to a SCIM server. `group_schemas` are those of the groups that it creates."""

    def __init__(self, url: str, token: str, group_schemas: tuple[str, ...] = (GROUP, ADSCIM)) -> None:
        self.url = url
        self.token = token
        self.group_schemas = group_schemas
        self._http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=600)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def send(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        if body is not None:
            headers = {"Content-Type": "application/scim+json; charset=utf-8", **options.pop("headers", {})}
            options |= {"json": body, "headers": headers}
        return self._http.request(method, path, **options)

    def get(self, path: str, **query: str) -> Any:
        return self.send("GET", path, params=query).json()

    def find(self, path: str, text: str) -> list[Any]:
        """Return the resources that match a filter."""
        return list(self.get(path, filter=text)["Resources"])

    def create_user(self, user_name: str | None = None, **more: Any) -> str:
        return self._created("/Users", user_body(user_name, **more))

    def create_group(self, name: str | None = None, **more: Any) -> str:
        return self._created("/Groups", group_body(name, **more) | {"schemas": self.group_schemas})

    def patch(self, path: str, *operations: Any) -> httpx.Response:
        return self.send("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)})

    def members(self, group: str) -> list[str]:
        return [member["value"] for member in self.get(f"/Groups/{group}").get("members", [])]

    def _created(self, path: str, body: Any) -> str:
        response = self.send("POST", path, body)
        assert response.status_code == 201, response.text
        return str(response.json()["id"])


class TargetClient(ScimClient):
    """Starts a target, and stops it at the end."""

    def __init__(self, kind: str) -> None:
        self.target = start_target(kind, token=canary.secret(f"token of the {kind} target"))
        super().__init__(self.target.url, self.target.token, (GROUP,) if kind == "strict" else (GROUP, ADSCIM))

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self.target.stop()
