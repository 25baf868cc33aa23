"""What loading gives, and what can be asked of it: places, a digest, the merged text, conflicts between specs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import PurePath
from typing import Any

from scimconf.diagnostics import Diagnostic, Location, SpecPath
from scimconf.spec.comments import SourceComment
from scimconf.spec.model import Spec
from scimconf.spec.tree import NULLS, CsvRows, Plain, Table, core, place_of

MAIN = "scimconf.yaml"
ENDING = ".scimconf.yaml"
BEGUN = re.compile(r"\s*(?:([>|][-+0-9]*)\s*(?:#.*)?$|['\"]?)")
"""What begins a value: the mark of a block, or a quote."""
BARE = re.compile(r"[\w./$(][\w./$@()=+-]*([ :][\w./$@()=+-]+)*")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A spec as loaded: None where it has problems that are errors.

    `resolved` is the merged tree with variables filled in and CSV rows brought in; `paths` are the files read, the
    spec itself first. `comments` are those that speak to the lint, or stand between them and what they are about.
    """

    spec: Spec | None
    problems: tuple[Diagnostic, ...]
    resolved: Table = field(repr=False)
    paths: tuple[str, ...]
    comments: Mapping[tuple[str, int], SourceComment] = field(default_factory=dict, repr=False)
    lines: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)

    def is_ignored(self, rule: str, *paths: SpecPath) -> bool:
        """Whether a comment on the line of one of these paths, or in the lines of comments above it, ignores a rule."""
        places = [place for place in map(self.origin, paths) if place is not None]
        return any(rule in comment.rules for place in places for comment in self._about(place))

    def _about(self, place: Location) -> Iterator[SourceComment]:
        """The comment on a line, and those above it that have their lines to themselves."""
        yield self.comments.get((place.file, place.line), SourceComment())
        line = place.line - 1
        while (above := self.comments.get((place.file, line), SourceComment())).is_alone:
            yield above
            line -= 1

    def origin(self, path: SpecPath) -> Location | None:
        """Where a spec path was written, or the nearest thing around it; the file itself where nothing was."""
        return place_of(self.resolved, path) or (Location(self.paths[0]) if self.paths else None)

    def spot(self, path: SpecPath, text: str, offset: int) -> Location | None:
        """Where a character of a text stands that was written at a path; None where that cannot be told.

        YAML folds lines and drops indentation, but only spaces: the other characters come in the order of the file.
        """
        place = self.origin(path)
        if place is None or not place.line:
            return None
        wanted = [sign for sign in text[: offset + 1] if not sign.isspace()]
        written = list(islice(_signs(self.lines.get(place.file, ()), place), len(wanted)))
        if not written or [sign for _, _, sign in written] != wanted:
            return None
        line, column, _ = written[-1]
        return Location(place.file, line, column)


def _signs(lines: Sequence[str], key: Location) -> Iterator[tuple[int, int, str]]:
    """The characters of a key's value, but for spaces and the marks of a block or a quote, with line and column."""
    before, _, value = lines[key.line - 1][key.column - 1 :].partition(":")
    begun = BEGUN.match(value)
    assert begun is not None  # whatever stands there
    start = key.column + len(before) + begun.end()
    rest = [] if begun[1] else [(key.line, start, lines[key.line - 1][start:])]
    rest += [(number, 0, line) for number, line in enumerate(lines[key.line :], key.line + 1)]
    for number, first, line in rest:
        for column, sign in enumerate(line, first + 1):
            if not sign.isspace():
                yield number, column, sign


