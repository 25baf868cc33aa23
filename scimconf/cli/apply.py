"""`scimconf apply`: show the plan, ask, apply it, and report what was done."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import click

from scimconf.cli import options, output, streams
from scimconf.cli.exit_codes import ExitCode, combine, of_status
from scimconf.cli.plan import run_plans
from scimconf.cli.session import Session, interruptible_prompt, run
from scimconf.cli.terminal import Terminal, can_ask
from scimconf.diagnostics import StaleError
from scimconf.files import check_folder_writable
from scimconf.plan import StepOutcome
from scimconf.plan.file import SavedPlan
from scimconf.plan.guards import ASKED
from scimconf.plan.redact import redact_outcome, redact_report
from scimconf.render import text
from scimconf.workflow import PlannedApplication, apply
from scimconf.workflow.apply import MISSING_ERROR, guards_that_need_allow, missing_secrets, save_documents
from scimconf.workflow.compilation import PlanOptions
from scimconf.workflow.plan_all import PlanResults, relative_path
from scimconf.workflow.saved_plan import is_saved_plan, read_saved_plan, spec_paths

ABANDONED_GUARD = "resources-abandoned"
"""Only a plan with `--previous` triggers this guard, so apply uses the guards of the saved plan."""

Redact = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyOptions:
    """The options of one apply; `saved` is the plan to apply, None if the paths are specs."""

    common: options.CommonOptions
    planning: PlanOptions
    redact: bool
    full: bool
    auto_approve: bool
    backup: str
    saved: SavedPlan | None = None

    def recorded(self) -> dict[str, Any]:
        return options.recorded_options(self.common, self.planning, redact=self.redact)


@click.command("apply", short_help="Apply the spec. Shows the plan and asks first.")
@options.planning
@click.option(
    "--auto-approve",
    is_flag=True,
    help="Do not ask. Also allows the guards application-created and initial-start, no others.",
)
@options.full
@click.option("--expect-digest", metavar="DIGEST", help="Apply a saved plan only if it has this digest.")
@click.option(
    "--backup",
    type=click.Path(file_okay=False),
    default=".scimconf/backup",
    show_default=True,
    help="Folder for a backup of the job, schema, settings and assignments before the first write.",
)
@options.events
def command(paths: tuple[str, ...], **params: Any) -> int:
    """Apply the spec. Shows the plan and asks first.

    PATHS are spec files, or folders with scimconf.yaml and *.scimconf.yaml (default: the current folder). Safe to
    re-run: it plans again and does what remains.

    A single PATH can be a saved plan. It is applied exactly as reviewed, or refused if the spec or the tenant has
    changed since.

    \b
        scimconf apply examples/writer
        scimconf apply --auto-approve --allow scope-widened examples/writer
        scimconf apply plan.json
    """
    applying = _apply_options({**params, "paths": paths})
    specs = options.load_specs(applying.common)
    check_folder_writable(applying.backup)

    async def work(session: Session) -> ExitCode:
        results = await run_plans(session, specs, applying.planning, {}, is_reviewed=applying.saved is not None)
        plan = results.combined_plan(applying.recorded())
        with session.progress.paused():
            output.emit_plan_events(session, plan, redact=applying.redact)
            if not _print_plan(results, applying):
                return ExitCode.FAILED
            heading = "No changes were made. The saved plan is out of date:"
            if applying.saved is not None and output.print_changes_since(applying.saved, plan, heading):
                return ExitCode.STALE
        codes = await _apply_all(session, results, applying)
        return combine([output.plan_exit_code(results, detailed=False), *codes])

    return run(applying.common, "reading", work)


def _apply_options(params: dict[str, Any]) -> ApplyOptions:
    """Return the options of the command line, or those that a saved plan recorded."""
    paths, digest = params["paths"], params["expect_digest"]
    saved = read_saved_plan(paths[0]) if len(paths) == 1 and is_saved_plan(paths[0]) else None
    if saved is not None:
        params = _recorded_params(saved, params)
    elif digest:
        raise click.UsageError("--expect-digest needs a saved plan")
    return ApplyOptions(
        common=options.from_click(options.CommonOptions, params),
        planning=options.plan_options(params),
        redact=params.get("redact", False),
        full=params["full"],
        auto_approve=params["auto_approve"],
        backup=params["backup"],
        saved=saved,
    )


def _recorded_params(saved: SavedPlan, params: dict[str, Any]) -> dict[str, Any]:
    for name in ("only", "exclude", "allow", "var", "var_file", "allow_path", "resend_secrets", "ignore"):
        if params[name]:
            flag = f"--{name.replace('_', '-')}"
            raise click.UsageError(f"{flag} cannot be used with a saved plan; run plan again with it")
    expected = params["expect_digest"]
    if expected and expected != saved.digest:
        raise StaleError(f"This is not the reviewed plan: its digest is {saved.digest}, not {expected}")
    return {**params, **saved.options, "paths": spec_paths(saved)}


def _print_plan(results: PlanResults, applying: ApplyOptions, *, wrote: bool = False) -> bool:
    """Print the plan; return False if it cannot be printed and must be approved by a person."""
    if applying.auto_approve:
        results = replace(results, planned=[_first_run_allowed(planned) for planned in results.planned])
    try:
        output.print_plan(
            results, applying.recorded(), options.OutputOptions(redact=applying.redact, full=applying.full)
        )
    except OSError as error:
        if not applying.auto_approve:
            outcome = "No more changes are made" if wrote else "No changes were made"
            streams.print_to_stderr(f"{outcome}, because the plan cannot be printed: {error.strerror}.")
            return False
    return True


def _first_run_allowed(planned: PlannedApplication) -> PlannedApplication:
    """Return the plan as `--auto-approve` applies it, for printing."""
    guards = tuple(
        replace(guard, allowed_by="--auto-approve") if guard.id in ASKED and not guard.is_allowed else guard
        for guard in planned.plan.guards
    )
    return replace(planned, plan=replace(planned.plan, guards=guards))


async def _apply_all(session: Session, results: PlanResults, applying: ApplyOptions) -> list[ExitCode]:
    """Apply one application after another, also if one fails; return the exit code of each."""
    changed = [planned for planned in results.planned if planned.plan.changes]
    for planned in changed:
        _print_blocked(planned)
    abandoning = _abandoning_applications(applying.saved)
    allowed = [planned for planned in changed if not guards_that_need_allow(planned) and planned.name not in abandoning]
    complete = [planned for planned in allowed if _has_listed_principals(planned)]
    ready = [planned for planned in complete if _has_secrets(session, planned)]
    codes = [ExitCode.BLOCKED] * (len(changed) - len(allowed)) + [ExitCode.INVALID] * (len(allowed) - len(complete))
    codes += [ExitCode.FAILED] * (len(complete) - len(ready))
    if not ready:
        return codes
    with session.progress.paused():
        if not _approve(ready, auto_approve=applying.auto_approve):
            return [*codes, ExitCode.FAILED]
    redact = output.redactor(results.combined_plan(), redact=applying.redact)
    ends = {planned.name: await _apply_one(session, planned, applying, redact) for planned in ready}
    with session.progress.paused():
        _print_failed(results, ends)
    return [*codes, *ends.values()]


def _print_failed(results: PlanResults, ends: Mapping[str, ExitCode]) -> None:
    """Print which of several applications were not applied completely, since the last report may be of one that was."""
    matching = {planned.name for planned in results.planned if not planned.plan.changes}
    names = {planned.name for planned in results.planned} | {failure.name for failure in results.failures}
    failed = sorted(name for name in names - matching if ends.get(name) is not ExitCode.OK)
    if failed and len(names) > 1:
        total = f"{len(failed)} of {len(names)} applications"
        output.print_lines(f"{total} not applied or not completely: {', '.join(failed)}.", err=True)


def _print_blocked(planned: PlannedApplication) -> None:
    guards = sorted({guard.id for guard in guards_that_need_allow(planned)})
    if guards:
        blocked_by = f"{'guards' if len(guards) > 1 else 'guard'} {', '.join(guards)}"
        output.print_lines(f"{planned.name}: no changes were made: blocked by {blocked_by}.", err=True)


def _has_listed_principals(planned: PlannedApplication) -> bool:
    """Return whether no missing user or group prevents the apply; else print it."""
    if planned.missing_errors:
        output.print_lines(f"{planned.name}: no changes were made. {MISSING_ERROR}", err=True)
    return not planned.missing_errors


def _abandoning_applications(saved: SavedPlan | None) -> frozenset[str]:
    """Return the applications that the abandoned resources in the saved plan block, and print why."""
    plans = saved.plan.applications if saved is not None else ()
    names = [plan.name for plan in plans if any(guard.id == ABANDONED_GUARD for guard in plan.blocking_guards)]
    for name in names:
        output.print_lines(f"{name}: no changes were made: {ABANDONED_GUARD} blocks the saved plan.", err=True)
    return frozenset(names)


def _has_secrets(session: Session, planned: PlannedApplication) -> bool:
    """Return whether the variables and files of all secrets exist; print those that do not."""
    errors = list(missing_secrets(planned, session.client.secrets))
    with session.progress.paused():
        for error in errors:
            output.print_error(planned.name, error)
        if errors:
            output.print_lines(f"{planned.name}: no changes were made.", err=True)
    return not errors


def _approve(planned: Sequence[PlannedApplication], *, auto_approve: bool, wrote: bool = False) -> bool:
    """Return whether the plans are approved; `wrote` says that an earlier plan of this apply was executed."""
    if auto_approve:
        return True
    if not can_ask():
        click.echo("Not a terminal, cannot ask. Use --auto-approve.", err=True)
        return False
    names = ", ".join(application.name for application in planned)
    guards = sorted({guard.id for application in planned for guard in application.blocking_guards})
    return _ask(
        f"Apply these changes to {names}?", guards, "No more changes are made." if wrote else "No changes were made."
    )


def _ask(question: str, guards: Iterable[str], if_declined: str) -> bool:
    click.echo(question, err=True)
    if guards:
        click.echo(f"Answering yes also allows: {', '.join(guards)}.", err=True)
    with interruptible_prompt():
        answer = click.prompt("Type 'yes' to apply", default="", show_default=False, err=True)
    if answer == "yes":
        return True
    hint = "Answer 'yes' in full. " if "yes".startswith(answer.strip().lower()) and answer.strip() else ""
    click.echo(f"{hint}{if_declined}", err=True)
    return False


async def _apply_one(session: Session, planned: PlannedApplication, applying: ApplyOptions, redact: Redact) -> ExitCode:
    session.progress.begin(planned.name)
    secrets, terminal = session.client.secrets, Terminal.of_stdout()
    with session.graceful_stop():
        hooks = _TerminalHooks(session, planned.name, applying, redact)
        report = await apply(session.tenant_session(), planned, applying.planning, secrets, hooks)
    report = redact_report(replace(report, command=_command(planned, applying)), redact)
    session.events.applied(report, hooks.logged)
    with session.progress.paused():
        rendered = text.report([report], width=terminal.width, color=terminal.color)
        try:
            click.echo(rendered, nl=False)
        except OSError:  # the report must not be lost
            streams.print_to_stderr(rendered.rstrip("\n"))
        output.print_diagnostics(report.diagnostics)
    return of_status(report.status)


def _command(planned: PlannedApplication, applying: ApplyOptions) -> str:
    """Return the command that plans the same application with the same options again, and applies it."""
    settings = {"auth": applying.common.auth, "cloud": applying.common.cloud, **applying.recorded()}
    words = ["scimconf", "apply"]
    for name, value in settings.items():
        values = value if isinstance(value, list) else [value] if value else []
        for each in values:
            words += [f"--{name.replace('_', '-')}", *([] if each is True else [each])]
    return shlex.join([*words, relative_path(planned.loaded.paths[0])])


@dataclass(frozen=True, slots=True)
class _TerminalHooks:
    """The hooks of an apply that a person runs; `logged` are the outcomes whose events were written."""

    session: Session
    name: str
    applying: ApplyOptions
    redact: Redact
    logged: set[StepOutcome] = field(default_factory=set)

    def approve(self, planned: PlannedApplication) -> bool:
        with self.session.progress.paused():
            try:
                is_printed = _print_plan(PlanResults([planned]), self.applying, wrote=True)
                return is_printed and _approve([planned], auto_approve=self.applying.auto_approve, wrote=True)
            except click.Abort:
                return False

    def backup(self, planned: PlannedApplication) -> str:
        return save_documents(self.applying.backup, planned, datetime.now(tz=UTC))

    def progress(self, message: str, done: int, total: int) -> None:
        self.session.progress.step(self.redact(message), done, total)

    def finished(self, outcome: StepOutcome) -> None:
        masked = redact_outcome(outcome, self.session.client.secrets.scrub)
        outcome = redact_outcome(masked, self.redact)
        self.logged.add(outcome)
        self.session.events.outcome(self.name, outcome)

    def interrupted(self) -> bool:
        return self.session.interrupted()
