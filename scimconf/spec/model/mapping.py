"""What flows from Entra into the application: object mappings, their rows, definitions and scoping filters."""

from __future__ import annotations

from collections import Counter
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from scimconf.spec.codes import ModelIssue, quoted, refuse, refuse_all
from scimconf.spec.model.base import Apply, Count, Flag, Section, Text, Unlisted, as_count_or_none
from scimconf.spec.model.operators import OPERATORS, operator_word
from scimconf.spec.model.testing import RowTest
from scimconf.spec.tree import Plain, out_of_reach, plain_json

Action = Literal["create", "update", "delete"]
Form = Literal["source", "constant", "expression", "none", "absent"]
OWNED_RAW = {
    "name": "the key itself",
    "type": "type",
    "multivalued": "multivalued",
    "required": "required",
    "caseExact": "case_exact",
    "mutability": "mutability",
    "referencedObjects": "references",
}
"""Graph's fields of an attribute definition that a field of its own stands for, so that `raw` cannot say them too."""


def _text_or_none(value: Any) -> Any:
    """A text, or None for the written (unquoted) `none`."""
    return None if isinstance(value, Plain) and value == "none" else value


def _operator(value: Any) -> Any:
    """A word of ours, or any spelling of Graph's in quotes."""
    if not isinstance(value, Plain) or value in OPERATORS:
        return value
    close = [operator_word(value), *get_close_matches(value.lower(), OPERATORS, 1)]
    meant = next(filter(None, close), None)
    hint = f"Did you mean `{meant}`?" if meant else "Graph's own spelling is taken in quotes."
    raise refuse("S308", f"{quoted(value)} is not an operator", hint)


class MappingRow(Section):
    """One attribute of the application and where its value comes from; what is left out has its default.

    A text alone is short for `{source: TEXT}`.
    """

    source: Text | None = Field(
        default=None, description="A source attribute. `null`, with a default, is the portal's mapping type None."
    )
    constant: str | None = Field(default=None, description="The same text for everyone.")
    expression: Text | None = Field(
        default=None, description="An expression of the mapping language; best as a `>-` block."
    )
    match: Annotated[Count | None, BeforeValidator(as_count_or_none)] = Field(
        default=None, description="The order in which this attribute finds people on the other side, from 1; or `none`."
    )
    default: Annotated[str | None, BeforeValidator(_text_or_none)] = Field(
        default=None, description="The text for an empty source, on creation only; or `none`."
    )
    apply: Apply = Field(
        default="always", description="When the value is written; `on_create` leaves later changes alone."
    )
    flow_behavior: Literal["when_changed", "always"] = Field(
        default="when_changed", description="Whether an unchanged value is written again."
    )
    export_missing_references: Flag = Field(
        default=False, description="Whether references to people out of scope are written too."
    )
    absent: Flag = Field(default=False, description="`true`, alone, removes the mapping of this attribute.")
    tests: tuple[RowTest, ...] = Field(default=(), description="What this row makes of which attributes.")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"source": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one(self) -> MappingRow:
        ways = [key for key in ("source", "constant", "expression") if getattr(self, key) is not None]
        if self.absent:
            if len(self.model_fields_set) > 1:
                raise refuse("S208", "absent stands alone in a row", "Take out the other keys, or absent.")
        elif self.source is None and self.wrote("source") and not ways:
            if self.default is None:
                raise refuse("S208", "a row with source null needs a default", "Add `default: TEXT`.")
        elif len(ways) != 1 or (self.source is None and self.wrote("source")):
            raise refuse("S208", "a row takes exactly one of source, constant, expression", "Keep one of them.")
        return self

    @property
    def form(self) -> Form:
        """Which of the ways to say a value this row takes; `none` is source null with a default."""
        if self.absent:
            return "absent"
        if self.constant is not None:
            return "constant"
        if self.expression is not None:
            return "expression"
        return "none" if self.source is None else "source"


def _raw(value: Any) -> Any:
    said = [
        ModelIssue("S210", "no number that JSON can hold", "A text takes quotes.", at) for at in out_of_reach(value)
    ]
    if said:
        raise refuse_all(said)
    return plain_json(value)


