"""The report of `apply --report`: a Markdown file that is written however the apply ends.

It is written first when the command starts, so that no older report is taken for that of an apply that was killed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click

from scimconf.cli.exit_codes import MEANINGS, ExitCode, of_error
from scimconf.cli.streams import print_to_stderr
from scimconf.diagnostics import Diagnostic, DiagnosticsError, ScimconfError, describe_unexpected
from scimconf.files import is_pipe_or_device, write_file
from scimconf.plan import ApplyStatus, ExitReport, Plan, Report
from scimconf.plan.redact import redact_report
from scimconf.render import markdown

MAX_LENGTH = 262_144
"""Characters of a report; GitHub shows at most 1 MiB for each step."""
_STOPPED = "Nothing was applied: the command ended before."
_ENDS = {ExitCode.STALE: ApplyStatus.STALE, ExitCode.INTERRUPTED: ApplyStatus.INTERRUPTED}
Text = Callable[[str], str]


def check_suffix(_context: click.Context, _parameter: click.Parameter, path: str | None) -> str | None:
    """Raise click.BadParameter for a file that other programs would read as JSON or HTML."""
    if path is not None and path.lower().endswith((".json", ".jsonl", ".html", ".htm")):
        raise click.BadParameter(f"{path}: the report is Markdown. Name a .md file; --events writes JSON Lines.")
    return path


class ExitReportLog:
    """What an apply has done until now; without a path nothing is written.

    `scrub` masks secrets and `redact` replaces user names, in everything that is written.
    """

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._report = ExitReport()
        self._names: list[str] = []
        self.scrub: Text = str
        self.redact: Text = str
        if path is not None and not is_pipe_or_device(Path(path)):
            self._write()

    def begin(self, plan: Plan, changed: Sequence[str]) -> None:
        """Record the plan: its tenant, what could not be planned, and the applications with changes."""
        self._report = replace(self._report, tenant=plan.tenant)
        self._names = list(changed)
        for failure in plan.failures:
            self.add(Report(failure.name, error=failure.message, hint=failure.hint, status=ApplyStatus.FAILED))
        for application in plan.applications:
            if application.name not in changed:
                self.add(Report(application.name))

    def add(self, report: Report) -> None:
        """Record how one application ended."""
        masked = redact_report(redact_report(report, self.scrub), self.redact)
        self._report = replace(self._report, reports=(*self._report.reports, masked))

    def explain(self, error: str, details: Sequence[str] = (), hint: str = "") -> None:
        """Record why the whole command ends."""
        lines = tuple(map(self._masked, details))
        self._report = replace(self._report, error=self._masked(error), details=lines, hint=self._masked(hint))

    def fail(self, error: BaseException) -> None:
        """Record the error that ends the command."""
        if isinstance(error, DiagnosticsError):
            self.explain("The input has errors.", [_line(diagnostic) for diagnostic in error.diagnostics])
        elif isinstance(error, ScimconfError):
            self.explain(str(error), hint=error.hint)
        elif isinstance(error, click.ClickException):
            self.explain(error.format_message())
        elif isinstance(error, OSError):
            self.explain(f"{error.filename or 'input or output failed'}: {error.strerror or type(error).__name__}")
        elif isinstance(error, Exception):
            self.explain(f"Error: {describe_unexpected(error)}")
        else:
            self.explain("Interrupted.")

    def end(self, code: ExitCode) -> None:
        """Write the report of a command that ends with this code. A file that cannot be written does not change it."""
        reported = {report.name for report in self._report.reports}
        status = _ENDS.get(code, ApplyStatus.FAILED)
        for name in self._names:
            if name not in reported:
                self.add(Report(name, error=_STOPPED, status=status))
        reports = tuple(sorted(self._report.reports, key=lambda report: report.name))
        self._report = replace(self._report, reports=reports, exit_code=int(code), meaning=MEANINGS[code])
        try:
            self._write()
        except ScimconfError as error:
            print_to_stderr(str(error))

    def _masked(self, text: str) -> str:
        return self.redact(self.scrub(text))

    def _write(self) -> None:
        if self._path is not None:
            text = self.scrub(markdown.exit_report(self._report, max_length=MAX_LENGTH))
            write_file(self._path, text, private=True)


def _line(diagnostic: Diagnostic) -> str:
    place = f"{diagnostic.location}: " if diagnostic.location else ""
    return f"{place}{diagnostic.code} {diagnostic.message}"


@contextmanager
def exit_report(path: str | None) -> Iterator[ExitReportLog]:
    """Yield the log of a command; the report is written when the command ends with an error."""
    log = ExitReportLog(path)
    try:
        yield log
    except BaseException as error:
        log.fail(error)
        log.end(of_error(error))
        raise