def digest(resolved: Any) -> str:
    """A fingerprint of the resolved tree: the same whatever the order of keys, the comments, the files or the folder."""
    import hashlib

    text = json.dumps(_canonical(resolved), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _canonical(value: Any) -> Any:
    """Scalars as their characters; those that mean something else without quotes are told apart."""
    if isinstance(value, dict):
        return {str(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_canonical(item) for item in value]
    if isinstance(value, Plain) and (value == "none" or not isinstance(core(value), str)):
        return {"": str(value)}
    return value


def show(loaded: Loaded) -> str:
    """The merged spec as YAML, each line with the file and the line that it comes from."""
    lines = list(_lines(loaded.resolved, 0, None))
    width = min(60, max((len(text) for text, _ in lines), default=0))
    return "".join(f"{text:<{width}}  # {place.file}:{place.line}\n" for text, place in lines)


def _lines(value: Any, depth: int, dash: str | None) -> Iterator[tuple[str, Location]]:
    """The lines of a map or a list; the first one begins with a dash where it is an item."""
    keyed = value.items() if isinstance(value, Table) else enumerate(value)
    for key, item in keyed:
        if key == "imported":
            continue
        place = value.places[key]
        name = f"{_scalar(Plain(key))}:" if isinstance(value, Table) else "-"
        lead, dash = "  " * depth if dash is None else dash, None
        if isinstance(item, Table | CsvRows) and item:
            if isinstance(value, CsvRows) and isinstance(item, Table):
                yield from _lines(item, depth + 1, f"{lead}- ")
            else:
                yield f"{lead}{name}", place
                yield from _lines(item, depth + 1, None)
        else:
            yield f"{lead}{name} {_scalar(item)}", place


def _scalar(value: Any) -> str:
    """A scalar, or an empty map or list, as YAML on one line."""
    if value is None:
        return "null"
    if isinstance(value, Table | CsvRows):
        return "{}" if isinstance(value, Table) else "[]"
    special = value == "none" or value in NULLS or not isinstance(core(Plain(value)), str)
    is_bare = BARE.fullmatch(value) and (isinstance(value, Plain) or not special)
    return str(value) if is_bare else json.dumps(value, ensure_ascii=False)


def conflicts(loadeds: Iterable[Loaded]) -> tuple[Diagnostic, ...]:
    """Specs that go by one name, or are about one application."""
    problems: list[Diagnostic] = []
    seen: dict[tuple[str, str], Loaded] = {}
    for loaded in loadeds:
        for path, value in _identities(loaded.spec):
            first = seen.setdefault((str(path[-1]), value.casefold()), loaded)
            if first is not loaded:
                message = f'"{value}" is already what {first.origin(path)} is about'
                hint = "Give it another name." if path == ("name",) else "Keep one spec for one application."
                problems.append(Diagnostic("S312", message, path, loaded.origin(path), hint))
    return tuple(problems)


def rivals(identified: Iterable[tuple[Loaded, str]]) -> tuple[Diagnostic, ...]:
    """Specs that turn out to be about one application, by the id that the tenant has for it: each later one of several.

    Each may name it in a way of its own, so that nothing is wrong until it is looked up.
    """
    first: dict[str, Loaded] = {}
    found: list[Diagnostic] = []
    for loaded, id_ in identified:
        before = first.setdefault(id_, loaded)
        if before is not loaded:
            path: SpecPath = ("application",)
            said = f"this is the application that {before.origin(path)} is about, by another of its names"
            found.append(Diagnostic("S312", said, path, loaded.origin(path), "Keep one spec for one application."))
    return tuple(found)


def _identities(spec: Spec | None) -> Iterator[tuple[SpecPath, str]]:
    if spec is None:
        return
    yield ("name",), spec.name
    for key in ("display_name", "app_id", "object_id"):
        value = getattr(spec.application, key)
        if value is not None:
            yield ("application", key), value


def find(
    paths: Iterable[str],
    list_dir: Callable[[str], Iterable[str] | None],
    identity: Callable[[str], str] = lambda path: str(PurePath(path)),
) -> tuple[tuple[str, ...], tuple[Diagnostic, ...]]:
    """The spec files behind what was asked for: a folder stands for its `scimconf.yaml` and `*.scimconf.yaml`.

    `list_dir` gives the names in a folder, None for anything else. A file that is named twice is one, however it is
    spelt; `identity` says which file a path is.
    """
    found: dict[str, str] = {}
    problems: list[Diagnostic] = []
    for path in paths:
        names = list_dir(path)
        if names is None:
            found.setdefault(identity(path), path)
            continue
        specs = sorted(name for name in names if name == MAIN or name.endswith(ENDING))
        for one in (str(PurePath(path) / name) for name in specs):
            found.setdefault(identity(one), one)
        if not specs:
            message = f"no {MAIN} and no *{ENDING} in this folder"
            problems.append(Diagnostic("S001", message, location=Location(path), hint="Name the file, or rename it."))
    return tuple(found.values()), tuple(problems)
