"""Tests of plan, drift and apply with several specs, address patterns, saved plans, and paths."""

import json

import pytest
from tenant_fixture import WRITER

from .test_commands import small

NO_CHANGES = "The tenant matches the spec"


@pytest.fixture
def writer(cli):
    """Apply the example spec of Writer."""
    assert cli("apply", "--auto-approve", WRITER).code == 0
    cli.service.journal.entries.clear()
    return cli


def app_id(cli, title):
    (row,) = [
        application
        for application in cli.service.tenant.documents.all("application")
        if application["displayName"] == title
    ]
    return row["appId"]


# --- several specs of one application -------------------------------------------------------------------------------


def spec_with_app_id(cli, name, id_, more=""):
    """Write a spec that identifies its application by app_id, and return its path."""
    text = f"version: 1\nname: {name}\napplication: {{app_id: {id_}}}\nprovisioning: {{enabled: false}}\n"
    return cli.file(f"{name}.scimconf.yaml", text + more)


def test_plan_drift_and_apply_reject_specs_that_resolve_to_the_same_application(writer):
    """Neither of the two specs is planned; the spec of another application is."""
    first = writer.file("a.scimconf.yaml", f"extends: [{WRITER}]\nname: a\n")
    second = spec_with_app_id(writer, "b", app_id(writer, "Writer"))
    third = small(writer, "c", "C")
    for command in (["plan"], ["drift"], ["apply", "--auto-approve"]):
        result = writer(*command, first, second, third)
        assert result.code in (65, 2) if command == ["drift"] else 65
        assert "b.scimconf.yaml:3:1  S312  application: this is the same application as in " in result.err
        assert "a.scimconf.yaml:2:1" not in result.err
        assert "2 of 3 applications could not be planned." in result.out
        assert "assignment/" not in result.out
    created = [application["displayName"] for application in writer.service.tenant.documents.all("application")]
    assert sorted(created) == ["C", "Writer"]


def test_plan_accepts_specs_by_name_and_by_app_id_of_different_applications(writer):
    assert writer("apply", "--auto-approve", small(writer, "c", "C")).code == 0
    result = writer("plan", WRITER, spec_with_app_id(writer, "b", app_id(writer, "C")))
    assert (result.code, result.err) == (0, "")


# --- missing users and groups ---------------------------------------------------------------------------------------

USER, GROUP = "users: [{user: nobody@contoso.com, role: admin}]", "groups: [{name: Nobody, role: admin}]"
MISSING = (
    (USER, ["plan"], 0),
    (USER, ["drift"], 2),
    (f"missing: error, {USER}", ["plan", "--detailed-exitcode"], 65),
    (GROUP, ["plan"], 65),
    (GROUP, ["drift"], 2),
    (GROUP, ["plan", "--only", "writer:schedule"], 0),
    (f"missing: warn, {GROUP}", ["plan"], 0),
)
"""The assignments of a spec, a command, and its exit code."""


def test_exit_code_of_a_missing_user_or_group(writer):
    """Commands read only; `--only` looks up nobody if it selects no assignment."""
    for listed, command, code in MISSING:
        spec = writer.file("w.scimconf.yaml", f"extends: [{WRITER}]\nname: writer\nassignments: {{{listed}}}\n")
        result = writer(*command, spec)
        assert result.code == code, (command, result.err)
        assert ("K811" in result.out) is ("--only" not in command)
    more = f"assignments: {{{GROUP}}}\nprovisioning: {{deletion_threshold: 77}}\n"
    result = writer(
        "apply", "--auto-approve", writer.file("w.scimconf.yaml", f"extends: [{WRITER}]\nname: writer\n{more}")
    )
    assert (result.code, writer.writes) == (65, [])
    assert "writer: no changes were made. A listed user or group is missing in the tenant, and" in result.err
    more = f"tenant: fabrikam.com\nassignments: {{{GROUP}}}\n"
    result = writer("plan", writer.file("w.scimconf.yaml", f"extends: [{WRITER}]\nname: writer\n{more}"))
    assert result.code == 4
    assert 'the tenant contoso.com has no group "Nobody"; the spec is for fabrikam.com.' in " ".join(result.out.split())


