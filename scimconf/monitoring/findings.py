"""What `scimconf doctor` finds: one finding for each question, with what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FindingState(StrEnum):
    """Whether something is as it should be. UNKNOWN: nothing shows it, so nothing is claimed."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding; `hint` says what to do, "" if nothing. Findings of one group are printed together."""

    group: str
    state: FindingState
    text: str
    hint: str = ""
