"""Tests of `why`: the verdict and its reason in prepared situations, over a tenant that really provisions."""

from datetime import UTC, datetime, timedelta

import pytest
from tenant_fixture import NOON

from scimconf.diagnostics import ScimconfError
from scimconf.monitoring.job_status import job_status
from scimconf.monitoring.log_events import LoggedEvent
from scimconf.monitoring.why import Presence, UserFacts, explain
from scimconf.render import why as rendering
from scimconf.workflow.targets import application_target
from scimconf.workflow.why import why

YES, NO, UNKNOWN = Presence.YES, Presence.NO, Presence.UNKNOWN
ADA = "ada@contoso.com"


@pytest.fixture
def tenant(after_the_first_cycle):
    return after_the_first_cycle


def answer(tenant, user=ADA, app="Writer"):
    return tenant.run(lambda session: why(session, application_target(app), user, NOON))


def user_id(tenant, name):
    return tenant.request("GET", f"/users/{name}")["id"]


def test_a_user_who_was_created(tenant):
    result = answer(tenant)
    assert (result.provisioning, result.sentence[:28]) == (YES, "the application has the user")
    assert dict(result.checks)["scope"] == "in scope: assigned directly and through Writer admins"
    assert dict(result.checks)["log"].startswith("create success")


def test_a_user_who_is_not_assigned(tenant):
    result = answer(tenant, "hedy@contoso.com")
    assert (result.provisioning, result.sentence) == (NO, "not assigned")


def test_a_user_who_is_only_in_an_inner_group(tenant):
    groups = {group["displayName"]: group["id"] for group in tenant.request("GET", "/groups")["value"]}
    inner = tenant.request(
        "POST",
        "/groups",
        {"displayName": "Inner", "mailEnabled": False, "mailNickname": "inner", "securityEnabled": True},
    )
    base = "https://graph.microsoft.com/v1.0/directoryObjects/"
    hedy = user_id(tenant, "hedy@contoso.com")
    tenant.request("POST", f"/groups/{inner['id']}/members/$ref", {"@odata.id": f"{base}{hedy}"})
    tenant.request("POST", f"/groups/{groups['Writer editors']}/members/$ref", {"@odata.id": f"{base}{inner['id']}"})
    result = answer(tenant, "hedy@contoso.com")
    assert (result.provisioning, result.sentence) == (NO, "the user is only in a group inside Writer editors")
    assert "inner groups" in dict(result.checks)


def test_users_who_are_disabled_deleted_or_unknown(tenant):
    ada = user_id(tenant, ADA)
    tenant.request("PATCH", f"/users/{ada}", {"accountEnabled": False})
    result = answer(tenant)
    assert (result.provisioning, result.sentence) == (
        YES,
        "the application still has the user, although the account is disabled in the tenant: no cycle has disabled the user",
    )
    tenant.request("DELETE", f"/users/{ada}")
    assert answer(tenant).sentence == "the tenant has no such user; a user of this name was deleted on 2026-11-25"
    assert answer(tenant, "nobody@contoso.com").sentence == "the tenant has no such user"
    tenant.fault({"status": 403, "body": {}}, method="GET", path="/directory/deletedItems/*", times=0)
    assert answer(tenant).provisioning is NO


def test_a_user_who_was_assigned_after_the_last_cycle(tenant):
    state = tenant.request("GET", "/_sandbox/state")
    principal = next(row for row in state["servicePrincipals"] if row["displayName"] == "Writer")
    role = next(role["id"] for role in principal["appRoles"] if role["value"] == "member")
    body = {"principalId": user_id(tenant, "hedy@contoso.com"), "resourceId": principal["id"], "appRoleId": role}
    tenant.request("POST", f"/servicePrincipals/{principal['id']}/appRoleAssignedTo", body)
    assert answer(tenant, "hedy@contoso.com").provisioning is UNKNOWN
    tenant.request("POST", "/_sandbox/cycle", {})
    assert answer(tenant, "hedy@contoso.com").provisioning is YES


def test_an_application_that_is_off_missing_or_without_a_job(tenant):
    state = tenant.request("GET", "/_sandbox/state")
    principal = next(row["id"] for row in state["servicePrincipals"] if row["displayName"] == "Writer")
    tenant.request("POST", f"/servicePrincipals/{principal}/synchronization/jobs/{state['jobs'][0]['id']}/pause")
    assert answer(tenant).sentence.endswith("but provisioning is off")
    tenant.request("DELETE", f"/servicePrincipals/{principal}/synchronization/jobs/{state['jobs'][0]['id']}")
    assert answer(tenant).sentence == "the application has no provisioning job"
    with pytest.raises(ScimconfError, match="no application"):
        answer(tenant, app="Nope")