def test_title_of_markdown_and_html_names_the_command(cli):
    titles = [cli(command, "--format", "markdown", WRITER).out.splitlines()[0] for command in ("plan", "drift")]
    assert titles == ["### scimconf plan for `contoso.com`", "### scimconf drift for `contoso.com`"]
    assert "<title>Drift for contoso.com</title>" in cli("drift", "--format", "html", WRITER).out


# --- --only and --exclude -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [["plan"], ["drift"], ["apply", "--auto-approve"], ["preview", "--sample", "1"]])
def test_only_pattern_without_a_match_is_wrong_usage(cli, command):
    result = cli(*command, "--only", "writer:nonsense", WRITER)
    assert result.code == 64
    assert "--only 'writer:nonsense' matches no address" in " ".join(result.err.split())
    assert NO_CHANGES not in result.out
    assert cli.writes == []


def test_exclude_pattern_without_a_match_is_a_warning_of_plan(cli):
    result = cli("plan", "--exclude", "writer:nonsense", WRITER)
    assert result.code == 0
    assert "K005  warning  --exclude 'writer:nonsense' matches no address" in result.err


def test_plan_accepts_patterns_that_match_only_unchanged_addresses(writer):
    """This includes the addresses of a list that is still empty."""
    more = "assignments: {unlisted: delete}\napp_roles: {unlisted: delete}\n"
    for argv in (
        ["--only", "writer:attribute_mapping/*", WRITER],
        ["--only", "schedule", WRITER],
        ["--exclude", "writer:assignment/*", WRITER],
        ["--only", "c:assignment/*", small(writer, "c", "C", more)],
    ):
        result = writer("plan", *argv)
        assert result.code == 0
        assert "matches no address" not in result.err


def test_apply_of_a_saved_plan_is_stale_if_its_only_pattern_no_longer_matches(writer):
    """The pattern was valid when the plan was reviewed, so this is not wrong usage."""
    other = small(writer, "c", "C", "app_roles: {roles: [{value: extra}]}\n")
    assert writer("apply", "--auto-approve", other).code == 0
    small(writer, "c", "C", "app_roles: {unlisted: delete}\n")
    assert writer("plan", "--only", "c:app_role/extra", "--out", "p.json", other).code == 0
    before = len(writer.writes)
    assert writer("apply", "--auto-approve", other).code == 0
    assert len(writer.writes) > before
    assert writer("apply", "p.json").code == 3


def test_only_pattern_must_match_in_at_least_one_application(writer):
    other = small(writer, "c", "C")
    assert writer("plan", "--only", "c:*", WRITER, other).code == 0
    assert writer("plan", "--only", "c:*", WRITER).code == 64


def test_plan_does_not_report_unmatched_patterns_if_an_application_is_not_planned(writer):
    """The pattern may match in that application."""
    bad = writer.file("d.yaml", "version: 1\nname: d\napplication: {display_name: D}\nprovisioning: {enabled: true}\n")
    result = writer("plan", "--only", "d:*", "--exclude", "d:job", WRITER, bad)
    assert result.code == 65
    assert "matches no address" not in result.err


def test_plan_with_all_changes_excluded_prints_the_number_of_excluded_changes(cli):
    result = cli("plan", "--exclude", "writer:*", WRITER)
    assert result.code == 0
    assert NO_CHANGES not in result.out
    assert result.out.endswith("(14 changes excluded, assignments not compared).\n")


# --- paths in saved plans -------------------------------------------------------------------------------------------


def test_saved_plan_of_absolute_paths_contains_relative_paths_and_can_be_applied(cli):
    """Paths are relative to the working folder of the plan."""
    spec = small(cli, "zeta", '"${var:title}"')
    values = cli.file("values.yaml", "title: Zeta\n")
    result = cli("plan", "--out", "p.json", "--var-file", values.resolve(), spec.resolve())
    assert result.code == 0
    text = (cli.folder / "p.json").read_text()
    assert str(cli.folder) not in text
    assert json.loads(text)["applications"][0]["spec"]["paths"] == ["zeta.scimconf.yaml"]
    assert json.loads(text)["options"]["var_file"] == ["values.yaml"]
    assert cli("apply", "--auto-approve", "p.json").code == 0
    assert app_id(cli, "Zeta")


