"""`$search`, `$orderby` and `$expand` of the directory: what it takes of them, and how it refuses the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping

from scimconf.sandbox.directory.filters import FilterColumn
from scimconf.sandbox.http_types import GraphRequest, bad_request, not_emulated, unsupported_query
from scimconf.sandbox.store import Condition

_TERM = re.compile(r'"(?P<name>\w+):(?P<text>(?:\\.|[^"\\])*)"\s*(?:(?P<joint>AND|OR)\b\s*)?')
_TOKENISED = ("displayName", "description")
_NAVIGATIONS = frozenset(
    {
        "appmanagementpolicies", "approleassignedto", "approleassignments", "createdobjects", "directreports",
        "extensionproperties", "federatedidentitycredentials", "manager", "memberof", "members", "owneddevices",
        "ownedobjects", "owners", "synchronization", "transitivememberof", "transitivemembers",
    }
)  # fmt: skip


def search_condition(request: GraphRequest, columns: Mapping[str, FilterColumn]) -> Condition:
    """`"displayName:ada" OR "mail:ada"`, in SQL; advanced queries only."""
    text = request.query.get("search")
    if text is None:
        return Condition()
    if not request.is_advanced:
        raise unsupported_query(
            "Request with $search query parameter only works through MSGraph with a special request header:"
            " 'ConsistencyLevel: eventual'"
        )
    terms = _terms(text.strip())
    sql, values = "", []
    for name, sought, joint in terms:
        if name not in columns:
            raise bad_request(f"Property '{name}' is not searchable.")
        escaped = re.sub(r"([%_\\])", r"\\\1", sought)
        values.append(f"%{escaped}%" if name in _TOKENISED else f"{escaped}%")
        sql += f"{columns[name].sql} LIKE ? ESCAPE '\\' {joint} "
    return Condition(sql, tuple(values))


def _terms(text: str) -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = []
    at = 0
    while at < len(text):
        match = _TERM.match(text, at)
        if match is None:
            break
        at = match.end()
        found.append((match["name"], re.sub(r"\\(.)", r"\1", match["text"]), match["joint"] or ""))
    joints = [joint for _, _, joint in found]
    if not found or at < len(text) or joints[-1] or not all(joints[:-1]):
        raise bad_request('Syntax error: the search must be of the form "property:text", joined by AND and OR.')
    return found


def order_clause(request: GraphRequest, columns: Mapping[str, FilterColumn], sortable: tuple[str, ...]) -> str:
    """`displayName desc`, in SQL; nothing where no order is asked for."""
    asked = request.query.get("orderby")
    if asked is None:
        return ""
    if ("filter" in request.query or "search" in request.query) and not request.is_advanced:
        raise unsupported_query("Sorting not supported for current query.")
    parts = [part.split() for part in asked.split(",")]
    for part in parts:
        if not part or part[0] not in sortable or len(part) > 2 or (len(part) == 2 and part[1] not in ("asc", "desc")):
            raise unsupported_query(f"Unsupported sort property '{' '.join(part)}'.")
    return ", ".join(f"{columns[part[0]].sql} {part[1] if len(part) == 2 else 'asc'}" for part in parts)


def refuse_unsupported_options(request: GraphRequest, *, plain: bool) -> None:
    """Refuses what the directory does not take, and says loudly what only the sandbox does not; `plain`: no sorting."""
    for name in (part.split("(", 1)[0].strip() for part in request.query.get("expand", "").split(",")):
        if name.lower() in _NAVIGATIONS:
            raise not_emulated(f"$expand={name} ({request.method} {request.path})")
        if name:
            raise bad_request(f"Parsing OData Select and Expand failed: Could not find a property named '{name}'.")
    if "skip" in request.query:
        raise bad_request("'$skip' is not supported by the service.")
    for name in ("orderby", "search"):
        if plain and name in request.query:
            raise unsupported_query(f"${name} is not supported for current query.")
