"""Checks how a real tenant behaves where Graph's documentation is silent, on an application created for this.

The report contains no id, no name of the tenant and no secret. The application is deleted at the end, also after an
error.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from scimconf.diagnostics import GraphError, ScimconfError
from scimconf.documents.application import CUSTOM_TEMPLATE
from scimconf.graph.client import Request
from scimconf.graph.probe.checks import CHECKS
from scimconf.graph.probe.context import ProbeContext, ProbeReport
from scimconf.graph.probe.switches import switches
from scimconf.graph.reading import TenantSession
from scimconf.json_types import Json

__all__ = ["NAME", "ProbeReport", "probe", "switches"]

NAME = "scimconf probe (throw-away)"
UNEXPECTED = (AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""Errors of a check that a response of an unexpected shape can cause."""
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}", re.IGNORECASE)


async def probe(session: TenantSession, progress: Callable[[str], None]) -> ProbeReport:
    """Create an application, run all checks on it and delete it; raise GraphError if it cannot be created."""
    created = await session.graph.post(
        f"/applicationTemplates/{CUSTOM_TEMPLATE}/instantiate", body={"displayName": NAME}
    )
    session.consistency.created_in_this_run = True
    application, service_principal = created["application"], created["servicePrincipal"]["id"]
    names = {"service_principal": service_principal, "app": application["id"], "app_id": application["appId"]}
    context = ProbeContext(session, names)
    try:
        for name, check in CHECKS.items():
            progress(name.replace("_", " "))
            try:
                await check(context)
            except GraphError as error:
                context.report.failed[name] = f"{error.status} {error.code}"
            except ScimconfError:
                context.report.failed[name] = "skipped: what it checks could not be created"
            except UNEXPECTED as error:
                context.report.failed[name] = f"unexpected response ({type(error).__name__})"
    finally:
        context.report.left_over = await _delete(context)
    report = context.report
    return ProbeReport(_without_ids(report.facts), _without_ids(report.failed), report.left_over)


async def _delete(context: ProbeContext) -> str:
    """Delete the application; return what is left to delete by hand, or ""."""
    try:
        await context.send(Request("DELETE", "/applications/{app}", dict(context.names)))
    except GraphError as error:
        return f"{NAME} could not be deleted: {error.status} {error.code}"
    return ""


def _without_ids(value: Json) -> Json:
    if isinstance(value, dict):
        return {_without_ids(key): _without_ids(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_without_ids(part) for part in value]
    return _ID.sub("ID", value) if isinstance(value, str) else value
