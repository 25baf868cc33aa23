"""`scimconf apply`: show the plan, ask, apply it, and report what was done."""

from __future__ import annotations

import os
import platform
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from scimconf.cli import canary, confirmation, history_option, locking, options, output, streams
from scimconf.cli.confirmation import can_answer
from scimconf.cli.exit_codes import ExitCode, combine, of_status
from scimconf.cli.exit_report import ExitReportLog, check_suffix, exit_report
from scimconf.cli.plan import run_plans
from scimconf.cli.session import Session, interruptible_prompt
from scimconf.cli.status import StatusCommand, print_statuses
from scimconf.cli.tenants import TenantSpecs, by_tenant, run_each
from scimconf.cli.terminal import Terminal
from scimconf.cli.waves import apply_in_waves, report_stopped
from scimconf.diagnostics import SecretError, StaleError
from scimconf.monitoring.history import RunContext, ci_context
from scimconf.plan import ApplyStatus, Guard, Plan, Report, StepOutcome
from scimconf.plan.file import SavedPlan
from scimconf.plan.guards import ASKED
from scimconf.plan.redact import redact_outcome, redact_report
from scimconf.render import text
from scimconf.spec.loaded import Loaded
from scimconf.workflow.apply import (
    MISSING_ERROR,
    apply,
    guards_that_need_allow,
    missing_secrets,
    shared_secret_files,
)
from scimconf.workflow.canary import apply_canary
from scimconf.workflow.canary_checks import Canary
from scimconf.workflow.compilation import PlanOptions
from scimconf.workflow.fleet import FleetLimits
from scimconf.workflow.history_entry import OpenHistory
from scimconf.workflow.plan import PlannedApplication
from scimconf.workflow.plan_all import PlanResults, relative_path
from scimconf.workflow.saved_plan import is_saved_plan, read_saved_plan, spec_paths
from scimconf.workflow.targets import spec_targets

if TYPE_CHECKING:
    from scimconf.graph.reading import TenantSession
    from scimconf.graph.shared_reads import SharedReads

LACKING = "K006 apply needs permissions that the identity lacks:"
ABANDONED_GUARD = "resources-abandoned"
"""Only a plan with `--previous` triggers this guard, so apply uses the guards of the saved plan."""

Redact = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyOptions:
    """The options of one apply; `saved` is the plan to apply, None if the paths are specs. `report` is that of `--report`.

    `canary` are the users of `--canary`, `tried` what is known about them, None until they are checked.
    """

    common: options.CommonOptions
    planning: PlanOptions
    redact: bool
    full: bool
    auto_approve: bool
    history: str | None
    run: RunContext
    lock: locking.LockSettings
    report: ExitReportLog
    limits: FleetLimits
    watch: bool = False
    wave: int | None = None
    canary: tuple[str, ...] = ()
    tried: Canary | None = None
    saved: SavedPlan | None = None
    stores: history_option.Stores | None = None

    def recorded(self) -> dict[str, Any]:
        return options.recorded_options(self.common, self.planning, redact=self.redact)


@click.command("apply", short_help="Apply the spec. Shows the plan and asks first.")
@options.planning
@options.no_start
@canary.option
@confirmation.option(
    "auto_approve", "Do not ask. Also allows the guards application-created and initial-start, no others."
)
@options.full
@click.option("--expect-digest", metavar="DIGEST", help="Apply a saved plan only if it has this digest.")
@history_option.history
@click.option("--no-history", is_flag=True, help="Write no history entry. A rollback of this apply is then impossible.")
@click.option(
    "--watch", is_flag=True, help="After the apply, print each change of the status until the first cycle is over."
)
@click.option("--reason", default="", metavar="TEXT", help="Why: recorded in the history.")
@locking.options
@click.option(
    "--no-permission-check",
    "check_permissions",
    flag_value=False,
    default=True,
    help="Apply although the access token lacks permissions: the identity has a role in Entra, or is an owner.",
)
@click.option(
    "--max-applications",
    type=click.IntRange(0),
    metavar="N",
    help="Make no changes if more than N applications change.",
)
@click.option(
    "--max-users",
    type=click.IntRange(0),
    metavar="N",
    help="Make no changes if more than N users may be created or disabled, or if they cannot be counted.",
)
@click.option(
    "--wave",
    type=click.IntRange(1),
    metavar="N",
    help="After every N applications, stop if the job of one of them is in quarantine.",
)
@click.option(
    "--report",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    callback=check_suffix,
    help="Write a Markdown report to FILE, also if apply fails or is interrupted.",
)
@options.events
def command(paths: tuple[str, ...], report: str | None, **params: Any) -> int:
    """Apply the spec. Shows the plan and asks first.

    PATHS are spec files, or folders with scimconf.yaml and *.scimconf.yaml (default: the current folder). Safe to
    re-run: it plans again and does what remains.

    A single PATH can be a saved plan. It is applied exactly as reviewed, or refused if the spec or the tenant has
    changed since.

    \b
        scimconf apply examples/writer
        scimconf apply --yes --allow scope-widened examples/writer
        scimconf apply plan.json
    """
    with exit_report(report) as log:
        code = _run_apply(_apply_options({**params, "paths": paths}, log))
        log.end(code)
    return code


