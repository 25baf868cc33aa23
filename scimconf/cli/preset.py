"""`scimconf preset`: list the catalogue of applications, and show the facts about one."""

from __future__ import annotations

import click

from scimconf.cli import options
from scimconf.cli.exit_codes import ExitCode
from scimconf.cli.terminal import Terminal
from scimconf.presets import fact_page_names, preset_names


@click.group("preset", short_help="List presets of applications, and show what is known about one.")
def command() -> None:
    """List presets of applications, and show what is known about one. Does not connect to a tenant.

    A preset is a tested spec for an application, which `init --preset NAME` writes. A fact page has facts and rules only.
    """


@command.command("list")
@options.output_format("text", "json")
def list_entries(output_format: str) -> int:
    """List all presets and fact pages.

    \b
        scimconf preset list
    """
    from scimconf.presets.catalogue import entries
    from scimconf.render.json import write
    from scimconf.render.preset import list_document, list_text

    listed = list(entries())
    terminal = Terminal.of_stdout()
    text = list_text(listed, width=terminal.width, color=terminal.color)
    click.echo(write(list_document(listed)) if output_format == "json" else text, nl=False)
    return ExitCode.OK


@command.command("show")
@click.argument("name", type=click.Choice([*preset_names(), *fact_page_names()]), metavar="NAME")
@options.output_format("text", "json")
def show(name: str, output_format: str) -> int:
    """Show the facts about an application with their sources, and the questions of its preset.

    \b
        scimconf preset show slack
    """
    from scimconf.presets.catalogue import find_entry
    from scimconf.render.json import write
    from scimconf.render.preset import entry_document, entry_text

    entry = find_entry(name)
    assert entry is not None
    terminal = Terminal.of_stdout()
    text = entry_text(entry, width=terminal.width, color=terminal.color)
    click.echo(write(entry_document(entry)) if output_format == "json" else text, nl=False)
    return ExitCode.OK
