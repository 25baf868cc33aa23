"""The other reading of each fact that is told in two ways or not at all: what a switch changes, and what it leaves."""

from __future__ import annotations

import copy
import json

import pytest

from .client import WRITER

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def inner(body):
    return json.loads(body["error"]["message"])["error"]


@pytest.fixture
def schema(writer):
    return read(writer)


def read(client):
    document = client.get(f"{client.job()}/schema")
    document.pop("@odata.context", None)
    return document


def put(client, document):
    client.put(f"{client.job()}/schema", document)
    return read(client)


def users(document):
    return document["synchronizationRules"][0]["objectMappings"][0]


def row(document, target):
    return next(one for one in users(document)["attributeMappings"] if one["targetAttributeName"] == target)


def function(text):
    parameters = [{"key": "separator", "value": constant("@")}, {"key": "source", "value": attribute("mail")}]
    return {"type": "Function", "name": "Join", "expression": text, "parameters": parameters}


def constant(text):
    return {"type": "Constant", "name": text, "expression": f'"{text}"', "parameters": []}


def attribute(name):
    return {"type": "Attribute", "name": name, "expression": f"[{name}]", "parameters": []}


# ---- the schema that is written -------------------------------------------------------------------------------------


def test_what_is_left_out_may_stay_out(writer, schema):
    writer.switch(fill_defaults="left_out")
    bare = {"targetAttributeName": "title", "source": {"name": "department", "type": "Attribute"}}
    rows = users(schema)["attributeMappings"]
    rows[:] = [one for one in rows if one["targetAttributeName"] != "title"] + [bare]
    schema["directories"][1]["objects"][0]["attributes"].append({"name": "urn:a:2.0:User:b", "type": "String"})
    for key in ("scope", "flowTypes", "enabled"):
        del users(schema)[key]
    del schema["directories"][0]["version"], schema["directories"][0]["id"]
    after = put(writer, schema)
    assert row(after, "title") == bare
    assert after["directories"][1]["objects"][0]["attributes"][-1] == {"name": "urn:a:2.0:User:b", "type": "String"}
    assert not {"scope", "flowTypes", "enabled"} & set(users(after))
    assert after["directories"][0]["id"] and after["directories"][0]["version"] == "2015-09-15"
    assert put(writer, after) | {"version": ""} == after | {"version": ""}


def test_two_mappings_of_one_target(writer, schema):
    users(schema)["attributeMappings"].append(row(schema, "title"))
    writer.put(f"{writer.job()}/schema", schema, expect=400)
    writer.switch(duplicate_targets="kept")
    names = [one["targetAttributeName"] for one in users(put(writer, schema))["attributeMappings"]]
    assert names.count("title") == 2


@pytest.mark.parametrize(
    ("switches", "sent", "kept"),
    [
        ({}, 'Join( "@" ,[mail], , )', 'Join( "@" ,[mail], , )'),
        ({"expression_spaces": "single"}, 'Join( "a ,b" ,[mail] )', 'Join("a ,b", [mail])'),
        ({"expression_spaces": "none"}, 'Join( "@" , [mail] )', 'Join("@",[mail])'),
        ({"empty_arguments": "trimmed"}, 'Join("@, )", [mail], , )', 'Join("@, )", [mail])'),
        ({"expression_spaces": "single", "empty_arguments": "trimmed"}, 'Join("@",[mail],,)', 'Join("@", [mail])'),
        ({"expression_kept": "rebuilt"}, 'Join("@",[mail],,)', 'Join("@", [mail])'),
    ],
)
def test_the_text_of_an_expression(writer, schema, switches, sent, kept):
    writer.switch(**switches)
    row(schema, "title")["source"] = function(sent)
    assert row(put(writer, schema), "title")["source"]["expression"] == kept


def test_constants_and_what_has_no_parameters(writer, schema):
    row(schema, "title")["source"] = constant("Staff")
    writer.switch(constant_expression="null", empty_parameters="null")
    after = put(writer, schema)
    assert row(after, "title")["source"] == constant("Staff") | {"expression": None, "parameters": None}
    assert row(after, "userName")["source"]["parameters"] is None
    assert put(writer, after) | {"version": ""} == after | {"version": ""}


def test_booleans_in_filters(writer, schema):
    clause = {
        "sourceOperandName": "department",
        "operatorName": "EQUALS",
        "targetOperand": {"values": ["tRUE", "trueish"]},
    }
    users(schema)["scope"] = {"groups": [{"name": "a", "clauses": [clause]}]}
    for position, shown in (("as_sent", "tRUE"), ("capitals", "True"), ("lower", "true")):
        writer.switch(boolean_text=position)
        group = users(put(writer, schema))["scope"]["groups"][0]
        assert group["clauses"][0]["targetOperand"]["values"] == [shown, "trueish"]


def test_names_that_are_not_the_callers_to_change(writer, schema):
    mine = copy.deepcopy(schema)
    mine["synchronizationRules"][0]["name"] = users(mine)["name"] = "Mine"
    assert users(put(writer, mine))["name"] == "Mine"
    writer.switch(names_put="restored")
    after = put(writer, mine)
    assert users(after)["name"] == users(schema)["name"]
    assert after["synchronizationRules"][0]["name"] == "USER_OUTBOUND_USER"


