"""What became of each address in an apply: done, failed, skipped, or not yet to be seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from types import MappingProxyType

from scimconf.diagnostics import Diagnostic
from scimconf.plan.resource import Address


class Result(IntEnum):
    """From best to worst: an address is as well as its worst step."""

    DONE = 0
    UNCONFIRMED = 1
    SKIPPED = 2
    FAILED = 3

    @property
    def word(self) -> str:
        return ("done", "written, not yet visible", "skipped", "failed")[self.value]


class ApplyStatus(Enum):
    """How the apply of one application ended. `cli/exit_codes.py` maps it to a number."""

    APPLIED = "applied"
    """Every change was made, or there was none."""
    FAILED = "failed"
    """Nothing was written."""
    STALE = "stale"
    """The tenant has changed since the plan; nothing was written."""
    BLOCKED = "blocked"
    """A guard blocks the apply; nothing was written."""
    INVALID = "invalid"
    """The spec has errors; nothing was written."""
    PARTIALLY_APPLIED = "partially applied"
    """It stopped after a write."""
    INTERRUPTED = "interrupted"
    """It was asked to stop."""


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """One step's result for the addresses that it serves; `detail` is a sentence where it is not plainly done."""

    result: Result
    addresses: tuple[Address, ...]
    message: str
    detail: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What one application's apply did. `wrote` says whether any write reached Graph, or may have."""

    name: str
    outcomes: tuple[StepOutcome, ...] = ()
    wrote: bool = False
    backup: str = ""
    warnings: tuple[str, ...] = ()
    error: str = ""
    hint: str = ""
    diagnostics: tuple[Diagnostic, ...] = ()
    status: ApplyStatus = ApplyStatus.APPLIED

    def by_address(self) -> Mapping[Address, Result]:
        return worst(self.outcomes)

    @property
    def failed(self) -> tuple[StepOutcome, ...]:
        return tuple(one for one in self.outcomes if one.result is Result.FAILED)


def worst(outcomes: Iterable[StepOutcome]) -> Mapping[Address, Result]:
    """Each address with the worst result of the steps that served it."""
    results: dict[Address, Result] = {}
    for outcome in outcomes:
        for address in outcome.addresses:
            results[address] = max(outcome.result, results.get(address, Result.DONE))
    return MappingProxyType(results)


@dataclass(frozen=True, slots=True)
class Reports:
    """The reports of one command over several applications."""

    applications: tuple[Report, ...] = field(default_factory=tuple)
