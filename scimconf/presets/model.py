"""The facts of a vendor: the model of `preset.yaml`, and of a fact page, which has the same keys.

Each fact names the sources that it is taken from; what no source says is the word `unknown`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

Unknown = Literal["unknown"]
Object = Literal["users", "groups"]
Departure = Literal["disables", "deletes", "removes_from_organization", "unknown"]
AttributeTypeWord = Literal["string", "boolean", "integer", "reference", "string[]", "reference[]"]
QUESTION_NAME = r"^[a-z][a-z0-9_]*$"
COMMON_PLACEHOLDERS = ("name", "display_name", "tenant", "token_variable")
"""Placeholders that every template may use without a question of its own; only `tenant` may stay without an answer."""
EXAMPLE_TENANT = "contoso.com"


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_as_list, json_schema_input_type=str | list[str])]
"""A list of strings; a single string is a list of one."""


class FactModel(BaseModel):
    """A frozen part of the facts. Unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class FactSource(FactModel):
    """A page that facts are taken from."""

    title: str = Field(description="Title of the page.")
    page: str = Field(description="Where the page is: repository and path, or the page's address without https://.")
    date: dt.date | Unknown = Field(description="The page's own date, or `unknown`.")
    read: dt.date = Field(description="The day on which the page was read.")


class Fact(FactModel):
    """A fact, with the sources that state it."""

    source: Names = Field(min_length=1, description="Keys of `sources`.")
    note: str = Field(default="", description="What the structured keys do not say, in one or two sentences.")


class VendorApplication(Fact):
    """The enterprise application that the vendor's guide uses."""

    kind: Literal["gallery", "custom"] = Field(description="`custom` is a non-gallery application.")
    name: str = Field(description="Its name in the gallery; for a custom application, the suggested display name.")
    template_id: str = Field(
        default="unknown", description="Id of the application template in the gallery, if it is published."
    )
    job_template: str = Field(
        default="unknown", description="Id of the provisioning template, such as `scim`, if it is published."
    )


class TenantUrl(Fact):
    """The form of the tenant URL."""

    form: str = Field(
        description="The URL with <placeholders>; `none` if the connection takes no URL, `unknown` if unknown."
    )


class VendorConnection(Fact):
    """How the provisioning service authenticates to the vendor."""

    kind: Literal["bearer", "client_credentials", "authorized_by_person", "user_and_password", "unknown"] = Field(
        description="`authorized_by_person`: an administrator of the vendor grants access in the portal's dialog."
    )
    keys: tuple[str, ...] = Field(
        default=(), description="Graph's keys of the secrets set besides those of the kind, such as `InstanceName`."
    )


class VendorToken(Fact):
    """How long the credentials are valid."""

    life: str = Field(description="Validity in words, such as `6 months`; `no expiry` if the page says so.")


class MatchingRule(Fact):
    """The target attributes that can identify an existing user or group at the vendor."""

    attributes: Names = Field(min_length=1, description="Any of these can match; the first is the one of the guide.")


class VendorMatching(FactModel):
    """Matching of users and groups."""

    users: MatchingRule | Unknown = Field(description="Matching of users.")
    groups: MatchingRule | Unknown | Literal["none"] = Field(description="Matching of groups; `none` without groups.")


class RowRules(Fact):
    """How the attribute mappings differ from those of the application's template."""

    required: Names = Field(default=(), description="Target attributes that must be mapped.")
    forbidden: Names = Field(default=(), description="Target attributes that must not be mapped.")
    others: Literal["may_stay", "must_go", "unknown"] = Field(
        default="unknown", description="Whether other attribute mappings of the template must be deleted."
    )
    differences: tuple[str, ...] = Field(default=(), description="Differences in words, one sentence each.")


class VendorRows(FactModel):
    """Attribute mappings of users and groups."""

    users: RowRules | Unknown = Field(description="Attribute mappings of users.")
    groups: RowRules | Unknown | Literal["none"] = Field(description="Attribute mappings of groups.")


class VendorRoles(Fact):
    """How the roles of a user reach the vendor."""

    sent: Literal["one", "many", "none", "through_groups", "unknown"] = Field(
        description="`one` value for each user, `many` values, `through_groups` without an attribute, or `none`."
    )
    attribute: str = Field(default="", description="The target attribute that receives them.")
    values: tuple[str, ...] = Field(default=(), description="The values that the vendor knows, if they are published.")
    imported: bool = Field(
        default=False, description="Whether the first provisioning cycle imports the app roles from the vendor."
    )


class VendorGroups(Fact):
    """What the vendor does with groups."""

    support: Literal["full", "update_only", "linked_by_name", "none", "unknown"] = Field(
        description="`update_only`: existing groups only. `linked_by_name`: an existing group of that name is linked."
    )


class VendorDeprovisioning(Fact):
    """What happens at the vendor to a user who leaves the scope, which Entra sends as `active: false`."""

    effect: Departure = Field(description="What `active: false` does at the vendor.")
    text: str = Field(
        default="", description="The effect as the end of `N users may be …`, such as `deleted for good at Smartsheet`."
    )
    deletion: Departure = Field(default="unknown", description="What a DELETE does at the vendor.")


class ValueLimit(Fact):
    """A limit of the values of one target attribute."""

    attribute: str = Field(description="The target attribute.")
    object: Object = Field(default="users", description="Whether users or groups have the attribute.")
    max_length: int | None = Field(default=None, ge=1, description="The most characters.")
    pattern: str = Field(default="", description="A regular expression that the whole value must match.")
    forbidden_characters: str = Field(default="", description="Characters that the value must not contain.")
    unique: bool = Field(default=False, description="Whether two users or groups must not have the same value.")
    required: bool = Field(default=False, description="Whether the vendor refuses users or groups without a value.")

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if not (self.max_length or self.pattern or self.forbidden_characters or self.unique or self.required):
            raise _error(f"the limit of {self.attribute} limits nothing")
        if not _is_regular_expression(self.pattern):
            raise _error(f"the pattern of {self.attribute} is not a regular expression")
        return self


