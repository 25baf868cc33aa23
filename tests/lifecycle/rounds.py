"""One round of a lifecycle: plan and apply a spec under faults, and record everything that the invariants need."""

from __future__ import annotations

import asyncio
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from scimconf.cli.events import EventLog
from scimconf.diagnostics import ScimconfError
from scimconf.graph.eventual_consistency import ConsistencyPolicy
from scimconf.graph.reading import TenantSession
from scimconf.graph.secrets import Secrets
from scimconf.plan import Plan, Report, StepOutcome
from scimconf.render import html, json, markdown, text
from scimconf.spec.loaded import Loaded
from scimconf.workflow.apply import apply, missing_secrets
from scimconf.workflow.history import begin_entry, entry_place
from scimconf.workflow.history_folder import FolderStore
from scimconf.workflow.plan import PlannedApplication, plan
from tests.lifecycle.faults import Exchange, NoFaults, Schedule, Wire
from tests.lifecycle.state import Fact, different, settle, state_facts
from tests.tenant_fixture import Killed, Rehearsal, all_allowed

APPLY_TIME = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@dataclass
class Hooks:
    """The hooks of an apply: approve everything, keep history entries, and every text that a person or a log would get."""

    folder: Path
    events: EventLog
    texts: list[str] = field(default_factory=list)
    finished_steps: list[StepOutcome] = field(default_factory=list)
    later_plans: list[PlannedApplication] = field(default_factory=list)
    is_interrupted: bool = False

    def approve(self, planned: PlannedApplication) -> bool:
        self.later_plans.append(planned)
        return True

    def begin_history(self, planned: PlannedApplication) -> str:
        store = FolderStore(str(self.folder))
        return entry_place(store, begin_entry(store, planned, APPLY_TIME))

    def progress(self, message: str, _done: int, _total: int) -> None:
        self.texts.append(message)

    def finished(self, outcome: StepOutcome) -> None:
        self.finished_steps.append(outcome)
        self.texts.append(str(outcome))
        self.events.outcome("writer", outcome)

    def interrupted(self) -> bool:
        return self.is_interrupted


@dataclass
class Round:
    """A plan and its apply. `planned` and `report` are None if an error or a death came first.

    `exchanges` are the requests of the client, the first `planning` of them those of the plan. `before` and `after` are
    the facts of the tenant; `touched` are those that others changed in between. `remaining` is a plan without faults
    after an apply that gave a report. `crash` is the traceback of an error that is no ScimconfError. `late` counts requests that took
    effect after the end, `strikes` the faults that really struck.
    """

    spec: Loaded
    planned: PlannedApplication | None = None
    report: Report | None = None
    exchanges: list[Exchange] = field(default_factory=list)
    planning: int = 0
    before: dict[Fact, Any] = field(default_factory=dict)
    after: dict[Fact, Any] = field(default_factory=dict)
    touched: set[Fact] = field(default_factory=set)
    remaining: PlannedApplication | None = None
    crash: str = ""
    error: str = ""
    is_dead: bool = False
    late: int = 0
    texts: list[str] = field(default_factory=list)
    later_plans: list[PlannedApplication] = field(default_factory=list)
    finished_steps: list[StepOutcome] = field(default_factory=list)
    roles_lost: set[str] = field(default_factory=set)
    others: int = 0
    strikes: Counter[str] = field(default_factory=Counter)


class Observer:
    """Counts what others did, and sees after each request which principals have no role of Writer any more."""

    def __init__(self, tenant: Rehearsal, result: Round) -> None:
        self._tenant, self._result = tenant, result
        self._holders = self._current()

    def _current(self) -> set[str]:
        rows = self._tenant.service.tenant.store.rows(
            "SELECT DISTINCT principal_id FROM assignments WHERE stale_reads = 0 AND resource_id IN "
            "(SELECT id FROM objects WHERE kind = 'servicePrincipal' AND json_extract(doc, '$.displayName') = 'Writer')"
        )
        return {key for (key,) in rows}

    def look(self) -> None:
        current = self._current()
        self._result.roles_lost |= self._holders - current
        self._holders |= current

    def by_others(self, work: Callable[[], object]) -> None:
        """Do something that is not the work of the client under test."""
        before, held = state_facts(self._tenant), self._current()
        work()
        self._result.touched |= different(before, state_facts(self._tenant))
        self._result.others += 1
        self._holders -= held - self._current()


