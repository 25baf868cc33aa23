"""Read the state of an application that is to end. Reads only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from scimconf.diagnostics import GraphError, ScimconfError
from scimconf.documents import schema as schema_documents
from scimconf.documents import secrets as secret_documents
from scimconf.documents.assignments import SERVICE_PRINCIPAL, assigned
from scimconf.export import everything
from scimconf.impact.preview import Preview, evaluation_context
from scimconf.impact.projection import states_before_and_after
from scimconf.impact.queries import assigned_groups
from scimconf.json_types import Json
from scimconf.kinds import KINDS
from scimconf.kinds.identity import identified_by
from scimconf.kinds.mappings import find_object_mapping, live_schema
from scimconf.kinds.provisioning import SECTION, ProvisioningState
from scimconf.kinds.retirement import closes_leavers, stored_secrets
from scimconf.monitoring.accounts import AccountRecord, accounts_of
from scimconf.monitoring.leavers import vendor_treatment
from scimconf.monitoring.log_events import logged_events
from scimconf.monitoring.retirement import LeaverTreatment, Retirement
from scimconf.plan.impact import Members
from scimconf.snapshot import Snapshot
from scimconf.spec.model import Job, ObjectMapping, Spec
from scimconf.workflow.compilation import documents
from scimconf.workflow.guard_context import tenant_of
from scimconf.workflow.job_control import ControlledJob, find_job
from scimconf.workflow.targets import ApplicationTarget, find_jobs, find_principal

if TYPE_CHECKING:
    from scimconf.graph.reading import TenantSession

RETENTION = timedelta(days=30)
_OVERLAP = timedelta(hours=1)
"""Of the entries that were read before, as much is read again: they arrive up to 15 minutes late."""
_CUT = "the log has more entries in 30 days than are read"
_SENDS: Mapping[str, LeaverTreatment] = {
    "disable": LeaverTreatment("Entra sets `active` to false for users who leave"),
    "delete": LeaverTreatment("Entra deletes users who leave, since the application has no attribute `active`"),
    "": LeaverTreatment(
        "no mapping of the users reads [IsSoftDeleted], so Entra sends nothing for users who leave", closes=False
    ),
}


@dataclass(frozen=True, slots=True)
class RetirementReading:
    """What is read besides the tenant: the time if Graph sends none, the record, and accounts that a person looked up.

    `accepts_unknown`: accounts that neither the log nor the record shows do not count. `known` are entries of the log that
    were read before `known_until`.
    """

    now: datetime
    record: AccountRecord | None = None
    confirmed: tuple[str, ...] = ()
    accepts_unknown: bool = False
    known: Mapping[str, Json] = field(default_factory=lambda: MappingProxyType({}))
    known_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class RetirementState:
    """The state, with the documents and the entries of the log that it was made of, and the job."""

    retirement: Retirement
    snapshot: Snapshot
    job: ControlledJob
    entries: Mapping[str, Json]


async def read_retirement(session: TenantSession, spec: Spec, reading: RetirementReading) -> RetirementState:
    """Return the state of an application. Raise NoApplicationError, ScimconfError without a job or with several, GraphError."""
    from scimconf.graph import impact_data
    from scimconf.graph.reading import observe

    session.renew_reads()
    job = await _only_job(session, spec, reading.now)
    template = Job.model_validate({"template": job.names["template"]})
    complete = everything(spec.name, {"object_id": job.names["service_principal"]}).model_copy(update={"job": template})
    reads = [replace(document, resolves_principals=False) for document in documents(KINDS, [complete])]
    snapshot = await observe(session, reads, lambda _partial: ())
    states = states_before_and_after(complete, snapshot, ())
    members = await impact_data.group_members(session.graph, assigned_groups(states))
    evaluator = Preview(*states, members, evaluation_context(tenant_of(snapshot), job.now))
    expected = await _users_in_scope(session, evaluator) if job.has_run else {}
    log = await _read_log(session, job, reading)
    record = reading.record
    live = assigned(snapshot)
    settings = secret_documents.settings(snapshot.get("secrets"))
    accounts = accounts_of(expected, logged_events(log.entries.values()), record, reading.confirmed)
    types = [assignee.type for assignee in live.assignees.values()]
    retirement = Retirement(
        name=spec.name,
        display_name=str(job.principal.get("displayName") or spec.name),
        app_id=str(job.principal.get("appId") or ""),
        principal=job.names["service_principal"],
        application_id=snapshot.names.get("app", ""),
        now=job.now,
        job=job.status,
        is_on=job.is_on,
        has_run=job.has_run or bool(accounts),  # users can be provisioned on demand before the first start
        users=types.count("User"),
        groups=types.count("Group"),
        others=types.count(SERVICE_PRINCIPAL),
        scope=settings.scope,
        threshold=settings.threshold,
        skips_deletions=bool(settings.skip_out_of_scope_deletions),
        leavers=_leavers(spec, states[1], snapshot),
        secrets=stored_secrets(snapshot),
        sign_on=await _sign_on(session, spec, job),
        accounts=accounts,
        log_problem=log.problem,
        removed=record.written if record is not None else None,
        is_ended=record is not None and record.is_ended,
    )
    gaps = [*_gaps(retirement, states[1], members, record), *([_CUT] if log.is_cut else [])]
    unknown = "" if reading.accepts_unknown else "; ".join(gaps)
    return RetirementState(replace(retirement, unknown=unknown), snapshot, job, log.entries)


async def _only_job(session: TenantSession, spec: Spec, now: datetime) -> ControlledJob:
    """Return the job of an application; raise ScimconfError if it has others, also of another template than the spec's.

    All jobs share the assignments and the stored secrets, and only the log of one is read: the accounts of another job would
    stay open, or be closed without a proof.
    """
    principal = await find_principal(session.graph, target_of(spec))
    jobs = await find_jobs(session.graph, str(principal["id"]), None)
    if len(jobs) > 1:
        names = ", ".join(f"{row['id']} (template {row.get('templateId')})" for row in jobs)
        raise ScimconfError(
            f"the application has {len(jobs)} provisioning jobs, and a retirement can prove the accounts of one only: {names}",
            "Let the others disable their users, then delete them: Graph, DELETE "
            f"/servicePrincipals/{principal['id']}/synchronization/jobs/JOB. Then run `scimconf retire` again.",
        )
    return await find_job(session, target_of(spec), now)


def target_of(spec: Spec) -> ApplicationTarget:
    """Return the application of a spec; its name in the history is that of the spec."""
    _, prop, value = identified_by(spec)
    template = spec.job.template if spec.job is not None else None
    return ApplicationTarget(spec.name, (prop,), value, template=template, enabled=spec.provisioning.enabled)


async def _users_in_scope(session: TenantSession, evaluator: Preview) -> Mapping[str, str]:
    """Return the names of the assigned users by id, without those who certainly fail the scoping filters."""
    from scimconf.graph.impact_data import users_by_id

    names: dict[str, str] = {}
    async for page in users_by_id(session.graph, evaluator.assigned, evaluator.properties):
        for document in page:
            preview = evaluator.user(document)
            if preview.after.in_scope is not False:
                names[str(document["id"]).lower()] = str(document.get("userPrincipalName") or document["id"])
    return names


class _Log(NamedTuple):
    """The entries of 30 days by id; `problem` says why they could not be read, and `is_cut` that there are more."""

    entries: Mapping[str, Json]
    problem: str = ""
    is_cut: bool = False


async def _read_log(session: TenantSession, job: ControlledJob, reading: RetirementReading) -> _Log:
    """Return the log of the job; of entries that are known, only the last hour is read again."""
    from scimconf.graph.provisioning_log import read_log

    since = job.now - RETENTION if reading.known_until is None else reading.known_until - _OVERLAP
    try:
        log = await read_log(session.graph, job.status.job_id, since)
    except GraphError as error:
        if error.status not in (400, 401, 403, 404):
            raise
        return _Log(reading.known, ". ".join(filter(None, [str(error), error.hint])))
    new = {str(entry.get("id")): entry for entry in log.entries}
    older = {key: entry for key, entry in reading.known.items() if key not in new}
    return _Log({**new, **older}, is_cut=log.is_cut)


def _leavers(spec: Spec, state: ProvisioningState, snapshot: Snapshot) -> LeaverTreatment:
    """Return what Entra sends, and what the vendor does then: by the spec's preset, or by the host."""
    location = find_object_mapping(snapshot, SECTION, ObjectMapping())
    definitions: list[Json] = []
    if location is not None:
        definitions = schema_documents.definitions(live_schema(snapshot), location, "target")
    address = secret_documents.values(snapshot.get("secrets")).get("BaseAddress", "")
    vendor = _preset_treatment(spec.preset) or vendor_treatment(address)
    return replace(_SENDS[closes_leavers(state, definitions)], vendor=vendor)


