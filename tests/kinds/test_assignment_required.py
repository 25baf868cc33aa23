"""`application.assignment_required`, end to end against the sandbox."""

import pytest

from tests.export.test_export_laws import exported
from tests.tenant_fixture import TOKEN, Rehearsal, changes, everything_open

TEXT = """
version: 1
name: writer
tenant: contoso.com
application: {display_name: Writer, create: {from_template: custom}, assignment_required: REQUIRED}
connection:
  base_address: https://writer.example/scim
  secret_token: {env: WRITER_SCIM_TOKEN, rotation: '1'}
provisioning: {enabled: false, scope: assigned}
"""


@pytest.fixture
def tenant():
    return Rehearsal(environ={"WRITER_SCIM_TOKEN": TOKEN})


def spec(folder, *, required: bool):
    path = folder / "scimconf.yaml"
    path.write_text(TEXT.replace("REQUIRED", str(required).lower()))
    return path


def apply(tenant, path):
    planned = tenant.plan(path)
    assert tenant.apply(planned, everything_open(planned)).failed == ()
    assert changes(tenant.plan(path)) == []


def test_assignment_required_of_a_new_application_with_a_job_and_a_rotation(tenant, tmp_path):
    """The tags of the service principal depend on the job, its settings do not, so the steps have no cycle."""
    apply(tenant, spec(tmp_path, required=False))
    assert tenant.principal()["appRoleAssignmentRequired"] is False


def test_assignment_required_is_patched_alone_and_exported(tenant, tmp_path):
    apply(tenant, spec(tmp_path, required=True))
    tenant.forget()
    apply(tenant, spec(tmp_path, required=False))
    assert [request["body"] for request in tenant.asked("PATCH", tenant.principal()["id"])] == [
        {"appRoleAssignmentRequired": False}
    ]
    assert exported(tenant, full=True).tree["application"]["assignment_required"] is False
    assert "assignment_required" not in exported(tenant).tree["application"]
