"""A loaded spec and operations on it: locations, digest, the merged text, conflicts between specs, finding files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from json.encoder import encode_basestring_ascii
from pathlib import PurePath
from typing import Any

from scimconf.diagnostics import Diagnostic, Location, SpecPath
from scimconf.spec.addresses import endpoint, masked
from scimconf.spec.comments import SourceComment, ignored_with_reason
from scimconf.spec.model import Spec
from scimconf.spec.tree import NULLS, CsvRows, Plain, YamlList, YamlMapping, core, locate

MAIN = "scimconf.yaml"
ENDING = ".scimconf.yaml"
NO_SPECS = frozenset({".csv", ".md"})
"""The endings of files that `users_from` and `export --all` have beside specs."""
VALUE_START = re.compile(r"\s*(?:([>|][-+0-9]*)\s*(?:#.*)?$|['\"]?)")
"""The characters before a value: the indicator of a block, or a quote."""
BARE = re.compile(r"[\w./$(][\w./$@()=+-]*([ :][\w./$@()=+-]+)*")


@dataclass(frozen=True, slots=True)
class Loaded:
    """The result of loading a spec. `spec` is None if there are errors.

    `resolved` is the merged tree with variables replaced and CSV rows included; `paths` are the files that were read,
    the spec first. `comments` are those for the lint, and lines that are only a comment, by file and line. `lines` are
    the lines of each file.
    """

    spec: Spec | None
    diagnostics: tuple[Diagnostic, ...]
    resolved: YamlMapping = field(repr=False)
    paths: tuple[str, ...]
    comments: Mapping[tuple[str, int], SourceComment] = field(default_factory=dict, repr=False)
    lines: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)

    def is_ignored(self, rule: str, *paths: SpecPath) -> bool:
        """Return whether a comment on the line of one of these paths, or directly above it, ignores a lint rule."""
        locations = [location for location in map(self.origin, paths) if location is not None]
        return any(rule in comment.rules for location in locations for comment in self._comments_at(location))

    def ignored_at(self, path: SpecPath) -> Iterator[tuple[tuple[str, ...], str]]:
        """Yield the rules and the reason of each comment that is about a path itself: on its line, or directly above it."""
        location = locate(self.resolved, path)
        if location is None or location == locate(self.resolved, path[:-1]):
            return
        for number in self._comment_lines(location):
            rules, reason = ignored_with_reason(self.lines[location.file][number - 1])
            if rules:
                yield rules, reason

    def _comments_at(self, location: Location) -> Iterator[SourceComment]:
        """Yield the comment on a line, and those on the lines above it that are only comments."""
        for number in self._comment_lines(location):
            yield self.comments[location.file, number]

    def _comment_lines(self, location: Location) -> Iterator[int]:
        """Yield the numbers of the lines of these comments."""
        if (location.file, location.line) in self.comments:
            yield location.line
        line = location.line - 1
        while self.comments.get((location.file, line), SourceComment()).is_alone:
            yield line
            line -= 1

    def origin(self, path: SpecPath) -> Location | None:
        """Return the location of a spec path, or of the closest part of it that is in a file; else the file."""
        return locate(self.resolved, path) or (Location(self.paths[0]) if self.paths else None)

    def locate_character(self, path: SpecPath, text: str, offset: int) -> Location | None:
        """Return the location of a character in the text at a path; None if it cannot be determined.

        YAML folds lines and removes indentation, but changes spaces only: all other characters are in file order.
        """
        origin = self.origin(path)
        if origin is None or not origin.line:
            return None
        expected = [sign for sign in text[: offset + 1] if not sign.isspace()]
        characters = list(islice(_characters(self.lines.get(origin.file, ()), origin), len(expected)))
        if not characters or [sign for _, _, sign in characters] != expected:
            return None
        line, column, _ = characters[-1]
        return Location(origin.file, line, column)


def _characters(lines: Sequence[str], key: Location) -> Iterator[tuple[int, int, str]]:
    """Yield line, column and character of a key's value, without spaces and the block indicator or opening quote."""
    before, _, value = lines[key.line - 1][key.column - 1 :].partition(":")
    value_start = VALUE_START.match(value)
    assert value_start is not None  # the pattern matches any text
    start = key.column + len(before) + value_start.end()
    rest = [] if value_start[1] else [(key.line, start, lines[key.line - 1][start:])]
    rest += [(number, 0, line) for number, line in enumerate(lines[key.line :], key.line + 1)]
    for number, first, line in rest:
        for column, sign in enumerate(line, first + 1):
            if not sign.isspace():
                yield number, column, sign


