"""What is going on, on stderr: one moving line for a person, a line a step for a log."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from scimconf.cli.events import Events
from scimconf.cli.streams import talk
from scimconf.cli.terminal import Terminal

LONG = 2.0
"""Seconds from which on a wait is worth a line of a log."""
STILL_WAITING = 15.0
"""Seconds after which a log is told again that the same thing is waited for."""


class Progress:
    """A context in which `tell` says what is being done. For a person it is rich's status line, and leaves no trace."""

    def __init__(self, what: str, events: Events) -> None:
        self._what = what
        self._events = events
        self._status: Any = None
        self._last = ""
        self._waits: dict[str, float] = {}
        self._wide = Terminal.of_stderr().width

    def __enter__(self) -> Self:
        if Terminal.of_stderr().person:
            from rich.console import Console
            from rich.status import Status
            from rich.text import Text

            self._status = Status(Text(self._what), console=Console(stderr=True))
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def begin(self, what: str) -> None:
        """Something else is being done from here on."""
        self._what, self._last = what, ""

    def tell(self, says: str, done: int = 0, total: int = 0, *, anew: bool = False) -> None:
        """One step; a step that is told again only counts on, and is a new line of a log where it is told anew."""
        from scimconf.render.common.escaping import visible

        self._events.write("step", application=self._what, says=says, done=done, total=total)
        count = f"[{done}/{total}] " if total else ""
        text = visible(f"{self._what}: {count}{says}")
        if self._status is not None:
            from rich.text import Text

            self._status.update(Text(text[: self._wide - 4]))
        elif (anew or says != self._last) and total:
            talk(text)
        self._last = says

    def say(self, text: str) -> None:
        """A sentence for whoever is there, also where nobody watches the steps."""
        with self.still():
            talk(text)

    def waiting(self, seconds: float, why: str) -> None:
        """A wait that Graph asked for."""
        self._events.write("waiting", seconds=seconds, why=why)
        if self._status is not None or seconds >= 1:
            self.pausing(seconds, f"waiting {seconds:.0f} s: {why}")

    def pausing(self, seconds: float, says: str) -> None:
        """A wait, told whenever it goes on: without it a log would be silent for minutes, and look as if it hung."""
        self.tell(says)
        now = time.monotonic()
        is_due = now - self._waits.get(says, -STILL_WAITING) >= STILL_WAITING
        if self._status is None and seconds >= LONG and is_due:
            from scimconf.render.common.escaping import visible

            self._waits[says] = now
            talk(visible(f"{self._what}: {says}"))

    @contextmanager
    def still(self) -> Iterator[None]:
        """Nothing moves while something is printed or a person is asked."""
        if self._status is not None:
            self._status.stop()
        try:
            yield
        finally:
            if self._status is not None:
                self._status.start()
