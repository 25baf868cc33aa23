"""Two clients that write at the same time: no edit is lost with exit code 0, and nothing is created twice."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from hypothesis_profiles import is_long
from interleaving import Jitter, run_all
from tenant_fixture import BASE, Rehearsal, all_allowed, changes, exit_code, row

from .apply_cases import Case, Spec, Tenants, changed, single_role, write, writer
from .disturbances import record
from .recovery import STALE, reasons
from .tenant_states import Content, Observer

ROUNDS, MANY_ROUNDS = 10, 40
"""In CI, and with the profile `long`."""
LATE = (0, 2, 5)
"""Reads until a new object is visible."""
LOSES_ROLES = frozenset({"Writer admins"})


def left(spec: Spec) -> None:
    spec["mappings"]["users"]["attributes"]["title"] = {"source": "department"}
    spec["provisioning"]["deletion_threshold"] = 7
    spec["app_roles"]["roles"].append({"value": "editor", "display_name": "Editor"})
    spec["assignments"]["users"].append({"user": "hedy@contoso.com", "role": "member"})


def right(spec: Spec) -> None:
    spec["mappings"]["users"]["attributes"]["nickName"] = {"source": "mailNickname"}
    spec["provisioning"]["skip_out_of_scope_deletions"] = True
    spec["app_roles"]["roles"].append({"value": "viewer", "display_name": "Viewer"})
    spec["assignments"]["users"].append({"user": "barbara@contoso.com", "role": "admin"})


@dataclass(frozen=True)
class Pair:
    """Two specs for the tenant to which `before` was applied, None for a tenant without Writer."""

    name: str
    specs: tuple[Spec, Spec]
    before: Spec | None = None


PAIRS = {
    pair.name: pair
    for pair in (
        Pair("same spec, no application", (writer(single_role), writer(single_role))),
        Pair("different specs, no application", (writer(left), writer(right))),
        Pair("same spec", (writer(single_role, changed), writer(single_role, changed)), writer(single_role)),
        Pair("different specs", (writer(left), writer(right)), writer()),
    )
}


def rounds() -> range:
    """Return the seeds of the rounds."""
    return range(MANY_ROUNDS if is_long() else ROUNDS)


@pytest.fixture(scope="module")
def tenants(tmp_path_factory: pytest.TempPathFactory) -> Tenants:
    return Tenants(tmp_path_factory.mktemp("specs"))


# --- two applies ----------------------------------------------------------------------------------------------------


def applied_together(pair: Pair, tenants: Tenants, folder: Path, seed: int) -> list[str]:
    """Apply both specs at the same time, then one after the other; return the violations."""
    cases = [Case(f"{pair.name} {index}", spec, pair.before, LOSES_ROLES) for index, spec in enumerate(pair.specs)]
    files = [write(folder, case.name, case.spec) for case in cases]
    tenant, random = tenants.before(cases[0]), Random(seed)
    tenant.switch(late_reads=LATE[seed % len(LATE)])
    tenant.forget()
    observer = Observer(cases[0], Content.of(tenant), tenant)
    reports = run_all(tenant, *((file, Jitter(tenant, random)) for file in files))
    codes = [exit_code(report) for report in reports]
    violations = [
        f"exit code {exit_code(report)}: {reasons(report)}" for report in reports if exit_code(report) not in (0, STALE)
    ]
    for file, code in zip(files, codes, strict=True):
        violations += [f"exit code 0, and it remains: {text}" for text in remaining(tenant, file) if code == 0]
    if pair.before is None and codes.count(0) > 1:
        violations.append("both created the application")
    violations += observer.look()
    for file in files:
        report = tenant.apply(tenant.plan(file, all_allowed()), all_allowed())
        if exit_code(report) != 0 or remaining(tenant, file):
            violations.append(f"another apply ended with {exit_code(report)}: {reasons(report)}")
    return [f"{pair.name}, seed {seed}: {text}" for text in dict.fromkeys([*violations, *observer.look()])]


def remaining(tenant: Rehearsal, file: Path) -> list[str]:
    planned = tenant.plan(file)
    return changes(planned) + [error.message for error in planned.errors]


@pytest.mark.slow
@pytest.mark.parametrize("name", PAIRS)
def test_of_two_concurrent_applies_no_edit_is_lost_with_exit_code_0(
    name: str, tenants: Tenants, tmp_path: Path
) -> None:
    violations = [text for seed in rounds() for text in applied_together(PAIRS[name], tenants, tmp_path, seed)]
    record("concurrent applies", len(rounds()), violations)
    assert violations == []


# --- an apply and the portal ----------------------------------------------------------------------------------------


class Portal:
    """Reads the schema before a random request of an apply, and writes it with an edit before a later one."""

    def __init__(self, tenant: Rehearsal, random: Random) -> None:
        self._tenant, self._path = tenant, f"{BASE}{tenant.job()}/schema"
        self._first, self._last = sorted(random.sample(range(4, 30), 2))
        self._requests = 0
        self._schema: Any = None
        self.read_at = self.wrote_at = -1
        tenant.forget()

    async def __call__(self, request: httpx.Request) -> None:
        self._requests += 1
        inner = httpx.ASGITransport(app=self._tenant.app)
        if self._requests == self._first:
            response = await inner.handle_async_request(httpx.Request("GET", self._path))
            self._schema = json.loads(await response.aread())
            self.read_at = len(self._tenant.journal) - 1
        if self._requests == self._last:
            schema = copy.deepcopy(self._schema)
            row(schema, "displayName")["defaultValue"] = "Theirs"
            await inner.handle_async_request(httpx.Request("PUT", self._path, content=json.dumps(schema)))
            self.wrote_at = len(self._tenant.journal) - 1


def edited_meanwhile(tenants: Tenants, folder: Path, seed: int, if_match: str = "ignored") -> list[str]:
    """Apply while the portal edits the schema; return the violations."""
    case = Case("portal", writer(left), writer())
    file, tenant, random = write(folder, case.name, case.spec), tenants.before(case), Random(seed)
    tenant.switch(if_match=if_match)
    portal = Portal(tenant, random)
    observer = Observer(case, Content.of(tenant), tenant)
    [report] = run_all(tenant, (file, Jitter(tenant, random, portal)))
    code, journal, violations = exit_code(report), tenant.journal, observer.look()
    if code not in (0, STALE):
        violations.append(f"exit code {code}: {reasons(report)}")
    if code == 0 and (lost := remaining(tenant, file)) and own_requests(journal, portal, after=True):
        violations.append(f"exit code 0, and it remains: {lost}")
    is_lost = portal.wrote_at >= 0 and row(tenant.schema(), "displayName").get("defaultValue") != "Theirs"
    if is_lost and (if_match == "honoured" or not in_window(journal, portal)):
        violations.append("the edit of the portal is lost")
    report = tenant.apply(tenant.plan(file, all_allowed()), all_allowed())
    if exit_code(report) != 0 or remaining(tenant, file):
        violations.append(f"another apply ended with {exit_code(report)}: {reasons(report)}")
    return [f"portal, seed {seed}: {text}" for text in dict.fromkeys([*violations, *observer.look()])]


def in_window(journal: list[Any], portal: Portal) -> bool:
    """Return whether the portal wrote between the last read of the apply and its write, which nobody can prevent."""
    before, after = (own_requests(journal, portal, after=after) for after in (False, True))
    return before[-1:] == ["GET"] and after[:1] == ["PUT"]


def own_requests(journal: list[Any], portal: Portal, *, after: bool) -> list[str]:
    """Return the methods of the apply's requests for the schema before or after the portal wrote it."""
    return [
        entry["method"]
        for index, entry in enumerate(journal)
        if entry["path"].endswith("/schema") and index not in (portal.read_at, portal.wrote_at)
        if (index > portal.wrote_at) == after
    ]


@pytest.mark.slow
@pytest.mark.parametrize("if_match", ["ignored", "honoured"])
def test_an_edit_in_the_portal_during_an_apply_is_lost_only_in_the_documented_window(
    if_match: str, tenants: Tenants, tmp_path: Path
) -> None:
    violations = [text for seed in rounds() for text in edited_meanwhile(tenants, tmp_path, seed, if_match)]
    record("concurrent applies", len(rounds()), violations)
    assert violations == []
