"""The commands as people and pipelines use them: what goes to stdout, what to stderr, and how they end."""

import json
import re
import stat

import pytest
from tenant_fixture import ROOT, TOKEN, WRITER

SMALL = """
version: 1
name: {name}
application: {{display_name: {title}, create: {{from_template: custom}}}}
provisioning: {{enabled: false}}
"""
ANSI = re.compile(r"\x1b\[")
DENIED = {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges."}}


@pytest.fixture
def writer(desk):
    """Set up as the example says."""
    assert desk("apply", "--auto-approve", WRITER).code == 0
    desk.service.journal.entries.clear()
    return desk


def small(desk, name="small", title="Small", more=""):
    return desk.file(f"{name}.scimconf.yaml", SMALL.format(name=name, title=title) + more)


# --- exit codes -----------------------------------------------------------------------------------------------------


def test_a_plan_with_changes_ends_with_0_or_where_asked_with_2(desk):
    """0 means that planning worked; pipelines ask for the difference."""
    assert desk("plan", WRITER).code == 0
    assert desk("plan", "--detailed-exitcode", WRITER).code == 2


def test_a_plan_without_changes_ends_with_0_either_way(writer):
    """And says so."""
    said = writer("plan", "--detailed-exitcode", WRITER)
    assert said.code == 0
    assert said.out.endswith("No changes. The tenant matches the spec.\n")


def test_an_apply_without_changes_asks_nobody_and_writes_nothing(writer):
    """So that it may run every hour."""
    assert writer("apply", WRITER).code == 0
    assert writer.writes == []


def test_without_a_terminal_nothing_is_done_unasked(desk):
    """Exit 1, nothing written, and the option that would do it."""
    said = desk("apply", WRITER)
    assert said.code == 1
    assert "--auto-approve" in said.err
    assert desk.writes == []


def test_a_guard_stops_an_apply_with_4_whoever_approved(writer):
    """--auto-approve opens the guards of a first run and no other; naming the guard opens it."""
    file = writer.file("all.yaml", f"extends: [{WRITER}]\nprovisioning: {{scope: all}}\n")
    assert writer("apply", "--auto-approve", file).code == 4
    assert writer.writes == []
    assert writer("apply", "--auto-approve", "--allow", "scope-widened", file).code == 0


def test_what_fails_after_something_was_written_ends_with_5_and_says_what(desk):
    """Done, failed with verb, path and Graph's code, skipped; and that running it again is the way on."""
    desk.fault({"status": 403, "body": DENIED}, method="PUT", path="*/secrets")
    said = desk("apply", "--auto-approve", WRITER)
    assert said.code == 5
    flat = " ".join(said.out.split())
    assert "answered 403 Authorization_RequestDenied: Insufficient privileges." in flat
    assert "Synchronization.ReadWrite.All" in flat
    assert desk("apply", "--auto-approve", WRITER).code == 0


def test_a_tenant_that_refuses_ends_a_plan_with_1(desk):
    """Nothing is known of it, so nothing is planned."""
    desk.fault({"status": 500, "body": DENIED}, path="/servicePrincipals", times=0)
    said = desk("plan", small(desk))
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("small: GET /servicePrincipals answered 500")


def test_an_unreachable_graph_ends_with_1_and_says_what_to_start(desk, monkeypatch):
    """For a sandbox that is not running."""
    monkeypatch.setenv("SCIMCONF_GRAPH_URL", "http://127.0.0.1:9/v1.0")
    monkeypatch.setattr("asyncio.sleep", _no_time)
    said = desk("plan", small(desk))
    assert said.code == 1
    assert "could not connect to http://127.0.0.1:9/v1.0" in said.err
    assert "scimconf sandbox serve" in said.err


async def _no_time(_seconds, result=None):
    return result


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["plam"], "unknown command 'plam'. Did you mean plan?"),
        (["plan", "--frobnicate"], "unknown option --frobnicate."),
        (["plan", "--target", "x"], "unknown option --target. Did you mean --only?"),
        (["plan", "--json"], "unknown option --json. Did you mean --format json?"),
        (["plan", "--detailed-exit-code"], "unknown option --detailed-exit-code. Did you mean --detailed-exitcode?"),
        (["plan", "--allow", "scope-wide"], "Did you mean scope-widened?"),
        (["plan", "--var", "novalue"], "is not NAME=VALUE"),
        (["plan", "--format", "xml"], "is not one of"),
    ],
)
def test_wrong_usage_ends_with_64_and_says_what_was_meant(desk, argv, says):
    """On stderr; stdout belongs to the product."""
    said = desk(*argv)
    assert (said.code, said.out) == (64, "")
    assert says in " ".join(said.err.split())


def test_a_spec_with_problems_ends_with_65_before_any_request(desk):
    """Each with file, line, column and code."""
    file = desk.file(
        "scimconf.yaml", "version: 1\nname: x\napplication: {display_nam: X}\nprovisioning: {enabled: on}\n"
    )
    for command in ("validate", "plan", "apply"):
        said = desk(command, file)
        assert said.code == 65
        assert "scimconf.yaml:3:15" in said.out + said.err
    assert desk.service.journal.entries == []


