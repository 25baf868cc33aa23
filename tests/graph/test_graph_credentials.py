"""Signing in: which credential, kept tokens, sentences instead of azure's errors."""

import asyncio
import base64
import json
import sys
from pathlib import Path

import httpx
import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError

from scimconf.api import open_client
from scimconf.diagnostics import AuthenticationError
from scimconf.graph.client import sandbox_token
from scimconf.graph.credentials import TokenSource, token_claims, token_source
from scimconf.graph.secret_masking import SecretMask
from scimconf.graph.secrets import Secrets
from scimconf.graph.settings import CLOUDS, PUBLIC, Settings
from scimconf.permissions import Granted

CHINA = CLOUDS[3]
APPLICATION = {"AZURE_TENANT_ID": "tenant-1", "AZURE_CLIENT_ID": "client-1"}


def jwt(**claims):
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"header.{payload}.signature"


class Fake:
    """azure's credential with a token that ends an hour after it was given."""

    def __init__(self, failure=None, life=3600):
        self.asked = []
        self.failure = failure
        self.life = life
        self.time = 1000.0
        self.closed = False

    def get_token(self, *scopes, **options):
        self.asked.append((scopes, options))
        if self.failure:
            raise self.failure
        return AccessToken(jwt(tid="tenant-1", n=len(self.asked)), int(self.time + self.life))

    def close(self):
        self.closed = True


def source(fake, tip=""):
    return TokenSource(fake, PUBLIC.scope, tip, clock=lambda: fake.time, mask=SecretMask())


def test_get_token_caches_a_token_until_shortly_before_its_expiry():
    fake = Fake()
    tokens = source(fake)
    tokens.fetch()
    fake.time += 3299
    first = tokens.get_token(PUBLIC.scope, enable_cae=True)
    assert len(fake.asked) == 1
    fake.time += 1
    assert tokens.get_token(PUBLIC.scope, enable_cae=True) != first
    assert len(fake.asked) == 2


def test_get_token_uses_a_token_that_expires_soon_for_half_a_minute():
    fake = Fake(life=60)
    tokens = source(fake)
    for _ in range(29):
        tokens.get_token(PUBLIC.scope)
        fake.time += 1
    assert len(fake.asked) == 1
    fake.time += 2
    tokens.get_token(PUBLIC.scope)
    assert len(fake.asked) == 2


def test_get_token_with_claims_requests_a_new_token_and_caches_it():
    fake = Fake()
    tokens = source(fake)
    first = tokens.get_token(PUBLIC.scope)
    second = tokens.get_token(PUBLIC.scope, claims="{}", enable_cae=True)
    assert first != second == tokens.get_token(PUBLIC.scope)
    assert fake.asked[1] == ((PUBLIC.scope,), {"claims": "{}", "tenant_id": None, "enable_cae": True})


def test_get_token_caches_by_scope_and_tenant():
    fake = Fake()
    tokens = source(fake)
    for scope, tenant in ((PUBLIC.scope, None), ("https://vault.azure.net/.default", None), (PUBLIC.scope, "other")):
        tokens.get_token(scope, tenant_id=tenant)
        tokens.get_token(scope, tenant_id=tenant)
    assert len(fake.asked) == 3


def test_tenant_id_is_read_from_the_token():
    fake = Fake()
    tokens = source(fake)
    assert tokens.tenant_id() == "tenant-1"
    tokens.fetch()
    assert len(fake.asked) == 1


@pytest.mark.parametrize("token", ["opaque", "a.b.c", "a.!!!.c", "a.e30.c", jwt(tid=None), "a.W10.c", "a..c"])
def test_claim_of_a_token_without_it_is_empty(token):
    assert not token_claims(token).get("tid")


def test_the_session_of_a_client_shows_the_permissions_of_its_token():
    class Application(Fake):
        def get_token(self, *_scopes, **_options):
            return AccessToken(jwt(roles=["Application.Read.All"]), 5000)

    async def granted():
        async with open_client(Settings(), source(Application()), Secrets({})) as client:
            return await client.session().granted()

    assert asyncio.run(granted()) == Granted(frozenset({"Application.Read.All"}))


