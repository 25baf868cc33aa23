"""What a reviewer reads first: what the whole plan does, to whom, what stops it, and each application's numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scimconf.plan import Action, ApplicationPlan, Guard, Plan
from scimconf.render.common.change_view import ChangeItem, because, by_effect, people
from scimconf.render.labels import effect, guard_message, opening, stopped, totals, verdict
from scimconf.render.markdown.escaping import cell, code, prose
from scimconf.render.markdown.truncation import MarkdownPart, SectionGroup

_COLUMNS = (*(action.value for action in Action), "drift", "left alone", "guards that stop")


def summary(plan: Plan, told: Sequence[ChangeItem]) -> list[SectionGroup]:
    """The page's first groups, in the order in which they stand."""
    return [
        SectionGroup("", (MarkdownPart(_title(plan), 0),)),
        SectionGroup("**What it does to people**\n\n", tuple(_effects(told)), "\n"),
        SectionGroup("**Guards**\n\n", tuple(_guards(plan)), "\n", ("guard", "guards")),
        SectionGroup(_head(), tuple(_table(plan)), "\n", ("application", "applications")),
    ]


def _title(plan: Plan) -> str:
    where = plan.tenant.domain or plan.tenant.id
    title = f"### scimconf plan for {code(where)}" if where else "### scimconf plan"
    said = [title, f"**{prose(verdict(plan))}**", prose(stopped(plan))]
    return "".join(f"{line}\n\n" for line in said if line)


# --- effects -------------------------------------------------------------------------------------------------------


def _effects(told: Sequence[ChangeItem]) -> Iterator[MarkdownPart]:
    for which, those in by_effect(told).items():
        word, _, said = effect(which, "").partition(": ")
        yield MarkdownPart(f"- **{word}**: {said} ({prose(because(those) + people(which, those))})\n", 0)


# --- guards --------------------------------------------------------------------------------------------------------


def _guards(plan: Plan) -> Iterator[MarkdownPart]:
    """Those that stop come first."""
    found = [(one, guard) for one in plan.applications for guard in one.guards]
    several = len(plan.applications) > 1
    for one, guard in sorted(found, key=lambda pair: pair[1].is_allowed):
        yield MarkdownPart(_guard(guard, one.name if several else ""))


def _guard(guard: Guard, name: str) -> str:
    word = "open" if guard.is_allowed else "**stops**"
    about = f" at {code(str(guard.address) if name else guard.address.local)}" if guard.address else ""
    whose = f" in {code(name)}" if name and not guard.address else ""
    number = guard.count is not None and str(guard.count) not in guard_message(guard)
    counted = f" (counted: {guard.count:,})" if number else ""
    return f"- {word}: {code(guard.id)}{about}{whose}: {prose(guard_message(guard))}{counted}. {_how(guard)}\n"


def _how(guard: Guard) -> str:
    return f"It is {prose(opening(guard))}." if guard.is_allowed else f"{prose(opening(guard)).capitalize()}."


# --- applications --------------------------------------------------------------------------------------------------


def _head() -> str:
    columns = ("application", *_COLUMNS)
    return f"| {' | '.join(columns)} |\n|{' --- |' + ' ---: |' * len(_COLUMNS)}\n"


def _table(plan: Plan) -> Iterator[MarkdownPart]:
    """A row an application, where there are several."""
    if len(plan.applications) > 1:
        for one in plan.applications:
            yield MarkdownPart(_row(one))


def _row(one: ApplicationPlan) -> str:
    numbers = [
        *totals(one.changes).values(),
        len(one.unmanaged_drift),
        sum(one.unmanaged_counts.values()),
        len(one.blocking_guards),
    ]
    first = "" if one.complete else ", first step only"
    return f"| {cell(one.name)}{first} | {' | '.join(f'{number:,}' for number in numbers)} |\n"
