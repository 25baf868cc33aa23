"""Scenarios of a preview: outcomes, values, notes and reasons for users when a spec changes."""

import re

import pytest
from previews import WRITER, Rehearsal, minimal_spec, preview, tenant_with_writer
from tenant_fixture import wishes

from scimconf.impact.compiled_mappings import OBJECT_IGNORED
from scimconf.sandbox.tenant_file import TenantFile

MANAGER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"
MAPPINGS = """
mappings:
  users:
    unlisted: keep
    attributes:
      %s
"""


def writer_tenant(*edits, **more):
    return Rehearsal(TenantFile(tenant_with_writer(*edits, **more)))


def differences(user):
    return {one["target"]: one for one in user["differences"]}


# --- mappings --------------------------------------------------------------------------------------------------------


def test_preview_without_changes_shows_all_users_as_unchanged(tmp_path):
    result = preview(writer_tenant(), minimal_spec(tmp_path))
    assert result.outcomes == dict.fromkeys(["ada", "barbara", "edsger", "hedy", "tim"], "unchanged")
    assert result.code == 0
    ada = result.users["ada"]["after"]
    assert ada["resource"]["name"] == {"formatted": "Ada Lovelace", "familyName": "Lovelace", "givenName": "Ada"}
    assert ada["resource"]["active"] is True
    assert ada["resource"]["addresses"] == [{"type": "work", "country": "United Kingdom", "locality": "London"}]
    assert ada["resource"]["emails"] == [{"type": "work", "value": "ada@contoso.com", "primary": True}]
    enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    assert ada["resource"][enterprise] == {"department": "Engineering", "employeeNumber": "E00294"}
    assert "title" in ada["attributes"] and ada["attributes"]["title"]["value"] == "Principal Analyst"


def test_preview_of_a_changed_expression_shows_changed_users_and_the_reason(tmp_path):
    spec = minimal_spec(
        tmp_path, MAPPINGS % 'title: {expression: \'IIF([department] = "Marketing", "Writer", [jobTitle])\'}'
    )
    result = preview(writer_tenant(), spec)
    assert {name for name, outcome in result.outcomes.items() if outcome == "changes"} == {"barbara", "edsger", "tim"}
    (tim,) = result.users["tim"]["differences"]
    assert tim == {
        "target": "title",
        "reason": 'source: [jobTitle] → IIF([department] = "Marketing", "Writer", [jobTitle])',
        "before": {"kind": "value", "apply": "always", "value": "Publisher"},
        "after": {"kind": "value", "apply": "always", "value": "Writer"},
    }
    assert result.counts("title") == {"changes": 3}
    assert result.mappings["title"]["examples"]["changes"][0] == 'barbara@contoso.com: "Copywriter" → "Writer"'


def test_preview_of_a_value_that_becomes_null_sends_nothing(tmp_path):
    result = preview(writer_tenant(), minimal_spec(tmp_path, MAPPINGS % "title: extensionAttribute3"))
    assert result.counts("title") == {"changes": 5, "empties": 5}
    after = result.users["ada"]["after"]
    assert after["attributes"]["title"] == {"kind": "null", "apply": "always"}
    assert "title" not in after["resource"]


def test_preview_shows_a_default_for_creations(tmp_path):
    result = preview(
        writer_tenant(), minimal_spec(tmp_path, MAPPINGS % "timezone: {source: null, default: Europe/Berlin}")
    )
    after = result.users["ada"]["after"]
    assert after["attributes"]["timezone"] == {"kind": "null", "apply": "always", "default": "Europe/Berlin"}
    assert after["resource"]["timezone"] == "Europe/Berlin"
    assert differences(result.users["ada"])["timezone"]["reason"] == "mapped now: default Europe/Berlin"


def test_preview_reports_a_changed_apply_of_a_mapping(tmp_path):
    result = preview(writer_tenant(), minimal_spec(tmp_path, MAPPINGS % "title: {source: jobTitle, apply: on_create}"))
    (ada,) = result.users["ada"]["differences"]
    assert ada["reason"] == "apply: always → on_create"
    assert ada["after"] == {"kind": "value", "apply": "on_create", "value": "Principal Analyst"}


