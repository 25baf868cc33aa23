"""Tests of `export --force` over a spec with tests: what is proposed next succeeds."""

from __future__ import annotations

import pytest
from canary import TOKEN
from server_fixture import Server
from tenant_fixture import ROOT

from scimconf.cli.main import main


@pytest.fixture
def preset_spec(tmp_path, monkeypatch, capsys):
    """Return the path of the preset's spec of Writer, in a folder whose tenant has the application."""
    server = Server()
    server.start()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCIMCONF_GRAPH_URL", server.url)
    monkeypatch.setenv("WRITER_SCIM_TOKEN", TOKEN)
    assert main(["apply", "--auto-approve", "--no-history", str(ROOT / "examples" / "writer-new")]) == 0
    assert main(["init", "--preset", "writer", "--tenant", "contoso.com", "."]) == 0
    capsys.readouterr()
    yield "scimconf.yaml"
    server.stop()


@pytest.mark.slow
def test_export_over_a_spec_with_tests_says_that_they_fail_and_full_passes_them(preset_spec, capsys):
    assert main(["export", "--app", "Writer", "--force", "--out", preset_spec]) == 0
    message = capsys.readouterr().err
    assert "Tests kept from the previous spec fail" in message
    assert "should show no changes" not in message
    assert main(["validate", preset_spec]) == 65
    assert main(["export", "--app", "Writer", "--force", "--full", "--out", preset_spec]) == 0
    assert "should show no changes" in capsys.readouterr().err
    assert main(["plan", "--detailed-exitcode", preset_spec]) == 0
