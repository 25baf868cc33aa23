"""Export of unusual applications: the spec round-trips, and what it cannot express is reported."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

from scimconf.diagnostics import DiagnosticsError
from scimconf.export import ExportedSpec, without_references
from scimconf.render.yaml import CommentNotes, format_text, write_spec
from scimconf.spec.load import load
from scimconf.workflow.export import export, ignore_lint_errors
from scimconf.workflow.validate import lint
from tests.export.test_export_laws import NAMES, exported, load_exported, sample_schema, tenant_with_schema
from tests.tenant_fixture import TOKEN, Rehearsal, changes, exit_code, mapping, target_object

JOBS = [{"template": "scim"}]
ROLE = {"description": "x", "value": "x", "displayName": "x"}


def writer_tenant(environ=None, **application):
    return Rehearsal(
        {"applications": [{"displayName": "Writer", "template": "custom", "jobs": JOBS, **application}]},
        environ=environ,
    )


def check_round_trip(tenant, spec, folder, app="Writer"):
    """Check that the exported text is formatted, its plan is empty, and apply writes nothing."""
    text = write_spec(spec.tree)
    assert format_text(text) == text
    planned = tenant.plan(load_exported(spec, folder))
    assert (planned.errors, changes(planned)) == ((), [])
    tenant.forget()
    assert exit_code(tenant.apply(planned)) == 0
    assert tenant.writes == []


def check_both_exports(tenant, folder, app="Writer"):
    """Check that the default and the full export round-trip; return the full one."""
    check_round_trip(tenant, exported(tenant, app), folder, app)
    spec = exported(tenant, app, full=True)
    check_round_trip(tenant, spec, folder, app)
    return spec


# --- schemas ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def default_schema():
    return tenant_with_schema(None).schema("Sample")


def tenant_with_changed_schema(schema, change):
    wanted = copy.deepcopy(schema)
    change(wanted)
    return tenant_with_schema(wanted)


def users(schema):
    return mapping(schema)


def test_export_accepts_two_schema_objects_with_one_name(default_schema, tmp_path):
    """A published schema has the same object twice in one directory."""
    tenant = tenant_with_changed_schema(
        default_schema,
        lambda raw: raw["directories"][0]["objects"].append(copy.deepcopy(raw["directories"][0]["objects"][0])),
    )
    assert check_both_exports(tenant, tmp_path, "Sample").omitted == []


def test_export_omits_and_reports_a_rule_that_cannot_be_edited(default_schema, tmp_path):
    tenant = tenant_with_changed_schema(
        default_schema, lambda raw: raw["synchronizationRules"][0].update(editable=False)
    )
    spec = check_both_exports(tenant, tmp_path, "Sample")
    assert [line for line in spec.omitted if "belongs to a rule that cannot be edited" in line]
    assert "mappings" not in spec.tree


@pytest.mark.parametrize("name", NAMES[:2])
def test_export_reports_mappings_without_a_source_or_in_a_rule_that_cannot_be_edited(name, tmp_path):
    spec = exported(tenant_with_schema(sample_schema(name)), "Sample", full=True)
    hidden = [line for line in spec.omitted if "(none) →" in line]
    assert any("has no source, or cannot be distinguished from another one" in line for line in hidden)
    assert any("belongs to a rule that cannot be edited" in line for line in hidden)


@pytest.mark.parametrize("name", NAMES)
def test_apply_of_an_exported_published_schema_writes_nothing(name, tmp_path):
    """Each mapping of the schema is in the spec, or is reported as omitted."""
    tenant = tenant_with_schema(sample_schema(name))
    before = tenant.schema("Sample")
    spec = exported(tenant, "Sample", full=True)
    planned = tenant.plan(load_exported(spec, tmp_path))
    tenant.forget()
    tenant.apply(planned)
    assert (tenant.writes, tenant.schema("Sample")) == ([], before)
    exported_or_omitted = len(spec.omitted) + sum(
        len(section.get("attributes", {})) for section in spec.tree.get("mappings", {}).values()
    )
    rows = sum(
        len(one.get("attributeMappings") or ())
        for rule in before.get("synchronizationRules") or ()
        for one in rule.get("objectMappings") or ()
        if one
    )
    assert exported_or_omitted > 0 or rows == 0


@pytest.mark.slow
def test_export_handles_a_schema_of_a_megabyte(default_schema, tmp_path):
    def grow(raw):
        for number in range(4000):
            attributes = target_object(raw)["attributes"]
            attributes.append({**attributes[2], "name": f"custom{number}"})

    tenant = tenant_with_changed_schema(default_schema, grow)
    assert len(json.dumps(tenant.schema("Sample"))) > 1_000_000
    spec = check_both_exports(tenant, tmp_path, "Sample")
    assert len(spec.tree["mappings"]["users"]["target_attributes"]) == 4000


def change_rows(change):
    return lambda raw: change(mapping(raw)["attributeMappings"])


def row_of(rows, target):
    return next(one for one in rows if one["targetAttributeName"] == target)


def set_fields(target, **fields):
    return change_rows(lambda rows: row_of(rows, target).update(fields))


def set_filters(*groups):
    return lambda raw: mapping(raw).update(scope={"groups": list(groups), "inputFilterGroups": []})


def clause(**more):
    return {"sourceOperandName": "city", "operatorName": "EQUALS", "targetOperand": {"values": ["x"]}, **more}


def add_attribute(raw, **fields):
    target_object(raw)["attributes"].append({"name": "odd", "type": "String", **fields})


NOT_EXPRESSIBLE = {
    "a source that is no expression": (set_fields("title", source={"type": "Function", "name": "", "parameters": 3}), "the mapping of users to title"),
    "a source whose text is too long to be read": (set_fields("title", source={"type": "Constant", "name": "x" * 20_000, "expression": None, "parameters": []}), "the mapping of users to title"),
    "a source without anything": (set_fields("title", source=None, defaultValue=None), "the mapping of users to title"),
    "a flow that nobody knows": (set_fields("title", flowType="Strange"), "the mapping of users to title"),
    "two matches of one number": (set_fields("title", matchingPriority=1), "the mapping of users to"),
    "an action that nobody knows": (lambda raw: mapping(raw).update(flowTypes="Add,Strange"), "actions that a spec cannot express"),
    "a filter without a name": (set_filters({"name": "", "clauses": [clause()]}), "a filter without a name"),
    "a filter without clauses": (set_filters({"name": "x", "clauses": []}), "filters that a spec cannot express"),
    "a filter of several values": (set_filters({"name": "x", "clauses": [clause(targetOperand={"values": ["a", "b"]})]}), "filters that a spec cannot express"),
    "a filter on nothing": (set_filters({"name": "x", "clauses": [clause(sourceOperandName=None)]}), "filters that a spec cannot express"),
    "an attribute of an unknown type": (lambda raw: add_attribute(raw, type="Secret"), "the target attribute odd"),
    "an attribute of an unknown mutability": (lambda raw: add_attribute(raw, mutability="Strange"), "the target attribute odd"),
}  # fmt: skip


@pytest.mark.nonconforming
@pytest.mark.parametrize("what", NOT_EXPRESSIBLE)
def test_export_reports_what_a_spec_cannot_express(default_schema, tmp_path, what):
    """The exported spec round-trips."""
    change, message = NOT_EXPRESSIBLE[what]
    assert any(
        message in line
        for line in check_both_exports(tenant_with_changed_schema(default_schema, change), tmp_path, "Sample").omitted
    )


def test_export_reports_a_target_that_is_mapped_twice_and_plan_rejects_it(default_schema, tmp_path):
    tenant = tenant_with_changed_schema(
        default_schema, change_rows(lambda rows: rows.append(copy.deepcopy(row_of(rows, "title"))))
    )
    spec = exported(tenant, "Sample", full=True)
    assert "a spec cannot express the mapping of users to title" in spec.omitted
    assert {problem.code for problem in tenant.plan(load_exported(spec, tmp_path)).errors} == {"K504"}


def test_export_writes_all_attributes_of_a_mapping_that_the_template_does_not_have(default_schema, tmp_path):
    tenant = tenant_with_changed_schema(
        default_schema, lambda raw: mapping(raw).update(targetObjectName="User", sourceObjectName="Worker")
    )
    spec = exported(tenant, "Sample")
    (own,) = [section for section in spec.tree["mappings"].values() if section.get("source") == "Worker"]
    assert own["attributes"]
    assert "target_attributes" not in own


def test_export_reports_an_inbound_rule_and_a_second_job(tmp_path):
    jobs = [{"template": "fieldbook"}, {"template": "fieldbookLegacy"}]
    tenant = Rehearsal({"applications": [{"displayName": "Fieldbook", "template": "Fieldbook", "jobs": jobs}]})
    spec = exported(tenant, "Fieldbook", full=True)
    assert [line for line in spec.omitted if line.startswith("the application has another job, fieldbookLegacy.")]
    assert spec.tree["job"] == {"template": "fieldbook"}
    assert (
        "the mapping (none) → Group in rule ROLE_INBOUND_APPROLE belongs to a rule that cannot be edited"
        in spec.omitted
    )
    check_round_trip(tenant, spec, tmp_path, "Fieldbook")


def test_export_rejects_two_jobs_of_one_template(tmp_path):
    with pytest.raises(DiagnosticsError) as caught:
        exported(writer_tenant(jobs=[*JOBS, *JOBS]))
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
    ("secrets", "connection", "omitted"),
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
        ({"Url": "http://10.0.0.1/", "UserName": "me"}, {"authentication": "other", "other": {"UserName": "me"}}, ["Url"]),
        ({"Url": "http://10.0.0.1/"}, None, ["Url"]),
        ({"BaseAddress": "http://localhost:1"}, {"authentication": "entra_token", "base_address": "http://localhost:1"}, []),
        ({"Oauth2AccessToken": "hush", "Oauth2RefreshToken": "hush"}, {"authentication": "portal"}, []),
        ({"AuthenticationType": "Basic"}, None, ["AuthenticationType"]),
        ({"AuthenticationType": "Basic", "SecretToken": "hush"}, {"secret_token": {"env": "EXPORTED_SCIM_TOKEN"}}, ["AuthenticationType"]),
        ({**OAUTH2, "Oauth2TokenExchangeUri": "http://x"}, None, ["Oauth2TokenExchangeUri", "Oauth2ClientId", "Oauth2ClientSecret"]),
        ({"Oauth2ClientId": "me", "SecretToken": "hush"}, {"authentication": "bearer", "secret_token": {"env": "EXPORTED_SCIM_TOKEN"}}, ["Oauth2ClientId"]),
    ],
)  # fmt: skip
def test_export_writes_the_connection_with_secret_references(tmp_path, secrets, connection, omitted):
    """Keys that a spec cannot express are reported."""
    spec = check_both_exports(writer_tenant(secrets=secrets), tmp_path)
    if connection is not None and "AuthenticationType" not in omitted and "oauth2" not in str(omitted).lower():
        connection = {"authentication": "entra_token", **connection}
    assert spec.tree.get("connection") == connection
    assert spec.omitted == [f"a spec cannot express {key} of the connection; it stays as it is" for key in omitted]
    assert "hush" not in write_spec(spec.tree)


def test_export_omits_authentication_for_an_oauth2_client_with_a_secret_token(tmp_path):
    """To write it would delete the secret token."""
    spec = check_both_exports(writer_tenant(secrets={**OAUTH2, "SecretToken": "hush"}), tmp_path)
    assert "authentication" not in spec.tree["connection"]
    assert spec.omitted == ["a spec cannot express SecretToken of the connection; it stays as it is"]


@pytest.mark.parametrize("mask", ["address", "settings", "all"])
def test_export_reports_masked_settings_and_writes_no_mask(tmp_path, mask):
    settings = {"SyncAll": "true", "SkipOutOfScopeDeletions": "True", "SyncNotificationSettings": '{"Enabled":true}'}
    tenant = writer_tenant(secrets={**ADDRESS, "SecretToken": TOKEN, "UserName": "me", **settings})
    tenant.switch(mask=mask)
    spec = check_both_exports(tenant, tmp_path)
    text = write_spec(spec.tree)
    assert "*" not in text
    assert spec.omitted


def test_export_writes_the_rotation_of_a_secret(tmp_path):
    """So the first apply sends no secret."""
    tenant = writer_tenant(secrets={**ADDRESS, "SecretToken": "hush"}, tags=["scimconf:SecretToken=2026-11", "mine"])
    spec = check_both_exports(tenant, tmp_path)
    assert spec.tree["connection"]["secret_token"] == {"env": "EXPORTED_SCIM_TOKEN", "rotation": "2026-11"}


@pytest.mark.parametrize(
    ("notifications", "expected", "omitted"),
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
def test_export_writes_notifications_and_the_deletion_threshold(tmp_path, notifications, expected, omitted):
    spec = check_both_exports(writer_tenant(secrets={"SyncNotificationSettings": json.dumps(notifications)}), tmp_path)
    assert {"enabled": False, **expected, "skip_out_of_scope_deletions": False} == spec.tree["provisioning"]
    assert [omitted in line for line in spec.omitted] == ([True] if omitted else [])


def test_export_prefixes_a_variable_if_the_spec_name_begins_with_a_digit():
    tenant = writer_tenant(secrets={**ADDRESS, "SecretToken": "hush"})
    spec = tenant.run(lambda live: export(live, {"display_name": "Writer"}, "0day", "", full=False))
    assert spec.tree["connection"]["secret_token"] == {"env": "APP_0DAY_SCIM_TOKEN"}
    assert "tenant" not in spec.tree


# --- roles and assignments -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "is_omitted"),
    [
        ({**ROLE, "description": None}, True),
        ({**ROLE, "value": "a b"}, True),
        ({**ROLE, "value": "tag:admin"}, False),
        ({**ROLE, "value": "x" * 130}, False),
        ({**ROLE, "allowedMemberTypes": []}, True),
        ({**ROLE, "allowedMemberTypes": ["User", "Strange"]}, True),
        ({**ROLE, "isEnabled": False, "allowedMemberTypes": ["Application", "User"]}, False),
    ],
)
def test_export_omits_and_reports_roles_that_a_spec_cannot_express(tmp_path, role, is_omitted):
    spec = check_both_exports(writer_tenant(roles=[role]), tmp_path)
    assert bool(spec.omitted) is is_omitted
    listed = [one.get("value") for one in spec.tree["app_roles"]["roles"]]
    assert (role["value"] in listed) is not is_omitted


def test_export_reports_two_roles_with_one_name_and_their_assignments(tmp_path):
    twice = [{**ROLE, "value": None, "id": f"00000000-0000-4000-8000-00000000000{number}"} for number in (1, 2)]
    assignments = [{"user": "ada@contoso.com", "role": twice[0]["id"]}]
    spec = check_both_exports(writer_tenant(roles=twice, assignments=assignments), tmp_path)
    assert spec.omitted == [
        "the application has several roles x",
        "the application has several roles x",
        "the assignment of Ada Lovelace (User) is not managed: a spec cannot name its role",
    ]


def test_export_distinguishes_a_role_name_from_the_value_of_another_role(tmp_path):
    named = [{**ROLE, "value": "User", "displayName": "other"}]
    assignments = [{"user": "ada@contoso.com", "role": "User"}, {"user": "grace@contoso.com", "role": "other"}]
    spec = check_both_exports(writer_tenant(roles=named, assignments=assignments), tmp_path)
    assert {one["user"]: one["role"] for one in spec.tree["assignments"]["users"]} == {
        "ada@contoso.com": "~User",
        "grace@contoso.com": "User",
    }


def test_export_writes_the_id_and_the_name_of_every_group(tmp_path):
    marketing = Rehearsal().request("GET", "/groups?$filter=displayName eq 'Marketing'")["value"]
    for ids in ([marketing[0]["id"]], [one["id"] for one in marketing]):
        assignments = [{"group": one, "role": "User"} for one in ids] + [{"group": "All staff", "role": "User"}]
        spec = check_both_exports(writer_tenant(assignments=assignments), tmp_path)
        groups = spec.tree["assignments"]["groups"]
        assert sorted(one["id"] for one in groups if one["name"] == "Marketing") == sorted(ids)
        assert (groups[0]["name"], set(groups[0])) == ("All staff", {"name", "id", "role"})


def test_export_reports_the_assignment_of_a_service_principal(tmp_path):
    tenant = Rehearsal(
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
        "principalId": tenant.principal("Robot")["id"],
        "resourceId": tenant.principal()["id"],
        "appRoleId": tenant.roles()["x"]["id"],
    }
    tenant.request("POST", f"/servicePrincipals/{body['resourceId']}/appRoleAssignedTo", body)
    assert check_both_exports(tenant, tmp_path).omitted == [
        "the assignment of Robot (ServicePrincipal) is not managed: a spec lists users and groups only"
    ]


def test_export_reports_an_assigned_group_that_is_no_longer_assignable(tmp_path):
    """A plan rejects a spec that lists it."""
    tenant = Rehearsal(
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
    tenant.request("PATCH", "/groups/10000000-0000-4000-8000-000000000001", {"securityEnabled": False})
    assert check_both_exports(tenant, tmp_path).omitted == [
        "the assignment of Mails (Group) is not managed: the group is not security-enabled"
    ]


def test_export_omits_the_roles_of_an_application_of_another_tenant(tmp_path):
    tenant = writer_tenant()
    application = tenant.state["applications"][0]["id"]
    tenant.service.tenant.documents.remove("application", application)
    spec = exported(tenant, full=True)
    assert "app_roles" not in spec.tree
    assert spec.omitted == ["the app registration is in another tenant, so its roles are not managed here"]


def test_export_writes_the_shortest_form_of_an_attribute_mapping(default_schema, tmp_path):
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

    spec = check_both_exports(tenant_with_changed_schema(default_schema, change_rows(change)), tmp_path, "Sample")
    for name, (_, _, written) in forms.items():
        assert spec.tree["mappings"]["users"]["attributes"][name] == written


# --- the application -------------------------------------------------------------------------------------------------


def test_export_writes_saml_and_comments_the_app_id_with_the_name(tmp_path):
    spec = exported(writer_tenant(preferredSingleSignOnMode="saml"))
    assert spec.tree["application"]["single_sign_on"] == "saml"
    assert spec.comments["application", "app_id"] == "Writer"


def test_export_identifies_an_application_without_a_template_by_its_app_id(tmp_path):
    tenant = Rehearsal({"applications": [{"displayName": "Plain", "template": None}]})
    spec = exported(tenant, "Plain", full=True)
    assert list(spec.tree["application"]) == ["app_id", "assignment_required"]
    assert "mappings" not in spec.tree


def test_export_comments_mappings_that_differ_from_the_template(default_schema, tmp_path):
    """A mapping that only the template has becomes `absent`."""

    def change(rows):
        row_of(rows, "userName")["source"]["name"] = "mail"
        row_of(rows, "userName")["source"]["expression"] = "[mail]"
        rows.append({**row_of(rows, "title"), "targetAttributeName": "nickName"})
        rows.remove(row_of(rows, "title"))

    spec = exported(tenant_with_changed_schema(default_schema, change_rows(change)), "Sample")
    path = ("mappings", "users", "attributes")
    assert spec.comments[*path, "userName"] == "the template has [userPrincipalName], match 1"
    assert spec.comments[*path, "nickName"] == "the template has none"
    assert spec.tree["mappings"]["users"]["attributes"]["title"] == {"absent": True}


def test_exported_spec_users_contains_the_users_of_the_csv_file():
    generate = {"users": 60, "assign": {"application": "Writer", "role": "User"}}
    tenant = Rehearsal(
        {"applications": [{"displayName": "Writer", "template": "custom", "jobs": JOBS}], "generate": generate}
    )
    spec = exported(tenant)
    assert len(spec.csv_users) == len(spec.users()) == 60
    assert "users" not in spec.tree["assignments"]


def test_ignore_lint_errors_adds_a_comment_to_a_mapping_that_lint_rejects(tmp_path):
    """The live application already has the mapping; L402 rejects it."""
    tree = {
        "version": 1,
        "name": "writer",
        "application": {"display_name": "Writer"},
        "provisioning": {"enabled": False, "scope": "all"},
        "mappings": {"users": {"attributes": {"userType": {"expression": ROLE_EXPRESSION}, "title": "jobTitle"}}},
    }
    row = ("mappings", "users", "attributes", "userType")
    spec = ExportedSpec(tree, {row: "the template has none"})
    ignore_lint_errors(spec, "user,role\n")
    assert spec.comments == {row: "scimconf: ignore L402 the live application has it; the template has none"}
    ignore_lint_errors(spec, "user,role\n")
    assert len(spec.comments) == 1
    path = tmp_path / "spec.yaml"
    path.write_text(write_spec(tree, CommentNotes(beside=spec.comments)), "utf-8")
    reloaded = load(str(path), lambda name: Path(name).read_bytes(), {}, {}, lambda _: True)
    assert [problem.code for problem in lint(reloaded) if problem.is_error] == []


def test_ignore_lint_errors_comments_on_a_live_mapping_to_id(default_schema, tmp_path):
    """L515 is a warning without a tenant, and an error in a plan of a custom application."""
    source = {"type": "Attribute", "name": "objectId", "expression": "[objectId]", "parameters": []}
    tenant = tenant_with_changed_schema(
        default_schema,
        lambda raw: mapping(raw)["attributeMappings"].append(
            {**mapping(raw)["attributeMappings"][0], "targetAttributeName": "id", "source": source}
        ),
    )
    spec = exported(tenant, "Sample")
    ignore_lint_errors(spec, "")
    path = tmp_path / "spec.yaml"
    for comments, expected in ({}, ["L515"]), (spec.comments, []):
        path.write_text(write_spec(spec.tree, CommentNotes(beside=comments)), "utf-8")
        loaded = load(str(path), lambda name: Path(name).read_bytes(), {}, {}, lambda _: True)
        planned = tenant.plan(loaded)
        assert ([problem.code for problem in planned.errors], changes(planned)) == (expected, [])


def test_ignore_lint_errors_adds_one_comment_for_each_clause_or_mapping(tmp_path):
    """A mapping that two rules reject gets one comment with both rules."""
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
    spec = ExportedSpec(tree, {})
    ignore_lint_errors(spec, "user,role\n")
    clauses = ("mappings", "users", "filters", 0, "all")
    assert spec.comments == {
        ("mappings", "users", "attributes", "userType"): "scimconf: ignore L104, L402 the live application has it",
        (*clauses, 0): "scimconf: ignore L601 the live application has it",
        (*clauses, 2): "scimconf: ignore L601 the live application has it",
    }
    path = tmp_path / "spec.yaml"
    path.write_text(write_spec(tree, CommentNotes(beside=spec.comments)), "utf-8")
    reloaded = load(str(path), lambda name: Path(name).read_bytes(), {}, {}, lambda _: True)
    assert [problem.code for problem in lint(reloaded) if problem.is_error] == []


ROLE_EXPRESSION = "SingleAppRoleAssignment([appRoleAssignments])"


# --- text that a spec would read as a reference ----------------------------------------------------------------------


def test_without_references_removes_the_whole_item_that_contains_a_reference():
    """An item is a mapping, a list of filters, a principal or a setting."""
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
    spec = ExportedSpec(tree, comments={("mappings", "users", "attributes", "title"): "x", ("connection",): "y"})
    without_references(spec)
    assert spec.tree == {
        "version": 1,
        "connection": {"authentication": "bearer"},
        "provisioning": {"enabled": True},
        "mappings": {"users": {"attributes": {"name": fine}}},
        "assignments": {"unlisted": "keep", "groups": [{"name": fine}]},
    }
    assert spec.comments == {("connection",): "y"}
    assert len(spec.omitted) == 9
    assert spec.omitted[-1] == f"assignments.groups: a spec would read {odd} as a reference"


@pytest.mark.nonconforming
def test_export_omits_a_target_attribute_of_an_unknown_type(default_schema):
    tenant = tenant_with_changed_schema(
        default_schema, lambda raw: target_object(raw)["attributes"][0].update(type="Secret")
    )
    spec = tenant.run(
        lambda live: export(live, {"display_name": "Sample"}, "exported", "contoso.com", full=True, defined=True)
    )
    name = target_object(tenant.schema("Sample"))["attributes"][0]["name"]
    definitions = [names for mapping in spec.tree["mappings"].values() for names in mapping["target_attributes"]]
    assert definitions
    assert name not in spec.tree["mappings"]["users"]["target_attributes"]


@pytest.mark.parametrize(("number", "is_file"), [(49, False), (50, False), (51, True)])
def test_export_writes_more_than_50_users_to_csv_users(number, is_file):
    names = [f"user{index:02}@contoso.com" for index in range(number)]
    tenant = Rehearsal(
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
    spec = exported(tenant)
    assert spec.csv_users == ([(name, "x") for name in names] if is_file else [])
    assert [entry["user"] for entry in spec.tree["assignments"].get("users", [])] == ([] if is_file else names)
