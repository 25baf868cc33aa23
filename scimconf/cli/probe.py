"""`scimconf probe`: find out on a test tenant how Graph behaves where its documentation is silent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from scimconf.cli import options as cli_options
from scimconf.cli import saved
from scimconf.cli.terminal import can_ask

if TYPE_CHECKING:
    from scimconf.cli.session import Session
    from scimconf.graph.probe import ProbeReport

QUESTION = (
    "This creates an application in the tenant, starts and pauses its provisioning with no users assigned, and deletes "
    "the application. Use a test tenant. Continue?"
)


@click.command("probe", short_help="Find out on a test tenant how Graph behaves where the docs are silent.")
@cli_options.tenant
@cli_options.events
@click.option("--out", type=click.Path(dir_okay=False), default="probe.json", show_default=True, help="Report file.")
@click.option("--yes", is_flag=True, help="Skip the confirmation.")
def command(*, out: str, yes: bool, **options: Any) -> int:
    """Find out on a test tenant how Graph behaves where its documentation is silent.

    The report contains no secret, no id and no name of the tenant. A sandbox can then behave like that tenant:

    \b
        scimconf probe --out probe.json
        scimconf sandbox serve --like probe.json
    """
    from scimconf.cli.session import run

    if not yes and not can_ask():
        click.echo("Not a terminal, cannot ask. Use --yes.", err=True)
        return 1
    if not yes and not click.confirm(QUESTION, err=True):
        return 1

    async def work(session: Session) -> int:
        from scimconf.graph.probe import probe

        report = await probe(session.live(), session.progress.tell)
        with session.progress.still():
            return _write(report, out)

    return run(options, "probing", work)


def _write(report: ProbeReport, out: str) -> int:
    """Write the report and print a summary; return exit code 5 if the application is left over."""
    from scimconf import __version__
    from scimconf.graph.probe import switches
    from scimconf.render.common.escaping import visible

    document = {
        "format_version": "1.0",
        "scimconf": __version__,
        "facts": report.facts,
        "failed": report.failed,
        "switches": switches(report.facts),
    }
    saved.save(out, json.dumps(document, indent=2, sort_keys=True) + "\n")
    click.echo(f"Wrote {len(report.facts)} facts to {out}; {len(report.failed)} checks failed.")
    for name, reason in report.failed.items():
        click.echo(visible(f"  failed: {name.replace('_', ' ')} ({reason})"), err=True)
    if report.left_over:
        click.echo(visible(f"{report.left_over}. Delete it by hand."), err=True)
    return 5 if report.left_over else 0
