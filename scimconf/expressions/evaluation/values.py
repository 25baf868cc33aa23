"""The results of an evaluation.

    Value = string | list of strings | Ignored | Undetermined | Failure | None (null)

Null means that the attribute is not sent. `Ignored` is null on request: the attribute or the whole object is left out.
`Undetermined` means that the result is not documented, or depends on something that is not known; it is never a guess.
`Failure` is an error that the service would report for the object.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from scimconf.expressions.dotnet.ticks import DotNetDateTime


@dataclass(frozen=True, slots=True)
class Ignored:
    """Nothing is sent: for this attribute, or for the whole object."""

    whole_object: bool = False


@dataclass(frozen=True, slots=True)
class Undetermined:
    """The value is unknown, for the reason given."""

    reason: str


@dataclass(frozen=True, slots=True)
class Failure:
    """The service would fail on this object, for the reason given."""

    reason: str


Value: TypeAlias = str | tuple[str, ...] | Ignored | Undetermined | Failure | None

AttributeValue: TypeAlias = str | bool | int | Sequence[Any] | Mapping[str, Any] | None
"""The value of a source attribute, as in Graph's JSON. An app role is an object with `value` and `displayName`."""

ListElement: TypeAlias = str | Mapping[str, Any]
TypedValue: TypeAlias = str | int | bool | DotNetDateTime | tuple[ListElement, ...] | Ignored | None
"""What a function returns to the function around it: typed, since `Len([x]) > 9` compares numbers."""


@dataclass(frozen=True, slots=True)
class EvaluationContext:
    """What a value depends on besides the source attributes; None means unknown.

    `existing` are the values that the target system already has (SelectUniqueValue), `tenant_domain` is the default
    domain of the tenant, `guid` the result of Guid().
    """

    now: datetime
    existing: Collection[str] | None = None
    tenant_domain: str | None = None
    guid: str | None = None
    folded: frozenset[str] = field(init=False, repr=False, compare=False)  # `existing`, case-folded

    def __post_init__(self) -> None:
        object.__setattr__(self, "folded", frozenset(value.casefold() for value in self.existing or ()))
