"""The checks of `scimconf doctor`: one for each question, with what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class DoctorState(StrEnum):
    """Whether something is as it should be. UNKNOWN: nothing shows it, so nothing is claimed."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class DoctorCheck:
    """The result of a check; `hint` says what to do, "" if nothing. Checks of one group are printed together."""

    group: str
    state: DoctorState
    text: str
    hint: str = ""
