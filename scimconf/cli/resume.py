"""`scimconf resume`: start provisioning where it stopped. Writes to the tenant."""

from __future__ import annotations

from typing import Any

import click

from scimconf.cli import job_commands
from scimconf.cli.job_commands import JobRequest, run_job_command
from scimconf.monitoring.job_commands import START_GUARDS, JobCommand


@click.command("resume", short_help="Start provisioning where it stopped.")
@job_commands.shared
@job_commands.allow(*START_GUARDS)
def command(app: str | None, yes: bool, allow: tuple[str, ...], **params: Any) -> int:
    """Start provisioning where it stopped: the next cycle handles what has changed since. Asks first.

    The stored credentials are tested before, and if they are refused nothing is started. If provisioning is on already,
    nothing is written; exit code 6 if the job is in quarantine, which `restart` ends. A job that never ran is started by
    `apply`.

    \b
        scimconf resume --app Writer --reason INC-1234
        scimconf resume apps/writer
    """
    return run_job_command(JobRequest(command=JobCommand.RESUME, yes=yes, allow=allow), app, params)
