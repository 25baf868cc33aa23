"""Tests of `workflow.status` and `workflow.logs`: jobs, the provisioning log, its absence, and the first cycle."""

import shutil
from datetime import date, timedelta

import pytest
from tenant_fixture import NOON, WRITER, Rehearsal

from scimconf.monitoring.job_status import JobPhase
from scimconf.workflow.logs import LogOptions, logs
from scimconf.workflow.status import StatusOptions, all_statuses, statuses, watch
from scimconf.workflow.targets import application_target, spec_targets

DAY = timedelta(days=1)
LOG = "/auditLogs/provisioning"


def options(**values):
    return StatusOptions(window=DAY, now=NOON, **values)


def status_of(tenant, *targets, **values):
    return tenant.run(lambda session: statuses(session.graph, targets, options(**values)))


def logs_of(tenant, *targets, **values):
    return tenant.run(lambda session: logs(session.graph, targets, LogOptions(window=DAY, now=NOON, **values)))


def writer(tenant):
    return spec_targets([tenant.load(WRITER)])[0]


def job_id(tenant):
    return tenant.request("GET", "/_sandbox/state")["jobs"][0]["id"]


def entry(tenant, user="ada", status="success", minute=0, job=None):
    identity = {"id": f"id-{user}", "identityType": "User", "details": {"UserPrincipalName": f"{user}@contoso.com"}}
    error = {"errorCode": "EntryConflict", "reason": "409"} if status == "failure" else None
    return {
        "id": f"{user}-{minute}",
        "jobId": job or job_id(tenant),
        "activityDateTime": f"2026-11-25T11:{minute:02}:00Z",
        "provisioningAction": "create",
        "sourceIdentity": identity,
        "provisioningStatusInfo": {"status": status, "errorInformation": error},
    }


def answer(tenant, *entries, status=200, **where):
    body = {"value": list(entries)} if status == 200 else {"error": {"code": "Denied", "message": "no"}}
    tenant.fault({"status": status, "body": body}, method="GET", path=LOG, **{"times": 0, **where})


def test_the_status_of_a_spec_has_its_job_and_the_log(applied):
    answer(applied, entry(applied), entry(applied, "grace", "failure", 5), entry(applied, "eve", job="scim.other"))
    (status,) = status_of(applied, writer(applied), portal="portal/{app}/{principal}")
    assert [job.phase for job in status.jobs] == [JobPhase.RUNNING]
    assert (status.name, status.display_name) == ("writer", "Writer")
    assert (status.log.counts["created"], status.log.counts["failed"], status.log.events) == (1, 1, 2)
    assert (status.is_quarantined, status.has_failures, status.is_settled) == (False, True, True)
    assert status.portal == f"portal/{status.app_id}/{status.service_principal}"


@pytest.mark.parametrize("prop", ["display_name", "app_id", "service_principal"])
def test_an_application_is_found_by_its_name_and_by_both_ids(applied, prop):
    (by_spec,) = status_of(applied, writer(applied))
    (status,) = status_of(applied, application_target(getattr(by_spec, prop)))
    assert status.service_principal == by_spec.service_principal


def test_an_application_that_is_missing_or_ambiguous_does_not_stop_the_others(applied):
    results = status_of(applied, application_target("Nope"), writer(applied))
    assert [(status.problem, status.is_failed) for status in results] == [
        ('the tenant has no application "Nope"', True),
        ("", False),
    ]
    template = applied.request("GET", "/applicationTemplates")["value"][0]["id"]
    for _ in range(2):
        applied.request("POST", f"/applicationTemplates/{template}/instantiate", {"displayName": "Twice"})
    (status,) = status_of(applied, application_target("Twice"))
    assert status.problem == '2 applications are named "Twice"; use the id of one of them'


def test_an_unexpected_error_of_one_application_does_not_stop_the_others(applied, monkeypatch):
    async def broken(*_arguments):
        raise KeyError("hunter2")

    monkeypatch.setattr("scimconf.workflow.status.find_jobs", broken)
    (status,) = status_of(applied, writer(applied))
    assert "KeyError" in status.problem
    assert "hunter2" not in status.problem
    monkeypatch.setattr("scimconf.workflow.logs.find_jobs", broken)
    (log,) = logs_of(applied, writer(applied))
    assert "KeyError" in log.problem


def test_all_applications_with_a_job_are_listed(applied):
    applied.request("POST", "/applications", {"displayName": "Plain"})
    results = applied.run(lambda session: all_statuses(session.graph, options()))
    assert [status.name for status in results] == ["Writer"]


@pytest.mark.parametrize(("code", "jobs"), [(404, 0), (403, None)])
def test_jobs_that_are_not_there_and_jobs_that_cannot_be_read(applied, code, jobs):
    applied.fault({"status": code, "body": {}}, method="GET", path="*/synchronization/jobs", times=0)
    (status,) = status_of(applied, writer(applied))
    assert status.is_failed is (jobs is None)
    assert ("no provisioning job" in status.problem) is (jobs == 0)
    (log,) = logs_of(applied, writer(applied))
    assert log.problem


def test_a_log_that_cannot_be_read_is_named_and_the_status_remains(applied):
    answer(applied, status=403)
    (status,) = status_of(applied, writer(applied))
    assert (status.log, len(status.jobs)) == (None, 1)
    assert "ProvisioningLog.Read.All" in status.log_problem
    (log,) = logs_of(applied, writer(applied))
    assert "ProvisioningLog.Read.All" in log.problem