def test_preview_of_a_deleted_mapping_states_that_the_application_keeps_the_value(tmp_path):
    result = preview(writer_tenant(), minimal_spec(tmp_path, MAPPINGS % "title: {absent: true}"))
    (ada,) = result.users["ada"]["differences"]
    assert ada["after"] is None
    assert ada["reason"] == "no longer mapped; the application keeps its value"
    assert result.counts("title") == {"changes": 5, "empties": 5}


def test_preview_with_only_shows_the_selected_addresses(tmp_path):
    rows = MAPPINGS % "title: {absent: true}\n      preferredLanguage: {constant: de}"
    result = preview(writer_tenant(), minimal_spec(tmp_path, rows), only=("writer:attribute_mapping/users/title",))
    assert set(differences(result.users["ada"])) == {"title"}


def test_preview_counts_undetermined_and_failed_values_with_their_reasons(tmp_path):
    rows = MAPPINGS % (
        'title: {expression: Guid()}\n      nickName: {expression: \'Mid([jobTitle], "x", "2")\'}\n'
        "      displayName: alternativeSecurityIds"
    )
    result = preview(writer_tenant(), minimal_spec(tmp_path, rows))
    assert result.counts("title") == {"possibly_changes": 5, "undetermined": 5}
    assert result.counts("nickName") == {"changes": 5, "failed": 5}
    assert result.counts("displayName")["undetermined"] == 5
    sent = result.users["ada"]["after"]["attributes"]
    assert sent["title"]["reason"] == "Guid: generates a new GUID at each evaluation"
    assert sent["displayName"]["reason"].startswith("alternativeSecurityIds: its property in Graph is unknown")
    assert "title" not in result.users["ada"]["after"]["resource"]


def test_preview_does_not_evaluate_the_branch_that_iif_does_not_take(tmp_path):
    rows = MAPPINGS % "title: {expression: 'IIF([city] = \"London\", [jobTitle], [alternativeSecurityIds])'}"
    result = preview(writer_tenant(), minimal_spec(tmp_path, rows))
    assert result.users["ada"]["after"]["attributes"]["title"]["value"] == "Principal Analyst"
    assert result.users["hedy"]["after"]["attributes"]["title"]["kind"] == "undetermined"


def test_preview_of_manager_is_undetermined(tmp_path):
    manager = preview(writer_tenant(), minimal_spec(tmp_path)).users["ada"]["after"]["attributes"][
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"
    ]
    assert manager["kind"] == "undetermined"
    assert manager["reason"].startswith("manager: only Entra knows")


def test_preview_of_ignore_object_flow_ignores_the_whole_user(tmp_path):
    rows = MAPPINGS % "title: {expression: 'IIF([city] = \"London\", IgnoreObjectFlow, [jobTitle])'}"
    result = preview(writer_tenant(), minimal_spec(tmp_path, rows))
    ada = result.users["ada"]
    ignored = {"kind": "ignored", "apply": "always", "reason": OBJECT_IGNORED}
    assert ada["after"]["attributes"] == {"title": ignored}
    assert ada["after"]["reason"] == f"assigned directly; title: {OBJECT_IGNORED}"
    assert ada["after"]["resource"] is None
    assert ada["outcome"] == "changes"
    assert list(differences(ada)) == ["title"]
    assert differences(ada)["title"]["after"] == ignored
    assert list(result.mappings) == ["title", MANAGER], "one summary, and the undetermined values of other users"
    assert result.counts("title") == {"left_out": 1}


# --- scope -----------------------------------------------------------------------------------------------------------


def test_preview_of_scope_all_adds_users_who_are_not_assigned(tmp_path):
    result = preview(writer_tenant(), minimal_spec(tmp_path, provisioning="scope: all"))
    enters = {name for name, outcome in result.outcomes.items() if outcome == "enters"}
    assert enters == {"alan", "charles", "grace", "katherine", "linus_fabrikam.com#EXT#", "mary", "radia"}
    assert result.users["alan"]["before"]["reason"] == "not assigned"
    assert result.users["alan"]["after"]["reason"] == "all users are in scope"


