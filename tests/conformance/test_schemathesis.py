"""Schemathesis generates requests from Microsoft's description: no server error, no status that is not described.

It sends valid and invalid requests. The generated identifiers are replaced at random by
those of a tenant with an application and a job, so that the requests reach existing objects.
"""

from __future__ import annotations

import contextlib
import os
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from sandbox.client import Client

from conformance.description import ConformanceLog, load_description

DESCRIPTION = load_description()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.nonconforming,  # the invalid requests are intended
    pytest.mark.skipif(DESCRIPTION is None, reason="Microsoft's description of Graph is not available"),
]
EXAMPLES = int(os.environ.get("SCIMCONF_SCHEMATHESIS", "2"))
"""The number of requests of each operation. 200 take several minutes."""

TENANT = {
    "applications": [
        {
            "displayName": "Writer",
            "template": "custom",
            "assignments": [{"user": "ada@contoso.com", "role": "User"}],
            "secrets": {"BaseAddress": "https://writer.example", "SecretToken": "t"},
            "jobs": [{"template": "scim"}],
        }
    ]
}


@pytest.fixture(scope="module")
def openapi():
    import schemathesis

    return schemathesis.openapi.from_dict(DESCRIPTION.document)


@pytest.fixture(scope="module")
def tenant():
    with Client(TENANT) as client:
        sp = client.principal()["id"]
        job = client.job().rsplit("/", 1)[1]
        yield (
            client,
            {
                "applicationTemplate-id": "8adf8e6e-67b2-4cf2-a259-e3dc5476c621",
                "application-id": client.value("/applications")[0]["id"],
                "servicePrincipal-id": sp,
                "appRoleAssignment-id": client.value(f"/servicePrincipals/{sp}/appRoleAssignedTo")[0]["id"],
                "synchronizationJob-id": job,
                "synchronizationTemplate-id": "scim",
                "directoryDefinition-id": "66e4a8cc-1b7b-435e-95f8-f06cea133828",
                "user-id": "grace@contoso.com",
                "group-id": client.value("/groups")[0]["id"],
            },
        )


@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_generated_requests_get_described_responses(openapi, tenant, mode):
    """All operations in one test, since loading the description takes longer than most operations."""
    from schemathesis import GenerationMode

    client, identifiers = tenant
    for method, path, _ in DESCRIPTION.operations():
        requests = openapi[path][method.upper()].as_strategy(generation_mode=GenerationMode(mode))
        with contextlib.suppress(Unsatisfiable):  # a path without parameters cannot be invalid
            run_examples(client, identifiers, requests, check_bodies=mode == "positive")


def run_examples(client, identifiers, requests, *, check_bodies):
    @seed(7)
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(requests, st.booleans())
    def send(case, existing):
        client.service.reset()
        check(case, client, identifiers if existing else {}, check_bodies=check_bodies)

    send()


def check(case, client, identifiers, *, check_bodies):
    parameters = {name: identifiers.get(name, str(value)) for name, value in (case.path_parameters or {}).items()}
    query = {name: as_text(value) for name, value in (case.query or {}).items()}
    url = case.path.format_map({name: as_segment(value) for name, value in parameters.items()})
    options = {"json": case.body} if is_json(case.body) else {}
    response = client.send(case.method, f"{url}?{urlencode(query)}" if query else url, **options)
    assert response.status_code < 500, (case.method, url, response.text)
    if not url.endswith("/"):
        log = ConformanceLog()
        document = response.json() if response.content else None
        DESCRIPTION.check(log, case.method, url, {}, None, (response.status_code, document))
        assert [deviation for deviation in log.deviations if check_bodies or "the status" in deviation] == []


def as_text(value):
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def as_segment(value):
    return quote(value, safe="") or "empty"


def is_json(body):
    return body is None or isinstance(body, (dict, list, str, int, float, bool))
