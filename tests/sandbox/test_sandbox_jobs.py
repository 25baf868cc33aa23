"""Templates, and the life cycle of a job."""

from __future__ import annotations

import json
import re

import pytest

from .client import WRITER, service_error

GOOD = {"BaseAddress": "https://app.writer.com/api/scim/v2", "SecretToken": "good"}


def test_templates_of_the_custom_application_are_scim_only(writer):
    (template,) = writer.value(f"{writer.sync()}/templates")
    assert (template["id"], template["factoryTag"], template["default"]) == ("scim", "scim", True)
    assert template["applicationId"] == "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"
    metadata = {document["key"]: document["value"] for document in template["metadata"]}
    assert json.loads(metadata["configurationFields"]) == [
        {"name": "baseaddress"},
        {"name": "secrettoken", "secret": True},
    ]
    assert metadata["galleryApplicationKey"] == "customappsso"
    assert "schema" not in template
    assert writer.get(f"{writer.sync()}/templates/scim")["id"] == "scim"
    assert (
        service_error(writer.get(f"{writer.sync()}/templates/other", expect=404))["code"] == "EmulatedTemplateNotFound"
    )


def test_templates_contain_their_schema_by_a_switch(writer):
    writer.switch(inline_template_schema="yes")
    (template,) = writer.value(f"{writer.sync()}/templates")
    assert template["schema"]["id"] == "scim." + "0" * 32


def test_templates_of_gallery_applications_are_their_own(sandbox):
    client = sandbox({"applications": [{"displayName": name, "template": name} for name in ("Parley", "Fieldbook")]})
    (template,) = client.value(f"{client.sync('Parley')}/templates")
    assert template["id"] == "parley"
    ids = [document["id"] for document in client.value(f"{client.sync('Fieldbook')}/templates")]
    assert ids == ["fieldbook", "fieldbookLegacy"]
    assert client.principal("Parley")["tags"] == ["WindowsAzureActiveDirectoryIntegratedApp"]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("templateId eq 'fieldbook'", 1),
        ("templateid EQ 'fieldbookLegacy'", 1),
        ("templateId eq 'Fieldbook'", 0),
        ("templateId eq 'a''b'", 0),
    ],
)
def test_jobs_can_be_filtered_by_their_template(sandbox, text, count):
    jobs = [{"template": "fieldbook"}, {"template": "fieldbookLegacy"}]
    client = sandbox({"applications": [{"displayName": "Fieldbook", "template": "Fieldbook", "jobs": jobs}]})
    rows = client.value(f"{client.sync('Fieldbook')}/jobs?$filter={text}")
    assert [row["templateId"] for row in rows] == [text.split("'")[1]] * count


@pytest.mark.parametrize("text", ["id eq 'x'", "templateId ne 'scim'", "templateId eq 'scim' and id eq 'x'"])
def test_other_filters_of_jobs_are_refused(writer, text):
    error = service_error(writer.get(f"{writer.sync()}/jobs?$filter={text}", expect=400))
    assert error["code"] == "EmulatedUnsupportedQuery"
    writer.get(f"{writer.sync()}/templates?$filter=id eq 'scim'", expect=400)


def test_a_new_job_is_paused_and_has_not_run(sandbox):
    client = sandbox({"applications": [WRITER]})
    job = client.post(
        f"{client.sync()}/jobs", {"templateId": "scim", "@odata.type": "#microsoft.graph.synchronizationJob"}
    )
    tenant = client.value("/organization")[0]["id"].replace("-", "")
    assert re.fullmatch(rf"scim\.{tenant}\.[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}", job["id"])
    assert job["schedule"] == {"expiration": None, "interval": "PT40M", "state": "Disabled"}
    assert job["status"]["code"] == "Paused"
    assert job["status"]["steadyStateFirstAchievedTime"] == "0001-01-01T00:00:00Z"
    job.pop("@odata.context")
    assert client.value(f"{client.sync()}/jobs") == [job]


