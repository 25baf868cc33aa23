"""Lint of expressions: rules with ids, each documented on a page of its own.

    check(text, facts) ─▶ issues     sorted by position in the text

A rule is a function of an expression whose parts have positions, and of the mapping. `docs/lint/` has a page for each
rule, whose examples are tested.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from scimconf.expressions.errors import ExpressionError
from scimconf.expressions.lint import calls, dates, flow, strings, targets
from scimconf.expressions.lint.model import ExpressionIssue, ExpressionRule, MappingFacts, SourceSpan, locate_parts
from scimconf.expressions.nodes import Expression
from scimconf.expressions.parsing import MAX_LENGTH, parse
from scimconf.expressions.rendering import render

__all__ = ["RULES", "ExpressionIssue", "ExpressionRule", "MappingFacts", "check"]


def _reported_by_check(_root: SourceSpan, _facts: MappingFacts) -> Iterator[ExpressionIssue]:
    return iter(())  # `check` itself reports a text that cannot be parsed


RULES: Mapping[str, ExpressionRule] = MappingProxyType(
    {
        "L100": ExpressionRule("Invalid expression", "error", _reported_by_check),
        "L101": ExpressionRule("Unknown function", "warning", calls.unknown_function),
        "L102": ExpressionRule("Function name in another case", "warning", calls.casing),
        "L103": ExpressionRule("Wrong number of arguments", "error", calls.arity),
        "L104": ExpressionRule("Incomplete pair in Switch", "error", calls.pairs),
        "L105": ExpressionRule("FormatDateTime without all arguments", "warning", calls.old_format),
        "L106": ExpressionRule("Expression without a function", "warning", calls.no_function),
        "L107": ExpressionRule("Comparison outside a condition", "warning", calls.stray_comparison),
        "L108": ExpressionRule("Unquoted word", "warning", calls.keyword),
        "L109": ExpressionRule("Function not documented for applications", "warning", calls.other_dialect),
        "L110": ExpressionRule("Unsupported use of SelectUniqueValue", "error", calls.unique_value),
        "L111": ExpressionRule("Expression too long", "error", _reported_by_check),
        "L201": ExpressionRule("Single backslash", "warning", strings.backslash),
        "L202": ExpressionRule("Undocumented combination of Replace arguments", "error", strings.replace_mode),
        "L203": ExpressionRule("Unknown group in Replace", "warning", strings.replace_group),
        "L204": ExpressionRule("Invalid regular expression", "error", strings.bad_pattern),
        "L205": ExpressionRule("Capture group includes trailing white space", "warning", strings.trailing_space),
        "L206": ExpressionRule("Invalid interval", "error", dates.interval),
        "L207": ExpressionRule("Suspicious date format", "warning", dates.date_format),
        "L208": ExpressionRule("String instead of a date", "warning", dates.date_text),
        "L301": ExpressionRule("Unknown source attribute", "error", flow.unknown_attribute),
        "L302": ExpressionRule("Matching by several attributes", "error", targets.several_sources),
        "L303": ExpressionRule("IIF with a condition on an absent value", "warning", flow.null_condition),
        "L304": ExpressionRule("IgnoreFlowIfNullOrEmpty in a condition", "error", flow.ignoring_condition),
        "L305": ExpressionRule("Nested IgnoreFlowIfNullOrEmpty", "warning", flow.ignoring_inside),
        "L306": ExpressionRule("Switch on the presence of a value", "warning", flow.truth_in_switch),
        "L307": ExpressionRule("Switch on a reference", "warning", flow.reference_in_switch),
        "L308": ExpressionRule("Switch with a default", "warning", flow.default_to_null),
        "L309": ExpressionRule("Key that never matches", "warning", flow.dead_key),
        "L310": ExpressionRule("Source attribute not offered by Entra", "warning", flow.unlisted_attribute),
        "L311": ExpressionRule("Matching by an unsuitable value", "error", targets.unsearchable),
        "L312": ExpressionRule("Function that can fail inside IIF", "warning", flow.failing_branch),
        "L401": ExpressionRule("Roles without a role function", "error", targets.direct_roles),
        "L402": ExpressionRule("Roles with all users in scope", "error", targets.roles_of_all),
        "L403": ExpressionRule("Roles that are only added", "warning", targets.adding_roles),
        "L404": ExpressionRule("Role function does not fit the target", "error", targets.role_target),
        "L405": ExpressionRule("Value of another type", "warning", targets.other_type),
    }
)


def check(expression: Expression | str, facts: MappingFacts | None = None) -> list[ExpressionIssue]:
    """Return the issues of an expression, by position; one without a text is checked as `render` prints it."""
    text = expression if isinstance(expression, str) else render(expression)
    try:
        root = locate_parts(text, parse(text))
    except ExpressionError as error:
        rule = "L111" if len(text) > MAX_LENGTH else "L100"
        return [ExpressionIssue(error.offset, error.message, error.hint, "error", rule)]
    issues = [issue for name, rule in RULES.items() for issue in _issues(name, rule, root, facts or MappingFacts())]
    return sorted(issues, key=lambda issue: (issue.offset, issue.rule))


def _issues(name: str, rule: ExpressionRule, root: SourceSpan, facts: MappingFacts) -> Iterator[ExpressionIssue]:
    for issue in rule.find(root, facts):
        severity = "warning" if "warning" in (rule.severity, issue.severity) else rule.severity
        yield issue._replace(rule=name, severity=severity)
