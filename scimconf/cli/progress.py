"""Show progress on stderr: one moving line on a terminal, a line for each completed step in a log."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from scimconf.cli.events import EventLog
from scimconf.cli.streams import print_to_stderr
from scimconf.cli.terminal import Terminal
from scimconf.render.common.escaping import visible

LONG_WAIT = 2.0
"""Seconds from which a wait is worth a line in a log."""
REPEAT_AFTER = 15.0
"""Seconds after which a log repeats that the same wait goes on."""
MANY = 200
"""A task of so many steps shows its rate and the time left; in a log it gets a line at intervals, not for each step."""
LINE_INTERVAL = 5.0
"""Seconds between two lines of a long task in a log."""
LINES_FOR_REPEATED_STEP = 20
"""A step with a counter in a shorter task gets about this number of lines in a log."""


class Progress:
    """A context manager that shows steps. On a terminal it is rich's status line, which leaves no trace."""

    def __init__(self, task: str, events: EventLog) -> None:
        self._task = task
        self._events = events
        self._status: Any = None
        self._printed = ("", 0)
        self._begun: tuple[float, int] | None = None
        self._printed_at = -LINE_INTERVAL
        self._waits: dict[str, float] = {}
        self._columns = Terminal.of_stderr().width

    def __enter__(self) -> Self:
        if Terminal.of_stderr().is_terminal:
            from rich.console import Console
            from rich.status import Status
            from rich.text import Text

            self._status = Status(Text(self._task), console=Console(stderr=True))
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def begin(self, task: str) -> None:
        """Start another task, such as the next application."""
        self._task, self._printed, self._begun, self._printed_at = task, ("", 0), None, -LINE_INTERVAL

    def step(self, message: str, done: int = 0, total: int = 0) -> None:
        """Show a step that begins or ends; `done` of `total` have ended. A log gets a line for each that ends."""
        self._events.write("step", application=self._task, message=message, done=done, total=total)
        count = f"[{done}/{total}] " if total else ""
        now = time.monotonic() if total >= MANY else 0.0
        line = visible(f"{self._task}: {count}{message}{self._time_left(done, total, now)}")
        if self._status is not None:
            from rich.text import Text

            self._status.update(Text(line[: self._columns - 4]))
        elif self._is_due(message, done, total, now):
            self._printed, self._printed_at = (message, done), now
            print_to_stderr(line)

    def _time_left(self, done: int, total: int, now: float) -> str:
        """Return the rate of a long task and the time that it still takes at this rate; "" for a short one."""
        if total < MANY:
            return ""
        if self._begun is None or done < self._begun[1]:
            self._begun = now, done
        return time_left(done - self._begun[1], total - done, now - self._begun[0])

    def _is_due(self, message: str, done: int, total: int, now: float) -> bool:
        last_message, last_done = self._printed
        if done <= last_done:
            return False
        if total >= MANY:
            return done == total or now - self._printed_at >= LINE_INTERVAL
        parts = LINES_FOR_REPEATED_STEP
        return message != last_message or done * parts // total != last_done * parts // total

    def print_line(self, text: str) -> None:
        """Print a sentence on stderr, on a terminal and in a log."""
        with self.paused():
            print_to_stderr(text)

    def waiting(self, seconds: float, reason: str) -> None:
        """Show a wait that Graph asked for."""
        self._events.write("waiting", seconds=seconds, reason=reason)
        if self._status is not None or seconds >= 1:
            self.pause(seconds, f"waiting {seconds:.0f} s: {reason}")

    def pause(self, seconds: float, message: str) -> None:
        """Show a wait, and repeat it while it goes on: a log that is silent for minutes looks as if it hung."""
        self.step(message)
        now = time.monotonic()
        is_due = now - self._waits.get(message, -REPEAT_AFTER) >= REPEAT_AFTER
        if self._status is None and seconds >= LONG_WAIT and is_due:
            self._waits[message] = now
            print_to_stderr(visible(f"{self._task}: {message}"))

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stop the moving line while something is printed or a question is asked."""
        if self._status is not None:
            self._status.stop()
        try:
            yield
        finally:
            if self._status is not None:
                self._status.start()


def time_left(done: int, left: int, seconds: float) -> str:
    """Return ` (20/s, 73 min left)` for so many steps in so many seconds; "" while few are left or little is known."""
    if left < MANY or done < MANY or seconds <= 0:
        return ""
    remaining = left * seconds / done
    text = f"{remaining / 60:.0f} min" if remaining >= 90 else f"{remaining:.0f} s"
    return f" ({done / seconds:,.0f}/s, {text} left)"
