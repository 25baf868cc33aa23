from __future__ import annotations

import builtins
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from server_fixture import child, environment, run, wait_until

from scimconf.sandbox.target import TargetError, start_target

from .scim_client import TargetClient, user_body


def test_only_the_token_of_the_target_is_accepted(tolerant: TargetClient) -> None:
    for header in ({}, {"Authorization": "Bearer other"}, {"Authorization": f"Basic {tolerant.target.token}"}):
        response = httpx.get(f"{tolerant.url}/Users", headers=header)
        assert response.status_code == 401
        assert response.json()["status"] == "401"
        assert response.headers["content-type"] == "application/scim+json"


def test_users_and_groups_are_shown_as_the_application_has_them(tolerant: TargetClient) -> None:
    user = tolerant.create_user("shown@contoso.com")
    group = tolerant.create_group("Shown", members=[{"value": user}])
    assert [item["userName"] for item in tolerant.target.users() if item["id"] == user] == ["shown@contoso.com"]
    assert [item["members"] for item in tolerant.target.groups() if item["id"] == group] == [[{"value": user}]]


def test_concurrent_requests_lose_nothing(tolerant: TargetClient) -> None:
    with ThreadPoolExecutor(8) as pool:
        users = list(pool.map(lambda _: tolerant.create_user(), range(12)))
        group = tolerant.create_group()
        add = [{"op": "Add", "path": "members", "value": [{"value": user}]} for user in users]
        statuses = {
            response.status_code for response in pool.map(lambda op: tolerant.patch(f"/Groups/{group}", op), add)
        }
    assert statuses <= {200, 204}
    assert sorted(tolerant.members(group)) == sorted(users)


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'"x"', b"\xff", b"[" * 100_000], ids=range(6))
@pytest.mark.parametrize("method", [pytest.param("POST", marks=pytest.mark.slow), "PATCH"])
def test_a_body_that_is_no_resource_is_a_client_error(tolerant: TargetClient, method: str, body: bytes) -> None:
    path = "/Users" if method == "POST" else f"/Users/{tolerant.create_user()}"
    response = tolerant.send(method, path, content=body, headers={"Content-Type": "application/scim+json"})
    assert 400 <= response.status_code < 500, response.text


@pytest.mark.slow
def test_a_body_beyond_the_limit_is_refused(tolerant: TargetClient) -> None:
    response = tolerant.send("POST", "/Users", user_body(title="x" * 10_000_001))
    assert response.status_code == 413


@pytest.mark.parametrize("kind", ["", "lenient", "faulty", "faulty:", "faulty:B00", "faulty:B50", "B01"])
def test_an_unknown_kind_is_an_error(kind: str) -> None:
    with pytest.raises(
        TargetError, match=r"unknown target .*Write strict, tolerant or faulty:ID with an ID from B01 to B52"
    ):
        start_target(kind, token="x")


def test_a_port_in_use_is_an_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(TargetError, match=f"cannot listen on port {port}"):
            start_target("strict", token="x", port=port)


def test_without_the_extra_the_message_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def without_scim2(name: str, *arguments: Any, **options: Any) -> Any:
        if name == "scimconf.sandbox.target.scim2":
            raise ModuleNotFoundError("No module named 'scim2_models'", name="scim2_models")
        return original(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without_scim2)
    with pytest.raises(TargetError, match=r"scim2_models is not installed: pip install 'scimconf\[rehearsal\]'"):
        start_target("strict", token="x")


@pytest.mark.slow
def test_a_stopped_target_closes_its_socket_and_keeps_its_users() -> None:
    with TargetClient("tolerant") as client:
        client.create_user("ada@contoso.com")
    assert [user["userName"] for user in client.target.users()] == ["ada@contoso.com"]
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{client.url}/Users")


def test_serve_refuses_an_unknown_target() -> None:
    command = run(["sandbox", "serve", "--port", "0", "--target", "faulty:B50"])
    assert command.code == 64
    assert "Write strict, tolerant or faulty:ID" in command.err
    assert "B50 is no fault of a server" in command.err


@pytest.mark.slow
def test_serve_starts_a_target_and_prints_its_page(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    arguments = ["sandbox", "serve", "--port", "0", "--target", "tolerant", "--ready-file", str(ready)]
    with child(arguments, environment("")) as server:
        wait_until(ready.exists)
        url = ready.read_text().removesuffix("/v1.0")
        document = httpx.get(f"{url}/_sandbox/target").json()
        assert document["users"] == []
        headers = {"Authorization": "Bearer sandbox"}
        assert httpx.post(f"{document['url']}/Users", json=user_body(), headers=headers).status_code == 201
        assert len(httpx.get(f"{url}/_sandbox/target").json()["users"]) == 1
        server.terminate()
        _, err = server.communicate()
    assert f"Its users and groups: {url}/_sandbox/target" in err
    assert f"All jobs provision to the SCIM server {document['url']} (tolerant, token sandbox)." in err
    with pytest.raises(httpx.ConnectError):
        httpx.get(document["url"])
