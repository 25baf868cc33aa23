"""Gallery applications with other credentials, their own attributes, and imported roles."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .client import object_mapping, pairs, service_error

SAMPLE = Path(__file__).resolve().parents[3] / "shared/data/samples/06-salesforce-sfoutdelta-template-2017-full.json"
SALESFORCE = {"UserName": "ada@contoso.com", "Password": "p", "SecretToken": "t"}
NAMES = {"Salesforce": "SfOutDelta", "Zendesk": "zendesk", "Slack": "Slack", "Zoom": "zoom"}


@pytest.fixture
def gallery(sandbox):
    """Return a function that returns a client of a tenant with one gallery application, its job and secrets."""

    def tenant(name, state="Disabled", **secrets):
        job = {"template": NAMES[name], "state": state}
        return sandbox({"applications": [{"displayName": name, "template": name, "secrets": secrets, "jobs": [job]}]})

    return tenant


def metadata(client, name):
    (template,) = client.value(f"{client.sync(name)}/templates")
    return {entry["key"]: entry["value"] for entry in template["metadata"]}


@pytest.mark.parametrize(
    ("name", "fields", "authorized"),
    [
        ("Salesforce", ["username", "password", "secrettoken"], None),
        ("Zendesk", ["username", "secrettoken", "domain"], None),
        ("Slack", [], "true"),
        ("Zoom", [], "true"),
    ],
)
def test_gallery_template_has_its_own_credentials_and_a_schema_that_can_be_put_back(gallery, name, fields, authorized):
    client = gallery(name)
    entries = metadata(client, name)
    assert [entry["name"] for entry in json.loads(entries["configurationFields"])] == fields
    assert entries.get("isOAuthEnabled") == authorized
    path = f"{client.job(name)}/schema"
    schema = client.get(path)
    client.put(path, schema)
    after = client.get(path)
    assert after["synchronizationRules"] == schema["synchronizationRules"]
    assert after["directories"] == schema["directories"]


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("Salesforce", ["Alias", "ProfileName", "Username"]),
        ("Slack", ["urn:scim:schemas:extension:enterprise:1.0.manager", 'photos[type eq "photo"].value']),
        ("Zoom", ["userType", 'emails[type eq "work"]']),
        ("Zendesk", ["userName", "role"]),
    ],
)
def test_gallery_template_has_its_own_attributes(gallery, name, attributes):
    client = gallery(name)
    schema = client.get(f"{client.job(name)}/schema")
    target = object_mapping(schema, "User")["targetObjectName"]
    [definition] = [entry for entry in schema["directories"][1]["objects"] if entry["name"] == target]
    names = {attribute["name"] for attribute in definition["attributes"]}
    assert set(attributes) < names
    rows = object_mapping(schema, "User")["attributeMappings"]
    assert {row["targetAttributeName"] for row in rows} <= names


@pytest.mark.skipif(not SAMPLE.exists(), reason="the shared samples are not beside this checkout")
def test_salesforce_has_the_mappings_credentials_and_ids_of_the_published_template(gallery):
    client = gallery("Salesforce")
    published = json.loads(SAMPLE.read_text("utf-8"))
    schema = client.get(f"{client.job('Salesforce')}/schema")
    for rule, other in zip(schema["synchronizationRules"], published["schema"]["synchronizationRules"], strict=True):
        assert [rule[key] for key in ("id", "name", "editable")] == [other[key] for key in ("id", "name", "editable")]
    expected = flows(object_mapping(published["schema"], "User"))
    assert flows(object_mapping(schema, "User")).items() <= expected.items()
    assert flows(object_mapping(schema, "Profile")) == flows(object_mapping(published["schema"], "Profile"))
    values = {entry["key"]: entry["value"] for entry in published["metadata"]}
    for key in ("configurationFields", "galleryApplicationIdentifier", "galleryApplicationKey"):
        assert metadata(client, "Salesforce")[key] == values[key]


def flows(mapping):
    """Return the expression and the default of each row that does not set a permission of Salesforce."""
    rows = mapping["attributeMappings"]
    return {
        row["targetAttributeName"]: ((row["source"] or {}).get("expression"), row["defaultValue"])
        for row in rows
        if "UserPermissions" not in row["targetAttributeName"]
    }


@pytest.mark.parametrize(
    ("name", "credentials", "reason"),
    [
        ("Salesforce", SALESFORCE, None),
        ("Salesforce", {"UserName": "ada@contoso.com", "Password": "p"}, "A value for SecretToken is missing."),
        ("Salesforce", {**SALESFORCE, "SecretToken": "rejected"}, "401 Unauthorized"),
        ("Salesforce", {**SALESFORCE, "BaseAddress": "https://contoso.my.salesforce.com"}, None),
        ("Salesforce", {**SALESFORCE, "BaseAddress": "contoso"}, "valid tenant URL"),
        ("Zendesk", {"UserName": "ada@contoso.com", "SecretToken": "t", "Domain": "contoso"}, None),
        ("Zendesk", {"UserName": "ada@contoso.com", "SecretToken": "t"}, "A value for Domain is missing."),
        ("Slack", {}, "Please authorize the connection"),
        ("Slack", {"Oauth2AccessToken": "t"}, None),
        ("Zoom", {"BaseAddress": "https://api.zoom.us/scim", "SecretToken": "t"}, None),
    ],
)
def test_validate_credentials_of_a_gallery_application_requires_its_fields(gallery, name, credentials, reason):
    client = gallery(name)
    body = {"useSavedCredentials": False, "credentials": pairs(credentials)}
    answer = client.post(f"{client.job(name)}/validateCredentials", body, expect=204 if reason is None else 400)
    assert reason is None or reason in service_error(answer)["message"]


@pytest.mark.parametrize(("secrets", "imported"), [(SALESFORCE, 3), ({}, 0)])
def test_a_successful_cycle_imports_the_roles_of_salesforce_once(gallery, secrets, imported):
    client = gallery("Salesforce", "Active", **secrets)
    for _ in range(2):
        for _ in range(3):
            client.get(client.job("Salesforce"))
        roles = client.principal("Salesforce")["appRoles"]
        assert len([role for role in roles if role["displayName"] != "msiam_access"]) == imported
        client.post(f"{client.job('Salesforce')}/restart", {}, expect=204)
