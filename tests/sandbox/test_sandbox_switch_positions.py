"""The positions of the switches that are not the default: what they change, and what stays the same."""

from __future__ import annotations

import copy
import json

import pytest

from .client import WRITER, attribute, constant, function, rows, service_error, target, users

# ---- the schema that is written -------------------------------------------------------------------------------------


def test_fill_defaults_left_out_keeps_omissions(writer, schema):
    writer.switch(fill_defaults="left_out")
    bare = {"targetAttributeName": "title", "source": {"name": "department", "type": "Attribute"}}
    mappings = users(schema)["attributeMappings"]
    mappings[:] = [entry for entry in mappings if entry["targetAttributeName"] != "title"] + [bare]
    target(schema)["attributes"].append({"name": "urn:a:2.0:User:b", "type": "String"})
    for key in ("scope", "flowTypes", "enabled"):
        del users(schema)[key]
    version = schema["directories"][0].pop("version")
    del schema["directories"][0]["id"]
    after = writer.put_schema(schema)
    assert rows(after)["title"] == bare
    assert target(after)["attributes"][-1] == {"name": "urn:a:2.0:User:b", "type": "String"}
    assert not {"scope", "flowTypes", "enabled"} & set(users(after))
    assert after["directories"][0]["id"] and after["directories"][0]["version"] == version
    assert writer.put_schema(after) | {"version": ""} == after | {"version": ""}


def test_duplicate_targets_are_refused_or_kept(writer, schema):
    users(schema)["attributeMappings"].append(rows(schema)["title"])
    writer.put(f"{writer.job()}/schema", schema, expect=400)
    writer.switch(duplicate_targets="kept")
    names = [entry["targetAttributeName"] for entry in users(writer.put_schema(schema))["attributeMappings"]]
    assert names.count("title") == 2


@pytest.mark.parametrize(
    ("switches", "sent", "expected"),
    [
        ({}, 'Join( "@" ,[mail], , )', 'Join( "@" ,[mail], , )'),
        ({"expression_spaces": "single"}, 'Join( "a ,b" ,[mail] )', 'Join("a ,b", [mail])'),
        ({"expression_spaces": "none"}, 'Join( "@" , [mail] )', 'Join("@",[mail])'),
        ({"empty_arguments": "trimmed"}, 'Join("@, )", [mail], , )', 'Join("@, )", [mail])'),
        ({"expression_spaces": "single", "empty_arguments": "trimmed"}, 'Join("@",[mail],,)', 'Join("@", [mail])'),
        ({"expression_kept": "rebuilt"}, 'Join("@",[mail],,)', 'Join("@", [mail])'),
    ],
)
def test_expression_text_is_stored_as_the_switches_select(writer, schema, switches, sent, expected):
    writer.switch(**switches)
    rows(schema)["title"]["source"] = function(
        "Join", ("separator", constant("@")), ("source", attribute("mail")), expression=sent
    )
    assert rows(writer.put_schema(schema))["title"]["source"]["expression"] == expected


def test_constant_expression_and_empty_parameters_are_null(writer, schema):
    rows(schema)["title"]["source"] = constant("Staff")
    writer.switch(constant_expression="null", empty_parameters="null")
    after = writer.put_schema(schema)
    assert rows(after)["title"]["source"] == constant("Staff") | {"expression": None, "parameters": None}
    assert rows(after)["userName"]["source"]["parameters"] is None
    assert writer.put_schema(after) | {"version": ""} == after | {"version": ""}


def test_boolean_text_changes_values_of_filters(writer, schema):
    clause = {
        "sourceOperandName": "department",
        "operatorName": "EQUALS",
        "targetOperand": {"values": ["tRUE", "trueish"]},
    }
    users(schema)["scope"] = {"groups": [{"name": "a", "clauses": [clause]}]}
    for position, returned in (("as_sent", "tRUE"), ("capitals", "True"), ("lower", "true")):
        writer.switch(boolean_text=position)
        group = users(writer.put_schema(schema))["scope"]["groups"][0]
        assert group["clauses"][0]["targetOperand"]["values"] == [returned, "trueish"]


