"""The report of an apply: what was done in short, everything else in full, and how to continue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from scimconf.plan import Report, Result, StepOutcome
from scimconf.render.common.labels import counts
from scimconf.render.common.outcome import (
    MAX_LISTED,
    REMOVED,
    Rows,
    examples,
    groups,
    next_sentence,
    paused_sentence,
    result_sentence,
    rows_by_word,
)
from scimconf.render.terminal.fields import INDENT
from scimconf.render.terminal.page import Page

_STYLES = {
    Result.UNCONFIRMED: "update",
    Result.SKIPPED: "replace",
    Result.FAILED: "danger",
}


def report_lines(page: Page, report: Report) -> Iterator[str]:
    """Yield the report of one application."""
    yield page.line(0, ("strong", report.name))
    for word, rows in rows_by_word(report).items():
        yield from _unchanged_or_done(page, word, rows)
    for result in (Result.UNCONFIRMED, Result.SKIPPED, Result.FAILED):
        for outcomes in groups(report, result):
            yield from _summarised(page, outcomes) if len(outcomes) > MAX_LISTED else _listed(page, outcomes)
    yield from _end(page, report)
    yield ""


def _unchanged_or_done(page: Page, word: str, rows: Rows) -> Iterator[str]:
    """Yield the rows, as the plan shows them, while there are few of them, else how many of each kind."""
    style = "delete" if word == REMOVED else "create"
    if len(rows) > MAX_LISTED:
        yield from page.labelled(2, (style, word), ("", f"  {counts(Counter(kind for kind, _ in rows))}"), hang=4)
    else:
        for (_, row), values in rows.items():
            text = f"  {row}  {', '.join(values)}".rstrip()
            yield from page.labelled(2, (style, word), ("", text), hang=4)


def _summarised(page: Page, outcomes: Sequence[StepOutcome]) -> Iterator[str]:
    """Yield how many of each kind, and every reason once."""
    addresses = {address for outcome in outcomes for address in outcome.addresses}
    yield from _line(page, outcomes[0].result, counts(Counter(address.kind for address in addresses)))
    for text in dict.fromkeys(part for outcome in outcomes for part in (outcome.detail, outcome.hint) if part):
        yield from page.prose(INDENT, text, hang=2)
    if outcomes[0].result is Result.FAILED:
        yield from page.prose(INDENT, examples(outcomes), hang=2)


def _listed(page: Page, outcomes: Sequence[StepOutcome]) -> Iterator[str]:
    for outcome in outcomes:
        addresses = ", ".join(address.local for address in outcome.addresses)
        yield from _line(page, outcome.result, addresses or outcome.message)
        for text in (outcome.message if addresses else "", outcome.detail, outcome.hint):
            if text:
                yield from page.prose(INDENT, text, hang=2)


def _line(page: Page, result: Result, text: str) -> Iterator[str]:
    word = result.word.upper() if result is Result.FAILED else result.word
    yield from page.labelled(2, (_STYLES[result], word), ("", f"  {text}"), hang=4)


def _end(page: Page, report: Report) -> Iterator[str]:
    """Yield what is true of the whole apply, the counts, and how to continue."""
    if report.outcomes:
        yield ""
    for text, style in ((report.error, "danger"), (report.hint, "")):
        if text:
            yield from page.prose(2, text, style, hang=2)
    for warning in report.warnings:
        yield from page.labelled(2, ("replace", "warning:"), ("", f" {warning}"), hang=2)
    if report.history_entry:
        yield page.line(2, ("", f"history entry: {report.history_entry}"))  # never broken, for copying
    text, next_step = result_sentence(report), next_sentence(report)
    if text:
        yield from page.prose(2, text, "strong", hang=2)
    if next_step:
        yield from page.labelled(2, ("strong", "next:"), ("", f" {next_step}"), hang=2)
    if report.is_paused:
        yield from _paused(page, report)


def _paused(page: Page, report: Report) -> Iterator[str]:
    """Yield that provisioning is paused, and the command that continues on a line that is never broken, for copying."""
    yield from page.prose(2, paused_sentence(report), "danger", hang=2)
    if report.command:
        yield page.line(4, ("strong", report.command))
