"""The diagnostics of the kinds, word for word."""

from __future__ import annotations

from typing import Any

import pytest

from scimconf.documents.application import CUSTOM_TEMPLATE
from scimconf.documents.assignments import AssignmentSet
from scimconf.kinds import KINDS
from scimconf.snapshot import Snapshot
from scimconf.workflow.checks import check
from tests.golden_files import golden_json
from tests.kinds.cases import HERE, line, make_plan, spec_of

SP = "5b000000-0000-4000-8000-000000000001"
APP = "a0000000-0000-4000-8000-000000000001"
USER, ADMIN = "20000000-0000-4000-8000-00000000000a", "20000000-0000-4000-8000-00000000000b"
ADA, BOB = "10000000-0000-4000-8000-0000000000a1", "10000000-0000-4000-8000-0000000000a2"
ROWS = "synchronizationRules/0/objectMappings/0/attributeMappings"
CUSTOM = "application: {display_name: Writer, create: {from_template: %s}}"
SIMILAR = [
    {"id": name, "appId": f"{number}{APP[1:]}", "displayName": name}
    for number, name in enumerate(
        ["Slack", "SLACK SSO", "slack-2", "Slack (old)", "Slack 3", "Slack 4", "Slack 5", "Slido"]
    )
]
NO_APPLICATION = {"service_principals": [], "applications": []}
ASSIGNED = "assignments: {unlisted: keep, %s}"
MESSAGES = HERE / "base" / "expected" / "messages.json"


def diagnostics(text: str, **more: Any) -> list[str]:
    compared = make_plan(text, **more)
    missing = [principal.diagnostic for principal in compared.plan.missing]
    return [line(diagnostic) for diagnostic in (*compared.errors, *compared.plan.warnings, *missing)]


def one_role(**more: Any) -> dict[str, Any]:
    return {"id": "30000000-0000-4000-8000-00000000000d", "displayName": "d", "isEnabled": True, **more}


def row(target: str, match: int = 0) -> dict[str, Any]:
    source = {"type": "Attribute", "name": "mail", "parameters": []}
    return {"targetAttributeName": target, "source": source, "matchingPriority": match}


def inbound(**more: Any) -> dict[str, Any]:
    mapping = {"sourceObjectName": "Profile", "targetObjectName": "AppRole", "attributeMappings": None, **more}
    return {"name": "PROFILE_INBOUND", "editable": False, "sourceDirectoryName": "x", "objectMappings": [mapping]}


def assignment_row(principal: str, role: str, kind: str = "User") -> dict[str, Any]:
    return {"id": "r", "principalId": principal, "principalType": kind, "principalDisplayName": "x", "appRoleId": role}


