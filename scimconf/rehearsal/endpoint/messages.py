"""Requests to a SCIM endpoint and its responses, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from scimconf.json_types import Json

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class EndpointRequest:
    """A request: `path` is relative to the base address and has the query, `body` is None without a body.

    `headers` replace those of the connection; an empty value removes a header. A body that is a string is sent as it is.
    `url` is another address than the endpoint, such as that of a token service: the token is not sent there.
    """

    method: str
    path: str
    body: Json | None = None
    headers: Mapping[str, str] = field(default_factory=lambda: NO_HEADERS)
    url: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.url or self.path}"


@dataclass(frozen=True, slots=True)
class EndpointResponse:
    """A response, or the reason why there is none: then `status` is 0 and `problem` is a clause such as "no response".

    `body` is the JSON value, the text of a body that is no JSON, or None for an empty body. `problem` is also set for a
    response that cannot be used: a redirect, a body that is too large. `retry_after` is in seconds.
    """

    status: int
    content_type: str = ""
    body: Json | None = None
    problem: str = ""
    retry_after: float | None = None

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300 and not self.problem

    @property
    def resource(self) -> Mapping[str, Any]:
        """The body if it is a JSON object, else an empty mapping."""
        return self.body if isinstance(self.body, dict) else {}

    def describe(self) -> str:
        """Return the status with its reason, and the problem if there is one."""
        text = f"{self.status} {_reason(self.status)}".strip() if self.status else ""
        return " ".join(filter(None, [text, f"({self.problem})" if text and self.problem else self.problem]))


def _reason(status: int) -> str:
    """Return the registered reason of a status; that of the server may be anything."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
