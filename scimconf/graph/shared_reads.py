"""Reads that several plans of one command have in common, each sent once: an explicit value, one for each tenant.

Three kinds of answers are shared. All of them are answers of the same command, and no apply changes what they show:

* documents that are `constant`: the organization, the templates of the gallery and of an application;
* principals, which `principals.find_principals` looks up: those that several applications ask for at the same time are
  looked up together, and a principal that was found by its name is known by its id;
* responses to GET requests in batches: members of groups, and users.

What Graph refused, and documents that are empty, are read again. The documents that an apply writes are never shared.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from scimconf.diagnostics import GraphError, TransportError
from scimconf.graph.client import Answer, Graph, Request
from scimconf.graph.lookup_plan import IDS_SIZE
from scimconf.graph.principals import LookupResults, find_principals
from scimconf.graph.task_group import gather_all
from scimconf.json_types import Json
from scimconf.snapshot import Lookup

MAX_PRINCIPALS = 50_000
"""Lookups whose results are shared; later ones are sent, and not shared."""
MAX_ROWS = 20_000
"""Rows of responses to batches that are shared."""
Result = TypeVar("Result")


class SharedReads:
    """The shared reads of one command in one tenant."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._documents: dict[Hashable, asyncio.Task[Json]] = {}
        self._answers: dict[Hashable, asyncio.Future[Answer | GraphError]] = {}
        self._rows = 0
        self._results = LookupResults()
        self._queues = {kind: _Queue(self._look_up) for kind in ("id", "user", "group", "deleted")}

    def without_missing(self) -> SharedReads:
        """Return the shared reads without lookups that found nothing, for an apply: the missing may exist by now."""
        other = SharedReads(self.graph)
        other._documents, other._answers, other._rows = {**self._documents}, {**self._answers}, self._rows
        known = {lookup: matches for lookup, matches in self._results.principals.items() if matches}
        other._results.principals.update(known)
        return other

    # documents

    async def document(self, key: Hashable, read: Callable[[], Coroutine[Any, Any, Json]]) -> Json:
        """Return the result of `read`, which is called once for each key, unless it fails or the result is empty."""
        task = self._documents.get(key)
        if task is None:
            task = self._documents[key] = _started(read())
            task.add_done_callback(lambda done: self._forget_document(key, done))
        return await asyncio.shield(task)

    def _forget_document(self, key: Hashable, done: asyncio.Task[Json]) -> None:
        if done.cancelled() or done.exception() is not None or not done.result():
            self._documents.pop(key, None)

    # principals

    async def find(self, lookups: Sequence[Lookup]) -> LookupResults:
        """Return the results of these lookups as `find_principals` does; raise GraphError as it does."""
        known, new = self._known(lookups)
        parts: dict[str, list[Lookup]] = {}
        for lookup in new:
            parts.setdefault("deleted" if lookup.deleted else lookup.by, []).append(lookup)
        for results in await gather_all([self._queues[kind].find(part) for kind, part in parts.items()]):
            known.update(results)
        return known

    async def _look_up(self, lookups: Sequence[Lookup]) -> LookupResults:
        known, new = self._known(lookups)
        if new:
            results = await find_principals(self.graph, new)
            self._record(results)
            known.update(results)
        return known

    def _known(self, lookups: Sequence[Lookup]) -> tuple[LookupResults, Sequence[Lookup]]:
        """Return the results that are known, and the lookups whose results are not."""
        shared = self._results
        new = [lookup for lookup in lookups if lookup not in (shared.deleted if lookup.deleted else shared.principals)]
        if len(new) == len(lookups):
            return LookupResults(), new
        return shared.part(set(lookups).difference(new)), new

    def _record(self, results: LookupResults) -> None:
        """Share results up to the limit; a principal that a look-up by name returned answers a look-up by its id too."""
        known = self._results
        if results.denied or len(known.principals) + len(known.deleted) >= MAX_PRINCIPALS:
            return
        for lookup, matches in results.principals.items():
            known.principals[lookup] = matches
            if lookup.by != "id":
                known.principals.update({Lookup("id", principal.id): (principal,) for principal in matches})
        known.deleted.update(results.deleted)

    # batches

    async def batch(self, requests: Sequence[Request]) -> list[Answer | GraphError]:
        """Return the results of independent GET requests in order, as `Graph.batch` does; each is sent once."""
        return [_own(await asyncio.shield(answer)) for answer in self.start(requests)]

    def start(self, requests: Sequence[Request]) -> list[asyncio.Future[Answer | GraphError]]:
        """Send those of these requests that were not sent yet, and return what will be their results."""
        keys = [_key(request) for request in requests]
        new = {key: request for key, request in zip(keys, requests, strict=True) if key not in self._answers}
        if new:
            loop = asyncio.get_running_loop()
            self._answers.update({key: loop.create_future() for key in new})
            _started(self._send(new))
        return [self._answers[key] for key in keys]

    async def _send(self, requests: dict[Hashable, Request]) -> None:
        futures = {key: self._answers[key] for key in requests}
        try:
            results = await self.graph.batch(list(requests.values()))
        except BaseException as error:  # for those who wait
            for key, future in futures.items():
                self._answers.pop(key, None)
                _fail(future, error)
            raise
        for (key, future), result in zip(futures.items(), results, strict=True):
            if isinstance(result, GraphError) or not self._has_room(result):
                self._answers.pop(key, None)
            _resolve(future, result)

    def _has_room(self, answer: Answer) -> bool:
        rows = answer.body.get("value") if isinstance(answer.body, dict) else None
        self._rows += len(rows) if isinstance(rows, list) else 1
        return self._rows <= MAX_ROWS


