"""What one application's apply did: done in short, everything else in full, and the way on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from scimconf.plan import ApplyStatus, Report, Result, StepOutcome
from scimconf.render.labels import counts
from scimconf.render.terminal.fields import INDENT
from scimconf.render.terminal.page import Page

_LISTED = 20
_STYLES = {Result.DONE: "create", Result.UNCONFIRMED: "update", Result.SKIPPED: "replace", Result.FAILED: "danger"}
_NEXT = {
    ApplyStatus.FAILED: "No changes were made. Fix the problem and run apply again.",
    ApplyStatus.STALE: "The tenant has changed since the plan. Run plan again, review it, and apply that.",
    ApplyStatus.BLOCKED: "If the change is intended, allow the guard and run apply again.",
    ApplyStatus.PARTIALLY_APPLIED: "Fix the problem and run apply again: it plans again and does what remains.",
    ApplyStatus.INVALID: "Fix the errors in the spec and run apply again.",
    ApplyStatus.INTERRUPTED: "Interrupted. Run apply again: it plans again and does what remains.",
}


def report_lines(page: Page, report: Report) -> Iterator[str]:
    yield page.line(0, ("strong", report.name))
    yield from _done(page, report)
    for result in (Result.UNCONFIRMED, Result.SKIPPED, Result.FAILED):
        outcomes = [one for one in report.outcomes if one.result is result]
        many = len(outcomes) > _LISTED and result is not Result.FAILED
        yield from _folded(page, outcomes) if many else _each(page, outcomes)
    yield from _end(page, report)
    yield ""


def _done(page: Page, report: Report) -> Iterator[str]:
    """Addresses one by one while they can be taken in at a glance, else how many of each kind."""
    done = sorted(address for address, result in report.by_address().items() if result is Result.DONE)
    if len(done) > _LISTED:
        yield from _line(page, Result.DONE, counts(Counter(address.kind for address in done)))
    else:
        for address in done:
            yield from _line(page, Result.DONE, address.local)


def _folded(page: Page, outcomes: Sequence[StepOutcome]) -> Iterator[str]:
    """How many of each kind, and every reason once."""
    addresses = {address for one in outcomes for address in one.addresses}
    yield from _line(page, outcomes[0].result, counts(Counter(address.kind for address in addresses)))
    for said in dict.fromkeys(part for one in outcomes for part in (one.detail, one.hint) if part):
        yield from page.prose(INDENT, said, hang=2)


def _each(page: Page, outcomes: Sequence[StepOutcome]) -> Iterator[str]:
    for one in outcomes:
        whose = ", ".join(address.local for address in one.addresses)
        yield from _line(page, one.result, whose or one.message)
        for said in (one.message if whose else "", one.detail, one.hint):
            if said:
                yield from page.prose(INDENT, said, hang=2)


def _line(page: Page, result: Result, said: str) -> Iterator[str]:
    word = result.word.upper() if result is Result.FAILED else result.word
    yield from page.labelled(2, (_STYLES[result], word), ("", f"  {said}"), hang=4)


def _end(page: Page, report: Report) -> Iterator[str]:
    """What is true of the whole, in sum, and the way on."""
    if report.outcomes:
        yield ""
    for said, style in ((report.error, "danger"), (report.hint, "")):
        if said:
            yield from page.prose(2, said, style, hang=2)
    for notice in report.warnings:
        yield from page.labelled(2, ("replace", "note:"), ("", f" {notice}"), hang=2)
    if report.backup:
        yield from page.prose(2, f"backup of the previous documents: {report.backup}", hang=2)
    numbers = Counter(report.by_address().values())
    summary = "; ".join(f"{numbers[result]:,} {result.word}" for result in Result if numbers[result])
    if summary or report.status not in _NEXT:
        yield from page.prose(2, f"{summary}." if summary else "No changes were made.", "strong", hang=2)
    if report.status in _NEXT:
        yield from page.labelled(2, ("strong", "next:"), ("", f" {_NEXT[report.status]}"), hang=2)
