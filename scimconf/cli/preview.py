"""`scimconf preview`: show what each user's record is before and after the plan. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from scimconf.cli import options, output, streams
from scimconf.cli.exit_codes import ExitCode, combine
from scimconf.cli.plan import run_plans
from scimconf.cli.session import Session
from scimconf.cli.tenants import by_tenant, require_single, run_each
from scimconf.cli.terminal import Terminal
from scimconf.diagnostics import ScimconfError
from scimconf.files import AtomicFile, atomic_file, check_writable
from scimconf.plan.preview import PreviewHeader, PreviewSummary, UserPreview
from scimconf.plan.preview_redact import pseudonym
from scimconf.render.preview.json import JsonPreview
from scimconf.render.preview.text import TextPreview
from scimconf.spec.loaded import Loaded
from scimconf.workflow.compilation import PlanOptions
from scimconf.workflow.plan_all import PlanResults
from scimconf.workflow.preview import UserSelection, preview

if TYPE_CHECKING:
    from scimconf.render.preview.html import PreviewPage

Redact = Callable[[str], str]
PreviewFormat: TypeAlias = "TextPreview | JsonPreview | PreviewPage"
"""An output format; each method returns a piece of the document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewOptions:
    """Which users are previewed, for which part of the plan, and where the preview is printed."""

    users: tuple[str, ...] = ()
    sample: int | None = None
    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    output_format: str = "text"
    redact: bool = False
    out: str | None = None
    changed_only: bool | None = None

    @property
    def omits_unchanged(self) -> bool:
        """Whether users who do not change are counted only; by default in a file, which may be of 100,000 users."""
        by_default = self.out is not None and not self.users
        return self.output_format != "text" and (by_default if self.changed_only is None else self.changed_only)


@click.command("preview", short_help="Show what each user's record will look like, before and after.")
@options.specs_and_tenant
@click.option("--user", "users", multiple=True, metavar="UPN|ID", help="Preview this user (repeatable).")
@click.option(
    "--sample", type=click.IntRange(1), metavar="N", help="Preview the first N users who are in scope before or after."
)
@click.option("--all", "all_users", is_flag=True, help="Preview all users who are in scope before or after.")
@options.selection
@options.output_format("text", "json", "html")
@click.option("--out", type=click.Path(dir_okay=False), help="Write to FILE instead of stdout.")
@click.option(
    "--changed-only/--all-users",
    "changed_only",
    default=None,
    help="In JSON and HTML, list users who change, or all. Default: all on stdout and with --user, else those who change.",
)
@click.option("--redact", is_flag=True, help="Replace user names with pseudonyms, and mask values.")
@options.events
def command(all_users: bool, **params: Any) -> int:
    """Show what each user's record will look like, before and after the plan, and why it changes. Writes nothing.

    Users are read from the tenant, with only the attributes that mappings and filters use. PATHS are spec files or
    folders, as for plan.

    \b
        scimconf preview --user ada@contoso.com examples/writer
        scimconf preview --sample 50 examples/writer
        scimconf preview --all --format html --out preview.html examples/writer
    """
    common = options.from_click(options.CommonOptions, params)
    preview_options = options.from_click(PreviewOptions, params)
    if sum([bool(preview_options.users), preview_options.sample is not None, all_users]) != 1:
        raise click.UsageError("Pass one of --user, --sample and --all.")
    groups = by_tenant(output.current_specs(options.load_specs(common)), common)
    document = f"--format {preview_options.output_format}" if preview_options.output_format != "text" else ""
    require_single(groups, "--out" if preview_options.out else "", document)
    if preview_options.out:
        check_writable(preview_options.out)

    async def work(session: Session, specs: Sequence[Loaded]) -> ExitCode:
        with _destination(session, preview_options.out) as (write, finish):
            code = await preview_all(session, specs, preview_options, _format(preview_options), write)
            finish(code)
        return code

    return run_each(groups, lambda group: group.run(work))


@contextmanager
def _destination(
    session: Session, out: str | None
) -> Iterator[tuple[Callable[[str], object], Callable[[ExitCode], object]]]:
    """Yield a function that writes text, and one to call with the exit code: stdout, or a file only its owner can read."""
    if out is None:
        yield partial(_print_text, session), bool
        return
    with atomic_file(out, private=True) as file:
        yield lambda text: file.write(streams.masked_text(text)), partial(_commit, file, out)


def _print_text(session: Session, text: str) -> None:
    if text:
        with session.progress.paused():
            click.echo(text, nl=False)


