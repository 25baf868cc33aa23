"""The checks against the built-in targets: tolerant, strict, and one for each fault."""

from __future__ import annotations

import pytest
from canary import TOKEN

from scimconf.check_report import CheckStatus
from scimconf.rehearsal.endpoint.checks import all_checks
from scimconf.rehearsal.endpoint.dialect import COMPLIANT, LEGACY
from scimconf.sandbox.target import start_target
from scimconf.sandbox.target.catalogue import FAULTS

from .endpoints import failed, ids, result, run
from .faulty import ALSO_FAILED, LEFT_BEHIND, MANY_REQUESTS, NOT_SERVED

FAULT_IDS = sorted(check.id for check in all_checks() if check.id.startswith("B"))
QUICK = ("B01", "B02", "B05")
STRICT = ["B03", "B08", "B12", "B29", "B44"]


def checked(kind, *patterns, dialect=LEGACY):
    """Return the report of the checks against a target, and require that it lists what is left on the target."""
    with start_target(kind, token=TOKEN) as target:
        report = run(target.url, *patterns, dialect=dialect).report
        names = [user["userName"] for user in target.users()] + [group["displayName"] for group in target.groups()]
    assert len(names) == len(report.leftovers)
    assert all(name in leftover for name, leftover in zip(names, report.leftovers, strict=True))
    return report


@pytest.mark.parametrize("fault", QUICK)
def test_check_of_a_fault_fails_against_its_target_and_passes_against_tolerant_one(fault):
    report = checked(f"faulty:{fault}", fault)
    assert failed(report) == [fault]
    assert result(report, fault).consequence
    assert result(report, fault).hint
    assert result(report, fault).exchanges
    assert failed(checked("tolerant", fault)) == []


@pytest.mark.slow
@pytest.mark.parametrize("fault", [fault.id for fault in FAULTS])
def test_faulty_target_fails_its_own_check_and_only_those_listed_beside_it(fault):
    names = [name for name in FAULT_IDS if name not in MANY_REQUESTS or name == fault]
    report = checked(f"faulty:{fault}", *names)
    assert sorted(failed(report)) == sorted([fault, *ALSO_FAILED.get(fault, [])])
    assert bool(report.leftovers) is (fault in LEFT_BEHIND)


def test_every_fault_has_a_target_or_a_reason_why_not():
    assert sorted([*(fault.id for fault in FAULTS), *NOT_SERVED]) == FAULT_IDS
    assert set(ALSO_FAILED) <= set(FAULT_IDS)


@pytest.mark.slow
@pytest.mark.parametrize("dialect", [LEGACY, COMPLIANT])
def test_tolerant_target_passes_all_checks(dialect):
    report = checked("tolerant", dialect=dialect)
    assert failed(report) == []
    assert report.exit_code == 0
    assert ids(report, CheckStatus.WARNING) == ["Schema_Discoverability_Test"]


@pytest.mark.slow
def test_strict_target_fails_what_entra_sends_against_the_rfc():
    assert failed(checked("strict", "B*")) == STRICT
    assert failed(checked("strict", "B*", dialect=COMPLIANT)) == ["B08", "B12", "B29"]


def test_checks_of_the_compliant_dialect_skip_what_entra_does_not_send():
    report = checked("tolerant", "B04", "B05", dialect=COMPLIANT)
    assert ids(report, CheckStatus.SKIPPED) == ["B04"]
    assert ids(report, CheckStatus.PASSED) == ["Connection", "B05"]