def run_round(  # noqa: PLR0913
    tenant: Rehearsal,
    spec: Loaded,
    schedule: Schedule,
    folder: Path,
    *,
    other_client: Callable[[], object] = lambda: None,
    full: bool = False,
) -> Round:
    """Plan and apply a spec as one command does; `full` renders every output, also the slow ones."""
    result = Round(spec, before=state_facts(tenant))
    wire, observer = Wire(tenant, schedule), Observer(tenant, result)
    events = EventLog(str(folder / "events.jsonl"))
    hooks = Hooks(folder, events)
    wire.after_each = observer.look
    wire.other_client = lambda: observer.by_others(other_client)
    wire.interrupt = lambda: setattr(hooks, "is_interrupted", True)
    tenant.wire, tenant.secrets = wire, Secrets(tenant.environ)  # type: ignore[assignment]
    events._mask_text = tenant.secrets.mask_text
    try:
        asyncio.run(command(tenant, result, wire, hooks))
    except (Killed, BaseExceptionGroup) as error:
        if not wire.is_dead:
            result.crash = "".join(traceback.format_exception(error))
        result.is_dead = wire.is_dead
    finish(tenant, result, wire, hooks, full=full)
    return result


async def command(tenant: Rehearsal, result: Round, wire: Wire, hooks: Hooks) -> None:
    """Plan, approve and apply with one client; errors end up in the round."""
    async with tenant.graph() as graph:
        try:
            result.planned = await plan(session(tenant, graph), result.spec, all_allowed())
            result.planning = len(wire.exchanges)
            if result.planned.errors or not result.planned.plan.changes:
                return
            if list(missing_secrets(result.planned, tenant.secrets)):
                result.error = "a secret is missing"
                return
            result.report = await apply(session(tenant, graph), result.planned, all_allowed(), tenant.secrets, hooks)
        except ScimconfError as error:
            result.error = f"{error!r} {error} {error.hint}"
        except Exception as error:  # noqa: BLE001  a crash is a violation
            result.crash = "".join(traceback.format_exception(error))
        finally:
            result.planning = result.planning or len(wire.exchanges)


def session(tenant: Rehearsal, graph: Any) -> TenantSession:
    return TenantSession(graph, ConsistencyPolicy(tenant.sleep, lambda: tenant.time, lambda: graph.now))


def finish(tenant: Rehearsal, result: Round, wire: Wire, hooks: Hooks, *, full: bool) -> None:
    """Record what the round left, and plan again without faults."""
    result.exchanges, result.strikes = wire.exchanges, wire.strikes
    result.finished_steps, result.later_plans = hooks.finished_steps, hooks.later_plans
    result.late = asyncio.run(wire.deliver_late(everything=True))
    settle(tenant)
    result.after = state_facts(tenant)
    result.texts = [*hooks.texts, *outputs(result, hooks, full=full)]
    tenant.wire = Wire(tenant, NoFaults())  # type: ignore[assignment]
    if result.report is not None:
        result.remaining = tenant.plan(result.spec, all_allowed())


def outputs(result: Round, hooks: Hooks, *, full: bool) -> list[str]:
    """Return everything that the commands plan and apply would print or write."""
    texts = [result.error, result.crash]
    planned, report = result.planned, result.report
    if report is not None:
        hooks.events.applied(report, set(hooks.finished_steps))
        texts += [text.report([report]), repr(report)]
    if planned is not None and planned.tenant is not None:
        document = Plan(planned.tenant, (planned.plan,))
        texts += [json.plan(document), text.plan(document, steps={planned.name: planned.steps}), repr(planned.steps)]
        if full:
            texts += [markdown.plan(document), html.plan(document)]
    hooks.events.close()
    return texts + [path.read_text("utf-8") for path in hooks.folder.rglob("*") if path.is_file()]


def run_together(
    tenant: Rehearsal, specs: Sequence[Loaded], schedules: Sequence[Schedule], folder: Path, random: Random
) -> list[Round]:
    """Apply several specs at the same time, each with a client of its own; no round ends before all have ended."""
    before = state_facts(tenant)
    rounds, wires, hooks = [], [], []
    for number, (spec, schedule) in enumerate(zip(specs, schedules, strict=True)):
        (folder / str(number)).mkdir(exist_ok=True)
        rounds.append(Round(spec, before=before, others=1))
        wires.append(Wire(tenant, schedule, Random(random.getrandbits(64))))
        hooks.append(Hooks(folder / str(number), EventLog(str(folder / str(number) / "events.jsonl"))))
    tenant.secrets = Secrets(tenant.environ)

    async def run(number: int) -> None:
        tenant.wire = wires[number]  # type: ignore[assignment]
        await command(tenant, rounds[number], wires[number], hooks[number])

    async def run_all() -> None:
        await asyncio.gather(*(run(number) for number in range(len(rounds))))

    asyncio.run(run_all())
    for result, wire, hook in zip(rounds, wires, hooks, strict=True):
        finish(tenant, result, wire, hook, full=False)
    after = different(before, rounds[-1].after)
    for result in rounds:
        result.touched |= after
    return rounds