def test_a_new_job_needs_a_template_of_the_application(writer):
    assert service_error(writer.post(f"{writer.sync()}/jobs", {"templateId": "parley"}, expect=404))
    writer.post(f"{writer.sync()}/jobs", expect=400)


def test_a_second_job_of_a_template_is_a_switch(writer):
    assert (
        service_error(writer.post(f"{writer.sync()}/jobs", {"templateId": "scim"}, expect=409))["code"]
        == "EmulatedJobExists"
    )
    writer.switch(second_job="allowed")
    writer.post(f"{writer.sync()}/jobs", {"templateId": "scim"})
    assert len(writer.value(f"{writer.sync()}/jobs")) == 2


def test_an_unknown_job_is_an_error_inside_an_unknown_error(writer):
    body = writer.get(f"{writer.sync()}/jobs/none", expect=404)
    assert body["error"]["message"].startswith('{\r\n  "error": {\r\n    "code": "EmulatedJobNotFound"')
    assert set(service_error(body)) == {"code", "message", "target", "details", "innerError"}
    writer.post(f"{writer.sync()}/jobs/none/start", expect=404)


def test_a_job_is_read_below_its_service_principal_only(sandbox):
    client = sandbox({"applications": [WRITER | {"jobs": [{}]}, {"displayName": "Other"}]})
    key = client.job().rsplit("/", 1)[1]
    client.get(f"{client.sync('Other')}/jobs/{key}", expect=404)


def test_a_started_job_completes_its_cycle_after_reads(writer):
    writer.put_secrets(**GOOD)
    job = writer.job()
    writer.post(f"{job}/start", expect=204)
    documents = [writer.get(job) for _ in range(3)]
    assert [document["status"]["code"] for document in documents] == ["NotRun", "Active", "Active"]
    assert {document["schedule"]["state"] for document in documents} == {"Active"}
    assert documents[-1]["status"]["lastExecution"]["state"] == "Succeeded"
    assert documents[-1]["status"]["steadyStateFirstAchievedTime"] == "2030-01-02T12:00:00Z"


def test_cycle_reads_and_started_code_are_switches(writer):
    writer.switch(cycle_reads=2, started_code="Active")
    job = writer.job()
    writer.post(f"{job}/start", expect=204)
    assert [writer.get(job)["status"]["code"] for _ in range(3)] == ["Active", "Active", "Quarantine"]


def test_an_active_job_with_invalid_credentials_is_quarantined(writer):
    job = writer.job()
    writer.post(f"{job}/start", expect=204)
    writer.get(job)
    document = writer.get(job)
    assert document["schedule"]["state"] == "Active"
    assert document["status"]["code"] == "Quarantine"
    assert document["status"]["quarantine"]["reason"] == "EncounteredQuarantineException"
    assert document["status"]["quarantine"]["nextAttempt"] == "2030-01-02T12:05:00Z"
    assert document["status"]["lastExecution"]["state"] == "Failed"
    error = document["status"]["quarantine"]["error"]
    assert error["message"] == "Please provide a valid tenant URL for your application."


@pytest.mark.parametrize(
    ("call", "body", "code"),
    [
        ("start", None, "NotRun"),
        ("restart", {"criteria": {"resetScope": "Watermark, Escrows, QuarantineState"}}, "Active"),
        ("restart", {"criteria": {"resetScope": "Full"}}, "Active"),
        ("restart", None, "Active"),
        ("restart", {"criteria": {"resetScope": "Watermark"}}, "Quarantine"),
        ("restart", {"criteria": {"resetScope": "ForceDeletes"}}, "Quarantine"),
    ],
)
def test_start_and_restart_end_a_quarantine(writer, call, body, code):
    job = writer.job()
    writer.post(f"{job}/start", expect=204)
    writer.get(job)
    assert writer.get(job)["status"]["code"] == "Quarantine"
    writer.switch(cycle_reads=5)
    writer.post(f"{job}/{call}", body, expect=204)
    assert writer.get(job)["status"]["code"] == code


