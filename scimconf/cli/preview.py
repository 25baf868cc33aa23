"""`scimconf preview`: what would be sent for real users, before and after the plan. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from scimconf.cli import options, planning

if TYPE_CHECKING:
    from scimconf.cli.previewing import PreviewSink
    from scimconf.cli.session import Session


def _whom(command: Callable[..., Any]) -> Callable[..., Any]:
    """Which users are looked at."""
    command = click.option("--all", "everyone", is_flag=True, help="Everybody who can be in scope.")(command)
    command = click.option("--sample", type=click.IntRange(1), metavar="N", help="The first N who can be in scope.")(
        command
    )
    return click.option("--user", "users", multiple=True, metavar="UPN|ID", help="This user; may be repeated.")(command)


@click.command("preview", short_help="Show what would be sent for real users, before and after.")
@options.paths
@options.variables
@options.tenant
@_whom
@click.option("--only", multiple=True, metavar="ADDRESS", help="Only these addresses of the plan; globs work.")
@click.option("--exclude", multiple=True, metavar="ADDRESS", help="All of the plan but these addresses.")
@options.output("text", "json", "html")
@click.option(
    "--redact",
    "redact",
    is_flag=True,
    help="Keep people's names and values out of it.",
)
@options.events
@click.option("--out", type=click.Path(dir_okay=False), help="The file to write; stdout without it.")
def command(paths: Sequence[str], **asked: Any) -> int:
    """Show what would be sent for real users, before and after the plan, and why it differs. Nothing is written.

    Users are read from the tenant, only with the attributes that mappings and filters use. PATHS are as for plan.

    \b
        scimconf preview --user ada@contoso.com examples/writer
        scimconf preview --sample 50 examples/writer
        scimconf preview --all --format html --out preview.html examples/writer
    """
    from scimconf.cli.previewing import preview_all, telling
    from scimconf.cli.session import run

    if sum([bool(asked["users"]), asked["sample"] is not None, asked["everyone"]]) != 1:
        raise click.UsageError("Say which users: one of --user, --sample and --all.")
    loadeds, together = options.load_all(paths, asked["var"], asked["var_file"])
    problems = planning.unsound(loadeds, together)
    if problems:
        return planning.refuse(problems)

    async def work(session: Session) -> int:
        tell: PreviewSink
        with telling(session, asked) as tell:
            code = await preview_all(session, loadeds, together, tell, asked)
            tell.end(code)
        return code

    return run(asked, "reading", work)
