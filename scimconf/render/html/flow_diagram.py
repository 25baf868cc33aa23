"""The attribute flow as boxes and lines with coordinates, which the template draws as SVG."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from scimconf.plan import Change
from scimconf.render.common.attribute_flow import Flow, FlowState, Origin, flows_by_section
from scimconf.render.common.escaping import cells, visible

MAX_FLOWS = 120
WIDTH = 1_080
_BOX, _HEIGHT, _STEP, _TOP = 300, 26, 36, 8
_COLUMNS = {"source": 0, "between": 390, "target": WIDTH - _BOX}
_TEXT = 38


@dataclass(frozen=True, slots=True)
class DiagramBox:
    """A labelled box; `shape` is attribute, constant, function or target."""

    x: int
    y: int
    shape: str
    text: str
    whole: str
    state: FlowState = "unchanged"
    width: int = _BOX
    height: int = _HEIGHT


@dataclass(frozen=True, slots=True)
class DiagramLine:
    """A curve from one box's right edge to another's left edge."""

    x1: int
    y1: int
    x2: int
    y2: int
    state: FlowState

    @property
    def rank(self) -> int:
        """The drawing order: later lines cover earlier ones."""
        return ("unchanged", "removed", "new").index(self.state)

    @property
    def path(self) -> str:
        middle = (self.x1 + self.x2) // 2
        return f"M{self.x1} {self.y1} C{middle} {self.y1} {middle} {self.y2} {self.x2} {self.y2}"


@dataclass(frozen=True, slots=True)
class FlowDiagram:
    """The flow of one object mapping; `descriptions` is the same in words, `more` counts mappings that are not drawn."""

    section: str
    height: int
    boxes: tuple[DiagramBox, ...]
    lines: tuple[DiagramLine, ...]
    descriptions: tuple[str, ...]
    more: int = 0
    width: int = WIDTH


def flow_diagrams(changes: Iterable[Change]) -> tuple[FlowDiagram, ...]:
    """Return one diagram for every object mapping with changed attribute mappings."""
    return tuple(_diagram(section, flows) for section, flows in flows_by_section(changes).items())


def _diagram(section: str, flows: Sequence[Flow]) -> FlowDiagram:
    """Place each flow below the previous one, and each source attribute beside the flow that uses it first."""
    boxes: list[DiagramBox] = []
    lines: list[DiagramLine] = []
    sources: dict[str, int] = {}
    top = 0
    for flow in flows[:MAX_FLOWS]:
        new = [name for name in flow.attributes if name not in sources]
        between = [origin for origin in flow.origins if origin.shape != "attribute"]
        rows = max(1, len(between), len(new))
        own = {name: _row(top, rows, number, len(new)) for number, name in enumerate(new)}
        middle = {origin: _row(top, rows, number, len(between)) for number, origin in enumerate(between)}
        target = _row(top, rows, 0, 1)
        sources |= own
        boxes += _boxes(flow, own, middle, target)
        lines += _lines(flow, sources, middle, target)
        top += rows
    height = max(box.y for box in boxes) + _STEP
    texts = tuple(map(_description, flows[:MAX_FLOWS]))
    return FlowDiagram(section, height, tuple(boxes), tuple(lines), texts, max(len(flows) - MAX_FLOWS, 0))


def _row(top: int, rows: int, number: int, count: int) -> int:
    """Return the vertical position of box `number` of `count`, centered in `rows` rows."""
    return int(_TOP + (top + number + (rows - count) / 2) * _STEP)


def _boxes(flow: Flow, sources: Mapping[str, int], between: Mapping[Origin, int], target: int) -> Iterator[DiagramBox]:
    for name, y in sources.items():
        yield _box("source", y, "attribute", name)
    for origin, y in between.items():
        yield _box("between", y, origin.shape, origin.label, flow.origins[origin])
    state: FlowState = "new" if flow.before is None else "removed" if flow.after is None else "unchanged"
    yield _box("target", target, "target", flow.target, state)


def _box(column: str, y: int, shape: str, text: str, state: FlowState = "unchanged") -> DiagramBox:
    whole = visible(text)
    return DiagramBox(_COLUMNS[column], y, shape, _short(whole), whole, state)


def _short(text: str) -> str:
    """Return as much of both ends of the text as fits a box."""
    if cells(text) <= _TEXT:
        return text
    part = _TEXT // 2 if text.isascii() else _TEXT // 4
    return f"{text[: part - 1]}…{text[-part:]}"


def _lines(flow: Flow, sources: Mapping[str, int], between: Mapping[Origin, int], target: int) -> Iterator[DiagramLine]:
    half, left = _HEIGHT // 2, _COLUMNS["target"]
    for origin, state in flow.origins.items():
        x, y = left, target + half
        if origin in between:
            x, y = _COLUMNS["between"], between[origin] + half
            yield DiagramLine(x + _BOX, y, left, target + half, state)
        for name in origin.attributes:
            yield DiagramLine(_BOX, sources[name] + half, x, y, state)


def _description(flow: Flow) -> str:
    """Return `externalId: objectId → mailNickname`, for screen readers."""
    before, after = (visible(side.label) if side else "not mapped" for side in (flow.before, flow.after))
    return f"{visible(flow.target)}: {before if before == after else f'{before} → {after}'}"
