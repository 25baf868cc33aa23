"""The secrets of a service principal, and validateCredentials."""

from __future__ import annotations

import pytest

from .client import WRITER
from .test_sandbox_jobs import inner

URL = "https://app.writer.com/api/scim/v2"


def pairs(credentials):
    return [{"key": key, "value": value} for key, value in credentials.items()]


class Secrets:
    def __init__(self, client):
        self.client = client
        self.path = f"{client.sync()}/secrets"

    def put(self, expect=204, **credentials):
        return self.client.put(self.path, {"value": pairs(credentials)}, expect=expect)

    def shown(self):
        return {pair["key"]: pair["value"] for pair in self.client.value(self.path)}

    def stored(self):
        rows = self.client.service.tenant.store.rows("SELECT key, value FROM secrets ORDER BY seq")
        return dict(rows)

    def validate(self, expect=204, saved=False, **credentials):
        body = {"useSavedCredentials": saved, "credentials": pairs(credentials)}
        return self.client.post(f"{self.client.job()}/validateCredentials", body, expect=expect)


@pytest.fixture
def secrets(writer):
    return Secrets(writer)


def test_get_secrets_masks_sensitive_values_in_the_order_of_the_put(secrets):
    secrets.put(SyncAll="false", BaseAddress=URL, SecretToken="abc", Oauth2ClientSecret="s", UserName="u", Password="p")
    assert list(secrets.shown().items()) == [
        ("SyncAll", "false"),
        ("BaseAddress", URL),
        ("SecretToken", "*"),
        ("Oauth2ClientSecret", "*"),
        ("UserName", "u"),
        ("Password", "*"),
    ]


@pytest.mark.parametrize(("mode", "left"), [("merge", ["SecretToken", "BaseAddress"]), ("replace", ["BaseAddress"])])
def test_put_secrets_merges_or_replaces(secrets, mode, left):
    secrets.client.switch(secrets_put=mode)
    secrets.put(BaseAddress=URL, SecretToken="abc")
    secrets.put(BaseAddress=f"{URL}/")
    assert list(secrets.shown()) == left


@pytest.mark.parametrize("mode", ["merge", "replace"])
def test_put_secrets_deletes_keys_with_empty_values(secrets, mode):
    secrets.client.switch(secrets_put=mode)
    secrets.put(BaseAddress=URL, SecretToken="abc")
    secrets.put(BaseAddress="", SecretToken="abc")
    assert list(secrets.shown()) == ["SecretToken"]


@pytest.mark.parametrize(("mode", "value", "status"), [("literal", "*", 400), ("keep", "abc", 204)])
def test_put_secrets_stores_the_mask_or_keeps_the_value(secrets, mode, value, status):
    secrets.client.switch(masked_secret_write=mode)
    secrets.put(BaseAddress=URL, SecretToken="abc")
    secrets.put(BaseAddress=URL, SecretToken="*")
    assert secrets.stored()["SecretToken"] == value
    secrets.validate(saved=True, expect=status)


@pytest.mark.parametrize("value", ["", "not json", "[]", '"text"'])
def test_put_secrets_refuses_notification_settings_that_are_not_an_object(secrets, value):
    settings = '{"Enabled":true}'
    secrets.put(SyncNotificationSettings=settings)
    assert inner(secrets.put(expect=400, SyncNotificationSettings=value))["code"] == "InvalidNotificationSettings"
    assert secrets.shown() == {"SyncNotificationSettings": settings}
    secrets.put(SyncNotificationSettings="{}")
    assert secrets.shown() == {"SyncNotificationSettings": "{}"}


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
def test_put_secrets_refuses_unknown_keys_and_values_that_are_not_strings(secrets, body):
    secrets.client.put(secrets.path, body, expect=400)
    assert secrets.shown() == {}


def test_secrets_belong_to_one_service_principal(sandbox):
    client = sandbox({"applications": [WRITER, {"displayName": "Other"}]})
    client.put(f"{client.sync()}/secrets", {"value": pairs({"SyncAll": "true"})})
    assert client.value(f"{client.sync('Other')}/secrets") == []


@pytest.mark.parametrize(
    ("credentials", "status"),
    [
        ({"BaseAddress": URL, "SecretToken": "anything"}, 204),
        ({"BaseAddress": f"{URL}?aadOptscim062020", "SecretToken": "anything"}, 204),
        ({"BaseAddress": "http://127.0.0.1:9/scim", "SecretToken": "anything"}, 204),
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
def test_validate_credentials_accepts_or_refuses(secrets, credentials, status):
    body = secrets.validate(expect=status, **credentials)
    if status == 400:
        assert inner(body)["code"] == "EmulatedCredentialsError"
    assert secrets.shown() == {}


def test_validate_credentials_returns_the_reason(secrets):
    error = inner(secrets.validate(expect=400, BaseAddress=URL, SecretToken="wrong"))
    assert "401 Unauthorized" in error["message"]
    assert (
        "writer.invalid"
        in inner(secrets.validate(expect=400, BaseAddress="https://writer.invalid/scim", SecretToken="x"))["message"]
    )


def test_validate_credentials_accepts_an_empty_token_by_a_switch(secrets):
    secrets.client.switch(blank_token="accepted")
    secrets.validate(BaseAddress=URL)


def test_validate_credentials_uses_stored_credentials(secrets):
    secrets.validate(expect=400, saved=True, BaseAddress=URL, SecretToken="good")
    secrets.put(BaseAddress=URL, SecretToken="good")
    secrets.validate(saved=True, BaseAddress=URL, SecretToken="wrong")


def test_validate_credentials_of_a_described_endpoint_accepts_its_tokens_only(sandbox):
    endpoints = {"https://App.writer.com/api/": {"tokens": ["one", "wrong"]}}
    client = sandbox({"applications": [WRITER | {"jobs": [{}]}], "endpoints": endpoints})
    secrets = Secrets(client)
    secrets.validate(BaseAddress="https://app.writer.com/api?aadOptscim062020", SecretToken="wrong")
    secrets.validate(expect=400, BaseAddress="https://app.writer.com/api", SecretToken="two")


def test_validate_credentials_of_a_template_needs_no_job(sandbox):
    client = sandbox({"applications": [WRITER]})
    path = f"{client.sync()}/jobs/validateCredentials"
    credentials = pairs({"BaseAddress": URL, "SecretToken": "x"})
    client.post(path, {"templateId": "scim", "useSavedCredentials": False, "credentials": credentials}, expect=204)
    client.post(path, {"useSavedCredentials": False, "credentials": credentials}, expect=404)
