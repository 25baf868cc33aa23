"""`scimconf why`: why a user is or is not in an application. Reads only."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from scimconf.cli import history_option, options
from scimconf.cli.exit_codes import ExitCode, combine
from scimconf.cli.session import Session, run
from scimconf.cli.terminal import Terminal
from scimconf.monitoring.why import Presence
from scimconf.monitoring.why_checks import WhyReport
from scimconf.workflow.targets import application_target
from scimconf.workflow.why import WhyOptions, why

_CODES = {Presence.YES: ExitCode.OK, Presence.NO: ExitCode.CHANGES, Presence.UNKNOWN: ExitCode.FAILED}


@click.command("why", short_help="Show why a user is or is not in an application.")
@click.argument("user", metavar="USER")
@options.tenant
@click.option("--app", metavar="NAME|ID", help="Display name, application id or object id of one application.")
@click.option("--all", "every", is_flag=True, help="All applications with provisioning, also those without this user.")
@options.output_format("text", "markdown", "json")
@history_option.history
@click.option("--redact", is_flag=True, help="Name the user by the start of the object id, and omit values.")
@options.events
def command(user: str, output_format: str, **params: Any) -> int:
    """Show whether a user is provisioned to applications, and why not. Needs no spec. Writes nothing.

    USER is a user principal name, an e-mail address, an object id, or a display name. Without --app the answer is about every
    application with provisioning to which the user is assigned, or whose log has the user. The first line is the verdict. Exit
    code 0 if the user is provisioned, 2 if not, 1 if nothing shows it.

    \b
        scimconf why ada@contoso.com
        scimconf why ada@contoso.com --app Writer
        scimconf why ada@contoso.com --app Writer --format markdown
    """
    app, every, redact = params.pop("app"), params.pop("every"), params.pop("redact")
    if app is not None and every:
        raise click.UsageError("Pass --app or --all.")

    common = options.from_click(options.CommonOptions, params)
    pauses = history_option.pauses(params["history"], common)

    async def work(session: Session) -> ExitCode:
        target = application_target(app) if app is not None else None
        chosen = WhyOptions(now=datetime.now(UTC), target=target, every=every, redact=redact, pauses=pauses)
        report = await why(session.client.graph, user, chosen)
        with session.progress.paused():
            _print(report, output_format)
        return exit_code(report)

    return run(common, "reading", work)


def exit_code(report: WhyReport) -> ExitCode:
    """Return 1 if an answer or an application is unknown, else 2 if the user is missing in one of the applications, or in all."""
    codes = [_CODES[answer.provisioning] for answer in report.answers] or [ExitCode.CHANGES]
    return combine([*codes, ExitCode.FAILED] if report.unread else codes)


def _print(report: WhyReport, output_format: str) -> None:
    from scimconf.render import why as rendering

    if output_format == "text":
        terminal = Terminal.of_stdout()
        click.echo(rendering.text(report, width=terminal.width, color=terminal.color), nl=False)
    else:
        click.echo(rendering.json(report) if output_format == "json" else rendering.markdown(report), nl=False)
