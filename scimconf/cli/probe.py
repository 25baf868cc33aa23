"""`scimconf probe`: find out on a test tenant how Graph behaves where its documentation is silent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from scimconf.cli import confirmation, options
from scimconf.cli.confirmation import is_confirmed
from scimconf.cli.exit_codes import ExitCode
from scimconf.cli.output import print_lines
from scimconf.cli.session import Session, run
from scimconf.cli.streams import masked_text
from scimconf.files import check_writable, write_file
from scimconf.version import __version__

if TYPE_CHECKING:
    from scimconf.graph.probe import ProbeReport

QUESTION = (
    "This creates an application in the tenant, starts and pauses its provisioning with no users assigned, and deletes "
    "the application. Use a test tenant. Continue?"
)


@click.command("probe", short_help="Find out on a test tenant how Graph behaves where its documentation is silent.")
@options.tenant
@click.option(
    "--out", type=click.Path(dir_okay=False), default="probe.json", show_default=True, help="Write the report to FILE."
)
@confirmation.option()
@options.events
def command(out: str, yes: bool, **params: Any) -> int:
    """Find out on a test tenant how Graph behaves where its documentation is silent.

    Creates temporary applications in the tenant and deletes them. Use a test tenant. Asks first.

    The report contains no secrets, ids or names of the tenant. To run a sandbox that behaves like the tenant:

    \b
        scimconf probe --out probe.json
        scimconf sandbox serve --like probe.json
    """
    if not is_confirmed(QUESTION, yes=yes):
        return ExitCode.FAILED
    check_writable(out)

    async def work(session: Session) -> ExitCode:
        from scimconf.graph.probe import probe

        report = await probe(session.tenant_session(), session.progress.step)
        with session.progress.paused():
            return _write_report(report, out)

    return run(options.from_click(options.CommonOptions, params), "probing", work)


def _write_report(report: ProbeReport, out: str) -> ExitCode:
    from scimconf.graph.probe import switches

    document = {
        "format_version": "1.0",
        "scimconf": __version__,
        "facts": report.facts,
        "failed": report.failed,
        "switches": switches(report.facts),
    }
    write_file(out, masked_text(json.dumps(document, indent=2, sort_keys=True) + "\n"))
    click.echo(f"Wrote {len(report.facts)} facts to {out}; {len(report.failed)} checks failed.")
    for name, error in report.failed.items():
        print_lines(f"  failed: {name.replace('_', ' ')} ({error})", err=True)
    if report.left_over:
        print_lines(f"{report.left_over}. Delete it by hand.", err=True)
    return ExitCode.PARTIALLY_APPLIED if report.left_over else ExitCode.OK
