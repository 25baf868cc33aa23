"""What is probably wrong with a spec: the rules of the mapping language for each row, and rules about rows together.

    lint(loaded, snapshot, ignore) ─▶ problems     the code is the rule's id

A plan asks the application's own schema, offline the lists that are built in. A rule is ignored by an option, or by a
comment on the line of what it is about, or above it. `docs/lint/` has a page for each rule.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

from scimconf import expressions
from scimconf.documents import schema
from scimconf.errors import Problem, Severity
from scimconf.expressions.lint import RULES as EXPRESSION_RULES
from scimconf.expressions.lint import Context, Finding, check
from scimconf.kinds import mappings
from scimconf.kinds.kind import live_schema, place
from scimconf.kinds.spec_rules import RULES
from scimconf.spec.loaded import Loaded
from scimconf.spec.model import STANDARD, ObjectMapping, Spec
from scimconf.wire import Json, Snapshot

Written: TypeAlias = Literal["source", "constant", "expression"]

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
    found = {name: (rule.title, rule.severity) for name, rule in RULES.items()}
    for name, one in EXPRESSION_RULES.items():
        found[name] = (one.title, MILDER.get(name, one.severity))
    return dict(sorted(found.items()))


def lint(loaded: Loaded, snapshot: Snapshot | None = None, ignore: Collection[str] = ()) -> Iterator[Problem]:
    """The findings that nobody ignores; with a snapshot those that a plan tells."""
    spec = loaded.spec
    if spec is None:
        return
    for problem in (*_of_rows(spec, snapshot), *_of_all(spec)):
        offline = snapshot is not None and problem.code in OFFLINE and not problem.is_error
        ignored = problem.code in ignore or loaded.is_ignored(problem.code, problem.path, problem.path[:-1])
        if not ignored and not offline:
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
        context = _context(spec, one, snapshot)
        for finding in check(text, context):
            if finding.rule not in ELSEWHERE and not _is_declared(finding, text, one.mapping):
                yield _problem(finding, one)


def _context(spec: Spec, one: mappings.Row, snapshot: Snapshot | None) -> Context:
    """The mapping around a row: what the spec declares, and otherwise what the application's schema says."""
    sources, target = _live(one, snapshot)
    declared = one.mapping.target_attributes.get(one.target)
    kind = declared.type if declared is not None else target.get("type")
    several = declared.multivalued if declared is not None else target.get("multivalued")
    name = one.section if one.section in STANDARD else f"{one.mapping.source}s".lower()
    return Context(
        target=one.target,
        target_type=kind if isinstance(kind, str) else None,
        multivalued=several if isinstance(several, bool) else None,
        match=one.row.match,
        apply=one.row.apply,
        scope=spec.provisioning.scope,
        mapping="groups" if name == "groups" else "users",
        written=_written(one),
        source_attributes=sources | set(one.mapping.source_attributes) if sources else None,
        from_entra=name in STANDARD,
    )


def _written(one: mappings.Row) -> Written:
    form = one.row.form
    return form if form in ("source", "constant") else "expression"


def _live(one: mappings.Row, snapshot: Snapshot | None) -> tuple[set[str], Json]:
    """The names of the source's attributes, and the target attribute's definition; nothing where it is not known."""
    raw = live_schema(snapshot) if snapshot is not None else None
    found = place(snapshot, one.section, one.mapping) if snapshot is not None else None
    if raw is None or found is None:
        return set(), {}
    sources = {str(each.get("name")) for each in schema.definitions(raw, found, "source")}
    targets = schema.definitions(raw, found, "target")
    return sources, next((each for each in targets if each.get("name") == one.target), {})


def _is_declared(finding: Finding, text: str, mapping: ObjectMapping) -> bool:
    """Whether a finding is about an attribute that is not Entra's own, and that the spec declares."""
    names = (f"[{name}]" for name in mapping.source_attributes)
    return finding.rule == "L310" and any(text.startswith(name, finding.offset) for name in names)


def _problem(finding: Finding, one: mappings.Row) -> Problem:
    written = _written(one)
    place = f" (at character {finding.offset + 1})" if written == "expression" and finding.offset else ""
    severity = MILDER.get(finding.rule, finding.severity)
    return Problem(finding.rule, finding.message + place, (*one.path, written), hint=finding.hint, severity=severity)
