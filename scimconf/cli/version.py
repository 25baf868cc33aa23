"""`scimconf version`."""

from __future__ import annotations

import click

from scimconf.cli.exit_codes import ExitCode
from scimconf.version import __version__


@click.command("version")
def command() -> int:
    """Print the version."""
    click.echo(f"scimconf {__version__}")
    return ExitCode.OK
