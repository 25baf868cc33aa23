"""Cycles of the sandbox against independent SCIM servers, in both dialects: what fails, and what remains."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from tests.sandbox.engine.provisioned import Provisioned

from .scim_client import ScimClient, TargetClient

pytestmark = pytest.mark.slow
GRAPH = "https://graph.microsoft.com/v1.0"
REFUSED_UPDATE = "update Countess"
"""A manager as a string, and the first address of a user."""

# What fails by server and dialect, and which of the remaining users are active at the end.
RESULTS = [
    ("strict", False, {"create Sales", "create Sales EU", REFUSED_UPDATE}, ["grace"]),
    ("strict", True, {"create Sales", "create Sales EU", REFUSED_UPDATE}, ["grace"]),
    ("tolerant", False, set(), ["grace"]),
    ("tolerant", True, set(), ["grace"]),
    ("scimmy", False, {REFUSED_UPDATE, "disable Grace", "disable Joe", "disable Countess"}, ["grace", "joe"]),
    ("scimmy", True, {REFUSED_UPDATE}, ["grace"]),
]


@pytest.fixture
def peer(request: pytest.FixtureRequest) -> Iterator[ScimClient]:
    """Yield a client of the server that a test names; SCIMMY is empty again at the end."""
    if request.param != "scimmy":
        with TargetClient(request.param) as client:
            yield client
        return
    client = request.getfixturevalue("scimmy")
    yield client
    for path in ("/Users", "/Groups"):
        for resource in client.get(path)["Resources"]:
            client.send("DELETE", f"{path}/{resource['id']}")


def changes(tenant: Provisioned) -> Iterator[None]:
    """Change the tenant, once before each cycle."""
    group, client = tenant.group("Sales"), tenant.client
    ada = tenant.user("ada")
    yield None
    yield tenant.change("ada", displayName="Countess", jobTitle="Analyst")
    yield tenant.change("grace", accountEnabled=False)
    yield tenant.change("grace", accountEnabled=True)
    yield client.post(f"/groups/{group}/members/$ref", {"@odata.id": f"{GRAPH}/users/{ada}"}, expect=204)
    yield client.delete(f"/groups/{group}/members/{ada}/$ref")
    yield client.patch(f"/groups/{group}", {"displayName": "Sales EU"})
    yield client.put(f"/users/{ada}/manager/$ref", {"@odata.id": f"{GRAPH}/users/{tenant.user('grace')}"})
    yield tenant.change("ada", city="London")
    yield tenant.unassign(group)
    yield client.delete(f"/users/{ada}")
    yield tenant.purge(ada)


@pytest.mark.parametrize(
    ("peer", "flag", "failures", "active"),
    RESULTS,
    indirect=["peer"],
    ids=[f"{name}-{'aadOptscim062020' if flag else 'legacy'}" for name, flag, *_ in RESULTS],
)
def test_a_lifecycle_against_independent_servers(
    peer: ScimClient, flag: bool, failures: set[str], active: list[str]
) -> None:
    address: Any = SimpleNamespace(url=peer.url)
    tenant = Provisioned(
        address,
        flag=flag,
        secrets={"SecretToken": peer.token},
        assigned=("ada@contoso.com", "grace@contoso.com", "Sales"),
        groups=[{"displayName": "Sales", "members": ["joe@contoso.com"]}],
    )
    failed = set()
    for _ in changes(tenant):
        events = [event.split(":")[0] for event in tenant.events(tenant.cycle("PT1H"))]
        failed |= {event.replace(" failure", "") for event in events if " failure " in event}
    tenant.client.close()
    assert failed == failures
    users = peer.get("/Users")["Resources"]
    assert sorted(user["externalId"] for user in users) == ["grace", "joe"]
    assert sorted(user["externalId"] for user in users if user["active"]) == active
    assert peer.get("/Groups")["Resources"] == []
