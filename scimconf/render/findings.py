"""The findings of `scimconf doctor` as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby

from scimconf.monitoring.findings import Finding, FindingState
from scimconf.render.json import write
from scimconf.render.terminal.page import Page, joined

_SIGNS = {
    FindingState.OK: ("create", "ok      "),
    FindingState.WARNING: ("update", "warning "),
    FindingState.PROBLEM: ("danger", "problem "),
    FindingState.UNKNOWN: ("quiet", "unknown "),
}


def text(findings: Sequence[Finding], *, width: int = 80, color: bool = False) -> str:
    """Return the findings by group; commands in hints are not wrapped, so that they can be copied."""
    return joined(_lines(Page(width, color), findings))


def _lines(page: Page, findings: Sequence[Finding]) -> Iterator[str]:
    for group, members in groupby(findings, key=lambda finding: finding.group):
        yield page.line(0, ("strong", group))
        for finding in members:
            yield from page.labelled(2, _SIGNS[finding.state], ("", finding.text), hang=8)
            yield from (page.line(10, ("quiet", line)) for line in finding.hint.splitlines())
    yield ""
    yield page.line(0, ("strong", verdict(findings)))


def verdict(findings: Sequence[Finding]) -> str:
    """Return the counts as one sentence."""
    problems = sum(finding.state is FindingState.PROBLEM for finding in findings)
    warnings = sum(finding.state is FindingState.WARNING for finding in findings)
    if not problems and not warnings:
        return "No problems."
    parts = [
        f"{number} {word}{'' if number == 1 else 's'}"
        for number, word in ((problems, "problem"), (warnings, "warning"))
    ]
    return f"{' and '.join(part for part in parts if not part.startswith('0'))}."


def json(findings: Sequence[Finding]) -> str:
    """Return the document `{"findings": […]}`."""
    return write({"findings": [asdict(finding) for finding in findings], "format_version": "2.0"})
