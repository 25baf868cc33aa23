"""What is asked of Graph and what it answers, as values: no network, no third party."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeVar

from scimconf.diagnostics import ScimconfError

Item = TypeVar("Item")
NOTHING: Mapping[str, str] = MappingProxyType({})
HOLE = re.compile(r"\{(\w+)\}")
UNSAFE_PATH = re.compile(r"[?#%\s\\]|//|/\.\.?(/|$)")
NO_NAME = frozenset({"", ".", ".."})


@dataclass(frozen=True, slots=True)
class Request:
    """One request: a path below the base with names in braces, their values, a query, a JSON body.

    The body may hold `SecretValue`s at any depth. `repeatable` says that a POST or PATCH may be sent again though its
    first sending may have taken effect.
    """

    method: str
    path: str
    names: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = False

    def checked(self) -> Request:
        """The same request, or an error: nothing in it may lead to another path than the one written."""
        if not self.path.startswith("/") or UNSAFE_PATH.search(self.path):
            raise ScimconfError(f"{self.path!r} is not a path below Graph's base")
        for name in HOLE.findall(self.path):
            value = self.names.get(name, "")
            if value in NO_NAME or "/" in value or "\\" in value:
                raise ScimconfError(f"{value!r} cannot stand for {{{name}}} in {self.path}")
        return self

    def told(self) -> str:
        """The path with its names filled in, for people."""
        path = self.path
        for name, value in self.names.items():
            path = path.replace("{" + name + "}", value)
        return path

    def template(self) -> str:
        """Its URL template in kiota's form, where the `$` of a query parameter's name is `%24`."""
        query = ",".join(name.replace("$", "%24") for name in self.query)
        return "{+baseurl}" + self.path + (f"{{?{query}}}" if query else "")

    def parameters(self, base: str) -> dict[str, str]:
        """The values of its template's names; inside an OData key, `(appId='{app}')`, a quote is doubled."""
        values = {name.replace("$", "%24"): value for name, value in self.query.items()}
        for name, value in self.names.items():
            values[name] = value.replace("'", "''") if f"'{{{name}}}'" in self.path else value
        return {**values, "baseurl": base}


@dataclass(frozen=True, slots=True)
class Answer:
    """What Graph answered: `body` is parsed JSON or None, `raw` its bytes (empty in a batch), `date` is Graph's clock."""

    status: int
    body: Any = field(default=None, repr=False)
    raw: bytes = field(default=b"", repr=False)
    date: datetime | None = None
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer before it is judged, of a request or of a step of a batch (which has no content).

    Headers are asked by lower-case names; `asked` is the client-request-id that the request carried.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bytes = field(default=b"", repr=False)
    asked: str = ""

    @property
    def request_id(self) -> str:
        return self.headers.get("request-id", "")


def chunks(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
