"""A check report as one self-contained HTML page: no requests, no script, every value escaped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from scimconf.check_report import CheckReport, CheckResult, CheckStatus
from scimconf.render.checks import words
from scimconf.render.html import assets, environment

_SIGNS: Mapping[CheckStatus, tuple[str, str]] = MappingProxyType(
    {
        CheckStatus.PASSED: ("✓", "create"),
        CheckStatus.FAILED: ("✗", "delete"),
        CheckStatus.WARNING: ("!", "warned"),
        CheckStatus.SKIPPED: ("·", "skipped"),
    }
)


MAX_TEXT = 4_000
"""Characters of a line of a body on the page."""
Segments = list[tuple[str, bool]]
"""Parts of a sentence, each with whether it is code."""


def report(report: CheckReport) -> str:
    """Return the page; failed checks are open."""
    groups = [(group, [_row(result) for result in results]) for group, results in words.groups(report)]
    context = {
        "report": report,
        "heading": words.heading(report),
        "verdict": words.verdict(report),
        "is_failed": report.exit_code != 0,
        "leftovers": words.LEFTOVERS,
        "groups": groups,
        **assets(["plan.css", "check_report.css"], ""),
    }
    return environment().get_template("check_report.html").render(context)


def _row(result: CheckResult) -> Mapping[str, Any]:
    sign, style = _SIGNS[result.status]
    return {
        "id": result.id,
        "title": _segments(result.title),
        "status": result.status.value,
        "sign": sign,
        "style": style,
        "is_open": result.status is CheckStatus.FAILED,
        "details": [(label, _segments(sentence)) for label, sentence in words.details(result)],
        "exchanges": list(_exchanges(result)),
    }


def _exchanges(result: CheckResult) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield the line of each exchange, with label and text of its bodies."""
    for exchange in result.exchanges:
        bodies = [(label, "\n".join(lines)) for label, lines in words.bodies(exchange, MAX_TEXT)]
        yield words.request_line(exchange), bodies


def _segments(sentence: str) -> Segments:
    """Return the parts of a sentence: what is between backticks is code."""
    return [(part, bool(number % 2)) for number, part in enumerate(sentence.split("`")) if part]
