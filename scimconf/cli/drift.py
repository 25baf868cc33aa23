"""`scimconf drift`: check whether the tenant still matches the specs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import click

from scimconf.cli import history_option, options
from scimconf.cli.plan import Explain, plan_command
from scimconf.cli.session import Session
from scimconf.workflow.outside_changes import with_authors
from scimconf.workflow.plan_all import PlanResults


@click.command("drift", short_help="Check whether the tenant still matches the specs; exit 2 if not.")
@options.planning
@options.plan_format
@click.option("--out", type=click.Path(dir_okay=False), help="Save a plan that fixes the drift.")
@click.option(
    "--baseline", type=click.Path(dir_okay=False, exists=True), help="Saved plan: list what changed since it was made."
)
@history_option.history
@options.rendering
@options.events
def command(**params: Any) -> int:
    """Check whether the tenant still matches the specs. Writes nothing. Run it on a schedule.

    Exit code 0 means no drift, 2 means drift. A listed user or group that the tenant does not have is drift. A warning
    names who changed the application last, if the audit log can be read.

    \b
        scimconf drift apps/
        scimconf drift --baseline plan.json --format markdown apps/
    """
    return plan_command(params, detailed=True, baseline=params["baseline"], explain=_explain(params))


def _explain(params: dict[str, Any]) -> Explain:
    """Return a function that adds to each plan who changed the application outside scimconf, as far as that is known."""
    stores = history_option.stores(params["history"], options.from_click(options.CommonOptions, params))

    async def explain(session: Session, results: PlanResults) -> tuple[PlanResults, tuple[str, ...]]:
        opened = {planned.name: stores(planned.loaded.paths[0]) for planned in results.planned}
        graph = session.client.graph
        planned, problems = await with_authors(graph, results.planned, opened, graph.now or datetime.now(UTC))
        return replace(results, planned=planned), problems

    return explain
