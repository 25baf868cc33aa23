"""The result of exporting the applications of a tenant, and what is left to do for each. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from scimconf.monitoring.contacts import UNCHECKED, Contact
from scimconf.monitoring.job_status import JobStatus
from scimconf.plan import Impact

Action = Literal["written", "replaced", "unchanged", "kept", "failed", "gone"]
"""What happened to the spec. `kept`: it existed, and stays as it was; `gone`: the application was deleted meanwhile."""
MAX_CHANGES = 20


@dataclass(frozen=True, slots=True)
class PlanProof:
    """The plan of a spec on disk: the number of its changes and their first addresses, None and why without a plan.

    `warnings` are sentences about users and groups that the spec lists and the tenant does not have, and about a retired
    application that is still provisioned.
    """

    changes: int | None = None
    addresses: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    problem: str = ""

    @property
    def is_empty(self) -> bool:
        return self.changes == 0


NOT_PLANNED = PlanProof()


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptedApplication:
    """One application of the tenant with a provisioning job, and its spec.

    `omitted` is what the spec cannot say, with the reason; `unread` is what Graph denied reading, and `unread_advice`
    what to do about it. `differences` are the addresses of what a previous spec had
    otherwise. `in_scope` are the users whom the job provisions, None if they could not be counted. `owners` are those of
    the spec, `entra_owners` those of the enterprise application in Entra. `secrets` are the references of the spec. `retired` is the day
    on which the application was retired, as the spec says.
    """

    name: str
    display_name: str
    app_id: str = ""
    path: str = ""
    action: Action
    problem: str = ""
    jobs: tuple[JobStatus, ...] = ()
    in_scope: Impact | None = None
    omitted: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    unread_advice: str = ""
    proof: PlanProof = NOT_PLANNED
    differences: tuple[str, ...] = ()
    owners: tuple[Contact, ...] = ()
    entra_owners: tuple[Contact, ...] = ()
    entra_owners_problem: str = ""
    recipients: tuple[Contact, ...] = ()
    mail_problem: str = ""
    secrets: tuple[str, ...] = ()
    retired: str = ""

    @property
    def is_failed(self) -> bool:
        return self.action == "failed"

    @property
    def has_spec(self) -> bool:
        return self.action not in ("failed", "gone")


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptionResult:
    """All applications, by name, and the specs whose application the tenant does not have."""

    applications: tuple[AdoptedApplication, ...] = ()
    orphans: tuple[str, ...] = ()

    def count(self, *actions: Action) -> int:
        return sum(application.action in actions for application in self.applications)


def tasks(application: AdoptedApplication) -> Iterator[str]:
    """Yield what is left to do for an application, each as a sentence."""
    if not application.has_spec:
        yield application.problem
        return
    if application.unread_advice:
        yield application.unread_advice
    yield from _plan_tasks(application.proof, application.action)
    if application.retired:
        return
    for job in application.jobs:
        if job.quarantine is not None:
            action = job.quarantine.cause.action_for(shlex.quote(application.path))
            yield f"end the quarantine ({job.quarantine.reason}): {action}"
    for reference in application.secrets:
        yield f"store the secret of the connection as {reference}: an apply that changes the connection or a setting sends it"
    yield from (contact.warning for contact in application.owners if contact.is_absent)
    if not application.owners:
        proposed = ", ".join(contact.name or contact.text for contact in application.entra_owners)
        yield "name who answers for it under `owners`" + (f"; the owners in Entra are {proposed}" if proposed else "")
    yield from (
        contact.warning for contact in application.recipients if contact.warning and contact.state not in UNCHECKED
    )
    if not application.recipients and not application.mail_problem:
        yield "nobody gets emails about a quarantine: set `provisioning.notifications`"


def _plan_tasks(proof: PlanProof, action: Action) -> Iterator[str]:
    if proof.problem:
        yield f"the spec could not be planned: {proof.problem}"
    elif proof.changes:
        number = "1 change" if proof.changes == 1 else f"{proof.changes:,} changes"
        more = f" and {proof.changes - MAX_CHANGES:,} more" if proof.changes > MAX_CHANGES else ""
        cause = (
            "the spec and the tenant differ" if action == "kept" else "this is a defect of scimconf, please report it"
        )
        yield f"the plan has {number} ({', '.join(proof.addresses[:MAX_CHANGES])}{more}): {cause}"
    yield from proof.warnings
