"""What the commands about a job have in common: their options, the question, the report, and the exit code."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click

from scimconf.cli import confirmation, history_option, options
from scimconf.cli.exit_codes import ExitCode, combine
from scimconf.cli.locking import pipeline_run
from scimconf.cli.output import print_error, print_lines, print_spec_errors
from scimconf.cli.session import Session, interruptible_prompt, run
from scimconf.cli.tenants import TenantSpecs, by_tenant, run_each
from scimconf.cli.terminal import Terminal, can_ask
from scimconf.diagnostics import LockedError, ScimconfError, StaleError
from scimconf.monitoring.causes import with_application
from scimconf.monitoring.history import ci_context
from scimconf.monitoring.job_commands import JobCommand, RestartScope, command_guards, is_done, retired_problem
from scimconf.spec.loaded import Loaded
from scimconf.workflow.history import HistoryStore
from scimconf.workflow.history_entry import OpenHistory
from scimconf.workflow.job_commands import CommandOptions, PreparedJob, prepare, read_staged, run_command
from scimconf.workflow.job_control import NotStartedError, UncertainError
from scimconf.workflow.pauses import PauseReader
from scimconf.workflow.targets import ApplicationTarget, application_target, spec_targets

PAST: dict[JobCommand, str] = {
    JobCommand.PAUSE: "paused",
    JobCommand.RESUME: "started",
    JobCommand.RESTART: "restarted",
    JobCommand.ALLOW_DELETIONS: "the deletions are allowed",
}

shared = options.together(
    options.specs_and_tenant,
    click.option("--app", metavar="NAME|ID", help="The application with this name or id, without a spec."),
    confirmation.option(),
    click.option("--reason", default="", metavar="TEXT", help="Why: recorded in the history."),
    history_option.history,
    click.option("--no-history", is_flag=True, help="Keep no history entry."),
    click.option("--ignore-lock", is_flag=True, help="Write although another run has the lock of the application."),
    options.events,
)
"""The options of all commands about a job."""


def allow(*guards: str) -> Callable[[Any], Any]:
    """Return the option that allows guards of a command."""
    return click.option(
        "--allow",
        type=click.Choice(guards),
        multiple=True,
        help="Allow this guard, which would block the command (repeatable).",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """One command: what it does, what is allowed, and how it is answered. `expect` is the number of deletions, if passed.

    `history` is the option, None for no history.
    """

    command: JobCommand
    scopes: tuple[RestartScope, ...] = ()
    allow: tuple[str, ...] = ()
    yes: bool = False
    expect: int | None = None
    redact: bool = False
    full: bool = False
    history: str | None = None


def run_job_command(request: JobRequest, app: str | None, params: dict[str, Any]) -> int:
    """Run a command for the applications of specs, or for the one with a name or id; return the exit code."""
    common = options.from_click(options.CommonOptions, params)
    if common.paths and app is not None:
        raise click.UsageError("Pass spec files or --app.")
    settings = CommandOptions(
        clock=lambda: datetime.now(UTC),
        lock_holder=pipeline_run(os.environ),
        ignore_lock=params["ignore_lock"],
        run=ci_context(os.environ, params["reason"]),
    )
    request = replace(request, history=None if params["no_history"] else params["history"])
    if app is not None:
        target = application_target(app)
        stores = _checked_stores(request, common, {target.name: history_option.WORKING_FOLDER})
        return run(common, "reading", lambda session: _run(session, [target], request, settings, stores))
    _require_files(common.paths)
    groups = by_tenant(options.load_specs(common), common, is_apply=True)

    def run_group(group: TenantSpecs) -> ExitCode:
        paths = {loaded.spec.name: loaded.paths[0] for loaded in group.specs if loaded.spec is not None}
        stores = _checked_stores(request, group.common, paths, group.environ)
        return group.run(lambda session, specs: work(session, specs, stores))

    async def work(session: Session, specs: Sequence[Loaded], stores: Mapping[str, HistoryStore]) -> ExitCode:
        errors = print_spec_errors(session, specs)
        code = await _run(session, spec_targets(specs), request, settings, stores)
        return combine([code, errors])

    return run_each(groups, run_group)


def _checked_stores(
    request: JobRequest,
    common: options.CommonOptions,
    paths: Mapping[str, str],
    sign_in: Mapping[str, str] = MappingProxyType({}),
) -> Mapping[str, HistoryStore]:
    """Return the history of each application by name, none without history; raise ScimconfError if one cannot be written."""
    if request.history is None:
        return {}
    opened = history_option.stores(request.history, common, sign_in)
    stores = {name: opened(path) for name, path in paths.items()}
    for store in {store.place(): store for store in stores.values()}.values():
        store.check()
    return stores


def _require_files(paths: Sequence[str]) -> None:
    """Raise click.UsageError unless paths are named: a job is not controlled because of the working folder."""
    if not paths:
        raise click.UsageError("Name the applications: spec files or folders, or --app NAME.")
    for path in paths:
        if not Path(path).exists() and "/" not in path and not path.endswith((".yaml", ".yml")):
            raise click.UsageError(f"{path} is neither a spec nor a folder. An application is named with --app {path}.")


async def _run(
    session: Session,
    targets: Sequence[ApplicationTarget],
    request: JobRequest,
    settings: CommandOptions,
    stores: Mapping[str, HistoryStore],
) -> ExitCode:
    """Show what is to be done, ask, and do it; `stores` are the histories by name of the spec, or of the application."""
    if request.command is JobCommand.ALLOW_DELETIONS and len(targets) != 1:
        raise click.UsageError("Deletions are allowed for one application at a time: name its spec, or pass --app.")
    settings = replace(settings, pauses=PauseReader(lambda spec: stores.get(spec or targets[0].name)))
    codes: list[ExitCode] = []
    ready: list[PreparedJob] = []
    for target in targets:
        prepared, code = await _prepared(session, target, request, settings)
        codes.append(code)
        ready += [prepared] if prepared is not None else []
    with session.progress.paused():
        if not ready:
            return combine(codes)
        approval = _approval(request, ready)
        if approval is not ExitCode.OK:
            return combine([*codes, approval])
    settings = replace(settings, run=replace(settings.run, identity=await session.identity()))
    for prepared in ready:
        history = OpenHistory(stores.get(prepared.target.name), settings.run, settings.clock)
        code = await _execute(session, prepared, request, replace(settings, history=history))
        codes.append(_completed(session, code, history))
    return combine(codes)


def _completed(session: Session, code: ExitCode, history: OpenHistory) -> ExitCode:
    """Print what is wrong if the history entry is not complete; return the exit code."""
    if not history.failure:
        return code
    with session.progress.paused():
        print_lines(*history.failure, err=True)
    return ExitCode.PARTIALLY_APPLIED if code is ExitCode.OK else code


async def _prepared(
    session: Session, target: ApplicationTarget, request: JobRequest, settings: CommandOptions
) -> tuple[PreparedJob | None, ExitCode]:
    """Return the job if there is something to do, and the exit code otherwise; print why not, or what will be done."""
    try:
        if problem := retired_problem(request.command, target.retired):
            raise ScimconfError(problem, "To use it again, remove `retired` from the spec, and apply.")
        tenant = session.tenant_session()
        prepared = await prepare(tenant, target, settings)
        finished = is_done(request.command, prepared.facts.status)
        if not finished and request.command is JobCommand.ALLOW_DELETIONS:
            prepared = await read_staged(tenant, prepared)
    except ScimconfError as error:
        return None, _print_failure(session, target, error)
    with session.progress.paused():
        if finished:
            return None, _print_finished(prepared, finished)
        _print_question(request, prepared)
        return (None, ExitCode.BLOCKED) if _print_blocked(request, prepared) else (prepared, ExitCode.OK)


def _print_finished(prepared: PreparedJob, reason: str) -> ExitCode:
    print_lines(f"{prepared.target.name}: {reason}. Nothing was written.")
    status = prepared.facts.status
    if not status.is_on or not status.is_quarantined or status.deletions_allowed is not None:
        return ExitCode.OK
    print_lines(f"  To end the quarantine: scimconf restart {prepared.target.selector}")
    return ExitCode.QUARANTINE


def _print_question(request: JobRequest, prepared: PreparedJob) -> None:
    from scimconf.render import job_commands as rendering

    terminal, facts = Terminal.of_stderr(), prepared.facts
    if request.command is JobCommand.ALLOW_DELETIONS:
        staged = rendering.redacted(prepared.staged) if request.redact else prepared.staged
        text = rendering.deletions(facts, staged, full=request.full, width=terminal.width, color=terminal.color)
    else:
        text = rendering.question(request.command, facts, request.scopes, width=terminal.width, color=terminal.color)
    click.echo(text, nl=False, err=True)


def _print_blocked(request: JobRequest, prepared: PreparedJob) -> bool:
    """Return whether a guard blocks the command, and print those that do."""
    from scimconf.render import job_commands as rendering

    blocking = [
        (guard, message)
        for guard, message in command_guards(request.command, prepared.facts, request.scopes)
        if guard not in request.allow
    ]
    terminal = Terminal.of_stderr()
    text = rendering.guards(prepared.target.name, blocking, width=terminal.width, color=terminal.color)
    click.echo(text, nl=False, err=True)
    return bool(blocking)


def _approval(request: JobRequest, ready: Sequence[PreparedJob]) -> ExitCode:
    """Ask, and return OK if the commands are approved."""
    if request.command is JobCommand.ALLOW_DELETIONS:
        return _number_approval(request, len(ready[0].staged))
    names = ", ".join(prepared.target.name for prepared in ready)
    is_approved = confirmation.is_confirmed(f"{request.command.value.capitalize()} {names}?", yes=request.yes)
    if not is_approved:
        print_lines("Nothing was written.", err=True)
    return ExitCode.OK if is_approved else ExitCode.FAILED


def _number_approval(request: JobRequest, number: int) -> ExitCode:
    """Return OK if the number of deletions was passed, or is typed at the prompt, and STALE if another one was passed."""
    if request.expect is not None and request.expect != number:
        print_lines(f"Nothing was allowed: {number} are held back, and --expect is {request.expect}.", err=True)
        return ExitCode.STALE
    if request.yes and request.expect is not None:
        return ExitCode.OK
    if request.yes or not can_ask():
        reason = "--yes does not say how many" if request.yes else "this is not a terminal, so it cannot be asked"
        print_lines(f"Nothing was allowed: {reason}. Pass --yes --expect N, where N is their number.", err=True)
        return ExitCode.FAILED
    with interruptible_prompt():
        answer = click.prompt("Type the number of deletions to allow them", default="", show_default=False, err=True)
    if answer.strip() == str(number):
        return ExitCode.OK
    print_lines("Nothing was allowed: this is not the number of deletions.", err=True)
    return ExitCode.FAILED


async def _execute(session: Session, prepared: PreparedJob, request: JobRequest, settings: CommandOptions) -> ExitCode:
    from scimconf.render import job_commands as rendering

    name, terminal = prepared.target.name, Terminal.of_stdout()
    try:
        result = await run_command(session.tenant_session(), request.command, prepared, settings, request.scopes)
    except ScimconfError as error:
        return _print_failure(session, prepared.target, error, request)
    session.events.write("job", application=name, command=request.command.value, result="done", error="")
    selector = prepared.target.selector
    if not result.wrote:
        text = "it is so already; nothing was written."
    else:
        late = "" if result.is_visible else " Graph has accepted it and does not show it yet."
        follow = "" if request.command is JobCommand.PAUSE else f" Follow it with: scimconf status {selector}"
        text = f"{PAST[request.command]}.{late}{follow}"
    with session.progress.paused():
        click.echo(
            rendering.done(request.command, prepared.facts, text, width=terminal.width, color=terminal.color), nl=False
        )
    return ExitCode.OK


def _print_failure(
    session: Session, target: ApplicationTarget, error: ScimconfError, request: JobRequest | None = None
) -> ExitCode:
    """Print an error, whose commands name the application, log it if a command was run, and return its exit code."""
    error.hint = with_application(error.hint, target.selector)
    if request is not None:
        result = "uncertain" if isinstance(error, UncertainError) else "failed"
        session.events.write(
            "job", application=target.name, command=request.command.value, result=result, error=str(error)
        )
    with session.progress.paused():
        print_error(target.name, error)
    if isinstance(error, StaleError | LockedError):
        return ExitCode.STALE
    return ExitCode.PARTIALLY_APPLIED if isinstance(error, UncertainError | NotStartedError) else ExitCode.FAILED
