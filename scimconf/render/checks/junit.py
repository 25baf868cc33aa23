"""A check report as JUnit XML, which CI systems show as tests. Pure text: no XML library is needed to write it.

A warning is a passed test with its text in `system-out`, because JUnit has no warnings.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from scimconf.check_report import CheckReport, CheckResult, CheckStatus
from scimconf.render.checks import words
from scimconf.render.common.escaping import visible


def report(report: CheckReport) -> str:
    """Return one test suite for each group of checks; leftovers are a failed test of their own."""
    return "".join(f"{line}\n" for line in _lines(report))


def _lines(report: CheckReport) -> Iterator[str]:
    counts = report.counts
    failures = counts[CheckStatus.FAILED] + bool(report.leftovers)
    tests = len(report.results) + bool(report.leftovers)
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    numbers = f'tests="{tests}" failures="{failures}" skipped="{counts[CheckStatus.SKIPPED]}"'
    yield f"<testsuites name={_attribute(words.heading(report))} {numbers}>"
    for group, results in words.groups(report):
        yield from _suite(group or report.subject, results)
    if report.leftovers:
        yield '  <testsuite name="Deletion" tests="1" failures="1" skipped="0">'
        yield '    <testcase classname="scimconf" name="Everything that was created is deleted">'
        yield from _element("failure", words.LEFTOVERS, report.leftovers)
        yield "    </testcase>"
        yield "  </testsuite>"
    yield "</testsuites>"


def _suite(name: str, results: list[CheckResult]) -> Iterator[str]:
    failed, skipped = (
        sum(result.status is status for result in results) for status in (CheckStatus.FAILED, CheckStatus.SKIPPED)
    )
    numbers = f'tests="{len(results)}" failures="{failed}" skipped="{skipped}"'
    yield f"  <testsuite name={_attribute(name)} {numbers}>"
    for result in results:
        yield from _case(name, result)
    yield "  </testsuite>"


def _case(suite: str, result: CheckResult) -> Iterator[str]:
    name = f"{result.id}: {result.title}"
    opening = f"    <testcase classname={_attribute(suite)} name={_attribute(name)}"
    if result.status is CheckStatus.PASSED:
        yield f"{opening}/>"
        return
    yield f"{opening}>"
    if result.status is CheckStatus.SKIPPED:
        yield f"      <skipped message={_attribute(result.actual)}/>"
    elif result.status is CheckStatus.FAILED:
        yield from _element("failure", result.actual, _description(result))
    else:
        yield "      <system-out>"
        yield from map(_text, _description(result))
        yield "</system-out>"
    yield "    </testcase>"


def _element(name: str, message: str, lines: tuple[str, ...] | list[str]) -> Iterator[str]:
    yield f"      <{name} message={_attribute(message)}>"
    yield from map(_text, lines)
    yield f"</{name}>"


def _description(result: CheckResult) -> list[str]:
    """Return the sentences of a result and its exchanges as lines."""
    lines = [f"{label}: {sentence}" for label, sentence in words.details(result)]
    for exchange in result.exchanges:
        lines.append(words.request_line(exchange))
        lines += [f"  {label}: {line}" for label, body in words.bodies(exchange) for line in body]
    return lines


def _text(line: str) -> str:
    return escape(visible(line))


def _attribute(text: str) -> str:
    return quoteattr(visible(text))
