"""Promotion of one base spec from a staging tenant to a production tenant."""

from pathlib import Path

from tests.tenant_fixture import TOKEN, Rehearsal, changes, everything_open, exit_code

PROMOTE = Path(__file__).resolve().parents[2] / "examples" / "promote"
STAGING = {
    "base": "empty",
    "organization": {
        "id": "0c0a7e50-5a5a-4c0a-8b0a-c0a7e5009999",
        "displayName": "Contoso Staging",
        "verifiedDomains": [{"name": "staging.contoso.com", "isDefault": True, "isInitial": True}],
    },
    "users": [],
    "groups": [{"displayName": "Writer admins"}],
}


def apply_stage(tenant: Rehearsal, stage: str, domain: str):
    spec = tenant.load(PROMOTE / stage / "scimconf.yaml", tenant=domain)
    planned = tenant.plan(spec)
    report = tenant.apply(planned, everything_open(planned))
    assert (exit_code(report), report.error) == (0, "")
    assert changes(tenant.plan(spec)) == []
    return tenant


def test_apply_of_one_base_spec_configures_two_tenants():
    """The spec names users and groups, whose ids differ between tenants."""
    staging = apply_stage(Rehearsal(STAGING, environ={"WRITER_SCIM_TOKEN": TOKEN}), "staging", "staging.contoso.com")
    production = apply_stage(Rehearsal(), "production", "contoso.com")
    assert staging.assigned() == {"Writer admins": {"admin"}}
    assert production.assigned() == {"Writer admins": {"admin"}, "Writer editors": {"member"}}
    assert "identity@staging.contoso.com" in staging.saved()["SyncNotificationSettings"]


def test_tenant_mismatch_guard_blocks_a_spec_in_another_tenant():
    other = Rehearsal()
    planned = other.plan(other.load(PROMOTE / "staging" / "scimconf.yaml", tenant="staging.contoso.com"))
    assert "tenant-mismatch" in {guard.id for guard in planned.blocking_guards}
    assert exit_code(other.apply(planned)) == 4
    assert other.writes == []
