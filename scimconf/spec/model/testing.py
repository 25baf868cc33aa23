"""Tests in a spec: what a mapping produces for given attributes. They are run locally and never sent to Graph."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from scimconf.diagnostics import Diagnostic, quoted
from scimconf.spec.model.base import Section, Text, described, iso_value, model_error
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
    time = iso_value(value, datetime, TIME, "a date and time", "Write it as `2026-12-31T09:00:00Z`.")
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)


def _scalar(value: Any) -> Any:
    """Return a boolean for a plain `true` or `false`, the characters of any other scalar."""
    if isinstance(value, bool):
        return value
    if not isinstance(value, str):
        message = f"expected a string, a list of strings or null, got {described(value)}"
        raise model_error(Diagnostic("S203", message, hint="Write `TEXT`, `[TEXT, TEXT]` or `null`."))
    return WORDS[value] if isinstance(value, Plain) and value in WORDS else str(value)


def _sent(value: Any) -> str:
    """Return a value as text; a boolean is sent as `True` or `False`."""
    return str(_scalar(value))


def _role(value: dict[str, Any]) -> dict[str, str]:
    for key in value:
        if key not in ROLE:
            hint = did_you_mean(suggest(str(key), ROLE), f"Valid keys: {', '.join(ROLE)}.")
            raise model_error(Diagnostic("S201", f"unknown key {quoted(str(key))} in a role", hint=hint))
    return {key: _sent(item) for key, item in value.items()}


Given = Annotated[Any, BeforeValidator(as_given)]
Expected = Annotated[Any, BeforeValidator(as_expected)]
Payload = Annotated[dict[str, Any], BeforeValidator(as_payload)]
Time = Annotated[datetime, BeforeValidator(as_time)]


class RowTest(Section):
    """A test of one attribute mapping."""

    given: dict[Text, Given] = Field(default={})
    now: Time | None = None
    expect: Expected


class MappingTest(Section):
    """A test of a whole object mapping."""

    name: Text
    mapping: Text = "users"
    given: dict[Text, Given] = Field(default={})
    now: Time | None = None
    expect: dict[Text, Expected] = Field(default={}, min_length=1)
    payload: Payload | None = None

    def _errors(self) -> Iterator[Diagnostic]:
        if not self.expect and self.payload is None:
            hint = "Add `expect: {userName: …}` or `payload: {…}`."
            yield Diagnostic("S202", "the test has neither `expect` nor `payload`", hint=hint)
