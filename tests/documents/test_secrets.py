"""The secrets document: pairs of strings, some masked, one of them a string of JSON."""

from __future__ import annotations

import json

import pytest

from scimconf.documents import OPERATIONS, secrets
from scimconf.snapshot import SecretRef
from scimconf.spec.model import Connection
from tests.documents.samples import needs_samples, sample

ROWS = [{"key": "A", "value": "1", "ours": True}, {"key": "B", "value": "*"}, {"key": "C", "value": ""}, {"key": "D"}]
TOKEN = SecretRef("env", "TOKEN")


def settings(text):
    return [{"key": "SyncNotificationSettings", "value": text}]


@pytest.mark.parametrize(("raw", "expected"), [(None, {}), ([], {}), (ROWS, {"A": "1", "B": "*"})])
def test_values_omits_empty_values(raw, expected):
    assert secrets.values(raw) == expected


def test_masked_returns_the_keys():
    assert secrets.masked(ROWS) == {"B"}
    assert secrets.masked(None) == frozenset()


@pytest.mark.parametrize(
    ("text", "members"),
    [
        ('{"Enabled":true}', {"Enabled": True}),
        ("", {}),
        ("*", {}),
        ("not json", {}),
        ("[1]", {}),
        ("null", {}),
        ('"text"', {}),
    ],
)
def test_notifications_of_other_text_than_json_is_empty(text, members):
    assert secrets.notifications(settings(text)) == members


@pytest.mark.parametrize(
    ("text", "expected"),
    [("true", True), ("True", True), (" 1 ", True), ("false", False), ("0", False), ("", False), (None, None)],
)
def test_flag_accepts_several_spellings(text, expected):
    assert secrets.flag(text) is expected


@pytest.mark.parametrize(
    ("operation", "key", "value", "before", "after"),
    [
        ("set_value", "A", "2", False, True),
        ("set_value", "A", "1", True, True),
        ("set_value", "B", TOKEN, False, False),
        ("set_value", "N", "x", False, True),
        ("set_flag", "A", "true", True, True),
        ("set_flag", "A", "false", False, True),
        ("set_flag", "N", "False", False, True),
        ("remove_value", "A", None, False, True),
        ("remove_value", "C", None, True, True),
        ("remove_value", "N", None, True, True),
        ("set_members", "SyncNotificationSettings", {"Enabled": True}, False, True),
    ],
)
def test_edits_of_secrets_hold_afterwards(operation, key, value, before, after):
    one = OPERATIONS[operation]
    assert one.change is not None
    changed = one.change(ROWS, (key,), value)
    assert one.holds(ROWS, (key,), value) is before
    assert one.holds(changed, (key,), value) is after
    assert [pair for pair in changed if pair["key"] != key] == [pair for pair in ROWS if pair["key"] != key]
    assert ROWS[0] == {"key": "A", "value": "1", "ours": True}


def test_set_value_preserves_order_and_other_members():
    assert secrets.set_value(ROWS, ("A",), "2") == [{"key": "A", "value": "2", "ours": True}, *ROWS[1:]]
    assert secrets.set_value(None, ("A",), "2") == [{"key": "A", "value": "2"}]


def test_set_members_preserves_the_others_in_order():
    raw = settings('{"Z":1,"Enabled":false,"ours":{"a":null}}')
    value = {"Enabled": True, "Recipients": "a@b.c"}
    changed = secrets.set_members(raw, ("SyncNotificationSettings",), value)
    assert json.loads(changed[0]["value"]) == {"Z": 1, "Enabled": True, "ours": {"a": None}, "Recipients": "a@b.c"}
    assert changed[0]["value"].startswith('{"Z":1,"Enabled":true,')
    assert secrets.members_view(changed, ()) == secrets.notifications(changed)
    assert secrets.value_view(changed, ("N",)) is None


CONNECTION = {
    "oauth2": {"token_url": "https://t.example", "client_id": "c", "client_secret": {"file": "secret.txt"}},
    "other": {
        "UserName": "svc",
        "Password": {"key_vault": {"vault": "https://contoso.vault.azure.net", "secret": "s", "version": "1"}},
    },
}


@pytest.mark.parametrize(
    ("connection", "expected"),
    [
        (None, ()),
        ({}, ()),
        ({"secret_token": "${env:TOKEN}"}, (("SecretToken", TOKEN),)),
        (
            CONNECTION,
            (
                ("Oauth2ClientSecret", SecretRef("file", "secret.txt")),
                ("Password", SecretRef("key_vault", "s", "https://contoso.vault.azure.net", "1")),
            ),
        ),
    ],
)
def test_references_use_graphs_keys(connection, expected):
    parsed = Connection.model_validate(connection) if connection is not None else None
    assert secrets.references(parsed) == expected
    assert secrets.secrets(parsed).references == expected
    assert not secrets.secrets(parsed).partial


@needs_samples
@pytest.mark.parametrize("number", ["50", "51", "52"])
def test_published_secrets_are_read(number):
    raw = sample(number)["value"]
    assert set(secrets.notifications(raw)) & {"Enabled", "DeleteThresholdEnabled"}
    changed = secrets.set_members(raw, ("SyncNotificationSettings",), {"Enabled": True})
    assert [pair["key"] for pair in changed] == [pair["key"] for pair in raw]


def stored(**values):
    return [{"key": key, "value": value} for key, value in values.items()]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (None, set()),
        (stored(SecretToken="*", TokenExpiration="2027-01-01"), set()),
        (stored(Oauth2AccessToken="*", AuthenticationType="OAuth2ClientCredentialsGrant"), set()),
        (stored(Oauth2RefreshToken="*", BaseAddress="x"), {"Oauth2RefreshToken"}),
        (stored(Oauth2AccessToken="a", TokenExpiration="x"), {"Oauth2AccessToken", "TokenExpiration"}),
    ],
)
def test_service_owned_returns_the_keys_of_an_authorized_connection(raw, expected):
    assert secrets.service_owned(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (stored(Password="*", AppKey="*", SecretToken="*", UserName="u"), ("AppKey",)),
        (stored(Oauth2AccessToken="a", Oauth2RefreshToken="*", AppKey="*"), ("AppKey", "Oauth2AccessToken")),
        (stored(Oauth2AccessToken="*", AuthenticationType="OAuth2ClientCredentialsGrant"), ()),
        (stored(TokenExpiration="x"), ()),
    ],
)
def test_unwritable_returns_the_stored_keys_that_a_whole_write_cannot_send(raw, expected):
    """References, plain values and changed keys can be sent; a token that the service gets by itself need not be."""
    connection = Connection.model_validate({"secret_token": {"env": "TOKEN"}, "other": {"Password": {"env": "P"}}})
    assert secrets.unwritable(raw, secrets.secrets(connection), {"Oauth2RefreshToken"}) == expected
