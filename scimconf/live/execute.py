"""Making a plan's steps so: the only loop that writes.

Terms: a *node* is what runs as one (see `order`). An edit's *view* is what it stands on.

Premise: every write can be refused, lost, or late. A write is one read-modify-write of raw JSON: read again, judged
again, folded, written, and read until it shows. A second write of a document starts from what the first one wrote.

Method: phase by phase, independent nodes at once. Whoever waits for a node that failed is skipped. After any failure
nothing is deleted and nothing is started, so that nobody loses a last role and a paused job stays paused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any, Protocol

from scimconf.documents import OPERATIONS
from scimconf.documents.secrets import MASK
from scimconf.errors import GraphError, ScimconfError, SecretError, StaleError
from scimconf.live.graph import Request, may_have_happened
from scimconf.live.observe import Live, read
from scimconf.live.order import After, Node, phases
from scimconf.live.patience import Wait, is_late
from scimconf.plan import Outcome, Result
from scimconf.wire import Document, Edit, Folded, Json, Phase, Read, SecretRef, Send, Snapshot, Step, fill

BATCH = 40
"""Requests handed to Graph's batches at a time, so that an interrupt is heeded and progress is seen."""
STALE_CODES = frozenset({"CannotDeleteOrUpdateEnabledEntitlement"})
PARSE = "/servicePrincipals/{sp}/synchronization/jobs/{job}/schema/parseExpression"


class _NotYetError(ScimconfError):
    """Something was made, and the next run could not find it: making it again would make another one."""

    hint = "Run it again in a few minutes; it goes on from there."


class Values(Protocol):
    """Where secrets get their values; live.secrets.Secrets is one."""

    def resolve(self, ref: SecretRef) -> Any: ...


@dataclass(slots=True)
class Done:
    """What an execution did: outcomes, whether a write reached Graph or may have, and whether it found itself stale."""

    outcomes: list[Outcome] = field(default_factory=list)
    wrote: bool = False
    stale: str = ""

    @property
    def failed(self) -> bool:
        return any(one.result is Result.FAILED for one in self.outcomes)


@dataclass(slots=True)
class Orders:
    """What an execution is given: the steps, what the plan saw, the kinds' order, secrets, and whom to tell."""

    steps: Sequence[Step]
    seen: Snapshot
    after: After
    values: Values
    tell: Callable[[str, int, int], None]
    interrupted: Callable[[], bool]


def preflight(orders: Orders) -> None:
    """Resolves every secret that the steps will send, before anything is written; raises SecretError."""
    written = {step.document.name: step.document for step in orders.steps if isinstance(step, Edit)}
    secrets = written.get("secrets")
    for step in orders.steps:
        if isinstance(step, Edit) and isinstance(step.value, SecretRef):
            orders.values.resolve(step.value)
    if secrets is not None:
        sent = {step.key[0] for step in orders.steps if isinstance(step, Edit) and step.document.name == "secrets"}
        for key in _masked(orders.seen.rows("secrets")):
            if key not in sent and not secrets.partial:
                _value(orders.values, _reference(secrets, key))


def _masked(rows: Iterable[Json]) -> list[str]:
    return [str(pair["key"]) for pair in rows if pair.get("value") == MASK]


def _value(values: Values, value: Any) -> Any:
    return values.resolve(value) if isinstance(value, SecretRef) else value


def _reference(document: Document, key: str) -> SecretRef | str:
    """What stands for a value that cannot be read back; raises SecretError where nothing does."""
    found = dict(document.references).get(key) or dict(document.plain).get(key)
    if found is None:
        raise SecretError(
            f"{key} is stored but cannot be read back, and the spec names no source for it",
            "The secrets are written as a whole: name where its value is kept, under connection. "
            "Or write `on_unreadable_secret: send_changed_keys`.",
        )
    return found


async def execute(live: Live, orders: Orders) -> Done:
    """Walks the phases; every step ends as an outcome, whatever happens."""
    run = _Run(live, orders, dict(orders.seen.names))
    for phase, waits in phases(orders.steps, orders.after).items():
        await run.phase(phase, waits)
    return run.done


