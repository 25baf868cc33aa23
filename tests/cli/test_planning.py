"""What commands that plan say of several specs, of patterns, and of plans that were saved somewhere else."""

import json

import pytest
from tenant_fixture import WRITER

from .test_commands import small

NOTHING = "The tenant matches the spec"


@pytest.fixture
def writer(desk):
    """Set up as the example says."""
    assert desk("apply", "--auto-approve", WRITER).code == 0
    desk.service.journal.entries.clear()
    return desk


def app_id(desk, title):
    (row,) = [one for one in desk.service.tenant.documents.all("application") if one["displayName"] == title]
    return row["appId"]


# --- several specs of one application -------------------------------------------------------------------------------


def by_id(desk, name, id_, more=""):
    text = f"version: 1\nname: {name}\napplication: {{app_id: {id_}}}\nprovisioning: {{enabled: false}}\n"
    return desk.file(f"{name}.scimconf.yaml", text + more)


def test_specs_that_name_one_application_in_two_ways_are_found_out_when_it_is_seen(writer):
    """Each would undo what the other does, so neither is planned; the third one is."""
    first = writer.file("a.scimconf.yaml", f"extends: [{WRITER}]\nname: a\n")
    second = by_id(writer, "b", app_id(writer, "Writer"))
    third = small(writer, "c", "C")
    for command in (["plan"], ["drift"], ["apply", "--auto-approve"]):
        said = writer(*command, first, second, third)
        assert said.code in (65, 2) if command == ["drift"] else 65
        assert "b.scimconf.yaml:3:1  S312  application: this is the same application as in " in said.err
        assert "a.scimconf.yaml:2:1" not in said.err
        assert "writer" not in said.out
    made = [one["displayName"] for one in writer.service.tenant.documents.all("application")]
    assert sorted(made) == ["C", "Writer"]


def test_specs_of_two_applications_do_not_disturb_each_other(writer):
    """Whichever way they name them."""
    assert writer("apply", "--auto-approve", small(writer, "c", "C")).code == 0
    said = writer("plan", WRITER, by_id(writer, "b", app_id(writer, "C")))
    assert (said.code, said.err) == (0, "")


# --- --only and --exclude -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [["plan"], ["drift"], ["apply", "--auto-approve"], ["preview", "--sample", "1"]])
def test_a_pattern_of_only_that_matches_nothing_is_wrong_usage(desk, command):
    """It is misspelt; to say that nothing has to be done would be a lie."""
    said = desk(*command, "--only", "writer:nonsense", WRITER)
    assert said.code == 64
    assert "--only 'writer:nonsense' matches no address" in " ".join(said.err.split())
    assert NOTHING not in said.out
    assert desk.writes == []


def test_a_pattern_of_exclude_that_matches_nothing_is_told(desk):
    """It excludes nothing, and whoever wrote it believes otherwise."""
    said = desk("plan", "--exclude", "writer:nonsense", WRITER)
    assert said.code == 0
    assert "K005  warning  --exclude 'writer:nonsense' matches no address" in said.err


def test_a_pattern_may_match_what_does_not_change(writer):
    """A pipeline asks the same every time; also for a list in which nothing stands yet."""
    more = "assignments: {unlisted: delete}\napp_roles: {unlisted: delete}\n"
    for argv in (
        ["--only", "writer:attribute_mapping/*", WRITER],
        ["--only", "schedule", WRITER],
        ["--exclude", "writer:assignment/*", WRITER],
        ["--only", "c:assignment/*", small(writer, "c", "C", more)],
    ):
        said = writer("plan", *argv)
        assert said.code == 0
        assert "matches no address" not in said.err


def test_a_saved_plan_whose_pattern_matches_nothing_any_more_is_stale(writer):
    """It was not misspelt when it was reviewed: what it is about is gone."""
    other = small(writer, "c", "C", "app_roles: {roles: [{value: extra}]}\n")
    assert writer("apply", "--auto-approve", other).code == 0
    small(writer, "c", "C", "app_roles: {unlisted: delete}\n")
    assert writer("plan", "--only", "c:app_role/extra", "--out", "p.json", other).code == 0
    before = len(writer.writes)
    assert writer("apply", "--auto-approve", other).code == 0
    assert len(writer.writes) > before
    assert writer("apply", "p.json").code == 3


def test_a_pattern_needs_to_match_in_one_application_only(writer):
    """It is given for all of them."""
    other = small(writer, "c", "C")
    assert writer("plan", "--only", "c:*", WRITER, other).code == 0
    assert writer("plan", "--only", "c:*", WRITER).code == 64


def test_nothing_is_said_of_a_pattern_while_an_application_is_not_seen(writer):
    """It may be of that one."""
    bad = writer.file("d.yaml", "version: 1\nname: d\napplication: {display_name: D}\nprovisioning: {enabled: true}\n")
    said = writer("plan", "--only", "d:*", "--exclude", "d:job", WRITER, bad)
    assert said.code == 65
    assert "matches no address" not in said.err


