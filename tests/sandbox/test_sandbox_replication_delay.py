"""Replication delay: what requests return for a new object during a number of reads, and afterwards."""

from __future__ import annotations

import pytest

CUSTOM = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"


@pytest.fixture
def late(sandbox):
    return sandbox(switches={"late_reads": 2})


def instantiate(client):
    return client.post(f"/applicationTemplates/{CUSTOM}/instantiate", {"displayName": "Writer"})


def statuses(client, method, path, body=None, times=4):
    return [client.send(method, path, body).status_code for _ in range(times)]


def settled(client):
    """Instantiate Writer and end its replication delay."""
    instance = instantiate(client)
    client.service.tenant.store.run("DELETE FROM delays")
    client.service.tenant.store.run("UPDATE objects SET hidden = 0")
    return instance


@pytest.mark.parametrize("kind", ["application", "servicePrincipal"])
def test_late_reads_hide_a_new_object(late, kind):
    path = f"/{kind}s/{instantiate(late)[kind]['id']}"
    assert statuses(late, "GET", path) == [404, 404, 200, 200]


def test_late_reads_hide_a_new_application_from_patch(late):
    path = f"/applications/{instantiate(late)['application']['id']}"
    assert statuses(late, "PATCH", path, {"notes": "x"}, times=3) == [404, 404, 204]


def test_late_reads_hide_a_new_service_principal_from_lists(late):
    instantiate(late)
    path = "/servicePrincipals?$filter=displayName eq 'Writer'"
    assert [len(late.value(path)) for _ in range(4)] == [0, 0, 1, 1]


def test_late_reads_delay_the_service_principal_of_a_new_application(late):
    app = late.post("/applications", {"displayName": "Plain"})
    assert statuses(late, "POST", "/servicePrincipals", {"appId": app["appId"]}, times=3) == [400, 400, 201]


def test_late_reads_make_synchronization_an_empty_401_then_without_templates(late):
    path = f"/servicePrincipals/{instantiate(late)['servicePrincipal']['id']}/synchronization/templates"
    responses = [late.send("GET", path) for _ in range(5)]
    assert [response.status_code for response in responses] == [401, 401, 200, 200, 200]
    assert (responses[0].json()["error"]["code"], responses[0].json()["error"]["message"]) == ("UnknownError", "")
    assert [len(response.json()["value"]) for response in responses[2:]] == [0, 0, 1]


def test_late_reads_delay_the_template_of_a_new_job(late):
    path = f"/servicePrincipals/{instantiate(late)['servicePrincipal']['id']}/synchronization/jobs"
    assert statuses(late, "POST", path, {"templateId": "scim"}, times=5) == [401, 401, 404, 404, 201]


def test_late_reads_hide_a_new_job_and_refuse_its_start(late):
    sync = f"/servicePrincipals/{settled(late)['servicePrincipal']['id']}/synchronization"
    job = f"{sync}/jobs/{late.post(f'{sync}/jobs', {'templateId': 'scim'})['id']}"
    assert statuses(late, "GET", job) == [404, 404, 200, 200]
    assert statuses(late, "POST", f"{job}/start") == [409, 409, 204, 204]


def test_late_reads_hide_a_new_job_from_the_list(late):
    sync = f"/servicePrincipals/{settled(late)['servicePrincipal']['id']}/synchronization"
    late.post(f"{sync}/jobs", {"templateId": "scim"})
    assert [len(late.value(f"{sync}/jobs")) for _ in range(3)] == [0, 0, 1]


def assignment(client, instance, role=0):
    principal = instance["servicePrincipal"]
    body = {
        "principalId": client.get("/users/ada@contoso.com")["id"],
        "resourceId": principal["id"],
        "appRoleId": principal["appRoles"][role]["id"],
    }
    return f"/servicePrincipals/{principal['id']}/appRoleAssignedTo", body


def test_late_reads_refuse_assignments_of_a_new_service_principal(late):
    path, body = assignment(late, instantiate(late))
    responses = [late.send("POST", path, body) for _ in range(5)]
    assert [response.status_code for response in responses] == [404, 404, 400, 400, 201]
    assert responses[2].json()["error"]["message"] == "Not a valid reference update."


def test_late_reads_refuse_assignments_to_a_new_app_role(late):
    instance = settled(late)
    path, body = assignment(late, instance)
    key = "11111111-2222-3333-4444-555555555555"
    new = {"id": key, "displayName": "a", "description": "a", "value": "a", "allowedMemberTypes": ["User"]}
    roles = [*instance["application"]["appRoles"], new]
    late.patch(f"/applications/{instance['application']['id']}", {"appRoles": roles})
    responses = [late.send("POST", path, body | {"appRoleId": key}) for _ in range(3)]
    assert [response.status_code for response in responses] == [400, 400, 201]
    assert responses[0].json()["error"]["message"] == "Not a valid reference update."


def test_late_reads_delay_listed_and_deleted_assignments(late):
    path, body = assignment(late, settled(late))
    instance = late.post(path, body)
    assert late.get(f"{path}/{instance['id']}")["id"] == instance["id"]
    assert [len(late.value(path)) for _ in range(3)] == [0, 0, 1]
    late.delete(f"{path}/{instance['id']}")
    late.get(f"{path}/{instance['id']}", expect=404)
    assert [len(late.value(path)) for _ in range(3)] == [1, 1, 0]


def test_a_deleted_assignment_can_be_created_again_at_once(late):
    path, body = assignment(late, settled(late))
    late.delete(f"{path}/{late.post(path, body)['id']}")
    assert late.post(path, body)["id"]
    late.post(path, body, expect=400)


def test_late_reads_do_not_apply_to_a_described_tenant(sandbox):
    client = sandbox({"applications": [{"displayName": "Writer", "jobs": [{}]}]}, switches={"late_reads": 5})
    assert client.get(client.job())["templateId"] == "scim"


def test_clock_offset_makes_applications_older(contoso):
    instance = contoso.post(f"/applicationTemplates/{CUSTOM}/instantiate", {"displayName": "Writer"})
    contoso.switch(clock_offset_seconds=3600)
    response = contoso.send("GET", f"/applications/{instance['application']['id']}")
    assert response.headers["date"] == "Wed, 02 Jan 2030 13:00:00 GMT"
    assert response.json()["createdDateTime"] == "2030-01-02T12:00:00Z"
