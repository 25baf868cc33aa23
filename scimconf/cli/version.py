"""`scimconf version`."""

from __future__ import annotations

import click

from scimconf import __version__


@click.command("version")
def command() -> int:
    """Say which version this is."""
    click.echo(f"scimconf {__version__}")
    return 0
