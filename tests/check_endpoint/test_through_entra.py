"""Microsoft's tests that go through Entra: provisioning cycles of an in-process tenant against a target."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest
from canary import TOKEN

from scimconf.check_report import CheckStatus
from scimconf.rehearsal.endpoint.checks import ENTRA, all_checks
from scimconf.rehearsal.endpoint.dialect import COMPLIANT, LEGACY
from scimconf.sandbox.target import start_target

from .endpoints import failed, ids, result, run, scripted
from .test_deletion import Memory
from .test_page import PAGE

NAMES = [check.id for check in all_checks() if check.group == ENTRA]
WITH_EACH_REQUEST = ["Create_User_Test", "POD_Group_Test", "Delete_Group_Test"]
CAUGHT = {
    "B03": ["Group_Update_Remove_Member_Test"],
    "B05": ["Disable_User_Test", "Restore_User_Test"],
    "B12": ["User_Update_Manager_Test"],
    "B17": ["POD_User_Test"],
    "B22": [],
    "B25": ["Disable_User_Test", "Restore_User_Test"],
    "B42": ["Group_Update_Add_Member_Test"],
    "B51": ["Restore_User_Test"],
}
"""Faults with the tests that find them too: without groups the others are skipped, and a User-Agent is sent if it helps."""


def checked(kind, *names, dialect=LEGACY):
    with start_target(kind, token=TOKEN) as target:
        report = run(target.url, *names, dialect=dialect).report
        assert (target.users(), target.groups(), report.leftovers) == ([], [], ())
    return report


@pytest.mark.parametrize("dialect", [LEGACY, pytest.param(COMPLIANT, marks=pytest.mark.slow)])
def test_user_is_created_updated_and_disabled_by_cycles(dialect):
    report = checked("tolerant", "Update_User_Test", "Disable_User_Test", dialect=dialect)
    assert failed(report) == []
    exchanges = result(report, "Disable_User_Test").exchanges
    (patch,) = [exchange.request_body for exchange in exchanges if exchange.request.startswith("PATCH")]
    legacy = {"op": "Replace", "path": "active", "value": "False"}
    assert patch["Operations"] == [legacy if dialect is LEGACY else {"op": "replace", "path": "active", "value": False}]


@pytest.mark.slow
@pytest.mark.parametrize("fault", CAUGHT)
def test_tests_through_entra_find_faults(fault):
    assert failed(checked(f"faulty:{fault}", *NAMES)) == CAUGHT[fault]


@pytest.mark.slow
def test_tests_through_entra_name_what_the_strict_target_refuses():
    report = checked("strict", *NAMES)
    assert failed(report) == ["Update_User_Test", "User_Update_Manager_Test", "Create_Group_Test", "POD_Group_Test"]
    assert ids(report, CheckStatus.SKIPPED) == [
        *["Update_Group_Test", "Delete_Group_Test", "Group_Update_Add_Member_Test"],
        *["Group_Update_Remove_Member_Test", "Restore_Group_Test"],
    ]
    assert "(see Create_Group_Test)" in result(report, "Delete_Group_Test").actual
    assert "after POST /Groups → 400 Bad Request" in result(report, "Create_Group_Test").actual


@pytest.mark.slow
def test_tests_through_entra_are_skipped_without_the_extra_of_the_sandbox():
    code = (
        "import sys; sys.modules['starlette'] = None; from scimconf.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    with scripted(Memory()) as url:
        argv = ["check-endpoint", url, "--token-env", "SCIM_TOKEN", "--yes", "--only", "Create_User_Test"]
        ended = subprocess.run(
            [sys.executable, "-c", code, *argv], env={**os.environ, "SCIM_TOKEN": TOKEN},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert "starlette is not installed: pip install 'scimconf[sandbox]'" in ended.stdout


@pytest.mark.parametrize("interrupted", [False, True])
def test_what_a_cycle_created_is_deleted(interrupted):
    def before(method, _path, _memory):
        if method == "POST" and interrupted:
            os.kill(os.getpid(), signal.SIGINT)

    memory = Memory(before)
    with scripted(memory) as url:
        outcome = run(url, "Create_User_Test", "B38")
    assert outcome.interrupted is interrupted
    assert (memory.stored, outcome.report.leftovers) == ({}, ())


def test_cycle_against_an_endpoint_that_fails_is_a_failed_check_without_leftovers():
    def respond(method, path, _headers, _body):
        return (200, {"totalResults": 0, "Resources": []}, {}) if method == "GET" else (400, {"detail": "no"}, {})

    with scripted(respond) as url:
        report = run(url, *WITH_EACH_REQUEST).report
    assert {*failed(report), *ids(report, CheckStatus.WARNING)} == set(WITH_EACH_REQUEST)
    assert report.leftovers == ()
    assert "defect" not in json.dumps([item.actual for item in report.results])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "found"),
    [("B01", ["WV-13", "WV-14"]), ("B02", []), ("B30", [])],  # Microsoft's WV-13 and WV-14 have an empty group
)
def test_tests_of_microsoft_do_not_find_what_the_page_says_they_miss(fault, found):
    assert f"`{fault}`" in PAGE.read_text("utf-8").partition("pass all of Microsoft's tests")[0].rpartition("\n\n")[2]
    names = [check.id for check in all_checks() if not check.id.startswith("B")]
    assert failed(checked(f"faulty:{fault}", *names)) == found
