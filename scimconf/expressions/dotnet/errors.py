"""Why a value cannot be returned: the service would report an error, or its behaviour is not known."""

from __future__ import annotations

from typing import ClassVar

REPORT = "a report of June 2026 (sqlravingsandotherstuff.blogspot.com)"
"""A person's observations of a live application with SCIM, which contradict .NET or Microsoft's pages."""
GUIDE = "Microsoft's SuccessFactors guide"


class EvaluationStop(Exception):
    """The evaluation ends without a value. `reason` says why; `function` is the name of the function that stopped."""

    message: ClassVar[str] = "{function}: {reason}"
    message_of_attribute: ClassVar[str] = "{reason}"
    """The message outside any function: the source is a bare attribute."""

    def __init__(self, reason: str, function: str = "") -> None:
        self.reason = reason
        self.function = function
        template = self.message if function else self.message_of_attribute
        super().__init__(template.format(function=function, reason=reason).strip())

    def within(self, function: str) -> EvaluationStop:
        """Return the same stop with the name of the function; the innermost name is not replaced."""
        return self if self.function else type(self)(self.reason, function)


class ServiceFailure(EvaluationStop):
    """The service would report an error for the object, according to its documentation or to .NET's."""


class RequestedFailure(ServiceFailure):
    """The expression itself asks for the error, by Error(message)."""


class UndocumentedBehaviour(EvaluationStop):
    """The result is not documented, or depends on something that is not known here."""


class UndocumentedCase(UndocumentedBehaviour):
    """A function is not documented for its arguments; `reason` follows its name: "with a list"."""

    message = "Microsoft does not document {function} {reason}"
    message_of_attribute = "Microsoft does not document how an attribute {reason} is sent"


class ConflictingSources(UndocumentedBehaviour):
    """Two sources contradict each other; `reason` names both."""

    message = "sources disagree about {function}: {reason}"


class DisputedFailure(ConflictingSources):
    """One of the sources says that the service would report an error for the object."""


class UnknownFunction(UndocumentedBehaviour):
    """A function that is in no published list; `reason` names it."""

    message = "{reason}"