def test_preview_of_scope_assigned_disables_users_who_are_not_assigned(tmp_path):
    scope_all = {"secrets": {"BaseAddress": "https://app.writer.com/scim", "SecretToken": "x", "SyncAll": "true"}}
    result = preview(writer_tenant(application=scope_all), minimal_spec(tmp_path, provisioning="scope: assigned"))
    mary = result.users["mary"]
    assert mary["outcome"] == "leaves"
    assert mary["after"]["attributes"] == {"active": {"kind": "value", "apply": "always", "value": "False"}}
    assert mary["after"]["resource"] is None
    assert mary["notes"] == ["Disabled in the application if the user exists there. Nothing else is sent."]


def test_preview_of_a_disabled_object_mapping_notes_that_the_result_is_undocumented(tmp_path):
    result = preview(writer_tenant(), minimal_spec(tmp_path, "mappings: {users: {enabled: false}}\n"))
    ada = result.users["ada"]
    assert ada["outcome"] == "leaves"
    assert ada["notes"] == ["The mapping of users is disabled: Microsoft does not document whether anything is sent."]
    assert ada["after"]["attributes"] == {}


@pytest.mark.parametrize(
    ("edits", "provisioning", "note"),
    [
        ((), "skip_out_of_scope_deletions: true", "Not changed in the application"),
        (({"remove": "active"},), "", "No mapping disables the user"),
        (({"flowTypes": "Add"},), "", "Updating users is switched off"),
    ],
)
def test_preview_notes_how_a_user_is_deprovisioned_when_leaving_the_scope(tmp_path, edits, provisioning, note):
    filters = "mappings: {users: {filters: [{name: f, all: [{attribute: city, operator: equals, value: Boston}]}]}}\n"
    result = preview(writer_tenant(*edits), minimal_spec(tmp_path, filters, provisioning))
    assert result.outcomes["ada"] == "leaves"
    assert result.users["ada"]["notes"][0].startswith(note)
    assert result.users["ada"]["after"]["attributes"] == {}


def test_preview_applies_scoping_filters(tmp_path):
    filters = """
mappings:
  users:
    filters:
      - {name: f, all: [{attribute: department, operator: equals, value: Marketing}]}
      - {name: g, all: [{attribute: city, operator: matches, value: 'L.*'}]}
"""
    result = preview(writer_tenant(), minimal_spec(tmp_path, filters))
    assert result.outcomes == {
        "ada": "unchanged",
        "barbara": "unchanged",
        "edsger": "unchanged",
        "hedy": "leaves",
        "tim": "unchanged",
    }
    assert result.users["hedy"]["after"]["reason"] == "excluded by filters"


def test_preview_scope_is_undetermined_if_a_filter_is_not_documented(tmp_path):
    filters = (
        "mappings: {users: {filters: [{name: f, all: [{attribute: userType, operator: equals, value: Member}]}]}}\n"
    )
    result = preview(writer_tenant(), minimal_spec(tmp_path, filters))
    assert set(result.outcomes.values()) == {"undetermined"}
    ada = result.users["ada"]["after"]
    assert ada["in_scope"] is None
    assert ada["reason"] == "userType equals: filters do not support this attribute"
    assert ada["attributes"]["active"]["reason"].startswith(
        "IsSoftDeleted: whether the user is in scope is undetermined"
    )


def test_preview_of_a_disabled_object_mapping_excludes_all_users_before(tmp_path):
    result = preview(writer_tenant({"enabled": False}), minimal_spec(tmp_path, "mappings: {users: {enabled: true}}\n"))
    assert set(result.outcomes.values()) == {"enters"}
    assert result.users["ada"]["before"]["reason"] == "the mapping of users is disabled"


def test_preview_notes_that_creating_users_is_switched_off(tmp_path):
    spec = minimal_spec(tmp_path, "mappings: {users: {actions: [update]}}\n", "scope: all")
    result = preview(writer_tenant(), spec)
    assert result.users["alan"]["notes"][0].startswith("Creating users is switched off")


def test_preview_of_an_unset_scope_is_undetermined_for_users_who_are_not_assigned(tmp_path):
    unset = {"secrets": {"BaseAddress": "https://app.writer.com/scim", "SecretToken": "x"}}
    result = preview(writer_tenant(application=unset), minimal_spec(tmp_path))
    assert result.outcomes["ada"] == "unchanged"
    assert result.outcomes["alan"] == "undetermined"


# --- users -----------------------------------------------------------------------------------------------------------


