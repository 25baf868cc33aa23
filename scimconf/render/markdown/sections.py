"""One application's part of a comment: ids, warnings, flowchart, changes, drift, unmanaged resources."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scimconf.plan import Abandoned, ApplicationPlan
from scimconf.render.common.change_view import ChangeRow, totals
from scimconf.render.common.diagnostic_text import sentence
from scimconf.render.common.fields import facts
from scimconf.render.common.labels import (
    ABANDONED,
    DRIFT,
    ID_LABELS,
    PARTIAL,
    counts,
    kind_order,
    plural,
    shorten_ids,
    sum_up,
)
from scimconf.render.markdown import changes
from scimconf.render.markdown.diagram import diagram
from scimconf.render.markdown.escaping import code, html, prose, size
from scimconf.render.markdown.truncation import LINE, MarkdownPart, SectionGroup, fit_all, left_out_of


@dataclass(frozen=True, slots=True)
class MarkdownSection:
    """A heading, collapsed where the forge can, over groups that are shown as far as they fit."""

    head: str
    groups: tuple[SectionGroup, ...]
    tail: str = ""

    @property
    def number(self) -> int:
        """The number of changes that the section shows."""
        return sum(group.number for group in self.groups)

    @property
    def size(self) -> int:
        return size(self.head) + size(self.tail) + sum(group.size for group in self.groups)

    def fit(self, room: int) -> tuple[str, int]:
        """Return the section within `room`, and how many changes are not shown or counted in it."""
        is_cut = self.size > room
        inner = room - size(self.head) - size(self.tail) - (LINE if is_cut else 0)
        groups = [group for group in self.groups if not (group.extra and is_cut)]
        inside, left_out = fit_all(groups, inner) if inner >= 0 else ("", 0)
        if inner < 0 or (left_out and not inside):
            return "", self.number
        more = f"**{left_out_of(left_out, 'change', 'changes')}**\n\n" if left_out else ""
        return f"{self.head}{inside}{more}{self.tail}", 0


def section(plan: ApplicationPlan, rows: Sequence[ChangeRow], *, as_html: bool) -> MarkdownSection:
    """Return the section of one application."""
    summary = sum_up(totals(rows)) if rows else "no changes"
    if as_html:
        head, tail = f"<details>\n<summary>{html(plan.name)}: {summary}</summary>\n\n", "</details>\n\n"
    else:
        head, tail = f"#### {code(plan.name)}: {summary}\n\n", ""
    flow = diagram(plan)
    groups = (
        SectionGroup("", _unlisted(_about(plan))),
        SectionGroup("**Warnings**\n\n", _warnings(plan), "\n", ("warning", "warnings")),
        SectionGroup("", (MarkdownPart(flow, 0),) if flow else (), extra=True),
        *changes.groups(rows),
        SectionGroup(f"**{DRIFT[0]}**: {DRIFT[1]}\n\n", _drift(plan), "\n", ("resource", "resources")),
        SectionGroup(f"**{ABANDONED[0]}**: {ABANDONED[1]}\n\n", _abandoned(plan), "\n", ("resource", "resources")),
        SectionGroup("", _unlisted(_unmanaged(plan))),
    )
    return MarkdownSection(head, tuple(group for group in groups if group.parts), tail)


def _unlisted(lines: Iterator[str]) -> tuple[MarkdownPart, ...]:
    return tuple(MarkdownPart(f"{line}\n\n", 0) for line in lines)


def _about(plan: ApplicationPlan) -> Iterator[str]:
    if plan.ids or plan.paths:
        labels = {name: prose(ID_LABELS.get(name, name.replace("_", " "))) for name in plan.ids}
        ids = [f"{labels[name]} {code(shorten_ids(value))}" for name, value in plan.ids.items()]
        yield ", ".join([*ids, *map(code, plan.paths)])
    if not plan.complete:
        yield f"**{PARTIAL[0]}** {PARTIAL[1]}"


def _warnings(plan: ApplicationPlan) -> tuple[MarkdownPart, ...]:
    codes = [f"{code(warning.code)} " if warning.code else "" for warning in plan.warnings]
    pairs = zip(codes, plan.warnings, strict=True)
    return tuple(MarkdownPart(f"- {label}{prose(sentence(warning))}\n") for label, warning in pairs)


def _drift(plan: ApplicationPlan) -> tuple[MarkdownPart, ...]:
    ordered = sorted(plan.unmanaged_drift, key=lambda resource: (kind_order(resource.address.kind), resource.address))
    texts = [f"{resource.address.local} {facts(resource)}".strip() for resource in ordered]
    return tuple(MarkdownPart(f"- {code(text)}\n") for text in texts)


def _abandoned(plan: ApplicationPlan) -> tuple[MarkdownPart, ...]:
    return tuple(MarkdownPart(f"- {code(resource.address.local)}{_snippet(resource)}\n") for resource in plan.abandoned)


def _snippet(abandoned: Abandoned) -> str:
    return f": {code(abandoned.removal_snippet)}" if abandoned.removal_snippet else ""


def _unmanaged(plan: ApplicationPlan) -> Iterator[str]:
    if plan.unmanaged_counts:
        yield f"Unmanaged: {prose(counts(plan.unmanaged_counts))}."
    if plan.excluded_changes:
        yield f"Excluded by `--only` or `--exclude`: {plural(plan.excluded_changes, 'change')}."
