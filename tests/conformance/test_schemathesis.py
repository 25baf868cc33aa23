"""Schemathesis drives the sandbox from Microsoft's description: no server error, no status that is not described.

It makes requests up: half of them by the book, half not. The state is a tenant with an application and a job, whose
identifiers stand in for every other one that Schemathesis makes up, so that it gets behind the front door.
"""

from __future__ import annotations

import contextlib
import os
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from sandbox.client import Client

from conformance.slice import Seen, the_slice

SLICE = the_slice()
pytestmark = [
    pytest.mark.nonconforming,  # half of the requests are meant to be
    pytest.mark.skipif(SLICE is None, reason="Microsoft's description of Graph is not at hand"),
]
EXAMPLES = int(os.environ.get("SCIMCONF_SCHEMATHESIS", "2"))
"""How many requests an operation gets, of either kind. 200 take some minutes."""

OPERATIONS = [] if SLICE is None else [(method, path) for method, path, _ in SLICE.operations()]
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
def described():
    import schemathesis

    return schemathesis.openapi.from_dict(SLICE.document)


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
@pytest.mark.parametrize("operation", OPERATIONS, ids=range(len(OPERATIONS)))
def test_no_request_is_too_odd(described, tenant, operation, mode):
    from schemathesis import GenerationMode

    client, real = tenant
    method, path = operation
    made_up = described[path][method.upper()].as_strategy(generation_mode=GenerationMode(mode))

    @seed(7)
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(made_up, st.booleans())
    def ask(case, known):
        client.service.reset()
        check(case, client, real if known else {}, whole=mode == "positive")

    with contextlib.suppress(Unsatisfiable):  # there is nothing to get wrong in a path alone
        ask()


def check(case, client, real, *, whole):
    parameters = {name: real.get(name, str(value)) for name, value in (case.path_parameters or {}).items()}
    query = {name: as_text(value) for name, value in (case.query or {}).items()}
    url = case.path.format_map({name: as_segment(value) for name, value in parameters.items()})
    options = {"json": case.body} if is_json(case.body) else {}
    answer = client.send(case.method, f"{url}?{urlencode(query)}" if query else url, **options)
    assert answer.status_code < 500, answer.text
    if not url.endswith("/"):
        seen = Seen()
        told = answer.json() if answer.content else None
        SLICE.see(seen, case.method, url, {}, None, (answer.status_code, told))
        assert [one for one in seen.violations if whole or "the status" in one] == []


def as_text(value):
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def as_segment(value):
    from urllib.parse import quote

    return quote(value, safe="") or "empty"


def is_json(body):
    return body is None or isinstance(body, (dict, list, str, int, float, bool))
