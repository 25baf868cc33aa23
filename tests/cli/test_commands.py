"""Tests of the commands: exit codes, stdout and stderr, options, several applications, and the history."""

import json
import re
import shlex
import stat
from datetime import datetime

import pytest
from canary import secret
from tenant_fixture import ROOT, TOKEN, WRITER

from scimconf.cli.main import COMMANDS
from scimconf.cli.other_tools import COMMAND_WORDS

SMALL = """
version: 1
name: {name}
application: {{display_name: {title}, create: {{from_template: custom}}}}
provisioning: {{enabled: false}}
"""
ANSI = re.compile(r"\x1b\[")
DENIED = {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges."}}


@pytest.fixture
def writer(cli):
    """Apply the example spec of Writer."""
    assert cli("apply", "--auto-approve", WRITER).code == 0
    cli.service.journal.entries.clear()
    return cli


def small(cli, name="small", title="Small", more=""):
    """Write a small spec and return its path."""
    return cli.file(f"{name}.scimconf.yaml", SMALL.format(name=name, title=title) + more)


# --- exit codes -----------------------------------------------------------------------------------------------------


def test_plan_with_changes_exits_0_or_2_with_detailed_exitcode(cli):
    assert cli("plan", WRITER).code == 0
    assert cli("plan", "--detailed-exitcode", WRITER).code == 2


def test_plan_without_changes_exits_0_with_detailed_exitcode(writer):
    result = writer("plan", "--detailed-exitcode", WRITER)
    assert result.code == 0
    assert result.out.endswith("No changes. The tenant matches the spec.\n")


def test_apply_without_changes_needs_no_approval_and_writes_nothing(writer):
    assert writer("apply", WRITER).code == 0
    assert writer.writes == []


def test_apply_without_terminal_and_auto_approve_exits_1_and_writes_nothing(cli):
    result = cli("apply", WRITER)
    assert result.code == 1
    assert "--yes" in result.err
    assert cli.writes == []


def test_apply_exits_4_if_a_guard_blocks_even_with_auto_approve(writer):
    """--auto-approve allows only the guards of a first apply; --allow allows the others by name."""
    file = writer.file("all.yaml", f"extends: [{WRITER}]\nprovisioning: {{scope: all}}\n")
    assert writer("apply", "--auto-approve", file).code == 4
    assert writer.writes == []
    assert writer("apply", "--auto-approve", "--allow", "scope-widened", file).code == 0


def test_apply_that_fails_after_a_write_exits_5_and_can_be_repeated(cli):
    """The report contains Graph's status, code and message, and the missing permission."""
    cli.fault({"status": 403, "body": DENIED}, method="PUT", path="*/secrets")
    result = cli("apply", "--auto-approve", WRITER)
    assert result.code == 5
    flat = " ".join(result.out.split())
    assert "answered 403 Authorization_RequestDenied: Insufficient privileges." in flat
    assert "Synchronization.ReadWrite.All" in flat
    assert cli("apply", "--auto-approve", WRITER).code == 0


def test_plan_exits_1_if_graph_answers_500(cli):
    cli.fault({"status": 500, "body": DENIED}, path="/servicePrincipals", times=0)
    result = cli("plan", small(cli))
    assert result.code == 1
    assert result.err.startswith("small: GET /servicePrincipals answered 500")
    assert "! failed: GET /servicePrincipals answered 500" in result.out
    assert result.out.endswith("1 of 1 application could not be planned.\n")


def test_plan_with_unreachable_graph_exits_1_and_names_sandbox_serve(cli, monkeypatch):
    monkeypatch.setenv("SCIMCONF_GRAPH_URL", "http://127.0.0.1:9/v1.0")
    monkeypatch.setattr("asyncio.sleep", _no_sleep)
    result = cli("plan", small(cli))
    assert result.code == 1
    assert "could not connect to http://127.0.0.1:9/v1.0" in result.err
    assert "scimconf sandbox serve" in result.err


async def _no_sleep(_seconds, result=None):
    return result


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["plam"], "unknown command 'plam'. Did you mean plan?"),
        (["plan", "--frobnicate"], "unknown option --frobnicate."),
        (["plan", "--target", "x"], "unknown option --target. Did you mean --only?"),
        (["plan", "--output", "x"], "unknown option --output. Did you mean --out?"),
        (["plan", "-target=x"], "unknown option -target. Did you mean --only?"),
        (["plan", "-out=x"], "unknown option -out. Did you mean --out?"),
        (["plan", "-x"], "unknown option -x."),
        (["plan", "--json", "--format", "html"], "'html' and --json contradict each other"),
        (["import"], "unknown command 'import'. Did you mean export?"),
        (["login"], "unknown command 'login'. Did you mean doctor?"),
        (["destroy"], "unknown command 'destroy'. Did you mean retire?"),
        (["state", "list"], "unknown command 'state'. scimconf keeps no state file: each plan reads the tenant."),
        (["plan", "--detailed-exit-code"], "unknown option --detailed-exit-code. Did you mean --detailed-exitcode?"),
        (["plan", "--allow", "scope-wide"], "Did you mean scope-widened?"),
        (["plan", "--var", "novalue"], "is not NAME=VALUE"),
        (["plan", "--format", "xml"], "is not one of"),
    ],
)
def test_wrong_usage_of_plan_exits_64_with_a_suggestion_on_stderr(cli, argv, message):
    result = cli(*argv)
    assert (result.code, result.out) == (64, "")
    assert message in " ".join(result.err.split())


