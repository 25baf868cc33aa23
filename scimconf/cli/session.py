"""One command's way to the tenant: settings, sign-in, secrets, the event loop, and the interrupt.

The only `asyncio.run`, and the only signal handler.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scimconf.cli.events import Events
from scimconf.cli.progress import Progress

if TYPE_CHECKING:
    from scimconf.live.credentials import TokenSource
    from scimconf.live.graph import Graph
    from scimconf.live.observe import Live
    from scimconf.live.secrets import Secrets
    from scimconf.live.settings import Settings


@dataclass(slots=True)
class Session:
    """What a command works with while it is connected."""

    graph: Graph
    secrets: Secrets
    progress: Progress
    events: Events
    tenant_id: str = ""
    interrupts: int = field(default=0)

    def live(self) -> Live:
        """A way to the tenant for one application."""
        import asyncio
        import time

        from scimconf.live.observe import Live
        from scimconf.live.patience import Patience

        patience = Patience(asyncio.sleep, time.monotonic, lambda: self.graph.now)
        patience.waited = self.progress.tell
        return Live(self.graph, patience, self.tenant_id)

    async def tenant(self) -> str:
        """The tenant's default domain, or its id; empty where neither can be read."""
        from scimconf.documents.application import organization, tenant
        from scimconf.errors import GraphError
        from scimconf.live.observe import read

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
        import signal

        loop = asyncio.get_running_loop()

        def note() -> None:
            self.interrupts += 1
            if self.interrupts > 1:
                loop.remove_signal_handler(signal.SIGINT)
                signal.raise_signal(signal.SIGINT)
            self.progress.say("Stopping after what is in flight; once more to stop at once.")

        loop.add_signal_handler(signal.SIGINT, note)
        try:
            yield
        finally:
            loop.remove_signal_handler(signal.SIGINT)


@contextmanager
def interruptible() -> Iterator[None]:
    """While a person is asked, an interrupt is one at once; the event loop would keep it until after the answer."""
    import signal

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def run(asked: Mapping[str, Any], what: str, work: Callable[[Session], Awaitable[int]]) -> int:
    """Signs in, connects, and does the work; `asked` are the command's options."""
    import asyncio

    from scimconf.live.graph import open_graph
    from scimconf.live.secrets import Secrets
    from scimconf.live.settings import graph_settings

    auth = asked["auth"]
    settings = graph_settings(os.environ, asked["cloud"])
    token = _token(settings, auth)
    secrets = Secrets(os.environ, credential=lambda: _azure(settings, auth))
    events = Events(asked.get("events"), secrets.scrub)

    async def main() -> int:
        with Progress(what, events) as progress:
            graph = open_graph(settings, token, scrub=secrets.scrub, on_wait=progress.waiting)
            async with graph:
                tenant_id = token.tenant_id() if token is not None else ""
                return await work(Session(graph, secrets, progress, events, tenant_id))

    try:
        code = asyncio.run(main())
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
    from scimconf.live.credentials import token_source

    return token_source(auth, os.environ, settings.cloud)
