"""The rooms composed: validate, plan, apply. Plain functions, no state.

A plan: `kinds` say what to read, `live` reads it, `kinds` say what is wanted and what is seen, `plan` compares, `kinds`
say how. An apply walks those steps and plans again until nothing is left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Protocol

from scimconf.diagnostics import Diagnostic, DiagnosticsError, GraphError, ScimconfError, describe_unexpected
from scimconf.documents.secrets import references
from scimconf.impact import mapping_tests
from scimconf.impact.estimates import SAMPLE, ImpactQueries, impact_queries, scope_documents
from scimconf.impact.user_attributes import is_basic
from scimconf.kinds import KINDS
from scimconf.plan import Action, Change, Guard, Report, Result, StepOutcome
from scimconf.plan.guards import ASKED
from scimconf.snapshot import Document, Sample, Snapshot
from scimconf.spec.loaded import Loaded, digest
from scimconf.spec.model import Spec
from scimconf.workflow.compilation import (
    CompiledPlan,
    PlanOptions,
    check,
    compare,
    documents,
    expired,
    groups_to_count,
    lookups,
)

if TYPE_CHECKING:
    from scimconf.export import ExportedSpec
    from scimconf.graph.execution import ExecutionResult, SecretResolver
    from scimconf.graph.reading import TenantSession

ROUNDS = 4
UNEXPORTABLE = frozenset({"K101", "K102", "K103", "K201", "K202", "K401", "K601", "K801"})
"""Problems that leave nothing to export, or only a part that would pass for the whole."""
NOT_EXPORTED = "Name it as the portal does, or by its application id; see also that this is the right tenant."


@dataclass(frozen=True, slots=True)
class PlannedApplication:
    """One application's plan with what it stands on."""

    loaded: Loaded
    snapshot: Snapshot
    comparison: CompiledPlan

    @property
    def name(self) -> str:
        return self.comparison.plan.name

    @property
    def closed(self) -> tuple[Guard, ...]:
        return self.comparison.plan.blocking_guards


class ApplyHooks(Protocol):
    """Whom an apply asks and tells: a person at a terminal, a pipeline, or a test."""

    def approve(self, planned: PlannedApplication) -> bool:
        """Whether to go on with what an earlier plan could not show."""

    def backup(self, planned: PlannedApplication) -> str:
        """Saves the documents as they are, before the first write; says where."""

    def progress(self, says: str, done: int, total: int) -> None:
        """Progress."""

    def interrupted(self) -> bool:
        """Whether to stop before the next request."""


def validate(loaded: Loaded, today: date) -> tuple[Diagnostic, ...]:
    """Everything that is wrong with a spec and can be known offline; the lint is asked apart."""
    if loaded.spec is None:
        return loaded.problems
    found = (*check(KINDS, loaded.spec, None), *expired(loaded.spec, today), *mapping_tests.run(loaded.spec))
    return (*loaded.problems, *_placed(loaded, found))


def lint(
    loaded: Loaded, ignore: Sequence[str] = (), snapshot: Snapshot | None = None, changes: Sequence[Change] = ()
) -> tuple[Diagnostic, ...]:
    """What is probably wrong with a spec, but for the rules that are ignored."""
    from scimconf.lint import checks

    return tuple(checks.lint(loaded, snapshot, ignore, {change.address.local for change in changes}))


async def plan(
    live: TenantSession, loaded: Loaded, options: PlanOptions, former: Spec | None = None
) -> PlannedApplication:
    """One application's plan; raises GraphError where the tenant cannot be read."""
    from scimconf.graph.reading import observe

    assert loaded.spec is not None
    spec, specs = loaded.spec, [one for one in (loaded.spec, former) if one is not None]
    snapshot = await observe(live, documents(KINDS, specs), lambda seen: lookups(KINDS, specs, seen))
    found = compare(KINDS, spec, snapshot, options, former)
    if options.impact:
        snapshot = await _grounded(live, snapshot, scope_documents(spec, found.plan.changes))
    asked = impact_queries(spec, found.plan.changes, snapshot) if options.impact else ImpactQueries()
    asked = replace(asked, groups=tuple(sorted({*asked.groups, *groups_to_count(found, snapshot)})))
    uncounted: tuple[Diagnostic, ...] = ()
    if asked:
        snapshot, uncounted = await _census(live, snapshot, asked)
        found = compare(KINDS, spec, snapshot, options, former)
    findings = lint(loaded, options.ignore, snapshot, found.plan.changes)
    told = replace(
        found.plan,
        paths=loaded.paths,
        digest=digest(loaded.resolved),
        warnings=(*_placed(loaded, found.plan.warnings), *uncounted, *(one for one in findings if not one.is_error)),
    )
    problems = (*_placed(loaded, found.errors), *(one for one in findings if one.is_error))
    return PlannedApplication(loaded, snapshot, replace(found, plan=told, errors=problems))


