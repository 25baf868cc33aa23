"""Tests of `workflow.restart`: the stored credentials are tested before the job is restarted and started."""

import pytest
from tenant_fixture import NOON, WRITER, Rehearsal

from scimconf.diagnostics import GraphError, ScimconfError
from scimconf.monitoring.job_status import JobPhase
from scimconf.workflow.restart import find_restart, restart
from scimconf.workflow.targets import application_target


@pytest.fixture(scope="module")
def applied():
    tenant = Rehearsal()
    tenant.apply(WRITER)
    return tenant


@pytest.fixture
def tenant(applied):
    return applied.copy()


def restarted(tenant, app="Writer"):
    async def run(session):
        request = await find_restart(session.graph, application_target(app), NOON)
        await restart(session.graph, request)
        return await find_restart(session.graph, application_target(app), NOON)

    return tenant.run(run)


def quarantined(tenant):
    (job,) = tenant.service.tenant.documents.all("job")
    quarantine = {"reason": "TooManyDeletes", "seriesBegan": "2026-11-24T10:00:00Z"}
    status = job["status"] | {"code": "Quarantine", "quarantine": quarantine}
    tenant.service.tenant.documents.put("job", job["id"], job | {"status": status})


def test_a_restart_ends_the_quarantine_and_starts_the_job(tenant):
    quarantined(tenant)
    assert restarted(tenant).status.phase is not JobPhase.QUARANTINE
    assert [write.rpartition("/")[2] for write in tenant.writes] == ["restart", "start"]


def test_refused_credentials_prevent_the_restart(tenant):
    principal = tenant.request("GET", "/servicePrincipals?$filter=displayName eq 'Writer'")["value"][0]["id"]
    secrets = {"value": [{"key": "SecretToken", "value": "rejected"}]}
    tenant.request("PUT", f"/servicePrincipals/{principal}/synchronization/secrets", secrets)
    tenant.forget()
    with pytest.raises(ScimconfError, match="the application refuses the stored credentials"):
        restarted(tenant)
    assert tenant.writes == []


def test_an_application_without_a_job_or_with_several(tenant):
    tenant.request("POST", "/applications", {"displayName": "Plain"})
    with pytest.raises(ScimconfError, match="no application"):
        restarted(tenant, "Nope")
    (job,) = tenant.service.tenant.documents.all("job")
    principal = tenant.request("GET", "/servicePrincipals?$filter=displayName eq 'Writer'")["value"][0]["id"]
    tenant.service.tenant.documents.put("job", "other", job | {"id": "other", "templateId": "other"}, parent=principal)
    with pytest.raises(ScimconfError, match="has several jobs: scim, other"):
        restarted(tenant)
    tenant.service.tenant.documents.remove("job", "other")
    tenant.service.tenant.documents.remove("job", job["id"])
    with pytest.raises(ScimconfError, match="has no provisioning job"):
        restarted(tenant)


def test_a_job_that_was_restarted_and_not_started_is_reported(tenant):
    tenant.fault({"status": 400, "body": {}}, method="POST", path="*/start", times=0)
    with pytest.raises(GraphError) as refused:
        restarted(tenant)
    assert "may not be started" in refused.value.hint
