"""When a job is put into quarantine, and when failed objects and jobs are tried again.

Entra documents the thresholds, the intervals of retries, and that cycles in quarantine are daily. Times are those of the
tenant's clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from scimconf.sandbox.engine.values import Json

PREFIX = "SystemForCrossDomainIdentityManagement"
"""The name of the connector in error codes."""
EXPIRY = timedelta(days=28)
"""The age at which a failed object is dropped, and a job in quarantine is disabled."""

_OBJECT_INTERVALS = (timedelta(0), timedelta(hours=6), timedelta(hours=12), timedelta(hours=24))
_JOB_INTERVALS = (timedelta(minutes=5), timedelta(hours=6), timedelta(hours=12), timedelta(hours=24))
_LEAST_FAILURES = 5_000
_FAILED_PROPORTION = 0.4
_MOST_FAILURES = 40_000
_MOST_FAILURES_WITH_REFERENCES = 60_000
_STAMP = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class QuarantineCause:
    """Why a job is put into quarantine (Graph: quarantineReason, synchronizationError)."""

    reason: str
    code: str
    message: str

    def error(self) -> Json:
        return {"code": self.code, "message": self.message, "tenantActionable": True}


class QuarantineError(Exception):
    """A cycle cannot continue."""

    def __init__(self, cause: QuarantineCause) -> None:
        self.cause = cause
        super().__init__(cause.message)


def endpoint_failure(name: str, message: str) -> QuarantineCause:
    """Return the cause for an endpoint that refuses the credentials or is not a SCIM endpoint, after any count."""
    return QuarantineCause("EncounteredQuarantineException", f"{PREFIX}{name}", message)


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(_STAMP)


def parse_stamp(text: str) -> datetime:
    return datetime.strptime(text, _STAMP).replace(tzinfo=UTC)


def next_attempt(now: datetime, attempts: int) -> datetime:
    """Return when an object that has failed `attempts` times is tried again: in the next cycle, later every day."""
    return now + _OBJECT_INTERVALS[min(attempts, len(_OBJECT_INTERVALS)) - 1]


def failure_cause(events: int, failures: int, reference_failures: int) -> QuarantineCause | None:
    """Return the cause if too many events of a cycle failed; `failures` are those of objects."""
    if failures >= _LEAST_FAILURES and failures > events * _FAILED_PROPORTION:
        share = "EncounteredEscrowProportionThreshold"
        return QuarantineCause(share, share, f"{failures:,} of {events:,} events failed, which is more than 40 %.")
    if failures > _MOST_FAILURES:
        base = "EncounteredBaseEscrowThreshold"
        return QuarantineCause(base, base, f"{failures:,} events failed; the most is {_MOST_FAILURES:,}.")
    if failures + reference_failures > _MOST_FAILURES_WITH_REFERENCES:
        total, count = "EncounteredTotalEscrowThreshold", failures + reference_failures
        most = _MOST_FAILURES_WITH_REFERENCES
        return QuarantineCause(total, total, f"{count:,} events failed with references; the most is {most:,}.")
    return None


def deletions_cause(count: int, threshold: int) -> QuarantineCause:
    message = (
        f"{count:,} objects would be disabled or deleted in this cycle; the deletion threshold is {threshold:,}."
        " Nothing is disabled or deleted until the deletions are allowed, or fewer are due."
    )
    return QuarantineCause("TooManyDeletes", "TooManyDeletes", message)


def quarantine(previous: Json | None, cause: QuarantineCause, now: datetime) -> Json:
    """Return the quarantine of a job (Graph: synchronizationQuarantine); a series lasts until the quarantine ends."""
    count = (previous["seriesCount"] if previous else 0) + 1
    return {
        "currentBegan": stamp(now),
        "error": cause.error(),
        "nextAttempt": stamp(now + _JOB_INTERVALS[min(count, len(_JOB_INTERVALS)) - 1]),
        "reason": cause.reason,
        "seriesBegan": previous["seriesBegan"] if previous else stamp(now),
        "seriesCount": count,
    }


def is_due(previous: Json | None, now: datetime) -> bool:
    """Return whether a job runs its next cycle: always, unless it is in quarantine and its next attempt is later."""
    return previous is None or parse_stamp(previous["nextAttempt"]) <= now


def is_expired(previous: Json | None, now: datetime) -> bool:
    return previous is not None and now - parse_stamp(previous["seriesBegan"]) >= EXPIRY
