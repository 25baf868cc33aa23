"""Derive the changes of one application and the steps that make them from a spec and a snapshot, over all kinds. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import chain, product

from scimconf.diagnostics import Diagnostic
from scimconf.documents import job
from scimconf.kinds.kind import DENIED, Kind
from scimconf.kinds.schedule import held_warnings, starts_provisioning
from scimconf.plan import (
    Action,
    Address,
    Change,
    DesiredItem,
    DiffResult,
    Effect,
    Exclusive,
    MissingPrincipal,
    ReportOnly,
    Resource,
)
from scimconf.plan.diff import diff
from scimconf.plan.key_sets import KeySets
from scimconf.plan.select import Selection, can_select_below, is_selected, select, unmatched_patterns
from scimconf.snapshot import Document, Lookup, SecretRef, Snapshot
from scimconf.spec.model import Spec
from scimconf.steps import Phase, Step
from scimconf.workflow.checks import check, dated
from scimconf.workflow.permission_check import denied_reads


def never_available(_reference: SecretRef) -> bool:
    """Return that nothing is known about where a secret is."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions:
    """The options of a plan. `today` decides which guard exemptions have expired, so it has no default.

    `lock_holder` is whose locks are not reported, "" if this run takes none.
    `no_start`: provisioning is not started, whatever the spec says; the change that would start it is left out.
    `check_permissions`: compare the permissions of the access token with those that an apply needs.
    `is_available` returns whether a secret is certainly where its reference points; other ones are listed (K402).
    """

    today: date
    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    resend_secrets: bool = False
    fail_on_abandoned: bool = False
    ignore: tuple[str, ...] = ()
    impact: bool = True
    lock_holder: str = ""
    no_start: bool = False
    check_permissions: bool = True
    is_available: Callable[[SecretRef], bool] = never_available


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSet:
    """The selected changes of one application with their effects, the steps that make them, and the diagnostics.

    There are no changes if a diagnostic is an error. `missing` are the selected principals that the tenant does not have,
    `not_compared` the kinds that the selection leaves out as a whole. `unmatched` are the patterns of `only` and `exclude` that match no
    resource. `is_partial`: only the first step could be planned, because the application must be created first. Then
    `later_steps` are those of the other changes as far as they are known, for what they need; they are not executed.
    """

    changes: tuple[Change, ...] = ()
    steps: tuple[Step, ...] = ()
    later_steps: tuple[Step, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    desired: tuple[DesiredItem, ...] = ()
    key_sets: tuple[KeySets, ...] = ()
    diff: DiffResult = field(default_factory=DiffResult)
    selection: Selection = field(default_factory=lambda: Selection(()))
    unmatched: frozenset[str] = frozenset()
    is_partial: bool = False
    missing: tuple[MissingPrincipal, ...] = ()
    not_compared: tuple[str, ...] = ()

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        return tuple(diagnostic for diagnostic in self.diagnostics if diagnostic.is_error)

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        return tuple(diagnostic for diagnostic in self.diagnostics if not diagnostic.is_error)


def documents(
    kinds: Sequence[Kind], specs: Sequence[Spec], compared: Sequence[Kind] | None = None
) -> tuple[Document, ...]:
    """Return each document that the specs of one application need once; the first spec decides how it is read.

    The principals of a document are looked up if one of the `compared` kinds, by default all, needs them.
    """
    by_name: dict[str, Document] = {}
    resolved: set[str] = set()
    for spec, kind in product(specs, kinds):
        for document in kind.reads(spec):
            by_name.setdefault(document.name, document)
            if document.resolves_principals and (compared is None or kind in compared):
                resolved.add(document.name)
    return tuple(replace(document, resolves_principals=name in resolved) for name, document in by_name.items())


def compared_kinds(kinds: Sequence[Kind], spec: Spec, options: PlanOptions) -> tuple[Kind, ...]:
    """Return the kinds that a plan compares: those that look up principals only if one of their addresses can be selected."""
    only, exclude = options.only, options.exclude
    return tuple(
        kind for kind in kinds if not kind.looks_up_principals or can_select_below(kind.address(spec), only, exclude)
    )


def lookups(kinds: Sequence[Kind], specs: Sequence[Spec], snapshot: Snapshot) -> Iterable[Lookup]:
    return chain.from_iterable(kind.lookups(spec, snapshot) for spec in specs for kind in kinds)


def build_changes(kinds: Sequence[Kind], spec: Spec, snapshot: Snapshot, options: PlanOptions) -> ChangeSet:
    """Compare the spec with the snapshot; each compared kind is asked once for its diagnostics, resources and steps."""
    all_kinds, kinds = kinds, compared_kinds(kinds, spec, options)
    not_compared = tuple(kind.name for kind in all_kinds if kind not in kinds)
    diagnostics = (*check(kinds, spec, snapshot), *dated(spec, options.today))
    if any(diagnostic.code in DENIED for diagnostic in diagnostics):
        diagnostics = (*denied_reads(documents(kinds, [spec]), snapshot), *diagnostics)
    missing = tuple(chain.from_iterable(kind.missing(spec, snapshot) for kind in kinds))
    selected_missing = tuple(principal for principal in missing if _is_selected(principal, options))
    if any(diagnostic.is_error for diagnostic in diagnostics):
        return ChangeSet(diagnostics=(*diagnostics, *(principal.diagnostic for principal in selected_missing)))
    by_kind = {kind.name: kind.key_sets(spec, snapshot) for kind in kinds}
    key_sets = [sets for sets in by_kind.values() if sets is not None]
    kinds_of_items = [kind for kind in kinds if by_kind[kind.name] is None]
    desired = tuple(chain.from_iterable(kind.desired(spec, snapshot) for kind in kinds_of_items))
    observed = tuple(chain.from_iterable(kind.observed(spec, snapshot) for kind in kinds_of_items))
    traits = {kind.name: kind.traits for kind in kinds}
    result = diff(desired, observed, traits, resend=options.resend_secrets, key_sets=key_sets)
    changes = _with_effects(kinds, result.changes, snapshot, _departure(spec))
    starts = tuple(change for change in changes if options.no_start and starts_provisioning(change))
    changes = tuple(change for change in changes if change not in starts)
    requires = {kind.name: (*kind.after, *kind.companions) for kind in kinds}
    selection = select(changes, options.only, options.exclude, requires)
    selection = replace(selection, excluded=selection.excluded + len(starts))
    patterns = (*options.only, *options.exclude)
    known = (
        (
            *_addresses(desired, observed),
            *chain.from_iterable(_addresses(sets.items(), sets.observed_resources()) for sets in key_sets),
            *chain.from_iterable(principal.assignments for principal in missing),
            *(Address(spec.name, name, "*") for name in not_compared),
        )
        if patterns
        else ()
    )
    steps, later_steps = _steps(kinds, spec, selection.changes, snapshot)
    if options.no_start:
        steps, later_steps = without_start(steps), without_start(later_steps)
        diagnostics = (*diagnostics, *held_warnings(spec, snapshot, steps))
    return ChangeSet(
        changes=selection.changes,
        steps=steps,
        later_steps=later_steps,
        diagnostics=diagnostics,
        desired=desired,
        key_sets=tuple(key_sets),
        diff=result,
        selection=selection,
        unmatched=unmatched_patterns(patterns, known),
        is_partial=_is_partial(kinds, selection.changes),
        missing=selected_missing,
        not_compared=not_compared,
    )


def without_start(steps: Iterable[Step]) -> tuple[Step, ...]:
    """Return the steps without those that start provisioning, and without the checks before a start."""
    return tuple(step for step in steps if step.phase is not Phase.START)


def _is_selected(principal: MissingPrincipal, options: PlanOptions) -> bool:
    return any(is_selected(address, options.only, options.exclude) for address in principal.assignments)


def _addresses(desired: Iterable[DesiredItem], observed: Iterable[Resource]) -> tuple[Address, ...]:
    """Return all known addresses; a managed list adds a wildcard, so that a pattern matches it also while it is empty."""
    return (
        *(item.prefix.under("*") if isinstance(item, Exclusive | ReportOnly) else item.address for item in desired),
        *(resource.address for resource in observed),
    )


def _departure(spec: Spec) -> str:
    """Return what the vendor of the spec's preset does to deprovisioned users; empty if nothing is known."""
    if spec.preset is None:
        return ""
    from scimconf.presets.catalogue import find_entry
    from scimconf.presets.target import departure_text

    entry = find_entry(spec.preset)
    return departure_text(entry.facts) if entry is not None else ""


def _with_effects(
    kinds: Sequence[Kind], changes: Sequence[Change], snapshot: Snapshot, departure: str
) -> tuple[Change, ...]:
    """Return the changes with their effects on users; `departure` is what the vendor does to deprovisioned users."""
    has_run = any(map(job.has_run, snapshot.rows("jobs")))
    annotated: list[Change] = []
    for kind in kinds:
        own = [change for change in changes if change.kind == kind.name]
        by_address = kind.effects(own, snapshot)
        for change in own:
            effects = by_address.get(change.address, frozenset())
            effects = effects if has_run else effects & kind.effects_before_start
            leaving = departure if Effect.DEPROVISIONS in effects else ""
            annotated.append(replace(change, effects=effects, departure=leaving))
    return tuple(annotated)


def _is_partial(kinds: Sequence[Kind], changes: Iterable[Change]) -> bool:
    foundations = {kind.name for kind in kinds if kind.is_foundation}
    return any(change.kind in foundations and change.action is Action.CREATE for change in changes)


def _steps(
    kinds: Sequence[Kind], spec: Spec, changes: Sequence[Change], snapshot: Snapshot
) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """Return the steps of all kinds; of a partial plan first those that create the application, then the others."""
    if not changes:
        return (), ()
    is_partial = _is_partial(kinds, changes)
    planned = [kind for kind in kinds if kind.is_foundation or not is_partial]
    later = [kind for kind in kinds if kind not in planned]
    steps, later_steps = (
        tuple(chain.from_iterable(kind.steps(spec, changes, snapshot) for kind in part)) for part in (planned, later)
    )
    return steps, later_steps
