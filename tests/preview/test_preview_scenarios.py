"""What becomes of real users when a spec changes: who comes, who goes, whose values are others, and why."""

import re

import pytest
from previews import WRITER, Rehearsal, preview, small, tenant

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


def desk(*edits, **more):
    return Rehearsal(TenantFile(tenant(*edits, **more)))


def differences(person):
    return {one["target"]: one for one in person["differences"]}


# --- mappings -------------------------------------------------------------------------------------------------------


def test_without_a_change_everybody_stays_as_they_are(tmp_path):
    shown = preview(desk(), small(tmp_path))
    assert shown.outcomes == dict.fromkeys(["ada", "barbara", "edsger", "hedy", "tim"], "unchanged")
    assert shown.code == 0
    ada = shown.people["ada"]["after"]
    assert ada["resource"]["name"] == {"formatted": "Ada Lovelace", "familyName": "Lovelace", "givenName": "Ada"}
    assert ada["resource"]["active"] is True
    assert ada["resource"]["addresses"] == [{"type": "work", "country": "United Kingdom", "locality": "London"}]
    assert ada["resource"]["emails"] == [{"type": "work", "value": "ada@contoso.com", "primary": True}]
    enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    assert ada["resource"][enterprise] == {"department": "Engineering", "employeeNumber": "E00294"}
    assert "title" in ada["attributes"] and ada["attributes"]["title"]["value"] == "Principal Analyst"


def test_a_changed_expression_shows_whose_values_are_others_and_why(tmp_path):
    spec = small(tmp_path, MAPPINGS % 'title: {expression: \'IIF([department] = "Marketing", "Writer", [jobTitle])\'}')
    shown = preview(desk(), spec)
    assert {name for name, verdict in shown.outcomes.items() if verdict == "changes"} == {"barbara", "edsger", "tim"}
    (tim,) = shown.people["tim"]["differences"]
    assert tim == {
        "target": "title",
        "reason": 'source: [jobTitle] → IIF([department] = "Marketing", "Writer", [jobTitle])',
        "before": {"kind": "value", "apply": "always", "value": "Publisher"},
        "after": {"kind": "value", "apply": "always", "value": "Writer"},
    }
    assert shown.counts("title") == {"changes": 3}
    assert shown.mappings["title"]["examples"]["changes"][0] == 'barbara@contoso.com: "Copywriter" → "Writer"'


def test_a_value_that_becomes_null_is_no_longer_sent_and_never_cleared(tmp_path):
    shown = preview(desk(), small(tmp_path, MAPPINGS % "title: extensionAttribute3"))
    assert shown.counts("title") == {"changes": 5, "empties": 5}
    after = shown.people["ada"]["after"]
    assert after["attributes"]["title"] == {"kind": "null", "apply": "always"}
    assert "title" not in after["resource"]


def test_a_default_is_for_creations_only(tmp_path):
    shown = preview(desk(), small(tmp_path, MAPPINGS % "timezone: {source: null, default: Europe/Berlin}"))
    after = shown.people["ada"]["after"]
    assert after["attributes"]["timezone"] == {"kind": "null", "apply": "always", "default": "Europe/Berlin"}
    assert after["resource"]["timezone"] == "Europe/Berlin"
    assert differences(shown.people["ada"])["timezone"]["reason"] == "mapped now: default Europe/Berlin"


def test_how_a_mapping_is_applied_is_a_difference(tmp_path):
    shown = preview(desk(), small(tmp_path, MAPPINGS % "title: {source: jobTitle, apply: on_create}"))
    (ada,) = shown.people["ada"]["differences"]
    assert ada["reason"] == "apply: always → on_create"
    assert ada["after"] == {"kind": "value", "apply": "on_create", "value": "Principal Analyst"}


