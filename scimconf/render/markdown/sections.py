"""One application's section: what it is, what is to know, the flow, the changes, drift, and what is left alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scimconf.plan import Abandoned, ApplicationPlan
from scimconf.render.common.change_view import ChangeItem
from scimconf.render.diagnostics import sentence
from scimconf.render.labels import BEHIND, HORIZON, IDS, counts, place, plural, short, sum_up
from scimconf.render.markdown import changes
from scimconf.render.markdown.diagram import diagram
from scimconf.render.markdown.escaping import code, html, prose, size
from scimconf.render.markdown.truncation import LINE, MarkdownPart, SectionGroup, fit_all, left_out_of
from scimconf.render.terminal.fields import facts


@dataclass(frozen=True, slots=True)
class MarkdownSection:
    """A heading, collapsed where the forge can, over groups that are kept as far as there is room."""

    head: str
    groups: tuple[SectionGroup, ...]
    tail: str = ""

    @property
    def number(self) -> int:
        return sum(group.number for group in self.groups)

    @property
    def size(self) -> int:
        return size(self.head) + size(self.tail) + sum(group.size for group in self.groups)

    def fit(self, room: int) -> tuple[str, int]:
        """The section in so much room, and how many changes nobody is told of: all, when there is no room at all."""
        is_cut = self.size > room
        inner = room - size(self.head) - size(self.tail) - (LINE if is_cut else 0)
        groups = [group for group in self.groups if not (group.extra and is_cut)]
        inside, left_out = fit_all(groups, inner) if inner >= 0 else ("", 0)
        if inner < 0 or (left_out and not inside):
            return "", self.number
        more = f"**{left_out_of(left_out, 'change', 'changes')}**\n\n" if left_out else ""
        return f"{self.head}{inside}{more}{self.tail}", 0


def section(plan: ApplicationPlan, told: Sequence[ChangeItem], *, as_html: bool) -> MarkdownSection:
    said = sum_up(plan.changes) if plan.changes else "no changes"
    if as_html:
        head, tail = f"<details>\n<summary>{html(plan.name)}: {said}</summary>\n\n", "</details>\n\n"
    else:
        head, tail = f"#### {code(plan.name)}: {said}\n\n", ""
    about = tuple(MarkdownPart(f"{line}\n\n", 0) for line in _about(plan))
    notices = tuple(MarkdownPart(f"- {_notice(problem.code)}{prose(sentence(problem))}\n") for problem in plan.warnings)
    flow = diagram(plan)
    groups = (
        SectionGroup("", about),
        SectionGroup("**Notices**\n\n", notices, "\n", ("notice", "notices")),
        SectionGroup("", (MarkdownPart(flow, 0),) if flow else (), extra=True),
        *changes.groups(told),
        SectionGroup(
            "**Drift**: in the tenant, not in the spec; only reported\n\n", _drift(plan), "\n", ("thing", "things")
        ),
        SectionGroup(
            f"**{BEHIND[0]}**: {BEHIND[1]}\n\n", tuple(map(_behind, plan.abandoned)), "\n", ("thing", "things")
        ),
        SectionGroup("", tuple(MarkdownPart(f"{line}\n\n", 0) for line in _rest(plan))),
    )
    return MarkdownSection(head, tuple(group for group in groups if group.parts), tail)


def _about(plan: ApplicationPlan) -> Iterator[str]:
    if plan.ids or plan.paths:
        ids = [f"{prose(IDS.get(name, name.replace('_', ' ')))} {code(short(id_))}" for name, id_ in plan.ids.items()]
        yield ", ".join([*ids, *map(code, plan.paths)])
    if not plan.complete:
        yield f"**{HORIZON[0]}** {HORIZON[1]}"


def _notice(text: str) -> str:
    return f"{code(text)} " if text else ""


def _drift(plan: ApplicationPlan) -> tuple[MarkdownPart, ...]:
    listed = sorted(plan.unmanaged_drift, key=lambda resource: (place(resource.address.kind), resource.address))
    return tuple(MarkdownPart(f"- {code(f'{one.address.local} {facts(one)}'.strip())}\n") for one in listed)


def _behind(one: Abandoned) -> MarkdownPart:
    written = f": {code(one.removal_snippet)}" if one.removal_snippet else ""
    return MarkdownPart(f"- {code(one.address.local)}{written}\n")


def _rest(plan: ApplicationPlan) -> Iterator[str]:
    if plan.unmanaged_counts:
        yield f"Left alone: {prose(counts(plan.unmanaged_counts))}."
    if plan.excluded_changes:
        yield f"Excluded by `--only` or `--exclude`: {plural(plan.excluded_changes, 'change')}."
