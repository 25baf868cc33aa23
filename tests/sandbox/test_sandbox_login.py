"""The sign-in service, the cloud metadata, owners and certificates, as other clients use them."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from scimconf.sandbox.certificates import ensure_certificates

from .client import HOST

FORM = {"grant_type": "client_credentials", "client_id": "me", "client_secret": "s", "scope": "x/.default"}


def ask(client, form, tenant="contoso"):
    return client.send("POST", f"{HOST}/{tenant}/oauth2/v2.0/token", data=form)


def claims(token):
    head, body, signature = token.split(".")
    assert json.loads(base64.urlsafe_b64decode(head + "==")) == {"typ": "JWT", "alg": "none"}
    assert signature == ""
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def test_a_token_identifies_its_client(contoso):
    answer = ask(contoso, FORM).json()
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3599)
    token_claims = claims(answer["access_token"])
    assert token_claims["tid"] == contoso.value("/organization")[0]["id"]
    assert (token_claims["appid"], token_claims["app_displayname"], token_claims["exp"] - token_claims["iat"]) == (
        "me",
        "Client me",
        3599,
    )
    assert token_claims["oid"] == claims(ask(contoso, FORM).json()["access_token"])["oid"]
    assert token_claims["oid"] != claims(ask(contoso, FORM | {"client_id": "you"}).json()["access_token"])["oid"]
    assert contoso.value("/servicePrincipals") == []


def test_a_token_contains_the_permissions(sandbox):
    client = sandbox(permissions=frozenset({"User.Read.All"}))
    assert claims(ask(client, FORM).json()["access_token"])["roles"] == ["User.Read.All"]


@pytest.mark.parametrize(
    ("kind", "expected"), [("application", {"roles": ["User.Read.All"]}), ("delegated", {"scp": "User.Read.All"})]
)
def test_a_token_is_of_an_application_or_of_a_user(sandbox, kind, expected):
    client = sandbox(permissions=frozenset({"User.Read.All"}), switches={"access_tokens": kind})
    token = claims(ask(client, FORM).json()["access_token"])
    assert {name: token[name] for name in ("roles", "scp") if name in token} == expected


def test_a_token_can_be_opaque(sandbox):
    token = ask(sandbox(switches={"access_tokens": "opaque"}), FORM).json()["access_token"]
    assert token
    assert "." not in token


@pytest.mark.parametrize(
    ("changed", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"client_id": ""}, 400, "invalid_request"),
        ({"client_secret": ""}, 401, "invalid_client"),
        ({"client_secret": "", "client_assertion": "jwt"}, 200, None),
    ],
)
def test_the_token_endpoint_validates_the_form(contoso, changed, status, error):
    answer = ask(contoso, FORM | changed)
    assert (answer.status_code, answer.json().get("error")) == (status, error)


def test_metadata_endpoints_are_absolute(contoso):
    document = contoso.get(f"{HOST}/metadata/endpoints?api-version=2022-09-01")
    assert document["microsoftGraphResourceId"] == document["authentication"]["loginEndpoint"] == HOST
    assert document["name"] and document["resourceManager"]
    document = contoso.get(f"{HOST}/contoso/v2.0/.well-known/openid-configuration")
    assert document["token_endpoint"] == f"{HOST}/contoso/oauth2/v2.0/token"
    assert contoso.get(document["jwks_uri"]) == {"keys": []}


# ---- owners ---------------------------------------------------------------------------------------------------------


def test_a_client_can_be_owner_of_its_application(contoso):
    caller = claims(ask(contoso, FORM).json()["access_token"])["oid"]
    bound = {"owners@odata.bind": [f"{HOST}/v1.0/directoryObjects/{caller}"]}
    app = contoso.post("/applications", {"displayName": "Mine"} | bound)
    assert "owners@odata.bind" not in app
    principal = contoso.post("/servicePrincipals", {"appId": app["appId"]} | bound)
    for path in (f"/applications/{app['id']}", f"/servicePrincipals/{principal['id']}"):
        (owner,) = contoso.value(f"{path}/owners")
        assert (owner["id"], owner["@odata.type"]) == (caller, "#microsoft.graph.servicePrincipal")
        contoso.delete(f"{path}/owners/{caller}/$ref")
        contoso.delete(f"{path}/owners/{caller}/$ref", expect=404)
        assert contoso.value(f"{path}/owners") == []


def test_owners_of_a_group_are_added_and_listed(contoso):
    group = f"/groups/{contoso.value('/groups')[0]['id']}"
    ada = contoso.get("/users/ada@contoso.com")
    link = {"@odata.id": f"{HOST}/v1.0/directoryObjects/{ada['id']}"}
    contoso.post(f"{group}/owners/$ref", link, expect=204)
    contoso.post(f"{group}/owners/$ref", link, expect=400)
    contoso.post(f"{group}/owners/$ref", {"@odata.id": "nobody"}, expect=404)
    assert [owner["displayName"] for owner in contoso.value(f"/beta{group}/owners?$select=displayName")] == [
        "Ada Lovelace"
    ]
    assert ada["id"] not in [owner["id"] for owner in contoso.value(f"{group}/members")]


@pytest.mark.parametrize(("links", "status"), [(["x"], 404), ("x", 400)])
def test_an_unknown_owner_is_refused(contoso, links, status):
    contoso.post("/applications", {"displayName": "Mine", "owners@odata.bind": links}, expect=status)
    assert contoso.value("/applications") == []


def test_deleting_an_application_deletes_its_owners(contoso):
    ada = contoso.get("/users/ada@contoso.com")["id"]
    app = contoso.post("/applications", {"displayName": "Mine", "owners@odata.bind": [ada]})
    contoso.delete(f"/applications/{app['id']}")
    assert contoso.service.tenant.store.value("SELECT COUNT(*) FROM members WHERE group_id LIKE 'owners/%'") == 0


# ---- requests of these clients only ---------------------------------------------------------------------------------


def test_manager_is_not_found(contoso):
    assert contoso.get("/users/ada@contoso.com/manager", expect=404)["error"]["code"] == "Request_ResourceNotFound"


def test_select_of_a_beta_property_is_null(writer):
    sp = writer.principal()["id"]
    assert writer.get(f"/beta/servicePrincipals/{sp}?$select=samlMetadataUrl")["samlMetadataUrl"] is None


@pytest.mark.parametrize("path", ["/applications/{app}", "/servicePrincipals/{sp}"])
def test_patch_ignores_id_and_annotations(writer, path):
    (app,) = writer.value("/applications")
    path = path.format(app=app["id"], sp=writer.principal()["id"])
    before = writer.get(path)
    writer.patch(path, {"id": "other", "@odata.type": "#microsoft.graph.x", "description": "changed"})
    after = writer.get(path)
    assert (after["id"], after["description"]) == (before["id"], "changed")
    assert "@odata.type" not in after


@pytest.mark.parametrize(
    "query",
    [
        "%24filter=displayName+eq+%27Tim+O%27%27Reilly%27",
        "$filter=displayName%20eq%20'Tim%20O''Reilly'",
        "%24filter=mailNickname+eq+%27tim%27&%24select=id%2CdisplayName",
        "$filter=startswith(displayName,'Tim O')",
    ],
)
def test_filter_is_decoded_in_each_url_encoding(contoso, query):
    (user,) = contoso.value(f"/users?{query}")
    assert user["displayName"] == "Tim O'Reilly"


# ---- certificates ---------------------------------------------------------------------------------------------------

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def test_certificates_are_reused_until_a_week_before_expiry(tmp_path):
    certificates = ensure_certificates(tmp_path / "tls", now=NOON)
    first = certificates.authority.read_bytes(), certificates.certificate.read_bytes(), certificates.key.read_bytes()
    assert certificates.key.stat().st_mode & 0o777 == 0o600
    assert ensure_certificates(tmp_path / "tls", now=NOON + timedelta(days=300)).authority.read_bytes() == first[0]
    assert ensure_certificates(tmp_path / "tls", now=NOON + timedelta(days=392)).authority.read_bytes() != first[0]


@pytest.mark.parametrize("spoilt", ["ca.pem", "localhost.pem", "localhost.key"])
def test_certificates_that_do_not_match_are_created_again(tmp_path, spoilt):
    ensure_certificates(tmp_path / "other", now=NOON)
    before = ensure_certificates(tmp_path / "tls", now=NOON).certificate.read_bytes()
    (tmp_path / "tls" / spoilt).write_bytes((tmp_path / "other" / spoilt).read_bytes())
    assert ensure_certificates(tmp_path / "tls", now=NOON).certificate.read_bytes() not in (before, b"")
