"""Requests and responses as values: no network, no third party."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeVar
from urllib.parse import quote

from scimconf.diagnostics import ScimconfError

Item = TypeVar("Item")
NOTHING: Mapping[str, str] = MappingProxyType({})
PLACEHOLDER = re.compile(r"\{(\w+)\}")
UNSAFE_PATH = re.compile(r"[?#%\s\\]|//|/\.\.?(/|$)")
INVALID_SEGMENTS = frozenset({"", ".", ".."})


@dataclass(frozen=True, slots=True)
class Request:
    """One request; the body may contain `SecretValue`s.

    `repeatable`: it may be sent again although it may be done. `sent_once`: whatever the response, the client does not
    send it again; its caller looks whether it took effect, and waits with `Graph.rest`.
    """

    method: str
    path: str
    names: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = False
    sent_once: bool = False

    def checked(self) -> Request:
        """Return the request; raise ScimconfError if its names could lead to another path than the one in the code."""
        if not self.path.startswith("/") or UNSAFE_PATH.search(self.path):
            raise ScimconfError(f"invalid path {self.path!r}: expected a path below Graph's base URL")
        for name in PLACEHOLDER.findall(self.path):
            value = self.names.get(name, "")
            if value in INVALID_SEGMENTS or "/" in value or "\\" in value:
                raise ScimconfError(f"invalid value {value!r} for {{{name}}} in {self.path}")
        return self

    def resolved_path(self) -> str:
        """Return the path with its names replaced, for messages."""
        path = self.path
        for name, value in self.names.items():
            path = path.replace("{" + name + "}", value)
        return path

    def url(self, base: str) -> str:
        """Return the URL, as the expansion of kiota's URL template would be: the `$` of a query parameter is `%24`.

        Values are percent-encoded but for unreserved characters (RFC 6570). Inside an OData key, `(appId='{app}')`, quotes
        are doubled.
        """

        def value(match: re.Match[str]) -> str:
            text, (start, end) = self.names.get(match[1], ""), match.span()
            is_quoted = self.path[start - 1 : start] == self.path[end : end + 1] == "'"
            return quote(text.replace("'", "''") if is_quoted else text, safe="")

        query = "&".join(f"{name.replace('$', '%24')}={quote(text, safe='')}" for name, text in self.query.items())
        return f"{base}{PLACEHOLDER.sub(value, self.path)}{'?' if query else ''}{query}"


@dataclass(frozen=True, slots=True)
class Answer:
    """A success: `body` is parsed JSON or None, `raw` its bytes, `date` Graph's clock; no `raw` and `etag` in a batch."""

    status: int
    body: Any = field(default=None, repr=False)
    raw: bytes = field(default=b"", repr=False)
    date: datetime | None = None
    request_id: str = ""
    etag: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """A response before its status is checked; header names are in lower case, in a batch there is no content.

    `lost_attempt`: the request was sent again after an attempt that may have taken effect.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bytes = field(default=b"", repr=False)
    client_request_id: str = ""
    lost_attempt: bool = False

    @property
    def request_id(self) -> str:
        return self.headers.get("request-id", "")


def chunks(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
