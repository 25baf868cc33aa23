"""What `status` proposes is run as it is printed, against a tenant that provisions, and leads to the promised state."""

import json
import shlex
import shutil
from dataclasses import replace

import httpx
import pytest
from server_fixture import Listener, environment, run
from tenant_fixture import ROOT

pytestmark = pytest.mark.slow


class OnCall:
    """An engineer with a shell: runs commands against the tenant, in a folder with the spec of Writer."""

    def __init__(self, tenant):
        service_tenant = tenant.service.tenant
        self.tenant, self.address = tenant, service_tenant.reach.target.address
        service_tenant.reach = replace(service_tenant.reach, target=None)  # so that the stored token is sent
        self.secret("BaseAddress", self.address)
        self.secret("SecretToken", "sandbox")
        self.cycle()

    def actions(self):
        """Return the commands that `status` proposes."""
        document = json.loads(run(["status", "writer", "--format", "json"]).out)
        return [action["command"] for action in document["applications"][0]["next_actions"]]

    def follow(self, number=0, *more):
        """Run a proposed command as it is printed, with what answers its question."""
        program, *words = shlex.split(self.actions()[number])
        assert program == "scimconf"
        return run([*words, "--yes", "--reason", "INC-1", *more])

    def cycle(self, after="PT0S"):
        (job,) = self.tenant.service.tenant.documents.all("job")
        (summary,) = self.tenant.request("POST", "/_sandbox/cycle", {"job": job["id"], "after": after})["value"]
        return summary

    def state(self):
        (application,) = json.loads(run(["status", "writer", "--format", "json"]).out)["applications"]
        (job,) = application["jobs"]
        return job["phase"]

    def accounts(self):
        """Return the accounts of the application: name → active."""
        headers = {"Authorization": "Bearer sandbox", "Accept": "application/scim+json"}
        users = httpx.get(f"{self.address}/Users?count=100", headers=headers).json()["Resources"]
        return {user["userName"]: user["active"] for user in users}

    def change_job(self, **changed):
        (job,) = self.tenant.service.tenant.documents.all("job")
        merged = {name: job[name] | value for name, value in changed.items()}
        self.tenant.service.tenant.documents.put("job", job["id"], job | merged)

    def secret(self, key, value):
        store = self.tenant.service.tenant.store
        store.run(
            "INSERT OR REPLACE INTO secrets (resource_id, key, value) SELECT resource_id, ?, ? FROM secrets LIMIT 1",
            (key, value),
        )

    def unassign(self, type_):
        """Remove the assignments of users or groups, and return them."""
        path = f"/servicePrincipals/{self.tenant.principal()['id']}/appRoleAssignedTo"
        rows = [row for row in self.tenant.request("GET", path)["value"] if row["principalType"] == type_]
        for row in rows:
            self.tenant.request("DELETE", f"{path}/{row['id']}")
        return rows

    def assign(self, rows):
        path = f"/servicePrincipals/{self.tenant.principal()['id']}/appRoleAssignedTo"
        for row in rows:
            self.tenant.request("POST", path, {key: row[key] for key in ("principalId", "resourceId", "appRoleId")})


@pytest.fixture
def on_call(before_the_first_cycle, tmp_path, monkeypatch):
    server = Listener(before_the_first_cycle.app)
    server.start()
    monkeypatch.chdir(tmp_path)
    for name, value in environment(server.url).items():
        monkeypatch.setenv(name, value)
    shutil.copytree(ROOT / "examples" / "writer-new", tmp_path / "writer")
    yield OnCall(before_the_first_cycle)
    server.stop()


def test_nothing_is_proposed_while_all_is_well(on_call):
    assert (on_call.state(), on_call.actions()) == ("running", [])


def test_a_paused_job_is_resumed_where_it_stopped(on_call):
    assert run(["pause", "writer", "--yes"]).code == 0
    on_call.unassign("User")
    assert on_call.cycle()["skipped"].startswith("the job is not started")
    assert all(on_call.accounts().values())  # leavers keep their access
    on_call.secret("SecretToken", "expired")
    refused = on_call.follow()
    assert (refused.code, "refuses the stored credentials" in refused.err, on_call.state()) == (1, True, "off")
    on_call.secret("SecretToken", "sandbox")
    assert on_call.follow().code == 0
    assert on_call.state() in ("running", "first cycle")
    assert on_call.cycle()["cycle"] == "incremental"
    assert not all(on_call.accounts().values())
    assert (on_call.state(), on_call.actions()) == ("running", [])


