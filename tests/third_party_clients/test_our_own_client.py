"""scimconf as a client of a sandbox with TLS, set up as the sandbox prints."""

import pytest
from server_fixture import environment, run
from tenant_fixture import ROOT

WRITER = str(ROOT / "examples" / "writer-new" / "scimconf.yaml")


@pytest.fixture
def plan(served, monkeypatch):
    """Return a function that plans against the sandbox with a certificate file or without one."""
    for name, value in environment(f"{served.root}/v1.0").items():
        monkeypatch.setenv(name, value)

    def with_authority(authority):
        monkeypatch.delenv("SSL_CERT_FILE", raising=False)
        if authority:
            monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        monkeypatch.setattr("asyncio.sleep", _no_sleep)
        return run(["plan", "--no-impact", WRITER])

    return with_authority


async def _no_sleep(_seconds, result=None):
    return result


def test_plan_trusts_certificate_authority_of_the_sandbox(plan, served):
    """`sandbox serve` prints this file as the value of SSL_CERT_FILE."""
    result = plan(served.authority)
    assert (result.code, "certificate" in result.err) == (0, False)
    assert result.out.startswith("Tenant: contoso.com\n\nwriter\n")


def test_plan_reports_untrusted_certificate(plan):
    """The message names the missing variable and does not suggest that the sandbox is not running."""
    result = plan("")
    assert result.code == 1
    assert "is not trusted" in result.err
    assert "export SSL_CERT_FILE=" in result.err
    assert "Is the sandbox running" not in result.err


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_plan_reports_unreadable_certificate_file(plan, tmp_path, content):
    """The message is one sentence without a traceback."""
    if content:
        (tmp_path / "ca.pem").write_text(content)
    result = plan(tmp_path / "ca.pem")
    assert result.code == 1
    assert f"could not read SSL_CERT_FILE {tmp_path / 'ca.pem'}" in result.err
    assert "Traceback" not in result.err
