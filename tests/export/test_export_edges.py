"""What a spec can say is said, what it cannot say is told: never a crash, never a silent change."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

from scimconf.diagnostics import DiagnosticsError
from scimconf.export import ExportedSpec, without_references
from scimconf.render.yaml import CommentNotes, format_text, write_spec
from scimconf.spec.load import load
from scimconf.workflow import export, lint
from scimconf.workflow.export import ignore_lint_errors
from tests.export.test_export_laws import NAMES, exported, loaded, sample, with_schema
from tests.tenant_fixture import TOKEN, Rehearsal, changes, exit_code, mapping

JOBS = [{"template": "scim"}]
ROLE = {"description": "x", "value": "x", "displayName": "x"}


def tenant(environ=None, **application):
    return Rehearsal(
        {"applications": [{"displayName": "Writer", "template": "custom", "jobs": JOBS, **application}]},
        environ=environ,
    )


def empty_plan(one, found, folder, app="Writer"):
    """The law, and the canonical form."""
    text = write_spec(found.tree)
    assert format_text(text) == text
    planned = one.plan(loaded(found, folder))
    assert (planned.errors, changes(planned)) == ((), [])
    one.forget()
    assert exit_code(one.apply(planned)) == 0
    assert one.writes == []


def both(one, folder, app="Writer"):
    """Exported both ways, each of which plans to nothing; the full one."""
    empty_plan(one, exported(one, app), folder, app)
    found = exported(one, app, full=True)
    empty_plan(one, found, folder, app)
    return found


# --- schemas ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def default():
    return with_schema(None).schema("Sample")


def changed(schema, change):
    wanted = copy.deepcopy(schema)
    change(wanted)
    return with_schema(wanted)


def users(schema):
    return mapping(schema)


def test_two_objects_of_one_name(default, tmp_path):
    """Seen in a real document: the same object twice in one directory."""
    one = changed(
        default, lambda raw: raw["directories"][0]["objects"].append(copy.deepcopy(raw["directories"][0]["objects"][0]))
    )
    assert both(one, tmp_path, "Sample").omitted == []


def test_a_rule_that_cannot_be_edited_is_told(default, tmp_path):
    """And is in no section of the spec."""
    one = changed(default, lambda raw: raw["synchronizationRules"][0].update(editable=False))
    found = both(one, tmp_path, "Sample")
    assert [line for line in found.omitted if "belongs to a rule that cannot be edited" in line]
    assert "users" not in found.tree["mappings"]


@pytest.mark.parametrize("name", NAMES[:2])
def test_hidden_mappings_are_told(name, tmp_path):
    """No source object, no name, switched off: nobody could say which is meant."""
    found = exported(with_schema(sample(name)), "Sample", full=True)
    hidden = [line for line in found.omitted if "(none) →" in line]
    assert any("has no source, or cannot be distinguished from another one" in line for line in hidden)
    assert any("belongs to a rule that cannot be edited" in line for line in hidden)


@pytest.mark.parametrize("name", NAMES)
def test_a_published_schema_is_never_changed_in_silence(name, tmp_path):
    """Everything in it is in the spec, or told; and no request changes it."""
    one = with_schema(sample(name))
    before = one.schema("Sample")
    found = exported(one, "Sample", full=True)
    planned = one.plan(loaded(found, tmp_path))
    one.forget()
    one.apply(planned)
    assert (one.writes, one.schema("Sample")) == ([], before)
    told = len(found.omitted) + sum(
        len(section.get("attributes", {})) for section in found.tree.get("mappings", {}).values()
    )
    rows = sum(
        len(one.get("attributeMappings") or ())
        for rule in before.get("synchronizationRules") or ()
        for one in rule.get("objectMappings") or ()
        if one
    )
    assert told > 0 or rows == 0


@pytest.mark.slow
def test_a_schema_of_a_megabyte(default, tmp_path):
    """Slow in nothing."""

    def grow(raw):
        for number in range(4000):
            raw["directories"][1]["objects"][0]["attributes"].append(
                {**raw["directories"][1]["objects"][0]["attributes"][1], "name": f"custom{number}"}
            )

    one = changed(default, grow)
    assert len(json.dumps(one.schema("Sample"))) > 1_000_000
    found = both(one, tmp_path, "Sample")
    assert len(found.tree["mappings"]["users"]["target_attributes"]) == 4000


def on_rows(change):
    return lambda raw: change(mapping(raw)["attributeMappings"])


def row_of(rows, target):
    return next(one for one in rows if one["targetAttributeName"] == target)


def set_fields(target, **fields):
    return on_rows(lambda rows: row_of(rows, target).update(fields))


def filtered(*groups):
    return lambda raw: mapping(raw).update(scope={"groups": list(groups), "inputFilterGroups": []})


def clause(**more):
    return {"sourceOperandName": "city", "operatorName": "EQUALS", "targetOperand": {"values": ["x"]}, **more}


def attribute(raw, **fields):
    raw["directories"][1]["objects"][0]["attributes"].append({"name": "odd", "type": "String", **fields})


UNSAYABLE = {
    "a source that is no expression": (set_fields("title", source={"type": "Function", "name": "", "parameters": 3}), "the mapping of users to title"),
    "a source whose text is too long to be read": (set_fields("title", source={"type": "Constant", "name": "x" * 20_000, "expression": None, "parameters": []}), "the mapping of users to title"),
    "a source without anything": (set_fields("title", source=None, defaultValue=None), "the mapping of users to title"),
    "a flow that nobody knows": (set_fields("title", flowType="Strange"), "the mapping of users to title"),
    "two matches of one number": (set_fields("title", matchingPriority=1), "the mapping of users to"),
    "an action that nobody knows": (lambda raw: mapping(raw).update(flowTypes="Add,Strange"), "actions that a spec cannot express"),
    "a filter without a name": (filtered({"name": "", "clauses": [clause()]}), "a filter without a name"),
    "a filter without clauses": (filtered({"name": "x", "clauses": []}), "filters that a spec cannot express"),
    "a filter of several values": (filtered({"name": "x", "clauses": [clause(targetOperand={"values": ["a", "b"]})]}), "filters that a spec cannot express"),
    "a filter on nothing": (filtered({"name": "x", "clauses": [clause(sourceOperandName=None)]}), "filters that a spec cannot express"),
    "an attribute of an unknown type": (lambda raw: attribute(raw, type="Secret"), "the target attribute odd"),
    "an attribute of an unknown mutability": (lambda raw: attribute(raw, mutability="Strange"), "the target attribute odd"),
}  # fmt: skip


@pytest.mark.nonconforming
@pytest.mark.parametrize("what", UNSAYABLE)
def test_what_a_spec_cannot_say_is_told(default, tmp_path, what):
    """In words that name it; what remains plans to nothing."""
    change, told = UNSAYABLE[what]
    assert any(told in line for line in both(changed(default, change), tmp_path, "Sample").omitted)


def test_a_target_that_is_mapped_twice_is_refused(default, tmp_path):
    """Nobody knows which one counts: told by the export, refused by the plan."""
    one = changed(default, on_rows(lambda rows: rows.append(copy.deepcopy(row_of(rows, "title")))))
    found = exported(one, "Sample", full=True)
    assert "a spec cannot express the mapping of users to title" in found.omitted
    assert {problem.code for problem in one.plan(loaded(found, tmp_path)).errors} == {"K504"}


def test_a_template_that_nobody_has_any_more_leaves_nothing_to_compare_with(default, tmp_path):
    """Everything is written then, and no attribute is called custom."""
    one = changed(default, lambda raw: mapping(raw).update(targetObjectName="User", sourceObjectName="Worker"))
    found = exported(one, "Sample")
    (own,) = [section for section in found.tree["mappings"].values() if section.get("source") == "Worker"]
    assert own["attributes"]
    assert "target_attributes" not in own


def test_an_inbound_rule_and_a_second_job(tmp_path):
    """The tenant's own roles are filled by the application; the other job is told."""
    jobs = [{"template": "fieldbook"}, {"template": "fieldbookLegacy"}]
    one = Rehearsal({"applications": [{"displayName": "Fieldbook", "template": "Fieldbook", "jobs": jobs}]})
    found = exported(one, "Fieldbook", full=True)
    assert [line for line in found.omitted if line.startswith("the application has another job, fieldbookLegacy.")]
    assert found.tree["job"] == {"template": "fieldbook"}
    assert (
        "the mapping (none) → Group in rule ROLE_INBOUND_APPROLE belongs to a rule that cannot be edited"
        in found.omitted
    )
    empty_plan(one, found, tmp_path, "Fieldbook")


