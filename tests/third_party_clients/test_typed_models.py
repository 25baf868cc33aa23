"""Microsoft's typed models read every document of the sandbox and write it again without losing a field.

The comparison ignores what the models lose for any sender: nulls, the flags of a schema, and a metadata key that is
not in Microsoft's list of keys. It normalizes dates, durations and the case of metadata keys.
"""

import importlib
import json
from datetime import datetime

import pytest
from sandbox.client import Client

WRITER = {
    "displayName": "Writer",
    "template": "custom",
    "roles": [{"value": "editor", "displayName": "Editor"}],
    "assignments": [{"user": "ada@contoso.com", "role": "editor"}],
    "secrets": {"BaseAddress": "https://writer.example/scim", "SecretToken": "t", "SyncAll": "false"},
    "jobs": [{"template": "scim", "state": "Active"}],
}
LOST = {"flowTypes", "discoverabilities"}
"""Flags (enumerations with several values), which the models do not write."""

UNLISTED = "AzureIngestionAttributeOptimization"
LISTED = ("galleryApplication", "isSynchronization", "configurationFields")
DURATIONS = {"PT40M": "0:40:00"}

DOCUMENTS = [
    ("/applicationTemplates", "ApplicationTemplateCollectionResponse"),
    ("/applicationTemplates/8adf8e6e-67b2-4cf2-a259-e3dc5476c621", "ApplicationTemplate"),
    ("/applications", "ApplicationCollectionResponse"),
    ("{app}", "Application"),
    ("/servicePrincipals", "ServicePrincipalCollectionResponse"),
    ("{sp}", "ServicePrincipal"),
    ("{sp}/appRoleAssignedTo", "AppRoleAssignmentCollectionResponse"),
    ("{row}", "AppRoleAssignment"),
    ("{app}/owners", "DirectoryObjectCollectionResponse"),
    ("{sync}/secrets", "SynchronizationSecretKeyStringValuePairCollection"),
    ("{sync}/jobs", "SynchronizationJobCollectionResponse"),
    ("{job}", "SynchronizationJob"),
    ("{job}/schema", "SynchronizationSchema"),
    ("{job}/schema/directories", "DirectoryDefinitionCollectionResponse"),
    ("{directory}", "DirectoryDefinition"),
    ("{job}/schema/filterOperators", "FilterOperatorSchemaCollectionResponse"),
    ("{job}/schema/functions", "AttributeMappingFunctionSchemaCollectionResponse"),
    ("{sync}/templates", "SynchronizationTemplateCollectionResponse"),
    ("{sync}/templates/scim", "SynchronizationTemplate"),
    ("{sync}/templates/scim/schema", "SynchronizationSchema"),
    ("/users", "UserCollectionResponse"),
    ("/users/ada@contoso.com", "User"),
    ("/users/ada@contoso.com?$select=id,accountEnabled,employeeId,createdDateTime,userType,department", "User"),
    ("/users/ada@contoso.com/appRoleAssignments", "AppRoleAssignmentCollectionResponse"),
    ("/groups", "GroupCollectionResponse"),
    ("{group}", "Group"),
    ("{group}/members", "DirectoryObjectCollectionResponse"),
    ("{group}/members/microsoft.graph.user", "UserCollectionResponse"),
    ("/organization", "OrganizationCollectionResponse"),
    ("/auditLogs/provisioning", "ProvisioningObjectSummaryCollectionResponse"),
    ("/users/nobody", "ODataError"),
    ("{sync}/jobs/none", "ODataError"),
]
SELF = {"SynchronizationSecretKeyStringValuePairCollection": "SynchronizationSecretKeyStringValuePair"}
"""Collections without a model of their own: their items are read one by one."""


@pytest.fixture(scope="module")
def client():
    with Client({"applications": [WRITER]}) as one:
        yield one


