"""Secrets: found by reference, shown nowhere, masked in what comes back."""

import base64
import copy
import dataclasses
import json
import logging
import pickle
import re
import sys
import traceback
from urllib.parse import quote, quote_plus

import pytest

from scimconf.diagnostics import SecretError
from scimconf.graph.secret_masking import map_strings
from scimconf.graph.secrets import Secrets, SecretValue, encode
from scimconf.snapshot import SecretRef

HUSH = 'hush "&/ü+\\'
TOKEN = SecretRef("env", "WRITER_SCIM_TOKEN")
VAULT = SecretRef("key_vault", "token", "https://contoso.vault.azure.net", "v1")


@dataclasses.dataclass
class Holder:
    secret: SecretValue


def resolved(text=HUSH):
    secrets = Secrets({"WRITER_SCIM_TOKEN": text})
    secrets.resolve(TOKEN)
    return secrets


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        "{}".format,
        "{!r:>20}".format,
        "{:>20}".format,
        lambda secret: f"{secret}",
        "{0} {0!r}".format,
        lambda secret: repr([secret, {"a": secret}]),
        lambda secret: repr(Holder(secret)),
        ascii,
    ],
)
def test_secret_value_prints_as_stars(show):
    shown = show(SecretValue(HUSH))
    assert "***" in shown
    assert "hush" not in shown


@pytest.mark.parametrize(
    "leave",
    [
        pickle.dumps,
        copy.copy,
        copy.deepcopy,
        json.dumps,
        iter,
        list,
        len,
        bytes,
        int,
        hash,
        vars,
        lambda secret: dataclasses.asdict(Holder(secret)),
        lambda secret: "a" + secret,
        lambda secret: secret + "a",
        lambda secret: secret[0],
        lambda secret: "x" in secret,
        "".join,
        lambda secret: json.dumps({secret: 1}),
        lambda secret: setattr(secret, "x", 1),
    ],
)
def test_secret_value_cannot_be_copied_pickled_or_iterated(leave):
    with pytest.raises((TypeError, AttributeError)) as caught:
        leave(SecretValue(HUSH))
    assert "hush" not in "".join(traceback.format_exception(caught.value))


def test_secret_value_is_in_no_log_and_no_traceback(caplog):
    secret = SecretValue(HUSH)
    logging.getLogger("x").warning("sent %s and %r", secret, secret)
    assert "hush" not in caplog.text
    try:
        raise ValueError(secret)
    except ValueError as error:
        shown = traceback.TracebackException.from_exception(error, capture_locals=True)
        assert "hush" not in "".join(line for line in shown.format() if "HUSH" not in line)


def test_secret_values_are_equal_by_text():
    assert SecretValue("a") == SecretValue("a")
    assert SecretValue("ü") != SecretValue("u")
    assert SecretValue("a") != "a"


def test_encode_reveals_secrets_at_any_depth():
    body = {"value": [{"key": "SecretToken", "value": SecretValue(HUSH)}], "null": None, "n": 1.5}
    raw = encode(body)
    assert json.loads(raw) == {"value": [{"key": "SecretToken", "value": HUSH}], "null": None, "n": 1.5}
    assert "ü".encode() in raw


def test_encode_accepts_any_mapping():
    from types import MappingProxyType

    assert encode(MappingProxyType({"a": (1, 2)})) == b'{"a":[1,2]}'


@pytest.mark.parametrize("body", [{"a": {1, 2}}, {"a": b"x"}, {"a": float("nan")}, {SecretValue(HUSH).__class__: 1}])
def test_encode_refuses_other_types_than_json(body):
    with pytest.raises((TypeError, ValueError)) as caught:
        encode(body)
    assert caught.value.__cause__ is None


def test_resolve_reads_an_environment_variable():
    secrets = Secrets({"WRITER_SCIM_TOKEN": HUSH})
    assert secrets.resolve(TOKEN) == SecretValue(HUSH)


