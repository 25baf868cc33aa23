"""A report of comparisons that can be published: without ids and names, and with the form of values only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from scimconf.json_types import Json
from scimconf.monitoring.comparison import Agreement, LogComparison, UserComparison, redacted_row
from scimconf.monitoring.switch_evidence import merged

FORMAT_VERSION = "1.0"


def comparison_report(comparisons: Sequence[LogComparison], version: str) -> Json:
    """Return the report as a JSON document; `version` is that of scimconf.

    `switches` are the positions that the logs decide, `evidence` the number of observations of each position, and
    `conflicts` the switches with evidence of several positions, which have none in `switches`.
    """
    evidence = merged(item for comparison in comparisons for item in comparison.evidence)
    return {
        "format_version": FORMAT_VERSION,
        "scimconf": version,
        "switches": {item.switch: item.position for item in evidence if item.position},
        "evidence": {item.switch: dict(item.counts) for item in evidence},
        "conflicts": [item.switch for item in evidence if not item.position],
        "applications": [_application(comparison) for comparison in comparisons],
    }


def _application(comparison: LogComparison) -> Json:
    return {
        "compared": not comparison.problem,
        "is_cut": comparison.is_cut,
        "users": _counts(user.agreement for user in comparison.users),
        "values": _counts(row.agreement for user in comparison.users for row in user.attributes),
        "disagreements": _grouped(row for user in comparison.users for row in _disagreements(user)),
    }


def _grouped(rows: Iterable[dict[str, str | None]]) -> list[Json]:
    """Return equal rows once, each with the number of users, the most frequent first."""
    counts = Counter(tuple(row.items()) for row in rows)
    return [{**dict(row), "users": count} for row, count in counts.most_common()]


def _counts(agreements: Iterable[Agreement]) -> dict[str, int]:
    counts = Counter(agreements)
    return {agreement.value: counts[agreement] for agreement in Agreement if counts[agreement]}


def _disagreements(user: UserComparison) -> Iterator[dict[str, str | None]]:
    """Yield the values that disagree; a user who disagrees as a whole has none, and a note."""
    if user.agreement is not Agreement.DISAGREES:
        return
    event = {"action": user.event.action, "status": user.event.status, "code": user.event.code}
    if not user.attributes:
        yield {**event, "note": user.note}
    for row in user.attributes:
        if row.agreement is Agreement.DISAGREES:
            redacted = redacted_row(row)
            values = {"predicted": redacted.predicted, "recorded": redacted.recorded}
            yield {**event, "target": redacted.target, "mapping": redacted.mapping, **values}
