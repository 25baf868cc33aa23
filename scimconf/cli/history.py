"""`scimconf history`: the applies of applications, from the newest. Needs no tenant."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import click

from scimconf.cli import history_option, options
from scimconf.cli.exit_codes import ExitCode
from scimconf.cli.output import print_lines
from scimconf.monitoring.history import HistoryEntry
from scimconf.render.history import as_csv, as_text
from scimconf.spec.loaded import Loaded
from scimconf.workflow.history import HistoryStore, history_entries


@click.command("history", short_help="List the applies of applications.")
@options.paths
@options.variables
@options.tenant
@click.option("--app", "name", metavar="NAME", help="The name of a spec, without its file.")
@history_option.history
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
    stores = history_option.stores(history, common)
    places = {name: stores(history_option.WORKING_FOLDER)} if name else _of_specs(options.load_specs(common), stores)
    entries = [entry for name in sorted(places) for entry in history_entries(places[name], name)]
    _print(entries, output_format)
    missing = {
        name: store.place() for name, store in places.items() if name not in {each.application for each in entries}
    }
    print_lines(
        *(f"No history of {name} in {place}. --history names another one." for name, place in missing.items()), err=True
    )
    return ExitCode.OK


def _of_specs(specs: Iterable[Loaded], stores: history_option.Stores) -> dict[str, HistoryStore]:
    return {loaded.spec.name: stores(loaded.paths[0]) for loaded in specs if loaded.spec is not None}


def _print(entries: Sequence[HistoryEntry], output_format: str) -> None:
    if output_format == "json":
        click.echo(json.dumps({"entries": [entry.document() for entry in entries]}, indent=2))
    else:
        click.echo(as_csv(entries) if output_format == "csv" else as_text(entries), nl=False)
