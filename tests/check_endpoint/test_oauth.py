"""The two checks of Microsoft's validator that need a token endpoint."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest
from canary import secret

from scimconf.check_report import CheckStatus
from scimconf.rehearsal.endpoint.oauth import OAuthSettings
from scimconf.render.checks import json as as_json

from .endpoints import LIST, failed, ids, result, run, scripted

ISSUED = secret("issued")
CLIENT_SECRET = secret("client")
TESTS = ("Validate_Credentials_Test", "Federated_Identity_Test")


def settings(url, assertion=""):
    return OAuthSettings(url=url, client_id="app", client_secret=CLIENT_SECRET, scope="scim", assertion=assertion)


@pytest.mark.parametrize(
    ("response", "actual"),
    [
        ((200, {"access_token": ISSUED, "expires_in": 3600}, {}), ""),
        ((200, {"access_token": ISSUED, "expires_in": "21600"}, {}), ""),
        ((200, {"access_token": ISSUED}, {}), ""),
        ((200, {"access_token": ISSUED, "expires_in": 300}, {}), "expires_in is 300"),
        ((200, {"access_token": ISSUED, "expires_in": None}, {}), "expires_in is null"),
        ((200, {"expires_in": 3600}, {}), "has no access_token"),
        ((401, {"error": "invalid_client"}, {}), "the token service answered 401"),
    ],
)
def test_check_of_credentials_needs_a_token_with_an_accepted_lifetime(response, actual):
    forms = []

    def service(_method, _path, headers, body):
        forms.append((headers["Authorization"], parse_qs(body)))
        return response

    with scripted(service) as token_url, scripted(lambda *_: (200, LIST, {})) as url:
        report = run(url, TESTS[0], oauth=settings(token_url)).report
    assert (failed(report) == []) is (actual == "")
    assert actual in result(report, TESTS[0]).actual
    expected = {"grant_type": ["client_credentials"], "client_id": ["app"], "client_secret": [CLIENT_SECRET]}
    assert forms == [(None, {**expected, "scope": ["scim"]})]
    assert ISSUED not in as_json.report(report)
    assert CLIENT_SECRET not in as_json.report(report)


def test_federated_identity_is_skipped_without_an_assertion():
    with scripted(lambda *_: (200, LIST, {})) as url:
        assert ids(run(url, *TESTS).report, CheckStatus.SKIPPED) == list(TESTS)
        report = run(url, TESTS[1], oauth=settings("http://127.0.0.1:1")).report
    assert "SCIMCONF_OAUTH_ASSERTION" in result(report, TESTS[1]).actual


def test_federated_identity_sends_the_assertion():
    forms = []

    def service(_method, _path, _headers, body):
        forms.append(parse_qs(body))
        return 200, {"access_token": ISSUED}, {}

    with scripted(service) as token_url, scripted(lambda *_: (200, LIST, {})) as url:
        report = run(url, TESTS[1], oauth=settings(token_url, assertion="header.payload.signature")).report
    assert failed(report) == []
    assert forms[0]["client_assertion"] == ["header.payload.signature"]
    assert "client_secret" not in forms[0]
