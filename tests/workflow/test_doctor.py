"""Tests of `workflow.doctor`: environment, sign-in, tenant, clock, permissions and secrets."""

from datetime import timedelta

import pytest
from tenant_fixture import NOON, WRITER, Rehearsal

from scimconf.graph.secrets import Secrets
from scimconf.monitoring.findings import Finding, FindingState
from scimconf.permissions import PROFILES, Granted, granted_by
from scimconf.render import findings as rendering
from scimconf.workflow.doctor import (
    environment_findings,
    permission_findings,
    secret_findings,
    sign_in_findings,
    tenant_findings,
)

OK, WARNING, PROBLEM, UNKNOWN = FindingState.OK, FindingState.WARNING, FindingState.PROBLEM, FindingState.UNKNOWN


@pytest.fixture(scope="module")
def writer():
    return Rehearsal().load(WRITER)


def spec(tmp_path, text):
    path = tmp_path / "scimconf.yaml"
    path.write_text(
        f"version: 1\nname: app\napplication: {{display_name: App}}\nprovisioning: {{enabled: true}}\n{text}"
    )
    return Rehearsal().load(path)


def states(findings):
    return [(finding.state, finding.text.partition(":")[0]) for finding in findings]


def test_the_environment_names_the_proxy_without_its_password():
    findings = list(environment_findings({"HTTPS_PROXY": "http://me:hunter2@proxy.contoso.com:8080"}, "https://graph"))
    assert findings[-1].text == "requests go through the proxy proxy.contoso.com"
    assert "hunter2" not in repr(findings)
    assert len(list(environment_findings({}, "https://graph"))) == 2


@pytest.mark.parametrize(
    ("claims", "text"),
    [
        ({"appid": "1", "roles": []}, "signed in as an application: 1"),
        ({"scp": "User.Read", "upn": "ada@contoso.com"}, "signed in as a user: ada@contoso.com"),
        ({}, "signed in as an application: the token does not say who"),
    ],
)
def test_who_is_signed_in(claims, text):
    assert [finding.text for finding in sign_in_findings(claims, anonymous=False)] == [text]
    assert "sandbox" in next(iter(sign_in_findings(claims, anonymous=True))).text


def tenant_of(tenant, *specs, now=NOON):
    return tenant.run(lambda session: tenant_findings(session.graph, now, specs))


def test_the_tenant_is_read_and_the_clock_compared(writer):
    assert states(tenant_of(Rehearsal(), writer)) == [(OK, "Graph answers; the tenant is contoso.com")]
    late = tenant_of(Rehearsal(), now=NOON + timedelta(minutes=7))
    assert [(finding.state, finding.text) for finding in late[1:]] == [
        (WARNING, "the clock of this machine differs by 7 min")
    ]


def test_a_spec_for_another_tenant_is_a_problem(tmp_path):
    findings = tenant_of(Rehearsal(), spec(tmp_path, "tenant: fabrikam.com\n"))
    assert states(findings)[1:] == [(PROBLEM, "app is for the tenant fabrikam.com")]


@pytest.mark.parametrize(("status", "state"), [(403, WARNING), (400, PROBLEM)])
def test_a_tenant_that_cannot_be_read(status, state):
    tenant = Rehearsal()
    tenant.fault({"status": status, "body": {}}, method="GET", path="/organization", times=0)
    assert tenant_of(tenant)[0].state is state


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_without_specs_the_profiles_are_named_for_which_the_token_is_sufficient(profile):
    findings = list(permission_findings(Granted(frozenset(profile.permissions)), []))
    assert any(finding.text.startswith(f"sufficient for {profile.name}:") for finding in findings)


def test_a_permission_that_includes_another_is_sufficient():
    names = {"Directory.Read.All", "Application.ReadWrite.OwnedBy"}
    findings = list(permission_findings(Granted(frozenset(names)), []))
    assert findings[0].text.startswith("sufficient for plan:")


def test_a_token_that_is_sufficient_for_no_profile():
    (finding,) = permission_findings(Granted(frozenset(["Mail.Read"])), [])
    assert (finding.state, "Mail.Read" in finding.text) == (PROBLEM, True)


