"""`scimconf why`: why a user is or is not in an application. Reads only."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from scimconf.cli import options
from scimconf.cli.exit_codes import ExitCode
from scimconf.cli.session import Session, run
from scimconf.cli.terminal import Terminal
from scimconf.monitoring.why import Presence
from scimconf.workflow.targets import application_target
from scimconf.workflow.why import why

_CODES = {Presence.YES: ExitCode.OK, Presence.NO: ExitCode.CHANGES, Presence.UNKNOWN: ExitCode.FAILED}


@click.command("why", short_help="Show why a user is or is not in an application.")
@click.argument("user", metavar="UPN|ID")
@options.tenant
@click.option("--app", required=True, metavar="NAME|ID", help="Display name, application id or object id.")
@options.output_format("text", "markdown", "json")
@options.events
def command(user: str, app: str, output_format: str, **params: Any) -> int:
    """Show whether a user is provisioned to an application, and why not. Needs no spec. Writes nothing.

    The first line is the verdict. Exit code 0 if the user is provisioned, 2 if not, 1 if nothing shows it.

    \b
        scimconf why ada@contoso.com --app Writer
        scimconf why ada@contoso.com --app Writer --format markdown
    """

    async def work(session: Session) -> ExitCode:
        from scimconf.render import why as rendering

        answer = await why(session.tenant_session(), application_target(app), user, datetime.now(UTC))
        terminal = Terminal.of_stdout()
        with session.progress.paused():
            if output_format == "text":
                click.echo(rendering.text(answer, user, app, width=terminal.width, color=terminal.color), nl=False)
            else:
                document = rendering.json if output_format == "json" else rendering.markdown
                click.echo(document(answer, user, app), nl=False)
        return _CODES[answer.provisioning]

    return run(options.from_click(options.CommonOptions, params), "reading", work)
