"""`scimconf retire`: end an application, stage by stage, and continue where an earlier run ended."""

from __future__ import annotations

import os
import platform
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from scimconf.cli import confirmation, history_option, locking, options, output
from scimconf.cli.confirmation import can_answer
from scimconf.cli.exit_codes import ExitCode, of_status
from scimconf.cli.output import print_lines
from scimconf.cli.session import Session, interruptible_prompt, run
from scimconf.cli.streams import masked_text
from scimconf.cli.tenants import by_tenant
from scimconf.cli.terminal import Terminal
from scimconf.diagnostics import DiagnosticsError, plural
from scimconf.files import write_file
from scimconf.monitoring.accounts import redacted_account
from scimconf.monitoring.history import ci_context
from scimconf.monitoring.retirement import Retirement
from scimconf.monitoring.retirement_steps import RetirementPlan
from scimconf.plan import Plan, Report, StepOutcome
from scimconf.plan.redact import redact_outcome, redact_report
from scimconf.render import retirement as rendering
from scimconf.render import text
from scimconf.spec.load import load
from scimconf.spec.loaded import Loaded
from scimconf.workflow.apply import mask_secrets
from scimconf.workflow.export import compose, export, tenant_name
from scimconf.workflow.history import HistoryStore
from scimconf.workflow.plan import PlannedApplication
from scimconf.workflow.retire import RetireOptions, RetireResult, RetireStatus, retire
from scimconf.workflow.retired import with_retired
from scimconf.workflow.shutdown import DELETED_FOR
from scimconf.workflow.targets import application_target, file_name, find_principal

