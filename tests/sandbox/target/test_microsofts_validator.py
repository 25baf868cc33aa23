"""Every request of one run of Microsoft's validator, in its order, to a tolerant target."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from .scim_client import TargetClient

RUN = Path(__file__).parents[4] / "shared" / "data" / "validator-run-2026-02.json"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not RUN.exists(), reason="../shared/data/validator-run-2026-02.json is absent"),
]
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_REQUEST = re.compile(r"(\w+) \{endpoint\}(.*) 1\.1")
EXISTING = {"Users": {"userName": "user5@contoso.com"}, "Groups": {"displayName": "UXVRVLCYWQAD"}}


def entries() -> list[Any]:
    run = json.loads(RUN.read_text("utf-8")) if RUN.exists() else []
    return [pytest.param(entry, id=entry["description"]) for entry in run]


def requests(entry: Any) -> Iterator[tuple[str, str, Any]]:
    """Yield method, path with query, and body of each recorded request; a creation that conflicts comes twice."""
    for text in entry["requests"]:
        head, _, rest = text.partition("\r\n")
        match = _REQUEST.fullmatch(head)
        assert match is not None, head
        body = rest.strip().rpartition("\r\n")[2]
        request = (match[1], match[2], json.loads(body) if body.startswith("{") else None)
        yield request
        if entry["response_status"].startswith("409"):
            yield request


class Replay:
    """Sends recorded requests; recorded ids are replaced by those of the created users and groups, in their order."""

    def __init__(self, client: TargetClient) -> None:
        self._client = client
        self._created: dict[str, list[str]] = {"Users": [], "Groups": []}
        self._ids: dict[str, str] = {}

    def send(self, method: str, path: str, body: Any) -> httpx.Response:
        endpoint = path.split("?", maxsplit=1)[0].split("/")[1]
        if method != "POST":
            path = self._with_ids(path, endpoint)
        body = body if method != "PATCH" else json.loads(self._with_ids(json.dumps(body), "Users", self._values(body)))
        response = self._client.send(method, path, body)
        if response.status_code == 201:
            self._created[endpoint].append(response.json()["id"])
        return response

    def _values(self, body: Any) -> set[str]:
        """Return the ids in members and managers, which are those of users."""
        text = json.dumps([item for item in body["Operations"] if re.search("members|manager", str(item.get("path")))])
        return set(_ID.findall(text))

    def _with_ids(self, text: str, endpoint: str, only: set[str] | None = None) -> str:
        for recorded in _ID.findall(text):
            if only is not None and recorded not in only:
                continue
            if recorded not in self._ids and self._created[endpoint]:
                self._ids[recorded] = self._created[endpoint].pop(0)
            text = text.replace(recorded, self._ids.get(recorded, recorded))
        return text


@pytest.fixture(scope="module")
def existing(tolerant: TargetClient) -> dict[str, str]:
    """Return the id of the user and the group that the run expects to exist."""
    user = tolerant.create_user(EXISTING["Users"]["userName"])
    return {"Users": user, "Groups": tolerant.create_group(EXISTING["Groups"]["displayName"])}


@pytest.mark.parametrize("entry", entries())
def test_a_tolerant_target_answers_as_the_validator_expects(
    tolerant: TargetClient, existing: dict[str, str], entry: Any
) -> None:
    replay = Replay(tolerant)
    if entry["description"] == "Get group by id excluding members":
        replay._created["Groups"].append(existing["Groups"])
    responses = [replay.send(*request) for request in requests(entry)]
    expected = int(entry["response_status"].split()[0])
    assert all(response.is_success for response in responses[:-1]), [response.text for response in responses]
    last = responses[-1]
    assert last.status_code == expected or (last.is_success and expected < 300), last.text
    name, method = entry["description"].lower(), last.request.method
    if method == "GET" and "filter" in name:
        assert last.json()["totalResults"] == (0 if "non-existing" in name else 1)
    if "excluding members" in name:
        assert '"members"' not in last.text
    if method == "PATCH":
        check_patch(tolerant, last)


def check_patch(client: TargetClient, response: httpx.Response) -> None:
    """Check that the resource has the simple values that a PATCH sent."""
    stored = client.get(str(response.request.url).removeprefix(client.url))
    for operation in json.loads(response.request.content)["Operations"]:
        values = operation["value"] if "path" not in operation else {operation["path"]: operation.get("value")}
        for name, value in values.items():
            if name in stored and isinstance(value, str | bool):
                assert stored[name] == value, name
    if "members" in response.request.content.decode() and '"remove"' in response.request.content.decode():
        removed = _ID.findall(response.request.content.decode())
        assert not set(removed) & {member["value"] for member in stored.get("members", [])}
