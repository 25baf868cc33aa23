"""The switches of the engine over HTTP: what each position that is not the default changes."""

from __future__ import annotations

import pytest

from .recording_server import Answer
from .test_engine_on_demand import PROBES, demand, paths

ADA = "ada@contoso.com"
CREATED = {"id": "u1", "userName": ADA, "displayName": "Ada"}
pytestmark = pytest.mark.slow
PLAIN = {"Content-Type": "application/json"}


def one_user(provisioned, **switches):
    return provisioned(assigned=(ADA,), switches=switches)


# ---- creations ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("switches", "answer", "succeeds"),
    [
        ({}, Answer(201, CREATED), True),
        ({}, Answer(200, CREATED), True),
        ({"create_status": "201"}, Answer(200, CREATED), False),
        ({}, Answer(201, CREATED, PLAIN), True),
        ({"response_content_type": "strict"}, Answer(201, CREATED, PLAIN), False),
        ({}, Answer(201, {"userName": ADA}), False),
        ({"create_no_id": "match"}, Answer(201, {"userName": ADA}), True),
        ({}, Answer(201, headers={"Location": "/scim/Users/u1"}), False),
        ({"create_no_body": "location"}, Answer(201, headers={"Location": "/scim/Users/u1"}), True),
    ],
)
def test_response_to_a_creation_is_accepted_depending_on_its_switches(
    provisioned, endpoint, switches, answer, succeeds
):
    tenant = one_user(provisioned, **switches)
    endpoint.script("POST", "/Users", answer)
    match = Answer(200, {"totalResults": 1, "Resources": [CREATED]})
    endpoint.script("GET", "userName eq", match)
    endpoint.script("GET", "userName eq", Answer(200, {"totalResults": 0, "Resources": []}), times=1)
    events = tenant.events(tenant.cycle())
    assert (events == ["create success Ada"]) is succeeds, events


# ---- failures -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "sent"), [(0, 1), (2, 3)])
def test_failed_request_is_repeated_in_the_cycle_as_often_as_its_switch_says(provisioned, endpoint, count, sent):
    tenant = one_user(provisioned, retry_in_cycle=count)
    endpoint.script("POST", "/Users", Answer(503, {"detail": "busy"}))
    tenant.cycle()
    assert len(endpoint.calls("POST")) == sent


@pytest.mark.parametrize(
    ("position", "events"), [("escrow", ["create failure"]), ("honour", ["create success"])]
)  # fmt: skip
def test_retry_after_is_honoured_depending_on_its_switch(provisioned, endpoint, position, events):
    tenant = one_user(provisioned, retry_after=position)
    endpoint.script("POST", "/Users", Answer(429, {"detail": "slow"}, {"Retry-After": "0"}), times=1)
    assert [" ".join(event.split()[:2]) for event in tenant.events(tenant.cycle())] == events


@pytest.mark.parametrize(("position", "code"), [("thresholds", "Active"), ("immediate", "Quarantine")])
def test_429_quarantines_the_job_depending_on_its_switch(provisioned, endpoint, position, code):
    tenant = one_user(provisioned, quarantine_on_429=position)
    endpoint.script("POST", "/Users", Answer(429, {"detail": "slow"}))
    tenant.cycle()
    assert tenant.job["status"]["code"] == code


@pytest.mark.parametrize("position", ["Succeeded", "EntryLevelErrors"])
def test_state_of_a_cycle_with_failed_objects_is_a_switch(provisioned, endpoint, position):
    tenant = one_user(provisioned, escrow_state=position)
    endpoint.script("POST", "/Users", Answer(400, {"detail": "no"}))
    assert tenant.cycle()["execution"]["state"] == position


# ---- searches -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("position", "first"), [("yes", PROBES), ("no", [])])
def test_on_demand_begins_with_a_test_of_the_connection_depending_on_its_switch(provisioned, endpoint, position, first):
    tenant = one_user(provisioned, pod_guid_probe=position)
    demand(tenant, tenant.user("ada"))
    assert paths(endpoint) == [*first, "GET /scim/Users", "POST /scim/Users"]


@pytest.mark.parametrize(("minutes", "after", "count"), [(0, "P1D", 0), (60, "PT2H", 2), (60, None, 0)])
def test_connection_is_tested_between_cycles_as_often_as_its_switch_says(provisioned, endpoint, minutes, after, count):
    tenant = one_user(provisioned, keepalive_probe=minutes)
    tenant.cycle()
    assert len(tenant.sent(after)) == count


@pytest.mark.parametrize(
    ("position", "answer", "sent"),
    [
        ("no", [], ["GET /scim/Users/u1", "PATCH /scim/Users/u1"]),
        ("yes", [], ["GET /scim/Users", "GET /scim/Users/u1", "PATCH /scim/Users/u1"]),
        ("yes", [{"id": "u1"}], ["GET /scim/Users"]),
    ],
)
def test_reference_is_searched_before_it_is_sent_depending_on_its_switch(provisioned, endpoint, position, answer, sent):
    tenant = provisioned(assigned=(ADA, "grace@contoso.com"), switches={"reference_filters": position})
    tenant.cycle()
    link = {"@odata.id": f"https://graph.microsoft.com/v1.0/users/{tenant.user('grace')}"}
    tenant.client.put(f"/users/{tenant.user('ada')}/manager/$ref", link)
    endpoint.take()
    endpoint.script("GET", "manager eq", Answer(200, {"totalResults": len(answer), "Resources": answer}))
    tenant.cycle()
    assert [request for request in paths(endpoint) if request in sent] == sent
    assert len(endpoint.calls("PATCH")) == len([request for request in sent if request.startswith("PATCH")])


@pytest.mark.parametrize(
    ("position", "version"), [("6.0", "6.0"), ("none", None), ("dated", "Date:2030-01-02T12:00:00Z, ")]
)
def test_requests_of_a_cycle_name_its_activity_depending_on_the_switch(provisioned, endpoint, position, version):
    tenant = one_user(provisioned, adscimversion_header=position)
    execution = tenant.cycle()["execution"]
    expected = f"{version}ActivityId:{execution['activityIdentifier']}" if position == "dated" else version
    assert {request.headers.get("adscimversion") for request in endpoint.requests} == {expected}


# ---- the log --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("position", ["disable", "delete"])
def test_action_of_a_lost_scope_in_the_log_is_a_switch(provisioned, position):
    tenant = one_user(provisioned, unassigned_action=position)
    tenant.cycle()
    tenant.unassign(tenant.user("ada"))
    assert tenant.events(tenant.cycle()) == [f"{position} success Ada"]


@pytest.mark.parametrize("position", ["stagedDelete", "other", "unknownFutureValue"])
def test_action_of_a_staged_disabling_in_the_log_is_a_switch(provisioned, position):
    settings = '{"Enabled":false,"DeleteThresholdEnabled":true,"DeleteThresholdValue":1}'
    tenant = provisioned(
        assigned=(ADA,), secrets={"SyncNotificationSettings": settings}, switches={"staged_action": position}
    )
    tenant.cycle()
    tenant.unassign(tenant.user("ada"))
    (entry,) = tenant.cycle()["entries"]
    assert entry["provisioningAction"] == position
