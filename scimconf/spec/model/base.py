"""What every section of the spec shares: its strictness, and the scalars that know YAML's plain texts."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from scimconf.spec.codes import refuse
from scimconf.spec.tree import WORDS, Plain, core

Unlisted = Literal["keep", "report", "delete"]
Apply = Literal["always", "on_create", "multi_value_add_only", "value_add_only", "attribute_add_only"]

SLUG = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
TENANT = r"^[A-Za-z0-9][A-Za-z0-9.-]*$"
EMAIL = r"^(none|[^\s@]+@[^\s@]+)$"
HTTPS = r"^https://[A-Za-z0-9.-]+(:[0-9]+)?([/?][^\s#]*)?$"
GUID = r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
FLAG_WORDS = dict.fromkeys(("true", "yes", "on", "y"), "true") | dict.fromkeys(("false", "no", "off", "n"), "false")
"""What people write for a boolean, YAML 1.1's words among it, and the word that is taken."""


class Section(BaseModel):
    """A frozen part of the spec that refuses unknown keys and never echoes its input."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True, hide_input_in_errors=True)

    def wrote(self, field: str) -> bool:
        """Whether the spec says anything about this field; what it does not mention is not managed."""
        return field in self.model_fields_set


def as_flag(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, Plain) and value in WORDS:
        return WORDS[value]
    meant = FLAG_WORDS.get(value.lower()) if isinstance(value, str) else None
    raise refuse(
        "S205", "not true or false", f"Write `{meant}`, without quotes." if meant else "Write `true` or `false`."
    )


def as_count(value: Any) -> Any:
    number = core(value)
    if isinstance(number, int) and not isinstance(number, bool) and number >= 1:
        return number
    digits = isinstance(value, str) and re.fullmatch("[1-9][0-9]{0,17}", value)
    hint = f"Write `{value}` without quotes." if digits else "Write a number such as `1`."
    raise refuse("S206", "not a whole number of at least 1", hint)


def as_count_or_none(value: Any) -> Any:
    """A number, or None for the written `none`."""
    return None if value is None or value == "none" else as_count(value)


def as_count_or_word(value: Any) -> Any:
    """A number, or the word `none` itself, where not written and switched off differ."""
    return "none" if value == "none" else as_count(value)


def as_date(value: Any) -> Any:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value if re.match(DATE, value) else "")
    except (TypeError, ValueError):
        raise refuse("S210", "not a date", "Write it as `2026-12-31`.") from None


def as_version(value: Any) -> Any:
    """A whole number, or nothing: true is not 1."""
    number = core(value)
    return number if isinstance(number, int) and not isinstance(number, bool) else None


Text = Annotated[str, Field(min_length=1)]
Flag = Annotated[bool, BeforeValidator(as_flag)]
Count = Annotated[int, BeforeValidator(as_count), Field(ge=1)]
Guid = Annotated[str, Field(pattern=GUID)]
Https = Annotated[str, Field(pattern=HTTPS)]
Date = Annotated[date, BeforeValidator(as_date)]
