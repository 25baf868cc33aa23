"""Checks that make formatting safe: the input has no errors, and the output has the same meaning and comments."""

from __future__ import annotations

from typing import Any

from scimconf.diagnostics import Diagnostic, DiagnosticsError, Location, SpecPath
from scimconf.render.yaml.parser import UnreadableError, read
from scimconf.render.yaml.tree import YamlDocument
from scimconf.spec.load import load
from scimconf.spec.loaded import Loaded, digest

CODE = "F001"
HINT = "The file was not changed. Write this part in a simpler form."


class _Anything(dict[str, str]):
    """Variables whose values are their own references."""

    def __contains__(self, name: object) -> bool:
        return True


def loaded(text: str, file: str) -> Loaded:
    """Load the text as a spec of its own: files that it names are empty, and variables stay references."""
    texts = iter([text])
    return load(file, lambda _path: next(texts, "version: 1"), {}, _Anything(), lambda _: True)


def parsed(spec: Loaded, text: str, file: str) -> YamlDocument:
    """Return the tree of a loaded text; raise the errors of its YAML, but not those of shape and meaning."""
    errors = [diagnostic for diagnostic in spec.diagnostics if "S002" <= diagnostic.code <= "S012"]
    if errors:
        raise DiagnosticsError(errors)
    try:
        return read(text)
    except UnreadableError as error:
        raise _cannot(f"this cannot be formatted: {error}", Location(file, error.line, error.column)) from error


def check(before: Loaded, document: YamlDocument, formatted: str, file: str) -> None:
    """Raise if the formatted text has another meaning or lost a comment."""
    after = loaded(formatted, file)
    path = difference(before.resolved, after.resolved)
    if path is not None or before.spec != after.spec:
        raise _cannot("formatting would change the meaning of this", before.origin(path or ()) or Location(file))
    if sorted(document.comments) != sorted(read(formatted).comments):
        raise _cannot("formatting would lose a comment", Location(file))


def difference(first: Any, second: Any) -> SpecPath | None:
    """Return the path of the first difference between two trees; None if they are equal."""
    if isinstance(first, dict) and isinstance(second, dict) and first.keys() == second.keys():
        pairs = [(key, first[key], second[key]) for key in first]
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        pairs = [(index, *pair) for index, pair in enumerate(zip(first, second, strict=True))]
    else:
        return None if digest(first) == digest(second) else ()
    paths = ((key, difference(left, right)) for key, left, right in pairs)
    return next(((key, *path) for key, path in paths if path is not None), None)


def _cannot(message: str, location: Location) -> DiagnosticsError:
    return DiagnosticsError([Diagnostic(CODE, message, location=location, hint=HINT)])