NO_FILE = "the exported spec"
"""The name, in messages, of the spec of an application that has none."""
_CODES: Mapping[RetireStatus, ExitCode] = {
    RetireStatus.RETIRED: ExitCode.OK,
    RetireStatus.SHOWN: ExitCode.OK,
    RetireStatus.DECLINED: ExitCode.FAILED,
    RetireStatus.REFUSED: ExitCode.BLOCKED,
    RetireStatus.QUARANTINED: ExitCode.QUARANTINE,
    RetireStatus.ACCOUNTS_REMAIN: ExitCode.CHANGES,
    RetireStatus.NOT_DELETED: ExitCode.BLOCKED,
    RetireStatus.INCOMPLETE: ExitCode.PARTIALLY_APPLIED,
    RetireStatus.INTERRUPTED: ExitCode.INTERRUPTED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RetireCommand:
    """The options of the command line. `release` is the number of deletions that may be released without a question."""

    output_format: str = "text"
    out: str | None = None
    redact: bool = False
    yes: bool = False
    release: int | None = None
    write_spec: bool = False


@click.command("retire", short_help="End an application, once its accounts are proven to be closed.")
@click.argument("path", type=click.Path(exists=True), metavar="PATH", required=False)
@click.option(
    "--app", metavar="NAME|ID", help="An application without a spec: its display name, application id or object id."
)
@options.variables
@options.tenant
@options.tenants
@click.option("--plan-only", "shows_only", is_flag=True, help="Show what would be done, for review. Writes nothing.")
@options.output_format("text", "json", "markdown")
@click.option("--out", type=click.Path(dir_okay=False), help="Write what is shown to FILE instead of stdout.")
@click.option("--redact", is_flag=True, help="Replace user names with pseudonyms.")
@click.option("--allow", multiple=True, metavar="GUARD", help="Allow this guard, as for apply (repeatable).")
@confirmation.option()
@click.option(
    "--allow-deletions", "release", type=click.IntRange(1), metavar="N",
    help="Release deletions that the service holds back without asking, if they are exactly N.",
)  # fmt: skip
@click.option(
    "--wait", type=click.IntRange(0, 1440), default=90, show_default=True, metavar="MINUTES",
    help="How long to wait for a cycle and for its entries in the log.",
)  # fmt: skip
@click.option(
    "--confirmed", multiple=True, metavar="UPN|ID",
    help="You have looked this user up in the application, and the account is closed (repeatable).",
)  # fmt: skip
@click.option(
    "--accept-unknown", "accepts_unknown", is_flag=True,
    help="Continue although there may be accounts that neither the log nor the history shows.",
)  # fmt: skip
@click.option(
    "--delete-application", "deletes_application", is_flag=True,
    help="At the end, delete the application itself. Asks again. Refused while single sign-on uses it.",
)  # fmt: skip
@click.option(
    "--write-spec", is_flag=True, help="Write `retired: DATE` into the spec at the end, instead of printing it."
)
@history_option.history
@click.option("--reason", default="", metavar="TEXT", help="Why: recorded in the history.")
@locking.options
@options.events
def command(path: str | None, app: str | None, **params: Any) -> int:
    """End an application: remove the assignments, prove that the accounts are closed, stop, and delete the secrets.

    Shows the state and the plan first, and asks. Then it waits for a cycle, until the provisioning log shows that every
    account was disabled or deleted. If one was not, it is listed, and nothing is stopped or deleted: exit code 2. Run the
    same command again to continue: it does what remains.

    \b
        scimconf retire --plan-only --format markdown apps/writer
        scimconf retire apps/writer
        scimconf retire --delete-application apps/writer
        scimconf retire --app Writer
    """
    if (path is None) == (app is None):
        raise click.UsageError("Name the spec of the application, or pass --app NAME.")
    if app is not None:
        return _retire_without_spec(app, params)
    common = options.from_click(options.CommonOptions, {**params, "paths": (path,)})
    specs = options.load_specs(common)
    if len(specs) != 1:
        raise click.UsageError(f"{path} has several specs. Name the file of one of them.")
    (group,) = by_tenant(specs, common, is_apply=not params["shows_only"])
    if specs[0].spec is None:
        raise DiagnosticsError(list(specs[0].diagnostics))
    stores = history_option.stores(params["history"], group.common, group.environ)
    run_retirement = _retirement(params, stores(specs[0].paths[0]))
    return group.run(lambda session, loaded: run_retirement(session, loaded[0]))


def _retire_without_spec(app: str, params: Mapping[str, Any]) -> int:
    """Retire an application by the spec that an export of it has; it is in no file."""
    if params["write_spec"]:
        raise click.UsageError("--write-spec needs the spec of the application, and --app has none.")
    common = options.from_click(options.CommonOptions, {**params, "paths": ()})
    store = history_option.stores(params["history"], common)(history_option.WORKING_FOLDER)
    run_retirement = _retirement(params, store)

    async def work(session: Session) -> ExitCode:
        tenant = session.tenant_session()
        principal = await find_principal(session.client.graph, application_target(app))
        name = file_name(principal)
        exported = await export(
            tenant, {"object_id": str(principal["id"])}, name, await tenant_name(tenant), full=False
        )
        content = compose(exported).spec.encode()
        return await run_retirement(session, load(NO_FILE, lambda _path: content, {}, {}, lambda _path: True))

    return run(common, "reading", work)


def _retirement(params: Mapping[str, Any], store: HistoryStore) -> Callable[[Session, Loaded], Awaitable[ExitCode]]:
    """Return what retires the application of a spec; raise ScimconfError if no history can be written."""
    lock = locking.lock_settings(params, os.environ, platform.node())
    settings = _settings(store, params, lock.holder)
    chosen = options.from_click(RetireCommand, params)

    async def run_retirement(session: Session, loaded: Loaded) -> ExitCode:
        assert loaded.spec is not None
        name = loaded.spec.name
        mask_secrets([loaded], session.client.secrets)
        started = replace(settings, run=replace(settings.run, identity=await session.identity()))
        hooks = _Person(session, name, chosen, started)
        locked = locking.lock_options(session, name, lock, str)
        session.progress.begin(name)
        with session.graceful_stop():
            result = await retire(session.tenant_session(), loaded, started, session.client.secrets, hooks, locked)
        with session.progress.paused():
            return _print_result(session, result, loaded, hooks)

    return run_retirement


def _settings(store: HistoryStore, params: Mapping[str, Any], lock_holder: str) -> RetireOptions:
    """Return what a person decided; raise ScimconfError if no history can be written."""
    if not params["shows_only"]:
        store.check()
    return RetireOptions(
        now=datetime.now(UTC),
        planning=options.plan_options({**params, "lock_holder": lock_holder}),
        history=store,
        run=ci_context(os.environ, params["reason"]),
        wait=timedelta(minutes=params["wait"]),
        confirmed=params["confirmed"],
        accepts_unknown=params["accepts_unknown"],
        deletes_application=params["deletes_application"],
        shows_only=params["shows_only"],
    )


@dataclass(slots=True)
class _Person:
    """The hooks of a retirement that a person runs; `redact` replaces names once the plan is known."""

    session: Session
    name: str
    chosen: RetireCommand
    settings: RetireOptions
    redact: Callable[[str], str] = str
    logged: set[StepOutcome] = field(default_factory=set)

    def show(self, plan: RetirementPlan, planned: PlannedApplication | None) -> None:
        changes = _combined(planned)
        self.redact = output.redactor(changes, redact=self.chosen.redact)
        with self.session.progress.paused():
            printed = replace(plan, retirement=self.printable(plan.retirement), refused=self.redact(plan.refused))
            document = self._document(printed, output.redact_plan(changes, redact=self.chosen.redact))
            if self.chosen.out:
                write_file(self.chosen.out, masked_text(document), private=True)
                click.echo(f"Wrote {self.chosen.out}.", err=True)
            else:
                click.echo(document, nl=False)
            if planned is not None:
                output.print_diagnostics(planned.errors)

    def printable(self, retirement: Retirement) -> Retirement:
        """Return the state as it is printed: redacted if `--redact` is given."""
        if not self.chosen.redact:
            return retirement
        accounts = (redacted_account(account, self.redact(account.name)) for account in retirement.accounts)
        return replace(retirement, accounts=tuple(accounts))

    def _document(self, plan: RetirementPlan, changes: Plan) -> str:
        if self.chosen.output_format == "json":
            return rendering.json(plan, changes if changes.applications else None)
        if self.chosen.output_format == "markdown":
            from scimconf.render import markdown

            return rendering.markdown(plan, markdown.plan(changes) if changes.applications else "")
        terminal = Terminal.of_stdout()
        state = rendering.text(plan, width=terminal.width, color=terminal.color)
        own = text.plan(changes, width=terminal.width, color=terminal.color) if changes.applications else ""
        return f"{state}\n{own}" if own else state

    def approve_retirement(self, retirement: Retirement, planned: PlannedApplication | None) -> bool:
        question = f"End {retirement.display_name}, with everything that is listed above?"
        if planned is not None:
            guards = sorted({guard.id for guard in planned.blocking_guards})
            allowed = f" Answering yes also allows: {', '.join(guards)}." if guards else ""
            question = f"{question}{allowed}"
        return self._typed(question, "yes", "Type 'yes' to end it", "Nothing was changed.")

    def approve_release(self, retirement: Retirement, number: int) -> bool:
        with self.session.progress.paused():
            print_lines(
                f"The service holds {plural(number, 'deletion')} back (the deletion threshold is {retirement.threshold}). "
                "The next cycle after a release disables or deletes all of them, users and groups.",
                err=True,
            )
        if self.chosen.release is not None or self.chosen.yes:
            if self.chosen.release == number:
                return True
            with self.session.progress.paused():
                print_lines(f"Not released. Pass --allow-deletions {number} to release them.", err=True)
            return False
        return self._typed("Release them?", str(number), "Type their number to release them", "Not released.")

    def approve_deletion(self, retirement: Retirement) -> bool:
        question = f"Delete the application {retirement.display_name} from the tenant? It can be restored for {DELETED_FOR} days."
        name = retirement.display_name
        return self._typed(question, name, f"Type '{name}' to delete it", "The application was not deleted.")

    def _typed(self, question: str, expected: str, prompt: str, if_declined: str) -> bool:
        """Return whether the expected text was typed, or `--yes` answers."""
        if self.chosen.yes:
            return True
        with self.session.progress.paused():
            print_lines(question, err=True)
            if not can_answer(yes=False):
                return False
            with interruptible_prompt():
                answer = click.prompt(prompt, default="", show_default=False, err=True)
            if answer != expected:
                print_lines(if_declined, err=True)
        return bool(answer == expected)

    def say(self, message: str) -> None:
        self.session.progress.print_line(self.redact(message))

    # --- those of an apply ---

    def approve(self, planned: PlannedApplication) -> bool:
        with self.session.progress.paused():
            plan = output.redact_plan(_combined(planned), redact=self.chosen.redact)
            click.echo(text.plan(plan, width=Terminal.of_stdout().width), nl=False)
        return self._typed("The plan has changed. Continue?", "yes", "Type 'yes' to continue", "Stopped.")

    def begin_history(self, planned: PlannedApplication) -> str:  # noqa: ARG002  the retirement writes the entry
        return ""

    def progress(self, message: str, done: int, total: int) -> None:
        self.session.progress.step(self.redact(message), done, total)

    def finished(self, outcome: StepOutcome) -> None:
        masked = redact_outcome(redact_outcome(outcome, self.session.client.secrets.mask_text), self.redact)
        self.logged.add(masked)
        self.session.events.outcome(self.name, masked)

    def interrupted(self) -> bool:
        return self.session.interrupted()


def _combined(planned: PlannedApplication | None) -> Plan:
    if planned is None:
        return Plan()
    return Plan(planned.tenant, (planned.plan,)) if planned.tenant is not None else Plan(applications=(planned.plan,))


def _print_result(session: Session, result: RetireResult, loaded: Loaded, hooks: _Person) -> ExitCode:
    terminal = Terminal.of_stdout()
    report = redact_report(result.report, hooks.redact) if result.report is not None else None
    if report is not None:
        session.events.applied(report, hooks.logged)
    is_open = result.status in (RetireStatus.INCOMPLETE, RetireStatus.INTERRUPTED)
    if report is not None and is_open:
        click.echo(text.report([report], width=terminal.width, color=terminal.color), nl=False)
    if result.error:
        lines = [f"{hooks.name}: {result.error}.", *([f"  {result.hint}"] if result.hint else [])]
        print_lines(*map(hooks.redact, lines), err=True)
    if is_open:
        print_lines("Run `scimconf retire` again: it does what remains.", err=True)
        return _CODES[result.status] if result.error or report is None else _report_code(report, result.status)
    if result.status is RetireStatus.ACCOUNTS_REMAIN and result.retirement is not None:
        printed = hooks.printable(result.retirement)
        click.echo(rendering.remaining(printed, width=terminal.width, color=terminal.color), nl=False)
        print_lines(
            "Provisioning stays on, and no secret was deleted. Run the same command again when it is corrected.",
            err=True,
        )
    if result.status is RetireStatus.RETIRED:
        _print_retired(result, loaded, hooks)
    return _CODES[result.status]


def _report_code(report: Report, status: RetireStatus) -> ExitCode:
    """Return the exit code of the last writes if they failed, else that of the whole."""
    code = of_status(report.status)
    return _CODES[status] if code is ExitCode.OK else code


def _print_retired(result: RetireResult, loaded: Loaded, hooks: _Person) -> None:
    print_lines(f"{hooks.name}: retired.{' The application is deleted.' if result.is_deleted else ''}")
    if result.is_deleted:
        print_lines(
            f"  It can be restored for {DELETED_FOR} days: Entra ID > App registrations > Deleted applications, or POST "
            "/directory/deletedItems/ID/restore. Whether its provisioning returns is not documented."
        )
    print_lines("  Revoke the token at the vendor: Entra has deleted its copy only.")
    if result.report is not None and result.report.history_entry:
        print_lines(f"  The documents and the accounts are in {result.report.history_entry}.")
    _mark(loaded, hooks)


def _mark(loaded: Loaded, hooks: _Person) -> None:
    """Write `retired: DATE` into the spec, or print it."""
    day, path = hooks.settings.now.date(), loaded.paths[0]
    if loaded.spec is not None and loaded.spec.retired is not None:
        return
    if path == NO_FILE:
        print_lines(
            f"  If a repository has a spec of this application, write `retired: {day.isoformat()}` below its `name:`."
        )
        return
    content = Path(path).read_text("utf-8")
    changed = with_retired(loaded, content, day) if hooks.chosen.write_spec else None
    if changed is None:
        print_lines(f"  Write `retired: {day.isoformat()}` below `name:` in {path}, and commit it.")
        return
    write_file(path, changed)
    print_lines(f"  Wrote `retired: {day.isoformat()}` into {path}. Commit it.")
