"""`scimconf drift`: check whether the tenant still matches the specs."""

from __future__ import annotations

from typing import Any

import click

from scimconf.cli import options
from scimconf.cli.plan import plan_command


@click.command("drift", short_help="Check whether the tenant still matches the specs; exit 2 if not.")
@options.planning
@options.plan_format
@click.option("--out", type=click.Path(dir_okay=False), help="Save a plan that fixes the drift.")
@click.option(
    "--baseline", type=click.Path(dir_okay=False, exists=True), help="Saved plan: list what changed since it was made."
)
@options.rendering
@options.events
def command(**params: Any) -> int:
    """Check whether the tenant still matches the specs. Writes nothing. Run it on a schedule.

    Exit code 0 means no drift, 2 means drift. A listed user or group that the tenant does not have is drift.

    \b
        scimconf drift apps/
        scimconf drift --baseline plan.json --format markdown apps/
    """
    return plan_command(params, detailed=True, baseline=params["baseline"], is_drift=True)
