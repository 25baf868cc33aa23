"""Each operation of Microsoft's description with a reference page is requested once and conforms to it."""

from collections import Counter

import pytest
from sandbox.client import Client

from conformance.description import ConformanceLog, load_description

DESCRIPTION = load_description()
pytestmark = pytest.mark.skipif(DESCRIPTION is None, reason="Microsoft's description of Graph is not available")
CUSTOM = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"
TENANT = {
    "applications": [
        {
            "displayName": "Writer",
            "template": "custom",
            "assignments": [{"user": "ada@contoso.com", "role": "User"}],
            "secrets": {"BaseAddress": "https://writer.example", "SecretToken": "t", "SyncAll": "false"},
            "jobs": [{"template": "scim"}],
        }
    ],
    "switches": {"sync_counts": "answered"},
}
ROLE = {"id": "0f0e2d3c-1111-4222-8333-444455556666", "displayName": "A", "description": "A", "value": "a",
        "isEnabled": True, "allowedMemberTypes": ["User"]}  # fmt: skip
PAIRS = [{"key": "BaseAddress", "value": "https://writer.example"}, {"key": "SecretToken", "value": "t"}]

# A request in each line, ordered by what the requests need; `> NAME` stores the id of the response.
TOUR = """
GET /applicationTemplates
GET /applicationTemplates/{custom}
POST /applicationTemplates/{custom}/instantiate {"displayName": "Another"}
GET /applications
POST /applications {"displayName": "Plain"} > plain
GET /applications/{app}
PATCH /applications/{app} {"appRoles": [*app_roles, role]}
GET /servicePrincipals
POST /servicePrincipals {"appId": plain_app_id} > plain_sp
GET /servicePrincipals/{sp}
PATCH /servicePrincipals/{sp} {"tags": ["a"]}
GET /servicePrincipals/{sp}/appRoleAssignedTo
POST /servicePrincipals/{sp}/appRoleAssignedTo {"principalId": grace, "resourceId": sp, "appRoleId": app_roles[0]["id"]} > row
GET /servicePrincipals/{sp}/appRoleAssignedTo/{row}
DELETE /servicePrincipals/{sp}/appRoleAssignedTo/{row}
GET /servicePrincipals/{sp}/synchronization
POST /servicePrincipals/{sp}/synchronization/acquireAccessToken {"credentials": []}
GET /servicePrincipals/{sp}/synchronization/secrets
PUT /servicePrincipals/{sp}/synchronization/secrets {"value": pairs}
GET /servicePrincipals/{sp}/synchronization/secrets/$count
GET /servicePrincipals/{sp}/synchronization/jobs
GET /servicePrincipals/{sp}/synchronization/jobs/$count
POST /servicePrincipals/{sp}/synchronization/jobs/validateCredentials {"templateId": "scim", "credentials": pairs}
GET {job}
POST {job}/start
POST {job}/pause
POST {job}/restart {"criteria": {"resetScope": "Watermark, Escrows"}}
POST {job}/provisionOnDemand {"parameters": [{"ruleId": rule, "subjects": [{"objectId": grace, "objectTypeName": "User"}]}]}
POST {job}/validateCredentials {"useSavedCredentials": True}
POST {job}/bulkUpload {}
GET {job}/schema
PUT {job}/schema schema
GET {job}/schema/directories
GET {job}/schema/directories/$count
GET {job}/schema/directories/{directory}
POST {job}/schema/directories/{directory}/discover
GET {job}/schema/filterOperators()
GET {job}/schema/functions()
POST {job}/schema/parseExpression {"expression": "Not([IsSoftDeleted])"}
DELETE {job}/schema
GET {template}
GET {template}/schema
GET {template}/schema/directories
GET {template}/schema/directories/$count
GET {template}/schema/directories/{directory}
POST {template}/schema/directories/{directory}/discover
GET {template}/schema/filterOperators()
GET {template}/schema/functions()
POST {template}/schema/parseExpression {"expression": "Not("}
GET /servicePrincipals/{sp}/synchronization/templates
GET /servicePrincipals/{sp}/synchronization/templates/$count
DELETE {job}
POST /servicePrincipals/{sp}/synchronization/jobs {"templateId": "scim"}
DELETE /servicePrincipals/{plain_sp}
DELETE /applications/{plain}
GET /users
POST /users {"displayName": "New", "userPrincipalName": "new@contoso.com", "accountEnabled": True} > new
GET /users/{new}
PATCH /users/{new} {"jobTitle": "Newcomer"}
DELETE /users/{new}
GET /groups
POST /groups {"displayName": "New", "mailEnabled": False, "mailNickname": "new", "securityEnabled": True} > crowd
GET /groups/{crowd}
PATCH /groups/{crowd} {"description": "Newcomers"}
DELETE /groups/{crowd}
POST /directoryObjects/getByIds {"ids": [grace]}
GET /auditLogs/provisioning
"""
REFUSED = ("acquireAccessToken", "bulkUpload", "discover", "/synchronization")
"""Requests that the sandbox refuses, as Graph does for applications of these kinds."""


