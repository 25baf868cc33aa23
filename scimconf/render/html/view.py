"""The values for the HTML template: all words and places are decided here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from types import MappingProxyType
from typing import Any

from scimconf.plan import ApplicationPlan, Effect, Guard, Plan
from scimconf.render.common.change_view import ChangeRow, FieldRow, by_effect, cause, change_rows, combined_sentence
from scimconf.render.common.diagnostic_text import sentence
from scimconf.render.common.effects import SEVERE, effect_template, guard_message
from scimconf.render.common.effects import sentence as effect_sentence
from scimconf.render.common.escaping import visible
from scimconf.render.common.fields import facts
from scimconf.render.common.labels import (
    ID_LABELS,
    count,
    counts,
    guard_status,
    kind_order,
    plural,
    shorten_ids,
    tenant_mismatch,
    tenant_name,
)
from scimconf.render.common.verdict import application_summary
from scimconf.render.html.flow_diagram import FlowDiagram, flow_diagrams
from scimconf.render.html.text_diff import DiffSegment, Segments, marked

MAX_OPEN = 60
"""A page with more rows shows them closed."""


@dataclass(frozen=True, slots=True)
class OptionView:
    """One choice of a filter, labelled with the number of rows that match."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class EffectTag:
    """An effect: its word, its sentence, and whether it is severe."""

    word: str
    sentence: str
    danger: bool


@dataclass(frozen=True, slots=True)
class FieldLine:
    """A property with both sides in segments; a side is None where there is nothing."""

    label: str
    before: Segments | None
    after: Segments | None


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One row of the plan."""

    row: ChangeRow
    tags: tuple[EffectTag, ...]
    lines: tuple[FieldLine, ...]

    @property
    def words(self) -> str:
        return " ".join(tag.word for tag in self.tags) or "none"

    @property
    def has_before(self) -> bool:
        return any(line.before is not None for line in self.lines)

    @property
    def has_after(self) -> bool:
        return any(line.after is not None for line in self.lines)

    @property
    def brief(self) -> str:
        """The roles of a principal, which are the whole change; else empty."""
        return " → ".join(side for side in self.row.roles if side)

    @property
    def has_body(self) -> bool:
        """Whether the body shows more than the heading."""
        return not self.row.principal


@dataclass(frozen=True, slots=True)
class KindView:
    """The changes of one kind below their heading."""

    label: str
    changes: tuple[ChangeView, ...]


@dataclass(frozen=True, slots=True)
class GuardView:
    """A guard in words."""

    id: str
    is_allowed: bool
    place: str
    message: str
    count: int | None
    status: str


@dataclass(frozen=True, slots=True)
class WarningView:
    """A diagnostic of the plan."""

    code: str
    is_error: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationView:
    """One application's part of the page."""

    name: str
    summary: str
    about: tuple[tuple[str, str], ...]
    complete: bool
    kinds: tuple[KindView, ...]
    diagrams: tuple[FlowDiagram, ...]
    guards: tuple[GuardView, ...]
    warnings: tuple[WarningView, ...]
    drift: tuple[str, ...]
    abandoned: tuple[tuple[str, str], ...]
    unmanaged: str
    excluded: str
    preview: Any = None

    @property
    def changes(self) -> list[ChangeView]:
        return [change for kind in self.kinds for change in kind.changes]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    """The whole page."""

    tenant: str
    mismatches: tuple[tuple[str, str], ...]
    applications: tuple[ApplicationView, ...]
    total: int
    opened: bool
    filters: Mapping[str, tuple[OptionView, ...]] = field(default_factory=lambda: MappingProxyType({}))
    effects: tuple[tuple[EffectTag, str], ...] = ()


def view(plan: Plan, previews: Mapping[str, Any]) -> PlanView:
    """Return the values of the page; `previews` holds what a template shows per application name."""
    applications = tuple(_application(application, previews.get(application.name)) for application in plan.applications)
    changes = [change for application in applications for change in application.changes]
    return PlanView(
        tenant=visible(tenant_name(plan.tenant)),
        mismatches=tuple(_mismatches(plan)),
        applications=applications,
        total=len(changes),
        opened=len(changes) <= MAX_OPEN,
        filters=_filters(applications, changes),
        effects=tuple(_effects(changes)),
    )


