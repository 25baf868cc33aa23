"""The kinds of targets, with the table of the faulty ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from scimconf.sandbox.target.messages import Middleware

FAULTY = "faulty:"


class TargetError(Exception):
    """The target cannot be started; the message says why."""


@dataclass(frozen=True, slots=True)
class TargetFault:
    """A fault of real SCIM servers. `middleware` returns the fault with a state of its own."""

    id: str
    title: str
    behavior: str
    middleware: Callable[[], Middleware]


FAULTS: tuple[TargetFault, ...] = ()


def faults_of(kind: str) -> tuple[TargetFault, ...]:
    """Return the faults of a kind of target; raise TargetError if there is no such kind."""
    if kind in ("strict", "tolerant"):
        return ()
    fault_id = kind.removeprefix(FAULTY)
    faults = tuple(fault for fault in FAULTS if fault.id == fault_id)
    if not kind.startswith(FAULTY) or not faults:
        raise TargetError(f"unknown target {kind!r}. Write strict, tolerant or faulty:ID")
    return faults
