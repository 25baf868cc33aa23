"""scimconf itself against a sandbox that serves https, by the lines that the sandbox prints."""

import pytest
from server_fixture import environment, run
from tenant_fixture import ROOT

WRITER = str(ROOT / "examples" / "writer-new" / "scimconf.yaml")


@pytest.fixture
def plan(served, monkeypatch):
    """Plans against the sandbox with this file of certificates, or with none."""
    for name, value in environment(f"{served.root}/v1.0").items():
        monkeypatch.setenv(name, value)

    def with_authority(authority):
        monkeypatch.delenv("SSL_CERT_FILE", raising=False)
        if authority:
            monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        monkeypatch.setattr("asyncio.sleep", _no_time)
        return run(["plan", "--no-impact", WRITER])

    return with_authority


async def _no_time(_seconds, result=None):
    return result


def test_the_authority_that_the_sandbox_names_is_trusted(plan, served):
    """It is printed to be exported."""
    said = plan(served.authority)
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("Tenant: contoso.com\n\nwriter\n")


def test_a_certificate_that_is_not_trusted_is_said(plan):
    """The sandbox is running; what is missing is the variable."""
    said = plan("")
    assert said.code == 1
    assert "is not trusted" in said.err
    assert "export SSL_CERT_FILE=" in said.err
    assert "Is the sandbox running" not in said.err


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_an_authority_that_cannot_be_read_is_said(plan, tmp_path, content):
    """In a sentence, before any request."""
    if content:
        (tmp_path / "ca.pem").write_text(content)
    said = plan(tmp_path / "ca.pem")
    assert said.code == 1
    assert f"could not read SSL_CERT_FILE {tmp_path / 'ca.pem'}" in said.err
    assert "Traceback" not in said.err
