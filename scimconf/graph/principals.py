"""Looks up users and groups by id or name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NotRequired, TypedDict

from scimconf.diagnostics import GraphError
from scimconf.graph.client import PAGE, Answer, Graph, Request
from scimconf.graph.lookup_plan import VALUES_A_FILTER, Method, cheapest, needs_total
from scimconf.graph.protocol.error_body import undocumented
from scimconf.graph.protocol.pages import NEXT
from scimconf.graph.protocol.request import chunks
from scimconf.graph.task_group import task_group
from scimconf.json_types import Json
from scimconf.snapshot import BY_ID, DELETED, DeletedPrincipal, DeniedRead, Lookup, Principal

_NAMES = {
    "user": ("/users", "userPrincipalName", ("id", "userPrincipalName", "displayName")),
    "group": ("/groups", "displayName", ("id", "displayName", "securityEnabled")),
}
"""Collection, the property that is the name, and the properties that are read."""


_DELETED_NAMES = {
    "user": ("/directory/deletedItems/microsoft.graph.user", "userPrincipalName"),
    "group": ("/directory/deletedItems/microsoft.graph.group", "displayName"),
}
"""Collection of the recycle bin, and the property that is the name (Graph: List deletedItems)."""


PrincipalRow = TypedDict(
    "PrincipalRow",
    {
        "@odata.type": NotRequired[str | None],
        "id": str,
        "displayName": NotRequired[str | None],
        "userPrincipalName": NotRequired[str | None],
        "securityEnabled": NotRequired[bool | None],
    },
)
"""The properties of a directory object that are read; which of them it has depends on its type."""


@dataclass(slots=True)
class LookupResults:
    """The results of lookups, as in a Snapshot: matches, entries of the recycle bin, and denied reads by name."""

    principals: dict[Lookup, tuple[Principal, ...]] = field(default_factory=dict)
    deleted: dict[Lookup, DeletedPrincipal | None] = field(default_factory=dict)
    denied: dict[str, DeniedRead] = field(default_factory=dict)

    def update(self, other: LookupResults) -> None:
        """Add the results of other lookups."""
        self.principals.update(other.principals)
        self.deleted.update(other.deleted)
        self.denied.update(other.denied)

    def part(self, lookups: Iterable[Lookup]) -> LookupResults:
        """Return the results of some of the lookups, with the denied reads that concern them."""
        part = LookupResults()
        for lookup in lookups:
            if lookup.deleted:
                part.deleted[lookup] = self.deleted[lookup]
            else:
                part.principals[lookup] = self.principals[lookup]
        if self.denied:
            reads = {DELETED[lookup.by] for lookup in part.deleted}
            if any(lookup.by == "id" for lookup in part.principals):
                reads |= set(BY_ID.values())
            part.denied.update({name: read for name, read in self.denied.items() if name in reads})
        return part


async def find_principals(graph: Graph, lookups: Sequence[Lookup]) -> LookupResults:
    """Return the principals of each lookup. Raise GraphError, except for denied ids and the recycle bin."""
    results = LookupResults()
    live = [lookup for lookup in lookups if not lookup.deleted]
    async with task_group() as group:
        group.create_task(_find_ids(graph, [lookup for lookup in live if lookup.by == "id"], results))
        group.create_task(_find_names(graph, live, results))
        group.create_task(_find_deleted(graph, [lookup for lookup in lookups if lookup.deleted], results))
    return results


async def _find_ids(graph: Graph, lookups: Sequence[Lookup], results: LookupResults) -> None:
    """Add principals by id. What getByIds does not return with a name is read from the collections.

    getByIds needs Directory.Read.All, the collections only the permissions of names. Graph returns an object that the
    caller may not read as its id without properties (Graph: limited information for inaccessible member objects).
    """
    results.principals.update(dict.fromkeys(lookups, ()))
    if not lookups:
        return
    by_id = {lookup.value: lookup for lookup in lookups}
    try:
        rows = await graph.get_by_ids(list(by_id), ["user", "group"], PrincipalRow)
    except GraphError as error:
        if error.status not in (401, 403):
            raise
        await _find_ids_in_collections(graph, by_id, results)
        return
    named = [row for row in rows if row.get("displayName") or row.get("userPrincipalName")]
    _add_by_id(by_id, named, results)
    if len(named) < len(rows):
        unnamed = {row["id"].lower() for row in rows} - {row["id"].lower() for row in named}
        await _find_ids_in_collections(graph, {id_: by_id[id_] for id_ in by_id if id_ in unnamed}, results)


def _add_by_id(by_id: Mapping[str, Lookup], rows: Iterable[Mapping[str, Any]], results: LookupResults) -> None:
    for row in rows:
        lookup = by_id.get(row["id"].lower())
        if lookup is not None:
            results.principals[lookup] = (_principal(row, lookup.value),)  # one string instead of two


async def _find_ids_in_collections(graph: Graph, by_id: Mapping[str, Lookup], results: LookupResults) -> None:
    """Add users, then groups, by id. A collection that may not be read is recorded as a denied read."""
    remaining = by_id
    for type_, (path, _, properties) in _NAMES.items():
        requests = [filtered(path, "id", part, properties) for part in chunks(list(remaining), VALUES_A_FILTER)]
        answers = await graph.batch(requests)
        try:
            _raise_errors([answer for answer in answers if isinstance(answer, GraphError)])
        except GraphError as error:
            if error.status not in (401, 403):
                raise
            results.denied[BY_ID[type_]] = _denied(error)
            continue
        rows = [row for pair in zip(requests, answers, strict=True) for row in await _identified_rows(graph, *pair)]
        _add_by_id(remaining, rows, results)
        present = {row["id"].lower() for row in rows}
        remaining = {id_: lookup for id_, lookup in remaining.items() if id_ not in present}


async def _identified_rows(graph: Graph, request: Request, answer: Answer | GraphError) -> Sequence[Any]:
    """Return the rows of a filter's answer, which is no error."""
    assert not isinstance(answer, GraphError)
    return identified("GET", request.path, await _all_rows(graph, request, answer))


