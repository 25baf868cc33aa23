"""The spec of a live application, built from the parts that the kinds export."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scimconf.diagnostics import SpecPath
from scimconf.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """What to export: the application of a snapshot under a name."""

    name: str
    snapshot: Snapshot
    full: bool = False  # everything, not only what differs from the defaults of the template
    definitions: bool = False  # the definition of every attribute, including those of the template


@dataclass(slots=True)
class ExportedSpec:
    """A spec, or the part of one kind: its tree, comments by spec path, and what a spec cannot express.

    `unread` is what Graph denied reading, each with the permission to grant.
    """

    tree: dict[str, Any] = field(default_factory=dict)
    comments: dict[SpecPath, str] = field(default_factory=dict)
    omitted: list[str] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)
    csv_users: list[tuple[str, str]] = field(default_factory=list)  # users and roles, if too many for the spec

    def users(self) -> list[dict[str, Any]]:
        """Return the users of the tree and of the CSV file."""
        roles: dict[str, list[str]] = {}
        for user, role in self.csv_users:
            roles.setdefault(user, []).append(role)
        listed = self.tree.get("assignments", {}).get("users", [])
        return [*listed, *({"user": user, **role_keys(names)} for user, names in roles.items())]

    def add(self, part: ExportedSpec) -> None:
        """Add the part of one kind; keys of the same section are merged."""
        self.tree = merged(self.tree, part.tree)
        self.comments |= part.comments
        self.omitted += part.omitted
        self.unread |= part.unread
        self.csv_users += part.csv_users


def merged(tree: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return both trees in one; a value of `other` replaces one that is not a mapping in both."""
    result = dict(tree)
    for key, value in other.items():
        both = isinstance(value, Mapping) and isinstance(result.get(key), Mapping)
        result[key] = merged(result[key], value) if both else value
    return result


def role_keys(roles: list[str]) -> dict[str, Any]:
    """Return the roles of one principal, in the short form if there is one role."""
    return {"role": roles[0]} if len(roles) == 1 else {"roles": sorted(roles)}
