"""Scenarios of an engineer on call: the commands that watch provisioning, and those that they propose, over a served sandbox
that provisions to a SCIM server."""

import json
import re
import shlex
import shutil
from dataclasses import replace
from datetime import timedelta

import pytest
from server_fixture import Server, environment, run
from tenant_fixture import ROOT

from scimconf.cli.sandbox import reported_switches
from scimconf.sandbox.reach import Destination
from scimconf.sandbox.target import start_target

pytestmark = pytest.mark.slow

ALLOW = ("--auto-approve", "--no-history", "--allow", "mass-removal")
WITHOUT_MAIL = {"userPrincipalName": "joe@contoso.com", "givenName": "Joe", "surname": "Doe", "mail": None}
SWITCHES = {"role_blob": "display_name", "bare_extension": "attribute"}


class Desk:
    """A working folder with the spec of Writer, the sandbox, and the target of its jobs."""

    def __init__(self, server, folder, target):
        self.server, self.folder, self.target = server, folder, target
        self.accept_token(target.token)

    def accept_token(self, token):
        tenant = self.server.service.tenant
        tenant.reach = replace(tenant.reach, target=Destination(self.target.url, token))

    def __call__(self, *argv):
        return run(argv)

    def cycle(self):
        import httpx

        base = self.server.url.removesuffix("/v1.0")
        assert httpx.post(f"{base}/_sandbox/cycle", json={"after": "PT41M"}).status_code == 200

    def change_user(self, name, **properties):
        import httpx

        assert httpx.patch(f"{self.server.url}/users/{name}", json=properties).status_code == 204

    def edit(self, *pairs):
        path = self.folder / "writer" / "scimconf.yaml"
        text = path.read_text()
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new, 1)
        path.write_text(text)

    def users(self, *names):
        rows = "".join(f"{name}@contoso.com,member\n" for name in names)
        (self.folder / "writer" / "people.csv").write_text(f"user,role\n{rows}")


@pytest.fixture(scope="module")
def server():
    served = Server({"base": "contoso", "users": [WITHOUT_MAIL]}, **SWITCHES)
    served.start()
    yield served
    served.stop()


@pytest.fixture
def desk(server, tmp_path, monkeypatch):
    server.service.reset()
    monkeypatch.chdir(tmp_path)
    for name, value in environment(server.url).items():
        monkeypatch.setenv(name, value)
    shutil.copytree(ROOT / "examples" / "writer-new", tmp_path / "writer")
    with start_target("faulty:B38", token="sandbox") as target:  # noqa: S106
        yield Desk(server, tmp_path, target)


def proposed(text):
    """Return the commands in backticks in printed text, as lists of words."""
    commands = re.findall(r"`scimconf ([^`]*)`", text)
    assert all("\n" not in command for command in commands), text
    return [shlex.split(command) for command in commands]


def next_actions(text):
    """Return the commands that `status` proposes as next actions, as lists of words."""
    return [shlex.split(command) for command in re.findall(r"^  next action +scimconf (.*)$", text, re.MULTILINE)]


def words(result):
    return " ".join(result.out.split())


def test_staged_deletions_are_listed_explained_and_allowed_by_the_commands_that_status_proposes(desk):
    desk.edit(
        ("deletion_threshold: 50", "deletion_threshold: 2"),
        ("unlisted: keep                # assign", "unlisted: delete # assign"),
    )
    desk.users("grace", "alan", "katherine", "radia")
    assert desk("apply", "writer", *ALLOW).code == 0
    desk.cycle()
    desk.users("grace")
    assert desk("apply", "writer", *ALLOW).code == 0
    desk.cycle()
    status = desk("status", "writer", "--fail-on", "failures")
    assert status.code == 6
    assert status.out.startswith("Tenant: contoso.com\n\nwriter: in quarantine\n")
    assert "3 staged" in status.out
    _, allowing = next_actions(status.out)
    assert allowing == ["allow-deletions", "writer/scimconf.yaml"]
    listing = next(command for command in proposed(status.out) if command[0] == "logs")
    listed = desk(*listing)
    assert (listed.code, listed.out.count("(StagedDelete)")) == (0, 3)
    assert "held back" in words(desk("why", "alan@contoso.com", "--app", "Writer"))
    assert desk(*allowing, "--yes", "--expect", "3", "--no-history").code == 0
    desk.cycle()
    after = desk("status", "writer")
    assert (after.code, "3 disabled" in after.out, "staged" in after.out) == (0, True, False)
    assert [user["active"] for user in desk.target.users()].count(False) == 3


