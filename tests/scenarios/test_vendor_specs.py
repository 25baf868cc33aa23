"""Specs of public set-ups validate, apply to the sandbox and then plan no changes, or are refused with what is missing."""

from __future__ import annotations

import json
import re
from datetime import date

import pytest
import yaml
from canary import secret
from shared_specs import CASES, translate_spec
from tenant_fixture import TOKEN, Rehearsal, all_allowed, changes, exit_code

from scimconf.spec.load import load
from scimconf.workflow.export import export_application
from scimconf.workflow.validate import validate

VENDORS = CASES / "vendors"
ENVIRON = {"VENDOR_TOKEN": TOKEN, "VENDOR_PASSWORD": secret("password")}
PORTAL = "\nconnection: {authentication: portal, on_unreadable_secret: send_changed_keys}\nprovisioning:"
NO_URL = "the connection has no tenant URL, and an application that is not from the gallery requires one"
ZOOM = {"displayName": "Zoom", "template": "Zoom", "jobs": [{"template": "zoom", "state": "Active"}]}

pytestmark = pytest.mark.skipif(not VENDORS.is_dir(), reason="the shared cases are not beside this checkout")


def vendor_spec(name, *replacements):
    """Return a vendor's spec with today's keys; it has no errors that are known offline."""
    text = translate_spec((VENDORS / name).read_text("utf-8"))
    for before, after in replacements:
        assert before in text
        text = text.replace(before, after, 1)
    loaded = load("scimconf.yaml", lambda _: text, {}, {}, lambda _: True)
    assert [found for found in validate(loaded, date(2026, 11, 30)) if found.severity == "error"] == []
    return loaded


def gallery(name):
    return ("from_template: custom", f"from_template: {name}")


def authorize(rehearsal, name):
    rehearsal.request("POST", "/_sandbox/authorize", {"application": name})


def assert_applies(rehearsal, loaded):
    planned = rehearsal.plan(loaded, all_allowed())
    assert planned.errors == ()
    assert exit_code(rehearsal.apply(planned, all_allowed())) == 0
    assert changes(rehearsal.plan(loaded)) == []


@pytest.mark.parametrize(
    ("name", "replacements"),
    [
        ("datadog.scimconf.yaml", ()),
        ("figma.scimconf.yaml", ()),
        ("github-emu.scimconf.yaml", ()),
        ("gitlab.scimconf.yaml", ()),
        ("miro.scimconf.yaml", ()),
        ("sap-cis.scimconf.yaml", ()),
        ("snowflake.scimconf.yaml", ()),
        ("salesforce.scimconf.yaml", (gallery("Salesforce"),)),
        ("salesforce-bearer.yaml", (gallery("Salesforce"),)),
        ("zendesk.scimconf.yaml", (gallery("Zendesk"),)),
    ],
)
def test_vendor_spec_applies_and_then_plans_no_changes(name, replacements):
    assert_applies(Rehearsal(environ=ENVIRON), vendor_spec(name, *replacements))


@pytest.mark.parametrize("name", ["salesforce.scimconf.yaml", "salesforce-bearer.yaml", "zendesk.scimconf.yaml"])
def test_vendor_spec_of_a_gallery_application_is_refused_as_a_custom_one(name):
    """Their connections have no tenant URL, so nothing is created, and the plan says what to write instead."""
    rehearsal = Rehearsal(environ=ENVIRON)
    [error] = rehearsal.plan(vendor_spec(name)).errors
    assert (error.code, error.message) == ("K405", NO_URL)
    assert "create: {from_template: NAME}" in error.hint
    assert rehearsal.writes == []


