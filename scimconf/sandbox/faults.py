"""Fault injection, and the journal of the requests that the sandbox received."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal
from urllib.parse import unquote

from scimconf.sandbox.http_types import GraphRequest, GraphResponse, Json
from scimconf.sandbox.synchronization.connection import MASK, SENSITIVE

JOURNAL_LENGTH = 100_000
SENT_LENGTH = 20_000
"""Entries after which further requests of the provisioning engine are not noted, since theirs have responses."""

_FAULT_KEYS = ("method", "path", "nth", "times", "when", "action")


class FaultError(ValueError):
    """A fault definition is invalid."""


class ConnectionDropped(ConnectionResetError):  # noqa: N818  a fault that a test ordered
    """The connection is closed without a response. A transport in the same process raises this."""

    def __init__(self) -> None:
        super().__init__("the sandbox dropped the connection")


@dataclass(frozen=True, slots=True)
class Fault:
    """A failure of the requests that match a method and a path.

    The fault applies to the `nth` matching request (counted from 1) and to the `times - 1` after it; with `times` 0, to
    all after it. `when` is `before` or `after` the request takes effect. `action` is `{"drop": True}`,
    `{"delay": MILLISECONDS}` or a response (`status`, `body`, `headers`).
    """

    method: str
    path: str
    nth: int
    times: int
    when: Literal["before", "after"]
    action: Json

    @classmethod
    def read(cls, document: Any) -> Fault:
        """Return the fault that a JSON object describes; raise FaultError if it is invalid."""
        if not isinstance(document, dict):
            raise FaultError(f"expected an object that describes a fault, got {document!r}")
        unknown = set(document) - set(_FAULT_KEYS)
        if unknown:
            raise FaultError(f"unknown key {min(unknown)!r} of a fault. Valid keys: {', '.join(_FAULT_KEYS)}")
        when = document.get("when", "before")
        if when not in ("before", "after"):
            raise FaultError(f"'when' must be 'before' or 'after', got {when!r}")
        nth, times = document.get("nth", 1), document.get("times", 1)
        if not isinstance(nth, int) or not isinstance(times, int) or nth < 1 or times < 0:
            raise FaultError("'nth' must be an integer of at least 1, 'times' an integer of at least 0")
        return cls(
            str(document.get("method", "*")).upper(),
            str(document.get("path", "*")),
            nth,
            times,
            when,
            _action(document.get("action")),
        )

    def matches(self, method: str, path: str) -> bool:
        return self.method in ("*", method) and fnmatchcase(path, self.path)

    def applies_to(self, count: int) -> bool:
        """Return whether the fault applies to the `count`-th matching request."""
        return count >= self.nth and (self.times == 0 or count < self.nth + self.times)

    def document(self) -> Json:
        return {name: getattr(self, name) for name in _FAULT_KEYS}


def _action(action: Any) -> Json:
    if action == "drop":
        return {"drop": True}
    if isinstance(action, dict):
        if set(action) == {"drop"}:
            return {"drop": True}
        if set(action) == {"delay"} and isinstance(action["delay"], int) and action["delay"] >= 0:
            return dict(action)
        if isinstance(action.get("status"), int) and set(action) <= {"status", "body", "headers"}:
            return dict(action)
    raise FaultError(f"'action' must be 'drop', {{delay: MILLISECONDS}} or {{status, body, headers}}, got {action!r}")


@dataclass(frozen=True, slots=True)
class FaultEffect:
    """The combined effect of the armed faults on one request."""

    drop: bool = False
    delay_ms: int = 0
    response: GraphResponse | None = None

    def __bool__(self) -> bool:
        return self.drop or self.response is not None


class ArmedFaults:
    """The armed faults, each with the number of requests that it has matched."""

    def __init__(self) -> None:
        self._armed: list[tuple[Fault, list[int]]] = []

    def arm(self, fault: Fault) -> None:
        self._armed.append((fault, [0]))

    def clear(self) -> None:
        self._armed.clear()

    def documents(self) -> list[Json]:
        return [fault.document() | {"matched": counter[0]} for fault, counter in self._armed]

    def effects_on(self, method: str, path: str) -> tuple[FaultEffect, FaultEffect]:
        """Count a request and return the effects of the faults before and after it is handled."""
        faults: list[Fault] = []
        for fault, counter in self._armed:
            if fault.matches(method, path):
                counter[0] += 1
                if fault.applies_to(counter[0]):
                    faults.append(fault)
        return _effect(faults, "before"), _effect(faults, "after")


def _effect(faults: Iterable[Fault], when: str) -> FaultEffect:
    actions = [fault.action for fault in faults if fault.when == when]
    delay = sum(int(action.get("delay", 0)) for action in actions)
    template = next((action for action in actions if "status" in action), None)
    response = None
    if template is not None:
        headers = {str(key): str(value) for key, value in (template.get("headers") or {}).items()}
        response = GraphResponse(template["status"], template.get("body"), headers)
    return FaultEffect(any("drop" in action for action in actions), delay, response)


# ---- journal --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Journal:
    """The requests in the order of their responses, with secrets masked; at most `JOURNAL_LENGTH`.

    Requests that the sandbox sent have the key `sent`, and the body of their `response`.
    """

    entries: list[Json] = field(default_factory=list)

    def note(self, request: GraphRequest, status: int | None, request_id: str, *, batch: str | None = None) -> None:
        entry: Json = {
            "number": len(self.entries) + 1,
            "method": request.method,
            "path": unquote(request.path),
            "query": dict(request.query),
            "body": masked(request.body),
            "status": status,
            "request_id": request_id,
        }
        if batch is not None:
            entry["batch"] = batch
        if len(self.entries) < JOURNAL_LENGTH:
            self.entries.append(entry)

    def set_status(self, request_id: str, status: int) -> None:
        """Set the status of a request whose response needed requests to an application."""
        for entry in reversed(self.entries):
            if entry["request_id"] == request_id:
                entry["status"] = status
                return

    @property
    def is_full_of_sent(self) -> bool:
        return len(self.entries) >= SENT_LENGTH

    def note_sent(self, request: GraphRequest, response: GraphResponse | None) -> None:
        """Note a request of the provisioning engine; its path is a URL. `response` is None if there was none."""
        if not self.is_full_of_sent:
            self.note(request, None if response is None else response.status, "")
            self.entries[-1] |= {"sent": True, "response": None if response is None else masked(response.body)}


def masked(value: Any) -> Any:
    """Return a body with its secrets replaced by the mask, at any depth."""
    if isinstance(value, list):
        return [masked(element) for element in value]
    if not isinstance(value, Mapping):
        return value
    if str(value.get("key")) in SENSITIVE and isinstance(value.get("value"), str):
        return {**value, "value": MASK if value["value"] else ""}
    return {key: MASK if key in ("passwordProfile", "secretText") else masked(child) for key, child in value.items()}
