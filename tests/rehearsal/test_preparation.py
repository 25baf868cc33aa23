"""The spec as it is rehearsed, the invented and supplied users, names on a user-supplied endpoint."""

from __future__ import annotations

import json

import pytest

from scimconf.diagnostics import ScimconfError
from scimconf.rehearsal.invented import domain_of, graph_path, invented_user, patch_of, tenant_description
from scimconf.rehearsal.naming import Naming
from scimconf.rehearsal.rehearsed_spec import MAX_USERS, address_with_flags, rehearsed_spec
from scimconf.rehearsal.supplied_users import MAX_USERS as MAX_SUPPLIED
from scimconf.rehearsal.supplied_users import read_users, redacted_user
from scimconf.sandbox.tenant_file import TenantFile

from .rehearsals import loaded_spec

GUID = "11112222-3333-4444-5555-666677778888"
ADDRESS = "http://127.0.0.1:8080/v2"
HEAD = """
version: 1
name: writer
tenant: %s
application: {%s}
provisioning: {enabled: %s, scope: assigned}
"""
CONNECTION = """
connection: {base_address: "https://app.writer.com/scim%s", secret_token: {env: WRITER_SCIM_TOKEN}}
"""


def spec(*parts, tenant="contoso.com", application="display_name: Writer", enabled="true"):
    return loaded_spec(HEAD % (tenant, application, enabled) + "".join(parts))


# ---- the spec -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("application", "template", "name", "remark"),
    [
        ("display_name: Writer", "custom", "Writer", ""),
        (f"object_id: {GUID}", "custom", "writer", ""),
        ("display_name: Slack", "Slack", "Slack", ""),
        ("display_name: Writer, create: {from_template: custom}", "", "Writer", ""),
        ("display_name: W, create: {from_template: Slack}", "", "W", ""),
        ("display_name: W, create: {from_template: Workday}", "", "W", "has no Workday"),
    ],
)
def test_rehearsed_spec_has_an_application_that_exists_or_can_be_created(application, template, name, remark):
    rehearsed = rehearsed_spec(spec(application=application), ADDRESS)
    assert (rehearsed.template, rehearsed.spec.application.display_name) == (template, name)
    assert remark in " ".join(rehearsed.remarks)
    assert bool(remark) is bool(rehearsed.remarks)


def test_rehearsed_spec_takes_the_gallery_only_without_a_tenant_url():
    loaded = spec(CONNECTION % "", application="display_name: Slack")
    assert rehearsed_spec(loaded, ADDRESS).template == "custom"


@pytest.mark.parametrize(
    ("address", "base", "expected"),
    [
        (ADDRESS, None, ADDRESS),
        (ADDRESS, "https://a.example/scim", ADDRESS),
        (ADDRESS, "https://a.example/scim?x=1&aadOptscim062020", f"{ADDRESS}?aadOptscim062020"),
        (f"{ADDRESS}?x=1", "https://a.example/scim?aadOptscim062020", f"{ADDRESS}?x=1&aadOptscim062020"),
        (f"{ADDRESS}?AzureAdScimPatch2017", "https://a.example?aadOptscim062020", f"{ADDRESS}?AzureAdScimPatch2017"),
    ],
)
def test_address_has_the_flags_of_the_spec_unless_it_has_its_own(address, base, expected):
    assert address_with_flags(address, base) == expected


@pytest.mark.parametrize(
    ("parts", "enabled", "remark"),
    [
        ((CONNECTION % "",), "true", ""),
        ((), "true", ""),
        ((CONNECTION % "",), "false", "does not enable provisioning"),
        (("connection: {authentication: portal}\n",), "true", "`authentication: portal`"),
    ],
)
def test_rehearsed_spec_connects_with_a_bearer_token_and_is_enabled(parts, enabled, remark):
    rehearsed = rehearsed_spec(spec(*parts, enabled=enabled), ADDRESS)
    connection = rehearsed.spec.connection
    assert (connection.authentication, connection.base_address) == ("bearer", ADDRESS)
    assert rehearsed.spec.provisioning.enabled
    assert remark in " ".join(rehearsed.remarks)


def test_rehearsed_spec_limits_the_listed_users():
    rows = "".join(f"    - {{user: u{number}@contoso.com, role: User}}\n" for number in range(MAX_USERS + 2))
    rehearsed = rehearsed_spec(spec(f"assignments:\n  unlisted: keep\n  users:\n{rows}"), ADDRESS)
    assert len(rehearsed.spec.assignments.listed) == MAX_USERS
    assert rehearsed.remarks == ("2 of the listed users are not part of the rehearsal.",)


