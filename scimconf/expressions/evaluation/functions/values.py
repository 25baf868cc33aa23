"""Values whatever they are: whether they are there, what they are as a truth value, a number or in another encoding."""

from __future__ import annotations

import base64

from scimconf.expressions.dotnet.errors import ServiceFailure, UndocumentedBehaviour
from scimconf.expressions.evaluation.arguments import MAX_SIZE, bounded, number, text
from scimconf.expressions.evaluation.values import EvaluationContext, Ignored, TypedValue

_IGNORED = dict.fromkeys(map(ord, " \t\r\n"))
ENCODINGS = {"Unicode": "utf-16-le", "UTF8": "utf-8", "ASCII": "ascii"}


def is_null(value: TypedValue) -> bool:
    return value is None


def is_null_or_empty(value: TypedValue) -> bool:
    return value is None or value == ""


def is_present(value: TypedValue) -> bool:
    return not is_null_or_empty(value)


def negation(value: TypedValue) -> bool:
    """False for True, True for anything else."""
    return not (value is True or value == "True")


def c_bool(value: TypedValue) -> bool:
    """False for zero."""
    if isinstance(value, bool):
        return value
    said = text(value)
    if said in ("True", "False"):
        return said == "True"
    amount = number(said)
    if amount is None:
        raise UndocumentedBehaviour("only numbers and comparisons are documented")
    return bool(amount)


def as_text(value: str) -> str:
    return value


def redact(value: TypedValue) -> TypedValue:
    """The value: only the logs are said to show another."""
    return value


def ignore_if_empty(value: TypedValue) -> TypedValue:
    """The value, or no flow at all where there is none."""
    return Ignored() if is_null_or_empty(value) else value


def bit_and(left: int, right: int) -> int:
    return left & right


def to_base64(source: str) -> str:
    """The UTF-16 units, low byte first, in base64."""
    _halved(source)
    return base64.b64encode(source.encode("utf-16-le", "surrogatepass")).decode()


def from_base64(source: str, encoding: str | None) -> str:
    """Cloud sync's way back from base64; its reference assumes Unicode. .NET passes over spaces and ends of lines."""
    kind = "Unicode" if encoding is None else encoding
    if kind not in ENCODINGS:
        raise ServiceFailure(f"{kind!r} is not an encoding; there are {', '.join(ENCODINGS)}")
    try:
        return base64.b64decode(source.translate(_IGNORED), validate=True).decode(ENCODINGS[kind])
    except UnicodeDecodeError:
        raise UndocumentedBehaviour(f"what becomes of bytes that are not {kind} is not documented") from None
    except ValueError:  # of the decoder, also for letters beyond ASCII
        raise ServiceFailure("not base64") from None


def to_hex(source: str) -> str:
    """The UTF-8 bytes, two digits each."""
    _halved(source)
    try:
        return source.encode().hex().upper()
    except UnicodeEncodeError:
        raise UndocumentedBehaviour("half of a character has no documented form in UTF-8") from None


def _halved(source: str) -> None:
    if len(source) > MAX_SIZE // 8:
        raise UndocumentedBehaviour("the text grows too long to be tried here")


def fail(message: str) -> None:
    raise ServiceFailure(message)


def default_domain(told: EvaluationContext) -> str:
    if told.tenant_domain is None:
        raise UndocumentedBehaviour("the tenant's default domain is not known here")
    return told.tenant_domain


def guid(told: EvaluationContext) -> str:
    if told.guid is None:
        raise UndocumentedBehaviour("it makes up a new GUID each time")
    return told.guid


def random_string(size: int, numbers: int, special: int, capitals: int, small: int, avoided: str | None) -> str:
    if size > 256 or min(size, numbers, special, capitals, small) < 0:
        raise ServiceFailure("it makes at most 256 characters, and no number may be less than zero")
    if size < numbers + special + capitals:
        raise ServiceFailure("the parts ask for more characters than the length allows")
    without = f" without any of {avoided!r}" if avoided else ""
    raise UndocumentedBehaviour(bounded(f"it makes up a new text of {size} characters each time{without}"))
