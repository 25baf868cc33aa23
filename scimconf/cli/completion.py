"""`scimconf completion`: the script that lets a shell complete commands, options, guards and spec paths."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import CompletionItem, get_completion_class

PROGRAM, VARIABLE = "scimconf", "_SCIMCONF_COMPLETE"
SHELLS = ("bash", "zsh", "fish")
YAML = (".yaml", ".yml")
MAIN, ENDING = "scimconf.yaml", ".scimconf.yaml"


@click.command("completion", short_help="Print the completion script for a shell.")
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> int:
    """Print the completion script for a shell. It completes commands, options, guards and spec paths.

    Bash needs version 4.4 or later. Put one of these lines where your shell starts from:

    \b
        eval "$(scimconf completion bash)"       ~/.bashrc
        eval "$(scimconf completion zsh)"        ~/.zshrc, after compinit
        scimconf completion fish | source        ~/.config/fish/config.fish
    """
    from scimconf.cli.main import cli

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(cli, {}, PROGRAM, VARIABLE).source())
    return 0


def guards(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The ids of guards, for `--allow`."""
    from scimconf.spec.model import GUARDS

    return [CompletionItem(guard) for guard in GUARDS if guard.startswith(incomplete)]


def specs(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """YAML files and folders with specs; the shell's own files where the way may lead further down."""
    found = []
    for path in _beginning_with(incomplete):
        is_folder = Path(path).is_dir()
        if is_folder and not _holds_a_spec(path):
            return [CompletionItem(incomplete, type="file")]
        if is_folder or path.endswith(YAML):
            found.append(CompletionItem(path))
    return found or [CompletionItem(incomplete, type="file")]


def _beginning_with(start: str) -> list[str]:
    folder, slash, begun = start.rpartition("/")
    names = _names(folder + slash or ".")
    return [folder + slash + name for name in names if name.startswith(begun) and (begun or not name.startswith("."))]


def _holds_a_spec(folder: str) -> bool:
    return any(name == MAIN or name.endswith(ENDING) for name in _names(folder))


def _names(folder: str) -> list[str]:
    try:
        return sorted(entry.name for entry in Path(folder).iterdir())
    except OSError:
        return []