def test_preview_notes_that_a_disabled_account_is_never_created(tmp_path):
    result = preview(writer_tenant(), minimal_spec(tmp_path, provisioning="scope: all"), users=("charles@contoso.com",))
    charles = result.users["charles"]
    assert charles["after"]["disabled"] is True
    assert charles["after"]["resource"]["active"] is False
    assert charles["notes"] == [
        "The account is disabled: updated if the user exists in the application, never created."
    ]


def test_preview_sends_the_original_user_principal_name_of_a_guest(tmp_path):
    guest = "linus_fabrikam.com#EXT#@contoso.onmicrosoft.com"
    rows = MAPPINGS % "nickName: originalUserPrincipalName"
    result = preview(writer_tenant(), minimal_spec(tmp_path, rows, "scope: all"), users=(guest,))
    sent = result.users["linus_fabrikam.com#EXT#"]["after"]["attributes"]
    assert sent["userName"]["value"] == "linus@fabrikam.com"
    assert sent["nickName"]["value"] == guest


def test_preview_of_a_missing_user_prints_an_error_and_exits_with_1(tmp_path, capsys):
    result = preview(writer_tenant(), minimal_spec(tmp_path), users=("ada@contoso.com", "nobody@contoso.com"))
    assert result.code == 1
    assert list(result.users) == ["ada"]
    assert "There is no user nobody@contoso.com." in capsys.readouterr().err


def test_preview_evaluates_roles_of_direct_and_group_assignments(tmp_path):
    rows = """
app_roles: {unlisted: keep, roles: [{value: boss, display_name: boss, description: Boss}]}
role_attribute:
  target: urn:custom:params:scim:schemas:extension:writer:2.0:User:role
  expression: SingleAppRoleAssignment([appRoleAssignments])
assignments:
  unlisted: keep
  groups: [{name: AP-Finance, role: member}]
  users: [{user: ada@contoso.com, role: boss}, {user: tim@contoso.com, roles: [member]}]
"""
    result = preview(writer_tenant(), minimal_spec(tmp_path, rows))
    role = "urn:custom:params:scim:schemas:extension:writer:2.0:User:role"
    sent = {name: one["after"]["attributes"][role] for name, one in result.users.items()}
    assert sent["ada"]["value"] == "boss"
    assert sent["mary"]["value"] == "member"
    assert sent["tim"]["reason"].startswith("appRoleAssignments: Microsoft does not document whether a role")
    assert result.outcomes["mary"] == "enters"
    assert result.users["mary"]["after"]["reason"] == "assigned through AP-Finance"
    assert result.users["tim"]["after"]["reason"] == "assigned directly and through Writer editors"


def test_preview_reports_a_changed_role_without_a_changed_mapping(tmp_path):
    role = {"target": "title", "source": "SingleAppRoleAssignment([appRoleAssignments])"}
    rows = "assignments: {unlisted: keep, users: [{user: ada@contoso.com, role: member}]}\n"
    result = preview(writer_tenant(role), minimal_spec(tmp_path, rows))
    (ada,) = result.users["ada"]["differences"]
    assert ada["reason"] == "roles: admin → member"
    assert (ada["before"]["value"], ada["after"]["value"]) == ("admin", "member")


def test_preview_of_a_deleted_last_assignment_removes_the_user_from_scope(tmp_path):
    rows = "assignments: {unlisted: keep, users: [{user: hedy@contoso.com, absent: true}]}\n"
    result = preview(writer_tenant(), minimal_spec(tmp_path, rows))
    assert result.outcomes["hedy"] == "leaves"
    assert result.users["hedy"]["after"]["reason"] == "not assigned"


def test_preview_of_a_deleted_group_assignment_removes_its_members_from_scope(tmp_path):
    rows = "assignments: {unlisted: keep, groups: [{name: Writer editors, absent: true}]}\n"
    result = preview(writer_tenant(), minimal_spec(tmp_path, rows))
    assert {name for name, outcome in result.outcomes.items() if outcome == "leaves"} == {"barbara", "edsger", "tim"}


# --- matching --------------------------------------------------------------------------------------------------------


