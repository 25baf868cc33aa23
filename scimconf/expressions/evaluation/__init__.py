"""Evaluation of expressions, offline: a value, or the reason why there is none.

    evaluate(expression, attributes, now=…)     one value
    compile_expression(expression)              a function of attributes and context, for many users

Where the documentation does not specify the result, the value is `Undetermined`; where the service would report an
error, it is a `Failure`. `scope` evaluates scoping filters and assignments in the same way.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from scimconf.expressions.evaluation.compiler import CompiledExpression, compile_expression
from scimconf.expressions.evaluation.scope import assigned, assigned_users, failing_clauses, in_scope
from scimconf.expressions.evaluation.values import (
    AttributeValue,
    EvaluationContext,
    Failure,
    Ignored,
    Undetermined,
    Value,
)
from scimconf.expressions.nodes import Expression
from scimconf.expressions.parsing import parse

__all__ = ["AttributeValue", "CompiledExpression", "EvaluationContext", "Failure", "Ignored", "Undetermined", "Value"]
__all__ += ["assigned", "assigned_users", "compile_expression", "evaluate", "failing_clauses", "in_scope"]


def evaluate(
    expression: Expression | str,
    attributes: Mapping[str, AttributeValue],
    *,
    now: datetime,
    existing: Collection[str] | None = None,
    tenant_domain: str | None = None,
    guid: str | None = None,
) -> Value:
    """Return the value of an expression for the source attributes of one user.

    Raise ExpressionError if the expression is a text that cannot be parsed.
    """
    tree = parse(expression) if isinstance(expression, str) else expression
    return compile_expression(tree)(attributes, EvaluationContext(now, existing, tenant_domain, guid))
