"""`scimconf plan`: what differs, and what that does to people. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from scimconf.cli import options, planning, saved

if TYPE_CHECKING:
    from scimconf.cli.session import Session


@click.command("plan", short_help="Show what differs from the tenant, and what that does to people.")
@options.paths
@options.variables
@options.tenant
@options.selection
@options.output("text", "json", "markdown", "html")
@saved.telling
@options.events
@click.option("--out", type=click.Path(dir_okay=False), help="Save the plan, to be shown and applied as it is.")
@click.option(
    "--previous",
    multiple=True,
    type=click.Path(exists=True),
    help="Former specs: say what they named and is left behind.",
)
@click.option("--fail-on-abandoned", is_flag=True, help="What is left behind stops an apply.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 when there are changes.")
@click.option("--show-unmanaged", is_flag=True, help="List what the spec does not name and is left alone.")
@click.option("--steps", "with_steps", is_flag=True, help="Show the requests and edits that apply would make.")
def command(paths: Sequence[str], **asked: Any) -> int:
    """Show what differs from the tenant, and what that does to people. Nothing is written.

    PATHS are files, or folders with scimconf.yaml and *.scimconf.yaml; this folder where none is named.

    \b
        scimconf plan examples/writer
        scimconf plan --only 'writer:attribute_mapping/*' --detailed-exitcode
    """
    from scimconf.cli.session import run

    options.know_guards(asked["allow"])
    loadeds, together = options.load_all(paths, asked["var"], asked["var_file"])
    problems = planning.unsound(loadeds, together)
    if problems:
        return planning.refuse(problems)

    former = planning.former(asked)

    async def work(session: Session) -> int:
        found = await planning.plan_all(session, loadeds, planning.wishes(asked), former)
        planning.announce(session, found, asked)
        with session.progress.still():
            planning.tell(found, together, asked)
            planning.keep(found, together, asked)
        return planning.exit_code(found, together, detailed=asked["detailed_exitcode"])

    return run(asked, "reading", work)
