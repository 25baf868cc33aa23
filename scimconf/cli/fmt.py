"""`scimconf fmt`: format specs."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from io import StringIO

import click

from scimconf.cli import completion, options
from scimconf.cli.exit_codes import ExitCode, combine
from scimconf.cli.output import print_diagnostics
from scimconf.diagnostics import Diagnostic, DiagnosticsError, Location, ScimconfError
from scimconf.files import AllowedFolders, write_file
from scimconf.spec.load import MAX_SIZE, is_spec
from scimconf.spec.loaded import find

STDIN = "-"
EXTENDS = re.compile("^extends:", re.MULTILINE)
"""The key of an overlay, which may leave `version` to its base."""


@dataclass(frozen=True, slots=True)
class FormattedFile:
    """One file before and after formatting."""

    path: str
    before: str
    after: str

    @property
    def differs(self) -> bool:
        return self.before != self.after


@click.command("fmt", short_help="Format specs.")
@click.argument("paths", nargs=-1, type=click.Path(), metavar="[PATHS]...", shell_complete=completion.complete_specs)
@click.option("--check", is_flag=True, help="Write nothing; list files that would change and exit with 2.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change.")
def command(paths: Sequence[str], check: bool, diff: bool) -> int:
    """Format specs: canonical order of keys, and layout. Comments, anchors and values are preserved.

    PATHS are spec files, or folders with scimconf.yaml and *.scimconf.yaml (default: the current folder). Pass bases
    and overlays as files. `-` reads stdin and writes stdout.

    \b
        scimconf fmt
        scimconf fmt --check --diff apps/ base.yaml
        scimconf fmt - < scimconf.yaml
    """
    files, errors = find(paths or ["."], options.list_folder)
    diagnostics = list(errors)
    formatted = []
    for path in files:
        try:
            formatted.append(_format(path))
        except DiagnosticsError as error:
            diagnostics += error.diagnostics
    _print(formatted, check=check, diff=diff)
    write_errors = [] if check or diff else list(_write(formatted))
    print_diagnostics(diagnostics)
    for error_text in write_errors:
        click.echo(error_text, err=True)
    has_changes = check and any(file.differs for file in formatted)
    return combine(
        [ExitCode.FAILED] * bool(write_errors)
        + [ExitCode.INVALID] * bool(diagnostics)
        + [ExitCode.CHANGES] * has_changes
    )


def _format(path: str) -> FormattedFile:
    from scimconf.render.yaml import format_text

    name = "<stdin>" if path == STDIN else path
    try:
        data = sys.stdin.buffer.read() if path == STDIN else _read(path)
        if len(data) > MAX_SIZE:
            raise DiagnosticsError([Diagnostic("S008", "the file is larger than 4 MB", location=Location(name))])
        before = data.decode("utf-8-sig")
        if path != STDIN and not is_spec(before) and not EXTENDS.search(before):
            hint = "Add `version: 1` to it if it is a spec or a base."
            raise DiagnosticsError([Diagnostic("S013", "not a spec: it has no `version: 1`", (), Location(name), hint)])
    except UnicodeDecodeError as error:
        raise DiagnosticsError(
            [Diagnostic("S002", "not UTF-8", location=Location(name), hint="Save it as UTF-8.")]
        ) from error
    except OSError as error:
        raise DiagnosticsError(
            [Diagnostic("S001", f"cannot be read: {error.strerror}", location=Location(name))]
        ) from error
    return FormattedFile(path, before, format_text(before, name))


def _read(path: str) -> bytes:
    """Return a file; raise DiagnosticsError if it is a link that leads out of its repository."""
    if not AllowedFolders.of_spec(path).contain(path):
        hint = "Name the file that the link leads to."
        raise DiagnosticsError([Diagnostic("S014", "the link leads out of the repository", (), Location(path), hint)])
    return options.read_spec_file(path)


def _print(formatted: Sequence[FormattedFile], *, check: bool, diff: bool) -> None:
    """Print on stdout the names or differences of changed files, and the formatted text of stdin."""
    for file in formatted:
        if diff:
            click.echo("".join(_difference(file)), nl=False)
        elif file.path == STDIN and not check:
            click.echo(file.after.encode(), nl=False)
        elif file.differs:
            click.echo(file.path)


def _difference(file: FormattedFile) -> Iterator[str]:
    before, after = list(StringIO(file.before, newline="\n")), list(StringIO(file.after, newline="\n"))
    for line in unified_diff(before, after, file.path, f"{file.path} (formatted)"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _write(formatted: Sequence[FormattedFile]) -> Iterator[str]:
    """Replace each changed file, and keep its mode; yield an error for each that cannot be written."""
    for file in formatted:
        if file.differs and file.path != STDIN:
            try:
                write_file(file.path, file.after)
            except ScimconfError as error:
                yield str(error)