def digest(resolved: Any) -> str:
    """Return the SHA-256 of the resolved tree. It does not depend on key order, comments, file layout or folder."""
    import hashlib

    digested = hashlib.sha256()
    for part in _json(resolved):
        digested.update(part.encode())
    return digested.hexdigest()


def _json(value: Any) -> Iterator[str]:
    """Yield JSON with sorted keys, in parts: scalars as their characters, plain ones that are no strings marked.

    The marks make them differ from quoted ones.
    """
    if isinstance(value, dict):
        for number, key in enumerate(sorted(value)):
            yield f"{',' if number else '{'}{json.dumps(key)}:"
            yield from _json(value[key])
        yield "}" if value else "{}"
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield "," if number else "["
            yield from _json(item)
        yield "]" if value else "[]"
    elif isinstance(value, CsvRows):
        yield f"[{','.join(_json_rows(value))}]"
    elif isinstance(value, Plain) and (value == "none" or not isinstance(core(value), str)):
        yield f'{{"":{json.dumps(value)}}}'
    else:
        yield json.dumps(value)


def _json_rows(rows: CsvRows) -> Iterator[str]:
    """Yield the JSON of each row in the form that a spec has."""
    text = encode_basestring_ascii
    roles_text = {roles: f'"roles":{json.dumps(roles, separators=(",", ":"))}' for roles in set(rows.roles)}
    for index, (principal, roles) in enumerate(zip(rows.principals, rows.roles, strict=True)):
        if rows.column == "user":
            yield f'{{{roles_text[roles]},"user":{text(principal)}}}'
        else:
            yield f'{{"{rows.key(index)}":{text(principal)},{roles_text[roles]}}}'


def show(loaded: Loaded) -> str:
    """Return the merged spec as YAML, each line with a comment that names its file and line."""
    lines = list(_lines(loaded.resolved, 0, None))
    width = min(60, max((len(text) for text, _ in lines), default=0))
    return "".join(f"{text:<{width}}  # {origin.file}:{origin.line}\n" for text, origin in lines)


def _lines(value: Any, depth: int, dash: str | None) -> Iterator[tuple[str, Location]]:
    """Yield the lines of a mapping or a list with their locations. `dash` is the start of the first line of an item."""
    entries = value.items() if isinstance(value, YamlMapping) else enumerate(value)
    for key, item in entries:
        if key == "imported":
            continue
        location = value.locations[key]
        name = f"{_scalar(Plain(key))}:" if isinstance(value, YamlMapping) else "-"
        lead, dash = "  " * depth if dash is None else dash, None
        if isinstance(item, YamlMapping | YamlList) and item:
            if isinstance(value, YamlList) and isinstance(item, YamlMapping):
                yield from _lines(item, depth + 1, f"{lead}- ")
            else:
                yield f"{lead}{name}", location
                yield from _lines(item, depth + 1, None)
        else:
            yield f"{lead}{name} {_scalar(item)}", location


def _scalar(value: Any) -> str:
    """Return a scalar, or an empty mapping or list, as YAML on one line."""
    if value is None:
        return "null"
    if isinstance(value, YamlMapping | YamlList):
        return "{}" if isinstance(value, YamlMapping) else "[]"
    is_special = value == "none" or value in NULLS or not isinstance(core(Plain(value)), str)
    is_bare = BARE.fullmatch(value) and (isinstance(value, Plain) or not is_special)
    return str(value) if is_bare else json.dumps(value, ensure_ascii=False)


def conflicts(loadeds: Iterable[Loaded]) -> tuple[Diagnostic, ...]:
    """Return an error for each spec that has the name of an earlier one, or identifies the same application.

    Specs of two tenants never conflict; one without `tenant` may be of any.
    """
    identities = ((loaded, path, value) for loaded in loadeds for path, value in _identities(loaded.spec))
    return tuple(_repeated(identities, '"{value}" is already used in {origin}'))