TABLE: dict[str, tuple[str, dict[str, Any]]] = {
    # --- the plan as a whole ---
    "an expired permit": (
        "guard_exemptions: [{guard: initial-start, until: 2026-11-24, reason: CHG-1}]",
        {},
    ),
    "something that comes along": (
        "app_roles: {roles: [{value: reader}]}\nassignments: {unlisted: keep, users: [{user: ada@contoso.com, role: reader}]}",
        {"options": {"only": ["assignment/*"]}},
    ),
    # --- a custom application that does not exist yet ---
    "a new application with a second match": (
        f"{CUSTOM % 'custom'}\nmappings: {{users: {{attributes: {{externalId: {{source: objectId, match: 1}}}}}}}}",
        NO_APPLICATION,
    ),
    "a new application without a match": (
        f"{CUSTOM % 'custom'}\nmappings: {{groups: {{attributes: {{displayName: displayName}}}}}}",
        NO_APPLICATION,
    ),
    "a new application whose match moves": (
        f"{CUSTOM % 'custom'}\nmappings: {{users: {{attributes: {{externalId: {{source: objectId, match: 1}}, userName: {{source: mail, match: 2}}}}}}}}",
        NO_APPLICATION,
    ),
    "a new application with a mapping of devices": (
        f"{CUSTOM % 'custom'}\nmappings: {{devices: {{source: Device, target: Device}}, people: {{source: User, target: Person}}}}",
        NO_APPLICATION,
    ),
    "a new application of another template": (
        f"{CUSTOM % 'custom'}\njob: {{template: scimm}}",
        NO_APPLICATION,
    ),
    "a new gallery application with a second match": (
        f"{CUSTOM % 'Slack'}\njob: {{template: slack}}\nmappings: {{users: {{attributes: {{externalId: {{source: objectId, match: 1}}}}}}}}",
        NO_APPLICATION,
    ),
    # --- application ---
    "the application is refused": (
        "",
        {"refused": ["service_principals"]},
    ),
    "two applications of one name": (
        "",
        {"service_principals": [{"id": SP, "appId": APP}, {"id": "other", "appId": "another"}]},
    ),
    "no application": (
        "",
        {"service_principals": []},
    ),
    "no application of single sign-on": (
        "application: {display_name: Writer, single_sign_on: saml}",
        {"service_principals": []},
    ),
    "no application, and one of a similar name": (
        "application: {display_name: Slak}",
        {
            **NO_APPLICATION,
            "similar_applications": SIMILAR[:1] + SIMILAR[-1:],
        },
    ),
    "no application, and several of similar names": (
        "application: {display_name: Slack}",
        {**NO_APPLICATION, "similar_applications": SIMILAR},
    ),
    "a new application, and several of similar names": (
        "application: {display_name: Slack, create: {from_template: custom}}",
        {**NO_APPLICATION, "similar_applications": SIMILAR},
    ),
    "a new application of a similar name": (
        "application: {display_name: Slak, create: {from_template: custom}}",
        {**NO_APPLICATION, "similar_applications": SIMILAR[:1]},
    ),
    "the gallery is refused": (
        CUSTOM % "Writer Gallery",
        {**NO_APPLICATION, "refused": ["application_templates"]},
    ),
    "no template of that name": (
        CUSTOM % "Writer Gallery",
        {**NO_APPLICATION, "application_templates": []},
    ),
    "two templates of that name": (
        CUSTOM % "Writer Gallery",
        {**NO_APPLICATION, "application_templates": [{"id": "t1"}, {"id": "t2"}]},
    ),
    "no single sign-on": (
        "application: {display_name: Writer, single_sign_on: saml}",
        {"service_principals+": {"0/preferredSingleSignOnMode": None}},
    ),
    "another single sign-on": (
        "application: {display_name: Writer, single_sign_on: saml}",
        {"service_principals+": {"0/preferredSingleSignOnMode": "oidc"}},
    ),
    # --- job ---
    "jobs are refused": (
        "",
        {"refused": ["jobs"]},
    ),
    "templates are refused and there is no job": (
        "",
        {"refused": ["templates"], "jobs": []},
    ),
    "two jobs of one template": (
        "job: {template: scim}",
        {"jobs": [{"id": "scim.1", "templateId": "scim"}, {"id": "scim.2", "templateId": "SCIM"}]},
    ),
    "two templates and no default": (
        "",
        {"jobs": [], "templates": [{"id": "scim"}, {"id": "customappsso"}]},
    ),
    "no template": (
        "",
        {"jobs": [], "templates": []},
    ),
    "a template that is not offered": (
        "job: {template: skim}",
        {"jobs": []},
    ),
    # --- schedule ---
    "quarantine without a reason, while provisioning is to be off": (
        "provisioning: {enabled: false}",
        {"jobs+": {"0/status": {"code": "Quarantine"}}},
    ),
    # --- connection and settings ---
    "secrets are refused": (
        "connection: {base_address: https://app.writer.com}",
        {"refused": ["secrets"]},
    ),
    "secrets are refused and only settings are written": (
        "provisioning: {enabled: true, scope: all}",
        {"refused": ["secrets"]},
    ),
    "Entra's token with nowhere to go": (
        "connection: {authentication: entra_token}",
        {"secrets": []},
    ),
    "a new custom application without an address": (
        f"connection: {{authentication: bearer, secret_token: {{env: TOKEN}}}}\n{CUSTOM % 'custom'}",
        NO_APPLICATION,
    ),
    "a new gallery application without an address": (
        f"connection: {{authentication: bearer, secret_token: {{env: TOKEN}}}}\n{CUSTOM % 'Writer'}",
        NO_APPLICATION,
    ),
    "a custom application without an address": (
        "connection: {other: {UserName: ada@contoso.com}}",
        {"secrets": [], "service_principals+": {"0/applicationTemplateId": CUSTOM_TEMPLATE}},
    ),
    "a custom application whose stored connection has no address": (
        "connection: {authentication: bearer, secret_token: {env: TOKEN}}",
        {
            "secrets": [{"key": "SecretToken", "value": "*"}],
            "service_principals+": {"0/applicationTemplateId": CUSTOM_TEMPLATE},
        },
    ),
    "a gallery application without an address": (
        "connection: {other: {UserName: ada@contoso.com}}",
        {"secrets": [], "service_principals+": {"0/applicationTemplateId": "x"}},
    ),
    "a custom application without an address, whose settings only are written": (
        "connection: {on_unreadable_secret: send_changed_keys}",
        {"secrets": [], "service_principals+": {"0/applicationTemplateId": CUSTOM_TEMPLATE}},
    ),
    "an address and an authentication that are masked": (
        "connection: {authentication: entra_token, base_address: https://app.writer.com}",
        {"secrets": [{"key": "BaseAddress", "value": "*"}, {"key": "AuthenticationType", "value": "*"}]},
    ),
    # --- attribute mappings ---
    "not an expression": (
        "mappings: {users: {attributes: {title: {expression: 'Join('}}}}",
        {},
    ),
    "not an expression of the role": (
        "role_attribute: {target: title, expression: 'x y'}",
        {},
    ),
    "an unknown target": (
        "mappings: {users: {attributes: {titel: jobTitle, costCenter: jobTitle, gone: {absent: true}}}}",
        {},
    ),
    "an unknown source": (
        "mappings: {users: {attributes: {title: {expression: 'Join(\" \", [givenname], [extension_x])'}}}}",
        {},
    ),
    "a target that is mapped twice": (
        "mappings: {users: {enabled: true}}",
        {"schema+": {f"{ROWS}/+": row("title")}},
    ),
    "a match number that is taken": (
        "mappings: {users: {attributes: {externalId: {source: objectId, match: 1}}}}",
        {},
    ),
    "nothing to match by": (
        "mappings: {users: {attributes: {userName: userPrincipalName}}}",
        {},
    ),
    "nothing left at all": (
        "mappings: {users: {unlisted: delete}}",
        {},
    ),
    # --- object mappings ---
    "the schema is refused": (
        "mappings: {users: {enabled: true}}",
        {"refused": ["schema"]},
    ),
    "no mapping of groups": (
        "mappings: {groups: {enabled: true}}",
        {"schema+": {"synchronizationRules/0/objectMappings/1/sourceObjectName": "Device"}},
    ),
    "groups are off, and there is no mapping of groups": (
        "mappings: {groups: {enabled: false}}",
        {"schema+": {"synchronizationRules/0/objectMappings/1/sourceObjectName": "Device"}},
    ),
    "no mapping of a name of one's own": (
        "mappings: {devices: {source: Printer, target: Printer, enabled: false}}",
        {},
    ),
    "two mappings of users": (
        "mappings: {users: {enabled: true}}",
        {
            "schema+": {
                "synchronizationRules/0/name": None,
                "synchronizationRules/0/objectMappings/1/sourceObjectName": "USER",
            }
        },
    ),
    "a schema without rules": (
        "mappings: {users: {enabled: true}}",
        {"schema": {"directories": None, "synchronizationRules": None}},
    ),
    "filters of other sorts": (
        "mappings: {users: {enabled: true}}",
        {
            "schema+": {
                "synchronizationRules/0/groupFilter": {"includedGroups": ["g"]},
                "synchronizationRules/0/objectMappings/0/scope": {"categoryFilterGroups": [{}], "groups": None},
            }
        },
    ),
    "a filter on an unknown attribute": (
        "mappings: {users: {filters: [{name: x, all: [{attribute: departement, operator: is_null}]}]}}",
        {},
    ),
    # --- roles ---
    "the roles of a foreign application": (
        "app_roles: {roles: [{value: admin}]}",
        {"applications": []},
    ),
    "roles that an inbound rule writes": (
        "app_roles: {unlisted: delete}",
        {"schema+": {"synchronizationRules/+": inbound()}},
    ),
    "one role that an inbound rule writes": (
        "app_roles: {roles: [{value: admin, absent: true}]}",
        {"jobs": [], "template_schema": {"synchronizationRules": [inbound()]}},
    ),
    "several roles of one name": (
        "app_roles: {roles: [{value: admin, description: Administers}, {display_name: User}]}",
        {"applications+": {"0/appRoles/+": one_role(displayName="User", value="")}},
    ),
    "roles whose holders are not shown": (
        "app_roles: {unlisted: delete}",
        {"refused": ["assignments"]},
    ),
    "roles whose writers are not shown": (
        "app_roles: {roles: [{value: admin, absent: true}]}",
        {"refused": ["schema"]},
    ),
    # --- assignments ---
    "assignments are refused": (
        ASSIGNED % "users: []",
        {"refused": ["assignments"]},
    ),
    "a user who is a group, and the other way round": (
        ASSIGNED % f"users: [{{user: {ADA[:-2]}b1, role: admin}}], groups: [{{id: {ADA}, role: admin}}]",
        {},
    ),
    "a user who is listed by name and by id": (
        ASSIGNED % f"users: [{{user: ada@contoso.com, role: admin}}, {{user: {ADA.upper()}, role: member}}]",
        {},
    ),
    "a group that cannot be assigned": (
        ASSIGNED % "groups: [{name: Mail only, role: admin}]",
        {},
    ),
    "roles that are not there": (
        ASSIGNED % "users: [{user: ada@contoso.com, roles: [admn, reader, ~user]}]",
        {},
    ),
    "a role that a gallery application may import": (
        ASSIGNED % "users: [{user: ada@contoso.com, role: reader}]",
        {"service_principals+": {"0/applicationTemplateId": "x"}},
    ),
    "a new role beside imported ones": (
        "mappings: {users: {enabled: true}}\napp_roles: {roles: [{value: reader}, {value: admin, display_name: admin}, {value: old, absent: true}]}",
        {"schema+": {"synchronizationRules/+": inbound()}},
    ),
    "a role that a new gallery application may import": (
        f"{CUSTOM % 'Writer'}\n{ASSIGNED % 'users: [{user: ada@contoso.com, role: reader}]'}",
        NO_APPLICATION,
    ),
    "the roles of the custom template, and one that it does not have": (
        (
            f"{CUSTOM % 'custom'}\nconnection: {{base_address: https://w.example.com}}\n"
            f"{ASSIGNED % 'users: [{user: ada@contoso.com, roles: [User, ~msiam_access, reader]}]'}"
        ),
        NO_APPLICATION,
    ),
    "a role of the custom template that is deleted": (
        (
            f"{CUSTOM % CUSTOM_TEMPLATE}\napp_roles: {{roles: [{{display_name: User, absent: true}}]}}\n"
            f"{ASSIGNED % 'users: [{user: ada@contoso.com, role: User}]'}"
        ),
        NO_APPLICATION,
    ),
    "a role of an application that does not exist": (
        ASSIGNED % "users: [{user: ada@contoso.com, role: reader}]",
        NO_APPLICATION,
    ),
    "a role that the application imports": (
        f"mappings: {{users: {{enabled: true}}}}\n{ASSIGNED % 'users: [{user: ada@contoso.com, role: reader}]'}",
        {"schema+": {"synchronizationRules/+": inbound()}},
    ),
    "a role that goes because it is not listed": (
        f"app_roles: {{unlisted: delete, roles: [{{value: member}}]}}\n{ASSIGNED % 'users: [{user: ada@contoso.com, roles: [admin, User]}]'}",
        {},
    ),
    "a role that is absent": (
        "app_roles: {roles: [{value: admin, absent: true}]}\nassignments: {unlisted: keep, users_from: [people.csv]}",
        {"files": {"people.csv": "user,role\nada@contoso.com,admin\n"}},
    ),
    "roles that are disabled": (
        (
            f"app_roles: {{roles: [{{value: member, enabled: false}}, {{value: new, enabled: false}}]}}\n"
            f"{ASSIGNED % 'users: [{user: ada@contoso.com, roles: [admin, member, new]}]'}"
        ),
        {"applications+": {"0/appRoles/1/isEnabled": False}, "assignments": [assignment_row(BOB, ADMIN)]},
    ),
    "a name that two groups have": (
        ASSIGNED % "groups: [{name: twins, absent: true}]",
        {},
    ),
    "nobody of that name": (
        ASSIGNED
        % f"users: [{{user: adaa@contoso.com, role: admin}}, {{user: {USER}, role: admin}}], groups: [{{name: No, role: admin}}]",
        {"assignments": [assignment_row(ADA, ADMIN)]},
    ),
}


