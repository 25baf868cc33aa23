"""An application with users in a tenant that provisions to a SCIM server, and a person who ends it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from tenant_fixture import NOON, Person, Rehearsal, all_allowed, wishes

from scimconf.monitoring.history import RunContext
from scimconf.monitoring.retirement import Retirement
from scimconf.monitoring.retirement_steps import RetirementPlan
from scimconf.sandbox.reach import Destination
from scimconf.spec.model import GUARDS
from scimconf.workflow.history_folder import FolderStore
from scimconf.workflow.plan import PlannedApplication
from scimconf.workflow.retire import RetireOptions, RetireResult, RetireStatus, retire

TOKEN_VARIABLE = "EXPENSES_TOKEN"  # noqa: S105
NAME = "Expenses"


def spec_of(users: list[str], **sections: Any) -> dict[str, Any]:
    return {
        "version": 1,
        "name": "expenses",
        "application": {"display_name": NAME, "create": {"from_template": "custom"}},
        "connection": {
            "base_address": "https://expenses.example.com/scim",
            "secret_token": {"env": TOKEN_VARIABLE},
        },
        "provisioning": {"enabled": True, "scope": "assigned", "deletion_threshold": "none"},
        "assignments": {"unlisted": "keep", "users": [{"user": name, "role": "User"} for name in users]},
        **sections,
    }


def write_spec(folder: Path, spec: dict[str, Any]) -> Path:
    file = folder / "scimconf.yaml"
    file.write_text(yaml.safe_dump(spec, sort_keys=False), "utf-8")
    return file


def tenant_with(users: int, **switches: Any) -> tuple[Rehearsal, list[str]]:
    """Return a tenant with this many generated users, and their names."""
    from canary.values import TOKEN

    tenant = Rehearsal(
        {"generate": {"users": users}}, environ={TOKEN_VARIABLE: TOKEN}, undetermined="not_sent", **switches
    )
    names = [user["userPrincipalName"] for user in tenant.state["users"][-users:]]
    return tenant, names


def applied(tenant: Rehearsal, file: Path) -> Rehearsal:
    report = tenant.apply(file, all_allowed())
    assert not report.failed and not report.error, report
    return tenant


def routed(tenant: Rehearsal, target: Any) -> Rehearsal:
    """Let the jobs of a tenant provision to a target."""
    reach = tenant.service.tenant.reach
    tenant.service.tenant.reach = replace(reach, target=Destination(target.url, target.token))
    return tenant


def provisioned(tenant: Rehearsal, target: Any) -> Rehearsal:
    """Let the jobs of a tenant provision to a target, and run a cycle."""
    routed(tenant, target)
    tenant.request("POST", "/_sandbox/cycle", {})
    tenant.forget()
    return tenant


@dataclass
class Owner(Person):
    """Somebody who ends an application, and remembers what was shown."""

    releases: bool = True
    deletes: bool = True
    released: int = 0
    shown: list[tuple[Retirement, PlannedApplication | None]] = field(default_factory=list)
    plan: RetirementPlan | None = None
    messages: list[str] = field(default_factory=list)

    def show(self, plan: RetirementPlan, planned: PlannedApplication | None) -> None:
        self.plan = plan
        self.shown.append((plan.retirement, planned))

    def approve_retirement(self, _retirement: Retirement, _planned: PlannedApplication | None) -> bool:
        return self.yes

    def approve_release(self, _retirement: Retirement, number: int) -> bool:
        self.released = number
        return self.releases

    def approve_deletion(self, _retirement: Retirement) -> bool:
        return self.deletes

    def say(self, message: str) -> None:
        self.messages.append(message)


@dataclass
class Ending:
    """Ends the application of a spec; a cycle runs every 20 minutes of the tenant's time while it waits."""

    tenant: Rehearsal
    file: Path
    history: Path
    person: Owner = field(default_factory=Owner)
    cycles: bool = True
    on_wait: Callable[[], None] = lambda: None

    def __call__(self, **options: Any) -> RetireResult:
        tenant = self.tenant
        loaded = tenant.load(self.file)
        locking = options.pop("locking", None)
        self.person.plan = None
        planning = wishes(allow=options.pop("allow", GUARDS))
        settings = RetireOptions(
            now=NOON,
            planning=planning,
            history=FolderStore(str(self.history)),
            run=RunContext("the contract ended"),
            **options,
        )
        sleep = tenant.sleep

        async def wait(seconds: float) -> None:
            before = tenant.time // 1200
            await sleep(seconds)
            if self.cycles and tenant.time // 1200 > before:
                await self._cycle()

        tenant.sleep = wait  # type: ignore[method-assign]
        try:
            result = tenant.run(lambda session: retire(session, loaded, settings, tenant.secrets, self.person, locking))
        finally:
            tenant.sleep = sleep  # type: ignore[method-assign]
        if self.person.plan is not None:
            assert_as_planned(self.person.plan, result)
        return result

    async def _cycle(self) -> None:
        import httpx

        transport = httpx.ASGITransport(app=self.tenant.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8765") as client:
            response = await client.post("/_sandbox/cycle", json={})
        assert response.is_success, response.text


def assert_as_planned(plan: RetirementPlan, result: RetireResult) -> None:
    """Check that a run took the steps that its plan listed: all if it ended the application, else the first ones."""
    assert plan.steps or not result.steps, (plan, result.steps)
    taken, expected = list(result.steps), list(plan.steps)
    assert taken == (expected if result.status is RetireStatus.RETIRED else expected[: len(taken)]), (expected, taken)


def accounts(result: RetireResult) -> dict[str, str]:
    assert result.retirement is not None
    return {account.name: account.state.value for account in result.retirement.accounts}


def minutes(number: int) -> timedelta:
    return timedelta(minutes=number)
