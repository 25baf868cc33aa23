"""A plan as a pull request comment: values cannot inject markup, and the length stays within the forge's limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from scimconf.diagnostics import plural
from scimconf.plan import Plan
from scimconf.render.common.change_view import change_rows
from scimconf.render.markdown.escaping import hidden, size
from scimconf.render.markdown.exit_report import exit_report
from scimconf.render.markdown.sections import MarkdownSection, section
from scimconf.render.markdown.summary import summary
from scimconf.render.markdown.truncation import LINE, fit_all, shares

__all__ = ["LIMITS", "exit_report", "plan"]

LIMITS: Mapping[str, int] = MappingProxyType(
    {"github": 65_536, "gitlab": 1_000_000, "azure-devops": 150_000, "bitbucket": 32_768}
)
"""The maximum length of a comment, in characters."""


def plan(
    plan: Plan,
    *,
    max_length: int = LIMITS["github"],
    marker: str | None = None,
    as_html: bool = True,
    command: str = "plan",
    full: bool = False,
) -> str:
    """Return the plan in at most `max_length` characters.

    `marker` is written into a hidden first line, by which CI finds its comment again. Without `as_html` nothing is
    collapsed, for forges that show HTML tags as text (Bitbucket). The title names the `command`. Long lists are shown by
    their first and last entries, unless `full` is set.
    """
    first = f"{hidden(marker, as_html=as_html)}\n\n" if marker is not None else ""
    first = first if size(first) <= max_length else ""
    rows = [change_rows(application.changes) for application in plan.applications]
    sections = [section(*pair, as_html=as_html, full=full) for pair in zip(plan.applications, rows, strict=True)]
    groups = [group for group in summary(plan, [row for own in rows for row in own], command) if group.parts]
    space = max_length - size(first)
    needed = sum(group.size for group in groups) + sum(section.size for section in sections)
    head, _ = fit_all(groups, space if needed <= space else space // 2)
    return f"{first}{head}{_sections(sections, space - size(head))}"


def _sections(sections: Sequence[MarkdownSection], space: int) -> str:
    """Return every application, or as many as fit, and a line that counts the rest."""
    needs = [section.size for section in sections]
    reserve = LINE if sum(needs) > space else 0
    spaces = shares(needs, max(space - reserve, 0))
    fitted = [section.fit(share) for section, share in zip(sections, spaces, strict=True)]
    text = "".join(text for text, _ in fitted)
    missing = sum(not text for text, _ in fitted)
    return text + (_missing(missing, sum(number for _, number in fitted)) if missing and space >= LINE else "")


def _missing(applications: int, changes: int) -> str:
    rest = plural(applications, "more application")
    text = f"{plural(changes, 'more change')} in {rest}" if changes else rest
    return f"**{text}, see the artifact.**\n"
