"""The gallery, applications, service principals and app roles."""

from __future__ import annotations

import pytest

CUSTOM = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"
ROLE = "11111111-2222-3333-4444-555555555555"


def role(key: str = ROLE, **properties):
    return {
        "id": key,
        "displayName": "Editor",
        "description": "Edits",
        "value": "editor",
        "isEnabled": True,
        "allowedMemberTypes": ["User"],
    } | properties


def application(client):
    (document,) = client.value("/applications?$filter=displayName eq 'Writer'")
    return document


def test_application_templates_are_filtered_by_name(contoso):
    (template,) = contoso.value("/applicationTemplates?$filter=displayName eq 'Custom'")
    assert template["id"] == CUSTOM
    assert contoso.get(f"/applicationTemplates/{CUSTOM}")["supportedProvisioningTypes"] == ["sync"]
    assert len(contoso.value("/applicationTemplates")) > 1
    contoso.get("/applicationTemplates/none", expect=404)


def test_instantiate_creates_application_and_service_principal_with_the_same_roles(contoso):
    instance = contoso.post(f"/applicationTemplates/{CUSTOM}/instantiate", {"displayName": "Writer"})
    app, principal = instance["application"], instance["servicePrincipal"]
    assert app["applicationTemplateId"] == CUSTOM
    assert [app_role["displayName"] for app_role in app["appRoles"]] == ["User", "msiam_access"]
    assert app["appRoles"] == principal["appRoles"]
    assert all(app_role["value"] is None and app_role["origin"] == "Application" for app_role in app["appRoles"])
    assert app["web"]["homePageUrl"] == principal["homepage"]
    assert principal["appRoleAssignmentRequired"] is True
    assert principal["servicePrincipalNames"] == [app["appId"]]
    assert principal["tags"] == [
        "WindowsAzureActiveDirectoryCustomSingleSignOnApplication",
        "WindowsAzureActiveDirectoryIntegratedApp",
    ]
    assert app["createdDateTime"] == "2030-01-02T12:00:00Z"


def test_instantiate_returns_object_ids_in_beta_only(contoso):
    path = f"/applicationTemplates/{CUSTOM}/instantiate"
    for version, expected in (("/beta", True), ("/v1.0", False)):
        for document in contoso.post(f"{version}{path}", {"displayName": "Writer"}).values():
            if isinstance(document, dict):
                assert document.get("objectId") == (document["id"] if expected else None)


def test_instantiate_creates_new_ids_for_the_same_name(contoso):
    instances = [
        contoso.post(f"/applicationTemplates/{CUSTOM}/instantiate", {"displayName": "Writer"}) for _ in range(2)
    ]
    ids = {
        instance[kind][key]
        for instance in instances
        for kind in ("application", "servicePrincipal")
        for key in ("id", "appId")
    }
    assert len(ids) == 6
    assert len({app_role["id"] for instance in instances for app_role in instance["application"]["appRoles"]}) == 4
    assert len(contoso.value("/servicePrincipals?$filter=displayName eq 'Writer'")) == 2


def test_instantiate_refuses_an_unknown_template_and_a_missing_name(contoso):
    contoso.post("/applicationTemplates/none/instantiate", {"displayName": "x"}, expect=404)
    contoso.post(f"/applicationTemplates/{CUSTOM}/instantiate", {}, expect=400)
    contoso.post(f"/applicationTemplates/{CUSTOM}/instantiate", expect=400)


def test_an_application_is_read_by_id_and_by_app_id(writer):
    app = application(writer)
    assert writer.get(f"/applications/{app['id']}")["appId"] == app["appId"]
    assert writer.get(f"/applications(appId='{app['appId']}')")["id"] == app["id"]
    principal = writer.get(f"/servicePrincipals(appId='{app['appId']}')?$select=id,appId")
    assert principal["appId"] == app["appId"]
    writer.get("/applications(appId='none')", expect=404)


def test_a_renamed_application_renames_its_service_principal(writer):
    writer.patch(f"/applications/{application(writer)['id']}", {"displayName": "Author", "@odata.type": "x", "id": "y"})
    assert writer.principal("Author")["appDisplayName"] == "Author"


def test_a_service_principal_stores_tags_but_not_roles(writer):
    path = f"/servicePrincipals/{writer.principal()['id']}"
    writer.patch(path, {"tags": ["scimconf:SecretToken=1"]})
    assert writer.get(path)["tags"] == ["scimconf:SecretToken=1"]
    assert writer.send("PATCH", path, {"appRoles": []}).status_code == 400


def test_app_role_assignment_required_is_served_patched_and_a_boolean(sandbox):
    client = sandbox({"applications": [{"displayName": "Writer", "appRoleAssignmentRequired": False}]})
    path = f"/servicePrincipals/{client.principal()['id']}"
    assert client.get(path)["appRoleAssignmentRequired"] is False
    client.patch(path, {"appRoleAssignmentRequired": True})
    assert client.get(f"{path}?$select=appRoleAssignmentRequired")["appRoleAssignmentRequired"] is True
    for value in ("yes", 1, None):
        error = client.patch(path, {"appRoleAssignmentRequired": value}, expect=400)["error"]
        assert (error["code"], "'appRoleAssignmentRequired'" in error["message"]) == ("Request_BadRequest", True)
    assert client.principal()["appRoleAssignmentRequired"] is True