def same_application(identified: Iterable[tuple[Loaded, str]]) -> tuple[Diagnostic, ...]:
    """Return an error for each spec whose application has the object id in the tenant of an earlier one's.

    `conflicts` does not find these cases, because specs may identify one application by different keys.
    """
    identities = ((loaded, ("application",), object_id) for loaded, object_id in identified)
    return tuple(_repeated(identities, "this is the same application as in {origin}, identified by another key"))


def _repeated(identities: Iterable[tuple[Loaded, SpecPath, str]], message: str) -> Iterator[Diagnostic]:
    owners: dict[tuple[SpecPath, str], list[Loaded]] = {}
    for loaded, path, value in identities:
        earlier = owners.setdefault((path, value.casefold()), [])
        first = next((other for other in earlier if _may_share_tenant(other, loaded)), None)
        earlier.append(loaded)
        if first is not None:
            text = message.format(value=value, origin=first.origin(path))
            hint = "Use another name." if path == ("name",) else "Keep one spec for each application."
            yield Diagnostic("S312", text, path, loaded.origin(path), hint)


def _may_share_tenant(first: Loaded, second: Loaded) -> bool:
    """Return whether two specs may be about one tenant; a tenant has an id and several domains."""
    tenants = {loaded.spec.tenant.casefold() for loaded in (first, second) if loaded.spec and loaded.spec.tenant}
    return len(tenants) < 2


def shared_endpoints(loadeds: Iterable[Loaded]) -> Iterator[Diagnostic]:
    """Yield a warning for each application that is provisioned to the accounts of an earlier one.

    These are applications with the same tenant URL and the same credentials: several accounts of a vendor often have one
    URL and are distinguished by the token.
    """
    owners: dict[Any, Loaded] = {}
    for loaded in loadeds:
        spec = loaded.spec
        connection = spec.connection if spec is not None and spec.retired is None else None
        if connection is None or connection.base_address is None or not connection.has_credentials:
            continue
        url = connection.base_address
        credentials = connection.model_dump_json(include={"secret_token", "oauth2", "other"})
        first = owners.setdefault((endpoint(url), credentials), loaded)
        if first is not loaded:
            path = ("connection", "base_address")
            message = f"{masked(url)} and the credentials are also those of {first.origin(path)}"
            hint = "Two jobs that provision the same accounts undo each other's changes. Keep one of them."
            yield Diagnostic("S320", message, path, loaded.origin(path), hint, "warning")


def _identities(spec: Spec | None) -> Iterator[tuple[SpecPath, str]]:
    if spec is not None:
        yield ("name",), spec.name
        for key in ("display_name", "app_id", "object_id"):
            if value := getattr(spec.application, key):
                yield ("application", key), value


def without_other_files(paths: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the paths that may be specs, and those of files that lie beside specs, as `apps/*` names them.

    If no path may be a spec, all of them are returned, so that the error about each remains.
    """
    others = [path for path in paths if PurePath(path).suffix.lower() in NO_SPECS]
    return (list(paths), []) if len(others) == len(paths) else ([path for path in paths if path not in others], others)


def find(
    paths: Iterable[str],
    list_dir: Callable[[str], Iterable[str] | None],
    identity: Callable[[str], str] = lambda path: str(PurePath(path)),
) -> tuple[tuple[str, ...], tuple[Diagnostic, ...]]:
    """Return the spec files for a list of paths; a folder stands for its `scimconf.yaml` and `*.scimconf.yaml`.

    `list_dir` returns the names in a folder, None for anything else. `identity` returns the same text for two paths of
    one file, which is then returned once.
    """
    files: dict[str, str] = {}
    diagnostics: list[Diagnostic] = []
    for path in paths:
        names = list_dir(path)
        if names is None:
            files.setdefault(identity(path), path)
            continue
        specs = sorted(name for name in names if name == MAIN or name.endswith(ENDING))
        for file in (str(PurePath(path) / name) for name in specs):
            files.setdefault(identity(file), file)
        if not specs:
            message = f"no {MAIN} and no *{ENDING} in this folder"
            hint = "Name the file, or create a spec with `scimconf init`."
            diagnostics.append(Diagnostic("S001", message, location=Location(path), hint=hint))
    return tuple(files.values()), tuple(diagnostics)