def test_the_names_that_people_see_were_other_ones(sandbox):
    client = sandbox({"applications": [WRITER | {"jobs": [{}]}]}, switches={"display_names": "old"})
    document = read(client)
    assert users(document)["name"] == "Provision Azure Active Directory Users"
    assert document["directories"][0]["name"] == "Microsoft Entra ID"


@pytest.mark.parametrize(("position", "version"), [("6.0", "6.0"), ("v1.2", "v1.2"), ("guid", None)])
def test_the_version_of_a_schema_as_it_comes(sandbox, position, version):
    client = sandbox({"applications": [WRITER | {"jobs": [{}]}]}, switches={"schema_version": position})
    shown = read(client)["version"]
    assert shown == version or (version is None and len(shown) == 36)


def test_annotations(writer):
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
    assert "@odata.type" not in json.dumps(read(writer))


def test_a_refusal_without_a_wrapping(writer):
    writer.switch(schema_refusal="plain")
    error = writer.put(f"{writer.job()}/schema", {}, expect=400)["error"]
    assert error["code"] == "EmulatedSchemaError" and "synchronizationRules" in error["message"]


def test_how_large_a_schema_may_be(writer, schema):
    writer.switch(schema_limit_kb=8)
    assert inner(writer.put(f"{writer.job()}/schema", schema, expect=400))["code"] == "EmulatedSchemaErrorSize"


def test_if_match(writer, schema):
    path = f"{writer.job()}/schema"
    assert "etag" not in writer.send("GET", path).headers
    assert writer.send("PUT", path, schema, headers={"If-Match": "old"}).status_code == 204
    writer.switch(if_match="honoured")
    tag = writer.send("GET", path).headers["etag"]
    assert writer.send("PUT", path, schema, headers={"If-Match": "old"}).status_code == 412
    assert writer.send("PUT", path, schema, headers={"If-Match": tag}).status_code == 204
    assert writer.send("PUT", path, schema, headers={"If-Match": tag}).status_code == 412


def test_deletion_of_a_schema_may_be_a_creation(writer):
    writer.switch(schema_deleted="201")
    writer.delete(f"{writer.job()}/schema", expect=201)


def test_operators_of_another_spelling(writer, schema):
    writer.switch(operator_names="underscored")
    names = [one["name"] for one in writer.value(f"{writer.job()}/schema/filterOperators")]
    assert {"EQUALS", "IS FALSE", "NOT REGEX MATCH", "IS_TRUE", "NOT_EQUALS", "GREATER_THAN"} <= set(names)
    clause = {"sourceOperandName": "accountEnabled", "operatorName": "IS_TRUE", "targetOperand": None}
    users(schema)["scope"] = {"groups": [{"name": "a", "clauses": [clause]}]}
    assert users(put(writer, schema))["scope"]["groups"][0]["clauses"] == [clause]


# ---- secrets --------------------------------------------------------------------------------------------------------

SETTINGS = '{"DeleteThresholdEnabled": true, "DeleteThresholdValue": 17}'
SECRETS = {
    "SyncAll": "true",
    "SecretToken": "t",
    "BaseAddress": "https://a.example",
    "SyncNotificationSettings": SETTINGS,
}


def write(client, secrets, expect=204):
    value = [{"key": key, "value": text} for key, text in secrets.items()]
    return client.put(f"{client.sync()}/secrets", {"value": value}, expect=expect)


def shown(client):
    return {one["key"]: one["value"] for one in client.value(f"{client.sync()}/secrets")}


@pytest.mark.parametrize(
    ("position", "masked"),
    [
        ("sensitive", {"SecretToken"}),
        ("settings", {"SecretToken", "SyncNotificationSettings"}),
        ("address", {"SecretToken", "BaseAddress"}),
        ("all", set(SECRETS)),
    ],
)
def test_what_is_masked(writer, position, masked):
    write(writer, SECRETS)
    writer.switch(mask=position)
    assert {key for key, value in shown(writer).items() if value == "*"} == masked


@pytest.mark.parametrize(
    ("position", "order"),
    [
        ("written", ["SyncAll", "SecretToken", "BaseAddress"]),
        ("kept", ["BaseAddress", "SecretToken", "SyncAll"]),
        ("sorted", ["BaseAddress", "SecretToken", "SyncAll"]),
    ],
)
def test_the_order_of_secrets(writer, position, order):
    writer.switch(secrets_order=position)
    write(writer, {"BaseAddress": "https://a.example", "SecretToken": "t"})
    write(writer, {"SyncAll": "true", "SecretToken": "u", "BaseAddress": "https://b.example"})
    assert list(shown(writer)) == order
    assert shown(writer)["BaseAddress"] == "https://b.example"


