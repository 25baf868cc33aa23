"""Deletions that the service holds back: those that a plan undoes, and those that it would cause."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from scimconf.diagnostics import Diagnostic, ScimconfError, plural
from scimconf.documents import rows
from scimconf.impact.queries import affected_by
from scimconf.kinds.identity import identified_by
from scimconf.kinds.mappings import find_object_mapping
from scimconf.kinds.provisioning import OnePrincipal, ProvisioningState
from scimconf.kinds.schedule import live_job
from scimconf.monitoring.job_commands import StagedDeletion
from scimconf.monitoring.job_status import job_status
from scimconf.monitoring.retirement import reaches_threshold
from scimconf.plan import Change, Effect, Impact
from scimconf.snapshot import Snapshot
from scimconf.spec.model import ObjectMapping, Spec

if TYPE_CHECKING:
    from scimconf.graph.client import Graph

_GROUPS = "groups"
"""The object mapping of groups."""
_UNLISTED_HINT = (
    "Users who come back into scope may have an account, and are counted as if they were created. Compare them with the "
    "deletions in the portal; `--allow quarantined` then allows the guard."
)


async def held_back(
    graph: Graph, snapshot: Snapshot, changes: Iterable[Change], now: datetime
) -> tuple[Mapping[str, str], tuple[Diagnostic, ...]]:
    """Return the names of the users whose deletion is held back, by id, if changes provision users; else nothing.

    If the provisioning log does not list them, return no users, and the warning K304 that says so.
    """
    job = live_job(snapshot)
    if job is None or not any(Effect.PROVISIONS in change.effects for change in changes):
        return {}, ()
    status = job_status(job, now)
    if not status.holds_deletions:
        return {}, ()
    from scimconf.workflow.job_commands import held_deletions

    try:
        staged = await held_deletions(graph, status, now)
    except ScimconfError as error:
        return {}, (Diagnostic("K304", str(error), hint=_UNLISTED_HINT, severity="warning"),)
    return users_held_back(staged), ()


def users_held_back(staged: Iterable[StagedDeletion]) -> Mapping[str, str]:
    """Return the names of the users among deletions that are held back, by id, if they certainly have an account.

    A name that is no user principal name is replaced by the id, since it would not be redacted.
    """
    events = [deletion.event for deletion in staged if deletion.is_certain or deletion.event.target_id]
    return {
        event.source_id: event.source_name if "@" in event.source_name else event.source_id
        for event in events
        if event.source_id and event.kind.lower() == "user"
    }


def threshold_warnings(
    spec: Spec, snapshot: Snapshot, after: ProvisioningState, changes: Iterable[Change], leaving: Impact | None
) -> Iterable[Diagnostic]:
    """Yield K305 if more users leave by a plan than the deletion threshold of the job allows; `leaving` is their impact.

    Nothing is yielded if the service sends nothing for them: provisioning stays off, or out-of-scope deletions are skipped.
    """
    threshold = after.deletion_threshold
    if threshold is None or leaving is None or not spec.provisioning.enabled or after.skip_out_of_scope_deletions:
        return
    most = leaving.count + leaving.undetermined
    groups = _leaving_groups(spec, snapshot, changes)
    if not reaches_threshold(most + groups, threshold):
        return
    is_bound = leaving.precision == "at_most" or bool(leaving.undetermined)
    bound = "up to " if is_bound else "at least " if leaving.precision == "at_least" or leaving.sample_size else ""
    number = f"{bound}{plural(most, 'user')}" + (f" and {plural(groups, 'group')}" if groups else "")
    leave = "leaves" if most + groups == 1 else "leave"
    verb = "may hold" if is_bound and not reaches_threshold(leaving.count + groups, threshold) else "holds"
    message = (
        f"{number} {leave} the scope at once, and the deletion threshold is {threshold:,}: the service {verb} "
        "these deletions back, and puts the job into quarantine"
    )
    hint = f"If they are right, run `scimconf allow-deletions {_selector(spec)}` after the next cycle."
    yield Diagnostic("K305", message, ("provisioning", "deletion_threshold"), hint=hint, severity="warning")


def restart_command(spec: Spec) -> str:
    """Return the command that starts the next cycle of a spec's application."""
    return f"scimconf restart {_selector(spec)}"


def _selector(spec: Spec) -> str:
    return f"--app {shlex.quote(identified_by(spec)[2])}"


def _leaving_groups(spec: Spec, snapshot: Snapshot, changes: Iterable[Change]) -> int:
    """Return the number of groups that lose their last role, if the application provisions groups."""
    location = find_object_mapping(snapshot, _GROUPS, spec.mappings.get(_GROUPS, ObjectMapping()))
    if location is None or not rows.object_fields(location.mapping)["enabled"]:
        return 0
    principals = (affected_by(change).get(Effect.DEPROVISIONS) for change in changes)
    return len({each.id for each in principals if isinstance(each, OnePrincipal) and each.is_group})