def _run_apply(applying: ApplyOptions) -> ExitCode:
    applying.report.redact = output.redactor(Plan(), redact=applying.redact)
    specs = options.load_specs(applying.common)
    if applying.canary:
        canary.check_specs(specs)
    groups = by_tenant(specs, applying.common, is_apply=True)

    def run_group(group: TenantSpecs) -> ExitCode:
        with applying.report.errors():
            return _apply_tenant(group, replace(applying, common=group.common, stores=_checked_stores(group, applying)))

    return run_each(groups, run_group)


def _checked_stores(group: TenantSpecs, applying: ApplyOptions) -> history_option.Stores | None:
    """Return how the histories of specs are opened, None without history; raise ScimconfError if one cannot be written."""
    if applying.history is None:
        return None
    stores = history_option.stores(applying.history, group.common, group.environ)
    checked: set[str] = set()
    for loaded in group.specs:
        if not loaded.paths:
            continue  # the file cannot be read, which is reported later
        store = stores(loaded.paths[0])
        if store.place() not in checked:
            store.check()
            checked.add(store.place())
    return stores


def _apply_tenant(group: TenantSpecs, applying: ApplyOptions) -> ExitCode:
    async def work(session: Session, specs: Sequence[Loaded]) -> ExitCode:
        reads, is_reviewed = session.client.shared_reads(), applying.saved is not None
        results = await run_plans(session, specs, applying.planning, {}, reads, is_reviewed=is_reviewed)
        plan = results.combined_plan(applying.recorded())
        _begin_report(applying, session, results)
        with session.progress.paused():
            output.emit_plan_events(session, plan, redact=applying.redact)
            if not _print_plan(results, applying):
                return ExitCode.FAILED
            if applying.saved is not None and _is_stale(applying.saved, plan, applying.report):
                return ExitCode.STALE
        problem = applying.limits.problem(plan.applications)
        if problem:
            with session.progress.paused():
                output.print_lines(f"No changes were made: {problem}.", err=True)
            applying.report.explain(f"No changes were made: {problem}.")
            return ExitCode.BLOCKED
        codes = await _apply_all(session, results, applying, reads.without_missing())
        code = combine([output.plan_exit_code(results, detailed=False), *codes])
        if applying.watch and code is ExitCode.OK:
            return await print_statuses(session, spec_targets(specs), StatusCommand(watch_first_cycle=True))
        return code

    return group.run(work)


def _begin_report(applying: ApplyOptions, session: Session, results: PlanResults) -> None:
    plan = results.combined_plan()
    applying.report.mask_text = session.client.secrets.mask_text
    applying.report.redact = output.redactor(plan, redact=applying.redact)
    applying.report.begin(plan, [planned.name for planned in results.planned if planned.plan.changes])


def _is_stale(saved: SavedPlan, plan: Plan, log: ExitReportLog) -> bool:
    """Return whether the plan is another one than the saved one, and print what differs."""
    heading = "No changes were made. The saved plan is out of date:"
    lines = output.print_changes_since(saved, plan, heading)
    if lines:
        log.explain(heading, details=lines)
    return bool(lines)


def _apply_options(params: dict[str, Any], log: ExitReportLog) -> ApplyOptions:
    """Return the options of the command line, or those that a saved plan recorded."""
    paths, digest = params["paths"], params["expect_digest"]
    canary.check_options(params)
    lock = locking.lock_settings(params, os.environ, platform.node())
    saved = read_saved_plan(paths[0]) if len(paths) == 1 and is_saved_plan(paths[0]) else None
    if saved is not None:
        params = _recorded_params(saved, params)
    elif digest:
        raise click.UsageError("--expect-digest needs a saved plan")
    return ApplyOptions(
        common=options.from_click(options.CommonOptions, params),
        planning=options.plan_options({**params, "lock_holder": lock.holder}),
        lock=lock,
        redact=params.get("redact", False),
        full=params["full"],
        auto_approve=params["auto_approve"],
        history=None if params["no_history"] else params["history"],
        run=_run_context(params),
        report=log,
        watch=params["watch"],
        limits=FleetLimits(params["max_applications"], params["max_users"]),
        wave=params["wave"],
        canary=tuple(dict.fromkeys(params["canary"])),
        saved=saved,
    )


