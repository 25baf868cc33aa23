"""The expression language of attribute mappings: parsing, printing, Graph's source trees, evaluation, lint.

    parse(text)   ─▶  Expression  ─▶  render(…)      the canonical text: equal trees have equal texts
    from_source   ─▶      │       ─▶  to_source(…)   attributeMappingSource as JSON

A plan compares `render_compact` of the desired and of the observed expression, without calling the service. This
package is pure and imports nothing else of scimconf; the client and the sandbox share it. `evaluate` and `check` are
imported when they are first used, since most commands use neither.
"""

from typing import TYPE_CHECKING, Any

from scimconf.expressions.canonical import canonicalize, respell
from scimconf.expressions.catalogue import FUNCTIONS, Function, Parameter, find, spelling
from scimconf.expressions.errors import ExpressionError, locate
from scimconf.expressions.nodes import Attribute, Call, Comparison, Concatenation, Constant, Expression, Operator
from scimconf.expressions.parsing import MAX_DEPTH, MAX_LENGTH, parse
from scimconf.expressions.rendering import quote, render, render_compact
from scimconf.expressions.sources import from_source, to_source
from scimconf.expressions.visitor import attributes, children, functions, walk

if TYPE_CHECKING:
    from scimconf.expressions.evaluation import evaluate
    from scimconf.expressions.lint import check

__all__ = ["Attribute", "Call", "Comparison", "Concatenation", "Constant", "Expression", "ExpressionError", "Operator"]
__all__ += ["FUNCTIONS", "Function", "Parameter", "find", "spelling"]
__all__ += ["MAX_DEPTH", "MAX_LENGTH", "attributes", "canonicalize", "check", "children", "evaluate", "from_source"]
__all__ += ["functions", "locate", "parse", "quote", "render", "render_compact", "respell", "to_source", "walk"]


def __getattr__(name: str) -> Any:
    if name == "evaluate":
        from scimconf.expressions.evaluation import evaluate

        return evaluate
    if name == "check":
        from scimconf.expressions.lint import check

        return check
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
