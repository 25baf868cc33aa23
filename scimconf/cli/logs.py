"""`scimconf logs`: the provisioning log, with failures by cause. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from scimconf.cli import options
from scimconf.cli.exit_codes import ExitCode, combine
from scimconf.cli.output import current_specs, print_lines
from scimconf.cli.session import Session, run
from scimconf.cli.tenants import by_tenant, run_each
from scimconf.cli.terminal import Terminal
from scimconf.cli.windows import Window
from scimconf.monitoring.application_log import ApplicationLog, redacted
from scimconf.spec.loaded import Loaded
from scimconf.workflow.logs import STATUSES, LogOptions, logs
from scimconf.workflow.targets import ApplicationTarget, application_target, spec_targets


@dataclass(frozen=True, slots=True, kw_only=True)
class LogCommand:
    """Which entries are printed, and how."""

    app: str | None = None
    since: timedelta = timedelta(days=1)
    user: str = ""
    status: tuple[str, ...] = ()
    output_format: str = "text"
    redact: bool = False
    full: bool = False
    compare: bool = False


@click.command("logs", short_help="Show the provisioning log, with failures grouped by cause.")
@options.specs_and_tenant
@click.option("--app", metavar="NAME|ID", help="The application with this name or id, without a spec.")
@click.option(
    "--since", type=Window(), default="24h", show_default=True, metavar="TIME", help="How far back the log is read."
)
@click.option("--user", metavar="UPN|ID", default="", help="Only this user, or the group with this name or id.")
@click.option(
    "--status", type=click.Choice(STATUSES), multiple=True, help="Only entries with this status (repeatable)."
)
@options.output_format("text", "json", "csv")
@options.full
@click.option("--redact", is_flag=True, help="Name users by the start of their object ids, and omit values.")
@click.option(
    "--compare",
    is_flag=True,
    help="Compare what a preview predicts with what the service recorded; exit 2 if not equal.",
)
@options.events
def command(**params: Any) -> int:
    """Show what the service did to users and groups, and why some failed or were skipped. Writes nothing.

    JSON has a line for each entry. The service keeps its log for 30 days, and writes an entry up to 15 minutes late.

    \b
        scimconf logs apps/ --since 7d --status failure
        scimconf logs --app Writer --user ada@contoso.com
        scimconf logs --app Writer --format csv
        scimconf logs apps/ --compare --since 7d
    """
    common = options.from_click(options.CommonOptions, params)
    chosen = options.from_click(LogCommand, params)
    if common.paths and chosen.app is not None:
        raise click.UsageError("Pass spec files or --app.")
    if chosen.compare and (chosen.app is not None or chosen.output_format == "csv"):
        raise click.UsageError("--compare needs spec files, and prints text or JSON.")
    if chosen.app is not None:
        target = application_target(chosen.app)
        return run(common, "reading", lambda session: _print_logs(session, [target], chosen))

    async def work(session: Session, specs: Sequence[Loaded]) -> ExitCode:
        if chosen.compare:
            return await _print_comparisons(session, specs, chosen)
        return await _print_logs(session, spec_targets(specs), chosen)

    return run_each(by_tenant(current_specs(options.load_specs(common)), common), lambda group: group.run(work))


async def _print_logs(session: Session, targets: Sequence[ApplicationTarget], chosen: LogCommand) -> ExitCode:
    log_options = LogOptions(
        window=chosen.since, now=datetime.now(UTC), user=chosen.user, statuses=frozenset(chosen.status)
    )
    results = await logs(session.client.graph, targets, log_options)
    results = [redacted(log) for log in results] if chosen.redact else results
    with session.progress.paused():
        _print(results, chosen)
    return ExitCode.FAILED if any(log.problem for log in results) else ExitCode.OK


async def _print_comparisons(session: Session, specs: Sequence[Loaded], chosen: LogCommand) -> ExitCode:
    from scimconf.monitoring.comparison import redacted_comparison
    from scimconf.render import comparison as rendering
    from scimconf.workflow.comparison import compare_logs

    log_options = LogOptions(window=chosen.since, now=datetime.now(UTC), user=chosen.user)
    results = await compare_logs(session.tenant_session, specs, log_options)
    printed = [redacted_comparison(result) for result in results] if chosen.redact else results
    terminal = Terminal.of_stdout()
    with session.progress.paused():
        as_text = rendering.text(printed, width=terminal.width, color=terminal.color, full=chosen.full)
        click.echo(rendering.json(printed) if chosen.output_format == "json" else as_text, nl=False)
    codes = {ExitCode.FAILED for result in results if result.problem}
    return combine(codes | {ExitCode.CHANGES for result in results if result.disagrees})


def _print(results: Sequence[ApplicationLog], chosen: LogCommand) -> None:
    """Print the logs; with JSON and CSV, problems and notes go to stderr."""
    if chosen.output_format == "text":
        from scimconf.render.logs.text import logs as as_text

        terminal = Terminal.of_stdout()
        click.echo(as_text(results, width=terminal.width, color=terminal.color, full=chosen.full), nl=False)
        return
    from scimconf.render.logs.rows import lines, rows

    for line in lines(results) if chosen.output_format == "json" else rows(results):
        click.echo(line, nl=False)
    for log in results:
        print_lines(*(f"{log.name}: {text}" for text in (log.problem, *log.notes()) if text), err=True)
