"""JSON values as readable text: on one line if that fits, else as an indented block.

Strings have no quotes, as in YAML, unless they could be read as something else: `"true"`, `"1"`, `""`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from scimconf.plan import WriteOnly
from scimconf.render.common.escaping import cells, visible, wrap

Json = Any

_AMBIGUOUS = re.compile(r"| .*|.* |.* → .*|none|null|true|false|-?[0-9]+(\.[0-9]+)?", re.DOTALL | re.IGNORECASE)
_NESTED = re.compile(r"[][,:{}\"]")
_HEAD = re.compile(r"[A-Za-z]\w*\(")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[(),]|[^"(),]+|"')
_TIGHT = 20


def inline(value: Json) -> str:
    """Return the value on one line of any length."""
    return _text(value) if isinstance(value, str) else _nested(value)


def _nested(value: Json) -> str:
    match value:
        case str():
            return _quoted(value) if _NESTED.search(value) else _text(value)
        case WriteOnly(reference):
            return f"(write-only, from {visible(reference)})"
        case Mapping():
            return "{" + ", ".join(f"{_nested(str(key))}: {_nested(part)}" for key, part in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(_nested, value)) + "]"
        case None:
            return "none"
        case _:
            return visible(json.dumps(value, default=str))


def _text(text: str) -> str:
    return _quoted(text) if _AMBIGUOUS.fullmatch(text) else visible(text)


def _quoted(text: str) -> str:
    """Return a string in quotes; quotes inside are escaped."""
    return '"' + visible(text.replace('"', '\\"')) + '"'


def block(value: Json, width: int) -> list[str]:
    """Return the value in lines of at most `width` cells, as far as its nesting leaves space."""
    whole = inline(value)
    if cells(whole) <= width:
        return [whole]
    match value:
        case Mapping():
            return [line for key, part in value.items() for line in _entry(inline(str(key)), part, width)]
        case list() | tuple():
            return [line for item in value for line in _item(item, width)]
        case _:
            return lay_out(whole, width)


def _entry(key: str, value: Json, width: int) -> Iterator[str]:
    short = f"{key}: {inline(value)}"
    if cells(short) <= width:
        yield short
        return
    yield f"{key}:"
    for line in block(value, max(width - 2, _TIGHT)):
        yield f"  {line}"


def _item(value: Json, width: int) -> Iterator[str]:
    for number, line in enumerate(block(value, max(width - 2, _TIGHT))):
        yield f"  {line}" if number else f"- {line}"


def lay_out(text: str, width: int) -> list[str]:
    """Return a long string in lines: a function call by its arguments, indented like code; else wrapped."""
    if cells(text) <= width:
        return [text]
    arguments = _arguments(text) if width > _TIGHT else []
    if not arguments:
        return wrap(text, width)
    head, *inner, tail = arguments
    return [head, *(f"  {line}" for line in _filled(inner, width - 2)), tail]


def _filled(arguments: list[str], width: int) -> Iterator[str]:
    """Yield lines of arguments that fit; an argument that does not fit is laid out alone."""
    line = ""
    for argument in arguments:
        longer = f"{line} {argument}" if line else argument
        if cells(longer) <= width:
            line = longer
            continue
        if line:
            yield line
        *full, line = lay_out(argument, width)
        if full:
            yield from [*full, line]
            line = ""
    if line:
        yield line


def _arguments(text: str) -> list[str]:
    """Return `Join(`, its arguments with commas, and `)`; empty if the text is not one whole call."""
    head = _HEAD.match(text)
    if head is None:
        return []
    parts, depth = [""], 1
    tokens = _TOKEN.finditer(text, head.end())
    for token in tokens:
        word = token.group()
        depth += (word == "(") - (word == ")")
        if depth == 0:
            tail = text[token.start() :]
            return (
                [head.group(), *(part.strip() for part in parts if part.strip()), tail] if tail in {")", "),"} else []
            )
        parts[-1] += word
        if word == "," and depth == 1:
            parts.append("")
    return []
