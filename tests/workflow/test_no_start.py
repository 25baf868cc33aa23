"""Tests of `--no-start`: everything is written, provisioning stays off or paused, and the next apply starts it."""

import shutil

import pytest
from tenant_fixture import WRITER, Rehearsal, changes, told, wishes

from scimconf.kinds.schedule import held_warnings
from scimconf.plan import ApplyStatus, Pause
from scimconf.render import text
from scimconf.render.common.outcome import paused_sentence
from scimconf.spec.model import GUARDS

HELD = wishes(allow=GUARDS, no_start=True)
WIDER = ("scope: assigned ", "scope: all ")


def spec(tmp_path, *replacements):
    content = WRITER.read_text()
    for old, new in replacements:
        assert old in content
        content = content.replace(old, new)
    shutil.copytree(WRITER.parent, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "scimconf.yaml"
    path.write_text(content)
    return path


def is_on(tenant):
    return tenant.request("GET", tenant.job())["schedule"]["state"] == "Active"


def held(planned):
    return [warning.message for warning in planned.plan.warnings if warning.code == "K303"]


@pytest.fixture(scope="module")
def off():
    """Writer after an apply with --no-start."""
    tenant = Rehearsal()
    report = tenant.apply(WRITER, HELD)
    return tenant, report


def test_a_new_application_is_written_completely_and_stays_off(off):
    tenant, report = off
    assert (report.status, report.pause, is_on(tenant)) == (ApplyStatus.APPLIED, Pause.NOT_STARTED, False)
    assert [write for write in tenant.writes if write.endswith(("/start", "/restart", "/pause"))] == []
    assert changes(tenant.plan(WRITER)) == ["~ schedule"]
    planned = tenant.plan(WRITER, HELD)
    assert (changes(planned), held(planned)) == ([], ["provisioning is not started, because of --no-start"])
    assert "No changes in the selected addresses (1 change excluded)." in told(planned)


def test_the_next_apply_starts_it(off):
    tenant = off[0].copy()
    assert tenant.apply(WRITER, wishes(allow=("initial-start",))).status is ApplyStatus.APPLIED
    assert is_on(tenant)
    assert tenant.writes[-1].endswith("/start")


def test_the_report_says_how_to_go_on(off):
    _, report = off
    rendered = text.report([report], width=200)
    assert "Provisioning is off, as --no-start leaves it" in rendered
    assert "scimconf provision" in rendered
    assert "Then apply without --no-start." in paused_sentence(report)


@pytest.fixture(scope="module")
def running():
    tenant = Rehearsal()
    tenant.apply(WRITER, wishes(allow=("application-created", "initial-start")))
    return tenant


def test_a_running_application_that_must_be_paused_stays_paused(running, tmp_path):
    tenant = running.copy()
    changed = spec(tmp_path, WIDER)
    planned = tenant.plan(changed, HELD)
    assert any("users who leave keep their access" in message for message in held(planned)), planned.steps
    assert not any("started again last" in warning.message for warning in planned.plan.warnings)
    report = tenant.apply(planned, HELD)
    assert (report.status, report.pause, is_on(tenant)) == (ApplyStatus.APPLIED, Pause.NOT_STARTED, False)
    assert report.paused_since is not None
    assert changes(tenant.plan(changed)) == ["~ schedule"]
    (message,) = held(tenant.plan(changed, HELD))
    assert message.startswith("provisioning stays off, because of --no-start: users who leave keep")


def test_a_running_application_that_needs_no_pause_stays_on_and_the_plan_says_so(running, tmp_path):
    tenant = running.copy()
    changed = spec(tmp_path, ("deletion_threshold: 50", "deletion_threshold: 51"))
    planned = tenant.plan(changed, HELD)
    assert held(planned) == [
        "provisioning is on, and no change of this plan pauses it: the next cycle uses the changes for all users"
    ]
    report = tenant.apply(planned, HELD)
    assert (report.status, report.pause, is_on(tenant)) == (ApplyStatus.APPLIED, Pause.NONE, True)
    assert held(tenant.plan(changed, HELD)) == []


@pytest.mark.slow
def test_a_pause_without_an_answer_is_reported(running, tmp_path):
    tenant = running.copy()
    changed = spec(tmp_path, WIDER)
    planned = tenant.plan(changed, HELD)
    tenant.fault("drop", method="POST", path="*/pause", when="after", times=0)
    report = tenant.apply(planned, HELD)
    assert report.pause is Pause.PAUSE_UNCONFIRMED


def test_a_spec_that_wants_it_off_has_nothing_to_leave_out(off, tmp_path):
    tenant = off[0].copy()
    stopped = tenant.load(spec(tmp_path, ("enabled: true                 #", "enabled: false                #")))
    planned = tenant.plan(stopped, HELD)
    assert list(held_warnings(stopped.spec, planned.snapshot, planned.steps)) == []
    report = tenant.apply(tenant.plan(stopped, HELD), HELD)
    assert report.pause is Pause.NONE
