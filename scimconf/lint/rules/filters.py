"""Rules about scoping filters: an object for which a clause does not hold is out of scope without any message."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from scimconf.diagnostics import Diagnostic, SpecPath, quoted
from scimconf.expressions.lint.vocabulary import (
    ATTRIBUTES,
    BOOLEANS,
    MEMBERSHIP_HINT,
    REFERENCES,
    is_known,
    is_membership,
    name_hint,
)
from scimconf.kinds import mappings
from scimconf.lint.mapping_context import AttributeType, MappingContext
from scimconf.spec.model import STANDARD, Clause, ObjectMapping
from scimconf.spec.model.operators import operator_word

UNSUPPORTED = {
    *("appRoleAssignments", "userType", "manager", "members", "isMemberOf", "memberOf", "employeeHireDate"),
    *("employeeLeaveDateTime", "createdDateTime", "accountExpires", "lastPasswordChangeDateTime"),
    *("alternativeSecurityIds", "otherMails", "owners", "proxyAddresses"),
}
"""Attributes that filters do not support, as Microsoft documents: references, dates, userType, multivalued ones."""
_LOWER = frozenset(name.lower() for name in UNSUPPORTED | REFERENCES)
PATTERNS = ("matches", "not_matches")
NUMBERS = ("greater_than", "greater_than_or_equals")
TRUTHS = ("is_true", "is_false")
STRINGS = (*PATTERNS, "includes", "ends_with")
ANCHORED_START = re.compile(r"(?:\(\?[a-z]+\))?(?:\^|\\A|\.\*)")
ANCHORED_END = re.compile(r"(?:\$|\\[zZ]|\.\*)$")


class ClauseLocation(NamedTuple):
    """A clause with its object mapping, its path, and the type of its attribute."""

    clause: Clause
    section: str
    mapping: ObjectMapping
    path: SpecPath
    type: AttributeType

    @property
    def operator(self) -> str:
        return operator_word(self.clause.operator) or ""


def _clauses(context: MappingContext) -> Iterator[ClauseLocation]:
    for section, mapping in mappings.sections(context.spec).items():
        for number, scoping_filter in enumerate(mapping.filters or ()):
            for index, clause in enumerate(scoping_filter.all):
                path = ("mappings", section, "filters", number, "all", index)
                attribute_type = context.source(section, mapping, clause.attribute)
                yield ClauseLocation(clause, section, mapping, path, attribute_type)


def unsupported_attribute(context: MappingContext) -> Iterator[Diagnostic]:
    """Yield a warning for each clause on an attribute that filters do not support."""
    for entry in _clauses(context):
        name, kind = entry.clause.attribute, (entry.type.type or "").lower()
        if name.lower() in _LOWER or entry.type.multivalued or kind in ("reference", "datetime"):
            message = f"Microsoft documents that filters do not support {name}"
            hint = "Filter on a single-valued string, number or boolean attribute."
            hint = MEMBERSHIP_HINT if is_membership(name) else hint
            yield Diagnostic("L505", message, (*entry.path, "attribute"), hint=hint)


def not_offered(context: MappingContext) -> Iterator[Diagnostic]:
    """Yield a warning for each attribute that Entra does not offer, if the application's schema is not known."""
    for entry in _clauses(context):
        name = entry.clause.attribute
        is_open = entry.section not in STANDARD or bool(context.sources(entry.section, entry.mapping))
        if not is_open and name not in entry.mapping.source_attributes and not is_known(name, entry.section):
            message = f"{name} is not among the attributes that Entra offers to applications"
            hint = name_hint(name, ATTRIBUTES[entry.section])
            yield Diagnostic("L602", message, (*entry.path, "attribute"), hint=hint)


def unreadable_value(context: MappingContext) -> Iterator[Diagnostic]:
    """Yield an error for each value that its operator cannot read."""
    for entry in _clauses(context):
        value, path = entry.clause.value or "", (*entry.path, "value")
        if entry.operator in PATTERNS:
            if reason := _pattern_error(value):
                hint = "Correct the pattern; `scimconf expression eval` can try it."
                yield Diagnostic("L601", f"not a valid .NET regular expression: {reason}", path, hint=hint)
        elif entry.operator in NUMBERS and not re.fullmatch(r"-?[0-9]{1,19}", value):
            message = f"`{entry.operator}` compares whole numbers, but the value is {quoted(value)}"
            yield Diagnostic("L601", message, path, hint="Write a whole number.")


def _pattern_error(pattern: str) -> str:
    """Return why .NET rejects a pattern; empty if it is valid, or if that is not known."""
    from scimconf.expressions.dotnet.errors import ServiceFailure, UndocumentedBehaviour
    from scimconf.expressions.regexes.translating import translate

    try:
        translate(pattern)
    except ServiceFailure as failure:
        return str(failure)
    except UndocumentedBehaviour:
        return ""
    return ""


def unanchored(context: MappingContext) -> Iterator[Diagnostic]:
    """Yield a warning for each pattern without anchors: it may have to match the whole value or a part of it."""
    for entry in _clauses(context):
        value = entry.clause.value or ""
        start, end = ANCHORED_START.match(value), ANCHORED_END.search(value)
        if entry.operator in PATTERNS and not (start and end):
            inner = f"(?:{value})" if "|" in value else value
            whole, part = (
                f"{'' if start else head}{inner}{'' if end else tail}" for head, tail in (("^", "$"), (".*", ".*"))
            )
            message = "Microsoft does not document whether the pattern must match the whole value or a part of it"
            hint = f"Write `{whole}` for the whole value, or `{part}` for a part of it."
            yield Diagnostic("L603", message, (*entry.path, "value"), hint=hint)


def other_type(context: MappingContext) -> Iterator[Diagnostic]:
    """Yield a warning for each operator that does not fit the type of its attribute."""
    for entry in _clauses(context):
        name, kind, path = entry.clause.attribute, (entry.type.type or "").lower(), (*entry.path, "operator")
        is_boolean = name in BOOLEANS or kind == "boolean"
        is_listed = entry.section in STANDARD and name in ATTRIBUTES[entry.section]
        is_string = kind not in ("", "boolean") or (not kind and name not in BOOLEANS and is_listed)
        if entry.operator in TRUTHS and is_string:
            message = f"`{entry.operator}` needs a boolean attribute, and {name} is not boolean"
            yield Diagnostic("L604", message, path, hint="Use `equals`, `is_null` or `is_not_null`.")
        elif entry.operator in (*STRINGS, *NUMBERS) and is_boolean:
            message = f"`{entry.operator}` does not work with the boolean attribute {name}"
            yield Diagnostic("L604", message, path, hint="Use `is_true` or `is_false`.")
