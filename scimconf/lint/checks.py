"""Runs the lint rules: those of the mapping language for each attribute mapping, and those about the whole spec.

When planning, the rules use the application's own schema, offline the built-in lists. A rule is ignored by an option, or
by a comment on the line of its diagnostic or directly above it. `docs/lint/` has a page for each rule.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from scimconf import expressions
from scimconf.diagnostics import Diagnostic, Location, Severity, SpecPath
from scimconf.expressions.lint import RULES as EXPRESSION_RULES
from scimconf.expressions.lint import ExpressionIssue, MappingFacts, check
from scimconf.kinds import mappings
from scimconf.lint.mapping_context import MappingContext, expression_of
from scimconf.lint.rules import RULES
from scimconf.presets.template import unanswered
from scimconf.snapshot import Snapshot
from scimconf.spec.loaded import Loaded
from scimconf.spec.model import STANDARD, ObjectMapping, Spec
from scimconf.suggestions import did_you_mean, suggest

if TYPE_CHECKING:
    from scimconf.presets.catalogue import CatalogueEntry

COMMENTS = "L000"
UNANSWERED = "L701"
ROLES_WITH_SCOPE_ALL = "L402"
NOT_OFFERED = "L310"
UNKNOWN_SOURCES = frozenset({NOT_OFFERED, "L602"})
"""Rules about a source that Entra does not offer, in an attribute mapping and in a filter."""
REPORTED_BY_KINDS = frozenset({"L100", "L111", "L301"})
"""Rules whose cases the kinds report already, as K501 and K503."""
SEVERITIES: Mapping[str, Severity] = MappingProxyType({"L401": "warning"})
"""Severities that differ from the rule's own. Raw roles are rarely intended, but some applications need them."""
ERRORS_IN_PLANS = frozenset({"L515"})
"""Rules that are warnings without a tenant, if the kind of application is not known, and may be errors in a plan."""
ONLY_IF_CHANGED = frozenset(
    {"L102", "L105", "L106", "L109", "L201", "L205", "L207", "L303", "L305", "L306", "L307", "L308", "L312", "L506"}
)
"""Warnings about mappings that may work as they are, which a plan shows only for what it changes; `validate` shows all."""


def rules() -> Mapping[str, tuple[str, Severity]]:
    """Return title and severity of every rule, by its id."""
    table: dict[str, tuple[str, Severity]] = {COMMENTS: ("Comment that ignores nothing", "warning")}
    table[UNANSWERED] = ("Question of a preset without an answer", "error")
    table |= {code: (rule.title, rule.severity) for code, rule in RULES.items()}
    for code, rule in EXPRESSION_RULES.items():
        table[code] = (rule.title, SEVERITIES.get(code, rule.severity))
    return dict(sorted(table.items()))


def lint(
    loaded: Loaded, snapshot: Snapshot | None = None, ignore: Collection[str] = (), changed: Collection[str] = ()
) -> Iterator[Diagnostic]:
    """Yield the diagnostics that are not ignored; with a snapshot, those for a plan.

    `changed` are the local addresses of the plan's changes, such as `attribute_mapping/users/title`.
    """
    spec = loaded.spec
    if spec is None:
        return
    context = MappingContext(spec, snapshot, _vendor(spec))
    if COMMENTS not in ignore:
        yield from _ineffective_comments(loaded)
    if UNANSWERED not in ignore:
        yield from _unanswered(loaded)
    for diagnostic in (*_check_rows(loaded, context), *_check_live_rows(context), *_check_spec(context)):
        code, path = diagnostic.code, diagnostic.path
        is_unchanged = snapshot is not None and code in ONLY_IF_CHANGED and _address(path, spec) not in changed
        if code not in ignore and not is_unchanged and not loaded.is_ignored(code, path, path[:-1]):
            yield diagnostic.located(loaded.origin(path))


def _vendor(spec: Spec) -> CatalogueEntry | None:
    """Return the entry of the catalogue that a spec names; None if it names none, or one that is unknown."""
    if spec.preset is None:
        return None
    from scimconf.presets.catalogue import find_entry

    return find_entry(spec.preset)


def _check_spec(context: MappingContext) -> Iterator[Diagnostic]:
    """Yield the diagnostics of the rules about the whole spec; a rule may lower its severity, not raise it."""
    for rule in RULES.values():
        for issue in rule.check(context):
            severity: Severity = "warning" if "warning" in (rule.severity, issue.severity) else rule.severity
            yield replace(issue, severity=_severity(issue.code, severity, context))


def _severity(code: str, severity: Severity, context: MappingContext) -> Severity:
    """Raise a warning about an unknown source if the spec creates the application: apply would stop half-way."""
    return "error" if code in UNKNOWN_SOURCES and context.creates_application else severity


