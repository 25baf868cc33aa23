"""The type of raw JSON, and the parser for JSON that was written by others."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any, NoReturn

Json = Any
"""A JSON value as Python has it: a dict, list, string, number, boolean or None."""

MAX_DEPTH = 320
"""Levels of arrays and objects: a schema with functions that are nested 100 levels deep has 309; a copy needs two frames
of Python's stack for each level."""


class UnusableJsonError(ValueError):
    """The text is JSON for Python, but cannot be copied, compared or written as UTF-8. The message says why."""


def parse_json(content: bytes | str) -> Json:
    """Return the JSON value of a text or of UTF-8 bytes; raise ValueError, UnusableJsonError for what only Python reads.

    The value can be copied, compared with itself and written again: it has no NaN, no number beyond the range of a
    float, no lone surrogate and at most MAX_DEPTH levels.
    """
    text = content if isinstance(content, str) else content.decode("utf-8-sig")
    try:
        value = json.loads(text, parse_constant=_not_json, parse_float=_finite)
    except RecursionError:
        raise UnusableJsonError(_too_deep()) from None
    if _depth_exceeds(value, MAX_DEPTH):
        raise UnusableJsonError(_too_deep())
    if "\\u" in text or isinstance(content, str):
        _check_surrogates(value)
    return value


def _too_deep() -> str:
    return f"JSON is nested more than {MAX_DEPTH} levels deep"


def _not_json(name: str) -> NoReturn:
    raise UnusableJsonError(f"{name} is not valid in JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        raise UnusableJsonError("a number is beyond the range of a float")
    return number


def _depth_exceeds(value: Json, limit: int) -> bool:
    """Return whether a value has more levels of containers than the limit, without recursion."""
    level = [value]
    for _ in range(limit + 1):
        containers = [item for item in level if item.__class__ is dict or item.__class__ is list]
        if not containers:
            return False
        level = [part for item in containers for part in (item.values() if item.__class__ is dict else item)]
    return True


def _check_surrogates(value: Json) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise UnusableJsonError("a string has a lone surrogate, which is not a character") from None
