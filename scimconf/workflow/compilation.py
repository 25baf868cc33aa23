"""All kinds together: from a spec and a snapshot to changes, effects, guards, notices and steps. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import chain

from scimconf.diagnostics import Diagnostic
from scimconf.documents import application
from scimconf.impact.estimates import annotate
from scimconf.kinds.abandoned import find_abandoned
from scimconf.kinds.guard_context import guard_context, has_run
from scimconf.kinds.kind import Kind
from scimconf.kinds.registry import guards
from scimconf.plan import (
    Action,
    Address,
    ApplicationPlan,
    Change,
    DesiredItem,
    DiffResult,
    Exclusive,
    ReportOnly,
    Resource,
    Tenant,
)
from scimconf.plan.diff import diff, fingerprint
from scimconf.plan.guards import GuardExemption
from scimconf.plan.select import Selection, select, unmatched_patterns
from scimconf.snapshot import Document, Lookup, Snapshot
from scimconf.spec.model import Spec
from scimconf.steps import Step


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What shapes a plan beside the spec and the tenant."""

    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    resend_secrets: bool = False
    fail_on_abandoned: bool = False
    today: date = date.min
    ignore: tuple[str, ...] = ()
    impact: bool = True


@dataclass(frozen=True, slots=True)
class CompiledPlan:
    """An application's plan, how it would be made so, and what is wrong.

    `unmatched` are the patterns of `only` and `exclude` that match nothing which is wanted or seen here.
    """

    plan: ApplicationPlan
    steps: tuple[Step, ...] = ()
    errors: tuple[Diagnostic, ...] = field(default=())
    tenant: Tenant | None = None
    unmatched: frozenset[str] = frozenset()


def documents(kinds: Sequence[Kind], specs: Sequence[Spec]) -> tuple[Document, ...]:
    """Every document that the specs of one application need, each once; the first spec decides how it is found."""
    found: dict[str, Document] = {}
    for spec in specs:
        for document in chain.from_iterable(kind.reads(spec) for kind in kinds):
            found.setdefault(document.name, document)
    return tuple(found.values())


def lookups(kinds: Sequence[Kind], specs: Sequence[Spec], snapshot: Snapshot) -> Iterable[Lookup]:
    return chain.from_iterable(kind.lookups(spec, snapshot) for spec in specs for kind in kinds)


def check(kinds: Sequence[Kind], spec: Spec, snapshot: Snapshot | None) -> tuple[Diagnostic, ...]:
    """What is wrong, each thing once; without a snapshot only what can be known offline."""
    return tuple(dict.fromkeys(problem for kind in kinds for problem in kind.check(spec, snapshot)))


def expired(spec: Spec, today: date) -> Iterator[Diagnostic]:
    """Permits that are over: they must go, or be given anew."""
    for index, permit in enumerate(spec.guard_exemptions):
        if permit.until < today:
            message = f"the exemption for guard {permit.guard} expired on {permit.until.isoformat()}"
            hint = "Remove it, or write a new `until` and `reason`."
            yield Diagnostic("K003", message, ("guard_exemptions", index), hint=hint)


