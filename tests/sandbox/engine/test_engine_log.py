"""What a cycle leaves behind: the status of the job with its counts, and the provisioning log. Unusual creations."""

from __future__ import annotations

import pytest

from tests.sandbox.engine.recording_server import Answer
from tests.sandbox.engine.test_engine_cycles import set_manager

CODE = "SystemForCrossDomainIdentityManagementServiceIncompatible"


@pytest.mark.parametrize(
    ("switches", "answer", "times", "event"),
    [
        ({"create_status": "201"}, Answer(200, {"id": "x"}), 1, f"create failure Ada: {CODE}"),
        ({}, Answer(200, {"id": "x"}), 1, "create success Ada"),
        ({}, Answer(201, {"id": 7}), 1, "create success Ada"),
        ({"create_no_body": "location"}, Answer(201, headers={"Location": "/scim/Users/x%201"}), 1, "create success Ada"),
        ({}, Answer(201, headers={"Location": "/scim/Users/x"}), 1, f"create failure Ada: {CODE}"),
        ({"response_content_type": "strict"}, Answer(201, {"id": "x"}, {"Content-Type": "application/json"}), 1,
         f"create failure Ada: {CODE}"),
        ({}, Answer(201, {"id": "x"}, {"Content-Type": "application/json"}), 1, "create success Ada"),
    ],
)  # fmt: skip
def test_responses_to_a_creation(provisioned, endpoint, switches, answer, times, event):
    endpoint.script("POST", "", answer, times=times)
    tenant = provisioned(assigned=("ada@contoso.com",), switches=switches)
    assert tenant.events(tenant.cycle()) == [event]


def test_response_content_type_strict_refuses_lists_too(provisioned, endpoint):
    endpoint.script("GET", "", Answer(200, {"totalResults": 0}, {"Content-Type": "application/json"}))
    tenant = provisioned(switches={"response_content_type": "strict"})
    assert "content type" in tenant.cycle()["quarantine"]["error"]["message"]


@pytest.mark.parametrize(("position", "value"), [("string", "u1"), ("object", {"value": "u1"})])
def test_manager_in_post_is_part_of_the_creation(provisioned, endpoint, position, value):
    tenant = provisioned(switches={"manager_in_post": position})
    set_manager(tenant, "grace", "ada")
    tenant.cycle()
    urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    assert endpoint.requests[3].body[urn]["manager"] == value


def test_status_counts_what_happened(provisioned, endpoint):
    group = {"displayName": "Editors", "members": ["ada@contoso.com", "grace@contoso.com"]}
    tenant = provisioned(assigned=("Editors", "joe@contoso.com"), groups=[group])
    endpoint.script("POST", "/Users", Answer(409), times=1)
    tenant.cycle()
    status = tenant.job["status"]
    run = status["lastExecution"]
    assert (run["countImportedReferenceDeltas"], run["countEscrowedRaw"]) == (0, 2)
    names = ("countImported", "countEntitled", "countEntitledForProvisioning", "countExported", "countEscrowed")
    assert [run[name] for name in names] == [4, 4, 4, 4, 1]
    assert {row["key"].split(" ")[0]: row["value"] for row in status["synchronizedEntryCountByType"]} == {
        "User": 2,
        "Group": 1,
    }
    assert status["lastSuccessfulExecution"] is None
    assert status["steadyStateFirstAchievedTime"] == "2030-01-02T12:00:00Z" and status["progress"] == []
    tenant.cycle()
    assert tenant.job["status"]["lastSuccessfulExecutionWithExports"]["countExported"] == 2


def test_a_job_that_waits_for_its_first_cycle_has_not_run(provisioned):
    tenant = provisioned()
    for _ in range(5):
        status = tenant.job["status"]
    assert (status["code"], status["lastExecution"]) == ("NotRun", None)


# ---- the provisioning log -------------------------------------------------------------------------------------------

LOG = "/auditLogs/provisioning"


def test_the_log_is_filtered_sorted_and_paged(provisioned, endpoint):
    tenant = provisioned(assigned=("ada@contoso.com", "grace@contoso.com", "joe@contoso.com"))
    endpoint.script("POST", "", Answer(409), times=1)
    tenant.cycle()
    names = [row["sourceIdentity"]["displayName"] for row in tenant.client.value(LOG)]
    assert names == ["Joe", "Grace", "Ada"]
    assert [len(page) for page in tenant.client.pages(f"{LOG}?$top=2")] == [2, 1]
    first = tenant.client.value(f"{LOG}?$orderby=activityDateTime&$top=1")[0]
    principal = tenant.client.principal()["id"]
    filters = {
        f"jobId eq '{tenant.job_id}'": 3,
        "jobId eq 'other'": 0,
        f"changeId eq '{first['changeId']}'": 1,
        f"contains(changeId,'{first['changeId'][:8]}') and (jobId eq '{tenant.job_id}')": 1,
        "statusInfo/status eq 'failure'": 1,
        "provisioningStatusInfo/status eq microsoft.graph.provisioningResult'success'": 2,
        "provisioningAction eq 'Create'": 3,
        f"sourceIdentity/id eq '{tenant.user('ada')}' and servicePrincipal/id eq '{principal}'": 1,
        "activityDateTime gt 2030-01-02T11:59:59Z and activityDateTime lt 2030-01-02T12:00:01Z": 3,
        "activityDateTime ge 2030-01-02T12:00:00Z": 3,
        "activityDateTime gt 2030-01-03": 0,
        f"contains(tolower(servicePrincipal/id),'{principal}')": 3,
    }
    assert {text: len(tenant.client.value(f"{LOG}?$filter={text}")) for text in filters} == filters


@pytest.mark.parametrize("query", ["$filter=modifiedProperties eq 'x'", "$orderby=jobId", "$filter=jobId ne 'x'"])
def test_the_log_refuses_unknown_queries(provisioned, query):
    provisioned().client.get(f"{LOG}?{query}", expect=400)


def test_entries_have_the_steps_and_properties_of_published_ones(provisioned, endpoint):
    tenant = provisioned(assigned=("ada@contoso.com",))
    (entry,) = tenant.cycle()["entries"]
    assert [step["name"] for step in entry["provisioningSteps"]] == [
        "EntryImportAdd",
        "EntrySynchronizationScoping",
        "EntrySynchronizationAdd",
        "EntryExportAdd",
    ]
    assert entry["provisioningSteps"][-1]["details"]["namegivenName"] == "Ada"
    assert {"displayName": "active", "oldValue": None, "newValue": "True"} in entry["modifiedProperties"]
    assert (
        entry["targetIdentity"]["id"] == "u1"
        and entry["cycleId"] == tenant.job["status"]["lastExecution"]["activityIdentifier"]
    )
    tenant.change("ada", displayName="Countess")
    (entry,) = tenant.cycle()["entries"]
    assert entry["modifiedProperties"] == [{"displayName": "displayName", "oldValue": "Ada", "newValue": "Countess"}]
