"""Tests of `workflow.apply`: the status of each outcome, the required approvals, and the check of secrets."""

import sys

import pytest
from tenant_fixture import TOKEN, WRITER, Person, Rehearsal, everything_open

from scimconf.diagnostics import ScimconfError
from scimconf.plan import ApplyStatus, Result
from scimconf.workflow.apply import MISSING_ERROR, approval_items, guards_that_need_allow, missing_secrets

FIRST_APPLY = ["application-created", "initial-start"]


@pytest.fixture
def tenant():
    return Rehearsal()


@pytest.fixture
def writer(tenant):
    """Return a tenant that matches the example spec of Writer."""
    assert tenant.apply(WRITER, everything_open(tenant.plan(WRITER))).status is ApplyStatus.APPLIED
    tenant.forget()
    return tenant


def spec(folder, text):
    path = folder / "writer.scimconf.yaml"
    path.write_text(f"extends: [{WRITER}]\nname: writer\n{text}")
    return path


# --- required approvals ---------------------------------------------------------------------------------------------


def test_approval_items_of_a_first_apply_are_the_blocking_guards(tenant):
    assert sorted(approval_items(tenant.plan(WRITER))) == FIRST_APPLY


def test_approval_items_contain_the_address_of_every_deletion(writer, tmp_path):
    planned = writer.plan(spec(tmp_path, "mappings: {users: {unlisted: delete}}\n"))
    deleted = {str(change.address) for change in planned.plan.changes if change.action.value == "delete"}
    assert deleted
    assert approval_items(planned) >= deleted


def test_guards_that_need_allow_exclude_those_of_a_first_apply(tenant, writer, tmp_path):
    assert guards_that_need_allow(Rehearsal().plan(WRITER)) == ()
    planned = writer.plan(spec(tmp_path, "provisioning: {scope: all}\n"))
    assert [guard.id for guard in guards_that_need_allow(planned)] == ["scope-widened"]


# --- missing secrets ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("environ", "expected"), [({}, "is not set"), ({"WRITER_SCIM_TOKEN": ""}, "is empty")])
def test_missing_secrets_of_a_partial_plan_are_all_secrets_of_the_spec(environ, expected):
    tenant = Rehearsal(environ=environ)
    (error,) = missing_secrets(tenant.plan(WRITER), tenant.secrets)
    assert str(error) == f"WRITER_SCIM_TOKEN {expected}"
    assert error.hint


def test_missing_secrets_are_only_those_that_the_plan_sends(writer, tmp_path):
    writer.secrets = type(writer.secrets)({})
    pause = writer.plan(spec(tmp_path, "provisioning: {enabled: false}\n"))
    assert list(missing_secrets(pause, writer.secrets)) == []
    threshold = writer.plan(spec(tmp_path, "provisioning: {deletion_threshold: 7}\n"))
    assert [str(error) for error in missing_secrets(threshold, writer.secrets)] == ["WRITER_SCIM_TOKEN is not set"]


# --- status of an apply ---------------------------------------------------------------------------------------------


def test_apply_without_changes_is_applied_and_writes_nothing(writer):
    approver = Person()
    assert writer.apply(WRITER, person=approver).status is ApplyStatus.APPLIED
    assert (writer.writes, approver.entries) == ([], [])


def test_apply_is_blocked_by_a_guard_before_any_write(writer, tmp_path):
    report = writer.apply(spec(tmp_path, "provisioning: {scope: all}\n"))
    assert (report.status, writer.writes) == (ApplyStatus.BLOCKED, [])
    assert report.error.startswith("Blocked by a guard. scope-widened: ")


def test_apply_with_a_spec_error_is_invalid(writer, tmp_path):
    path = spec(tmp_path, "assignments: {users: [{user: ada@contoso.com, role: nonsense}]}\n")
    report = writer.apply(path)
    assert (report.status, report.error) == (ApplyStatus.INVALID, "The spec has errors.")
    assert [diagnostic.code for diagnostic in report.diagnostics] == ["K807"]