def _run_context(params: Mapping[str, Any]) -> RunContext:
    context = ci_context(os.environ, params["reason"])
    return replace(context, rollback=params.get("rollback", ""), canary=", ".join(params["canary"]))


def _recorded_params(saved: SavedPlan, params: dict[str, Any]) -> dict[str, Any]:
    for name in ("only", "exclude", "allow", "var", "var_file", "allow_path", "resend_secrets", "ignore", "no_start"):
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
    """Return the plan as `--yes` applies it, for printing."""
    guards = tuple(
        replace(guard, allowed_by="--yes") if guard.id in ASKED and not guard.is_allowed else guard
        for guard in planned.plan.guards
    )
    return replace(planned, plan=replace(planned.plan, guards=guards))


async def _apply_all(
    session: Session, results: PlanResults, applying: ApplyOptions, reads: SharedReads
) -> list[ExitCode]:
    """Apply one application after another, also if one fails; return the exit code of each."""
    changed = [planned for planned in results.planned if planned.plan.changes]
    for planned in changed:
        _print_blocked(planned, applying.report)
    abandoning = _abandoning_applications(applying.saved, applying.report)
    allowed = [planned for planned in changed if not guards_that_need_allow(planned) and planned.name not in abandoning]
    complete = [planned for planned in allowed if _has_listed_principals(planned, applying.report)]
    ready = [planned for planned in complete if _has_permissions_and_secrets(session, planned, applying.report)]
    codes = [ExitCode.BLOCKED] * (len(changed) - len(allowed)) + [ExitCode.INVALID] * (len(allowed) - len(complete))
    codes += [ExitCode.FAILED] * (len(complete) - len(ready))
    if not ready:
        if applying.canary and not changed:
            output.print_lines("No changes, so there is nothing to try.", err=True)
        return codes
    tried = await canary.prepared(session, ready[0], applying, reads) if applying.canary else None
    if applying.canary and tried is None:
        return [*codes, ExitCode.FAILED]
    with session.progress.paused():
        if not _approve(ready, auto_approve=applying.auto_approve):
            for planned in ready:
                applying.report.add(Report(planned.name, error="The plan was not approved.", status=ApplyStatus.FAILED))
            return [*codes, ExitCode.FAILED]
    redact = output.redactor(results.combined_plan(), redact=applying.redact)
    applying = replace(applying, run=replace(applying.run, identity=await session.identity()))

    async def apply_one(planned: PlannedApplication, tenant: TenantSession) -> ExitCode:
        return await _apply_one(session, planned, replace(applying, tried=tried), redact, tenant)

    ends, rest, reason = await apply_in_waves(ready, applying.wave, partial(session.tenant_session, reads), apply_one)
    if rest:
        with session.progress.paused():
            report_stopped(reason, rest, applying.report)
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


def _print_blocked(planned: PlannedApplication, log: ExitReportLog) -> None:
    guards = guards_that_need_allow(planned)
    ids = sorted({guard.id for guard in guards})
    if ids:
        blocked_by = f"{'guards' if len(ids) > 1 else 'guard'} {', '.join(ids)}"
        output.print_lines(f"{planned.name}: no changes were made: blocked by {blocked_by}.", err=True)
        log.add(Report(planned.name, error=_blocked_by(guards), status=ApplyStatus.BLOCKED))


def _blocked_by(guards: Iterable[Guard]) -> str:
    return f"No changes were made. Blocked by {'; '.join(f'`{guard.id}`: {guard.message}' for guard in guards)}."


def _has_listed_principals(planned: PlannedApplication, log: ExitReportLog) -> bool:
    """Return whether no missing user or group prevents the apply; else print it."""
    if planned.missing_errors:
        output.print_lines(f"{planned.name}: no changes were made. {MISSING_ERROR}", err=True)
        error = f"No changes were made. {MISSING_ERROR}"
        log.add(Report(planned.name, error=error, diagnostics=planned.missing_errors, status=ApplyStatus.INVALID))
    return not planned.missing_errors


def _abandoning_applications(saved: SavedPlan | None, log: ExitReportLog) -> frozenset[str]:
    """Return the applications that the abandoned resources in the saved plan block, and print why."""
    plans = saved.plan.applications if saved is not None else ()
    blocking = {
        plan.name: guards
        for plan in plans
        if (guards := [guard for guard in plan.blocking_guards if guard.id == ABANDONED_GUARD])
    }
    for name, guards in blocking.items():
        output.print_lines(f"{name}: no changes were made: {ABANDONED_GUARD} blocks the saved plan.", err=True)
        log.add(Report(name, error=_blocked_by(guards), status=ApplyStatus.BLOCKED))
    return frozenset(blocking)