def test_restart_validates_reset_scopes_and_keeps_a_paused_job_paused(writer):
    job = writer.job()
    error = service_error(writer.post(f"{job}/restart", {"criteria": {"resetScope": "Everything"}}, expect=400))
    assert error["code"] == "EmulatedInvalidResetScope"
    writer.post(f"{job}/restart", expect=204)
    assert writer.get(job)["schedule"]["state"] == "Disabled"
    writer.switch(restart_starts="yes")
    writer.post(f"{job}/restart", expect=204)
    assert writer.get(job)["schedule"]["state"] == "Active"


@pytest.mark.parametrize("state", ["Disabled", "Paused"])
def test_pause_sets_the_state_of_the_switch(writer, state):
    writer.switch(paused_state=state)
    job = writer.job()
    writer.post(f"{job}/start", expect=204)
    writer.post(f"{job}/pause", expect=204)
    document = [writer.get(job) for _ in range(3)][-1]
    assert (document["schedule"]["state"], document["status"]["code"]) == (state, "Paused")


def test_start_of_a_running_job_changes_nothing(writer):
    job = writer.job()
    writer.put_secrets(**GOOD)
    writer.post(f"{job}/start", expect=204)
    for _ in range(2):
        writer.get(job)
    writer.post(f"{job}/start", expect=204)
    assert writer.get(job)["status"]["code"] == "Active"


def test_a_running_job_is_quarantined_after_its_credentials_became_invalid(writer):
    job = writer.job()
    writer.put_secrets(**GOOD)
    writer.post(f"{job}/start", expect=204)
    for _ in range(2):
        writer.get(job)
    writer.put_secrets(SecretToken="rejected")
    writer.get(job)
    assert writer.get(job)["status"]["code"] == "Quarantine"


def test_deleting_a_job_deletes_its_schema_and_keeps_the_secrets(writer):
    job = writer.job()
    writer.put_secrets(SyncAll="false")
    writer.delete(job)
    writer.get(job, expect=404)
    writer.get(f"{job}/schema", expect=404)
    assert writer.secrets() == {"SyncAll": "false"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "{job}"),
        ("PATCH", "{job}/schema"),
        ("POST", "{job}/stop"),
        ("GET", "{sync}/nothing"),
        ("DELETE", "{sync}/secrets"),
    ],
)
def test_an_unknown_synchronization_path_is_a_404_of_the_service(writer, method, path):
    response = writer.send(method, path.format(job=writer.job(), sync=writer.sync()), {})
    assert response.status_code == 404
    message = json.loads(response.json()["error"]["message"])["Message"]
    assert message.startswith("No HTTP resource was found that matches the request URI 'https://syncfabric.")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("{job}/bulkUpload", "EmulatedNotInbound"),
        ("{sync}/acquireAccessToken", "EmulatedNoAuthorizationCode"),
        ("{job}/schema/directories/66e4a8cc-1b7b-435e-95f8-f06cea133828/discover", "EmulatedNotDiscoverable"),
        ("{job}/schema/directories/other/discover", "EmulatedDirectoryNotFound"),
    ],
)
def test_requests_for_other_kinds_of_applications_are_refused(writer, path, code):
    response = writer.send("POST", path.format(job=writer.job(), sync=writer.sync()), {})
    assert response.status_code in (400, 404)
    assert json.loads(response.json()["error"]["message"])["error"]["code"] == code


def test_synchronization_by_app_id_is_a_switch(writer):
    path = f"/servicePrincipals(appId='{writer.principal()['appId']}')/synchronization/jobs"
    writer.get(path, expect=404)
    writer.switch(sync_by_app_id="answered")
    assert len(writer.value(path)) == 1


def test_synchronization_of_an_unknown_service_principal_is_a_404(writer):
    error = writer.get("/servicePrincipals/none/synchronization/jobs", expect=404)["error"]
    assert error["code"] == "Request_ResourceNotFound"
