"""Conversion of the arguments of functions, and of attribute values as a directory stores them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NoReturn, TypeAlias

from scimconf.expressions.dotnet.errors import ServiceFailure, UndocumentedBehaviour, UndocumentedCase
from scimconf.expressions.dotnet.ticks import DotNetDateTime
from scimconf.expressions.evaluation.values import Ignored, ListElement, TypedValue

ArgumentConverter: TypeAlias = Callable[[TypedValue], Any]

MAX_SIZE = 1_000_000  # the longest string, in characters, and the longest list, in values, that are evaluated

_INTEGER = re.compile(r"(?P<sign>-?)(?=[0-9])0*+(?P<digits>[0-9]*+)")
_HEX = re.compile(r"&H(?=[0-9A-Fa-f])0*+(?P<digits>[0-9A-Fa-f]*+)")
_MAX_DIGITS = 20  # more than an integer of 64 bits has; converting very long ones would be slow
_MIN_INTEGER, _MAX_INTEGER = -(2**63), 2**63 - 1
_NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")
ABSENT = "with an absent value"


def to_string(value: TypedValue) -> str:
    """Return a string; numbers, dates and booleans are converted."""
    if value.__class__ is str:
        return value
    if value is None:
        raise UndocumentedCase(ABSENT)
    if isinstance(value, tuple):
        raise UndocumentedCase("with a list")
    return str(to_any(value))


def to_optional_string(value: TypedValue) -> str | None:
    return None if value is None else to_string(value)


def to_integer(value: TypedValue) -> int:
    """Return an integer of 64 bits, from a decimal or `&H` hexadecimal string."""
    text = to_string(value)
    if match := _INTEGER.fullmatch(text):
        number = int(match["sign"] + (match["digits"][:_MAX_DIGITS] or "0"))
        if not _MIN_INTEGER <= number <= _MAX_INTEGER:
            raise ServiceFailure("the number does not fit in 64 bits")
        return number
    if match := _HEX.fullmatch(text):
        number = int(match["digits"][:_MAX_DIGITS] or "0", base=16)
        if number > _MAX_INTEGER:
            raise UndocumentedCase(f"with a hexadecimal number above &H{_MAX_INTEGER:X}")
        return number
    if _NUMBER.fullmatch(text):
        raise UndocumentedCase(f"with {text}, which is not an integer")
    raise ServiceFailure(f"{text!r} is not a number")


def to_datetime(value: TypedValue) -> DotNetDateTime:
    """Return a date. The reference asks to wrap strings in CDate and does not document strings without it."""
    if isinstance(value, DotNetDateTime):
        return value
    to_string(value)
    raise UndocumentedCase("with a string that is not wrapped in CDate")


def to_any(value: TypedValue) -> TypedValue:
    """Return the value unchanged, including null and lists, but not an ignored value."""
    if isinstance(value, Ignored):
        raise UndocumentedCase("with a value that is ignored")
    return value


def unchanged(value: TypedValue) -> TypedValue:
    return value


def to_list(value: TypedValue) -> tuple[ListElement, ...]:
    """Return the values of a multi-valued attribute."""
    if isinstance(value, tuple):
        return value
    to_string(value)
    raise UndocumentedCase("with a single value")


def to_strings(value: TypedValue) -> tuple[str, ...]:
    """Return the values of a multi-valued attribute, all of which must be strings."""
    return tuple(map(to_element, to_list(value)))


def to_roles(value: TypedValue) -> tuple[ListElement, ...]:
    """Return the values of appRoleAssignments; a user without a role has none."""
    return () if value is None else to_list(value)


def to_element(value: ListElement) -> str:
    """Return a value of a list, which must be a string."""
    if isinstance(value, str):
        return value
    raise UndocumentedCase("with an object")


def parse_number(value: str) -> Decimal | None:
    return Decimal(value) if _NUMBER.fullmatch(value) else None


def bounded(value: str, limit: int = MAX_SIZE) -> str:
    """Return the string; raise UndocumentedBehaviour if it is longer than the limit."""
    if len(value) > limit:
        too_long()
    return value


def too_long() -> NoReturn:
    """Raise the error for a result that is not computed because of its size."""
    raise UndocumentedBehaviour("the string is too long to be evaluated")


def from_attribute(value: Any) -> TypedValue:
    """Return the value of a source attribute; booleans become `True` and `False`, an empty list becomes null."""
    if value is None:
        return None
    if isinstance(value, str | bool | int):
        return _scalar(value)
    if isinstance(value, bytes | bytearray | memoryview) or not isinstance(value, Sequence | set | frozenset):
        raise UndocumentedBehaviour("Microsoft does not document expressions with an attribute of this type")
    if len(value) > MAX_SIZE:
        raise UndocumentedBehaviour("the list is too long to be evaluated")
    elements = tuple(map(_element, value))
    return (tuple(sorted(elements, key=str)) if isinstance(value, set | frozenset) else elements) or None


def _element(value: Any) -> ListElement:
    if not isinstance(value, str | bool | int | Mapping):
        raise UndocumentedBehaviour("Microsoft does not document expressions with a list of such values")
    return value if isinstance(value, Mapping) else _scalar(value)


def _scalar(value: str | bool | int) -> str:
    """Return the string of a value; of a subclass of str or int, its plain value."""
    if isinstance(value, str):
        return str.__str__(value)
    if not _MIN_INTEGER <= value <= _MAX_INTEGER:
        raise UndocumentedBehaviour("the number does not fit in the 64 bits of a directory attribute")
    return str(value) if isinstance(value, bool) else int.__repr__(value)