def test_two_jobs_of_one_template_are_refused(tmp_path):
    """Which of them is meant cannot be written."""
    with pytest.raises(DiagnosticsError) as caught:
        exported(tenant(jobs=[*JOBS, *JOBS]))
    assert {problem.code for problem in caught.value.diagnostics} == {"K202"}


# --- connection and settings -----------------------------------------------------------------------------------------

ADDRESS = {"BaseAddress": "https://app.example.com/scim"}
OAUTH2 = {
    "AuthenticationType": "OAuth2ClientCredentialsGrant",
    "Oauth2TokenExchangeUri": "https://login.example.com/token",
    "Oauth2ClientId": "me",
    "Oauth2ClientSecret": "hush",
}


@pytest.mark.parametrize(
    ("secrets", "connection", "unsaid"),
    [
        ({}, None, []),
        (ADDRESS, {"authentication": "entra_token", "base_address": ADDRESS["BaseAddress"]}, []),
        ({"SecretToken": "hush"}, {"authentication": "bearer", "secret_token": {"env": "EXPORTED_SCIM_TOKEN"}}, []),
        (
            OAUTH2,
            {
                "authentication": "oauth2_client_credentials",
                "oauth2": {
                    "token_url": OAUTH2["Oauth2TokenExchangeUri"],
                    "client_id": "me",
                    "client_secret": {"env": "EXPORTED_CLIENT_SECRET"},
                },
            },
            [],
        ),
        ({"UserName": "me", "Password": "hush"}, {"authentication": "other", "other": {"UserName": "me", "Password": {"env": "EXPORTED_PASSWORD"}}}, []),
        ({"UserName": "${env:X}"}, {"authentication": "other", "other": {"UserName": {"env": "EXPORTED_USER_NAME"}}}, []),
        ({"BaseAddress": "https://app.example.com/?token=hunter2"}, {"authentication": "entra_token"}, ["BaseAddress"]),
        ({"BaseAddress": "http://localhost:1"}, {"authentication": "entra_token"}, ["BaseAddress"]),
        ({"AuthenticationType": "Basic"}, None, ["AuthenticationType"]),
        ({"AuthenticationType": "Basic", "SecretToken": "hush"}, {"secret_token": {"env": "EXPORTED_SCIM_TOKEN"}}, ["AuthenticationType"]),
        ({**OAUTH2, "Oauth2TokenExchangeUri": "http://x"}, None, ["Oauth2TokenExchangeUri", "Oauth2ClientId", "Oauth2ClientSecret"]),
        ({"Oauth2ClientId": "me", "SecretToken": "hush"}, {"authentication": "bearer", "secret_token": {"env": "EXPORTED_SCIM_TOKEN"}}, ["Oauth2ClientId"]),
    ],
)  # fmt: skip
def test_a_connection_as_it_is(tmp_path, secrets, connection, unsaid):
    """Secrets are references, and what has no place in a spec is told."""
    found = both(tenant(secrets=secrets), tmp_path)
    if connection is not None and "AuthenticationType" not in unsaid and "oauth2" not in str(unsaid).lower():
        connection = {"authentication": "entra_token", **connection}
    assert found.tree.get("connection") == connection
    assert found.omitted == [f"a spec cannot express {key} of the connection; it stays as it is" for key in unsaid]
    assert "hush" not in write_spec(found.tree)


