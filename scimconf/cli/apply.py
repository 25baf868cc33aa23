"""`scimconf apply`: shows the plan, asks, makes it so, and says what was done."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scimconf.cli import options, planning, saved, streams
from scimconf.cli.terminal import Terminal, can_ask
from scimconf.diagnostics import ScimconfError, StaleError

if TYPE_CHECKING:
    from scimconf.cli.session import Session
    from scimconf.diagnostics import Diagnostic
    from scimconf.plan.file import SavedPlan
    from scimconf.spec.loaded import Loaded
    from scimconf.workflow import PlannedApplication

SEEN_WITH_FORMER = "resources-abandoned"
"""The guard that only a plan with `--previous` can see: an apply takes the reviewed plan's word for it."""
BACKED_UP = ("applications", "assignments", "jobs", "schema", "secrets", "service_principals")


Hide = Callable[[str], str]
"""Takes people's names out of a text, where that is asked for."""


@click.command("apply", short_help="Make the tenant what the spec says, after showing the plan and asking.")
@options.paths
@options.variables
@options.tenant
@options.selection
@options.events
@click.option("--auto-approve", is_flag=True, help="Do not ask. Opens the guards of a first run, and no other.")
@click.option("--expect-digest", metavar="DIGEST", help="Of a saved plan: apply it only if it has this digest.")
@click.option(
    "--backup",
    "backups",
    type=click.Path(file_okay=False),
    default=".scimconf/backup",
    show_default=True,
    help="Where to save the documents as they were before the first write.",
)
def command(paths: Sequence[str], **asked: Any) -> int:
    """Make the tenant what the spec says, after showing the plan and asking.

    PATHS are files, or folders with scimconf.yaml and *.scimconf.yaml; this folder where none is named. Running it
    again is always the way on: it plans anew and does what is left.

    A single PATH may be a saved plan: it is planned again, and applied only if nothing has moved since it was made.

    \b
        scimconf apply examples/writer
        scimconf apply --auto-approve --allow scope-widened examples/writer
        scimconf apply plan.json
    """
    reviewed = saved.read(paths[0]) if len(paths) == 1 and saved.is_plan(paths[0]) else None
    if reviewed is not None:
        paths, asked = _as_reviewed(reviewed, asked)
    elif asked["expect_digest"]:
        raise click.UsageError("--expect-digest goes with a saved plan")
    options.know_guards(asked["allow"])
    loadeds, together = options.load_all(paths, asked["var"], asked["var_file"])
    problems = planning.unsound(loadeds, together)
    return planning.refuse(problems) if problems else _run(loadeds, together, reviewed, asked)


def _as_reviewed(reviewed: SavedPlan, asked: dict[str, Any]) -> tuple[Sequence[str], dict[str, Any]]:
    """The paths and options by which a saved plan was made; nothing that shapes a plan can be added to it."""
    for name in (*planning.REMEMBERED, "resend_secrets", "ignore"):
        if asked[name]:
            raise click.UsageError("a saved plan is applied as it was made; plan again to change its options")
    expected = asked["expect_digest"]
    if expected and expected != reviewed.digest:
        raise StaleError(f"This is not the plan that was reviewed: its digest is {reviewed.digest}, not {expected}")
    kept = (*planning.REMEMBERED, "resend_secrets", "redact", "ignore")
    return planning.specs_of(reviewed), {**asked, **{name: reviewed.options[name] for name in kept}}


def _run(
    loadeds: Sequence[Loaded], together: Sequence[Diagnostic], reviewed: SavedPlan | None, asked: dict[str, Any]
) -> int:
    from scimconf.cli.session import run

    async def work(session: Session) -> int:
        found = await planning.plan_all(session, loadeds, planning.wishes(asked), reviewed=reviewed is not None)
        with session.progress.still():
            planning.announce(session, found, asked)
            if not _shown(found, together, asked):
                return 1
            if reviewed is not None and _is_stale(reviewed, found, asked):
                return 3
        codes = [planning.exit_code(found, together, detailed=False)]
        return options.first([*codes, *await _apply_all(session, found, asked, _held(reviewed))])

    return run(asked, "reading", work)


def _shown(found: planning.PlanResults, together: Sequence[Diagnostic], asked: dict[str, Any]) -> bool:
    """Tells the plan; False where it cannot be shown to whoever would be asked. Without asking, it need not be read."""
    try:
        planning.tell(found, together, {**asked, "form": "text"})
    except OSError as error:
        if not asked["auto_approve"]:
            streams.talk(f"Nothing was done, since the plan cannot be shown: {error.strerror}.")
            return False
    return True


