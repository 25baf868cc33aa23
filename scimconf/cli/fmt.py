"""`scimconf fmt`: specs in canonical order and layout."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import click

from scimconf.cli import completion, options
from scimconf.cli.terminal import Terminal
from scimconf.diagnostics import Diagnostic, DiagnosticsError, Location
from scimconf.spec.load import MAX_SIZE
from scimconf.spec.loaded import find

STDIN = "-"


@dataclass(frozen=True, slots=True)
class Formatted:
    """One file before and after."""

    path: str
    before: str
    after: str

    @property
    def differs(self) -> bool:
        return self.before != self.after


@click.command("fmt", short_help="Put specs into canonical order and layout.")
@click.argument("paths", nargs=-1, type=click.Path(), metavar="[PATHS]...", shell_complete=completion.specs)
@click.option("--check", is_flag=True, help="Write nothing; list what would change and exit with 2.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change.")
def command(paths: Sequence[str], check: bool, diff: bool) -> int:
    """Put specs into canonical order and layout. Comments, anchors and what a spec says stay as they are.

    PATHS are files, or folders with scimconf.yaml and *.scimconf.yaml; this folder where none is named. Bases and
    overlays are named as files. `-` reads stdin and writes stdout.

    \b
        scimconf fmt
        scimconf fmt --check --diff apps/ base.yaml
        scimconf fmt - < scimconf.yaml
    """
    found, problems = find(list(paths) or ["."], options.list_dir)
    done = []
    for path in found:
        try:
            done.append(_format(path))
        except DiagnosticsError as error:
            problems += error.problems
    _show(done, check=check, diff=diff)
    failed = [] if check or diff else [error for one in done if one.differs for error in _write(one)]
    _complain(problems, failed)
    changes = check and any(one.differs for one in done)
    return options.first([1] * bool(failed) + [65] * bool(problems) + [2] * changes + [0])


def _format(path: str) -> Formatted:
    from scimconf.render.yaml import format_text

    name = "<stdin>" if path == STDIN else path
    try:
        data = sys.stdin.buffer.read() if path == STDIN else options.read(path)
        if len(data) > MAX_SIZE:
            raise DiagnosticsError([Diagnostic("S008", "the file is larger than 4 MB", location=Location(name))])
        before = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DiagnosticsError(
            [Diagnostic("S002", "not UTF-8", location=Location(name), hint="Save it as UTF-8.")]
        ) from error
    except OSError as error:
        raise DiagnosticsError(
            [Diagnostic("S001", f"cannot be read: {error.strerror}", location=Location(name))]
        ) from error
    return Formatted(path, before, format_text(before, name))


def _show(done: Sequence[Formatted], *, check: bool, diff: bool) -> None:
    """On stdout the product: names and differences of what changes, and what came in by stdin."""
    for one in done:
        if diff:
            click.echo("".join(_difference(one)), nl=False)
        elif one.path == STDIN and not check:
            click.echo(one.after.encode(), nl=False)
        elif one.differs:
            click.echo(one.path)


def _difference(one: Formatted) -> Iterator[str]:
    from difflib import unified_diff

    before, after = list(StringIO(one.before, newline="\n")), list(StringIO(one.after, newline="\n"))
    for line in unified_diff(before, after, one.path, f"{one.path} (formatted)"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _write(one: Formatted) -> Iterator[str]:
    """Replaces the file in one step, and keeps its mode; whoever fails is named."""
    if one.path == STDIN:
        return
    target = Path(one.path).resolve()
    made = ""
    try:
        handle, made = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(one.after.encode())
        Path(made).chmod(target.stat().st_mode & 0o7777)
        Path(made).replace(target)
    except OSError as error:
        with suppress(OSError):
            Path(made).unlink()
        yield f"{one.path} cannot be written: {error.strerror}"


def _complain(problems: Sequence[Diagnostic], failed: Sequence[str]) -> None:
    from scimconf.render import diagnostics as as_text

    if problems:
        click.echo(as_text.text(problems, color=Terminal.of_stderr().color), nl=False, err=True)
    for sentence in failed:
        click.echo(sentence, err=True)
