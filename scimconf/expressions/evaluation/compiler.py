"""An expression as a Python function: built once for a mapping, called once for each user.

The tree becomes nested closures, each for one node; what can be decided from the text alone (missing arguments, unknown
functions) is decided here, and told when it is called, since an untaken branch is not looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from scimconf.expressions.canonical import fill_arguments
from scimconf.expressions.dotnet.errors import EvaluationStop, ServiceFailure, UndocumentedBehaviour
from scimconf.expressions.dotnet.ticks import DotNetDateTime
from scimconf.expressions.evaluation import control_flow
from scimconf.expressions.evaluation.arguments import ArgumentConverter, element, seen
from scimconf.expressions.evaluation.comparison import compare
from scimconf.expressions.evaluation.control_flow import Evaluator
from scimconf.expressions.evaluation.functions import (
    FOREIGN,
    IMPLEMENTATIONS,
    UNDESCRIBED,
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
from scimconf.expressions.parsing import MAX_DEPTH
from scimconf.expressions.visitor import children

CompiledExpression: TypeAlias = Callable[[Mapping[str, AttributeValue], EvaluationContext], Value]

_KEYWORDS = {"IgnoreAttributeFlow": Ignored(), "IgnoreObjectFlow": Ignored(whole_object=True)}
_TOO_DEEP = Undetermined(f"functions are nested deeper than {MAX_DEPTH} levels")
_NO_ROOM = Undetermined("the program that asks is nested too deeply itself for this to be tried")
_CONDITIONAL = frozenset({"IIF", "CBool"})
_BRANCHING = {
    "Coalesce": control_flow.coalesce,
    "IIF": control_flow.iif,
    "IsString": control_flow.is_string,
    "Switch": control_flow.switch,
}
_WORDS = {"InStr": strings.COMPARISONS, "ConvertFromBase64": tuple(values.ENCODINGS)}  # the words that only they know


def compile_expression(expression: Expression) -> CompiledExpression:
    """The function that gives an expression's value for a user's attributes; it never raises."""
    if _too_deep(expression):
        return lambda _attributes, _told: _TOO_DEEP
    if isinstance(expression, Constant):
        text = expression.text
        return lambda _attributes, _told: text
    if isinstance(expression, Attribute):
        return _direct(expression.name)
    try:
        return _shielded(_outermost(expression))
    except RecursionError:
        return lambda _attributes, _told: _NO_ROOM


def _direct(name: str) -> CompiledExpression:
    def run(attributes: Mapping[str, AttributeValue], told: EvaluationContext) -> Value:
        value = attributes.get(name)
        if value.__class__ is str or value is None:
            return value
        return read(attributes, told)

    read = _shielded(_attribute(name))
    return run


def _shielded(runner: Evaluator) -> CompiledExpression:
    """The way out: a stop becomes the value that it is, anything typed its text."""

    def run(attributes: Mapping[str, AttributeValue], told: EvaluationContext) -> Value:
        try:
            value = runner(attributes, told)
            return value if value.__class__ is str else _value(value)
        except ServiceFailure as failed:
            return Failure(str(failed))
        except EvaluationStop as stop:
            return Undetermined(str(stop))
        except RecursionError:
            return _NO_ROOM  # made before: there may be no room to make one

    return run


def _value(value: TypedValue) -> Value:
    if isinstance(value, tuple):
        return tuple(map(element, value))
    return str(value) if isinstance(value, int | DotNetDateTime) else value


def _outermost(tree: Expression) -> Evaluator:
    if isinstance(tree, Call) and tree.name == "SelectUniqueValue" and not tree.keys:
        return _branching(fill_arguments(tree), control_flow.select_unique_value)
    return _runner(tree)


def _runner(tree: Expression) -> Evaluator:
    match tree:
        case Attribute(name):
            return _attribute(name)
        case Constant():
            return _spoken(tree)
        case Call():
            return _call(tree)
        case Comparison():
            return _stopping(UndocumentedBehaviour("a comparison is documented only inside of IIF and CBool"))
        case _:
            return _stopping(UndocumentedBehaviour("& is documented only for cloud sync"))


def _attribute(name: str) -> Evaluator:
    def run(attributes: Mapping[str, Any], _told: EvaluationContext) -> TypedValue:
        value = attributes.get(name)
        return value if value.__class__ is str else seen(value)

    return run


def _spoken(constant: Constant) -> Evaluator:
    """A text, or one of the few words without quotes; a text that is spelt as one may be it at the service."""
    if constant.text in _KEYWORDS:
        if constant.bare:
            return _constant(_KEYWORDS[constant.text])
        return _stopping(
            UndocumentedBehaviour(f'whether "{constant.text}" in quotes is a text or the word is not documented')
        )
    if control_flow.is_word(constant):
        return _stopping(
            UndocumentedBehaviour(f"{constant.text} without quotes or brackets is no word of the language")
        )
    return _constant(constant.text)


def _constant(value: TypedValue) -> Evaluator:
    return lambda _attributes, _told: value


def _stopping(stop: EvaluationStop) -> Evaluator:
    def run(_attributes: Mapping[str, Any], _told: EvaluationContext) -> TypedValue:
        raise type(stop)(stop.reason, stop.function)  # a new one: a traceback grows with each raise

    return run


def _compared(tree: Comparison) -> Evaluator:
    left, right, operator = _runner(tree.left), _runner(tree.right), tree.operator
    return lambda attributes, told: compare(left(attributes, told), operator, right(attributes, told))


def _call(call: Call) -> Evaluator:
    if call.keys:
        return _stopping(UndocumentedBehaviour("its arguments have names that are not published", call.name))
    if call.name == "SelectUniqueValue":
        return _stopping(ServiceFailure("it stands only outermost", call.name))
    if call.name == "Switch" and None in call.arguments[2:]:
        return _stopping(UndocumentedBehaviour("a key or a value that is left empty is not documented", call.name))
    if call.name in _BRANCHING:
        return _branching(fill_arguments(call), _BRANCHING[call.name])
    if call.name in IMPLEMENTATIONS:
        return _strict(fill_arguments(call), IMPLEMENTATIONS[call.name])
    return _stopping(UndocumentedBehaviour(_unknown(call.name), call.name))


def _unknown(name: str) -> str:
    if name in FOREIGN:
        return "it is described for cloud sync only, and not evaluated"
    return "no text describes it" if name in UNDESCRIBED else "it is in no published list of functions"


def _arguments(call: Call) -> control_flow.Arguments:
    return tuple(None if each is None else _argument(call, each) for each in call.arguments)


def _argument(call: Call, argument: Expression) -> Evaluator:
    if isinstance(argument, Comparison) and call.name in _CONDITIONAL:
        return _compared(argument)
    if isinstance(argument, Constant) and argument.text in _WORDS.get(call.name, ()):
        return _constant(argument.text)
    return _runner(argument)


def _branching(call: Call, make: control_flow.EvaluatorFactory) -> Evaluator:
    try:
        return _named(call.name, make(call, _arguments(call)))
    except EvaluationStop as stop:
        return _stopping(stop.within(call.name))


def _named(name: str, runner: Evaluator) -> Evaluator:
    """The same, its stops naming the function."""

    def run(attributes: Mapping[str, Any], told: EvaluationContext) -> TypedValue:
        try:
            return runner(attributes, told)
        except EvaluationStop as stop:
            raise stop.within(name) from None

    return run


def _strict(call: Call, recipe: FunctionImplementation) -> Evaluator:
    """A function that looks at all of its arguments."""
    arguments = _arguments(call)
    fixed = len(recipe.takes)
    if len(arguments) > fixed and recipe.rest is None:
        return _stopping(ServiceFailure(f"it takes {fixed} arguments, not {len(arguments)}", call.name))
    places = (*arguments, *(None,) * (fixed - len(arguments)))
    absent = [place for place, each in enumerate(places[:fixed]) if each is None and place not in recipe.optional]
    if absent:
        return _stopping(ServiceFailure(f"its argument {absent[0] + 1} is missing", call.name))
    pairs = tuple(zip(recipe.takes, places[:fixed], strict=True))
    if recipe.rest is not None:
        return _named(call.name, _variadic(recipe, pairs, tuple(each for each in places[fixed:] if each)))
    function, gives_told = recipe.run, recipe.told

    def run(attributes: Mapping[str, Any], told: EvaluationContext) -> TypedValue:
        try:
            taken = [each and take(each(attributes, told)) for take, each in pairs]
            return function(told, *taken) if gives_told else function(*taken)  # type: ignore[no-any-return]
        except EvaluationStop as stop:
            raise stop.within(call.name) from None

    return run


def _variadic(
    recipe: FunctionImplementation,
    pairs: tuple[tuple[ArgumentConverter, Evaluator | None], ...],
    behind: tuple[Evaluator, ...],
) -> Evaluator:
    """A function of any number of arguments, which come one by one: it need not have them all at once."""
    take_rest = recipe.rest
    assert take_rest is not None

    def run(attributes: Mapping[str, Any], told: EvaluationContext) -> TypedValue:
        taken = [each and take(each(attributes, told)) for take, each in pairs]
        return recipe.run(*taken, (take_rest(each(attributes, told)) for each in behind))  # type: ignore[no-any-return]

    return run


def _too_deep(expression: Expression) -> bool:
    """Whether a tree that was not parsed is deeper than any text could be: in calls, or in other parts."""
    rest = [(expression, 0, 0)]
    while rest:
        node, calls, others = rest.pop()
        calls, others = (calls + 1, others) if isinstance(node, Call) else (calls, others + 1)
        if calls > MAX_DEPTH or others > MAX_DEPTH * 2 + 1:
            return True
        rest += [(child, calls, others) for child in children(node)]
    return False