def test_a_refused_filter_is_repeated_by_time_only_and_filtered_here(applied):
    answer(applied, status=400, times=1)
    answer(applied, entry(applied), entry(applied, "eve", job="scim.other"), nth=2)
    (log,) = logs_of(applied, writer(applied))
    assert [event.source_name for event in log.events] == ["ada@contoso.com"]
    filters = [request["query"]["filter"] for request in applied.journal if request["path"] == LOG]
    assert filters[0].startswith("jobId eq 'scim.")
    assert filters[1] == "activityDateTime gt 2026-11-24T12:00:00Z"


def test_the_number_of_entries_is_limited(applied, monkeypatch):
    answer(applied, *(entry(applied, minute=minute) for minute in range(5)))
    read = "scimconf.graph.provisioning_log.read_log"
    monkeypatch.setattr(f"{read}.__defaults__", ("", 3))
    (log,) = logs_of(applied, writer(applied))
    assert (len(log.events), log.is_cut, log.summary.is_cut) == (3, True, True)
    (status,) = status_of(applied, writer(applied))
    assert status.log.is_cut


@pytest.mark.parametrize("user", ["ada@contoso.com", "ADA@contoso.com", "id-ada"])
def test_the_log_of_a_user_who_is_not_in_the_tenant_is_filtered_here(applied, user):
    applied.fault({"status": 404, "body": {}}, method="GET", path="/users/*", times=0)
    answer(applied, entry(applied), entry(applied, "grace", minute=1))
    (log,) = logs_of(applied, writer(applied), user=user)
    assert [event.source_name for event in log.events] == ["ada@contoso.com"]


def test_the_log_of_a_user_is_filtered_by_the_service(applied):
    ada = applied.request("GET", "/users/ada@contoso.com")["id"]
    applied.forget()
    logs_of(applied, writer(applied), user="ada@contoso.com")
    (request,) = [request for request in applied.journal if request["path"] == LOG]
    assert f"sourceIdentity/id eq '{ada}'" in request["query"]["filter"]


def test_entries_are_selected_by_status(applied):
    staged = entry(applied, "eve", "skipped", 9) | {"provisioningAction": "stagedDelete"}
    answer(applied, entry(applied), entry(applied, "grace", "failure", 5), staged)
    (log,) = logs_of(applied, writer(applied), statuses=frozenset(["failure", "staged"]))
    assert [event.source_name for event in log.events] == ["eve@contoso.com", "grace@contoso.com"]


def test_notes_say_what_the_log_does_not(applied):
    tenant = applied
    (log,) = logs_of(tenant, writer(tenant))
    assert list(log.notes()) == ["no entries in this window; a cycle that finds nothing to do writes none"]
    (job,) = tenant.request("GET", "/_sandbox/state")["jobs"]
    principal = tenant.request("GET", "/servicePrincipals?$filter=displayName eq 'Writer'")["value"][0]["id"]
    tenant.request("POST", f"/servicePrincipals/{principal}/synchronization/jobs/{job['id']}/pause")
    (log,) = logs_of(tenant, writer(tenant))
    assert list(log.notes()) == ["provisioning is off"]


def test_quarantine_is_a_note_of_the_log_and_in_the_status(applied):
    tenant = applied
    state = tenant.request("GET", "/_sandbox/state")
    principal = next(row["id"] for row in state["servicePrincipals"] if row["displayName"] == "Writer")
    secrets = {"value": [{"key": "SecretToken", "value": "rejected"}]}
    tenant.request("PUT", f"/servicePrincipals/{principal}/synchronization/secrets", secrets)
    tenant.request("GET", f"/servicePrincipals/{principal}/synchronization/jobs")
    for _ in range(3):
        (status,) = status_of(tenant, writer(tenant))
    assert status.is_quarantined
    (log,) = logs_of(tenant, writer(tenant))
    assert next(iter(log.notes())).startswith("the job is in quarantine since 2026-11-25")


def test_watch_ends_when_the_first_cycle_is_over():
    tenant = Rehearsal(cycle_reads=6)
    tenant.apply(WRITER)

    async def collect(session):
        targets = [writer(tenant)]
        return [state async for state in watch(session.graph, targets, options(), tenant.sleep, 15)]

    phases = [state[0].jobs[0].phase for state in tenant.run(collect)]
    assert phases == [JobPhase.FIRST_CYCLE, JobPhase.RUNNING]
    assert tenant.slept > 15


@pytest.mark.parametrize(
    ("expires", "warning"),
    [
        ("2026-12-26", None),
        ("2026-12-25", ("the token WRITER_SCIM_TOKEN expires in 30 days, on 2026-12-25", False)),
        ("2026-11-26", ("the token WRITER_SCIM_TOKEN expires in 1 day, on 2026-11-26", False)),
        ("2026-11-25", ("the token WRITER_SCIM_TOKEN expires today", False)),
        ("2026-11-24", ("the token WRITER_SCIM_TOKEN expired on 2026-11-24", True)),
    ],
)
def test_a_token_that_expires_within_30_days_is_reported(tmp_path, applied, expires, warning):
    text = WRITER.read_text()
    assert "{env: WRITER_SCIM_TOKEN" in text
    path = shutil.copytree(WRITER.parent, tmp_path / "writer") / "scimconf.yaml"
    path.write_text(text.replace("{env: WRITER_SCIM_TOKEN", f"{{expires: {expires}, env: WRITER_SCIM_TOKEN"))
    loaded = applied.load(path)
    (status,) = status_of(applied, *spec_targets([loaded]))
    assert list(status.token_warnings()) == ([warning] if warning else [])
    planned = applied.plan(loaded)
    assert [warning.message for warning in planned.plan.warnings if warning.code == "K410"] == (
        [warning[0]] if warning else []
    )
    assert planned.plan.changes == ()
    assert status.tokens[0].expires == date.fromisoformat(expires)