class StepBeforeStart(Fact):
    """What a person does in the portal or at the vendor before provisioning can start."""

    step: str = Field(description="The step as an instruction, one sentence.")
    at: Literal["portal", "vendor"] = Field(description="Where it is done.")


class PublishedAttributes(Fact):
    """The target attributes that a page lists, with their types; `[]` marks those with several values."""

    users: dict[str, AttributeTypeWord] = Field(description="Target attributes of users: type by name.")
    groups: dict[str, AttributeTypeWord] = Field(default={}, description="Target attributes of groups: type by name.")
    complete: bool = Field(default=False, description="Whether the page says that there are no others.")


class TemplateQuestion(FactModel):
    """A question whose answer replaces `<name>` in the template."""

    name: Annotated[str, Field(pattern=QUESTION_NAME)] = Field(description="The placeholder without its brackets.")
    prompt: str = Field(description="The question as `init` prints it.")
    example: str = Field(description="A valid answer; the tests of the preset use it.")
    default: str = Field(default="", description="The answer if the user gives none.")
    pattern: str = Field(default="", description="A regular expression that the whole answer must match.")
    hint: str = Field(default="", description="Printed if an answer does not match.")
    optional: bool = Field(
        default=False, description="Whether the spec is complete without an answer; its line is then a plain comment."
    )

    @model_validator(mode="after")
    def _has_valid_answers(self) -> Self:
        if not _is_regular_expression(self.pattern):
            raise _error(f"the pattern of the question {self.name} is not a regular expression")
        for answer in filter(None, (self.example, self.default)):
            if not self.accepts(answer):
                raise _error(f'the answer "{answer}" to the question {self.name} does not match its pattern')
        return self

    def accepts(self, answer: str) -> bool:
        return not self.pattern or re.fullmatch(self.pattern, answer) is not None


class GuideStep(Fact):
    """A step of the vendor's guide, and the keys of the spec that replace it."""

    click: str = Field(description="What the guide does by hand, in one sentence of your own.")
    spec: Names = Field(
        default=(),
        description="Paths of keys in the template, such as `connection.base_address`; none if still by hand.",
    )


class SamePreset(Fact):
    """Another preset that differs only in name and URL, and the source that says so."""

    preset: str = Field(description="Name of the other preset.")


class Confirmation(FactModel):
    """Who may confirm the preset on a live tenant, and when someone last did."""

    by: str = Field(description="Who can confirm it: what access a person needs.")
    last: dt.date | Literal["never"] = Field(description="The day of the last confirmation, or `never`.")


class Facts(FactModel):
    """The facts of one vendor."""

    title: str = Field(description="Name of the application as its vendor writes it.")
    summary: str = Field(description="What the preset covers, and what not, in one or two sentences.")
    sources: dict[Annotated[str, Field(pattern=QUESTION_NAME)], FactSource] = Field(
        min_length=1, description="The pages that facts are taken from, by a short key."
    )
    confirmation: Confirmation = Field(description="Who may confirm it live, and the last time.")
    application: VendorApplication = Field(description="Gallery or custom application.")
    tenant_url: TenantUrl | Unknown = Field(description="The form of the tenant URL.")
    connection: VendorConnection | Unknown = Field(description="The kind of connection.")
    token: VendorToken | Unknown = Field(description="How long the credentials are valid.")
    matching: VendorMatching = Field(description="Matching of users and groups.")
    rows: VendorRows = Field(description="Attribute mappings that differ from those of the template.")
    roles: VendorRoles | Unknown = Field(description="How roles are sent.")
    groups: VendorGroups | Unknown = Field(description="What the vendor does with groups.")
    deprovisioning: VendorDeprovisioning | Unknown = Field(description="What disabling does at the vendor.")
    limits: tuple[ValueLimit, ...] = Field(default=(), description="Limits of values.")
    before_start: tuple[StepBeforeStart, ...] = Field(default=(), description="Steps that a person does first.")
    attributes: PublishedAttributes | Unknown = Field(default="unknown", description="The published target attributes.")
    questions: tuple[TemplateQuestion, ...] = Field(default=(), description="The questions of the template.")
    guide: tuple[GuideStep, ...] = Field(default=(), description="The steps of the vendor's guide, in its order.")
    same_as: SamePreset | None = Field(default=None, description="A preset that differs only in name and URL.")

    def all_facts(self) -> Iterator[tuple[str, Fact]]:
        """Yield every fact that is known, with its path."""
        yield from _facts_below("", self)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        for path, fact in self.all_facts():
            if unknown := [key for key in fact.source if key not in self.sources]:
                raise _error(f"{path}: `sources` has no {unknown[0]}")
        used = {key for _, fact in self.all_facts() for key in fact.source}
        if unused := self.sources.keys() - used:
            raise _error(f"no fact is taken from the source {min(unused)}")
        names = [question.name for question in self.questions]
        if taken := [name for name in names if names.count(name) > 1]:
            raise _error(f"two questions have the name {taken[0]}")
        return self


def _facts_below(path: str, value: Any) -> Iterator[tuple[str, Fact]]:
    if isinstance(value, Fact):
        yield path, value
    if isinstance(value, FactModel):
        for name in type(value).model_fields:
            yield from _facts_below(f"{path}.{name}".lstrip("."), getattr(value, name))
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _facts_below(f"{path}[{index}]", item)


def _error(message: str) -> PydanticCustomError:
    return PydanticCustomError("preset", "{message}", {"message": message})


def _is_regular_expression(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True
