"""One command's connection to the tenant: settings, sign-in, secrets, the event loop, and signals.

The only `asyncio.run`, and the only signal handlers. SIGTERM, which container schedulers and CI systems send, and SIGHUP,
of a closed terminal, are treated as SIGINT, so that an apply stops between two requests and lists the completed steps.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from scimconf.cli.events import EventLog
from scimconf.cli.progress import Progress
from scimconf.cli.streams import masked

if TYPE_CHECKING:
    from scimconf.api import TenantClient
    from scimconf.cli.exit_codes import ExitCode
    from scimconf.cli.options import CommonOptions
    from scimconf.graph.credentials import TokenSource
    from scimconf.graph.reading import TenantSession
    from scimconf.graph.secret_masking import SecretMask
    from scimconf.graph.settings import Settings
    from scimconf.graph.shared_reads import SharedReads


@dataclass(slots=True)
class Session:
    """The connection of one command, its progress display and its event log."""

    client: TenantClient
    progress: Progress
    events: EventLog
    interrupts: int = 0

    def tenant_session(self, reads: SharedReads | None = None) -> TenantSession:
        """Return a session for one application, with the shared reads of the command; long waits are shown."""
        return self.client.session(lambda seconds, reason: self.progress.pause(seconds, f"waiting for {reason}"), reads)

    async def identity(self) -> str:
        """Return who is signed in, for the history: the name or the id in the access token, "" if it shows neither."""
        claims = await self.client.claims() if self.client.claims is not None else {}
        return str(next(filter(None, (claims.get(name) for name in ("upn", "app_displayname", "appid", "azp"))), ""))

    def interrupted(self) -> bool:
        return self.interrupts > 0

    @contextmanager
    def graceful_stop(self) -> Iterator[None]:
        """During apply, the first SIGINT requests a graceful stop; the second cancels the requests in flight."""
        import asyncio

        loop = asyncio.get_running_loop()
        default_handler = signal.getsignal(signal.SIGINT)

        def count(_number: int, _frame: Any) -> None:
            self.interrupts += 1
            if self.interrupts > 1:
                signal.signal(signal.SIGINT, default_handler)
                signal.raise_signal(signal.SIGINT)
                return
            # later, because another line may be half written
            message = "Stopping after the requests in flight. Press Ctrl+C again to stop at once."
            loop.call_soon_threadsafe(self.progress.print_line, message)

        with _handler(signal.SIGINT, count):
            yield


@contextmanager
def interruptible_prompt() -> Iterator[None]:
    """During a prompt, let SIGINT raise KeyboardInterrupt at once; the event loop would delay it."""
    with _handler(signal.SIGINT, signal.default_int_handler):
        yield


@contextmanager
def _handler(number: signal.Signals, handler: Callable[[int, Any], Any]) -> Iterator[None]:
    """Install a Python signal handler; the event loop's do not exist on Windows. Only the main thread has any."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


@contextmanager
def hangup_interrupts() -> Iterator[None]:
    """Treat SIGHUP, of a closed terminal, as an interrupt, once: the kernel and the shell both send it.

    If it is ignored, as `nohup` does, it stays ignored. Windows has no SIGHUP.
    """
    hangup = getattr(signal, "SIGHUP", None)
    if hangup is None or signal.getsignal(hangup) == signal.SIG_IGN:
        yield
        return

    def interrupt(number: int, frame: Any) -> None:
        signal.signal(number, signal.SIG_IGN)
        _interrupt(number, frame)

    with _handler(hangup, interrupt):
        yield


@contextmanager
def stopping_interrupts() -> Iterator[None]:
    """Treat SIGTERM and SIGHUP as an interrupt."""
    with _handler(signal.SIGTERM, _interrupt), hangup_interrupts():
        yield


def _interrupt(_number: int, _frame: Any) -> None:
    """Interrupt this process, also if it was started with SIGINT ignored, as background jobs of a shell are."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.raise_signal(signal.SIGINT)


def run_without_tenant(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine that needs no sign-in; raise KeyboardInterrupt once it has ended after an interrupt."""
    import asyncio

    with stopping_interrupts():
        asyncio.run(work())


def run(
    common: CommonOptions,
    task: str,
    work: Callable[[Session], Awaitable[ExitCode]],
    sign_in: Mapping[str, str] = MappingProxyType({}),
) -> ExitCode:
    """Sign in, connect, and return the exit code of `work`.

    `task` is what progress shows. `sign_in` are variables that replace those of the environment for the sign-in.
    """
    import asyncio

    from scimconf.api import open_client
    from scimconf.graph.secret_masking import SecretMask
    from scimconf.graph.secrets import Secrets
    from scimconf.graph.settings import graph_settings

    settings = graph_settings(os.environ, common.cloud)
    environ = {**os.environ, **sign_in}
    mask = SecretMask()
    click.get_current_context().ensure_object(ExitStack).enter_context(masked(mask.mask_text))
    secrets = Secrets(os.environ, credential=lambda: _token_source(settings, common.auth, environ, mask), mask=mask)
    events = EventLog(common.events, secrets.mask_text, append=common.append_events)

    async def main(token: Any) -> ExitCode:
        with Progress(task, events) as progress:
            async with open_client(settings, token, secrets, progress.waiting) as client:
                return await work(Session(client, progress, events))

    try:
        with stopping_interrupts():
            code = asyncio.run(main(_fetched_token(settings, common.auth, environ, mask)))
        events.write("finished", exit_code=int(code))
    finally:
        events.close()
    return code


def storage_credential(
    common: CommonOptions, sign_in: Mapping[str, str] = MappingProxyType({})
) -> Callable[[], TokenSource]:
    """Return a function that signs in for Azure Storage as for Graph; the tokens are masked in what is printed."""
    from scimconf.graph.secret_masking import SecretMask
    from scimconf.graph.settings import graph_settings

    context = click.get_current_context()

    def source() -> TokenSource:
        mask = SecretMask()
        context.ensure_object(ExitStack).enter_context(masked(mask.mask_text))
        logging.getLogger("azure").addHandler(logging.NullHandler())  # the error contains the text already
        settings = graph_settings(os.environ, common.cloud)
        return _token_source(settings, common.auth, {**os.environ, **sign_in}, mask)

    return source


def _fetched_token(
    settings: Settings, auth: str | None, environ: Mapping[str, str], mask: SecretMask
) -> TokenSource | None:
    """Return the token source with a token, or None for a sandbox. Fetching would block the event loop."""
    if settings.anonymous:
        return None
    logging.getLogger("azure").addHandler(logging.NullHandler())  # the error contains the text already
    token = _token_source(settings, auth, environ, mask)
    token.fetch()
    return token


def _token_source(settings: Settings, auth: str | None, environ: Mapping[str, str], mask: SecretMask) -> TokenSource:
    from scimconf.graph.credentials import token_source

    return token_source(auth, environ, settings.cloud, mask=mask)
