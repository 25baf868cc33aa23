"""Sentences about how an apply ended, for every output format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from scimconf.plan import Address, ApplyStatus, Pause, Report, Result, StepOutcome
from scimconf.render.common.change_view import address_row

Rows = dict[tuple[str, str], list[str]]
"""Rows of a plan, as (kind, address), each with the values of its addresses."""
MAX_LISTED = 20
"""So many outcomes are listed; more are counted."""
MAX_NAMED = 3
REMOVED = "removed"
"""The word for the result of a deletion that is done."""

_LASTS = "nobody is created, changed or disabled until an apply succeeds"
_OFF = (
    "Provisioning is off, as --no-start leaves it: nobody is created, changed or disabled, and users who leave keep their "
    "access. Try single users with `scimconf provision`."
)
_UNCONFIRMED = {Pause.PAUSE_UNCONFIRMED: "pause", Pause.START_UNCONFIRMED: "start"}
_NEXT_STEPS = {
    ApplyStatus.FAILED: "No changes were made. Fix the problem and run apply again.",
    ApplyStatus.STALE: "The tenant has changed since the plan. Plan again, review the new plan, and apply it.",
    ApplyStatus.LOCKED: "No changes were made. When the other run has ended, plan again and apply the new plan.",
    ApplyStatus.BLOCKED: "A guard blocked the plan. Allow the guard if the change is intended, then run apply again.",
    ApplyStatus.PARTIALLY_APPLIED: "Fix the problem and run apply again: it plans again and does what remains.",
    ApplyStatus.INVALID: "Fix the spec and run apply again.",
    ApplyStatus.PUT_BACK: "The documents are as before, and so is provisioning. When the reason is resolved, apply again.",
    ApplyStatus.INTERRUPTED: "Interrupted. Run apply again: it plans again and does what remains.",
}
_DECLINED = "You did not approve the new plan. Run apply again to see it, or change the spec first."


def rows_by_word(report: Report) -> dict[str, Rows]:
    """Return what is done, removed and already matching, by these words, in rows as the plan shows them."""
    rows: dict[str, Rows] = {Result.DONE.word: {}, REMOVED: {}, Result.MATCHING.word: {}}
    for address, result in sorted(report.by_address().items()):
        word = REMOVED if result is Result.DONE and address in report.removed else result.word
        if word in rows:
            row, value = address_row(address)
            rows[word].setdefault((address.kind, row), []).append(value)
    return rows


def groups(report: Report, result: Result) -> list[list[StepOutcome]]:
    """Return the outcomes with a result, as lists of which a long one is shown as one: failures by their reason."""
    outcomes = [outcome for outcome in report.outcomes if outcome.result is result]
    if result is not Result.FAILED:
        return [outcomes] if outcomes else []
    by_reason: dict[tuple[str, str], list[StepOutcome]] = {}
    for outcome in outcomes:
        by_reason.setdefault((outcome.detail, outcome.hint), []).append(outcome)
    return list(by_reason.values())


def examples(outcomes: Sequence[StepOutcome]) -> str:
    """Return the first rows of failures that are shown as one: `assignment/user:ada@contoso.com, … and 12 more`."""
    rows = [_row(address)[1] for outcome in outcomes for address in outcome.addresses][:MAX_NAMED]
    return f"{', '.join(rows)} and {len(outcomes) - len(rows):,} more"


def result_sentence(report: Report) -> str:
    """Return how many rows of the plan have each result; "" for none after an apply that did not succeed."""
    results: dict[tuple[str, str], Result] = {}
    for address, result in report.by_address().items():
        row = _row(address)
        results[row] = max(result, results.get(row, Result.DONE))
    numbers = Counter(results.values())
    if not numbers:
        return "" if report.status in _NEXT_STEPS else "No changes were made."
    return "; ".join(f"{numbers[result]:,} {result.word}" for result in Result if numbers[result]) + "."


def _row(address: Address) -> tuple[str, str]:
    return address.kind, address_row(address)[0]


def next_sentence(report: Report) -> str:
    """Return how to continue, "" after a success."""
    return _DECLINED if report.declined else _NEXT_STEPS.get(report.status, "")


def _colon(report: Report) -> str:
    return ":" if report.command else ""


def paused_sentence(report: Report) -> str:
    """Return since when provisioning is paused, or may be; it ends with a colon if the report has a command to go on."""
    since = "this apply" if report.paused_since is None else f"{report.paused_since:%Y-%m-%d %H:%M:%S} UTC"
    end = ". Run:" if report.command else ". Run apply again."
    if report.pause is Pause.NOT_STARTED:
        return f"{_OFF} {'Then start it' if report.command else 'Then apply without --no-start.'}{_colon(report)}"
    if report.pause is Pause.EARLIER:
        return f"Provisioning was off before this apply and was not started: {_LASTS}{end}"
    request = _UNCONFIRMED.get(report.pause)
    if request is None:
        return f"Provisioning is paused since {since}: {_LASTS}{end}"
    return f"Provisioning may be paused since {since}: Graph did not confirm the {request}. If it is, {_LASTS}{end}"
