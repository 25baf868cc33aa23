"""What a rule about a spec is, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from scimconf.diagnostics import Severity, SpecPath
from scimconf.lint.mapping_context import MappingContext


class SpecIssue(NamedTuple):
    """One finding: where in the spec, what, and what to do."""

    path: SpecPath
    message: str
    hint: str = ""


class SpecRule(NamedTuple):
    """A rule: its name for people, how bad it is, and how it looks at a spec and what is around it."""

    title: str
    severity: Severity
    find: Callable[[MappingContext], Iterator[SpecIssue]]
