"""What provisioning cycles do with a faulty target: the third column of the table of faulty targets."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.sandbox.engine.provisioned import Provisioned

from .scim_client import TargetClient

pytestmark = pytest.mark.slow
GRAPH = "https://graph.microsoft.com/v1.0"

# After the cycles below: the changes that failed, the members of the group, and the active users. Without a fault:
# nothing, ada and grace, grace.
CONSEQUENCES = [
    ("B01", set(), ["grace"], ["grace"]),
    ("B02", set(), [], ["grace"]),
    ("B03", {"update Sales"}, ["ada", "grace", "joe"], ["grace"]),
    ("B05", set(), ["ada", "grace"], ["ada", "grace", "joe"]),
    ("B06", {"update Ada", "disable Ada", "disable Joe"}, ["ada", "grace"], ["ada", "grace", "joe"]),
    ("B08", {"update Ada", "disable Ada"}, ["ada", "grace"], ["ada", "grace"]),
    ("B12", {"update Ada"}, ["ada", "grace"], ["grace"]),
    ("B13", {"disable Ada"}, ["ada", "grace"], ["ada", "grace"]),
    ("B24", set(), [], ["ada", "grace", "joe"]),
]


def cycles(target: TargetClient) -> set[str]:
    """Provision ada and joe in a group, add grace, remove joe, change and disable ada; return what failed."""
    address: Any = SimpleNamespace(url=target.url)
    group = {"displayName": "Sales", "members": ["joe@contoso.com", "ada@contoso.com"]}
    secrets = {"SecretToken": target.token}
    tenant = Provisioned(address, secrets=secrets, assigned=("Sales",), groups=[group])
    members, users = f"/groups/{tenant.group('Sales')}/members", f"{GRAPH}/users"
    ada, grace, joe = (tenant.user(name) for name in ("ada", "grace", "joe"))
    events = tenant.events(tenant.cycle("PT1H"))
    tenant.client.post(f"{members}/$ref", {"@odata.id": f"{users}/{grace}"}, expect=204)
    events += tenant.events(tenant.cycle("PT1H"))
    tenant.client.delete(f"{members}/{joe}/$ref")
    tenant.client.put(f"/users/{ada}/manager/$ref", {"@odata.id": f"{users}/{grace}"})
    tenant.change("ada", city="London")
    events += tenant.events(tenant.cycle("PT1H"))
    tenant.change("ada", accountEnabled=False)
    events += tenant.events(tenant.cycle("PT1H"))
    tenant.client.close()
    return {event.split(":")[0].replace(" failure", "") for event in events if " failure " in event}


def final_state(target: TargetClient) -> tuple[list[str], list[str]]:
    """Return the members of the group and the active users, as the application itself has them."""
    users = {user["id"]: user["externalId"] for user in target.target.users()}
    (group,) = target.target.groups()
    active = sorted(user["externalId"] for user in target.target.users() if user["active"])
    return sorted(users[member["value"]] for member in group.get("members", [])), active


@pytest.mark.parametrize(("fault", "failed", "members", "active"), CONSEQUENCES, ids=[row[0] for row in CONSEQUENCES])
def test_consequence_of_a_fault(fault: str, failed: set[str], members: list[str], active: list[str]) -> None:
    with TargetClient(f"faulty:{fault}") as target:
        assert cycles(target) == failed
        assert final_state(target) == (members, active)


def test_overlapping_changes_of_members_are_lost_and_nothing_fails() -> None:
    with TargetClient("faulty:B30") as target:
        assert cycles(target) == set()
        assert final_state(target)[0] in ([], ["grace"], ["ada"])  # without the fault: ada and grace


def test_without_a_fault_everything_arrives() -> None:
    with TargetClient("tolerant") as target:
        assert cycles(target) == set()
        assert final_state(target) == (["ada", "grace"], ["grace"])
