"""The sources of the changed target attributes before and after, as drawn by the Markdown and HTML formats.

A saved plan holds only what changes; a mapping whose source is not part of the plan is not drawn.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from scimconf.expressions import Attribute, Call, Constant, ExpressionError, attributes, parse
from scimconf.kinds import BY_NAME
from scimconf.plan import Change
from scimconf.render.common.values import inline

Json = Any
Shape = Literal["attribute", "constant", "function"]
FlowState = Literal["new", "removed", "unchanged"]


@dataclass(frozen=True, slots=True)
class Origin:
    """The source of a value: one attribute, a constant, or a function of several attributes."""

    shape: Shape
    label: str
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Flow:
    """One target attribute with its sources; a side is None where the attribute is not mapped."""

    target: str
    before: Origin | None
    after: Origin | None

    @property
    def origins(self) -> dict[Origin, FlowState]:
        """The sources before and after, each once, with what the plan does to them."""
        if self.before == self.after:
            return {} if self.before is None else {self.before: "unchanged"}
        sides: list[tuple[Origin | None, FlowState]] = [(self.before, "removed"), (self.after, "new")]
        return {origin: state for origin, state in sides if origin is not None}

    @property
    def attributes(self) -> list[str]:
        """The source attributes before and after, each once."""
        return list(dict.fromkeys(name for origin in self.origins for name in origin.attributes))


def flows_by_section(changes: Iterable[Change]) -> dict[str, list[Flow]]:
    """Return the flow of every changed mapping whose source is known, by object mapping."""
    sections: dict[str, list[Flow]] = {}
    for change in changes:
        edge = BY_NAME[change.kind].attribute_flow(change) if change.kind in BY_NAME else None
        flow = Flow(edge.target, origin(*edge.before), origin(*edge.after)) if edge else None
        if edge and flow and flow.origins:
            sections.setdefault(edge.section, []).append(flow)
    return sections


def origin(source: Json, default: Json = None) -> Origin | None:
    """Return the origin of a mapping's source; a default counts where there is no source."""
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