def test_a_plan_that_excludes_all_its_changes_does_not_say_that_all_is_well(desk):
    """It says how many there are."""
    said = desk("plan", "--exclude", "writer:*", WRITER)
    assert said.code == 0
    assert NOTHING not in said.out
    assert said.out.endswith("No changes in the selected addresses (21 changes excluded).\n")


# --- where a saved plan finds its specs -----------------------------------------------------------------------------


def test_a_plan_of_absolute_paths_can_be_applied(desk):
    """Though none is in it: they are kept as seen from the folder of the run."""
    spec = small(desk, "zeta", '"${var:title}"')
    values = desk.file("values.yaml", "title: Zeta\n")
    said = desk("plan", "--out", "p.json", "--var-file", values.resolve(), spec.resolve())
    assert said.code == 0
    text = (desk.folder / "p.json").read_text()
    assert str(desk.folder) not in text
    assert json.loads(text)["applications"][0]["spec"]["paths"] == ["zeta.scimconf.yaml"]
    assert json.loads(text)["options"]["var_file"] == ["values.yaml"]
    assert desk("apply", "--auto-approve", "p.json").code == 0
    assert app_id(desk, "Zeta")


def test_a_plan_may_be_moved_and_is_applied_in_the_folder_it_was_made_in(desk, monkeypatch):
    """As artifacts of a pipeline are; anywhere else it says so."""
    desk.file("apps/scimconf.yaml", small(desk, "zeta", "Zeta").read_text())
    assert desk("plan", "--out", "here/p.json", "apps").code == 0
    (desk.folder / "elsewhere").mkdir()
    (desk.folder / "here" / "p.json").rename(desk.folder / "elsewhere" / "p.json")
    monkeypatch.chdir(desk.folder / "elsewhere")
    said = desk("apply", "--auto-approve", "p.json")
    assert said.code == 65
    assert "S001  cannot be read: no such file. Paths in a plan are relative to the folder" in said.err
    monkeypatch.chdir(desk.folder)
    assert desk("apply", "--auto-approve", "elsewhere/p.json").code == 0


def test_a_path_that_no_relative_one_reaches_stays_and_is_cut_in_the_file(monkeypatch):
    """As of another drive on Windows."""
    from scimconf.workflow.plan_all import relative_path

    def refuse(_path):
        raise ValueError

    monkeypatch.setattr("os.path.relpath", refuse)
    assert relative_path("/elsewhere/a.yaml") == "/elsewhere/a.yaml"


# --- events ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", ['"', ',"', "e"])
def test_events_stay_json_whatever_the_token_is(desk, monkeypatch, token):
    """It is masked in texts, never in the JSON around them."""
    monkeypatch.setenv("WRITER_SCIM_TOKEN", token)
    refused = {"error": {"code": "Bad", "message": f"the value {token} is bad"}}
    desk.fault({"status": 400, "body": refused}, method="PUT", path="*/secrets")
    assert desk("apply", "--auto-approve", "--events", "events.jsonl", WRITER).code == 5
    told = [json.loads(line) for line in (desk.folder / "events.jsonl").read_text().splitlines()]
    assert told[-1]["event"] == "finished"
    assert any("***" in one.get("detail", "") for one in told)


# --- plans that are not what they seem ------------------------------------------------------------------------------


def redigested(desk, change):
    from scimconf.plan.diff import digest

    assert desk("plan", "--out", "p.json", small(desk)).code == 0
    document = json.loads((desk.folder / "p.json").read_text())
    change(document)
    desk.file("p.json", json.dumps({**document, "digest": digest(document)}))


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        (lambda plan: plan.update(options={}), 0, ""),
        (lambda plan: plan["options"].update(only=5), 65, "P004"),
        (lambda plan: plan["applications"][0]["spec"].update(paths=[]), 65, "P006"),
        (lambda plan: plan["applications"][0]["changes"][0].update(impact={"foo": {}}), 65, "P004"),
    ],
)
def test_a_file_with_a_digest_made_anew_is_read_with_care(desk, change, code, says):
    """Nothing in it is taken for granted."""
    redigested(desk, change)
    said = desk("apply", "--auto-approve", "p.json")
    assert (said.code, says in said.err) == (code, True)


# --- paths ----------------------------------------------------------------------------------------------------------


def test_a_spec_that_is_named_twice_is_planned_once(desk):
    """However it is spelt; it does not conflict with itself."""
    small(desk)
    (desk.folder / "link.yaml").symlink_to("small.scimconf.yaml")
    spellings = ["small.scimconf.yaml", "./small.scimconf.yaml", ".", desk.folder / "small.scimconf.yaml", "link.yaml"]
    said = desk("plan", "--format", "json", *spellings)
    assert (said.code, said.err) == (0, "")
    assert [one["spec"]["paths"] for one in json.loads(said.out)["applications"]] == [["small.scimconf.yaml"]]
