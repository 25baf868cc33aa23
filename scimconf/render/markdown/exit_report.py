"""How an apply ended, as Markdown for the summary of a pipeline's run: what is most urgent first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from scimconf.diagnostics import plural
from scimconf.plan import ExitReport, Report, Result, StepOutcome
from scimconf.render.common.labels import counts, tenant_name
from scimconf.render.common.outcome import (
    MAX_LISTED,
    Rows,
    examples,
    groups,
    next_sentence,
    paused_sentence,
    result_sentence,
    rows_by_word,
)
from scimconf.render.markdown.escaping import code, command_line, prose, size
from scimconf.render.markdown.truncation import LINE, MarkdownPart, SectionGroup, fit_all

_NOT_ENDED = "This apply has not ended, or was killed. Plan again to see what remains."


def exit_report(report: ExitReport, *, max_length: int) -> str:
    """Return the report in at most `max_length` characters."""
    head = _head(report)
    several = len(report.tenants) > 1
    groups = [_section(own, tenant_name(tenant) if several else "") for tenant, own in report.applications]
    space = max_length - size(head)
    needed = sum(group.size for group in groups)
    text, left_out = fit_all(groups, space if needed <= space else space - LINE)
    more = f"**{plural(left_out, 'more line')} in the log of this run.**\n" if left_out else ""
    return f"{head}{text}{more}"


def _head(report: ExitReport) -> str:
    """Return the title, the exit code with its meaning, and what concerns the whole command."""
    tenants = ", ".join(code(name) for tenant in report.tenants[:MAX_LISTED] if (name := tenant_name(tenant)))
    lines = [
        f"### scimconf apply for {tenants}" if tenants else "### scimconf apply",
        f"**{_NOT_ENDED if report.exit_code is None else _ended(report)}**",
        *map(prose, report.errors),
        "\n".join(f"- {prose(detail)}" for detail in report.details[:MAX_LISTED]),
        _more(len(report.details) - MAX_LISTED),
    ]
    return "".join(f"{line}\n\n" for line in lines if line)


def _ended(report: ExitReport) -> str:
    failed = sum(not own.is_complete for _, own in report.applications)
    total = len(report.applications)
    some = f" {failed} of {total} applications not applied or not completely." if failed and total > 1 else ""
    return f"Exit code {report.exit_code}: {report.meaning}.{some}"


def _more(number: int) -> str:
    return f"and {number:,} more" if number > 0 else ""


def _section(report: Report, tenant: str) -> SectionGroup:
    """Return the part of one application, with its tenant unless it is "". Its lines are left out from the end."""
    results = list(_results(report))
    lines = [*_paused(report), *_about(report), *results]
    place = f" in {code(tenant)}" if tenant else ""
    head, tail = f"#### {code(report.name)}{place}: {_status(report)}\n\n", "\n" if results else ""
    return SectionGroup(head, tuple(map(MarkdownPart, lines)), tail)


def _status(report: Report) -> str:
    return report.status.value if report.outcomes or not report.is_complete else "no changes"


def _paused(report: Report) -> Iterator[str]:
    if report.is_paused:
        yield f"**{prose(paused_sentence(report))}**\n\n"
        if report.command:
            yield f"{command_line(report.command)}\n"


def _about(report: Report) -> Iterator[str]:
    """Yield what is true of the whole application, and how to continue."""
    texts = [report.error, report.hint, *(f"Warning: {warning}" for warning in report.warnings)]
    texts += [f"{diagnostic.code} {diagnostic.message}. {diagnostic.hint}" for diagnostic in report.diagnostics]
    for text in (*texts, result_sentence(report), next_sentence(report)):
        if text:
            yield f"{prose(text)}\n\n"
    if report.history_entry:
        yield f"History entry: {code(report.history_entry)}\n\n"


def _results(report: Report) -> Iterator[str]:
    """Yield one line for each step that did not succeed, worst first, then what was done."""
    for result in (Result.FAILED, Result.SKIPPED, Result.UNCONFIRMED):
        for outcomes in groups(report, result):
            yield from _summarised(outcomes) if len(outcomes) > MAX_LISTED else map(_outcome, outcomes)
    for word, rows in rows_by_word(report).items():
        yield from _rows(word, rows)


def _outcome(outcome: StepOutcome) -> str:
    places = ", ".join(code(address.local) for address in outcome.addresses[:MAX_LISTED])
    rest = _more(len(outcome.addresses) - MAX_LISTED)
    subject = " ".join(filter(None, [places, rest])) or prose(outcome.message)
    texts = [outcome.message if places else "", outcome.detail, outcome.hint]
    reason = ". ".join(prose(text.removesuffix(".")) for text in texts if text)
    return f"- **{outcome.result.word}**: {subject}{f': {reason}' if reason else ''}\n"


def _summarised(outcomes: list[StepOutcome]) -> Iterator[str]:
    """Yield how many of each kind, and every reason once."""
    addresses = {address for outcome in outcomes for address in outcome.addresses}
    numbers = counts(Counter(address.kind for address in addresses))
    reasons = dict.fromkeys(part for outcome in outcomes for part in (outcome.detail, outcome.hint) if part)
    yield f"- **{outcomes[0].result.word}**: {prose(numbers)}\n"
    yield from (f"  - {prose(reason)}\n" for reason in reasons)
    if outcomes[0].result is Result.FAILED:
        yield f"  - {prose(examples(outcomes))}\n"


def _rows(word: str, rows: Rows) -> Iterator[str]:
    """Yield the rows, as the plan shows them, while there are few of them, else how many of each kind."""
    if len(rows) > MAX_LISTED:
        yield f"- {word}: {prose(counts(Counter(kind for kind, _ in rows)))}\n"
        return
    for (_, row), values in rows.items():
        names = [code(value) for value in values[:MAX_LISTED] if value]
        text = " ".join(filter(None, [code(row), ", ".join(names), _more(len(values) - MAX_LISTED)]))
        yield f"- {word}: {text}\n"
