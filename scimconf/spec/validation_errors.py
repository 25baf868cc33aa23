"""Turns pydantic's errors into diagnostics with a code, a spec path, a location and the line to write."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from scimconf.diagnostics import Diagnostic, SpecPath, quoted
from scimconf.spec.model.base import described
from scimconf.spec.model.types import is_section, keys_at, type_at, values_at
from scimconf.spec.patterns import FORMS
from scimconf.spec.tree import YamlList, YamlMapping, locate
from scimconf.suggestions import did_you_mean, suggest

Translate = Callable[[SpecPath, dict[str, Any], Any], Diagnostic]


def diagnostics_of(error: ValidationError, tree: YamlMapping) -> Iterator[Diagnostic]:
    """Yield a diagnostic for each error that pydantic found in this tree."""
    for details in error.errors(include_url=False, include_input=False):
        for diagnostic in _translate(details, tree) if not _is_consequence(details, tree) else ():
            yield diagnostic.located(locate(tree, diagnostic.path))


def _is_consequence(details: ErrorDetails, tree: YamlMapping) -> bool:
    """Return whether an error only follows from another: a list is too short because an item is invalid."""
    is_short = details["type"] == "too_short" and bool(_value(tree, details["loc"]))
    return is_short or details["type"] == "default_factory_not_called"


def _translate(details: ErrorDetails, tree: YamlMapping) -> list[Diagnostic]:
    path = _path(details["loc"], tree)
    if details["type"] == "scimconf":
        return [diagnostic.below(path) for diagnostic in details["ctx"]["diagnostics"]]
    translate = TRANSLATIONS.get(details["type"])
    if translate is None:
        return [Diagnostic("S203", f"invalid value: {details['msg']}", path)]
    return [translate(path, details.get("ctx", {}), _value(tree, path))]


def _missing(path: SpecPath, _context: dict[str, Any], _value: Any) -> Diagnostic:
    key = str(path[-1])
    lines = [f"`{key}: {value}`" for value in values_at(path)] or [f"`{key}: {_example(path)}`"]
    return Diagnostic("S202", f"required key `{key}` is missing", path, hint=f"Add {_alternatives(lines)}.")


def _unknown(path: SpecPath, _context: dict[str, Any], _value: Any) -> Diagnostic:
    keys = keys_at(path[:-1])
    hint = did_you_mean(suggest(str(path[-1]), keys), f"Valid keys: {', '.join(keys)}.")
    return Diagnostic("S201", f"unknown key `{path[-1]}`", path, hint=hint)


def _wrong_form(path: SpecPath, context: dict[str, Any], value: Any) -> Diagnostic:
    form = FORMS[context["pattern"]]
    key = path[-1] if path[-2:-1] == ("mappings",) else value
    message = f"{quoted(str(key))} is not {form.noun}" if form.is_shown else f"the value is not {form.noun}"
    return Diagnostic("S210", message, path, hint=form.hint)


def _empty(path: SpecPath, _context: dict[str, Any], value: Any) -> Diagnostic:
    noun = "string" if isinstance(value, str) else "mapping" if isinstance(value, dict) else "list"
    return Diagnostic("S212", f"the {noun} is empty", path, hint="Write a value, or delete the key.")


def _wrong_word(path: SpecPath, context: dict[str, Any], value: Any) -> Diagnostic:
    if not isinstance(value, str):
        return _wrong_type("a string")(path, context, value)
    words = re.findall(r"'?([\w-]+)'?", context["expected"].replace(" or ", ", "))
    if len(words) == 1:
        return Diagnostic("S207", f"{quoted(value)} is not supported", path, hint=f"Write `{path[-1]}: {words[0]}`.")
    hint = did_you_mean(suggest(value, words), f"Valid values: {', '.join(words)}.")
    return Diagnostic("S207", f"{quoted(value)} is not a valid value", path, hint=hint)


def _wrong_type(expected: str) -> Translate:
    def translate(path: SpecPath, _context: dict[str, Any], value: Any) -> Diagnostic:
        actual = described(value) if isinstance(value, dict | list) else "a string"
        return Diagnostic("S203", f"expected {expected}, got {actual}", path, hint=_as_expected(expected, path, value))

    return translate


TRANSLATIONS: dict[str, Translate] = {
    "missing": _missing,
    "extra_forbidden": _unknown,
    "literal_error": _wrong_word,
    "string_pattern_mismatch": _wrong_form,
    "string_too_short": _empty,
    "too_short": _empty,
    "model_type": _wrong_type("a mapping"),
    "dict_type": _wrong_type("a mapping"),
    "tuple_type": _wrong_type("a list"),
    "string_type": _wrong_type("a string"),
}


def _as_expected(expected: str, path: SpecPath, value: Any) -> str:
    """Return the hint for a value of a wrong type: the value, or a placeholder, in the expected type."""
    is_shown = isinstance(value, str) and path[0] != "connection"  # what is written there may be a secret
    text = " ".join(value.split())[:60] if is_shown else None
    if expected == "a list":
        return f"Write `{_line(path, f'[{text}]')}`." if text else "Begin each entry with `- `."
    if expected == "a mapping":
        key = (keys_at(path) or ["NAME"])[0]
        return f"Write `{_line(path, f'{{{key}: {text or _example((*path, key))}}}')}`."
    return f"Write `{_line(path, (values_at(path) or ('TEXT',))[0])}`."


def _line(path: SpecPath, value: str) -> str:
    return f"- {value}" if isinstance(path[-1], int) else f"{path[-1]}: {value}"


def _example(path: SpecPath) -> str:
    """Return a placeholder for the value at a path: for a section, with its first required key."""
    annotation = type_at(path)
    if values_at(path):
        return values_at(path)[0]
    if is_section(annotation):
        required = [key for key, field in annotation.model_fields.items() if field.is_required()]
        return f"{{{required[0]}: {_example((*path, required[0]))}}}" if required else "{…}"
    return "{…}" if get_origin(annotation) is dict else "[…]" if get_args(annotation) else "…"


def _alternatives(lines: list[str]) -> str:
    return lines[0] if len(lines) == 1 else f"{', '.join(lines[:-1])} or {lines[-1]}"


def _path(location: SpecPath, tree: YamlMapping) -> SpecPath:
    """Return the spec path of a pydantic location: without its marks for keys and unions, short forms as written."""
    if location[:2] == ("connection", "other"):
        location = (*location[:3], *location[4:])
    if location[-2:-1] == ("roles",) and "role" in (_value(tree, location[:-2]) or ()):
        return (*location[:-2], "role")
    return location[:-1] if location[-1:] == ("[key]",) else location


def _value(tree: Any, path: SpecPath) -> Any:
    """Return the value at a path, or the closest value around it."""
    for part in path:
        if isinstance(tree, YamlMapping):
            tree = tree.get(str(part))
        elif isinstance(tree, YamlList) and isinstance(part, int):
            tree = tree[part]
    return tree
