"""The directory audit log: events of writes, who sent them, filters, retention and permission."""

from __future__ import annotations

import base64
import json

import pytest

from .client import NEW_GROUP, Client

AUDITS = "/auditLogs/directoryAudits"
PROVISIONING = "Account Provisioning"


def token(**claims):
    parts = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": "none"}, claims)
    )
    return {"authorization": f"Bearer {'.'.join(parts)}."}


def newest(client, **query):
    return client.value(AUDITS, **query)[0]


def activities(client):
    return [(event["loggedByService"], event["activityDisplayName"]) for event in reversed(client.value(AUDITS))]


def test_a_change_of_the_provisioning_configuration_is_an_event(writer, schema):
    job = writer.job()
    before = len(writer.value(AUDITS))
    writer.put(f"{job}/schema", schema)
    writer.put(f"{writer.sync()}/secrets", {"value": [{"key": "SyncAll", "value": "false"}]})
    for action in ("start", "pause", "restart"):
        writer.post(
            f"{job}/{action}", {"criteria": {"resetScope": "Full"}} if action == "restart" else None, expect=204
        )
    writer.delete(job)
    assert activities(writer)[before:] == [
        (PROVISIONING, "Update attribute mappings or scope"),
        (PROVISIONING, "Update provisioning setting or credentials"),
        (PROVISIONING, "Enable/start provisioning configuration"),
        (PROVISIONING, "Disable/pause provisioning configuration"),
        (PROVISIONING, "Enable/restart provisioning configuration"),
        (PROVISIONING, "Delete provisioning configuration"),
    ]
    (target,) = newest(writer)["targetResources"]
    assert (target["id"], target["displayName"], target["type"]) == (
        writer.principal()["id"],
        "Writer",
        "ServicePrincipal",
    )
    assert newest(writer)["category"] == "ProvisioningManagement"


def test_reads_and_refused_requests_are_no_events(writer):
    before = writer.value(AUDITS)
    writer.get(writer.job())
    writer.put(f"{writer.job()}/schema", {"nothing": True}, expect=400)
    assert writer.value(AUDITS) == before


def test_assignments_name_the_application_and_the_user_or_group(writer):
    principal = writer.principal()
    ada = writer.get("/users/ada@contoso.com")
    group = writer.post("/groups", NEW_GROUP)
    role = principal["appRoles"][0]["id"]
    body = {"principalId": ada["id"], "resourceId": principal["id"], "appRoleId": role}
    made = writer.post(f"/servicePrincipals/{principal['id']}/appRoleAssignedTo", body)
    event = newest(writer)
    assert event["activityDisplayName"] == "Add app role assignment grant to user"
    assert [(each["id"], each["userPrincipalName"]) for each in event["targetResources"]] == [
        (principal["id"], None),
        (ada["id"], "ada@contoso.com"),
    ]
    writer.delete(f"/servicePrincipals/{principal['id']}/appRoleAssignedTo/{made['id']}")
    assert newest(writer)["activityDisplayName"] == "Remove app role assignment from user"
    writer.post(f"/groups/{group['id']}/appRoleAssignments", body | {"principalId": group["id"]})
    assert newest(writer)["activityDisplayName"] == "Add app role assignment to group"
    assert newest(writer)["targetResources"][0]["id"] == principal["id"]


def test_a_new_application_is_an_event_about_both_of_its_objects():
    with Client() as client:
        made = client.post(
            "/applicationTemplates/8adf8e6e-67b2-4cf2-a259-e3dc5476c621/instantiate", {"displayName": "New"}
        )
        event = newest(client)
        assert event["activityDisplayName"] == "Add application"
        assert [(each["id"], each["type"]) for each in event["targetResources"]] == [
            (made["application"]["id"], "Application"),
            (made["servicePrincipal"]["id"], "ServicePrincipal"),
        ]
        client.patch(f"/applications(appId='{made['application']['appId']}')", {"displayName": "Newer"})
        assert newest(client)["targetResources"][0]["id"] == made["application"]["id"]


