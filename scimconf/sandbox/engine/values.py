"""The values that the stages of the provisioning engine exchange.

A target is the name of a target attribute as in the schema of a job: `userName`, `emails[type eq "work"].value`,
`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from scimconf.expressions.evaluation import AttributeValue, EvaluationContext, Value

Json: TypeAlias = dict[str, Any]
Kind: TypeAlias = Literal["User", "Group"]
SentValue: TypeAlias = str | tuple[str, ...]
"""The value of a target attribute before it is typed: a string, or the strings of a multi-valued attribute."""

SOFT_DELETED = "IsSoftDeleted"
"""The source attribute that is true for an object out of scope, a disabled account and a deleted object."""

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Dialect(Enum):
    """The form of PATCH bodies: Entra's default, or that of the flag `aadOptscim062020` in the tenant URL."""

    LEGACY = "legacy"
    COMPLIANT = "compliant"


class Scope(Enum):
    """Whether an object is provisioned, and if not, why.

    PURGED is an object that the service knows and the directory no longer has, not even in its deleted items.
    """

    IN = "in scope"
    NOT_ASSIGNED = "not assigned"
    FILTERED = "excluded by scoping filters"
    ACCOUNT_DISABLED = "the account is disabled"
    SOFT_DELETED = "deleted, and can be restored"
    PURGED = "permanently deleted"


@dataclass(frozen=True, slots=True)
class AppRole:
    """An app role that a user has; `value` is empty for a role without one."""

    id: str
    value: str
    display_name: str


@dataclass(frozen=True, slots=True)
class SourceObject:
    """A user or a group under the service's names of attributes, which are older than Graph's.

    `attributes` lacks attributes without a value. `references` maps `manager` and `members` to ids in the directory.
    """

    kind: Kind
    id: str
    name: str
    attributes: Mapping[str, AttributeValue]
    references: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _NOTHING)
    roles: tuple[AppRole, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """The directory at the start of a cycle, by object id.

    `users` and `groups` include deleted ones that can be restored, whose ids are in `deleted`. `assigned` are the
    principals with an assignment to the application.
    """

    users: Mapping[str, SourceObject]
    groups: Mapping[str, SourceObject]
    assigned: frozenset[str] = frozenset()
    deleted: frozenset[str] = frozenset()

    def objects(self, kind: Kind) -> Mapping[str, SourceObject]:
        return self.users if kind == "User" else self.groups


@dataclass(frozen=True, slots=True)
class AttributeFlow:
    """An attribute mapping. `text` is its expression, `evaluate` the same as a function.

    `reference` is the source attribute of a direct mapping of a reference (`manager`, `members`), else None: a reference
    is written after the objects. `attributes` are the source attributes that the expression reads. `roles` is the
    function about app roles if it is the outermost, else empty. `reading` is `evaluate` without the reason why the target
    is undetermined: it is the URN of an extension (switch `bare_extension`). `data_type` is that of the target attribute (Graph:
    attributeType), `flow_type` and `flow_behavior` are Graph's. `is_wrong`: the result is changed (switch `wrong_mapping`).
    """

    target: str
    text: str
    evaluate: Callable[[Mapping[str, AttributeValue], EvaluationContext], Value]
    default: str | None = None
    matching_priority: int = 0
    flow_type: str = "Always"
    flow_behavior: str = "FlowWhenChanged"
    data_type: str = "String"
    multivalued: bool = False
    reference: str | None = None
    attributes: tuple[str, ...] = ()
    roles: str = ""
    reading: Callable[[Mapping[str, AttributeValue], EvaluationContext], Value] | None = None
    is_wrong: bool = False

    @property
    def reads_scope(self) -> bool:
        """Whether the mapping disables objects: it reads `IsSoftDeleted`."""
        return SOFT_DELETED in self.attributes


@dataclass(frozen=True, slots=True)
class ObjectFlow:
    """An enabled object mapping: objects of a kind flow to a SCIM resource, if an action and the filters permit it.

    `target_object` is the name of the target object in the schema. `filters` have the form of `in_scope`.
    """

    kind: Kind
    resource: Literal["Users", "Groups"]
    target_object: str
    actions: frozenset[str]
    flows: tuple[AttributeFlow, ...]
    filters: tuple[Mapping[str, Any], ...] = ()

    @property
    def matchers(self) -> tuple[AttributeFlow, ...]:
        """The matching attributes, highest precedence first."""
        matching = [flow for flow in self.flows if flow.matching_priority > 0]
        return tuple(sorted(matching, key=lambda flow: flow.matching_priority))

    @property
    def disables(self) -> bool:
        """Whether a mapping disables objects that leave the scope."""
        return any(flow.reads_scope for flow in self.flows)

    @property
    def references(self) -> tuple[AttributeFlow, ...]:
        return tuple(flow for flow in self.flows if flow.reference is not None)


@dataclass(frozen=True, slots=True)
class ObjectFailure:
    """Why an object cannot be provisioned: the error code and the reason of its entry in the provisioning log."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Desired:
    """What the mappings of an object send, by target, without references; nothing is sent for a null.

    `matching` are the targets and values to match by, highest precedence first, without defaults. `ignored_by` is the
    target of the mapping that leaves out the whole object (IgnoreObjectFlow), else empty.
    """

    values: Mapping[str, SentValue]
    failure: ObjectFailure | None = None
    matching: tuple[tuple[str, str], ...] = ()
    ignored_by: str = ""
    roles: tuple[AppRole, ...] = ()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A tenant URL without its flags: `url` has no trailing slash, `query` is what remains of the query, encoded."""

    url: str
    query: str
    dialect: Dialect


@dataclass(frozen=True, slots=True)
class ScimRequest:
    """A request to a SCIM endpoint. `path` is below its URL, `query` is encoded, `body` is None for no body."""

    method: str
    path: str
    query: str = ""
    body: Json | None = None


@dataclass(frozen=True, slots=True)
class ScimResponse:
    """The response of a SCIM endpoint; `body` is the parsed JSON, or the text if it is not JSON, or None if it is empty.

    Names of headers are in lower case.
    """

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=lambda: _NOTHING)


@dataclass(frozen=True, slots=True)
class SendProblem:
    """Why a request has no usable response."""

    kind: Literal["unreachable", "timeout", "redirect", "too_large", "not_json", "not_sent"]
    text: str
