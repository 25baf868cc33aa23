"""The two ways in which a value is not had: the service would fail, or nobody has written what it does."""

from __future__ import annotations


class EvaluationStop(Exception):
    """No value, and a sentence that says why; `function` is the one it happened in."""

    def __init__(self, reason: str, function: str = "") -> None:
        self.reason = reason
        self.function = function
        super().__init__(f"{function}: {reason}" if function else reason)

    def within(self, function: str) -> EvaluationStop:
        """The same, naming the function; the innermost one stays."""
        return self if self.function else type(self)(self.reason, function)


class ServiceFailure(EvaluationStop):
    """The service would report an error, by its own documentation or by .NET's."""


class UndocumentedBehaviour(EvaluationStop):
    """The documentation leaves it open, or it cannot be known here."""
