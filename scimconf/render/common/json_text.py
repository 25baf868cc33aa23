"""Write JSON text, indented by two spaces, with sorted keys.

The text is that of `json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)`, in which characters that do not
print are JSON escapes. The standard library writes indented text in Python code, a generator for each level; this is
about twice as fast, and writes at any indentation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from json.encoder import encode_basestring
from typing import Any

from scimconf.plan.digest import Items

Json = Any

INDENT = "  "
_BEYOND_ASCII = re.compile(r"[^\n -~]")


class JsonText(str):
    """Text that is JSON already, indented for its place; `indented` writes it as it is."""

    __slots__ = ()


def indented(value: Json, line: str = "\n") -> str:
    """Return JSON text without a final line end; `line` is the line end and the indentation of the value itself.

    Names are strings. Raise TypeError for a value that JSON does not have.
    """
    kind = value.__class__
    if kind is str:
        return string(value)
    if kind is dict:
        inner = line + INDENT
        members = [member(name, value[name], inner) for name in sorted(value)]
        return f"{{{inner}{f',{inner}'.join(members)}{line}}}" if members else "{}"
    if kind is list or kind is tuple:
        inner = line + INDENT
        items = [indented(item, inner) for item in value]
        return f"[{inner}{f',{inner}'.join(items)}{line}]" if items else "[]"
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    return _derived(value, line)


def indented_parts(value: Json, depth: int, line: str = "\n") -> Iterator[str]:
    """Yield the text of `indented` in parts; containers above the depth are divided. `Items` are an array."""
    if depth and isinstance(value, dict):
        for number, name in enumerate(sorted(value)):
            yield f"{',' if number else '{'}{line}{INDENT}{string(name)}: "
            yield from indented_parts(value[name], depth - 1, line + INDENT)
        yield f"{line}}}" if value else "{}"
    elif depth and isinstance(value, list | tuple | Items):
        before = "["
        for item in value:
            yield f"{before}{line}{INDENT}"
            yield from indented_parts(item, depth - 1, line + INDENT)
            before = ","
        yield f"{line}]" if before == "," else "[]"
    else:
        yield indented(value, line)


def member(name: str, value: Json, line: str) -> str:
    """Return a member of an object; `line` is the line end and the indentation of the member."""
    return f"{string(name)}: {string(value) if value.__class__ is str else indented(value, line)}"


def string(text: str) -> str:
    """Return a string as JSON; printable characters beyond ASCII stay readable."""
    encoded: str = encode_basestring(text)
    return encoded if encoded.isprintable() else _BEYOND_ASCII.sub(_escape, encoded)


def _derived(value: Json, line: str) -> str:
    """Return a number, text that is JSON already, or a value of a class that is derived from a class of JSON."""
    if isinstance(value, JsonText):
        return str.__str__(value)
    if isinstance(value, dict):
        return indented(dict(value), line)
    if isinstance(value, list | tuple):
        return indented(list(value), line)
    return string(str.__str__(value)) if isinstance(value, str) else json.dumps(value)


def _escape(match: re.Match[str]) -> str:
    char = match.group()
    return char if char.isprintable() else json.dumps(char)[1:-1].replace("\x7f", "\\u007f")