def test_preview_counts_and_notes_users_with_a_duplicate_matching_value(tmp_path):
    rows = MAPPINGS % "userName: {source: department, match: 1}"
    result = preview(writer_tenant(), minimal_spec(tmp_path, rows))
    assert result.counts("userName")["duplicates"] == 3
    notes = [one["notes"] for one in result.users.values() if one["notes"]]
    assert notes == [["Another user has the same userName, which users are matched by."]] * 2


def test_preview_counts_users_without_a_matching_value(tmp_path):
    rows = MAPPINGS % "userName: {source: extensionAttribute1, match: 1}"
    assert preview(writer_tenant(), minimal_spec(tmp_path, rows)).counts("userName")["unmatched"] == 5


# --- missing applications and denied reads ---------------------------------------------------------------------------


def test_preview_of_a_missing_application_sends_nothing_before():
    result = preview(Rehearsal(), WRITER)
    assert set(result.outcomes.values()) == {"enters"}
    assert len(result.outcomes) == 8
    (application,) = result.document["applications"]
    assert application["warnings"][0] == "The application does not exist yet, so nothing is sent before."
    assert application["population"] == "all assigned users"
    ada = result.users["ada"]
    assert ada["before"] == {
        "in_scope": False, "reason": "there is no provisioning job", "disabled": False, "attributes": {}, "resource": None
    }  # fmt: skip


def test_preview_of_an_application_without_a_job_uses_mappings_of_the_template(tmp_path):
    result = preview(writer_tenant(application={"jobs": []}), minimal_spec(tmp_path, provisioning="scope: all"))
    assert result.users["ada"]["after"]["attributes"]["title"]["value"] == "Principal Analyst"
    assert result.document["applications"][0]["warnings"] == [
        "There is no provisioning job yet, so nothing is sent before."
    ]


def tenant_with_job(state):
    return writer_tenant(application={"jobs": [{"template": "scim", "state": state}]})


def test_preview_of_a_job_that_never_ran_sends_nothing_before(tmp_path):
    result = preview(tenant_with_job("Disabled"), minimal_spec(tmp_path))
    assert set(result.outcomes.values()) == {"enters"}
    assert result.users["ada"]["before"]["reason"] == "no user has been provisioned yet"
    assert result.document["applications"][0]["warnings"] == [
        "The job has never run: no user has been provisioned, so nothing is sent before."
    ]


def test_preview_of_a_paused_job_warns_that_the_plan_turns_it_on(tmp_path):
    rehearsal = tenant_with_job("Active")
    path = minimal_spec(tmp_path)
    off = tmp_path / "off.scimconf.yaml"
    off.write_text(path.read_text().replace("enabled: true", "enabled: false"))
    for _ in range(3):
        preview(rehearsal, path)
    rehearsal.apply(off, wishes(allow=("provisioning-stopped",)))
    result = preview(rehearsal, path)
    assert set(result.outcomes.values()) == {"unchanged"}
    assert result.document["applications"][0]["warnings"] == ["Provisioning is off now; the plan turns it on."]


def test_preview_reads_no_users_if_the_tenant_mismatch_guard_blocks(tmp_path, capsys):
    rehearsal, path = writer_tenant(), minimal_spec(tmp_path)
    path.write_text(path.read_text().replace("tenant: contoso.com", "tenant: fabrikam.com"))
    result = preview(rehearsal, path)
    assert result.code == 1
    stderr = capsys.readouterr().err
    assert "writer: No users were read: signed in to contoso.com, but the spec is for fabrikam.com" in stderr
    assert result.document == {"applications": [], "complete": False, "format_version": "2.0"}
    assert not [one for one in rehearsal.journal if "/users" in one["path"] or "/members" in one["path"]]
    path.write_text(
        f"{path.read_text()}guard_exemptions: [{{guard: tenant-mismatch, until: 2027-01-01, reason: merger}}]\n"
    )
    assert preview(rehearsal, path).code == 0


def test_preview_warns_if_the_tenant_cannot_be_read(tmp_path):
    rehearsal = writer_tenant()
    denied = {"error": {"code": "Authorization_RequestDenied", "message": "No."}}
    rehearsal.fault({"status": 403, "body": denied}, method="GET", path="*/organization", times=0)
    (notice,) = preview(rehearsal, minimal_spec(tmp_path)).document["applications"][0]["warnings"]
    assert notice == "The tenant could not be read without Organization.Read.All, and the spec is for contoso.com."


