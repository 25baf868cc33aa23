"""Tests of generated tenants: `scimconf sandbox serve --generate`."""

from __future__ import annotations

import pytest
from tenant_fixture import Rehearsal

from scimconf.cli import sandbox as sandbox_command
from scimconf.cli.exit_codes import ExitCode
from scimconf.cli.main import main
from scimconf.sandbox.generated import GenerateError, Numbers

NUMBERS = Numbers(users=25, groups=2, assignments=20)


def test_generated_tenant_has_the_numbers_and_a_running_job(sandbox):
    client = sandbox(NUMBERS.tenant())
    users = client.value("/users?$filter=startswith(displayName,'User 0')&$top=100")
    assert (users[0]["userPrincipalName"], users[-1]["displayName"]) == ("user00001@contoso.com", "User 00025")
    assert users[0].items() >= {"mail": "user00001@contoso.com", "givenName": "User", "surname": "00001"}.items()
    groups = client.value("/groups?$filter=startswith(displayName,'Group 0')")
    members = [len(client.value(f"/groups/{group['id']}/members")) for group in groups]
    assert [group["displayName"] for group in groups] == ["Group 00001", "Group 00002"]
    assert members == [13, 12]
    principal = client.value("/servicePrincipals?$filter=displayName eq 'Generated'")[0]["id"]
    assigned = client.value(f"/servicePrincipals/{principal}/appRoleAssignedTo?$top=999")
    assert [row["principalDisplayName"] for row in assigned] == [user["displayName"] for user in users[:20]]
    (job,) = client.value(f"/servicePrincipals/{principal}/synchronization/jobs")
    assert job["schedule"]["state"] == "Active"


def test_plan_of_the_written_spec_in_the_generated_tenant_shows_no_changes(tmp_path):
    for name, text in NUMBERS.spec_files().items():
        (tmp_path / name).write_text(text, "utf-8")
    planned = Rehearsal(NUMBERS.tenant()).plan(tmp_path / "scimconf.yaml")
    assert planned.errors == ()
    assert planned.plan.changes == ()
    assert len(planned.snapshot.get("assignments")) == NUMBERS.assignments


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("users", "'users' is not NAME=NUMBER. Write each of users, groups, assignments at most once"),
        ("users=", "'users=' is not NAME=NUMBER"),
        ("users=-1", "'users=-1' is not NAME=NUMBER"),
        ("people=3", "'people=3' is not NAME=NUMBER"),
        ("users=1, users=2", "'users=2' is not NAME=NUMBER"),
        ("users=1000001", "users=1000001: at most 1,000,000 can be generated"),
        ("users=10,assignments=11", "each user is assigned at most once. Write users=11 or more"),
    ],
)
def test_invalid_numbers_of_a_generated_tenant_are_refused(text, message):
    with pytest.raises(GenerateError) as refused:
        Numbers.parse(text)
    assert message in str(refused.value)


def test_numbers_are_parsed_in_any_order():
    assert Numbers.parse("assignments=20,users=25, groups=2") == NUMBERS


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--write-spec", "spec"], "--write-spec writes the spec of a generated tenant. Add --generate"),
        (["--generate", "users=1", "--tenant", __file__], "Write `generate` in the tenant file"),
        (["--generate", "users=x"], "'users=x' is not NAME=NUMBER"),
        (["--latency", "50"], "expected a time such as 50ms or 0.5s, got '50'"),
        (["--latency", "-1s"], "expected a time such as 50ms or 0.5s, got '-1s'"),
    ],
)
def test_sandbox_serve_refuses_contradictory_options(options, message, capsys):
    assert main(["sandbox", "serve", "--port", "0", *options]) == ExitCode.USAGE
    assert message in " ".join(capsys.readouterr().err.split())


def test_write_spec_overwrites_nothing(tmp_path, capsys):
    file = tmp_path / "scimconf.yaml"
    file.write_text("version: 1\n", "utf-8")
    assert main(["sandbox", "serve", "--generate", "users=1", "--write-spec", str(tmp_path)]) == ExitCode.USAGE
    assert f"{file} already exists" in capsys.readouterr().err
    assert file.read_text("utf-8") == "version: 1\n"


@pytest.mark.parametrize(("text", "milliseconds"), [("50ms", 50), ("0.5s", 500), ("2s", 2000)])
def test_latency_is_a_switch_in_milliseconds(text, milliseconds):
    assert sandbox_command._latency(text) == {"latency_ms": milliseconds}