def test_app_role_assignment_required_is_false_by_default_and_true_for_gallery_applications(contoso):
    app = contoso.post("/applications", {"displayName": "Plain"})
    bad = {"appId": app["appId"], "appRoleAssignmentRequired": "no"}
    contoso.post("/servicePrincipals", bad, expect=400)
    assert contoso.post("/servicePrincipals", {"appId": app["appId"]})["appRoleAssignmentRequired"] is False
    instance = contoso.post(f"/applicationTemplates/{CUSTOM}/instantiate", {"displayName": "Writer"})
    assert instance["servicePrincipal"]["appRoleAssignmentRequired"] is True


def test_deleting_an_application_deletes_service_principal_and_jobs(writer):
    app, sync = application(writer), writer.sync()
    principal = writer.principal()["id"]
    writer.delete(f"/applications/{app['id']}")
    writer.get(f"/applications/{app['id']}", expect=404)
    writer.get(f"/servicePrincipals/{principal}", expect=404)
    writer.get(f"{sync}/jobs", expect=404)
    assert writer.get("/_sandbox/state")["jobs"] == []


def test_deleting_a_service_principal_keeps_the_application(writer):
    writer.delete(f"/servicePrincipals/{writer.principal()['id']}")
    assert application(writer)["displayName"] == "Writer"


def test_a_plain_registration_can_have_a_scim_job_by_a_switch(sandbox):
    client = sandbox({"applications": [{"displayName": "Plain", "template": None}]})
    client.post(f"{client.sync('Plain')}/jobs", {"templateId": "scim"}, expect=404)
    client.switch(plain_registration_jobs="allowed", target_directory_name="application")
    (template,) = client.value(f"{client.sync('Plain')}/templates")
    client.post(f"{client.sync('Plain')}/jobs", {"templateId": template["id"]})
    (rule,) = client.get(f"{client.job('Plain')}/schema")["synchronizationRules"]
    assert rule["targetDirectoryName"] == "Plain"


def test_a_plain_registration_has_no_provisioning_templates(contoso):
    app = contoso.post("/applications", {"displayName": "Plain", "appRoles": [role()]})
    principal = contoso.post("/servicePrincipals", {"appId": app["appId"]})
    assert principal["appRoles"] == app["appRoles"]
    assert contoso.value(f"/servicePrincipals/{principal['id']}/synchronization/templates") == []
    error = contoso.post(
        f"/servicePrincipals/{principal['id']}/synchronization/jobs", {"templateId": "scim"}, expect=404
    )["error"]
    assert "EmulatedTemplateNotFound" in error["message"]


def test_a_service_principal_needs_an_application_without_one(contoso):
    error = contoso.post("/servicePrincipals", {"appId": "none"}, expect=400)["error"]
    assert (
        error["message"] == "The appId 'none' of the service principal does not reference a valid application object."
    )
    contoso.post("/applications", {}, expect=400)
    app = contoso.post("/applications", {"displayName": "Plain"})
    contoso.post("/servicePrincipals", {"appId": app["appId"]})
    contoso.post("/servicePrincipals", {"appId": app["appId"]}, expect=409)


# ---- roles ----------------------------------------------------------------------------------------------------------


def replace_roles(client, change):
    app = application(client)
    return client.send("PATCH", f"/applications/{app['id']}", {"appRoles": change(app["appRoles"])})


def refusal(response):
    assert response.status_code == 400, response.text
    return response.json()["error"]["code"]


def test_app_roles_are_replaced_and_replicated_to_the_service_principal(writer):
    assert replace_roles(writer, lambda roles: [*roles, role(value="a:b/{c}", origin="Application")]).status_code == 204
    assert [app_role["displayName"] for app_role in writer.principal()["appRoles"]] == [
        "User",
        "msiam_access",
        "Editor",
    ]
    assert writer.principal()["appRoles"] == application(writer)["appRoles"]


@pytest.mark.parametrize(
    "change",
    [
        lambda roles: roles[1:],
        lambda roles: [roles[0] | {"displayName": "other"}, roles[1]],
        lambda roles: [roles[0] | {"description": "other"}, roles[1]],
        lambda roles: [roles[0] | {"value": "other"}, roles[1]],
        lambda roles: [roles[0] | {"allowedMemberTypes": ["User", "Application"]}, roles[1]],
        lambda roles: [roles[0] | {"isEnabled": False, "value": "other"}, roles[1]],
    ],
)
def test_an_enabled_app_role_cannot_be_changed_or_removed(writer, change):
    assert refusal(replace_roles(writer, change)) == "CannotDeleteOrUpdateEnabledEntitlement"