async def _grounded(live: TenantSession, snapshot: Snapshot, documents: Sequence[Document]) -> Snapshot:
    """The snapshot with what says who is in scope; where that is refused, numbers are missing and nothing else is."""
    from scimconf.graph.impact_data import filled

    return replace(snapshot, documents=(await filled(live.graph, snapshot, documents)).documents)


async def _census(
    live: TenantSession, snapshot: Snapshot, asked: ImpactQueries
) -> tuple[Snapshot, tuple[Diagnostic, ...]]:
    """The snapshot with what was counted; what cannot be read stays unknown, and is no reason to fail."""
    from scimconf.graph.impact_data import count
    from scimconf.graph.reading import count_members

    members = await count_members(live.graph, asked.groups) if asked.groups else {}
    users = (await count(live.graph) or None) if asked.users else snapshot.users
    uncounted: tuple[Diagnostic, ...] = ()
    try:
        sample = await _sample(live, asked) if asked.select else snapshot.sample
    except GraphError as error:
        said = f"for whom the changes matter is not counted: Graph refused people ({error.status} {error.code})"
        sample, uncounted = snapshot.sample, (Diagnostic("K004", said, hint=error.hint, severity="warning"),)
    if sample.users and all(map(is_basic, sample.users)):
        said = "for whom the changes matter is not counted: Graph shows basic properties of people only"
        sample, uncounted = Sample(), (Diagnostic("K004", said, hint="It takes User.Read.All.", severity="warning"),)
    return replace(snapshot, members={**snapshot.members, **members}, users=users, sample=sample), uncounted


async def _sample(live: TenantSession, asked: ImpactQueries) -> Sample:
    from scimconf.graph.impact_data import some, some_of

    if asked.among is None:
        people = await some(live.graph, asked.select, SAMPLE)
        return Sample(people, complete=len(people) < SAMPLE)
    people, whole = await some_of(live.graph, asked.select, SAMPLE, asked.among.users, asked.among.groups)
    return Sample(people, assigned=True, complete=whole)


