"""Compilation of an expression to a Python function, once for a mapping, which is then called for each user.

The tree becomes nested closures, one for each node. Defects of the text (missing arguments, unknown functions) are
detected here, but reported when the closure is called, since a branch that is not taken is not evaluated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from scimconf.expressions.canonical import fill_arguments, respell
from scimconf.expressions.catalogue import FUNCTIONS
from scimconf.expressions.dotnet.errors import (
    EvaluationStop,
    ServiceFailure,
    UndocumentedBehaviour,
    UndocumentedCase,
    UnknownFunction,
)
from scimconf.expressions.dotnet.ticks import DotNetDateTime
from scimconf.expressions.errors import suggest
from scimconf.expressions.evaluation import control_flow
from scimconf.expressions.evaluation.arguments import from_attribute, to_element
from scimconf.expressions.evaluation.comparison import compare
from scimconf.expressions.evaluation.control_flow import Arguments, Evaluator, EvaluatorFactory
from scimconf.expressions.evaluation.functions import (
    CLOUD_SYNC_ONLY,
    IMPLEMENTATIONS,
    UNDOCUMENTED,
    FunctionImplementation,
    strings,
    values,
)
from scimconf.expressions.evaluation.values import (
    AttributeValue,
    EvaluationContext,
    Failure,
    Ignored,
    TypedValue,
    Undetermined,
    Value,
)
from scimconf.expressions.nodes import Attribute, Call, Comparison, Constant, Expression
from scimconf.expressions.parsing import MAX_DEPTH, STACK_TOO_DEEP
from scimconf.expressions.visitor import children

CompiledExpression: TypeAlias = Callable[[Mapping[str, AttributeValue], EvaluationContext], Value]

_KEYWORDS = {"IgnoreAttributeFlow": Ignored(), "IgnoreObjectFlow": Ignored(whole_object=True)}
_TOO_DEEP = Undetermined(f"functions are nested deeper than {MAX_DEPTH} levels")
_STACK_TOO_DEEP = Undetermined(STACK_TOO_DEEP)
_CONDITIONAL = frozenset({"IIF", "CBool"})
_CONTROL_FLOW: Mapping[str, EvaluatorFactory] = {
    "Coalesce": control_flow.coalesce,
    "IIF": control_flow.iif,
    "IsString": control_flow.is_string,
    "Switch": control_flow.switch,
}
_WORDS = {"InStr": strings.COMPARISONS, "ConvertFromBase64": tuple(values.ENCODINGS)}  # keywords of one function only


def compile_expression(expression: Expression) -> CompiledExpression:
    """Return a function of a user's attributes and a context that returns the expression's value; it never raises."""
    if _too_deep(expression):
        return lambda _attributes, _context: _TOO_DEEP
    if isinstance(expression, Attribute):
        return _direct(expression.name)
    if isinstance(expression, Constant):
        return _without_exceptions(_constant(expression.text))
    try:
        return _without_exceptions(_outermost(respell(expression)))
    except RecursionError:
        return lambda _attributes, _context: _STACK_TOO_DEEP


def _direct(name: str) -> CompiledExpression:
    convert = _without_exceptions(_attribute(name))

    def run(attributes: Mapping[str, AttributeValue], context: EvaluationContext) -> Value:
        value = attributes.get(name)
        if value.__class__ is str or value is None:
            return value
        return convert(attributes, context)

    return run


def _without_exceptions(evaluator: Evaluator) -> CompiledExpression:
    """Return the evaluator with exceptions converted to values, and typed values to strings."""

    def run(attributes: Mapping[str, AttributeValue], context: EvaluationContext) -> Value:
        try:
            value = evaluator(attributes, context)
            return value if value.__class__ is str else _untyped(value)
        except ServiceFailure as failure:
            return Failure(str(failure))
        except EvaluationStop as stop:
            return Undetermined(str(stop))
        except RecursionError:
            return _STACK_TOO_DEEP  # created before: the stack may be too deep to create a value

    return run


def _untyped(value: TypedValue) -> Value:
    if isinstance(value, tuple):
        return tuple(map(to_element, value))
    return str(value) if isinstance(value, int | DotNetDateTime) else value


def _outermost(tree: Expression) -> Evaluator:
    if isinstance(tree, Call) and tree.name == "SelectUniqueValue" and not tree.keys:
        return _control_flow(fill_arguments(tree), control_flow.select_unique_value)
    return _evaluator(tree)


def _evaluator(tree: Expression) -> Evaluator:
    match tree:
        case Attribute(name):
            return _attribute(name)
        case Constant():
            return _string_or_keyword(tree)
        case Call():
            return _call(tree)
        case Comparison():
            return _undocumented("Microsoft documents comparisons only inside IIF and CBool")
        case _:
            return _undocumented("Microsoft documents & only for cloud sync; use Append or Join")


def _attribute(name: str) -> Evaluator:
    def run(attributes: Mapping[str, Any], _context: EvaluationContext) -> TypedValue:
        value = attributes.get(name)
        return value if value.__class__ is str else from_attribute(value)

    return run


def _string_or_keyword(constant: Constant) -> Evaluator:
    """Return a string, or the value of a keyword. The service may take a string in quotes for the keyword as well."""
    text = constant.text
    if text in _KEYWORDS:
        if constant.bare:
            return _constant(_KEYWORDS[text])
        return _undocumented(f'Microsoft does not document whether "{text}" in quotes is a string or the keyword')
    if control_flow.is_word(constant):
        return _undocumented(f'unquoted word `{text}`. Write "{text}" or [{text}]')
    return _constant(text)


def _constant(value: TypedValue) -> Evaluator:
    return lambda _attributes, _context: value


def _undocumented(reason: str) -> Evaluator:
    return _stopping(UndocumentedBehaviour(reason))


def _stopping(stop: EvaluationStop) -> Evaluator:
    def run(_attributes: Mapping[str, Any], _context: EvaluationContext) -> TypedValue:
        raise type(stop)(stop.reason, stop.function)  # a new exception: a traceback grows with each raise

    return run


def _call(call: Call) -> Evaluator:
    if stop := _stop(call):
        return _stopping(stop.within(call.name))
    if call.name in _CONTROL_FLOW:
        return _control_flow(fill_arguments(call), _CONTROL_FLOW[call.name])
    return _strict(fill_arguments(call), IMPLEMENTATIONS[call.name])


def _stop(call: Call) -> EvaluationStop | None:
    """Return the reason why a call cannot be evaluated, None if it can."""
    if call.keys:
        return UndocumentedBehaviour("Microsoft has not published the names of its parameters")
    if call.name == "SelectUniqueValue":
        return ServiceFailure("must be the outermost function")
    if call.name == "Switch" and None in call.arguments[2:]:
        return UndocumentedCase("with an empty key or value")
    if call.name in CLOUD_SYNC_ONLY | UNDOCUMENTED:
        return UndocumentedCase("for applications, only for cloud sync" if call.name in CLOUD_SYNC_ONLY else "")
    if call.name in FUNCTIONS:
        return None
    match = suggest(call.name, FUNCTIONS)
    return UnknownFunction(f"unknown function `{call.name}`" + (f". Did you mean `{match}`?" if match else ""))


def _arguments(call: Call) -> Arguments:
    return tuple(None if argument is None else _argument(call, argument) for argument in call.arguments)


def _argument(call: Call, argument: Expression) -> Evaluator:
    if isinstance(argument, Comparison) and call.name in _CONDITIONAL:
        left, right, operator = _evaluator(argument.left), _evaluator(argument.right), argument.operator
        return lambda attributes, context: compare(left(attributes, context), operator, right(attributes, context))
    if isinstance(argument, Constant) and argument.text in _WORDS.get(call.name, ()):
        return _constant(argument.text)
    return _evaluator(argument)


def _control_flow(call: Call, factory: EvaluatorFactory) -> Evaluator:
    try:
        return _within(call.name, factory(call, _arguments(call)))
    except EvaluationStop as stop:
        return _stopping(stop.within(call.name))


def _within(name: str, evaluator: Evaluator) -> Evaluator:
    """Return the evaluator with exceptions that name the function."""

    def run(attributes: Mapping[str, Any], context: EvaluationContext) -> TypedValue:
        try:
            return evaluator(attributes, context)
        except EvaluationStop as stop:
            raise stop.within(name) from None

    return run


def _strict(call: Call, implementation: FunctionImplementation) -> Evaluator:
    """Return the evaluator of a function that evaluates all of its arguments.

    Arguments beyond those with a converter of their own are an iterator, since the function may not need all of them.
    """
    arguments = _arguments(call)
    fixed = len(implementation.converters)
    function, with_context, convert_rest = implementation.run, implementation.with_context, implementation.rest
    if len(arguments) > fixed and convert_rest is None:
        return _stopping(ServiceFailure(f"expected {fixed} arguments, got {len(arguments)}", call.name))
    padded = (*arguments, *(None,) * (fixed - len(arguments)))
    for position, argument in enumerate(padded[:fixed]):
        if argument is None and position not in implementation.optional:
            return _stopping(ServiceFailure(f"argument {position + 1} is missing", call.name))
    pairs = tuple(zip(implementation.converters, padded[:fixed], strict=True))
    further = tuple(argument for argument in padded[fixed:] if argument)

    def run(attributes: Mapping[str, Any], context: EvaluationContext) -> TypedValue:
        values = [argument and convert(argument(attributes, context)) for convert, argument in pairs]
        if convert_rest is not None:
            values.append(convert_rest(argument(attributes, context)) for argument in further)
        return function(context, *values) if with_context else function(*values)  # type: ignore[no-any-return]

    return _within(call.name, run)


def _too_deep(expression: Expression) -> bool:
    """Return whether a tree that was not parsed is deeper than any text could be, in calls or in other nodes."""
    rest = [(expression, 0, 0)]
    while rest:
        node, calls, others = rest.pop()
        calls, others = (calls + 1, others) if isinstance(node, Call) else (calls, others + 1)
        if calls > MAX_DEPTH or others > MAX_DEPTH * 2 + 1:
            return True
        rest += [(child, calls, others) for child in children(node)]
    return False