def test_an_oauth2_client_beside_a_token(tmp_path):
    """Writing how it signs in would take the token away, so that is not written."""
    found = both(tenant(secrets={**OAUTH2, "SecretToken": "hush"}), tmp_path)
    assert "authentication" not in found.tree["connection"]
    assert found.omitted == ["a spec cannot express SecretToken of the connection; it stays as it is"]


@pytest.mark.parametrize("mask", ["address", "settings", "all"])
def test_what_is_not_shown_is_told(tmp_path, mask):
    """A mask is no value: neither an address nor `assigned`."""
    settings = {"SyncAll": "true", "SkipOutOfScopeDeletions": "True", "SyncNotificationSettings": '{"Enabled":true}'}
    one = tenant(secrets={**ADDRESS, "SecretToken": TOKEN, "UserName": "me", **settings})
    one.switch(mask=mask)
    found = both(one, tmp_path)
    text = write_spec(found.tree)
    assert "*" not in text
    assert found.omitted


def test_rotations_are_carried_over(tmp_path):
    """So that the first apply sends no secret."""
    one = tenant(secrets={**ADDRESS, "SecretToken": "hush"}, tags=["scimconf:SecretToken=2026-11", "mine"])
    found = both(one, tmp_path)
    assert found.tree["connection"]["secret_token"] == {"env": "EXPORTED_SCIM_TOKEN", "rotation": "2026-11"}


