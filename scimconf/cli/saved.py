"""Plans as files, and the forms in which a plan is told."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from scimconf.diagnostics import Diagnostic, DiagnosticsError, Location, ScimconfError

if TYPE_CHECKING:
    from scimconf.cli.terminal import Terminal
    from scimconf.plan import Plan, Report
    from scimconf.plan.file import SavedPlan
    from scimconf.steps import Step

F = TypeVar("F", bound=Callable[..., Any])


def telling(command: F) -> F:
    """How markdown and artifacts are told."""
    command = click.option(
        "--comment-marker", metavar="TEXT", help="A hidden line first, by which a job finds its comment again."
    )(command)
    command = click.option(
        "--max-length", type=click.IntRange(1000), default=65536, show_default=True, help="The most a forge takes."
    )(command)
    return click.option("--redact", is_flag=True, help="Keep people's names out of it.")(command)


def is_plan(path: str) -> bool:
    """Whether a file holds a plan: specs are YAML and never begin with a brace."""
    if not os.path.isfile(path):  # noqa: PTH113  pathlib's raises where the folder may not be entered
        return False
    try:
        with Path(path).open("rb") as file:
            return file.read(64).lstrip()[:1] == b"{"
    except OSError:
        return False  # whoever reads it as a spec says why it cannot be read


def read(path: str) -> SavedPlan:
    """The plan in a file; raises ProblemsError."""
    from scimconf.plan.file import read as parse

    try:
        text = Path(path).read_bytes()
    except OSError as error:
        raise DiagnosticsError(
            [Diagnostic("P001", f"it cannot be read: {error.strerror}", location=Location(path))]
        ) from None
    found = parse(text, path)
    if isinstance(found, Diagnostic):
        raise DiagnosticsError([found])
    return found


def told(
    plan: Plan,
    form: str,
    terminal: Terminal,
    asked: Mapping[str, Any],
    steps: Mapping[str, Sequence[Step]] | None = None,
) -> str:
    """The plan in one of the forms."""
    plan = discreet(plan, asked)
    if form == "json":
        from scimconf.render import json as as_json

        return as_json.plan(plan)
    if form == "markdown":
        from scimconf.render import markdown

        return markdown.plan(plan, max_length=asked["max_length"], marker=asked["comment_marker"])
    if form == "html":
        from scimconf.render import html

        return html.plan(plan)
    from scimconf.render import text

    return text.plan(
        plan,
        width=terminal.width,
        color=terminal.color,
        steps=steps,
        unmanaged=bool(asked.get("show_unmanaged")),
    )


def discreet(plan: Plan, asked: Mapping[str, Any]) -> Plan:
    """The plan without people's names, where that is asked for."""
    if not asked.get("redact"):
        return plan
    from scimconf.plan.redact import redact_plan

    return redact_plan(plan)


def hiding(plan: Plan, asked: Mapping[str, Any]) -> Callable[[str], str]:
    """What takes people's names out of a text, where that is asked for: with the pseudonyms of this plan."""
    if not asked.get("redact"):
        return str
    from scimconf.plan.redact import text_redactor as names_of

    return names_of(plan)


def discreet_report(report: Report, hide: Callable[[str], str]) -> Report:
    """A report whose texts and addresses went through `hide`."""
    outcomes = tuple(
        replace(
            one,
            addresses=tuple(replace(address, rest=hide(address.rest)) for address in one.addresses),
            message=hide(one.message),
            detail=hide(one.detail),
            hint=hide(one.hint),
        )
        for one in report.outcomes
    )
    problems = tuple(replace(one, message=hide(one.message), hint=hide(one.hint)) for one in report.problems)
    return replace(
        report,
        outcomes=outcomes,
        warnings=tuple(map(hide, report.warnings)),
        error=hide(report.error),
        hint=hide(report.hint),
        problems=problems,
    )


def moved(then: SavedPlan, now: Plan) -> tuple[str, ...]:
    """What is no longer as it was when a plan was saved, a line each, safe to print.

    A plan that was saved without people's names is compared with today's without them: same spec, same pseudonyms.
    """
    from scimconf.plan.file import moved as compare
    from scimconf.render.common.escaping import visible
    from scimconf.render.json import plan_document

    now = discreet(now, then.plan.options)
    return tuple(visible(line) for line in compare(then.plan, now, (then.document, plan_document(now))))


def check(asked: Mapping[str, Any]) -> None:
    """Raises where a command could not write what it is asked to: better before an hour of reading than after it."""
    out, backups = asked.get("out"), asked.get("backups")
    if out and not _takes_directly(Path(out)):
        with drafting(out):
            pass
    if backups:
        _check_folder(Path(backups))


def _takes_directly(path: Path) -> bool:
    """Whether it is a pipe or a device, which opening would already use."""
    return os.path.exists(path) and not os.path.isfile(path)  # noqa: PTH110, PTH113  pathlib's raise, as for long names


def _check_folder(path: Path) -> None:
    """Whether a folder can be made or added to, without making it: most applies have nothing to save."""
    there = next(one for one in (path.absolute(), *path.absolute().parents) if os.path.lexists(one))
    try:
        there.stat()
    except OSError as error:
        raise ScimconfError(f"{path} cannot be written: {error.strerror}") from None
    if not there.is_dir():
        raise ScimconfError(f"{path} cannot be written: {there} is no folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise ScimconfError(f"{path} cannot be written: {os.strerror(errno.EACCES)}")


def save(path: str, text: str) -> None:
    """Writes a file whole or not at all."""
    with drafting(path) as draft:
        draft.write(text)
        draft.keep()


@contextmanager
def drafting(path: str, *, private: bool = False) -> Iterator[Draft]:
    """A file in the making; what was there stays unless the draft is kept. `private` is for its owner only."""
    draft = Draft(path, private=private)
    try:
        yield draft
    finally:
        draft.discard()


class Draft:
    """A file beside the one that it is to become; links are followed, so that they stay.

    What is there and is no file, as a pipe or a device, is written to directly: nothing can take its place. Whatever
    the system refuses is an error in one sentence.
    """

    def __init__(self, path: str, *, private: bool) -> None:
        self._path = path
        self._target = Path(path)
        with self._judged():
            self.is_direct = _takes_directly(self._target)
            if self.is_direct:
                self._file = self._target.open("w", encoding="utf-8")
                return
            self._target = Path(os.path.realpath(path))
            if self._target.is_symlink():  # it leads to itself
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            self._beside = self._target.with_name(f".{self._target.name}.{os.getpid()}")
            self._target.parent.mkdir(parents=True, exist_ok=True)
            self._beside.unlink(missing_ok=True)  # of a process of the same number, which was stopped half way
            made = os.open(self._beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private else 0o666)
            if self._target.exists() and not private:  # whoever closed it to others meant this one as well
                self._beside.chmod(stat.S_IMODE(self._target.stat().st_mode))
            self._file = os.fdopen(made, "w", encoding="utf-8")

    def write(self, text: str) -> None:
        with self._judged():
            self._file.write(text)

    def keep(self) -> None:
        """It is whole: the file is this from now on."""
        with self._judged():
            self._file.close()
            if not self.is_direct:
                self._beside.replace(self._target)

    def discard(self) -> None:
        """Nothing is left of what was not kept."""
        with suppress(OSError):
            self._file.close()
        if not self.is_direct:
            self._beside.unlink(missing_ok=True)

    @contextmanager
    def _judged(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ScimconfError(f"{self._path} cannot be written: {error.strerror}") from None