def _is_stale(reviewed: SavedPlan, found: planning.PlanResults, asked: dict[str, Any]) -> bool:
    """Whether today's plan is not the reviewed one, and says in what."""
    lines = saved.moved(reviewed, planning.whole(found, asked))
    if lines:
        click.echo("Nothing was done: this is no longer the plan that was reviewed.", err=True)
    for line in lines:
        click.echo(f"  {line}", err=True)
    return bool(lines)


def _held(reviewed: SavedPlan | None) -> frozenset[str]:
    """The applications that what is left behind stops, and says so."""
    plans = reviewed.plan.applications if reviewed is not None else ()
    held = [one.name for one in plans if any(guard.id == SEEN_WITH_FORMER for guard in one.blocking_guards)]
    for name in held:
        click.echo(f"{name}: nothing was done: the reviewed plan is stopped by {SEEN_WITH_FORMER}.", err=True)
    return frozenset(held)


async def _apply_all(
    session: Session, found: planning.PlanResults, asked: dict[str, Any], held: frozenset[str]
) -> list[int]:
    """The exit codes; applications one after another, each whatever becomes of the others."""
    wanted = [one for one in found.planned if one.plan.changes]
    if not wanted:
        return [0]
    free = [one for one in wanted if not _closed(one) and one.name not in held]
    codes = [4 for one in wanted if one not in free]
    if not free:
        return codes
    with session.progress.still():
        agreed = _agreed(free, asked)
    if not agreed:
        return [*codes, 1]
    hide = saved.hiding(planning.whole(found, asked), asked)
    return [*codes, *[await _apply_one(session, one, asked, hide) for one in free]]


def _closed(planned: PlannedApplication) -> bool:
    from scimconf.plan.guards import ASKED

    return any(guard.id not in ASKED for guard in planned.blocking_guards)


def _agreed(wanted: Sequence[PlannedApplication], asked: dict[str, Any]) -> bool:
    """Whether a person, or --auto-approve, says yes."""
    from scimconf.cli.session import interruptible

    if asked["auto_approve"]:
        return True
    if not can_ask():
        click.echo("Nobody is there to ask, so nothing was done. Use --auto-approve to apply without asking.", err=True)
        return False
    names = ", ".join(one.name for one in wanted)
    guards = sorted({guard.id for one in wanted for guard in one.blocking_guards})
    if guards:
        click.echo(f"A yes also opens: {', '.join(guards)}.", err=True)
    with interruptible():
        answer = click.prompt(f"Make these changes to {names}? Only 'yes' is taken as yes", default="no", err=True)
    if answer != "yes":
        click.echo("Nothing was done.", err=True)
    return bool(answer == "yes")


async def _apply_one(session: Session, planned: PlannedApplication, asked: dict[str, Any], hide: Hide) -> int:
    from scimconf.render import text
    from scimconf.workflow import apply

    session.progress.begin(planned.name)
    with session.careful():
        talk = _Talk(session, asked, hide)
        report = await apply(session.live(), planned, planning.wishes(asked), session.secrets, talk)
    report = saved.discreet_report(replace(report, error=session.secrets.scrub(report.error)), hide)
    session.events.applied(report)
    terminal = Terminal.of_stdout()
    with session.progress.still():
        _say(text.report([report], width=terminal.width, color=terminal.color))
        if report.problems:
            planning.refuse(report.problems)
    return report.exit_code


def _say(told: str) -> None:
    """The report; where stdout does not take it, stderr may: what was done was done, whoever reads of it."""
    try:
        click.echo(told, nl=False)
    except OSError:
        streams.talk(told.rstrip("\n"))


class _Talk:
    """A terminal's side of an apply."""

    def __init__(self, session: Session, asked: dict[str, Any], hide: Hide) -> None:
        self._session = session
        self._asked = asked
        self._hide = hide

    def approve(self, planned: PlannedApplication) -> bool:
        found = planning.PlanResults()
        found.planned.append(planned)
        with self._session.progress.still():
            try:
                return _shown(found, (), self._asked) and _agreed([planned], self._asked)
            except click.Abort:
                return False

    def backup(self, planned: PlannedApplication) -> str:
        moment = datetime.now(tz=UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        folder = Path(self._asked["backups"]) / planned.name / moment
        documents = {name: planned.snapshot.get(name) for name in BACKED_UP}
        try:
            folder.mkdir(mode=0o700, parents=True)
            for name, document in documents.items():
                if document is not None:
                    _save(folder / f"{name}.json", json.dumps(document, indent=2, ensure_ascii=False))
        except OSError as error:
            raise ScimconfError(f"Nothing was done, since {folder} cannot be written: {error.strerror}") from None
        return str(folder)

    def progress(self, message: str, done: int, total: int) -> None:
        self._session.progress.tell(self._hide(message), done, total)

    def interrupted(self) -> bool:
        return self._session.interrupted()


def _save(path: Path, text: str) -> None:
    """Readable by the owner only, from the first byte."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text + "\n")
