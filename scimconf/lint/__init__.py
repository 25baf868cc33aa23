"""Lint rules about a whole spec.

`lint(loaded, snapshot, ignore)` yields diagnostics whose code is the id of the rule. `rules()` lists all rules.
"""

from scimconf.lint.checks import (
    COMMENTS,
    ERRORS_IN_PLANS,
    ONLY_IF_CHANGED,
    REPORTED_BY_KINDS,
    SEVERITIES,
    UNANSWERED,
    lint,
    rules,
)
from scimconf.lint.mapping_context import MappingContext

__all__ = [
    "COMMENTS",
    "ERRORS_IN_PLANS",
    "ONLY_IF_CHANGED",
    "REPORTED_BY_KINDS",
    "SEVERITIES",
    "UNANSWERED",
    "MappingContext",
    "lint",
    "rules",
]
