"""`workflow.apply`: the status of each kind of end, what must be approved, which secrets are checked before."""

import sys

import pytest
from tenant_fixture import TOKEN, WRITER, Person, Rehearsal, everything_open

from scimconf.diagnostics import ScimconfError
from scimconf.plan import ApplyStatus, Result
from scimconf.workflow.apply import approval_items, guards_that_need_allow, missing_secrets

FIRST_RUN = ["application-created", "initial-start"]


@pytest.fixture
def tenant():
    return Rehearsal()


@pytest.fixture
def writer(tenant):
    """A tenant with Writer as its example says."""
    assert tenant.apply(WRITER, everything_open(tenant.plan(WRITER))).status is ApplyStatus.APPLIED
    tenant.forget()
    return tenant


def spec(folder, text):
    path = folder / "writer.scimconf.yaml"
    path.write_text(f"extends: [{WRITER}]\nname: writer\n{text}")
    return path


# --- what must be approved ------------------------------------------------------------------------------------------


def test_approval_items_are_the_blocking_guards_and_the_deleted_addresses(tenant):
    assert sorted(approval_items(tenant.plan(WRITER))) == FIRST_RUN


def test_approval_items_list_every_deletion(writer, tmp_path):
    planned = writer.plan(spec(tmp_path, "mappings: {users: {unlisted: delete}}\n"))
    deleted = {str(change.address) for change in planned.plan.changes if change.action.value == "delete"}
    assert deleted
    assert approval_items(planned) >= deleted


def test_guards_that_need_allow_are_not_those_of_a_first_run(tenant, writer, tmp_path):
    assert guards_that_need_allow(Rehearsal().plan(WRITER)) == ()
    planned = writer.plan(spec(tmp_path, "provisioning: {scope: all}\n"))
    assert [guard.id for guard in guards_that_need_allow(planned)] == ["scope-widened"]


# --- secrets are checked before the approval ------------------------------------------------------------------------


@pytest.mark.parametrize(("environ", "expected"), [({}, "is not set"), ({"WRITER_SCIM_TOKEN": ""}, "is empty")])
def test_missing_secrets_of_a_partial_plan_are_all_secrets_of_the_spec(environ, expected):
    tenant = Rehearsal(environ=environ)
    (error,) = missing_secrets(tenant.plan(WRITER), tenant.secrets)
    assert str(error) == f"WRITER_SCIM_TOKEN {expected}"


def test_missing_secrets_are_only_those_that_the_plan_sends(writer, tmp_path):
    writer.secrets = type(writer.secrets)({})
    pause = writer.plan(spec(tmp_path, "provisioning: {enabled: false}\n"))
    assert list(missing_secrets(pause, writer.secrets)) == []
    threshold = writer.plan(spec(tmp_path, "provisioning: {deletion_threshold: 7}\n"))
    assert [str(error) for error in missing_secrets(threshold, writer.secrets)] == ["WRITER_SCIM_TOKEN is not set"]


# --- how an apply ends ----------------------------------------------------------------------------------------------


def test_an_apply_without_changes_writes_nothing(writer):
    person = Person()
    assert writer.apply(WRITER, person=person).status is ApplyStatus.APPLIED
    assert (writer.writes, person.backups) == ([], [])


def test_a_guard_blocks_an_apply_before_any_write(writer, tmp_path):
    report = writer.apply(spec(tmp_path, "provisioning: {scope: all}\n"))
    assert (report.status, writer.writes) == (ApplyStatus.BLOCKED, [])
    assert report.error.startswith("Blocked by a guard. scope-widened: ")


def test_an_error_in_the_spec_is_invalid(writer, tmp_path):
    path = spec(tmp_path, "assignments: {users: [{user: nobody@contoso.com, role: admin}]}\n")
    report = writer.apply(path)
    assert (report.status, report.error) == (ApplyStatus.INVALID, "The spec has errors.")
    assert [diagnostic.code for diagnostic in report.diagnostics] == ["K811"]


def test_a_failure_before_the_first_write_is_failed_and_after_it_partially_applied(tenant):
    tenant.fault(
        {"status": 403, "body": {"error": {"code": "x", "message": "no"}}}, method="POST", path="*/instantiate"
    )
    assert tenant.apply(WRITER, everything_open(tenant.plan(WRITER))).status is ApplyStatus.FAILED
    tenant.fault({"status": 403, "body": {"error": {"code": "x", "message": "no"}}}, method="PUT", path="*/secrets")
    report = tenant.apply(WRITER, everything_open(tenant.plan(WRITER)))
    assert report.status is ApplyStatus.PARTIALLY_APPLIED
    assert {outcome.result for outcome in report.outcomes} >= {Result.DONE, Result.FAILED, Result.SKIPPED}


def test_a_backup_that_fails_stops_the_apply(tenant):
    class FullDisk(Person):
        def backup(self, _planned):
            raise ScimconfError("The backup cannot be written")

    report = tenant.apply(WRITER, everything_open(tenant.plan(WRITER)), FullDisk())
    assert (report.status, report.error, tenant.writes) == (ApplyStatus.FAILED, "The backup cannot be written", [])


def test_an_unexpected_error_is_reported_without_its_text(tenant):
    class Broken(Person):
        def backup(self, _planned):
            raise TypeError(TOKEN)

    report = tenant.apply(WRITER, everything_open(tenant.plan(WRITER)), Broken())
    assert report.status is ApplyStatus.FAILED
    assert "TypeError" in report.error
    assert TOKEN not in report.error


def test_an_interrupt_skips_the_rest(tenant):
    person = Person()
    person.interrupt = lambda: bool(tenant.writes)
    report = tenant.apply(WRITER, everything_open(tenant.plan(WRITER)), person)
    assert report.status in (ApplyStatus.INTERRUPTED, ApplyStatus.PARTIALLY_APPLIED)
    assert tenant.apply(WRITER, everything_open(tenant.plan(WRITER))).status is ApplyStatus.APPLIED


def test_changes_that_stay_invisible_are_unconfirmed(writer, tmp_path, monkeypatch):
    planned = writer.plan(spec(tmp_path, "provisioning: {deletion_threshold: 7}\n"))

    async def unchanged(*_arguments):
        return planned

    monkeypatch.setattr(sys.modules["scimconf.workflow.apply"], "plan", unchanged)
    report = writer.apply(planned)
    assert report.status is ApplyStatus.APPLIED
    assert report.outcomes[-1].result is Result.UNCONFIRMED


def test_a_tenant_that_has_changed_since_the_plan_is_stale(writer, tmp_path):
    planned = writer.plan(spec(tmp_path, "provisioning: {deletion_threshold: 7}\n"))
    assert writer.apply(spec(tmp_path, "provisioning: {deletion_threshold: 9}\n")).status is ApplyStatus.APPLIED
    writer.forget()
    report = writer.apply(planned)
    assert (report.status, report.outcomes[0].result) == (ApplyStatus.STALE, Result.FAILED)