def test_diagnostics_of_kinds_word_for_word():
    """The diagnostics of each plan of the table are exactly those of the golden file."""
    actual = {name: diagnostics(text, **more) for name, (text, more) in TABLE.items()}
    assert golden_json(MESSAGES, actual) == actual


def test_check_reports_k809_for_a_group_that_was_not_looked_up():
    """A lookup that did not happen is not the same as a name that does not exist."""
    spec = spec_of(ASSIGNED % "groups: [{name: No, role: admin}]")
    bare = Snapshot({"service_principals": [], "assignments": AssignmentSet()})
    expected = 'error K809 assignments.groups[0]: group "No" could not be looked up. See the denied reads above.'
    assert expected in [line(problem) for problem in check(KINDS, spec, bare)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mappings: {users: {attributes: {title: {expression: ']'}}}}", ["K501"]),
        ("connection: {authentication: entra_token}\napp_roles: {unlisted: delete}\nassignments: {unlisted: keep}", []),
    ],
)
def test_check_without_a_tenant_reports_only_errors_of_the_spec(text, expected):
    assert [problem.code for problem in check(KINDS, spec_of(text), None)] == expected


@pytest.mark.parametrize("text", [text for text, more in TABLE.values() if "files" not in more])
def test_check_reports_every_diagnostic_once(text):
    """The snapshot is empty; check() must not raise."""
    found = check(KINDS, spec_of(text), Snapshot())
    assert len(found) == len(set(found))
