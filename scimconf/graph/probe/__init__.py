"""Questions to a real tenant: what the documentation leaves open, settled on a throw-away application.

The findings hold no id, no name of the tenant and no secret. The application is deleted at the end, whatever happened.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from scimconf.diagnostics import GraphError, ScimconfError
from scimconf.documents.application import CUSTOM_TEMPLATE
from scimconf.graph.client import Request
from scimconf.graph.probe.checks import QUESTIONS
from scimconf.graph.probe.context import ProbeContext, ProbeReport
from scimconf.graph.probe.switches import switches
from scimconf.graph.reading import TenantSession

__all__ = ["NAME", "ProbeReport", "probe", "switches"]

Json = Any
NAME = "scimconf probe (throw-away)"
UNEXPECTED = (AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What reading an answer of another shape than ours may end in: then the question has no answer."""
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}", re.IGNORECASE)


async def probe(live: TenantSession, tell: Callable[[str], None]) -> ProbeReport:
    """Makes the application, asks everything, deletes it; raises GraphError where not even that could be made."""
    made = await live.graph.post(f"/applicationTemplates/{CUSTOM_TEMPLATE}/instantiate", body={"displayName": NAME})
    live.patience.made_here = True
    application = made["application"]
    names = {
        "service_principal": made["servicePrincipal"]["id"],
        "app": application["id"],
        "app_id": application["appId"],
    }
    asked = ProbeContext(live, names)
    try:
        for name, question in QUESTIONS.items():
            tell(name.replace("_", " "))
            try:
                await question(asked)
            except GraphError as error:
                asked.found.failed[name] = f"{error.status} {error.code}"
            except ScimconfError:
                asked.found.failed[name] = "not asked, since what it is about could not be made"
            except UNEXPECTED as error:
                asked.found.failed[name] = f"unexpected answer ({type(error).__name__})"
    finally:
        asked.found.left_over = await _deleted(asked)
    return ProbeReport(_plain(asked.found.facts), _plain(asked.found.failed), asked.found.left_over)


async def _deleted(asked: ProbeContext) -> str:
    """What is left to do by hand; nothing once the application is gone."""
    try:
        await asked.done(Request("DELETE", "/applications/{app}", dict(asked.names)))
    except GraphError as error:
        return f"{NAME} could not be deleted: {error.status} {error.code}"
    return ""


def _plain(value: Json) -> Json:
    """The same without ids, wherever they stand."""
    if isinstance(value, dict):
        return {_plain(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return _ID.sub("ID", value) if isinstance(value, str) else value
