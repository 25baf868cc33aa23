"""Every operation of Microsoft's description that has a reference page is asked once, and its answer is as described."""

from collections import Counter

import pytest
from sandbox.client import Client

from conformance.slice import Seen, the_slice

SLICE = the_slice()
pytestmark = pytest.mark.skipif(SLICE is None, reason="Microsoft's description of Graph is not at hand")
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

# One line a request, in an order in which each finds what it needs; `>` names what its answer's id is to be called.
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
POST /groups {"displayName": "New", "securityEnabled": True} > crowd
GET /groups/{crowd}
PATCH /groups/{crowd} {"description": "Newcomers"}
DELETE /groups/{crowd}
POST /directoryObjects/getByIds {"ids": [grace]}
GET /auditLogs/provisioning
"""
REFUSED = ("acquireAccessToken", "bulkUpload", "discover", "/synchronization")
"""What the sandbox refuses, as Graph refuses it for applications like these."""


def test_every_operation_is_asked_and_answers_as_described():
    seen, statuses = Seen(), {}
    with Client(TENANT) as client:
        known = names(client)
        for line in TOUR.strip().splitlines():
            label, status = ask(client, line, known, seen)
            statuses[label] = status
    assert seen.violations == []
    assert seen.outside == Counter()
    wanted = {f"{method.upper()} {path}" for method, path, _ in SLICE.operations()}
    assert set(seen.answers) == wanted
    assert [one for one, status in statuses.items() if status >= 400 and not one.endswith(REFUSED)] == []


def names(client):
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


def ask(client, line, known, seen):
    line, _, called = line.partition(" > ")
    method, path, body = [*line.split(" ", 2), ""][:3]
    path = path.format_map({key: value for key, value in known.items() if isinstance(value, str)})
    sent = eval(body, {}, known) if body else None
    answer = client.send(method, path, sent)
    told = answer.json() if answer.content else None
    SLICE.see(seen, method, path, {}, sent, (answer.status_code, told))
    if called:
        known[called] = told["id"]
        known[f"{called}_app_id"] = told.get("appId")
    return f"{method} {line.split(' ', 2)[1]}", answer.status_code


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
def test_which_operation_a_path_is_of(path, name):
    found = SLICE.operation("GET", path)
    assert (found and found[0]) == name


@pytest.mark.parametrize(
    ("method", "path", "query", "sent", "answer"),
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
def test_what_is_not_as_described(method, path, query, sent, answer):
    seen = Seen()
    SLICE.see(seen, method, path, query, sent, answer)
    assert seen.violations
