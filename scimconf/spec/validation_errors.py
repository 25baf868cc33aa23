"""pydantic's errors in our own sentences, each with its code, its spec path, its place and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from scimconf.diagnostics import Diagnostic, SpecPath
from scimconf.spec.codes import quoted
from scimconf.spec.model import Spec
from scimconf.spec.model.access import ROLE_VALUE, Assignment
from scimconf.spec.model.base import EMAIL, GUID, HTTPS, SLUG, TENANT, Section
from scimconf.spec.model.connection import ENV_NAME, VAULT
from scimconf.spec.tree import CsvRows, Table, place_of

FORMS = {
    SLUG: ("takes letters, digits, `-`, `_` and `.`", "Write it as `writer-test`."),
    TENANT: ("not a tenant", "Write a verified domain as `contoso.com`, or the tenant's id."),
    EMAIL: ("not an address", "Write it as `someone@example.com`, or `none`."),
    HTTPS: ("not an https address", "Write it as `https://app.example.com/scim`."),
    GUID: ("not an id", "Write it as `00000000-0000-0000-0000-000000000000`."),
    ROLE_VALUE: ("not the value of a role", "Up to 120 letters, digits and signs, without spaces."),
    ENV_NAME: ("not the name of an environment variable", "Write it as `WRITER_SCIM_TOKEN`, without `$`."),
    VAULT: ("not the address of an Azure Key Vault", "Write it as `https://NAME.vault.azure.net`."),
}


def problems_of(error: ValidationError, tree: Table) -> Iterator[Diagnostic]:
    """Every complaint of pydantic's about this tree."""
    for details in error.errors(include_url=False, include_input=False):
        for problem in _translate(details, tree) if not _is_echo(details, tree) else ():
            yield problem.located(place_of(tree, problem.path))


def _is_echo(details: ErrorDetails, tree: Table) -> bool:
    """Whether an error only follows from another: a list is short of the items that were refused."""
    short = details["type"] == "too_short" and bool(_value(tree, details["loc"]))
    return short or details["type"] == "default_factory_not_called"


def _translate(details: ErrorDetails, tree: Table) -> list[Diagnostic]:
    path = _path(details["loc"], tree)
    if details["type"] == "scimconf":
        return [Diagnostic(one.code, one.message, path + one.at, hint=one.hint) for one in details["ctx"]["said"]]
    say = SENTENCES.get(details["type"])
    if say is None:
        return [Diagnostic("S203", f"not valid: {details['msg']}", path)]
    return [say(path, details.get("ctx", {}), _value(tree, path))]


def _missing(path: SpecPath, _context: dict[str, Any], _value: Any) -> Diagnostic:
    return Diagnostic("S202", "is missing", path, hint=f"Add `{path[-1]}:`.")


def _unknown(path: SpecPath, _context: dict[str, Any], _value: Any) -> Diagnostic:
    return Diagnostic("S201", "not a key here", path, hint=_did_you_mean(str(path[-1]), keys_at(path[:-1])))


def _form(path: SpecPath, context: dict[str, Any], _value: Any) -> Diagnostic:
    said, hint = FORMS[context["pattern"]]
    return Diagnostic("S210", said, path, hint=hint)


def _empty(path: SpecPath, _context: dict[str, Any], value: Any) -> Diagnostic:
    thing = "text" if isinstance(value, str) else "map" if isinstance(value, dict) else "list"
    return Diagnostic("S212", f"the {thing} is empty", path, hint="Fill it, or leave the key out.")


def _word(path: SpecPath, context: dict[str, Any], value: Any) -> Diagnostic:
    words = re.findall(r"'?([\w-]+)'?", context["expected"].replace(" or ", ", "))
    if not isinstance(value, str):
        return _wrong_kind("a text")(path, context, value)
    message = f"{quoted(value)} is not {'one of ' if len(words) > 1 else ''}{', '.join(words)}"
    return Diagnostic(
        "S207", message, path, hint=_did_you_mean(value, words) if len(words) > 1 else f"Write `{words[0]}`."
    )


def _wrong_kind(wanted: str) -> Sentence:
    def say(path: SpecPath, _context: dict[str, Any], value: Any) -> Diagnostic:
        found = "a map" if isinstance(value, dict) else "a list" if isinstance(value, list) else "a text"
        hint = f"Write `[{quoted(str(value))[1:-1]}]`." if (wanted, found) == ("a list", "a text") else ""
        return Diagnostic("S203", f"{wanted} is wanted here, not {found}", path, hint=hint)

    return say


Sentence = Callable[[SpecPath, dict[str, Any], Any], Diagnostic]
SENTENCES: dict[str, Sentence] = {
    "missing": _missing,
    "extra_forbidden": _unknown,
    "literal_error": _word,
    "string_pattern_mismatch": _form,
    "string_too_short": _empty,
    "too_short": _empty,
    "model_type": _wrong_kind("a map"),
    "dict_type": _wrong_kind("a map"),
    "tuple_type": _wrong_kind("a list"),
    "string_type": _wrong_kind("a text"),
}


def _path(location: SpecPath, tree: Table) -> SpecPath:
    """The spec path of pydantic's location: without its marks for keys and unions, short forms as written."""
    if location[:2] == ("connection", "other"):
        location = (*location[:3], *location[4:])
    if location[-2:-1] == ("roles",) and "role" in (_value(tree, location[:-2]) or ()):
        return (*location[:-2], "role")
    return location[:-1] if location[-1:] == ("[key]",) else location


def _value(tree: Any, path: SpecPath) -> Any:
    """What was written at a path, or around it."""
    for part in path:
        if isinstance(tree, Table):
            tree = tree.get(str(part))
        elif isinstance(tree, CsvRows) and isinstance(part, int):
            tree = tree[part]
    return tree


def _did_you_mean(word: str, words: Sequence[str]) -> str:
    close = get_close_matches(word.lower(), words, 1, cutoff=0.5)
    return f'Did you mean "{close[0]}"?' if close else f"Known here: {', '.join(words)}."


def keys_at(path: SpecPath) -> list[str]:
    """The keys that the section at a path knows."""
    section: Any = Spec
    for part in path:
        section = _below(section, str(part))
    names = [name for name in section.model_fields if name != "imported"]
    more = ["extends"] if section is Spec else ["role"] if issubclass(section, Assignment) else []
    return [*names, *more]


def _below(section: Any, part: str) -> Any:
    """The type of a field of a section, or of an item of a map or a list."""
    if isinstance(section, type) and issubclass(section, Section):
        return _bare(section.model_fields[part].annotation)
    return _bare(get_args(section)[1 if get_origin(section) is dict else 0])


def _bare(annotation: Any) -> Any:
    """A type without what is annotated to it; of a union the last arm that is not None."""
    while get_origin(annotation) in (Annotated, Union, UnionType):
        arms = get_args(annotation)
        annotation = (
            arms[0] if get_origin(annotation) is Annotated else [arm for arm in arms if arm is not NoneType][-1]
        )
    return annotation
