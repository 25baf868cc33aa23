"""What stands for something else: `${var:NAME}`, `${env:NAME}`, files named relative to the file that says them.

Anything else that looks like `${…}` is text (.NET groups in a regular expression, for one).
"""

from __future__ import annotations

import os.path
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import PurePath
from typing import Any

from scimconf.diagnostics import Diagnostic, Location, SpecPath
from scimconf.spec.addresses import holds_secret
from scimconf.spec.model.connection import CONFIDENTIAL, ENV_REFERENCE
from scimconf.spec.tree import CsvRows, Plain, Table

VARIABLE = re.compile(r"\$\{var:([^{}]*)\}")
ENVIRONMENT = re.compile(r"\$\{env:[^{}]*\}")
HIDDEN = "(not shown)"
ADDRESSES = frozenset({("connection", "base_address"), ("connection", "oauth2", "token_url")})


def relative_to(file: str, name: str) -> str:
    """The path of a file that another one names."""
    return os.path.normpath(PurePath(file).parent / name)


class Variables:
    """The values for `${var:NAME}`; the environment only helps to say what is missing."""

    def __init__(self, values: Mapping[str, str], environ: Mapping[str, str]) -> None:
        self._values = values
        self._environ = environ

    def fill(self, text: str, where: Location) -> tuple[str, list[Diagnostic]]:
        """The text with its variables filled in; one that is not known stays as it is."""
        unknown = [name for name in VARIABLE.findall(text) if name not in self._values]
        filled = VARIABLE.sub(lambda found: self._values.get(found[1], found[0]), text)
        return filled, [self._problem(name, where) for name in unknown]

    def _problem(self, name: str, where: Location) -> Diagnostic:
        close = get_close_matches(name, self._values, 1)
        hint = f'Did you mean "{close[0]}"?' if close else f"Pass `--var {name}=…`, or put it into a `--var-file`."
        if name in self._environ and not close:
            hint = f'It is in the environment; pass `--var {name}="${name}"`.'
        return Diagnostic("S023", f'no variable "{name}" was given', location=where, hint=hint)


def is_reference(path: SpecPath) -> bool:
    """Whether a secret reference may stand here."""
    return path in {("connection", "secret_token"), ("connection", "oauth2", "client_secret")} or (
        len(path) == 3 and path[:2] == ("connection", "other")
    )


def is_secret(path: SpecPath) -> bool:
    """Whether nothing but a secret reference may stand here."""
    return is_reference(path) and (path[1] != "other" or path[2] in CONFIDENTIAL)


def null_is_meant(path: SpecPath) -> bool:
    """Null says "no source" in a mapping row, "absent" and "not sent" in a test, and is Graph's own in a raw field."""
    in_row = len(path) == 5 and path[0] == "mappings" and path[2] == "attributes" and path[4] == "source"
    return in_row or (len(path) > 5 and path[4] == "raw") or _in_test(path)


def _in_test(path: SpecPath) -> bool:
    """Whether this is an attribute that a test gives, or a value that it expects."""
    start = {"tests": 0, "role_attribute": 1, "mappings": 4}.get(str(path[0]), len(path))
    match path[start:]:
        case ("tests", _, "given", _):
            return True
        case ("tests", _, "expect", _):
            return start == 0
        case ("tests", _, "expect"):
            return start > 0
        case _:
            return False


def misplaced(value: Any, path: SpecPath = ()) -> Iterator[Diagnostic]:
    """Nulls, environment variables and secrets where they do not belong.

    What is complained of is taken out of the tree, so that a secret is never shown and nothing is said twice.
    """
    if not isinstance(value, Table | CsvRows):
        return
    holder: Any = value
    for key, item in value.items() if isinstance(value, Table) else enumerate(value):
        below = (*path, key)
        problem = _scalar(item, below) if item is None or isinstance(item, str) else None
        if problem is None:
            yield from misplaced(item, below)
        else:
            holder[key] = Plain(HIDDEN)
            yield problem.located(holder.places[key])


def _scalar(value: str | None, path: SpecPath) -> Diagnostic | None:
    if value is None:
        if null_is_meant(path):
            return None
        return Diagnostic(
            "S209", "null means nothing here", path, hint="Leave it out, or write `none` where that is a value."
        )
    referenced = is_reference(path) and re.match(ENV_REFERENCE, value) is not None
    if is_secret(path) and not referenced:
        return Diagnostic(
            "S211", "a secret is never written here, only where it is kept", path, hint="Write `{env: NAME}`."
        )
    if path in ADDRESSES and holds_secret(value):
        said = "a secret in an address is one no more: it is shown to whoever may read the application"
        return Diagnostic("S315", said, path, hint="Put it into `secret_token`, or give the service another way in.")
    if ENVIRONMENT.search(value) and not referenced:
        hint = "Write `${var:NAME}` and pass it with `--var`."
        return Diagnostic("S024", "an environment variable stands only where a secret reference does", path, hint=hint)
    return None


def with_files(tree: Table) -> Table:
    """The tree as the model takes it: files of secrets as paths, the rest shared with what was read."""
    connection = tree.get("connection")
    if not isinstance(connection, Table):
        return tree
    return _replaced(tree, connection=_located(connection, ("connection",)))


def _located(table: Table, path: SpecPath) -> Table:
    changed: dict[str, Any] = {}
    for key, item in table.items():
        if not isinstance(item, Table):
            continue
        if not is_reference((*path, key)):
            changed[key] = _located(item, (*path, key))
        elif isinstance(item.get("file"), str):
            changed[key] = _replaced(item, file=relative_to(item.places["file"].file, item["file"]))
    return _replaced(table, **changed)


def _replaced(table: Table, **changed: Any) -> Table:
    return Table({**table, **changed}.items(), table.places)
