"""Golden files: expected results on disk. `SCIMCONF_UPDATE_GOLDEN=1` rewrites them; a review reads the difference."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher, unified_diff
from pathlib import Path
from typing import Any

WIDTH = 120


def updating() -> bool:
    """Return whether golden files are to be rewritten."""
    return bool(os.environ.get("SCIMCONF_UPDATE_GOLDEN"))


def golden_text(path: Path, actual: str) -> str:
    """Return the text of a golden file, after an update if one is requested; line ends stay as they are."""
    if updating():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(actual.encode())
    return path.read_bytes().decode()


def golden_json(path: Path, actual: Any) -> Any:
    """Return the value of a golden JSON file; compare it with `plain(actual)`."""
    return json.loads(golden_text(path, compact(plain(actual)) + "\n") if updating() else path.read_text("utf-8"))


def golden_render(path: Path, rendered: str, write: Callable[[Any], str]) -> str:
    """Return what a renderer must give. A golden `.json` is kept compact; `write` makes the rendered text of its value."""
    if path.suffix == ".json":
        return write(golden_json(path, json.loads(rendered)))
    return golden_text(path, rendered)


def without_assets(page: str) -> str:
    """Return a page without its style and script, and so without their digests."""
    page = re.sub(r"<(style|script)>.*?</\1>", r"<\1></\1>", page, flags=re.DOTALL)
    return re.sub(r"sha256-[\w+/=]+", "sha256", page)


def lines_that_differ(text: str, other: str) -> str:
    """Return how the second text differs from the first, without the lines around it."""
    return "\n".join(unified_diff(text.split("\n"), other.split("\n"), lineterm="", n=0)) + "\n"


def plain(value: Any) -> Any:
    """Return a value as it is after a trip through JSON: tuples are lists, keys are strings."""
    return json.loads(json.dumps(value))


def compact(value: Any, indent: str = "", before: int = 0) -> str:
    """Return JSON in lines of at most 120 characters: what fits is on one line, and plain values share lines."""
    line = json.dumps(value, ensure_ascii=False)
    if not value or not isinstance(value, dict | list) or len(indent) + before + len(line) < WIDTH:
        return line
    inner = indent + " "
    keys = (
        [json.dumps(key, ensure_ascii=False) + ": " for key in value] if isinstance(value, dict) else [""] * len(value)
    )
    parts = list(value.values()) if isinstance(value, dict) else value
    lines = [""]
    for number, (key, part) in enumerate(zip(keys, parts, strict=True), 1):
        text = key + compact(part, inner, len(key) + 1) + ("," if number < len(parts) else "")
        follows = lines[-1] and (not part or not isinstance(part, dict | list)) and lines[-1][-2:] not in ("],", "},")
        if follows and len(inner) + len(lines[-1]) + 1 + len(text) <= WIDTH:
            lines[-1] += " " + text
        else:
            lines.append(text)
    start, end = "{}" if isinstance(value, dict) else "[]"
    return "\n".join([start, *(inner + line for line in lines[1:]), indent + end])


# --- changed pointers ----------------------------------------------------------------------------------------------

REMOVED = {"removed": True}


def changed_pointers(before: Any, after: Any) -> dict[str, Any]:
    """Return what differs, by JSON pointer into the document before.

    A changed or new value stands under its pointer, a removed key is `{"removed": true}`. A list whose rows come or go
    is `{"removed": [positions before], "added": {position after: row}}`, keys in another order are `{"reordered": keys}`.
    The `source` of a mapping, an expression tree, is one value.
    """
    return dict(_differences(before, after, ""))


def _differences(before: Any, after: Any, pointer: str) -> Iterator[tuple[str, Any]]:
    if json.dumps(before) == json.dumps(after):
        return
    if isinstance(before, dict) and isinstance(after, dict) and not pointer.endswith("/source"):
        yield from _of_keys(before, after, pointer)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _of_rows(before, after, pointer)
    else:
        yield pointer, after


def _of_keys(before: dict[str, Any], after: dict[str, Any], pointer: str) -> Iterator[tuple[str, Any]]:
    remaining = [key for key in after if key in before]
    if remaining != [key for key in before if key in after]:
        yield pointer, {"reordered": remaining}
    for key in [*before, *(key for key in after if key not in before)]:
        place = f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
        if key not in after:
            yield place, REMOVED
        elif key not in before:
            yield place, after[key]
        else:
            yield from _differences(before[key], after[key], place)


def _of_rows(before: list[Any], after: list[Any], pointer: str) -> Iterator[tuple[str, Any]]:
    removed: list[int] = []
    added: dict[str, Any] = {}
    sides = [[_identity(row) for row in side] for side in (before, after)]
    for action, start, end, other_start, other_end in SequenceMatcher(None, *sides, autojunk=False).get_opcodes():
        if action == "equal":
            for position, row in enumerate(after[other_start:other_end], start):
                yield from _differences(before[position], row, f"{pointer}/{position}")
        else:
            removed += range(start, end)
            added |= {str(position): after[position] for position in range(other_start, other_end)}
    if removed or added:
        yield pointer, {name: part for name, part in (("removed", removed), ("added", added)) if part}


def _identity(row: Any) -> str:
    """Return what makes a row the same one before and after: a key of its own, or else the whole of it."""
    names = [
        row[name] for name in ("id", "targetAttributeName", "key", "name") if isinstance(row, dict) and name in row
    ]
    return json.dumps(names[:1] or row)