def test_every_operation_conforms_to_the_description():
    log, statuses = ConformanceLog(), {}
    with Client(TENANT) as client:
        names = tour_names(client)
        for line in TOUR.strip().splitlines():
            label, status = send(client, line, names, log)
            statuses[label] = status
    assert log.deviations == []
    assert log.outside == Counter()
    expected = {f"{method.upper()} {path}" for method, path, _ in DESCRIPTION.operations()}
    assert set(log.responses) == expected
    assert [label for label, status in statuses.items() if status >= 400 and not label.endswith(REFUSED)] == []


def tour_names(client):
    (app,) = client.value("/applications")
    job, sp = client.job(), client.principal()["id"]
    schema = client.get(f"{job}/schema")
    return {
        "custom": CUSTOM,
        "app": app["id"],
        "app_roles": app["appRoles"],
        "role": ROLE,
        "sp": sp,
        "job": job,
        "template": f"/servicePrincipals/{sp}/synchronization/templates/scim",
        "schema": schema,
        "rule": schema["synchronizationRules"][0]["id"],
        "directory": schema["directories"][0]["id"],
        "pairs": PAIRS,
        "grace": client.get("/users/grace@contoso.com")["id"],
    }


def send(client, line, names, log):
    line, _, result_name = line.partition(" > ")
    method, path, body = [*line.split(" ", 2), ""][:3]
    path = path.format_map({key: value for key, value in names.items() if isinstance(value, str)})
    sent = eval(body, {}, names) if body else None
    response = client.send(method, path, sent)
    document = response.json() if response.content else None
    DESCRIPTION.check(log, method, path, {}, sent, (response.status_code, document))
    if result_name:
        names[result_name] = document["id"]
        names[f"{result_name}_app_id"] = document.get("appId")
    return f"{method} {line.split(' ', 2)[1]}", response.status_code


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/users/ada@contoso.com", "/users/{user-id}"),
        ("/servicePrincipals(appId='x')", "/servicePrincipals/{servicePrincipal-id}"),
        ("/applications('x')", "/applications/{application-id}"),
        ("/servicePrincipals/x/synchronization/templates/scim/schema/microsoft.graph.functions()",
         "/servicePrincipals/{servicePrincipal-id}/synchronization/templates/{synchronizationTemplate-id}/schema/functions()"),
        ("/organization", None),
        ("/users/$count", None),
    ],
)  # fmt: skip
def test_operation_of_a_path(path, name):
    match = DESCRIPTION.operation("GET", path)
    assert (match and match[0]) == name


@pytest.mark.parametrize(
    ("method", "path", "query", "sent", "response"),
    [
        ("GET", "/users", {"made": "up"}, None, (200, {"value": []})),
        ("GET", "/users", {}, None, (200, {"value": [{"accountEnabled": "yes"}]})),
        ("GET", "/users", {}, None, (300, {})),
        ("GET", "/users", {}, None, (404, {"message": "no"})),
        ("DELETE", "/users/x", {}, None, (200, {})),
        ("DELETE", "/users/x", {}, None, (204, {})),
        ("PATCH", "/users/x", {}, {"accountEnabled": 1}, (204, None)),
    ],
)
def test_deviations_from_the_description_are_reported(method, path, query, sent, response):
    log = ConformanceLog()
    DESCRIPTION.check(log, method, path, query, sent, response)
    assert log.deviations
