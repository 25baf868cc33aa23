"""Tests of `scimconf init`: the written spec is valid, and existing files are not overwritten."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from scimconf import __version__
from scimconf.cli import init, init_ci
from scimconf.cli.main import main
from scimconf.diagnostics import ScimconfError
from scimconf.render.yaml import format_text
from tests.tenant_fixture import Rehearsal, changes, wishes

ROOT = Path(__file__).parents[2]
WRITER = ["init", "--preset", "writer", "--tenant", "contoso.com"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Return an empty working folder; the package contains no CI recipes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(init, "files", lambda _package: tmp_path / "nowhere")
    return tmp_path


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "argv",
    [
        WRITER,
        ["init", "--tenant", "contoso.com", "--base-address", "https://x.example/scim"],
        ["init", "--preset", "custom", "--tenant", "contoso.com", "--name", "0010", "--display-name", 'A "b": #c', "--base-address", "https://x.example/scim"],
    ],
    ids=["writer", "only the URL", "all said"],
)  # fmt: skip
def test_init_writes_a_valid_and_formatted_spec(argv, folder, capsys):
    assert main(argv) == 0
    assert files(folder) == {
        "scimconf.yaml",
        ".env.example",
        ".gitignore",
        ".scimconf/spec.schema.json",
        ".scimconf/.gitignore",
    }
    text = (folder / "scimconf.yaml").read_text()
    assert format_text(text) == text
    assert main(["validate"]) == 0
    assert ": valid" in capsys.readouterr().out


def test_init_without_an_answer_writes_a_formatted_spec_whose_tenant_url_validate_asks_for(folder, capsys):
    assert main(["init"]) == 0
    text = (folder / "scimconf.yaml").read_text()
    assert format_text(text) == text
    printed = capsys.readouterr().out
    assert "base_address: Tenant URL (SCIM endpoint), such as https://app.example.com/scim" in printed
    assert "Try it in a simulated tenant on this machine, after the questions are answered" in printed
    assert main(["validate"]) != 0
    assert "L701  the question base_address of the preset has no answer" in capsys.readouterr().out


def test_init_writes_editor_comments_that_name_the_json_schema(folder):
    assert main(["init", "apps/hr", "--preset", "custom"]) == 0
    lines = (folder / "apps/hr/scimconf.yaml").read_text().splitlines()
    assert lines[:2] == [
        "# yaml-language-server: $schema=.scimconf/spec.schema.json",
        "# $schema: .scimconf/spec.schema.json",
    ]
    written = (folder / "apps/hr/.scimconf/spec.schema.json").read_text()
    assert written == (ROOT / "schemas" / "spec.schema.json").read_text()
    assert "name: hr " in "\n".join(lines)


def test_init_only_schema_overwrites_only_the_json_schema(folder):
    (folder / ".scimconf").mkdir()
    (folder / ".scimconf/spec.schema.json").write_text("{}")
    assert main(["init", "--only-schema"]) == 0
    assert files(folder) == {".scimconf/spec.schema.json"}
    assert (folder / ".scimconf/spec.schema.json").read_text() == (ROOT / "schemas" / "spec.schema.json").read_text()


@pytest.mark.parametrize(
    ("name", "variable"),
    [("writer", "WRITER_SCIM_TOKEN"), ("9-a.b", "APP_9_A_B_SCIM_TOKEN"), ("aws", "APP_AWS_SCIM_TOKEN")],
)
def test_init_writes_env_example_with_the_variables_of_the_spec(name, variable, folder):
    assert main([*WRITER, "--name", name]) == 0
    assert f"\n{variable}=\n" in (folder / ".env.example").read_text()
    assert f"{{env: {variable}}}" in (folder / "scimconf.yaml").read_text()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, b".env\n"),
        (b"", b".env\n"),
        (b"*.pyc", b"*.pyc\n.env\n"),
        (b"\xff\r\n", b"\xff\r\n.env\n"),
        (b"!.env\n", b"!.env\n.env\n"),
        (b".env.example\n", b".env.example\n.env\n"),
        (b".env\n!.env\n", b".env\n!.env\n.env\n"),
        *((line, line) for line in (b".env\n", b"/.env \r\n", b"*.env", b".env*\nx\n", b"!.env\n.env\n")),
    ],
)
def test_init_adds_env_to_gitignore_and_keeps_what_it_contains(before, after, folder):
    if before is not None:
        (folder / ".gitignore").write_bytes(before)
    assert main(WRITER) == 0
    assert (folder / ".gitignore").read_bytes() == after
    assert main([*WRITER, "--force"]) == 0
    assert (folder / ".gitignore").read_bytes() == after


@pytest.mark.parametrize(("pattern", "covered"), [(".env", True), ("/.env", False)])
def test_init_respects_the_gitignore_at_the_root_of_the_repository(pattern, covered, folder):
    (folder / ".git").mkdir()
    (folder / ".gitignore").write_text(f"{pattern}\n")
    assert main(["init", "apps/hr", "--preset", "custom"]) == 0
    assert (folder / "apps/hr/.gitignore").exists() is not covered


def test_init_env_example_names_the_option_that_reads_it(folder, capsys):
    assert main(WRITER) == 0
    assert "scimconf apply --env-file .env" in (folder / ".env.example").read_text()
    assert "needs WRITER_SCIM_TOKEN: copy .env.example to .env" in capsys.readouterr().out


def test_init_writer_preset_can_be_applied_and_has_no_changes_afterwards(folder):
    assert main(WRITER) == 0
    single_sign_on = {"displayName": "Writer", "template": "custom", "preferredSingleSignOnMode": "saml"}
    tenant = Rehearsal({"applications": [single_sign_on]})
    first = tenant.plan(Path("scimconf.yaml"))
    assert first.errors == ()
    assert "+ job" in changes(first)
    tenant.apply(Path("scimconf.yaml"), wishes(allow=("initial-start", "before-start-unconfirmed")))
    assert changes(tenant.plan(Path("scimconf.yaml"))) == []


def test_init_overwrites_an_existing_spec_only_with_force(folder, capsys):
    (folder / "scimconf.yaml").write_text("mine\n")
    assert main(WRITER) == 1
    assert capsys.readouterr().err == (
        "Error: scimconf.yaml already exists; nothing was written\nUse --force to overwrite.\n"
    )
    assert files(folder) == {"scimconf.yaml"}
    assert main([*WRITER, "--force"]) == 0
    assert (folder / "scimconf.yaml").read_text() != "mine\n"
    assert main(WRITER) == 0


@pytest.mark.parametrize(
    ("option", "value"), [("--name", "a b"), ("--tenant", "con toso"), ("--base-address", "http://x"), ("--ci", "svn")]
)
def test_init_option_with_an_invalid_format_is_wrong_usage(option, value, folder, capsys):
    assert main(["init", option, value]) == 64
    assert option in capsys.readouterr().err
    assert files(folder) == set()


def test_init_option_that_makes_the_spec_invalid_exits_65(folder, capsys):
    assert main(["init", "--name", ""]) == 65
    assert "name" in capsys.readouterr().err
    assert files(folder) == set()


def test_init_names_the_file_that_cannot_be_written(folder, capsys):
    (folder / "a").write_text("")
    assert main(["init", "a/b"]) == 1
    assert "a/b/scimconf.yaml cannot be written: Not a directory" in capsys.readouterr().err


def test_init_without_a_tenant_is_reported_by_validate_as_by_a_plan(folder, capsys):
    assert main(["init", "--preset", "writer"]) == 0
    assert main(["validate"]) == 0
    report = capsys.readouterr().out
    assert "K001  warning  the spec names no tenant" in report
    assert main(["init", *WRITER[1:], "--force"]) == 0
    assert main(["validate"]) == 0
    assert "K001" not in capsys.readouterr().out


@pytest.mark.parametrize("ignored", [False, True])
def test_init_lists_every_file_that_it_writes(ignored, folder, capsys):
    if ignored:
        (folder / ".gitignore").write_text(".env\n")
    before = files(folder)
    assert main(WRITER) == 0
    created = capsys.readouterr().out.partition("\n\n")[0].splitlines()
    assert created[0] == "Created"
    assert {line.strip() for line in created[1:]} == files(folder) - before


# --- questions of a preset ---


def test_init_without_a_terminal_leaves_open_questions_as_comments_that_validate_reports(folder, capsys):
    assert main(["init", "--preset", "github-emu"]) == 0
    assert "  enterprise: Slug of the enterprise on GitHub, such as contoso\n" in capsys.readouterr().out
    text = (folder / "scimconf.yaml").read_text()
    line = "  # base_address: https://api.github.com/scim/v2/enterprises/<enterprise>  # unanswered: enterprise\n"
    assert line in text
    assert main(["validate"]) == 65
    number = text[: text.index(line)].count("\n") + 1
    assert f"scimconf.yaml:{number}" in (report := capsys.readouterr().out)
    assert "L701" in report
    (folder / "scimconf.yaml").write_text(
        text.replace(line, line[:2] + line[4:].partition("  #")[0].replace("<enterprise>", "contoso") + "\n")
    )
    assert main(["validate"]) == 0


def test_init_set_answers_the_questions_of_a_preset(folder, capsys):
    assert main(["init", "--preset", "github-emu", "--set", "enterprise=fabrikam"]) == 0
    assert "Unanswered" not in capsys.readouterr().out
    assert "/enterprises/fabrikam\n" in (folder / "scimconf.yaml").read_text()
    assert main(["validate"]) == 0


def test_init_without_secrets_writes_an_environment_example_without_a_token(folder):
    assert main(["init", "--preset", "slack"]) == 0
    assert "SCIM_TOKEN" not in (folder / ".env.example").read_text()


@pytest.mark.parametrize(
    ("argv", "error"),
    [
        (["--preset", "github-emu", "--set", "enterprise"], "'enterprise' is not NAME=VALUE"),
        (
            ["--preset", "github-emu", "--set", "enterprize=a"],
            "unknown question 'enterprize'. Did you mean enterprise? The preset github-emu asks for enterprise.",
        ),
        (
            ["--preset", "gitlab", "--set", "zzz=a"],
            "unknown question 'zzz'. The preset gitlab asks for group, name_id.",
        ),
        (["--preset", "smartsheet", "--set", "host=x.example"], "or scim.smartsheet.eu in the EU region."),
        (["--preset", "github-emu", "--set", "enterprise=a b"], "'a b' is not a valid answer to `enterprise`"),
        (["--preset", "writer", "--set", "a=b"], "the preset writer has no questions"),
        (["--preset", "writer", "--base-address", "https://x.example"], "Delete the option, or use `--preset custom`."),
        (["--preset", "github-emu", "--base-address", "https://x.example"], "Use --set enterprise=VALUE."),
        (["--preset", "miro"], "'miro' is a fact page: it has rules, but no template"),
        (["--preset", "slak"], "unknown preset 'slak'. Did you mean slack?"),
    ],
)
def test_init_with_a_wrong_preset_or_answer_is_wrong_usage(argv, error, folder, capsys):
    assert main(["init", *argv]) == 64
    assert error in " ".join(capsys.readouterr().err.split())
    assert files(folder) == set()


# --- prompts on a terminal ---


class TerminalStream(io.StringIO):
    """A text stream that is a terminal."""

    def isatty(self) -> bool:
        return True


def simulate_terminal(monkeypatch, *answers: str) -> TerminalStream:
    """Make stdin a terminal with these answers, and return the stream that replaces stderr."""
    screen = TerminalStream()
    monkeypatch.setattr("sys.stdin", TerminalStream("".join(f"{answer}\n" for answer in answers)))
    monkeypatch.setattr("sys.stderr", screen)
    return screen


def test_init_prompts_for_missing_options_until_the_answer_is_valid(folder, monkeypatch):
    screen = simulate_terminal(
        monkeypatch, "nonsense", "github-emu", "a b", "acme", "", "contoso.com", "a/b", "fabrikam"
    )
    assert main(["init"]) == 0
    text = (folder / "scimconf.yaml").read_text()
    assert "\nname: acme " in text
    assert "\ntenant: contoso.com " in text
    assert "display_name: GitHub Enterprise Managed User\n" in text
    assert "base_address: https://api.github.com/scim/v2/enterprises/fabrikam\n" in text
    assert "unknown preset 'nonsense'" in screen.getvalue()
    assert "'a b' is not" in screen.getvalue()
    assert "'a/b' is not a valid answer to `enterprise`. Write the part" in screen.getvalue()
    assert "Slug of the enterprise on GitHub (such as contoso): " in screen.getvalue()


def test_init_does_not_prompt_for_given_options(folder, monkeypatch):
    screen = simulate_terminal(monkeypatch, "", "")
    assert main([*WRITER, "--name", "acme", "--ci", "none"]) == 0
    assert "Preset" not in screen.getvalue()
    assert "Display name" in screen.getvalue()


# --- CI recipes ---


def test_init_without_a_ci_recipe_exits_1_and_writes_nothing(folder, capsys):
    assert main([*WRITER, "--ci", "gitlab"]) == 1
    assert capsys.readouterr().err.startswith("Error: this version has no CI recipe for gitlab; nothing was written\n")
    assert files(folder) == set()
    assert init.recipe_files("none") == {}
    with pytest.raises(ScimconfError):
        init.recipe_files("github")


@pytest.mark.parametrize("is_repository", [True, False])
def test_init_writes_the_ci_recipe_at_the_root_of_the_repository(
    is_repository, folder, monkeypatch, tmp_path_factory, capsys
):
    package = tmp_path_factory.mktemp("package")
    recipe = package / "recipes" / "github"
    (recipe / ".github" / "workflows").mkdir(parents=True)
    (recipe / ".github" / "workflows" / "plan.yml").write_text("on: push\n")
    (recipe / "action.yml").write_text("name: x\n")
    monkeypatch.setattr(init, "files", lambda _package: package)
    if is_repository:
        (folder / ".git").mkdir()
    screen = simulate_terminal(monkeypatch, "", "", "", "github")
    assert main(["init", "apps/hr", "--preset", "custom", "--name", "hr"]) == 0
    assert "CI recipe" in screen.getvalue()
    root = folder if is_repository else folder / "apps" / "hr"
    assert (root / ".github/workflows/plan.yml").read_text() == "on: push\n"
    place = root.relative_to(folder) / ".github/actions/scimconf/requirements.txt"
    needed = f"save the file requirements.txt of the release {__version__} as {place}"
    assert needed in capsys.readouterr().out.splitlines()[-2]
    assert (root / "action.yml").exists()
    assert (folder / "apps/hr/scimconf.yaml").exists()


# --- specs that exist ---


@pytest.fixture
def recipes(folder, monkeypatch, tmp_path_factory):
    """Let the package contain a recipe for each forge."""
    package = tmp_path_factory.mktemp("package")
    for forge in init_ci.PLACES:
        (package / "recipes" / forge).mkdir(parents=True)
        (package / "recipes" / forge / f"{forge}.yml").write_text("on: push\n")
    monkeypatch.setattr(init, "files", lambda _package: package)
    return folder


@pytest.mark.parametrize(
    ("specs", "argument", "forge", "place"),
    [
        (["apps/a.scimconf.yaml", "apps/b.scimconf.yaml"], ".", "github", "SCIMCONF_PATHS --body 'apps'"),
        (["apps/a/scimconf.yaml", "apps/b/scimconf.yaml"], "apps", "gitlab", 'SCIMCONF_PATHS: "apps/*"'),
        (["hr/scimconf.yaml", ".old/scimconf.yaml"], ".", "azure-devops", 'paths: "hr"'),
        (["a/scimconf.yaml", "b/scimconf.yaml", "scimconf.yaml"], ".", "github", "--body '. a b'"),
    ],
)
def test_init_ci_where_specs_exist_only_writes_the_recipe(specs, argument, forge, place, recipes, capsys):
    (recipes / ".git").mkdir()
    for spec in specs:
        (recipes / spec).parent.mkdir(parents=True, exist_ok=True)
        (recipes / spec).write_text("version: 1\n")
    before = files(recipes)
    assert main(["init", argument, "--ci", forge]) == 0
    assert files(recipes) - before == {f"{forge}.yml"}
    output = capsys.readouterr().out
    assert place in output
    assert init.REQUIREMENTS[forge] in output


def test_init_ci_with_an_option_about_a_spec_creates_it_beside_others(recipes):
    (recipes / "apps/hr").mkdir(parents=True)
    (recipes / "apps/hr/scimconf.yaml").write_text("version: 1\n")
    assert main([*WRITER, "--ci", "github"]) == 0
    assert {"scimconf.yaml", ".env.example", "github.yml"} <= files(recipes)
