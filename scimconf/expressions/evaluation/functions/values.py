"""Functions of any value: whether it is present, and its conversion to a boolean, a number or another encoding."""

from __future__ import annotations

import base64

from scimconf.expressions.dotnet.errors import (
    RequestedFailure,
    ServiceFailure,
    UndocumentedBehaviour,
    UndocumentedCase,
)
from scimconf.expressions.evaluation.arguments import MAX_SIZE, bounded, parse_number, to_string
from scimconf.expressions.evaluation.values import EvaluationContext, Ignored, TypedValue

_MAX_ENCODED = MAX_SIZE // 8  # characters of a string to encode
_IGNORED_IN_BASE64 = dict.fromkeys(map(ord, " \t\r\n"))
ENCODINGS = {"Unicode": "utf-16-le", "UTF8": "utf-8", "ASCII": "ascii"}


def is_null(value: TypedValue) -> bool:
    return value is None


def is_null_or_empty(value: TypedValue) -> bool:
    return value is None or value == ""


def is_present(value: TypedValue) -> bool:
    return not is_null_or_empty(value)


def negation(value: TypedValue) -> bool:
    """Return False for True, and True for anything else."""
    return not (value is True or value == "True")


def c_bool(value: TypedValue) -> bool:
    """Return False for zero, and True for any other number."""
    if isinstance(value, bool):
        return value
    text = to_string(value)
    if text in ("True", "False"):
        return text == "True"
    number = parse_number(text)
    if number is None:
        raise UndocumentedCase("with a string that is not a number")
    return bool(number)


def ignore_if_empty(value: TypedValue) -> TypedValue:
    """Return the value, or Ignored if it is null or empty."""
    return Ignored() if is_null_or_empty(value) else value


def to_base64(source: str) -> str:
    """Return the UTF-16 units, low byte first, in base64."""
    return base64.b64encode(bounded(source, _MAX_ENCODED).encode("utf-16-le", "surrogatepass")).decode()


def from_base64(source: str, encoding: str | None) -> str:
    """Return the string that base64 encodes. Cloud sync's reference assumes Unicode; .NET ignores white space."""
    name = "Unicode" if encoding is None else encoding
    if name not in ENCODINGS:
        raise ServiceFailure(f"{name!r} is not an encoding. Valid encodings: {', '.join(ENCODINGS)}")
    try:
        return base64.b64decode(source.translate(_IGNORED_IN_BASE64), validate=True).decode(ENCODINGS[name])
    except UnicodeDecodeError:
        raise UndocumentedCase(f"with bytes that are not {name}") from None
    except ValueError:  # raised by the decoder, also for characters outside ASCII
        raise ServiceFailure("the source is not base64") from None


def to_hex(source: str) -> str:
    """Return the UTF-8 bytes, two digits each."""
    try:
        return bounded(source, _MAX_ENCODED).encode().hex().upper()
    except UnicodeEncodeError:
        raise UndocumentedCase("with half of a surrogate pair") from None


def fail(message: str) -> None:
    raise RequestedFailure(message)


def default_domain(context: EvaluationContext) -> str:
    if context.tenant_domain is None:
        raise UndocumentedBehaviour("the default domain of the tenant is not known")
    return context.tenant_domain


def guid(context: EvaluationContext) -> str:
    if context.guid is None:
        raise UndocumentedBehaviour("generates a new GUID at each evaluation")
    return context.guid


def random_string(size: int, numbers: int, special: int, capitals: int, small: int, avoided: str | None) -> str:
    """Raise: the result is random, and an error if the numbers are invalid."""
    if size > 256 or min(size, numbers, special, capitals, small) < 0:
        raise ServiceFailure("the length is at most 256, and no number may be negative")
    if size < numbers + special + capitals:
        raise ServiceFailure("the length is less than the sum of the minimum numbers")
    without = f" without any of {avoided!r}" if avoided else ""
    raise UndocumentedBehaviour(bounded(f"generates a new string of {size} characters{without} at each evaluation"))