@pytest.mark.parametrize(
    ("mails", "said", "unsaid"),
    [
        ({"Enabled": True, "Recipients": "a@b.c"}, {"notifications": {"email": "a@b.c"}}, ""),
        ({"Enabled": False, "Recipients": "a@b.c"}, {"notifications": {"email": "none"}}, ""),
        ({"Enabled": True}, {"notifications": {"email": "none"}}, ""),
        ({"Enabled": True, "Recipients": "a@b.c;d@e.f"}, {}, "cannot express the notification address"),
        ({"DeleteThresholdEnabled": True, "DeleteThresholdValue": 7}, {"deletion_threshold": 7}, ""),
        ({"DeleteThresholdEnabled": False, "DeleteThresholdValue": 7}, {"deletion_threshold": "none"}, ""),
        (
            {"DeleteThresholdEnabled": True, "DeleteThresholdValue": 0},
            {},
            "cannot express the accidental deletion threshold: 0",
        ),
        ({"DeleteThresholdEnabled": True}, {}, "cannot express the accidental deletion threshold: 0"),
    ],
)
def test_notifications_and_the_threshold(tmp_path, mails, said, unsaid):
    """What is off is said to be off."""
    found = both(tenant(secrets={"SyncNotificationSettings": json.dumps(mails)}), tmp_path)
    assert {"enabled": False, **said, "skip_out_of_scope_deletions": False} == found.tree["provisioning"]
    assert [unsaid in line for line in found.omitted] == ([True] if unsaid else [])


def test_a_name_that_begins_with_a_digit_still_gives_a_variable():
    """Environment variables do not begin with digits."""
    one = tenant(secrets={**ADDRESS, "SecretToken": "hush"})
    found = one.run(lambda live: export(live, {"display_name": "Writer"}, "0day", "", full=False))
    assert found.tree["connection"]["secret_token"] == {"env": "APP_0DAY_SCIM_TOKEN"}
    assert "tenant" not in found.tree


# --- roles and assignments -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "told"),
    [
        ({**ROLE, "description": None}, True),
        ({**ROLE, "value": "a:b"}, True),
        ({**ROLE, "allowedMemberTypes": []}, True),
        ({**ROLE, "allowedMemberTypes": ["User", "Strange"]}, True),
        ({**ROLE, "isEnabled": False, "allowedMemberTypes": ["Application", "User"]}, False),
    ],
)
def test_roles_as_they_are(tmp_path, role, told):
    """What cannot be described as it is stays out of the spec."""
    found = both(tenant(roles=[role]), tmp_path)
    assert bool(found.omitted) is told
    listed = [one.get("value") for one in found.tree["app_roles"]["roles"]]
    assert (role["value"] in listed) is not told


def test_two_roles_of_one_name_are_told(tmp_path):
    """And so are their assignments."""
    twice = [{**ROLE, "value": None, "id": f"00000000-0000-4000-8000-00000000000{number}"} for number in (1, 2)]
    held = [{"user": "ada@contoso.com", "role": twice[0]["id"]}]
    found = both(tenant(roles=twice, assignments=held), tmp_path)
    assert found.omitted == [
        "the application has several roles x",
        "the application has several roles x",
        "the assignment of Ada Lovelace (User) is not managed",
    ]


