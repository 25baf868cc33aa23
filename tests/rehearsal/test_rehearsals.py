"""Whole rehearsals against targets over HTTP."""

from __future__ import annotations

import pytest
from canary.values import secret
from shared_specs import CASES, translate_spec
from tenant_fixture import ROOT

from scimconf.rehearsal.naming import Naming
from scimconf.rehearsal.rehearsed_tenant import RehearsedTenant

from .rehearsals import by_id, loaded_file, loaded_spec, played, statuses

WRITER = ROOT / "examples" / "writer-new" / "scimconf.yaml"
FOUND_WRITER = ROOT / "examples" / "writer" / "scimconf.yaml"
COMPLIANT = "?aadOptscim062020"
SMALL = """
version: 1
name: writer
tenant: contoso.com
application: {display_name: Writer, create: {from_template: custom}}
connection: {base_address: "https://app.writer.com/scim", secret_token: {env: WRITER_SCIM_TOKEN}}
provisioning: {enabled: true, scope: assigned%s}
mappings:
  users:
    attributes: {%s}
    actions: [%s]
    unlisted: delete
  groups: {enabled: %s}
"""
USER_ROWS = "userName: {source: userPrincipalName, match: 1}, externalId: mailNickname, title: jobTitle"
ACTIVE = """active: {expression: 'Switch([IsSoftDeleted], , "False", "True", "True", "False")'}"""
LEAVERS = ("disable-user", "unassign-user", "delete-user")


def small(rows=f"{USER_ROWS}, {ACTIVE}", actions="create, update, delete", groups="false", settings=""):
    return loaded_spec(SMALL % (settings, rows, actions, groups))


@pytest.mark.slow
def test_a_small_spec_passes_every_step_that_it_can_show():
    with played(small()) as (report, target):
        assert statuses(report) == {
            "apply": "passed",
            "initial-users": "skipped",
            "create-user": "passed",
            "update-attribute": "passed",
            "clear-attribute": "passed",
            "rename-user": "passed",
            "change-manager": "skipped",
            "swap-role": "skipped",
            "disable-user": "passed",
            "enable-user": "passed",
            "create-group": "skipped",
            "rename-group": "skipped",
            "add-member": "skipped",
            "remove-member": "skipped",
            "delete-group": "skipped",
            "unassign-user": "passed",
            "delete-user": "passed",
            "restore-user": "passed",
            "purge-user": "passed",
        }
        assert report.exit_code == 0
        assert "No attribute mapping has `manager`" in by_id(report)["change-manager"].actual
        assert [(user["userName"], user["title"], user["active"]) for user in target.users()] == [
            ("user.renamed@contoso.com", "Manager", False)
        ]


# ---- the example ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("path", "flag"), [(WRITER, ""), (WRITER, COMPLIANT), (FOUND_WRITER, "")])
def test_writer_users_and_groups_arrive_with_external_ids(path, flag):
    with played(loaded_file(path), flag=flag) as (report, target):
        assert report.exit_code == 0, report
        assert report.dialect == ("compliant" if flag else "legacy")
        by_name = {user["userName"]: user for user in target.users()}
        assert {"ada@contoso.com", "grace@contoso.com"} <= set(by_name)
        listed = [user for name, user in by_name.items() if not name.startswith(("user", "member", "new-member"))]
        assert [user["externalId"] for user in listed] == [user["userName"].split("@")[0] for user in listed]
        groups = {group["displayName"]: group for group in target.groups()}
        assert set(groups) == {"Writer editors", "Writer admins"}
        assert all(group["externalId"] and len(group["members"]) == 1 for group in groups.values())
    # the role attribute of Writer's guide: what Entra sends is not documented, and the report names the reading
    undocumented = by_id(report)["undocumented-users"]
    assert undocumented.status.value == "warning"
    assert "extension:writer:2.0:User" in undocumented.actual
    assert "`undetermined: not_sent`, `role_blob: undetermined`" in undocumented.consequence


@pytest.mark.slow
@pytest.mark.parametrize(
    ("switches", "remark"),
    [
        ({"role_blob": "display_name", "bare_extension": "key"}, "`bare_extension`: key"),
        ({"role_blob": "json", "bare_extension": "attribute"}, "`role_blob`: json"),
    ],
)
def test_each_reading_of_the_role_attribute_is_rehearsed_and_named(switches, remark):
    with played(loaded_file(WRITER), switches=switches) as (report, _):
        results = by_id(report)
    assert "undocumented-users" not in results
    assert remark in " ".join(report.remarks)
    assert results["create-user"].status.value in ("passed", "warning")


@pytest.mark.slow
@pytest.mark.parametrize("position", ["displayName", "value"])
def test_the_report_names_how_the_string_of_a_role_was_read(position):
    role = """
app_roles: {unlisted: keep, roles: [{value: a, display_name: Admin}, {value: m, display_name: Member}]}
role_attribute: {target: userType, expression: 'SingleAppRoleAssignment([appRoleAssignments])'}
assignments: {unlisted: keep, users: [{user: ada@contoso.com, role: a}]}
"""
    text = SMALL % ("", f"{USER_ROWS}, {ACTIVE}", "create, update, delete", "false") + role
    with played(loaded_spec(text), switches={"role_text": position}) as (report, target):
        assert report.exit_code == 0, report
        types = {user["userName"]: user["userType"] for user in target.users()}
    assert types["ada@contoso.com"] == ("Admin" if position == "displayName" else "a")
    assert types["user.renamed@contoso.com"] == ("Member" if position == "displayName" else "m")
    assert any(f"`role_text`: {position}" in remark for remark in report.remarks)


