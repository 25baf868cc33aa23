"""The report of `apply --report`: a Markdown file that is written however the apply ends.

It is written first when the command starts, so that no older report is taken for that of an apply that was killed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click

from scimconf.cli.exit_codes import MEANINGS, ExitCode
from scimconf.cli.streams import print_to_stderr
from scimconf.diagnostics import Diagnostic, DiagnosticsError, ScimconfError, StaleError, describe_unexpected
from scimconf.files import is_pipe_or_device, write_file
from scimconf.plan import ApplyStatus, ExitReport, Plan, Report, Tenant
from scimconf.plan.redact import redact_report
from scimconf.render import markdown

MAX_LENGTH = 262_144
"""Characters of a report; GitHub shows at most 1 MiB for each step."""
_STOPPED = "Nothing was applied. The reason is at the top of this report."
_ENDS = {ExitCode.STALE: ApplyStatus.STALE, ExitCode.INTERRUPTED: ApplyStatus.INTERRUPTED}
Text = Callable[[str], str]


def check_suffix(_context: click.Context, _parameter: click.Parameter, path: str | None) -> str | None:
    """Raise click.BadParameter for a file that other programs would read as JSON or HTML."""
    if path is not None and path.lower().endswith((".json", ".jsonl", ".html", ".htm")):
        raise click.BadParameter(f"{path}: the report is Markdown. Name a .md file; --events writes JSON Lines.")
    return path


class ExitReportLog:
    """What an apply has done until now; without a path nothing is written.

    `mask_text` masks secrets and `redact` replaces user names, in everything that is added.
    """

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._report = ExitReport()
        self._open: list[tuple[Tenant, str]] = []
        self.mask_text: Text = str
        self.redact: Text = str
        if path is not None and not is_pipe_or_device(Path(path)):
            self._write()

    def begin(self, plan: Plan, changed: Sequence[str]) -> None:
        """Record the plan of a tenant: what could not be planned, and the applications with changes."""
        self._report = replace(self._report, tenants=(*self._report.tenants, plan.tenant))
        for failure in plan.failures:
            self.add(Report(failure.name, error=failure.message, hint=failure.hint, status=ApplyStatus.FAILED))
        for application in plan.applications:
            if application.name not in changed:
                self.add(Report(application.name))
        self._open += [(plan.tenant, name) for name in changed]

    def add(self, report: Report) -> None:
        """Record how one application of the last tenant ended."""
        masked = redact_report(redact_report(report, self.mask_text), self.redact)
        end = (self._report.tenants[-1], masked)
        self._open = [(tenant, name) for tenant, name in self._open if (tenant, name) != (end[0], report.name)]
        self._report = replace(self._report, applications=(*self._report.applications, end))

    def explain(self, *errors: str, details: Sequence[str] = ()) -> None:
        """Record why the whole command ends, in sentences, with lines that explain them."""
        masked = [self._masked(error) for error in errors if error]
        self._report = replace(
            self._report,
            errors=tuple(dict.fromkeys([*self._report.errors, *masked])),
            details=tuple(dict.fromkeys([*self._report.details, *map(self._masked, details)])),
        )

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Record an error that ends this context, and raise it again."""
        try:
            yield
        except BaseException as error:
            self._explain_error(error)
            raise

    def end(self, code: ExitCode) -> None:
        """Write the report of a command that ends with this code. A file that cannot be written does not change it."""
        status = _ENDS.get(code, ApplyStatus.FAILED)
        stopped = [(tenant, Report(name, error=_STOPPED, status=status)) for tenant, name in self._open]
        ends = sorted((*self._report.applications, *stopped), key=lambda end: (end[0].id, end[1].name))
        self._report = replace(
            self._report, applications=tuple(ends), exit_code=int(code), meaning=_meaning(code, ends)
        )
        try:
            self._write()
        except ScimconfError as error:
            print_to_stderr(str(error))

    def _explain_error(self, error: BaseException) -> None:
        match error:
            case DiagnosticsError():
                self.explain("The input has errors.", details=[_line(diagnostic) for diagnostic in error.diagnostics])
            case ScimconfError():
                self.explain(str(error), error.hint)
            case click.ClickException():
                self.explain(error.format_message())
            case OSError():
                self.explain(f"{error.filename or 'input or output failed'}: {error.strerror or type(error).__name__}")
            case click.Abort() | KeyboardInterrupt():
                self.explain("Interrupted.")
            case _:
                self.explain(describe_unexpected(error))

    def _masked(self, text: str) -> str:
        return self.redact(self.mask_text(text))

    def _write(self) -> None:
        if self._path is not None:
            text = self.mask_text(markdown.exit_report(self._report, max_length=MAX_LENGTH))
            write_file(self._path, text, private=True)


def _meaning(code: ExitCode, ends: Sequence[tuple[Tenant, Report]]) -> str:
    """Return what an exit code means; that of a stale plan is also the code of an application that is locked."""
    statuses = {report.status for _, report in ends}
    is_locked = ApplyStatus.LOCKED in statuses and ApplyStatus.STALE not in statuses
    return "locked by another run" if code is ExitCode.STALE and is_locked else MEANINGS[code]


def _line(diagnostic: Diagnostic) -> str:
    place = f"{diagnostic.location}: " if diagnostic.location else ""
    return f"{place}{diagnostic.code} {diagnostic.message}"


@contextmanager
def exit_report(path: str | None) -> Iterator[ExitReportLog]:
    """Yield the log of a command; the report is written when the command ends with an error."""
    log = ExitReportLog(path)
    try:
        with log.errors():
            yield log
    except BaseException as error:
        log.end(_code(error))
        raise


def _code(error: BaseException) -> ExitCode:
    """Return the exit code of a command that this error ends."""
    match error:
        case click.Abort() | KeyboardInterrupt():
            return ExitCode.INTERRUPTED
        case click.ClickException():
            return ExitCode.USAGE
        case DiagnosticsError():
            return ExitCode.INVALID
    return ExitCode.STALE if isinstance(error, StaleError) else ExitCode.FAILED
