"""The attribute flow as boxes and lines with coordinates, which the template draws as SVG."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from scimconf.plan import Change
from scimconf.render.common.attribute_flow import Flow, Origin, flows
from scimconf.render.common.escaping import cells, visible

MAX_FLOWS = 120
WIDTH = 1_080
_BOX, _HEIGHT, _STEP, _TOP = 300, 26, 36, 8
_COLUMNS = {"source": 0, "between": 390, "target": WIDTH - _BOX}
_TEXT = 38


@dataclass(frozen=True, slots=True)
class DiagramBox:
    """A labelled box; `shape` is attribute, constant, function or target, `state` is new, removed or unchanged."""

    x: int
    y: int
    shape: str
    text: str
    whole: str
    state: str = "unchanged"
    width: int = _BOX
    height: int = _HEIGHT


@dataclass(frozen=True, slots=True)
class DiagramLine:
    """A curve from one box's right edge to another's left edge; `state` is new, removed or unchanged."""

    x1: int
    y1: int
    x2: int
    y2: int
    state: str

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
    sections: dict[str, list[Flow]] = {}
    for flow in flows(changes):
        sections.setdefault(flow.section, []).append(flow)
    return tuple(_diagram(name, group[:MAX_FLOWS], len(group) - MAX_FLOWS) for name, group in sections.items())


@dataclass(frozen=True, slots=True)
class _BoxPosition:
    """The rows of one flow: its target, the boxes in the middle, and the source attributes that it is the first to use."""

    flow: Flow
    row: int
    sources: Mapping[str, int]
    between: Mapping[Origin, int]


def _diagram(section: str, group: Sequence[Flow], more: int) -> FlowDiagram:
    positions = list(_positions(group))
    sources = {name: y for position in positions for name, y in position.sources.items()}
    boxes = tuple(box for position in positions for box in _boxes(position))
    lines = tuple(line for position in positions for line in _lines(position, sources))
    height = max(box.y for box in boxes) + _STEP
    return FlowDiagram(visible(section), height, boxes, lines, tuple(map(_description, group)), max(more, 0))


def _positions(group: Iterable[Flow]) -> Iterator[_BoxPosition]:
    """Yield each flow below the previous one; an attribute is placed where it is used first."""
    top, known = 0, set[str]()
    for flow in group:
        between = [origin for origin in flow.origins if origin.shape != "attribute"]
        used = dict.fromkeys(name for origin in flow.origins for name in origin.attributes)
        new = [name for name in used if name not in known]
        known.update(new)
        rows = max(1, len(between), len(new))
        yield _BoxPosition(
            flow,
            _row(top + (rows - 1) / 2),
            {name: _row(top + number + (rows - len(new)) / 2) for number, name in enumerate(new)},
            {origin: _row(top + number + (rows - len(between)) / 2) for number, origin in enumerate(between)},
        )
        top += rows


def _boxes(position: _BoxPosition) -> Iterator[DiagramBox]:
    for name, y in position.sources.items():
        yield _box("source", y, "attribute", name)
    for origin, y in position.between.items():
        yield _box("between", y, origin.shape, origin.label, _origin_state(position.flow, origin))
    yield _box("target", position.row, "target", position.flow.target, _target_state(position.flow))


def _row(number: float) -> int:
    return int(_TOP + number * _STEP)


def _box(column: str, y: int, shape: str, text: str, state: str = "unchanged") -> DiagramBox:
    whole = visible(text)
    return DiagramBox(_COLUMNS[column], y, shape, _short(whole), whole, state)


def _short(text: str) -> str:
    """Return as much of both ends of the text as fits a box."""
    if cells(text) <= _TEXT:
        return text
    part = _TEXT // 2 if text.isascii() else _TEXT // 4
    return f"{text[: part - 1]}…{text[-part:]}"


def _origin_state(flow: Flow, origin: Origin) -> str:
    if flow.before == flow.after:
        return "unchanged"
    return "removed" if origin == flow.before else "new"


def _target_state(flow: Flow) -> str:
    if flow.before is None:
        return "new"
    return "removed" if flow.after is None else "unchanged"


def _lines(position: _BoxPosition, sources: Mapping[str, int]) -> Iterator[DiagramLine]:
    half, right, left = _HEIGHT // 2, _COLUMNS["source"] + _BOX, _COLUMNS["target"]
    for origin in position.flow.origins:
        state, x, y = _origin_state(position.flow, origin), left, position.row + half
        if origin in position.between:
            x, y = _COLUMNS["between"], position.between[origin] + half
            yield DiagramLine(x + _BOX, y, left, position.row + half, state)
        for name in origin.attributes:
            yield DiagramLine(right, sources[name] + half, x, y, state)


def _description(flow: Flow) -> str:
    """Return `externalId: objectId → mailNickname`, for screen readers."""
    before, after = (visible(side.label) if side else "not mapped" for side in (flow.before, flow.after))
    return f"{visible(flow.target)}: {before if before == after else f'{before} → {after}'}"