def _mismatches(plan: Plan) -> Iterator[tuple[str, str]]:
    for application in plan.applications:
        guard = tenant_mismatch(application)
        if guard is not None:
            yield visible(application.name), visible(guard.message)


def _application(plan: ApplicationPlan, preview: Any) -> ApplicationView:
    ids = [(ID_LABELS.get(name, name.replace("_", " ")), shorten_ids(value)) for name, value in plan.ids.items()]
    drift = sorted(plan.unmanaged_drift, key=lambda resource: (kind_order(resource.address.kind), resource.address))
    rows = groupby(change_rows(plan.changes), key=lambda row: row.kind)
    return ApplicationView(
        name=visible(plan.name),
        summary=application_summary(plan),
        about=tuple(
            (visible(name), visible(value)) for name, value in [*ids, *(("spec", path) for path in plan.paths)]
        ),
        complete=plan.complete,
        kinds=tuple(_kind(kind, list(group)) for kind, group in rows),
        diagrams=flow_diagrams(plan.changes),
        guards=tuple(map(_guard, sorted(plan.guards, key=lambda guard: guard.is_allowed))),
        warnings=tuple(
            WarningView(visible(diagnostic.code), diagnostic.is_error, sentence(diagnostic))
            for diagnostic in plan.warnings
        ),
        drift=tuple(visible(f"{resource.address.local} {facts(resource)}".strip()) for resource in drift),
        abandoned=tuple(
            (visible(abandoned.address.local), visible(abandoned.removal_snippet)) for abandoned in plan.abandoned
        ),
        unmanaged=visible(counts(plan.unmanaged_counts)),
        excluded=plural(plan.excluded_changes, "change") if plan.excluded_changes else "",
        preview=preview,
    )


def _guard(guard: Guard) -> GuardView:
    """Return a guard; its count is shown only if its message does not contain it."""
    is_in_message = guard.count is None or str(guard.count) in guard_message(guard)
    return GuardView(
        visible(guard.id),
        guard.is_allowed,
        visible(guard.address.local) if guard.address else "",
        visible(guard_message(guard)),
        None if is_in_message else guard.count,
        visible(guard_status(guard)),
    )


def _kind(name: str, rows: list[ChangeRow]) -> KindView:
    return KindView(count(len(rows), name), tuple(map(_change, rows)))


def _change(row: ChangeRow) -> ChangeView:
    tags = [
        EffectTag(
            effect.value,
            visible(effect_sentence(effect, effect_template(effect, row.changes), row.impact.get(effect))),
            effect in SEVERE,
        )
        for effect in row.effects
    ]
    return ChangeView(row, tuple(tags), tuple(map(_line, row.fields())))


def _line(field: FieldRow) -> FieldLine:
    if field.before is not None and field.after is not None:
        return FieldLine(field.label, *marked(field.before, field.after))
    before, after = (None if side is None else (DiffSegment(side),) for side in (field.before, field.after))
    return FieldLine(field.label, before, after)


# --- the whole -----------------------------------------------------------------------------------------------------


def _effects(changes: Iterable[ChangeView]) -> Iterator[tuple[EffectTag, str]]:
    """Yield each effect of the plan with what causes it."""
    for effect, rows in by_effect(change.row for change in changes).items():
        tag = EffectTag(effect.value, combined_sentence(effect, rows), effect in SEVERE)
        yield tag, visible(cause(rows))


def _filters(
    applications: Iterable[ApplicationView], changes: Iterable[ChangeView]
) -> Mapping[str, tuple[OptionView, ...]]:
    effects, kinds = Counter[str](), Counter[str]()
    for change in changes:
        effects.update(change.words.split())
        kinds[change.row.kind] += 1
    words = [*(effect.value for effect in Effect), "none"]
    names = [(application.name, len(application.changes)) for application in applications]
    return MappingProxyType(
        {
            "effect": tuple(OptionView(word, f"{word} ({effects[word]:,})") for word in words if effects[word]),
            "kind": tuple(OptionView(name, count(kinds[name], name)) for name in sorted(kinds, key=kind_order)),
            "application": tuple(OptionView(name, f"{name} ({number:,})") for name, number in names),
        }
    )
