"""Where the changed attributes of the application come from, before and after: what both pages draw.

A flow whose source a plan does not tell (a saved plan tells what changes, and no more) is not drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from scimconf.expressions import Attribute, Call, Constant, ExpressionError, attributes, parse
from scimconf.plan import Change, Resource
from scimconf.render.common.values import inline

Json = Any
KIND = "attribute_mapping"
Shape = Literal["attribute", "constant", "function"]


@dataclass(frozen=True, slots=True)
class Origin:
    """What a value is made of: one attribute, no attribute at all, or a function of some."""

    shape: Shape
    label: str
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Flow:
    """One attribute of the application; a side is None where nothing flows."""

    section: str
    target: str
    before: Origin | None
    after: Origin | None


def flows(changes: Iterable[Change]) -> Iterator[Flow]:
    """The flow of every changed mapping of which it is known."""
    for change in changes:
        if change.kind == KIND:
            section, _, target = change.address.rest.partition("/")
            before, after = _origin(change, change.before, 0), _origin(change, change.after, 1)
            if before or after:
                yield Flow(section, target, before, after)


def _origin(change: Change, resource: Resource | None, side: int) -> Origin | None:
    return origin(_value(change, resource, "source", side), _value(change, resource, "default", side))


def _value(change: Change, resource: Resource | None, name: str, side: int) -> Json:
    if resource is not None and name in resource.fields:
        return resource.fields[name]
    one = change.field(name)
    return (one.before, one.after)[side] if one else None


def origin(source: Json, default: Json = None) -> Origin | None:
    """What a mapping's source and its default are; the default counts where there is no source."""
    if source is None:
        return None if default is None else Origin("constant", f"default {inline(default)}")
    try:
        expression = parse(source) if isinstance(source, str) else None
    except ExpressionError:
        expression = None
    match expression:
        case Attribute(name):
            return Origin("attribute", name, (name,))
        case Constant():
            return Origin("constant", inline(source))
        case Call(name):
            return Origin("function", f"{name}(…)", attributes(expression))
        case _:
            return Origin("function", inline(source), attributes(expression) if expression else ())
