"""Provisions one object: match, create, update, disable or delete, with the entry of the provisioning log."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from scimconf.expressions.evaluation import EvaluationContext, in_scope
from scimconf.sandbox.engine import mapping, patch, resource
from scimconf.sandbox.engine.exchange import Exchange, NoIdError, ObjectError
from scimconf.sandbox.engine.log import Event, LogContext, Modified, Step, Subject, target_key, text_of
from scimconf.sandbox.engine.scope import filter_gap
from scimconf.sandbox.engine.state import JobState, Link, LinkState
from scimconf.sandbox.engine.values import Desired, Dialect, Json, ObjectFailure, ObjectFlow, Scope, SourceObject
from scimconf.sandbox.engine.work import OUT_OF_SCOPE, Task, Work
from scimconf.sandbox.switches import Switches

_PAST = {"create": "created", "update": "updated", "disable": "disabled", "delete": "deleted"}
_STEP_NAMES = {"create": "Add", "update": "Update", "disable": "UpdateSoftDelete", "delete": "Delete"}
REDUNDANT = "RedundantExport"
NOT_ENTITLED = "NotEffectivelyEntitled"


@dataclass(frozen=True, slots=True)
class JobContext:
    """What the provisioning of all objects of a job needs."""

    exchange: Exchange
    state: JobState
    log: LogContext
    dialect: Dialect
    switches: Switches
    evaluation: EvaluationContext
    is_initial: bool = False


@dataclass(slots=True)
class Trail:
    """The steps of a change, in their order, and what it modified."""

    work: Work
    subject: Subject
    target_system: str
    action: str = "other"
    target_id: str = ""
    steps: list[Step] = field(default_factory=list)
    modified: list[Modified] = field(default_factory=list)

    def event(self, status: str, failure: ObjectFailure | None = None) -> Event:
        return Event(
            self.action,
            status,
            self.subject,
            self.work.flow.target_object,
            self.target_id,
            tuple(self.steps),
            tuple(self.modified),
            failure,
        )

    def skip(self, reason: str, text: str) -> Event:
        """Return the event of an object for which nothing is sent."""
        details = {"SkipReason": reason, "ReportableIdentifier": self.subject.name}
        self.steps.append(Step("EntrySynchronizationSkip", "processing", "skipped", text, details))
        return self.event("skipped")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened to an object: its event, None if there is nothing to log, and the resource as it now is."""

    event: Event | None
    resource: Json | None = None


