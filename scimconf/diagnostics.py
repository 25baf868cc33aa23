"""What can go wrong, as values: a Problem for people, a tree of errors for the code.

A room deep inside names a problem by its path in the spec only; whoever holds the file adds file, line and column.

    ScimconfError
     ├── ProblemsError          the input has problems                                exit 65
     ├── GraphError             Graph answered, and refused
     │    └── TransportError    no answer came
     ├── AuthenticationError    no token could be had
     ├── SecretError            a secret's value is not at hand
     ├── StaleError             what the plan stands on has moved                     exit 3
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
    """A place in a file; lines and columns count from 1, a line of 0 means the whole file."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One complaint: a stable code, a sentence, the spec path it is about, its place in a file, and what to do."""

    code: str
    message: str
    path: SpecPath = ()
    location: Location | None = None
    hint: str = ""
    severity: Severity = "error"

    @property
    def is_error(self) -> bool:
        return self.severity == "error"

    def located(self, where: Location | None) -> Diagnostic:
        """The same problem with its place, where it does not have one yet."""
        return self if self.location is not None or where is None else replace(self, location=where)


def dotted(path: SpecPath) -> str:
    """A spec path as people write it: `mappings.users.attributes.title`, `assignments.users[2].role`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


class ScimconfError(Exception):
    """The root; its text is one sentence for a person."""

    hint: str = ""


class DiagnosticsError(ScimconfError):
    """The input has problems, all of those that could be found at once."""

    def __init__(self, problems: Iterable[Diagnostic]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(problem.message for problem in self.problems))


class GraphError(ScimconfError):
    """Graph refused a request.

    `path` carries no query; neither body nor token is ever kept. `message` of the synchronization service is
    unwrapped from the JSON text that it comes in.
    """

    def __init__(  # noqa: PLR0913  one error has this many facts, all of them keyword-only
        self,
        *,
        status: int,
        code: str,
        message: str,
        method: str,
        path: str,
        request_id: str = "",
        client_request_id: str = "",
        retry_after: float | None = None,
        hint: str = "",
    ) -> None:
        self.status = status
        self.code = code
        self.message = message
        self.method = method
        self.path = path
        self.request_id = request_id
        self.client_request_id = client_request_id
        self.retry_after = retry_after
        self.hint = hint
        super().__init__(self.describe())

    def describe(self) -> str:
        said = f": {self.message}" if self.message else ""
        asked = self.request_id or self.client_request_id
        return f"{self.method} {self.path} answered {self.status} {self.code}{said}" + (
            f" (request id {asked})" if asked else ""
        )


class TransportError(GraphError):
    """No answer came: refused, reset, timed out. A write may have taken effect."""

    def __init__(self, *, method: str, path: str, message: str, client_request_id: str = "", hint: str = "") -> None:
        super().__init__(
            status=0,
            code="no answer",
            message=message,
            method=method,
            path=path,
            client_request_id=client_request_id,
            hint=hint,
        )

    def describe(self) -> str:
        return f"{self.method} {self.path}: no answer ({self.message})"


class AuthenticationError(ScimconfError):
    """No token could be had for Graph."""

    def __init__(self, message: str, hint: str = "") -> None:
        self.hint = hint
        super().__init__(message)


class SecretError(ScimconfError):
    """The value that a reference names is not at hand; the text names the reference, never a value."""

    def __init__(self, message: str, hint: str = "") -> None:
        self.hint = hint
        super().__init__(message)


class StaleError(ScimconfError):
    """What the plan stands on is no longer what the plan saw."""


class PlanError(ScimconfError):
    """The steps of a plan cannot be executed: a defect of scimconf, reported before anybody approves the plan."""

    hint = "Please report it with the command that you ran. Nothing was written."


def describe_unexpected(error: BaseException) -> str:
    """A sentence for an error that nobody foresaw: of which type and where in our code.

    Its own text is left out: it may quote whatever was being worked on, a secret as well.
    """
    if isinstance(error, BaseExceptionGroup):
        return describe_unexpected(error.exceptions[0])
    place, trace = "", error.__traceback__
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__"))
        if module.partition(".")[0] == "scimconf":
            place = f" at {module}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"this is a defect of scimconf: {type(error).__name__}{place}"
