"""`scimconf probe`: settles on a test tenant what the documentation leaves open."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from scimconf.cli import options, saved
from scimconf.cli.terminal import can_ask

if TYPE_CHECKING:
    from scimconf.cli.session import Session
    from scimconf.graph.probe import ProbeReport

QUESTION = (
    "This makes a throw-away application in the tenant, starts and pauses its provisioning with nobody assigned, and "
    "deletes it. Use a test tenant. Go on?"
)


@click.command("probe", short_help="Settle on a test tenant what Graph's documentation leaves open.")
@options.tenant
@options.events
@click.option("--out", type=click.Path(dir_okay=False), default="probe.json", show_default=True, help="The report.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(**asked: Any) -> int:
    """Settle on a test tenant what Graph's documentation leaves open.

    The report holds no secret, no id and no name of the tenant. A sandbox that answers like it:

    \b
        scimconf probe --out probe.json
        scimconf sandbox serve --like probe.json
    """
    from scimconf.cli.session import run

    if not asked["yes"] and not can_ask():
        click.echo("Nobody is there to ask, so nothing was done. Use --yes.", err=True)
        return 1
    if not asked["yes"] and not click.confirm(QUESTION, err=True):
        return 1

    async def work(session: Session) -> int:
        from scimconf.graph.probe import probe

        found = await probe(session.live(), session.progress.tell)
        with session.progress.still():
            return _report(found, asked["out"])

    return run(asked, "probing", work)


def _report(found: ProbeReport, out: str) -> int:
    from scimconf import __version__
    from scimconf.graph.probe import switches
    from scimconf.render.common.escaping import visible

    document = {
        "format_version": "1.0",
        "scimconf": __version__,
        "facts": found.facts,
        "failed": found.failed,
        "switches": switches(found.facts),
    }
    saved.save(out, json.dumps(document, indent=2, sort_keys=True) + "\n")
    click.echo(f"{len(found.facts)} facts are in {out}; {len(found.failed)} questions got no answer.")
    for name, refusal in found.failed.items():
        click.echo(visible(f"  no answer: {name.replace('_', ' ')} ({refusal})"), err=True)
    if found.left_over:
        click.echo(visible(f"{found.left_over}. Delete it by hand."), err=True)
    return 5 if found.left_over else 0
