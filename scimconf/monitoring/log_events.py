"""Entries of the provisioning log (`provisioningObjectSummary`).

Words are compared without regard to case, since captures differ from the reference. The reason of a skipped object is
only in the details of its last step; the action is the intended one, also of a failed or skipped object (captures).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

from scimconf.json_types import Json
from scimconf.monitoring.causes import Cause, error_cause
from scimconf.monitoring.times import parse_time

_REPETITION = "This operation was retried"
_RETRY = re.compile(r"retried (\d{1,9}) times?\..{0,60}?after this date: (\S+)", re.DOTALL)
_RESPONSE = re.compile(r"Web Response:\s*(.*?)(?:\.?\s*This operation was retried|\Z)", re.DOTALL)
_HTTP_STATUS = re.compile(r"StatusCode: ?(\w+)", re.ASCII)
_GENERIC = ("serviceincompatible", "serviceincompatiblefiltering")
"""Codes that say less than the HTTP status in the reason: a refused search and a conflict have the same one (captures)."""
_STATUSES = ("success", "failure", "skipped", "warning")
MAX_TEXT = 2000
"""Characters of a reason: it contains a response of the application."""
MAX_ANSWER = 400
"""Characters of a response or a reason that are printed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEvent:
    """What happened to a user or group. `code` is the error code, or the reason of a skipped object.

    `attribute` is the attribute that the code is about, `properties` the attributes that were written, by target, with the
    value before and after. `tried` are the details of the last step, `source_values` those of the import from the tenant.
    """

    time: datetime | None
    change_id: str
    cycle_id: str
    action: str
    status: str
    kind: str
    source_id: str
    source_name: str
    target_id: str
    code: str = ""
    reason: str = ""
    attribute: str = ""
    next_attempt: datetime | None = None
    properties: Mapping[str, tuple[str | None, str | None]] = field(default_factory=lambda: MappingProxyType({}))
    tried: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    source_values: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def response(self) -> str:
        """The application's response in the reason, "" if there is none."""
        match = _RESPONSE.search(self.reason)
        return match[1].strip() if match else ""

    @property
    def http_status(self) -> str:
        """The HTTP status of the application's response in the reason, such as "BadRequest", "" if there is none."""
        match = _HTTP_STATUS.search(self.reason)
        return match[1] if match else ""

    @property
    def known_cause(self) -> Cause | None:
        """What the code means, or the HTTP status if the code is unknown or says less; None if neither is known."""
        cause = error_cause(self.code)
        is_generic = cause is None or self.code.lower().endswith(_GENERIC)
        return (error_cause(self.http_status) if is_generic else None) or cause

    @property
    def answer_text(self) -> str:
        """What the application answered, or what the service reports instead; "" without a reason."""
        if self.response or self.http_status:
            answer = f"the application answered {self.http_status}".strip()
            return ": ".join(filter(None, [answer, clipped(self.response)]))
        return f"the service reports: {clipped(self.cause_text)}" if self.cause_text else ""

    @property
    def cause_text(self) -> str:
        """The reason without the sentences about its repetition, which `next_attempt` has."""
        return " ".join(self.reason.partition(_REPETITION)[0].split()).rstrip(".")

    def recorded(self, target: str) -> tuple[str | None, bool]:
        """Return the value that was written, else the one that was tried, and whether the event names the attribute."""
        if target in self.properties:
            return self.properties[target][1], True
        key = target.replace(".", "").replace(":", "")
        return self.tried.get(key), key in self.tried


def clipped(text: str) -> str:
    """Return at most 400 characters of a text, with an ellipsis for the rest."""
    return text if len(text) <= MAX_ANSWER else f"{text[:MAX_ANSWER]}…"


def logged_events(documents: Iterable[Json]) -> tuple[LoggedEvent, ...]:
    """Return the entries from the newest; documents without the shape of an entry are omitted."""
    events = [_event(document) for document in documents if isinstance(document, Mapping)]
    return tuple(sorted(events, key=lambda event: event.time.timestamp() if event.time else 0, reverse=True))


def _event(document: Mapping[str, Json]) -> LoggedEvent:
    info = _part(document, "provisioningStatusInfo") or _part(document, "statusInfo")
    error, source = _part(info, "errorInformation"), _part(document, "sourceIdentity")
    last = _last_details(document)
    reason = _text(error, "reason")[:MAX_TEXT]
    retry = _RETRY.search(reason)
    return LoggedEvent(
        time=parse_time(document.get("activityDateTime")),
        change_id=_text(document, "changeId"),
        cycle_id=_text(document, "cycleId"),
        action=(_text(document, "provisioningAction") or _text(document, "action")).lower(),
        status=_status(_text(info, "status")),
        kind=_text(source, "identityType"),
        source_id=_text(source, "id").lower(),
        source_name=_name(source),
        target_id=_text(_part(document, "targetIdentity"), "id"),
        code=_text(error, "errorCode") or _text(last, "SkipReason"),
        reason=reason,
        attribute=_text(last, "PropertyName"),
        next_attempt=parse_time(retry[2]) if retry else None,
        properties=_properties(document),
        tried=_texts(last),
        source_values=_texts(_import_details(document)),
    )


def _part(document: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    value = document.get(name)
    return value if isinstance(value, Mapping) else {}


def _text(document: Mapping[str, Json], name: str) -> str:
    value = document.get(name)
    return value if isinstance(value, str) else ""


def _status(text: str) -> str:
    return text.lower() if text.lower() in _STATUSES else "warning"


def _name(identity: Mapping[str, Json]) -> str:
    details = _part(identity, "details")
    names = (_text(details, "UserPrincipalName"), _text(identity, "displayName"), _text(details, "DisplayName"))
    return next(filter(None, names), _text(identity, "id"))


def _steps(document: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    steps = document.get("provisioningSteps")
    return [step for step in steps if isinstance(step, Mapping)] if isinstance(steps, list) else []


def _last_details(document: Mapping[str, Json]) -> Mapping[str, Json]:
    steps = _steps(document)
    return _part(steps[-1], "details") if steps else {}


def _import_details(document: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return the details of the first step that imports the object from the tenant: its source attributes."""
    kinds = [(_text(step, "provisioningStepType") or _text(step, "type")).lower() for step in _steps(document)]
    imports = [step for step, kind in zip(_steps(document), kinds, strict=True) if kind == "import"]
    return next((_part(step, "details") for step in imports if "objectId" in _part(step, "details")), {})


def _texts(details: Mapping[str, Json]) -> Mapping[str, str]:
    return {name: value for name, value in details.items() if isinstance(value, str)}


def _properties(document: Mapping[str, Json]) -> Mapping[str, tuple[str | None, str | None]]:
    values: dict[str, tuple[str | None, str | None]] = {}
    for entry in document.get("modifiedProperties") or ():
        if isinstance(entry, Mapping) and _text(entry, "displayName"):
            values[_text(entry, "displayName")] = (_value(entry, "oldValue"), _value(entry, "newValue"))
    return values


def _value(entry: Mapping[str, Json], name: str) -> str | None:
    value = entry.get(name)
    return value if isinstance(value, str) else None


def redacted_event(event: LoggedEvent) -> LoggedEvent:
    """Return an event without names and values: a user is named by the start of the object id."""
    properties = {name: (_mask(before), _mask(after)) for name, (before, after) in event.properties.items()}
    name = f"{event.kind.lower() or 'object'}-{event.source_id[:8] or 'unknown'}"
    return replace(event, source_name=name, target_id="", reason="", properties=properties, tried={}, source_values={})


def _mask(value: str | None) -> str | None:
    return None if value is None else "…"