def test_a_role_that_is_called_like_anothers_value(tmp_path):
    """Two roles, both said so that they are found again."""
    named = [{**ROLE, "value": "User", "displayName": "other"}]
    held = [{"user": "ada@contoso.com", "role": "User"}, {"user": "grace@contoso.com", "role": "other"}]
    found = both(tenant(roles=named, assignments=held), tmp_path)
    assert {one["user"]: one["role"] for one in found.tree["assignments"]["users"]} == {
        "ada@contoso.com": "~User",
        "grace@contoso.com": "User",
    }


def test_groups_whose_name_others_have_carry_their_ids(tmp_path):
    """One of the two called Marketing is assigned: the name alone would not do."""
    marketing = Rehearsal().request("GET", "/groups?$filter=displayName eq 'Marketing'")["value"]
    for ids in ([marketing[0]["id"]], [one["id"] for one in marketing]):
        held = [{"group": one, "role": "User"} for one in ids] + [{"group": "All staff", "role": "User"}]
        found = both(tenant(assignments=held), tmp_path)
        groups = found.tree["assignments"]["groups"]
        assert sorted(one["id"] for one in groups if one["name"] == "Marketing") == sorted(ids)
        assert "id" not in groups[0]


def test_an_assignment_of_a_service_principal_is_told(tmp_path):
    """A spec lists people and groups only."""
    one = Rehearsal(
        {
            "applications": [
                {"displayName": "Robot", "template": None},
                {
                    "displayName": "Writer",
                    "template": "custom",
                    "jobs": JOBS,
                    "roles": [{**ROLE, "allowedMemberTypes": ["User", "Application"]}],
                },
            ]
        }
    )
    body = {
        "principalId": one.principal("Robot")["id"],
        "resourceId": one.principal()["id"],
        "appRoleId": one.roles()["x"]["id"],
    }
    one.request("POST", f"/servicePrincipals/{body['resourceId']}/appRoleAssignedTo", body)
    assert both(one, tmp_path).omitted == ["the assignment of Robot (ServicePrincipal) is not managed"]


def test_a_group_that_could_not_be_assigned_today_is_told(tmp_path):
    """It is assigned, and a plan that lists it would be refused."""
    one = Rehearsal(
        {
            "groups": [{"displayName": "Mails", "securityEnabled": True, "id": "10000000-0000-4000-8000-000000000001"}],
            "applications": [
                {
                    "displayName": "Writer",
                    "template": "custom",
                    "jobs": JOBS,
                    "assignments": [{"group": "Mails", "role": "User"}],
                }
            ],
        }
    )
    one.request("PATCH", "/groups/10000000-0000-4000-8000-000000000001", {"securityEnabled": False})
    assert both(one, tmp_path).omitted == ["the assignment of Mails (Group) is not managed"]


def test_an_application_of_another_tenant(tmp_path):
    """Its roles are not ours to manage; the rest is."""
    one = tenant()
    application = one.state["applications"][0]["id"]
    one.service.tenant.documents.remove("application", application)
    found = exported(one, full=True)
    assert "app_roles" not in found.tree
    assert found.omitted == ["the app registration is in another tenant, so its roles are not managed here"]


def test_every_form_of_a_row(default, tmp_path):
    """Each as a person would write it."""
    from scimconf.expressions import parse, to_source

    forms = {
        "title": (to_source(parse("[mail]")), {}, "mail"),
        "nickName": (to_source(parse('"x"')), {}, {"constant": "x"}),
        "locale": (to_source(parse("ToLower([mail], )")), {}, {"expression": "ToLower([mail])"}),
        "timezone": (None, {"defaultValue": "UTC"}, {"source": None, "default": "UTC"}),
        "userType": (
            to_source(parse("[mail]")),
            {"matchingPriority": 2, "flowType": "ObjectAddOnly", "flowBehavior": "FlowAlways", "exportMissingReferences": True},
            {"source": "mail", "match": 2, "apply": "on_create", "flow_behavior": "always", "export_missing_references": True},
        ),
    }  # fmt: skip

    def change(rows):
        plain = row_of(rows, "title")
        rows.remove(plain)
        rows += [
            {**plain, "targetAttributeName": name, "source": source, **more}
            for name, (source, more, _) in forms.items()
        ]

    found = both(changed(default, on_rows(change)), tmp_path, "Sample")
    for name, (_, _, written) in forms.items():
        assert found.tree["mappings"]["users"]["attributes"][name] == written


