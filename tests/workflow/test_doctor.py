"""Tests of `workflow.doctor`: environment, sign-in, tenant, clock, permissions and secrets."""

from datetime import timedelta

import pytest
from tenant_fixture import NOON, WRITER, Rehearsal

from scimconf.graph.secrets import Secrets
from scimconf.monitoring.doctor_checks import DoctorCheck, DoctorState
from scimconf.permissions import PROFILES, Granted, granted_by
from scimconf.render import doctor as rendering
from scimconf.workflow.doctor import (
    application_checks,
    environment_checks,
    permission_checks,
    secret_checks,
    sign_in_checks,
    tenant_checks,
)
from scimconf.workflow.targets import application_target

OK, WARNING, PROBLEM, UNKNOWN = DoctorState.OK, DoctorState.WARNING, DoctorState.PROBLEM, DoctorState.UNKNOWN


@pytest.fixture(scope="module")
def writer():
    return Rehearsal().load(WRITER)


def spec(tmp_path, text):
    path = tmp_path / "scimconf.yaml"
    path.write_text(
        f"version: 1\nname: app\napplication: {{display_name: App}}\nprovisioning: {{enabled: true}}\n{text}"
    )
    return Rehearsal().load(path)


def states(checks):
    return [(check.state, check.text.partition(":")[0]) for check in checks]


def test_the_environment_names_the_proxy_without_its_password():
    checks = list(environment_checks({"HTTPS_PROXY": "http://me:hunter2@proxy.contoso.com:8080"}, "https://graph"))
    assert checks[-1].text == "requests go through the proxy proxy.contoso.com"
    assert "hunter2" not in repr(checks)
    assert len(list(environment_checks({}, "https://graph"))) == 2


@pytest.mark.parametrize(
    ("claims", "text"),
    [
        ({"appid": "1", "roles": []}, "signed in as an application: 1"),
        ({"scp": "User.Read", "upn": "ada@contoso.com"}, "signed in as a user: ada@contoso.com"),
        ({}, "signed in as an application: the token does not say who"),
    ],
)
def test_who_is_signed_in(claims, text):
    assert [check.text for check in sign_in_checks(claims, anonymous=False)] == [text]
    assert "sandbox" in next(iter(sign_in_checks(claims, anonymous=True))).text


def tenant_of(tenant, *specs, now=NOON):
    return tenant.run(lambda session: tenant_checks(session.graph, now, specs))


def test_the_tenant_is_read_and_the_clock_compared(writer):
    assert states(tenant_of(Rehearsal(), writer)) == [(OK, "Graph answers; the tenant is contoso.com")]
    late = tenant_of(Rehearsal(), now=NOON + timedelta(minutes=7))
    assert [(check.state, check.text) for check in late[1:]] == [
        (WARNING, "the clock of this machine differs by 7 min")
    ]


def test_a_spec_for_another_tenant_is_a_problem(tmp_path):
    checks = tenant_of(Rehearsal(), spec(tmp_path, "tenant: fabrikam.com\n"))
    assert states(checks)[1:] == [(PROBLEM, "app is for the tenant fabrikam.com")]


@pytest.mark.parametrize(("status", "state"), [(403, WARNING), (400, PROBLEM)])
def test_a_tenant_that_cannot_be_read(status, state):
    tenant = Rehearsal()
    tenant.fault({"status": status, "body": {}}, method="GET", path="/organization", times=0)
    assert tenant_of(tenant)[0].state is state


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_without_specs_the_profiles_are_named_for_which_the_token_is_sufficient(profile):
    checks = list(permission_checks(Granted(frozenset(profile.permissions)), []))
    assert any(check.text.startswith(f"sufficient for {profile.name}:") for check in checks)


def test_a_permission_that_includes_another_is_sufficient():
    names = {"Directory.Read.All", "Application.ReadWrite.OwnedBy"}
    checks = list(permission_checks(Granted(frozenset(names)), []))
    assert checks[0].text.startswith("sufficient for plan:")


def test_a_token_that_is_sufficient_for_no_profile():
    (check,) = permission_checks(Granted(frozenset(["Mail.Read"])), [])
    assert (check.state, "Mail.Read" in check.text) == (PROBLEM, True)


def test_permissions_that_a_spec_needs(writer):
    granted = Granted(frozenset(["Application.Read.All", "Synchronization.Read.All", "Organization.Read.All"]))
    plan, apply, log = permission_checks(granted, [writer], "app")
    assert plan.text == "plan: missing GroupMember.Read.All and User.ReadBasic.All"
    assert "for name in GroupMember.Read.All User.ReadBasic.All; do" in plan.hint
    assert "--id app" in plan.hint
    assert apply.text.startswith("apply: missing AppRoleAssignment.ReadWrite.All")
    assert (log.state, log.text) == (WARNING, "status, logs: missing ProvisioningLog.Read.All")