def test_permissions_that_a_spec_needs(writer):
    granted = Granted(frozenset(["Application.Read.All", "Synchronization.Read.All", "Organization.Read.All"]))
    plan, apply, log = permission_findings(granted, [writer], "app")
    assert plan.text == "plan: missing GroupMember.Read.All and User.ReadBasic.All"
    assert "for name in GroupMember.Read.All User.ReadBasic.All; do" in plan.hint
    assert "--id app" in plan.hint
    assert apply.text.startswith("apply: missing AppRoleAssignment.ReadWrite.All")
    assert (log.state, log.text) == (WARNING, "status, logs: missing ProvisioningLog.Read.All")


def test_sufficient_permissions_and_those_of_a_user(tmp_path):
    small = spec(tmp_path, "")
    enough = Granted(frozenset(["Application.ReadWrite.OwnedBy", "Organization.Read.All", "AuditLog.Read.All"]))
    assert [finding.state for finding in permission_findings(enough, [small])] == [OK, OK, OK]
    (plan, *_) = permission_findings(Granted(frozenset(["Application.Read.All"]), is_delegated=True), [small], "app")
    assert plan.hint.startswith("Grant the identity")


def test_unknown_permissions_are_not_claimed_to_be_missing(writer):
    assert granted_by({}) is None
    assert [finding.state for finding in permission_findings(None, [writer])] == [UNKNOWN]
    assert [finding.state for finding in permission_findings(None, [writer], anonymous=True)] == [UNKNOWN]


def test_secrets_that_are_set_missing_readable_by_others_and_expiring(tmp_path):
    token = tmp_path / "token"
    token.write_text("hunter2-hunter2")
    token.chmod(0o644)
    text = f"""
connection:
  base_address: https://app.example.com/scim
  secret_token: {{file: {token}, expires: 2026-12-01}}
"""
    loaded = spec(tmp_path, text)
    findings = list(secret_findings([loaded], Secrets({}), NOON))
    assert [finding.state for finding in findings] == [OK, WARNING, WARNING]
    assert "mode 0644" in findings[1].text
    assert "expires in 6 days" in findings[2].text
    assert "hunter2" not in repr(findings)


def test_a_missing_variable_and_a_key_vault(tmp_path):
    vault = "{key_vault: {vault: 'https://contoso.vault.azure.net', secret: token}}"
    for reference, state in (("{env: NOT_SET}", WARNING), (vault, UNKNOWN)):
        connection = f"connection: {{base_address: 'https://app.example.com/scim', secret_token: {reference}}}\n"
        (finding,) = secret_findings([spec(tmp_path, connection)], Secrets({}), NOON)
        assert finding.state is state
    assert list(secret_findings([spec(tmp_path, "")], Secrets({}), NOON)) == []


@pytest.mark.parametrize(
    ("findings", "verdict"),
    [
        ((), "No problems."),
        ((PROBLEM,), "1 problem."),
        ((WARNING, WARNING), "2 warnings."),
        ((PROBLEM, WARNING, OK), "1 problem and 1 warning."),
    ],
)
def test_the_verdict(findings, verdict):
    assert rendering.verdict([Finding("group", state, "text") for state in findings]) == verdict


def test_findings_as_text_and_json():
    findings = [Finding("secrets", PROBLEM, "a \x1b[2Jtext", "do\nthis"), Finding("secrets", OK, "fine")]
    assert rendering.text(findings) == (
        "secrets\n  problem a \\x1b[2Jtext\n          do\n          this\n  ok      fine\n\n1 problem.\n"
    )
    assert '"hint": "do\\nthis"' in rendering.json(findings)


def test_permissions_to_watch_are_named_although_they_are_sufficient_for_no_plan():
    names = {"Application.Read.All", "Synchronization.Read.All"}
    (finding,) = permission_findings(Granted(frozenset(names)), [])
    assert (finding.state, finding.text) == (OK, "sufficient for status")
    (finding,) = permission_findings(Granted(frozenset({*names, "ProvisioningLog.Read.All"})), [])
    assert finding.text == "sufficient for status and logs"
