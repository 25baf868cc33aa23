"""Tests of `why` as an operation: which user is meant, what is read, and the forms of the answer."""

import pytest
from tenant_fixture import NOON

from scimconf.cli.why import exit_code
from scimconf.diagnostics import ScimconfError
from scimconf.monitoring.why import Presence
from scimconf.monitoring.why_checks import WhyAnswer, WhyReport
from scimconf.render import why as rendering
from scimconf.workflow.targets import application_target
from scimconf.workflow.why import WhyOptions, why

YES, NO, UNKNOWN = Presence.YES, Presence.NO, Presence.UNKNOWN
ADA, HEDY = "ada@contoso.com", "hedy@contoso.com"
LINUS = "linus_fabrikam.com#EXT#@contoso.onmicrosoft.com"


@pytest.fixture
def tenant(after_the_first_cycle):
    return after_the_first_cycle


def answers(tenant, user=ADA, app="Writer", **options):
    target = application_target(app) if app else None
    return tenant.run(lambda session: why(session.graph, user, WhyOptions(now=NOON, target=target, **options)))


def answer(tenant, user=ADA, app="Writer", **options):
    (only,) = answers(tenant, user, app, **options).answers
    return only


def user_id(tenant, name):
    return tenant.request("GET", f"/users/{name}")["id"]


def group(tenant, name, *members):
    """Create a group with members, which are ids."""
    body = {"displayName": name, "mailEnabled": False, "mailNickname": name, "securityEnabled": True}
    created = tenant.request("POST", "/groups", body)["id"]
    for member in members:
        join(tenant, created, member)
    return created


def join(tenant, outer, member):
    link = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{member}"}
    tenant.request("POST", f"/groups/{outer}/members/$ref", link)


def refuse(tenant, path, status=403):
    tenant.fault({"status": status, "body": {}}, method="GET", path=path, times=0)


def test_a_user_who_was_created(tenant):
    result = answer(tenant)
    assert (result.provisioning, result.sentence[:7]) == (YES, "created")
    assert dict(result.checks)["assignment"] == "directly and through Writer admins"


@pytest.mark.parametrize("name", ["ADA@contoso.com", "Ada Lovelace"])
def test_a_user_is_found_by_any_name(tenant, name):
    assert answers(tenant, name).user == ADA


def test_guests_quotes_and_ids(tenant):
    assert answers(tenant, "linus@fabrikam.com").user == LINUS
    assert answers(tenant, LINUS).user == LINUS
    assert answers(tenant, "Tim O'Reilly").user == "tim@contoso.com"
    assert answers(tenant, user_id(tenant, ADA)).user == ADA


def test_the_path_of_groups_to_an_inner_one(tenant):
    editors = next(row["id"] for row in tenant.state["groups"] if row["displayName"] == "Writer editors")
    core = group(tenant, "Core", user_id(tenant, HEDY))
    inner = group(tenant, "Inner", core)
    join(tenant, inner, editors)
    join(tenant, editors, inner)  # a circle
    result = answer(tenant, HEDY)
    assert result.sentence.startswith("only in the group Core inside Inner inside Writer editors: ")
    refuse(tenant, "/groups/*/members/microsoft.graph.group")
    assert answer(tenant, HEDY).sentence.startswith("only in a group inside Writer editors: ")


def test_kinds_of_groups_are_named(tenant):
    rows = {row["displayName"]: row["id"] for row in tenant.state["groups"]}
    tenant.request("PATCH", f"/groups/{rows['Writer admins']}", {"securityEnabled": False})
    tenant.request("PATCH", f"/groups/{rows['Writer editors']}", {"groupTypes": ["DynamicMembership"]})
    join(tenant, rows["Writer editors"], user_id(tenant, ADA))
    text = dict(answer(tenant).checks)["assignment"]
    assert "Writer admins (no security group" in text
    assert "Writer editors (a dynamic group" in text


def test_users_who_are_deleted_or_unknown(tenant):
    ada = user_id(tenant, ADA)
    tenant.request("DELETE", f"/users/{ada}")
    for name in (ADA, "Ada Lovelace", ada):
        assert "the user was deleted in Entra on 2026-11-25" in answer(tenant, name).sentence
    assert answer(tenant, "nobody@contoso.com").provisioning is NO
    editors = next(row["id"] for row in tenant.state["groups"] if row["displayName"] == "Writer editors")
    tenant.request("DELETE", f"/groups/{editors}")
    assert answer(tenant, editors).sentence.startswith("Entra has no such user")
    refuse(tenant, "/directory/deletedItems/*")
    assert answer(tenant, ada).sentence == "Entra has no such user; deleted users could not be read"


def test_a_group_and_several_users_are_not_one_user(tenant):
    assert answer(tenant, "Marketing").sentence == "this is a group, and not a user"
    for number in range(21):
        body = {
            "displayName": "Twin",
            "userPrincipalName": f"twin{number:02}@contoso.com",
            "accountEnabled": number > 0,
        }
        tenant.request("POST", "/users", body)
    result = answer(tenant, "Twin")
    assert (result.provisioning, result.sentence) == (UNKNOWN, "21 users have this name")
    assert [result.checks[0][1], result.checks[-1][1]] == ["twin00@contoso.com (disabled)", "and 1 more"]
    assert "contoso" not in rendering.json(answers(tenant, "Twin", redact=True))


