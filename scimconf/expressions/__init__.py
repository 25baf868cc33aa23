"""The language of attribute mappings: text to expression, expression to text, and to and from Graph's source trees.

    parse(text)  ─▶  Expression  ─▶  render(…)      the canonical text: equal trees, equal text
    from_source  ─▶      │       ─▶  to_source(…)   attributeMappingSource as JSON

A plan compares `render(parse(spec's text))` with `render(from_source(live tree))`, without asking the service. This
package is pure and imports nothing of ours: the sandbox shares it with the client.

`evaluate(…)` and `check(…)` are of this package too; `evaluation` and `lint`, where they stand with their types, are
imported when they are first asked for, so that a plan without questions does not pay for them.
"""

from typing import TYPE_CHECKING, Any

from scimconf.expressions.canonical import canonicalize
from scimconf.expressions.catalogue import FUNCTIONS, Function, Parameter, find
from scimconf.expressions.errors import ExpressionError, locate
from scimconf.expressions.nodes import Attribute, Call, Comparison, Concatenation, Constant, Expression, Operator
from scimconf.expressions.parsing import MAX_DEPTH, MAX_LENGTH, parse
from scimconf.expressions.rendering import quote, render, render_compact
from scimconf.expressions.sources import from_source, to_source
from scimconf.expressions.visitor import attributes, children, functions, walk

if TYPE_CHECKING:
    from scimconf.expressions.evaluation import evaluate
    from scimconf.expressions.lint import check

__all__ = [
    "FUNCTIONS",
    "MAX_DEPTH",
    "MAX_LENGTH",
    "Attribute",
    "Call",
    "Comparison",
    "Concatenation",
    "Constant",
    "Expression",
    "ExpressionError",
    "Function",
    "Operator",
    "Parameter",
    "attributes",
    "canonicalize",
    "check",
    "children",
    "evaluate",
    "find",
    "from_source",
    "functions",
    "locate",
    "parse",
    "quote",
    "render",
    "render_compact",
    "to_source",
    "walk",
]


def __getattr__(name: str) -> Any:
    """The two functions whose modules are late; the names are held in `__all__`."""
    if name == "evaluate":
        from scimconf.expressions.evaluation import evaluate

        return evaluate
    if name == "check":
        from scimconf.expressions.lint import check

        return check
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
