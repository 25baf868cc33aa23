"""`scimconf init`: create the files of a new spec."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scimconf.cli.exit_codes import ExitCode
from scimconf.cli.init_ci import paths_advice, spec_folders
from scimconf.cli.init_steps import next_steps
from scimconf.cli.init_templates import (
    DEFAULT,
    SCHEMA,
    AnsweredPreset,
    PresetChoice,
    ask_questions,
    assignments,
    token_variable,
)
from scimconf.cli.options import Params
from scimconf.cli.terminal import can_ask
from scimconf.diagnostics import DiagnosticsError, ScimconfError
from scimconf.files import append_line, write_file
from scimconf.spec import json_schema, patterns
from scimconf.spec.load import load
from scimconf.version import __version__

if TYPE_CHECKING:
    from scimconf.presets.catalogue import CatalogueEntry

SPEC, ENVIRONMENT, GITIGNORE = "scimconf.yaml", ".env.example", ".scimconf/.gitignore"
ENV_PATTERNS = (".env", ".env*", "*.env", "**/.env")
"""The lines of a .gitignore that cover `.env` in its folder and below."""
FORGES = ("github", "gitlab", "azure-devops", "none")
REQUIREMENTS = {
    "github": ".github/actions/scimconf/requirements.txt",
    "gitlab": ".gitlab/scimconf-requirements.txt",
    "azure-devops": ".azuredevops/scimconf-requirements.txt",
}
"""Where a recipe reads the hashes of scimconf and its dependencies, below the repository's root."""
ENVIRONMENT_TEXT = """\
# Variables that the spec needs. Copy this file to .env and fill it in. Never commit .env.
# Then: scimconf apply --env-file .env
# Without that option scimconf does not read .env.
{secrets}
# To sign in as an application, if neither `az login` nor the identity of a pipeline is available:
# AZURE_TENANT_ID=
# AZURE_CLIENT_ID=
# AZURE_CLIENT_SECRET=
"""


def validated_as(pattern_name: str) -> Callable[[str], str]:
    """Return a click type: a value that matches a pattern of the spec model, or ""."""

    def convert(value: str) -> str:
        pattern = getattr(patterns, pattern_name)
        if value and not re.search(pattern, value):
            text_form = patterns.FORMS[pattern]
            raise click.BadParameter(f"'{value}' is not {text_form.noun}. {text_form.hint}")
        return value

    return convert


@click.command("init", short_help="Create a spec, its JSON Schema for editors, and a CI recipe.")
@click.argument("folder", default=".", type=click.Path(file_okay=False))
@click.option(
    "--preset",
    type=PresetChoice(),
    help="The application: `scimconf preset list` describes them. `custom` is the minimum for any other.",
)
@click.option(
    "--set", "answers", multiple=True, metavar="NAME=VALUE", help="Answer a question of the preset (repeatable)."
)
@click.option("--name", type=validated_as("SLUG"), metavar="NAME", help="Name of the spec; addresses begin with it.")
@click.option("--display-name", metavar="TEXT", help="Display name of the application.")
@click.option(
    "--tenant", type=validated_as("TENANT"), metavar="TENANT", help="Tenant id or one of its verified domains."
)
@click.option(
    "--base-address", type=validated_as("HTTPS"), metavar="URL", help="Tenant URL: the application's SCIM endpoint."
)
@click.option("--ci", type=click.Choice(FORGES), help="Also create the recipe for this CI platform.")
@click.option("--force", is_flag=True, help="Overwrite existing files.")
@click.option("--only-schema", is_flag=True, help="Only write the JSON Schema, for example after an upgrade.")
def command(folder: str, force: bool, only_schema: bool, **params: Any) -> int:
    """Create a spec in FOLDER (default: current). Prompts for missing values.

    Writes scimconf.yaml, .env.example with the variables that it needs, the CI recipe, and the JSON Schema with which
    editors check the spec (.scimconf/spec.schema.json; commit it). Adds .env to .gitignore.

    Where specs exist, --ci without an option about a new spec only writes the recipe.

    Without a terminal nothing is asked: lines whose answer is missing are comments, which `validate` reports.

    \b
        scimconf init --preset writer --tenant contoso.com
        scimconf init --preset github-emu --set enterprise=contoso
        scimconf init apps/hr --preset custom --name hr --display-name "HR portal" --ci github
    """
    if only_schema:
        _save({Path(folder) / SCHEMA: json_schema.as_text()}, force=True)
        return ExitCode.OK
    if params["ci"] not in (None, "none") and not _names_a_spec(params) and spec_folders(Path(folder)):
        return _write_recipe(params["ci"], Path(folder), force=force)
    preset, ci = _answers(params, folder)
    spec = preset.text()
    variables = _variables(spec)
    texts = {Path(folder) / name: text for name, text in _files(spec, variables).items()}
    root = _repository_root(Path(folder))
    texts |= {root / name: text for name, text in recipe_files(ci).items()}
    _save(texts, force=force)
    ignored = _ignore_env(Path(folder))
    click.echo("\n".join(next_steps([*texts, *ignored], preset, variables, folder)))
    if ci != "none":
        _print_requirements(ci, root)
    return ExitCode.OK