def test_a_path_that_is_not_there_is_a_problem_and_no_traceback(desk):
    """Named as it was written."""
    said = desk("plan", "nowhere.yaml")
    assert said.code == 65
    assert "nowhere.yaml" in said.err


# --- stdout and stderr ----------------------------------------------------------------------------------------------


def test_stdout_is_the_product_and_stderr_the_talk(desk):
    """An apply prints the plan and the report; its steps go to stderr, a line each, since nobody watches."""
    said = desk("apply", "--auto-approve", WRITER)
    assert said.out.startswith("Tenant: contoso.com\n")
    assert "start provisioning" not in said.out.partition("Plan: ")[0]
    steps = [line for line in said.err.splitlines() if re.match(r"writer: \[\d+/\d+\] ", line)]
    assert any("start provisioning" in line for line in steps)


def test_a_pipe_gets_neither_colour_nor_control_characters(desk):
    """Whatever TERM says."""
    said = desk("apply", "--auto-approve", WRITER)
    assert not ANSI.search(said.out + said.err)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", said.out + said.err)


@pytest.mark.parametrize("columns", [40, 60, 132])
def test_a_pipe_is_as_wide_as_columns_says(desk, monkeypatch, columns):
    """No line is longer, on a narrow terminal either."""
    monkeypatch.setenv("COLUMNS", str(columns))
    said = desk("plan", "--steps", WRITER)
    assert max(len(line) for line in said.out.splitlines()) <= columns


def test_a_plan_as_json_is_valid_and_always_the_same(desk):
    """Against the published JSON Schema; with neither clock nor folder nor secret in it."""
    from jsonschema import Draft202012Validator

    schema = json.loads((ROOT / "schemas" / "plan.schema.json").read_text())
    first, second = (desk("plan", "--format", "json", WRITER).out for _ in range(2))
    assert first == second
    Draft202012Validator(schema).validate(json.loads(first))
    assert str(desk.folder) not in first
    assert TOKEN not in first


def test_problems_do_not_spoil_the_json_on_stdout(desk):
    """They are on stderr; what could be planned is on stdout."""
    good = small(desk, "good", "Good")
    bad = desk.file(
        "bad.yaml", "version: 1\nname: bad\napplication: {display_name: Nobody}\nprovisioning: {enabled: true}\n"
    )
    said = desk("plan", "--format", "json", good, bad)
    assert said.code == 65
    assert [one["name"] for one in json.loads(said.out)["applications"]] == ["good"]
    assert "K103" in said.err


# --- options --------------------------------------------------------------------------------------------------------


def addresses(said):
    return [change["address"] for one in json.loads(said.out)["applications"] for change in one["changes"]]


def test_only_takes_globs_and_brings_along_what_is_needed(desk):
    """An application that is not there is needed by everything in it."""
    found = addresses(desk("plan", "--format", "json", "--only", "writer:app_role/*", WRITER))
    assert found == ["writer:application", "writer:app_role/admin", "writer:app_role/member"]


def test_exclude_takes_away(writer):
    """What is left of a plan that would change two things."""
    file = writer.file("two.yaml", f"extends: [{WRITER}]\nprovisioning: {{enabled: false, deletion_threshold: 7}}\n")
    assert addresses(writer("plan", "--format", "json", file)) == ["writer:settings", "writer:schedule"]
    assert addresses(writer("plan", "--format", "json", "--exclude", "schedule", file)) == ["writer:settings"]


def test_an_apply_of_a_part_does_that_part(writer):
    """And the next plan shows the rest."""
    file = writer.file("two.yaml", f"extends: [{WRITER}]\nprovisioning: {{enabled: false, deletion_threshold: 7}}\n")
    assert writer("apply", "--auto-approve", "--only", "writer:settings", file).code == 0
    assert addresses(writer("plan", "--format", "json", file)) == ["writer:schedule"]


def test_steps_are_the_requests_that_an_apply_sends(writer):
    """In their order: pause, write, restart, start."""
    file = writer.file("all.yaml", f"extends: [{WRITER}]\nprovisioning: {{scope: all}}\n")
    said = writer("plan", "--steps", file)
    at = [said.out.index(words) for words in ("pause provisioning", "set scope", "restart provisioning", "start prov")]
    assert at == sorted(at)


def test_variables_are_filled_in(desk):
    """From --var and from a file, the first one winning."""
    file = small(desk, "small", "'${var:TITLE} of ${var:WHOM}'")
    variables = desk.file("vars.yaml", "TITLE: Notes\nWHOM: nobody\n")
    said = desk("plan", "--var-file", variables, "--var", "WHOM=Contoso", file)
    assert "Notes of Contoso" in said.out