def test_a_mapping_that_goes_leaves_what_was_sent(tmp_path):
    shown = preview(desk(), small(tmp_path, MAPPINGS % "title: {absent: true}"))
    (ada,) = shown.people["ada"]["differences"]
    assert ada["after"] is None
    assert ada["reason"] == "no longer mapped; the application keeps its value"
    assert shown.counts("title") == {"changes": 5, "empties": 5}


def test_only_and_exclude_shape_a_preview_as_they_shape_the_plan(tmp_path):
    rows = MAPPINGS % "title: {absent: true}\n      preferredLanguage: {constant: de}"
    shown = preview(desk(), small(tmp_path, rows), only=("writer:attribute_mapping/users/title",))
    assert set(differences(shown.people["ada"])) == {"title"}


def test_what_is_open_is_undetermined_with_its_reason_and_counted(tmp_path):
    rows = MAPPINGS % (
        'title: {expression: Guid()}\n      nickName: {expression: \'Mid([jobTitle], "x", "2")\'}\n'
        "      displayName: alternativeSecurityIds"
    )
    shown = preview(desk(), small(tmp_path, rows))
    assert shown.counts("title") == {"possibly_changes": 5, "undetermined": 5}
    assert shown.counts("nickName") == {"changes": 5, "failed": 5}
    assert shown.counts("displayName")["undetermined"] == 5
    sent = shown.people["ada"]["after"]["attributes"]
    assert sent["title"]["reason"] == "Guid: generates a new GUID at each evaluation"
    assert sent["displayName"]["reason"].startswith("alternativeSecurityIds: its property in Graph is unknown")
    assert "title" not in shown.people["ada"]["after"]["resource"]


def test_an_untaken_branch_needs_no_known_attribute(tmp_path):
    rows = MAPPINGS % "title: {expression: 'IIF([city] = \"London\", [jobTitle], [alternativeSecurityIds])'}"
    shown = preview(desk(), small(tmp_path, rows))
    assert shown.people["ada"]["after"]["attributes"]["title"]["value"] == "Principal Analyst"
    assert shown.people["hedy"]["after"]["attributes"]["title"]["kind"] == "undetermined"


def test_the_manager_is_a_reference_that_only_the_service_knows(tmp_path):
    manager = preview(desk(), small(tmp_path)).people["ada"]["after"]["attributes"][
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"
    ]
    assert manager["kind"] == "undetermined"
    assert manager["reason"].startswith("manager: only Entra knows")


def test_an_object_flow_that_is_ignored_leaves_the_whole_person_out(tmp_path):
    rows = MAPPINGS % "title: {expression: 'IIF([city] = \"London\", IgnoreObjectFlow, [jobTitle])'}"
    shown = preview(desk(), small(tmp_path, rows))
    ada = shown.people["ada"]
    ignored = {"kind": "ignored", "apply": "always", "reason": OBJECT_IGNORED}
    assert ada["after"]["attributes"] == {"title": ignored}
    assert ada["after"]["reason"] == f"assigned directly; title: {OBJECT_IGNORED}"
    assert ada["after"]["resource"] is None
    assert ada["outcome"] == "changes"
    assert list(differences(ada)) == ["title"]
    assert differences(ada)["title"]["after"] == ignored
    assert list(shown.mappings) == ["title", MANAGER], "one tally, and what is undetermined for the others"
    assert shown.counts("title") == {"left_out": 1}


# --- scope ----------------------------------------------------------------------------------------------------------


def test_from_assigned_to_all_everybody_else_comes_into_scope(tmp_path):
    shown = preview(desk(), small(tmp_path, provisioning="scope: all"))
    enters = {name for name, verdict in shown.outcomes.items() if verdict == "enters"}
    assert enters == {"alan", "charles", "grace", "katherine", "linus_fabrikam.com#EXT#", "mary", "radia"}
    assert shown.people["alan"]["before"]["reason"] == "not assigned"
    assert shown.people["alan"]["after"]["reason"] == "all users are in scope"


