"""Tests in a spec: what a mapping produces for given attributes. They are run locally and never sent to Graph."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from scimconf.spec.codes import model_error, quoted
from scimconf.spec.model.base import Section, Text, described
from scimconf.spec.patterns import TIME
from scimconf.spec.tree import WORDS, Plain
from scimconf.suggestions import did_you_mean, suggest

ROLE = ("id", "value", "displayName")
"""The fields of a role that is assigned to a user, as Graph names them."""


def as_given(value: Any) -> Any:
    """Return the value of a source attribute: a string, a boolean, a list of them or of roles; None for no value."""
    if isinstance(value, list | tuple):
        return tuple(_role(item) if isinstance(item, dict) else _scalar(item) for item in value)
    return None if value is None else _scalar(value)


def as_expected(value: Any) -> Any:
    """Return an expected value as the service sends it: a string or several; None for no value."""
    if isinstance(value, list | tuple):
        return tuple(_sent(item) for item in value)
    return None if value is None else _sent(value)


def as_payload(value: Any) -> Any:
    """Return a SCIM resource as JSON: mappings, lists, booleans and strings."""
    if isinstance(value, dict):
        return {str(key): as_payload(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_payload(item) for item in value]
    return _scalar(value)


def as_time(value: Any) -> Any:
    """Return a date and time with a time zone; UTC if the text names none."""
    if isinstance(value, datetime):
        return value
    try:
        time = datetime.fromisoformat(value if re.match(TIME, value) else "")
    except (TypeError, ValueError):
        message = f"expected a date and time, got {described(value)}"
        raise model_error("S210", message, "Write it as `2026-12-31T09:00:00Z`.") from None
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)


def _scalar(value: Any) -> Any:
    """Return a boolean for a plain `true` or `false`, the characters of any other scalar."""
    if isinstance(value, bool):
        return value
    if not isinstance(value, str):
        message = f"expected a string, a list of strings or null, got {described(value)}"
        raise model_error("S203", message, "Write `TEXT`, `[TEXT, TEXT]` or `null`.")
    return WORDS[value] if isinstance(value, Plain) and value in WORDS else str(value)


def _sent(value: Any) -> str:
    """Return a value as text; a boolean is sent as `True` or `False`."""
    return str(_scalar(value))


def _role(value: dict[str, Any]) -> dict[str, str]:
    for key in value:
        if key not in ROLE:
            hint = did_you_mean(suggest(str(key), ROLE), f"Valid keys: {', '.join(ROLE)}.")
            raise model_error("S201", f"unknown key {quoted(str(key))} in a role", hint)
    return {key: _sent(item) for key, item in value.items()}


Given = Annotated[Any, BeforeValidator(as_given)]
Expected = Annotated[Any, BeforeValidator(as_expected)]
Payload = Annotated[dict[str, Any], BeforeValidator(as_payload)]
Time = Annotated[datetime, BeforeValidator(as_time)]


_GIVEN: Any = Field(
    default={},
    description="The user's source attributes: strings, `true`, `false` or lists. `null` or a missing name means no value.",
)
_NOW: Any = Field(
    default=None,
    description="The time that `Now()` returns, such as `2026-12-31T09:00:00Z`. Required if the result depends on it.",
)


class RowTest(Section):
    """A test of one attribute mapping."""

    given: dict[Text, Given] = _GIVEN
    now: Time | None = _NOW
    expect: Expected = Field(
        description="The value that is sent: a string or a list of strings; `null` for no value; `undetermined` if "
        "Microsoft does not document the result; `failure` if the service reports an error."
    )


class MappingTest(Section):
    """A test of a whole object mapping."""

    name: Text = Field(description="The name of the test, shown when it fails. Must be unique in the spec.")
    mapping: Text = Field(default="users", description="The object mapping to test: a key of `mappings`.")
    given: dict[Text, Given] = _GIVEN
    now: Time | None = _NOW
    expect: dict[Text, Expected] = Field(
        default={},
        min_length=1,
        description="The expected value of each listed target attribute. Other attributes are not checked.",
    )
    payload: Payload | None = Field(
        default=None,
        description="The complete SCIM resource that creating the user sends. `schemas` may be left out.",
    )

    @model_validator(mode="after")
    def _has_expectation(self) -> MappingTest:
        if not self.expect and self.payload is None:
            hint = "Add `expect: {userName: …}` or `payload: {…}`."
            raise model_error("S202", "the test has neither `expect` nor `payload`", hint)
        return self