@pytest.mark.parametrize("form", ["text", "json", "html"])
def test_preview_names_the_tenant_in_every_format(tmp_path, form):
    assert re.search(
        r"\bin (<code>)?contoso\.com|\"domain\": \"contoso\.com",
        preview(writer_tenant(), minimal_spec(tmp_path), form).text,
    )


def test_preview_warns_once_of_another_matching_attribute(tmp_path):
    rows = MAPPINGS % "userName: userPrincipalName\n      externalId: {source: mailNickname, match: 1}"
    result = preview(writer_tenant(), minimal_spec(tmp_path, rows))
    assert result.document["applications"][0]["warnings"] == ["Users are matched by externalId instead of userName."]


def test_preview_of_a_mapping_without_any_value_changes_no_user(tmp_path):
    result = preview(writer_tenant(), minimal_spec(tmp_path, MAPPINGS % "nickName: extensionAttribute4"))
    assert set(result.outcomes.values()) == {"unchanged"}
    assert "nickName" not in result.mappings


def test_preview_after_an_apply_shows_all_users_as_unchanged():
    rehearsal = Rehearsal()
    rehearsal.apply(WRITER)
    assert set(preview(rehearsal, WRITER).outcomes.values()) == {"unchanged"}


def test_preview_warns_if_provisioning_stays_off(tmp_path):
    path = minimal_spec(tmp_path)
    path.write_text(path.read_text().replace("enabled: true", "enabled: false"))
    result = preview(writer_tenant(), path)
    assert "Provisioning will be off: this is what would be sent if it were on." in result.text


def test_preview_scope_is_undetermined_if_reading_assignments_is_denied(tmp_path):
    rehearsal = writer_tenant()
    denied = {"error": {"code": "Authorization_RequestDenied", "message": "No."}}
    rehearsal.fault({"status": 403, "body": denied}, method="GET", path="*/appRoleAssignedTo", times=0)
    result = preview(rehearsal, minimal_spec(tmp_path))
    assert set(result.outcomes.values()) == {"undetermined"}
    assert "Graph denied reading assignments" in result.text


def test_preview_scope_of_group_members_is_undetermined_if_reading_members_is_denied(tmp_path):
    rehearsal = writer_tenant()
    denied = {"error": {"code": "Authorization_RequestDenied", "message": "No."}}
    rehearsal.fault({"status": 403, "body": denied}, method="GET", path="*/members/*", times=0)
    result = preview(rehearsal, minimal_spec(tmp_path))
    assert result.outcomes["ada"] == "unchanged"
    assert result.outcomes["tim"] == "undetermined"
    assert result.users["tim"]["after"]["reason"] == "the members of Writer editors could not be read"


def test_preview_scope_is_undetermined_if_reading_secrets_is_denied(tmp_path):
    rehearsal = writer_tenant()
    denied = {"error": {"code": "Authorization_RequestDenied", "message": "No."}}
    rehearsal.fault({"status": 403, "body": denied}, method="GET", path="*/secrets", times=0)
    result = preview(rehearsal, minimal_spec(tmp_path))
    assert result.outcomes["ada"] == "unchanged"
    assert result.outcomes["alan"] == "undetermined"
    assert "Graph denied reading secrets, so the live scope is unknown." in result.text


def test_preview_exits_with_1_if_reading_users_is_denied(tmp_path, capsys):
    rehearsal = writer_tenant()
    denied = {"error": {"code": "Authorization_RequestDenied", "message": "No."}}
    rehearsal.fault({"status": 403, "body": denied}, method="GET", path="*/users", times=0)
    result = preview(rehearsal, minimal_spec(tmp_path))
    assert result.code == 1
    assert "writer: GET" in capsys.readouterr().err
    assert result.users == {}
    assert result.document["applications"][0]["summary"]["complete"] is False


def test_preview_warns_if_reading_the_schema_is_denied(tmp_path):
    rehearsal = writer_tenant()
    denied = {"error": {"code": "Authorization_RequestDenied", "message": "No."}}
    rehearsal.fault({"status": 403, "body": denied}, method="GET", path="*/schema", times=0)
    assert (
        "The live schema could not be read; only the mappings of the spec are shown."
        in preview(rehearsal, minimal_spec(tmp_path)).text
    )