def test_app_role_values_null_and_empty_are_equal(writer):
    assert replace_roles(writer, lambda roles: [app_role | {"value": ""} for app_role in roles]).status_code == 204
    assert application(writer)["appRoles"][0]["value"] is None


def test_a_disabled_app_role_can_be_changed_enabled_and_removed(writer):
    replace_roles(writer, lambda roles: [*roles, role()])
    assert replace_roles(writer, lambda roles: [*roles[:2], role(isEnabled=False)]).status_code == 204
    assert replace_roles(writer, lambda roles: [*roles[:2], role(value="changed")]).status_code == 204
    assert replace_roles(writer, lambda roles: [*roles[:2], role(value="changed", isEnabled=False)]).status_code == 204
    assert replace_roles(writer, lambda roles: roles[:2]).status_code == 204
    assert len(application(writer)["appRoles"]) == 2


@pytest.mark.parametrize("other", [{"value": "editor"}, {"key": ROLE, "value": "x"}])
def test_app_role_values_and_ids_are_unique(writer, other):
    second = role(**{"key": "99999999-2222-3333-4444-555555555555"} | other)
    response = replace_roles(writer, lambda roles: [*roles, role(), second])
    assert refusal(response) == "DuplicateValue"
    assert response.json()["error"]["details"][0]["target"] == "appRoles"


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "editor"},
        {"id": None},
        {"value": "with space"},
        {"value": "ümlaut"},
        {"value": "x" * 250},
        {"value": ".hidden"},
        {"displayName": ""},
        {"description": None},
        {"allowedMemberTypes": []},
        {"allowedMemberTypes": ["Group"]},
        {"isEnabled": "yes"},
    ],
)
def test_an_invalid_app_role_is_refused(writer, wrong):
    assert refusal(replace_roles(writer, lambda roles: [*roles, role() | wrong])) == "Request_BadRequest"


def test_app_role_value_takes_a_colon_and_up_to_249_characters(writer):
    added = [role(value="1111.tag:admin"), role(key="99999999-2222-3333-4444-555555555555", value="x" * 249)]
    assert replace_roles(writer, lambda roles: [*roles, *added]).status_code == 204
    assert [each["value"] for each in application(writer)["appRoles"][2:]] == ["1111.tag:admin", "x" * 249]


def test_app_role_value_over_120_characters_is_refused_by_a_switch_unless_it_is_present(writer):
    assert replace_roles(writer, lambda roles: [*roles, role(value="x" * 121)]).status_code == 204
    writer.switch(role_value_length="120")
    assert replace_roles(writer, lambda roles: roles).status_code == 204
    longer = role(key="99999999-2222-3333-4444-555555555555", value="y" * 121)
    assert refusal(replace_roles(writer, lambda roles: [*roles, longer])) == "Request_BadRequest"


def test_app_roles_are_a_list_of_at_most_1200_objects(writer):
    assert refusal(replace_roles(writer, lambda roles: "x")) == "Request_BadRequest"
    assert refusal(replace_roles(writer, lambda roles: ["x"])) == "Request_BadRequest"
    assert refusal(replace_roles(writer, lambda roles: [{}] * 1201)) == "Directory_QuotaExceeded"


def test_app_role_origin_is_refused_by_a_switch(writer):
    writer.switch(role_origin="refused")
    assert refusal(replace_roles(writer, lambda roles: roles)) == "Request_BadRequest"


def test_removing_an_app_role_removes_its_assignments(writer):
    replace_roles(writer, lambda roles: [*roles, role()])
    principal = writer.principal()
    path = f"/servicePrincipals/{principal['id']}/appRoleAssignedTo"
    ada = writer.get("/users/ada@contoso.com")["id"]
    for key in (ROLE, principal["appRoles"][0]["id"]):
        writer.post(path, {"principalId": ada, "resourceId": principal["id"], "appRoleId": key})
    replace_roles(writer, lambda roles: [*roles[:2], role(isEnabled=False)])
    assert len(writer.value(path)) == 2
    replace_roles(writer, lambda roles: roles[:2])
    assert [app_role["appRoleId"] for app_role in writer.value(path)] == [principal["appRoles"][0]["id"]]


def test_app_roles_of_the_service_principal_are_delayed_by_role_propagation(writer):
    writer.switch(role_propagation=2)
    replace_roles(writer, lambda roles: [*roles, role()])
    path = f"/servicePrincipals/{writer.principal()['id']}"
    assert [len(writer.get(path)["appRoles"]) for _ in range(3)] == [2, 3, 3]


def test_a_disabled_app_role_counts_as_enabled_until_it_is_replicated(writer):
    replace_roles(writer, lambda roles: [*roles, role()])
    writer.switch(role_propagation=2, role_disable="replicated")
    replace_roles(writer, lambda roles: [*roles[:2], role(isEnabled=False)])
    assert refusal(replace_roles(writer, lambda roles: roles[:2])) == "CannotDeleteOrUpdateEnabledEntitlement"
    writer.principal()
    assert replace_roles(writer, lambda roles: roles[:2]).status_code == 204