def test_names_put_restores_names_of_the_template(writer, schema):
    mine = copy.deepcopy(schema)
    mine["synchronizationRules"][0]["name"] = users(mine)["name"] = "Mine"
    assert users(writer.put_schema(mine))["name"] == "Mine"
    writer.switch(names_put="restored")
    after = writer.put_schema(mine)
    assert users(after)["name"] == users(schema)["name"]
    assert after["synchronizationRules"][0]["name"] == "USERGROUP_OUTBOUND_USERGROUP"


@pytest.mark.parametrize("name", ["Microsoft Entra ID", "Azure Active Directory"])
def test_directory_name_and_display_names_change_the_schema(sandbox, name):
    switches = {"display_names": "old", "directory_name": name}
    document = sandbox({"applications": [WRITER | {"jobs": [{}]}]}, switches=switches).schema()
    assert users(document)["name"] == "Provision Azure Active Directory Users"
    assert document["directories"][0]["name"] == name


@pytest.mark.parametrize(("position", "name"), [("customappsso", "customappsso"), ("application", "Writer")])
def test_target_directory_name_is_that_of_the_template_or_of_the_application(sandbox, position, name):
    switches = {"display_names": "oldest", "target_directory_name": position}
    client = sandbox({"applications": [WRITER | {"jobs": [{}]}]}, switches=switches)
    document = client.schema()
    assert document["synchronizationRules"][0]["targetDirectoryName"] == document["directories"][1]["name"] == name
    assert users(document)["name"] == f"Synchronize Azure Active Directory Users to {name}"
    assert client.put_schema(document) | {"version": ""} == document | {"version": ""}


@pytest.mark.parametrize(("position", "version"), [("6.0", "6.0"), ("v1.2", "v1.2"), ("guid", None)])
def test_schema_version_is_that_of_an_unchanged_schema(sandbox, position, version):
    client = sandbox({"applications": [WRITER | {"jobs": [{}]}]}, switches={"schema_version": position})
    returned = client.schema()["version"]
    assert returned == version or (version is None and len(returned) == 36)


def test_annotations_are_none_context_or_full(writer):
    writer.switch(annotations="none")
    assert "@odata.context" not in writer.get(writer.job()) | writer.get(f"{writer.sync()}/secrets")
    writer.switch(annotations="full")
    full = writer.get(f"{writer.job()}/schema")
    assert full["@odata.type"] == "#microsoft.graph.synchronizationSchema"
    assert full["directories@odata.context"].endswith("/schema/directories")
    assert full["synchronizationRules"][0]["@odata.type"] == "#microsoft.graph.synchronizationRule"
    assert writer.get(writer.job())["@odata.type"] == "#microsoft.graph.synchronizationJob"
    assert "@odata.type" not in writer.value(f"{writer.sync()}/jobs")[0]
    writer.put(f"{writer.job()}/schema", full)
    writer.switch(annotations="context")
    assert "@odata.type" not in json.dumps(writer.schema())


def test_schema_refusal_plain_is_not_nested(writer):
    writer.switch(schema_refusal="plain")
    error = writer.put(f"{writer.job()}/schema", {}, expect=400)["error"]
    assert error["code"] == "EmulatedSchemaError" and "synchronizationRules" in error["message"]


def test_schema_limit_kb_refuses_a_large_schema(writer, schema):
    writer.switch(schema_limit_kb=8)
    assert service_error(writer.put(f"{writer.job()}/schema", schema, expect=400))["code"] == "EmulatedSchemaErrorSize"


def test_if_match_is_ignored_or_honoured(writer, schema):
    path = f"{writer.job()}/schema"
    assert "etag" not in writer.send("GET", path).headers
    assert writer.send("PUT", path, schema, headers={"If-Match": "old"}).status_code == 204
    writer.switch(if_match="honoured")
    tag = writer.send("GET", path).headers["etag"]
    assert writer.send("PUT", path, schema, headers={"If-Match": "old"}).status_code == 412
    assert writer.send("PUT", path, schema, headers={"If-Match": tag}).status_code == 204
    assert writer.send("PUT", path, schema, headers={"If-Match": tag}).status_code == 412


def test_schema_deleted_sets_the_status(writer):
    writer.switch(schema_deleted="201")
    writer.delete(f"{writer.job()}/schema", expect=201)


