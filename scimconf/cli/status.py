"""`scimconf status`: whether provisioning runs, and what it did. Reads only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from scimconf.cli import history_option, options
from scimconf.cli.exit_codes import ExitCode, combine
from scimconf.cli.output import current_specs, print_lines, print_spec_errors
from scimconf.cli.session import Session, run
from scimconf.cli.tenants import TenantSpecs, by_tenant, require_single, run_each
from scimconf.cli.terminal import Terminal
from scimconf.cli.windows import Window
from scimconf.monitoring.application_status import ApplicationStatus, redacted_status
from scimconf.spec.loaded import Loaded
from scimconf.workflow.pauses import PauseReader
from scimconf.workflow.status import StatusOptions, all_statuses, statuses, watch
from scimconf.workflow.targets import ApplicationTarget, application_target, spec_targets

PORTAL = (
    "https://portal.azure.com/#view/Microsoft_AAD_IAM/ManagedAppMenuBlade/~/ProvisioningManagement"
    "/appId/{app}/objectId/{principal}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusCommand:
    """Which applications are shown, how, and which of their states fail the command."""

    app: str | None = None
    all_applications: bool = False
    since: timedelta = timedelta(days=1)
    output_format: str = "text"
    fail_on: tuple[str, ...] = ()
    redact: bool = False
    watch_first_cycle: bool = False
    interval: int = 15
    comment_marker: str | None = None
    history: str = ""


@click.command("status", short_help="Show whether provisioning runs, and what it did.")
@options.specs_and_tenant
@click.option("--app", metavar="NAME|ID", help="The application with this name or id, without a spec.")
@click.option("--all", "all_applications", is_flag=True, help="All applications of the tenant that have a job.")
@click.option(
    "--since", type=Window(), default="24h", show_default=True, metavar="TIME", help="How far back the log is read."
)
@options.output_format("text", "json", "markdown", "html")
@history_option.history
@click.option(
    "--fail-on",
    type=click.Choice(["failures", "tokens", "owners"]),
    multiple=True,
    help="Exit with 2 if users or groups fail, a token expires within 30 days, or an owner or the recipient of emails is gone (repeatable).",
)
@click.option("--redact", is_flag=True, help="Name users by the start of their object ids, and omit responses.")
@click.option(
    "--watch", "watch_first_cycle", is_flag=True, help="Show each change until the first cycle is over (text only)."
)
@click.option(
    "--interval",
    type=click.IntRange(1, 3600),
    default=15,
    show_default=True,
    metavar="SECONDS",
    help="Seconds between two reads of --watch.",
)
@click.option("--comment-marker", metavar="TEXT", help="Start the Markdown with a hidden marker, to find it again.")
@options.events
def command(**params: Any) -> int:
    """Show for each application whether provisioning is on, its cycles, failures, quarantine and expiring tokens.

    Exit code 6 if a job is in quarantine. Writes nothing.

    \b
        scimconf status apps/
        scimconf status --app Writer --since 7d
        scimconf status --all --format json
    """
    common = options.from_click(options.CommonOptions, params)
    chosen = options.from_click(StatusCommand, params)
    if sum([bool(common.paths), chosen.app is not None, chosen.all_applications]) > 1:
        raise click.UsageError("Pass spec files, --app, or --all.")
    if chosen.watch_first_cycle and (chosen.all_applications or chosen.output_format != "text"):
        raise click.UsageError("--watch is for text, and for the applications of specs or --app.")
    if chosen.all_applications or chosen.app is not None:
        pauses = history_option.pauses(chosen.history, common)
        if chosen.app is None:
            return run(common, "reading", lambda session: _print_all(session, chosen, pauses))
        target = application_target(chosen.app)
        return run(common, "reading", lambda session: print_statuses(session, [target], chosen, pauses))
    groups = by_tenant(current_specs(options.load_specs(common)), common)
    require_single(groups, f"--format {chosen.output_format}" if chosen.output_format != "text" else "")

    def run_group(group: TenantSpecs) -> ExitCode:
        paths = {loaded.spec.name: loaded.paths[0] for loaded in group.specs if loaded.spec is not None}
        pauses = history_option.pauses(chosen.history, group.common, paths, group.environ)

        async def work(session: Session, specs: Sequence[Loaded]) -> ExitCode:
            errors = print_spec_errors(session, specs)
            return combine([errors, await print_statuses(session, spec_targets(specs), chosen, pauses)])

        return group.run(work)

    return run_each(groups, run_group)


async def _print_all(session: Session, chosen: StatusCommand, pauses: PauseReader) -> ExitCode:
    tenant = await _tenant(session)
    results = await all_statuses(session.client.graph, _options(session, chosen, pauses))
    with session.progress.paused():
        _print(results, tenant, chosen)
    return _exit_code(results, chosen)


async def print_statuses(
    session: Session, targets: Sequence[ApplicationTarget], chosen: StatusCommand, pauses: PauseReader | None = None
) -> ExitCode:
    """Print the statuses, with `watch_first_cycle` each change until the first cycle is over; return the exit code."""
    graph, settings = session.client.graph, _options(session, chosen, pauses)
    tenant = await _tenant(session)
    if not chosen.watch_first_cycle:
        results = await statuses(graph, targets, settings)
        with session.progress.paused():
            _print(results, tenant, chosen)
        return _exit_code(results, chosen)
    async for results in watch(graph, targets, settings, _sleep(), chosen.interval):
        with session.progress.paused():
            _print(results, tenant, chosen)
    from scimconf.render.status.words import watch_end

    with session.progress.paused():
        print_lines(watch_end(results), err=True)
    return _exit_code(results, chosen)


async def _tenant(session: Session) -> str:
    from scimconf.workflow.export import tenant_name

    return await tenant_name(session.tenant_session())


def _sleep() -> Callable[[float], Awaitable[object]]:
    import asyncio

    return asyncio.sleep


def _options(session: Session, chosen: StatusCommand, pauses: PauseReader | None) -> StatusOptions:
    is_public = session.client.graph.base.startswith("https://graph.microsoft.com/")
    return StatusOptions(window=chosen.since, now=datetime.now(UTC), portal=PORTAL if is_public else "", pauses=pauses)


def _print(results: Sequence[ApplicationStatus], tenant: str, chosen: StatusCommand) -> None:
    results = [redacted_status(status) for status in results] if chosen.redact else results
    if chosen.output_format == "json":
        from scimconf.render.status.json import statuses as as_json

        text = as_json(results, tenant=tenant)
    elif chosen.output_format == "markdown":
        from scimconf.render.status.markdown import statuses as as_markdown

        text = as_markdown(results, tenant=tenant, marker=chosen.comment_marker)
    elif chosen.output_format == "html":
        from scimconf.render.status.html import statuses as as_html

        text = as_html(results, tenant=tenant)
    else:
        from scimconf.render.status.text import statuses as as_text

        terminal = Terminal.of_stdout()
        text = as_text(results, tenant=tenant, width=terminal.width, color=terminal.color)
    click.echo(text, nl=False)


def _exit_code(results: Sequence[ApplicationStatus], chosen: StatusCommand) -> ExitCode:
    codes = {ExitCode.OK}
    if any(status.is_failed for status in results):
        codes.add(ExitCode.FAILED)
    if any(status.is_quarantined for status in results):
        codes.add(ExitCode.QUARANTINE)
    if "failures" in chosen.fail_on and any(status.has_failures for status in results):
        codes.add(ExitCode.CHANGES)
    if "tokens" in chosen.fail_on and any(list(status.token_warnings()) for status in results):
        codes.add(ExitCode.CHANGES)
    if "owners" in chosen.fail_on and any(status.has_absent_contacts for status in results):
        codes.add(ExitCode.CHANGES)
    return combine(codes)
