"""The checks before a canary: whether a plan can be tried with single users, and put back. Writes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from scimconf.diagnostics import ScimconfError
from scimconf.json_types import Json
from scimconf.kinds.schedule import ScheduleKind, is_on, job_quarantine
from scimconf.monitoring.canary import CanaryUser
from scimconf.plan import Effect
from scimconf.plan.select import is_selected
from scimconf.snapshot import Snapshot
from scimconf.workflow.compilation import PlanOptions
from scimconf.workflow.history import saved_documents
from scimconf.workflow.job_control import ControlledJob, check_stored_credentials
from scimconf.workflow.plan import PlannedApplication
from scimconf.workflow.preview import user_evaluator
from scimconf.workflow.provision import FLAG

if TYPE_CHECKING:
    from scimconf.graph.reading import TenantSession

MAX_USERS = 5
"""Users of a canary: provision on demand takes five requests in ten seconds (Graph reference, throttling limits)."""


@dataclass(frozen=True, slots=True)
class Canary:
    """What a canary applies and to whom: the plan for everybody, and the users.

    `past` are the documents to return to, `touched` the addresses that differ from them because of canaries. `notes` say what
    provision on demand does not show. `is_continued`: an earlier canary has not ended.
    """

    planned: PlannedApplication
    users: tuple[CanaryUser, ...]
    notes: tuple[str, ...]
    past: Mapping[str, Json]
    touched: frozenset[str]
    is_continued: bool = False

    @property
    def was_on(self) -> bool:
        """Whether provisioning was on before."""
        return any((job.get("schedule") or {}).get("state") == "Active" for job in self.past.get("jobs") or ())


@dataclass(frozen=True, slots=True)
class UnfinishedCanary:
    """An earlier canary that was neither widened nor put back: the documents before it, and the addresses that it changes."""

    documents: Mapping[str, Json]
    addresses: frozenset[str]


async def prepare_canary(
    session: TenantSession,
    planned: PlannedApplication,
    names: Sequence[str],
    options: PlanOptions,
    now: datetime,
    unfinished: UnfinishedCanary | None = None,
) -> Canary:
    """Check that a plan can be tried with these users, and put back; raise ScimconfError if not. Writes nothing.

    The service tests the stored credentials: without them provisioning could not be started again.
    """
    from scimconf.graph import impact_data

    problem = _problem(planned, options)
    if problem is not None:
        raise problem
    evaluator, _, _ = await user_evaluator(session.graph, planned, now)
    documents = await impact_data.users_by_name(session.graph, names, evaluator.properties)
    missing = [name for name, document in zip(names, documents, strict=True) if document is None]
    if missing:
        raise ScimconfError(f"the tenant has no user {', '.join(missing)}", "Correct --canary.")
    previews = {str(user["id"]).lower(): evaluator.user(user) for user in documents if user}
    users = tuple(CanaryUser(user.name, user.id, user.before, user.after) for user in previews.values())
    unfit = list(_unfit(users))
    if unfit:
        raise ScimconfError(
            f"not a user for a canary: {'; '.join(unfit)}", "Choose users with --canary who are in scope."
        )
    await check_stored_credentials(session, _controlled(planned, now))
    is_continued = unfinished is not None and not is_on(planned.snapshot)
    past = unfinished.documents if unfinished is not None and is_continued else _documents(planned.snapshot)
    earlier = unfinished.addresses if unfinished is not None and is_continued else frozenset[str]()
    touched = earlier | {str(change.address) for change in planned.plan.changes}
    return Canary(planned, users, tuple(_notes(planned, users, is_continued=is_continued)), past, touched, is_continued)


def _documents(snapshot: Snapshot) -> Mapping[str, Json]:
    """Return the documents of a snapshot as the history has them: as plain JSON."""
    documents: Mapping[str, Json] = json.loads(json.dumps(saved_documents(snapshot), default=list))
    return documents


def _problem(planned: PlannedApplication, options: PlanOptions) -> ScimconfError | None:
    """Return why a plan cannot be tried with single users, None if it can."""
    spec, changes = planned.loaded.spec, planned.plan.changes
    assert spec is not None
    if not planned.plan.complete or "job" not in planned.snapshot.names:
        return ScimconfError(
            "a canary needs an application that has a provisioning job, since there is no state to return to",
            "For a new application: `scimconf apply --no-start`, `scimconf provision`, then `scimconf apply`.",
        )
    if not spec.provisioning.enabled:
        return ScimconfError(
            "a canary ends by starting provisioning, and the spec has `provisioning: {enabled: false}`",
            "Use `scimconf apply`, then `scimconf provision`.",
        )
    quarantine = job_quarantine(planned.snapshot)
    if quarantine:
        return ScimconfError(
            f"the job is in quarantine ({quarantine}), in which the service may refuse to provision on demand",
            "End the quarantine first: `scimconf status` says how.",
        )
    stored = [str(change.address) for change in changes if change.effects & {Effect.CREDENTIALS, Effect.ENDPOINT}]
    if stored:
        return ScimconfError(
            f"{', '.join(stored)}: stored credentials and another endpoint cannot be put back, since Graph does not return secrets",
            f"Apply them first, without --canary: --only '{stored[0]}'.",
        )
    schedule = ScheduleKind().address(spec)
    if not is_selected(schedule, options.only, options.exclude):
        return ScimconfError(
            f"--only or --exclude leaves out {schedule}, and a canary has to start provisioning again",
            f"Select it as well: --only '{schedule}'.",
        )
    return None


def _unfit(users: Iterable[CanaryUser]) -> Iterator[str]:
    """Yield why users cannot be provisioned on demand (Entra: provision on demand, known limitations)."""
    for user in users:
        if user.after.disabled:
            yield f"{user.name} is disabled in the tenant, and users who are disabled there are not handled on demand"
        elif user.after.in_scope is False:
            yield f"{user.name} is not in scope with these changes: {user.after.reason or 'not assigned'}"


def _notes(planned: PlannedApplication, users: Iterable[CanaryUser], *, is_continued: bool) -> Iterator[str]:
    """Yield what a canary does not show, and what happens meanwhile, as sentences without a full stop."""
    if is_continued:
        yield "an earlier canary of this application has not ended; putting back returns to the documents before it"
    if is_on(planned.snapshot):
        yield "provisioning is paused meanwhile, so users who leave keep their access until it is started again"
    for user in users:
        if user.after.in_scope is None:
            yield f"it is not known whether {user.name} is in scope: {user.after.reason}"
        elif not is_continued and user.before.in_scope and user.before.sent == user.after.sent:
            yield f"the changes send nothing else for {user.name}, so they cannot be seen with this user"
    if planned.snapshot.rows("assignments"):
        yield "roles are not supported on demand, so a canary does not show them"
    secrets = {row["key"]: str(row.get("value", "")) for row in planned.snapshot.rows("secrets")}
    if FLAG in secrets.get("BaseAddress", "").lower():
        yield "on demand, PATCH requests are in the old dialect, whatever the flag in the tenant URL says"
    yield "what is sent for these users stays in the application if the documents are put back"


def _controlled(planned: PlannedApplication, now: datetime) -> ControlledJob:
    (principal,) = planned.snapshot.rows("service_principals")
    job = next(job for job in planned.snapshot.rows("jobs") if job["id"] == planned.snapshot.names["job"])
    return ControlledJob(planned.name, principal, job, now)