@pytest.mark.parametrize(
    ("response", "token"),
    [
        (httpx.Response(200, json={"access_token": "a.b.c"}), "a.b.c"),
        (httpx.Response(404, text="not a sandbox"), ""),
        (httpx.Response(200, text="<html>"), ""),
        (httpx.Response(200, json=[]), ""),
        (httpx.Response(200, json={}), ""),
        (httpx.ConnectError("refused"), ""),
    ],
)
def test_a_sandbox_is_asked_for_a_token_that_shows_its_permissions(response, token):
    """Other local services need not have a sign-in: then nothing is known."""

    def answer(request):
        assert str(request.url) == "http://127.0.0.1:8765/common/oauth2/v2.0/token"
        if isinstance(response, httpx.HTTPError):
            raise response
        return response

    settings = Settings(base="http://127.0.0.1:8765/v1.0")
    assert asyncio.run(sandbox_token(settings, httpx.MockTransport(answer))) == token


def test_close_empties_the_cache_and_closes_the_credential():
    fake = Fake()
    tokens = source(fake)
    tokens.fetch()
    tokens.close()
    assert fake.closed
    TokenSource(object(), "scope", mask=SecretMask()).close()


def test_repr_of_a_token_source_contains_no_token():
    tokens = source(Fake())
    tokens.fetch()
    assert "header." not in f"{tokens!r} {tokens} {vars(tokens)}"


LONG = "DefaultAzureCredential failed to retrieve a token.\nAttempted credentials:\n\tEnvironmentCredential: x"


@pytest.mark.parametrize(
    ("failure", "sentence"),
    [
        (ClientAuthenticationError(LONG), "DefaultAzureCredential failed to retrieve a token."),
        (
            ClientAuthenticationError(
                "Authentication failed: AADSTS7000215: Invalid client secret provided. Trace ID: 1\nx"
            ),
            "AADSTS7000215: Invalid client secret provided. Trace ID: 1",
        ),
        (
            ServiceRequestError("Failed to resolve login.microsoftonline.com"),
            "Failed to resolve login.microsoftonline.com",
        ),
        (ValueError("Invalid tenant id"), "Invalid tenant id"),
        (ValueError(""), "ValueError"),
        (FileNotFoundError(2, "No such file", "/token"), "No such file: /token"),
        (OSError(5, "I/O error"), "I/O error"),
        (ValueError("x" * 1000), "x" * 300),
    ],
)
def test_authentication_error_quotes_one_line_and_adds_a_hint(failure, sentence):
    with pytest.raises(AuthenticationError) as caught:
        source(Fake(failure), "Do this.").fetch()
    assert str(caught.value) == f"Could not get an access token: {sentence}"
    assert caught.value.hint == "Do this."
    assert caught.value.__context__ is None


def test_authentication_error_of_an_unavailable_credential():
    from azure.identity import CredentialUnavailableError

    with pytest.raises(AuthenticationError, match="Please run 'az login'"):
        source(Fake(CredentialUnavailableError("Please run 'az login' to set up an account"))).fetch()


def made(auth, environ, cloud=PUBLIC, **options):
    tokens = token_source(auth, environ, cloud, **options, mask=SecretMask())
    assert tokens.scope == cloud.scope
    credential = tokens._credential
    tokens.close()
    return credential


@pytest.mark.parametrize(
    ("auth", "environ", "kind"),
    [
        (None, {}, "DefaultAzureCredential"),
        ("environment", {**APPLICATION, "AZURE_CLIENT_SECRET": "hush"}, "ClientSecretCredential"),
        ("workload", {**APPLICATION, "AZURE_FEDERATED_TOKEN_FILE": "/token"}, "WorkloadIdentityCredential"),
        ("managed", {}, "ManagedIdentityCredential"),
        ("cli", {}, "AzureCliCredential"),
        ("device_code", APPLICATION, "DeviceCodeCredential"),
        ("device_code", {}, "DeviceCodeCredential"),
    ],
)
def test_token_source_selects_the_credential_of_each_method(auth, environ, kind):
    assert type(made(auth, environ)).__name__ == kind
    assert type(made(auth, environ, CHINA)).__name__ == kind


