"""What is probably wrong with an expression in its mapping: rules with ids, each with a page of its own.

    check(text, context) ─▶ findings     by place in the text

A rule is a function over an expression whose parts know their places; `docs/lint/` has a page for each, whose examples
the tests run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from scimconf.expressions.errors import ExpressionError
from scimconf.expressions.lint import calls, dates, flow, matching, targets, texts
from scimconf.expressions.lint.issue import ExpressionIssue, ExpressionRule, MappingFacts, Severity
from scimconf.expressions.lint.spans import SourceSpan, places
from scimconf.expressions.nodes import Expression
from scimconf.expressions.parsing import MAX_LENGTH, parse
from scimconf.expressions.rendering import render

__all__ = ["RULES", "ExpressionIssue", "ExpressionRule", "MappingFacts", "Severity", "check"]


def _unread(_root: SourceSpan, _context: MappingFacts) -> Iterator[ExpressionIssue]:
    """Said by `check` itself: where nothing can be read, there is nothing to look at."""
    return iter(())


RULES: Mapping[str, ExpressionRule] = MappingProxyType(
    {
        "L100": ExpressionRule("Not an expression", "error", _unread),
        "L101": ExpressionRule("A function that no list has", "warning", calls.unknown_function),
        "L102": ExpressionRule("A function spelt with other case", "warning", calls.casing),
        "L103": ExpressionRule("Too few or too many arguments", "error", calls.arity),
        "L104": ExpressionRule("Switch without pairs", "error", calls.pairs),
        "L105": ExpressionRule("FormatDateTime with three arguments", "warning", calls.old_format),
        "L106": ExpressionRule("An expression without a function", "warning", calls.no_function),
        "L107": ExpressionRule("A comparison outside of a condition", "warning", calls.stray_comparison),
        "L108": ExpressionRule("A word that is none", "warning", calls.keyword),
        "L109": ExpressionRule("A function of another product", "warning", calls.other_dialect),
        "L110": ExpressionRule("SelectUniqueValue where it cannot be", "error", calls.unique_value),
        "L111": ExpressionRule("Longer than the service takes", "error", _unread),
        "L201": ExpressionRule("A single backslash", "warning", texts.backslash),
        "L202": ExpressionRule("Replace that does nothing documented", "error", texts.replace_mode),
        "L203": ExpressionRule("A group that the pattern lacks", "warning", texts.replace_group),
        "L204": ExpressionRule("Not a regular expression", "error", texts.bad_pattern),
        "L205": ExpressionRule("A group that takes a space along", "warning", texts.trailing_space),
        "L206": ExpressionRule("Not an interval", "error", dates.interval),
        "L207": ExpressionRule("A date format that is probably wrong", "warning", dates.date_format),
        "L208": ExpressionRule("A text where a date is wanted", "warning", dates.date_text),
        "L301": ExpressionRule("A source attribute that is not there", "error", flow.unknown_attribute),
        "L302": ExpressionRule("Matching by several attributes", "error", matching.several_sources),
        "L303": ExpressionRule("A condition over what may be absent", "warning", flow.null_condition),
        "L304": ExpressionRule("IgnoreFlowIfNullOrEmpty as a condition", "error", flow.ignoring_condition),
        "L305": ExpressionRule("IgnoreFlowIfNullOrEmpty inside", "warning", flow.ignoring_inside),
        "L306": ExpressionRule("Switch over whether something is there", "warning", flow.truth_in_switch),
        "L307": ExpressionRule("Switch over a reference", "warning", flow.reference_in_switch),
        "L308": ExpressionRule("Switch with a default", "warning", flow.default_to_null),
        "L309": ExpressionRule("A key that never fits", "warning", flow.dead_key),
        "L310": ExpressionRule("A source attribute that Entra does not offer", "warning", flow.unlisted_attribute),
        "L311": ExpressionRule("Matching by what cannot be looked for", "error", matching.unsearchable),
        "L401": ExpressionRule("Roles without a function", "error", targets.direct_roles),
        "L402": ExpressionRule("Roles while everybody is in scope", "error", targets.roles_of_all),
        "L403": ExpressionRule("Roles that are only added", "warning", targets.adding_roles),
        "L404": ExpressionRule("Roles onto a target of another shape", "warning", targets.role_target),
        "L405": ExpressionRule("A value of another type", "warning", targets.other_type),
    }
)


def check(expression: Expression | str, context: MappingFacts | None = None) -> list[ExpressionIssue]:
    """What the rules find, by place; of an expression that has no text, in the text that `render` gives it."""
    text = expression if isinstance(expression, str) else render(expression)
    try:
        root = places(text, parse(text))
    except ExpressionError as error:
        rule = "L111" if len(text) > MAX_LENGTH else "L100"
        return [ExpressionIssue(error.offset, error.message, error.hint, "error", rule)]
    issues = [issue for name, rule in RULES.items() for issue in _issues(name, rule, root, context or MappingFacts())]
    return sorted(issues, key=lambda issue: (issue.offset, issue.rule))


def _issues(name: str, rule: ExpressionRule, root: SourceSpan, context: MappingFacts) -> Iterator[ExpressionIssue]:
    for issue in rule.find(root, context):
        severity = "warning" if "warning" in (rule.severity, issue.severity) else rule.severity
        yield replace(issue, rule=name, severity=severity)
