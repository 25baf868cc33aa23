"""Sends the references of an object after the objects: the manager of a user, the members of a group.

What was sent is stored with each request, so that a cycle sends only what changed since. A reference to an object that is
not in scope is not sent and not tried again until a restart or the next change of the object (Entra: known issues). One to
an object that failed is tried again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from scimconf.sandbox.engine import patch
from scimconf.sandbox.engine.exchange import ObjectError
from scimconf.sandbox.engine.log import SEPARATOR, Event, Modified, Step
from scimconf.sandbox.engine.provision import JobContext, subject_of
from scimconf.sandbox.engine.resource import current_manager
from scimconf.sandbox.engine.state import Link
from scimconf.sandbox.engine.values import AttributeFlow, Json, ObjectFailure, ObjectFlow, SourceObject

_UNRESOLVED = "UnableToResolveReferenceAttributeValue"
MANAGER = "manager"


@dataclass(frozen=True, slots=True)
class Owner:
    """The object whose references are sent; `resource` is what the endpoint returned in this cycle, if anything."""

    flow: ObjectFlow
    source_object: SourceObject
    link: Link
    resource: Json | None = None


@dataclass(frozen=True, slots=True)
class ReferenceDelta:
    """The references to send, by object id: their ids in the application. `unresolved` failed in this or a former cycle."""

    added: Mapping[str, str] = field(default_factory=dict)
    removed: Mapping[str, str] = field(default_factory=dict)
    unresolved: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.unresolved)


class ReferenceSender:
    """Sends references; objects in `failed` are those in escrow."""

    def __init__(self, context: JobContext, failed: frozenset[str]) -> None:
        self._context = context
        self._failed = failed
        self._slots = asyncio.Semaphore(max(1, context.switches.member_parallel))

    def delta(self, owner: Owner, row: AttributeFlow) -> ReferenceDelta:
        """Return what is to be sent; in an initial cycle, all references of the object."""
        state = self._context.state
        current = owner.source_object.references.get(row.reference or "", ())
        sent = state.references(owner.source_object.id, row.target)
        resolved = {key: target for key in current if (target := state.target_id(key)) is not None}
        repeats = self._context.is_initial
        added = {key: target for key, target in resolved.items() if repeats or sent.get(key) != target}
        removed = {key: target for key, target in sent.items() if key not in current}
        unresolved = tuple(key for key in current if key not in resolved and key in self._failed)
        return ReferenceDelta(added, removed, unresolved)

    async def run(self, owner: Owner) -> list[Event]:
        """Send the references of an object and return the events, one for each attribute that has something to send."""
        events: list[Event] = []
        for row in owner.flow.references:
            delta = self.delta(owner, row)
            event = await self._send(owner, row, delta) if delta else None
            events += [] if event is None else [event]
        return events

    async def _send(self, owner: Owner, row: AttributeFlow, delta: ReferenceDelta) -> Event | None:
        """Return the event, None if the endpoint already has the references."""
        exported = self._context.exchange.exported
        send = self._send_manager if row.reference == MANAGER else self._send_members
        failure = await send(owner, row, delta) if delta.added or delta.removed else None
        if failure is None and delta.unresolved:
            failure = _unresolved(owner, row, delta)
        if failure is None and self._context.exchange.exported == exported:
            return None
        return self._event(owner, row, delta, failure)

    async def _resource(self, owner: Owner) -> Json:
        if owner.resource is not None:
            return owner.resource
        current = await self._context.exchange.read(owner.flow, owner.link.target_id)
        if current is None:
            reason = f"The application has no object {owner.link.target_id} any more."
            raise ObjectError(ObjectFailure("InvalidAnchor", reason))
        return current

    # ---- managers --------------------------------------------------------------------------------------------------

    async def _send_manager(self, owner: Owner, row: AttributeFlow, delta: ReferenceDelta) -> ObjectFailure | None:
        context = self._context
        manager = next(iter(delta.added.values()), None)
        try:
            if manager is not None and await self._is_there(owner, row, manager):
                operation = None
            else:
                current = _with_sent(row, await self._resource(owner), delta)
                operation = patch.manager_operation(row, manager, current, context.dialect, context.switches)
            if operation is not None:
                await context.exchange.update(owner.flow, owner.link.target_id, [operation])
        except ObjectError as error:
            return error.failure
        context.state.remove_references(owner.source_object.id, row.target, delta.removed)
        context.state.put_references(owner.source_object.id, row.target, delta.added)
        return None

    async def _is_there(self, owner: Owner, row: AttributeFlow, key: str) -> bool:
        if self._context.switches.reference_filters == "no":
            return False
        return await self._context.exchange.has_reference(owner.flow, owner.link.target_id, row.reference or "", key)

    # ---- members ---------------------------------------------------------------------------------------------------

    async def _send_members(self, owner: Owner, row: AttributeFlow, delta: ReferenceDelta) -> ObjectFailure | None:
        """Send the members in as many requests as the service does, several of them at the same time."""
        context = self._context
        try:
            current = await self._resource(owner)
            added = await self._missing(owner, row, delta.added)
        except ObjectError as error:
            return error.failure
        size = context.switches.member_batch
        parts = [ReferenceDelta(added=part) for part in _parts(added, size)]
        parts += [ReferenceDelta(removed=part) for part in _parts(delta.removed, size)]
        sending = [self._send_part(owner, row, part, current) for part in parts]
        results = await asyncio.gather(*sending, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return next((result for result in results if isinstance(result, ObjectFailure)), None)

    async def _missing(self, owner: Owner, row: AttributeFlow, added: Mapping[str, str]) -> dict[str, str]:
        """Return the members that the endpoint does not find as members, if the service asks it."""
        return {key: target for key, target in added.items() if not await self._is_there(owner, row, target)}

    async def _send_part(
        self, owner: Owner, row: AttributeFlow, part: ReferenceDelta, current: Json
    ) -> ObjectFailure | None:
        context = self._context
        changes = patch.MemberChanges(list(part.added.values()), list(part.removed.values()))
        batches = patch.member_operations(row, changes, current, context.dialect, context.switches)
        async with self._slots:
            try:
                for operations in batches:
                    await context.exchange.update(owner.flow, owner.link.target_id, operations)
            except ObjectError as error:
                return error.failure
        context.state.put_references(owner.source_object.id, row.target, part.added)
        context.state.remove_references(owner.source_object.id, row.target, part.removed)
        return None

    # ---- the log ---------------------------------------------------------------------------------------------------

    def _event(self, owner: Owner, row: AttributeFlow, delta: ReferenceDelta, failure: ObjectFailure | None) -> Event:
        kind, name = owner.flow.kind, owner.source_object.name
        old, new = SEPARATOR.join(delta.removed.values()) or None, SEPARATOR.join(delta.added.values()) or None
        status = "success" if failure is None else "failure"
        text = failure.reason if failure else f"{row.target} of {kind} '{name}' was updated in the application"
        step = Step("EntryExportUpdate", "export" if failure is None else "referenceResolution", status, text)
        return Event(
            "update",
            status,
            subject_of(kind, owner.source_object.id, owner.source_object),
            owner.flow.target_object,
            owner.link.target_id,
            (step,),
            (Modified(row.target, old, new),),
            failure,
            is_reference=True,
        )


def _parts(references: Mapping[str, str], size: int) -> Sequence[Mapping[str, str]]:
    """Return the references in parts of a size; 0 is one part."""
    rows = list(references.items())
    step = size or max(1, len(rows))
    return [dict(rows[start : start + step]) for start in range(0, len(rows), step)]


def _unresolved(owner: Owner, row: AttributeFlow, delta: ReferenceDelta) -> ObjectFailure:
    keys = ", ".join(delta.unresolved)
    reason = f"We were unable to assign {keys} as the {row.target} of {owner.source_object.name}: not provisioned yet."
    return ObjectFailure(_UNRESOLVED, reason)


def _with_sent(row: AttributeFlow, current: Json, delta: ReferenceDelta) -> Json:
    """Return the resource with the manager that was sent, if the endpoint does not return managers."""
    if delta.added or not delta.removed or current_manager(current, row.target):
        return current
    extension, _, name = row.target.rpartition(":")
    value = {"value": next(iter(delta.removed.values()))}
    return {**current, extension: {name: value}} if extension else {**current, name: value}
