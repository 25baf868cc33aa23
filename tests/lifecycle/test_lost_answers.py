"""Every kind of lost or spoiled response at every write: the report is true, and the next apply completes the work."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

import httpx
import pytest
from tenant_fixture import all_allowed, exit_code

from .apply_cases import CHANGED, FIRST, Case, Tenants
from .disturbances import record
from .faults import FaultAt, Wire
from .recovery import converge, reasons, untrue
from .tenant_states import Content, Observer, is_active

LOST = ("429", "429 with Retry-After", "500", "503", "reset", "timeout")
KINDS = (
    *(f"{name} {when}" for name in LOST for when in ("before", "after")),
    *("401 before", "403 before"),
    *("empty answer", "HTML answer", "cut answer", "{} answer", "null answer"),
)


@dataclass
class FaultAtRead:
    """One fault at the `number`-th read, counted from 1."""

    kind: str
    number: int
    count: int = 0

    def draw(self, request: httpx.Request, number: int, is_writing: bool) -> str:
        self.count += not is_writing
        return self.kind if self.count == self.number and not is_writing else ""


def is_passing(wire: Wire) -> bool:
    """Return whether an apply must succeed despite a fault: all that pass, but some losses of a creation without effect.

    Nobody knows then whether the application will still appear, so it is not created again in the same run; and for a
    job it is not known until the time for its creation is over.
    """
    [(kind, path)] = [(exchange.fault, exchange.path) for exchange in wire.exchanges if exchange.fault]
    is_lost = path.endswith("/instantiate") and kind in ("500 before", "reset before", "timeout before")
    is_late = path.endswith("/synchronization/jobs") and kind == "timeout before"
    return kind.startswith(LOST) and not is_lost and not is_late


class Applies:
    """Applies of one plan, each to a copy of the tenant before it, under one fault."""

    def __init__(self, case: Case, tenants: Tenants) -> None:
        self._case, self._tenants, self._file = case, tenants, tenants.file(case)
        rehearsal = tenants.before(case)
        self._before, self._was_active = Content.of(rehearsal), is_active(rehearsal)
        self._planned = rehearsal.plan(self._file, all_allowed())

    def under(self, fault: FaultAt, *, plan_again: bool = False) -> list[str] | None:
        """Apply under a fault, then, after a failure, without; return the violations, None if the fault came too late."""
        rehearsal = self._tenants.before(self._case)
        observer = Observer(self._case, self._before, rehearsal)
        wire = Wire(rehearsal, fault)
        wire.after_each = lambda: wire.exchanges[-1].is_write and observer()
        plain, rehearsal.wire, rehearsal.watch = rehearsal.wire, wire, lambda: None
        planned = rehearsal.plan(self._file, all_allowed()) if plan_again else self._planned
        report = rehearsal.apply(planned, all_allowed())
        rehearsal.wire, rehearsal.watch = plain, observer
        if not wire.strikes:
            return None
        problems = [*untrue(report, self._before, self._was_active, rehearsal, self._file), *observer.look()]
        if exit_code(report) != 0 and is_passing(wire):
            problems.append(f"exit code {exit_code(report)} after a passing fault: {reasons(report)}")
        if exit_code(report) != 0:
            problems += converge(self._case, self._file, rehearsal, observer, runs=2)
        return list(dict.fromkeys(problems))

    def everywhere(self, kind: str, *, writes: bool) -> tuple[int, list[str]]:
        """Apply under a fault at each write, or at each read; return how many there are, and the violations."""
        violations: list[str] = []
        for number in count(1):
            fault = FaultAt(kind, number, writes=True) if writes else FaultAtRead(kind, number)
            problems = self.under(fault, plan_again=not writes)
            if problems is None:
                return number - 1, violations
            violations += [f"{kind}, {'write' if writes else 'read'} {number}: {problem}" for problem in problems]
        raise AssertionError


@pytest.fixture(scope="module")
def applies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Applies]:
    tenants = Tenants(tmp_path_factory.mktemp("specs"))
    return {case.name: Applies(case, tenants) for case in (FIRST, CHANGED)}


CASES = pytest.mark.parametrize("case", [FIRST.name, CHANGED.name])


@CASES
def test_apply_survives_a_different_kind_of_lost_answer_at_each_write(applies, case: str) -> None:
    """A sample of the next test."""
    for number in range(1, 9):
        kind = KINDS[(number * 7) % len(KINDS)]
        assert applies[case].under(FaultAt(kind, number, writes=True)) == [], (kind, number)


@pytest.mark.slow
@CASES
@pytest.mark.parametrize("kind", KINDS)
def test_apply_reports_truly_and_completes_after_a_lost_answer_to_any_write(applies, case: str, kind: str) -> None:
    number, violations = applies[case].everywhere(kind, writes=True)
    record("lost responses", number, violations)
    assert (violations, number > 5) == ([], True)


@pytest.mark.slow
@CASES
def test_apply_reports_truly_and_completes_after_a_500_at_any_read(applies, case: str) -> None:
    """For a read it is the same whether the response is lost or the request; writes are in the test above."""
    number, violations = applies[case].everywhere("500 before", writes=False)
    record("errors at reads", number, violations)
    assert (violations, number > 30) == ([], True)
