"""The plan of a spec with `retired:`: nothing is managed; a warning says if the application is still provisioned."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from scimconf.diagnostics import Diagnostic
from scimconf.documents.application import organization, service_principals
from scimconf.documents.job import is_on, jobs
from scimconf.kinds.common_guards import tenant_mismatch
from scimconf.kinds.identity import identified_by
from scimconf.plan import ApplicationPlan
from scimconf.snapshot import Snapshot
from scimconf.spec.loaded import Loaded, digest
from scimconf.spec.model import Spec
from scimconf.workflow.guard_context import tenant_of
from scimconf.workflow.plan import PlannedApplication
from scimconf.workflow.validate import locate

if TYPE_CHECKING:
    from scimconf.graph.reading import TenantSession


async def retired_plan(session: TenantSession, loaded: Loaded) -> PlannedApplication:
    """Return a plan without changes, whether or not the application exists; raise GraphError if it cannot be read."""
    from scimconf.graph.reading import observe

    spec = loaded.spec
    assert spec is not None
    _, prop, value = identified_by(spec)
    template = spec.job.template if spec.job is not None else None
    reads = (organization(), service_principals(prop, value), jobs(template))
    snapshot = await observe(session, reads, lambda _partial: ())
    tenant = tenant_of(snapshot)
    plan = ApplicationPlan(
        spec.name,
        paths=loaded.paths,
        digest=digest(loaded.resolved),
        guards=tuple(tenant_mismatch(spec.tenant, tenant)),
        warnings=locate(loaded, tuple(_warnings(spec, snapshot))),
    )
    return PlannedApplication(loaded=loaded, plan=plan, snapshot=snapshot, tenant=tenant)


def _warnings(spec: Spec, snapshot: Snapshot) -> Iterable[Diagnostic]:
    if any(map(is_on, snapshot.rows("jobs"))):
        message = f"the spec says that the application was retired on {spec.retired}, and its provisioning is on"
        hint = "Delete `retired:` and run `scimconf retire`, or switch provisioning off in the portal."
        yield Diagnostic("K008", message, ("retired",), hint=hint, severity="warning")


def with_retired(loaded: Loaded, text: str, day: date) -> str | None:
    """Return the text of a spec's file with `retired: DAY` after its name, None if it cannot be inserted as a line.

    A date that the file has is not changed.
    """
    if loaded.spec is None or loaded.spec.retired is not None:
        return text
    place = loaded.origin(("tenant",)) if "tenant" in loaded.resolved else loaded.origin(("name",))
    lines = text.splitlines(keepends=True)
    if place is None or place.file != loaded.paths[0] or not 0 < (place.line or 0) <= len(lines):
        return None
    line = lines[place.line - 1]
    if not re.match(r"(name|tenant)[ \t]*:[ \t]*[\w\"'$]", line):
        return None
    end = "\r\n" if line.endswith("\r\n") else "\n"
    changed = [
        *lines[: place.line - 1],
        line.rstrip("\r\n") + end,
        f"retired: {day.isoformat()}{end}",
        *lines[place.line :],
    ]
    return "".join(changed)
