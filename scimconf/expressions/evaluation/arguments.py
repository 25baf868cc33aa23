"""From what an argument came to, to what a function takes; and from what a directory holds, to what expressions see."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

from scimconf.expressions.dotnet.errors import ServiceFailure, UndocumentedBehaviour
from scimconf.expressions.dotnet.ticks import DotNetDateTime
from scimconf.expressions.evaluation.values import Ignored, ListElement, TypedValue

ArgumentConverter: TypeAlias = Callable[[TypedValue], Any]

MAX_SIZE = 1_000_000
"""Texts longer than this, and lists with more in them, are not followed: no directory holds such."""

_WHOLE = re.compile(r"-?[0-9]+")
_HEX = re.compile(r"&H[0-9A-Fa-f]+")
_DIGITS = 19  # as many as the largest whole number has
_LEAST, _MOST = -(2**63), 2**63 - 1
_NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")
_ABSENT = "what it makes of an absent value is not documented"


# ---- what functions take -------------------------------------------------------------------------------------------


def text(value: TypedValue) -> str:
    """A text; numbers, dates and truth values have one."""
    if value.__class__ is str:
        return value
    if value is None:
        raise UndocumentedBehaviour(_ABSENT)
    if isinstance(value, tuple):
        raise UndocumentedBehaviour("what it makes of a list is not documented")
    if isinstance(value, Ignored):
        raise UndocumentedBehaviour("what it makes of a flow that is to be ignored is not documented")
    return str(value)


def text_or_null(value: TypedValue) -> str | None:
    return None if value is None else text(value)


def whole(value: TypedValue) -> int:
    """A whole number of 64 bits, `&H` hexadecimal too."""
    said = text(value)
    if _WHOLE.fullmatch(said):
        return _decimal(said)
    if _HEX.fullmatch(said):
        return _hexadecimal(said.removeprefix("&H").lstrip("0") or "0")
    if _NUMBER.fullmatch(said):
        raise UndocumentedBehaviour(f"how {said} is rounded to a whole number is not documented")
    raise ServiceFailure(f"{said!r} is not a number")


def _decimal(said: str) -> int:
    digits = said.lstrip("-").lstrip("0") or "0"
    number = int(digits[: _DIGITS + 1]) * (-1 if said.startswith("-") else 1)
    if not _LEAST <= number <= _MOST:
        raise ServiceFailure("the number is larger than 64 bits can hold")
    return number


def _hexadecimal(digits: str) -> int:
    if len(digits) > 16 or int(digits, base=16) > _MOST:
        raise UndocumentedBehaviour(
            f"whether a hexadecimal number above &H{_MOST:X} is one less than zero is not documented"
        )
    return int(digits, base=16)


def moment(value: TypedValue) -> DotNetDateTime:
    """A date; the reference wants texts wrapped in CDate, and does not say what becomes of one that is not."""
    if isinstance(value, DotNetDateTime):
        return value
    text(value)
    raise UndocumentedBehaviour("what it makes of a text that is not wrapped in CDate is not documented")


def anything(value: TypedValue) -> TypedValue:
    """A value, null and lists too, as it is."""
    if isinstance(value, Ignored):
        raise UndocumentedBehaviour("what it makes of a flow that is to be ignored is not documented")
    return value


def flowing(value: TypedValue) -> TypedValue:
    """A value as it is, be it to be ignored."""
    return value


def elements(value: TypedValue) -> tuple[ListElement, ...]:
    """The values of a multi-valued attribute."""
    if isinstance(value, tuple):
        return value
    text(value)
    raise UndocumentedBehaviour("what it makes of a single value is not documented")


def texts(value: TypedValue) -> tuple[str, ...]:
    """The values of a multi-valued attribute, all of them texts."""
    return tuple(map(element, elements(value)))


def roles(value: TypedValue) -> tuple[ListElement, ...]:
    """The values of appRoleAssignments; somebody without a role has none."""
    return () if value is None else elements(value)


def element(value: ListElement) -> str:
    if isinstance(value, str):
        return value
    raise UndocumentedBehaviour("what it makes of an object is not documented")


def number(value: str) -> Decimal | None:
    """A text as a number, if it is one."""
    return Decimal(value) if _NUMBER.fullmatch(value) else None


# ---- what directories hold -----------------------------------------------------------------------------------------


def seen(value: Any) -> TypedValue:
    """A source attribute as expressions see it: truth values as `True` and `False`, no values as null."""
    if value is None:
        return None
    if isinstance(value, str | bool | int):
        return _scalar(value)
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, bytes | bytearray | memoryview):
        return _listed(value)
    raise UndocumentedBehaviour("how a value of this kind reaches an expression is not documented")


def _listed(values: Sequence[Any] | set[Any] | frozenset[Any]) -> tuple[ListElement, ...] | None:
    if len(values) > MAX_SIZE:
        raise UndocumentedBehaviour("the list is too long to be tried here")
    found: list[ListElement] = []
    for value in values:
        if not isinstance(value, str | bool | int | Mapping):
            raise UndocumentedBehaviour("how a list of such values reaches an expression is not documented")
        found.append(value if isinstance(value, Mapping) else _scalar(value))
    return tuple(sorted(found, key=str) if isinstance(values, set | frozenset) else found) or None


def _scalar(value: str | bool | int) -> str:
    """The text of one value; of a kind of text that somebody made himself, the text and nothing of his."""
    if isinstance(value, str):
        return str.__str__(value)
    if not _LEAST <= value <= _MOST:
        raise UndocumentedBehaviour("the directory's whole numbers have 64 bits, and this one has more")
    return str(value) if isinstance(value, bool) else int.__repr__(value)


def bounded(value: str) -> str:
    if len(value) > MAX_SIZE:
        raise UndocumentedBehaviour("the text grows too long to be tried here")
    return value
