"""The response of provision on demand: two JSON texts, in one of the two forms that captures show.

A response with the status 200 says nothing about the result: that is in `key`, or in `statusInfo` of the report. Names
and the case of words differ from the provisioning log.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from scimconf.json_types import Json
from scimconf.monitoring.log_events import LoggedEvent, logged_events

_IN_SYNC = "redundantexport"


class OnDemandVerdict(StrEnum):
    """What provision on demand did."""

    PROVISIONED = "provisioned"
    IN_SYNC = "nothing to do: the application has these values already"
    NOT_PROVISIONED = "not provisioned"


@dataclass(frozen=True, slots=True)
class OnDemandStep:
    """A step of the service: its type, its status and its text."""

    kind: str
    status: str
    text: str


@dataclass(frozen=True, slots=True)
class OnDemandResult:
    """The result for one user or group, with the event as the log would have it."""

    verdict: OnDemandVerdict
    event: LoggedEvent
    steps: tuple[OnDemandStep, ...]


def on_demand_result(body: Json) -> OnDemandResult:
    """Return the result of a response body; one that cannot be read is not provisioned."""
    body = body if isinstance(body, Mapping) else {}
    key, reports = _parsed(body.get("key")), _parsed(body.get("value"))
    listed = reports if isinstance(reports, list) else [reports]
    report: Mapping[str, Json] = next((entry for entry in listed if isinstance(entry, Mapping)), {})
    key = key if isinstance(key, Mapping) else {}
    status = str(key.get("result") or _part(report, "statusInfo").get("status") or "").lower()
    event = _event(report, status, _part(key, "details"))
    return OnDemandResult(_verdict(status, event), event, tuple(_steps(report)))


def _parsed(text: Json) -> Json:
    try:
        return json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None


def _part(document: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    value = document.get(name)
    return value if isinstance(value, Mapping) else {}


def _event(report: Mapping[str, Json], status: str, details: Mapping[str, Json]) -> LoggedEvent:
    info, source = _part(report, "statusInfo"), _part(report, "sourceIdentity")
    error = {
        "errorCode": info.get("errorCode") or details.get("errorCode"),
        "reason": info.get("reason") or details.get("errorMessage"),
    }
    document = {
        "activityDateTime": report.get("endTime"),
        "changeId": report.get("changeId"),
        "provisioningAction": report.get("action"),
        "provisioningStatusInfo": {"status": status, "errorInformation": error},
        "sourceIdentity": {
            "id": source.get("id"),
            "identityType": source.get("type"),
            "displayName": report.get("reportableIdentifier"),
        },
        "targetIdentity": report.get("targetIdentity"),
        "provisioningSteps": report.get("provisioningSteps"),
        "modifiedProperties": report.get("modifiedProperties"),
    }
    return logged_events([document])[0]


def _verdict(status: str, event: LoggedEvent) -> OnDemandVerdict:
    if status == "success":
        return OnDemandVerdict.PROVISIONED
    is_redundant = event.code.lower().endswith(_IN_SYNC)
    return OnDemandVerdict.IN_SYNC if status == "skipped" and is_redundant else OnDemandVerdict.NOT_PROVISIONED


def _steps(report: Mapping[str, Json]) -> list[OnDemandStep]:
    steps = report.get("provisioningSteps")
    rows = [step for step in steps if isinstance(step, Mapping)] if isinstance(steps, list) else []
    return [OnDemandStep(*(str(row.get(name) or "") for name in ("type", "status", "description"))) for row in rows]
