"""Comparisons of predictions with the provisioning log, as text and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from scimconf.diagnostics import plural
from scimconf.monitoring.comparison import MASK, Agreement, AttributeComparison, LogComparison, UserComparison
from scimconf.monitoring.switch_evidence import SwitchEvidence
from scimconf.monitoring.times import stamp
from scimconf.render.common.long_lists import MAX_ENTRIES
from scimconf.render.json import write
from scimconf.render.terminal.page import Page, joined

AGREEMENT_STYLES = {
    Agreement.DISAGREES: ("danger", "! "),
    Agreement.CHANGED_SINCE: ("update", "~ "),
    Agreement.UNDETERMINED: ("quiet", "? "),
    Agreement.AGREES: ("create", "= "),
    Agreement.NOT_COMPARED: ("quiet", "- "),
}
_USERS = {
    Agreement.AGREES: "as predicted",
    Agreement.DISAGREES: "not as predicted",
    Agreement.UNDETERMINED: "undetermined",
    Agreement.CHANGED_SINCE: "edited since",
    Agreement.NOT_COMPARED: "not compared",
}
_DETAILED = (Agreement.DISAGREES, Agreement.CHANGED_SINCE)


def text(comparisons: Sequence[LogComparison], *, width: int = 80, color: bool = False, full: bool = False) -> str:
    """Return counts and the users who disagree; `full` lists every user and attribute."""
    page = Page(width, color)
    return joined(line for comparison in comparisons for line in (*_application(page, comparison, full=full), ""))


def _application(page: Page, comparison: LogComparison, *, full: bool) -> Iterator[str]:
    if comparison.problem:
        yield from page.labelled(0, ("strong", f"{comparison.name}: "), ("danger", comparison.problem), hang=2)
        return
    yield from page.labelled(0, ("strong", f"{comparison.name}: "), ("strong", summary(comparison)), hang=2)
    if comparison.is_cut:
        yield from page.prose(2, "not all entries were compared; use a shorter --since", "update")
    for (target, mapping), count in comparison.disagreeing_mappings.items():
        source = f", whose mapping is {mapping}" if mapping else ""
        yield from page.labelled(
            2, ("danger", "! "), ("", f"{target}{source}: differs for {plural(count, 'user')}"), hang=4
        )
    listed = [user for user in comparison.users if full or user.agreement in _DETAILED]
    for user in listed if full else listed[:MAX_ENTRIES]:
        yield from _user(page, user, full=full)
    if not full and len(listed) > MAX_ENTRIES:
        yield from page.prose(2, f"and {len(listed) - MAX_ENTRIES:,} more users; --full lists all", "quiet")
    for item in comparison.evidence:
        yield from page.prose(2, evidence_text(item), "quiet" if item.position else "update", hang=2)


def evidence_text(evidence: SwitchEvidence) -> str:
    """Return what the log shows about a switch of the sandbox, with the number of observations."""
    counts = ", ".join(f"{position} ({count:,})" for position, count in evidence.counts.items())
    prefix = "undocumented behaviour observed" if evidence.position else "contradictory, so nothing follows"
    return f"{prefix}: {evidence.switch} is {counts}"


def summary(comparison: LogComparison) -> str:
    """Return how many users agree, disagree and so on, and how many attributes could not be compared."""
    counts = Counter(user.agreement for user in comparison.users)
    parts = [f"{counts[agreement]:,} {_USERS[agreement]}" for agreement in Agreement if counts[agreement]]
    rows = [row.agreement for user in comparison.users for row in user.attributes]
    unknown = rows.count(Agreement.UNDETERMINED)
    if unknown:
        parts.append(f"{unknown:,} of {len(rows):,} values undetermined")
    return ", ".join(parts) if parts else "no users in the log"


def _user(page: Page, user: UserComparison, *, full: bool) -> Iterator[str]:
    style, sign = AGREEMENT_STYLES[user.agreement]
    when = stamp(user.event.time) if user.event.time else "no time"
    heading = f"{user.name}: {user.agreement.value} ({user.event.action} {user.event.status}, {when})"
    yield from page.labelled(2, (style, sign), ("", heading), hang=4)
    if user.note:
        yield from page.prose(6, user.note, "quiet", hang=2)
    for row in user.attributes:
        if full or row.agreement in _DETAILED:
            yield from page.labelled(6, AGREEMENT_STYLES[row.agreement], ("", row_text(row)), hang=4)


def row_text(row: AttributeComparison) -> str:
    """Return an attribute with both values."""
    note = f" ({row.note})" if row.note else ""
    predicted, recorded = (_value(value) for value in (row.predicted, row.recorded))
    if row.agreement is Agreement.AGREES:
        return f"{row.target}: {recorded}{note}"
    if row.agreement is Agreement.UNDETERMINED:
        reason = row.note or ("masked in the log" if row.recorded == MASK else "undetermined")
        return f"{row.target}: {reason}{'' if row.recorded in (None, MASK) else f'; recorded {recorded}'}"
    return f"{row.target}: predicted {predicted}, recorded {recorded}{note}"


def _value(value: str | None) -> str:
    return "nothing" if value is None else f'"{value}"'


def json(comparisons: Sequence[LogComparison]) -> str:
    """Return the document `{"applications": […]}`."""
    return write({"applications": [_document(comparison) for comparison in comparisons], "format_version": "2.0"})


def _document(comparison: LogComparison) -> dict[str, Any]:
    return {
        "name": comparison.name,
        "problem": comparison.problem,
        "is_cut": comparison.is_cut,
        "users": [_user_document(user) for user in comparison.users],
        "evidence": {item.switch: dict(item.counts) for item in comparison.evidence},
    }


def _user_document(user: UserComparison) -> dict[str, Any]:
    return {
        "name": user.name,
        "id": user.user_id,
        "agreement": user.agreement.value,
        "note": user.note,
        "action": user.event.action,
        "status": user.event.status,
        "change_id": user.event.change_id,
        "attributes": [
            {
                "target": row.target,
                "mapping": row.mapping,
                "agreement": row.agreement.value,
                "predicted": row.predicted,
                "recorded": row.recorded,
                "note": row.note,
            }
            for row in user.attributes
        ],
    }
