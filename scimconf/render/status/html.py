"""The status of applications as one self-contained HTML page: no requests, no script, every value escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scimconf.monitoring.application_status import ApplicationStatus
from scimconf.render.html import assets, environment
from scimconf.render.status import words


def statuses(applications: Sequence[ApplicationStatus], *, tenant: str = "") -> str:
    """Return the page, with a section for each application."""
    context = {
        "verdict": f"{words.verdict(applications)} {words.as_of(applications)}",
        "tenant": tenant,
        "applications": list(map(_application, applications)),
        **assets(["plan.css", "status.css"], ""),
    }
    return environment().get_template("status.html").render(context)


def _application(status: ApplicationStatus) -> Mapping[str, Any]:
    state, style = words.heading(status)
    return {"name": status.name, "state": state, "style": style, "lines": list(words.lines(status))}
