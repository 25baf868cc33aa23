"""The secrets of a service principal, and validateCredentials."""

from __future__ import annotations

import pytest

from .client import WRITER, pairs, service_error

URL = "https://app.writer.com/api/scim/v2"


def stored(client):
    """Return the stored secrets in clear text."""
    return dict(client.service.tenant.store.rows("SELECT key, value FROM secrets ORDER BY seq"))


def validate(client, expect=204, saved=False, **credentials):
    body = {"useSavedCredentials": saved, "credentials": pairs(credentials)}
    return client.post(f"{client.job()}/validateCredentials", body, expect=expect)


def test_get_secrets_masks_sensitive_values_in_the_order_of_the_put(writer):
    writer.put_secrets(
        SyncAll="false", BaseAddress=URL, SecretToken="abc", Oauth2ClientSecret="s", UserName="u", Password="p"
    )
    assert list(writer.secrets().items()) == [
        ("SyncAll", "false"),
        ("BaseAddress", URL),
        ("SecretToken", "*"),
        ("Oauth2ClientSecret", "*"),
        ("UserName", "u"),
        ("Password", "*"),
    ]


@pytest.mark.parametrize(("mode", "left"), [("merge", ["SecretToken", "BaseAddress"]), ("replace", ["BaseAddress"])])
def test_put_secrets_merges_or_replaces(writer, mode, left):
    writer.switch(secrets_put=mode)
    writer.put_secrets(BaseAddress=URL, SecretToken="abc")
    writer.put_secrets(BaseAddress=f"{URL}/")
    assert list(writer.secrets()) == left


@pytest.mark.parametrize("mode", ["merge", "replace"])
def test_put_secrets_deletes_keys_with_empty_values(writer, mode):
    writer.switch(secrets_put=mode)
    writer.put_secrets(BaseAddress=URL, SecretToken="abc")
    writer.put_secrets(BaseAddress="", SecretToken="abc")
    assert list(writer.secrets()) == ["SecretToken"]


@pytest.mark.parametrize(("mode", "value", "status"), [("literal", "*", 400), ("keep", "abc", 204)])
def test_put_secrets_stores_the_mask_or_keeps_the_value(writer, mode, value, status):
    writer.switch(masked_secret_write=mode)
    writer.put_secrets(BaseAddress=URL, SecretToken="abc")
    writer.put_secrets(BaseAddress=URL, SecretToken="*")
    assert stored(writer)["SecretToken"] == value
    validate(writer, saved=True, expect=status)


@pytest.mark.parametrize("value", ["", "not json", "[]", '"text"'])
def test_put_secrets_refuses_notification_settings_that_are_not_an_object(writer, value):
    settings = '{"Enabled":true}'
    writer.put_secrets(SyncNotificationSettings=settings)
    error = service_error(writer.put_secrets(400, SyncNotificationSettings=value))
    assert error["code"] == "InvalidNotificationSettings"
    assert writer.secrets() == {"SyncNotificationSettings": settings}
    writer.put_secrets(SyncNotificationSettings="{}")
    assert writer.secrets() == {"SyncNotificationSettings": "{}"}


@pytest.mark.parametrize(
    "body",
    [
        {"credentials": []},
        {"value": {"key": "SyncAll", "value": "true"}},
        {"value": ["SyncAll"]},
        {"value": [{"key": "NoSuchKey", "value": "x"}]},
        {"value": [{"key": "SyncAll", "value": True}]},
        "text",
    ],
)
def test_put_secrets_refuses_unknown_keys_and_values_that_are_not_strings(writer, body):
    writer.put(f"{writer.sync()}/secrets", body, expect=400)
    assert writer.secrets() == {}


def test_secrets_belong_to_one_service_principal(sandbox):
    client = sandbox({"applications": [WRITER, {"displayName": "Other"}]})
    client.put(f"{client.sync()}/secrets", {"value": pairs({"SyncAll": "true"})})
    assert client.value(f"{client.sync('Other')}/secrets") == []


