"""`scimconf probe`, and a sandbox with the switches of its report."""

from __future__ import annotations

import json

import pytest


def test_probe_writes_a_report_that_the_sandbox_accepts(desk):
    set_switches(desk, secrets_put="replace", unary_operand="empty")
    result = desk("probe", "--yes", "--out", "probe.json")
    assert (result.code, result.err) == (0, "")
    report = json.loads((desk.folder / "probe.json").read_text())
    assert f"Wrote {len(report['facts'])} facts to probe.json; 0 checks failed." in result.out
    assert report["switches"]["secrets_put"] == "replace"
    assert set(report) == {"facts", "failed", "format_version", "scimconf", "switches"}
    from scimconf.cli.sandbox import reported_switches

    assert reported_switches(["probe.json"]) == report["switches"]


def set_switches(desk, **positions):
    desk.service.tenant.switches = desk.service.tenant.switches.changed(positions)


def test_probe_without_a_terminal_does_nothing(desk):
    result = desk("probe")
    assert (result.code, desk.writes) == (1, [])
    assert "--yes" in result.err


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1), ("\n", 1)])
def test_probe_asks_for_confirmation(sandbox, desk, tmp_path, answer, code):
    from server_fixture import environment, terminal

    argv = ["probe", "--out", str(tmp_path / "probe.json")]
    with terminal(argv, environment(sandbox.url)) as session:
        session.until("Continue? [y/N]:")
        assert desk.writes == []
        session.types(answer)
        assert session.ends() == code
    assert (tmp_path / "probe.json").exists() is (code == 0)
    assert bool(desk.writes) is (code == 0)


def test_probe_prints_failed_checks_and_objects_that_it_could_not_delete(desk):
    refused = {"status": 403, "body": {"error": {"code": "Denied", "message": "no"}}}
    desk.fault(refused, method="DELETE", path="/applications/*", times=0)
    desk.fault(refused, method="PUT", path="*/secrets", times=0)
    result = desk("probe", "--yes")
    assert result.code == 5
    assert "failed: secrets (403 Denied)" in result.err
    assert "Delete it by hand." in result.err


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"switches": 1}'])
def test_sandbox_rejects_a_file_that_is_not_a_probe_report(desk, text):
    desk.file("probe.json", text)
    result = desk("sandbox", "serve", "--like", "probe.json")
    assert result.code == 64
    assert "probe.json is not a report of scimconf probe" in result.err


def test_sandbox_warns_of_an_unknown_switch_in_a_probe_report_and_ignores_it(desk, capsys):
    from scimconf.cli.sandbox import reported_switches

    desk.file("probe.json", json.dumps({"switches": {"gone": "yes", "secrets_put": "odd", "if_match": "honoured"}}))
    assert reported_switches(["probe.json"]) == {"if_match": "honoured"}
    stderr = capsys.readouterr().err
    assert "unknown switch 'gone'" in stderr
    assert "switch secrets_put: expected" in stderr


def test_sandbox_takes_several_reports_and_ignores_what_contradicts(desk, capsys):
    from scimconf.cli.sandbox import reported_switches

    desk.file("probe.json", json.dumps({"switches": {"if_match": "honoured", "role_blob": "json"}}))
    evidence = {"role_text": {"displayName": 2, "value": 1}, "role_blob": {"display_name": 3}}
    decided = {"role_blob": "display_name", "unassigned_action": "disable"}
    desk.file("report.json", json.dumps({"switches": decided, "evidence": evidence, "conflicts": ["role_text"]}))
    assert reported_switches(["probe.json", "report.json"]) == {"if_match": "honoured", "unassigned_action": "disable"}
    stderr = capsys.readouterr().err
    assert "report.json: contradictory evidence about role_text: displayName (2), value (1). It is ignored." in stderr
    assert "the reports contradict each other about role_blob. The switch is ignored." in stderr
    assert "Switches of probe.json, report.json: if_match=honoured, unassigned_action=disable" in stderr


@pytest.mark.parametrize("text", ['{"switches": {}, "conflicts": ["x"]}', '{"switches": {}, "conflicts": 1}'])
def test_sandbox_rejects_a_report_with_conflicts_and_no_evidence(desk, text):
    desk.file("report.json", text)
    assert desk("sandbox", "serve", "--like", "report.json").code == 64
