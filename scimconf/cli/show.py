"""`scimconf show`: a saved plan, told again."""

from __future__ import annotations

import click

from scimconf.cli import options, saved
from scimconf.cli.terminal import Terminal


@click.command("show", short_help="Tell a saved plan again.")
@click.argument("file", type=click.Path(dir_okay=False))
@options.output("text", "json", "markdown", "html")
@saved.telling
def command(file: str, form: str, **asked: object) -> int:
    """Tell a saved plan again. Nothing is read from a tenant.

    \b
        scimconf plan --out plan.json examples/writer
        scimconf show --format markdown plan.json
    """
    found = saved.read(file)
    click.echo(saved.told(found.plan, form, Terminal.of_stdout(), asked), nl=False)
    return 0