def test_sufficient_permissions_and_those_of_a_user(tmp_path):
    small = spec(tmp_path, "")
    enough = Granted(frozenset(["Application.ReadWrite.OwnedBy", "Organization.Read.All", "AuditLog.Read.All"]))
    assert [check.state for check in permission_checks(enough, [small])] == [OK, OK, OK]
    (plan, *_) = permission_checks(Granted(frozenset(["Application.Read.All"]), is_delegated=True), [small], "app")
    assert plan.hint.startswith("Grant the identity")


def test_unknown_permissions_are_not_claimed_to_be_missing(writer):
    assert granted_by({}) is None
    assert [check.state for check in permission_checks(None, [writer])] == [UNKNOWN]
    assert [check.state for check in permission_checks(None, [writer], anonymous=True)] == [UNKNOWN]


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
    checks = list(secret_checks([loaded], Secrets({}), NOON))
    assert [check.state for check in checks] == [OK, WARNING, WARNING]
    assert "mode 0644" in checks[1].text
    assert "expires in 6 days" in checks[2].text
    assert "hunter2" not in repr(checks)


def test_a_missing_variable_and_a_key_vault(tmp_path):
    vault = "{key_vault: {vault: 'https://contoso.vault.azure.net', secret: token}}"
    for reference, state in (("{env: NOT_SET}", WARNING), (vault, UNKNOWN)):
        connection = f"connection: {{base_address: 'https://app.example.com/scim', secret_token: {reference}}}\n"
        (check,) = secret_checks([spec(tmp_path, connection)], Secrets({}), NOON)
        assert check.state is state
    assert list(secret_checks([spec(tmp_path, "")], Secrets({}), NOON)) == []


@pytest.mark.parametrize(
    ("checks", "verdict"),
    [
        ((), "No problems."),
        ((PROBLEM,), "1 problem."),
        ((WARNING, WARNING), "2 warnings."),
        ((PROBLEM, WARNING, OK), "1 problem and 1 warning."),
    ],
)
def test_the_verdict(checks, verdict):
    assert rendering.verdict([DoctorCheck("group", state, "text") for state in checks]) == verdict


def test_findings_as_text_and_json():
    checks = [DoctorCheck("secrets", PROBLEM, "a \x1b[2Jtext", "do\nthis"), DoctorCheck("secrets", OK, "fine")]
    assert rendering.text(checks) == (
        "secrets\n  problem a \\x1b[2Jtext\n          do\n          this\n  ok      fine\n\n1 problem.\n"
    )
    assert '"hint": "do\\nthis"' in rendering.json(checks)


def test_permissions_to_watch_are_named_although_they_are_sufficient_for_no_plan():
    names = {"Application.Read.All", "Synchronization.Read.All"}
    (check,) = permission_checks(Granted(frozenset(names)), [])
    assert (check.state, check.text) == (OK, "sufficient for status")
    (check,) = permission_checks(Granted(frozenset({*names, "ProvisioningLog.Read.All"})), [])
    assert check.text == "sufficient for status and logs"


# ---- one application ------------------------------------------------------------------------------------------------

QUARANTINE = {"code": "Quarantine", "quarantine": {"reason": "TooManyDeletes", "seriesBegan": "2026-11-24T10:00:00Z"}}


@pytest.mark.parametrize(
    ("app", "schedule", "status", "check"),
    [
        ("Writer", "Active", {}, (OK, "Writer: provisioning is on", "")),
        (
            "Writer",
            "Active",
            {"code": "NotRun"},
            (OK, "Writer: provisioning is on, no cycle has ended since it was started", ""),
        ),
        ("Writer", "Disabled", {}, (WARNING, "Writer: provisioning is off", "")),
        (
            "Writer",
            "Active",
            QUARANTINE,
            (PROBLEM, "Writer: provisioning is in quarantine: more users", "`scimconf restart --app Writer`"),
        ),
        ("Plain", "Active", {}, (WARNING, "Plain has no provisioning job", "Apply a spec")),
        ("Nope", "Active", {}, (PROBLEM, 'the tenant has no application "Nope"', "")),
    ],
)
def test_an_application_without_a_spec(after_the_first_cycle, app, schedule, status, check):
    tenant = after_the_first_cycle
    created = tenant.request("POST", "/applications", {"displayName": "Plain"})
    tenant.request("POST", "/servicePrincipals", {"appId": created["appId"]})
    (job,) = tenant.service.tenant.documents.all("job")
    changed = {"schedule": job["schedule"] | {"state": schedule}, "status": job["status"] | status}
    tenant.service.tenant.documents.put("job", job["id"], job | changed)
    (result,) = tenant.run(lambda session: application_checks(session.graph, application_target(app), NOON))
    state, text, hint = check
    assert (result.state, text in result.text, hint in result.hint) == (state, True, True), result
