"""The attempts of one write that is sent once: how long to wait before its caller sends it again, and how often."""

from __future__ import annotations

from scimconf.diagnostics import GraphError
from scimconf.graph.execution.context import ExecutionContext
from scimconf.graph.protocol.retry import is_throttled


class Attempts:
    """Counts the attempts of one write; the caller looks between them whether the write took effect."""

    def __init__(self, context: ExecutionContext) -> None:
        self._context = context
        self._backoff = context.session.consistency.backoff()
        self._throttled = 0

    async def wait(self, error: GraphError, reason: str) -> bool:
        """Wait before the write is sent again; return False after an interrupt and at the limit.

        After 429 and 503, the wait and the limits are those of the retry policy, and the other waits begin anew.
        """
        if not is_throttled(error.status):
            return await self._context.wait(self._backoff, reason)
        self._throttled += 1
        interrupted = self._context.request.interrupted()
        if interrupted or not await self._context.session.graph.rest(error, self._throttled):
            return False
        self._backoff = self._context.session.consistency.backoff()
        return True