class Provisioner:
    """Provisions objects one after the other, and stores their links."""

    def __init__(self, context: JobContext) -> None:
        self._context = context

    async def run(self, work: Work, source_object: SourceObject | None) -> Outcome:
        """Do the work for an object; raise QuarantineError if the endpoint does not permit to continue."""
        trail = self._trail(work, source_object)
        try:
            if work.task is Task.DELETE:
                return await self._delete(trail)
            if source_object is not None and work.task is Task.DISABLE:
                return await self._disable(trail, source_object)
            if source_object is not None and work.task is Task.PROVISION:
                return await self._provision(trail, source_object)
            return Outcome(self._without_request(trail))
        except ObjectError as error:
            return Outcome(self._failed(trail, error.failure))

    # ---- in scope --------------------------------------------------------------------------------------------------

    async def _provision(self, trail: Trail, source_object: SourceObject) -> Outcome:
        work = trail.work
        desired = self._desired(work, source_object, creating=False)
        link, digest = work.link, digest_of(desired)
        if link and link.state == "active" and link.digest == digest and not self._context.is_initial:
            return Outcome(None)
        current = await self._find(trail, desired)
        if current is None:
            return await self._create(trail, source_object, digest)
        return await self._update(trail, desired, current, digest)

    def _desired(self, work: Work, source_object: SourceObject, *, creating: bool) -> Desired:
        context = self._context
        desired = mapping.desired(
            work.flow, source_object, work.scope, context.evaluation, context.switches, creating=creating
        )
        if desired.failure is not None:
            raise ObjectError(desired.failure)
        if desired.ignored_by:
            reason = f"The mapping of {desired.ignored_by} leaves out {work.flow.kind} objects such as this."
            raise ObjectError(ObjectFailure("IgnoreObjectFlow", reason))
        return desired

    async def _find(self, trail: Trail, desired: Desired) -> Json | None:
        """Return the resource of an object: of its link, or the match by the matching attributes; None to create it."""
        work, exchange = trail.work, self._context.exchange
        if work.link is not None:
            current = await exchange.read(work.flow, work.link.target_id)
            if current is not None:
                trail.target_id = work.link.target_id
                return {**current, "id": work.link.target_id}
            self._require_rematch(work.link)
        current = await self._match(work.flow, desired)
        if current is None:
            return None
        trail.target_id = current["id"]
        owner = self._context.state.owner_of(work.flow.kind, current["id"])
        if owner not in (None, work.object_id):
            reason = f"The object {current['id']} of the application is already linked to {work.flow.kind} {owner}."
            raise ObjectError(ObjectFailure("DuplicateSourceEntries", reason))
        return current

    def _require_rematch(self, link: Link) -> None:
        if self._context.switches.missing_target == "failure":
            reason = f"The application has no object {link.target_id} any more. A full restart matches again."
            raise ObjectError(ObjectFailure("InvalidAnchor", reason))

    async def _match(self, flow: ObjectFlow, desired: Desired) -> Json | None:
        if not desired.matching:
            names = ", ".join(row.target for row in flow.matchers) or "none"
            reason = f"No matching attribute has a value. Matching attributes: {names}."
            raise ObjectError(ObjectFailure("EntryJoiningPropertyValueIsMissing", reason))
        try:
            return await self._context.exchange.find(flow, desired.matching)
        except ObjectError as error:
            text = "Failed to match an entry in the source and target systems"
            raise ObjectError(replace(error.failure, reason=f"{text}: {error.failure.reason}")) from error

    async def _create(self, trail: Trail, source_object: SourceObject, digest: str) -> Outcome:
        work, name = trail.work, trail.subject.name
        trail.action = "create"
        desired = self._desired(work, source_object, creating=True)
        trail.modified += [Modified(target, None, text_of(value)) for target, value in desired.values.items()]
        if "Add" not in work.flow.actions:
            return Outcome(
                trail.skip("CreateDisabled", f"{work.flow.kind} '{name}': create is not a target object action")
            )
        text = (
            f"{work.flow.kind} '{name}' will be created in {trail.target_system} ({work.flow.kind} is active and assigned"
            f" in {self._context.log.source_system}, but no matching {work.flow.kind} was found in {trail.target_system})"
        )
        trail.steps.append(Step("EntrySynchronizationAdd", "matching", "success", text))
        created = await self._created(work.flow, desired, source_object)
        trail.target_id = created["id"]
        self._link(work, created["id"], "active", digest)
        self._export_step(trail, desired.values)
        return Outcome(trail.event("success"), created)

    async def _created(self, flow: ObjectFlow, desired: Desired, source_object: SourceObject) -> Json:
        switches, exchange = self._context.switches, self._context.exchange
        body = resource.creation_body(flow, desired, switches, self._references_in_post(flow, source_object))
        try:
            return body | await exchange.create(flow, body)
        except NoIdError:
            current = await exchange.find(flow, desired.matching) if switches.create_no_id == "match" else None
            if current is None:
                raise
            return current

    def _references_in_post(self, flow: ObjectFlow, source_object: SourceObject) -> dict[str, str]:
        """Return the managers that are already provisioned, by target, if a creation contains them."""
        if self._context.switches.manager_in_post == "no":
            return {}
        rows = [row for row in flow.references if row.reference == "manager"]
        keys = {
            row.target: self._context.state.target_id(manager)
            for row in rows
            for manager in source_object.references.get("manager", ())
        }
        return {target: key for target, key in keys.items() if key is not None}

    async def _update(self, trail: Trail, desired: Desired, current: Json, digest: str) -> Outcome:
        context, work = self._context, trail.work
        trail.action = "update"
        operations = patch.operations(work.flow, desired, current, context.dialect, context.switches)
        name = trail.subject.name
        if operations and "Update" not in work.flow.actions:
            self._link(work, current["id"], "active", digest)
            return Outcome(
                trail.skip("UpdateDisabled", f"{work.flow.kind} '{name}': update is not a target object action")
            )
        if not operations:
            self._link(work, current["id"], "active", digest)
            trail.action = "other"
            return Outcome(trail.skip(REDUNDANT, _redundant_text(work, name)), current)
        trail.modified += modified_by(operations, current)
        text = f"{work.flow.kind} '{name}' will be updated in {trail.target_system}"
        trail.steps.append(Step("EntrySynchronizationUpdate", "matching", "success", text))
        await context.exchange.update(work.flow, current["id"], operations)
        self._link(work, current["id"], "active", digest)
        self._export_step(trail, {row.name: row.new for row in trail.modified})
        return Outcome(trail.event("success"), current)

    # ---- out of scope ----------------------------------------------------------------------------------------------

    async def _disable(self, trail: Trail, source_object: SourceObject) -> Outcome:
        context, work, link = self._context, trail.work, _linked(trail.work)
        trail.target_id = link.target_id
        is_lost = work.scope in OUT_OF_SCOPE
        trail.action = context.switches.unassigned_action if is_lost else "disable"
        desired = self._desired(work, source_object, creating=False)
        current = await context.exchange.read(work.flow, link.target_id)
        if current is None:
            self._store_disabled(work, link)
            return Outcome(
                trail.skip("NotFound", f"{work.flow.kind} '{trail.subject.name}' was not found in the application")
            )
        operations = patch.operations(work.flow, desired, current, context.dialect, context.switches)
        trail.modified += modified_by(operations, current)
        if not operations:
            self._store_disabled(work, link)
            return Outcome(trail.skip(REDUNDANT, _redundant_text(work, trail.subject.name)))
        await context.exchange.update(work.flow, link.target_id, operations)
        self._store_disabled(work, link)
        trail.steps.append(self._exported("disable", trail, {row.name: row.new for row in trail.modified}))
        return Outcome(trail.event("success"))

    def _store_disabled(self, work: Work, link: Link) -> None:
        self._context.state.put_link(replace(link, state=_state_after(work.scope), digest=""))

    async def _delete(self, trail: Trail) -> Outcome:
        work, link, state = trail.work, _linked(trail.work), self._context.state
        trail.action, trail.target_id = "delete", link.target_id
        await self._context.exchange.delete(work.flow, link.target_id)
        state.remove_link(*work.key)
        state.remove_all_references(work.object_id)
        self._export_step(trail, {})
        return Outcome(trail.event("success"))

    def _without_request(self, trail: Trail) -> Event | None:
        """Change the link of an object for which nothing is sent, and return its event if the service logs one."""
        work = trail.work
        trail.action = "create" if work.link is None else "other"
        if work.link is not None:
            trail.target_id = work.link.target_id
        if work.link is not None and work.task is Task.RELEASE:
            self._context.state.put_link(replace(work.link, state="unmanaged", digest=""))
        if work.task is Task.FORGET:
            self._context.state.remove_link(*work.key)
            return None
        if work.link is None and work.scope not in (Scope.FILTERED, Scope.ACCOUNT_DISABLED):
            return None
        if work.link is not None and work.link.state != "active":
            return None
        text = f"{work.flow.kind} '{trail.subject.name}' is not provisioned: {work.scope.value}"
        return trail.skip(work.reason if work.reason == "SkipOutOfScopeDeletions" else NOT_ENTITLED, text)

    # ---- steps -----------------------------------------------------------------------------------------------------

    def _trail(self, work: Work, source_object: SourceObject | None) -> Trail:
        subject = subject_of(work.flow.kind, work.object_id, source_object)
        trail = Trail(work, subject, self._context.log.target_system)
        if source_object is not None:
            trail.steps += [
                _import_step(work, source_object, self._context),
                _scoping_step(work, source_object),
            ]
        if work.link is not None:
            trail.target_id = work.link.target_id
        return trail

    def _failed(self, trail: Trail, failure: ObjectFailure) -> Event:
        details = {target_key(row.name): row.new or "" for row in trail.modified}
        details["ReportableIdentifier"] = trail.subject.name
        if trail.action == "other":
            trail.action = "create" if trail.work.link is None else "update"
        name = f"EntryExport{_STEP_NAMES.get(trail.action, 'Update')}"
        trail.steps.append(Step(name, "export", "failure", failure.reason, details))
        return trail.event("failure", failure)

    def _export_step(self, trail: Trail, values: Mapping[str, Any]) -> None:
        trail.steps.append(self._exported(trail.action, trail, values))

    def _exported(self, action: str, trail: Trail, values: Mapping[str, Any]) -> Step:
        details = {target_key(name): text_of(value) or "" for name, value in values.items()}
        details["ReportableIdentifier"] = trail.subject.name
        text = f"{trail.work.flow.kind} '{trail.subject.name}' was {_PAST[action]} in {trail.target_system}"
        return Step(f"EntryExport{_STEP_NAMES[action]}", "export", "success", text, details)

    def _link(self, work: Work, target_id: str, state: LinkState, digest: str) -> None:
        if work.link is not None and work.link.target_id != target_id:
            self._context.state.remove_all_references(work.object_id)
        self._context.state.put_link(Link(work.flow.kind, work.object_id, target_id, state, digest))


