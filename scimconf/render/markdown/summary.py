"""The first part of a comment: what the plan does, its effects on users, its guards, and each application's numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scimconf.plan import Action, ApplicationPlan, Plan
from scimconf.render.common.change_view import ChangeRow, by_effect, cause, combined_sentence, totals
from scimconf.render.common.guard_groups import GuardGroup, guard_groups
from scimconf.render.common.labels import tenant_name
from scimconf.render.common.verdict import blocked, failure_text, guard_status, tenant_mismatches, verdict
from scimconf.render.markdown.escaping import cell, code, prose
from scimconf.render.markdown.truncation import MarkdownPart, SectionGroup

_COLUMNS = (*(action.value for action in Action), "missing", "drift", "unmanaged", "blocking guards")


def summary(plan: Plan, rows: Sequence[ChangeRow], command: str) -> list[SectionGroup]:
    """Return the page's first groups in order; the title names the `command`."""
    return [
        SectionGroup("", (MarkdownPart(_title(plan, command), 0),)),
        SectionGroup("**Failed**\n\n", tuple(_failures(plan)), "\n", ("application", "applications")),
        SectionGroup("**Effects on users**\n\n", tuple(_effects(plan, rows)), "\n"),
        SectionGroup("**Guards**\n\n", tuple(_guards(plan)), "\n", ("guard", "guards")),
        _table(plan),
    ]


def _title(plan: Plan, command: str) -> str:
    tenant = tenant_name(plan.tenant)
    lines = [
        f"### scimconf {command} for {code(tenant)}" if tenant else f"### scimconf {command}",
        *(f"**Tenant mismatch** of {code(name)}: {prose(guard.message)}" for name, guard in tenant_mismatches(plan)),
        f"**{prose(verdict(plan))}**",
        prose(blocked(plan)),
    ]
    return "".join(f"{line}\n\n" for line in lines if line)


def _failures(plan: Plan) -> Iterator[MarkdownPart]:
    for failure in plan.failures:
        paths = f" ({', '.join(map(code, failure.paths))})" if failure.paths else ""
        yield MarkdownPart(f"- {code(failure.name)}{paths}: {prose(failure_text(failure))}\n")


def _effects(plan: Plan, rows: Sequence[ChangeRow]) -> Iterator[MarkdownPart]:
    for effect, affected in by_effect(rows).items():
        sentence = prose(combined_sentence(effect, affected, plan.applications))
        yield MarkdownPart(f"- **{effect.value}**: {sentence} ({prose(cause(affected))})\n", 0)


def _guards(plan: Plan) -> Iterator[MarkdownPart]:
    """Yield the guards, blocking ones first."""
    groups = [
        (application.name, group) for application in plan.applications for group in guard_groups(application.guards)
    ]
    several = len(plan.applications) > 1
    for name, group in sorted(groups, key=lambda pair: pair[1].is_allowed):
        yield MarkdownPart(_guard(group, name if several else ""))


def _guard(group: GuardGroup, name: str) -> str:
    guard = group.first
    word = "allowed" if guard.is_allowed else "**blocks**"
    places = ", ".join(f"{code(address)}{number}" for address, number in group.places(full_address=bool(name)))
    place = f" at {places}{group.more}" if places else ""
    application = f" in {code(name)}" if name and not guard.address else ""
    status = guard_status(guard)
    texts = f"{prose(group.message)}. {prose(status[0].upper() + status[1:])}."
    return f"- {word}: {code(guard.id)}{place}{application}: {texts}\n"


def _table(plan: Plan) -> SectionGroup:
    """Return a table with one row per application, also for those that failed; empty for a single application."""
    head = f"| {' | '.join(('application', *_COLUMNS))} |\n|{' --- |' + ' ---: |' * len(_COLUMNS)}\n"
    rows = [MarkdownPart(_row(application)) for application in plan.applications]
    rows += [MarkdownPart(f"| {cell(row.name)}: **failed** |{' |' * len(_COLUMNS)}\n") for row in plan.failures]
    return SectionGroup(head, tuple(rows) if len(rows) > 1 else (), "\n", ("application", "applications"))


def _row(application: ApplicationPlan) -> str:
    numbers = [
        *totals([application]).values(),
        len(application.missing),
        len(application.unmanaged_drift),
        sum(application.unmanaged_counts.values()),
        len(application.blocking_guards),
    ]
    note = "" if application.complete else ", partial plan"
    return f"| {cell(application.name)}{note} | {' | '.join(f'{number:,}' for number in numbers)} |\n"
