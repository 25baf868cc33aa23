"""How a preview is made: plan, read what it stands on, and let users pass one page after another."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import click

from scimconf.cli import options, planning, saved
from scimconf.cli.terminal import Terminal

if TYPE_CHECKING:
    from scimconf.cli.session import Session
    from scimconf.diagnostics import Diagnostic
    from scimconf.graph.client import Graph
    from scimconf.impact.preview import Preview
    from scimconf.plan import Tenant
    from scimconf.plan.preview import PreviewHeader, PreviewSummary, UserPreview
    from scimconf.spec.loaded import Loaded
    from scimconf.workflow import PlannedApplication

BY_IDS = 15_000
"""Up to so many assigned people are read by their ids; of more, the whole directory is the shorter way."""

BREATH = 20
"""After so many people the event loop has a turn, so that the next page is on its way."""

LINES = 20
"""A log gets about so many lines of how far it is, however many people there are."""

Hide = Callable[[str], str]


class PreviewFormat(Protocol):
    """One form of telling, piece by piece."""

    def opened(self) -> str: ...
    def begun(self, head: PreviewHeader) -> str: ...
    def person(self, person: UserPreview) -> str: ...
    def ended(self, summary: PreviewSummary) -> str: ...
    def closed(self, *, complete: bool) -> str: ...


@dataclass(frozen=True, slots=True)
class PreviewSink:
    """Where a preview goes, in which form, and whether that form shows whole resources; `end` is told the exit code."""

    form: PreviewFormat
    write: Callable[[str], object]
    whole: bool
    end: Callable[[int], object] = bool


@contextmanager
def telling(session: Session, asked: Mapping[str, Any]) -> Iterator[PreviewSink]:
    """The product goes to stdout, or to a file that only its owner may read, and that is there whole or not at all."""
    form, whole = _form(asked), asked["form"] != "text" or bool(asked["users"])
    if not asked["out"]:
        yield PreviewSink(form, partial(_show, session), whole)
        return
    with saved.drafting(asked["out"], private=True) as draft:
        yield PreviewSink(form, draft.write, whole, partial(_kept, draft, asked["out"]))


def _show(session: Session, text: str) -> None:
    if text:
        with session.progress.still():
            click.echo(text, nl=False)


def _kept(draft: saved.Draft, out: str, code: int) -> None:
    """A part of a preview takes the place of no whole one."""
    if code and not draft.is_direct:
        click.echo(f"{out} was not written, since not everything could be previewed.", err=True)
        return
    draft.keep()
    if not code:
        click.echo(f"The preview is in {out}.", err=True)


def _form(asked: Mapping[str, Any]) -> PreviewFormat:
    if asked["form"] == "json":
        from scimconf.render.preview.json import JsonPreview

        return JsonPreview()
    if asked["form"] == "html":
        from scimconf.render.preview.html import PreviewPage

        return PreviewPage()
    from scimconf.render.preview.text import TextPreview

    terminal = Terminal.of_stdout()
    to_file = bool(asked["out"])
    return TextPreview(width=terminal.width, color=terminal.color and not to_file, full=bool(asked["users"]))


async def preview_all(
    session: Session,
    loadeds: Sequence[Loaded],
    together: Sequence[Diagnostic],
    tell: PreviewSink,
    asked: Mapping[str, Any],
) -> int:
    """Plans all applications, previews those that could be planned, and gives the exit code.

    However it ends, what was begun is closed, so that a part is still a document, and says that it is a part.
    """
    from scimconf.diagnostics import ScimconfError
    from scimconf.workflow import PlanOptions

    wishes = PlanOptions(
        today=options.today(), only=tuple(asked["only"]), exclude=tuple(asked["exclude"]), impact=False
    )
    found = await planning.plan_all(session, loadeds, wishes)
    hide = _hiding(found) if asked["redact"] else None
    session.progress.begin("preview")
    tell.write(tell.form.opened())
    missing: list[str] = []
    complete = False
    try:
        for planned in found.planned:
            try:
                missing += await _preview(session, planned, tell, asked, hide)
            except ScimconfError as error:
                found.errors.append((planned.name, error))
        complete = planning.is_sound(found, together)
    finally:
        tell.write(tell.form.closed(complete=complete))
    with session.progress.still():
        _complain(found, together, missing, _discreet(hide, asked["users"]))
    return options.first([planning.exit_code(found, together, detailed=False), 1 if missing else 0])


def _hiding(found: planning.PlanResults) -> Hide:
    """What gives people the pseudonyms that they have in the plan of these applications."""
    from scimconf.plan import Plan, Tenant
    from scimconf.plan.redact import text_redactor

    tenant = next((planned.tenant for planned in found.planned if planned.tenant is not None), Tenant())
    return text_redactor(Plan(tenant, tuple(planned.plan for planned in found.planned)))


def _discreet(hide: Hide | None, names: Sequence[str]) -> Hide:
    """What takes people out of a sentence for stderr: those who were asked for first, since an id looks like nothing."""
    from scimconf.plan.preview_redact import pseudonym

    if hide is None:
        return str
    known = {name: pseudonym(name, hide) for name in sorted(names, key=len, reverse=True)}

    def discreet(text: str) -> str:
        for name, hidden in known.items():
            text = text.replace(name, hidden)
        return hide(text)

    return discreet


def _complain(found: planning.PlanResults, together: Sequence[Diagnostic], missing: Sequence[str], hide: Hide) -> None:
    """What went wrong, on stderr; each missing user once, though several applications ask for them."""
    from scimconf.render import diagnostics as as_text
    from scimconf.render.common.escaping import visible

    problems = [replace(one, message=hide(one.message), hint=hide(one.hint)) for one in (*together, *found.problems)]
    if problems:
        click.echo(as_text.text(problems, color=Terminal.of_stderr().color), nl=False, err=True)
    for name, error in found.errors:
        planning.fail(name, error, hide)
    for name in dict.fromkeys(missing):
        click.echo(visible(hide(f"There is no user {name}.")), err=True)


async def _preview(
    session: Session, planned: PlannedApplication, tell: PreviewSink, asked: Mapping[str, Any], hide: Hide | None
) -> list[str]:
    """One application's preview; which of the asked users are not there."""
    import asyncio

    from scimconf.impact.preview_summary import SummaryBuilder
    from scimconf.plan.preview import PreviewHeader
    from scimconf.plan.preview_redact import preview_redactor, unredacted

    doubts = _doubts(planned)
    scene, notices = await _scene(session, planned)
    whom = await _whom(session.graph, scene, asked)
    tell.write(tell.form.begun(PreviewHeader(planned.name, _tenant(planned), whom.about, (*doubts, *notices))))
    summing = SummaryBuilder(scene.matching)
    mask = unredacted if hide is None else preview_redactor(hide)
    pieces: list[str] = []
    done, complete = 0, False
    try:
        async for page in whom.pages:
            for number, user in enumerate(_ordered(page, hide)):
                if number % BREATH == 0:
                    await asyncio.sleep(0)
                shown = summing.add(scene.user(user), mask)
                pieces.append(tell.form.person(scene.with_resources(shown) if tell.whole else shown))
            tell.write("".join(pieces))
            pieces.clear()
            before, done = done, done + len(page)
            _count(session, before, done, whom.total or done)
        complete = True
    finally:
        tell.write("".join([*pieces, tell.form.ended(summing.summary(complete=complete))]))
    return whom.missing


