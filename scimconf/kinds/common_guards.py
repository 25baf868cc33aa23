"""Guards that belong to no single kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from scimconf.kinds.kind import Changes, counted_guard
from scimconf.plan import Change, Effect, Guard, Tenant

if TYPE_CHECKING:
    from scimconf.plan.guards import GuardContext

GUARD_IDS = ("tenant-mismatch", "quarantined", "resources-abandoned")


def common_guards(changes: Changes, context: GuardContext) -> Iterator[Guard]:
    """Yield the guards about the tenant, the quarantine of the job and abandoned resources."""
    yield from tenant_mismatch(context.expected_tenant, context.tenant)
    yield from _quarantined(changes, context)
    yield from _resources_abandoned(context)


def tenant_mismatch(expected: str | None, tenant: Tenant | None) -> Iterator[Guard]:
    """Yield a guard if the tenant is not the expected one, or could not be read; nothing if none is expected."""
    if expected is None:
        return
    is_domain = "." in expected
    if tenant is None or (is_domain and not tenant.domains):  # only the id is known, from the token
        from scimconf.permissions import required

        needed = required("GET", "/organization")
        yield Guard("tenant-mismatch", f"the tenant could not be read without {needed}, and the spec is for {expected}")
    elif not tenant.has_name(expected):
        yield Guard("tenant-mismatch", f"signed in to {tenant.domain or tenant.id}, but the spec is for {expected}")


def _quarantined(changes: Changes, context: GuardContext) -> Iterator[Guard]:
    """Yield a guard for changes that start a quarantined job or add users to it; changes that may fix it pass."""
    if not context.quarantine:
        return
    for change in changes:
        enabled = change.field("enabled")
        is_blocked = Effect.PROVISIONS in change.effects
        if change.kind == "schedule":
            is_blocked = enabled is not None and bool(enabled.after)
        if is_blocked and not _affects_nobody(change):
            message = f"the job is in quarantine ({context.quarantine}), and more users would be provisioned"
            yield counted_guard("quarantined", message, change, Effect.PROVISIONS)


def _affects_nobody(change: Change) -> bool:
    """Return whether a change is known to provision no user."""
    impact = change.impact.get(Effect.PROVISIONS)
    return impact is not None and impact.upper_bound == 0


def _resources_abandoned(context: GuardContext) -> Iterator[Guard]:
    """Yield a guard if abandoned resources are counted, which `--fail-on-abandoned` requests."""
    count = context.abandoned
    if count:
        subject = (
            "1 resource of the previous spec stays" if count == 1 else f"{count} resources of the previous spec stay"
        )
        yield Guard("resources-abandoned", f"{subject} in the tenant and would no longer be managed", count=count)
