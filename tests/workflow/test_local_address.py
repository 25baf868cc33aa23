"""A tenant URL of this machine is planned against a sandbox only."""

import asyncio
from types import SimpleNamespace

import httpx
import pytest
from tenant_fixture import Rehearsal, wishes

from scimconf.api import TenantClient
from scimconf.graph.client import Settings, open_graph
from scimconf.graph.secrets import Secrets
from scimconf.workflow.plan import plan
from tests.sandbox.engine.recording_server import TOKEN as ENDPOINT_TOKEN
from tests.sandbox.engine.recording_server import RecordingServer

SPEC = """
version: 1
name: writer
application: {display_name: Writer}
connection: {base_address: "%s", secret_token: {env: WRITER_SCIM_TOKEN}}
provisioning: {enabled: false, scope: assigned}
"""
LOCAL = ("http://127.0.0.1:8080/scim?aadOptscim062020", "http://localhost/scim")


@pytest.fixture
def rehearsal():
    tenant = {"applications": [{"displayName": "Writer", "template": "custom", "jobs": [{}]}]}
    return Rehearsal(tenant, environ={"WRITER_SCIM_TOKEN": ENDPOINT_TOKEN})


@pytest.fixture
def spec(tmp_path):
    def write(address):
        file = tmp_path / "scimconf.yaml"
        file.write_text(SPEC % address)
        return file

    return write


def plan_against_tenant(rehearsal, path):
    """Return the plan of a spec over a client of the public cloud, whose transport ends in the sandbox."""
    token = SimpleNamespace(get_token=lambda *_scopes, **_options: SimpleNamespace(token="t", expires_on=2**33))  # noqa: S106

    async def planned():
        transport = httpx.ASGITransport(app=rehearsal.app)
        async with open_graph(Settings(), token, transport=transport) as graph:
            session = TenantClient(graph, Secrets({})).session()
            return await plan(session, rehearsal.load(path), wishes())

    return asyncio.run(planned())


@pytest.mark.parametrize(("host", "flag"), [("127.0.0.1", "?aadOptscim062020"), ("localhost", "")])
def test_a_local_address_is_planned_and_applied_against_a_sandbox(rehearsal, spec, host, flag):
    """Apply tests the connection, so the address has an endpoint that answers."""
    with RecordingServer() as endpoint:
        address = endpoint.url.replace("127.0.0.1", host) + flag
        planned = rehearsal.plan(spec(address))
        assert planned.errors == ()
        assert "L516" in {warning.code for warning in planned.plan.warnings}
        assert rehearsal.apply(planned).error == ""
        assert rehearsal.saved()["BaseAddress"] == address


@pytest.mark.parametrize("address", LOCAL)
def test_a_local_address_is_an_error_against_a_tenant(rehearsal, spec, address):
    planned = plan_against_tenant(rehearsal, spec(address))
    assert [(error.code, error.path, error.location.line) for error in planned.errors] == [
        ("K409", ("connection", "base_address"), 5)
    ]
    assert address in planned.errors[0].message
    assert (planned.plan.changes, planned.steps) == ((), ())


def test_an_https_address_is_planned_against_a_tenant(rehearsal, spec):
    planned = plan_against_tenant(rehearsal, spec("https://app.writer.com/scim"))
    assert planned.errors == ()
    assert "connection" in {change.kind for change in planned.plan.changes}
