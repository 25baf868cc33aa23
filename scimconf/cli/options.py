"""Options that commands share, and what they are turned into."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import click

from scimconf.cli import completion
from scimconf.diagnostics import Diagnostic, DiagnosticsError, Location
from scimconf.spec.load import MAX_SIZE, load, load_variables
from scimconf.spec.loaded import Loaded, conflicts, find

F = TypeVar("F", bound=Callable[..., Any])
ORDER = (5, 1, 65, 3, 4, 6, 130, 2, 0)
"""Of several applications' exit codes the first that occurs here is the command's."""


def paths(command: F) -> F:
    return click.argument("paths", nargs=-1, type=click.Path(), metavar="[PATHS]...", shell_complete=completion.specs)(
        command
    )


def variables(command: F) -> F:
    command = click.option("--var", "var", multiple=True, metavar="NAME=TEXT", help="A value for ${var:NAME}.")(command)
    return click.option(
        "--var-file", "var_file", multiple=True, type=click.Path(dir_okay=False), help="A YAML file of such values."
    )(command)


def tenant(command: F) -> F:
    """How Graph is reached."""
    command = click.option(
        "--auth",
        envvar="SCIMCONF_AUTH",
        type=click.Choice(["environment", "workload", "managed", "cli", "device_code"]),
        help="How to sign in; without it whatever is found first, as azure's default chain does.",
    )(command)
    return click.option(
        "--cloud",
        envvar="SCIMCONF_CLOUD",
        type=click.Choice(["public", "us-government", "us-dod", "china"]),
        help="The national cloud of the tenant.",
    )(command)


def selection(command: F) -> F:
    """Which changes, and which guards are open."""
    command = click.option("--only", multiple=True, metavar="ADDRESS", help="Only these addresses; globs work.")(
        command
    )
    command = click.option("--no-impact", "impact", flag_value=False, default=True, help="Do not count people.")(
        command
    )
    command = click.option("--exclude", multiple=True, metavar="ADDRESS", help="All but these addresses.")(command)
    command = click.option(
        "--allow", multiple=True, metavar="GUARD", help="Open a guard by its id.", shell_complete=completion.guards
    )(command)
    command = ignoring(command)
    return click.option("--resend-secrets", is_flag=True, help="Send the secrets again although they are stored.")(
        command
    )


def ignoring(command: F) -> F:
    """Rules of the lint that are not asked."""
    return click.option(
        "--ignore", multiple=True, metavar="RULE", callback=_know_rules, help="Leave out a rule of the lint by its id."
    )(command)


def _know_rules(_context: click.Context, _parameter: click.Parameter, ignored: tuple[str, ...]) -> tuple[str, ...]:
    if not ignored:
        return ignored
    from difflib import get_close_matches

    from scimconf.lint import rules

    for rule in ignored:
        if rule not in rules():
            near = get_close_matches(rule.upper(), rules(), n=1)
            meant = f"; did you mean {near[0]}?" if near else "; docs/lint.md lists all"
            raise click.BadParameter(f"{rule!r} is no rule of the lint{meant}")
    return ignored


def events(command: F) -> F:
    return click.option(
        "--events", type=click.Path(dir_okay=False), help="Write what happens to a file, a JSON object a line."
    )(command)


def output(*formats: str) -> Callable[[F], F]:
    return click.option(
        "--format", "form", type=click.Choice(formats), default=formats[0], show_default=True, help="How to tell it."
    )


def read(path: str) -> bytes:
    """A file of a spec, and a byte more than one may have: pipes and devices may never end."""
    with open(path, "rb", opener=_unwaiting) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", path)
        return file.read(MAX_SIZE + 1)


def read_given(path: str) -> bytes:
    """A file that was named on the command line itself: that may be a pipe, as of `<(…)`, which is waited for."""
    if not stat.S_ISFIFO(os.stat(path).st_mode):  # noqa: PTH116
        return read(path)
    with open(path, "rb") as file:  # noqa: PTH123
        return file.read(MAX_SIZE + 1)


def _unwaiting(path: str, flags: int) -> int:
    """Opens a file without waiting for somebody at the other end of a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def list_dir(path: str) -> Iterable[str] | None:
    """The names in a folder, None for anything else; raises ProblemsError for one that cannot be looked into."""
    if not os.path.isdir(path):  # noqa: PTH112  pathlib's raises for names that are too long
        return None
    try:
        return os.listdir(path)  # noqa: PTH208
    except OSError as error:
        raise DiagnosticsError(
            [Diagnostic("S001", f"cannot be read: {error.strerror}", location=Location(path))]
        ) from None


def values(given: Iterable[str], files: Iterable[str]) -> Mapping[str, str]:
    """The variables of all files, and over them those given one by one; raises ProblemsError."""
    found: dict[str, str] = {}
    problems: list[Diagnostic] = []
    for file in files:
        more, wrong = load_variables(file, read_given)
        found |= more
        problems += wrong
    if problems:
        raise DiagnosticsError(problems)
    for one in given:
        name, equals, text = one.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"{one!r} is not NAME=TEXT", param_hint="--var")
        found[name] = text
    return found


def load_all(asked: Iterable[str], given: Iterable[str], files: Iterable[str]) -> tuple[list[Loaded], list[Diagnostic]]:
    """Every spec behind the paths (this folder where none is named), and what is wrong with them together."""
    found, problems = find(list(asked) or ["."], list_dir, os.path.realpath)
    variables = values(given, files)
    loadeds = [load(path, read, os.environ, variables) for path in found]
    return loadeds, [*problems, *conflicts(loadeds)]


def first(codes: Iterable[int]) -> int:
    """The command's exit code."""
    present = set(codes)
    return next((code for code in ORDER if code in present), max(present, default=0))


def today() -> date:
    """The day, by which permits are over or not."""
    return datetime.now(tz=UTC).date()


def know_guards(allowed: Iterable[str]) -> None:
    from difflib import get_close_matches

    from scimconf.spec.model import GUARDS

    for guard in allowed:
        if guard not in GUARDS:
            near = get_close_matches(guard, GUARDS, n=1)
            meant = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(GUARDS)}"
            raise click.BadParameter(f"{guard!r} is no guard{meant}", param_hint="--allow")