def _placed(loaded: Loaded, problems: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The problems with file, line and column; rows of a CSV go by its key, since nobody wrote their path."""
    placed = (problem.located(loaded.origin(problem.path)) if problem.path else problem for problem in problems)
    return tuple(
        replace(one, path=("assignments", f"{one.path[3]}_from"))
        if one.path[1:2] == ("imported",) and len(one.path) > 3
        else one
        for one in placed
    )


async def export(
    live: TenantSession, identified: Mapping[str, str], name: str, tenant: str, *, full: bool, defined: bool = False
) -> ExportedSpec:
    """One live application as a spec; `identified` is its display_name, app_id or object_id.

    `defined` has it say every attribute that is there, also those that the template brings along.

    Raises ProblemsError where there is no such application, or several, or a document is refused.
    """
    from scimconf.documents.schema import default_schema
    from scimconf.export import declare, everything, namesakes
    from scimconf.graph.reading import observe

    spec = everything(name, identified)
    wanted = (*documents(KINDS, [spec]), default_schema())
    snapshot = await observe(live, wanted, lambda seen: (*lookups(KINDS, [spec], seen), *namesakes(seen)))
    problems = [one for one in check(KINDS, spec, snapshot) if one.is_error and one.code in UNEXPORTABLE]
    if problems:
        raise DiagnosticsError(
            replace(problem, path=(), hint=NOT_EXPORTED if problem.code == "K103" else problem.hint)
            for problem in problems
        )
    return declare(name, tenant, snapshot, full=full, defined=defined)


async def apply(
    live: TenantSession, first: PlannedApplication, options: PlanOptions, values: SecretResolver, talk: ApplyHooks
) -> Report:
    """Makes an approved plan so, and plans again until nothing is left; whatever fails, the report says what was done."""
    so_far = Report(first.name)
    planned, shown = first, _told(first)
    for _ in range(ROUNDS):
        stopped = _stopped(planned, so_far)
        if stopped is not None or not planned.comparison.plan.changes:
            return stopped or so_far
        if not _told(planned) <= shown and not talk.approve(planned):
            return replace(
                so_far, error="Stopped before what the first plan could not show.", exit_code=_code(1, so_far)
            )
        shown |= _told(planned)
        try:
            so_far = await _execute(live, planned, so_far, values, talk)
            if so_far.exit_code:
                return so_far
            options = replace(options, resend_secrets=False)  # they have been sent
            planned = await _settled(live, planned, so_far, options, talk)
        except ScimconfError as error:
            return replace(so_far, error=str(error), hint=error.hint, exit_code=_code(1, so_far))
        except Exception as error:  # noqa: BLE001  nobody would learn what was written
            return replace(so_far, error=describe_unexpected(error), exit_code=_code(1, so_far))
        if _is_written(planned, so_far):
            break
    return _unseen(planned, so_far)


def _stopped(planned: PlannedApplication, so_far: Report) -> Report | None:
    """Problems and closed guards stop before any write of this round."""
    if planned.comparison.errors:
        told = tuple(problem.message for problem in planned.comparison.errors)
        return replace(so_far, error="; ".join(told), problems=planned.comparison.errors, exit_code=_code(65, so_far))
    closed = [guard for guard in planned.closed if guard.id not in ASKED]
    if closed:
        said = "; ".join(f"{guard.id}: {guard.message}" for guard in closed)
        return replace(so_far, error=f"Stopped by a guard. {said}", exit_code=_code(4, so_far))
    return None


def _code(code: int, so_far: Report) -> int:
    """Whatever stops an apply that has written something, 5 says that it has."""
    return 5 if so_far.wrote else code


def _told(planned: PlannedApplication) -> frozenset[str]:
    """What somebody has to be asked about: closed guards, and what is deleted. A later plan may bring new ones."""
    changes = planned.comparison.plan.changes
    gone = {str(change.address) for change in changes if change.action in (Action.DELETE, Action.REPLACE)}
    return frozenset(gone | {guard.id for guard in planned.closed})


async def _execute(
    live: TenantSession, planned: PlannedApplication, so_far: Report, values: SecretResolver, talk: ApplyHooks
) -> Report:
    from scimconf.graph.execution import ExecutionRequest, execute, preflight

    after = {kind.name: kind.after for kind in KINDS}
    steps = planned.comparison.steps
    orders = ExecutionRequest(steps, planned.snapshot, after, values, talk.progress, talk.interrupted)
    for row in planned.snapshot.rows("applications"):
        live.patience.set_created(row.get("createdDateTime"))
    preflight(orders)
    if not planned.comparison.plan.complete and planned.loaded.spec is not None:
        for _, reference in references(planned.loaded.spec.connection):
            values.resolve(reference)  # what comes after the horizon must not fail for what is known now
    backup = so_far.backup or talk.backup(planned)
    done = await execute(live, orders)
    report = replace(
        so_far, outcomes=(*so_far.outcomes, *done.outcomes), wrote=so_far.wrote or done.wrote, backup=backup
    )
    return replace(report, exit_code=_result(done, report, interrupted=talk.interrupted()))


def _result(done: ExecutionResult, report: Report, *, interrupted: bool) -> int:
    if done.stale:
        return _code(3, report)
    if interrupted and any(one.result is Result.SKIPPED for one in done.outcomes):
        return 130
    return _code(1, report) if done.failed else 0


async def _settled(
    live: TenantSession, before: PlannedApplication, so_far: Report, options: PlanOptions, talk: ApplyHooks
) -> PlannedApplication:
    """The plan after an execution, once what was written shows: late arrival is waited for, not written again."""
    wait = live.patience.wait()
    while True:
        planned = await plan(live, before.loaded, options)
        only_late = _is_written(planned, so_far) and not talk.interrupted()
        if not only_late or not await wait.again("what was written to show"):
            return planned


def _is_written(planned: PlannedApplication, so_far: Report) -> bool:
    """Whether all that a later plan still shows was done in this run already."""
    done = {address for outcome in so_far.outcomes for address in outcome.addresses}
    left = {change.address for change in planned.comparison.plan.changes}
    return bool(left) and left <= done


def _unseen(planned: PlannedApplication, so_far: Report) -> Report:
    """After the last round: what is still different is said, since it may be written and not yet visible."""
    left = tuple(change.address for change in planned.comparison.plan.changes)
    if not left:
        return so_far
    outcome = StepOutcome(Result.UNCONFIRMED, left, "see what was written")
    return replace(so_far, outcomes=(*so_far.outcomes, outcome))


__all__ = ["ApplyHooks", "GraphError", "PlanOptions", "PlannedApplication", "apply", "lint", "plan", "validate"]
