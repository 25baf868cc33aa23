"""Preview one application: what each user's record is before and after the plan."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from scimconf.diagnostics import ScimconfError, plural
from scimconf.impact.preview import Preview, evaluation_context
from scimconf.impact.preview_summary import SummaryBuilder
from scimconf.impact.target_checks import TargetCheck, target_checks
from scimconf.plan import Tenant
from scimconf.plan.preview import PreviewHeader, PreviewSummary, UserPreview
from scimconf.plan.preview_redact import preview_redactor, pseudonym, unredacted
from scimconf.workflow.plan import PlannedApplication

if TYPE_CHECKING:
    from scimconf.graph.client import Graph

YIELD_AFTER = 20
"""After this number of users they are written, and the event loop runs, so that the next page is requested meanwhile."""

Redact = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class UserSelection:
    """Which users are previewed: by name or id, or the first `sample` users who can be in scope, or all of them.

    `with_records` adds the complete record of each user. `changed_only` leaves out users who do not change and have no
    note; the summary counts them. `redact` replaces user names in texts.
    """

    names: tuple[str, ...] = ()
    sample: int = 0
    with_records: bool = False
    changed_only: bool = False
    redact: Redact | None = None


class PreviewWriter(Protocol):
    """Receives a preview while it is made: a header, some users at a time, a summary."""

    def begin(self, header: PreviewHeader) -> None: ...

    def add_users(self, users: Sequence[UserPreview]) -> None: ...

    def end(self, summary: PreviewSummary) -> None: ...

    def progress(self, done: int, total: int) -> None: ...


@dataclass(slots=True)
class _Users:
    description: str
    pages: AsyncIterator[list[Any]]
    total: int = 0
    missing: list[str] = field(default_factory=list)


async def preview(
    graph: Graph, planned: PlannedApplication, selection: UserSelection, writer: PreviewWriter, now: datetime
) -> list[str]:
    """Write one application's preview; return the names of users that do not exist.

    After an error the summary says that the preview is incomplete. `now` is used if Graph sent no time. Raise
    ScimconfError if a read is refused or the tenant is not the tenant of the spec.
    """
    tenant_warnings = _tenant_warnings(planned)
    evaluator, checks, impact_warnings = await user_evaluator(graph, planned, now)
    users = await _users(graph, evaluator, selection)
    warnings = (*tenant_warnings, *impact_warnings)
    writer.begin(
        PreviewHeader(planned.name, planned.tenant or Tenant(), users.description, warnings, selection.changed_only)
    )
    summary = SummaryBuilder(evaluator.matching, checks, evaluator.identifiers)
    redact = unredacted if selection.redact is None else preview_redactor(selection.redact)
    previews: list[UserPreview] = []
    done, complete = 0, False
    try:
        async for page in users.pages:
            for number, user in enumerate(_ordered(page, selection.redact)):
                if number % YIELD_AFTER == 0:
                    _write(writer, previews)
                    await asyncio.sleep(0)
                user_preview = summary.add(evaluator.user(user), redact)
                if selection.changed_only and not user_preview.is_noteworthy:
                    continue
                previews.append(evaluator.with_resources(user_preview) if selection.with_records else user_preview)
            _write(writer, previews)
            done += len(page)
            writer.progress(done, users.total or done)
        complete = True
    finally:
        _write(writer, previews)
        writer.end(summary.summary(complete=complete))
    return users.missing


def _write(writer: PreviewWriter, previews: list[UserPreview]) -> None:
    """Write the users and remove them from the list: no more than YIELD_AFTER of them are in memory."""
    if previews:
        writer.add_users(tuple(previews))
        previews.clear()


def _ordered(page: list[Any], redact: Redact | None) -> list[Any]:
    """Return a page, sorted by pseudonym if it is redacted: the order of names would give them away."""
    if redact is None:
        return page
    return sorted(page, key=lambda user: pseudonym(str(user.get("userPrincipalName") or user["id"]), redact))


def _tenant_warnings(planned: PlannedApplication) -> tuple[str, ...]:
    """Return a warning if the tenant could not be read; raise ScimconfError if it is not the tenant of the spec."""
    mismatch = planned.tenant_mismatch
    if mismatch is not None:
        raise ScimconfError(f"No users were read: {mismatch.message}")
    unread = [guard.message for guard in planned.blocking_guards if guard.id == "tenant-mismatch"]
    return tuple(f"{message[:1].upper()}{message[1:]}." for message in unread)


async def user_evaluator(
    graph: Graph, planned: PlannedApplication, now: datetime
) -> tuple[Preview, tuple[TargetCheck, ...], tuple[str, ...]]:
    """Read the documents and groups that decide scope; return the evaluator of users, the checks, and the warnings."""
    from scimconf.graph import impact_data
    from scimconf.impact.projection import documents_read, states_before_and_after, warnings
    from scimconf.impact.queries import assigned_groups

    spec = planned.loaded.spec
    assert spec is not None
    snapshot = await impact_data.read_optional_documents(graph, planned.snapshot, documents_read(spec))
    states = states_before_and_after(spec, snapshot, planned.plan.changes)
    members = await impact_data.group_members(graph, assigned_groups(states))
    evaluator = Preview(*states, members, evaluation_context(planned.tenant, graph.now or now))
    checks = target_checks(spec, states[1])
    return evaluator, checks, (*warnings(spec, snapshot), *evaluator.warnings)


async def _users(graph: Graph, evaluator: Preview, selection: UserSelection) -> _Users:
    from scimconf.graph import impact_data
    from scimconf.graph.principals import reads_all

    if selection.names:
        return await _named_users(graph, evaluator, selection.names)
    population = evaluator.population
    if population.ids is None or population.unread != 0:
        return await _directory_users(graph, evaluator, selection.sample)
    ids = population.ids[: selection.sample] if selection.sample else population.ids
    pages: AsyncIterator[list[Any]]
    if await reads_all(graph, "/users", len(ids)):
        pages = _only(frozenset(ids), impact_data.directory_users(graph, evaluator.properties))
    else:
        pages = impact_data.users_by_id(graph, ids, evaluator.properties)
    number = f"{len(ids):,} of {len(population.ids):,}" if selection.sample else "all"
    return _Users(f"{number} assigned users", pages, len(ids))


async def _directory_users(graph: Graph, evaluator: Preview, sample: int) -> _Users:
    from scimconf.graph import impact_data

    total = await impact_data.count_users(graph)
    description = f"the first {plural(sample, 'user')} of the directory" if sample else "all users of the directory"
    if sample and total:
        description += f", which has {total:,}"
    pages = impact_data.directory_users(graph, evaluator.properties, sample)
    return _Users(description, pages, min(sample or total, total))


async def _named_users(graph: Graph, evaluator: Preview, names: Sequence[str]) -> _Users:
    from scimconf.graph import impact_data

    matches = await impact_data.users_by_name(graph, names, evaluator.properties)
    # a user who is named by name and by id counts once
    users = list({str(user["id"]).lower(): user for user in matches if user is not None}.values())

    async def single_page() -> AsyncIterator[list[Any]]:
        yield users

    missing = [name for name, user in zip(names, matches, strict=True) if user is None]
    return _Users(plural(len(users), "user"), single_page(), len(users), missing)


async def _only(ids: frozenset[str], pages: AsyncIterator[list[Any]]) -> AsyncIterator[list[Any]]:
    async for page in pages:
        yield [user for user in page if str(user["id"]).lower() in ids]
