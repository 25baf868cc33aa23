"""Read an application without a spec, for operations that evaluate users by its live configuration. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from scimconf.documents.schema import default_schema
from scimconf.export import everything
from scimconf.kinds import KINDS
from scimconf.plan import ApplicationPlan
from scimconf.spec.loaded import Loaded
from scimconf.spec.tree import YamlMapping
from scimconf.workflow.compilation import documents, lookups
from scimconf.workflow.guard_context import tenant_of
from scimconf.workflow.plan import PlannedApplication
from scimconf.workflow.targets import ApplicationTarget, find_principal

if TYPE_CHECKING:
    from scimconf.graph.reading import TenantSession


async def live_application(session: TenantSession, target: ApplicationTarget) -> PlannedApplication:
    """Return the application as if it were planned without changes; raise ScimconfError if it cannot be read."""
    from scimconf.graph.reading import observe

    principal = await find_principal(session.graph, target)
    loaded = loaded_application(target.name, {"object_id": principal["id"]})
    spec = loaded.spec
    assert spec is not None
    reads = (*documents(KINDS, [spec]), default_schema())
    snapshot = await observe(session, reads, lambda partial: lookups(KINDS, [spec], partial))
    return PlannedApplication(
        loaded=loaded, plan=ApplicationPlan(target.name), snapshot=snapshot, tenant=tenant_of(snapshot)
    )


def loaded_application(name: str, identity: Mapping[str, str]) -> Loaded:
    """Return a spec that manages everything of an application, as if it had been loaded."""
    return Loaded(everything(name, identity), (), YamlMapping(), ())
