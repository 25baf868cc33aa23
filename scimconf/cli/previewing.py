"""How a preview is made: plan, read what it stands on, and let users pass one page after another."""

from __future__ import annotations

import os
import stat
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TextIO

import click

from scimconf.cli import options, planning
from scimconf.cli.terminal import Terminal

if TYPE_CHECKING:
    from scimconf.cli.session import Session
    from scimconf.errors import Problem
    from scimconf.kinds.preview import Preview
    from scimconf.live.graph import Graph
    from scimconf.plan.preview import Person, Summary
    from scimconf.spec.loaded import Loaded
    from scimconf.workflow import Planned

BY_IDS = 15_000
"""Up to so many assigned people are read by their ids; of more, the whole directory is the shorter way."""


BREATH = 20
"""After so many people the event loop has a turn, so that the next page is on its way."""


class Form(Protocol):
    """One form of telling, piece by piece."""

    def opened(self) -> str: ...
    def begun(self, name: str, about: str, notices: Sequence[str]) -> str: ...
    def person(self, person: Person) -> str: ...
    def ended(self, summary: Summary) -> str: ...
    def closed(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Telling:
    """Where a preview goes, in which form, and whether that form shows whole resources."""

    form: Form
    write: Callable[[str], object]
    whole: bool


@contextmanager
def telling(session: Session, asked: Mapping[str, Any]) -> Iterator[Telling]:
    """The product goes to stdout, or to a file that only its owner may read, and that is there whole or not at all."""
    form, whole = _form(asked), asked["form"] != "text" or bool(asked["users"])
    if not asked["out"]:

        def show(text: str) -> None:
            if text:
                with session.progress.still():
                    click.echo(text, nl=False)

        yield Telling(form, show, whole)
        return
    with _private(Path(asked["out"])) as file:
        yield Telling(form, file.write, whole)
    click.echo(f"The preview is in {asked['out']}.", err=True)


@contextmanager
def _private(target: Path) -> Iterator[TextIO]:
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    made = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
    try:
        with os.fdopen(made, "w", encoding="utf-8") as file:
            yield file
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def _form(asked: Mapping[str, Any]) -> Form:
    if asked["form"] == "json":
        from scimconf.render.preview_json import Machine

        return Machine()
    if asked["form"] == "html":
        from scimconf.render.preview_html import PreviewPage

        return PreviewPage()
    from scimconf.render.preview_text import Text

    terminal = Terminal.of_stdout()
    to_file = bool(asked["out"])
    return Text(width=terminal.width, color=terminal.color and not to_file, full=bool(asked["users"]))


async def preview_all(
    session: Session, loadeds: Sequence[Loaded], together: Sequence[Problem], tell: Telling, asked: Mapping[str, Any]
) -> int:
    """Plans all applications, previews those that could be planned, and gives the exit code."""
    from scimconf.errors import ScimconfError
    from scimconf.workflow import Options

    wishes = Options(tuple(asked["only"]), tuple(asked["exclude"]), today=options.today())
    found = await planning.plan_all(session, loadeds, wishes)
    session.progress.begin("preview")
    tell.write(tell.form.opened())
    missing: list[str] = []
    for planned in found.planned:
        try:
            missing += await _preview(session, planned, tell, asked)
        except ScimconfError as error:
            found.errors.append((planned.name, error))
    tell.write(tell.form.closed())
    with session.progress.still():
        _complain(found, together, missing)
    return options.first([planning.exit_code(found, together, detailed=False), 1 if missing else 0])


def _complain(found: planning.Found, together: Sequence[Problem], missing: Sequence[str]) -> None:
    """What went wrong, on stderr; each missing user once, though several applications ask for them."""
    from scimconf.render import problems as as_text
    from scimconf.render.terminal.characters import visible

    problems = [*together, *found.problems]
    if problems:
        click.echo(as_text.text(problems, color=Terminal.of_stderr().color), nl=False, err=True)
    for name, error in found.errors:
        planning.fail(name, error)
    for name in dict.fromkeys(missing):
        click.echo(visible(f"There is no user {name}."), err=True)


async def _preview(session: Session, planned: Planned, tell: Telling, asked: Mapping[str, Any]) -> list[str]:
    """One application's preview; which of the asked users are not there."""
    import asyncio

    from scimconf.kinds.preview_summary import Summing
    from scimconf.plan.preview_redact import masking, unmasked

    scene, notices = await _scene(session, planned)
    whom = await _whom(session.graph, scene, asked)
    tell.write(tell.form.begun(planned.name, whom.about, notices))
    summing = Summing(scene.matching)
    mask = masking(_hide(planned)) if asked["redact_principals"] else unmasked
    done, complete = 0, False
    try:
        async for page in whom.pages:
            for number, user in enumerate(page):
                if number % BREATH == 0:
                    await asyncio.sleep(0)
                shown = summing.add(scene.person(user), mask)
                tell.write(tell.form.person(scene.completed(shown) if tell.whole else shown))
            done += len(page)
            session.progress.tell("people", done, whom.total or done)
        complete = True
    finally:
        tell.write(tell.form.ended(summing.summary(complete=complete)))
    return whom.missing


async def _scene(session: Session, planned: Planned) -> tuple[Preview, tuple[str, ...]]:
    """Both sides, ready to be asked, and what must be said about them."""
    from datetime import UTC, datetime

    from scimconf.expressions.evaluation import Circumstances
    from scimconf.kinds.preview import Preview
    from scimconf.kinds.preview_sides import notices, reads, sides
    from scimconf.live import people

    spec = planned.loaded.spec
    assert spec is not None
    snapshot = await people.filled(session.graph, planned.snapshot, reads(spec))
    changes = planned.comparison.plan.changes
    before, after = sides(spec, snapshot, changes)
    members = await people.members(session.graph, {*(before.groups or ()), *(after.groups or ())})
    tenant = planned.comparison.tenant
    told = Circumstances(
        session.graph.now or datetime.now(UTC), tenant_domain=tenant.domain or None if tenant else None
    )
    return Preview(before, after, members, told), tuple(notices(spec, snapshot))


def _hide(planned: Planned) -> Callable[[str], str]:
    from scimconf.plan import Plan, Tenant
    from scimconf.plan.redact import hiding

    return hiding(Plan(planned.comparison.tenant or Tenant(), (planned.comparison.plan,)))


@dataclass(slots=True)
class _Whom:
    """Who is looked at, in words, and their pages; `missing` are the names that nobody has."""

    about: str
    pages: AsyncIterator[list[Any]]
    total: int = 0
    missing: list[str] = field(default_factory=list)


async def _whom(graph: Graph, scene: Preview, asked: Mapping[str, Any]) -> _Whom:
    from scimconf.live import people
    from scimconf.render.names import plural

    if asked["users"]:
        return await _named(graph, scene, asked["users"])
    ids, most = scene.assigned, asked["sample"] or 0
    if ids is None:
        total = await people.count(graph)
        about = f"the first {plural(most, 'user')} of the directory" if most else "all users of the directory"
        of = f", which has {total:,}" if most and total else ""
        return _Whom(about + of, people.everyone(graph, scene.select, most), min(most or total, total))
    few = ids[:most] if most else ids
    about = f"{len(few):,} of {len(ids):,} people who are assigned" if most else "everybody who is assigned"
    if len(few) <= BY_IDS:
        return _Whom(about, people.by_ids(graph, few, scene.select), len(few))
    return _Whom(about, _among(frozenset(few), people.everyone(graph, scene.select)), len(few))


async def _named(graph: Graph, scene: Preview, names: Sequence[str]) -> _Whom:
    from scimconf.live import people
    from scimconf.render.names import plural

    found = await people.by_names(graph, names, scene.select)
    there = [user for user in found if user is not None]

    async def once() -> AsyncIterator[list[Any]]:
        yield there

    missing = [name for name, user in zip(names, found, strict=True) if user is None]
    return _Whom(plural(len(there), "user"), once(), len(there), missing)


async def _among(ids: frozenset[str], pages: AsyncIterator[list[Any]]) -> AsyncIterator[list[Any]]:
    async for page in pages:
        yield [user for user in page if str(user["id"]).lower() in ids]