def _denied(error: GraphError) -> DeniedRead:
    return DeniedRead(error.status, error.code, error.path, error.message)


async def _find_deleted(graph: Graph, lookups: Sequence[Lookup], results: LookupResults) -> None:
    """Add entries of the recycle bin. Whatever Graph answers is no reason to fail: the result only explains."""
    results.deleted.update(dict.fromkeys(lookups))
    for by, (path, name) in _DELETED_NAMES.items():
        own = [lookup for lookup in lookups if lookup.by == by]
        if own:
            await _find_deleted_names(graph, path, name, own, results)
    await _find_deleted_ids(graph, [lookup for lookup in lookups if lookup.by == "id"], results)


async def _find_deleted_names(
    graph: Graph, path: str, name: str, lookups: Sequence[Lookup], results: LookupResults
) -> None:
    try:
        rows = identified("GET", path, await graph.collect(path, query={"$select": f"id,{name},deletedDateTime"}))
    except GraphError as error:
        results.denied[DELETED[lookups[0].by]] = _denied(error)
        return
    by_name = {lookup.value.casefold(): lookup for lookup in lookups}
    for row in sorted(rows, key=lambda row: str(row.get("deletedDateTime"))):  # the last deletion counts
        lookup = by_name.get(name_before_deletion(row["id"], str(row.get(name) or "")))
        if lookup is not None:
            results.deleted[lookup] = _deleted(row)


def name_before_deletion(id_: str, name: str) -> str:
    """Return the folded name without the object id, which Entra puts before the name of a deleted user."""
    folded = name.casefold()
    return folded.removeprefix(id_.casefold().replace("-", "")).removeprefix(id_.casefold())


def _deleted(row: Mapping[str, Any]) -> DeletedPrincipal:
    day = str(row.get("deletedDateTime") or "")[:10]
    try:
        date.fromisoformat(day)
    except ValueError:
        day = ""
    return DeletedPrincipal(str(row["id"]).lower(), day)


async def _find_deleted_ids(graph: Graph, lookups: Sequence[Lookup], results: LookupResults) -> None:
    query = {"$select": "id,deletedDateTime"}
    requests = [Request("GET", "/directory/deletedItems/{item}", {"item": lookup.value}, query) for lookup in lookups]
    for lookup, answer in zip(lookups, await graph.batch(requests), strict=True):
        if not isinstance(answer, GraphError):
            rows = [answer.body] if isinstance(answer.body, dict) and isinstance(answer.body.get("id"), str) else []
            results.deleted[lookup] = next(map(_deleted, rows), None)
        elif answer.status != 404:
            results.denied[DELETED["id"]] = _denied(answer)


def _principal(row: Mapping[str, Any], id_: str = "") -> Principal:
    """Return the principal that a row describes; `id_` is its id in lower case, if the caller has it."""
    is_group = "securityEnabled" in row or str(row.get("@odata.type", "")).endswith(".group")
    display = str(row.get("displayName") or "")
    name = display if is_group else str(row.get("userPrincipalName") or display)
    enabled = row.get("securityEnabled") is not False
    return Principal(id_ or str(row["id"]).lower(), "group" if is_group else "user", name, display, enabled)