def _names_a_spec(params: Params) -> bool:
    """Return whether an option describes a new spec."""
    return any(params[name] for name in ("preset", "answers", "name", "display_name", "tenant", "base_address"))


def _write_recipe(ci: str, folder: Path, *, force: bool) -> ExitCode:
    """Write only the recipe, and say which paths it has: the specs exist."""
    root = _repository_root(folder)
    texts = {root / name: text for name, text in recipe_files(ci).items()}
    _save(texts, force=force)
    click.echo("\n".join(["Created", *(f"  {path}" for path in texts), "", paths_advice(ci, folder, root)]))
    _print_requirements(ci, root)
    return ExitCode.OK


def _print_requirements(ci: str, root: Path) -> None:
    file = f"requirements.txt of the release {__version__}"
    click.echo(f"\nThe recipe verifies what it installs: save the file {file} as {root / REQUIREMENTS[ci]}")
    click.echo("Save the wheel of that release in the same folder, unless your package index has it.")


def recipe_files(forge: str) -> Mapping[str, str]:
    """Return the files of a CI recipe by their paths below the repository's root; raise ScimconfError if there is none."""
    if forge == "none":
        return {}
    recipe = _recipe(forge)
    if not recipe:
        error = ScimconfError(f"this version has no CI recipe for {forge}; nothing was written")
        error.hint = "Use `--ci none`."
        raise error
    return recipe


def _recipe(forge: str) -> dict[str, str]:
    return dict(_files_below(files("scimconf.cli") / "recipes" / forge, ""))


def _files_below(folder: Traversable, path: str) -> Iterator[tuple[str, str]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name) if folder.is_dir() else ():
        if entry.is_dir():
            yield from _files_below(entry, f"{path}{entry.name}/")
        else:
            yield path + entry.name, entry.read_text(encoding="utf-8")


def _answers(params: Params, folder: str) -> tuple[AnsweredPreset, str]:
    """Return the answered preset and the forge: from the options, from prompts on a terminal, or by default."""
    from scimconf.presets.catalogue import load_preset

    entry = load_preset(_ask(params["preset"], "Preset", DEFAULT, PresetChoice()))
    own = assignments((*params["answers"], *_base_address(params, entry)), entry)
    is_default, application = entry.name == DEFAULT, entry.facts.application
    folder_name = re.sub(r"[^A-Za-z0-9_.-]+", "-", Path(folder).resolve().name).strip("-._") or "app"
    default_name = folder_name if is_default else entry.name
    name = _ask(params["name"], "Name of the spec; addresses begin with it", default_name, validated_as("SLUG"))
    default_title = name if is_default else application.name
    display_name = _ask(params["display_name"], "Display name of the application", default_title, click.STRING)
    tenant = _ask(params["tenant"], "Tenant, such as contoso.com (optional)", "", validated_as("TENANT"))
    answers = {"name": name, "display_name": display_name, "tenant": tenant, "token_variable": token_variable(name)}
    answers |= ask_questions(entry, own, _ask)
    forges = [forge for forge in FORGES if forge == "none" or _recipe(forge)]
    only_forge = "none" if forges == ["none"] else None
    ci = _ask(params["ci"] or only_forge, "CI recipe", "none", click.Choice(forges))
    return AnsweredPreset(entry, answers), ci


