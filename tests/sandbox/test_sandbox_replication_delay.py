"""Late arrival: what a thing looks like until so many reads have been made, and what it looks like after."""

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
    """Both objects, once all of their late arrival is over, and the switch back at nothing late."""
    made = instantiate(client)
    client.service.tenant.store.run("DELETE FROM delays")
    client.service.tenant.store.run("UPDATE objects SET hidden = 0")
    return made


@pytest.mark.parametrize("kind", ["application", "servicePrincipal"])
def test_a_new_object_is_not_found_at_first(late, kind):
    path = f"/{kind}s/{instantiate(late)[kind]['id']}"
    assert statuses(late, "GET", path) == [404, 404, 200, 200]


def test_a_new_application_is_not_there_to_be_changed_either(late):
    path = f"/applications/{instantiate(late)['application']['id']}"
    assert statuses(late, "PATCH", path, {"notes": "x"}, times=3) == [404, 404, 204]


def test_lists_find_it_after_some_reads(late):
    instantiate(late)
    path = "/servicePrincipals?$filter=displayName eq 'Writer'"
    assert [len(late.value(path)) for _ in range(4)] == [0, 0, 1, 1]


def test_a_new_application_has_no_service_principal_yet(late):
    app = late.post("/applications", {"displayName": "Plain"})
    assert statuses(late, "POST", "/servicePrincipals", {"appId": app["appId"]}, times=3) == [400, 400, 201]


def test_synchronization_answers_an_empty_401_and_then_no_templates(late):
    path = f"/servicePrincipals/{instantiate(late)['servicePrincipal']['id']}/synchronization/templates"
    answers = [late.send("GET", path) for _ in range(5)]
    assert [one.status_code for one in answers] == [401, 401, 200, 200, 200]
    assert (answers[0].json()["error"]["code"], answers[0].json()["error"]["message"]) == ("UnknownError", "")
    assert [len(one.json()["value"]) for one in answers[2:]] == [0, 0, 1]


def test_a_job_is_refused_until_its_template_is_there(late):
    path = f"/servicePrincipals/{instantiate(late)['servicePrincipal']['id']}/synchronization/jobs"
    assert statuses(late, "POST", path, {"templateId": "scim"}, times=5) == [401, 401, 404, 404, 201]


def test_a_new_job_is_not_found_and_not_to_be_started(late):
    sync = f"/servicePrincipals/{settled(late)['servicePrincipal']['id']}/synchronization"
    job = f"{sync}/jobs/{late.post(f'{sync}/jobs', {'templateId': 'scim'})['id']}"
    assert statuses(late, "GET", job) == [404, 404, 200, 200]
    assert statuses(late, "POST", f"{job}/start") == [409, 409, 204, 204]


def test_a_new_job_is_missing_from_the_list(late):
    sync = f"/servicePrincipals/{settled(late)['servicePrincipal']['id']}/synchronization"
    late.post(f"{sync}/jobs", {"templateId": "scim"})
    assert [len(late.value(f"{sync}/jobs")) for _ in range(3)] == [0, 0, 1]


def assignment(client, made, role=0):
    principal = made["servicePrincipal"]
    body = {
        "principalId": client.get("/users/ada@contoso.com")["id"],
        "resourceId": principal["id"],
        "appRoleId": principal["appRoles"][role]["id"],
    }
    return f"/servicePrincipals/{principal['id']}/appRoleAssignedTo", body


def test_a_new_service_principal_takes_no_assignments_yet(late):
    path, body = assignment(late, instantiate(late))
    answers = [late.send("POST", path, body) for _ in range(5)]
    assert [one.status_code for one in answers] == [404, 404, 400, 400, 201]
    assert answers[2].json()["error"]["message"] == "Not a valid reference update."


def test_a_new_role_is_not_assignable_yet(late):
    made = settled(late)
    path, body = assignment(late, made)
    key = "11111111-2222-3333-4444-555555555555"
    new = {"id": key, "displayName": "a", "description": "a", "value": "a", "allowedMemberTypes": ["User"]}
    roles = [*made["application"]["appRoles"], new]
    late.patch(f"/applications/{made['application']['id']}", {"appRoles": roles})
    answers = [late.send("POST", path, body | {"appRoleId": key}) for _ in range(3)]
    assert [one.status_code for one in answers] == [400, 400, 201]
    assert answers[0].json()["error"]["message"] == "Not a valid reference update."


def test_granted_rows_come_late_and_removed_ones_stay_a_while(late):
    path, body = assignment(late, settled(late))
    made = late.post(path, body)
    assert late.get(f"{path}/{made['id']}")["id"] == made["id"]
    assert [len(late.value(path)) for _ in range(3)] == [0, 0, 1]
    late.delete(f"{path}/{made['id']}")
    late.get(f"{path}/{made['id']}", expect=404)
    assert [len(late.value(path)) for _ in range(3)] == [1, 1, 0]


def test_a_removed_row_can_be_granted_again_at_once(late):
    path, body = assignment(late, settled(late))
    late.delete(f"{path}/{late.post(path, body)['id']}")
    assert late.post(path, body)["id"]
    late.post(path, body, expect=400)


def test_a_described_tenant_has_long_arrived(sandbox):
    client = sandbox({"applications": [{"displayName": "Writer", "jobs": [{}]}]}, switches={"late_reads": 5})
    assert client.get(client.job())["templateId"] == "scim"


def test_the_clock_makes_applications_older(contoso):
    made = contoso.post(f"/applicationTemplates/{CUSTOM}/instantiate", {"displayName": "Writer"})
    contoso.switch(clock_offset_seconds=3600)
    answer = contoso.send("GET", f"/applications/{made['application']['id']}")
    assert answer.headers["date"] == "Wed, 02 Jan 2030 13:00:00 GMT"
    assert answer.json()["createdDateTime"] == "2030-01-02T12:00:00Z"
