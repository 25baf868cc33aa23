"""`scimconf restart`: end a quarantine and start a new cycle. Writes to the tenant."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from scimconf.cli import confirmation, options
from scimconf.cli.confirmation import is_confirmed
from scimconf.cli.exit_codes import ExitCode
from scimconf.cli.output import print_lines
from scimconf.cli.session import Session, run
from scimconf.kinds.schedule import RESET
from scimconf.workflow.job_control import find_job, restart_job
from scimconf.workflow.targets import application_target


@click.command("restart", short_help="End a quarantine and start provisioning with an initial cycle.")
@options.tenant
@click.option("--app", required=True, metavar="NAME|ID", help="Display name, application id or object id.")
@confirmation.option()
@options.events
def command(app: str, yes: bool, **params: Any) -> int:
    """Restart provisioning: end a quarantine, try failed users again, and start an initial cycle. Asks first.

    The stored credentials are tested before. Every user in scope is evaluated again; what the service knows about the users
    of the application is kept.

    \b
        scimconf restart --app Writer
    """

    async def work(session: Session) -> ExitCode:
        tenant = session.tenant_session()
        job = await find_job(tenant, application_target(app), datetime.now(UTC))
        with session.progress.paused():
            print_lines(f"{app}: {job.status.phase.value}. A restart evaluates every user in scope again.", err=True)
            if not is_confirmed("Restart?", yes=yes):
                return ExitCode.FAILED
        await restart_job(tenant, job, RESET)
        with session.progress.paused():
            click.echo(f"{app}: restarted. Follow it with: scimconf status --app '{app}' --watch")
        return ExitCode.OK

    return run(options.from_click(options.CommonOptions, params), "restarting", work)