# ---- names ----------------------------------------------------------------------------------------------------------


def test_names_of_the_built_in_target_stay_and_others_are_marked():
    assert [Naming().listed(name) for name in ("ada@contoso.com", "Editors", GUID)] == [
        "ada@contoso.com",
        "Editors",
        GUID,
    ]
    marked = Naming("scimconf-1a2b")
    assert marked.listed("ada@contoso.com") == "scimconf-1a2b-ada@contoso.com"
    assert marked.listed("Editors") == "scimconf-1a2b Editors"
    assert marked.listed(GUID) == marked.identifier(GUID.upper()) != GUID


def test_every_listed_user_and_group_is_marked():
    parts = (
        f"assignments: {{unlisted: keep, users: [{{user: ada@contoso.com, role: User}}, {{user: {GUID}, role: User}}], "
        f"groups: [{{name: Editors, role: User}}, {{id: {GUID}, role: User}}]}}\n"
    )
    naming, loaded = Naming("scimconf-1a2b"), spec(parts)
    assert len(loaded.spec.assignments.listed) == 4  # a cached property, which must not be that of the copy
    rehearsed = rehearsed_spec(loaded, ADDRESS, naming.listed)
    assert [row.value for row in rehearsed.spec.assignments.listed] == [
        "scimconf-1a2b Editors",
        naming.identifier(GUID),
        "scimconf-1a2b-ada@contoso.com",
        naming.identifier(GUID),
    ]


# ---- the tenant -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tenant", "domain", "identity"), [("fabrikam.com", "fabrikam.com", None), (GUID, "contoso.com", GUID)]
)
def test_tenant_has_the_domain_or_the_id_of_the_spec(tenant, domain, identity):
    rehearsed = rehearsed_spec(spec(tenant=tenant), ADDRESS)
    organization = tenant_description(rehearsed, [])["organization"]
    assert domain_of(rehearsed.spec) == domain
    assert (organization["verifiedDomains"], organization.get("id")) == ([domain], identity)


def test_tenant_has_every_user_group_and_role_that_the_spec_names():
    other = "99998888-3333-4444-5555-666677778888"
    parts = (
        "app_roles: {unlisted: keep, roles: [{value: admin}]}\n"
        f"assignments: {{unlisted: keep, users: [{{user: ada@contoso.com, role: admin}}, {{user: {GUID}, role: editor}}], "
        f"groups: [{{name: Editors, role: editor}}, {{id: {other}, role: User}}]}}\n"
    )
    rehearsed = rehearsed_spec(spec(parts, application="display_name: Writer, single_sign_on: saml"), ADDRESS)
    supplied = [{"userPrincipalName": "Ada@contoso.com", "department": "Sales"}]
    description = tenant_description(rehearsed, supplied)
    TenantFile(description)
    users = {user["userPrincipalName"]: user for user in description["users"]}
    assert users["Ada@contoso.com"] == supplied[0]
    assert "ada@contoso.com" not in users
    assert GUID in {user.get("id") for user in users.values()}
    assert [group.get("id") or group["displayName"] for group in description["groups"]] == ["Editors", other]
    assert {member for group in description["groups"] for member in group["members"]} <= set(users)
    (application,) = description["applications"]
    assert application["roles"] == [{"value": "editor", "displayName": "editor"}]
    assert application["preferredSingleSignOnMode"] == "saml"


def test_tenant_of_an_application_that_is_created_has_none():
    rehearsed = rehearsed_spec(spec(application="display_name: W, create: {from_template: custom}"), ADDRESS)
    assert tenant_description(rehearsed, [])["applications"] == []