def test_a_log_that_cannot_be_read(tenant):
    tenant.fault({"status": 403, "body": {}}, method="GET", path="/auditLogs/provisioning", times=0)
    result = answer(tenant)
    assert result.provisioning is UNKNOWN
    assert "cannot be read" in dict(result.checks)["log"]


def test_inner_groups_that_cannot_be_read(tenant):
    tenant.fault({"status": 403, "body": {}}, method="GET", path="*/transitiveMembers/*", times=0)
    assert answer(tenant, "hedy@contoso.com").sentence == "not assigned"


# ---- the verdict -----------------------------------------------------------------------------------------------------

RUNNING = {
    "schedule": {"state": "Active", "interval": "PT40M"},
    "status": {
        "code": "Active",
        "steadyStateFirstAchievedTime": "2026-11-02T08:00:00Z",
        "lastExecution": {"timeEnded": "2026-11-25T11:48:00Z"},
    },
}


def job(**status):
    return job_status(RUNNING | {"status": RUNNING["status"] | status}, NOON)


def event(status="success", action="create", code="", **fields):
    return LoggedEvent(
        time=datetime(2026, 11, 25, 11, tzinfo=UTC), change_id="1", cycle_id="1", action=action, status=status,
        kind="User", source_id="id", source_name="ada", target_id="", code=code, **fields,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "provisioning", "words"),
    [
        ({"event": event()}, YES, "last written 2026-11-25 11:00 UTC"),
        ({"event": event("skipped", "other", "RedundantExport")}, YES, "the application has the user"),
        ({"event": event("failure", code="EntryConflict")}, NO, "the last attempt failed (EntryConflict)"),
        ({"event": event("failure", code="New", reason="why")}, NO, "why"),
        ({"event": event("failure", code="New", reason="why. This operation was retried 1 times.")}, NO, "(New): why."),
        ({"event": event("failure", code="New", reason="x" * 201)}, NO, f"{'x' * 200}…"),
        ({"event": event("failure", code="New", next_attempt=NOON)}, NO, "in the next cycle"),
        ({"event": event("skipped", code="NotEffectivelyEntitled")}, UNKNOWN, "no entry"),
        ({"event": event(action="disable")}, UNKNOWN, "no entry"),
        ({"problems": ("title fails: two roles",)}, NO, "title fails: two roles"),
        ({"problems": ("title fails",), "event": event()}, YES, "the application has the user"),
        ({"job": job(quarantine={"reason": "TooManyDeletes"})}, NO, "the job is in quarantine"),
        ({"job": job(steadyStateFirstAchievedTime=None)}, NO, "the first cycle has not ended"),
        ({"in_scope": None}, UNKNOWN, "no entry"),
        ({"in_scope": False, "scope_reason": "filtered out by Sales"}, NO, "filtered out by Sales"),
        (
            {"in_scope": False, "scope_reason": "not assigned", "event": event()},
            YES,
            "although the user is not assigned",
        ),
        ({"in_scope": False, "event": event("skipped", "stagedDelete".lower())}, YES, "holds the deletion back"),
        ({"in_scope": False, "event": event(action="disable")}, NO, "not in scope"),
        ({"exists": False, "event": event()}, YES, "although the tenant has no such user"),
    ],
)
def test_verdicts(facts, provisioning, words):
    known = {"is_enabled": True, "in_scope": True, "job": job(), **facts}
    result = explain(UserFacts(user=ADA, application="Writer", now=NOON, **known))
    assert result.provisioning is provisioning
    assert words in result.sentence or words in rendering.text(result, ADA, "Writer")


def test_formats():
    again = NOON + timedelta(hours=6)
    failed = event("failure", code="EntryConflict", attribute="userName", next_attempt=again)
    facts = UserFacts(user=ADA, application="Writer", now=NOON, is_enabled=None, roles="admin", event=failed)
    result = explain(facts)
    text = rendering.text(result, ADA, "Writer", width=200)
    assert text.startswith("ada@contoso.com: not provisioned in Writer: the last attempt failed")
    assert "create failure 60 min ago (EntryConflict: userName); tried again in 6 h" in text
    assert rendering.markdown(result, ADA, "Writer").startswith("**`ada@contoso.com`: not provisioned in `Writer`**")
    assert '"provisioning": "not provisioned"' in rendering.json(result, ADA, "Writer")