class AttributeDefinition(Section):
    """An attribute that a directory's schema does not have yet, or that is to be as written here."""

    type: Literal["string", "integer", "boolean", "reference", "binary", "datetime"] = Field(
        default="string", description="The type of its values."
    )
    multivalued: Flag = Field(default=False, description="Whether it holds several values.")
    required: Flag = Field(default=False, description="Whether an object must have it.")
    case_exact: Flag = Field(default=False, description="Whether upper and lower case differ in comparisons.")
    mutability: Literal["read_write", "read_only", "immutable", "write_only"] = Field(
        default="read_write", description="Whether it can be read and written."
    )
    references: tuple[Text, ...] = Field(default=(), description="The objects that a reference may point to.")
    raw: Annotated[dict[str, Any], BeforeValidator(_raw)] = Field(
        default={}, description="Further fields of Graph's attributeDefinition, by Graph's names."
    )

    @model_validator(mode="after")
    def _owned(self) -> AttributeDefinition:
        said = [
            ModelIssue("S303", f"{key} is what {OWNED_RAW[key]} stands for", "Write it there.", ("raw", key))
            for key in self.raw
            if key in OWNED_RAW
        ]
        if said:
            raise refuse_all(said)
        return self


class Clause(Section):
    """One condition on a source attribute."""

    attribute: Text = Field(description="The source attribute to look at.")
    operator: Annotated[Text, BeforeValidator(_operator)] = Field(
        description="A word such as `equals`, or Graph's own spelling in quotes."
    )
    value: str | None = Field(
        default=None, description="The text to compare with; `is_true`, `is_null` and such take none."
    )

    @model_validator(mode="after")
    def _arity(self) -> Clause:
        word = operator_word(self.operator)
        if word is None:
            return self
        if OPERATORS[word].unary and self.value is not None:
            raise refuse("S307", f"{word} takes no value", "Take out `value:`.", ("value",))
        if not OPERATORS[word].unary and self.value is None:
            raise refuse("S307", f"{word} needs a value", "Add `value: TEXT`.")
        return self


class Filter(Section):
    """A scoping filter: someone is in scope when every clause of any one filter holds."""

    name: Text = Field(description="The filter's title.")
    all: tuple[Clause, ...] = Field(min_length=1, description="The clauses; all of them must hold.")


class ObjectMapping(Section):
    """How one type of object is provisioned; a field that is not written is carried over."""

    rule: Text | None = Field(
        default=None, description="The synchronization rule's name; only under a name of your own."
    )
    source: Text | None = Field(default=None, description="The source object's name; only under a name of your own.")
    target: Text | None = Field(default=None, description="The target object's name; only under a name of your own.")
    enabled: Flag | None = Field(default=None, description="Whether these objects are provisioned at all.")
    actions: tuple[Action, ...] | None = Field(
        default=None, description="What may be done to objects of the application; `[]` is nothing."
    )
    target_attributes: dict[Text, AttributeDefinition] = Field(
        default={}, description="Attributes of the application that are made where they are missing."
    )
    source_attributes: dict[Text, AttributeDefinition] = Field(
        default={}, description="Attributes of the source directory that are made where they are missing."
    )
    unlisted: Unlisted = Field(
        default="keep",
        description="What becomes of live mappings that are not listed: kept, reported as drift, or removed.",
    )
    attributes: dict[Text, MappingRow] = Field(
        default={}, description="One row for each attribute of the application that you care for."
    )
    filters: tuple[Filter, ...] | None = Field(
        default=None, description="The scoping filters, replaced whole; `[]` is none, left out is not managed."
    )

    @model_validator(mode="after")
    def _matches(self) -> ObjectMapping:
        counts = Counter(row.match for row in self.attributes.values() if row.match is not None)
        said = [
            ModelIssue(
                "S306", f"match {row.match} is used by several attributes", "Number them 1, 2, …", ("attributes", name)
            )
            for name, row in self.attributes.items()
            if row.match is not None and counts[row.match] > 1
        ]
        if said:
            raise refuse_all(said)
        return self