def test_saved_plan_can_be_moved_and_is_applied_in_its_original_working_folder(cli, monkeypatch):
    """In another folder, apply reports the missing spec."""
    cli.file("apps/scimconf.yaml", small(cli, "zeta", "Zeta").read_text())
    assert cli("plan", "--out", "here/p.json", "apps").code == 0
    (cli.folder / "elsewhere").mkdir()
    (cli.folder / "here" / "p.json").rename(cli.folder / "elsewhere" / "p.json")
    monkeypatch.chdir(cli.folder / "elsewhere")
    result = cli("apply", "--auto-approve", "p.json")
    assert result.code == 65
    assert "S001  cannot be read: no such file. Paths in a plan are relative to the folder" in result.err
    monkeypatch.chdir(cli.folder)
    assert cli("apply", "--auto-approve", "elsewhere/p.json").code == 0


def test_relative_path_keeps_a_path_that_cannot_be_made_relative(monkeypatch):
    """For example a path on another drive on Windows."""
    from scimconf.workflow.plan_all import relative_path

    def raise_value_error(_path):
        raise ValueError

    monkeypatch.setattr("os.path.relpath", raise_value_error)
    assert relative_path("/elsewhere/a.yaml") == "/elsewhere/a.yaml"


# --- events ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", ['"', ',"', "e"])
def test_event_log_is_valid_json_if_the_token_contains_json_syntax(cli, monkeypatch, token):
    """The token is masked in texts, not in the JSON syntax around them."""
    monkeypatch.setenv("WRITER_SCIM_TOKEN", token)
    error = {"error": {"code": "Bad", "message": f"the value {token} is bad"}}
    cli.fault({"status": 400, "body": error}, method="PUT", path="*/secrets")
    assert cli("apply", "--auto-approve", "--events", "events.jsonl", WRITER).code == 5
    events = [json.loads(line) for line in (cli.folder / "events.jsonl").read_text().splitlines()]
    assert events[-1]["event"] == "finished"
    assert any("***" in event.get("detail", "") for event in events)


# --- edited plans ---------------------------------------------------------------------------------------------------


def save_edited_plan(cli, edit):
    """Save a plan, edit it, and write it with a valid digest."""
    from scimconf.plan.digest import digest

    assert cli("plan", "--out", "p.json", small(cli)).code == 0
    document = json.loads((cli.folder / "p.json").read_text())
    edit(document)
    cli.file("p.json", json.dumps({**document, "digest": digest(document)}))


@pytest.mark.parametrize(
    ("edit", "code", "message"),
    [
        (lambda plan: plan.update(options={}), 0, ""),
        (lambda plan: plan["options"].update(only=5), 65, "P004"),
        (lambda plan: plan["applications"][0]["spec"].update(paths=[]), 65, "P006"),
        (lambda plan: plan["applications"][0]["changes"][0].update(impact={"foo": {}}), 65, "P004"),
    ],
)
def test_apply_validates_a_saved_plan_that_has_a_valid_digest(cli, edit, code, message):
    save_edited_plan(cli, edit)
    result = cli("apply", "--auto-approve", "p.json")
    assert (result.code, message in result.err) == (code, True)


# --- paths ----------------------------------------------------------------------------------------------------------


def test_plan_plans_a_spec_once_if_several_paths_name_it(cli):
    small(cli)
    (cli.folder / "link.yaml").symlink_to("small.scimconf.yaml")
    spellings = ["small.scimconf.yaml", "./small.scimconf.yaml", ".", cli.folder / "small.scimconf.yaml", "link.yaml"]
    result = cli("plan", "--format", "json", *spellings)
    assert (result.code, result.err) == (0, "")
    assert [application["spec"]["paths"] for application in json.loads(result.out)["applications"]] == [
        ["small.scimconf.yaml"]
    ]


def test_an_apply_of_several_missing_files_reports_each(cli):
    result = cli("apply", "nowhere.yaml", "gone.yaml", "--yes")
    assert (result.code, result.err.count("S001  cannot read")) == (65, 2), result
