"""Results of the checks of a SCIM endpoint or of a rehearsal, as frozen values.

The texts and bodies contain no secrets: who sends the requests masks them before an exchange is recorded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from scimconf.json_types import Json

ReportKind = Literal["rehearsal", "endpoint"]


class CheckStatus(Enum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    WARNING = "warning"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its response.

    `request` is the method and the path with its query; `response` is the status with its reason, or the reason why there
    was none. A body that is no JSON is a string; a request or response without a body has None.
    """

    request: str
    request_body: Json | None
    response: str
    response_body: Json | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What was expected of one check, and what happened.

    `actual` is the reason of a skipped check. `consequence` says what Entra would do next, `hint` what to change; both are
    empty for a passed check. `group` is the heading under which a report lists the check.
    """

    id: str
    title: str
    status: CheckStatus
    expected: str
    actual: str
    exchanges: tuple[Exchange, ...] = ()
    consequence: str = ""
    hint: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """The results of one run in the order of the checks.

    `subject` is the path of the spec or the list of checks; `endpoint` is the base address without a query; `dialect` is
    "legacy" or "compliant". `remarks` are sentences about the whole run, `leftovers` the paths of what the run created and
    could not delete.
    """

    kind: ReportKind
    subject: str
    endpoint: str
    dialect: str
    results: tuple[CheckResult, ...]
    remarks: tuple[str, ...] = ()
    leftovers: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 if no check failed and nothing is left over, 2 if a check failed, 5 if something is left over.

        Warnings and skipped checks do not change it.
        """
        if self.leftovers:
            return 5
        return 2 if self.counts[CheckStatus.FAILED] else 0

    @property
    def counts(self) -> Mapping[CheckStatus, int]:
        """Return the number of results of every status."""
        counter = Counter(result.status for result in self.results)
        return {status: counter[status] for status in CheckStatus}
