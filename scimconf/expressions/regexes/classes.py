"""Escapes, categories and character sets (`[…]`) of a pattern."""

from __future__ import annotations

import re

from scimconf.expressions.dotnet.errors import ServiceFailure, UndocumentedBehaviour

WORD = r"\p{L}\p{Mn}\p{Nd}\p{Pc}"
_SETS = {"d": r"\p{Nd}", "D": r"\P{Nd}", "s": r"\s", "S": r"\S", "w": f"[{WORD}]", "W": f"[^{WORD}]"}
_CONTROLS = {"a": "\a", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_CODE = re.compile(r"x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}")
_OCTAL = re.compile(r"[0-7]{1,3}")
_CONTROL = re.compile(r"c([@-_a-z])")
_CATEGORY = re.compile(r"[pP]\{(?:(?P<category>[A-Z][a-z]?)|Is(?P<block>[A-Za-z0-9-]+))\}")
_CATEGORY_NAMES = (
    "L Lu Ll Lt Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po S Sm Sc Sk So Z Zs Zl Zp C Cc Cf Cs Co Cn"
)
_CATEGORIES = frozenset(_CATEGORY_NAMES.split())
_BLOCKS = {"Greek": "GreekandCoptic", "CombiningMarksforSymbols": "CombiningDiacriticalMarksforSymbols"}
MAX_SET = 5_000


def literal(character: str) -> str:
    """Return the pattern of one character, inside or outside a set."""
    if character.isascii() and character.isalnum():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\U{code:08x}"


def escape(pattern: str, start: int) -> tuple[str, int]:
    r"""Return the translation of the escape at `start`, and its end."""
    letter = pattern[start + 1 : start + 2]
    if letter in _SETS:
        return _SETS[letter], start + 2
    if letter in ("p", "P"):
        return _category(pattern, start)
    character, end = _character(pattern, start)
    return literal(character), end


def _character(pattern: str, start: int) -> tuple[str, int]:
    letter = pattern[start + 1 : start + 2]
    if letter in _CONTROLS:
        return _CONTROLS[letter], start + 2
    if match := _CODE.match(pattern, start + 1):
        return chr(int(match[0][1:], 16)), match.end()
    if match := _OCTAL.match(pattern, start + 1):
        return chr(int(match[0], 8) & 0xFF), match.end()  # .NET drops the ninth bit
    if match := _CONTROL.match(pattern, start + 1):
        return chr(ord(match[1].upper()) - 64), match.end()
    if not letter or letter.isalnum() or letter == "_":
        raise ServiceFailure(f"the pattern has the escape \\{letter}, which .NET rejects")
    return letter, start + 2


def _category(pattern: str, start: int) -> tuple[str, int]:
    match = _CATEGORY.match(pattern, start + 1)
    if match is None or match["category"] not in _CATEGORIES | {None}:
        raise ServiceFailure("the pattern has a character category that .NET rejects")
    if match["block"]:
        block = _BLOCKS.get(match["block"], match["block"])
        return f"\\{pattern[start + 1]}{{In{block}}}", match.end()
    return f"\\{match[0]}", match.end()


def character_set(pattern: str, start: int, depth: int = 0) -> tuple[str, int]:
    """Return the translation of the set that opens at `start`, and its end; a set `-[…]` at its end is subtracted."""
    if depth > 10:
        raise UndocumentedBehaviour("a character set is nested too deeply to be evaluated")
    position = start + 1
    negated = pattern.startswith("^", position)
    position += negated
    items: list[str] = []
    without = ""
    first = True
    while first or not pattern.startswith("]", position):
        if position >= len(pattern) or len(items) > MAX_SET:
            raise ServiceFailure("a [ in the pattern is not closed")
        if pattern.startswith("-[", position) and not first:
            without, position = character_set(pattern, position + 1, depth + 1)
            if not pattern.startswith("]", position):
                raise ServiceFailure("a character set continues after a subtraction")
            break
        item, position = _item(pattern, position)
        items.append(item)
        first = False
    inner = f"[{'^' * negated}{''.join(items)}]"
    return (f"[{inner}--{without}]" if without else inner), position + 1


def _item(pattern: str, start: int) -> tuple[str, int]:
    """Return the translation of a character, a range or an escape in a set, and its end."""
    if pattern.startswith("[:", start):
        raise UndocumentedBehaviour("how .NET treats [: in a character set is not documented")
    low, position = _member(pattern, start)
    ends = pattern[position + 1 : position + 2]
    if len(low) > 1 or not pattern.startswith("-", position) or ends in ("]", "[", ""):
        return (literal(low) if len(low) == 1 else low), position
    high, position = _member(pattern, position + 1)
    if len(high) > 1 or high < low:
        raise ServiceFailure("a character range in the pattern is in reverse order")
    return f"{literal(low)}-{literal(high)}", position


def _member(pattern: str, start: int) -> tuple[str, int]:
    r"""Return a character of a set or the translation of an escape of several, and its end; `\b` is a backspace."""
    if pattern[start] != "\\":
        return pattern[start], start + 1
    letter = pattern[start + 1 : start + 2]
    if letter == "b":
        return "\b", start + 2
    if letter and letter in "dDsSwWpP":
        return escape(pattern, start)
    return _character(pattern, start)