def test_a_quarantine_after_a_refused_token_ends_with_a_new_one(on_call):
    on_call.secret("SecretToken", "expired")
    on_call.unassign("User")
    on_call.tenant.put_schema(on_call.tenant.schema())
    assert on_call.cycle("PT40M")["quarantine"]["reason"] == "EncounteredQuarantineException"
    refused = on_call.follow()
    assert (refused.code, "refuses the stored credentials" in refused.err, on_call.state()) == (1, True, "quarantine")
    on_call.secret("SecretToken", "sandbox")
    assert on_call.follow().code == 0
    assert on_call.cycle()["cycle"] == "initial"
    assert (on_call.state(), on_call.actions()) == ("running", [])
    history = json.loads(run(["history", "writer", "--format", "json"]).out)["entries"]
    assert [(entry["command"], entry["status"]) for entry in history] == [("restart", "done"), ("restart", "failed")]


def held_back(on_call, action="stagedDelete"):
    """Let the unassignment of everybody reach the deletion threshold; return what was unassigned and the number."""
    on_call.tenant.switch(staged_action=action)
    settings = json.dumps({"Enabled": False, "DeleteThresholdEnabled": True, "DeleteThresholdValue": 2})
    on_call.secret("SyncNotificationSettings", settings)
    rows = on_call.unassign("User") + on_call.unassign("Group")
    summary = on_call.cycle("PT40M")
    assert summary["quarantine"]["reason"] == "TooManyDeletes"
    assert all(on_call.accounts().values())
    return rows, summary["stagedDeletions"]


@pytest.mark.parametrize(
    ("action", "cycles"), [("stagedDelete", 0), ("stagedDelete", 1), ("other", 0), ("unknownFutureValue", 1)]
)
def test_held_back_deletions_are_carried_out_when_they_are_allowed(on_call, action, cycles):
    _, number = held_back(on_call, action)
    for _ in range(cycles):  # a later attempt lists all again, or only some
        on_call.cycle("PT6H")
    on_call.secret("SecretToken", "expired")
    refused = on_call.follow(0, "--expect", str(number))
    assert (refused.code, "refuses the stored credentials" in refused.err) == (1, True), refused
    on_call.secret("SecretToken", "sandbox")
    allowed = on_call.follow(0, "--expect", str(number))
    assert allowed.code == 0, allowed
    on_call.cycle()
    assert (on_call.state(), on_call.actions()) == ("running", [])
    assert not any(on_call.accounts().values())


def test_held_back_deletions_whose_cause_is_undone_end_with_a_restart(on_call):
    rows, _ = held_back(on_call)
    on_call.assign(rows)
    assert on_call.follow(1).code == 0
    on_call.cycle()
    assert (on_call.state(), on_call.actions()) == ("running", [])
    assert all(on_call.accounts().values())


def test_too_many_failures_end_with_a_restart_that_evaluates_nobody_else(on_call):
    quarantine = {"reason": "EncounteredEscrowProportionThreshold", "seriesBegan": "2026-11-25T11:00:00Z"}
    on_call.change_job(status={"code": "Quarantine", "quarantine": quarantine})
    assert on_call.follow().code == 0
    assert on_call.cycle()["cycle"] == "incremental"
    assert (on_call.state(), on_call.actions()) == ("running", [])


@pytest.mark.parametrize("form", ["kept", "paused", "cleared", "paused_cleared"])
def test_a_job_that_the_service_switched_off_is_started_again(on_call, form):
    on_call.tenant.switch(expired_quarantine=form)
    on_call.secret("SecretToken", "expired")
    on_call.tenant.put_schema(on_call.tenant.schema())
    on_call.cycle("PT40M")
    assert "disabled" in on_call.cycle("P29D")["skipped"]
    on_call.secret("SecretToken", "sandbox")
    assert on_call.follow().code == 0
    on_call.cycle()
    assert (on_call.state(), on_call.actions()) == ("running", [])


def test_a_first_cycle_with_too_many_failures_is_restarted(on_call):
    on_call.change_job(schedule={"state": "Disabled"}, status={"code": "Paused", "escrowsPruned": True})
    assert on_call.follow().code == 0
    assert on_call.cycle()["cycle"] == "initial"
    assert on_call.state() == "running"
