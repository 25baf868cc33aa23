"""All kinds together: from a spec and a snapshot to changes, effects, guards, notices and steps. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import chain

from scimconf.diagnostics import Diagnostic
from scimconf.documents import application, job, secrets
from scimconf.impact.estimates import annotate
from scimconf.kinds import mappings
from scimconf.kinds.abandoned import left_behind
from scimconf.kinds.kind import Kind
from scimconf.plan import (
    Action,
    Address,
    ApplicationPlan,
    Change,
    DesiredItem,
    DiffResult,
    Effect,
    Exclusive,
    ReportOnly,
    Resource,
    Tenant,
)
from scimconf.plan.diff import diff, fingerprint
from scimconf.plan.guards import GuardContext, GuardExemption
from scimconf.plan.rules import guards
from scimconf.plan.select import Selection, select, unmatched_patterns
from scimconf.snapshot import Document, Lookup, SecretRef, Snapshot
from scimconf.spec.model import Spec
from scimconf.steps import Edit, Step

ROLES = "appRoleAssignments"


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
            said = f"the permit for {permit.guard} was over on {permit.until.isoformat()}"
            yield Diagnostic(
                "K003", said, ("guard_exemptions", index), hint="Take it out, or give it a new day and reason."
            )


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
    chosen = select(changes, options.only, options.exclude, {kind.name: kind.after for kind in kinds})
    steps = _steps(kinds, spec, chosen.changes, snapshot)
    behind = () if former is None else left_behind(kinds, former, spec, snapshot)
    facts = _facts(spec, snapshot, tenant, options, difference, steps)
    plan = ApplicationPlan(
        spec.name,
        ids={name: snapshot.names[name] for name in ("app_id", "job", "service_principal") if name in snapshot.names},
        fingerprint=fingerprint(difference.managed),
        complete=not _is_horizon(chosen.changes),
        changes=chosen.changes,
        unmanaged_drift=difference.unmanaged_drift,
        unmanaged=difference.unmanaged,
        guards=guards(chosen.changes, replace(facts, abandoned=len(behind) * options.fail_on_abandoned)),
        warnings=(
            *warnings,
            *_needs(steps, snapshot),
            *_pulled(chosen),
            *_unguarded(spec),
            *_roleless(spec, difference),
        ),
        abandoned=behind,
        excluded_changes=chosen.left_out,
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
    live = _has_run(snapshot)
    told: list[Change] = []
    for kind in kinds:
        mine = [change for change in difference.changes if change.kind == kind.name]
        effects = kind.effects(mine, snapshot)
        for change in mine:
            all_effects = effects.get(change.address, frozenset())
            told.append(replace(change, effects=all_effects if live else _calm(change, all_effects)))
    return tuple(told)


_ALWAYS = frozenset({Effect.CREDENTIALS})
_ACCESS = frozenset({Effect.CREDENTIALS, Effect.DATA_LOSS, Effect.DEPROVISIONS})
"""Roles and assignments are access by themselves, whether or not anybody was ever provisioned."""


def _calm(change: Change, effects: frozenset[Effect]) -> frozenset[Effect]:
    """Before the first start a change of what would flow touches nobody: only the start does."""
    if change.kind == "schedule":
        return effects
    return effects & (_ACCESS if change.kind in ("app_role", "assignment") else _ALWAYS)


def _has_run(snapshot: Snapshot) -> bool:
    return any(job.has_run(one) for one in snapshot.rows("jobs"))


def _is_horizon(changes: Iterable[Change]) -> bool:
    """Whether the first step hides what comes after it: an application that does not exist yet."""
    return any(change.kind == "application" and change.action is Action.CREATE for change in changes)


def _steps(kinds: Sequence[Kind], spec: Spec, changes: Sequence[Change], snapshot: Snapshot) -> tuple[Step, ...]:
    """The steps of all kinds; up to a horizon only those that lead there."""
    if not changes:
        return ()
    leading = [kind for kind in kinds if kind.name == "application"] if _is_horizon(changes) else kinds
    return tuple(chain.from_iterable(kind.steps(spec, changes, snapshot) for kind in leading))


def _facts(
    spec: Spec,
    snapshot: Snapshot,
    tenant: Tenant | None,
    options: PlanOptions,
    difference: DiffResult,
    steps: Sequence[Step],
) -> GuardContext:
    written = [
        GuardExemption(one.guard, one.until, one.reason, one.address or "", one.max) for one in spec.guard_exemptions
    ]
    allowed = [GuardExemption(guard) for guard in options.allow]
    assigned = application.assigned(snapshot.rows("assignments"))
    rows = [row for row in assigned if row["principalType"] != "ServicePrincipal"]
    groups = {row["principalId"] for row in rows if row["principalType"] == "Group"}
    return GuardContext(
        spec.tenant,
        tenant,
        _has_run(snapshot),
        quarantine=next((held for held in map(job.quarantine, snapshot.rows("jobs")) if held), ""),
        holders=Counter(row["principalId"] for row in rows),
        members={
            one: snapshot.members.get(one) if one in groups else 1 for one in {row["principalId"] for row in rows}
        },
        groups=frozenset(groups),
        matching=frozenset(one.address for one in difference.managed if one.fields.get("match") is not None),
        unavailable_secrets=tuple(
            key
            for key, reference in needed_secrets(steps, snapshot).items()
            if reference is None and spec.connection is not None and spec.connection.on_unreadable_secret is not None
        ),
        exemptions=(*written, *allowed),
        today=options.today,
    )


def groups_to_count(comparison: CompiledPlan, snapshot: Snapshot) -> tuple[str, ...]:
    """The assigned groups whose direct members must be counted before the guards can speak of people: all, once
    somebody loses a last role.
    """
    loses = any(
        change.kind == "assignment" and change.action is Action.DELETE and Effect.DEPROVISIONS in change.effects
        for change in comparison.plan.changes
    )
    if not loses or snapshot.members:
        return ()
    rows = application.assigned(snapshot.rows("assignments"))
    return tuple({row["principalId"]: None for row in rows if row["principalType"] == "Group"})


# --- notices -------------------------------------------------------------------------------------------------------


def needed_secrets(steps: Iterable[Step], snapshot: Snapshot) -> Mapping[str, SecretRef | None]:
    """Graph's key → the reference that an apply resolves for it; None where a stored value cannot be sent again."""
    edits = [step for step in steps if isinstance(step, Edit) and step.document.name == "secrets"]
    if not edits:
        return {}
    found: dict[str, SecretRef | None] = {
        edit.key[0]: edit.value for edit in edits if isinstance(edit.value, SecretRef)
    }
    document, removed = edits[0].document, {edit.key[0] for edit in edits if edit.operation == "remove_value"}
    for key in secrets.masked(snapshot.get("secrets")):
        if key not in removed and key not in dict(document.plain):
            found.setdefault(key, dict(document.references).get(key))
    return found


