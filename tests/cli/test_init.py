"""`scimconf init`: what it writes is a sound beginning, and nothing of anybody's is lost."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from scimconf.cli import init
from scimconf.cli.main import main
from scimconf.diagnostics import ScimconfError
from scimconf.render.yaml import format_text
from tests.tenant_fixture import Rehearsal, changes, wishes

ROOT = Path(__file__).parents[2]
WRITER = ["init", "--preset", "writer", "--tenant", "contoso.com"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty folder, and a package without recipes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(init, "files", lambda _package: tmp_path / "nowhere")
    return tmp_path


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "argv",
    [
        WRITER,
        ["init"],
        ["init", "--preset", "blank", "--name", "0010", "--display-name", 'A "b": #c', "--base-address", "https://x.example/scim"],
    ],
    ids=["writer", "nothing said", "all said"],
)  # fmt: skip
def test_what_is_written_is_sound_and_canonical(argv, here, capsys):
    assert main(argv) == 0
    assert files(here) == {"scimconf.yaml", ".env.example", ".scimconf/spec.schema.json", ".scimconf/.gitignore"}
    text = (here / "scimconf.yaml").read_text()
    assert format_text(text) == text
    assert main(["validate"]) == 0
    assert ": valid" in capsys.readouterr().out


def test_both_lines_for_editors_name_the_json_schema_beside_the_spec(here):
    assert main(["init", "apps/hr", "--preset", "blank"]) == 0
    lines = (here / "apps/hr/scimconf.yaml").read_text().splitlines()
    assert lines[:2] == [
        "# yaml-language-server: $schema=.scimconf/spec.schema.json",
        "# $schema: .scimconf/spec.schema.json",
    ]
    written = (here / "apps/hr/.scimconf/spec.schema.json").read_text()
    assert written == (ROOT / "schemas" / "spec.schema.json").read_text()
    assert "name: hr " in "\n".join(lines)


def test_the_json_schema_alone_can_be_written_anew(here):
    (here / ".scimconf").mkdir()
    (here / ".scimconf/spec.schema.json").write_text("{}")
    assert main(["init", "--only-schema"]) == 0
    assert files(here) == {".scimconf/spec.schema.json"}
    assert (here / ".scimconf/spec.schema.json").read_text() == (ROOT / "schemas" / "spec.schema.json").read_text()


@pytest.mark.parametrize(("name", "variable"), [("writer", "WRITER_SCIM_TOKEN"), ("9-a.b", "APP_9_A_B_SCIM_TOKEN")])
def test_the_example_of_the_environment_lists_what_the_spec_needs(name, variable, here):
    assert main([*WRITER, "--name", name]) == 0
    assert f"\n{variable}=\n" in (here / ".env.example").read_text()
    assert f"{{env: {variable}}}" in (here / "scimconf.yaml").read_text()


def test_writer_is_planned_applied_and_planned_again(here):
    assert main(WRITER) == 0
    tenant = Rehearsal()
    first = tenant.plan(Path("scimconf.yaml"))
    assert first.errors == ()
    assert "+ application" in changes(first)
    tenant.apply(Path("scimconf.yaml"), wishes(allow=("application-created", "initial-start")))
    assert changes(tenant.plan(Path("scimconf.yaml"))) == []


def test_nothing_is_overwritten_unless_asked(here, capsys):
    (here / "scimconf.yaml").write_text("mine\n")
    assert main(WRITER) == 1
    assert capsys.readouterr().err == (
        "Error: scimconf.yaml already exists; nothing was written\nUse --force to overwrite.\n"
    )
    assert files(here) == {"scimconf.yaml"}
    assert main([*WRITER, "--force"]) == 0
    assert (here / "scimconf.yaml").read_text() != "mine\n"
    assert main(WRITER) == 0


@pytest.mark.parametrize(
    ("option", "value"), [("--name", "a b"), ("--tenant", "con toso"), ("--base-address", "http://x"), ("--ci", "svn")]
)
def test_an_answer_of_the_wrong_form_is_wrong_usage(option, value, here, capsys):
    assert main(["init", option, value]) == 64
    assert option in capsys.readouterr().err
    assert files(here) == set()


def test_an_answer_that_makes_no_sound_spec_is_a_problem(here, capsys):
    assert main(["init", "--name", ""]) == 65
    assert "name" in capsys.readouterr().err
    assert files(here) == set()


def test_what_cannot_be_written_is_named(here, capsys):
    (here / "a").write_text("")
    assert main(["init", "a/b"]) == 1
    assert "a/b/scimconf.yaml cannot be written: Not a directory" in capsys.readouterr().err


# --- on a terminal ---


class Person(io.StringIO):
    def isatty(self) -> bool:
        return True


def answering(monkeypatch, *answers: str) -> Person:
    screen = Person()
    monkeypatch.setattr("sys.stdin", Person("".join(f"{one}\n" for one in answers)))
    monkeypatch.setattr("sys.stderr", screen)
    return screen


def test_what_is_not_given_is_asked_until_it_is_right(here, monkeypatch):
    screen = answering(monkeypatch, "nonsense", "writer", "a b", "acme", "", "contoso.com", "")
    assert main(["init"]) == 0
    text = (here / "scimconf.yaml").read_text()
    assert "\nname: acme " in text
    assert "\ntenant: contoso.com\n" in text
    assert "display_name: Writer\n" in text
    assert "base_address: https://app.writer.com/api/scim/v2\n" in text
    assert "'a b' is not" in screen.getvalue()
    assert "[https://app.writer.com/api/scim/v2]" in screen.getvalue()


def test_what_is_given_is_not_asked(here, monkeypatch):
    screen = answering(monkeypatch, "", "")
    assert main([*WRITER, "--name", "acme", "--ci", "none"]) == 0
    assert "Preset" not in screen.getvalue()
    assert "Display name" in screen.getvalue()


# --- recipes ---


def test_without_a_recipe_nothing_is_written_and_it_is_said(here, capsys):
    assert main([*WRITER, "--ci", "gitlab"]) == 1
    assert capsys.readouterr().err.startswith("Error: this version has no CI recipe for gitlab; nothing was written\n")
    assert files(here) == set()
    assert init.recipe_files("none") == {}
    with pytest.raises(ScimconfError):
        init.recipe_files("github")


@pytest.mark.parametrize("is_repository", [True, False])
def test_a_recipe_stands_at_the_root_of_the_repository(is_repository, here, monkeypatch, tmp_path_factory):
    package = tmp_path_factory.mktemp("package")
    recipe = package / "recipes" / "github"
    (recipe / ".github" / "workflows").mkdir(parents=True)
    (recipe / ".github" / "workflows" / "plan.yml").write_text("on: push\n")
    (recipe / "action.yml").write_text("name: x\n")
    monkeypatch.setattr(init, "files", lambda _package: package)
    if is_repository:
        (here / ".git").mkdir()
    screen = answering(monkeypatch, "", "", "", "github")
    assert main(["init", "apps/hr", "--preset", "blank", "--name", "hr"]) == 0
    assert "CI recipe" in screen.getvalue()
    root = here if is_repository else here / "apps" / "hr"
    assert (root / ".github/workflows/plan.yml").read_text() == "on: push\n"
    assert (root / "action.yml").exists()
    assert (here / "apps/hr/scimconf.yaml").exists()
