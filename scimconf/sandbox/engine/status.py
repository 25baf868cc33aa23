"""The status of a job after a cycle, in the form of Graph's synchronizationStatus."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scimconf.sandbox.data_files import new_document
from scimconf.sandbox.engine.quarantine import QuarantineCause, parse_stamp, quarantine, stamp
from scimconf.sandbox.engine.values import Json

NEVER = "0001-01-01T00:00:00Z"


@dataclass(slots=True)
class Counts:
    """What a cycle counts (Graph: synchronizationTaskExecution)."""

    imported: int = 0
    deltas: int = 0
    reference_deltas: int = 0
    entitled: int = 0
    entitled_for_provisioning: int = 0
    exports: int = 0
    exported: int = 0
    events: int = 0
    failures: int = 0
    reference_failures: int = 0
    escrowed: int = 0
    escrowed_references: int = 0


@dataclass(frozen=True, slots=True)
class CycleResult:
    """How a cycle ended. `is_complete` is False if the endpoint did not permit to continue."""

    cycle_id: str
    began: datetime
    ended: datetime
    counts: Counts
    cause: QuarantineCause | None = None
    is_complete: bool = True
    links: tuple[tuple[str, int], ...] = ()
    pruned: bool = False


def execution(result: CycleResult, escrow_state: str) -> Json:
    """Return the execution of a cycle; `escrow_state` is the state of one with objects in escrow."""
    counts = result.counts
    state = escrow_state if counts.escrowed or counts.escrowed_references else "Succeeded"
    return {
        **new_document("execution"),
        "activityIdentifier": result.cycle_id,
        "countEntitled": counts.entitled,
        "countEntitledForProvisioning": counts.entitled_for_provisioning,
        "countEscrowed": counts.escrowed,
        "countEscrowedRaw": counts.escrowed + counts.escrowed_references,
        "countExported": counts.exported,
        "countExports": counts.exports,
        "countImported": counts.imported,
        "countImportedDeltas": counts.deltas,
        "countImportedReferenceDeltas": counts.reference_deltas,
        "error": None if result.cause is None else result.cause.error(),
        "state": state if result.is_complete else "Failed",
        "timeBegan": stamp(result.began),
        "timeEnded": stamp(result.ended),
    }


def after_cycle(status: Json, result: CycleResult, escrow_state: str) -> Json:
    """Return the status of a job after a cycle; `code` stays that of a job that was paused meanwhile."""
    run, ended = execution(result, escrow_state), stamp(result.ended)
    changed: Json = {"lastExecution": run, "escrowsPruned": status["escrowsPruned"] or result.pruned}
    changed["synchronizedEntryCountByType"] = [{"key": key, "value": value} for key, value in result.links]
    changed["quarantine"] = quarantine(status["quarantine"], result.cause, result.ended) if result.cause else None
    if status["code"] != "Paused":
        changed["code"] = "Quarantine" if result.cause else "Active"
    if not result.is_complete:
        return status | changed | {"countSuccessiveCompleteFailures": status["countSuccessiveCompleteFailures"] + 1}
    first = status["steadyStateFirstAchievedTime"]
    changed["countSuccessiveCompleteFailures"] = 0
    if result.cause is None:
        changed["steadyStateFirstAchievedTime"] = ended if first == NEVER else first
        changed["steadyStateLastAchievedTime"] = ended
    return status | changed | _successful(run, result)


def _successful(run: Json, result: CycleResult) -> Json:
    """Return the last executions without errors: an object in escrow is one."""
    if result.cause is not None or run["countEscrowedRaw"]:
        return {}
    return {"lastSuccessfulExecution": run} | (
        {"lastSuccessfulExecutionWithExports": run} if run["countExported"] else {}
    )


def progress(done: int, total: int, now: datetime) -> list[Json]:
    """Return the progress of a running cycle in objects (Graph: synchronizationProgress)."""
    return [
        {
            "completedUnits": done,
            "progressObservationDateTime": stamp(now),
            "totalUnits": total,
            "units": "Objects",
        }
    ]


def expired(job: Json, position: str) -> Json:
    """Return a job that was in quarantine for four weeks: disabled; `position` is that of `expired_quarantine`."""
    status: dict[str, Any] = dict(job["status"])
    if position in ("paused", "paused_cleared"):
        status["code"] = "Paused"
    if position in ("cleared", "paused_cleared"):
        status["quarantine"] = None
    return job | {"schedule": job["schedule"] | {"state": "Disabled"}, "status": status}


def since(text: str, now: datetime) -> float:
    """Return the minutes since a stamp; without a stamp, more than any limit."""
    return (now - parse_stamp(text)).total_seconds() / 60 if text else float("inf")
