"""What flows from Entra to the application: object mappings, attribute mappings, definitions and scoping filters."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from scimconf.diagnostics import Diagnostic
from scimconf.spec.codes import model_error, model_errors, quoted
from scimconf.spec.model.base import Apply, Count, Flag, Section, SourceName, Text, Unlisted, as_count_or_none
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
    """Return None for a plain `none`, any other value unchanged."""
    return None if isinstance(value, Plain) and value == "none" else value


def _operator(value: Any) -> Any:
    """Return an operator word, or a quoted spelling of Graph's, unchanged."""
    if not isinstance(value, Plain) or value in OPERATORS:
        return value
    match = operator_word(value) or suggest(value, OPERATORS)
    hint = did_you_mean(match, f"Valid operators: {', '.join(OPERATORS)}; or Graph's own spelling in quotes.")
    raise model_error("S308", f"unknown operator {quoted(value)}", hint)


class MappingRow(Section):
    """An attribute mapping: where the value of one target attribute comes from. Omitted fields get their defaults.

    A string is short for `{source: STRING}`.
    """

    source: SourceName | None = Field(
        default=None,
        description="The source attribute. `null` together with `default` is the portal's mapping type None.",
    )
    constant: str | None = Field(default=None, description="A constant value for every user.")
    expression: Text | None = Field(
        default=None, description="An expression of Entra's mapping language, best written as a `>-` block."
    )
    match: Annotated[Count | None, BeforeValidator(as_count_or_none)] = Field(
        default=None,
        description="The matching precedence of this attribute, from 1; or `none`. Default: not used for matching.",
    )
    default: Annotated[str | None, BeforeValidator(_text_or_none)] = Field(
        default=None, description="The value if the source is empty, used on creation only; or `none`."
    )
    apply: Apply = Field(
        default="always",
        description="When the mapping applies: `always`, or `on_create` (only during object creation). The other values "
        "are Graph's.",
    )
    flow_behavior: Literal["when_changed", "always"] = Field(
        default="when_changed", description="Whether a value is written only if it changed, or at every update."
    )
    export_missing_references: Flag = Field(
        default=False, description="Whether references to objects that are out of scope are written too."
    )
    absent: Flag = Field(default=False, description="`true` deletes the mapping of this attribute. Takes no other key.")
    tests: tuple[RowTest, ...] = Field(default=(), description="Tests of this mapping for given source attributes.")

    @model_validator(mode="before")
    @classmethod
    def _expand_source(cls, value: Any) -> Any:
        return {"source": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _has_one_form(self) -> MappingRow:
        forms = [key for key in ("source", "constant", "expression") if getattr(self, key) is not None]
        if self.absent:
            if len(self.model_fields_set) > 1:
                message = "`absent: true` takes no other key"
                raise model_error("S208", message, "Delete the other keys, or delete `absent: true`.")
        elif self.source is None and self.wrote("source") and not forms:
            if self.default is None:
                raise model_error("S208", "`source: null` needs a default", "Add `default: TEXT`.")
        elif len(forms) != 1 or (self.source is None and self.wrote("source")):
            message = "an attribute mapping takes exactly one of source, constant, expression"
            raise model_error("S208", message, "Keep one of them, for example `{source: ATTRIBUTE}`.")
        return self

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
        raise model_errors(diagnostics)
    return plain_json(value)


class AttributeDefinition(Section):
    """An attribute to define in the schema of a directory. Omitted fields get their defaults."""

    type: Literal["string", "integer", "boolean", "reference", "binary", "datetime"] = Field(
        default="string", description="The type of the values."
    )
    multivalued: Flag = Field(default=False, description="Whether the attribute holds several values.")
    required: Flag = Field(default=False, description="Whether every object must have a value.")
    case_exact: Flag = Field(default=False, description="Whether comparisons distinguish upper and lower case.")
    mutability: Literal["read_write", "read_only", "immutable", "write_only"] = Field(
        default="read_write", description="Whether the attribute can be read and written."
    )
    references: tuple[Text, ...] = Field(
        default=(), description="The types of objects that a reference can point to, such as `User`."
    )
    raw: Annotated[dict[str, Any], BeforeValidator(_raw)] = Field(
        default={}, description="Further fields of Graph's attributeDefinition, by Graph's names."
    )

    @model_validator(mode="after")
    def _owned_keys(self) -> AttributeDefinition:
        diagnostics = [
            Diagnostic(
                "S303", f"{key} has its own field in the spec", ("raw", key), hint=f"Use `{OWNED_RAW[key]}` instead."
            )
            for key in self.raw
            if key in OWNED_RAW
        ]
        if diagnostics:
            raise model_errors(diagnostics)
        return self


class Clause(Section):
    """One condition of a scoping filter."""

    attribute: Text = Field(description="The source attribute.")
    operator: Annotated[Text, BeforeValidator(_operator)] = Field(
        description="A word such as `equals`, or Graph's own spelling in quotes."
    )
    value: str | None = Field(
        default=None, description="The value to compare with. Not allowed for `is_true`, `is_null` and the like."
    )

    @model_validator(mode="after")
    def _check_value(self) -> Clause:
        word = operator_word(self.operator)
        if word is None:
            return self
        if OPERATORS[word].unary and self.value is not None:
            raise model_error("S307", f"`{word}` takes no value", "Delete `value:`.", ("value",))
        if not OPERATORS[word].unary and self.value is None:
            raise model_error("S307", f"`{word}` needs a value", "Add `value: TEXT`.")
        return self


class Filter(Section):
    """A scoping filter. An object is in scope if all clauses of at least one filter hold."""

    name: Text = Field(description="The title of the filter.")
    all: tuple[Clause, ...] = Field(min_length=1, description="The clauses. All of them must hold.")


class ObjectMapping(Section):
    """How one type of object is provisioned. A field that the spec omits is not managed."""

    rule: Text | None = Field(
        default=None, description="The name of the synchronization rule. Only in a mapping with a name of your own."
    )
    source: Text | None = Field(
        default=None, description="The name of the source object. Only in a mapping with a name of your own."
    )
    target: Text | None = Field(
        default=None, description="The name of the target object. Only in a mapping with a name of your own."
    )
    enabled: Flag | None = Field(default=None, description="Whether these objects are provisioned.")
    actions: tuple[Action, ...] | None = Field(
        default=None, description="What the service may do with objects in the application. `[]` means nothing."
    )
    target_attributes: dict[Text, AttributeDefinition] = Field(
        default={}, description="Target attributes to define in the application's schema, by name."
    )
    source_attributes: dict[Text, AttributeDefinition] = Field(
        default={}, description="Source attributes to define in the schema of the source directory, by name."
    )
    unlisted: Unlisted = Field(
        default="keep",
        description="What to do with live attribute mappings that are not listed: `keep` them, `report` them as drift, or "
        "`delete` them.",
    )
    attributes: dict[Text, MappingRow] = Field(
        default={}, description="The attribute mappings that the spec manages, by target attribute."
    )
    filters: tuple[Filter, ...] | None = Field(
        default=None,
        description="The scoping filters, all of them. `[]` deletes all filters; omit the key to leave them unmanaged.",
    )

    @model_validator(mode="after")
    def _unique_matches(self) -> ObjectMapping:
        counts = Counter(row.match for row in self.attributes.values() if row.match is not None)
        diagnostics = [
            Diagnostic(
                "S306",
                f"several attributes have the matching precedence {row.match}",
                ("attributes", name),
                hint="Number them `match: 1`, `match: 2`, ….",
            )
            for name, row in self.attributes.items()
            if row.match is not None and counts[row.match] > 1
        ]
        if diagnostics:
            raise model_errors(diagnostics)
        return self
