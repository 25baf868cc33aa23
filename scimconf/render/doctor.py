"""The checks of `scimconf doctor` as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby

from scimconf.monitoring.doctor_checks import DoctorCheck, DoctorState
from scimconf.render.json import write
from scimconf.render.terminal.page import Page, joined

_SIGNS = {
    DoctorState.OK: ("create", "ok      "),
    DoctorState.WARNING: ("update", "warning "),
    DoctorState.PROBLEM: ("danger", "problem "),
    DoctorState.UNKNOWN: ("quiet", "unknown "),
}


def text(checks: Sequence[DoctorCheck], *, width: int = 80, color: bool = False) -> str:
    """Return the checks by group; commands in hints are not wrapped, so that they can be copied."""
    return joined(_lines(Page(width, color), checks))


def _lines(page: Page, checks: Sequence[DoctorCheck]) -> Iterator[str]:
    for group, members in groupby(checks, key=lambda check: check.group):
        yield page.line(0, ("strong", group))
        for check in members:
            yield from page.labelled(2, _SIGNS[check.state], ("", check.text), hang=8)
            yield from (page.line(10, ("quiet", line)) for line in check.hint.splitlines())
    yield ""
    yield page.line(0, ("strong", verdict(checks)))


def verdict(checks: Sequence[DoctorCheck]) -> str:
    """Return the counts as one sentence."""
    problems = sum(check.state is DoctorState.PROBLEM for check in checks)
    warnings = sum(check.state is DoctorState.WARNING for check in checks)
    if not problems and not warnings:
        return "No problems."
    parts = [
        f"{number} {word}{'' if number == 1 else 's'}"
        for number, word in ((problems, "problem"), (warnings, "warning"))
    ]
    return f"{' and '.join(part for part in parts if not part.startswith('0'))}."


def json(checks: Sequence[DoctorCheck]) -> str:
    """Return the document `{"checks": […]}`."""
    return write({"checks": [asdict(check) for check in checks], "format_version": "2.0"})
