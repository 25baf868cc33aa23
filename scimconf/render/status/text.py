"""The status of applications as text for a terminal or a pipe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scimconf.monitoring.application_status import ApplicationStatus
from scimconf.render.status import words
from scimconf.render.terminal.page import Page, joined

_LABEL = 14


def statuses(
    applications: Sequence[ApplicationStatus], *, tenant: str = "", width: int = 80, color: bool = False
) -> str:
    """Return the tenant, the statuses, each with its lines, and a sentence about all of them."""
    page = Page(width, color)
    lines = [*page.prose(0, f"Tenant: {tenant}"), ""] if tenant else []
    lines += [line for status in applications for line in (*_application(page, status), "")]
    return joined(
        [*lines, *page.prose(0, f"{words.verdict(applications)} {words.as_of(applications)}".strip(), "strong")]
    )


def _application(page: Page, status: ApplicationStatus) -> Iterator[str]:
    state, style = words.heading(status)
    yield from page.labelled(0, ("strong", f"{status.name}: "), (style, state), hang=2)
    for line in words.lines(status):
        label = f"{line.label:{_LABEL - 1}} "
        yield from page.labelled(2, ("quiet", label), (line.style, line.text), hang=_LABEL)
        for detail in line.details:
            yield from page.prose(2 + _LABEL + 2, detail, "quiet", hang=2)