def _ordered(page: list[Any], hide: Hide | None) -> list[Any]:
    """A page by its pseudonyms, where there are some: the order of names would tell more than they do."""
    from scimconf.plan.preview_redact import pseudonym

    if hide is None:
        return page
    return sorted(page, key=lambda user: pseudonym(str(user.get("userPrincipalName") or user["id"]), hide))


def _count(session: Session, before: int, done: int, total: int) -> None:
    """How far it is; in a log a line now and then, not only the first."""
    anew = before * LINES // max(total, 1) != done * LINES // max(total, 1)
    session.progress.tell("people", done, total, anew=anew)


def _tenant(planned: PlannedApplication) -> Tenant:
    from scimconf.plan import Tenant

    return planned.tenant or Tenant()


def _doubts(planned: PlannedApplication) -> tuple[str, ...]:
    """Nobody is read in a tenant that is not the spec's; where it cannot be known which it is, that is said."""
    from scimconf.diagnostics import ScimconfError

    wrong = [one for one in planned.plan.guards if one.id == "tenant-mismatch" and not one.is_allowed]
    if wrong and planned.tenant is not None:
        raise ScimconfError(f"nobody was looked at: {wrong[0].message}")
    return tuple(f"{one.message[:1].upper()}{one.message[1:]}." for one in wrong)


