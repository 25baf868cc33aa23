"""The page that shows the users and groups of a target as an application would."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from scimconf.sandbox.data_files import read_text
from scimconf.sandbox.target.tolerance import ENTERPRISE

Resource = Mapping[str, Any]
ROWS = 500
"""Users, groups and members of a group on the page."""


@dataclass(frozen=True, slots=True)
class TargetView:
    """What the page shows: the kind of the target, its URL, and functions that return its users and groups."""

    kind: str
    url: str
    users: Callable[[], list[dict[str, Any]]]
    groups: Callable[[], list[dict[str, Any]]]

    def document(self) -> dict[str, Any]:
        """Return the users and groups as JSON."""
        return {"kind": self.kind, "url": self.url, "users": self.users(), "groups": self.groups()}

    def page(self) -> str:
        """Return the page as HTML. It loads nothing, and refreshes itself every two seconds."""
        style, script = read_text("target_page.css"), read_text("target_page.js")
        return (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>Target application</title><style>{style}</style></head>"
            f"<body>{self._main()}<script>{script}</script></body></html>"
        )

    def _main(self) -> str:
        users, groups = self.users(), self.groups()
        return (
            "<main><h1>Target application</h1>"
            f"<p>The users and groups of the SCIM server <code>{_text(self.url)}</code> ({_text(self.kind)}). "
            "The page follows the provisioning cycles.</p>"
            f"{_users(users, groups)}{_groups(groups, users)}</main>"
        )


def content_security_policy() -> str:
    """Return the policy of the page: its own style and script, and requests to the sandbox."""
    hashes = [_hash(read_text(name)) for name in ("target_page.css", "target_page.js")]
    return f"default-src 'none'; style-src {hashes[0]}; script-src {hashes[1]}; connect-src 'self'"


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


# ---- tables ---------------------------------------------------------------------------------------------------------


def _users(users: Sequence[Resource], groups: Sequence[Resource]) -> str:
    names = _names(users)
    memberships: dict[str, list[str]] = {}
    for group in groups:
        for member in group.get("members") or ():
            memberships.setdefault(str(member.get("value")), []).append(str(group.get("displayName")))
    rows = [
        (
            f"{_text(user.get('userName'))}<br>{_muted(user.get('displayName'))}",
            _state(user),
            _list(_roles(user)),
            _list(memberships.get(str(user["id"]), [])),
            _muted(_manager(user, names)),
            _details(user),
        )
        for user in users[:ROWS]
    ]
    return _section("Users", len(users), ("User", "State", "Roles", "Groups", "Manager", "Attributes"), rows)


def _groups(groups: Sequence[Resource], users: Sequence[Resource]) -> str:
    names = {**_names(users), **{str(group["id"]): str(group.get("displayName")) for group in groups}}
    rows = [
        (_text(group.get("displayName")), _members(group, names), _muted(group.get("externalId")), _details(group))
        for group in groups[:ROWS]
    ]
    return _section("Groups", len(groups), ("Group", "Members", "External id", "Attributes"), rows)


def _section(title: str, count: int, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    heading = f"<h2>{title} ({count:,})</h2>"
    if not rows:
        return f"{heading}<p>No {title.lower()} yet.</p>"
    head = "".join(f"<th>{column}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    rest = f"<p>and {count - len(rows):,} more</p>" if count > len(rows) else ""
    return f'{heading}<div class="table"><table><tr>{head}</tr>{body}</table></div>{rest}'


# ---- cells ----------------------------------------------------------------------------------------------------------


def _state(user: Resource) -> str:
    active = user.get("active")
    if active is None:
        return '<span class="muted">not set</span>'
    return '<span class="active">active</span>' if active else '<span class="disabled">disabled</span>'


def _roles(user: Resource) -> list[str]:
    """Return the roles of a user, and attributes of extensions that can be a role: with `role` in the name, or `User`."""
    roles = [str(role.get("display") or role.get("value")) for role in user.get("roles") or ()]
    extensions = [value for urn, value in user.items() if urn.startswith("urn:") and isinstance(value, dict)]
    attributes = [(name.lower(), value) for item in extensions for name, value in item.items()]
    others = [value for name, value in attributes if "role" in name or name == "user"]
    return [*roles, *(str(item) for value in others for item in (value if isinstance(value, list) else [value]))]


def _manager(user: Resource, names: Mapping[str, str]) -> str:
    manager = (user.get(ENTERPRISE) or {}).get("manager") or {}
    value = str(manager.get("value") or "")
    return names.get(value, value)


def _members(group: Resource, names: Mapping[str, str]) -> str:
    ids = [str(member.get("value")) for member in group.get("members") or ()]
    rest = [f"and {len(ids) - ROWS:,} more"] if len(ids) > ROWS else []
    return _list([*(names.get(item, f"{item} (unknown)") for item in ids[:ROWS]), *rest])


def _details(resource: Resource) -> str:
    document = {name: value for name, value in resource.items() if name not in ("schemas", "meta", "members")}
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return f'<details id="{_text(resource["id"])}"><summary>show</summary><pre>{_text(text)}</pre></details>'


def _names(users: Iterable[Resource]) -> dict[str, str]:
    return {str(user["id"]): str(user.get("userName")) for user in users}


def _list(items: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{_text(item)}</li>' for item in items)}</ul>" if items else ""


def _muted(value: object) -> str:
    return f'<span class="muted">{_text(value)}</span>' if value else ""


def _text(value: object) -> str:
    """Return a value as text of HTML; characters that would change the direction or end the document are visible."""
    text = "" if value is None else str(value)
    return escape("".join(item if item.isprintable() or item == "\n" else f"\\u{ord(item):04x}" for item in text))
