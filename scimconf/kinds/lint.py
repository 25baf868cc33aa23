"""What is probably wrong with a spec: the rules of the mapping language for each row, and rules about rows together.

    lint(loaded, snapshot, ignore) ─▶ problems     the code is the rule's id

A plan asks the application's own schema, offline the lists that are built in. A rule is ignored by an option, or by a
comment on the line of what it is about, or above it. `docs/lint/` has a page for each rule.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType

from scimconf import expressions
from scimconf.documents import schema
from scimconf.errors import Problem, Severity, SpecPath, dotted
from scimconf.expressions.lint import RULES as EXPRESSION_RULES
from scimconf.expressions.lint import Context, Finding, check
from scimconf.kinds import mappings
from scimconf.kinds.kind import live_schema, place
from scimconf.kinds.spec_rules import RULES, Rule
from scimconf.spec.loaded import Loaded
from scimconf.spec.model import STANDARD, ObjectMapping, Spec
from scimconf.wire import Json, Snapshot

ELSEWHERE = frozenset({"L100", "L111", "L301"})
"""Rules whose findings are problems of the rows' kind already: K501 and K503."""
MILDER: Mapping[str, Severity] = MappingProxyType({"L401": "warning"})
"""Raw roles are rarely meant, but an application may ask for them, as Writer does."""
OFFLINE = frozenset(
    {
        *("L102", "L105", "L106", "L108", "L109", "L201", "L205", "L207", "L305", "L306", "L307", "L308", "L310"),
        *("L502", "L503", "L506"),
    }
)
"""Warnings about how something is written, or of what a plan has a guard for: `validate` tells them, no plan does."""


def rules() -> Mapping[str, tuple[str, Severity]]:
    """Every rule: its title, and how bad it is."""
    found = {**EXPRESSION_RULES, **RULES}
    return {name: (rule.title, MILDER.get(name, rule.severity)) for name, rule in found.items()}


def lint(loaded: Loaded, snapshot: Snapshot | None = None, ignore: Collection[str] = ()) -> Iterator[Problem]:
    """The findings that nobody ignores; with a snapshot those that a plan tells."""
    spec = loaded.spec
    if spec is None:
        return
    for problem in (*_of_rows(spec, snapshot), *_of_all(spec)):
        offline = snapshot is not None and problem.code in OFFLINE and not problem.is_error
        if problem.code not in ignore and not offline:
            if not loaded.is_ignored(problem.code, problem.path, problem.path[:-1]):
                yield problem.at(loaded.origin(problem.path))


def _of_all(spec: Spec) -> Iterator[Problem]:
    for name, rule in RULES.items():
        for path, message, hint in rule.find(spec):
            yield Problem(name, message, path, hint=hint, severity=rule.severity)


def _of_rows(spec: Spec, snapshot: Snapshot | None) -> Iterator[Problem]:
    for one in mappings.listed(spec):
        try:
            tree = mappings.expression_of(one.row)
        except expressions.ExpressionError:
            continue
        if tree is None:
            continue
        text = one.row.expression or expressions.render(tree)
        context = _context(spec, one, _Live.of(snapshot, one))
        for finding in check(text, context):
            if finding.rule not in ELSEWHERE and not _is_declared(finding, text, one.mapping):
                yield _problem(finding, one)


class _Live:
    """The application's own definitions of one mapping's attributes; nothing where they are not known."""

    def __init__(self, raw: Json | None = None, found: schema.Place | None = None) -> None:
        known = raw is not None and found is not None
        self.sources = schema.definitions(raw, found, "source") if known else []  # type: ignore[arg-type]
        self.targets = schema.definitions(raw, found, "target") if known else []  # type: ignore[arg-type]
