"""`scimconf apply --wave`: the applications of a command, some at a time."""

import pytest

from scimconf.cli.exit_codes import ExitCode

SPEC = """\
version: 1
name: {name}
tenant: contoso.com
application: {{display_name: {name}, create: {{from_template: custom}}}}
provisioning: {{enabled: false}}
"""
QUARANTINE = {"code": "Quarantine", "quarantine": {"reason": "EncounteredBaseEscrowThreshold"}}


@pytest.fixture
def apply(cli):
    """Return a function that applies three specs; a response replaces the `nth` one with the jobs of an application."""

    def run(*words, nth=4, **response):
        for name in ("one", "three", "two"):
            cli.file(f"{name}.scimconf.yaml", SPEC.format(name=name))
        if response:
            cli.fault(response, method="GET", path="*/synchronization/jobs", nth=nth)
        return cli("apply", "--auto-approve", "--report", "report.md", *words, ".")

    return run


def created(cli):
    return len([entry for entry in cli.writes if entry.endswith("/instantiate")])


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (
            {"status": 200, "body": {"value": [{"id": "1", "templateId": "scim", "status": QUARANTINE}]}},
            "one: its job is in quarantine (EncounteredBaseEscrowThreshold)",
        ),
        (
            {"status": 403, "body": {"error": {"code": "Forbidden", "message": "no"}}},
            "one: the status of its job cannot be read: GET ",
        ),
    ],
)
def test_an_apply_stops_after_the_wave_of_a_job_in_quarantine(cli, apply, response, reason):
    """An apply of a new application reads its jobs three times; then the wave reads them."""
    ended = apply("--wave", "1", **response)
    assert created(cli) == 1
    assert f"Stopped after this wave: {reason}" in ended.err
    assert "2 applications were not applied. Fix the cause, then run apply again." in ended.err
    assert "2 of 3 applications not applied or not completely: three, two." in ended.err
    assert ended.code == ExitCode.QUARANTINE
    assert reason in (cli.folder / "report.md").read_text("utf-8")


def test_an_apply_goes_on_after_waves_without_quarantine(cli, apply):
    assert apply("--wave", "2").code == ExitCode.OK
    assert created(cli) == 3