def test_from_all_to_assigned_others_fall_out_and_are_disabled(tmp_path):
    everyone = {"secrets": {"BaseAddress": "https://app.writer.com/scim", "SecretToken": "x", "SyncAll": "true"}}
    shown = preview(desk(application=everyone), small(tmp_path, provisioning="scope: assigned"))
    mary = shown.people["mary"]
    assert mary["outcome"] == "leaves"
    assert mary["after"]["attributes"] == {"active": {"kind": "value", "apply": "always", "value": "False"}}
    assert mary["after"]["resource"] is None
    assert mary["notes"] == ["Disabled in the application if the user exists there. Nothing else is sent."]


def test_what_a_mapping_of_users_that_is_switched_off_sends_is_not_guessed(tmp_path):
    shown = preview(desk(), small(tmp_path, "mappings: {users: {enabled: false}}\n"))
    ada = shown.people["ada"]
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
def test_how_somebody_leaves_depends_on_the_set_up(tmp_path, edits, provisioning, note):
    filters = "mappings: {users: {filters: [{name: f, all: [{attribute: city, operator: equals, value: Boston}]}]}}\n"
    shown = preview(desk(*edits), small(tmp_path, filters, provisioning))
    assert shown.outcomes["ada"] == "leaves"
    assert shown.people["ada"]["notes"][0].startswith(note)
    assert shown.people["ada"]["after"]["attributes"] == {}


def test_a_filter_says_whom_it_lets_in(tmp_path):
    filters = """
mappings:
  users:
    filters:
      - {name: f, all: [{attribute: department, operator: equals, value: Marketing}]}
      - {name: g, all: [{attribute: city, operator: matches, value: 'L.*'}]}
"""
    shown = preview(desk(), small(tmp_path, filters))
    assert shown.outcomes == {
        "ada": "unchanged",
        "barbara": "unchanged",
        "edsger": "unchanged",
        "hedy": "leaves",
        "tim": "unchanged",
    }
    assert shown.people["hedy"]["after"]["reason"] == "excluded by filters"


def test_a_filter_that_is_not_documented_leaves_the_scope_open(tmp_path):
    filters = (
        "mappings: {users: {filters: [{name: f, all: [{attribute: userType, operator: equals, value: Member}]}]}}\n"
    )
    shown = preview(desk(), small(tmp_path, filters))
    assert set(shown.outcomes.values()) == {"unknown"}
    ada = shown.people["ada"]["after"]
    assert ada["in_scope"] is None
    assert ada["reason"] == "userType equals: filters do not support this attribute"
    assert ada["attributes"]["active"]["reason"].startswith("IsSoftDeleted: unknown whether the user is in scope")


def test_a_mapping_of_users_that_is_off_lets_nobody_in(tmp_path):
    shown = preview(desk({"enabled": False}), small(tmp_path, "mappings: {users: {enabled: true}}\n"))
    assert set(shown.outcomes.values()) == {"enters"}
    assert shown.people["ada"]["before"]["reason"] == "the mapping of users is disabled"


def test_creations_that_are_switched_off_are_said(tmp_path):
    spec = small(tmp_path, "mappings: {users: {actions: [update]}}\n", "scope: all")
    shown = preview(desk(), spec)
    assert shown.people["alan"]["notes"][0].startswith("Creating users is switched off")


def test_a_scope_that_nobody_set_is_open_for_those_who_are_not_assigned(tmp_path):
    unset = {"secrets": {"BaseAddress": "https://app.writer.com/scim", "SecretToken": "x"}}
    shown = preview(desk(application=unset), small(tmp_path))
    assert shown.outcomes["ada"] == "unchanged"
    assert shown.outcomes["alan"] == "unknown"


# --- people ---------------------------------------------------------------------------------------------------------


def test_a_disabled_account_is_never_created(tmp_path):
    shown = preview(desk(), small(tmp_path, provisioning="scope: all"), users=("charles@contoso.com",))
    charles = shown.people["charles"]
    assert charles["after"]["disabled"] is True
    assert charles["after"]["resource"]["active"] is False
    assert charles["notes"] == [
        "The account is disabled: updated if the user exists in the application, never created."
    ]


