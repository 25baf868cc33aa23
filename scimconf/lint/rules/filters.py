"""Rules about scoping filters: whoever a clause fails for is out of scope, and nobody says so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from scimconf.diagnostics import SpecPath
from scimconf.expressions.lint.vocabulary import ATTRIBUTES, BOOLEANS, REFERENCES, alike, is_known
from scimconf.kinds import mappings
from scimconf.lint.mapping_context import AttributeType, MappingContext
from scimconf.lint.rule import SpecIssue
from scimconf.spec.model import STANDARD, Clause, ObjectMapping
from scimconf.spec.model.operators import operator_word

UNSEEN = frozenset(
    {
        *("appRoleAssignments", "userType", "manager", "members", "isMemberOf", "memberOf"),
        *(
            "employeeHireDate",
            "employeeLeaveDateTime",
            "createdDateTime",
            "accountExpires",
            "lastPasswordChangeDateTime",
        ),
        *("alternativeSecurityIds", "otherMails", "owners", "proxyAddresses"),
    }
)
"""Attributes that filters are documented not to see: references, dates, userType, and those with several values."""
_LOWER = {name.lower() for name in UNSEEN} | {name.lower() for name in REFERENCES}
PATTERNS = ("matches", "not_matches")
NUMBERS = ("greater_than", "greater_than_or_equals")
TRUTHS = ("is_true", "is_false")
BEGUN = re.compile(r"(?:\(\?[a-z]+\))?(?:\^|\\A|\.\*)")
ENDED = re.compile(r"(?:\$|\\[zZ]|\.\*)$")
TEXTS = (*PATTERNS, "includes", "ends_with")


class ClauseLocation(NamedTuple):
    """A clause, where it stands, and what is known of its attribute."""

    clause: Clause
    section: str
    mapping: ObjectMapping
    path: SpecPath
    shape: AttributeType

    @property
    def operator(self) -> str:
        return operator_word(self.clause.operator) or ""


def _clauses(around: MappingContext) -> Iterator[ClauseLocation]:
    for section, mapping in mappings.sections(around.spec).items():
        for number, one in enumerate(mapping.filters or ()):
            for index, clause in enumerate(one.all):
                path = ("mappings", section, "filters", number, "all", index)
                yield ClauseLocation(clause, section, mapping, path, around.source(section, mapping, clause.attribute))


def unseen(around: MappingContext) -> Iterator[SpecIssue]:
    for one in _clauses(around):
        kind = (one.shape.type or "").lower()
        if one.clause.attribute.lower() in _LOWER or one.shape.multivalued or kind in ("reference", "datetime"):
            said = f"filters on {one.clause.attribute} are documented as unsupported"
            yield SpecIssue((*one.path, "attribute"), said)


def unlisted(around: MappingContext) -> Iterator[SpecIssue]:
    """Against the attributes that Entra offers, where the application's schema is not known."""
    for one in _clauses(around):
        name = one.clause.attribute
        is_open = one.section not in STANDARD or bool(around.sources(one.section, one.mapping))
        if not is_open and name not in one.mapping.source_attributes and not is_known(name, one.section):
            said = f"{name} is not among the attributes that Entra offers to applications"
            yield SpecIssue((*one.path, "attribute"), said, alike(name, ATTRIBUTES[one.section]))


def unreadable(around: MappingContext) -> Iterator[SpecIssue]:
    """A value that its operator cannot read."""
    for one in _clauses(around):
        value, path = one.clause.value or "", (*one.path, "value")
        if one.operator in PATTERNS:
            refusal = _refused(value)
            if refusal:
                yield SpecIssue(path, f"not a regular expression of .NET: {refusal}")
        elif one.operator in NUMBERS and not re.fullmatch(r"-?[0-9]{1,19}", value):
            yield SpecIssue(path, f"{one.operator} compares whole numbers, and this is none")


def _refused(pattern: str) -> str:
    from scimconf.expressions.dotnet.errors import ServiceFailure, UndocumentedBehaviour
    from scimconf.expressions.regexes.translating import translate

    try:
        translate(pattern)
    except ServiceFailure as failed:
        return str(failed)
    except UndocumentedBehaviour:
        return ""
    return ""


def unanchored(around: MappingContext) -> Iterator[SpecIssue]:
    for one in _clauses(around):
        value = one.clause.value or ""
        begun, ended = BEGUN.match(value), ENDED.search(value)
        if one.operator in PATTERNS and not (begun and ended):
            inner = f"(?:{value})" if "|" in value else value
            whole, part = (
                f"{'' if begun else head}{inner}{'' if ended else tail}" for head, tail in (("^", "$"), (".*", ".*"))
            )
            said = "whether this must fit the whole value or a part of it is not documented"
            yield SpecIssue((*one.path, "value"), said, f"Write `{whole}`, or `{part}` where a part is enough.")


def other_type(around: MappingContext) -> Iterator[SpecIssue]:
    for one in _clauses(around):
        name, kind = one.clause.attribute, (one.shape.type or "").lower()
        truth = name in BOOLEANS or kind == "boolean"
        text = kind not in ("", "boolean") or (not kind and name not in BOOLEANS and _is_entras(name, one.section))
        if one.operator in TRUTHS and text:
            yield SpecIssue((*one.path, "operator"), f"{name} is no truth value, and {one.operator} wants one")
        elif one.operator in (*TEXTS, *NUMBERS) and truth:
            yield SpecIssue((*one.path, "operator"), f"{name} is True or False", "Use is_true or is_false.")


def _is_entras(name: str, section: str) -> bool:
    return section in STANDARD and name in ATTRIBUTES[section]
