"""Loads the entries of the catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from scimconf.diagnostics import Diagnostic, DiagnosticsError, Location
from scimconf.presets import names
from scimconf.presets.model import COMMON_PLACEHOLDERS, EXAMPLE_TENANT, Facts
from scimconf.presets.template import fill, placeholders, scalar
from scimconf.spec.load import load_tree
from scimconf.spec.secret_variables import secret_variable
from scimconf.spec.tree import YamlMapping, locate

_BEFORE_START = """\
# The first start is blocked until each step has `confirmed: 2026-12-31` and `by: ada@contoso.com`. Steps that
# need the application can follow `scimconf apply --no-start`.
before_start:
"""
Grade = Literal["preset", "fact page"]


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A preset or a fact page. A fact page has no template, tests or notes: they are empty."""

    name: str
    grade: Grade
    facts: Facts
    template: str = ""
    tests: str = ""
    notes: str = ""

    def question_names(self) -> tuple[str, ...]:
        """Return the names that the template may use as placeholders."""
        return (*COMMON_PLACEHOLDERS, *(question.name for question in self.facts.questions))

    def spec_text(self, answers: dict[str, str]) -> str:
        """Return template, steps by hand and tests with the answers, not formatted.

        Lines of questions without an answer become comments.
        """
        complete = dict.fromkeys(self.question_names(), "") | answers
        optional = {question.name: question.example for question in self.facts.questions if question.optional}
        text = "\n".join(filter(None, (self.template, self._steps_by_hand(), self.tests)))
        return fill(text, complete, {"tenant": EXAMPLE_TENANT} | optional)

    def _steps_by_hand(self) -> str:
        """Return the section `before_start` of the spec, empty if a person has nothing to do first."""
        places = {"portal": "In the portal", "vendor": f"At {self.facts.title}"}
        steps = [scalar(f"{places[step.at]}: {step.step}") for step in self.facts.before_start]
        return "".join([_BEFORE_START, *(f"  - step: {step}\n" for step in steps)]) if steps else ""

    def example_answers(self) -> dict[str, str]:
        """Return the answers with which the preset is tested and documented."""
        variable = secret_variable(self.name, "SCIM_TOKEN")
        common = (self.name, self.facts.application.name, EXAMPLE_TENANT, variable)
        return {
            **dict(zip(COMMON_PLACEHOLDERS, common, strict=True)),
            **{question.name: question.example for question in self.facts.questions},
        }


def entries() -> Iterator[CatalogueEntry]:
    """Yield all presets, then all fact pages."""
    yield from map(load_preset, names.preset_names())
    yield from map(load_fact_page, names.fact_page_names())


def find_entry(name: str) -> CatalogueEntry | None:
    """Return the preset or the fact page with a name, None if there is none."""
    if name in names.preset_names():
        return load_preset(name)
    return load_fact_page(name) if name in names.fact_page_names() else None


@cache
def load_preset(name: str) -> CatalogueEntry:
    """Return the preset in a folder of the catalogue; raise DiagnosticsError with the line of each error."""
    return read_preset(names.PRESETS / name)


def read_preset(folder: Path) -> CatalogueEntry:
    """Return the preset in a folder; raise DiagnosticsError with the line of each error."""
    texts = {name: _text(folder / name) for name in (names.TEMPLATE, names.TESTS, names.NOTES)}
    facts = _facts(folder / names.FACTS)
    entry = CatalogueEntry(folder.name, "preset", facts, texts[names.TEMPLATE], texts[names.TESTS], texts[names.NOTES])
    unused = {question.name for question in facts.questions} - set(
        placeholders(entry.template + entry.tests, entry.question_names())
    )
    if unused:
        raise DiagnosticsError(
            [_invalid(f"the template does not use the answer to the question {min(unused)}", folder / names.FACTS)]
        )
    return entry


@cache
def load_fact_page(name: str) -> CatalogueEntry:
    """Return a fact page of the catalogue; raise DiagnosticsError with the line of each error."""
    return CatalogueEntry(name, "fact page", _facts(names.FACT_PAGES / f"{name}.yaml"))


def facts_schema() -> dict[str, Any]:
    """Return the JSON Schema of `preset.yaml`, for editors."""
    heading = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Facts of a scimconf preset"}
    return heading | {key: value for key, value in Facts.model_json_schema().items() if key != "title"}


def _text(path: Path) -> str:
    return path.read_text("utf-8") if path.is_file() else ""


def _facts(path: Path) -> Facts:
    tree, diagnostics = load_tree(str(path), lambda name: Path(name).read_bytes())
    if tree is None or diagnostics:
        raise DiagnosticsError(diagnostics)
    try:
        return Facts.model_validate(tree)
    except ValidationError as error:
        raise DiagnosticsError(list(_errors(error, tree, path))) from None


def _errors(error: ValidationError, tree: YamlMapping, path: Path) -> Iterator[Diagnostic]:
    for detail in error.errors(include_url=False, include_input=False):
        parts, value = _written(tree, detail["loc"])
        if _is_other_alternative(detail["type"], value):
            continue
        missing = detail["loc"][-1:] if detail["type"] == "missing" else ()
        text = ".".join(map(str, (*parts, *missing))) or "the file"
        location = locate(tree, parts) or Location(str(path))
        yield _invalid(f"{text}: {detail['msg'][:1].lower()}{detail['msg'][1:]}", path, location)


def _written(tree: Any, location: tuple[int | str, ...]) -> tuple[tuple[int | str, ...], Any]:
    """Return the keys and indexes in a pydantic location, without its names of union members, and the value there."""
    parts: list[int | str] = []
    for part in location:
        is_key = isinstance(tree, dict) and part in tree
        if is_key or (isinstance(tree, list) and isinstance(part, int)):
            parts.append(part)
            tree = tree[part]
    return tuple(parts), tree


def _is_other_alternative(error: str, value: Any) -> bool:
    """Return whether an error is about the form that was not chosen of a fact that is a mapping or the word `unknown`."""
    return isinstance(value, dict) if error == "literal_error" else error == "model_type" and isinstance(value, str)


def _invalid(message: str, path: Path, location: Location | None = None) -> Diagnostic:
    hint = "docs/contribute-preset.md describes every key."
    return Diagnostic("V001", message, location=location or Location(str(path)), hint=hint)
