"""`scimconf logs`: the provisioning log, with failures by cause. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from scimconf.cli import options
from scimconf.cli.exit_codes import ExitCode, combine
from scimconf.cli.output import current_specs, print_lines, print_spec_errors
from scimconf.cli.session import Session, run
from scimconf.cli.streams import masked_text
from scimconf.cli.tenants import by_tenant, require_single, run_each
from scimconf.cli.terminal import Terminal
from scimconf.cli.windows import Window
from scimconf.files import check_writable
from scimconf.monitoring.application_log import ApplicationLog, redacted
from scimconf.spec.loaded import Loaded
from scimconf.workflow.logs import STATUSES, LogOptions, logs
from scimconf.workflow.targets import ApplicationTarget, application_target, spec_targets

if TYPE_CHECKING:
    from scimconf.monitoring.comparison import LogComparison


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
    out: str | None = None


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
    help="Compare the predictions of preview with what the service recorded; exit 2 if they differ.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="With --compare: write a report without names and values, for `sandbox serve --like` and for publication.",
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
        scimconf logs --app Writer --compare --out report.json
    """
    common = options.from_click(options.CommonOptions, params)
    chosen = options.from_click(LogCommand, params)
    if common.paths and chosen.app is not None:
        raise click.UsageError("Pass spec files or --app.")
    _check_comparison(chosen)
    if chosen.app is not None:
        target = application_target(chosen.app)
        return run(common, "reading", lambda session: _of_application(session, target, chosen))
    groups = by_tenant(current_specs(options.load_specs(common)), common)
    require_single(groups, "--out" if chosen.out is not None else "")

    async def work(session: Session, specs: Sequence[Loaded]) -> ExitCode:
        errors = print_spec_errors(session, specs)
        if not chosen.compare:
            return combine([errors, await _print_logs(session, spec_targets(specs), chosen)])
        from scimconf.workflow.comparison import compare_logs

        comparisons = await compare_logs(session.tenant_session, specs, _window(chosen))
        return combine([errors, _print_comparisons(session, comparisons, chosen)])

    return run_each(groups, lambda group: group.run(work))


def _check_comparison(chosen: LogCommand) -> None:
    """Raise UsageError for options that do not fit together; check that the report can be written."""
    if chosen.compare and chosen.output_format == "csv":
        raise click.UsageError("--compare prints text or JSON.")
    if chosen.compare and chosen.status:
        raise click.UsageError("--compare takes the newest entry of each user. Omit --status.")
    if chosen.out is not None:
        if not chosen.compare:
            raise click.UsageError("--out is for --compare.")
        check_writable(chosen.out)


async def _of_application(session: Session, target: ApplicationTarget, chosen: LogCommand) -> ExitCode:
    if not chosen.compare:
        return await _print_logs(session, [target], chosen)
    from scimconf.workflow.comparison import compare_application_log

    comparison = await compare_application_log(session.tenant_session(), target, _window(chosen))
    return _print_comparisons(session, [comparison], chosen)


def _window(chosen: LogCommand) -> LogOptions:
    return LogOptions(window=chosen.since, now=datetime.now(UTC), user=chosen.user)


async def _print_logs(session: Session, targets: Sequence[ApplicationTarget], chosen: LogCommand) -> ExitCode:
    log_options = LogOptions(
        window=chosen.since, now=datetime.now(UTC), user=chosen.user, statuses=frozenset(chosen.status)
    )
    results = await logs(session.client.graph, targets, log_options)
    results = [redacted(log) for log in results] if chosen.redact else results
    with session.progress.paused():
        _print(results, chosen)
    return ExitCode.FAILED if any(log.problem for log in results) else ExitCode.OK


def _print_comparisons(session: Session, results: Sequence[LogComparison], chosen: LogCommand) -> ExitCode:
    from scimconf.monitoring.comparison import redacted_comparison
    from scimconf.render import comparison as rendering

    printed = [redacted_comparison(result) for result in results] if chosen.redact else results
    terminal = Terminal.of_stdout()
    with session.progress.paused():
        as_text = rendering.text(printed, width=terminal.width, color=terminal.color, full=chosen.full)
        click.echo(rendering.json(printed) if chosen.output_format == "json" else as_text, nl=False)
        if chosen.out is not None:
            _write_report(results, chosen.out)
    codes = {ExitCode.FAILED for result in results if result.problem}
    return combine(codes | {ExitCode.CHANGES for result in results if result.disagrees})


def _write_report(results: Sequence[LogComparison], out: str) -> None:
    from scimconf.files import write_file
    from scimconf.monitoring.comparison_report import comparison_report
    from scimconf.render.json import write
    from scimconf.version import __version__

    write_file(out, masked_text(write(comparison_report(results, __version__))))
    print_lines(f"Wrote {out}, without names and values. Read it before you publish it.", err=True)


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
