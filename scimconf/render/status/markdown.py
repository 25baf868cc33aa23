"""The status of applications as Markdown, for an issue or the summary of a pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scimconf.monitoring.application_status import ApplicationStatus
from scimconf.render.markdown.escaping import cell, code, hidden, prose
from scimconf.render.status import words


def statuses(applications: Sequence[ApplicationStatus], *, tenant: str = "", marker: str | None = None) -> str:
    """Return a section for each application; `marker` begins it with a hidden line, to find an issue again."""
    lines = [hidden(marker, as_html=True), ""] if marker else []
    lines += [
        f"# Provisioning status{f' of {code(tenant)}' if tenant else ''}",
        "",
        f"{words.verdict(applications)} {words.as_of(applications)}",
        "",
    ]
    for status in applications:
        lines += _application(status)
    return "\n".join(lines)


def _application(status: ApplicationStatus) -> Iterator[str]:
    state, _ = words.heading(status)
    yield f"## {code(status.name)}: {prose(state)}"
    yield ""
    rows = list(words.lines(status))
    if rows:
        yield "| | |"
        yield "|---|---|"
    for row in rows:
        yield f"| {row.label} | {'<br>'.join([cell(row.text), *(f'{cell(detail)}' for detail in row.details)])} |"
    yield ""
