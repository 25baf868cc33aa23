"""The two ways in which a value is not had: the service would fail, or nobody has written what it does."""

from __future__ import annotations


class StopError(Exception):
    """No value, and a sentence that says why."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)

    def within(self, function: str) -> StopError:
        """The same, naming the function that it happened in; the innermost one stays."""
        return self if ":" in self.reason.split(" ", 1)[0] else type(self)(f"{function}: {self.reason}")


class FailedError(StopError):
    """The service would report an error, by its own documentation or by .NET's."""


class OpenError(StopError):
    """The documentation leaves it open, or it cannot be known here."""
