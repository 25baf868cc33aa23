"""`scimconf completion`: print the script with which a shell completes commands, options, guards and spec paths.

A completion runs at every press of Tab, so it imports no command: `outlines.json`, which `make docs` generates from the
commands, has their options and arguments.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scimconf.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

PROGRAM, VARIABLE = "scimconf", "_SCIMCONF_COMPLETE"
SHELLS = ("bash", "zsh", "fish", "powershell")
YAML_SUFFIXES = (".yaml", ".yml")
SPEC_NAME, SPEC_SUFFIX = "scimconf.yaml", ".scimconf.yaml"


@click.command("completion", short_help="Print the completion script for a shell.")
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> int:
    """Print the completion script for a shell. It completes commands, options, guards and spec paths.

    Bash needs version 4.4 or later. Add one of these lines to the start-up file of your shell:

    \b
        eval "$(scimconf completion bash)"       ~/.bashrc
        eval "$(scimconf completion zsh)"        ~/.zshrc, after compinit
        scimconf completion fish | source        ~/.config/fish/config.fish
        scimconf completion powershell | Out-String | Invoke-Expression      $PROFILE
    """
    from click.shell_completion import get_completion_class

    from scimconf.cli.main import cli

    register_powershell()

    completion_class = get_completion_class(shell)
    assert completion_class is not None
    click.echo(completion_class(cli, {}, PROGRAM, VARIABLE).source())
    return ExitCode.OK


def register_powershell() -> None:
    """Let click complete for PowerShell, which it does not know."""
    from click.shell_completion import add_completion_class

    from scimconf.cli.powershell import PowerShellComplete

    add_completion_class(PowerShellComplete)


def outlines() -> dict[str, Any]:
    """Return the content of `outlines.json`: the `commands` by name, and the ids of the `guards`."""
    content: dict[str, Any] = json.loads((Path(__file__).parent / "outlines.json").read_text(encoding="utf-8"))
    return content


def outline(name: str) -> click.Command:
    """Return a command that has the options and arguments of the command with this name, and does nothing."""
    return _command(name, outlines()["commands"][name])


def _command(name: str, document: Mapping[str, Any]) -> click.Command:
    if "commands" in document:
        commands = {inner: _command(inner, command) for inner, command in document["commands"].items()}
        return click.Group(name, commands=commands, short_help=document["help"])
    return click.Command(name, params=list(map(_parameter, document["parameters"])), short_help=document["help"])


def _parameter(document: Mapping[str, Any]) -> click.Parameter:
    types: Mapping[str, Any] = {"file": click.Path(), "folder": click.Path(file_okay=False)}
    completes, choices = document.get("completes", ""), document.get("choices")
    type_ = click.Choice(choices) if choices else types.get(completes)
    completer = {"guards": complete_guards, "specs": complete_specs}.get(completes)
    if "nargs" in document:
        return click.Argument(document["names"], nargs=document["nargs"], type=type_, shell_complete=completer)
    flag, multiple = document.get("flag"), document.get("multiple", False)
    text = document["help"]
    return click.Option(
        document["names"], type=type_, is_flag=flag, multiple=multiple, help=text, shell_complete=completer
    )


def complete_guards(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the ids of guards, for `--allow`."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(guard) for guard in outlines()["guards"] if guard.startswith(incomplete)]


def complete_specs(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return YAML files and folders with specs; let the shell complete files if a folder contains none."""
    from click.shell_completion import CompletionItem

    items = []
    for path in _paths_beginning_with(incomplete):
        is_folder = Path(path).is_dir()
        if is_folder and not _contains_spec(path):
            return [CompletionItem(incomplete, type="file")]
        if is_folder or path.endswith(YAML_SUFFIXES):
            items.append(CompletionItem(path))
    return items or [CompletionItem(incomplete, type="file")]


def _paths_beginning_with(start: str) -> list[str]:
    folder, slash, prefix = start.rpartition("/")
    names = _names(folder + slash or ".")
    return [folder + slash + name for name in names if name.startswith(prefix) and (prefix or not name.startswith("."))]


def _contains_spec(folder: str) -> bool:
    return any(name == SPEC_NAME or name.endswith(SPEC_SUFFIX) for name in _names(folder))


def _names(folder: str) -> list[str]:
    try:
        return sorted(entry.name for entry in Path(folder).iterdir())
    except OSError:
        return []
