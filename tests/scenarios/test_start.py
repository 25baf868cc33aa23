"""Provisioning starts only if the service accepts the stored credentials; connections that a person authorizes."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from canary import TOKEN
from shared_specs import CASES, translate_spec
from tenant_fixture import Rehearsal, all_allowed, changes, codes, exit_code, told, wishes

from scimconf.plan import Effect, Result
from scimconf.spec.load import load
from scimconf.workflow.export import export_application

ZOOM = """
version: 1
name: zoom
tenant: contoso.com
application: {display_name: Zoom}
"""
ON = ZOOM + "provisioning: {enabled: true}\n"
PORTAL = "connection: {authentication: portal}\n"
MERGES = "connection: {authentication: portal, on_unreadable_secret: send_changed_keys}\n"
SETTINGS = (
    "provisioning: {enabled: true, scope: assigned, deletion_threshold: 20, notifications: {email: it@contoso.com}}\n"
)
URL = "https://api.zoom.us/scim"
TEST = "test the stored credentials before provisioning starts"
REMOVED = "mappings: {users: {attributes: {title: {absent: true}}}}\n"


@pytest.fixture
def spec(tmp_path):
    """Return a function that writes a spec and returns its path."""

    def write(text):
        file = tmp_path / "scimconf.yaml"
        file.write_text(text)
        return file

    return write


def tenant(state="Disabled", secrets=None, **switches):
    job = {"template": "scim", "state": state}
    application = {"displayName": "Zoom", "template": "custom", "secrets": secrets or {}, "jobs": [job]}
    return Rehearsal({"applications": [application]}, environ={"TOKEN": TOKEN}, **switches)


def authorize(rehearsal):
    rehearsal.request("POST", "/_sandbox/authorize", {"application": "Zoom"})


def apply(rehearsal, file, **options):
    return rehearsal.apply(rehearsal.plan(file, wishes(allow=all_allowed().allow, **options)), all_allowed())


def failure(report):
    [outcome] = report.failed
    return outcome


def calls(rehearsal):
    """Return the last parts of the requests that test credentials, pause, restart or start."""
    names = ("validateCredentials", "pause", "restart", "start")
    endings = [entry["path"].rpartition("/")[2] for entry in rehearsal.journal if entry["method"] == "POST"]
    return [ending for ending in endings if ending in names]


def warnings(planned):
    return {warning.code: warning for warning in planned.plan.warnings}


# --- the start -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("failure_form", ["wrapped", "plain", "empty"])
def test_apply_does_not_start_without_credentials(spec, failure_form):
    """A plan says that there are none; apply does everything else and exits with 5."""
    rehearsal = tenant(credentials_failure=failure_form)
    file = spec(ON + "mappings: {users: {attributes: {title: {absent: true}}}}\n")
    planned = rehearsal.plan(file, all_allowed())
    assert "neither the spec nor Entra has credentials" in warnings(planned)["K407"].message
    report = rehearsal.apply(planned, all_allowed())
    assert exit_code(report) == 5
    assert (failure(report).message, failure(report).addresses[0].kind) == (TEST, "schedule")
    assert failure(report).hint.startswith("Provisioning was not started. Add `connection:` to the spec")
    assert calls(rehearsal) == ["validateCredentials"]
    assert [change.partition(" ")[2] for change in changes(rehearsal.plan(file))] == ["schedule"]


def test_apply_exits_with_5_if_only_the_start_is_refused(spec):
    rehearsal = tenant(secrets={"BaseAddress": URL, "SecretToken": "rejected"})
    report = apply(rehearsal, spec(ON))
    assert (exit_code(report), report.wrote) == (5, False)
    assert "401 Unauthorized" in failure(report).detail
    assert rehearsal.writes == []
    assert "K407" not in warnings(rehearsal.plan(spec(ON)))


def test_apply_tests_stored_credentials_before_a_first_start_and_before_a_restart(spec):
    rehearsal = tenant(secrets={"BaseAddress": URL, "SecretToken": TOKEN})
    assert exit_code(apply(rehearsal, spec(ON))) == 0
    assert calls(rehearsal) == ["validateCredentials", "start"]
    rehearsal.forget()
    assert exit_code(apply(rehearsal, spec(ON + REMOVED))) == 0
    assert calls(rehearsal) == ["pause", "validateCredentials", "restart", "start"]


def test_apply_leaves_provisioning_paused_if_the_credentials_are_refused_meanwhile(spec):
    rehearsal = tenant("Active", {"BaseAddress": URL, "SecretToken": "rejected"})
    report = apply(rehearsal, spec(ON + REMOVED))
    assert exit_code(report) == 5
    assert failure(report).hint.startswith("Provisioning stays paused. ")
    assert calls(rehearsal) == ["pause", "validateCredentials"]
    [skipped, *_] = [outcome for outcome in report.outcomes if outcome.result is Result.SKIPPED]
    assert skipped.detail == f"because this step was not done: {TEST}"


def test_apply_says_that_provisioning_stays_paused_after_another_failure(spec):
    rehearsal = tenant("Active", {"BaseAddress": URL, "SecretToken": TOKEN})
    rehearsal.fault({"status": 400, "body": {}}, method="PUT", path="*/schema", times=0)
    report = apply(rehearsal, spec(ON + REMOVED))
    skipped = {outcome.detail for outcome in report.outcomes if outcome.result is Result.SKIPPED}
    assert skipped == {"because an earlier step failed, so provisioning stays paused"}


@pytest.mark.parametrize("only", [("schedule",), ("zoom:schedule",)])
def test_apply_of_a_selected_start_tests_the_credentials(spec, only):
    rehearsal = tenant(secrets={"BaseAddress": URL, "SecretToken": "rejected"})
    assert exit_code(apply(rehearsal, spec(ON + REMOVED), only=only)) == 5
    assert (calls(rehearsal), rehearsal.writes) == (["validateCredentials"], [])


def test_apply_of_a_new_application_creates_everything_but_does_not_start_it(spec):
    """The plan of an application that does not exist already says that nobody has authorized its connection."""
    rehearsal = Rehearsal(environ={})
    file = spec(
        "version: 1\nname: zoom\napplication: {display_name: Zoom, create: {from_template: custom}}\n"
        "provisioning: {enabled: true}\n" + PORTAL
    )
    planned = rehearsal.plan(file, all_allowed())
    assert warnings(planned)["K407"].message.startswith("nobody has authorized the connection in the portal yet")
    report = rehearsal.apply(planned, all_allowed())
    assert exit_code(report) == 5
    assert "Select Authorize in the portal" in failure(report).hint
    authorize(rehearsal)
    assert exit_code(apply(rehearsal, file)) == 0
    assert changes(rehearsal.plan(file)) == []


def test_a_denied_read_of_secrets_is_no_error_if_the_spec_manages_none(spec):
    """Whether there are credentials is then unknown, and the start tests them anyway."""
    permissions = ("Application.Read.All", "Synchronization.Read.All", "Organization.Read.All")
    rehearsal = tenant(secrets_read_permission="readwrite", permissions=permissions)
    planned = rehearsal.plan(spec(ON))
    assert (codes(planned), "K407" in warnings(planned)) == ([], False)
    assert "K401" in codes(rehearsal.plan(spec(ZOOM + SETTINGS)))


def test_a_portal_connection_that_runs_with_a_token_is_reported_with_the_kind_of_its_credentials(spec):
    rehearsal = tenant(secrets={"BaseAddress": URL, "SecretToken": TOKEN})
    warning = warnings(rehearsal.plan(spec(ON + PORTAL)))["K407"]
    assert "Entra has stored bearer credentials and uses them" in warning.message
    assert warning.hint.startswith("Write `authentication: bearer`")


# --- connections that a person authorizes ------------------------------------------------------------------------------


@pytest.mark.parametrize("grant", ["absent", "OAuth2AuthorizationCodeGrant"])
@pytest.mark.parametrize("address", [{}, {"BaseAddress": URL}])
def test_an_authorized_application_starts_and_its_tokens_are_never_compared(spec, grant, address):
    rehearsal = tenant(secrets={"SyncAll": "false", **address}, authorization_type=grant)
    authorize(rehearsal)
    file = spec(ZOOM + PORTAL + "provisioning: {enabled: true, scope: assigned}\n")
    planned = rehearsal.plan(file)
    assert (changes(planned), "K407" in warnings(planned)) == (["~ schedule"], False)
    assert exit_code(apply(rehearsal, file)) == 0
    authorize(rehearsal)  # the service renews its tokens
    assert changes(rehearsal.plan(file)) == []


@pytest.mark.parametrize("connection", ["", PORTAL])
def test_k403_says_what_to_set_in_the_portal_beside_the_tokens_of_the_service(spec, connection):
    rehearsal = tenant("Active", {"BaseAddress": URL, "SyncAll": "false"})
    authorize(rehearsal)
    file = spec(ZOOM + connection + SETTINGS)
    planned = rehearsal.plan(file, all_allowed())
    text = warnings(planned)["K403"]
    assert "only the service has Oauth2AccessToken, Oauth2AccessTokenCreationTime, Oauth2RefreshToken" in text.message
    assert "Set deletion_threshold, notifications.email in the portal" in str(text.hint)
    report = rehearsal.apply(planned, all_allowed())
    assert (exit_code(report), rehearsal.made) == (1, [])
    assert report.error.startswith("an administrator authorized the connection in the portal")
    rehearsal.request("PUT", f"{rehearsal.sync('Zoom')}/secrets", {"value": [notification_settings()]})
    assert changes(rehearsal.plan(file)) == []


def notification_settings():
    """Return the settings as the portal stores them."""
    text = '{"Enabled":true,"Recipients":"it@contoso.com","DeleteThresholdEnabled":true,"DeleteThresholdValue":20}'
    return {"key": "SyncNotificationSettings", "value": text}


def test_settings_beside_the_tokens_are_written_where_the_secrets_set_merges(spec):
    """A guard asks for an exemption first; only the changed keys are sent, and the stored credentials are tested."""
    rehearsal = tenant("Active", {"BaseAddress": URL})
    authorize(rehearsal)
    file = spec(ZOOM + MERGES + SETTINGS)
    [guard] = [guard for guard in rehearsal.plan(file).plan.guards if guard.id == "secret-unavailable"]
    assert (guard.count, guard.is_allowed) == (3, False)
    assert guard.message.startswith("only the service has Oauth2AccessToken")
    assert exit_code(apply(rehearsal, file)) == 0
    (written,) = rehearsal.asked("PUT", "/secrets")
    assert {pair["key"] for pair in written["body"]["value"]} == {"SyncAll", "SyncNotificationSettings"}
    assert {"Oauth2AccessToken", "Oauth2RefreshToken"} <= rehearsal.saved("Zoom").keys()
    assert changes(rehearsal.plan(file)) == []


def test_a_secrets_set_that_does_not_merge_leaves_the_job_paused(spec):
    """The scope pauses the job; without its tokens it is not started again, and the report says what to do."""
    rehearsal = tenant("Active", {"BaseAddress": URL}, secrets_put="replace")
    authorize(rehearsal)
    report = apply(rehearsal, spec(ZOOM + MERGES + SETTINGS))
    assert exit_code(report) == 5
    assert "start" not in calls(rehearsal)
    details = [outcome.detail for outcome in report.outcomes if outcome.result is Result.SKIPPED]
    assert "because an earlier step failed, so provisioning stays paused" in details


def test_export_of_an_authorized_connection_has_no_tokens_and_shows_no_changes_after_a_renewal(spec):
    rehearsal = tenant("Active", {"BaseAddress": URL, "SyncAll": "false"})
    authorize(rehearsal)
    exported = rehearsal.run(lambda session: export_application(session, "Zoom", full=False))
    assert exported.tree["connection"] == {"authentication": "portal", "base_address": URL}
    assert "an administrator authorized the connection" in exported.comments["connection",]
    assert exported.omitted == []
    authorize(rehearsal)
    assert changes(rehearsal.plan(spec(yaml.safe_dump(exported.tree)))) == []


def test_a_bearer_token_replaces_the_tokens_of_the_service(spec):
    rehearsal = tenant("Active", {"BaseAddress": URL}, authorization_type="OAuth2AuthorizationCodeGrant")
    authorize(rehearsal)
    file = spec(ON + f"connection: {{authentication: bearer, base_address: {URL}, secret_token: {{env: TOKEN}}}}\n")
    assert re.search("authentication *portal → bearer", told(rehearsal.plan(file)))
    assert exit_code(apply(rehearsal, file)) == 0
    assert rehearsal.saved("Zoom") == {"BaseAddress": URL, "SecretToken": "*"}
    assert changes(rehearsal.plan(file)) == []


@pytest.mark.parametrize(
    ("connection", "stored", "sent"),
    [
        (
            "authentication: bearer, secret_token: {env: TOKEN, rotation: '2'}",
            {"SecretToken": "old", "TokenExpiration": "2027-01-01"},
            {"BaseAddress", "SecretToken", "TokenExpiration"},
        ),
        (
            (
                "authentication: oauth2_client_credentials, oauth2: "
                "{token_url: https://zoom.us/token, client_id: id, client_secret: {env: TOKEN, rotation: '2'}}"
            ),
            {
                "AuthenticationType": "OAuth2ClientCredentialsGrant",
                "Oauth2TokenExchangeUri": "https://zoom.us/token",
                "Oauth2ClientId": "id",
                "Oauth2ClientSecret": "old",
                "Oauth2AccessToken": TOKEN,
            },
            {"AuthenticationType", "BaseAddress", "Oauth2ClientId", "Oauth2ClientSecret", "Oauth2TokenExchangeUri"},
        ),
    ],
)
def test_a_rotation_beside_keys_of_the_service_is_written(spec, connection, stored, sent):
    """An expiry without tokens is sent as it is; a token that the service gets by itself is not sent."""
    rehearsal = tenant("Active", {"BaseAddress": URL, **stored})
    file = spec(ON + f"connection: {{{connection}}}\n")
    assert exit_code(apply(rehearsal, file)) == 0
    (written,) = rehearsal.asked("PUT", "/secrets")
    assert {pair["key"] for pair in written["body"]["value"]} == sent
    assert changes(rehearsal.plan(file)) == []


# --- specs made from public reports ------------------------------------------------------------------------------------

needs_cases = pytest.mark.skipif(not CASES.exists(), reason="the specs beside the checkout are absent")


def shared_tenant(name):
    return Rehearsal(json.loads((CASES / name).read_text("utf-8")), environ={"ACME_TOKEN": TOKEN})


def shared_spec(spec, name):
    return spec(translate_spec((CASES / name).read_text("utf-8")))


@needs_cases
@pytest.mark.parametrize(
    ("before", "after", "effects"),
    [
        ("?aadOptscim062020", "", {Effect.DIALECT}),
        ("?aadOptscim062020", "/?aadOptscim062020", set()),
        ("/v2?aadOptscim062020", "?aadOptscim062020", {Effect.ENDPOINT}),
    ],
)
def test_case_13_a_flag_or_a_slash_of_the_tenant_url_is_no_other_endpoint(spec, before, after, effects):
    rehearsal = tenant("Active", {"BaseAddress": f"https://acme.example.com/scim/v2{before}", "SecretToken": TOKEN})
    text = shared_spec(spec, "13/scimconf.yaml").read_text("utf-8")
    written = text.replace("Acme}", "Zoom}").replace("/v2?aadOptscim062020", f"/v2{after}")
    rehearsal.environ["ACME_TOKEN"] = TOKEN
    planned = rehearsal.plan(spec(written))
    [change] = [change for change in planned.plan.changes if change.kind == "connection"]
    assert change.effects == effects
    (guard,) = planned.plan.guards  # the first secret of scimconf, and with it another endpoint
    assert (guard.id, "users would be provisioned to" in guard.message) == (
        "secret-redirected",
        Effect.ENDPOINT in effects,
    )
    assert ("a connection test sends no PATCH" in re.sub(r"\s+", " ", told(planned))) is (Effect.DIALECT in effects)


@needs_cases
def test_case_25_a_job_without_credentials_is_not_started(spec):
    rehearsal, file = shared_tenant("25/tenant.json"), shared_spec(spec, "25/scimconf.yaml")
    assert "K407" in warnings(rehearsal.plan(file))
    assert exit_code(apply(rehearsal, file)) == 5
    assert changes(rehearsal.plan(file)) == ["~ schedule"]


@needs_cases
def test_case_27_settings_beside_a_connection_that_a_person_authorized(spec):
    """`zoom.yaml` is refused with what to set in the portal, `zoom2.yaml` is applied, the old export names the keys."""
    rehearsal = shared_tenant("vendors/zoom.tenant.json")
    refused = apply(rehearsal, shared_spec(spec, "vendors/zoom.yaml"))
    assert refused.error.startswith("an administrator authorized the connection in the portal")
    file = shared_spec(spec, "vendors/zoom2.yaml")
    assert exit_code(apply(rehearsal, file)) == 0
    assert changes(rehearsal.plan(file)) == []
    text = shared_spec(spec, "vendors/zoom.export.yaml").read_bytes()
    old = load("old.yaml", lambda _: text, {}, {}, lambda _: True)
    assert [diagnostic.code for diagnostic in old.diagnostics] == ["S317"] * 3


@needs_cases
def test_case_slack_starts_after_a_person_has_authorized_the_connection(spec):
    rehearsal, file = Rehearsal(), shared_spec(spec, "vendors/slack.scimconf.yaml")
    assert exit_code(apply(rehearsal, file)) == 5
    rehearsal.request("POST", "/_sandbox/authorize", {"application": "Slack"})
    assert changes(rehearsal.plan(file)) == ["~ schedule"]
    assert exit_code(apply(rehearsal, file)) == 0
    assert changes(rehearsal.plan(file)) == []
