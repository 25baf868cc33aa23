"""What an expression comes to, offline and exactly: a value, or the reason why there is none.

    evaluate(expression, attributes, now=…)     one value
    prepare(expression)                         the same as a function, for many users

What the documentation leaves open is `Undetermined`; what the service would refuse is a `Failure`. `scope` says who
is in scope in the same way.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from scimconf.expressions.evaluation.compiler import CompiledExpression, compile_expression
from scimconf.expressions.evaluation.scope import assigned, assigned_users, in_scope
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

__all__ = [
    "AttributeValue",
    "CompiledExpression",
    "EvaluationContext",
    "Failure",
    "Ignored",
    "Undetermined",
    "Value",
    "assigned",
    "assigned_users",
    "compile_expression",
    "evaluate",
    "in_scope",
]


def evaluate(
    expression: Expression | str,
    attributes: Mapping[str, AttributeValue],
    *,
    now: datetime,
    existing: Collection[str] | None = None,
    tenant_domain: str | None = None,
    guid: str | None = None,
) -> Value:
    """The value of an expression for one user's source attributes; of a text, ExpressionError if it cannot be read."""
    tree = parse(expression) if isinstance(expression, str) else expression
    return compile_expression(tree)(attributes, EvaluationContext(now, existing, tenant_domain, guid))
