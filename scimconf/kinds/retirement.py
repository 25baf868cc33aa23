"""The end of an application in the words of the kinds: the spec that empties it, and the steps that shut it down."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from scimconf.documents import job as job_documents
from scimconf.documents import secrets as secret_documents
from scimconf.json_types import Json
from scimconf.kinds.connection import ConnectionKind
from scimconf.kinds.identity import identified_by
from scimconf.kinds.provisioning import ProvisioningState
from scimconf.kinds.schedule import ScheduleKind
from scimconf.plan import Action, Change
from scimconf.snapshot import Snapshot
from scimconf.spec.model import Application, Assignments, Provisioning, Spec
from scimconf.steps import Edit, Phase, Read, Send, Step

REASON = "the application is being retired"
_SOFT_DELETED = "[IsSoftDeleted]"


def emptying_spec(spec: Spec, *, narrows: bool, runs: bool) -> Spec:
    """Return the spec that removes all assignments of an application, and nothing else.

    With `narrows` it also sets the scope to assigned users, which writes the secrets: it then has the connection, for its
    references. With `runs` provisioning is on, so that the removed users are disabled.
    """
    field, _, value = identified_by(spec)
    scope = {"scope": "assigned"} if narrows else {}
    return spec.model_copy(
        update={
            "retired": None,
            "application": Application.model_validate({field: value}),
            "connection": spec.connection if narrows else None,
            "provisioning": Provisioning.model_validate({"enabled": runs, **scope}),
            "mappings": {},
            "app_roles": None,
            "role_attribute": None,
            "assignments": Assignments.model_validate({"unlisted": "delete"}),
            "tests": (),
        }
    )


def not_emptied(spec: Spec) -> tuple[str, ...]:
    """Return the addresses that the plan of an emptying spec leaves out: the connection, which is only its references."""
    return (str(ConnectionKind().address(spec)),)


def with_reason(change: Change) -> Change:
    """Return a change of the plan of an emptying spec; a deletion has the reason that the application ends."""
    return replace(change, reason=REASON) if change.action is Action.DELETE else change


def stored_secrets(snapshot: Snapshot) -> tuple[str, ...]:
    """Return the sorted keys of the secrets and tokens that Entra has of an application."""
    raw = snapshot.get("secrets")
    return tuple(sorted(secret_documents.masked(raw) | secret_documents.service_owned(raw)))


def shutdown_steps(spec: Spec, snapshot: Snapshot) -> Iterable[Step]:
    """Yield the steps that pause the job, and then delete the stored secrets; what is done already is no step."""
    job_id = snapshot.names.get("job")
    schedule, connection = ScheduleKind().address(spec), ConnectionKind().address(spec)
    if any(job["id"] == job_id and job_documents.is_on(job) for job in snapshot.rows("jobs")):
        path, job = f"{job_documents.BASE}/jobs/{{job}}/pause", job_documents.job()
        yield Send(Phase.STOP, (schedule,), "stop provisioning", "POST", path)
        yield Read(Phase.STOP, (schedule,), "wait for provisioning to stop", job, "state_is", ("off",))
    document = secret_documents.secrets(None)
    for key in stored_secrets(snapshot):
        yield Edit(Phase.CLEAR, (connection,), f"delete the stored {key}", document, "remove_value", (key,))


def closes_leavers(state: ProvisioningState, definitions: Iterable[Json]) -> str:
    """Return what the service does with users who leave the scope: "disable", "delete", or "" if it does nothing.

    It updates the mapping that reads IsSoftDeleted. An application whose users have no attribute `active` gets a deletion
    (Entra: how provisioning works, deprovisioning).
    """
    disables = any(_SOFT_DELETED in str(row.get("source")) for row in state.rows.values())
    if disables and "update" in state.actions and state.enabled:
        return "disable"
    has_active = any("active" in str(definition.get("name")).lower() for definition in definitions)
    return "delete" if not has_active and "delete" in state.actions and state.enabled else ""
