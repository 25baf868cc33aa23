"""Reading the tenant for one application, reactively: whatever can be read is being read.

A document is read once its names are bound; whenever one arrives, names are bound again and what became readable
starts. Principals are looked up the same way. A refused read is a value in the snapshot, so that a plan with few
permissions degrades and says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scimconf.diagnostics import GraphError
from scimconf.documents.shapes import first_shape_error
from scimconf.graph.client import Answer, Graph, Request
from scimconf.graph.eventual_consistency import ConsistencyPolicy, may_be_propagating
from scimconf.graph.protocol.error_body import undocumented
from scimconf.graph.task_group import first_failure, stopped
from scimconf.snapshot import AssignmentRow, DeniedRead, Document, Json, Lookup, Principal, Snapshot, substitute

Lookups = Callable[[Snapshot], Iterable[Lookup]]
NAMES_A_FILTER = 15
"""Most values that Graph takes in one `in (…)`."""


@dataclass(slots=True)
class TenantSession:
    """One application's way to the tenant: Graph, how long to wait for what is young, and whom the token is for."""

    graph: Graph
    patience: ConsistencyPolicy
    tenant_id: str = ""


@dataclass(slots=True)
class _State:
    """What has been read so far."""

    documents: dict[str, Json] = field(default_factory=dict)
    refused: dict[str, DeniedRead] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    found: dict[Lookup, tuple[Principal, ...]] = field(default_factory=dict)
    settled: bool = False

    def snapshot(self) -> Snapshot:
        return Snapshot(self.documents, self.refused, self.names, self.found, self.settled)


async def observe(live: TenantSession, documents: Iterable[Document], lookups: Lookups) -> Snapshot:
    """The snapshot of everything that these documents and look-ups name; raises GraphError."""
    pending = {document.name: document for document in documents}
    binders = [document.binds for document in pending.values() if document.binds is not None]
    state = _State(names={"token_tenant": live.tenant_id} if live.tenant_id else {})
    running: dict[asyncio.Task[None], None] = {}
    arrived = asyncio.Event()
    try:
        while True:
            for name in [name for name, one in pending.items() if one.required_names <= state.names.keys()]:
                running[asyncio.create_task(_arrive(live, pending.pop(name), state, arrived))] = None
            asked = [one for one in dict.fromkeys(lookups(state.snapshot())) if one not in state.found]
            if asked:
                state.found.update(dict.fromkeys(asked, ()))
                running[asyncio.create_task(_look_up(live.graph, asked, state))] = None
            if not running and state.settled:
                return state.snapshot()
            state.settled = not running
            if running:
                await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                done = [task for task in running if task.done()]
                failure = first_failure(done)
                if failure is not None:
                    raise failure
                for task in done:
                    del running[task]
            for bind in binders:
                state.names.update(bind(state.documents))
    finally:
        await stopped(running)


async def _arrive(live: TenantSession, document: Document, state: _State, applications: asyncio.Event) -> None:
    """Reads one document, waiting for it while the application is young."""
    wait = live.patience.wait()
    while True:
        try:
            raw = await read(live.graph, document, state.names)
        except GraphError as error:
            if document.name == "applications":
                applications.set()
            late = may_be_propagating(error) and await _is_young(live, state, applications)
            if late and await wait.again(f"{document.name} to arrive"):
                continue
            if document.optional and error.status == 404:
                return
            if error.status not in (401, 403):
                raise
            state.refused[document.name] = DeniedRead(error.status, error.code, error.path, error.message)
            return
        if document.name == "applications" and raw:
            live.patience.set_created(raw[0].get("createdDateTime"))
        empty = document.empty_may_be_stale and not raw and await _is_coming(live, document, state, applications)
        if empty and await wait.again(f"{document.name} to arrive"):
            continue
        state.documents[document.name] = raw
        if document.name == "applications":
            applications.set()
        return


async def _is_young(live: TenantSession, state: _State, applications: asyncio.Event) -> bool:
    """Whether to wait; the application's age is known once it was read, which it is where there is one."""
    if "app_id" in state.names:
        await applications.wait()
    return live.patience.is_young()


async def _is_coming(live: TenantSession, document: Document, state: _State, applications: asyncio.Event) -> bool:
    """Whether an empty collection will be filled. An application that this tenant owns must be in it, whatever its age."""
    if document.name != "applications":
        return await _is_young(live, state, applications)
    owner = (state.documents.get("service_principals") or [{}])[0].get("appOwnerOrganizationId")
    tenant = (state.documents.get("organization") or [{}])[0].get("id")
    return live.patience.is_young() or (owner is not None and owner == tenant)


async def read(graph: Graph, document: Document, names: Mapping[str, str]) -> Json:
    """One document as raw JSON, as documented where it matters; a collection as the list of all its rows."""
    raw = await _read(graph, document, names)
    wrong = first_shape_error(document.name, raw)
    if wrong:
        raise undocumented("GET", Request("GET", document.path, names).told(), wrong)
    return raw


async def _read(graph: Graph, document: Document, names: Mapping[str, str]) -> Json:
    query = {key: str(substitute(value, names)) for key, value in document.query}
    if not document.collection:
        return await graph.get(document.path, names, query)
    row = AssignmentRow if document.row == "assignment" else None
    paged = query if document.row else {"$top": "", **query}
    return await graph.collect(document.path, names, paged, row)


