"""Why a user is or is not in applications, as text, Markdown and JSON."""

from __future__ import annotations

from collections.abc import Iterator

from scimconf.monitoring.why import Presence
from scimconf.monitoring.why_checks import WhyAnswer, WhyReport
from scimconf.render.json import write
from scimconf.render.markdown.escaping import cell, code, prose
from scimconf.render.terminal.page import Page, joined

_STYLES = {Presence.YES: "create", Presence.NO: "danger", Presence.UNKNOWN: "update"}
_LABEL = 14
_NOWHERE = "not provisioned: not assigned to any application with provisioning, neither directly nor through a group"


def text(report: WhyReport, *, width: int = 80, color: bool = False) -> str:
    """Return for each application the verdict, what to do, and the checks."""
    return joined(_lines(Page(width, color), report))


def _lines(page: Page, report: WhyReport) -> Iterator[str]:
    for number, answer in enumerate(report.answers):
        if number:
            yield ""
        yield from _answer(page, answer, report.user)
    if not report.answers:
        yield from page.labelled(0, ("strong", f"{report.user}: "), (_STYLES[Presence.NO], _NOWHERE), hang=2)
    elif report.others or report.unread:
        yield ""
    if report.others:
        yield from page.prose(0, f"Not assigned, and not in the log: {', '.join(report.others)}.", hang=2)
    for name, problem in report.unread:
        yield from page.prose(0, f"{name} could not be read: {problem}", hang=2)


def _answer(page: Page, answer: WhyAnswer, user: str) -> Iterator[str]:
    sentence = f"{_presence(answer)}: {answer.sentence}"
    yield from page.labelled(0, ("strong", f"{user}: "), (_STYLES[answer.provisioning], sentence), hang=2)
    if answer.action:
        yield from page.prose(2, answer.action, hang=2)
    for label, line in answer.checks:
        yield from page.labelled(2, ("quiet", f"{label:{_LABEL - 1}} "), ("", line), hang=_LABEL)


def _presence(answer: WhyAnswer) -> str:
    place = f" in {answer.application}" if answer.application else ""
    return (
        f"unknown whether provisioned{place}"
        if answer.provisioning is Presence.UNKNOWN
        else f"{answer.provisioning.value}{place}"
    )


def markdown(report: WhyReport) -> str:
    """Return the same for a ticket."""
    parts = ["\n".join(_markdown(answer, report.user)) for answer in report.answers]
    if not report.answers:
        parts.append(f"**{code(report.user)}**: {_NOWHERE}")
    if report.others:
        parts.append(f"Not assigned, and not in the log: {', '.join(map(code, report.others))}")
    parts += [f"{code(name)} could not be read: {prose(problem)}" for name, problem in report.unread]
    return "\n\n".join(parts) + "\n"


def _markdown(answer: WhyAnswer, user: str) -> Iterator[str]:
    place = f" in {code(answer.application)}" if answer.application else ""
    unknown = answer.provisioning is Presence.UNKNOWN
    presence = "unknown whether provisioned" if unknown else answer.provisioning.value
    yield f"**{code(user)}: {presence}{place}**: {prose(answer.sentence)}"
    if answer.action:
        yield f"\n{prose(answer.action)}"
    if answer.checks:
        yield "\n| check | |\n|---|---|"
        yield from (f"| {label} | {cell(line)} |" for label, line in answer.checks)


def json(report: WhyReport) -> str:
    """Return the document of the answers."""
    return write(
        {
            "user": report.user,
            "answers": [_document(answer) for answer in report.answers],
            "not_concerned": list(report.others),
            "unread": [{"application": name, "problem": problem} for name, problem in report.unread],
            "format_version": "2.0",
        }
    )


def _document(answer: WhyAnswer) -> dict[str, object]:
    return {
        "application": answer.application or None,
        "provisioning": answer.provisioning.value,
        "sentence": answer.sentence,
        "action": answer.action,
        "checks": [{"check": label, "text": line} for label, line in answer.checks],
    }
