"""Preview one application: what each user's record is before and after the plan."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from scimconf.diagnostics import ScimconfError
from scimconf.impact.preview import Preview
from scimconf.impact.preview_summary import SummaryBuilder
from scimconf.plan import Tenant
from scimconf.plan.preview import PreviewHeader, PreviewSummary, UserPreview
from scimconf.plan.preview_redact import masking, pseudonym, unmasked
from scimconf.render.common.labels import plural
from scimconf.workflow.plan import PlannedApplication
from scimconf.workflow.plan_all import mismatched_tenant

if TYPE_CHECKING:
    from scimconf.graph.client import Graph

BY_IDS = 15_000
"""Up to this number assigned users are read by their ids; above it, reading the whole directory is faster."""

YIELD_AFTER = 20
"""After this number of users the event loop runs, so that the next page is requested meanwhile."""

Redact = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class UserSelection:
    """Which users are previewed: by name or id, or the first `sample` users who can be in scope, or all of them."""

    names: tuple[str, ...] = ()
    sample: int = 0
    with_records: bool = False
    """Whether each user has the complete record, not only what changes."""
    redact: Redact | None = None
    """Replaces user names in texts; None leaves names and values as they are."""


class PreviewWriter(Protocol):
    """Receives a preview while it is made: a header, pages of users, a summary."""

    def begin(self, header: PreviewHeader) -> None: ...

    def add_users(self, users: Sequence[UserPreview]) -> None: ...

    def end(self, summary: PreviewSummary) -> None: ...

    def progress(self, done: int, total: int) -> None: ...


@dataclass(slots=True)
class _Users:
    """The pages of users to preview, a description of them, and the names that do not exist."""

    description: str
    pages: AsyncIterator[list[Any]]
    total: int = 0
    missing: list[str] = field(default_factory=list)


async def preview(
    graph: Graph, planned: PlannedApplication, selection: UserSelection, writer: PreviewWriter, now: datetime
) -> list[str]:
    """Write one application's preview; return the names of users that do not exist.

    After an error the summary is written too and says that the preview is incomplete. `now` is used if Graph sent no
    time. Raise ScimconfError if a read is refused or the tenant is not the tenant of the spec.
    """
    tenant_warnings = _tenant_warnings(planned)
    evaluator, warnings = await _evaluator(graph, planned, now)
    users = await _users(graph, evaluator, selection)
    tenant = planned.comparison.tenant or Tenant()
    writer.begin(PreviewHeader(planned.name, tenant, users.description, (*tenant_warnings, *warnings)))
    summary = SummaryBuilder(evaluator.matching)
    mask = unmasked if selection.redact is None else masking(selection.redact)
    page_previews: list[UserPreview] = []
    done, complete = 0, False
    try:
        async for page in users.pages:
            for number, user in enumerate(_ordered(page, selection.redact)):
                if number % YIELD_AFTER == 0:
                    await asyncio.sleep(0)
                masked = summary.add(evaluator.person(user), mask)
                page_previews.append(evaluator.completed(masked) if selection.with_records else masked)
            writer.add_users(page_previews)
            page_previews = []
            done += len(page)
            writer.progress(done, users.total or done)
        complete = True
    finally:
        writer.add_users(page_previews)
        writer.end(summary.summary(complete=complete))
    return users.missing


def _ordered(page: list[Any], redact: Redact | None) -> list[Any]:
    """Return a page, sorted by pseudonym if it is redacted: the order of names would give them away."""
    if redact is None:
        return page
    return sorted(page, key=lambda user: pseudonym(str(user.get("userPrincipalName") or user["id"]), redact))


def _tenant_warnings(planned: PlannedApplication) -> tuple[str, ...]:
    """Return a warning if the tenant could not be read; raise ScimconfError if it is not the tenant of the spec."""
    mismatch = mismatched_tenant(planned)
    if mismatch:
        raise ScimconfError(f"No users were read: {mismatch}")
    unread = [guard.message for guard in planned.closed if guard.id == "tenant-mismatch"]
    return tuple(f"{message[:1].upper()}{message[1:]}." for message in unread)


async def _evaluator(graph: Graph, planned: PlannedApplication, now: datetime) -> tuple[Preview, tuple[str, ...]]:
    """Read the documents and groups that decide scope; return the evaluator of users, and its warnings."""
    from scimconf.expressions.evaluation import EvaluationContext
    from scimconf.graph import impact_data
    from scimconf.impact.projection import notices, reads, states_before_and_after

    spec = planned.loaded.spec
    assert spec is not None
    snapshot = await impact_data.filled(graph, planned.snapshot, reads(spec))
    before, after = states_before_and_after(spec, snapshot, planned.comparison.plan.changes)
    members = await impact_data.members(graph, {*(before.groups or ()), *(after.groups or ())})
    domain = planned.comparison.tenant.domain if planned.comparison.tenant else None
    evaluator = Preview(before, after, members, EvaluationContext(graph.now or now, tenant_domain=domain or None))
    return evaluator, (*notices(spec, snapshot), *evaluator.notices)


# --- which users ----------------------------------------------------------------------------------------------------


async def _users(graph: Graph, evaluator: Preview, selection: UserSelection) -> _Users:
    from scimconf.graph import impact_data

    if selection.names:
        return await _named_users(graph, evaluator, selection.names)
    if evaluator.assigned is None:
        return await _directory_users(graph, evaluator, selection.sample)
    ids = evaluator.assigned[: selection.sample] if selection.sample else evaluator.assigned
    description = (
        f"{len(ids):,} of {len(evaluator.assigned):,} assigned users" if selection.sample else "all assigned users"
    )
    if len(ids) <= BY_IDS:
        return _Users(description, impact_data.by_ids(graph, ids, evaluator.select), len(ids))
    return _Users(description, _only(frozenset(ids), impact_data.everyone(graph, evaluator.select)), len(ids))


async def _directory_users(graph: Graph, evaluator: Preview, sample: int) -> _Users:
    from scimconf.graph import impact_data

    total = await impact_data.count(graph)
    description = f"the first {plural(sample, 'user')} of the directory" if sample else "all users of the directory"
    if sample and total:
        description += f", which has {total:,}"
    return _Users(description, impact_data.everyone(graph, evaluator.select, sample), min(sample or total, total))


async def _named_users(graph: Graph, evaluator: Preview, names: Sequence[str]) -> _Users:
    """Return each user once, also if one is named by name and by id."""
    from scimconf.graph import impact_data

    matches = await impact_data.by_names(graph, names, evaluator.select)
    users = list({str(user["id"]).lower(): user for user in matches if user is not None}.values())

    async def single_page() -> AsyncIterator[list[Any]]:
        yield users

    missing = [name for name, user in zip(names, matches, strict=True) if user is None]
    return _Users(plural(len(users), "user"), single_page(), len(users), missing)


async def _only(ids: frozenset[str], pages: AsyncIterator[list[Any]]) -> AsyncIterator[list[Any]]:
    async for page in pages:
        yield [user for user in page if str(user["id"]).lower() in ids]