class _Run:
    """One execution; its state is what it has written and what was named on the way."""

    def __init__(self, live: Live, orders: Orders, names: dict[str, str]) -> None:
        self.live, self.orders, self.names = live, orders, names
        self.done = Done()
        self.written: dict[str, Json] = {}
        self.finished = 0

    # --- the walk ---

    async def phase(self, phase: Phase, waits: Mapping[Node, frozenset[Node]]) -> None:
        blocked = self._blocked(phase)
        if blocked:
            for node in waits:
                self._note(node, Result.SKIPPED, blocked)
            return
        sorter = TopologicalSorter({node: set(others) for node, others in waits.items()})
        sorter.prepare()
        fell: set[Node] = set()
        running: dict[asyncio.Task[bool], Node] = {}
        while sorter.is_active():
            for node in sorter.get_ready():
                running[asyncio.create_task(self._node(node, waits[node] & fell))] = node
            finished, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in finished:
                node = running.pop(task)
                if not task.result():
                    fell.add(node)
                sorter.done(node)

    def _blocked(self, phase: Phase) -> str:
        if phase is Phase.STOP or not self.done.failed:
            return ""
        failed_stop = any(one.result is Result.FAILED for one in self.done.outcomes)
        if phase is Phase.BUILD:
            return "because it could not be made safe first" if failed_stop else ""
        return "because something before it failed"

    async def _node(self, node: Node, fell: frozenset[Node]) -> bool:
        """Runs a node; False when it failed or was skipped."""
        reason = self._reason(fell)
        if reason:
            self._note(node, Result.SKIPPED, reason)
            return False
        self.orders.tell(node.says, self.finished, len(self.orders.steps))
        try:
            return await self._run(node)
        except StaleError as error:
            self.done.stale = str(error)
            self._note(node, Result.FAILED, str(error), error.hint)
        except (ScimconfError, LookupError) as error:
            self._note(node, Result.FAILED, str(error), getattr(error, "hint", ""))
        return False

    def _reason(self, fell: frozenset[Node]) -> str:
        """Why nothing more is begun, or nothing that waits for these nodes."""
        if self.done.stale:
            return "because the plan is stale"
        if self.orders.interrupted():
            return "because the apply was interrupted"
        return f"because this failed: {next(iter(fell)).says}" if fell else ""

    async def _again(self, wait: Wait, why: str) -> bool:
        """Whether there is time left to try again; none after an interrupt."""
        return not self.orders.interrupted() and await wait.again(why)

    async def _run(self, node: Node) -> bool:
        first = node.steps[0]
        if isinstance(first, Send) and first.batch:
            return await self._bulk(node)
        if isinstance(first, Send):
            await self._send(first)
            self._note(node, Result.DONE)
            return True
        if isinstance(first, Read):
            seen = await self._wait_until(first)
            if not seen and first.phase is Phase.STOP:
                raise ScimconfError(f"this did not show in time: {first.says}")
        else:
            seen = await self._write(first.document, [step for step in node.steps if isinstance(step, Edit)])
        self._note(node, Result.DONE if seen else Result.UNSEEN)
        return True

    def _note(self, node: Node, result: Result, detail: str = "", hint: str = "") -> None:
        for step in node.steps:
            self._said(step, result, detail, hint)

    def _said(self, step: Step, result: Result, detail: str = "", hint: str = "") -> None:
        self.finished += 1
        self.done.outcomes.append(Outcome(result, step.serves, step.says, detail, hint))
        self.orders.tell(step.says, self.finished, len(self.orders.steps))

    # --- one request ---

    async def _send(self, step: Send) -> None:
        """Sends until it is done; a lost answer is looked for before anything is sent again."""
        wait = self.live.patience.wait()
        while True:
            try:
                answer = await self._post(step)
            except GraphError as error:
                if _is_already(step, error):
                    return
                if may_have_happened(error.status) or (error.status == 409 and step.look is not None):
                    if await self._was_done(step):
                        return
                    if _makes_an_application(step) or not await self._again(wait, "an answer"):
                        raise
                elif not (is_late(error) and self.live.patience.is_young() and await self._again(wait, step.says)):
                    raise
            else:
                break
        await self._given(step, answer)

    async def _was_done(self, step: Send) -> bool:
        return step.look is not None and await self._looked(step, step.look)

    async def _given(self, step: Send, answer: Json) -> None:
        for name, path in step.gives:
            self.names[name] = str(_dotted(answer, path))
        if step.look is not None and not await self._looked(step, step.look):
            raise _NotYetError(f"done, but not to be found yet: {step.says}")

    async def _post(self, step: Send) -> Json:
        request = await self._request(step)
        with self._writing(counts=not step.path.endswith("/validateCredentials")):
            return (await self.live.graph.send(request)).body

    @contextmanager
    def _writing(self, *, counts: bool = True) -> Iterator[None]:
        """Notes that something was written: not when Graph refused it, but when nobody knows."""
        try:
            yield
        except GraphError as error:
            self.done.wrote |= counts and may_have_happened(error.status)
            raise
        self.done.wrote |= counts

    async def _request(self, step: Send) -> Request:
        body = step.body
        if isinstance(body, Mapping):
            parts = {}
            for key, value in body.items():
                is_folded = isinstance(value, Folded)
                parts[key] = await self._folded(value) if is_folded else fill(value, self.names)
            body = parts
        return Request(step.method, step.path, dict(self.names), body=body, repeatable=step.look is None)

    async def _looked(self, step: Send, look: Document) -> bool:
        """Waits until the look-up that the next run will use finds what was made."""
        wait = self.live.patience.wait()
        wanted = {name for name, _ in step.gives}
        while True:
            raw = await self._collected(look)
            given = look.binds({**self.orders.seen.documents, look.name: raw}) if look.binds is not None else {}
            if wanted & given.keys():
                self.live.patience.made_here = True
                self.names.update(given)
                return True
            if not await self._again(wait, f"{step.says}: not to be found yet"):
                return False

    async def _collected(self, look: Document) -> Json:
        """The rows of a collection, none while even the collection has not arrived."""
        try:
            return await read(self.live.graph, look, self.names)
        except GraphError as error:
            if not is_late(error):
                raise
            return []

    async def _bulk(self, node: Node) -> bool:
        """Independent requests in batches; each is judged by itself."""
        steps = [step for step in node.steps if isinstance(step, Send)]
        fine = True
        for start in range(0, len(steps), BATCH):
            part = steps[start : start + BATCH]
            if self.orders.interrupted():
                for step in part:
                    self._said(step, Result.SKIPPED, "because the apply was interrupted")
                fine = False
                continue
            fine = await self._batch(part) and fine
        return fine

    async def _batch(self, steps: Sequence[Send]) -> bool:
        wait = self.live.patience.wait()
        left, fine = list(steps), True
        while left:
            answers = await self.live.graph.batch([self._batched(one) for one in left])
            self.done.wrote |= any(not isinstance(one, GraphError) or may_have_happened(one.status) for one in answers)
            again: list[tuple[Send, GraphError]] = []
            for step, answer in zip(left, answers, strict=True):
                if not isinstance(answer, GraphError) or _is_already(step, answer):
                    self._said(step, Result.DONE)
                elif may_have_happened(answer.status) or (is_late(answer) and self._may_be_late()):
                    again.append((step, answer))
                else:
                    fine = False
                    self._said(step, Result.FAILED, str(answer), answer.hint)
            left = [step for step, _ in again]
            if left and not await self._again(wait, f"{len(left)} assignments to be taken"):
                for step, error in again:
                    self._said(step, Result.FAILED, str(error), error.hint)
                return False
        return fine

    def _batched(self, step: Send) -> Request:
        """Each says by itself when it is done already, so it may be sent again after an answer was lost."""
        return Request(step.method, step.path, dict(self.names), body=fill(step.body, self.names), repeatable=True)

    def _may_be_late(self) -> bool:
        """The application is young, or its roles were written in this run: the service principal's copy follows later."""
        return self.live.patience.is_young() or "application" in self.written

    # --- one document ---

    async def _write(self, document: Document, edits: Sequence[Edit]) -> bool:
        """Reads, folds, writes, and reads until it shows; False when it does not show within the patience."""
        wait = self.live.patience.wait()
        maybe = False
        while True:
            raw = await self._current(document, () if maybe else edits)
            todo = [edit for edit in edits if not OPERATIONS[edit.operation].holds(raw, edit.key, edit.value)]
            if not todo:
                return True
            wanted = await self._fold(raw, todo)
            try:
                await self._put(document, wanted, {edit.key[0] for edit in todo})
                break
            except GraphError as error:
                maybe = maybe or may_have_happened(error.status)
                worth = maybe or self._read_something_old(error)
                if not worth or not await self._again(wait, f"{document.name} to be taken"):
                    raise
        self.written[document.name] = wanted
        return await self._shows(document, [edit for edit in todo if not isinstance(edit.value, SecretRef)])

    def _read_something_old(self, error: GraphError) -> bool:
        """Whether a refused write may be taken when it is made again from a new reading."""
        late = is_late(error) and self.live.patience.is_young()
        return late or error.status in (409, 412) or error.code in STALE_CODES

    async def _current(self, document: Document, edits: Sequence[Edit]) -> Json:
        """The document as it is; what this run wrote is built upon, what others changed since the plan stops it."""
        raw = await self._read(document)
        ours = self.written.get(document.name)
        if ours is not None:
            return ours if not isinstance(raw, dict) else {**raw, **_written_part(document, ours)}
        seen = self._seen(document)
        for edit in edits if seen is not None else ():
            operation = OPERATIONS[edit.operation]
            if operation.view is None or operation.holds(raw, edit.key, edit.value):
                continue
            if operation.view(seen, edit.key) != operation.view(raw, edit.key):
                raise StaleError(f"{edit.serves[0]} was changed by somebody else since the plan was made")
        return raw

    async def _read(self, document: Document) -> Json:
        wait = self.live.patience.wait()
        while True:
            try:
                return await read(self.live.graph, document, self.names)
            except GraphError as error:
                late = is_late(error) and self.live.patience.is_young()
                if not late or not await self._again(wait, f"{document.name} to arrive"):
                    raise

    def _seen(self, document: Document) -> Json | None:
        if document.seen_in:
            rows = self.orders.seen.rows(document.seen_in)
            return rows[0] if len(rows) == 1 else None
        return self.orders.seen.get(document.name)

    async def _fold(self, raw: Json, edits: Sequence[Edit]) -> Json:
        """The document with all edits made; expressions get their trees from the service's own parser."""
        for edit in edits:
            change = OPERATIONS[edit.operation].change
            value = {**edit.value, "source": await self._parsed(edit.ask)} if edit.ask else edit.value
            raw = raw if change is None else change(raw, edit.key, value)
        return raw

    async def _parsed(self, expression: str) -> Json:
        answer = await self.live.graph.post(PARSE, self.names, {"expression": expression}, repeatable=True)
        tree = (answer or {}).get("parsedExpression")
        if not (answer or {}).get("parsingSucceeded") or not isinstance(tree, Mapping):
            reason = ((answer or {}).get("error") or {}).get("message") or "it gave no reason"
            raise ScimconfError(f"the service does not take the expression {expression}: {reason}")
        return dict(tree)

    async def _put(self, document: Document, wanted: Json, keys: set[str]) -> None:
        graph = self.live.graph
        with self._writing():
            if document.written == "put":
                await graph.put(document.path, self.names, wanted)
            elif document.written == "patch":
                await graph.patch(document.path, self.names, _written_part(document, wanted))
            else:
                await graph.put(document.path, self.names, {"value": self._resolved(document, wanted, keys)})

    def _resolved(self, document: Document, rows: Json, keys: set[str]) -> list[Json]:
        """The pairs to write: references and masks replaced by values, empty ones kept where they remove a key."""
        only_changed = document.partial and any(
            key not in keys and key not in dict(document.references) for key in _masked(rows)
        )
        pairs = []
        for pair in rows:
            key, value = str(pair["key"]), pair.get("value")
            if only_changed and key not in keys:
                continue
            if value == MASK:
                value = _reference(document, key)
            pairs.append({"key": key, "value": _value(self.orders.values, value)})
        return pairs

    async def _folded(self, folded: Folded) -> list[Json]:
        edits = [step for step in self.orders.steps if isinstance(step, Edit) and step.document.name == folded.document]
        document = edits[0].document
        rows = await self._fold(await self._current(document, edits), edits)
        return [pair for pair in self._resolved(document, rows, {edit.key[0] for edit in edits}) if pair["value"] != ""]

    async def _shows(self, document: Document, edits: Sequence[Edit]) -> bool:
        wait = self.live.patience.wait()
        while edits:
            raw = await self._read(document)
            if all(OPERATIONS[edit.operation].holds(raw, edit.key, edit.value) for edit in edits):
                return True
            if not await self._again(wait, f"{document.name} to show what was written"):
                return False
        return True

    async def _wait_until(self, step: Read) -> bool:
        wait = self.live.patience.wait()
        while True:
            try:
                raw = await read(self.live.graph, step.document, self.names)
            except GraphError as error:
                late = is_late(error) and self.live.patience.is_young()
                if not late or not await self._again(wait, step.says):
                    raise
                continue
            if OPERATIONS[step.operation].holds(raw, step.key, step.value):
                return True
            if not await self._again(wait, step.says):
                return False


def _written_part(document: Document, raw: Json) -> dict[str, Json]:
    """What a write of this document carries: the named properties, or all of it."""
    return {name: raw[name] for name in document.properties} if document.properties else dict(raw)


def _makes_an_application(step: Send) -> bool:
    """Such a request is never sent twice in a run: each one would make another application."""
    return any(name == "sp" for name, _ in step.gives)


def _is_already(step: Send, error: GraphError) -> bool:
    return any(error.status == status and text in error.message for status, text in step.already)


def _dotted(answer: Json, path: str) -> Json:
    for part in path.split("."):
        answer = answer[part]
    return answer
