"""`apply --lock` and the lock in a plan: who holds it, what is printed and logged, and the exit codes."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from tenant_fixture import WRITER, Rehearsal, all_allowed, exit_code

from scimconf.cli.locking import pipeline_run
from scimconf.documents.lock import MAX_HOLDER, Lock, locks
from scimconf.graph.execution import lock as lock_module

OTHER = "https://gitlab.com/contoso/apps/-/pipelines/7#scimconf-apply"
GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "contoso/apps",
    "GITHUB_RUN_ID": "55",
    "GITHUB_JOB": "apply",
    "GITHUB_RUN_ATTEMPT": "2",
}
GITLAB = {
    "GITLAB_CI": "true",
    "CI_PIPELINE_URL": "https://gitlab.com/contoso/apps/-/pipelines/7",
    "CI_JOB_NAME": "scimconf-apply",
}
AZURE = {
    "TF_BUILD": "True",
    "SYSTEM_COLLECTIONURI": "https://dev.azure.com/contoso/",
    "SYSTEM_TEAMPROJECT": "App catalogue",
    "BUILD_BUILDID": "31",
    "SYSTEM_STAGENAME": "apply",
    "SYSTEM_JOBNAME": "apply",
}
AZURE_RUN = "https://dev.azure.com/contoso/App%20catalogue/_build/results?buildId=31#apply.apply"


@pytest.mark.parametrize(
    ("environ", "holder"),
    [
        (GITHUB, "https://github.com/contoso/apps/actions/runs/55#apply"),
        (GITLAB, OTHER),
        (AZURE, AZURE_RUN),
        ({**GITHUB, "GITHUB_ACTIONS": "false"}, ""),
        ({**GITHUB, "GITHUB_RUN_ID": ""}, ""),
        ({**GITLAB, "CI_JOB_NAME": ""}, ""),
        ({**AZURE, "BUILD_BUILDID": ""}, ""),
        ({}, ""),
    ],
)
def test_the_holder_of_a_lock_in_a_pipeline_is_its_run_and_job(environ, holder):
    assert pipeline_run(environ) == holder


@pytest.mark.parametrize("name", ["x" * 500, "apply\u202eevil", " apply\n"])
def test_a_holder_that_a_tag_cannot_have_ends_with_a_hash(name):
    holder, other = (pipeline_run({**GITLAB, "CI_JOB_NAME": text}) for text in (name, f"{name}2"))
    assert Lock(holder, "a1", datetime(2026, 11, 25, tzinfo=UTC)) in locks(
        [Lock(holder, "a1", datetime(2026, 11, 25, tzinfo=UTC)).tag]
    )
    assert re.search("~[0-9a-f]{12}$", holder)
    assert holder != other
    assert len(holder) <= MAX_HOLDER


@pytest.fixture(scope="module")
def applied():
    """The store of a tenant to which the example is applied."""
    rehearsal = Rehearsal()
    assert exit_code(rehearsal.apply(rehearsal.plan(WRITER, all_allowed()), all_allowed())) == 0
    return rehearsal.service.tenant.store._connection.serialize()


SPEC = """
version: 1
name: writer
application: {display_name: Writer}
mappings: {users: {attributes: {title: {source: city}}}}
provisioning: {enabled: true}
"""


@pytest.fixture
def desk(cli, applied, monkeypatch):
    """In `mine` is a spec that changes the example, outside of a pipeline, and a lock needs no time."""
    monkeypatch.setattr(lock_module, "SETTLE", 0.0)
    for name in (*GITHUB, *GITLAB, *AZURE):
        monkeypatch.delenv(name, raising=False)
    cli.service.tenant.store._connection.deserialize(applied)
    cli.file("mine/scimconf.yaml", SPEC)
    return cli


def principal(desk):
    rows = desk.service.tenant.documents.all("servicePrincipal")
    return next(row for row in rows if row["displayName"] == "Writer")


def leave_lock(desk, holder=OTHER):
    lock = Lock(holder, "b2", (datetime.now(tz=UTC) + timedelta(hours=1)).replace(microsecond=0))
    row = principal(desk)
    desk.service.tenant.documents.put("servicePrincipal", row["id"], row | {"tags": [*row["tags"], lock.tag]})
    return lock


def lock_events(desk):
    events = [json.loads(line) for line in (desk.folder / "events.jsonl").read_text().splitlines()]
    return [(event["action"], event["holder"]) for event in events if event["event"] == "lock"]


APPLY = ("apply", "--auto-approve", "--events", "events.jsonl")


def test_apply_with_lock_prints_and_logs_its_holder_and_removes_the_lock(desk):
    result = desk(*APPLY, "--lock", "mine")
    assert result.code == 0, result
    [holder] = re.findall(
        r"writer: locked by (\S+@\S+/[0-9a-f]{8}), until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\n", result.err
    )
    assert lock_events(desk) == [("acquired", holder), ("released", holder)]
    assert locks(principal(desk)["tags"]) == ()


@pytest.mark.slow
def test_apply_without_lock_writes_no_tag(desk):
    assert desk(*APPLY, "mine").code == 0
    assert [write for write in desk.writes if "/synchronization/" not in write] == []


@pytest.mark.parametrize(
    "options", [(), ("--lock",), pytest.param(("--lock", "--lock-holder", "ada"), marks=pytest.mark.slow)]
)
def test_apply_ends_with_3_if_another_run_has_the_lock(desk, options):
    lock = leave_lock(desk)
    result = desk(*APPLY, *options, "mine")
    assert (result.code, desk.writes) == (3, [])
    lines = " ".join(result.out.split())
    assert f"until {lock.until:%Y-%m-%d %H:%M:%S} UTC" in lines
    assert OTHER in lines.replace("/ ", "/")
    assert "--break-lock" in lines
    assert "No changes were made." in lines


def test_break_lock_implies_lock(desk):
    leave_lock(desk)
    result = desk(*APPLY, "--break-lock", "--lock-holder", "ada", "mine")
    assert (result.code, locks(principal(desk)["tags"])) == (0, ())
    assert lock_events(desk) == [("broken", OTHER), ("acquired", "ada"), ("released", "ada")]


@pytest.mark.parametrize("options", [pytest.param((), marks=pytest.mark.slow), ("--lock",)])
def test_a_run_of_a_pipeline_takes_over_its_own_lock(desk, monkeypatch, options):
    for name, value in GITLAB.items():
        monkeypatch.setenv(name, value)
    leave_lock(desk)
    result = desk(*APPLY, *options, "mine")
    assert (result.code, "K007" in result.out) == (0, False)
    assert ("taken over", OTHER) in lock_events(desk) or not options


def test_a_plan_warns_of_the_lock_of_another_run_and_writes_nothing(desk):
    lock = leave_lock(desk)
    result = desk("plan", "--format", "json", "mine")
    [application] = json.loads(result.out)["applications"]
    [warning] = [row for row in application["warnings"] if row["code"] == "K007"]
    assert warning["message"].endswith(f": {OTHER}, until {lock.until:%Y-%m-%d %H:%M:%S} UTC")
    assert (result.code, desk.writes) == (0, [])


@pytest.mark.slow
def test_drift_and_export_do_not_take_a_lock_for_a_difference(desk):
    leave_lock(desk)
    assert desk("drift", WRITER).code == 0
    assert "scimconf-lock" not in desk("export", "--app", "Writer").out


@pytest.mark.slow
def test_a_saved_plan_is_applied_with_a_lock(desk):
    assert desk("plan", "--out", "plan.json", "mine").code == 0
    assert desk(*APPLY, "--lock", "plan.json").code == 0
    assert [action for action, _ in lock_events(desk)] == ["acquired", "released"]


@pytest.mark.parametrize("holder", ["", " ada", "a\nb", "x" * 161, "\u202eada"])
def test_lock_holder_must_be_printable_and_short(cli, holder):
    result = cli("apply", "--lock", "--lock-holder", holder, "mine")
    assert (result.code, "cannot be the holder of a lock" in result.err) == (64, True)
