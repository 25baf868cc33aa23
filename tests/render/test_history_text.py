"""Tests of the lines of `history`: scopes of a restart, how a canary ended, and how an apply left provisioning."""

import pytest

from scimconf.monitoring.history import HistoryEntry, RunContext
from scimconf.render.history import as_text

CANARY = RunContext(canary="ada@contoso.com")


def lines(**values):
    return as_text([HistoryEntry(application="writer", time="20261130T120000.000000Z", **values)]).splitlines()


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("pause", "pause: done"),
        ("restart", "restart: done"),
        ("restart --scope full", "restart of full: done"),
        ("restart --scope watermark --scope escrows", "restart of watermark, escrows: done"),
    ],
)
def test_a_command_has_its_scopes(command, text):
    assert lines(command=command, status="done") == [f"20261130T120000.000000Z  writer: {text}"]


@pytest.mark.parametrize(
    ("status", "text"),
    [
        ("applied", "then started for everybody"),
        ("put back", "then put back"),
        ("interrupted", "neither started for everybody nor put back"),
        ("started", "neither started for everybody nor put back"),
    ],
)
def test_a_canary_has_its_result(status, text):
    assert f"    canary: ada@contoso.com; {text}" in lines(status=status, run=CANARY)


@pytest.mark.parametrize(
    ("pause", "text"),
    [
        ("not started", "it left provisioning off (--no-start)"),
        ("paused", "it left provisioning paused"),
        ("of a later edition", "of a later edition"),
    ],
)
def test_an_apply_says_how_it_left_provisioning(pause, text):
    assert f"    {text}" in lines(status="failed", pause=pause)
