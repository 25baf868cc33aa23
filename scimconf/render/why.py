"""Why a user is or is not in an application, as text, Markdown and JSON."""

from __future__ import annotations

from collections.abc import Iterator

from scimconf.monitoring.why import Presence, WhyAnswer
from scimconf.render.json import write
from scimconf.render.markdown.escaping import cell, code, prose
from scimconf.render.terminal.page import Page, joined

_STYLES = {Presence.YES: "create", Presence.NO: "danger", Presence.UNKNOWN: "update"}
_LABEL = 14


def text(answer: WhyAnswer, user: str, application: str, *, width: int = 80, color: bool = False) -> str:
    """Return the verdict, what to do, and the checks."""
    return joined(_lines(Page(width, color), answer, user, application))


def _lines(page: Page, answer: WhyAnswer, user: str, application: str) -> Iterator[str]:
    style = _STYLES[answer.provisioning]
    sentence = f"{answer.provisioning.value} in {application}: {answer.sentence}"
    yield from page.labelled(0, ("strong", f"{user}: "), (style, sentence), hang=2)
    if answer.action:
        yield from page.prose(2, answer.action, hang=2)
    for label, line in answer.checks:
        yield from page.labelled(2, ("quiet", f"{label:{_LABEL - 1}} "), ("", line), hang=_LABEL)


def markdown(answer: WhyAnswer, user: str, application: str) -> str:
    """Return the same for a ticket."""
    lines = [f"**{code(user)}: {answer.provisioning.value} in {code(application)}**: {prose(answer.sentence)}", ""]
    lines += [prose(answer.action), ""] if answer.action else []
    lines += ["| check | |", "|---|---|", *(f"| {label} | {cell(line)} |" for label, line in answer.checks)]
    return "\n".join(lines) + "\n"


def json(answer: WhyAnswer, user: str, application: str) -> str:
    """Return the document of one answer."""
    checks = [{"check": label, "text": line} for label, line in answer.checks]
    values = {"provisioning": answer.provisioning.value, "sentence": answer.sentence, "action": answer.action}
    return write({"user": user, "application": application, **values, "checks": checks, "format_version": "2.0"})
