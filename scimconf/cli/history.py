"""`scimconf history`: the applies of applications, from the newest. Needs no tenant."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click

from scimconf.cli import options
from scimconf.cli.exit_codes import ExitCode
from scimconf.cli.output import print_lines
from scimconf.monitoring.history import HistoryEntry
from scimconf.render.history import as_csv, as_text
from scimconf.workflow.history import history_entries


@click.command("history", short_help="List the applies of applications.")
@options.paths
@options.variables
@click.option("--app", "name", metavar="NAME", help="The name of a spec, without its file.")
@click.option(
    "--history", type=click.Path(file_okay=False), metavar="DIR", default=".scimconf/history", show_default=True,
    help="Folder of the history.",
)  # fmt: skip
@options.output_format("text", "json", "csv")
def command(name: str | None, history: str, output_format: str, **params: Any) -> int:
    """List the applies of applications from the newest: when, by whom, why, what changed, and how it ended.

    Does not connect to a tenant. `rollback --to TIME` returns to the state before an apply.

    \b
        scimconf history apps/writer
        scimconf history --app writer --format csv
    """
    common = options.from_click(options.CommonOptions, params)
    if name is not None and common.paths:
        raise click.UsageError("Pass spec files or --app.")
    names = [name] if name else sorted({spec.spec.name for spec in options.load_specs(common) if spec.spec is not None})
    entries = [entry for each in names for entry in history_entries(history, each)]
    _print(entries, output_format)
    if not entries:
        print_lines(
            f"No history of {', '.join(names)} in {history}. Applies write it to their working folder, or --history.",
            err=True,
        )
    return ExitCode.OK


def _print(entries: Sequence[HistoryEntry], output_format: str) -> None:
    if output_format == "json":
        click.echo(json.dumps({"entries": [entry.document() for entry in entries]}, indent=2))
    else:
        click.echo(as_csv(entries) if output_format == "csv" else as_text(entries), nl=False)
