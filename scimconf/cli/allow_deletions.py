"""`scimconf allow-deletions`: carry out the deletions that a quarantine holds back. Writes to the tenant."""

from __future__ import annotations

from typing import Any

import click

from scimconf.cli import job_commands, options
from scimconf.cli.job_commands import JobRequest, run_job_command
from scimconf.monitoring.job_commands import JobCommand


@click.command("allow-deletions", short_help="Carry out the deletions that a quarantine holds back.")
@job_commands.shared
@click.option("--expect", type=click.IntRange(1), metavar="N", help="The number of deletions; --yes needs it.")
@click.option("--redact", is_flag=True, help="Name users by the start of their object ids.")
@options.full
def command(app: str | None, yes: bool, expect: int | None, redact: bool, full: bool, **params: Any) -> int:
    """Allow the deletions that are held back because they reach the deletion threshold. Lists them, and asks their number.

    The next cycle disables or deletes all of them in the application; the service cannot allow single ones. The stored
    credentials are tested before. If others are held back by then, nothing is allowed, with exit code 3.

    \b
        scimconf allow-deletions --app Writer
        scimconf allow-deletions apps/writer --yes --expect 12 --reason CHG-1234
    """
    request = JobRequest(command=JobCommand.ALLOW_DELETIONS, yes=yes, expect=expect, redact=redact, full=full)
    return run_job_command(request, app, params)
