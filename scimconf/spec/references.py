"""References in a spec: `${var:NAME}`, `${env:NAME}`, and files that are named relative to the file that names them.

Any other `${…}` is text, for example a group of a .NET regular expression.
"""

from __future__ import annotations

import os.path
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from scimconf.diagnostics import Diagnostic, Location, SpecPath
from scimconf.spec.addresses import holds_secret
from scimconf.spec.model.connection import CONFIDENTIAL
from scimconf.spec.patterns import ENV_REFERENCE
from scimconf.spec.tree import Plain, SecretFile, YamlList, YamlMapping
from scimconf.suggestions import did_you_mean, suggest

VARIABLE = re.compile(r"\$\{var:([^{}]*)\}")
ENVIRONMENT = re.compile(r"\$\{env:[^{}]*\}")
REMOVED = "(not shown)"
URLS = frozenset({("connection", "base_address"), ("connection", "oauth2", "token_url")})


def relative_to(file: str, name: str) -> str:
    """Return the path of a file that another file names."""
    return os.path.normpath(PurePath(file).parent / name)


class Variables:
    """The values for `${var:NAME}`. The environment is used for hints only."""

    def __init__(self, values: Mapping[str, str], environ: Mapping[str, str]) -> None:
        self._values = values
        self._environ = environ

    def substitute(self, text: str, location: Location) -> tuple[str, list[Diagnostic]]:
        """Return the text with its variables replaced, and an error for each unknown one, which stays as it is."""
        unknown = [name for name in VARIABLE.findall(text) if name not in self._values]
        replaced = VARIABLE.sub(lambda match: self._values.get(match[1], match[0]), text)
        return replaced, [self._unknown(name, location) for name in unknown]

    def _unknown(self, name: str, location: Location) -> Diagnostic:
        hint = did_you_mean(
            suggest(name, self._values),
            f"Pass `--var {name}=VALUE`, or set SCIMCONF_VAR_{name}, or add it to a `--var-file`.",
        )
        if name in self._environ and not suggest(name, self._values):
            hint = f'The environment has it: pass `--var {name}="${name}"`.'
        return Diagnostic("S023", f'the variable "{name}" has no value', location=location, hint=hint)


def reads_as_reference(text: str) -> bool:
    """Return whether a spec would read a part of the text as a reference."""
    return any(pattern.search(text) for pattern in (VARIABLE, ENVIRONMENT))


def is_reference(path: SpecPath) -> bool:
    """Return whether the value at a path may be a secret reference."""
    return path in {("connection", "secret_token"), ("connection", "oauth2", "client_secret")} or (
        len(path) == 3 and path[:2] == ("connection", "other")
    )


def is_secret(path: SpecPath) -> bool:
    """Return whether the value at a path must be a secret reference."""
    return is_reference(path) and (path[1] != "other" or path[2] in CONFIDENTIAL)


def allows_null(path: SpecPath) -> bool:
    """Return whether null means "no source" (attribute mapping), "no value" (test) or Graph's null (raw) at a path."""
    in_row = len(path) == 5 and path[0] == "mappings" and path[2] == "attributes" and path[4] == "source"
    return in_row or (len(path) > 5 and path[4] == "raw") or _is_test_value(path)


def _is_test_value(path: SpecPath) -> bool:
    """Return whether the path is an attribute that a test gives, or a value that it expects."""
    start = {"tests": 0, "role_attribute": 1, "mappings": 4}.get(str(path[0]), len(path))
    match path[start:]:
        case ("tests", _, "given", _):
            return True
        case ("tests", _, "expect", *target):
            return len(target) == (start == 0)
        case _:
            return False


def misplaced(value: Any, path: SpecPath = ()) -> Iterator[Diagnostic]:
    """Remove each null, environment variable and secret in a wrong place from the tree, and yield an error for it."""
    if not isinstance(value, YamlMapping | YamlList):
        return
    parent: Any = value
    for key, item in value.items() if isinstance(value, YamlMapping) else enumerate(value):
        below = (*path, key)
        diagnostic = _misplaced_scalar(item, below) if item is None or isinstance(item, str) else None
        if diagnostic is None:
            yield from misplaced(item, below)
        else:
            parent[key] = Plain(REMOVED)
            yield diagnostic.located(parent.locations[key])


def _misplaced_scalar(value: str | None, path: SpecPath) -> Diagnostic | None:
    if value is None:
        if allows_null(path):
            return None
        hint = "Delete the key, or write `none` if the field takes it."
        return Diagnostic("S209", "null is not allowed here", path, hint=hint)
    is_referenced = is_reference(path) and re.match(ENV_REFERENCE, value) is not None
    if is_secret(path) and not is_referenced:
        hint = f"Write `{path[-1]}: {{env: NAME}}` and set the environment variable NAME."
        return Diagnostic("S211", "a spec must not contain a secret", path, hint=hint)
    if path in URLS and holds_secret(value):
        message = "a secret in a URL is visible to everyone who can read the application"
        return Diagnostic("S315", message, path, hint="Remove it from the URL and use `secret_token: {env: NAME}`.")
    if ENVIRONMENT.search(value) and not is_referenced:
        hint = "Write `${var:NAME}` and pass `--var NAME=VALUE`."
        return Diagnostic("S024", "an environment variable is allowed in a secret reference only", path, hint=hint)
    return None


def with_secret_paths(tree: YamlMapping, spec: str) -> YamlMapping:
    """Return the tree of the spec in a file with each path of a secret file as a `SecretFile`. Other parts are shared."""
    connection = tree.get("connection")
    if not isinstance(connection, YamlMapping):
        return tree
    return YamlMapping({**tree, "connection": _with_paths(connection, ("connection",), spec)}.items(), tree.locations)


def _with_paths(mapping: YamlMapping, path: SpecPath, spec: str) -> YamlMapping:
    copy = YamlMapping(mapping.items(), mapping.locations)
    for key, item in mapping.items():
        if isinstance(item, YamlMapping):
            copy[key] = _with_paths(item, (*path, key), spec)
        elif key == "file" and isinstance(item, str) and is_reference(path):
            file = relative_to(mapping.locations[key].file, item)
            is_absolute = PurePath(item).is_absolute()
            copy[key] = SecretFile.of(file, file if is_absolute else _path_between(PurePath(spec).parent, file))
    return copy


def _path_between(folder: PurePath, file: str) -> str:
    """Return the path from a folder to a file, with slashes on every platform."""
    return PurePath(os.path.relpath(file, folder)).as_posix()


def secret_files(value: Any, path: SpecPath = ()) -> Iterator[tuple[str, Location]]:
    """Yield each file of a secret, as a path relative to the working directory, and where the spec names it."""
    if not isinstance(value, YamlMapping):
        return
    for key, item in value.items():
        if key == "file" and isinstance(item, str) and is_reference(path):
            location = value.locations[key]
            yield relative_to(location.file, item), location
        elif path or key == "connection":
            yield from secret_files(item, (*path, key))
