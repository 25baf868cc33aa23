"""Requests to Graph that the sandbox answers by asking the application: provisionOnDemand and validateCredentials."""

from __future__ import annotations

import json

import pytest

from tests.sandbox.client import pairs, service_error
from tests.sandbox.engine.recording_server import TOKEN, Answer

PROBES = ["GET /scim/Users", "GET /scim/Groups"]


def demand(tenant, key, kind="User", expect=200, **subject):
    rule = tenant.client.get(f"{tenant.client.job()}/schema")["synchronizationRules"][0]["id"]
    subjects = [{"objectId": key, "objectTypeName": kind} | subject]
    body = {"parameters": [{"ruleId": rule, "subjects": subjects}]}
    return tenant.client.post(f"{tenant.client.job()}/provisionOnDemand", body, expect=expect)


def outcome(answer):
    key, value = json.loads(answer["key"]), json.loads(answer["value"])
    steps = [step["type"] for step in value["provisioningSteps"]]
    return key["result"], key["details"].get("errorCode"), value["action"], steps


def paths(endpoint):
    return [text.split("?")[0] for text in endpoint.calls()]


@pytest.mark.parametrize("flag", [False, True])
def test_a_user_is_created_and_updated_on_demand_in_the_legacy_dialect(provisioned, endpoint, flag):
    tenant = provisioned(flag=flag)
    first = outcome(demand(tenant, tenant.user("ada")))
    assert first == ("Success", None, "Create", ["Import", "Scoping", "Matching", "Export"])
    assert paths(endpoint) == [*PROBES, "GET /scim/Users", "POST /scim/Users"]
    tenant.change("ada", displayName="Countess")
    endpoint.take()
    assert outcome(demand(tenant, tenant.user("ada")))[:3] == ("Success", None, "Update")
    assert endpoint.requests[-1].body["Operations"] == [{"op": "Replace", "path": "displayName", "value": "Countess"}]
    assert outcome(demand(tenant, tenant.user("ada")))[:2] == ("Skipped", "RedundantExport")


def test_on_demand_is_in_the_log_of_the_job_and_the_next_cycle_is_still_initial(provisioned, endpoint):
    tenant = provisioned()
    demand(tenant, tenant.user("ada"))
    (row,) = tenant.client.value(f"/auditLogs/provisioning?$filter=jobId eq '{tenant.job_id}'")
    assert (row["provisioningAction"], row["targetIdentity"]["id"]) == ("create", "u1")
    summary = tenant.cycle()
    assert (summary["cycle"], tenant.events(summary)) == ("initial", ["other skipped Ada", "create success Grace"])


def test_an_unassigned_user_is_disabled_on_demand_and_a_disabled_one_is_not(provisioned, endpoint):
    tenant = provisioned()
    tenant.cycle()
    tenant.unassign(tenant.user("ada"))
    assert outcome(demand(tenant, tenant.user("ada")))[2] == "Disable"
    assert endpoint.resources["Users"]["u1"]["active"] is False
    tenant.change("grace", accountEnabled=False)
    assert outcome(demand(tenant, tenant.user("grace")))[:2] == ("Skipped", "NotEffectivelyEntitled")
    assert outcome(demand(tenant, tenant.user("joe")))[:2] == ("Skipped", "NotEffectivelyEntitled")
    assert endpoint.resources["Users"]["u2"]["active"] is True


def test_a_group_is_provisioned_with_the_members_of_the_request(provisioned, endpoint):
    group = {"displayName": "Editors", "members": ["ada@contoso.com", "grace@contoso.com"]}
    tenant = provisioned(assigned=("Editors",), groups=[group])
    demand(tenant, tenant.user("ada"))
    links = {"members": [{"objectId": tenant.user("ada"), "objectTypeName": "User"}]}
    answer = demand(tenant, tenant.group("Editors"), "Group", links=links)
    assert outcome(answer)[:3] == ("Success", None, "Create")
    assert endpoint.by_name("Editors")["members"] == [{"value": "u1"}]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer(401), "CredentialValidationFailure"),
        (Answer(404), "ServiceIncompatible"),
        (Answer(drop=True), "CredentialValidationUnavailable"),
    ],
)
def test_a_failed_connection_test_is_a_step(provisioned, endpoint, answer, code):
    endpoint.script("*", "", answer)
    tenant = provisioned()
    answer = demand(tenant, tenant.user("ada"))
    assert outcome(answer) == ("Failure", f"SystemForCrossDomainIdentityManagement{code}", "Other", ["Export"])
    assert tenant.job["status"]["quarantine"] is None


def test_on_demand_failures(provisioned, endpoint):
    tenant = provisioned()
    assert outcome(demand(tenant, "nobody"))[:2] == ("Failure", "ObjectNotFound")
    endpoint.script("POST", "", Answer(409, {"detail": "taken"}))
    answer = demand(tenant, tenant.user("ada"))
    assert outcome(answer)[1].endswith("ServiceIncompatibleFiltering") and "taken" in answer["key"]
    tenant.client.service.running.add(tenant.job_id)
    error = service_error(demand(tenant, tenant.user("ada"), expect=409))
    assert error["code"] == "EmulatedConflict"


def test_on_demand_in_a_batch_is_not_simulated(provisioned):
    tenant = provisioned()
    job = tenant.client.job()
    rule = tenant.client.get(f"{job}/schema")["synchronizationRules"][0]["id"]
    subjects = [{"objectId": tenant.user("ada"), "objectTypeName": "User"}]
    request = {
        "id": "1",
        "method": "POST",
        "url": f"{job}/provisionOnDemand",
        "headers": {"Content-Type": "application/json"},
        "body": {"parameters": [{"ruleId": rule, "subjects": subjects}]},
    }
    (response,) = tenant.client.post("/$batch", {"requests": [request]}, expect=200)["responses"]
    assert (response["status"], response["body"]["error"]["code"]) == (501, "SandboxNotImplemented")


# ---- validateCredentials --------------------------------------------------------------------------------------------


def validate(tenant, expect=204, **credentials):
    body = {"credentials": pairs(credentials)} if credentials else {"useSavedCredentials": True}
    return tenant.client.post(f"{tenant.client.job()}/validateCredentials", body, expect=expect)


def test_validate_credentials_asks_the_application(provisioned, endpoint):
    tenant = provisioned()
    validate(tenant)
    assert paths(endpoint) == PROBES
    assert "filter=userName+eq+%22" in endpoint.calls()[0]
    entries = tenant.client.value("/_sandbox/journal")
    assert [(entry["status"], entry.get("sent", False)) for entry in entries[-3:]] == [
        (204, False),
        (200, True),
        (200, True),
    ]
    error = service_error(validate(tenant, expect=400, BaseAddress=endpoint.url, SecretToken="other"))
    assert "HTTP/1.1 401 Unauthorized" in error["message"] and TOKEN not in json.dumps(error)


@pytest.mark.parametrize(("position", "expect"), [("yes", 400), ("no", 204)])
def test_validate_credentials_fails_without_groups_depending_on_the_switch(provisioned, endpoint, position, expect):
    endpoint.script("*", "/Groups", Answer(404))
    tenant = provisioned(switches={"probe_groups": position}, edits=[{"object": "Group", "enabled": False}])
    validate(tenant, expect=expect)


def test_validate_credentials_of_a_template_asks_too(provisioned, endpoint):
    tenant = provisioned()
    body = {"templateId": "scim", "credentials": pairs({"BaseAddress": endpoint.url, "SecretToken": TOKEN})}
    tenant.client.post(f"{tenant.client.sync()}/jobs/validateCredentials", body, expect=204)
    assert paths(endpoint) == PROBES
