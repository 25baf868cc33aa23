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
from scimconf.diagnostics import Diagnostic, Location, Severity, SpecPath
from scimconf.expressions.lint import RULES as EXPRESSION_RULES
from scimconf.expressions.lint import ExpressionIssue, MappingFacts, check
from scimconf.kinds import mappings
from scimconf.kinds.kind import suggest
from scimconf.lint.mapping_context import MappingContext
from scimconf.lint.rules import RULES
from scimconf.snapshot import Snapshot
from scimconf.spec.loaded import Loaded
from scimconf.spec.model import STANDARD, ObjectMapping, Spec

Written: TypeAlias = Literal["source", "constant", "expression"]

ELSEWHERE = frozenset({"L100", "L111", "L301"})
"""Rules whose findings are problems of the rows' kind already: K501 and K503."""
WITH_ALL = "L402"
COMMENTS = "L000"
MILDER: Mapping[str, Severity] = MappingProxyType({"L401": "warning"})
"""Raw roles are rarely meant, but an application may ask for them, as Writer does."""
MANNER = frozenset({"L105", "L106", "L109", "L201", "L205", "L207", "L305", "L306", "L307", "L308", "L506"})
"""Warnings that a plan tells only of what it changes: what has stood there for years is left to `validate`."""

Changed: TypeAlias = Collection[str]
"""The local addresses of a plan's changes, as `attribute_mapping/users/title`."""


def rules() -> Mapping[str, tuple[str, Severity]]:
    """Every rule: its title, and how bad it is."""
    found: dict[str, tuple[str, Severity]] = {COMMENTS: ("A comment that ignores nothing", "warning")}
    found |= {name: (rule.title, rule.severity) for name, rule in RULES.items()}
    for name, one in EXPRESSION_RULES.items():
        found[name] = (one.title, MILDER.get(name, one.severity))
    return dict(sorted(found.items()))


def lint(
    loaded: Loaded, snapshot: Snapshot | None = None, ignore: Collection[str] = (), changed: Changed = ()
) -> Iterator[Diagnostic]:
    """The findings that nobody ignores; with a snapshot those that a plan with these changes tells."""
    spec = loaded.spec
    if spec is None:
        return
    around = MappingContext(spec, snapshot)
    for problem in _odd_comments(loaded) if COMMENTS not in ignore else ():
        yield problem
    for problem in (*_of_rows(loaded, around), *_of_live_rows(around), *_of_all(around)):
        old = snapshot is not None and problem.code in MANNER and _address(problem.path, spec) not in changed
        ignored = problem.code in ignore or loaded.is_ignored(problem.code, problem.path, problem.path[:-1])
        if not ignored and not old:
            yield problem.located(loaded.origin(problem.path))


def _odd_comments(loaded: Loaded) -> Iterator[Diagnostic]:
    """Comments that were meant to ignore something: whoever wrote one believes that it does."""
    known = rules()
    for (file, line), comment in loaded.comments.items():
        for rule in sorted(comment.rules - known.keys()):
            where, said = Location(file, line), f"there is no rule {rule} to be ignored"
            yield Diagnostic(COMMENTS, said, location=where, hint=suggest(rule, known), severity="warning")
        if comment.is_odd:
            said, hint = (
                "this comment does not ignore what it names",
                "Write `# scimconf: ignore L104, L105 the reason`.",
            )
            yield Diagnostic(COMMENTS, said, location=Location(file, line), hint=hint, severity="warning")


def _address(path: SpecPath, spec: Spec) -> str:
    """The local address of what stands at a path: a row, or the section itself."""
    if path[:1] == ("role_attribute",) and spec.role_attribute is not None:
        return f"attribute_mapping/users/{spec.role_attribute.target}"
    if path[:1] == ("mappings",) and path[2:3] == ("attributes",):
        return f"attribute_mapping/{path[1]}/{path[3]}"
    return str(path[0])


def _of_all(around: MappingContext) -> Iterator[Diagnostic]:
    for name, rule in RULES.items():
        for path, message, hint in rule.find(around):
            yield Diagnostic(name, message, path, hint=hint, severity=rule.severity)


def _of_rows(loaded: Loaded, around: MappingContext) -> Iterator[Diagnostic]:
    for one in mappings.listed(around.spec):
        try:
            tree = mappings.expression_of(one.row)
        except expressions.ExpressionError:
            continue
        if tree is None:
            continue
        text = one.row.expression or expressions.render(tree)
        for finding in check(text, _context(around, one)):
            if finding.rule not in ELSEWHERE and not _is_declared(finding, text, one.mapping):
                yield _problem(loaded, one, text, finding)


def _of_live_rows(around: MappingContext) -> Iterator[Diagnostic]:
    """What a written scope does to live rows that stay: roles do not go with everybody in scope."""
    if around.spec.provisioning.scope != "all":
        return
    for section, mapping in mappings.sections(around.spec).items():
        for one in around.kept(section, mapping):
            found = check(one.tree, MappingFacts(target=one.target, scope="all")) if one.tree is not None else []
            for finding in found:
                if finding.rule == WITH_ALL:
                    said = f"{one.target} is mapped, and {finding.message}"
                    yield Diagnostic(WITH_ALL, said, ("provisioning", "scope"), hint=finding.hint)


def _context(around: MappingContext, one: mappings.ListedRow) -> MappingFacts:
    """The mapping around a row: what the spec declares, and otherwise what the application's schema says."""
    sources = around.sources(one.section, one.mapping)
    target = around.target(one.section, one.mapping, one.target)
    name = one.section if one.section in STANDARD else f"{one.mapping.source}s".lower()
    return MappingFacts(
        target=one.target,
        target_type=target.type,
        multivalued=target.multivalued,
        match=one.row.match,
        apply=one.row.apply,
        scope=around.scope,
        mapping="groups" if name == "groups" else "users",
        written=_written(one),
        source_attributes=sources | set(one.mapping.source_attributes) if sources else None,
        from_entra=name in STANDARD,
    )


def _written(one: mappings.ListedRow) -> Written:
    form = one.row.form
    return form if form in ("source", "constant") else "expression"


def _is_declared(finding: ExpressionIssue, text: str, mapping: ObjectMapping) -> bool:
    """Whether a finding is about an attribute that is not Entra's own, and that the spec declares."""
    names = (f"[{name}]" for name in mapping.source_attributes)
    return finding.rule == "L310" and any(text.startswith(name, finding.offset) for name in names)


def _problem(loaded: Loaded, one: mappings.ListedRow, text: str, finding: ExpressionIssue) -> Diagnostic:
    """A finding at its own place in the file, where that can be told, and by the character of the expression."""
    path = (*one.path, _written(one))
    where = loaded.spot(path, text, finding.offset) if one.row.expression is not None else None
    nth = f" (at character {finding.offset + 1})" if path[-1] == "expression" and finding.offset else ""
    severity = MILDER.get(finding.rule, finding.severity)
    return Diagnostic(finding.rule, finding.message + nth, path, where, finding.hint, severity)
