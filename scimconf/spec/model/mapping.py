"""What flows from Entra to the application: object mappings, attribute mappings, definitions and scoping filters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from scimconf.diagnostics import Diagnostic, quoted
from scimconf.spec.model.base import (
    Apply,
    Count,
    Flag,
    Section,
    SourceName,
    Text,
    Unlisted,
    as_count_or_none,
    model_error,
    not_exactly_one,
    owned_keys,
)
from scimconf.spec.model.operators import OPERATORS, operator_word
from scimconf.spec.model.testing import RowTest
from scimconf.spec.tree import Plain, plain_json, unrepresentable_numbers
from scimconf.suggestions import did_you_mean, suggest

Action = Literal["create", "update", "delete"]
Form = Literal["source", "constant", "expression", "none", "absent"]
OWNED_RAW = {
    "name": "the key of the definition",
    "type": "type",
    "multivalued": "multivalued",
    "required": "required",
    "caseExact": "case_exact",
    "mutability": "mutability",
    "referencedObjects": "references",
}
"""Graph's fields of an attribute definition that have a field of their own in the spec. `raw` must not contain them."""


def _text_or_none(value: Any) -> Any:
    return None if isinstance(value, Plain) and value == "none" else value


def _operator(value: Any) -> Any:
    """Return an operator word, or a quoted spelling of Graph's, unchanged."""
    if not isinstance(value, Plain) or value in OPERATORS:
        return value
    match = operator_word(value) or suggest(value, OPERATORS)
    hint = did_you_mean(match, f"Valid operators: {', '.join(OPERATORS)}; or Graph's own spelling in quotes.")
    raise model_error(Diagnostic("S308", f"unknown operator {quoted(value)}", hint=hint))


class MappingRow(Section):
    """An attribute mapping: where the value of one target attribute comes from. Omitted fields get their defaults.

    A string is short for `{source: STRING}`.
    """

    source: SourceName | None = None
    constant: str | None = None
    expression: Text | None = None
    match: Annotated[Count | None, BeforeValidator(as_count_or_none)] = None
    default: Annotated[str | None, BeforeValidator(_text_or_none)] = None
    apply: Apply = "always"
    flow_behavior: Literal["when_changed", "always"] = "when_changed"
    export_missing_references: Flag = False
    absent: Flag = False
    tests: tuple[RowTest, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _expand_source(cls, value: Any) -> Any:
        return {"source": value} if isinstance(value, str) else value

    def _errors(self) -> Iterator[Diagnostic]:
        keys = ("source", "constant", "expression")
        forms, is_null = self._present(*keys), self.source is None and self.wrote("source")
        if self.absent:
            if len(self.model_fields_set) > 1:
                hint = "Delete the other keys, or delete `absent: true`."
                yield Diagnostic("S208", "`absent: true` takes no other key", hint=hint)
        elif is_null and not forms:
            if self.default is None:
                yield Diagnostic("S208", "`source: null` needs a default", hint="Add `default: TEXT`.")
        elif len(forms) != 1 or is_null:
            yield not_exactly_one("an attribute mapping", keys, "{source: ATTRIBUTE}")

    @property
    def form(self) -> Form:
        """The key that gives the value. `none` is `source: null` with a default."""
        if self.absent:
            return "absent"
        if self.constant is not None:
            return "constant"
        if self.expression is not None:
            return "expression"
        return "none" if self.source is None else "source"


def _raw(value: Any) -> Any:
    message, hint = "JSON cannot represent this number", "Put it in quotes."
    diagnostics = [Diagnostic("S210", message, path, hint=hint) for path in unrepresentable_numbers(value)]
    if diagnostics:
        raise model_error(*diagnostics)
    return plain_json(value)


class AttributeDefinition(Section):
    """An attribute to define in the schema of a directory. Omitted fields get their defaults."""

    type: Literal["string", "integer", "boolean", "reference", "binary", "datetime"] = "string"
    multivalued: Flag = False
    required: Flag = False
    case_exact: Flag = False
    mutability: Literal["read_write", "read_only", "immutable", "write_only"] = "read_write"
    references: tuple[Text, ...] = ()
    raw: Annotated[dict[str, Any], BeforeValidator(_raw)] = Field(default={})

    def _errors(self) -> Iterator[Diagnostic]:
        return owned_keys("raw", self.raw, OWNED_RAW)


class TargetAttribute(AttributeDefinition):
    """An attribute of the application, and which values it accepts; values are checked, and sent in any case."""

    max_length: Annotated[int, Field(ge=1)] | None = None
    pattern: Text | None = None
    unique: Flag = False


class Clause(Section):
    """One condition of a scoping filter."""

    attribute: Text
    operator: Annotated[Text, BeforeValidator(_operator)]
    value: str | None = None

    def _errors(self) -> Iterator[Diagnostic]:
        word = operator_word(self.operator)
        if word is None or OPERATORS[word].unary is (self.value is None):
            return
        if self.value is None:
            yield Diagnostic("S307", f"`{word}` needs a value", hint="Add `value: TEXT`.")
        else:
            yield Diagnostic("S307", f"`{word}` takes no value", ("value",), hint="Delete `value:`.")


class Filter(Section):
    """A scoping filter. An object is in scope if all clauses of at least one filter hold."""

    name: Text
    all: tuple[Clause, ...] = Field(min_length=1)


class ObjectMapping(Section):
    """How one type of object is provisioned. A field that the spec omits is not managed."""

    rule: Text | None = None
    source: Text | None = None
    target: Text | None = None
    enabled: Flag | None = None
    actions: tuple[Action, ...] | None = None
    target_attributes: dict[Text, TargetAttribute] = Field(default={})
    source_attributes: dict[Text, AttributeDefinition] = Field(default={})
    unlisted: Unlisted = "keep"
    attributes: dict[Text, MappingRow] = Field(default={})
    filters: tuple[Filter, ...] | None = None

    def _errors(self) -> Iterator[Diagnostic]:
        counts = Counter(row.match for row in self.attributes.values())
        for name, row in self.attributes.items():
            if row.match is not None and counts[row.match] > 1:
                message = f"several attributes have the matching precedence {row.match}"
                yield Diagnostic("S306", message, ("attributes", name), hint="Number them `match: 1`, `match: 2`, ….")