@pytest.mark.slow
def test_the_switch_undetermined_decides_what_a_mapping_without_documentation_does():
    with played(loaded_file(WRITER), switches={"undetermined": "failure"}) as (report, target):
        assert target.users() == []
    initial = by_id(report)["initial-users"]
    assert (initial.status.value, report.exit_code) == ("failed", 2)
    assert "EmulatedUndetermined" in initial.actual
    assert "in escrow" in initial.consequence


# ---- leavers --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "kept", "hint"),
    [
        ({"rows": USER_ROWS}, LEAVERS, "active: {expression:"),
        ({"actions": "create"}, LEAVERS, "actions: [create, update, delete]"),
        ({"settings": ", skip_out_of_scope_deletions: true"}, ("unassign-user",), "skip_out_of_scope_deletions: false"),
        ({"actions": "create, update"}, ("purge-user",), "actions: [create, update, delete]"),
    ],
)
def test_the_report_shows_that_leavers_keep_their_accounts(options, kept, hint):
    with played(small(**options)) as (report, _):
        results = by_id(report)
    for name in kept:
        assert (name, results[name].status.value) == (name, "warning")
        assert "no change is sent" in results[name].actual
        assert "Leavers keep their accounts" in results[name].consequence
        assert hint in results[name].hint
    others = [name for name in (*LEAVERS, "purge-user") if name not in kept]
    assert {results[name].status.value for name in others} <= {"passed", "warning"}


# ---- groups, scope, users -------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_scope_all_provisions_users_and_groups_without_assignments():
    text = (SMALL % ("", f"{USER_ROWS}, {ACTIVE}", "create, update, delete", "true")).replace("assigned", "all")
    with played(loaded_spec(text)) as (report, _):
        assert report.exit_code == 0, report
        results = by_id(report)
    assert results["delete-group"].status.value == "passed"
    assert "`scope: all`" in results["unassign-user"].actual


@pytest.mark.slow
def test_a_step_whose_attribute_the_built_in_server_does_not_have_is_skipped():
    rows = "userName: {source: userPrincipalName, match: 1}, JobName: jobTitle, IsActive: {expression: 'Not([IsSoftDeleted])'}"
    definitions = "target_attributes: {JobName: {}, IsActive: {type: boolean}}"
    text = SMALL % ("", rows, "create, update, delete", "false")
    with played(loaded_spec(text.replace("    attributes:", f"    {definitions}\n    attributes:"))) as (report, _):
        results = by_id(report)
    assert results["create-user"].status.value == "warning"
    assert "does not have IsActive, JobName" in results["create-user"].actual
    assert (results["rename-user"].status.value, results["purge-user"].status.value) == ("passed", "passed")
    for name in ("update-attribute", *LEAVERS, "enable-user", "restore-user"):
        assert (name, results[name].status.value) == (name, "skipped")


@pytest.mark.slow
def test_supplied_users_are_provisioned_beside_those_of_the_spec():
    users = ({"userPrincipalName": "joe@contoso.com", "displayName": "Joe", "jobTitle": "Baker"},)
    with played(small(), users=users) as (report, target):
        assert by_id(report)["initial-users"].title == "Initial cycle: 1 user in scope"
        (joe,) = [user for user in target.users() if user["userName"] == "joe@contoso.com"]
        assert (joe["title"], joe["externalId"]) == ("Baker", "joe")


@pytest.mark.slow
def test_invented_users_that_no_filter_lets_in_are_a_reason_to_supply_users():
    text = SMALL % ("", f"{USER_ROWS}, {ACTIVE}", "create, update, delete", "false")
    clause = "{attribute: department, operator: matches, value: '[0-9]{3}'}"
    text = text.replace("unlisted: delete", f"unlisted: delete\n    filters: [{{name: numbers, all: [{clause}]}}]")
    with played(loaded_spec(text)) as (report, target):
        assert target.users() == []
    assert "--users FILE" in by_id(report)["create-user"].actual
    assert report.exit_code == 0


@pytest.mark.slow
def test_payloads_of_tests_are_compared_with_the_body_of_a_creation():
    tests = """
tests:
  - name: same
    given: {userPrincipalName: ada@contoso.com, mailNickname: ada, jobTitle: Analyst, IsSoftDeleted: false}
    payload: {userName: ada@contoso.com, externalId: ada, title: Analyst, active: true}
  - name: other
    given: {userPrincipalName: ada@contoso.com}
    payload: {userName: grace@contoso.com, active: true}
  - name: leaver
    given: {userPrincipalName: ada@contoso.com, IsSoftDeleted: true}
    payload: {userName: ada@contoso.com, active: false}
"""
    text = SMALL % ("", f"{USER_ROWS}, {ACTIVE}", "create, update, delete", "false") + tests
    with played(loaded_spec(text)) as (report, _):
        results = by_id(report)
    assert [results[f"payload-{number}"].status.value for number in (1, 2, 3)] == ["passed", "failed", "skipped"]
    assert results["payload-2"].actual == 'userName is "ada@contoso.com", expected "grace@contoso.com"'