def test_a_user_who_was_deleted_while_reading(tenant):
    tenant.fault({"status": 404, "body": {}}, method="GET", path="/users/*", times=0)
    refuse(tenant, "/auditLogs/provisioning")
    assert answer(tenant).sentence == "the user was deleted in Entra"


def test_an_application_that_is_missing_or_without_a_job(tenant):
    with pytest.raises(ScimconfError, match="no application"):
        answer(tenant, app="Nope")
    tenant.request("DELETE", tenant.job())
    assert answer(tenant).sentence == "the application has no provisioning job"
    refuse(tenant, "*/synchronization/jobs", 500)
    with pytest.raises(ScimconfError, match="500"):
        answer(tenant)


def test_what_may_not_be_read_is_a_check(tenant):
    for path in ("/auditLogs/provisioning", "*/memberOf/*", "*/appRoleAssignments", "*/synchronization/jobs"):
        refuse(tenant, path)
    checks = dict(answer(tenant).checks)
    assert "Grant the identity ProvisioningLog.Read.All" in checks["log"]
    assert "Grant the identity Synchronization.Read.All" in checks["job"]
    assert dict(answer(tenant, HEDY).checks)["assignment"].startswith(
        "unknown: the members of Writer admins, Writer edi"
    )


def test_documents_that_may_not_be_read_are_checks(tenant):
    tenant.fault(
        {"status": 403, "body": {"error": {"code": "Denied", "message": "why not"}}},
        method="GET",
        path="/auditLogs/*",
        times=0,
    )
    for path in ("*/synchronization/secrets", "*/appRoleAssignedTo", "*/schema"):
        refuse(tenant, path)
    checks = dict(answer(tenant).checks)
    assert checks.keys() >= {"scope", "mappings"}
    assert checks["log"].startswith("could not be read: GET /auditLogs/provisioning was denied: why not. Grant")


def test_an_application_by_id_is_named_and_the_job_that_is_on_is_shown(tenant):
    documents, principal = tenant.service.tenant.documents, tenant.principal()["id"]
    (job,) = documents.all("job")
    off = job | {"id": "another", "schedule": job["schedule"] | {"state": "Disabled"}}
    documents.put("job", "another", off, parent=principal)
    result = answer(tenant, app=principal)
    assert (result.application, result.provisioning) == ("Writer", YES)
    assert "the application has 2 jobs" in dict(result.checks)["job"]


def test_without_an_application_all_with_provisioning_are_read(tenant):
    assert [each.application for each in answers(tenant, ADA, "").answers] == ["Writer"]
    nowhere = answers(tenant, HEDY, "")
    assert (nowhere.answers, nowhere.others) == ((), ("Writer",))
    assert len(answers(tenant, HEDY, "", every=True).answers) == 1
    refuse(tenant, "*/synchronization/jobs", 500)
    assert [name for name, _ in answers(tenant, ADA, "").unread] == ["Writer"]


# ---- the forms of the answer -----------------------------------------------------------------------------------------

HOSTILE = "a`|\n# @team\x1b[31m"


@pytest.mark.parametrize(
    ("presences", "unread", "code"),
    [([YES, YES], (), 0), ([YES, NO], (), 2), ([NO, UNKNOWN], (), 1), ([], (), 2), ([YES], (("App", "denied"),), 1)],
)
def test_exit_codes(presences, unread, code):
    report = WhyReport(ADA, tuple(WhyAnswer("App", each, "why", "") for each in presences), (), unread)
    assert exit_code(report) == code


def test_several_answers_and_none():
    created, open_ = (
        WhyAnswer("A", YES, "created", ""),
        WhyAnswer("", UNKNOWN, "two users", "Choose.", (("user", "x"),)),
    )
    report = WhyReport(ADA, (created, open_), ("B",), (("C", "denied"),))
    text = rendering.text(report)
    assert text.startswith(
        f"{ADA}: provisioned in A: created\n\n{ADA}: unknown whether provisioned: two users\n  Choose.\n"
    )
    assert text.endswith("\n\nNot assigned, and not in the log: B.\nC could not be read: denied\n")
    assert rendering.text(WhyReport(ADA, ())).startswith(f"{ADA}: not provisioned: not assigned to any application")
    assert rendering.text(WhyReport(ADA, (created,))).count("\n") == 1
    assert rendering.markdown(report).endswith(
        "\n\nNot assigned, and not in the log: `B`\n\n`C` could not be read: denied\n"
    )
    assert rendering.markdown(WhyReport(ADA, ())).startswith(f"**`{ADA}`**: not provisioned")
    assert '"application": null' in rendering.json(report)


def test_hostile_names_stay_values():
    report = WhyReport(HOSTILE, (WhyAnswer(HOSTILE, NO, f'the value "{HOSTILE}"', HOSTILE, (("log", HOSTILE),)),))
    pages = [rendering.text(report), rendering.markdown(report)]
    assert all("\x1b" not in page for page in pages)
    assert "\n#" not in pages[1]
    assert [line.count("|") for line in pages[1].splitlines() if line.startswith("| log")] == [3]
