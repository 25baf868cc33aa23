"""The provisioning log as rows: JSON Lines or CSV, an entry each; `docs/operate.md` is the contract of both."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

from scimconf.monitoring.application_log import ApplicationLog
from scimconf.monitoring.log_events import LoggedEvent
from scimconf.render.common.csv_cells import csv_cell
from scimconf.render.status.json import time

Json = Any
COLUMNS = (
    "application",
    "time",
    "action",
    "status",
    "type",
    "name",
    "object_id",
    "target_id",
    "code",
    "attribute",
    "reason",
    "next_attempt",
    "change_id",
    "cycle_id",
)


def lines(applications: Sequence[ApplicationLog]) -> Iterator[str]:
    """Yield a line for each entry, from the newest of each application."""
    for log in applications:
        for event in log.events:
            properties = [
                {"name": name, "before": before, "after": after} for name, (before, after) in event.properties.items()
            ]
            yield json.dumps({**_values(log.name, event), "properties": properties}) + "\n"


def rows(applications: Sequence[ApplicationLog]) -> Iterator[str]:
    """Yield the header, then a row for each entry; the values of properties are left out."""
    yield _row(COLUMNS)
    for log in applications:
        for event in log.events:
            values = _values(log.name, event)
            yield _row([csv_cell(values[column] or "") for column in COLUMNS])


def _values(name: str, event: LoggedEvent) -> dict[str, Json]:
    return {
        "application": name,
        "time": time(event.time),
        "action": event.action,
        "status": event.status,
        "type": event.kind,
        "name": event.source_name,
        "object_id": event.source_id,
        "target_id": event.target_id,
        "code": event.code,
        "attribute": event.attribute,
        "reason": event.reason,
        "next_attempt": time(event.next_attempt),
        "change_id": event.change_id,
        "cycle_id": event.cycle_id,
    }


def _row(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()
