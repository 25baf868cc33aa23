"""Provision on demand: provisions a user, or a group with up to five members, at once, and reports the steps.

It does not move the watermark. Objects that are disabled or deleted in the directory are skipped, and PATCH bodies have the
legacy dialect (Entra: provision on demand).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from scimconf.sandbox.engine.cycle import only_engine
from scimconf.sandbox.engine.exchange import Exchange, ObjectError
from scimconf.sandbox.engine.log import Event, Step, entry, store_entries
from scimconf.sandbox.engine.provision import JobContext, Provisioner, subject_of
from scimconf.sandbox.engine.quarantine import QuarantineCause, QuarantineError
from scimconf.sandbox.engine.references import Owner, ReferenceSender
from scimconf.sandbox.engine.scope import decide
from scimconf.sandbox.engine.sender import Sender
from scimconf.sandbox.engine.setup import Setup, job_context, read_setup
from scimconf.sandbox.engine.state import JobState
from scimconf.sandbox.engine.values import Dialect, Json, ObjectFailure, ObjectFlow, Scope, SourceObject
from scimconf.sandbox.engine.work import Task, Work
from scimconf.sandbox.engine.work import decide as decide_work

if TYPE_CHECKING:
    from scimconf.sandbox.service import Service

_NOT_HANDLED = frozenset({Scope.ACCOUNT_DISABLED, Scope.SOFT_DELETED, Scope.PURGED})
_RESULTS = {"success": "Success", "skipped": "Skipped", "failure": "Failure"}


@dataclass(frozen=True, slots=True)
class OnDemandReport:
    """What happened to a subject: `result` is Success, Skipped or Failure, `report` has the form of the reference."""

    result: str
    code: str | None
    message: str | None
    report: Json

    @property
    def details(self) -> Json:
        return {} if self.code is None else {"errorCode": self.code, "errorMessage": self.message}


async def provision(service: Service, principal: Json, job: Json, subjects: list[Json]) -> list[OnDemandReport]:
    """Provision the subjects of a request and return a report for each. Raise BusyError while a cycle is running."""
    with only_engine(service, job["id"]):
        return [await _Demand(service, principal, job, subject).run() for subject in subjects]


class _Demand:
    """The provisioning of one subject."""

    def __init__(self, service: Service, principal: Json, job: Json, subject: Json) -> None:
        self._service = service
        self._tenant = service.tenant
        self._principal = principal
        self._state = JobState(service.tenant.store, job["id"])
        self._kind, self._key = str(subject["objectTypeName"]), str(subject["objectId"]).lower()
        self._members = _members(subject)
        self._id = service.tenant.new_id("activity")
        self._began = service.tenant.now()
        self._entries: list[Event] = []

    async def run(self) -> OnDemandReport:
        setup = read_setup(self._tenant, self._principal, self._state, frozenset({self._key}))
        flow = next((flow for flow in setup.flows if flow.kind == self._kind), None)
        source_object = None if flow is None else setup.source.objects(flow.kind).get(self._key)
        if flow is None or source_object is None:
            return self._missing()
        reach, switches = self._tenant.reach, self._tenant.switches
        destination = reach.destination(setup.secrets).within(self._tenant.stamp(), self._id)
        async with Sender(destination, reach, switches, self._service.faults, self._service.journal) as sender:
            exchange = Exchange(sender, switches)
            context = job_context(self._tenant, self._principal, self._state, self._id, exchange)
            context = replace(context, dialect=Dialect.LEGACY, is_initial=True)
            try:
                return await self._provision(setup, context, flow, source_object)
            except QuarantineError as error:
                return self._unreachable(context, flow, source_object, error.cause)

    async def _provision(
        self, setup: Setup, context: JobContext, flow: ObjectFlow, source_object: SourceObject
    ) -> OnDemandReport:
        if self._tenant.switches.pod_guid_probe == "yes":
            await context.exchange.test(setup.flows, self._id)
        work = self._work(setup, flow)
        outcome = await Provisioner(context).run(work, source_object)
        event = outcome.event or _not_entitled(work, source_object)
        self._entries.append(event)
        link = self._state.link(*work.key)
        if event.failure is None and work.scope is Scope.IN and link is not None and "Update" in flow.actions:
            owner = Owner(flow, self._with_chosen_members(flow, source_object), link, outcome.resource)
            self._entries += await self._references(context, owner)
        return self._report(context)

    def _work(self, setup: Setup, flow: ObjectFlow) -> Work:
        sync_all = setup.secrets.get("SyncAll", "").lower() == "true"
        scopes = decide(setup.source, flow, self._tenant.switches, sync_all=sync_all)
        scope, link = scopes.get(self._key, Scope.PURGED), self._state.link(flow.kind, self._key)
        if scope in _NOT_HANDLED:
            return Work(flow, self._key, Task.KEEP, scope, link, "NotEffectivelyEntitled")
        return decide_work(flow, self._key, scope, link, replace(setup.policy, skips_out_of_scope=False))

    def _with_chosen_members(self, flow: ObjectFlow, group: SourceObject) -> SourceObject:
        """Return a group with the members that the request names, and those that were sent before."""
        if self._kind != "Group":
            return group
        members = group.references.get("members", ())
        sent = {key for row in flow.references for key in self._state.references(self._key, row.target)}
        chosen = tuple(key for key in members if key in self._members or key in sent)
        return replace(group, references={**group.references, "members": chosen})

    async def _references(self, context: JobContext, owner: Owner) -> list[Event]:
        sender = ReferenceSender(replace(context, is_initial=False), frozenset())
        try:
            return await sender.run(owner)
        except ObjectError as error:
            step = Step("EntryExportUpdate", "referenceResolution", "failure", error.failure.reason)
            subject = subject_of(self._kind, self._key, owner.source_object)
            return [Event("update", "failure", subject, owner.flow.target_object, "", (step,), (), error.failure)]

    # ---- reports ---------------------------------------------------------------------------------------------------

    def _report(self, context: JobContext) -> OnDemandReport:
        """Store the entries of the log, and return the report of all events as one."""
        now = self._tenant.now()
        with self._tenant.store.transaction():
            rows = [
                entry(context.log, event, number, self._began, now) for number, event in enumerate(self._entries, 1)
            ]
            store_entries(self._tenant, rows)
        return _report(self._entries, rows[0])

    def _missing(self) -> OnDemandReport:
        text = f"{self._kind} {self._key} was not found."
        failure = ObjectFailure("ObjectNotFound", "The object was not found.")
        step = Step("EntryImport", "import", "failure", text)
        event = Event("other", "failure", subject_of(self._kind, self._key, None), "", "", (step,), (), failure)
        row = {"changeId": self._id, "activityDateTime": self._tenant.stamp()}
        systems = {"sourceSystem": {"displayName": None}, "targetSystem": {"displayName": None}}
        return _report([event], {**row, **systems})

    def _unreachable(
        self, context: JobContext, flow: ObjectFlow, source_object: SourceObject, cause: QuarantineCause
    ) -> OnDemandReport:
        """Return the report of a failed test of the connection, the only case in which it is a step."""
        failure = ObjectFailure(cause.code, cause.message)
        step = Step("TestConnection", "export", "failure", cause.message)
        subject = subject_of(flow.kind, self._key, source_object)
        event = Event("other", "failure", subject, flow.target_object, "", (step,), (), failure)
        return _report([event], entry(context.log, event, 1, self._began, self._tenant.now()))


def _members(subject: Json) -> frozenset[str]:
    links = subject.get("links")
    members = links.get("members") if isinstance(links, dict) else None
    rows = members if isinstance(members, list) else []
    return frozenset(str(row.get("objectId")).lower() for row in rows if isinstance(row, dict))


def _not_entitled(work: Work, source_object: SourceObject) -> Event:
    subject = subject_of(work.flow.kind, work.object_id, source_object)
    text = f"{work.flow.kind} '{subject.name}' is not provisioned: {work.scope.value}"
    step = Step("EntrySynchronizationSkip", "processing", "skipped", text, {"SkipReason": "NotEffectivelyEntitled"})
    return Event("other", "skipped", subject, work.flow.target_object, "", (step,))


def _report(events: list[Event], row: Json) -> OnDemandReport:
    """Return the report of a subject; `row` is the entry of its first event in the log, or as much of it as there is."""
    worst = next((event for event in events if event.failure is not None), events[0])
    code, message = _reason(worst)
    first, modified = events[0], [part for event in events for part in event.modified]
    report = {
        "action": first.action.title(),
        "changeId": row["changeId"],
        "endTime": row["activityDateTime"],
        "modifiedProperties": [
            {"displayName": part.name, "oldValue": part.old, "newValue": part.new} for part in modified
        ],
        "provisioningSteps": [_step(step, row) for event in events for step in event.steps],
        "reportableIdentifier": first.subject.name,
        "startTime": row["activityDateTime"],
        "statusInfo": _status_info(worst),
        "sourceIdentity": _identity(first.subject.id, first.subject.kind),
        "sourceSystem": {"id": None, "name": row["sourceSystem"]["displayName"], "details": None},
        "targetIdentity": _identity(first.target_id or None, first.target_object or None),
        "targetSystem": {"id": None, "name": row["targetSystem"]["displayName"], "details": None},
    }
    return OnDemandReport(_RESULTS[worst.status], code, message, report)


def _status_info(event: Event) -> Json:
    return {
        "status": _RESULTS[event.status],
        "errorCode": event.failure.code if event.failure else None,
        "reason": event.failure.reason if event.failure else None,
        "additionalDetails": None,
        "errorCategory": None,
        "recommendedAction": None,
    }


def _reason(event: Event) -> tuple[str | None, str | None]:
    if event.failure is not None:
        return event.failure.code, event.failure.reason
    if event.status == "skipped":
        last = event.steps[-1]
        return last.details.get("SkipReason"), last.description
    return None, None


def _step(step: Step, row: Json) -> Json:
    return {
        "name": step.name,
        "type": step.kind.title(),
        "status": _RESULTS[step.status],
        "description": step.description,
        "timestamp": row["activityDateTime"],
        "details": dict(step.details),
    }


def _identity(key: str | None, kind: str | None) -> Json:
    return {"id": key, "type": kind, "displayName": None, "details": None}


def response_body(reports: list[OnDemandReport]) -> dict[str, Any]:
    """Return the two JSON texts of the response; the verdict is that of the first report that is no success."""
    worst = next((report for report in reports if report.result != "Success"), reports[0])
    values = [report.report for report in reports]
    return {
        "key": json.dumps({"result": worst.result, "details": worst.details}, separators=(",", ":")),
        "value": json.dumps(values[0] if len(values) == 1 else values, separators=(",", ":")),
    }
