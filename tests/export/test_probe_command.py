"""`scimconf probe`, and a sandbox with the switches of its report."""

from __future__ import annotations

import json

import pytest


def test_probe_writes_a_report_that_the_sandbox_accepts(desk):
    switched(desk, secrets_put="replace", unary_operand="empty")
    said = desk("probe", "--yes", "--out", "probe.json")
    assert (said.code, said.err) == (0, "")
    report = json.loads((desk.folder / "probe.json").read_text())
    assert f"Wrote {len(report['facts'])} facts to probe.json; 0 checks failed." in said.out
    assert report["switches"]["secrets_put"] == "replace"
    assert set(report) == {"facts", "failed", "format_version", "scimconf", "switches"}
    from scimconf.cli.sandbox import reported_switches

    assert reported_switches("probe.json") == report["switches"]


def switched(desk, **positions):
    desk.service.tenant.switches = desk.service.tenant.switches.changed(positions)


def test_probe_without_a_terminal_does_nothing(desk):
    said = desk("probe")
    assert (said.code, desk.writes) == (1, [])
    assert "--yes" in said.err


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1), ("\n", 1)])
def test_probe_asks_for_confirmation(sandbox, desk, tmp_path, answer, code):
    from server_fixture import environment, terminal

    argv = ["probe", "--out", str(tmp_path / "probe.json")]
    with terminal(argv, environment(sandbox.url)) as there:
        there.until("Continue? [y/N]:")
        assert desk.writes == []
        there.types(answer)
        assert there.ends() == code
    assert (tmp_path / "probe.json").exists() is (code == 0)
    assert bool(desk.writes) is (code == 0)


def test_probe_prints_failed_checks_and_what_is_left_over(desk):
    refused = {"status": 403, "body": {"error": {"code": "Denied", "message": "no"}}}
    desk.fault(refused, method="DELETE", path="/applications/*", times=0)
    desk.fault(refused, method="PUT", path="*/secrets", times=0)
    said = desk("probe", "--yes")
    assert said.code == 5
    assert "failed: secrets (403 Denied)" in said.err
    assert "Delete it by hand." in said.err


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"switches": 1}'])
def test_sandbox_refuses_a_file_that_is_not_a_report(desk, text):
    desk.file("probe.json", text)
    said = desk("sandbox", "serve", "--like", "probe.json")
    assert said.code == 64
    assert "probe.json is not a report of scimconf probe" in said.err


def test_sandbox_reports_and_ignores_an_unknown_switch(desk, capsys):
    from scimconf.cli.sandbox import reported_switches

    desk.file("probe.json", json.dumps({"switches": {"gone": "yes", "secrets_put": "odd", "if_match": "honoured"}}))
    assert reported_switches("probe.json") == {"if_match": "honoured"}
    told = capsys.readouterr().err
    assert "unknown switch 'gone'" in told
    assert "switch secrets_put: expected" in told