def test_operator_names_underscored_are_listed_and_accepted(writer, schema):
    writer.switch(operator_names="underscored")
    names = [entry["name"] for entry in writer.value(f"{writer.job()}/schema/filterOperators")]
    assert {"EQUALS", "IS FALSE", "NOT REGEX MATCH", "IS_TRUE", "NOT_EQUALS", "GREATER_THAN"} <= set(names)
    clause = {"sourceOperandName": "accountEnabled", "operatorName": "IS_TRUE", "targetOperand": None}
    users(schema)["scope"] = {"groups": [{"name": "a", "clauses": [clause]}]}
    assert users(writer.put_schema(schema))["scope"]["groups"][0]["clauses"] == [clause]


# ---- secrets --------------------------------------------------------------------------------------------------------

SETTINGS = '{"DeleteThresholdEnabled": true, "DeleteThresholdValue": 17}'
SECRETS = {
    "SyncAll": "true",
    "SecretToken": "t",
    "BaseAddress": "https://a.example",
    "SyncNotificationSettings": SETTINGS,
}


@pytest.mark.parametrize(
    ("position", "masked"),
    [
        ("sensitive", {"SecretToken"}),
        ("settings", {"SecretToken", "SyncNotificationSettings"}),
        ("address", {"SecretToken", "BaseAddress"}),
        ("all", set(SECRETS)),
    ],
)
def test_mask_selects_the_masked_secrets(writer, position, masked):
    writer.put_secrets(**SECRETS)
    writer.switch(mask=position)
    assert {key for key, value in writer.secrets().items() if value == "*"} == masked


@pytest.mark.parametrize(
    ("position", "order"),
    [
        ("written", ["SyncAll", "SecretToken", "BaseAddress"]),
        ("kept", ["BaseAddress", "SecretToken", "SyncAll"]),
        ("sorted", ["BaseAddress", "SecretToken", "SyncAll"]),
    ],
)
def test_secrets_order_selects_the_order(writer, position, order):
    writer.switch(secrets_order=position)
    writer.put_secrets(BaseAddress="https://a.example", SecretToken="t")
    writer.put_secrets(SyncAll="true", SecretToken="u", BaseAddress="https://b.example")
    assert list(writer.secrets()) == order
    assert writer.secrets()["BaseAddress"] == "https://b.example"


def test_settings_text_and_boolean_text_change_returned_secrets(writer):
    writer.put_secrets(**SECRETS)
    assert writer.secrets()["SyncNotificationSettings"] == SETTINGS
    writer.switch(settings_text="compact", boolean_text="capitals")
    assert writer.secrets()["SyncNotificationSettings"] == SETTINGS.replace(" ", "")
    assert writer.secrets()["SyncAll"] == "True"
    writer.switch(settings_text="filled")
    filled = json.loads(writer.secrets()["SyncNotificationSettings"])
    assert (filled["DeleteThresholdValue"], filled["Enabled"], len(filled)) == (17, False, 5)


def test_recipients_one_refuses_several_addresses(writer):
    several = {"SyncNotificationSettings": '{"Enabled": true, "Recipients": "a@b.example;c@d.example"}'}
    writer.put_secrets(**several)
    writer.switch(recipients="one")
    assert service_error(writer.put_secrets(400, **several))["code"] == "InvalidNotificationSettings"


def test_sync_all_default_returns_an_unwritten_key(writer):
    assert "SyncAll" not in writer.secrets()
    writer.switch(sync_all_default="false")
    assert writer.secrets() == {"SyncAll": "false"}


def test_masked_secret_write_refuses_the_mask(writer):
    writer.switch(masked_secret_write="refused")
    assert service_error(writer.put_secrets(400, SecretToken="*"))["code"] == "EmulatedInvalidSecret"


@pytest.mark.parametrize(("position", "code"), [("plain", "EmulatedCredentialsError"), ("empty", "UnknownError")])
def test_credentials_failure_selects_the_error(writer, position, code):
    writer.switch(credentials_failure=position)
    body = {"useSavedCredentials": True}
    error = writer.post(f"{writer.job()}/validateCredentials", body, expect=400)["error"]
    assert error["code"] == code
    assert bool(error["message"]) == (position == "plain")