def digest_of(desired: Desired) -> str:
    """Return a digest of the values of an object, by which a later cycle sees whether one of them changed."""
    text = json.dumps([sorted(desired.values.items()), desired.matching], default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def modified_by(operations: Sequence[Json], current: Json) -> list[Modified]:
    """Return the target attributes that the operations of a PATCH write."""
    rows: Json = {}
    for operation in operations:
        path, value = operation.get("path"), operation.get("value")
        rows |= {path: value} if path else dict(value or {})
    return [
        Modified(name, text_of(resource.current_value(current, name)), text_of(value)) for name, value in rows.items()
    ]


def subject_of(kind: str, object_id: str, source_object: SourceObject | None) -> Subject:
    if source_object is None:
        return Subject(kind, object_id, object_id)
    display_name = source_object.attributes.get("displayName")
    return Subject(kind, object_id, source_object.name, display_name if isinstance(display_name, str) else "")


def _linked(work: Work) -> Link:
    assert work.link is not None, "only linked objects are disabled or deleted"
    return work.link


def _state_after(scope: Scope) -> LinkState:
    return "unmanaged" if scope in OUT_OF_SCOPE else "disabled"


def _redundant_text(work: Work, name: str) -> str:
    return f"The state of {work.flow.kind} '{name}' in both systems is the same: nothing is exported"


def _import_step(work: Work, source_object: SourceObject, context: JobContext) -> Step:
    change = "Add" if work.link is None else "Update"
    text = (
        f"Received {work.flow.kind} '{source_object.name}' change of type ({change}) from {context.log.source_system}"
    )
    values = {"objectId": source_object.id, **source_object.attributes, "IsSoftDeleted": work.scope is not Scope.IN}
    roles = ", ".join(role.display_name for role in source_object.roles)
    details = {name: text_of(value) or "" for name, value in values.items() if value is not None}
    return Step(
        f"EntryImport{change}", "import", "success", text, details | ({"appRoleAssignments": roles} if roles else {})
    )


def _scoping_step(work: Work, source_object: SourceObject) -> Step:
    kind, scope = work.flow.kind, work.scope
    details = {
        "Active in the source system": str(scope not in (Scope.ACCOUNT_DISABLED, Scope.SOFT_DELETED)),
        "Assigned to the application": str(scope is not Scope.NOT_ASSIGNED),
        f"{kind} has the required role": str(scope is not Scope.NOT_ASSIGNED),
        "Scoping filter evaluation passed": str(scope is not Scope.FILTERED),
        "ScopeEvaluationResult": json.dumps(_clauses(work.flow, source_object), ensure_ascii=False),
    }
    status = "success" if scope is Scope.IN else "skipped"
    text = f"Determine if {kind} in scope by evaluating against each scoping filter"
    gap = filter_gap(work.flow, source_object)
    if gap:
        text += f". The result is not documented ({gap}): the switch `undetermined_filter` of the sandbox decides"
    return Step("EntrySynchronizationScoping", "scoping", status, text, details)


def _clauses(flow: ObjectFlow, source_object: SourceObject) -> dict[str, bool]:
    """Return the result of each clause of the scoping filters, by its text in the log."""
    results = {}
    for group in flow.filters:
        for clause in group["all"]:
            operator = str(clause["operator"]).upper().replace("_", " ")
            value = "" if clause["value"] is None else f" '{text_of(clause['value'])}'"
            passes = in_scope(({**group, "all": [clause]},), source_object.attributes)
            results[f"{group['name']}.{clause['attribute']} {operator}{value}"] = passes is True
    return results
