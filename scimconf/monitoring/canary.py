"""A canary: single users who are provisioned on demand with changes that nobody else has yet, judged without I/O.

What was sent for them stays in the application when the documents are put back. The next cycle evaluates them again with the
mappings of before, and so brings back the values that those mappings send; all other values stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from scimconf.monitoring.comparison import (
    Agreement,
    LogComparison,
    UserComparison,
    redacted_comparison,
)
from scimconf.monitoring.log_events import redacted_event
from scimconf.monitoring.on_demand import OnDemandResult, OnDemandVerdict
from scimconf.plan.preview import UserState
from scimconf.plan.sent_request import SentRequest

_PREDICTED = (Agreement.AGREES, Agreement.UNDETERMINED)
_NOT_TRIED = "not tried, since the service did not provision on demand"
_NOT_KNOWN = "it is not known what was sent, since the answer of the service shows no result"


@dataclass(frozen=True, slots=True)
class CanaryUser:
    """A user of a canary: the name, the object id, and the user before and after the changes."""

    name: str
    user_id: str
    before: UserState
    after: UserState


@dataclass(frozen=True, slots=True)
class CanaryResult:
    """What was sent for one user. Without a `result` the call failed, for the reason `error`; `may_be_sent` if its answer is lost."""

    user: CanaryUser
    result: OnDemandResult | None = None
    comparison: UserComparison | None = None
    error: str = ""
    may_be_sent: bool = False

    @property
    def is_as_predicted(self) -> bool:
        """Whether the user is provisioned, or was so already, and every determined value is as predicted."""
        if self.result is None or self.result.verdict is OnDemandVerdict.NOT_PROVISIONED or self.comparison is None:
            return False
        values = {row.agreement for row in self.comparison.attributes}
        return {self.comparison.agreement, *values} <= {*_PREDICTED}

    @property
    def is_compared(self) -> bool:
        """Whether a value was sent that could be compared with the predicted one: without any, the user proves nothing."""
        determined = (Agreement.AGREES, Agreement.DISAGREES)
        return self.comparison is not None and any(row.agreement in determined for row in self.comparison.attributes)


def redacted_result(result: CanaryResult) -> CanaryResult:
    """Return a result without names, and with the form of values only."""
    user = replace(result.user, name=f"user-{result.user.user_id[:8]}")
    if result.result is None or result.comparison is None:
        return replace(result, user=user, error="the call failed" if result.error else "")
    comparison = redacted_comparison(LogComparison("", (result.comparison,))).users[0]
    on_demand = replace(result.result, event=redacted_event(result.result.event), steps=())
    return replace(result, user=user, result=on_demand, comparison=comparison)


def problems(result: CanaryResult) -> Iterator[str]:
    """Yield why a result is not as predicted, or that there is none, as sentences without a full stop."""
    name = result.user.name
    if result.error:
        yield f"{name}: {_NOT_KNOWN if result.may_be_sent else _NOT_TRIED}: {result.error}"
    elif result.result is None or result.result.verdict is OnDemandVerdict.NOT_PROVISIONED:
        code = result.result.event.code if result.result is not None else ""
        yield f"{name}: not provisioned{f' ({code})' if code else ''}"
    elif result.comparison is not None and not result.is_as_predicted:
        wrong = [row.target for row in result.comparison.attributes if row.agreement not in _PREDICTED]
        note = result.comparison.note or "nothing to compare"
        yield f"{name}: not as predicted: {', '.join(wrong) or note}"


def leftovers(result: CanaryResult, *, is_on: bool, redact: bool = False) -> Iterator[str]:
    """Yield what a canary that was put back leaves in the application for a user, and what the next cycle does with it.

    `is_on`: provisioning runs again; otherwise there is no cycle before it is started. With `redact` no values are shown.
    """
    name, when = result.user.name, "the next cycle" if is_on else "the first cycle after a start"
    if result.may_be_sent:
        yield f"{name} may be provisioned with the changes; {when} evaluates the user again, without them"
    if result.result is None or result.result.verdict is not OnDemandVerdict.PROVISIONED or result.comparison is None:
        return
    if result.user.before.in_scope is False:
        yield (
            f"{name} is in the application and out of scope again: {when} disables or deletes the account as far as the "
            "mappings and target actions permit, otherwise it stays"
        )
        return
    for row in result.comparison.attributes:
        again = _value(result.user.before.sent.get(row.target))
        if row.recorded is not None and again != row.recorded:
            sent = f"{row.target} is sent" if redact else f'{row.target} is "{row.recorded}" in the application'
            yield f"{name}: {sent}; {_next(result.user.before, row.target, '' if redact else again, when)}"


def _value(request: SentRequest | None) -> str | None:
    """Return what a mapping sends in an update, None for nothing, or if it is not known."""
    value = request.updated if request is not None else None
    return ", ".join(value) if isinstance(value, tuple) else value or None


def _next(before: UserState, target: str, value: str | None, when: str) -> str:
    """Return what a cycle with the mappings of before does with an attribute; "" stands for a value that is not shown."""
    request = before.sent.get(target)
    if request is None:
        return "no mapping of before sends it, so it stays"
    if request.kind == "undetermined":
        return f"{when} sends a value that only Entra knows"
    if _value(request) is None:
        return "the mapping of before sends nothing, so it stays"
    return f'{when} sends "{value}"' if value else f"{when} sends the value of before"
