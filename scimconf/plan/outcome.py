"""The results of an apply: of each step, of each address, and of each application."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, IntEnum
from types import MappingProxyType
from typing import Any

from scimconf.diagnostics import Diagnostic
from scimconf.plan.change import Tenant
from scimconf.plan.resource import Address


class Result(IntEnum):
    """The result of a step, from best to worst; an address has the worst result of its steps.

    MATCHING is the result of a change that a partial plan shows and that needed no step: the new application has it.
    """

    DONE = 0
    MATCHING = 1
    UNCONFIRMED = 2
    SKIPPED = 3
    FAILED = 4

    @property
    def word(self) -> str:
        return ("done", "already matching", "written, not yet visible", "skipped", "failed")[self.value]


class Pause(Enum):
    """Whether provisioning, which is to run, is paused when an apply ends, as far as Graph's responses show it."""

    NONE = ""
    CONFIRMED = "paused"
    PAUSE_UNCONFIRMED = "pause unconfirmed"
    """The pause may have taken effect: its response was lost."""
    START_UNCONFIRMED = "start unconfirmed"
    """It was paused, and the start may have taken effect."""
    EARLIER = "paused before"
    """It was paused before this apply, and not started."""
    NOT_STARTED = "not started"
    """It is off, since this apply was not to start it."""


class ApplyStatus(Enum):
    """How the apply of one application ended. `cli/exit_codes.py` maps it to a number."""

    APPLIED = "applied"
    """Every change was made, or there was none."""
    FAILED = "failed"
    """Nothing was written."""
    STALE = "stale"
    """The tenant has changed since the plan; nothing was written."""
    LOCKED = "locked"
    """Another run has the lock of the application; nothing was written."""
    BLOCKED = "blocked"
    """A guard blocks the apply; nothing was written."""
    INVALID = "invalid"
    """The spec has errors; nothing was written."""
    PARTIALLY_APPLIED = "partially applied"
    """It stopped after a write, or did not start provisioning because the stored credentials are refused."""
    PUT_BACK = "put back"
    """A canary was not as predicted or not approved: the documents are as before, and provisioning is on or off as before."""
    INTERRUPTED = "interrupted"
    """It was asked to stop."""


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """The result of one step for its addresses; `detail` explains a result other than DONE.

    `may_be_done`: the step failed or was given up, and one of its requests may have taken effect.
    """

    result: Result
    addresses: tuple[Address, ...]
    message: str
    detail: str = ""
    hint: str = ""
    may_be_done: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """The apply of one application. `wrote` says whether a write reached Graph, or may have.

    `removed` are the addresses that the plan deletes. `declined`: a later plan of the apply was not approved.
    `pause`: whether this apply paused provisioning and did not start it again; `paused_since` is when, by Graph's clock,
    None if Graph sent no date. `command` is the command that continues, "" if the caller is not the command line.
    `documents` are those that the last plan of the apply read, by name; `history_entry` is the place of those
    before it.
    """

    name: str
    outcomes: tuple[StepOutcome, ...] = ()
    wrote: bool = False
    history_entry: str = ""
    warnings: tuple[str, ...] = ()
    error: str = ""
    hint: str = ""
    diagnostics: tuple[Diagnostic, ...] = ()
    status: ApplyStatus = ApplyStatus.APPLIED
    removed: frozenset[Address] = frozenset()
    declined: bool = False
    pause: Pause = Pause.NONE
    paused_since: datetime | None = None
    command: str = ""
    documents: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), repr=False, compare=False)

    def by_address(self) -> Mapping[Address, Result]:
        """Return each address with the worst result of its steps."""
        results: dict[Address, Result] = {}
        for outcome in self.outcomes:
            for address in outcome.addresses:
                results[address] = max(outcome.result, results.get(address, Result.DONE))
        return results

    @property
    def is_paused(self) -> bool:
        """Whether provisioning is paused, or may be."""
        return self.pause is not Pause.NONE

    @property
    def is_complete(self) -> bool:
        """Whether every change was made, or there was none."""
        return self.status is ApplyStatus.APPLIED

    @property
    def failed(self) -> tuple[StepOutcome, ...]:
        return tuple(outcome for outcome in self.outcomes if outcome.result is Result.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitReport:
    """How a whole apply ended: each application with its tenant, the exit code and its meaning.

    `exit_code` is None while the apply has not ended. `errors` are sentences about the whole command, `details` the lines
    that explain them.
    """

    applications: tuple[tuple[Tenant, Report], ...] = ()
    tenants: tuple[Tenant, ...] = ()
    exit_code: int | None = None
    meaning: str = ""
    errors: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
