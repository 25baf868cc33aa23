"""What is probably wrong with an expression in its mapping: rules with ids, each with a page of its own.

    check(text, context) ─▶ findings     by place in the text

A rule is a function over an expression whose parts know their places; `docs/lint/` has a page for each, whose examples
the tests run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from scimconf.expressions.errors import ExpressionError
from scimconf.expressions.lint import calls, dates, flow, matching, targets, texts
from scimconf.expressions.lint.finding import Complaint, Context, Finding, Rule, Severity
from scimconf.expressions.lint.places import Place, places
from scimconf.expressions.nodes import Expression
from scimconf.expressions.parsing import MAX_LENGTH, parse
from scimconf.expressions.rendering import render

__all__ = ["RULES", "Context", "Finding", "Rule", "Severity", "check"]


def _unread(_root: Place, _context: Context) -> Iterator[Complaint]:
    """Said by `check` itself: where nothing can be read, there is nothing to look at."""
    return iter(())


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "L100": Rule("Not an expression", "error", _unread),
        "L101": Rule("A function that no list has", "warning", calls.unknown_function),
        "L102": Rule("A function spelt with other case", "warning", calls.casing),
        "L103": Rule("Too few or too many arguments", "error", calls.arity),
        "L104": Rule("Switch without pairs", "error", calls.pairs),
        "L105": Rule("FormatDateTime with three arguments", "warning", calls.old_format),
        "L106": Rule("An expression without a function", "warning", calls.no_function),
        "L107": Rule("A comparison outside of a condition", "warning", calls.stray_comparison),
        "L108": Rule("A word that is none", "warning", calls.keyword),
        "L109": Rule("A function of another product", "warning", calls.other_dialect),
        "L110": Rule("SelectUniqueValue where it cannot be", "error", calls.unique_value),
        "L111": Rule("Longer than the service takes", "error", _unread),
        "L201": Rule("A single backslash", "warning", texts.backslash),
        "L202": Rule("Replace that does nothing documented", "error", texts.replace_mode),
        "L203": Rule("A group that the pattern lacks", "warning", texts.replace_group),
        "L204": Rule("Not a regular expression", "error", texts.bad_pattern),
        "L205": Rule("A group that takes a space along", "warning", texts.trailing_space),
        "L206": Rule("Not an interval", "error", dates.interval),
        "L207": Rule("A date format that is probably wrong", "warning", dates.date_format),
        "L208": Rule("A text where a date is wanted", "warning", dates.date_text),
        "L301": Rule("A source attribute that is not there", "error", flow.unknown_attribute),
        "L302": Rule("Matching by several attributes", "error", matching.several_sources),
        "L303": Rule("A condition over what may be absent", "warning", flow.null_condition),
        "L304": Rule("IgnoreFlowIfNullOrEmpty as a condition", "error", flow.ignoring_condition),
        "L305": Rule("IgnoreFlowIfNullOrEmpty inside", "warning", flow.ignoring_inside),
        "L306": Rule("Switch over whether something is there", "warning", flow.truth_in_switch),
        "L307": Rule("Switch over a reference", "warning", flow.reference_in_switch),
        "L308": Rule("Switch with a default", "warning", flow.default_to_null),
        "L309": Rule("A key that never fits", "warning", flow.dead_key),
        "L310": Rule("A source attribute that Entra does not offer", "warning", flow.unlisted_attribute),
        "L311": Rule("Matching by what cannot be looked for", "error", matching.unsearchable),
        "L401": Rule("Roles without a function", "error", targets.direct_roles),
        "L402": Rule("Roles while everybody is in scope", "error", targets.roles_of_all),
        "L403": Rule("Roles that are only added", "warning", targets.adding_roles),
        "L404": Rule("Roles onto a target of another shape", "warning", targets.role_target),
        "L405": Rule("A value of another type", "warning", targets.other_type),
    }
)


def check(expression: Expression | str, context: Context | None = None) -> list[Finding]:
    """What the rules find, by place; of an expression that has no text, in the text that `render` gives it."""
    text = expression if isinstance(expression, str) else render(expression)
    try:
        root = places(text, parse(text))
    except ExpressionError as error:
        rule = "L111" if len(text) > MAX_LENGTH else "L100"
        return [Finding(rule, error.message, error.hint, "error", error.offset)]
    found = [finding for name, rule in RULES.items() for finding in _findings(name, rule, root, context or Context())]
    return sorted(found, key=lambda finding: (finding.offset, finding.rule))


def _findings(name: str, rule: Rule, root: Place, context: Context) -> Iterator[Finding]:
    for complaint in rule.find(root, context):
        yield Finding(name, complaint.message, complaint.hint, complaint.severity or rule.severity, complaint.offset)