def _has_permissions_and_secrets(session: Session, planned: PlannedApplication, log: ExitReportLog) -> bool:
    """Return whether no permission is certainly missing, and the variables and files of all secrets exist; print what is not so."""
    errors = list(missing_secrets(planned, session.client.secrets))
    is_ready = not errors and not planned.missing_permissions
    with session.progress.paused():
        output.print_diagnostics(list(shared_secret_files(planned, session.client.secrets)))
        output.print_missing_permissions(planned, LACKING, planned.permission_error.hint)
        for error in errors:
            output.print_error(planned.name, error)
        if not is_ready:
            output.print_lines(f"{planned.name}: no changes were made.", err=True)
            log.add(_not_ready(planned, errors))
    return is_ready


def _not_ready(planned: PlannedApplication, errors: Sequence[SecretError]) -> Report:
    """Return the report of an application that lacks permissions or secrets."""
    reason = "; ".join(f"{error}" for error in errors)
    diagnostics = (planned.permission_error,) if planned.missing_permissions else ()
    hint = errors[0].hint if errors else ""
    return Report(planned.name, error=reason, hint=hint, diagnostics=diagnostics, status=ApplyStatus.FAILED)


def _approve(planned: Sequence[PlannedApplication], *, auto_approve: bool, wrote: bool = False) -> bool:
    """Return whether the plans are approved; `wrote` says that an earlier plan of this apply was executed."""
    if auto_approve or not can_answer(yes=auto_approve):
        return auto_approve
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


async def _apply_one(
    session: Session, planned: PlannedApplication, applying: ApplyOptions, redact: Redact, tenant: TenantSession
) -> ExitCode:
    session.progress.begin(planned.name)
    secrets, terminal = session.client.secrets, Terminal.of_stdout()
    with session.graceful_stop():
        store = applying.stores(planned.loaded.paths[0]) if applying.stores is not None else None
        history = OpenHistory(store, applying.run, lambda: datetime.now(UTC))
        hooks = _TerminalHooks(session, planned.name, applying, redact, history)
        lock = locking.lock_options(session, planned.name, applying.lock, redact)
        if applying.tried is None:
            report = await apply(tenant, planned, applying.planning, secrets, hooks, lock)
        else:
            report = await apply_canary(tenant, applying.tried, canary.canary_run(session, applying, hooks, lock))
    report = history.end(report)
    report = redact_report(replace(report, command=report.command or _command_line(planned, applying)), redact)
    session.events.applied(report, hooks.logged)
    applying.report.add(report)
    with session.progress.paused():
        rendered = text.report([report], width=terminal.width, color=terminal.color)
        try:
            click.echo(rendered, nl=False)
        except OSError:  # the report must not be lost
            streams.print_to_stderr(rendered.rstrip("\n"))
        output.print_diagnostics(report.diagnostics)
        if history.failure:
            output.print_lines(*map(redact, history.failure), err=True)
    code = of_status(report.status)
    return ExitCode.PARTIALLY_APPLIED if history.failure and code is ExitCode.OK else code


def _command_line(planned: PlannedApplication, applying: ApplyOptions) -> str:
    """Return the command that plans the same application with the same options again, and applies it."""
    common = applying.common
    settings = {
        "auth": common.auth,
        "cloud": common.cloud,
        "tenants": common.tenants,
        "no_permission_check": not applying.planning.check_permissions,
        **applying.recorded(),
        "no_start": False,
    }
    words = ["scimconf", "apply", *(["--lock"] if applying.lock.enabled else [])]
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
    history: OpenHistory
    logged: set[StepOutcome] = field(default_factory=set)

    def approve(self, planned: PlannedApplication) -> bool:
        with self.session.progress.paused():
            try:
                is_printed = _print_plan(PlanResults([planned]), self.applying, wrote=True)
                return is_printed and _approve([planned], auto_approve=self.applying.auto_approve, wrote=True)
            except click.Abort:
                return False

    def begin_history(self, planned: PlannedApplication) -> str:
        return self.history.begin(planned)

    def progress(self, message: str, done: int, total: int) -> None:
        self.session.progress.step(self.redact(message), done, total)

    def finished(self, outcome: StepOutcome) -> None:
        masked = redact_outcome(outcome, self.session.client.secrets.mask_text)
        outcome = redact_outcome(masked, self.redact)
        self.logged.add(outcome)
        self.session.events.outcome(self.name, outcome)

    def interrupted(self) -> bool:
        return self.session.interrupted()