@pytest.mark.parametrize(
    ("headers", "kind", "values"),
    [
        ({}, "app", {"appId": "scimconf", "displayName": "Client scimconf"}),
        ({"authorization": "Bearer opaque"}, "app", {"appId": "scimconf"}),
        ({"authorization": "Bearer a.!.c"}, "app", {"appId": "scimconf"}),
        ({"authorization": "Bearer a.MQ.c"}, "app", {"appId": "scimconf"}),
        (token(appid="123", app_displayname="Portal"), "app", {"appId": "123", "displayName": "Portal"}),
        (
            token(upn="someone@contoso.com", oid="1-2"),
            "user",
            {"id": "1-2", "userPrincipalName": "someone@contoso.com"},
        ),
        (
            {"Sandbox-User": "ADA@contoso.com"},
            "user",
            {"userPrincipalName": "ada@contoso.com", "displayName": "Ada Lovelace"},
        ),
        ({"Sandbox-User": "nobody@contoso.com"}, "user", {"userPrincipalName": "nobody@contoso.com"}),
    ],
)
def test_who_sent_a_request(writer, headers, kind, values):
    writer.post(f"{writer.job()}/pause", expect=204, headers=headers)
    initiator = newest(writer)["initiatedBy"]
    assert initiator[{"app": "user", "user": "app"}[kind]] is None
    assert {name: initiator[kind][name] for name in values} == values


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        (
            "category eq 'ProvisioningManagement' and activityDisplayName eq 'Disable/pause provisioning configuration'",
            1,
        ),
        ("startswith(activityDisplayName,'Disable')", 1),
        ("targetResources/any(t:t/id eq '{sp}') and startswith(activityDisplayName,'Disable')", 1),
        ("targetResources/any(t: t/displayName eq 'Another')", 0),
        ("initiatedBy/user/userPrincipalName eq 'ada@contoso.com'", 1),
        ("activityDateTime ge 2020-01-01T00:00:00Z and activityDateTime le 2020-01-02T00:00:00Z", 0),
    ],
)
def test_filters(writer, condition, count):
    writer.post(f"{writer.job()}/pause", expect=204, headers={"Sandbox-User": "ada@contoso.com"})
    condition = condition.replace("{sp}", writer.principal()["id"])
    assert len(writer.value(f"{AUDITS}?$filter={condition}&$orderby=activityDateTime desc")) == count


@pytest.mark.parametrize(
    "query", ["$filter=activityDateTime gt 2020-01-01", "$filter=operationType eq 'Add'", "$orderby=category"]
)
def test_what_the_reference_does_not_name_is_refused(writer, query):
    assert writer.get(f"{AUDITS}?{query}", expect=400)["error"]["code"] == "Request_UnsupportedQuery"


def test_pages_and_both_orders(writer):
    for action in ("pause", "start", "pause"):
        writer.post(f"{writer.job()}/{action}", expect=204)
    pages = writer.pages(f"{AUDITS}?$top=2&$orderby=activityDateTime asc")
    assert [event["id"] for page in pages for event in page] == [
        event["id"] for event in reversed(writer.value(AUDITS))
    ]


def test_events_are_kept_for_the_days_of_the_switch(writer):
    writer.post(f"{writer.job()}/pause", expect=204)
    assert writer.value(AUDITS)
    writer.switch(clock_offset_seconds=8 * 86400)
    assert writer.value(AUDITS)
    writer.switch(audit_retention_days=7)
    assert writer.value(AUDITS) == []


def test_events_of_the_service_may_have_no_id(writer):
    writer.switch(audit_target="name")
    writer.post(f"{writer.job()}/pause", expect=204)
    (target,) = newest(writer)["targetResources"]
    assert (target["id"], target["displayName"]) == (None, "Writer")


def test_a_missing_permission_is_named():
    with Client(permissions=frozenset({"Directory.Read.All", "ProvisioningLog.Read.All"})) as client:
        error = client.get(AUDITS, expect=403)["error"]
        assert error["code"] == "Authentication_MSGraphPermissionMissing"
        assert "AuditLog.Read.All" in error["message"]