async def _find_names(graph: Graph, lookups: Sequence[Lookup], results: LookupResults) -> None:
    """Add users by UPN and groups by display name: by filters, or by reading all if they are so many."""
    requests: list[tuple[Sequence[Lookup], Request]] = []
    for by, (path, prop, properties) in _NAMES.items():
        own = [lookup for lookup in lookups if lookup.by == by]
        if await reads_all(graph, path, len(own)):
            await _find_in_pages(graph, path, properties, own, results)
            continue
        parts = chunks(own, VALUES_A_FILTER)
        requests += [(part, filtered(path, prop, [lookup.value for lookup in part], properties)) for part in parts]
    queries = [request for _, request in requests]
    answers = [await graph.send(queries[0])] if len(queries) == 1 else await graph.batch(queries)
    _raise_errors([answer for answer in answers if isinstance(answer, GraphError)])
    for (part, request), answer in zip(requests, answers, strict=True):
        matches = [_principal(row) for row in await _identified_rows(graph, request, answer)]
        for lookup in part:
            name = lookup.value.casefold()
            results.principals[lookup] = tuple(each for each in matches if each.name.casefold() == name)


async def reads_all(graph: Graph, path: str, number: int) -> bool:
    """Return whether reading a whole collection is cheaper than filters for `number` of its objects."""
    if not needs_total("property", number):
        return False
    return cheapest("property", number, await count_objects(graph, path) or None) == Method.PAGES


async def count_objects(graph: Graph, path: str) -> int:
    """Return the number of objects in a collection of the directory; 0 if it cannot be read."""
    query = {"$count": "true", "$top": "1", "$select": "id"}
    try:
        answer = await graph.send(Request("GET", path, query=query, headers={"ConsistencyLevel": "eventual"}))
    except GraphError:
        return 0
    return counted(answer.body) or 0


async def _find_in_pages(
    graph: Graph, path: str, properties: Sequence[str], lookups: Sequence[Lookup], results: LookupResults
) -> None:
    by_name = {lookup.value.casefold(): lookup for lookup in lookups}
    matches = {lookup: list[Principal]() for lookup in lookups}
    async with aclosing(graph.pages(path, query={"$select": ",".join(properties)}, row=PrincipalRow)) as pages:
        async for rows in pages:
            for principal in map(_principal, rows):
                lookup = by_name.get(principal.name.casefold())
                if lookup is not None:
                    matches[lookup].append(principal)
    results.principals.update({lookup: tuple(principals) for lookup, principals in matches.items()})


def _raise_errors(errors: Sequence[GraphError]) -> None:
    """Raise the first error that is not a denied read, else the first one, which then lists the other denied paths."""
    for error in sorted(errors, key=lambda error: error.status in (401, 403)):
        error.also_denied = tuple(other.path for other in errors if other is not error)
        raise error


def filtered(path: str, prop: str, values: Sequence[str], properties: Sequence[str]) -> Request:
    """Return a request for the objects of a collection whose property `prop` has one of these values."""
    quoted = ",".join("'" + value.replace("'", "''") + "'" for value in values)
    condition = f"{prop} eq {quoted}" if len(values) == 1 else f"{prop} in ({quoted})"
    return Request("GET", path, query={"$filter": condition, "$select": ",".join(properties), "$top": PAGE})


async def _all_rows(graph: Graph, request: Request, answer: Answer) -> list[Any]:
    body = answer.body if isinstance(answer.body, dict) else {}
    if NEXT in body:
        return await graph.collect(request.path, request.names, request.query)
    rows = body.get("value")
    if not isinstance(rows, list):
        raise undocumented(request.method, request.path, "expected a collection")
    return rows


def identified(method: str, path: str, rows: Sequence[Any]) -> Sequence[Any]:
    """Return directory objects; raise GraphError if one of them has no id."""
    for index, row in enumerate(rows):
        if not isinstance(row, Mapping) or not isinstance(row.get("id"), str):
            raise undocumented(method, path, f"[{index}]: expected an object with an id")
    return rows


def member_users(group: str, top: str) -> Request:
    """Return a request for a group's direct members that are users; it needs the header (Graph: advanced queries)."""
    path, query = "/groups/{group}/members/microsoft.graph.user", {"$count": "true", "$top": top, "$select": "id"}
    return Request("GET", path, {"group": group}, query, headers={"ConsistencyLevel": "eventual"})


def counted(body: Json) -> int | None:
    """Return the `@odata.count` of a collection, or None."""
    number = body.get("@odata.count") if isinstance(body, dict) else None
    return number if isinstance(number, int) else None