def _commit(file: AtomicFile, out: str, code: ExitCode) -> None:
    """Commit a complete preview. Do not overwrite an existing preview with an incomplete one."""
    if code and not file.is_direct:
        click.echo(f"{out} was not written, because the preview is incomplete.", err=True)
        return
    file.commit()
    if not code:
        click.echo(f"Saved the preview to {out}.", err=True)


def _format(preview_options: PreviewOptions) -> PreviewFormat:
    if preview_options.output_format == "json":
        return JsonPreview()
    if preview_options.output_format == "html":
        from scimconf.render.preview.html import PreviewPage

        return PreviewPage()
    terminal = Terminal.of_stdout()
    has_color = terminal.color and not preview_options.out
    return TextPreview(width=terminal.width, color=has_color, full=bool(preview_options.users))


async def preview_all(
    session: Session,
    specs: Sequence[Loaded],
    preview_options: PreviewOptions,
    preview_format: PreviewFormat,
    write: Callable[[str], object],
) -> ExitCode:
    """Plan all applications, preview those that could be planned, and return the exit code."""
    only, exclude = preview_options.only, preview_options.exclude
    planning = PlanOptions(today=options.today(), only=only, exclude=exclude, impact=False)
    results = await run_plans(session, specs, planning, {}, session.client.shared_reads())
    redact = output.redactor(results.combined_plan(), redact=preview_options.redact)
    printer = _PreviewPrinter(session, preview_format, write)
    session.progress.begin("preview")
    write(preview_format.opened())
    complete = False
    try:
        missing = await _preview_each(session, results, preview_options, redact, printer)
        complete = results.all_planned
    finally:  # so that a part of the document is valid, and states that it is incomplete
        write(preview_format.closed(complete=complete))
    with session.progress.paused():
        _print_errors(results, missing, _name_redactor(redact, preview_options))
    return combine([output.plan_exit_code(results, detailed=False), *[ExitCode.FAILED] * bool(missing)])


async def _preview_each(
    session: Session, results: PlanResults, preview_options: PreviewOptions, redact: Redact, printer: _PreviewPrinter
) -> list[str]:
    """Preview each application; add its error to the results. Return the names of users that do not exist."""
    users, sample = preview_options.users, preview_options.sample or 0
    with_records = preview_options.output_format != "text" or bool(users)
    selection = UserSelection(
        users, sample, with_records, preview_options.omits_unchanged, redact if preview_options.redact else None
    )
    missing: list[str] = []
    for planned in results.planned:
        try:
            missing += await preview(session.client.graph, planned, selection, printer, datetime.now(tz=UTC))
        except ScimconfError as error:
            results.errors.append((planned.name, error))
    return missing


@dataclass(frozen=True, slots=True)
class _PreviewPrinter:
    """Renders the pieces of a preview, some users at a time."""

    session: Session
    preview_format: PreviewFormat
    write: Callable[[str], object]

    def begin(self, header: PreviewHeader) -> None:
        self.write(self.preview_format.begun(header))

    def add_users(self, users: Sequence[UserPreview]) -> None:
        self.write("".join(map(self.preview_format.person, users)))

    def end(self, summary: PreviewSummary) -> None:
        self.write(self.preview_format.ended(summary))

    def progress(self, done: int, total: int) -> None:
        self.session.progress.step("users", done, total)


def _name_redactor(redact: Redact, preview_options: PreviewOptions) -> Redact:
    """Return what replaces users in a sentence: first the requested names, because an id does not look like one."""
    if not preview_options.redact:
        return str
    names = sorted(preview_options.users, key=len, reverse=True)
    pseudonyms = {name: pseudonym(name, redact) for name in names}

    def redact_names(text: str) -> str:
        for name, replacement in pseudonyms.items():
            text = text.replace(name, replacement)
        return redact(text)

    return redact_names


def _print_errors(results: PlanResults, missing: Sequence[str], redact: Redact) -> None:
    """Print diagnostics, errors, and each missing user once, also if several applications miss it.

    A preview has no rows for listed users and groups that the tenant does not have, so they are diagnostics here.
    """
    listed = [row.diagnostic for planned in results.planned for row in planned.plan.missing]
    diagnostics = [
        replace(entry, message=redact(entry.message), hint=redact(entry.hint))
        for entry in (*results.diagnostics, *listed)
    ]
    output.print_diagnostics(diagnostics)
    for name, error in results.errors:
        output.print_error(name, error, redact)
    output.print_lines(*(redact(f"There is no user {name}.") for name in dict.fromkeys(missing)), err=True)