def test_settings_and_booleans_as_they_read_back(writer):
    write(writer, SECRETS)
    assert shown(writer)["SyncNotificationSettings"] == SETTINGS
    writer.switch(settings_text="compact", boolean_text="capitals")
    assert shown(writer)["SyncNotificationSettings"] == SETTINGS.replace(" ", "")
    assert shown(writer)["SyncAll"] == "True"
    writer.switch(settings_text="filled")
    filled = json.loads(shown(writer)["SyncNotificationSettings"])
    assert (filled["DeleteThresholdValue"], filled["Enabled"], len(filled)) == (17, False, 5)


def test_several_recipients(writer):
    several = {"SyncNotificationSettings": '{"Enabled": true, "Recipients": "a@b.example;c@d.example"}'}
    write(writer, several)
    writer.switch(recipients="one")
    assert inner(write(writer, several, expect=400))["code"] == "InvalidNotificationSettings"


def test_a_scope_that_nobody_has_written(writer):
    assert "SyncAll" not in shown(writer)
    writer.switch(sync_all_default="false")
    assert shown(writer) == {"SyncAll": "false"}


def test_the_mask_may_be_refused(writer):
    writer.switch(masked_secret_write="refused")
    assert inner(write(writer, {"SecretToken": "*"}, expect=400))["code"] == "EmulatedInvalidSecret"


@pytest.mark.parametrize(("how", "code"), [("plain", "EmulatedCredentialsError"), ("empty", "UnknownError")])
def test_credentials_that_do_not_work(writer, how, code):
    writer.switch(credentials_failure=how)
    body = {"useSavedCredentials": True}
    error = writer.post(f"{writer.job()}/validateCredentials", body, expect=400)["error"]
    assert error["code"] == code
    assert bool(error["message"]) == (how == "plain")


# ---- jobs -----------------------------------------------------------------------------------------------------------


def test_a_job_may_be_born_unconfigured(sandbox):
    client = sandbox({"applications": [WRITER | {"jobs": [{}]}]}, switches={"initial_state": "NotConfigured"})
    job = client.get(client.job())
    assert (job["status"]["code"], job["schedule"]["interval"]) == ("NotConfigured", "P10675199DT2H48M5.4775807S")
    client.post(f"{client.job()}/start", expect=204)
    assert client.get(client.job())["schedule"]["state"] == "Active"


def test_what_a_jobs_id_is_made_of(sandbox):
    client = sandbox({"applications": [WRITER]}, switches={"second_job": "allowed", "job_created": "200"})
    ids = []
    for position in ("fresh", "app_id", "app_id", "two_parts"):
        client.switch(job_id=position)
        ids.append(client.post(f"{client.sync()}/jobs", {"templateId": "scim"}, expect=200)["id"])
    assert [len(one.split(".")) for one in ids] == [3, 3, 3, 2] and len(set(ids)) == 4
    assert [one.endswith(client.principal()["appId"]) for one in ids] == [False, True, False, False]


def test_a_job_that_may_be_patched_to_no_effect(writer):
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
def test_counts(writer, path, count):
    path = path.format(sync=writer.sync(), job=writer.job()) + "/$count"
    writer.get(path, expect=404)
    writer.switch(sync_counts="answered")
    answer = writer.send("GET", path)
    assert (answer.text, answer.headers["content-type"].split(";")[0]) == (str(count), "text/plain")


def test_synchronization_in_a_batch(writer):
    request = {"id": "1", "method": "GET", "url": f"{writer.sync()}/jobs"}
    for position, status in (("answered", 200), ("refused", 400)):
        writer.switch(sync_in_batch=position)
        (answer,) = writer.post("/$batch", {"requests": [request]}, expect=200)["responses"]
        assert answer["status"] == status


# ---- the directory --------------------------------------------------------------------------------------------------


def test_a_role_that_nobody_knows(writer):
    sp = writer.principal()["id"]
    user = writer.get("/users/ada@contoso.com")["id"]
    body = {"principalId": user, "resourceId": sp, "appRoleId": user}
    writer.post(f"/servicePrincipals/{sp}/appRoleAssignedTo", body, expect=400)
    writer.switch(unknown_role="not_found")
    writer.post(f"/servicePrincipals/{sp}/appRoleAssignedTo", body, expect=404)


@pytest.mark.parametrize(("position", "left"), [("unassigns", 0), ("keeps", 1)])
def test_assignments_of_a_role_that_goes(sandbox, position, left):
    role = {"value": "old", "displayName": "Old", "isEnabled": False}
    rows = [{"user": "ada@contoso.com", "role": "old"}]
    client = sandbox({"applications": [WRITER | {"roles": [role], "assignments": rows}]})
    client.switch(role_deletion=position)
    (app,) = client.value("/applications?$filter=displayName eq 'Writer'")
    kept = [one for one in app["appRoles"] if one["value"] != "old"]
    client.patch(f"/applications/{app['id']}", {"appRoles": kept})
    assert len(client.value(f"/servicePrincipals/{client.principal()['id']}/appRoleAssignedTo")) == left


def test_the_gallery_may_ask_for_a_permission(sandbox):
    client = sandbox(permissions=frozenset({"User.Read.All"}))
    client.get("/applicationTemplates")
    client.switch(gallery_permission="required")
    client.get("/applicationTemplates", expect=403)