@pytest.mark.parametrize(
    ("environ", "why"),
    [({}, "WRITER_SCIM_TOKEN is not set"), ({"WRITER_SCIM_TOKEN": ""}, "WRITER_SCIM_TOKEN is empty")],
)
def test_resolve_refuses_a_missing_or_empty_variable(environ, why):
    secrets = Secrets(environ)
    with pytest.raises(SecretError, match=why):
        secrets.resolve(TOKEN)


@pytest.mark.parametrize("content", [b"hush", b"hush\n", b"hush\r\n", b"\xef\xbb\xbfhush\n"])
def test_resolve_reads_a_file_without_its_last_newline(tmp_path, content):
    (tmp_path / "token").write_bytes(content)
    secrets = Secrets({}, folder=tmp_path)
    ref = SecretRef("file", "token")
    assert secrets.resolve(ref) == SecretValue("hush")
    assert Secrets({}).resolve(SecretRef("file", str(tmp_path / "token"))) == SecretValue("hush")


def test_resolve_refuses_an_invalid_file_name_and_a_variable_that_is_not_utf8():
    with pytest.raises(SecretError, match="could not read .*: invalid file name"):
        Secrets({}).resolve(SecretRef("file", "a\0b"))
    with pytest.raises(SecretError, match="WRITER_SCIM_TOKEN is not UTF-8"):
        resolved("hush\udcff")


def test_resolve_preserves_inner_whitespace_of_a_file(tmp_path):
    (tmp_path / "token").write_bytes(b" a\tb \n")
    assert Secrets({}, folder=tmp_path).resolve(SecretRef("file", "token")) == SecretValue(" a\tb ")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "token does not exist"),
        (b"", "token is empty"),
        (b"\n", "token is empty"),
        (b"root:x\nbin:y\n", "token has several lines"),
        (b"hush\xff", "not UTF-8"),
    ],
)
def test_resolve_refuses_a_missing_or_empty_file(tmp_path, content, why):
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    secrets = Secrets({}, folder=tmp_path)
    with pytest.raises(SecretError, match=why) as caught:
        secrets.resolve(SecretRef("file", "token"))
    assert caught.value.__context__ is None


def test_mode_for_others_is_empty_unless_the_file_exists_and_is_shared(tmp_path):
    """Only regular files have readers; a variable and a Key Vault have no file."""
    secrets, token = Secrets({}, folder=tmp_path), SecretRef("file", "token")
    assert secrets.mode_for_others(token) == ""
    (tmp_path / "token").write_text("t")
    for mode, expected in ((0o600, ""), (0o640, "0640"), (0o604, "0604"), (0o620, "")):
        (tmp_path / "token").chmod(mode)
        assert secrets.mode_for_others(token) == expected
    for other in (SecretRef("file", "."), SecretRef("file", "\0"), SecretRef("env", "token")):
        assert secrets.mode_for_others(other) == ""


def test_resolve_refuses_a_folder(tmp_path):
    secrets = Secrets({}, folder=tmp_path.parent)
    ref = SecretRef("file", tmp_path.name)
    with pytest.raises(SecretError, match="could not read .*: Is a directory"):
        secrets.resolve(ref)


def test_resolve_reads_a_key_vault_once():
    asked = []

    def vault(url, name, version):
        asked.append((url, name, version))
        return HUSH

    secrets = Secrets({}, vault=vault)
    assert secrets.resolve(VAULT) is secrets.resolve(VAULT)
    assert asked == [("https://contoso.vault.azure.net", "token", "v1")]


