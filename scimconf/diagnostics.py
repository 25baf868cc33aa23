"""Diagnostics (errors, warnings and notes about the input) as values, and the exceptions of the client.

A package that does not know the file names the path in the spec only; the loader adds file, line and column.

    ScimconfError
     ├── DiagnosticsError       the input has errors                                        exit 65
     │    └── SpecError         a spec has errors
     ├── GraphError             Graph refused a request
     │    └── TransportError    no response was received
     ├── AuthenticationError    no access token was issued
     ├── SecretError            the value of a secret is not available
     ├── StaleError             the spec or the tenant has changed since the plan           exit 3
     │    ├── OverwrittenError  another client has overwritten what a run wrote
     │    └── WithdrawnError    a run deleted the application that it had created
     └── PlanError              the steps of a plan cannot be executed: a defect of scimconf
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

SpecPath = tuple[str | int, ...]
Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Location:
    """A position in a file. Lines and columns count from 1; line 0 means the whole file."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One error, warning or note about the input.

    `code` is stable (`S201`, `K103`, `L402`). `message` says what is wrong, without a full stop; `hint` says in whole
    sentences what to write instead. `path` is the path in the spec, `location` the position in a file if it is known.
    """

    code: str
    message: str
    path: SpecPath = ()
    location: Location | None = None
    hint: str = ""
    severity: Severity = "error"

    @property
    def is_error(self) -> bool:
        return self.severity == "error"

    def located(self, location: Location | None) -> Diagnostic:
        """Return the diagnostic with this location, unless it has one."""
        return self if self.location is not None or location is None else replace(self, location=location)

    def below(self, path: SpecPath) -> Diagnostic:
        """Return the diagnostic with a path that begins at `path`, for one that was made by a part of the spec."""
        return replace(self, path=path + self.path)


def dotted(path: SpecPath) -> str:
    """Return a spec path as text: `mappings.users.attributes.title`, `assignments.users[2].role`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def plural(number: int, singular: str, plural_form: str = "") -> str:
    """Return the number with the right form of the noun; the plural form defaults to a trailing `s`."""
    return f"{number:,} {singular if number == 1 else plural_form or f'{singular}s'}"


def quoted(text: str) -> str:
    """Return a text of the user's for use in a message: in quotes, on one line, at most 60 characters."""
    line = " ".join(text.split())
    return f'"{line[:60]}…"' if len(line) > 60 else f'"{line}"'


class ScimconfError(Exception):
    """Base class of the client's exceptions. `str()` is one sentence for the user; `hint` says what to do."""

    hint: str = ""

    def __init__(self, message: str = "", hint: str = "") -> None:
        self.hint = hint or self.hint
        super().__init__(message)


class DiagnosticsError(ScimconfError):
    """The input has errors. `diagnostics` are all that one pass finds."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("; ".join(diagnostic.message for diagnostic in self.diagnostics))


class SpecError(DiagnosticsError):
    """A spec has errors."""


@dataclass(kw_only=True, eq=False, repr=False)
class GraphError(ScimconfError):
    """Graph refused a request.

    `path` has no query string; the body and the token are not stored. `message` is plain text: the JSON in which the
    synchronization service wraps its messages is removed. `retry_after` is in seconds. `also_denied` are the paths of
    reads that were denied together with this one. `lost_attempt`: an earlier attempt of the same request had no usable
    response and may have taken effect.
    """

    status: int
    code: str
    message: str
    method: str
    path: str
    request_id: str = ""
    client_request_id: str = ""
    retry_after: float | None = None
    hint: str = ""
    also_denied: tuple[str, ...] = ()
    lost_attempt: bool = False

    def __post_init__(self) -> None:
        super().__init__(self.describe())

    def describe(self) -> str:
        """Return the request, the status and the message as one sentence."""
        message = f": {self.message}" if self.message else ""
        request_id = self.request_id or self.client_request_id
        suffix = f" (request id {request_id})" if request_id else ""
        return f"{self.method} {self.path} answered {self.status} {self.code}{message}{suffix}"


@dataclass(kw_only=True, eq=False, repr=False)
class TransportError(GraphError):
    """No response was received: refused, reset, timed out. A write may have taken effect."""

    status: int = 0
    code: str = "no answer"

    def describe(self) -> str:
        return f"{self.method} {self.path}: no answer ({self.message})"


class AuthenticationError(ScimconfError):
    """No access token for Graph was issued."""


class SecretError(ScimconfError):
    """The value of a secret is not available. The message names the reference, never a value."""


class StaleError(ScimconfError):
    """The spec or the tenant has changed since the plan was made."""


class OverwrittenError(StaleError):
    """Another client has overwritten what this run wrote."""


class WithdrawnError(StaleError):
    """A run deleted the application that it had created, because another run created one with the same name."""


class LockedError(ScimconfError):
    """Another run has the lock of the application."""


class PlanError(ScimconfError):
    """The steps of a plan cannot be executed. This is a defect of scimconf, raised when the plan is made."""

    hint = "Please report it with the command that you ran. No changes were made."


def describe_unexpected(error: BaseException) -> str:
    """Return a sentence with the type of an exception and the line that raised it: its text may quote a secret."""
    if isinstance(error, BaseExceptionGroup):
        return describe_unexpected(error.exceptions[0])
    raised_at, trace = "", error.__traceback__
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__"))
        if module.partition(".")[0] == "scimconf":
            raised_at = f" at {module}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"this is a defect of scimconf: {type(error).__name__}{raised_at}"
