"""Patterns of target attributes: regular expressions as .NET reads them, evaluated with limits on time and memory.

The library is imported at the first pattern.
"""

from __future__ import annotations


def matches(pattern: str, value: str) -> bool | str:
    """Return whether a pattern matches the whole value, or why that cannot be evaluated."""
    from scimconf.expressions.dotnet.errors import EvaluationStop
    from scimconf.expressions.regexes import matching

    try:
        return matching.pattern(rf"\A(?:{pattern})\z").matches(value)
    except EvaluationStop as stop:
        return str(stop)


def pattern_error(pattern: str) -> str:
    """Return why a pattern cannot be evaluated; empty if it can."""
    result = matches(pattern, "")
    return result if isinstance(result, str) else ""