def test_the_merged_spec_is_shown_with_the_origin_of_each_line(desk):
    """`--show-spec`: what extends, variables and CSV files made of it."""
    file = desk.file("scimconf.yaml", f"extends: [{WRITER}]\nprovisioning: {{scope: all}}\n")
    said = desk("validate", "--show-spec", file)
    assert said.code == 0
    assert re.search(r"scope: all\s+# .*scimconf\.yaml:2", said.out)
    assert re.search(r"base_address: .*# .*examples/writer-new/scimconf\.yaml:\d+", said.out)


# --- several applications -------------------------------------------------------------------------------------------


def test_a_folder_is_all_its_specs(desk):
    """Planned together, applied one after another, one exit code."""
    small(desk, "one", "One")
    small(desk, "two", "Two")
    assert desk("apply", "--auto-approve", ".").code == 0
    said = desk("plan", "--detailed-exitcode")
    assert said.code == 0
    made = [one["displayName"] for one in desk.service.tenant.documents.all("application")]
    assert sorted(made) == ["One", "Two"]


def test_one_application_that_fails_does_not_stop_the_others(desk):
    """The worse exit code wins, and both are told."""
    first, second = small(desk, "one", "One"), small(desk, "two", "Two")
    desk.fault({"status": 403, "body": DENIED}, method="POST", path="*/instantiate")
    said = desk("apply", "--auto-approve", first, second)
    assert said.code in (1, 5)
    assert [one["displayName"] for one in desk.service.tenant.documents.all("application")] == ["Two"]
    assert desk("apply", "--auto-approve", first, second).code == 0


def test_two_specs_of_one_application_are_a_problem(desk):
    """Each would undo what the other does."""
    small(desk, "one", "Same")
    small(desk, "two", "Same")
    said = desk("plan", ".")
    assert said.code == 65
    assert "one.scimconf.yaml" in said.err
    assert "two.scimconf.yaml" in said.err


# --- the way back ---------------------------------------------------------------------------------------------------


def test_the_documents_are_saved_before_the_first_write(writer):
    """As they were, readable by their owner only, without any secret."""
    file = writer.file("title.yaml", f"extends: [{WRITER}]\nprovisioning: {{deletion_threshold: 7}}\n")
    assert writer("apply", "--auto-approve", "--backup", "saved", file).code == 0
    (folder,) = (writer.folder / "saved" / "writer").iterdir()
    saved = {one.name: one for one in folder.iterdir()}
    assert {"schema.json", "secrets.json", "jobs.json", "applications.json"} <= saved.keys()
    settings = {one["key"]: one["value"] for one in json.loads(saved["secrets.json"].read_text())}
    assert json.loads(settings["SyncNotificationSettings"])["DeleteThresholdValue"] == 50
    assert settings["SecretToken"] == "*"
    assert {stat.S_IMODE(one.stat().st_mode) for one in saved.values()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


# --- before anything is asked or written ----------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["plan", "drift"])
def test_plan_of_another_tenant_ends_with_4(desk, command):
    """The tenant was read and is not the one of the spec."""
    file = desk.file("other.yaml", f"extends: [{WRITER}]\nname: writer\ntenant: fabrikam.com\n")
    said = desk(command, file)
    assert said.code == 4
    assert said.out.splitlines()[0].startswith("Tenant: contoso.com")
    assert desk("apply", "--auto-approve", file).code == 4
    assert desk.writes == []


def test_plan_of_a_tenant_that_cannot_be_read_ends_with_0(desk):
    """It may be the right one: the guard is shown, and apply stops."""
    desk.fault({"status": 403, "body": DENIED}, method="GET", path="*/organization", times=0)
    assert desk("plan", WRITER).code == 0
    assert desk("apply", "--auto-approve", WRITER).code == 4


def test_apply_names_a_missing_secret_before_it_asks(desk, monkeypatch):
    """Nobody reads a plan and answers yes for nothing; without a terminal there would be another error."""
    monkeypatch.delenv("WRITER_SCIM_TOKEN")
    said = desk("apply", WRITER)
    assert said.code == 1
    assert "writer: WRITER_SCIM_TOKEN is not set\n" in said.err
    assert "writer: no changes were made.\n" in said.err
    assert "cannot ask" not in said.err
    assert desk.writes == []


def test_progress_in_a_log_counts_each_step_once_up_to_the_total(desk):
    said = desk("apply", "--auto-approve", WRITER)
    steps = re.findall(r"^writer: \[(\d+)/(\d+)\]", said.err, re.MULTILINE)
    rounds = [index for index, (done, _) in enumerate(steps) if done == "1"]
    last = [(int(done), int(total)) for done, total in steps[rounds[-1] :]]
    assert [done for done, _ in last] == sorted({done for done, _ in last})
    assert last[-1][0] == last[-1][1]


def test_diff_with_the_name_of_an_application_says_how_to_write_it(desk):
    said = desk("diff", "Slack", WRITER)
    assert said.code == 65
    assert "app:Slack" in said.err


def test_diff_of_equal_specs_shows_no_differences(desk):
    """It compares no tenant, so it says nothing about one."""
    file = small(desk)
    said = desk("diff", file, file)
    assert (said.code, said.out) == (0, "No differences.\n")
