"""A plan as a comment on a pull request: safe against what it tells of, and never longer than the forge takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from scimconf.plan import Plan
from scimconf.render.common.change_view import items
from scimconf.render.labels import plural
from scimconf.render.markdown.escaping import hidden, size
from scimconf.render.markdown.sections import MarkdownSection, section
from scimconf.render.markdown.summary import summary
from scimconf.render.markdown.truncation import LINE, fit_all, shares

__all__ = ["LIMITS", "plan"]

LIMITS: Mapping[str, int] = MappingProxyType(
    {"github": 65_536, "gitlab": 1_000_000, "azure-devops": 150_000, "bitbucket": 32_768}
)
"""How many characters a comment may have."""


def plan(plan: Plan, *, max_length: int = LIMITS["github"], marker: str | None = None, as_html: bool = True) -> str:
    """The plan in at most so many characters.

    A job finds its comment again by the `marker`, which stands in a line that is not shown. Without `as_html` nothing
    is collapsed, for forges that show tags as text (Bitbucket).
    """
    first = f"{hidden(marker, as_html=as_html)}\n\n" if marker is not None else ""
    first = first if size(first) <= max_length else ""
    told = [tuple(items(one.changes)) for one in plan.applications]
    sections = [section(one, own, as_html=as_html) for one, own in zip(plan.applications, told, strict=True)]
    groups = [group for group in summary(plan, [item for own in told for item in own]) if group.parts]
    room = max_length - size(first)
    needed = sum(group.size for group in groups) + sum(one.size for one in sections)
    head, _ = fit_all(groups, room if needed <= room else room // 2)
    return f"{first}{head}{_sections(sections, room - size(head))}"


def _sections(sections: Sequence[MarkdownSection], room: int) -> str:
    """Every application, or as many as there is room for, and how much is left out."""
    needs = [one.size for one in sections]
    reserve = LINE if sum(needs) > room else 0
    given = shares(needs, max(room - reserve, 0))
    fitted = [one.fit(share) for one, share in zip(sections, given, strict=True)]
    text = "".join(text for text, _ in fitted)
    missing = sum(not text for text, _ in fitted)
    return text + (_missing(missing, sum(number for _, number in fitted)) if missing and room >= LINE else "")


def _missing(applications: int, changes: int) -> str:
    where = plural(applications, "more application")
    said = f"{plural(changes, 'more change')} in {where}" if changes else where
    return f"**{said}, see the artifact.**\n"