@pytest.fixture(scope="module")
def document_paths(client):
    (app,) = client.value("/applications")
    sp, job = f"/servicePrincipals/{client.principal()['id']}", client.job()
    for _ in range(2):
        client.get(job)
    row = client.value(f"{sp}/appRoleAssignedTo")[0]["id"]
    client.post(f"/applications/{app['id']}/owners/$ref", {"@odata.id": app_owner(client)}, expect=204)
    return {
        "app": f"/applications/{app['id']}",
        "sp": sp,
        "row": f"{sp}/appRoleAssignedTo/{row}",
        "sync": client.sync(),
        "job": job,
        "directory": f"{job}/schema/directories/{client.get(f'{job}/schema')['directories'][0]['id']}",
        "group": f"/groups/{client.value('/groups')[0]['id']}",
    }


def app_owner(client):
    return client.get("/users/ada@contoso.com")["id"]


@pytest.mark.parametrize(("path", "model"), DOCUMENTS)
def test_typed_models_keep_all_fields_of_documents(client, document_paths, path, model):
    answer = client.send("GET", path.format(**document_paths)).json()
    if model in SELF:
        assert [round_trip(one, SELF[model]) for one in answer["value"]] == [normalize(one) for one in answer["value"]]
        return
    assert round_trip(answer, model) == normalize(answer)


@pytest.mark.parametrize(
    ("path", "body", "model"),
    [
        ("/applicationTemplates/8adf8e6e-67b2-4cf2-a259-e3dc5476c621/instantiate", {"displayName": "X"},
         "ApplicationServicePrincipal"),
        ("{job}/schema/parseExpression", {"expression": 'Join("@", [mail])'}, "ParseExpressionResponse"),
        ("{job}/schema/parseExpression", {"expression": "Join("}, "ParseExpressionResponse"),
        ("/directoryObjects/getByIds", {"ids": ["{user}"]}, "DirectoryObjectCollectionResponse"),
        ("{job}/provisionOnDemand", {"parameters": [{"ruleId": "{rule}", "subjects": [
            {"objectId": "{user}", "objectTypeName": "User"}]}]}, "StringKeyStringValuePair"),
    ],
)  # fmt: skip
def test_typed_models_keep_all_fields_of_action_responses(client, document_paths, path, body, model):
    rule = client.get(f"{document_paths['job']}/schema")["synchronizationRules"][0]["id"]
    filled = json.dumps(body).replace("{user}", app_owner(client)).replace("{rule}", rule)
    answer = client.send("POST", path.format(**document_paths), json.loads(filled)).json()
    assert round_trip(answer, model) == normalize(answer)


def round_trip(answer, model):
    """Return the response after reading and writing it with Microsoft's models."""
    from kiota_serialization_json.json_parse_node import JsonParseNode
    from kiota_serialization_json.json_serialization_writer import JsonSerializationWriter

    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in model).lstrip("_")
    folder = "msgraph.generated.models"
    if model == "ODataError":
        folder, snake = f"{folder}.o_data_errors", "o_data_error"
    kind = getattr(importlib.import_module(f"{folder}.{snake}"), model)
    read = JsonParseNode(answer).get_object_value(kind)
    writer = JsonSerializationWriter()
    writer.write_object_value(None, read)
    return normalize(json.loads(writer.get_serialized_content()))


def normalize(value):
    """Return a value without what the models lose, in one notation, with dates as datetime."""
    if isinstance(value, list):
        return [normalize(one) for one in value]
    if isinstance(value, dict) and set(value) <= {"key", "value"}:
        return normalize_pair(value)
    if isinstance(value, dict):
        return {
            key: normalize(one)
            for key, one in value.items()
            if one is not None and key not in LOST and not key.startswith("@odata.")
        }
    if isinstance(value, str) and value in DURATIONS:
        return DURATIONS[value]
    if isinstance(value, str) and value[:4].isdigit() and "T" in value:
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return value
    return value


def normalize_pair(value):
    key = value.get("key")
    if key is None or key == UNLISTED:
        return {"value": value["value"]}
    return {"key": key[0].upper() + key[1:] if key.startswith(LISTED) else key, "value": value["value"]}