def test_a_guest_is_called_as_at_home(tmp_path):
    guest = "linus_fabrikam.com#EXT#@contoso.onmicrosoft.com"
    rows = MAPPINGS % "nickName: originalUserPrincipalName"
    shown = preview(desk(), small(tmp_path, rows, "scope: all"), users=(guest,))
    sent = shown.people["linus_fabrikam.com#EXT#"]["after"]["attributes"]
    assert sent["userName"]["value"] == "linus@fabrikam.com"
    assert sent["nickName"]["value"] == guest


def test_a_user_who_is_not_there_is_said_and_counts(tmp_path, capsys):
    shown = preview(desk(), small(tmp_path), users=("ada@contoso.com", "nobody@contoso.com"))
    assert shown.code == 1
    assert list(shown.people) == ["ada"]
    assert "There is no user nobody@contoso.com." in capsys.readouterr().err


def test_roles_come_from_assignments_and_groups(tmp_path):
    rows = """
app_roles: {unlisted: keep, roles: [{value: boss, display_name: boss, description: Boss}]}
role_attribute:
  target: urn:custom:params:scim:schemas:extension:writer:2.0:User
  expression: SingleAppRoleAssignment([appRoleAssignments])
assignments:
  unlisted: keep
  groups: [{name: AP-Finance, role: member}]
  users: [{user: ada@contoso.com, role: boss}, {user: tim@contoso.com, roles: [member]}]
"""
    shown = preview(desk(), small(tmp_path, rows))
    role = "urn:custom:params:scim:schemas:extension:writer:2.0:User"
    sent = {name: one["after"]["attributes"][role] for name, one in shown.people.items()}
    assert sent["ada"]["value"] == "boss"
    assert sent["mary"]["value"] == "member"
    assert sent["tim"]["reason"].startswith("appRoleAssignments: Microsoft does not document whether a role")
    assert shown.outcomes["mary"] == "enters"
    assert shown.people["mary"]["after"]["reason"] == "assigned through AP-Finance"
    assert shown.people["tim"]["after"]["reason"] == "assigned directly and through Writer editors"


def test_another_role_is_a_difference_though_no_mapping_changed(tmp_path):
    role = {"target": "title", "source": "SingleAppRoleAssignment([appRoleAssignments])"}
    rows = "assignments: {unlisted: keep, users: [{user: ada@contoso.com, role: member}]}\n"
    shown = preview(desk(role), small(tmp_path, rows))
    (ada,) = shown.people["ada"]["differences"]
    assert ada["reason"] == "roles: admin → member"
    assert (ada["before"]["value"], ada["after"]["value"]) == ("admin", "member")


def test_somebody_who_loses_the_last_role_leaves(tmp_path):
    rows = "assignments: {unlisted: keep, users: [{user: hedy@contoso.com, absent: true}]}\n"
    shown = preview(desk(), small(tmp_path, rows))
    assert shown.outcomes["hedy"] == "leaves"
    assert shown.people["hedy"]["after"]["reason"] == "not assigned"


def test_a_group_that_is_gone_from_the_list_takes_its_members_along(tmp_path):
    rows = "assignments: {unlisted: keep, groups: [{name: Writer editors, absent: true}]}\n"
    shown = preview(desk(), small(tmp_path, rows))
    assert {name for name, verdict in shown.outcomes.items() if verdict == "leaves"} == {"barbara", "edsger", "tim"}


# --- matching -------------------------------------------------------------------------------------------------------


def test_people_who_share_what_they_are_matched_by_are_counted_and_noted(tmp_path):
    rows = MAPPINGS % "userName: {source: department, match: 1}"
    shown = preview(desk(), small(tmp_path, rows))
    assert shown.counts("userName")["duplicates"] == 3
    notes = [one["notes"] for one in shown.people.values() if one["notes"]]
    assert notes == [["Another user has the same userName, which users are matched by."]] * 2


