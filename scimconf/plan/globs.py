"""Patterns in which `*` stands for any characters, and everything else for itself.

Premise: patterns come from a spec or the command line and texts from a tenant, so neither may cost more than it is long.
Brackets and `?` are letters like any other: addresses are full of them.
"""

from __future__ import annotations


def is_like(text: str, pattern: str) -> bool:
    """Whether the whole text is as the pattern says.

    Each part between two stars is taken where it is found first: whatever a later place would allow, an earlier one
    allows too, so nothing is ever tried again.
    """
    first, *parts = pattern.split("*")
    if not parts:
        return text == pattern
    *middle, last = parts
    if not text.startswith(first):
        return False
    done = len(first)
    for part in middle:
        found = text.find(part, done)
        if found < 0:
            return False
        done = found + len(part)
    return len(text) - done >= len(last) and text.endswith(last)