@pytest.mark.parametrize(
    "replacements", [(), (gallery("Slack"),), (gallery("Slack"), ("\nprovisioning:", PORTAL))], ids=str
)
def test_slack_spec_starts_after_a_person_authorized_the_connection(replacements):
    rehearsal, loaded = Rehearsal(environ=ENVIRON), vendor_spec("slack.scimconf.yaml", *replacements)
    report = rehearsal.apply(rehearsal.plan(loaded, all_allowed()), all_allowed())
    [failed] = report.failed
    assert (exit_code(report), failed.addresses[0].kind) == (5, "schedule")
    assert "Select Authorize in the portal" in failed.hint
    authorize(rehearsal, "Slack")
    assert_applies(rehearsal, loaded)


@pytest.mark.parametrize("custom", [True, False], ids=["custom", "gallery"])
def test_zoom_spec_names_what_to_set_in_the_portal_or_sends_only_the_changed_keys(custom):
    content = json.loads((VENDORS / "zoom.tenant.json").read_text("utf-8")) if custom else {"applications": [ZOOM]}
    rehearsal = Rehearsal(content, environ=ENVIRON)
    authorize(rehearsal, "Zoom")
    planned = rehearsal.plan(vendor_spec("zoom.yaml"), all_allowed())
    [warning] = [warning for warning in planned.plan.warnings if warning.code == "K403"]
    assert "only the service has Oauth2AccessToken" in warning.message
    assert re.search(r"Set .*deletion_threshold, notifications.email.* in the portal", warning.hint)
    assert exit_code(rehearsal.apply(planned, all_allowed())) == 1
    assert rehearsal.made[1:] == []  # the first request is that of a person in the portal
    assert_applies(rehearsal, vendor_spec("zoom.yaml", ("\nprovisioning:", PORTAL)))


def test_salesforce_spec_assigns_an_imported_role_after_a_cycle():
    role = "\nassignments: {unlisted: keep, users: [{user: ada@contoso.com, role: ~Standard User}]}"
    rehearsal = Rehearsal(environ=ENVIRON, cycle_reads=20)
    assigned = vendor_spec("salesforce.scimconf.yaml", gallery("Salesforce"), ("\nmappings:", f"{role}\nmappings:"))
    [before] = rehearsal.plan(assigned).errors
    assert "unless the application imports its roles: then assign it after a cycle" in before.hint
    assert_applies(rehearsal, vendor_spec("salesforce.scimconf.yaml", gallery("Salesforce")))
    [during] = rehearsal.plan(assigned).errors
    assert during.hint.startswith("The application imports its roles: start provisioning without this assignment")
    for _ in range(20):
        rehearsal.request("GET", rehearsal.job("Salesforce"))
    assert_applies(rehearsal, assigned)
    assert rehearsal.assigned("Salesforce") == {"Ada Lovelace": {"Standard User"}}


@pytest.mark.parametrize(
    ("name", "template", "secrets", "authentication"),
    [
        ("Salesforce", "SfOutDelta", {"UserName": "a@contoso.com", "Password": "p", "SecretToken": "t"}, "bearer"),
        ("Zendesk", "zendesk", {"UserName": "a@contoso.com", "SecretToken": "t", "Domain": "contoso"}, "bearer"),
        ("Slack", "Slack", {"Oauth2AccessToken": "a", "Oauth2RefreshToken": "r"}, "portal"),
        ("Zoom", "zoom", {"Oauth2AccessToken": "a", "BaseAddress": "https://api.zoom.us/scim"}, "portal"),
    ],
)
def test_export_of_a_gallery_application_plans_no_changes(name, template, secrets, authentication):
    """Also after a cycle has imported the roles."""
    job = {"template": template, "state": "Active"}
    application = {"displayName": name, "template": name, "secrets": secrets, "jobs": [job]}
    rehearsal = Rehearsal({"applications": [application]}, environ=ENVIRON)
    for _ in range(3):
        rehearsal.request("GET", rehearsal.job(name))
    tree = rehearsal.run(lambda session: export_application(session, name, full=True)).tree
    assert tree["connection"]["authentication"] == authentication
    text = yaml.safe_dump(tree)
    assert changes(rehearsal.plan(load("scimconf.yaml", lambda _: text, {}, {}, lambda _: True))) == []