def test_people_with_nothing_to_be_matched_by_are_counted(tmp_path):
    rows = MAPPINGS % "userName: {source: extensionAttribute1, match: 1}"
    assert preview(desk(), small(tmp_path, rows)).counts("userName")["unmatched"] == 5


# --- before anything exists, and what may not be read ---------------------------------------------------------------


def test_an_application_that_does_not_exist_sends_nothing_before():
    shown = preview(Rehearsal(), WRITER)
    assert set(shown.outcomes.values()) == {"enters"}
    assert len(shown.outcomes) == 8
    (application,) = shown.document["applications"]
    assert application["warnings"][0] == "The application does not exist yet, so nothing is sent before."
    assert application["population"] == "all assigned users"
    ada = shown.people["ada"]
    assert ada["before"] == {
        "in_scope": False, "reason": "there is no provisioning job", "disabled": False, "attributes": {}, "resource": None
    }  # fmt: skip


def test_an_application_without_a_job_shows_what_its_template_maps(tmp_path):
    shown = preview(desk(application={"jobs": []}), small(tmp_path, provisioning="scope: all"))
    assert shown.people["ada"]["after"]["attributes"]["title"]["value"] == "Principal Analyst"
    assert shown.document["applications"][0]["warnings"] == [
        "There is no provisioning job yet, so nothing is sent before."
    ]


def job(state):
    return desk(application={"jobs": [{"template": "scim", "state": state}]})


def test_a_job_that_never_ran_has_provisioned_nobody(tmp_path):
    shown = preview(job("Disabled"), small(tmp_path))
    assert set(shown.outcomes.values()) == {"enters"}
    assert shown.people["ada"]["before"]["reason"] == "no user has been provisioned yet"
    assert shown.document["applications"][0]["warnings"] == [
        "The job has never run: no user has been provisioned, so nothing is sent before."
    ]


def test_a_job_that_has_run_and_is_off_is_said_to_go_on(tmp_path):
    rehearsal = job("Active")
    path = small(tmp_path)
    off = tmp_path / "off.scimconf.yaml"
    off.write_text(path.read_text().replace("enabled: true", "enabled: false"))
    for _ in range(3):
        preview(rehearsal, path)
    rehearsal.apply(off)
    shown = preview(rehearsal, path)
    assert set(shown.outcomes.values()) == {"unchanged"}
    assert shown.document["applications"][0]["warnings"] == ["Provisioning is off now; the plan turns it on."]


def test_nobody_is_read_in_a_tenant_that_is_not_the_specs(tmp_path, capsys):
    rehearsal, path = desk(), small(tmp_path)
    path.write_text(path.read_text().replace("tenant: contoso.com", "tenant: fabrikam.com"))
    shown = preview(rehearsal, path)
    assert shown.code == 1
    said = capsys.readouterr().err
    assert "writer: No users were read: signed in to contoso.com, but the spec is for fabrikam.com" in said
    assert shown.document == {"applications": [], "complete": False, "format_version": "2.0"}
    assert not [one for one in rehearsal.journal if "/users" in one["path"] or "/members" in one["path"]]
    path.write_text(
        f"{path.read_text()}guard_exemptions: [{{guard: tenant-mismatch, until: 2027-01-01, reason: merger}}]\n"
    )
    assert preview(rehearsal, path).code == 0


def test_a_tenant_that_cannot_be_read_is_said(tmp_path):
    rehearsal = desk()
    denied = {"error": {"code": "Authorization_RequestDenied", "message": "No."}}
    rehearsal.fault({"status": 403, "body": denied}, method="GET", path="*/organization", times=0)
    (notice,) = preview(rehearsal, small(tmp_path)).document["applications"][0]["warnings"]
    assert notice == "The tenant could not be read, and the spec is for contoso.com."


