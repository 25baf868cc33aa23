"""The test of a connection, which really asks an endpoint that requests may be sent to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from scimconf.sandbox.engine.exchange import Exchange
from scimconf.sandbox.engine.quarantine import QuarantineCause, QuarantineError
from scimconf.sandbox.engine.sender import Sender
from scimconf.sandbox.engine.values import ObjectFlow

if TYPE_CHECKING:
    from scimconf.sandbox.service import Service


async def credentials_failure(
    service: Service, flows: tuple[ObjectFlow, ...], credentials: Mapping[str, str]
) -> QuarantineCause | None:
    """Test the connection with credentials, and return why it fails, None if it does not."""
    tenant = service.tenant
    destination = tenant.reach.destination(credentials)
    async with Sender(destination, tenant.reach, tenant.switches, service.faults, service.journal) as sender:
        try:
            await Exchange(sender, tenant.switches).test(flows, tenant.new_id("activity"))
        except QuarantineError as error:
            return error.cause
    return None
