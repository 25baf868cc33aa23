"""Glob matching where only `*` is special, in linear time.

Patterns come from a spec or the command line and texts from a tenant, so no pattern may be expensive. Brackets and `?`
are ordinary characters, since addresses contain them.
"""

from __future__ import annotations


def is_like(text: str, pattern: str) -> bool:
    """Return whether the whole text matches the pattern.

    Each part between two stars is matched at its first occurrence; a later one could not match more, so that no
    backtracking is needed.
    """
    first, *parts = pattern.split("*")
    if not parts:
        return text == pattern
    *middle, last = parts
    if not text.startswith(first):
        return False
    end = len(first)
    for part in middle:
        start = text.find(part, end)
        if start < 0:
            return False
        end = start + len(part)
    return len(text) - end >= len(last) and text.endswith(last)
