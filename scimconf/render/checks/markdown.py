"""A check report as Markdown, for the summary of a pipeline or a comment on a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from scimconf.check_report import CheckReport, CheckResult, CheckStatus, Exchange
from scimconf.render.checks import words
from scimconf.render.common.escaping import visible
from scimconf.render.markdown.escaping import cell, code, prose

_SIGNS: Mapping[CheckStatus, str] = MappingProxyType(
    {
        CheckStatus.PASSED: "✅",
        CheckStatus.FAILED: "❌",
        CheckStatus.WARNING: "⚠️",
        CheckStatus.SKIPPED: "⏭️",
    }
)
MAX_LENGTH = 262_144
"""Characters; what does not fit is counted. Forges cut or refuse longer texts."""


def report(report: CheckReport) -> str:
    """Return the report: what needs attention in full, then a table of all checks."""
    text = "".join(f"{line}\n" for line in _lines(report, with_exchanges=True))
    if len(text) <= MAX_LENGTH:
        return text
    short = "".join(f"{line}\n" for line in _lines(report, with_exchanges=False))
    note = "\nThe requests are left out because of their length; `--format json` has them.\n"
    return short[: MAX_LENGTH - len(note)] + note


def _lines(report: CheckReport, *, with_exchanges: bool) -> Iterator[str]:
    what = "Endpoint check" if report.kind == "endpoint" else "Rehearsal"
    yield f"## {what}: {words.verdict(report)}"
    yield ""
    yield f"{code(report.endpoint)}, {prose(report.subject)}, {report.dialect} dialect"
    for remark in report.remarks:
        yield ""
        yield f"> {prose(remark)}"
    if report.leftovers:
        yield from ["", f"**{words.LEFTOVERS}:**", ""]
        yield from (f"- {code(leftover)}" for leftover in report.leftovers)
    for status, title in ((CheckStatus.FAILED, "Failed"), (CheckStatus.WARNING, "Warnings")):
        results = [result for result in report.results if result.status is status]
        if results:
            yield from ["", f"### {title}"]
        for result in results:
            yield from _result(result, with_exchanges=with_exchanges)
    if report.results:
        yield from _table(report)


def _result(result: CheckResult, *, with_exchanges: bool) -> Iterator[str]:
    yield ""
    yield f"#### {_SIGNS[result.status]} {code(result.id)} {prose(result.title)}"
    yield ""
    for label, sentence in words.details(result):
        yield f"- {label}: {prose(sentence)}"
    if with_exchanges and result.exchanges:
        yield from ["", "<details><summary>Requests</summary>", "", "```text"]
        for exchange in result.exchanges:
            yield from map(_fenced, _exchange(exchange))
        yield from ["```", "", "</details>"]


def _exchange(exchange: Exchange) -> Iterator[str]:
    yield words.request_line(exchange)
    for label, lines in words.bodies(exchange):
        yield from (f"{'' if number else f'{label}: '}{line}" for number, line in enumerate(lines))


def _fenced(line: str) -> str:
    """Return a line that cannot close the fence: it is indented, and safe to print."""
    return f"    {visible(line)}"


def _table(report: CheckReport) -> Iterator[str]:
    yield from ["", "<details><summary>All checks</summary>", "", "| | check | title |", "|---|---|---|"]
    for result in report.results:
        yield f"| {_SIGNS[result.status]} | {cell(result.id)} | {cell(result.title)} |"
    yield from ["", "</details>"]
