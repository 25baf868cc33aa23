"""Reads the documents and principals of one application into a snapshot.

A document is read as soon as its placeholders are bound, by the documents that arrived before. A read that Graph
refuses is recorded in the snapshot, so that a plan with few permissions can report which of them it lacks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Iterable, Mapping
from contextlib import aclosing, suppress
from dataclasses import InitVar, dataclass, field
from functools import partial
from itertools import chain
from types import MappingProxyType
from typing import Any

from scimconf.diagnostics import GraphError
from scimconf.documents.shapes import first_shape_error
from scimconf.graph.client import Graph, Request
from scimconf.graph.eventual_consistency import ConsistencyPolicy, may_be_propagating
from scimconf.graph.lookup_plan import IDS_SIZE
from scimconf.graph.principals import LookupResults
from scimconf.graph.protocol.error_body import undocumented
from scimconf.graph.protocol.request import NOTHING
from scimconf.graph.shared_reads import SharedReads
from scimconf.graph.task_group import task_group
from scimconf.json_types import Json
from scimconf.permissions import Granted, grant_reads, granted_by, hint, missing_reads
from scimconf.snapshot import DeniedRead, Document, Lookup, Names, Snapshot, substitute

OWN_TAGS = "scimconf"
"""The beginning of the tags that scimconf writes."""
Lookups = Callable[[Snapshot], Iterable[Lookup]]
OnPage = Callable[[Iterable[Lookup]], None]
Claims = Callable[[], Awaitable[Mapping[str, Json]]]
"""Returns the claims of the access token, none if they are unknown."""


async def no_claims() -> Mapping[str, Json]:
    return {}


def _ignore(_lookups: Iterable[Lookup]) -> None:
    """Look up nothing: the default of `on_page`."""


@dataclass(slots=True)
class TenantSession:
    """The access to a tenant for one application; `tenant_id` is that of the token, or "".

    `created` are the names of the application that this run created, if the response was received; `started` says
    whether this run may have started provisioning. `replaced` are the documents, by name, as they were read before each
    write of this run, and `unconfirmed` the names of those whose write did not become visible in time. `own_tags` are
    the tags of scimconf in the last write of this run to the service principal's tags. `shared` are the reads that this
    session has in common with other ones of the same command; without `reads` it has its own. `expected` are the names
    that the last execution of this run ended with: what needs them is read at once, and again if they have changed.
    `documents` is None, or holds what was read: then this run writes nothing, and reads no document twice.
    """

    graph: Graph
    consistency: ConsistencyPolicy
    tenant_id: str = ""
    created: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    started: bool = False
    replaced: dict[str, list[Json]] = field(default_factory=dict)
    unconfirmed: set[str] = field(default_factory=set)
    claims: Claims = no_claims
    own_tags: frozenset[str] = frozenset()
    expected: Names = field(default_factory=lambda: MappingProxyType({}))
    documents: dict[Hashable, tuple[Json, tuple[Lookup, ...]]] | None = None
    reads: InitVar[SharedReads | None] = None
    shared: SharedReads = field(init=False)
    _exclusive: dict[str, asyncio.Lock] = field(default_factory=dict)

    def __post_init__(self, reads: SharedReads | None) -> None:
        self.shared = SharedReads(self.graph) if reads is None else reads
        assert self.shared.graph is self.graph  # answers of another tenant

    def renew_reads(self) -> None:
        """Share no answers of before: what is read from now on is as the tenant is now."""
        self.shared = SharedReads(self.graph)

    def exclusive(self, path: str) -> asyncio.Lock:
        """Return what makes the reads and writes of one resource follow each other within this run."""
        return self._exclusive.setdefault(path, asyncio.Lock())

    def record_tags(self, body: Json) -> None:
        """Record the tags of scimconf in the body of a write: a later read without them is old."""
        if isinstance(body, Mapping) and "tags" in body:
            self.own_tags = frozenset(tag for tag in body["tags"] if tag.startswith(OWN_TAGS))

    async def granted(self) -> Granted | None:
        """Return the permissions that the access token shows, None if they are unknown."""
        return granted_by(await self.claims())


async def observe(session: TenantSession, documents: Iterable[Document], lookups: Lookups) -> Snapshot:
    """Return the snapshot of these documents and of the principals that `lookups` returns for it; raise GraphError."""
    documents = tuple(documents)
    if session.expected:
        with suppress(GraphError):  # one of the names may be that of an object that was deleted
            reader = _Reader(session, documents, lookups, session.expected)
            snapshot = await _read_all(session, reader)
            if reader.is_as_expected:
                return snapshot
    return await _read_all(session, _Reader(session, documents, lookups))


async def _read_all(session: TenantSession, reader: _Reader) -> Snapshot:
    while True:
        async with task_group() as group:
            started = reader.start(group)
        if reader.complete and not started:
            granted = await session.granted() if reader.has_denied else None
            reader.raise_denied_lookup(granted)
            return reader.snapshot().revised(granted=granted)
        reader.complete = not started


class _Lookups:
    """The lookups of one application: which were sent, how many have no answer yet, and the answers.

    Principals that pages name are collected, so that each request asks for as many as it can hold.
    """

    def __init__(self, look_up: Callable[[asyncio.TaskGroup, list[Lookup]], Coroutine[Any, Any, None]]) -> None:
        self.results = LookupResults()
        self.unanswered = 0
        self._look_up = look_up
        self._open: set[Lookup] = set()
        self._collected: list[Lookup] = []

    def send(self, group: asyncio.TaskGroup, lookups: Iterable[Lookup]) -> bool:
        """Send those of these lookups that were not sent yet; return whether there were any."""
        results = self.results
        new = [
            lookup
            for lookup in dict.fromkeys(lookups)
            if lookup not in self._open and lookup not in (results.deleted if lookup.deleted else results.principals)
        ]
        self._open.update(new)
        if new:
            self.unanswered += 1
            group.create_task(self._look_up(group, new))
        return bool(new)

    def collect(self, group: asyncio.TaskGroup, lookups: Iterable[Lookup]) -> None:
        """Send the lookups of a page once they fill a request."""
        self._collected += lookups
        while len(self._collected) >= IDS_SIZE:
            self.send(group, self._collected[:IDS_SIZE])
            del self._collected[:IDS_SIZE]

    def flush(self, group: asyncio.TaskGroup) -> None:
        """Send the lookups that are left after the last page."""
        self.send(group, self._collected)
        self._collected = []

    def answer(self, own: LookupResults) -> None:
        """Add the answers to the lookups of one call of `send`; those without an answer are not sent again."""
        self.unanswered -= 1
        self._open.difference_update(own.principals, own.deleted)
        self.results.principals.update(own.principals)
        self.results.deleted.update(own.deleted)
        self.results.denied.update(own.denied)


class _Reader:
    """What has been read so far; `complete` while no read is in progress. `expected` are names that are bound already."""

    def __init__(
        self, session: TenantSession, documents: Iterable[Document], lookups: Lookups, expected: Names = NOTHING
    ) -> None:
        self.complete = False
        self._session, self._next_lookups = session, lookups
        self._pending = {document.name: document for document in documents}
        self._required = {document.name: document.required_names for document in self._pending.values()}
        self._binders = [document.binds for document in self._pending.values() if document.binds is not None]
        self._reads: dict[str, asyncio.Task[None]] = {}
        self._documents: dict[str, Json] = {}
        self._denied: dict[str, DeniedRead] = {}
        self._expected = expected
        self._names = {**({"token_tenant": session.tenant_id} if session.tenant_id else {}), **expected}
        self._lookups = _Lookups(self._look_up)
        self._snapshot: Snapshot | None = None
        self._denied_lookups: list[GraphError] = []
        self._paths_read: list[str] = []
        self._age_known = asyncio.Event()
        if all(document.consistency.created is None for document in self._pending.values()):
            self._age_known.set()

    def snapshot(self) -> Snapshot:
        """Return what has been read so far; the same value until something arrives."""
        if self._snapshot is None:
            results = self._lookups.results
            denied = {**self._denied, **results.denied}
            principals, deleted = results.principals, results.deleted
            self._snapshot = Snapshot(self._documents, denied, self._names, principals, False, deleted)
        if self.complete and not self._snapshot.complete:
            self._snapshot = self._snapshot.revised(complete=True)
        return self._snapshot

    @property
    def is_as_expected(self) -> bool:
        """Whether the documents bind the names that were expected."""
        bound: dict[str, str] = {}
        for bind in self._binders:
            bound.update(bind(self._documents))
        return self._expected.items() <= bound.items()

    @property
    def has_denied(self) -> bool:
        return bool(self._denied or self._denied_lookups or self._lookups.results.denied)

    def raise_denied_lookup(self, granted: Granted | None) -> None:
        """Raise the error of a denied lookup; its hint names the permissions of all that could not be read."""
        for error in self._denied_lookups:
            denied = [path for lookup in self._denied_lookups for path in (lookup.path, *lookup.also_denied)]
            denied += [read.path for read in self._denied.values()]
            untried = [document.path for document in self._pending.values()]
            reads = missing_reads(denied, untried, self._paths_read, granted)
            error.hint = grant_reads(reads) or hint(error.method, error.path, granted)
            raise error

    def start(self, group: asyncio.TaskGroup) -> bool:
        """Start the reads that have become possible; return whether there were any.

        The kinds say what to look up next once all earlier lookups are answered.
        """
        known = self._names.keys()
        readable = [document for document in self._pending.values() if self._required[document.name] <= known]
        for document in readable:
            self._reads[document.name] = group.create_task(self._read(group, self._pending.pop(document.name)))
        looked_up = not self._lookups.unanswered and self._lookups.send(group, self._next_lookups(self.snapshot()))
        return bool(readable or looked_up)

    async def _read(self, group: asyncio.TaskGroup, document: Document) -> None:
        await self._read_document(group, document)
        if document.consistency.created is not None:
            self._age_known.set()
        self._continue(group)

    async def _look_up(self, group: asyncio.TaskGroup, lookups: list[Lookup]) -> None:
        own = LookupResults()
        try:
            own = await self._session.shared.find(lookups)
        except GraphError as error:
            if error.status not in (401, 403):
                raise
            self._denied_lookups.append(error)
        self._lookups.answer(own)
        self._continue(group)

    def _continue(self, group: asyncio.TaskGroup) -> None:
        for bind in self._binders:
            self._names.update(bind(self._documents))
        self.complete, self._snapshot = False, None
        self.start(group)

    async def _read_document(self, group: asyncio.TaskGroup, document: Document) -> None:
        backoff = self._session.consistency.backoff()
        while True:
            try:
                raw = await self._read_once(group, document)
            except GraphError as error:
                if document.consistency.created is not None:
                    self._age_known.set()
                retry = may_be_propagating(error) and await self._is_new()
                if retry and await backoff.wait(f"replication of {document.name}"):
                    continue
                self._record_error(document, error)
                return
            if document.consistency.created is not None:
                self._session.consistency.set_created(document.consistency.created(raw))
            stale = not raw and await self._may_be_stale(document)
            if stale and await backoff.wait(f"replication of {document.name}"):
                continue
            self._documents[document.name] = raw
            self._paths_read.append(document.path)
            return

    async def _read_once(self, group: asyncio.TaskGroup, document: Document) -> Json:
        if document.constant:
            names = {name: self._names[name] for name in sorted(document.required_names)}
            shared_key = (document.path, *names.items(), *document.query)
            return await self._session.shared.document(shared_key, lambda: read(self._session.graph, document, names))
        documents, key = self._session.documents, _key(document, self._names)
        if documents is not None and key in documents:
            raw, named = documents[key]
            self._lookups.send(group, named)
            return raw
        if not document.resolves_principals:
            raw, named = await read(self._session.graph, document, self._names), ()
        else:
            pages = _NamedOnPages(partial(self._lookups.collect, group))
            raw = await read(self._session.graph, document, self._names, pages.add)
            named = tuple(pages.lookups)
            self._lookups.flush(group)
        if documents is not None:
            documents[key] = raw, named
        return raw

    def _record_error(self, document: Document, error: GraphError) -> None:
        if document.optional and error.status == 404:
            return
        if error.status not in (401, 403):
            raise error
        self._denied[document.name] = DeniedRead(error.status, error.code, error.path, error.message)

    async def _is_new(self) -> bool:
        """Return whether the application is new; wait until its age is known, if the application exists."""
        if "app_id" in self._names:
            await self._age_known.wait()
        return self._session.consistency.is_new()

    async def _may_be_stale(self, document: Document) -> bool:
        consistency = document.consistency
        if not consistency.empty_may_be_stale:
            return False
        if consistency.created is None:
            return await self._is_new()
        if self._session.consistency.is_new():
            return True
        needed = [self._reads[name] for name in consistency.needs if name in self._reads]
        if needed:
            await asyncio.wait(needed)
        return consistency.must_have_rows is not None and consistency.must_have_rows(self._documents)


@dataclass(slots=True)
class _NamedOnPages:
    """Passes on the lookups of pages, and collects them."""

    on_page: OnPage
    lookups: list[Lookup] = field(default_factory=list)

    def add(self, lookups: Iterable[Lookup]) -> None:
        named = list(lookups)
        self.lookups += named
        self.on_page(named)


def _key(document: Document, names: Names) -> Hashable:
    """Return what makes the response to a document: its name, since it decides the form, its path and its query."""
    return document.name, *(substitute(part, names) for part in (document.path, *chain(*document.query)))


async def read(graph: Graph, document: Document, names: Names, on_page: OnPage = _ignore) -> Json:
    """Return a document as raw JSON, a collection as the list of its rows, or as what its `fold` makes of them.

    `on_page` receives the lookups that the fold returns for each page. Raise GraphError, also for another shape.
    """
    return _checked(document, names, await _read_raw(graph, document, names, on_page))


async def read_with_tag(graph: Graph, document: Document, names: Mapping[str, str]) -> tuple[Json, str]:
    """Return a document that is no collection, and its ETag, which is "" unless the service has one; raise GraphError."""
    answer = await graph.send(Request("GET", document.path, names))
    return _checked(document, names, answer.body), answer.etag


def _checked(document: Document, names: Mapping[str, str], raw: Json) -> Json:
    difference = first_shape_error(document.name, raw) or _missing_property(document, raw)
    if difference:
        raise undocumented("GET", Request("GET", document.path, names).resolved_path(), difference)
    return raw


def _missing_property(document: Document, raw: Json) -> str:
    """Return that a property which is written as a whole is missing: without its value, a write would lose it."""
    missing = [name for name in document.properties if name not in raw] if document.written == "patch" else []
    return f"{missing[0]} is missing" if missing else ""


async def _read_raw(graph: Graph, document: Document, names: Names, on_page: OnPage) -> Json:
    query = {key: str(substitute(value, names)) for key, value in document.query}
    if not document.collection:
        return await graph.get(document.path, names, query)
    if document.row is None:
        query = {"$top": "", **query}
    if document.fold is None:
        return await graph.collect(document.path, names, query, document.row)
    fold = document.fold()
    async with aclosing(graph.pages(document.path, names, query, document.row)) as pages:
        async for rows in pages:
            on_page(fold.add(rows))
    return fold.result()
