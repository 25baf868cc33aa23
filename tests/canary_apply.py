"""Applies a spec to single users first, as `apply --canary` does, without the command line."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from typing import Any

import httpx
from tenant_fixture import NOON, WRITER, Person, Rehearsal, wishes

from scimconf.graph.reading import TenantSession
from scimconf.graph.secrets import Secrets
from scimconf.plan import Report
from scimconf.render import yaml
from scimconf.render.yaml import CommentNotes
from scimconf.spec.load import load
from scimconf.workflow.canary import CanaryRun, apply_canary
from scimconf.workflow.canary_checks import prepare_canary

ADA, GRACE = "ada@contoso.com", "grace@contoso.com"
EXTERNAL_ID = "      externalId: mailNickname"
TITLE = (EXTERNAL_ID, EXTERNAL_ID + "\n      title: {expression: 'Join(\" - \", [jobTitle], [department])'}")
"""Another title for everybody."""


@dataclass
class Dialog:
    """Answers the question of a canary, by the comparison if `answer` is "auto", and records what was printed."""

    answer: Any = True
    results: list[Any] = field(default_factory=list)
    asked: int = 0

    def provisioned(self, result: Any) -> None:
        self.results.append(result)

    def widen(self, results: Any) -> bool | None:
        assert results == self.results
        self.asked += 1
        return all(result.is_as_predicted for result in results) if self.answer == "auto" else self.answer

    def load(self, exported: Any) -> Any:
        content = yaml.write_spec(exported.tree, CommentNotes("before")).encode()
        return load("before.yaml", lambda _: content, {}, {}, lambda _: True)

    def rollback_command(self, entry: str) -> str:
        return f"scimconf rollback --to {entry}" if entry else ""


def spec(folder: Any, *replacements: tuple[str, str]) -> Any:
    """Return the file of the example with replacements."""
    shutil.copytree(WRITER.parent, folder, dirs_exist_ok=True)
    path = folder / "scimconf.yaml"
    content = path.read_text()
    for old, new in replacements:
        assert old in content
        content = content.replace(old, new)
    path.write_text(content)
    return path


def tried(tenant: Rehearsal, file: Any, *users: str, **changed: Any) -> Report:
    """Plan a spec and apply it as a canary; `changed` are dialog, person, unfinished, options, redact, locking and `prepared`."""
    options, dialog = changed.get("options") or wishes(), changed.get("dialog") or Dialog()
    planned = tenant.plan(file, options)
    tenant.secrets = Secrets(tenant.environ)
    prepared = changed.get("prepared", lambda: None)

    async def work(session: TenantSession) -> Report:
        canary = await prepare_canary(session, planned, users or (ADA,), options, NOON, changed.get("unfinished"))
        prepared()
        run = CanaryRun(
            options=options,
            secrets=tenant.secrets,
            hooks=changed.get("person") or Person(),
            dialog=dialog,
            open_session=lambda: TenantSession(session.graph, session.consistency, claims=session.claims),
            now=NOON,
            redact=changed.get("redact", False),
            locking=changed.get("locking"),
        )
        return await apply_canary(session, canary, run)

    report: Report = tenant.run(work)
    return report


def is_on(tenant: Rehearsal) -> bool:
    return bool(tenant.request("GET", tenant.job())["schedule"]["state"] == "Active")


def mappings(tenant: Rehearsal) -> dict[str, str]:
    """Return the expression of each mapping of users."""
    (users,) = [
        mapping
        for rule in tenant.schema()["synchronizationRules"]
        for mapping in rule["objectMappings"]
        if mapping["sourceObjectName"] == "User"
    ]
    return {row["targetAttributeName"]: row["source"]["expression"] for row in users["attributeMappings"]}


def sent(tenant: Rehearsal) -> list[str]:
    """Return the writes that the target has got."""
    requests = [entry for entry in tenant.journal if entry.get("sent") and entry["method"] != "GET"]
    return [f"{entry['method']} {entry['path'].rpartition('/v2')[2]}" for entry in requests]


def people(tenant: Rehearsal) -> dict[str, Any]:
    """Return the users in the application by name."""
    target = tenant.service.tenant.reach.target
    answer = httpx.get(f"{target.address}/Users", headers={"Authorization": f"Bearer {target.token}"})
    return {user["userName"]: user for user in answer.json()["Resources"]}


def titles(tenant: Rehearsal) -> dict[str, str | None]:
    """Return the title of each user in the application."""
    return {name: user.get("title") for name, user in people(tenant).items()}