@pytest.fixture
def recorded(monkeypatch):
    """azure's constructors, recording what they were given."""
    from azure import identity

    calls = {}

    def record(name):
        def make(*args, **options):
            calls[name] = (args, options)
            return Fake()

        return make

    for name in (
        "DefaultAzureCredential",
        "ClientSecretCredential",
        "CertificateCredential",
        "WorkloadIdentityCredential",
    ):
        monkeypatch.setattr(identity, name, record(name))
    monkeypatch.setattr(identity, "DeviceCodeCredential", record("DeviceCodeCredential"))
    return calls


def test_token_source_uses_the_authority_of_the_cloud(recorded):
    token_source(None, {}, CHINA, mask=SecretMask())
    token_source("environment", {**APPLICATION, "AZURE_CLIENT_SECRET": "s"}, CHINA, mask=SecretMask())
    token_source("workload", {**APPLICATION, "AZURE_FEDERATED_TOKEN_FILE": "/t"}, CHINA, mask=SecretMask())
    token_source("device_code", {}, CHINA, mask=SecretMask())
    assert {options["authority"] for _, options in recorded.values()} == {"login.chinacloudapi.cn"}


def test_token_source_prefers_a_certificate_to_a_secret(recorded):
    environ = {
        **APPLICATION,
        "AZURE_CLIENT_SECRET": "s",
        "AZURE_CLIENT_CERTIFICATE_PATH": "/cert.pem",
        "AZURE_CLIENT_CERTIFICATE_PASSWORD": "p",
        "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN": "True",
    }
    token_source("environment", environ, mask=SecretMask())
    assert recorded["CertificateCredential"] == (
        ("tenant-1", "client-1", "/cert.pem"),
        {"password": "p", "send_certificate_chain": True, "authority": PUBLIC.authority},
    )


def test_device_code_prompt_goes_to_stderr(recorded, capsys):
    said = []
    token_source("device_code", APPLICATION, prompt=said.append, mask=SecretMask())
    token_source("device_code", {}, mask=SecretMask())
    _, options = recorded["DeviceCodeCredential"]
    options["prompt_callback"]("https://microsoft.com/devicelogin", "ABCD", None)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "Open https://microsoft.com/devicelogin and enter the code ABCD\n"


@pytest.mark.parametrize(
    ("auth", "environ", "missing"),
    [
        ("environment", {}, "AZURE_TENANT_ID and AZURE_CLIENT_ID not set"),
        ("environment", APPLICATION, "AZURE_CLIENT_SECRET not set"),
        ("workload", {"AZURE_TENANT_ID": "t"}, "AZURE_CLIENT_ID not set"),
        ("workload", APPLICATION, "AZURE_FEDERATED_TOKEN_FILE not set"),
        ("secret", {}, "unknown --auth secret. Valid methods: environment, workload"),
    ],
)
def test_token_source_names_missing_variables(auth, environ, missing):
    with pytest.raises(AuthenticationError, match=missing):
        token_source(auth, environ, mask=SecretMask())


def test_token_source_reports_a_missing_certificate():
    environ = {**APPLICATION, "AZURE_CLIENT_CERTIFICATE_PATH": "/nowhere/cert.pem"}
    with pytest.raises(AuthenticationError, match="/nowhere/cert.pem") as caught:
        token_source("environment", environ, mask=SecretMask())
    assert "AZURE_CLIENT_CERTIFICATE_PATH" in caught.value.hint


def test_graph_client_does_not_import_azure_identity_or_pydantic():
    import subprocess

    code = (
        "import sys, scimconf.graph.client, scimconf.graph.credentials, scimconf.graph.secrets;"
        "print([name for name in ('azure.identity', 'azure.keyvault', 'pydantic', 'h2') if name in sys.modules])"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout == "[]\n"
