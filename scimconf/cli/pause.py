"""`scimconf pause`: stop provisioning and keep its state. Writes to the tenant."""

from __future__ import annotations

from typing import Any

import click

from scimconf.cli import job_commands
from scimconf.cli.job_commands import JobRequest, run_job_command
from scimconf.monitoring.job_commands import JobCommand


@click.command("pause", short_help="Pause provisioning; users keep what they have.")
@job_commands.shared
def command(app: str | None, yes: bool, **params: Any) -> int:
    """Pause provisioning: nobody is created, changed or disabled until `resume`. Asks first.

    The service keeps its state, and a running cycle still ends. Users who leave meanwhile keep their access. If provisioning
    is off already, nothing is written.

    \b
        scimconf pause --app Writer --reason INC-1234
        scimconf pause apps/writer
    """
    return run_job_command(JobRequest(command=JobCommand.PAUSE, yes=yes), app, params)
