"""Faults to order, and the journal of what was asked: how a test makes the tenant misbehave, and sees what came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal
from urllib.parse import unquote

from scimconf.sandbox.http_types import GraphRequest, GraphResponse, Json
from scimconf.sandbox.synchronization.connection import MASK, SENSITIVE

JOURNAL_LENGTH = 100_000


class FaultError(ValueError):
    """A fault that cannot be armed as it is written."""


class ConnectionDropped(ConnectionResetError):  # noqa: N818  it is ordered
    """The connection is lost without an answer; in process, this is what the caller's transport sees."""

    def __init__(self) -> None:
        super().__init__("the sandbox dropped the connection")


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to which request.

    `nth` counts the requests that match from 1; the fault strikes at that one and `times - 1` more, or at all that
    follow where `times` is 0. `when` says whether the request takes effect first. `action` is `drop`, a pause in
    milliseconds, or an answer.
    """

    method: str
    path: str
    nth: int
    times: int
    when: Literal["before", "after"]
    action: Json

    @classmethod
    def read(cls, given: Any) -> Fault:
        if not isinstance(given, dict):
            raise FaultError("a fault is an object")
        unknown = set(given) - {"method", "path", "nth", "times", "when", "action"}
        if unknown:
            raise FaultError(f"a fault has no {min(unknown)!r}")
        when = given.get("when", "before")
        if when not in ("before", "after"):
            raise FaultError("when is 'before' or 'after'")
        nth, times = given.get("nth", 1), given.get("times", 1)
        if not isinstance(nth, int) or not isinstance(times, int) or nth < 1 or times < 0:
            raise FaultError("nth is a number from 1, times a number from 0")
        return cls(
            str(given.get("method", "*")).upper(),
            str(given.get("path", "*")),
            nth,
            times,
            when,
            _action(given.get("action")),
        )

    def matches(self, method: str, path: str) -> bool:
        return self.method in ("*", method) and fnmatchcase(path, self.path)

    def applies_to(self, seen: int) -> bool:
        return seen >= self.nth and (self.times == 0 or seen < self.nth + self.times)

    def document(self) -> Json:
        names = ("method", "path", "nth", "times", "when", "action")
        return {name: getattr(self, name) for name in names}


def _action(given: Any) -> Json:
    if given == "drop":
        return {"drop": True}
    if isinstance(given, dict):
        if set(given) == {"drop"}:
            return {"drop": True}
        if set(given) == {"delay"} and isinstance(given["delay"], int) and given["delay"] >= 0:
            return dict(given)
        if isinstance(given.get("status"), int) and set(given) <= {"status", "body", "headers"}:
            return dict(given)
    raise FaultError("action is 'drop', {delay: MILLISECONDS} or {status, body, headers}")


@dataclass(frozen=True, slots=True)
class FaultEffect:
    """What the armed faults do to one request."""

    drop: bool = False
    delay_ms: int = 0
    answer: GraphResponse | None = None

    def __bool__(self) -> bool:
        return self.drop or self.answer is not None


class ArmedFaults:
    """The armed faults, and how many requests each of them has seen."""

    def __init__(self) -> None:
        self._armed: list[tuple[Fault, list[int]]] = []

    def arm(self, fault: Fault) -> None:
        self._armed.append((fault, [0]))

    def clear(self) -> None:
        self._armed.clear()

    def documents(self) -> list[Json]:
        return [fault.document() | {"seen": seen[0]} for fault, seen in self._armed]

    def effects_on(self, method: str, path: str) -> tuple[FaultEffect, FaultEffect]:
        """Shows a request to all faults: what strikes before it takes effect, and what after."""
        struck: list[Fault] = []
        for fault, seen in self._armed:
            if fault.matches(method, path):
                seen[0] += 1
                if fault.applies_to(seen[0]):
                    struck.append(fault)
        return _strike(struck, "before"), _strike(struck, "after")


def _strike(faults: Iterable[Fault], when: str) -> FaultEffect:
    actions = [fault.action for fault in faults if fault.when == when]
    delay = sum(int(action.get("delay", 0)) for action in actions)
    answers = [action for action in actions if "status" in action]
    answer = None
    if answers:
        headers = {str(key): str(value) for key, value in (answers[0].get("headers") or {}).items()}
        answer = GraphResponse(answers[0]["status"], answers[0].get("body"), headers)
    return FaultEffect(any("drop" in action for action in actions), delay, answer)


# ---- journal --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Journal:
    """The requests in the order in which they were answered, secrets masked."""

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


def masked(value: Any) -> Any:
    """A body whose secrets are stars, wherever in it they stand."""
    if isinstance(value, list):
        return [masked(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    if str(value.get("key")) in SENSITIVE and isinstance(value.get("value"), str):
        return {**value, "value": MASK if value["value"] else ""}
    return {key: MASK if key in ("passwordProfile", "secretText") else masked(one) for key, one in value.items()}
