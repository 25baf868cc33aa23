"""`--env-file`: variables for one command from a file; their values are never printed."""

from __future__ import annotations

import os

import pytest
from canary import WATCH, secret
from server_fixture import run

from scimconf.cli.env_file import parse

SPEC = """
version: 1
name: writer
tenant: contoso.com
application: {display_name: Writer, create: {from_template: custom}}
connection: {base_address: "https://app.writer.com/scim", secret_token: {env: WRITER_SCIM_TOKEN}}
provisioning: {enabled: true, scope: assigned}
"""
SECRET = secret("env-file")


@pytest.mark.parametrize(
    ("line", "pairs"),
    [
        ("A=b", [("A", "b")]),
        ("  export A_1=b  ", [("A_1", "b")]),
        ("A=", [("A", "")]),
        ("A=b # why", [("A", "b")]),
        ("A=# why", [("A", "")]),
        ("A=b#c=d", [("A", "b#c=d")]),
        ("A=b \t # c # d", [("A", "b")]),
        ("A=b  c", [("A", "b  c")]),
        ('A="b # c" # why', [("A", "b # c")]),
        (r'A="b\"\\\$c\n"', [("A", r'b"\$c\n')]),
        ("A='b\\\"$c'", [("A", 'b\\"$c')]),
        ("# A=b", []),
        ("   ", []),
        ("A=1\nB=2", [("A", "1"), ("B", "2")]),
    ],
)
def test_parse_reads_a_line_as_a_shell_does(line, pairs):
    assert list(parse(line)) == pairs


@pytest.mark.parametrize("line", ["A", "1A=b", "A =b", 'A="b', "A='b", 'A="b" c', "=b", "A-B=c"])
def test_parse_names_the_line_that_is_no_assignment(line):
    with pytest.raises(ValueError, match="^2$"):
        list(parse(f"# first\n{line}"))


@pytest.fixture
def folder(cli, monkeypatch):
    """Return the working folder with a spec; the environment has neither a token nor the URL of the sandbox."""
    monkeypatch.delenv("WRITER_SCIM_TOKEN")
    monkeypatch.delenv("SCIMCONF_GRAPH_URL")
    (cli.folder / "scimconf.yaml").write_text(SPEC)
    return cli.folder


def write(folder, text, mode=0o600):
    file = folder / ".env"
    WATCH.secret_file(file, text)
    file.chmod(mode)


def test_apply_reads_the_secret_and_the_tenant_from_an_env_file(folder, sandbox):
    write(folder, f"SCIMCONF_GRAPH_URL={sandbox.url}\nWRITER_SCIM_TOKEN={SECRET}\n")
    result = run(["apply", "--auto-approve", "--env-file", ".env"])
    assert (result.code, SECRET in result.out + result.err) == (0, False)
    stored = sandbox.service.tenant.store.rows("SELECT value FROM secrets WHERE key = 'SecretToken'")
    assert stored == [(SECRET,)]
    assert "WRITER_SCIM_TOKEN" not in os.environ


def test_an_env_file_is_read_only_if_the_option_names_it(folder, sandbox, monkeypatch):
    monkeypatch.setenv("SCIMCONF_GRAPH_URL", sandbox.url)
    write(folder, f"WRITER_SCIM_TOKEN={SECRET}\n")
    result = run(["apply", "--auto-approve"])
    assert (result.code, "WRITER_SCIM_TOKEN is not set" in result.err) == (1, True)


def test_the_environment_wins_over_an_env_file(folder, sandbox, monkeypatch):
    monkeypatch.setenv("SCIMCONF_GRAPH_URL", sandbox.url)
    monkeypatch.setenv("WRITER_SCIM_TOKEN", "exported")
    write(folder, f"WRITER_SCIM_TOKEN={SECRET}\n")
    assert run(["apply", "--auto-approve", "--env-file", ".env"]).code == 0
    assert sandbox.service.tenant.store.rows("SELECT value FROM secrets WHERE key = 'SecretToken'") == [("exported",)]


@pytest.mark.parametrize(("mode", "warns"), [(0o600, False), (0o640, True), (0o604, True)])
def test_an_env_file_that_others_can_read_is_a_warning(folder, mode, warns):
    write(folder, "A=b\n", mode)
    result = run(["plan", "--env-file", ".env", "missing.yaml"])
    assert ("Warning: other users can read .env. Run: chmod 600 .env" in result.err) is warns


@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        (None, 1, "--env-file .env cannot be read: No such file or directory"),
        (b"\xff\xfe", 1, "--env-file .env cannot be read: it is not UTF-8"),
        (SECRET.encode(), 64, ".env, line 1: expected NAME=VALUE"),
        (f"A=b\nB={SECRET}\0\n".encode(), 1, "--env-file .env, line 2 contains NUL (U+0000)"),
        (b"\0", 1, "--env-file .env, line 1 contains NUL (U+0000)"),
        (b"A=b\n" * 300_000, 1, "--env-file .env is larger than 1 MB"),
    ],
)
def test_an_env_file_that_cannot_be_used_stops_the_command(folder, content, code, message):
    if content is not None:
        WATCH.declare(folder / ".env")
        (folder / ".env").write_bytes(content)
    result = run(["plan", "--env-file", ".env"])
    assert (result.code, message in result.err, SECRET in result.err) == (code, True, False)
