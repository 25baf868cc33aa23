"""`scimconf restart`: end a quarantine, try failed users again, start an initial cycle. Writes to the tenant."""

from __future__ import annotations

from typing import Any

import click

from scimconf.cli import job_commands
from scimconf.cli.job_commands import JobRequest, run_job_command
from scimconf.diagnostics import ScimconfError
from scimconf.monitoring.job_commands import COMMAND_GUARDS, JobCommand, RestartScope, restart_scopes


@click.command("restart", short_help="End a quarantine and start provisioning with an initial cycle.")
@job_commands.shared
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([scope.value for scope in RestartScope]),
    multiple=True,
    help="What is reset (repeatable): watermark, an initial cycle; escrows, failed users are tried again; quarantine, it ends; "
    "full, all of it and the links to accounts. Default: watermark, escrows and quarantine, as in the portal.",
)
@job_commands.allow(*COMMAND_GUARDS)
def command(app: str | None, yes: bool, scopes: tuple[str, ...], allow: tuple[str, ...], **params: Any) -> int:
    """Restart provisioning: end a quarantine, try failed users again, and start an initial cycle. Asks first.

    The stored credentials are tested before, and if they are refused nothing is written. With `--scope full`, the service
    forgets which account belongs to which user: `--allow links-lost`.

    \b
        scimconf restart --app Writer --reason INC-1234
        scimconf restart apps/writer --scope escrows --scope quarantine
    """
    try:
        chosen = restart_scopes(scopes)
    except ScimconfError as error:
        raise click.UsageError(f"{error}. {error.hint}") from None
    return run_job_command(JobRequest(command=JobCommand.RESTART, scopes=chosen, yes=yes, allow=allow), app, params)