@dataclass(slots=True)
class _Asker:
    """Lookups of one application, and the future that receives their results."""

    lookups: Sequence[Lookup]
    future: asyncio.Future[LookupResults] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class _Queue:
    """Sends lookups of one kind; those that begin while others are in flight are collected, and sent together.

    As many as fill a request are sent at once.
    """

    def __init__(self, find: Callable[[Sequence[Lookup]], Awaitable[LookupResults]]) -> None:
        self._find = find
        self._waiting: list[_Asker] = []
        self._is_sending = False

    async def find(self, lookups: Sequence[Lookup]) -> LookupResults:
        asker = _Asker(lookups)
        if len(lookups) >= IDS_SIZE:
            _started(self._answer([asker]))
        else:
            self._waiting.append(asker)
            if not self._is_sending:
                self._is_sending = True
                _started(self._send())
        return await asker.future

    async def _send(self) -> None:
        try:
            await asyncio.sleep(0)  # the other applications that begin now
            while self._waiting:
                askers, self._waiting = self._waiting, []
                await self._answer([asker for asker in askers if not asker.future.done()])
        finally:
            self._is_sending = False

    async def _answer(self, askers: Sequence[_Asker]) -> None:
        """Look up what these applications ask for. A request that Graph rejects is repeated for each of them."""
        distinct = list(dict.fromkeys(lookup for asker in askers for lookup in asker.lookups))
        try:
            results = await self._find(distinct)
        except GraphError as error:
            if len(askers) > 1 and error.status not in (401, 403) and not isinstance(error, TransportError):
                for asker in askers:
                    await self._answer([asker])
            for asker in askers:
                _fail(asker.future, _own(error))
        except BaseException as error:  # for those who wait
            for asker in askers:
                _fail(asker.future, error)
            raise
        else:
            for asker in askers:
                _resolve(asker.future, results.part(asker.lookups))


def _key(request: Request) -> Hashable:
    return request.resolved_path(), *request.query.items(), *request.headers.items()


def _own(result: Result) -> Result:
    """Return a result for one of those who wait for it: an error gets the hint of the application that raises it."""
    return type(result)(**vars(result)) if isinstance(result, GraphError) else result


def _started(work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
    """Start work that goes on if one of those who wait for it is cancelled; its error is theirs."""
    task = asyncio.ensure_future(work)
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    return task


def _resolve(future: asyncio.Future[Any], result: object) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Any], error: BaseException) -> None:
    if future.done():
        return
    if isinstance(error, asyncio.CancelledError):
        future.cancel()
    else:
        future.set_exception(error)
        future.exception()  # nobody may wait for it any more
