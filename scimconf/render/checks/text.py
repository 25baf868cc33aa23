"""A check report as text for a terminal or a pipe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from types import MappingProxyType

from scimconf.check_report import CheckReport, CheckResult, CheckStatus, Exchange
from scimconf.diagnostics import plural
from scimconf.render.checks import words
from scimconf.render.common.escaping import visible, wrap
from scimconf.render.terminal.page import Page, joined

_STYLES: Mapping[CheckStatus, str] = MappingProxyType(
    {
        CheckStatus.PASSED: "create",
        CheckStatus.FAILED: "danger",
        CheckStatus.WARNING: "replace",
        CheckStatus.SKIPPED: "quiet",
    }
)
_LABEL_WIDTH = 12
FOLDED = 3
"""Consecutive checks with the same reason from which they share a line."""


def report(report: CheckReport, *, width: int = 80, color: bool = False, full: bool = False) -> str:
    """Return the report; `full` shows the requests of passed checks too. The counts are the last line."""
    page = Page(width, color)
    return joined(_lines(page, report, full=full))


def _lines(page: Page, report: CheckReport, *, full: bool) -> Iterator[str]:
    yield from page.prose(0, words.heading(report), "strong", hang=2)
    for remark in report.remarks:
        yield from page.prose(2, remark, hang=2)
    for group, results in words.groups(report):
        yield ""
        if group:
            yield from page.prose(0, group, "strong", hang=2)
        for reason, alike in groupby(results, key=_shared_reason):
            skipped = list(alike)
            if reason and len(skipped) >= FOLDED:
                yield from _skipped(page, reason, skipped)
            else:
                for result in skipped:
                    yield from _result(page, result, full=full)
    yield ""
    if report.leftovers:
        yield from page.prose(0, f"{words.LEFTOVERS}:", "danger", hang=2)
        for leftover in report.leftovers:
            yield from page.prose(2, leftover, hang=2)
    yield from page.prose(0, words.verdict(report), "strong", hang=2)


def _shared_reason(result: CheckResult) -> str:
    """Return the reason of a skipped check, "" for any other."""
    return result.actual if result.status is CheckStatus.SKIPPED else ""


def _skipped(page: Page, reason: str, results: list[CheckResult]) -> Iterator[str]:
    """Yield one line for checks that were skipped for the same reason."""
    label = f"{words.LABELS[CheckStatus.SKIPPED]:<6}"
    names = f"{results[0].id} to {results[-1].id} ({plural(len(results), 'check')})"
    yield from page.labelled(2, (_STYLES[CheckStatus.SKIPPED], label), ("", names), hang=6)
    yield from _labelled(page, 8, "reason:", reason)


def _result(page: Page, result: CheckResult, *, full: bool) -> Iterator[str]:
    label = f"{words.LABELS[result.status]:<6}"
    yield from page.labelled(2, (_STYLES[result.status], label), ("", f"{result.id}  {result.title}"), hang=6)
    if result.status is CheckStatus.PASSED and not full:
        return
    for name, sentence in words.details(result):
        yield from _labelled(page, 8, f"{name}:", sentence)
    if result.status is not CheckStatus.SKIPPED or full:
        omitted = 0 if full else max(len(result.exchanges) - words.LAST_EXCHANGES, 0)
        if omitted:
            yield from page.prose(8, f"… {plural(omitted, 'earlier request')} (--full)", "quiet")
        for exchange in result.exchanges[omitted:]:
            yield from _exchange(page, exchange)


def _exchange(page: Page, exchange: Exchange) -> Iterator[str]:
    yield from page.prose(8, words.request_line(exchange), hang=2)
    for label, lines in words.bodies(exchange):
        for number, line in enumerate(lines):
            yield from _labelled(page, 10, "" if number else f"{label}:", line)


def _labelled(page: Page, indent: int, label: str, text: str) -> Iterator[str]:
    """Yield a wrapped text beside its label, which is printed once; the text is in a column of its own."""
    for number, line in enumerate(wrap(visible(text), page.space(indent + _LABEL_WIDTH))):
        yield page.line(indent, ("quiet", ("" if number else label).ljust(_LABEL_WIDTH)), ("", line))