# --- principals -----------------------------------------------------------------------------------------------------

_SELECT = {"users": "id,userPrincipalName,displayName", "groups": "id,displayName,securityEnabled"}
_PROPERTY = {"users": "userPrincipalName", "groups": "displayName"}


async def _look_up(graph: Graph, asked: Sequence[Lookup], state: _State) -> None:
    ids = [one.value for one in asked if one.by == "id"]
    by_id, by_name = await asyncio.gather(_by_ids(graph, ids), _by_names(graph, asked))
    for principal in by_id:
        lookup = Lookup("id", principal.id)
        if lookup in state.found:
            state.found[lookup] = (principal,)
    for lookup, principals in by_name.items():
        state.found[lookup] = principals


async def _by_ids(graph: Graph, ids: Sequence[str]) -> list[Principal]:
    """Principals by id; none where the permission is missing: assignments carry display names of their own."""
    if not ids:
        return []
    try:
        rows = await graph.get_by_ids(ids, ["user", "group"])
    except GraphError as error:
        if error.status not in (401, 403):
            raise
        return []
    return [_principal(row) for row in identified("POST", "/directoryObjects/getByIds", rows)]


def _principal(row: Mapping[str, Any]) -> Principal:
    is_group = str(row.get("@odata.type", "")).endswith(".group") or "securityEnabled" in row
    display = str(row.get("displayName") or "")
    name = display if is_group else str(row.get("userPrincipalName") or display)
    enabled = row.get("securityEnabled") is not False
    return Principal(str(row["id"]).lower(), "group" if is_group else "user", name, display, enabled)


async def _by_names(graph: Graph, asked: Sequence[Lookup]) -> Mapping[Lookup, tuple[Principal, ...]]:
    """Users by UPN and groups by name, several a filter, twenty filters a batch."""
    requests: list[tuple[list[Lookup], Request]] = []
    for by, collection in (("user", "users"), ("group", "groups")):
        wanted = [one for one in asked if one.by == by]
        for start in range(0, len(wanted), NAMES_A_FILTER):
            part = wanted[start : start + NAMES_A_FILTER]
            requests.append((part, _named(collection, [one.value for one in part])))
    answers = await _answers(graph, [request for _, request in requests])
    found: dict[Lookup, tuple[Principal, ...]] = {}
    for (part, request), answer in zip(requests, answers, strict=True):
        if isinstance(answer, GraphError):
            raise answer
        found_rows = identified("GET", request.path, await _all_rows(graph, request, answer))
        rows = [_principal(row) for row in found_rows]
        for lookup in part:
            found[lookup] = tuple(one for one in rows if one.name.casefold() == lookup.value.casefold())
    return found


def _named(collection: str, values: Sequence[str]) -> Request:
    quoted = ",".join("'" + value.replace("'", "''") + "'" for value in values)
    prop = _PROPERTY[collection]
    condition = f"{prop} eq {quoted}" if len(values) == 1 else f"{prop} in ({quoted})"
    query = {"$filter": condition, "$select": _SELECT[collection], "$top": "999"}
    return Request("GET", f"/{collection}", query=query)


async def _answers(graph: Graph, requests: Sequence[Request]) -> Sequence[Answer | GraphError]:
    if not requests:
        return []
    return [await graph.send(requests[0])] if len(requests) == 1 else await graph.batch(requests)


async def _all_rows(graph: Graph, request: Request, answer: Answer) -> list[Any]:
    body = answer.body if isinstance(answer.body, dict) else {}
    if "@odata.nextLink" in body:
        return await graph.collect(request.path, request.names, request.query)
    rows = body.get("value")
    if not isinstance(rows, list):
        raise undocumented(request.method, request.path, "it is no collection")
    return rows


def identified(method: str, path: str, rows: Sequence[Any]) -> Sequence[Any]:
    """Directory objects, of which each says which one it is."""
    for number, row in enumerate(rows):
        if not isinstance(row, Mapping) or not isinstance(row.get("id"), str):
            raise undocumented(method, path, f"[{number}] is no object with an id")
    return rows


async def count_members(graph: Graph, groups: Sequence[str]) -> Mapping[str, int | None]:
    """How many users are direct members of each group; None where that cannot be read."""
    answers = await graph.batch([member_users(group, "1") for group in groups])
    return {group: _count(answer) for group, answer in zip(groups, answers, strict=True)}


def member_users(group: str, most: str) -> Request:
    """The users among a group's direct members, and their number: casting and counting ask for the advanced index."""
    return Request(
        "GET",
        "/groups/{group}/members/microsoft.graph.user",
        {"group": group},
        {"$count": "true", "$top": most, "$select": "id"},
        headers={"ConsistencyLevel": "eventual"},
    )


def _count(answer: Answer | GraphError) -> int | None:
    return None if isinstance(answer, GraphError) else counted(answer.body)


def counted(body: Json) -> int | None:
    """The number that a collection says it has, where it says one."""
    number = body.get("@odata.count") if isinstance(body, dict) else None
    return number if isinstance(number, int) else None
