"""Words that all formats of a check report share."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import groupby
from types import MappingProxyType

from scimconf.check_report import CheckReport, CheckResult, CheckStatus, Exchange
from scimconf.diagnostics import plural
from scimconf.json_types import Json
from scimconf.render.common.escaping import visible

LABELS: Mapping[CheckStatus, str] = MappingProxyType(
    {
        CheckStatus.PASSED: "ok",
        CheckStatus.FAILED: "FAIL",
        CheckStatus.WARNING: "warn",
        CheckStatus.SKIPPED: "skip",
    }
)
LEFTOVERS = "Not deleted from the endpoint. Delete these by hand"
MAX_LINES = 40
"""Lines of a body; the JSON format has the whole body."""
MAX_TEXT = 600
"""Characters of a line of a body."""
LAST_EXCHANGES = 3
"""Exchanges of a check in text; the other formats have more."""


def heading(report: CheckReport) -> str:
    """Return what was checked, with the dialect of its PATCH requests."""
    if report.kind == "endpoint":
        return f"Check of {report.endpoint}: {report.subject} ({report.dialect} dialect)"
    return f"Rehearsal of {report.subject} at {report.endpoint} ({report.dialect} dialect)"


def verdict(report: CheckReport) -> str:
    """Return the counts as a sentence; it begins with what is wrong."""
    counts = report.counts
    parts = [
        f"{plural(counts[CheckStatus.FAILED], 'check')} failed",
        plural(counts[CheckStatus.WARNING], "warning"),
        f"{counts[CheckStatus.PASSED]:,} passed",
        f"{counts[CheckStatus.SKIPPED]:,} skipped",
    ]
    if not report.results:
        return "No check was run."
    return f"{', '.join(parts)}."


def groups(report: CheckReport) -> Iterator[tuple[str, list[CheckResult]]]:
    """Yield the headings with their results, in the order of the report."""
    for group, results in groupby(report.results, key=lambda result: result.group):
        yield group, list(results)


def details(result: CheckResult) -> Iterator[tuple[str, str]]:
    """Yield label and sentence of everything that a result says besides its title."""
    if result.status is CheckStatus.SKIPPED:
        yield "reason", result.actual
        return
    sentences = {
        "expected": result.expected,
        "actual": result.actual,
        "Entra then": result.consequence,
        "hint": result.hint,
    }
    yield from ((label, text) for label, text in sentences.items() if text)


def request_line(exchange: Exchange) -> str:
    """Return the request and the status of the response in one line."""
    return f"{exchange.request} → {exchange.response}"


def bodies(exchange: Exchange, limit: int = MAX_TEXT) -> Iterator[tuple[str, list[str]]]:
    """Yield label and lines of the bodies that an exchange has."""
    for label, body in (("request", exchange.request_body), ("response", exchange.response_body)):
        if body is not None:
            yield label, body_lines(body, limit)


def body_lines(body: Json, limit: int = MAX_TEXT) -> list[str]:
    """Return a body as safe lines of at most `limit` characters: text as it is, JSON on one line.

    Of a PATCH request these are the operations, without the envelope, which is always the same.
    """
    lines = body.splitlines() if isinstance(body, str) else list(map(_compact, _parts(body)))
    shortened = [visible(line if len(line) <= limit else f"{line[:limit]}…") for line in lines[:MAX_LINES]]
    return [*shortened, *([f"… {len(lines) - MAX_LINES:,} more lines"] if len(lines) > MAX_LINES else [])]


def _parts(body: Json) -> list[Json]:
    operations = body.get("Operations") if isinstance(body, dict) else None
    return operations if isinstance(operations, list) and operations else [body]


def _compact(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)
