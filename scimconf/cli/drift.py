"""`scimconf drift`: whether the tenant is still as the specs say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from scimconf.cli import options, planning, saved

if TYPE_CHECKING:
    from scimconf.cli.session import Session
    from scimconf.plan.file import SavedPlan


@click.command("drift", short_help="Say whether the tenant is still as the specs say; exit 2 when it is not.")
@options.paths
@options.variables
@options.tenant
@options.selection
@options.output("text", "json", "markdown", "html")
@saved.telling
@options.events
@click.option("--out", type=click.Path(dir_okay=False), help="Save the plan that would mend it.")
@click.option("--baseline", type=click.Path(dir_okay=False, exists=True), help="A saved plan: say what moved since it.")
def command(paths: Sequence[str], **asked: Any) -> int:
    """Say whether the tenant is still as the specs say. Nothing is written; made for a schedule.

    Exit code 0 when there is no drift, 2 when there is.

    \b
        scimconf drift apps/
        scimconf drift --baseline plan.json --format markdown apps/
    """
    from scimconf.cli.session import run

    options.know_guards(asked["allow"])
    loadeds, together = options.load_all(paths, asked["var"], asked["var_file"])
    problems = planning.unsound(loadeds, together)
    if problems:
        return planning.refuse(problems)
    since = saved.read(asked["baseline"]) if asked["baseline"] else None

    async def work(session: Session) -> int:
        found = await planning.plan_all(session, loadeds, planning.wishes(asked))
        planning.announce(session, found, asked)
        with session.progress.still():
            planning.tell(found, together, asked)
            planning.keep(found, together, asked)
            if since is not None:
                _moved(since, found, asked)
        return planning.exit_code(found, together, detailed=True)

    return run(asked, "reading", work)


def _moved(since: SavedPlan, found: planning.PlanResults, asked: dict[str, Any]) -> None:
    lines = saved.moved(since, planning.whole(found, asked))
    click.echo(f"Since {asked['since']}:" if lines else f"Nothing has moved since {asked['since']}.", err=True)
    for line in lines:
        click.echo(f"  {line}", err=True)
