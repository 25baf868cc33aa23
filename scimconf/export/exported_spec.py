"""A spec on its way back from what is live: its tree, what to tell beside it, and what it cannot say. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from scimconf.diagnostics import SpecPath


@dataclass(slots=True)
class ExportedSpec:
    """The spec's tree in its canonical order, comments by spec path, what could not be said, and rows for a CSV."""

    tree: dict[str, Any]
    comments: dict[SpecPath, str] = field(default_factory=dict)
    unsaid: list[str] = field(default_factory=list)
    people: list[tuple[str, str]] = field(default_factory=list)

    def users(self) -> list[dict[str, Any]]:
        """The users of the tree, and those that would go to a CSV."""
        roles: dict[str, list[str]] = {}
        for user, role in self.people:
            roles.setdefault(user, []).append(role)
        listed = self.tree.get("assignments", {}).get("users", [])
        return [*listed, *({"user": user, **held(own)} for user, own in roles.items())]


def held(roles: list[str]) -> dict[str, Any]:
    """The roles of one principal, in the short form where there is one."""
    return {"role": roles[0]} if len(roles) == 1 else {"roles": sorted(roles)}