@pytest.mark.parametrize("form", ["text", "json", "html"])
def test_every_form_names_the_tenant(tmp_path, form):
    assert re.search(
        r"\bin (<code>)?contoso\.com|\"domain\": \"contoso\.com", preview(desk(), small(tmp_path), form).text
    )


def test_another_attribute_to_match_by_is_said_once(tmp_path):
    rows = MAPPINGS % "userName: userPrincipalName\n      externalId: {source: mailNickname, match: 1}"
    shown = preview(desk(), small(tmp_path, rows))
    assert shown.document["applications"][0]["warnings"] == ["Users are matched by externalId instead of userName."]


def test_a_mapping_that_gives_nothing_to_anybody_changes_nobody(tmp_path):
    shown = preview(desk(), small(tmp_path, MAPPINGS % "nickName: extensionAttribute4"))
    assert set(shown.outcomes.values()) == {"unchanged"}
    assert "nickName" not in shown.mappings


def test_after_an_apply_there_is_nothing_left_to_preview():
    rehearsal = Rehearsal()
    rehearsal.apply(WRITER)
    assert set(preview(rehearsal, WRITER).outcomes.values()) == {"unchanged"}


def test_provisioning_that_stays_off_is_said(tmp_path):
    path = small(tmp_path)
    path.write_text(path.read_text().replace("enabled: true", "enabled: false"))
    shown = preview(desk(), path)
    assert "Provisioning will be off: this is what would be sent if it were on." in shown.text


def test_assignments_that_may_not_be_read_leave_the_scope_open(tmp_path):
    rehearsal = desk()
    denied = {"error": {"code": "Authorization_RequestDenied", "message": "No."}}
    rehearsal.fault({"status": 403, "body": denied}, method="GET", path="*/appRoleAssignedTo", times=0)
    shown = preview(rehearsal, small(tmp_path))
    assert set(shown.outcomes.values()) == {"unknown"}
    assert "Graph denied reading assignments" in shown.text


def test_members_that_may_not_be_read_leave_the_scope_of_others_open(tmp_path):
    rehearsal = desk()
    denied = {"error": {"code": "Authorization_RequestDenied", "message": "No."}}
    rehearsal.fault({"status": 403, "body": denied}, method="GET", path="*/members/*", times=0)
    shown = preview(rehearsal, small(tmp_path))
    assert shown.outcomes["ada"] == "unchanged"
    assert shown.outcomes["tim"] == "unknown"
    assert shown.people["tim"]["after"]["reason"] == "the members of Writer editors could not be read"


def test_settings_that_may_not_be_read_leave_the_scope_open(tmp_path):
    rehearsal = desk()
    denied = {"error": {"code": "Authorization_RequestDenied", "message": "No."}}
    rehearsal.fault({"status": 403, "body": denied}, method="GET", path="*/secrets", times=0)
    shown = preview(rehearsal, small(tmp_path))
    assert shown.outcomes["ada"] == "unchanged"
    assert shown.outcomes["alan"] == "unknown"
    assert "Graph denied reading secrets, so the live scope is unknown." in shown.text


def test_users_that_may_not_be_read_are_an_error(tmp_path, capsys):
    rehearsal = desk()
    denied = {"error": {"code": "Authorization_RequestDenied", "message": "No."}}
    rehearsal.fault({"status": 403, "body": denied}, method="GET", path="*/users", times=0)
    shown = preview(rehearsal, small(tmp_path))
    assert shown.code == 1
    assert "writer: GET" in capsys.readouterr().err
    assert shown.people == {}
    assert shown.document["applications"][0]["summary"]["complete"] is False


def test_a_schema_that_may_not_be_read_is_said(tmp_path):
    rehearsal = desk()
    denied = {"error": {"code": "Authorization_RequestDenied", "message": "No."}}
    rehearsal.fault({"status": 403, "body": denied}, method="GET", path="*/schema", times=0)
    assert (
        "The live schema could not be read; only the mappings of the spec are shown."
        in preview(rehearsal, small(tmp_path)).text
    )
