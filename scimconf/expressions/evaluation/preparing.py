"""An expression as a Python function: built once for a mapping, called once for each user.

The tree becomes nested closures, each for one node; what can be decided from the text alone (missing arguments, unknown
functions) is decided here, and told when it is called, since an untaken branch is not looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from scimconf.expressions.canon import canonical
from scimconf.expressions.dotnet.moments import Moment
from scimconf.expressions.dotnet.outcomes import FailedError, OpenError, StopError
from scimconf.expressions.evaluation import branching
from scimconf.expressions.evaluation.arguments import element, seen
from scimconf.expressions.evaluation.branching import Runner
from scimconf.expressions.evaluation.comparing import compare
from scimconf.expressions.evaluation.functions import RECIPES, UNDESCRIBED, Recipe
from scimconf.expressions.evaluation.values import (
    Circumstances,
    Failure,
    Given,
    Ignored,
    Inner,
    Undetermined,
    Value,
)
from scimconf.expressions.nodes import Attribute, Call, Comparison, Constant, Expression
from scimconf.expressions.parsing import MAX_DEPTH
from scimconf.expressions.walking import children

Prepared: TypeAlias = Callable[[Mapping[str, Given], Circumstances], Value]

_KEYWORDS = {"IgnoreAttributeFlow": Ignored(), "IgnoreObjectFlow": Ignored(whole_object=True)}
_TOO_DEEP = Undetermined(f"functions are nested deeper than {MAX_DEPTH} levels")
_CONDITIONAL = frozenset({"IIF", "CBool"})
_BRANCHING = {"Coalesce": branching.coalesce, "IIF": branching.iif, "Switch": branching.switch}


def prepare(expression: Expression) -> Prepared:
    """The function that gives an expression's value for a user's attributes; it never raises."""
    if _too_deep(expression):
        return lambda _attributes, _told: _TOO_DEEP
    tree = canonical(expression)
    if isinstance(tree, Constant):
        text = tree.text
        return lambda _attributes, _told: text
    if isinstance(tree, Attribute):
        return _direct(tree.name)
    return _shielded(_outermost(tree))


def _direct(name: str) -> Prepared:
    def run(attributes: Mapping[str, Given], told: Circumstances) -> Value:
        value = attributes.get(name)
        if value.__class__ is str or value is None:
            return value
        return read(attributes, told)

    read = _shielded(_attribute(name))
    return run


def _shielded(runner: Runner) -> Prepared:
    """The way out: a stop becomes the value that it is, anything typed its text."""

    def run(attributes: Mapping[str, Given], told: Circumstances) -> Value:
        try:
            value = runner(attributes, told)
            return value if value.__class__ is str else _value(value)
        except FailedError as failed:
            return Failure(str(failed))
        except StopError as stop:
            return Undetermined(str(stop))

    return run


def _value(value: Inner) -> Value:
    if isinstance(value, tuple):
        return tuple(map(element, value))
    return str(value) if isinstance(value, int | Moment) else value


def _outermost(tree: Expression) -> Runner:
    if isinstance(tree, Call) and tree.name == "SelectUniqueValue" and not tree.keys:
        return _branching(tree, branching.select_unique_value)
    return _runner(tree)


def _runner(tree: Expression) -> Runner:
    match tree:
        case Attribute(name):
            return _attribute(name)
        case Constant(text):
            return _constant(_KEYWORDS.get(text, text))
        case Call():
            return _call(tree)
        case Comparison():
            return _stopping(OpenError("a comparison is documented only inside of IIF and CBool"))
        case _:
            return _stopping(OpenError("& is documented only for cloud sync"))


def _attribute(name: str) -> Runner:
    def run(attributes: Mapping[str, Any], _told: Circumstances) -> Inner:
        value = attributes.get(name)
        return value if value.__class__ is str else seen(value)

    return run


def _constant(value: Inner) -> Runner:
    return lambda _attributes, _told: value


def _stopping(stop: StopError) -> Runner:
    def run(_attributes: Mapping[str, Any], _told: Circumstances) -> Inner:
        raise type(stop)(stop.reason, stop.function)  # a new one: a traceback grows with each raise

    return run


def _compared(tree: Comparison) -> Runner:
    left, right, operator = _runner(tree.left), _runner(tree.right), tree.operator
    return lambda attributes, told: compare(left(attributes, told), operator, right(attributes, told))


def _call(call: Call) -> Runner:
    if call.keys:
        return _stopping(OpenError("its arguments have names that are not published", call.name))
    if call.name == "SelectUniqueValue":
        return _stopping(FailedError("it stands only outermost", call.name))
    if call.name in _BRANCHING:
        return _branching(call, _BRANCHING[call.name])
    if call.name in RECIPES:
        return _strict(call, RECIPES[call.name])
    described = call.name not in UNDESCRIBED
    why = "it is in no published list of functions" if described else "no text describes it"
    return _stopping(OpenError(why, call.name))


def _arguments(call: Call) -> branching.Arguments:
    return tuple(None if each is None else _argument(call, each) for each in call.arguments)


def _argument(call: Call, argument: Expression) -> Runner:
    if isinstance(argument, Comparison) and call.name in _CONDITIONAL:
        return _compared(argument)
    return _runner(argument)


def _branching(call: Call, make: branching.Make) -> Runner:
    try:
        return _named(call.name, make(call, _arguments(call)))
    except StopError as stop:
        return _stopping(stop.within(call.name))


def _named(name: str, runner: Runner) -> Runner:
    """The same, its stops naming the function."""

    def run(attributes: Mapping[str, Any], told: Circumstances) -> Inner:
        try:
            return runner(attributes, told)
        except StopError as stop:
            raise stop.within(name) from None

    return run


def _strict(call: Call, recipe: Recipe) -> Runner:
    """A function that looks at all of its arguments."""
    arguments = _arguments(call)
    fixed = len(recipe.takes)
    if len(arguments) > fixed and recipe.rest is None:
        return _stopping(FailedError(f"it takes {fixed} arguments, not {len(arguments)}", call.name))
    filled = (*arguments, *(None,) * (fixed - len(arguments)))
    absent = [place for place, each in enumerate(filled[:fixed]) if each is None and place not in recipe.optional]
    if absent:
        return _stopping(FailedError(f"its argument {absent[0] + 1} is missing", call.name))
    takes = (*recipe.takes, *(recipe.rest for _ in filled[fixed:]))
    pairs = tuple(zip(takes, filled, strict=True))
    function, gives_told = recipe.run, recipe.told

    def run(attributes: Mapping[str, Any], told: Circumstances) -> Inner:
        try:
            taken = [each and take(each(attributes, told)) for take, each in pairs]  # type: ignore[misc]
            return function(told, *taken) if gives_told else function(*taken)  # type: ignore[no-any-return]
        except StopError as stop:
            raise stop.within(call.name) from None

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
