"""Validation of a synchronizationSchema that is PUT. Pure: returns the stored document or raises SchemaError.

Only what the PUT makes different is refused: published schemas that the service returned have some of the problems of
`schema_problems`, and their authors write them back. The error codes of the real service are not known. Those of the
sandbox begin with `Emulated`, so that no client depends on them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from scimconf.sandbox.http_types import Json
from scimconf.sandbox.switches import Switches
from scimconf.sandbox.synchronization.schema_filling import SchemaFilling
from scimconf.sandbox.synchronization.schema_problems import SchemaProblem, schema_problems
from scimconf.sandbox.synchronization.stored_form import strip_annotations, to_stored_form


class SchemaError(Exception):
    """A schema is refused; the code is `EmulatedSchemaError` and a suffix for the kind of error."""

    def __init__(self, code: str, message: str) -> None:
        self.code = f"EmulatedSchemaError{code}"
        self.message = message
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class ValidationContext:
    """The schema of the template, the present schema of the job, and the switches."""

    template: Json
    before: Json
    switches: Switches


def accept_schema(sent: Any, context: ValidationContext, *, schema_id: str, version: str) -> Json:
    """Return the schema as the service stores it; raise SchemaError if the service refuses it."""
    if not isinstance(sent, dict):
        raise SchemaError("", "The body is not a synchronizationSchema.")
    _check_size(sent, context.switches)
    before = strip_annotations(context.before)
    plain = strip_annotations(sent) | {"id": schema_id, "version": version}
    rules = _known_rules(context.template, before)
    filling = SchemaFilling(rules, _directories(before), context.switches)
    document = filling.document(plain)
    problems = tuple(schema_problems(document, rules, context.switches))
    if problems:
        present = schema_problems(filling.document(before), rules, context.switches)
        _check_new_problems(Counter(present), problems)
    _check_read_only_rules(document, before)
    return to_stored_form(document, plain, context.template, context.switches)


def _check_size(sent: Json, switches: Switches) -> None:
    limit = switches.schema_limit_kb
    if limit and len(json.dumps(sent)) > limit * 1024:
        raise SchemaError("Size", f"The schema is larger than {limit} KB.")


def _known_rules(template: Json, before: Json) -> dict[str, Json]:
    """Return the rules by id; the present ones can differ from those of the template if a tenant file described them."""
    documents = [*_objects(template, "synchronizationRules"), *_objects(before, "synchronizationRules")]
    return {rule["id"]: rule for rule in documents if isinstance(rule.get("id"), str) and rule["id"]}


def _directories(before: Json) -> dict[str, Json]:
    directories = _objects(before, "directories")
    return {
        directory["name"]: directory for directory in reversed(directories) if isinstance(directory.get("name"), str)
    }


def _check_new_problems(present: Counter[SchemaProblem], problems: Iterable[SchemaProblem]) -> None:
    """Raise SchemaError for the first problem that the present schema does not have as often."""
    for problem in problems:
        present[problem] -= 1
        if present[problem] < 0:
            raise SchemaError(problem.code, problem.message)


def _check_read_only_rules(document: Json, before: Json) -> None:
    rules = {str(rule.get("id")): rule for rule in _objects(document, "synchronizationRules")}
    for rule in _objects(before, "synchronizationRules"):
        if not rule.get("editable", True) and rules.get(str(rule.get("id"))) != rule:
            raise SchemaError("ReadOnly", f"Rule {rule.get('name')!r} is not editable.")


def _objects(document: Json, name: str) -> list[Json]:
    """Return the elements of a list that are objects."""
    elements = document.get(name)
    return [element for element in elements if isinstance(element, dict)] if isinstance(elements, list) else []