# --- the application ------------------------------------------------------------------------------------------------


def test_saml_is_said_and_the_id_is_explained(tmp_path):
    """A reader sees whose id that is."""
    found = exported(tenant(preferredSingleSignOnMode="saml"))
    assert found.tree["application"]["single_sign_on"] == "saml"
    assert found.comments["application", "app_id"] == "Writer"


def test_a_registration_without_a_template_is_named_by_its_id(tmp_path):
    """There is nothing that it could be made from."""
    one = Rehearsal({"applications": [{"displayName": "Plain", "template": None}]})
    found = exported(one, "Plain", full=True)
    assert list(found.tree["application"]) == ["app_id", "assignment_required"]
    assert "mappings" not in found.tree


def test_rows_that_differ_from_the_template_say_so(default, tmp_path):
    """What it was, with the match that it had; what the template does not have; and what is gone."""

    def change(rows):
        row_of(rows, "userName")["source"]["name"] = "mail"
        row_of(rows, "userName")["source"]["expression"] = "[mail]"
        rows.append({**row_of(rows, "title"), "targetAttributeName": "nickName"})
        rows.remove(row_of(rows, "title"))

    found = exported(changed(default, on_rows(change)), "Sample")
    path = ("mappings", "users", "attributes")
    assert found.comments[*path, "userName"] == "the template has [userPrincipalName], match 1"
    assert found.comments[*path, "nickName"] == "the template has none"
    assert found.tree["mappings"]["users"]["attributes"]["title"] == {"absent": True}


def test_users_of_a_long_list_are_users_all_the_same():
    """Kept apart for a file, and there for whoever wants them in one list."""
    generate = {"users": 60, "assign": {"application": "Writer", "role": "User"}}
    one = Rehearsal(
        {"applications": [{"displayName": "Writer", "template": "custom", "jobs": JOBS}], "generate": generate}
    )
    found = exported(one)
    assert len(found.csv_users) == len(found.users()) == 60
    assert "users" not in found.tree["assignments"]


def test_what_is_live_and_the_lint_refuses_gets_a_comment(tmp_path):
    """A role expression under scope all is live: the spec says so in its line, and plans to nothing."""
    tree = {
        "version": 1,
        "name": "writer",
        "application": {"display_name": "Writer"},
        "provisioning": {"enabled": False, "scope": "all"},
        "mappings": {"users": {"attributes": {"userType": {"expression": ROLE_EXPRESSION}, "title": "jobTitle"}}},
    }
    row = ("mappings", "users", "attributes", "userType")
    found = ExportedSpec(tree, {row: "the template has none"})
    ignore_lint_errors(found, "user,role\n")
    assert found.comments == {row: "scimconf: ignore L402 the live application has it; the template has none"}
    ignore_lint_errors(found, "user,role\n")
    assert len(found.comments) == 1
    path = tmp_path / "spec.yaml"
    path.write_text(write_spec(tree, CommentNotes(beside=found.comments)), "utf-8")
    told = load(str(path), lambda name: Path(name).read_bytes(), {}, {})
    assert [problem.code for problem in lint(told) if problem.is_error] == []


