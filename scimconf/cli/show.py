"""`scimconf show`: print a saved plan."""

from __future__ import annotations

from typing import Any

import click

from scimconf.cli import options
from scimconf.cli.exit_codes import ExitCode
from scimconf.cli.output import render_plan
from scimconf.workflow.saved_plan import read_saved_plan


@click.command("show", short_help="Print a saved plan.")
@click.argument("file", type=click.Path(dir_okay=False))
@options.plan_format
@options.rendering
def command(file: str, **params: Any) -> int:
    """Print a saved plan. Does not connect to a tenant.

    \b
        scimconf plan --out plan.json examples/writer
        scimconf show --format markdown plan.json
    """
    printing = options.from_click(options.OutputOptions, params)
    click.echo(render_plan(read_saved_plan(file).plan, printing), nl=False)
    return ExitCode.OK
