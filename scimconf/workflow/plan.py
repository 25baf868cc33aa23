"""Plan one application: read the tenant, compare it with the spec, estimate who is affected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scimconf.diagnostics import Diagnostic, GraphError
from scimconf.impact.estimates import SAMPLE, ImpactQueries, impact_queries, scope_documents
from scimconf.impact.user_attributes import is_basic
from scimconf.kinds import KINDS
from scimconf.plan import Guard
from scimconf.snapshot import Document, Sample, Snapshot
from scimconf.spec.loaded import Loaded, digest
from scimconf.spec.model import Spec
from scimconf.workflow.compilation import (
    CompiledPlan,
    PlanOptions,
    compare,
    documents,
    groups_to_count,
    lookups,
)

if TYPE_CHECKING:
    from scimconf.graph.reading import TenantSession

from scimconf.workflow.validate import lint, locate


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
        warnings=(*locate(loaded, found.plan.warnings), *uncounted, *(one for one in findings if not one.is_error)),
    )
    problems = (*locate(loaded, found.errors), *(one for one in findings if one.is_error))
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
    from scimconf.graph.principals import count_members

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
