"""`scimconf restart`: end a quarantine and start a new cycle. Writes to the tenant."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from typing import Any

import click

from scimconf.cli import options
from scimconf.cli.exit_codes import ExitCode
from scimconf.cli.output import print_lines
from scimconf.cli.session import Session, interruptible_prompt, run
from scimconf.cli.terminal import can_ask
from scimconf.workflow.restart import find_restart, restart
from scimconf.workflow.targets import application_target

_PLAIN = "A restart evaluates every user in scope again."
_WITH_DELETES = "The next cycle deletes or disables every user and group whose deletion is held back."


@click.command("restart", short_help="End a quarantine and start provisioning with an initial cycle.")
@options.tenant
@click.option("--app", required=True, metavar="NAME|ID", help="Display name, application id or object id.")
@click.option(
    "--allow-deletes",
    is_flag=True,
    help="Execute the deletions that the deletion threshold holds back; no initial cycle.",
)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@options.events
def command(app: str, allow_deletes: bool, yes: bool, **params: Any) -> int:
    """Restart provisioning: end a quarantine, try failed users again, and start an initial cycle. Asks first.

    The stored credentials are tested before. Every user in scope is evaluated again; what the service knows about the users
    of the application is kept.

    \b
        scimconf restart --app Writer
        scimconf restart --app Writer --allow-deletes
    """

    async def work(session: Session) -> ExitCode:
        graph = session.client.graph
        request = await find_restart(graph, application_target(app), datetime.now(UTC), allow_deletes=allow_deletes)
        with session.progress.paused():
            print_lines(f"{app}: {request.status.phase.value}. {_WITH_DELETES if allow_deletes else _PLAIN}", err=True)
            if not yes and not can_ask():
                click.echo("Not a terminal, cannot ask. Use --yes.", err=True)
                return ExitCode.FAILED
            with interruptible_prompt():
                if not yes and not click.confirm("Restart?", err=True):
                    return ExitCode.FAILED
        await restart(graph, request)
        with session.progress.paused():
            click.echo(f"{app}: restarted. Follow it with: scimconf status --app {shlex.quote(app)} --watch")
        return ExitCode.OK

    return run(options.from_click(options.CommonOptions, params), "restarting", work)