@pytest.mark.parametrize("suffix", ["azure.net", "azure.cn", "usgovcloudapi.net", "microsoftazure.de"])
@pytest.mark.parametrize("form", ["https://x.vault.{}", "https://x.vault.{}/", "x.vault.{}", "https://X.Vault.{}"])
def test_vault_host_accepts_azure_vaults(form, suffix):
    seen = []
    secrets = Secrets({}, vault=lambda url, name, version: seen.append(url) or HUSH)
    secrets.resolve(SecretRef("key_vault", "n", form.format(suffix)))
    assert seen == [f"https://x.vault.{suffix}"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "contoso",
        "https://evil.example",
        "https://vault.azure.net.evil.example",
        "https://xvault.azure.net",
        "http://x.vault.azure.net",
        "https://x.vault.azure.net:444",
        "https://u@x.vault.azure.net",
        "https://x.vault.azure.net/secrets/n",
        "https://evil.example/?.vault.azure.net",
        "https://x.vault.azure.net?y",
        "https://evil.example#.vault.azure.net",
    ],
)
def test_vault_host_refuses_other_hosts(url):
    secrets = Secrets({}, vault=lambda *_args: pytest.fail("asked"))
    with pytest.raises(SecretError, match="not an Azure Key Vault"):
        secrets.resolve(SecretRef("key_vault", "n", url))


def test_resolve_refuses_an_empty_secret_of_a_vault():
    with pytest.raises(SecretError, match="token is empty"):
        Secrets({}, vault=lambda *_args: "").resolve(VAULT)


def test_resolve_of_a_vault_names_the_missing_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "azure.keyvault.secrets", None)
    with pytest.raises(SecretError, match="the extra `keyvault` is missing") as caught:
        Secrets({}).resolve(VAULT)
    assert "scimconf[keyvault]" in caught.value.hint


def test_resolve_of_a_vault_needs_a_credential():
    with pytest.raises(SecretError, match="no credential"):
        Secrets({}).resolve(VAULT)


class Client:
    """azure's client, answering as it is told."""

    answer = HUSH
    made = ()

    def __init__(self, url, credential):
        Client.made = (url, credential)

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        return None

    def get_secret(self, name, version):
        from types import SimpleNamespace

        if isinstance(self.answer, Exception):
            raise self.answer
        assert (name, version) == ("token", "v1")
        return SimpleNamespace(value=self.answer)


@pytest.fixture
def client(monkeypatch):
    import azure.keyvault.secrets

    monkeypatch.setattr(azure.keyvault.secrets, "SecretClient", Client)
    return Client


def test_resolve_passes_the_credential_to_azures_client(client):
    assert Secrets({}, credential=lambda: "credential").resolve(VAULT) == SecretValue(HUSH)
    assert client.made == ("https://contoso.vault.azure.net", "credential")


@pytest.mark.parametrize(
    ("status", "why"),
    [(404, "has no secret token"), (403, "access denied"), (401, "access denied"), (500, "could not read")],
)
def test_vault_failure_does_not_contain_azures_text(client, monkeypatch, status, why):
    from azure.core.exceptions import HttpResponseError

    failure = HttpResponseError("hush")
    failure.status_code = status
    monkeypatch.setattr(client, "answer", failure)
    with pytest.raises(SecretError, match=why) as caught:
        Secrets({}, credential=object).resolve(VAULT)
    assert "hush" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "form",
    [
        HUSH,
        json.dumps(HUSH),
        json.dumps(HUSH, ensure_ascii=False),
        json.dumps(json.dumps({"a": HUSH})),
        quote(HUSH),
        quote(HUSH, safe=""),
        quote(HUSH, safe="").replace("%20", "+"),
        "hush &quot;&amp;/ü+\\",
        "hush &#34;&#x26;&#x2F;&uuml;&#043;&#92;",
        'hush "&amp;/ü+\\',
        "hush &amp;quot;&amp;amp;/ü+\\",
        json.dumps(HUSH).replace("&", "\\u0026").replace("+", "\\u002B").replace('\\"', "\\u0022"),
        json.dumps(json.dumps(HUSH)).replace("/", "\\/"),
        HUSH.encode("unicode_escape").decode(),
        repr(HUSH + "'"),
        HUSH.upper().replace("HUSH", "Hush"),
        HUSH.title().replace("H", "h"),
        HUSH.replace(" ", "\n    "),
        quote(quote(HUSH)),
        quote(quote_plus(HUSH)),
        base64.b64encode(HUSH.encode()).decode(),
        base64.urlsafe_b64encode(HUSH.encode()).decode().rstrip("="),
        base64.b64encode(b"u:" + HUSH.encode()).decode(),
        base64.b64encode(b"us:" + HUSH.encode() + b"x").decode().replace("/", "\\/"),
        base64.b64encode(b"use:" + HUSH.encode() + b"xy").decode(),
        HUSH.encode().hex(),
        HUSH.encode().hex().upper(),
        HUSH.encode().hex(":"),
        f"0x{HUSH.encode().hex(' ').replace(' ', ', 0x')}",
        "".join(f"%{byte:02X}" for byte in HUSH.encode()),
        "".join(f"\\x{byte:02x}" for byte in HUSH.encode()),
        HUSH.encode("utf-16-be").hex(),
        HUSH.encode("utf-16-le").hex(" "),
    ],
)
def test_mask_text_masks_every_form(form):
    masked_text = resolved().mask_text(f"bad {form} bad")
    assert "hush" not in masked_text.lower()
    assert "aHVz" not in masked_text
    assert not re.search("68.{0,6}75.{0,6}73", masked_text)
    assert masked_text.startswith("bad ")
    assert masked_text.endswith(" bad")
    assert "***" in masked_text


