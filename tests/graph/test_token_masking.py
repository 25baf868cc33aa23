"""The access token and the other secrets of a sign-in: masked in what comes back, in whole and in part."""

import base64
import json
import logging
import time
from urllib.parse import quote

import httpx
import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError
from canary import MARK, WATCH, secret

from scimconf.diagnostics import AuthenticationError, GraphError
from scimconf.graph.credentials import TokenSource
from scimconf.graph.masked_logs import masked_logs
from scimconf.graph.secret_masking import SecretMask
from scimconf.graph.secrets import Secrets
from scimconf.graph.sign_in_secrets import assertion, environment_secrets
from scimconf.graph.token_parts import SEPARATED

PUBLIC = "https://graph.microsoft.com/v1.0"
CLAIMS = base64.b64encode(b'{"access_token":{"nbf":{"essential":true,"value":"1"}}}').decode()
CHALLENGE = f'Bearer realm="", error="insufficient_claims", claims="{CLAIMS}"'


def part(text):
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def jwt(number=1):
    """Return a token in the form of Microsoft's, with a signature that no other number has."""
    signature = "".join(f"{number}{MARK}{index:03}" for index in range(30))
    parts = (json.dumps({"typ": "JWT", "alg": "RS256"}), json.dumps({"tid": "t", "n": number}), signature)
    return ".".join(map(part, parts))


TOKEN = jwt()
SIGNATURE = TOKEN.rpartition(".")[2]
OPAQUE = f"EwB4{MARK}+/" + "A1b2+C3d4/E5f6=" * 8


def mask_of(*texts):
    mask = SecretMask()
    for text in texts:
        mask.add(text)
    return mask


FORMS = {
    "literal": TOKEN,
    "header": f"Bearer {TOKEN}",
    "signature": SIGNATURE,
    "start": TOKEN[:40],
    "end": TOKEN[-30:],
    "middle of the signature": SIGNATURE[100:130],
    "upper case": TOKEN.upper(),
    "JSON in JSON": json.dumps(json.dumps({"authorization": f"Bearer {TOKEN}"})),
    "URL": quote(f"Bearer {TOKEN}", safe=""),
    "all of it URL-encoded": "".join(f"%{byte:02X}" for byte in TOKEN.encode()),
    "all of it as JSON escapes": "".join(f"\\u{ord(char):04x}" for char in TOKEN),
    "base64": base64.b64encode(TOKEN.encode()).decode(),
    "base64 after one byte": base64.b64encode(f"a{TOKEN}".encode()).decode()[3:],
    "base64 after two bytes": base64.urlsafe_b64encode(f"ab{TOKEN}".encode()).decode()[4:],
    "base64 in lines": base64.encodebytes(TOKEN.encode()).decode(),
    "base64 of a part": base64.b64encode(SIGNATURE[50:90].encode()).decode(),
    "hexadecimal": TOKEN.encode().hex(),
    "hexadecimal in capitals": SIGNATURE.encode().hex().upper(),
    "hexadecimal with colons": TOKEN.encode().hex(":"),
    "hexadecimal of a part": SIGNATURE[40:60].encode().hex(),
    "an array of bytes": ", ".join(f"0x{byte:02x}" for byte in TOKEN.encode()),
    "UTF-16": TOKEN.encode("utf-16-le").hex(),
    "UTF-16 with spaces": SIGNATURE.encode("utf-16-be").hex(" "),
    "after letters that are longer in lower case": f"{'İ' * 20}{TOKEN}{'İ'}",
}


@pytest.mark.parametrize("form", FORMS)
def test_mask_text_masks_every_form_of_a_token(form):
    text = f"so {FORMS[form]} so"
    masked_text = mask_of(TOKEN, jwt(2)).mask_text(text)
    assert masked_text.startswith("so ")
    assert masked_text.endswith(" so")
    rest = masked_text.replace("***", "").replace("Bearer", "").replace("authorization", "").replace("İ", "")
    assert len(rest) < 45
    assert "***" in masked_text


@pytest.mark.parametrize(
    "form",
    [
        OPAQUE,
        quote(OPAQUE, safe=""),
        OPAQUE.replace("/", "\\/"),
        OPAQUE.replace("+", "\\u002b"),
        OPAQUE[30:80],
    ],
)
def test_mask_text_masks_a_token_with_characters_that_are_escaped(form):
    assert mask_of(OPAQUE).mask_text(f'"{form}"') == '"***"'


@pytest.mark.parametrize(
    "text", ["", SIGNATURE[:11], "an id 11111111-2222-4333-8444-555555555555", "a" * 100, "\\u0061" * 9]
)
def test_mask_text_leaves_other_texts_and_what_is_shorter_than_a_part(text):
    assert mask_of(TOKEN, "a-secret-of-the-sign-in").mask_text(text) == text


def test_mask_text_masks_each_of_several_tokens_and_what_touches_them():
    text = f"{jwt(1)},{jwt(2)}.{jwt(3)}x {SIGNATURE}{SIGNATURE}"
    assert mask_of(jwt(1), jwt(2), jwt(3)).mask_text(text).replace("***", "") in {",.x ", ",x ", ".x ", "x "}


@pytest.mark.parametrize("text", ["\\" * 50_000, "%25" * 30_000, "68:" * 30_000, "68" * 50_000, TOKEN[:11] * 5_000])
def test_mask_text_of_a_token_is_fast_for_any_text(text):
    assert mask_of(TOKEN).mask_text(text) == text


