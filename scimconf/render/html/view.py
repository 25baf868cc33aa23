"""The values for the HTML template: all words and places are decided here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from scimconf.plan import ApplicationPlan, Effect, Plan
from scimconf.render.common.change_view import ChangeRow, FieldRow, by_effect, cause, change_rows, combined_sentence
from scimconf.render.common.labels import count, kind_order
from scimconf.render.html.flow_diagram import FlowDiagram, flow_diagrams
from scimconf.render.html.text_diff import Segments, marked

if TYPE_CHECKING:
    from markupsafe import Markup

MAX_OPEN = 60
"""A page with more rows shows them closed."""

EscapedSegments = tuple[tuple["Markup", bool], ...]


@dataclass(frozen=True, slots=True)
class FieldLine:
    """A property with both sides in segments; a side is None where there is nothing."""

    label: str
    before: EscapedSegments | None
    after: EscapedSegments | None


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One row of the plan, with its effects in sentences."""

    row: ChangeRow
    effects: Mapping[Effect, str]
    lines: tuple[FieldLine, ...]


@dataclass(frozen=True, slots=True)
class ChangeViews:
    """The views of rows, made one by one whenever they are iterated: there may be very many."""

    rows: Sequence[ChangeRow]

    def __iter__(self) -> Iterator[ChangeView]:
        return map(_change, self.rows)


@dataclass(frozen=True, slots=True)
class ApplicationView:
    """One application with its changes by the heading of their kind, its diagrams, and what a template shows besides."""

    plan: ApplicationPlan
    kinds: Mapping[str, ChangeViews]
    diagrams: tuple[FlowDiagram, ...]
    preview: Any = None

    @property
    def rows(self) -> list[ChangeRow]:
        return [row for changes in self.kinds.values() for row in changes.rows]


def view(plan: Plan, previews: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the values of the page; `previews` holds what a template shows per application name."""
    applications = [_application(application, previews.get(application.name)) for application in plan.applications]
    rows = [row for application in applications for row in application.rows]
    return {
        "applications": applications,
        "total": len(rows),
        "opened": len(rows) <= MAX_OPEN,
        "filters": _filters(applications, rows),
        "effects": list(_effects(rows, plan.applications)),
    }


def _application(plan: ApplicationPlan, preview: Any) -> ApplicationView:
    by_kind = [(kind, list(rows)) for kind, rows in groupby(change_rows(plan.changes), key=lambda row: row.kind)]
    kinds = {count(len(rows), kind): ChangeViews(rows) for kind, rows in by_kind}
    return ApplicationView(plan, kinds, flow_diagrams(plan.changes), preview)


def _change(row: ChangeRow) -> ChangeView:
    effects = {effect: row.sentence(effect) for effect in row.effects}
    return ChangeView(row, effects, tuple(map(_line, row.fields())))


def _line(field: FieldRow) -> FieldLine:
    if field.before is not None and field.after is not None:
        before, after = marked(field.before, field.after)
        return FieldLine(field.label, escaped(before), escaped(after))
    sides = [None if side is None else ((escape(side), False),) for side in (field.before, field.after)]
    return FieldLine(field.label, sides[0], sides[1])


def escaped(segments: Segments) -> EscapedSegments:
    return tuple((escape(segment.text), segment.marked) for segment in segments)


def escape(text: str) -> Markup:
    """Escape a text for element content; quotes stay, since they would be a third of every resource."""
    from markupsafe import Markup

    return Markup(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))  # noqa: S704  escaped here


def _effects(rows: Sequence[ChangeRow], plans: Sequence[ApplicationPlan]) -> Iterator[tuple[Effect, str, str]]:
    """Yield each effect of the plan, its sentence, and what causes it."""
    for effect, affected in by_effect(rows).items():
        yield effect, combined_sentence(effect, affected, plans), cause(affected)


def _filters(applications: Iterable[ApplicationView], rows: Iterable[ChangeRow]) -> Mapping[str, list[tuple[str, str]]]:
    """Return the choices of each filter: value, and label with the number of rows that match."""
    effects, kinds = Counter[str](), Counter[str]()
    for row in rows:
        effects.update([effect.value for effect in row.effects] or ["none"])
        kinds[row.kind] += 1
    words = [*(effect.value for effect in Effect), "none"]
    names = [(application.plan.name, len(application.rows)) for application in applications]
    return {
        "effect": [(word, f"{word} ({effects[word]:,})") for word in words if effects[word]],
        "kind": [(name, count(kinds[name], name)) for name in sorted(kinds, key=kind_order)],
        "application": [(name, f"{name} ({number:,})") for name, number in names],
    }
