"""What the template is given: values only, all words and places decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from types import MappingProxyType
from typing import Any

from scimconf.plan import ApplicationPlan, Effect, Guard, Impact, Plan
from scimconf.render.common.change_view import ChangeItem, ChangeRow, because, by_effect, items, people
from scimconf.render.common.escaping import visible
from scimconf.render.diagnostics import sentence
from scimconf.render.html.flow_diagram import FlowDiagram, pictures
from scimconf.render.html.text_diff import DiffSegment, Pieces, marked
from scimconf.render.labels import (
    DANGERS,
    IDS,
    count,
    counts,
    effect,
    guard_message,
    opening,
    place,
    plural,
    revalued,
    short,
    sum_up,
)
from scimconf.render.terminal.fields import facts

OPEN_UP_TO = 60
"""A page with more items shows them closed."""


@dataclass(frozen=True, slots=True)
class OptionView:
    """One choice of a filter, and how many changes it leaves."""

    value: str
    said: str


@dataclass(frozen=True, slots=True)
class EffectTag:
    """An effect: its word, its sentence, and whether people notice when it is wrong."""

    word: str
    said: str
    danger: bool


@dataclass(frozen=True, slots=True)
class FieldLine:
    """A property with both sides in pieces; a side is None where there is nothing."""

    label: str
    before: Pieces | None
    after: Pieces | None


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A change, or all that changes for one principal."""

    item: ChangeItem
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
        """The roles of a principal, which say it all; else nothing."""
        row = self.item.rows[0] if self.item.principal else ChangeRow("", None, None)
        return " → ".join(side for side in (row.before, row.after) if side)

    @property
    def has_body(self) -> bool:
        """Whether there is more to see than the heading says."""
        return not self.item.principal


@dataclass(frozen=True, slots=True)
class KindView:
    """The entries of one kind under their heading."""

    said: str
    entries: tuple[ChangeView, ...]


@dataclass(frozen=True, slots=True)
class GuardView:
    """A guard with what it says in words."""

    id: str
    is_open: bool
    where: str
    message: str
    number: int | None
    opening: str


@dataclass(frozen=True, slots=True)
class WarningView:
    """Something to know."""

    code: str
    is_error: bool
    said: str


@dataclass(frozen=True, slots=True)
class ApplicationView:
    """One application's part of the page."""

    name: str
    said: str
    about: tuple[tuple[str, str], ...]
    complete: bool
    kinds: tuple[KindView, ...] = ()
    pictures: tuple[FlowDiagram, ...] = ()
    guards: tuple[GuardView, ...] = ()
    notices: tuple[WarningView, ...] = ()
    drift: tuple[str, ...] = ()
    left_behind: tuple[tuple[str, str], ...] = ()
    left_alone: str = ""
    excluded: str = ""
    preview: Any = None

    @property
    def entries(self) -> list[ChangeView]:
        return [entry for kind in self.kinds for entry in kind.entries]


@dataclass(frozen=True, slots=True)
class PlanView:
    """The whole page."""

    where: str
    applications: tuple[ApplicationView, ...]
    total: int
    opened: bool
    filters: Mapping[str, tuple[OptionView, ...]] = field(default_factory=lambda: MappingProxyType({}))
    effects: tuple[tuple[EffectTag, str], ...] = ()


def view(plan: Plan, previews: Mapping[str, Any]) -> PlanView:
    applications = tuple(_application(one, previews.get(one.name)) for one in plan.applications)
    entries = [entry for one in applications for entry in one.entries]
    return PlanView(
        visible(plan.tenant.domain or plan.tenant.id),
        applications,
        sum(entry.item.number for entry in entries),
        len(entries) <= OPEN_UP_TO,
        _filters(applications, entries),
        tuple(_effects(entries)),
    )


def _application(plan: ApplicationPlan, preview: Any) -> ApplicationView:
    ids = [(IDS.get(name, name.replace("_", " ")), short(value)) for name, value in plan.ids.items()]
    drift = sorted(plan.unmanaged_drift, key=lambda resource: (place(resource.address.kind), resource.address))
    return ApplicationView(
        visible(plan.name),
        sum_up(plan.changes) if plan.changes else "no changes",
        tuple((visible(name), visible(value)) for name, value in [*ids, *(("spec", path) for path in plan.paths)]),
        plan.complete,
        tuple(_kind(kind, list(own)) for kind, own in groupby(items(plan.changes), key=lambda item: item.kind)),
        pictures(plan.changes),
        tuple(_guards(plan)),
        tuple(WarningView(visible(one.code), one.is_error, sentence(one)) for one in plan.warnings),
        tuple(visible(f"{one.address.local} {facts(one)}".strip()) for one in drift),
        tuple((visible(one.address.local), visible(one.removal_snippet)) for one in plan.abandoned),
        visible(counts(plan.unmanaged_counts)),
        plural(plan.excluded_changes, "change") if plan.excluded_changes else "",
        preview,
    )


def _guards(plan: ApplicationPlan) -> Iterable[GuardView]:
    for one in sorted(plan.guards, key=lambda guard: guard.is_allowed):
        where = visible(one.address.local) if one.address else ""
        yield GuardView(
            visible(one.id), one.is_allowed, where, visible(guard_message(one)), _number(one), visible(opening(one))
        )


def _number(guard: Guard) -> int | None:
    """What it counted, where its message does not say so."""
    return None if guard.count is None or str(guard.count) in guard_message(guard) else guard.count


def _kind(name: str, own: list[ChangeItem]) -> KindView:
    number = sum(item.number for item in own)
    return KindView(count(number, name), tuple(map(_entry, own)))


def _entry(item: ChangeItem) -> ChangeView:
    return ChangeView(
        item, tuple(_tag(one, item.kind, item.impact.get(one)) for one in item.effects), tuple(map(_line, item.rows))
    )


def _tag(which: Effect, kind: str, impact: Impact | None = None) -> EffectTag:
    told = effect(which, kind, impact)
    if impact is not None and which is Effect.RESYNC:
        told = visible(revalued(impact))
    word, _, said = told.partition(": ")
    return EffectTag(word, said, which in DANGERS)


def _line(row: ChangeRow) -> FieldLine:
    if row.before is not None and row.after is not None:
        return FieldLine(row.label, *marked(row.before, row.after))
    before, after = (None if side is None else (DiffSegment(side),) for side in (row.before, row.after))
    return FieldLine(row.label, before, after)


# --- the whole -----------------------------------------------------------------------------------------------------


def _effects(entries: Iterable[ChangeView]) -> Iterable[tuple[EffectTag, str]]:
    """Each effect of the plan with the changes that have it."""
    told = [entry.item for entry in entries]
    for which, those in by_effect(told).items():
        yield _tag(which, ""), visible(because(those) + people(which, those))


def _filters(
    applications: Iterable[ApplicationView], entries: Iterable[ChangeView]
) -> Mapping[str, tuple[OptionView, ...]]:
    effects, kinds = Counter[str](), Counter[str]()
    for entry in entries:
        effects.update(dict.fromkeys(entry.words.split(), entry.item.number))
        kinds[entry.item.kind] += entry.item.number
    words = [*(effect.value for effect in Effect), "none"]
    by_name = {one.name: sum(entry.item.number for entry in one.entries) for one in applications}
    return MappingProxyType(
        {
            "effect": tuple(OptionView(word, f"{word} ({effects[word]:,})") for word in words if effects[word]),
            "kind": tuple(OptionView(name, count(kinds[name], name)) for name in sorted(kinds, key=place)),
            "application": tuple(OptionView(name, f"{name} ({number:,})") for name, number in by_name.items()),
        }
    )
