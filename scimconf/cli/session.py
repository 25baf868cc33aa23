"""One command's way to the tenant: settings, sign-in, secrets, the event loop, and the interrupt.

The only `asyncio.run`, and the only signal handlers. A request to end, as container schedulers and CI systems send it,
is taken for an interrupt, so that an apply stops between two requests and says what was done.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scimconf.cli import saved
from scimconf.cli.events import Events
from scimconf.cli.progress import Progress

if TYPE_CHECKING:
    from scimconf.graph.client import Graph
    from scimconf.graph.credentials import TokenSource
    from scimconf.graph.reading import TenantSession
    from scimconf.graph.secrets import Secrets
    from scimconf.graph.settings import Settings


@dataclass(slots=True)
class Session:
    """What a command works with while it is connected."""

    graph: Graph
    secrets: Secrets
    progress: Progress
    events: Events
    tenant_id: str = ""
    interrupts: int = field(default=0)

    def live(self) -> TenantSession:
        """A way to the tenant for one application."""
        import asyncio
        import time

        from scimconf.graph.eventual_consistency import ConsistencyPolicy
        from scimconf.graph.reading import TenantSession

        consistency = ConsistencyPolicy(asyncio.sleep, time.monotonic, lambda: self.graph.now)
        consistency.on_wait = lambda seconds, reason: self.progress.pausing(seconds, f"waiting for {reason}")
        return TenantSession(self.graph, consistency, self.tenant_id)

    async def tenant(self) -> str:
        """The tenant's default domain, or its id; empty where neither can be read."""
        from scimconf.diagnostics import GraphError
        from scimconf.documents.application import organization, tenant
        from scimconf.graph.reading import read

        try:
            found = tenant(await read(self.graph, organization(), {}))
        except GraphError:
            return self.tenant_id
        return (found.domain or found.id) if found is not None else self.tenant_id

    def interrupted(self) -> bool:
        return self.interrupts > 0

    @contextmanager
    def careful(self) -> Iterator[None]:
        """While writing, the first interrupt only asks to stop after the request in flight; a second one stops."""
        import asyncio

        loop = asyncio.get_running_loop()
        before = signal.getsignal(signal.SIGINT)

        def note(_number: int, _frame: Any) -> None:
            self.interrupts += 1
            if self.interrupts > 1:
                signal.signal(signal.SIGINT, before)
                signal.raise_signal(signal.SIGINT)
                return
            # not at once: it may have come amid another line
            loop.call_soon_threadsafe(self.progress.say, "Stopping after what is in flight; once more to stop at once.")

        with _handling(signal.SIGINT, note):
            yield


@contextmanager
def interruptible() -> Iterator[None]:
    """While a person is asked, an interrupt is one at once; the event loop would keep it until after the answer."""
    with _handling(signal.SIGINT, signal.default_int_handler):
        yield


@contextmanager
def _ending() -> Iterator[None]:
    """Whoever ends the process interrupts it: the cursor is shown again, and what was done is said."""
    with _handling(signal.SIGTERM, lambda _number, _frame: signal.raise_signal(signal.SIGINT)):
        yield


@contextmanager
def _handling(number: signal.Signals, handler: Callable[[int, Any], Any]) -> Iterator[None]:
    """Python's own handlers, not the event loop's, which Windows does not have; only the main thread has any."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


def run(asked: Mapping[str, Any], what: str, work: Callable[[Session], Awaitable[int]]) -> int:
    """Signs in, connects, and does the work; `asked` are the command's options."""
    import asyncio

    from scimconf.graph.client import open_graph
    from scimconf.graph.secrets import Secrets
    from scimconf.graph.settings import graph_settings

    auth = asked["auth"]
    settings = graph_settings(os.environ, asked["cloud"])
    secrets = Secrets(os.environ, credential=lambda: _azure(settings, auth))
    saved.check(asked)
    events = Events(asked.get("events"), secrets.scrub)

    async def main(token: TokenSource | None) -> int:
        with Progress(what, events) as progress:
            graph = open_graph(settings, token, scrub=secrets.scrub, on_wait=progress.waiting)
            async with graph:
                tenant_id = token.tenant_id() if token is not None else ""
                return await work(Session(graph, secrets, progress, events, tenant_id))

    try:
        with _ending():
            code = asyncio.run(main(_token(settings, auth)))
        events.write("finished", exit_code=code)
    finally:
        events.close()
    return code


def _token(settings: Settings, auth: str | None) -> TokenSource | None:
    """Graph's token, had before the event loop, which asking for it would block."""
    if settings.anonymous:
        return None
    import logging

    logging.getLogger("azure").addHandler(logging.NullHandler())  # what it has to say is in the error, once
    token = _azure(settings, auth)
    token.fetch()
    return token


def _azure(settings: Settings, auth: str | None) -> TokenSource:
    from scimconf.graph.credentials import token_source

    return token_source(auth, os.environ, settings.cloud)