@pytest.mark.parametrize(
    ("clause", "name", "value"),
    [
        ("{attribute: department, operator: equals, value: Sales}", "department", "Sales"),
        ("{attribute: department, operator: ends_with, value: les}", "department", "Ales"),
        ("{attribute: department, operator: matches, value: '^(Sales|Legal)$'}", "department", "Sales"),
        ("{attribute: department, operator: matches, value: '[A-Z].*'}", "department", "Engineering"),
        ("{attribute: department, operator: is_null}", "department", None),
        ("{attribute: accountEnabled, operator: is_true}", "accountEnabled", True),
        ("{attribute: accountEnabled, operator: is_false}", "accountEnabled", False),
        ("{attribute: telephoneNumber, operator: equals, value: '1'}", "businessPhones", ["1"]),
        ("{attribute: userPrincipalName, operator: equals, value: x}", "userPrincipalName", "ada@contoso.com"),
        ("{attribute: memberOf, operator: equals, value: x}", "department", "Engineering"),
    ],
)
def test_invented_users_pass_the_filters_as_far_as_they_say_how(clause, name, value):
    filters = f"mappings: {{users: {{filters: [{{name: f, all: [{clause}]}}]}}}}\n"
    assert invented_user(spec(filters).spec, "ada@contoso.com", 1)[name] == value


def test_invented_users_have_a_value_for_each_source_attribute():
    extension = "extension_0123456789abcdef_costCenter"
    mapping = f"mappings: {{users: {{attributes: {{title: {extension}, nickName: extensionAttribute3}}}}}}\n"
    user = invented_user(spec(mapping).spec, "ada.king@contoso.com", 7)
    assert (user["givenName"], user["surname"], user["mailNickname"]) == ("Ada", "King", "ada.king")
    assert user[extension] == "costCenter 7"
    assert user["onPremisesExtensionAttributes"]["extensionAttribute3"] == "extensionAttribute3 7"


@pytest.mark.parametrize(
    ("source", "value", "body"),
    [
        ("jobTitle", "Manager", {"jobTitle": "Manager"}),
        ("jobTitle", None, {"jobTitle": None}),
        ("telephoneNumber", "1", {"businessPhones": ["1"]}),
        ("telephoneNumber", None, {"businessPhones": []}),
        ("employeeOrgData.division", "R", {"employeeOrgData": {"costCenter": "c", "division": "R"}}),
    ],
)
def test_patch_of_a_source_attribute_is_that_of_graph(source, value, body):
    assert patch_of({"employeeOrgData": {"costCenter": "c"}}, source, value) == body


def test_graph_path_of_an_unknown_attribute_is_none():
    assert graph_path("memberOf") is None


# ---- supplied users -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("document", [[{"userPrincipalName": "a@b"}], {"value": [{"userPrincipalName": "a@b"}]}])
def test_users_are_read_from_a_list_or_a_response(document):
    assert read_users(json.dumps(document).encode(), "people.json") == ({"userPrincipalName": "a@b"},)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[", "not valid JSON"),
        ("3", "no list of users"),
        ('{"users": []}', "no list of users"),
        ('[{"userPrincipalName": "a"}, {"mail": "b"}]', "user 2 of people.json has no userPrincipalName"),
        (json.dumps([{"userPrincipalName": "a"}] * (MAX_SUPPLIED + 1)), "has 201 users"),
    ],
)
def test_a_file_without_users_is_refused(content, message):
    with pytest.raises(ScimconfError, match=message):
        read_users(content.encode(), "people.json")


def test_a_redacted_user_keeps_shapes_and_what_filters_are_about():
    user = {
        "id": GUID,
        "userPrincipalName": "ada.lovelace@contoso.com",
        "mail": "Ada.Lovelace@contoso.com",
        "givenName": "Ada",
        "displayName": "Ada Łovelace (E00294)",
        "department": "Sales",
        "businessPhones": ["+44 20"],
        "onPremisesExtensionAttributes": {"extensionAttribute1": "Ada", "extensionAttribute2": None},
        "accountEnabled": True,
        "jobTitle": None,
        "@odata.type": "#microsoft.graph.user",
    }
    redacted = redacted_user(user, "key")
    local, _, domain = redacted["userPrincipalName"].partition("@")
    assert domain == "contoso.com"
    assert (len(local), local.islower(), local[3]) == (12, True, ".")
    assert redacted["mail"].lower() == redacted["userPrincipalName"]
    assert redacted["givenName"] == redacted["onPremisesExtensionAttributes"]["extensionAttribute1"] != "Ada"
    assert redacted["displayName"][:3] == redacted["givenName"]
    assert redacted["displayName"][4] == "É"
    assert redacted["businessPhones"] != user["businessPhones"]
    assert (redacted["department"], redacted["accountEnabled"]) == ("Sales", True)
    assert redacted["id"] != GUID
    assert redacted_user(user, "other")["givenName"] != redacted["givenName"]
    assert {"jobTitle", "@odata.type"} & set(redacted) == set()