def compare(
    kinds: Sequence[Kind], spec: Spec, snapshot: Snapshot, options: PlanOptions, former: Spec | None = None
) -> CompiledPlan:
    """The plan of one application; `former` is its spec as it was, for what is left behind."""
    tenant = _tenant(snapshot)
    problems = (*check(kinds, spec, snapshot), *expired(spec, options.today))
    warnings = tuple(problem for problem in problems if not problem.is_error)
    errors = tuple(problem for problem in problems if problem.is_error)
    if errors:
        return CompiledPlan(ApplicationPlan(spec.name, warnings=warnings), errors=errors, tenant=tenant)
    wanted = tuple(chain.from_iterable(kind.desired(spec, snapshot) for kind in kinds))
    observed = tuple(chain.from_iterable(kind.observed(spec, snapshot) for kind in kinds))
    difference = diff(wanted, observed, {kind.name: kind.traits for kind in kinds}, resend=options.resend_secrets)
    changes = annotate(spec, _with_effects(kinds, difference, snapshot), snapshot, options.today)
    requires = {kind.name: (*kind.after, *kind.companions) for kind in kinds}
    chosen = select(changes, options.only, options.exclude, requires)
    steps = _steps(kinds, spec, chosen.changes, snapshot)
    behind = () if former is None else find_abandoned(kinds, former, spec, snapshot)
    context = guard_context(spec, snapshot, chosen.changes, difference.managed, steps)
    context = replace(
        context,
        tenant=tenant,
        today=options.today,
        exemptions=(*context.exemptions, *map(GuardExemption, options.allow)),
        abandoned=len(behind) * options.fail_on_abandoned,
    )
    plan = ApplicationPlan(
        spec.name,
        ids={name: snapshot.names[name] for name in ("app_id", "job", "service_principal") if name in snapshot.names},
        fingerprint=fingerprint(difference.managed),
        complete=not _is_partial(kinds, chosen.changes),
        changes=chosen.changes,
        unmanaged_drift=difference.unmanaged_drift,
        unmanaged=difference.unmanaged,
        guards=guards(chosen.changes, context),
        warnings=(
            *warnings,
            *_prerequisites(chosen),
            *_unguarded(spec),
            *chain.from_iterable(kind.warnings(spec, snapshot, difference, steps) for kind in kinds),
        ),
        abandoned=behind,
        excluded_changes=chosen.excluded,
    )
    unmatched = unmatched_patterns((*options.only, *options.exclude), _addresses(wanted, observed))
    return CompiledPlan(plan, steps, tenant=tenant, unmatched=unmatched)


def _addresses(wanted: Iterable[DesiredItem], observed: Iterable[Resource]) -> tuple[Address, ...]:
    """Whatever has an address; for a list that is ruled and may be empty, a star in place of what could be in it."""
    ruled = (one.prefix.under("*") for one in wanted if isinstance(one, Exclusive | ReportOnly))
    named = (one.address for one in wanted if not isinstance(one, Exclusive | ReportOnly))
    return (*ruled, *named, *(one.address for one in observed))


def _tenant(snapshot: Snapshot) -> Tenant | None:
    """As the tenant tells itself; where that is refused, the id that the token is for."""
    token = snapshot.names.get("token_tenant")
    return application.tenant(snapshot.get("organization")) or (Tenant(token) if token else None)


def _with_effects(kinds: Sequence[Kind], difference: DiffResult, snapshot: Snapshot) -> tuple[Change, ...]:
    """The changes in the order of the kinds, each with what it does to people."""
    is_live = has_run(snapshot)
    annotated: list[Change] = []
    for kind in kinds:
        own = [change for change in difference.changes if change.kind == kind.name]
        effects = kind.effects(own, snapshot)
        for change in own:
            own_effects = effects.get(change.address, frozenset())
            annotated.append(
                replace(change, effects=own_effects if is_live else own_effects & kind.effects_before_start)
            )
    return tuple(annotated)


def _is_partial(kinds: Sequence[Kind], changes: Iterable[Change]) -> bool:
    """Return whether the plan is partial because the application must be created first."""
    foundations = {kind.name for kind in kinds if kind.is_foundation}
    return any(change.kind in foundations and change.action is Action.CREATE for change in changes)


def _steps(kinds: Sequence[Kind], spec: Spec, changes: Sequence[Change], snapshot: Snapshot) -> tuple[Step, ...]:
    """The steps of all kinds; up to a horizon only those that lead there."""
    if not changes:
        return ()
    leading = [kind for kind in kinds if kind.is_foundation] if _is_partial(kinds, changes) else kinds
    return tuple(chain.from_iterable(kind.steps(spec, changes, snapshot) for kind in leading))


# --- warnings ------------------------------------------------------------------------------------------------------


def _prerequisites(selection: Selection) -> Iterator[Diagnostic]:
    for address in selection.prerequisites:
        yield Diagnostic("K002", f"{address} is included because a selected change requires it", severity="warning")


def _unguarded(spec: Spec) -> Iterator[Diagnostic]:
    if spec.tenant is None:
        yield Diagnostic(
            "K001",
            "the spec does not name its tenant, so a plan against the wrong tenant is not blocked",
            severity="warning",
            hint="Write `tenant: DOMAIN` with a verified domain of the tenant.",
        )