def test_pattern_of_separated_bytes_needs_twelve():
    assert SEPARATED.search(":".join(["68"] * 12))
    assert not SEPARATED.search(":".join(["68"] * 11))


def test_repr_of_a_mask_contains_no_secret():
    mask = mask_of(TOKEN, "hush-hush")
    assert "hush" not in f"{mask!r} {mask}"
    assert not hasattr(mask, "__dict__")


# ---- tokens of a run ---------------------------------------------------------------------------------------------------


class Credential:
    """azure's credential; each of its tokens is another one."""

    def __init__(self):
        self.issued = []

    def get_token(self, *_scopes, **_options):
        self.issued.append(jwt(len(self.issued) + 1))
        return AccessToken(self.issued[-1], int(time.time()) + 3600)


def echo(status, code="Code", **headers):
    """Return a response that echoes the request's Authorization in its message and in its request id."""

    def answer(request):
        authorization = request.headers["authorization"]
        body = {"error": {"code": code, "message": f"{authorization} {authorization[7:].encode().hex()}"}}
        return httpx.Response(status, json=body, headers={"request-id": authorization[-40:], **headers})

    return answer


def test_every_token_of_a_run_is_masked_in_errors(fake):
    fake.base = PUBLIC
    mask, credential = SecretMask(), Credential()
    tokens = TokenSource(credential, "scope", mask=mask)
    fake.answers(echo(401, **{"www-authenticate": CHALLENGE}), echo(400))
    with pytest.raises(GraphError) as caught:
        fake.get(token=tokens, mask_text=mask.mask_text)
    assert len(credential.issued) == 2
    assert str(caught.value) == "GET /me answered 400 Code: Bearer *** *** (request id ***)"
    assert mask.mask_text(" ".join(credential.issued)) == "*** ***"


def test_library_logs_are_masked_at_debug_level(caplog):
    mask = mask_of(TOKEN)
    logger = logging.getLogger("httpcore.http11")
    with caplog.at_level(logging.DEBUG), masked_logs(mask.mask_text):
        logger.debug("receive_response_headers.complete return_value=%r", [(b"request-id", SIGNATURE.encode())])
    logger.debug("after %s", "it")
    assert caplog.messages == ["receive_response_headers.complete return_value=[(b'request-id', b'***')]"]
    assert logger.filters == []


# ---- other secrets of a sign-in ----------------------------------------------------------------------------------------


SECRET = secret("client~8Q.x")


@pytest.mark.parametrize(
    ("name", "value", "secrets"),
    [
        ("AZURE_CLIENT_SECRET", SECRET, [SECRET]),
        ("AZURE_CLIENT_CERTIFICATE_PASSWORD", f"{SECRET}\n", [SECRET]),
        ("ARM_OIDC_TOKEN", SECRET, [SECRET]),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", SECRET, [SECRET]),
        ("SYSTEM_ACCESSTOKEN", SECRET, [SECRET]),
        ("IDENTITY_HEADER", SECRET, [SECRET]),
        ("https_proxy", f"http://user:{MARK}%7Esecret@proxy:3128", [f"{MARK}~secret"]),
        ("HTTPS_PROXY", "http://[proxy", []),
        ("HTTPS_PROXY", "http://proxy:3128", []),
        ("AZURE_CLIENT_SECRET", "short", []),
        ("AZURE_CLIENT_ID", "11111111-2222-4333-8444-555555555555", []),
        ("AZURE_TOKEN_CREDENTIALS", "WorkloadIdentityCredential", []),
        ("AZURE_FEDERATED_TOKEN_FILE", "/var/run/secrets/token", []),
        ("ACTIONS_ID_TOKEN_REQUEST_URL", "https://example.com/token", []),
        ("WRITER_SCIM_TOKEN", SECRET, []),
    ],
)
def test_environment_secrets_are_those_of_sign_ins_pipelines_and_proxies(name, value, secrets):
    assert list(environment_secrets({name: value})) == secrets


def test_secrets_of_the_environment_are_masked_from_the_start():
    secrets = Secrets({"AZURE_CLIENT_SECRET": SECRET, "WRITER_SCIM_TOKEN": "another-secret"})
    assert secrets.mask_text(f"{SECRET} {SECRET.encode().hex()} another-secret") == "*** *** another-secret"


def test_each_assertion_is_masked_before_it_is_sent(tmp_path):
    file = tmp_path / "token"
    mask = SecretMask()

    class Refusing:
        def get_token(self, *_scopes, **_options):
            raise ClientAuthenticationError(
                f"AADSTS700211: No matching record for {file.read_text().strip()} in {SIGNATURE}"
            )

    for number in (1, 2):
        WATCH.secret_file(file, f"{jwt(number)}\n")
        tokens = TokenSource(Refusing(), "scope", mask=mask, environ={"AZURE_FEDERATED_TOKEN_FILE": str(file)})
        with pytest.raises(AuthenticationError) as caught:
            tokens.fetch()
        assert str(caught.value) == ("Could not get an access token: AADSTS700211: No matching record for *** in ***")
    assert mask.mask_text(f"{jwt(1)} {jwt(2)}") == "*** ***"


@pytest.mark.parametrize("content", [None, b"", b"short"])
def test_assertion_is_none_without_a_file_that_has_it(tmp_path, content):
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    assert list(assertion({"AZURE_FEDERATED_TOKEN_FILE": str(file)})) == []
    assert list(assertion({})) == []