def test_quarantine_by_a_refused_token_ends_with_the_proposed_restart_once_the_token_is_right(desk):
    assert desk("apply", "writer", *ALLOW).code == 0
    desk.cycle()
    desk.accept_token("expired")
    desk.change_user("ada@contoso.com", jobTitle="Countess")
    desk.cycle()
    status = desk("status", "--app", "Writer")
    assert (status.code, "in quarantine" in status.out) == (6, True)
    assert "refused the connection" in words(status)
    watched = desk("status", "writer", "--watch", "--interval", "1")
    assert (watched.code, "Stopped watching: writer is in quarantine" in watched.err) == (6, True)
    assert desk("doctor", "--app", "Writer").code == 1
    [restarting] = next_actions(status.out)
    assert restarting in proposed(status.out)
    restarting += ["--yes", "--no-history"]
    refused = desk(*restarting)
    assert (refused.code, "refuses the stored credentials" in refused.err) == (1, True)
    assert desk("logs", "--app", "Writer", "--since", "1h").out.count("the job is in quarantine since") == 1
    desk.accept_token(desk.target.token)
    assert desk(*restarting).code == 0
    desk.cycle()
    released = desk("status", "--app", "Writer")
    assert (released.code, "Writer: on\n" in released.out) == (0, True)
    assert desk("doctor", "--app", "Writer").code == 0


def test_a_token_that_expires_in_ten_days_is_reported_by_plan_and_status(desk):
    day = (desk.server.service.tenant.now() + timedelta(days=10)).date().isoformat()
    desk.edit(("{env: WRITER_SCIM_TOKEN", f"{{expires: {day}, env: WRITER_SCIM_TOKEN"))
    assert f"on {day}" in words(desk("plan", "writer"))
    assert desk("apply", "writer", *ALLOW).code == 0
    status = desk("status", "writer")
    assert (status.code, "expires in 10 days" in words(status)) == (0, True)
    assert desk("status", "writer", "--fail-on", "tokens").code == 2


def test_a_user_that_fails_for_a_missing_value_is_found_and_provisioned_after_its_correction(desk):
    desk.users("grace", "joe")
    assert desk("apply", "writer", *ALLOW).code == 0
    desk.cycle()
    status = desk("status", "--app", "Writer", "--fail-on", "failures")
    assert (status.code, "Writer: on, with failures" in status.out) == (2, True)
    assert "joe@contoso.com" in status.out
    assert "emails" in status.out
    why = desk("why", "joe@contoso.com", "--app", "Writer")
    assert (why.code, "failed" in words(why)) == (2, True), why
    desk.change_user("joe@contoso.com", mail="joe@contoso.com")
    demanded = desk("provision", "--app", "Writer", "--user", "joe@contoso.com", "--yes")
    assert (demanded.code, demanded.out.startswith("joe@contoso.com: provisioned")) == (0, True)
    assert desk("why", "joe@contoso.com", "--app", "Writer").code == 0


def test_a_fault_of_the_service_is_found_with_its_mapping_and_reported(desk):
    assert desk("apply", "writer", *ALLOW).code == 0
    tenant = desk.server.service.tenant
    (schema,) = tenant.documents.all("schema")
    mappings = [entry for rule in schema["synchronizationRules"] for entry in rule["objectMappings"]]
    targets = sorted(
        row["targetAttributeName"]
        for entry in mappings
        if entry["sourceObjectName"] == "User"
        for row in entry["attributeMappings"]
    )
    tenant.switches = tenant.switches.changed({"wrong_mapping": targets.index("title") + 1})
    desk.cycle()
    result = desk("logs", "--app", "Writer", "--compare", "--out", "report.json")
    assert result.code == 2
    assert "! title, whose mapping is [jobTitle]: differs for 8 users" in result.out
    assert 'title: predicted "Principal Analyst", recorded "Principal Analyst (wrong)"' in words(result)
    report = json.loads((desk.folder / "report.json").read_text())
    (application,) = report["applications"]
    assert {row["target"] for row in application["disagreements"]} == {"title"}
    assert "contoso" not in json.dumps(report)
    assert reported_switches(["report.json"]) == {"role_blob": "display_name"}
