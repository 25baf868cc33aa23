"""What makes formatting safe: only text without faults goes in, and only text that says the same comes out."""

from __future__ import annotations

from typing import Any

from scimconf.diagnostics import Diagnostic, DiagnosticsError, Location, SpecPath
from scimconf.render.yaml.parser import UnreadableError, read
from scimconf.render.yaml.tree import YamlDocument
from scimconf.spec.load import load
from scimconf.spec.loaded import Loaded, digest

CODE = "F001"
HINT = "The file is left as it is; write this part more simply."


class _Anything(dict[str, str]):
    """Variables of which each stands for itself."""

    def __contains__(self, name: object) -> bool:
        return True


def loaded(text: str, file: str) -> Loaded:
    """The text as a spec by itself: what it extends or names is empty, and a variable stands for itself."""
    texts = iter([text])
    return load(file, lambda _path: next(texts, "{}"), {}, _Anything())


def refused(spec: Loaded) -> None:
    """Raises the problems of the text; those of its shape and its meaning are no matter of layout."""
    problems = [problem for problem in spec.problems if "S002" <= problem.code <= "S012"]
    if problems:
        raise DiagnosticsError(problems)


def unreadable(error: UnreadableError, file: str) -> DiagnosticsError:
    return _cannot(f"this cannot be formatted: {error}", Location(file, error.line, error.column))


def check(before: Loaded, document: YamlDocument, made: str, file: str) -> None:
    """Raises where the new text says something else, or lost a comment."""
    after = loaded(made, file)
    path = difference(before.resolved, after.resolved)
    if path is not None or before.spec != after.spec:
        raise _cannot("formatting would change what this says", before.origin(path or ()) or Location(file))
    if sorted(document.comments) != sorted(read(made).comments):
        raise _cannot("formatting would lose a comment", Location(file))


def difference(one: Any, other: Any) -> SpecPath | None:
    """The path of something that the trees do not have in common."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        pairs = [(key, one[key], other[key]) for key in one]
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = [(index, *pair) for index, pair in enumerate(zip(one, other, strict=True))]
    else:
        return None if digest(one) == digest(other) else ()
    found = ((key, difference(left, right)) for key, left, right in pairs)
    return next(((key, *path) for key, path in found if path is not None), None)


def _cannot(message: str, where: Location) -> DiagnosticsError:
    return DiagnosticsError([Diagnostic(CODE, message, location=where, hint=HINT)])
