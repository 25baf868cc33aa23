"""Tests in a spec: what a mapping makes of given attributes. Never sent anywhere, and nothing that is managed."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from scimconf.spec.codes import quoted, refuse
from scimconf.spec.model.base import Section, Text
from scimconf.spec.tree import WORDS, Plain

MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?)?$"

ROLE = ("id", "value", "displayName")
"""What is known of a role that somebody has, by Graph's names."""


def as_given(value: Any) -> Any:
    """A source attribute's value: a text, truth, several of them, roles; None for one that is absent."""
    if isinstance(value, list | tuple):
        return tuple(_role(item) if isinstance(item, dict) else _scalar(item) for item in value)
    return None if value is None else _scalar(value)


def as_expected(value: Any) -> Any:
    """What is sent, as the service sends it: texts. None is nothing."""
    if isinstance(value, list | tuple):
        return tuple(_sent(item) for item in value)
    return None if value is None else _sent(value)


def as_payload(value: Any) -> Any:
    """A resource as JSON: maps, lists, truth, and everything else as its own characters."""
    if isinstance(value, dict):
        return {str(key): as_payload(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_payload(item) for item in value]
    return _scalar(value)


def as_moment(value: Any) -> Any:
    """A moment with its time zone; without one it is UTC."""
    if isinstance(value, datetime):
        return value
    try:
        found = datetime.fromisoformat(value if re.match(MOMENT, value) else "")
    except (TypeError, ValueError):
        raise refuse("S210", "not a moment", "Write it as `2026-12-31T09:00:00Z`.") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _scalar(value: Any) -> Any:
    """`true` without quotes is truth, as a directory's attribute; anything else is its own characters."""
    if isinstance(value, bool):
        return value
    if not isinstance(value, str):
        raise refuse("S203", "a text, a list of texts, or null is wanted here")
    return WORDS[value] if isinstance(value, Plain) and value in WORDS else str(value)


def _sent(value: Any) -> str:
    """Truth is sent as the text that the mapping language has for it."""
    return str(_scalar(value))


def _role(value: dict[str, Any]) -> dict[str, str]:
    for key in value:
        if key not in ROLE:
            near = get_close_matches(str(key).replace("_", ""), ROLE, 1, 0.6)
            hint = f"Did you mean {near[0]}?" if near else f"A role has {', '.join(ROLE)}."
            raise refuse("S201", f"{quoted(str(key))} is no key of a role", hint)
    return {key: _sent(item) for key, item in value.items()}


Given = Annotated[Any, BeforeValidator(as_given)]
Expected = Annotated[Any, BeforeValidator(as_expected)]
Payload = Annotated[dict[str, Any], BeforeValidator(as_payload)]
Moment = Annotated[datetime, BeforeValidator(as_moment)]


_GIVEN: Any = Field(
    default={}, description="Source attributes: texts, `true`, lists; `null`, or not written, is absent."
)
_NOW: Any = Field(
    default=None, description="The moment that `Now()` gives, as `2026-12-31T09:00:00Z`; needed where it matters."
)


class RowTest(Section):
    """What one row makes of some attributes."""

    given: dict[Text, Given] = _GIVEN
    now: Moment | None = _NOW
    expect: Expected = Field(
        description="What is sent: a text or a list of texts; `null` is nothing; or `undetermined`, or `failure`."
    )


class MappingTest(Section):
    """What a whole mapping makes of someone."""

    name: Text = Field(description="What this test shows.")
    mapping: Text = Field(default="users", description="The mapping that is tried: a key of `mappings`.")
    given: dict[Text, Given] = _GIVEN
    now: Moment | None = _NOW
    expect: dict[Text, Expected] = Field(
        default={},
        min_length=1,
        description="What is sent, by target attribute; those that are not listed are not looked at.",
    )
    payload: Payload | None = Field(
        default=None,
        description="The whole SCIM resource that a creation carries: nothing else is sent. `schemas` may be left out.",
    )

    @model_validator(mode="after")
    def _something(self) -> MappingTest:
        if not self.expect and self.payload is None:
            raise refuse("S202", "a test expects something", "Add `expect:` with target attributes, or `payload:`.")
        return self
