"""What an expression can come to.

    Value = text | list of texts | Ignored | Undetermined | Failure | None (null)

Null means that the attribute is not sent. `Ignored` is null that somebody asked for: the flow of this attribute, or of the
whole object, is left out. `Undetermined` says what the documentation leaves open, or what cannot be known here; it is
never a guess. `Failure` is an error that the service would report for this object.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from scimconf.expressions.dotnet.ticks import DotNetDateTime


@dataclass(frozen=True, slots=True)
class Ignored:
    """Nothing flows: for this attribute, or for the whole object."""

    whole_object: bool = False


@dataclass(frozen=True, slots=True)
class Undetermined:
    """Not known, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Failure:
    """The service would fail on this object, and why."""

    reason: str


Value: TypeAlias = str | tuple[str, ...] | Ignored | Undetermined | Failure | None

AttributeValue: TypeAlias = str | bool | int | Sequence[Any] | Mapping[str, Any] | None
"""A source attribute's value as it comes: Graph's JSON will do. A role is an object with `value` and `displayName`."""

ListElement: TypeAlias = str | Mapping[str, Any]
TypedValue: TypeAlias = str | int | bool | DotNetDateTime | tuple[ListElement, ...] | Ignored | None
"""What a function gives to the one around it: typed, since `Len([x]) > 9` compares numbers."""


@dataclass(frozen=True, slots=True)
class EvaluationContext:
    """What a value depends on besides the source attributes; what is None is not known.

    `existing` are the values that the target holds already (SelectUniqueValue), `tenant_domain` the tenant's default
    domain, `guid` what Guid() is to give.
    """

    now: datetime
    existing: Collection[str] | None = None
    tenant_domain: str | None = None
    guid: str | None = None
    folded: frozenset[str] = field(init=False, repr=False, compare=False)  # `existing` without regard to case

    def __post_init__(self) -> None:
        object.__setattr__(self, "folded", frozenset(each.casefold() for each in self.existing or ()))
