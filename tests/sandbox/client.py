"""A synchronous client of a sandbox in the same process, and helpers for frequent requests and documents."""

from __future__ import annotations

import asyncio
import json as json_text
from typing import Any, Self

import httpx

from scimconf.sandbox.server import create_app

HOST = "http://127.0.0.1:8080"
WRITER = {"displayName": "Writer", "template": "custom"}
NEW_GROUP = {"displayName": "New", "mailEnabled": False, "mailNickname": "new", "securityEnabled": True}


class Client:
    """Sends requests below `/v1.0`, unless the path has another root. `expect` is the expected status."""

    def __init__(self, tenant: Any = None, **options: Any) -> None:
        self.app = create_app(tenant, **options)
        self.service = self.app.state.service
        self._loop = asyncio.new_event_loop()
        self._http = httpx.AsyncClient(transport=httpx.ASGITransport(app=self.app), base_url=HOST)

    def send(self, method: str, path: str, json: Any = None, **options: Any) -> httpx.Response:
        if json is not None:
            options["json"] = json
        root = ("http", "/_sandbox", "/v1.0", "/beta")
        url = path if path.startswith(root) else f"/v1.0{path}"
        return self._loop.run_until_complete(self._http.request(method, url, **options))

    def get(self, path: str, expect: int = 200, **options: Any) -> Any:
        return self._body(self.send("GET", path, **options), expect)

    def post(self, path: str, json: Any = None, expect: int = 201, **options: Any) -> Any:
        return self._body(self.send("POST", path, json, **options), expect)

    def patch(self, path: str, json: Any, expect: int = 204) -> Any:
        return self._body(self.send("PATCH", path, json), expect)

    def put(self, path: str, json: Any, expect: int = 204) -> Any:
        return self._body(self.send("PUT", path, json), expect)

    def delete(self, path: str, expect: int = 204) -> Any:
        return self._body(self.send("DELETE", path), expect)

    def value(self, path: str, **options: Any) -> Any:
        return self.get(path, **options)["value"]

    def pages(self, path: str) -> list[Any]:
        """Return the values of all pages of a collection."""
        pages, url = [], path
        while url:
            body = self.get(url)
            pages.append(body["value"])
            url = body.get("@odata.nextLink")
        return pages

    def principal(self, name: str = "Writer") -> Any:
        """Return the service principal with a name, as Graph returns it."""
        (principal,) = self.value(f"/servicePrincipals?$filter=displayName eq '{name}'")
        return principal

    def sync(self, name: str = "Writer") -> str:
        """Return the path of the synchronization of a service principal, without a request."""
        principals = self.service.tenant.documents.all("servicePrincipal")
        (key,) = (principal["id"] for principal in principals if principal["displayName"] == name)
        return f"/servicePrincipals/{key}/synchronization"

    def job(self, name: str = "Writer") -> str:
        """Return the path of the first job of a service principal, without a request."""
        sync = self.sync(name)
        sql = "SELECT id FROM objects WHERE kind = 'job' AND parent = ? ORDER BY seq"
        return f"{sync}/jobs/{self.service.tenant.store.value(sql, (sync.split('/')[2],))}"

    def schema(self) -> Any:
        """Return the schema of the first job of Writer, without its context annotation."""
        document = self.get(f"{self.job()}/schema")
        document.pop("@odata.context", None)
        return document

    def put_schema(self, document: Any) -> Any:
        """Write the schema of the first job of Writer, and return it as it is read afterwards."""
        self.put(f"{self.job()}/schema", document)
        return self.schema()

    def put_secrets(self, expect: int = 204, **secrets: Any) -> Any:
        return self.put(f"{self.sync()}/secrets", {"value": pairs(secrets)}, expect=expect)

    def secrets(self) -> dict[str, str]:
        return {pair["key"]: pair["value"] for pair in self.value(f"{self.sync()}/secrets")}

    def switch(self, **positions: Any) -> None:
        self.put("/_sandbox/switches", positions, expect=200)

    def close(self) -> None:
        self._loop.run_until_complete(self._http.aclose())
        self._loop.close()
        self.service.tenant.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @staticmethod
    def _body(response: httpx.Response, expect: int) -> Any:
        assert response.status_code == expect, (response.status_code, response.text)
        return response.json() if response.content and "json" in response.headers["content-type"] else response.text


def service_error(body: Any) -> Any:
    """Return the error of the synchronization service inside the message of a Graph error."""
    assert body["error"]["code"] == "UnknownError"
    return json_text.loads(body["error"]["message"])["error"]


# ---- documents ------------------------------------------------------------------------------------------------------


def pairs(values: dict[str, Any]) -> list[Any]:
    return [{"key": key, "value": value} for key, value in values.items()]


def users(schema: Any) -> Any:
    """Return the object mapping of users."""
    return object_mapping(schema, "User")


def object_mapping(schema: Any, source: str) -> Any:
    """Return the first object mapping of a source object."""
    mappings = (mapping for rule in schema["synchronizationRules"] for mapping in rule["objectMappings"])
    return next(mapping for mapping in mappings if mapping.get("sourceObjectName") == source)


def target(schema: Any) -> Any:
    """Return the definition of the target object of users."""
    name = users(schema)["targetObjectName"]
    return next(entry for entry in schema["directories"][1]["objects"] if entry["name"] == name)


def rows(schema: Any) -> dict[str, Any]:
    """Return the attribute mappings of users by their target."""
    return {row["targetAttributeName"]: row for row in users(schema)["attributeMappings"]}


def attribute(name: str) -> Any:
    return {"type": "Attribute", "name": name, "expression": f"[{name}]", "parameters": []}


def constant(text: str) -> Any:
    return {"type": "Constant", "name": text, "expression": f'"{text}"', "parameters": []}


def function(name: str, *parameters: tuple[str, Any], expression: str | None = None) -> Any:
    keyed = [{"key": key, "value": value} for key, value in parameters]
    return {"type": "Function", "name": name, "expression": expression, "parameters": keyed}
