"""Every complaint of the kinds, word for word: what a person reads when something about a spec and its tenant is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from scimconf.kinds import KINDS
from scimconf.snapshot import Snapshot
from scimconf.workflow.compilation import check
from tests.kinds.cases import line, planned, spec_of

SP = "5b000000-0000-4000-8000-000000000001"
APP = "a0000000-0000-4000-8000-000000000001"
USER, ADMIN = "20000000-0000-4000-8000-00000000000a", "20000000-0000-4000-8000-00000000000b"
ADA, BOB = "10000000-0000-4000-8000-0000000000a1", "10000000-0000-4000-8000-0000000000a2"
ROWS = "synchronizationRules/0/objectMappings/0/attributeMappings"
CUSTOM = "application: {display_name: Writer, create: {from_template: %s}}"
NOBODY = {"service_principals": [], "applications": []}
ASSIGNED = "assignments: {unlisted: keep, %s}"


def said(text: str, **more: Any) -> list[str]:
    found = planned(text, **more)
    return [line(problem) for problem in (*found.errors, *found.plan.warnings)]


def one_role(**more: Any) -> dict[str, Any]:
    return {"id": "30000000-0000-4000-8000-00000000000d", "displayName": "d", "isEnabled": True, **more}


def row(target: str, match: int = 0) -> dict[str, Any]:
    source = {"type": "Attribute", "name": "mail", "parameters": []}
    return {"targetAttributeName": target, "source": source, "matchingPriority": match}


def inbound(**more: Any) -> dict[str, Any]:
    mapping = {"sourceObjectName": "Profile", "targetObjectName": "AppRole", "attributeMappings": None, **more}
    return {"name": "PROFILE_INBOUND", "editable": False, "sourceDirectoryName": "x", "objectMappings": [mapping]}


def held(principal: str, role: str, kind: str = "User") -> dict[str, Any]:
    return {"id": "r", "principalId": principal, "principalType": kind, "principalDisplayName": "x", "appRoleId": role}


TABLE: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    # --- the plan as a whole ---
    "an expired permit": (
        "guard_exemptions: [{guard: initial-start, until: 2026-11-24, reason: CHG-1}]",
        {},
        [
            (
                "error K003 guard_exemptions[0]: the permit for initial-start was over on 2026-11-24. "
                "Take it out, or give it a new day and reason."
            )
        ],
    ),
    "something that comes along": (
        "app_roles: {roles: [{value: reader}]}\nassignments: {unlisted: keep, users: [{user: ada@contoso.com, role: reader}]}",
        {"options": {"only": ["assignment/*"]}},
        ["warning K002 writer:app_role/reader comes along, since something that was asked for needs it."],
    ),
    # --- application ---
    "the application is refused": (
        "",
        {"refused": ["service_principals"]},
        [
            (
                "error K101 application: Graph refused to show /servicePrincipals (403 Authorization_RequestDenied). "
                "The identity needs Application.Read.All."
            )
        ],
    ),
    "two applications of one name": (
        "",
        {"service_principals": [{"id": SP, "appId": APP}, {"id": "other", "appId": "another"}]},
        [
            (
                f'error K102 application.display_name: 2 applications are called "Writer": app_id {APP} (object id {SP}), '
                "app_id another (object id other). Write app_id or object_id instead of display_name."
            )
        ],
    ),
    "no application": (
        "",
        {"service_principals": []},
        [
            (
                "error K103 application.display_name: there is no application with display_name Writer. "
                "Write `create: {from_template: custom}` to have it made."
            )
        ],
    ),
    "the gallery is refused": (
        CUSTOM % "Writer Gallery",
        {**NOBODY, "refused": ["application_templates"]},
        [
            (
                "error K101 application.create.from_template: Graph refused to show /applicationTemplates "
                "(403 Authorization_RequestDenied). The identity needs Application.Read.All."
            )
        ],
    ),
    "no template of that name": (
        CUSTOM % "Writer Gallery",
        {**NOBODY, "application_templates": []},
        [
            (
                "error K104 application.create.from_template: the gallery has no application of this name. "
                "Write the template's id, or `custom`."
            )
        ],
    ),
    "two templates of that name": (
        CUSTOM % "Writer Gallery",
        {**NOBODY, "application_templates": [{"id": "t1"}, {"id": "t2"}]},
        [
            (
                "error K104 application.create.from_template: several templates have this name: t1, t2. "
                "Write the template's id, or `custom`."
            )
        ],
    ),
    "no single sign-on": (
        "application: {display_name: Writer, single_sign_on: saml}",
        {"service_principals+": {"0/preferredSingleSignOnMode": None}},
        [
            (
                "warning K105 application.single_sign_on: SAML single sign-on is not set up (it is not chosen). "
                "Set it up in the portal; scimconf never changes it."
            )
        ],
    ),
    "another single sign-on": (
        "application: {display_name: Writer, single_sign_on: saml}",
        {"service_principals+": {"0/preferredSingleSignOnMode": "oidc"}},
        [
            (
                "warning K105 application.single_sign_on: SAML single sign-on is not set up (it is oidc). "
                "Set it up in the portal; scimconf never changes it."
            )
        ],
    ),
    # --- job ---
    "jobs are refused": (
        "",
        {"refused": ["jobs"]},
        [
            (
                "error K201 job: Graph refused to show /servicePrincipals/{service_principal}/synchronization/jobs "
                "(403 Authorization_RequestDenied). The identity needs Synchronization.Read.All."
            )
        ],
    ),
    "templates are refused and there is no job": (
        "",
        {"refused": ["templates"], "jobs": []},
        [
            (
                "error K201 job: Graph refused to show /servicePrincipals/{service_principal}/synchronization/templates "
                "(403 Authorization_RequestDenied). The identity needs Synchronization.Read.All."
            )
        ],
    ),
    "two jobs of one template": (
        "job: {template: scim}",
        {"jobs": [{"id": "scim.1", "templateId": "scim"}, {"id": "scim.2", "templateId": "SCIM"}]},
        ["error K202 job: several jobs were made from one template: scim.1, scim.2. Delete all but one."],
    ),
    "two templates and no default": (
        "",
        {"jobs": [], "templates": [{"id": "scim"}, {"id": "customappsso"}]},
        [
            (
                "error K203 job: the application offers several templates and none is its default: scim, customappsso. "
                "Write `job: {template: …}`."
            )
        ],
    ),
    "no template": (
        "",
        {"jobs": [], "templates": []},
        [
            (
                "error K204 application: the application offers no provisioning template. "
                "A plain app registration cannot be provisioned: make it from an application template."
            )
        ],
    ),
    "a template that is not offered": (
        "job: {template: skim}",
        {"jobs": []},
        [
            'error K205 job.template: the application offers no template "skim"; it offers scim. Did you mean "scim"?',
        ],
    ),
    # --- schedule ---
    "quarantine without a reason, while provisioning is to be off": (
        "provisioning: {enabled: false}",
        {"jobs+": {"0/status": {"code": "Quarantine"}}},
        [
            (
                "warning K301 provisioning: the job is in quarantine: Unknown. "
                "Cycles are slowed to one a day until the cause is mended."
            )
        ],
    ),
    # --- connection and settings ---
    "secrets are refused": (
        "connection: {base_address: https://app.writer.com}",
        {"refused": ["secrets"]},
        [
            (
                "error K401 connection: Graph refused to show /servicePrincipals/{service_principal}/synchronization/secrets "
                "(403 Authorization_RequestDenied). The identity needs Synchronization.ReadWrite.All."
            )
        ],
    ),
    "secrets are refused and only settings are written": (
        "provisioning: {enabled: true, scope: all}",
        {"refused": ["secrets"]},
        [
            (
                "error K401 connection: Graph refused to show /servicePrincipals/{service_principal}/synchronization/secrets "
                "(403 Authorization_RequestDenied). The identity needs Synchronization.ReadWrite.All."
            )
        ],
    ),
    "Entra's token with nowhere to go": (
        "connection: {authentication: entra_token}",
        {"secrets": []},
        [
            (
                "error K405 connection: the application has no address yet, and Entra's own token needs one to go to. "
                "Write `base_address:`."
            )
        ],
    ),
    "an address and an authentication that are masked": (
        "connection: {authentication: entra_token, base_address: https://app.writer.com}",
        {"secrets": [{"key": "BaseAddress", "value": "*"}, {"key": "AuthenticationType", "value": "*"}]},
        [
            (
                "warning K404 connection.authentication: AuthenticationType is stored and reads back masked, "
                "so it is not compared."
            ),
            "warning K404 connection.base_address: BaseAddress is stored and reads back masked, so it is not compared.",
        ],
    ),
    # --- attribute mappings ---
    "not an expression": (
        "mappings: {users: {attributes: {title: {expression: 'Join('}}}}",
        {},
        [
            (
                "error K501 mappings.users.attributes.title.expression: not an expression: "
                "the parenthesis of Join is not closed (at character 5). Close it with )."
            )
        ],
    ),
    "not an expression of the role": (
        "role_attribute: {target: title, expression: 'x y'}",
        {},
        [
            (
                "error K501 role_attribute.expression: not an expression: "
                'unquoted word `x` (at character 1). Write [x] for the attribute, or "x" for the string.'
            )
        ],
    ),
    "an unknown target": (
        "mappings: {users: {attributes: {titel: jobTitle, costCenter: jobTitle, gone: {absent: true}}}}",
        {},
        [
            'error K502 mappings.users.attributes.titel: "titel" is not an attribute of the target. Did you mean "title"?',
            (
                'error K502 mappings.users.attributes.costCenter: "costCenter" is not an attribute of the target. '
                "Declare it under mappings.users.target_attributes."
            ),
        ],
    ),
    "an unknown source": (
        "mappings: {users: {attributes: {title: {expression: 'Join(\" \", [givenname], [extension_x])'}}}}",
        {},
        [
            (
                'error K503 mappings.users.attributes.title.expression: "givenname" is not an attribute of the source. '
                "Names are case-sensitive: write givenName."
            ),
            (
                'error K503 mappings.users.attributes.title.expression: "extension_x" is not an attribute of the source. '
                "Declare it under mappings.users.source_attributes."
            ),
        ],
    ),
    "a target that is mapped twice": (
        "mappings: {users: {enabled: true}}",
        {"schema+": {f"{ROWS}/+": row("title")}},
        [
            (
                'error K504 mappings.users: the live schema maps "title" 2 times, and which one counts is not defined. '
                "Delete all but one in the portal."
            )
        ],
    ),
    "a match number that is taken": (
        "mappings: {users: {attributes: {externalId: {source: objectId, match: 1}}}}",
        {},
        [
            "error K505 mappings.users.attributes: match 1 would be used by externalId, userName. Number them 1, 2, …",
        ],
    ),
    "nothing to match by": (
        "mappings: {users: {attributes: {userName: userPrincipalName}}}",
        {},
        [
            (
                "error no-matching mappings.users.attributes: no attribute would be left to match people by. "
                "Write `match: 1` on the attribute that is the same on both sides, usually userName."
            )
        ],
    ),
    "nothing left at all": (
        "mappings: {users: {unlisted: delete}}",
        {},
        [
            (
                "error no-matching mappings.users.attributes: no attribute would be left to match people by. "
                "Write `match: 1` on the attribute that is the same on both sides, usually userName."
            )
        ],
    ),
    # --- object mappings ---
    "the schema is refused": (
        "mappings: {users: {enabled: true}}",
        {"refused": ["schema"]},
        [
            (
                "error K601 mappings: Graph refused to show /servicePrincipals/{service_principal}/synchronization/jobs/{job}/schema "
                "(403 Authorization_RequestDenied). The identity needs Synchronization.Read.All."
            )
        ],
    ),
    "no mapping of groups": (
        "mappings: {groups: {enabled: true}}",
        {"schema+": {"synchronizationRules/0/objectMappings/1/sourceObjectName": ""}},
        [
            (
                "error K602 mappings.groups: no live mapping is groups; there are: User → "
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User in rule USER_OUTBOUND_USER; (none) → "
                "urn:ietf:params:scim:schemas:core:2.0:Group in rule USER_OUTBOUND_USER. "
                "Name the one you mean under a name of your own, with rule, source and target."
            )
        ],
    ),
    "two mappings of users": (
        "mappings: {users: {enabled: true}}",
        {
            "schema+": {
                "synchronizationRules/0/name": None,
                "synchronizationRules/0/objectMappings/1/sourceObjectName": "USER",
            }
        },
        [
            (
                "error K602 mappings.users: 2 live mappings could be users: User → "
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User in rule 03f7d90d-bf71-41b1-bda6-aaf0ddbee5d8; "
                "USER → urn:ietf:params:scim:schemas:core:2.0:Group in rule 03f7d90d-bf71-41b1-bda6-aaf0ddbee5d8. "
                "Name the one you mean under a name of your own, with rule, source and target."
            )
        ],
    ),
    "a schema without rules": (
        "mappings: {users: {enabled: true}}",
        {"schema": {"directories": None, "synchronizationRules": None}},
        [
            (
                "error K602 mappings.users: no live mapping is users; there are: none. "
                "Name the one you mean under a name of your own, with rule, source and target."
            )
        ],
    ),
    "filters of other sorts": (
        "mappings: {users: {enabled: true}}",
        {
            "schema+": {
                "synchronizationRules/0/groupFilter": {"includedGroups": ["g"]},
                "synchronizationRules/0/objectMappings/0/scope": {"categoryFilterGroups": [{}], "groups": None},
            }
        },
        [
            (
                "warning K603 mappings.users: the live mapping has categoryFilterGroups, groupFilter, "
                "which narrow who is provisioned and are not managed."
            )
        ],
    ),
    "a filter on an unknown attribute": (
        "mappings: {users: {filters: [{name: x, all: [{attribute: departement, operator: is_null}]}]}}",
        {},
        [
            (
                'error K503 mappings.users.filters[0].all[0].attribute: "departement" is not an attribute of the source. '
                "Did you mean `department`?"
            )
        ],
    ),
    # --- roles ---
    "the roles of a foreign application": (
        "app_roles: {roles: [{value: admin}]}",
        {"applications": []},
        [
            (
                "error K701 app_roles: the application object is not in this tenant, so its roles cannot be changed here. "
                "Take app_roles out; the application's owner decides its roles."
            )
        ],
    ),
    "roles that an inbound rule writes": (
        "app_roles: {unlisted: delete}",
        {"schema+": {"synchronizationRules/+": inbound()}},
        [
            (
                "error K702 app_roles: an inbound rule of the live schema writes the app roles, so they are not removed here. "
                "Write `unlisted: keep` and take out `absent`."
            )
        ],
    ),
    "one role that an inbound rule writes": (
        "app_roles: {roles: [{value: admin, absent: true}]}",
        {"jobs": [], "template_schema": {"synchronizationRules": [inbound()]}},
        [
            (
                "error K702 app_roles: an inbound rule of the live schema writes the app roles, so they are not removed here. "
                "Write `unlisted: keep` and take out `absent`."
            )
        ],
    ),
    "several roles of one name": (
        "app_roles: {roles: [{value: admin, description: Administers}, {display_name: User}]}",
        {"applications+": {"0/appRoles/+": one_role(displayName="User", value="")}},
        [
            "error K703 app_roles.roles[1]: the application has several roles ~User. Give each a value of its own in the portal."
        ],
    ),
    "roles whose holders are not shown": (
        "app_roles: {unlisted: delete}",
        {"refused": ["assignments"]},
        [
            (
                "error K704 app_roles: Graph refused to show /servicePrincipals/{service_principal}/appRoleAssignedTo "
                "(403 Authorization_RequestDenied). The identity needs Application.Read.All."
            )
        ],
    ),
    "roles whose writers are not shown": (
        "app_roles: {roles: [{value: admin, absent: true}]}",
        {"refused": ["schema"]},
        [
            (
                "error K704 app_roles: Graph refused to show /servicePrincipals/{service_principal}/synchronization/jobs/{job}/schema "
                "(403 Authorization_RequestDenied). The identity needs Synchronization.Read.All."
            )
        ],
    ),
    # --- assignments ---
    "assignments are refused": (
        ASSIGNED % "users: []",
        {"refused": ["assignments"]},
        [
            (
                "error K801 assignments: Graph refused to show /servicePrincipals/{service_principal}/appRoleAssignedTo "
                "(403 Authorization_RequestDenied). The identity needs Application.Read.All."
            )
        ],
    ),
    "a user who is a group, and the other way round": (
        ASSIGNED % f"users: [{{user: {ADA[:-2]}b1, role: admin}}], groups: [{{id: {ADA}, role: admin}}]",
        {},
        [
            "error K803 assignments.groups[0]: ada@contoso.com is not a group.",
            "error K803 assignments.users[0]: Writer editors is not a user.",
        ],
    ),
    "a user who is listed by name and by id": (
        ASSIGNED % f"users: [{{user: ada@contoso.com, role: admin}}, {{user: {ADA.upper()}, role: member}}]",
        {},
        ["error K805 assignments.users[1]: ada@contoso.com is listed twice. Write one entry with all the roles."],
    ),
    "a group that cannot be assigned": (
        ASSIGNED % "groups: [{name: Mail only, role: admin}]",
        {},
        [
            'error K806 assignments.groups[0]: the group "Mail only" is not security-enabled, so it cannot be assigned.',
        ],
    ),
    "roles that are not there": (
        ASSIGNED % "users: [{user: ada@contoso.com, roles: [admn, reader, ~user]}]",
        {},
        [
            'error K807 assignments.users[0].roles: the application has no role "admn". Did you mean "admin"?',
            'error K807 assignments.users[0].roles: the application has no role "reader". Declare it under app_roles.',
            'error K807 assignments.users[0].roles: the application has no role "~user". Did you mean "~User"?',
        ],
    ),
    "a role that goes because it is not listed": (
        f"app_roles: {{unlisted: delete, roles: [{{value: member}}]}}\n{ASSIGNED % 'users: [{user: ada@contoso.com, roles: [admin, User]}]'}",
        {},
        ['error K807 assignments.users[0].roles: the application has no role "admin". Declare it under app_roles.'],
    ),
    "a role that is absent": (
        "app_roles: {roles: [{value: admin, absent: true}]}\nassignments: {unlisted: keep, users_from: [people.csv]}",
        {"files": {"people.csv": "user,role\nada@contoso.com,admin\n"}},
        [
            'error K807 assignments.imported[0].users[0].roles: the application has no role "admin". Declare it under app_roles.'
        ],
    ),
    "roles that are disabled": (
        (
            f"app_roles: {{roles: [{{value: member, enabled: false}}, {{value: new, enabled: false}}]}}\n"
            f"{ASSIGNED % 'users: [{user: ada@contoso.com, roles: [admin, member, new]}]'}"
        ),
        {"applications+": {"0/appRoles/1/isEnabled": False}, "assignments": [held(BOB, ADMIN)]},
        [
            'error K808 assignments.users[0].roles: the role "admin" is disabled and cannot be assigned.',
            'error K808 assignments.users[0].roles: the role "member" is disabled and cannot be assigned.',
            'error K808 assignments.users[0].roles: the role "new" is disabled and cannot be assigned.',
        ],
    ),
    "a name that two groups have": (
        ASSIGNED % "groups: [{name: twins, absent: true}]",
        {},
        [
            (
                'error K810 assignments.groups[0]: 2 groups are called "twins": 10000000-0000-4000-8000-0000000000b3, '
                "1f000000-0000-4000-8000-0000000000b4. Write `id:` beside the name."
            )
        ],
    ),
    "nobody of that name": (
        ASSIGNED
        % f"users: [{{user: adaa@contoso.com, role: admin}}, {{user: {USER}, role: admin}}], groups: [{{name: No, role: admin}}]",
        {"assignments": [held(ADA, ADMIN)]},
        [
            "error K811 assignments.groups[0]: there is no group No.",
            'error K811 assignments.users[0]: there is no user adaa@contoso.com. Did you mean "ada@contoso.com"?',
            f"error K811 assignments.users[1]: there is no principal {USER}.",
        ],
    ),
}


@pytest.mark.parametrize(("text", "more", "expected"), TABLE.values(), ids=TABLE)
def test_it_is_said_in_these_words(text, more, expected):
    """The complaints of a plan are exactly these."""
    assert said(text, **more) == expected


def test_a_group_whose_look_up_did_not_happen():
    """Without the look-up of a name nothing is known about it, which is not the same as absence."""
    spec = spec_of(ASSIGNED % "groups: [{name: No, role: admin}]")
    bare = Snapshot({"service_principals": [], "assignments": []})
    expected = "error K809 assignments.groups[0]: group No could not be looked up. See the refused reads above."
    assert expected in [line(problem) for problem in check(KINDS, spec, bare)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mappings: {users: {attributes: {title: {expression: ']'}}}}", ["K501"]),
        ("connection: {authentication: entra_token}\napp_roles: {unlisted: delete}\nassignments: {unlisted: keep}", []),
    ],
)
def test_offline_only_the_spec_can_be_wrong(text, expected):
    """Without a tenant nothing is said of what only a tenant can tell."""
    assert [problem.code for problem in check(KINDS, spec_of(text), None)] == expected


@pytest.mark.parametrize("text", [text for text, more, _ in TABLE.values() if "files" not in more])
def test_nothing_is_said_twice(text):
    """Every complaint comes once, whoever makes it; an empty tenant is no reason to fall over."""
    found = check(KINDS, spec_of(text), Snapshot())
    assert len(found) == len(set(found))