def _base_address(params: Params, entry: CatalogueEntry) -> Iterator[str]:
    """Yield `--base-address` as the answer to the question of that name; raise click.BadParameter if there is none."""
    if params["base_address"] is None:
        return
    if all(question.name != "base_address" for question in entry.facts.questions):
        names = ", ".join(f"--set {question.name}=VALUE" for question in entry.facts.questions)
        instead = f"Use {names}." if names else f"Delete the option, or use `--preset {DEFAULT}`."
        message = f"the preset {entry.name} has the tenant URL of its vendor. {instead}"
        raise click.BadParameter(message, param_hint="--base-address")
    yield f"base_address={params['base_address']}"


def _ask(value: str | None, question: str, default: str, value_type: Any) -> str:
    if value is not None:
        return value
    if not can_ask():
        return default
    answer: str = click.prompt(question, default=default, show_default=bool(default), type=value_type, err=True)
    return answer


def _variables(text: str) -> tuple[str, ...]:
    """Return the variables of the secrets in a spec; raise DiagnosticsError if an answer makes the spec invalid."""
    loaded = load(SPEC, lambda _path: text, {}, {}, lambda _path: True)
    if loaded.spec is None:
        raise DiagnosticsError(loaded.diagnostics)
    connection = loaded.spec.connection
    references = connection.references() if connection is not None else ()
    return tuple(dict.fromkeys(reference.env for _, reference in references if reference.env is not None))


def _files(text: str, variables: Sequence[str]) -> dict[str, str]:
    """Return the texts of the files in the folder."""
    secrets = "".join(f"{variable}=\n" for variable in variables)
    if secrets:
        secrets = f"\n# Secrets of the application's SCIM endpoint; only `scimconf apply` reads them.\n{secrets}"
    return {
        SPEC: text,
        ENVIRONMENT: ENVIRONMENT_TEXT.format(secrets=secrets),
        SCHEMA: json_schema.as_text(),
        GITIGNORE: "# History of applies: documents of the tenant. Commit the JSON Schema beside it.\nhistory/\n",
    }


def _repository_root(folder: Path) -> Path:
    """Return the repository's root, in which forges look for recipes; the folder itself outside of a repository."""
    absolute = folder.resolve()
    root = next((parent for parent in (absolute, *absolute.parents) if (parent / ".git").exists()), absolute)
    return Path(os.path.relpath(root))


def _save(texts: Mapping[Path, str], *, force: bool) -> None:
    """Write all files, or none if one exists with another content."""
    existing = [path for path, text in texts.items() if path.exists() and path.read_bytes() != text.encode()]
    if existing and not force:
        error = ScimconfError(f"{', '.join(map(str, existing))} already exists; nothing was written")
        error.hint = "Use --force to overwrite."
        raise error
    for path, text in texts.items():
        write_file(str(path), text)


def _ignore_env(folder: Path) -> tuple[Path, ...]:
    """Append a line to the folder's .gitignore, unless it or that of a parent folder in the repository covers .env.

    Return the path of the .gitignore if it was written.
    """
    root = _repository_root(folder).resolve()
    own = folder.resolve()
    folders = [parent for parent in (own, *own.parents) if parent.is_relative_to(root)]
    if not any(_covers_env(parent / ".gitignore", anchored=parent == own) for parent in folders):
        append_line(str(folder / ".gitignore"), ".env")
        return (folder / ".gitignore",)
    return ()


def _covers_env(path: Path, *, anchored: bool) -> bool:
    """Return whether the last line about .env ignores it; `anchored`: also by a pattern for the file's own folder."""
    lines = path.read_bytes().decode(errors="replace").splitlines() if path.is_file() else []
    patterns = {*ENV_PATTERNS, *(["/.env", "/.env*"] if anchored else [])}
    about = [line.rstrip() for line in lines if line.rstrip().removeprefix("!") in patterns]
    return bool(about) and not about[-1].startswith("!")
