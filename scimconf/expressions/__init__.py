"""The language of attribute mappings: text to expression, expression to text, and to and from Graph's source trees.

    parse(text)  ─▶  Expression  ─▶  render(…)      the canonical text: equal trees, equal text
    from_source  ─▶      │       ─▶  to_source(…)   attributeMappingSource as JSON

A plan compares `render(parse(spec's text))` with `render(from_source(live tree))`, without asking the service. This
package is pure and imports nothing of ours: the sandbox shares it with the client.
"""

from scimconf.expressions.canon import canonical
from scimconf.expressions.catalogue import FUNCTIONS, Function, Parameter, find
from scimconf.expressions.errors import ExpressionError, locate
from scimconf.expressions.nodes import Attribute, Call, Comparison, Concatenation, Constant, Expression, Operator
from scimconf.expressions.parsing import MAX_DEPTH, MAX_LENGTH, parse
from scimconf.expressions.rendering import quote, render
from scimconf.expressions.sources import from_source, to_source
from scimconf.expressions.walking import attributes, children, functions, walk

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
    "canonical",
    "children",
    "find",
    "from_source",
    "functions",
    "locate",
    "parse",
    "quote",
    "render",
    "to_source",
    "walk",
]