async def _scene(session: Session, planned: PlannedApplication) -> tuple[Preview, tuple[str, ...]]:
    """Both sides, ready to be asked, and what must be said about them."""
    from datetime import UTC, datetime

    from scimconf.expressions.evaluation import EvaluationContext
    from scimconf.graph import impact_data
    from scimconf.impact.preview import Preview
    from scimconf.impact.projection import documents_read, states_before_and_after, warnings

    spec = planned.loaded.spec
    assert spec is not None
    snapshot = await impact_data.read_optional_documents(session.graph, planned.snapshot, documents_read(spec))
    changes = planned.plan.changes
    before, after = states_before_and_after(spec, snapshot, changes)
    members = await impact_data.group_members(
        session.graph, {*(before.assigned_groups or ()), *(after.assigned_groups or ())}
    )
    told = EvaluationContext(session.graph.now or datetime.now(UTC), tenant_domain=_tenant(planned).domain or None)
    scene = Preview(before, after, members, told)
    return scene, (*warnings(spec, snapshot), *scene.warnings)


@dataclass(slots=True)
class _Whom:
    """Who is looked at, in words, and their pages; `missing` are the names that nobody has."""

    about: str
    pages: AsyncIterator[list[Any]]
    total: int = 0
    missing: list[str] = field(default_factory=list)


async def _whom(graph: Graph, scene: Preview, asked: Mapping[str, Any]) -> _Whom:
    from scimconf.graph import impact_data
    from scimconf.render.common.labels import plural

    if asked["users"]:
        return await _named(graph, scene, asked["users"])
    ids, most = scene.assigned, asked["sample"] or 0
    if ids is None:
        total = await impact_data.count_users(graph)
        about = f"the first {plural(most, 'user')} of the directory" if most else "all users of the directory"
        of = f", which has {total:,}" if most and total else ""
        return _Whom(about + of, impact_data.directory_users(graph, scene.properties, most), min(most or total, total))
    few = ids[:most] if most else ids
    about = f"{len(few):,} of {len(ids):,} people who are assigned" if most else "everybody who is assigned"
    if len(few) <= BY_IDS:
        return _Whom(about, impact_data.users_by_id(graph, few, scene.properties), len(few))
    return _Whom(about, _among(frozenset(few), impact_data.directory_users(graph, scene.properties)), len(few))


async def _named(graph: Graph, scene: Preview, names: Sequence[str]) -> _Whom:
    """Each person once, though somebody may be asked for by name and by id."""
    from scimconf.graph import impact_data
    from scimconf.render.common.labels import plural

    found = await impact_data.users_by_name(graph, names, scene.properties)
    there = list({str(user["id"]).lower(): user for user in found if user is not None}.values())

    async def once() -> AsyncIterator[list[Any]]:
        yield there

    missing = [name for name, user in zip(names, found, strict=True) if user is None]
    return _Whom(plural(len(there), "user"), once(), len(there), missing)


async def _among(ids: frozenset[str], pages: AsyncIterator[list[Any]]) -> AsyncIterator[list[Any]]:
    async for page in pages:
        yield [user for user in page if str(user["id"]).lower() in ids]
