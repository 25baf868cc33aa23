"""The query options `$search` and `$orderby` of the directory, and the refusal of unsupported options."""

from __future__ import annotations

import re
from collections.abc import Mapping

from scimconf.sandbox.directory.filters import FilterColumn
from scimconf.sandbox.http_types import GraphRequest, bad_request, not_emulated, unsupported_query
from scimconf.sandbox.store import Condition

_TERM = re.compile(r'"(?P<name>\w+):(?P<text>(?:\\.|[^"\\])*)"\s*(?:(?P<operator>AND|OR)\b\s*)?')
_TOKENISED = ("displayName", "description")
_NAVIGATIONS = frozenset(
    {
        "appmanagementpolicies", "approleassignedto", "approleassignments", "createdobjects", "directreports",
        "extensionproperties", "federatedidentitycredentials", "manager", "memberof", "members", "owneddevices",
        "ownedobjects", "owners", "synchronization", "transitivememberof", "transitivemembers",
    }
)  # fmt: skip


def search_condition(request: GraphRequest, columns: Mapping[str, FilterColumn]) -> Condition:
    """Return the condition of `$search`, such as `"displayName:ada" OR "mail:ada"`; advanced queries only."""
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
    for name, value, operator in terms:
        if name not in columns:
            raise bad_request(f"Property '{name}' is not searchable.")
        escaped = re.sub(r"([%_\\])", r"\\\1", value)
        values.append(f"%{escaped}%" if name in _TOKENISED else f"{escaped}%")
        sql += f"{columns[name].sql} LIKE ? ESCAPE '\\' {operator} "
    return Condition(sql, tuple(values))


def _terms(text: str) -> list[tuple[str, str, str]]:
    terms: list[tuple[str, str, str]] = []
    at = 0
    while at < len(text):
        match = _TERM.match(text, at)
        if match is None:
            break
        at = match.end()
        terms.append((match["name"], re.sub(r"\\(.)", r"\1", match["text"]), match["operator"] or ""))
    operators = [operator for _, _, operator in terms]
    if not terms or at < len(text) or operators[-1] or not all(operators[:-1]):
        raise bad_request('Syntax error: the search must be of the form "property:text", joined by AND and OR.')
    return terms


def order_clause(request: GraphRequest, columns: Mapping[str, FilterColumn], sortable: tuple[str, ...]) -> str:
    """Return the SQL ordering of `$orderby`; without it, an empty string."""
    option = request.query.get("orderby")
    if option is None:
        return ""
    if ("filter" in request.query or "search" in request.query) and not request.is_advanced:
        raise unsupported_query("Sorting not supported for current query.")
    parts = [part.split() for part in option.split(",")]
    for part in parts:
        if not part or part[0] not in sortable or len(part) > 2 or (len(part) == 2 and part[1] not in ("asc", "desc")):
            raise unsupported_query(f"Unsupported sort property '{' '.join(part)}'.")
    return ", ".join(f"{columns[part[0]].sql} {part[1] if len(part) == 2 else 'asc'}" for part in parts)


def refuse_unsupported_options(request: GraphRequest, *, plain: bool) -> None:
    """Refuse options that the directory, or only the sandbox, does not support; `plain`: neither `$orderby` nor `$search`."""
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
