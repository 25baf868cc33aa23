"""What rules know about a mapping, and what they report."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from scimconf.expressions.lint.spans import SourceSpan

Severity: TypeAlias = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class MappingFacts:
    """The mapping of an expression. None means unknown; rules that depend on it are skipped.

    `source_attributes` are those of the application's schema; without them, the built-in list of Entra's is used.
    `apply`, `match`, `scope` and `written` (how the source of the mapping is given) are as in a spec.
    """

    target: str = ""
    target_type: str | None = None
    multivalued: bool | None = None
    match: int | None = None
    apply: str = "always"
    scope: Literal["all", "assigned"] | None = None
    mapping: Literal["users", "groups"] = "users"
    written: Literal["expression", "source", "constant"] = "expression"
    source_attributes: Collection[str] | None = None
    from_entra: bool = True
    to_scim: bool = True


@dataclass(frozen=True, slots=True)
class ExpressionIssue:
    """What a rule reports: the character in the text (from 0), a message, and what to write instead.

    `check` adds the id of the rule, and lowers the severity to "warning" if that is the severity of the rule.
    """

    offset: int
    message: str
    hint: str = ""
    severity: Severity = "error"
    rule: str = ""


class ExpressionRule(NamedTuple):
    """A lint rule: its title, its severity, and a function that yields its issues for a whole expression."""

    title: str
    severity: Severity
    find: Callable[[SourceSpan, MappingFacts], Iterator[ExpressionIssue]]
