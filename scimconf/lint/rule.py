"""What a lint rule about a whole spec is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from scimconf.diagnostics import Diagnostic, Severity
from scimconf.lint.mapping_context import MappingContext


class SpecRule(NamedTuple):
    """A rule: its title, its severity, and the function that yields its diagnostics.

    The function sets code, message, path and hint; the severity is that of the rule.
    """

    title: str
    severity: Severity
    check: Callable[[MappingContext], Iterator[Diagnostic]]
