"""JSON that is almost valid: a valid value with one or two places changed, as the bytes that a service would send."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from random import Random
from typing import Any

from hypothesis import strategies as st

from scimconf.json_types import MAX_DEPTH

LISTS, OBJECTS, FUNCTIONS = "<lists {}>", "<objects {}>", "<functions {}>"
DEPTHS = (30, MAX_DEPTH // 3, MAX_DEPTH - 20, MAX_DEPTH + 1, 5000)
NESTED = {
    "lists": ("[", "null", "]"),
    "objects": ('{"value":', "null", "}"),
    "functions": ('{"type":"Function","name":"Not","parameters":[{"key":"source","value":', "null", "}]}"),
}
STRINGS = [
    *("", "\ud800", "\0", "\u202e", "\x1b[31m", "\r\n", "a/b", "..", "{service_principal}", "x" * 5000),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-99-99T00:00:00Z", "{", "NaN", "[[[["),
    *("http://[", "https://graph.example/v1.0/users", "((((a+)+)+)+)$", "[mail", "true", "*"),
]
ODD: list[Any] = [
    *(None, True, False, 0, -1, 3, 1.5, 1e308, 10**30, 10**400, float("nan"), float("inf")),
    *STRINGS,
    *([], {}, [[]], [None], [5], [{}], {"id": None}, {"value": []}, [{"id": "x"}], [{"id": "x"}, {"id": "x"}]),
    *(text.format(depth) for text in (LISTS, OBJECTS, FUNCTIONS) for depth in DEPTHS),
]
"""Values of other types, numbers and strings that somebody stumbles over, and marks for deep nesting."""


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of each value in a JSON value, the outermost first."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def part(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


SEEDS = st.integers(0, 2**32)


def mutations(value: Any) -> st.SearchStrategy[bytes]:
    """Return a strategy of the JSON texts of a value that is changed at one or two places."""
    return SEEDS.map(lambda seed: mutated(Random(seed), value))


def mutated(random: Random, value: Any) -> bytes:
    """Return the JSON text of a value that is changed at one or two places.

    The choices are those of a seed, not of Hypothesis: in a plan they are made within concurrent tasks.
    """
    for _ in range(random.choice([1, 1, 2])):
        value = _changed(random, json.loads(json.dumps(value)))
    return encoded(value)


def _changed(random: Random, value: Any) -> Any:
    paths = list(places(value))
    path = random.choice(paths)
    if not path:
        return random.choice(ODD)
    parent, key = part(value, path[:-1]), path[-1]
    change = random.choice(["replace", "replace", "replace", "remove", "repeat", "copy", "wrap", "empty"])
    if change == "remove":
        del parent[key]
    elif change == "repeat" and isinstance(parent, list):
        parent.extend([parent[key]] * random.choice([1, 30]))
    elif change == "copy":
        parent[key] = json.loads(json.dumps(part(value, random.choice(paths))))
    elif change == "wrap":
        parent[key] = [parent[key]]
    elif change == "empty" and parent[key] is not None:
        parent[key] = type(parent[key])()
    else:
        parent[key] = random.choice(ODD)
    return value


def encoded(value: Any) -> bytes:
    """Return the JSON text, with the marks for deep nesting replaced by it."""
    return re.sub(r'"<(lists|objects|functions) (\d+)>"', _nested, json.dumps(value)).encode()


def _nested(mark: re.Match[str]) -> str:
    before, inner, after = NESTED[mark[1]]
    depth = int(mark[2])
    return before * depth + inner + after * depth