# ---- jobs -----------------------------------------------------------------------------------------------------------


def test_initial_state_not_configured_is_that_of_a_new_job(sandbox):
    client = sandbox({"applications": [WRITER | {"jobs": [{}]}]}, switches={"initial_state": "NotConfigured"})
    job = client.get(client.job())
    assert (job["status"]["code"], job["schedule"]["interval"]) == ("NotConfigured", "P10675199DT2H48M5.4775807S")
    client.post(f"{client.job()}/start", expect=204)
    assert client.get(client.job())["schedule"]["state"] == "Active"


def test_job_id_selects_the_parts_of_the_id(sandbox):
    client = sandbox({"applications": [WRITER]}, switches={"second_job": "allowed", "job_created": "200"})
    ids = []
    for position in ("fresh", "app_id", "app_id", "two_parts"):
        client.switch(job_id=position)
        ids.append(client.post(f"{client.sync()}/jobs", {"templateId": "scim"}, expect=200)["id"])
    assert [len(entry.split(".")) for entry in ids] == [3, 3, 3, 2] and len(set(ids)) == 4
    assert [entry.endswith(client.principal()["appId"]) for entry in ids] == [False, True, False, False]


def test_patch_job_is_refused_or_ignored(writer):
    before = writer.get(writer.job())
    writer.patch(writer.job(), {"schedule": {"state": "Active"}}, expect=404)
    writer.switch(patch_job="ignored")
    writer.patch(writer.job(), {"schedule": {"state": "Active"}})
    assert writer.get(writer.job()) == before


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("{sync}/jobs", 1),
        ("{sync}/templates", 1),
        ("{sync}/secrets", 0),
        ("{job}/schema/directories", 2),
        ("{sync}/templates/scim/schema/directories", 2),
    ],
)
def test_sync_counts_are_refused_or_answered(writer, path, count):
    path = path.format(sync=writer.sync(), job=writer.job()) + "/$count"
    writer.get(path, expect=404)
    writer.switch(sync_counts="answered")
    answer = writer.send("GET", path)
    assert (answer.text, answer.headers["content-type"].split(";")[0]) == (str(count), "text/plain")


def test_sync_in_batch_is_answered_or_refused(writer):
    request = {"id": "1", "method": "GET", "url": f"{writer.sync()}/jobs"}
    for position, status in (("answered", 200), ("refused", 400)):
        writer.switch(sync_in_batch=position)
        (answer,) = writer.post("/$batch", {"requests": [request]}, expect=200)["responses"]
        assert answer["status"] == status


# ---- the directory --------------------------------------------------------------------------------------------------


def test_unknown_role_selects_the_status(writer):
    sp = writer.principal()["id"]
    user = writer.get("/users/ada@contoso.com")["id"]
    body = {"principalId": user, "resourceId": sp, "appRoleId": user}
    writer.post(f"/servicePrincipals/{sp}/appRoleAssignedTo", body, expect=400)
    writer.switch(unknown_role="not_found")
    writer.post(f"/servicePrincipals/{sp}/appRoleAssignedTo", body, expect=404)


@pytest.mark.parametrize(("position", "left"), [("unassigns", 0), ("keeps", 1)])
def test_role_deletion_deletes_or_keeps_assignments(sandbox, position, left):
    role = {"value": "old", "displayName": "Old", "isEnabled": False}
    rows = [{"user": "ada@contoso.com", "role": "old"}]
    client = sandbox({"applications": [WRITER | {"roles": [role], "assignments": rows}]})
    client.switch(role_deletion=position)
    (app,) = client.value("/applications?$filter=displayName eq 'Writer'")
    remaining = [entry for entry in app["appRoles"] if entry["value"] != "old"]
    client.patch(f"/applications/{app['id']}", {"appRoles": remaining})
    assert len(client.value(f"/servicePrincipals/{client.principal()['id']}/appRoleAssignedTo")) == left


def test_gallery_permission_can_be_required(sandbox):
    client = sandbox(permissions=frozenset({"User.Read.All"}))
    client.get("/applicationTemplates")
    client.switch(gallery_permission="required")
    client.get("/applicationTemplates", expect=403)