def test_words_of_other_tools_lead_to_commands_that_exist():
    assert {words.split()[0] for words in COMMAND_WORDS.values()} <= COMMANDS.keys()
    assert not COMMAND_WORDS.keys() & COMMANDS.keys()


def test_commands_exit_65_for_spec_errors_before_any_request(cli):
    file = cli.file(
        "scimconf.yaml", "version: 1\nname: x\napplication: {display_nam: X}\nprovisioning: {enabled: on}\n"
    )
    for command in ("validate", "plan", "apply"):
        result = cli(command, file)
        assert result.code == 65
        assert "scimconf.yaml:3:15" in result.out + result.err
    assert cli.service.journal.entries == []


def test_plan_of_a_missing_spec_file_exits_65_and_names_the_path(cli):
    result = cli("plan", "nowhere.yaml")
    assert result.code == 65
    assert "nowhere.yaml" in result.err


# --- stdout and stderr ----------------------------------------------------------------------------------------------


def test_apply_prints_plan_and_report_on_stdout_and_steps_on_stderr(cli):
    """Without a terminal, each step is printed on its own line."""
    result = cli("apply", "--auto-approve", WRITER)
    assert result.out.startswith("Tenant: contoso.com\n")
    assert "start provisioning" not in result.out.partition("Plan: ")[0]
    steps = [line for line in result.err.splitlines() if re.match(r"writer: \[\d+/\d+\] ", line)]
    assert any("start provisioning" in line for line in steps)


def test_apply_output_to_a_pipe_has_no_color_and_no_control_characters(cli):
    result = cli("apply", "--auto-approve", WRITER)
    assert not ANSI.search(result.out + result.err)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", result.out + result.err)