def _ineffective_comments(loaded: Loaded) -> Iterator[Diagnostic]:
    known = rules()
    for (file, line), comment in loaded.comments.items():
        location = Location(file, line)
        for rule in sorted(comment.rules - known.keys()):
            hint = did_you_mean(suggest(rule, known), "docs/lint.md lists all rules.")
            yield Diagnostic(COMMENTS, f"unknown rule {rule}", location=location, hint=hint, severity="warning")
        if comment.is_malformed:
            message, hint = "this comment ignores nothing", "Write `# scimconf: ignore L104, L105 the reason`."
            yield Diagnostic(COMMENTS, message, location=location, hint=hint, severity="warning")


def _unanswered(loaded: Loaded) -> Iterator[Diagnostic]:
    """Yield an error for each line of a preset's template that is a comment because a question has no answer."""
    if loaded.spec is None or loaded.spec.preset is None:
        return
    for file, lines in loaded.lines.items():
        for line in unanswered(lines):
            questions = ", ".join(line.questions)
            message = f"the question {questions} of the preset has no answer, so this line is a comment"
            hint = f"Write `{line.text}` with the value, or delete the line."
            yield Diagnostic(UNANSWERED, message, location=Location(file, line.number), hint=hint)


def _address(path: SpecPath, spec: Spec) -> str:
    """Return the local address for a path: that of an attribute mapping, or the name of the section."""
    if path[:1] == ("role_attribute",) and spec.role_attribute is not None:
        return f"attribute_mapping/users/{spec.role_attribute.target}"
    if path[:1] == ("mappings",) and path[2:3] == ("attributes",):
        return f"attribute_mapping/{path[1]}/{path[3]}"
    return str(path[0])


def _check_rows(loaded: Loaded, context: MappingContext) -> Iterator[Diagnostic]:
    for row in mappings.listed(context.spec):
        tree = expression_of(row)
        if tree is None:
            continue
        text = row.row.expression or expressions.render_compact(tree)
        for issue in check(text, _facts(context, row)):
            if issue.rule not in REPORTED_BY_KINDS and not _is_declared(issue, text, row.mapping):
                yield _as_diagnostic(loaded, context, row, text, issue)


def _check_live_rows(context: MappingContext) -> Iterator[Diagnostic]:
    """Yield an error for each unmanaged attribute mapping of roles that does not work with `scope: all`."""
    if context.spec.provisioning.scope != "all":
        return
    for section, mapping in mappings.sections(context.spec).items():
        for row in context.unmanaged_rows(section, mapping):
            facts = MappingFacts(target=row.target, scope="all")
            for issue in check(row.tree, facts) if row.tree is not None else ():
                if issue.rule == ROLES_WITH_SCOPE_ALL:
                    message = f"the live mapping of {row.target}: {issue.message}"
                    yield Diagnostic(issue.rule, message, ("provisioning", "scope"), hint=issue.hint)


def _facts(context: MappingContext, row: mappings.ListedRow) -> MappingFacts:
    """Return what is known of the mapping around an expression, from the spec or else from the live schema."""
    sources = context.sources(row.section, row.mapping)
    target = context.target(row.section, row.mapping, row.target)
    name = row.section if row.section in STANDARD else f"{row.mapping.source}s".lower()
    return MappingFacts(
        target=row.target,
        target_type=target.type,
        multivalued=target.multivalued,
        match=row.row.match,
        apply=row.row.apply,
        scope=context.scope,
        mapping="groups" if name == "groups" else "users",
        written=_form(row),
        source_attributes=sources | set(row.mapping.source_attributes) if sources else None,
        from_entra=name in STANDARD,
    )


def _form(row: mappings.ListedRow) -> Literal["source", "constant", "expression"]:
    form = row.row.form
    return form if form in ("source", "constant") else "expression"


def _is_declared(issue: ExpressionIssue, text: str, mapping: ObjectMapping) -> bool:
    """Return whether an issue is about a source attribute that the spec defines."""
    names = (f"[{name}]" for name in mapping.source_attributes)
    return issue.rule == NOT_OFFERED and any(text.startswith(name, issue.offset) for name in names)


def _as_diagnostic(
    loaded: Loaded, context: MappingContext, row: mappings.ListedRow, text: str, issue: ExpressionIssue
) -> Diagnostic:
    """Return an issue in an expression as a diagnostic, located at its character if the file shows it."""
    path = (*row.path, _form(row))
    location = loaded.locate_character(path, text, issue.offset) if row.row.expression is not None else None
    position = f" (at character {issue.offset + 1})" if path[-1] == "expression" and issue.offset else ""
    severity = _severity(issue.rule, SEVERITIES.get(issue.rule, issue.severity), context)
    return Diagnostic(issue.rule, issue.message + position, path, location, issue.hint, severity)