def test_apply_is_invalid_for_a_missing_user_only_if_the_spec_makes_it_an_error(writer, tmp_path):
    listed = "users: [{user: nobody@contoso.com, role: admin}]"
    refused = writer.apply(spec(tmp_path, f"assignments: {{missing: error, {listed}}}\n"))
    assert (refused.status, refused.error, writer.writes) == (ApplyStatus.INVALID, MISSING_ERROR, [])
    assert [(row.code, row.location.line) for row in refused.diagnostics] == [("K811", 3)]
    assert writer.apply(spec(tmp_path, f"assignments: {{{listed}}}\n")).status is ApplyStatus.APPLIED


def test_apply_fails_before_the_first_write_and_is_partially_applied_after_it(tenant):
    tenant.fault(
        {"status": 403, "body": {"error": {"code": "x", "message": "no"}}}, method="POST", path="*/instantiate"
    )
    assert tenant.apply(WRITER, everything_open(tenant.plan(WRITER))).status is ApplyStatus.FAILED
    tenant.fault({"status": 403, "body": {"error": {"code": "x", "message": "no"}}}, method="PUT", path="*/secrets")
    report = tenant.apply(WRITER, everything_open(tenant.plan(WRITER)))
    assert report.status is ApplyStatus.PARTIALLY_APPLIED
    assert {outcome.result for outcome in report.outcomes} >= {Result.DONE, Result.FAILED, Result.SKIPPED}


def test_apply_stops_if_the_history_entry_fails(tenant):
    class FullDisk(Person):
        def begin_history(self, _planned):
            raise ScimconfError("The entry cannot be written")

    report = tenant.apply(WRITER, everything_open(tenant.plan(WRITER)), FullDisk())
    assert (report.status, report.error, tenant.writes) == (ApplyStatus.FAILED, "The entry cannot be written", [])


def test_apply_reports_an_unexpected_error_without_its_text(tenant):
    class Broken(Person):
        def begin_history(self, _planned):
            raise TypeError(TOKEN)

    report = tenant.apply(WRITER, everything_open(tenant.plan(WRITER)), Broken())
    assert report.status is ApplyStatus.FAILED
    assert "TypeError" in report.error
    assert TOKEN not in report.error


def test_apply_that_is_interrupted_can_be_repeated(tenant):
    approver = Person()
    approver.interrupt = lambda: bool(tenant.writes)
    report = tenant.apply(WRITER, everything_open(tenant.plan(WRITER)), approver)
    assert report.status in (ApplyStatus.INTERRUPTED, ApplyStatus.PARTIALLY_APPLIED)
    assert tenant.apply(WRITER, everything_open(tenant.plan(WRITER))).status is ApplyStatus.APPLIED


def test_apply_reports_changes_that_do_not_become_visible_as_unconfirmed(writer, tmp_path, monkeypatch):
    planned = writer.plan(spec(tmp_path, "provisioning: {deletion_threshold: 7}\n"))

    async def unchanged(*_arguments):
        return planned

    monkeypatch.setattr(sys.modules["scimconf.workflow.apply"], "plan", unchanged)
    report = writer.apply(planned)
    assert report.status is ApplyStatus.APPLIED
    assert report.outcomes[-1].result is Result.UNCONFIRMED


def test_apply_is_stale_if_the_tenant_changed_after_the_plan(writer, tmp_path):
    planned = writer.plan(spec(tmp_path, "provisioning: {deletion_threshold: 7}\n"))
    assert writer.apply(spec(tmp_path, "provisioning: {deletion_threshold: 9}\n")).status is ApplyStatus.APPLIED
    writer.forget()
    report = writer.apply(planned)
    assert (report.status, report.outcomes[0].result) == (ApplyStatus.STALE, Result.FAILED)
