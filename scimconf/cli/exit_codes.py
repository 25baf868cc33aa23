"""Exit codes. `docs/exit-codes.md` explains each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scimconf.plan.outcome import ApplyStatus


class ExitCode(IntEnum):
    """How a command ends. `QUARANTINE` is for commands that read the status of a job."""

    OK = 0
    FAILED = 1
    CHANGES = 2
    STALE = 3
    BLOCKED = 4
    PARTIALLY_APPLIED = 5
    QUARANTINE = 6
    PUT_BACK = 7
    USAGE = 64
    INVALID = 65
    INTERRUPTED = 130


MEANINGS: Mapping[ExitCode, str] = MappingProxyType(
    {
        ExitCode.OK: "success",
        ExitCode.FAILED: "failed before anything was written",
        ExitCode.CHANGES: "changes or drift",
        ExitCode.STALE: "stale",
        ExitCode.BLOCKED: "blocked",
        ExitCode.PARTIALLY_APPLIED: "partially applied",
        ExitCode.QUARANTINE: "the provisioning job is in quarantine",
        ExitCode.PUT_BACK: "put back",
        ExitCode.USAGE: "wrong usage",
        ExitCode.INVALID: "errors in the spec or in the saved plan",
        ExitCode.INTERRUPTED: "interrupted",
    }
)
"""What `docs/exit-codes.md` begins each explanation with."""
PRECEDENCE = (
    ExitCode.PARTIALLY_APPLIED,
    ExitCode.FAILED,
    ExitCode.INVALID,
    ExitCode.STALE,
    ExitCode.BLOCKED,
    ExitCode.PUT_BACK,
    ExitCode.QUARANTINE,
    ExitCode.INTERRUPTED,
    ExitCode.CHANGES,
    ExitCode.OK,
)
"""If applications end differently, the command ends with the first of these that occurs."""


def of_status(status: ApplyStatus) -> ExitCode:
    """Return the exit code of one application's apply: the one with the name of the status, if there is one.

    If another run has the lock, the plan is stale as soon as that run has ended.
    """
    names = {"APPLIED": "OK", "LOCKED": "STALE"}
    return ExitCode[names.get(status.name, status.name)]


def combine(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the exit code of a command from those of its parts."""
    present = {ExitCode.OK, *codes}
    return next(code for code in PRECEDENCE if code in present)