def _preset_treatment(preset: str | None) -> str:
    """Return what a preset knows about leavers, "" if it does not."""
    from scimconf.presets.catalogue import find_entry
    from scimconf.presets.target import departure_text

    entry = find_entry(preset) if preset is not None else None
    text = departure_text(entry.facts) if entry is not None else ""
    return f"they are {text}" if text else ""


async def _sign_on(session: TenantSession, spec: Spec, job: ControlledJob) -> str:
    """Return how users sign in through the application, as far as Entra or the spec shows it, "" if they do not.

    An application with OpenID Connect may have no mode; its redirect URIs are those of its registration.
    """
    principal = await session.graph.get("/servicePrincipals/{service_principal}", job.names)
    mode = principal.get("preferredSingleSignOnMode")
    if mode and mode != "notSupported":
        return f"mode {mode}"
    if spec.application.single_sign_on:
        return f"the spec requires {spec.application.single_sign_on}"
    urls = len(principal.get("replyUrls") or ())
    return f"no mode, but {urls} redirect URI{'s' if urls > 1 else ''}" if urls else ""


def _gaps(
    retirement: Retirement, state: ProvisioningState, members: Members, record: AccountRecord | None
) -> Iterator[str]:
    """Yield why there may be accounts that are not listed."""
    if state.assigned_groups is None:
        yield "the assignments could not be read"
    unread = [group for group in state.assigned_groups or () if group not in members.ids]
    if unread:
        names = ", ".join(sorted(state.group_names.get(group, group) for group in unread))
        yield f"the members of {names} could not be read"
    if retirement.scope == "all":
        yield "the scope is `all`: users whom the log does not mention in 30 days are not known"
    if record is not None and not record.is_complete:
        yield "the history does not know everybody who was in scope"
    if record is None and not retirement.assignments_remain:
        yield "no history entry says who was assigned when the assignments were removed"
