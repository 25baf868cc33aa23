"""An engineer on call: runs commands as they are printed, against a tenant that provisions, in a folder with Writer's spec."""

import json
import shlex
import shutil
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp

import httpx
from server_fixture import run

ASKING = ("apply", "pause", "resume", "restart", "allow-deletions")
"""Commands that ask before they write."""


class OnCall:
    """An engineer with a shell: runs commands against the tenant, in a folder with the spec of Writer."""

    def __init__(self, tenant):
        service_tenant = tenant.service.tenant
        self.tenant, self.address = tenant, service_tenant.reach.target.address
        service_tenant.reach = replace(service_tenant.reach, target=None)  # so that the stored token is sent
        self.secret("BaseAddress", self.address)
        self.secret("SecretToken", "sandbox")
        self.staged = 0
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

    def run(self, line):
        """Run a line of scimconf with what answers its question; it must succeed."""
        result = self.run_as_printed(f"scimconf {line}")
        assert result.code == 0, result
        return result

    def run_as_printed(self, command):
        """Run a command as another one prints it, with what answers its question; nothing is watched, since no cycle runs."""
        program, name, *words = shlex.split(command)
        assert program == "scimconf"
        answers = ["--yes", "--reason", "INC-1"] if name in ASKING else []
        answers += (
            ["--allow", "endpoint-changed"] if name == "apply" else []
        )  # the target of the tests is not the spec's
        number = ["--expect", str(self.staged)] if name == "allow-deletions" and "--expect" not in words else []
        return run([name, *(word for word in words if word != "--watch"), *answers, *number])

    @contextmanager
    def unchanged(self):
        """Undo afterwards what is written to the tenant and to the history."""
        connection, history = self.tenant.service.tenant.store._connection, Path(".scimconf")
        kept, copy = connection.serialize(), Path(mkdtemp()) / "history"
        if history.exists():
            shutil.copytree(history, copy)
        yield
        connection.deserialize(kept)
        shutil.rmtree(history, ignore_errors=True)
        if copy.exists():
            shutil.copytree(copy, history)

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

    def hold_back(self, action="stagedDelete"):
        """Let the unassignment of everybody reach the deletion threshold; return what was unassigned and the number."""
        self.tenant.switch(staged_action=action)
        settings = json.dumps({"Enabled": False, "DeleteThresholdEnabled": True, "DeleteThresholdValue": 2})
        self.secret("SyncNotificationSettings", settings)
        rows = self.unassign("User") + self.unassign("Group")
        summary = self.cycle("PT40M")
        assert summary["quarantine"]["reason"] == "TooManyDeletes"
        assert all(self.accounts().values())
        self.staged = summary["stagedDeletions"]
        return rows, self.staged

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