@pytest.mark.parametrize("columns", [40, 60, 132])
def test_plan_output_to_a_pipe_is_at_most_as_wide_as_columns_variable(cli, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    result = cli("plan", "--steps", WRITER)
    assert max(len(line) for line in result.out.splitlines()) <= columns


def test_plan_json_is_deterministic_and_valid_against_the_json_schema(cli):
    """It contains no time, no absolute path and no secret."""
    from jsonschema import Draft202012Validator

    schema = json.loads((ROOT / "schemas" / "plan.schema.json").read_text())
    first, second = (cli("plan", "--format", "json", WRITER).out for _ in range(2))
    assert first == second
    Draft202012Validator(schema).validate(json.loads(first))
    assert str(cli.folder) not in first
    assert TOKEN not in first


def test_plan_json_stays_valid_if_another_spec_has_errors(cli):
    """Diagnostics are on stderr; the plans of the valid specs are on stdout."""
    good = small(cli, "good", "Good")
    bad = cli.file(
        "bad.yaml", "version: 1\nname: bad\napplication: {display_name: Nobody}\nprovisioning: {enabled: true}\n"
    )
    result = cli("plan", "--format", "json", good, bad)
    assert result.code == 65
    assert [application["name"] for application in json.loads(result.out)["applications"]] == ["good"]
    assert "K103" in result.err


# --- options --------------------------------------------------------------------------------------------------------


def addresses(result):
    return [
        change["address"] for application in json.loads(result.out)["applications"] for change in application["changes"]
    ]


def test_only_option_takes_globs_and_includes_the_application_they_need(cli):
    planned = addresses(cli("plan", "--format", "json", "--only", "writer:app_role/*", WRITER))
    assert planned == ["writer:application", "writer:app_role/admin", "writer:app_role/member"]


def test_exclude_option_removes_changes_from_the_plan(writer):
    file = writer.file("two.yaml", f"extends: [{WRITER}]\nprovisioning: {{enabled: false, deletion_threshold: 7}}\n")
    assert addresses(writer("plan", "--format", "json", file)) == ["writer:settings", "writer:schedule"]
    assert addresses(writer("plan", "--format", "json", "--exclude", "schedule", file)) == ["writer:settings"]


def test_apply_with_only_applies_the_selected_changes(writer):
    file = writer.file("two.yaml", f"extends: [{WRITER}]\nprovisioning: {{enabled: false, deletion_threshold: 7}}\n")
    assert writer("apply", "--auto-approve", "--only", "writer:settings", file).code == 0
    assert addresses(writer("plan", "--format", "json", file)) == ["writer:schedule"]


def test_plan_with_steps_lists_steps_in_the_order_of_apply(writer):
    file = writer.file("all.yaml", f"extends: [{WRITER}]\nprovisioning: {{scope: all}}\n")
    result = writer("plan", "--steps", file)
    positions = [
        result.out.index(step) for step in ("pause provisioning", "set scope", "restart provisioning", "start prov")
    ]
    assert positions == sorted(positions)


def test_plan_replaces_variables_and_var_overrides_var_file(cli):
    file = small(cli, "small", "'${var:TITLE} of ${var:WHOM}'")
    variables = cli.file("vars.yaml", "TITLE: Notes\nWHOM: nobody\n")
    result = cli("plan", "--var-file", variables, "--var", "WHOM=Contoso", file)
    assert "Notes of Contoso" in result.out


def test_validate_show_spec_prints_the_origin_of_each_line(cli):
    """The merged spec contains the results of extends, variables and CSV files."""
    file = cli.file("scimconf.yaml", f"extends: [{WRITER}]\nprovisioning: {{scope: all}}\n")
    result = cli("validate", "--show-spec", file)
    assert result.code == 0
    assert re.search(r"scope: all\s+# .*scimconf\.yaml:2", result.out)
    assert re.search(r"base_address: .*# .*examples/writer-new/scimconf\.yaml:\d+", result.out)


# --- several applications -------------------------------------------------------------------------------------------


def test_apply_of_a_folder_applies_all_its_specs(cli):
    small(cli, "one", "One")
    small(cli, "two", "Two")
    assert cli("apply", "--auto-approve", ".").code == 0
    result = cli("plan", "--detailed-exitcode")
    assert result.code == 0
    created = [application["displayName"] for application in cli.service.tenant.documents.all("application")]
    assert sorted(created) == ["One", "Two"]


def test_apply_continues_with_other_applications_after_a_failure(cli):
    first, second = small(cli, "one", "One"), small(cli, "two", "Two")
    cli.fault({"status": 403, "body": DENIED}, method="POST", path="*/instantiate")
    result = cli("apply", "--auto-approve", first, second)
    assert result.code in (1, 5)
    assert result.err.endswith("1 of 2 applications not applied or not completely: one.\n")
    assert [application["displayName"] for application in cli.service.tenant.documents.all("application")] == ["Two"]
    assert cli("apply", "--auto-approve", first, second).code == 0


def test_plan_rejects_two_specs_of_the_same_application(cli):
    small(cli, "one", "Same")
    small(cli, "two", "Same")
    result = cli("plan", ".")
    assert result.code == 65
    assert "one.scimconf.yaml" in result.err
    assert "two.scimconf.yaml" in result.err


# --- history --------------------------------------------------------------------------------------------------------


def test_apply_history_saves_previous_documents_without_secrets(writer):
    """Only the owner can read the files and the folder."""
    spec = writer.file("title.yaml", f"extends: [{WRITER}]\nprovisioning: {{deletion_threshold: 7}}\n")
    assert writer("apply", "--auto-approve", "--history", "saved", spec).code == 0
    (folder,) = (writer.folder / "saved" / "writer").iterdir()
    files = {file.name: file for file in folder.iterdir() if file.is_file()}
    assert {"entry.json", "schema.json", "secrets.json", "jobs.json", "applications.json"} <= files.keys()
    settings = {setting["key"]: setting["value"] for setting in json.loads(files["secrets.json"].read_text())}
    assert json.loads(settings["SyncNotificationSettings"])["DeleteThresholdValue"] == 50
    assert settings["SecretToken"] == "*"
    assert {stat.S_IMODE(file.stat().st_mode) for file in files.values()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


# --- checks before the approval, progress and diff ------------------------------------------------------------------


@pytest.mark.parametrize("command", ["plan", "drift"])
def test_plan_and_drift_of_another_tenant_exit_4(cli, command):
    """The tenant was read and is not the tenant of the spec."""
    file = cli.file("other.yaml", f"extends: [{WRITER}]\nname: writer\ntenant: fabrikam.com\n")
    result = cli(command, file)
    assert result.code == 4
    assert result.out.splitlines()[0].startswith("Tenant: contoso.com")
    assert cli("apply", "--auto-approve", file).code == 4
    assert cli.writes == []


def test_plan_of_a_tenant_that_cannot_be_read_exits_0_and_apply_exits_4(cli):
    """It may be the right tenant, so plan only shows the guard."""
    cli.fault({"status": 403, "body": DENIED}, method="GET", path="*/organization", times=0)
    assert cli("plan", WRITER).code == 0
    assert cli("apply", "--auto-approve", WRITER).code == 4


def test_apply_reports_a_missing_secret_before_it_requests_approval(cli, monkeypatch):
    """Without a terminal, a request for approval would be a different error."""
    monkeypatch.delenv("WRITER_SCIM_TOKEN")
    result = cli("apply", WRITER)
    assert result.code == 1
    assert "writer: WRITER_SCIM_TOKEN is not set\n" in result.err
    assert "writer: no changes were made.\n" in result.err
    assert "cannot ask" not in result.err
    assert cli.writes == []


def test_apply_progress_without_terminal_counts_each_step_once_up_to_the_total(cli):
    result = cli("apply", "--auto-approve", WRITER)
    steps = re.findall(r"^writer: \[(\d+)/(\d+)\]", result.err, re.MULTILINE)
    rounds = [index for index, (done, _) in enumerate(steps) if done == "1"]
    last = [(int(done), int(total)) for done, total in steps[rounds[-1] :]]
    assert [done for done, _ in last] == sorted({done for done, _ in last})
    assert last[-1][0] == last[-1][1]


def test_diff_with_an_application_name_suggests_the_app_prefix(cli):
    result = cli("diff", "Slack", WRITER)
    assert result.code == 65
    assert "app:Slack" in result.err


def test_diff_of_equal_specs_prints_no_differences(cli):
    file = small(cli)
    result = cli("diff", file, file)
    assert (result.code, result.out) == (0, "No differences.\n")


@pytest.mark.parametrize("command", [["plan"], ["drift"], ["apply", "--auto-approve"], ["preview", "--all"]])
def test_another_tenant_without_the_application_is_reported_as_another_tenant_and_exits_4(cli, command):
    text = "version: 1\nname: a\ntenant: fabrikam.com\napplication: {display_name: Nowhere}\n"
    result = cli(*command, cli.file("a.scimconf.yaml", f"{text}provisioning: {{enabled: false}}\n"))
    assert result.code == 4
    assert "a: signed in to contoso.com, but the spec is for fabrikam.com\n  Sign in to fabrikam.com" in result.err
    assert "K103" not in result.err + result.out
    assert cli.writes == []


def test_apply_progress_lists_no_step_that_did_not_run(cli, monkeypatch):
    monkeypatch.setenv("WRITER_SCIM_TOKEN", secret("wrong"))
    result = cli("apply", "--auto-approve", WRITER)
    assert result.code == 5
    assert "test the connection" in result.err
    assert "skipped" in result.out
    assert "start provisioning" not in result.err


def test_a_refused_credential_is_reported_with_its_reference_and_the_address(cli, monkeypatch):
    monkeypatch.setenv("WRITER_SCIM_TOKEN", secret("wrong"))
    report = " ".join(cli("apply", "--auto-approve", WRITER).out.split())
    assert "Tested: https://app.writer.com/api/scim/v2 with secret_token from WRITER_SCIM_TOKEN" in report
    assert secret("wrong") not in report


def test_plan_says_without_steps_that_apply_pauses_provisioning(writer):
    wider = writer.file("all.yaml", f"extends: [{WRITER}]\nprovisioning: {{scope: all}}\n")
    sentence = (
        "writer: apply pauses provisioning first and starts it again at the end with an initial cycle, which evaluates every"
        " user.\n"
    )
    assert writer("plan", wider).out.endswith(sentence)
    assert sentence in writer("plan", "--format", "json", wider).err
    assert sentence not in writer("plan", WRITER).out


# --- an apply that leaves provisioning paused ------------------------------------------------------------------------


def test_the_report_and_the_events_of_an_apply_that_left_provisioning_paused_give_the_time_and_the_command(writer):
    cli = writer
    cli.file("mine/scimconf.yaml", f"extends: [{WRITER}]\nprovisioning: {{scope: all}}\n")
    cli.fault({"status": 400, "body": {"error": {"code": "Code"}}}, method="PUT", path="*/secrets", times=0)
    arguments = ("--allow", "scope-widened", "--no-permission-check", "--events", "events.jsonl", "mine")
    said = cli("apply", "--auto-approve", *arguments)
    assert said.code == 5, said
    lines = said.out.rstrip("\n").split("\n")
    assert lines[-1].strip() == "scimconf apply --no-permission-check --allow scope-widened mine/scimconf.yaml"
    events = [json.loads(line) for line in (cli.folder / "events.jsonl").read_text().splitlines()]
    (applied,) = [event for event in events if event["event"] == "applied"]
    since = datetime.fromisoformat(applied["paused_since"])
    assert f"Provisioning is paused since {since:%Y-%m-%d %H:%M:%S} UTC: nobody is" in " ".join(said.out.split())
    assert (applied["paused"], applied["command"]) == (True, lines[-1].strip())
    assert applied["history_entry"] in said.out
    kinds = [event["event"] for event in events]
    assert kinds.index("outcome") < len(kinds) - 1 - kinds[::-1].index("step"), "outcomes are written as they happen"
    outcomes = [(event["address"], event["message"]) for event in events if event["event"] == "outcome"]
    assert len(outcomes) == len(set(outcomes))
    cli.service.faults.clear()
    assert cli(*shlex.split(applied["command"])[1:], "--auto-approve").code == 0