@pytest.mark.parametrize(
    ("credentials", "status"),
    [
        ({"BaseAddress": URL, "SecretToken": "anything"}, 204),
        ({"BaseAddress": f"{URL}?aadOptscim062020", "SecretToken": "anything"}, 204),
        ({"BaseAddress": "http://127.0.0.1:9/scim", "SecretToken": "anything"}, 400),
        ({"BaseAddress": "http://app.writer.com", "SecretToken": "anything"}, 400),
        ({"BaseAddress": "app.writer.com", "SecretToken": "anything"}, 400),
        ({"SecretToken": "anything"}, 400),
        ({"BaseAddress": URL}, 400),
        ({"BaseAddress": URL, "SecretToken": "the-wrong-one"}, 400),
        ({"BaseAddress": URL, "SecretToken": "Rejected"}, 400),
        ({"BaseAddress": URL, "SecretToken": "*"}, 400),
        ({"BaseAddress": "https://writer.invalid", "SecretToken": "anything"}, 400),
        ({"BaseAddress": URL, "UserName": "u", "Password": "p"}, 204),
        (
            {
                "BaseAddress": URL,
                "AuthenticationType": "OAuth2ClientCredentialsGrant",
                "Oauth2TokenExchangeUri": "https://login.example.com/token",
                "Oauth2ClientId": "id",
                "Oauth2ClientSecret": "secret",
            },
            204,
        ),
        ({"BaseAddress": URL, "AuthenticationType": "OAuth2ClientCredentialsGrant", "Oauth2ClientSecret": "s"}, 400),
    ],
)
def test_validate_credentials_accepts_or_refuses(writer, credentials, status):
    body = validate(writer, expect=status, **credentials)
    if status == 400:
        assert service_error(body)["code"] == "EmulatedCredentialsError"
    assert writer.secrets() == {}


def test_validate_credentials_returns_the_reason(writer):
    error = service_error(validate(writer, expect=400, BaseAddress=URL, SecretToken="wrong"))
    assert "401 Unauthorized" in error["message"]
    error = service_error(validate(writer, expect=400, BaseAddress="https://writer.invalid/scim", SecretToken="x"))
    assert "writer.invalid" in error["message"]


def test_validate_credentials_accepts_an_empty_token_by_a_switch(writer):
    writer.switch(blank_token="accepted")
    validate(writer, BaseAddress=URL)


def test_validate_credentials_uses_stored_credentials(writer):
    validate(writer, expect=400, saved=True, BaseAddress=URL, SecretToken="good")
    writer.put_secrets(BaseAddress=URL, SecretToken="good")
    validate(writer, saved=True, BaseAddress=URL, SecretToken="wrong")


def test_validate_credentials_of_a_described_endpoint_accepts_its_tokens_only(sandbox):
    endpoints = {"https://App.writer.com/api/": {"tokens": ["one", "wrong"]}}
    client = sandbox({"applications": [WRITER | {"jobs": [{}]}], "endpoints": endpoints})
    validate(client, BaseAddress="https://app.writer.com/api?aadOptscim062020", SecretToken="wrong")
    validate(client, expect=400, BaseAddress="https://app.writer.com/api", SecretToken="two")


def test_validate_credentials_of_a_template_needs_no_job(sandbox):
    client = sandbox({"applications": [WRITER]})
    path = f"{client.sync()}/jobs/validateCredentials"
    credentials = pairs({"BaseAddress": URL, "SecretToken": "x"})
    client.post(path, {"templateId": "scim", "useSavedCredentials": False, "credentials": credentials}, expect=204)
    client.post(path, {"useSavedCredentials": False, "credentials": credentials}, expect=404)


@pytest.mark.parametrize(
    ("credentials", "status"),
    [
        ({"Oauth2AccessToken": "a", "Oauth2RefreshToken": "r"}, 204),
        ({"Oauth2RefreshToken": "r", "BaseAddress": URL}, 204),
        ({"Oauth2AccessToken": "*"}, 400),
        ({"Oauth2AccessToken": "rejected", "SecretToken": "good", "BaseAddress": URL}, 400),
        ({"Oauth2AccessToken": "a", "BaseAddress": "https://writer.invalid"}, 400),
    ],
)
def test_validate_credentials_accepts_tokens_of_the_service_without_an_address(writer, credentials, status):
    validate(writer, expect=status, **credentials)


@pytest.mark.parametrize("grant", ["absent", "OAuth2AuthorizationCodeGrant"])
def test_authorize_stores_tokens_and_renews_them(writer, grant):
    """`secrets_put` does not matter: the service itself writes them."""
    writer.switch(authorization_type=grant, secrets_put="replace")
    writer.put_secrets(BaseAddress=URL)
    writer.post("/_sandbox/authorize", {"application": "Writer"}, expect=204)
    first = stored(writer)
    names = ["BaseAddress", "Oauth2AccessToken", "Oauth2RefreshToken", "Oauth2AccessTokenCreationTime"]
    assert list(first) == names + ([] if grant == "absent" else ["AuthenticationType"])
    validate(writer, saved=True)
    writer.post("/_sandbox/authorize", {"application": "Writer"}, expect=204)
    assert stored(writer)["Oauth2AccessToken"] != first["Oauth2AccessToken"]
    assert writer.secrets()["Oauth2RefreshToken"] == "*"


@pytest.mark.parametrize("body", [{"application": "Nobody"}, {}, []])
def test_authorize_refuses_an_unknown_application(writer, body):
    error = writer.post("/_sandbox/authorize", body, expect=400)["error"]
    assert error["message"].startswith("expected the id or name of one application")
