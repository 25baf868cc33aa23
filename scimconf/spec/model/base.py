"""What all sections of the spec share: strictness, and the scalar types, which interpret YAML's plain scalars."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from scimconf.spec.codes import model_error, quoted
from scimconf.spec.patterns import DATE, GUID, HTTPS
from scimconf.spec.tree import WORDS, Plain, core

Unlisted = Literal["keep", "report", "delete"]
Apply = Literal["always", "on_create", "multi_value_add_only", "value_add_only", "attribute_add_only"]

BOOLEANS = dict.fromkeys(("true", "yes", "on", "y"), "true") | dict.fromkeys(("false", "no", "off", "n"), "false")
"""Spellings of a boolean, those of YAML 1.1 included, and the one that is valid."""
EXPRESSION = re.compile(r"\s*[A-Za-z]\w*\s*\(.*|.*\[[^\]]+\].*", re.DOTALL)
"""Text that is an expression and no attribute name: a function call, or an attribute in brackets."""


class Section(BaseModel):
    """A frozen part of the spec. Unknown keys are errors, and error texts never contain the input."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True, hide_input_in_errors=True)

    def wrote(self, field: str) -> bool:
        """Return whether the spec contains this field. A field that it does not contain is not managed."""
        return field in self.model_fields_set


def as_flag(value: Any) -> Any:
    """Return a boolean for a plain `true` or `false`."""
    if isinstance(value, bool):
        return value
    if isinstance(value, Plain) and value in WORDS:
        return WORDS[value]
    boolean = BOOLEANS.get(value.lower()) if isinstance(value, str) else None
    hint = f"Write `{boolean}`, without quotes." if boolean else "Write `true` or `false`."
    raise model_error("S205", f"expected true or false, got {described(value)}", hint)


def as_count(value: Any) -> Any:
    """Return a positive integer for a plain one."""
    number = core(value)
    if isinstance(number, int) and not isinstance(number, bool) and number >= 1:
        return number
    is_quoted = isinstance(value, str) and re.fullmatch("[1-9][0-9]{0,17}", value)
    hint = f"Write `{value}` without quotes." if is_quoted else "Write a number such as `1`."
    raise model_error("S206", f"expected a whole number of at least 1, got {described(value)}", hint)


def as_count_or_none(value: Any) -> Any:
    """Return a positive integer, or None for `none`."""
    return None if value is None or value == "none" else as_count(value)


def as_count_or_word(value: Any) -> Any:
    """Return a positive integer, or the word `none`: for a field where None means "not in the spec"."""
    return "none" if value == "none" else as_count(value)


def as_date(value: Any) -> Any:
    """Return a date for text such as `2026-12-31`."""
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value if re.match(DATE, value) else "")
    except (TypeError, ValueError):
        message = f"expected a date, got {described(value)}"
        raise model_error("S210", message, "Write a date such as `2026-12-31`.") from None


def as_version(value: Any) -> Any:
    """Return an integer, or None for anything else: `true` is not 1."""
    number = core(value)
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def described(value: Any) -> str:
    """Return a value for use in a message: a scalar in quotes, anything else by its type."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    return quoted(str(value))


def _attribute_name(value: str) -> str:
    if EXPRESSION.fullmatch(value) is None:
        return value
    expression = value.strip().replace("'", "''")
    message = f"{quoted(value)} is an expression, but `source` takes the name of an attribute"
    raise model_error("S316", message, f"Write `{{expression: '{expression}'}}`.")


Text = Annotated[str, Field(min_length=1)]
SourceName = Annotated[Text, AfterValidator(_attribute_name)]
Flag = Annotated[bool, BeforeValidator(as_flag)]
Count = Annotated[int, BeforeValidator(as_count), Field(ge=1)]
Guid = Annotated[str, Field(pattern=GUID)]
Https = Annotated[str, Field(pattern=HTTPS)]
Date = Annotated[date, BeforeValidator(as_date)]
