"""`scimconf init`: the files that an application begins with."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scimconf.cli.init_templates import MODELINES, PRESETS, SCHEMA, Answers
from scimconf.cli.terminal import can_ask
from scimconf.diagnostics import DiagnosticsError, ScimconfError

if TYPE_CHECKING:
    from scimconf.spec.model import Spec

SPEC, ENVIRONMENT, IGNORED = "scimconf.yaml", ".env.example", ".scimconf/.gitignore"
FORGES = ("github", "gitlab", "azure-devops", "none")
HEAD = """
What this file does not mention is left as it is in the tenant.

  scimconf validate    no tenant needed
  scimconf plan        reads, and says what would change
  scimconf apply       asks, then does it

"""
SIGN_IN = """
# Signing in to Microsoft, where neither `az login` nor a pipeline's own identity is at hand:
# AZURE_TENANT_ID=
# AZURE_CLIENT_ID=
# AZURE_CLIENT_SECRET=
"""


def form(name: str) -> Callable[[str], str]:
    """What takes a text of the form that a field of the spec has; an empty one leaves the question open."""

    def take(value: str) -> str:
        from scimconf.spec import patterns

        pattern = getattr(patterns, name)
        if value and not re.search(pattern, value):
            text_form = patterns.FORMS[pattern]
            raise click.BadParameter(f"{value!r} is not {text_form.noun}. {text_form.hint}")
        return value

    return take


@click.command("init", short_help="Begin a spec: the file, its JSON Schema for editors, a CI recipe.")
@click.argument("folder", default=".", type=click.Path(file_okay=False))
@click.option("--preset", type=click.Choice(list(PRESETS)), help="What to begin with; `blank` is the bare frame.")
@click.option("--name", type=form("SLUG"), metavar="NAME", help="What addresses and reports begin with.")
@click.option("--display-name", metavar="TEXT", help="The application's display name.")
@click.option("--tenant", type=form("TENANT"), metavar="TENANT", help="The tenant's id or one of its verified domains.")
@click.option("--base-address", type=form("HTTPS"), metavar="URL", help="The application's SCIM endpoint.")
@click.option("--ci", type=click.Choice(FORGES), help="The recipe to copy.")
@click.option("--force", is_flag=True, help="Overwrite files that are there.")
@click.option("--only-schema", is_flag=True, help="Only write the JSON Schema anew, as after an upgrade.")
def command(folder: str, force: bool, only_schema: bool, **asked: Any) -> int:
    """Begin a spec in FOLDER, this one where none is named. On a terminal what is not given is asked.

    Writes scimconf.yaml, .env.example with the variables that it needs, the CI recipe, and the JSON Schema that
    editors check the spec with (.scimconf/spec.schema.json, so that they find it offline; commit it).

    \b
        scimconf init --preset writer --tenant contoso.com
        scimconf init apps/hr --preset blank --name hr --display-name "HR portal" --ci github
    """
    if only_schema:
        _save({Path(folder) / SCHEMA: _schema()}, force=True)
        return 0
    asked = _complete(asked, folder)
    answers = Answers(asked["name"], asked["display_name"], asked["tenant"], asked["base_address"])
    made = {Path(folder) / name: text for name, text in _files(answers, asked["preset"]).items()}
    made |= {_root(Path(folder)) / name: text for name, text in recipe_files(asked["ci"]).items()}
    _save(made, force=force)
    _say(made, answers, folder)
    return 0


def recipe_files(forge: str) -> Mapping[str, str]:
    """The files of a forge's recipe by their paths from the repository's root; raises where there is none."""
    if forge == "none":
        return {}
    found = dict(_below(_recipe(forge), ""))
    if not found:
        error = ScimconfError(f"this version has no recipe for {forge}; nothing was written")
        error.hint = "Say `--ci none`."
        raise error
    return found


def _recipe(forge: str) -> Traversable:
    return files("scimconf.cli") / "recipes" / forge


def _below(folder: Traversable, path: str) -> Iterator[tuple[str, str]]:
    for entry in sorted(folder.iterdir(), key=lambda one: one.name) if folder.is_dir() else ():
        if entry.is_dir():
            yield from _below(entry, f"{path}{entry.name}/")
        else:
            yield path + entry.name, entry.read_text(encoding="utf-8")


# --- what is asked ---


def _complete(asked: dict[str, Any], folder: str) -> dict[str, Any]:
    """The answers, each given, asked for, or by default."""
    ask = _ask if can_ask() else _take
    preset = ask(asked["preset"], "Preset", "blank", click.Choice(list(PRESETS)))
    known = PRESETS[preset]
    name = ask(asked["name"], "Name, for addresses and reports", known.name or _slug(folder), form("SLUG"))
    display_name = ask(
        asked["display_name"], "The application's display name", known.display_name or name, click.STRING
    )
    there = [forge for forge in FORGES if forge == "none" or dict(_below(_recipe(forge), ""))]
    return {
        "preset": preset,
        "name": name,
        "display_name": display_name,
        "tenant": ask(asked["tenant"], "Tenant, as contoso.com (may stay empty)", "", form("TENANT")),
        "base_address": ask(asked["base_address"], "SCIM endpoint", known.base_address, form("HTTPS")),
        "ci": (ask if len(there) > 1 else _take)(asked["ci"], "CI recipe", "none", click.Choice(there)),
    }


def _take(given: str | None, _question: str, default: str, _kind: Any) -> str:
    return default if given is None else given


def _ask(given: str | None, question: str, default: str, kind: Any) -> str:
    if given is not None:
        return given
    answer: str = click.prompt(question, default=default, show_default=bool(default), type=kind, err=True)
    return answer


def _slug(folder: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", Path(folder).resolve().name).strip("-._") or "app"


# --- what is written ---


def _files(answers: Answers, preset: str) -> dict[str, str]:
    text = _spec_text(answers, preset)
    return {
        SPEC: text,
        ENVIRONMENT: _environment(_checked(text)),
        SCHEMA: _schema(),
        IGNORED: "# Copies of documents, made before each apply. The JSON Schema beside them belongs to the repository.\nbackup/\n",
    }


def _schema() -> str:
    """The JSON Schema of this very version, made from the code that reads specs."""
    from scimconf.spec.json_schema import as_text

    return as_text()


def _spec_text(answers: Answers, preset: str) -> str:
    from scimconf.render.yaml import CommentNotes, write_spec

    tree, above, beside = PRESETS[preset].make(answers)
    head = MODELINES + "\n" + HEAD.removesuffix("\n")
    return write_spec(tree, CommentNotes(head, above, beside))


def _checked(text: str) -> Spec:
    from scimconf.spec.load import load

    loaded = load(SPEC, lambda _path: text, {}, {})
    if loaded.spec is None:
        raise DiagnosticsError(loaded.problems)
    return loaded.spec


def _environment(spec: Spec) -> str:
    assert spec.connection is not None
    assert spec.connection.secret_token is not None
    return (
        "# What the spec beside this file needs. Copy it to .env, fill it in, and never commit the copy.\n\n"
        "# The token of the application's SCIM endpoint; only `scimconf apply` reads it.\n"
        f"{spec.connection.secret_token.env}=\n{SIGN_IN}"
    )


def _root(folder: Path) -> Path:
    """The repository's root, where forges look for recipes; the folder itself outside of a repository."""
    here = folder.resolve()
    root = next((one for one in (here, *here.parents) if (one / ".git").exists()), here)
    return Path(os.path.relpath(root))


def _save(made: Mapping[Path, str], *, force: bool) -> None:
    """Writes all of the files, or none where one of them is there already."""
    taken = [path for path, text in made.items() if path.exists() and path.read_bytes() != text.encode()]
    if taken and not force:
        error = ScimconfError(f"{', '.join(map(str, taken))}: already there; nothing was written")
        error.hint = "Look at what is there, or overwrite it with --force."
        raise error
    for path, text in made.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        except OSError as error:
            raise ScimconfError(f"{path} cannot be written: {error.strerror}") from error


def _say(made: Mapping[Path, str], answers: Answers, folder: str) -> None:
    where = "" if folder == "." else f" {shlex.quote(folder)}"
    steps = {
        "validate": "what was left open stands in the spec as a comment",
        "plan": "only reads; sign in with `az login`, or rehearse with `scimconf sandbox serve`",
        "apply": f"needs {answers.token}, see {ENVIRONMENT}",
    }
    lines = [f"  scimconf {name}{where}\n      {said}" for name, said in steps.items()]
    click.echo("\n".join(["Wrote", *(f"  {path}" for path in made), "", "Next", *lines]))
