"""A synchronous client for a sandbox in the same process, and short names for what the tests ask most."""

from __future__ import annotations

import asyncio
from typing import Any, Self

import httpx

from scimconf.sandbox.server import create_app

HOST = "http://127.0.0.1:8080"
WRITER = {"displayName": "Writer", "template": "custom"}


class Client:
    """Requests below `/v1.0`, unless a path names another root."""

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
        found, url = [], path
        while url:
            body = self.get(url)
            found.append(body["value"])
            url = body.get("@odata.nextLink")
        return found

    def principal(self, name: str = "Writer") -> Any:
        (found,) = self.value(f"/servicePrincipals?$filter=displayName eq '{name}'")
        return found

    def sync(self, name: str = "Writer") -> str:
        return f"/servicePrincipals/{self.principal(name)['id']}/synchronization"

    def job(self, name: str = "Writer") -> str:
        return f"{self.sync(name)}/jobs/{self.value(self.sync(name) + '/jobs')[0]['id']}"

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
