"""Read what a live application does, beside its configuration: how many users are in scope, who gets its emails."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from scimconf.documents import secrets
from scimconf.export import everything
from scimconf.kinds import KINDS
from scimconf.kinds.schedule import stop_of
from scimconf.monitoring.contacts import addresses
from scimconf.plan import Effect, Impact
from scimconf.workflow.compilation import ChangeSet, PlanOptions, documents, lookups
from scimconf.workflow.plan import begin_estimate, end_estimate

if TYPE_CHECKING:
    from scimconf.graph.reading import TenantSession


class LiveFacts(NamedTuple):
    """The users in scope, None if they could not be counted, and the addresses that get the emails of the service."""

    in_scope: Impact | None = None
    mail: tuple[str, ...] = ()


async def live_facts(session: TenantSession, app_id: str, options: PlanOptions) -> LiveFacts:
    """Return the facts of the application with an application id. Raise GraphError if it cannot be read."""
    from scimconf.documents.schema import default_schema
    from scimconf.graph.reading import observe

    spec = everything("app", {"app_id": app_id})
    reads = (*documents(KINDS, [spec]), default_schema())
    snapshot = await observe(session, reads, lambda partial: lookups(KINDS, [spec], partial))
    changes = (stop_of(spec),)
    groups = await begin_estimate(session, spec, ChangeSet(changes=changes), snapshot, options)
    impact = await end_estimate(session, spec, changes, groups, options)
    email = secrets.settings(snapshot.get("secrets")).email
    return LiveFacts(impact.totals.get(Effect.STOPS), addresses(str(email or "")))