def _needs(steps: Sequence[Step], snapshot: Snapshot) -> Iterator[Diagnostic]:
    for key, reference in needed_secrets(steps, snapshot).items():
        if reference is not None:
            yield Diagnostic("K402", f"apply needs {reference} for {key}", severity="warning")
        elif not any(isinstance(step, Edit) and step.document.partial for step in steps):
            yield Diagnostic(
                "K403",
                f"{key} is stored and cannot be read back, and the spec names no source for it; apply would stop",
                severity="warning",
                hint="The secrets are written as a whole: name where its value is kept, under connection.",
            )


def _pulled(chosen: Selection) -> Iterator[Diagnostic]:
    for address in chosen.pulled:
        yield Diagnostic(
            "K002", f"{address} comes along, since something that was asked for needs it", severity="warning"
        )


def _unguarded(spec: Spec) -> Iterator[Diagnostic]:
    if spec.tenant is None:
        yield Diagnostic(
            "K001",
            "the spec names no tenant, so nothing guards against the wrong one",
            severity="warning",
            hint="Write `tenant:` with a verified domain.",
        )


def _roleless(spec: Spec, difference: DiffResult) -> Iterator[Diagnostic]:
    """Assignments without a role, where roles are sent: Graph has them only for applications that declare none."""
    kept = [one for one in difference.unmanaged if one.address.kind == "assignment" and _is_default(one)]
    if kept and any(ROLES in mappings.reads(row.row) for row in mappings.listed(spec)):
        has = (
            "1 assignment that is left alone has"
            if len(kept) == 1
            else f"{len(kept)} assignments that are left alone have"
        )
        said = f"{has} no role (Default Access), and roles are mapped: what is sent for them is not documented"
        yield Diagnostic("K812", said, ("assignments",), severity="warning", hint="Give them a role under assignments.")


def _is_default(one: Resource) -> bool:
    return isinstance(one.key, tuple) and one.key[1] == application.DEFAULT_ACCESS