@pytest.mark.parametrize("text", ["a😀b", "a\x00b", "a\tb", "a'b", "a\\\\  \\ b"])
def test_mask_text_masks_unusual_characters(text):
    secrets = resolved(text)
    for form in (
        text,
        json.dumps(text),
        json.dumps(json.dumps(text)),
        text.encode("unicode_escape").decode(),
        quote(text),
    ):
        assert not re.search(r"a.+b", secrets.mask_text(f"-{form}-"), re.DOTALL), form


@pytest.mark.parametrize(
    "text",
    ["\\" * 50_000, "hush " + " " * 50_000, "68" * 50_000, "68 " * 30_000, 'hush "&/ü+' * 5_000, "&amp;" * 20_000],
)
def test_mask_text_is_fast_for_any_text(text):
    secrets = resolved(HUSH * 3 + "a  \\\\  \\ b")
    assert secrets.mask_text(text) == text


def test_map_strings_keeps_valid_json():
    secrets = resolved('"')
    said = map_strings(secrets.mask_text, {"a": ['say "x"', 1, None], "b": ("c", {"d": '"'})})
    assert said == {"a": ["say ***x***", 1, None], "b": ["c", {"d": "***"}]}


def test_mask_text_masks_the_longest_first():
    secrets = Secrets({"A": "abc", "B": "abcdef"})
    secrets.resolve(SecretRef("env", "A"))
    secrets.resolve(SecretRef("env", "B"))
    assert secrets.mask_text("abcdef abc") == "*** ***"


def test_mask_text_changes_nothing_else():
    assert Secrets({"WRITER_SCIM_TOKEN": HUSH}).mask_text(HUSH) == HUSH
    assert resolved().mask_text("nothing here") == "nothing here"


def test_repr_of_secrets_contains_no_value():
    secrets = resolved()
    assert "hush" not in repr(secrets)
    assert "hush" not in repr({name: value for name, value in vars(secrets).items() if name != "_environ"})


def test_the_sign_in_is_also_that_of_other_services_of_azure():
    assert Secrets({}, credential=lambda: "credential").sign_in() == "credential"
    with pytest.raises(SecretError, match="there is no sign-in"):
        Secrets({}).sign_in()


def test_a_secret_is_available_if_its_variable_is_set_or_its_file_exists(tmp_path):
    (tmp_path / "key.txt").write_text("value", encoding="utf-8")
    secrets = Secrets({"SET": "value", "EMPTY": ""}, folder=tmp_path)
    references = [
        SecretRef("env", "SET"),
        SecretRef("env", "EMPTY"),
        SecretRef("env", "UNSET"),
        SecretRef("file", "key.txt"),
        SecretRef("file", "missing.txt"),
        SecretRef("key_vault", "token", "vault"),
    ]
    assert [secrets.is_available(reference) for reference in references] == [True, False, False, True, False, False]
