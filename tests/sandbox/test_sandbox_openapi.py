"""The answers against Microsoft's own description of Graph, where it is at hand beside the checkout."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .client import WRITER

SLICE = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "openapi-slice.json"
pytestmark = pytest.mark.skipif(not SLICE.exists(), reason="the description of Graph is not beside the checkout")
SP = "/servicePrincipals/{servicePrincipal-id}"
SYNC = f"{SP}/synchronization"
JOB = f"{SYNC}/jobs/{{synchronizationJob-id}}"
TEMPLATE = f"{SYNC}/templates/{{synchronizationTemplate-id}}"


@pytest.fixture(scope="module")
def description():
    return json.loads(SLICE.read_text(encoding="utf-8"))


def nullable(schema):
    """OpenAPI's `nullable` in the words of JSON Schema."""
    if isinstance(schema, list):
        return [nullable(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    told = {key: nullable(value) for key, value in schema.items()}
    if told.pop("nullable", False) and isinstance(told.get("type"), str):
        told["type"] = [told["type"], "null"]
    return told


def validate(description, path, method, status, answer):
    from jsonschema import Draft202012Validator
    from referencing import Registry, Resource
    from referencing.jsonschema import DRAFT202012

    responses = description["paths"][path][method]["responses"]
    response = responses.get(str(status)) or responses.get(f"{status // 100}XX")
    while "$ref" in response:
        response = description["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
    schema = response["content"]["application/json"]["schema"]
    whole = nullable({"components": description["components"]})
    registry = Registry().with_resource("urn:graph", Resource(whole, DRAFT202012))
    pointed = json.loads(json.dumps(nullable(schema)).replace('"#/', '"urn:graph#/'))
    errors = list(Draft202012Validator(pointed, registry=registry).iter_errors(answer))
    assert not errors, [f"{list(error.absolute_path)}: {error.message}" for error in errors[:5]]


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/applicationTemplates", "/applicationTemplates"),
        ("/applications", "/applications"),
        ("/applications/{application-id}", "{app}"),
        ("/servicePrincipals", "/servicePrincipals"),
        (SP, "{sp}"),
        (f"{SP}/appRoleAssignedTo", "{sp}/appRoleAssignedTo"),
        (f"{SYNC}/secrets", "{sync}/secrets"),
        (f"{SYNC}/jobs", "{sync}/jobs"),
        (JOB, "{job}"),
        (f"{JOB}/schema", "{job}/schema"),
        (f"{SYNC}/templates/{{synchronizationTemplate-id}}/schema", "{sync}/templates/scim/schema"),
        ("/users", "/users"),
        ("/users/{user-id}", "/users/ada@contoso.com"),
        ("/groups", "/groups"),
    ],
)
def test_what_is_read(description, sandbox, path, asked):
    rows = [{"user": "ada@contoso.com", "role": "User"}]
    secrets = {"BaseAddress": "https://x.example", "SecretToken": "t"}
    client = sandbox({"applications": [WRITER | {"jobs": [{}], "assignments": rows, "secrets": secrets}]})
    (app,) = client.value("/applications?$filter=displayName eq 'Writer'")
    sp = f"/servicePrincipals/{client.principal()['id']}"
    url = asked.format(app=f"/applications/{app['id']}", sp=sp, sync=client.sync(), job=client.job())
    validate(description, path, "get", 200, client.get(url))


@pytest.mark.parametrize("credentials", [{}, {"BaseAddress": "https://x.example", "SecretToken": "t"}])
def test_a_job_after_its_cycle(description, sandbox, credentials):
    client = sandbox({"applications": [WRITER | {"jobs": [{"state": "Active"}], "secrets": credentials}]})
    job = client.job()
    client.get(job)
    validate(description, JOB, "get", 200, client.get(job))


def test_the_description_is_really_asked(description, writer):
    job = writer.get(writer.job())
    with pytest.raises(AssertionError, match="schedule"):
        validate(description, JOB, "get", 200, job | {"schedule": job["schedule"] | {"state": "On"}})


def test_what_is_made_and_what_is_refused(description, writer):
    path = "/applicationTemplates/{applicationTemplate-id}/instantiate"
    made = writer.post("/applicationTemplates/8adf8e6e-67b2-4cf2-a259-e3dc5476c621/instantiate", {"displayName": "x"})
    validate(description, path, "post", 201, made)
    validate(description, JOB, "get", 404, writer.get(f"{writer.sync()}/jobs/none", expect=404))
    parsed = writer.post(f"{writer.job()}/schema/parseExpression", {"expression": "Not([mail])"}, expect=200)
    validate(description, f"{JOB}/schema/parseExpression", "post", 200, parsed)
    broken = writer.post(f"{writer.job()}/schema/parseExpression", {"expression": "Not("}, expect=200)
    validate(description, f"{JOB}/schema/parseExpression", "post", 200, broken)