def test_a_clause_gets_the_comment_in_its_own_line(tmp_path):
    """And a row that is refused twice with both rules; either has one comment, which the lint reads."""
    odd = {"attribute": "department", "operator": "matches", "value": "[0-9"}
    number = {"attribute": "city", "operator": "greater_than", "value": "many"}
    fine = {"attribute": "city", "operator": "equals", "value": "Berlin"}
    twice = {"expression": f'Switch({ROLE_EXPRESSION}, , "a", "b", "c")'}
    users = {"attributes": {"userType": twice}, "filters": [{"name": "x", "all": [odd, fine, number]}]}
    tree = {
        "version": 1,
        "name": "writer",
        "application": {"display_name": "Writer"},
        "provisioning": {"enabled": False, "scope": "all"},
        "mappings": {"users": users},
    }
    found = ExportedSpec(tree, {})
    ignore_lint_errors(found, "user,role\n")
    clauses = ("mappings", "users", "filters", 0, "all")
    assert found.comments == {
        ("mappings", "users", "attributes", "userType"): "scimconf: ignore L104, L402 the live application has it",
        (*clauses, 0): "scimconf: ignore L601 the live application has it",
        (*clauses, 2): "scimconf: ignore L601 the live application has it",
    }
    path = tmp_path / "spec.yaml"
    path.write_text(write_spec(tree, CommentNotes(beside=found.comments)), "utf-8")
    told = load(str(path), lambda name: Path(name).read_bytes(), {}, {})
    assert [problem.code for problem in lint(told) if problem.is_error] == []


ROLE_EXPRESSION = "SingleAppRoleAssignment([appRoleAssignments])"


# --- what would be read as a reference -------------------------------------------------------------------------------


def test_what_would_be_read_as_a_reference_goes_as_a_whole_thing():
    """A row, a list of filters, a listed principal, a setting: what is not written is not managed."""
    odd, fine = "x ${var:X} y", "mail"
    tree = {
        "version": 1,
        "connection": {"base_address": f"https://app.example.com/?{odd}", "authentication": "bearer"},
        "provisioning": {"enabled": True, "notifications": {"email": odd}},
        "mappings": {
            "users": {
                "attributes": {"title": {"constant": odd}, "name": fine, "nick": {"tests": [{"expect": odd}]}},
                "target_attributes": {"a": {"references": [odd]}},
                "filters": [{"name": fine, "all": []}, {"name": odd, "all": [{"value": odd}]}],
            },
            "mine": {"source": odd, "target": "x"},
        },
        "assignments": {"unlisted": "keep", "users": [{"user": odd}], "groups": [{"name": odd}, {"name": fine}]},
    }
    found = ExportedSpec(tree, comments={("mappings", "users", "attributes", "title"): "x", ("connection",): "y"})
    without_references(found)
    assert found.tree == {
        "version": 1,
        "connection": {"authentication": "bearer"},
        "provisioning": {"enabled": True},
        "mappings": {"users": {"attributes": {"name": fine}}},
        "assignments": {"unlisted": "keep", "groups": [{"name": fine}]},
    }
    assert found.comments == {("connection",): "y"}
    assert len(found.omitted) == 9
    assert found.omitted[-1] == f"assignments.groups: a spec would read {odd} as a reference"


@pytest.mark.nonconforming
def test_a_definition_of_a_type_that_no_spec_knows_is_not_compared(default):
    """Nobody could write one."""
    one = changed(default, lambda raw: raw["directories"][1]["objects"][0]["attributes"][0].update(type="Secret"))
    found = one.run(
        lambda live: export(live, {"display_name": "Sample"}, "exported", "contoso.com", full=True, defined=True)
    )
    name = one.schema("Sample")["directories"][1]["objects"][0]["attributes"][0]["name"]
    said = [names for mapping in found.tree["mappings"].values() for names in mapping["target_attributes"]]
    assert said
    assert name not in found.tree["mappings"]["users"]["target_attributes"]


@pytest.mark.parametrize(("number", "is_file"), [(49, False), (50, False), (51, True)])
def test_more_than_50_users_are_exported_to_a_file(number, is_file):
    names = [f"user{index:02}@contoso.com" for index in range(number)]
    one = Rehearsal(
        {
            "users": [{"userPrincipalName": name, "displayName": name} for name in names],
            "applications": [
                {
                    "displayName": "Writer",
                    "template": "custom",
                    "roles": [ROLE],
                    "assignments": [{"user": name, "role": "x"} for name in names],
                    "jobs": JOBS,
                }
            ],
        }
    )
    found = exported(one)
    assert found.csv_users == ([(name, "x") for name in names] if is_file else [])
    assert [entry["user"] for entry in found.tree["assignments"].get("users", [])] == ([] if is_file else names)
