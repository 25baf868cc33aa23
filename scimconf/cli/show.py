"""`scimconf show`: print saved plans."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from scimconf.cli import options
from scimconf.cli.exit_codes import ExitCode
from scimconf.cli.output import plan_parts, print_parts
from scimconf.diagnostics import ScimconfError
from scimconf.workflow.saved_plan import joined, read_saved_plan

_ONE_TENANT = ("json", "html")
"""Formats whose output is a document of one tenant."""


@click.command("show", short_help="Print saved plans.")
@click.argument("files", nargs=-1, required=True, type=click.Path(dir_okay=False), metavar="FILE...")
@options.plan_format
@options.rendering
def command(files: tuple[str, ...], **params: Any) -> int:
    """Print a saved plan, or several as one plan for each tenant. Does not connect to a tenant.

    \b
        scimconf plan --out plan.json examples/writer
        scimconf show --format markdown plan.json
        scimconf show --format html chunk-1.json chunk-2.json
    """
    printing = options.from_click(options.OutputOptions, params)
    plans = joined([read_saved_plan(file) for file in files])
    if len(plans) > 1 and printing.output_format in _ONE_TENANT:
        tenants = ", ".join(plan.tenant.domain or plan.tenant.id for plan in plans)
        message = f"--format {printing.output_format} shows the plans of one tenant, not those of {tenants}"
        raise ScimconfError(message, "Run show for each tenant, or use --format text or markdown.")
    first = replace(printing, max_length=(printing.max_length - len(plans) + 1) // len(plans))
    others = replace(first, comment_marker=None)
    for number, plan in enumerate(plans):
        if number:
            click.echo()
        print_parts(plan_parts(plan, others if number else first))
    return ExitCode.OK
