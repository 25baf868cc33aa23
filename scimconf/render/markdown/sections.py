"""One application's part of a comment: ids, warnings, flowchart, changes, drift, unmanaged resources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from scimconf.diagnostics import plural
from scimconf.plan import ApplicationPlan
from scimconf.render.common.change_view import ChangeRow
from scimconf.render.common.labels import ABANDONED, DRIFT, MISSING, PARTIAL, counts, diagnostic_sentence
from scimconf.render.common.long_lists import excerpt
from scimconf.render.common.verdict import (
    application_ids,
    application_summary,
    missing_rows,
    not_compared,
    unmanaged_drift,
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

    def fit(self, space: int) -> tuple[str, int]:
        """Return the section within `space`, and how many changes are not shown or counted in it."""
        is_cut = self.size > space
        inner = space - size(self.head) - size(self.tail) - (LINE if is_cut else 0)
        groups = [group for group in self.groups if not (group.extra and is_cut)]
        inside, left_out = fit_all(groups, inner) if inner >= 0 else ("", 0)
        if inner < 0 or (left_out and not inside):
            return "", self.number
        more = f"**{left_out_of(left_out, 'change', 'changes')}**\n\n" if left_out else ""
        return f"{self.head}{inside}{more}{self.tail}", 0


def section(plan: ApplicationPlan, rows: Sequence[ChangeRow], *, as_html: bool, full: bool) -> MarkdownSection:
    """Return the section of one application; `full` shows every entry of long lists."""
    summary = application_summary(plan)
    head, tail = f"#### {code(plan.name)}: {summary}\n\n", ""
    if as_html:
        head, tail = f"<details>\n<summary>{html(plan.name)}: {summary}</summary>\n\n", "</details>\n\n"
    flow = diagram(plan)
    groups = (
        SectionGroup("", _unlisted(_about(plan))),
        SectionGroup("**Warnings**\n\n", _listed(_warnings(plan), full=True), "\n", ("warning", "warnings")),
        SectionGroup("", (MarkdownPart(flow, 0),) if flow else (), extra=True),
        *changes.groups(rows, full=full),
        SectionGroup(f"**{MISSING[0]}**: {MISSING[1]}\n\n", _listed(_missing(plan), full=full), "\n", ("row", "rows")),
        _resources(DRIFT, map(code, unmanaged_drift(plan)), full=full),
        _resources(ABANDONED, _abandoned(plan), full=True),
        SectionGroup("", _unlisted(_unmanaged(plan))),
    )
    return MarkdownSection(head, tuple(group for group in groups if group.parts), tail)


def _unlisted(lines: Iterator[str]) -> tuple[MarkdownPart, ...]:
    return tuple(MarkdownPart(f"{line}\n\n", 0) for line in lines)


def _listed(lines: Iterable[str], *, full: bool) -> tuple[MarkdownPart, ...]:
    part = excerpt([MarkdownPart(f"- {line}\n") for line in lines], full=full)
    between = MarkdownPart(f"- {part.omitted:,} more\n", part.omitted)
    return (*part.first, *([between] if part.omitted else []), *part.last)


def _resources(title: tuple[str, str], lines: Iterable[str], *, full: bool) -> SectionGroup:
    return SectionGroup(f"**{title[0]}**: {title[1]}\n\n", _listed(lines, full=full), "\n", ("resource", "resources"))


def _about(plan: ApplicationPlan) -> Iterator[str]:
    if plan.ids or plan.paths:
        ids = [f"{prose(label)} {code(value)}" for label, value in application_ids(plan)]
        yield ", ".join([*ids, *map(code, plan.paths)])
    if not plan.complete:
        yield f"**{PARTIAL[0]}** {PARTIAL[1]}"


def _warnings(plan: ApplicationPlan) -> Iterator[str]:
    for warning in plan.warnings:
        yield (
            f"{code(warning.code)} {prose(diagnostic_sentence(warning))}"
            if warning.code
            else prose(diagnostic_sentence(warning))
        )


def _missing(plan: ApplicationPlan) -> Iterator[str]:
    for label, is_error, text in missing_rows(plan):
        yield f"{code(label)}{' (prevents an apply)' if is_error else ''}: {prose(text)}"


def _abandoned(plan: ApplicationPlan) -> Iterator[str]:
    for resource in plan.abandoned:
        snippet = f": {code(resource.removal_snippet)}" if resource.removal_snippet else ""
        yield f"{code(resource.address.local)}{snippet}"


def _unmanaged(plan: ApplicationPlan) -> Iterator[str]:
    if plan.unmanaged_counts:
        yield f"Unmanaged: {prose(counts(plan.unmanaged_counts))}."
    parts = [plural(plan.excluded_changes, "change")] if plan.excluded_changes else []
    parts += [prose(not_compared(plan.not_compared))] if plan.not_compared else []
    if parts:
        yield f"Excluded by `--only` or `--exclude`: {', '.join(parts)}."