# ---- faults --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_account_that_was_not_disabled_is_not_enabled():
    with played(small(), kind="faulty:B05") as (report, _):
        results = by_id(report)
    for name, before in (("enable-user", "disable-user"), ("restore-user", "delete-user")):
        assert (results[before].status.value, results[name].status.value) == ("failed", "skipped")
        assert f"(see {before})" in results[name].actual


@pytest.mark.slow
def test_update_without_an_effect_has_a_hint_a_consequence_and_the_values_that_differ():
    manager = "'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager': manager"
    names = "displayName: displayName, 'name.familyName': surname, 'name.givenName': givenName"
    with played(small(rows=f"{USER_ROWS}, {names}, {manager}, {ACTIVE}"), kind="faulty:B24") as (report, _):
        results = by_id(report)
    renamed, managed = results["rename-user"], results["change-manager"]
    assert (renamed.status.value, managed.status.value) == ("failed", "failed")
    assert "`name.familyName`" in renamed.hint
    assert "userName" in renamed.expected
    assert "givenName" not in renamed.expected
    assert "Entra logs success" in managed.consequence
    assert "last colon" in managed.hint


# ---- endpoints ------------------------------------------------------------------------------------------------------


def test_an_endpoint_that_refuses_the_token_is_not_provisioned():
    with played(small(), token=secret("wrong")) as (report, target):
        assert target.users() == []
    (applied,) = report.results
    assert (applied.status.value, report.exit_code) == ("failed", 2)
    assert "401" in applied.actual
    assert "Check the token" in applied.hint
    assert "17 of 17 checks did not run." in report.remarks


@pytest.mark.slow
def test_a_strict_server_is_told_what_entra_sends():
    with played(small(groups="true"), kind="strict") as (report, _):
        results = by_id(report)
    assert results["create-group"].status.value == "failed"
    assert "Ignore schemas" in results["create-group"].hint


@pytest.mark.slow
def test_what_was_created_at_an_own_endpoint_is_deleted():
    with played(loaded_file(WRITER), naming=Naming("scimconf-1a2b")) as (report, target):
        assert (target.users(), target.groups(), report.leftovers, report.exit_code) == ([], [], (), 0)
    sent = {str(exchange.request_body) for result in report.results for exchange in result.exchanges}
    assert any("scimconf-1a2b-ada@contoso.com" in body for body in sent)
    assert not any("'ada@contoso.com'" in body for body in sent)


@pytest.mark.slow
def test_two_runs_at_an_own_endpoint_have_no_object_id_in_common():
    rows = f"externalId: {{source: objectId, match: 1}}, userName: userPrincipalName, {ACTIVE}"
    listed = "assignments: {unlisted: keep, users: [{user: ada@contoso.com, role: User}]}\n"
    text = SMALL % ("", rows, "create, update, delete", "true") + listed
    ids = []
    for marker in ("scimconf-1a2b", "scimconf-3c4d"):
        with played(loaded_spec(text), naming=Naming(marker)) as (report, _):
            assert report.exit_code == 0, report
            bodies = [exchange.request_body for result in report.results for exchange in result.exchanges]
        ids.append({body["externalId"] for body in bodies if isinstance(body, dict) and "externalId" in body})
    assert len(ids[0]) == len(ids[1]) > 3
    assert ids[0] & ids[1] == set()


@pytest.mark.slow
@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_what_was_created_is_deleted_after_an_interrupt_or_a_failure(monkeypatch, error):
    cycle = RehearsedTenant.cycle

    async def interrupted(tenant):
        if tenant.number == 3:
            raise error("in the middle")
        return await cycle(tenant)

    monkeypatch.setattr(RehearsedTenant, "cycle", interrupted)
    with played(loaded_file(WRITER), naming=Naming("scimconf-1a2b")) as (report, target):
        assert (target.users(), target.groups(), report.leftovers) == ([], [], ())
    assert by_id(report)["create-user"].status.value == "passed"
    if error is KeyboardInterrupt:
        assert "Interrupted." in report.remarks
    else:
        assert by_id(report)["run"].status.value == "failed"


VENDORS = CASES / "vendors"
_PLAYABLE = ("datadog", "figma", "github-emu", "gitlab", "miro", "snowflake", "sap-cis")


@pytest.mark.slow
@pytest.mark.skipif(not VENDORS.is_dir(), reason="the shared cases are not beside this checkout")
@pytest.mark.parametrize("name", _PLAYABLE)
def test_vendor_specs_end_as_expected(name):
    loaded = loaded_spec(translate_spec((VENDORS / f"{name}.scimconf.yaml").read_text("utf-8")))
    with played(loaded) as (report, target):
        assert report.exit_code == 0, report
        assert target.users()
