"""What all sections of the spec share: strictness, and the scalar types, which interpret YAML's plain scalars."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from scimconf.diagnostics import Diagnostic, quoted
from scimconf.spec.patterns import DATE, ENDPOINT, GUID, HTTPS
from scimconf.spec.tree import WORDS, Plain, core

Unlisted = Literal["keep", "report", "delete"]
Apply = Literal["always", "on_create", "multi_value_add_only", "value_add_only", "attribute_add_only"]

BOOLEANS = dict.fromkeys(("true", "yes", "on", "y"), "true") | dict.fromkeys(("false", "no", "off", "n"), "false")
"""Spellings of a boolean, those of YAML 1.1 included, and the one that is valid."""
NOT_IN_A_NAME = re.compile(r"[\[\]()]")
"""Characters that no source attribute has: text with them is an expression, or a misspelt one."""
_CALL = re.compile(r"\s*[A-Za-z]\w*\s*\(.*\)\s*", re.DOTALL)
_IN_BRACKETS = re.compile(r"\s*\[([^\[\]()]+)\]\s*")


def model_error(*diagnostics: Diagnostic) -> PydanticCustomError:
    """Return diagnostics as the one exception that a validator may raise. Their paths begin below its model."""
    text = "; ".join(diagnostic.message for diagnostic in diagnostics)
    return PydanticCustomError("scimconf", "{text}", {"text": text, "diagnostics": diagnostics})


class Section(BaseModel):
    """A frozen part of the spec. Unknown keys are errors, and error texts never contain the input."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True, hide_input_in_errors=True)

    def wrote(self, field: str) -> bool:
        """Return whether the spec contains this field. A field that it does not contain is not managed."""
        return field in self.model_fields_set

    @model_validator(mode="after")
    def _check(self) -> Self:
        if diagnostics := tuple(self._errors()):
            raise model_error(*diagnostics)
        return self

    def _errors(self) -> Iterator[Diagnostic]:
        """Yield the errors that concern several fields. Each model has its own."""
        return iter(())

    def _present(self, *keys: str) -> list[str]:
        return [key for key in keys if getattr(self, key) is not None]


def not_exactly_one(subject: str, keys: Iterable[str], example: str) -> Diagnostic:
    message = f"{subject} takes exactly one of {', '.join(keys)}"
    return Diagnostic("S208", message, hint=f"Keep one of them, for example `{example}`.")


def owned_keys(field: str, keys: Iterable[str], owners: Mapping[str, str]) -> Iterator[Diagnostic]:
    """Yield an error for each of Graph's keys that has a field of its own; `owners` are these fields by key."""
    for key in keys:
        if key in owners:
            message, hint = f"{key} has its own field in the spec", f"Use `{owners[key]}` instead."
            yield Diagnostic("S303", message, (field, key), hint=hint)


def as_flag(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, Plain) and value in WORDS:
        return WORDS[value]
    boolean = BOOLEANS.get(value.lower()) if isinstance(value, str) else None
    hint = f"Write `{boolean}`, without quotes." if boolean else "Write `true` or `false`."
    raise model_error(Diagnostic("S205", f"expected true or false, got {described(value)}", hint=hint))


def as_count(value: Any) -> Any:
    number = core(value)
    if isinstance(number, int) and not isinstance(number, bool) and number >= 1:
        return number
    is_quoted = isinstance(value, str) and re.fullmatch("[1-9][0-9]{0,17}", value)
    hint = f"Write `{value}` without quotes." if is_quoted else "Write a number such as `1`."
    message = f"expected a whole number of at least 1, got {described(value)}"
    raise model_error(Diagnostic("S206", message, hint=hint))


def as_count_or_none(value: Any) -> Any:
    """Return a positive integer, or None for `none`."""
    return None if value is None or value == "none" else as_count(value)


def as_count_or_word(value: Any) -> Any:
    """Return a positive integer, or the word `none`: for a field where None means "not in the spec"."""
    return "none" if value == "none" else as_count(value)


def as_date(value: Any) -> Any:
    return iso_value(value, date, DATE, "a date", "Write a date such as `2026-12-31`.")


def iso_value(value: Any, kind: type[date], pattern: str, noun: str, hint: str) -> Any:
    """Return a date, or a date and time, for its text in ISO 8601."""
    if isinstance(value, kind):
        return value
    try:
        return kind.fromisoformat(value if re.match(pattern, value) else "")
    except (TypeError, ValueError):
        raise model_error(Diagnostic("S210", f"expected {noun}, got {described(value)}", hint=hint)) from None


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
    if NOT_IN_A_NAME.search(value) is None:
        return value
    hint = "Write the name of an attribute, or an expression as `{expression: 'FUNCTION([ATTRIBUTE])'}`."
    message = f"{quoted(value)} is not the name of an attribute, which has no brackets or parentheses"
    if match := _IN_BRACKETS.fullmatch(value):
        hint = f"Write `{match[1]}` without brackets."
    elif _CALL.fullmatch(value):
        expression = value.strip().replace("'", "''")
        message = f"{quoted(value)} is an expression, but `source` takes the name of an attribute"
        hint = f"Write `{{expression: '{expression}'}}`."
    raise model_error(Diagnostic("S316", message, hint=hint))


Text = Annotated[str, Field(min_length=1)]
SourceName = Annotated[Text, AfterValidator(_attribute_name)]
Flag = Annotated[bool, BeforeValidator(as_flag)]
Count = Annotated[int, BeforeValidator(as_count), Field(ge=1)]
Guid = Annotated[str, Field(pattern=GUID)]
Https = Annotated[str, Field(pattern=HTTPS)]
Endpoint = Annotated[str, Field(pattern=ENDPOINT)]
Date = Annotated[date, BeforeValidator(as_date)]
