"""The attribute flow as boxes and lines with places on a canvas; the template draws them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from scimconf.plan import Change
from scimconf.render.common.attribute_flow import Flow, Origin, flows
from scimconf.render.common.escaping import cells, visible

MOST = 120
WIDTH = 1_080
_BOX, _HEIGHT, _STEP, _TOP = 300, 26, 36, 8
_COLUMNS = {"source": 0, "between": 390, "target": WIDTH - _BOX}
_TEXT = 38


@dataclass(frozen=True, slots=True)
class DiagramBox:
    """A named thing: `shape` is attribute, constant, function or target, `state` what becomes of it."""

    x: int
    y: int
    shape: str
    text: str
    whole: str
    state: str = "kept"
    width: int = _BOX
    height: int = _HEIGHT


@dataclass(frozen=True, slots=True)
class DiagramLine:
    """A curve from one box's right edge to another's left; `state` is new, gone or kept."""

    x1: int
    y1: int
    x2: int
    y2: int
    state: str

    @property
    def rank(self) -> int:
        """What is drawn later lies above."""
        return ("kept", "gone", "new").index(self.state)

    @property
    def path(self) -> str:
        middle = (self.x1 + self.x2) // 2
        return f"M{self.x1} {self.y1} C{middle} {self.y1} {middle} {self.y2} {self.x2} {self.y2}"


@dataclass(frozen=True, slots=True)
class FlowDiagram:
    """One section's flow; `said` is the same in words, `more` counts the mappings that are not drawn."""

    section: str
    height: int
    boxes: tuple[DiagramBox, ...]
    lines: tuple[DiagramLine, ...]
    said: tuple[str, ...]
    more: int = 0
    width: int = WIDTH


def pictures(changes: Iterable[Change]) -> tuple[FlowDiagram, ...]:
    """A picture for every section of which a mapping changes."""
    sections: dict[str, list[Flow]] = {}
    for flow in flows(changes):
        sections.setdefault(flow.section, []).append(flow)
    return tuple(_picture(name, own[:MOST], len(own) - MOST) for name, own in sections.items())


@dataclass(frozen=True, slots=True)
class _BoxPosition:
    """The rows of one flow: its own, those of the boxes between, and those of the attributes that it is first to use."""

    flow: Flow
    row: int
    sources: Mapping[str, int]
    between: Mapping[Origin, int]


def _picture(section: str, own: Sequence[Flow], more: int) -> FlowDiagram:
    places = list(_placed(own))
    sources = {name: y for place in places for name, y in place.sources.items()}
    boxes = tuple(box for place in places for box in _boxes(place))
    lines = tuple(line for place in places for line in _lines(place, sources))
    height = max(box.y for box in boxes) + _STEP
    return FlowDiagram(visible(section), height, boxes, lines, tuple(map(_said, own)), max(more, 0))


def _placed(own: Iterable[Flow]) -> Iterator[_BoxPosition]:
    """Each flow below the last, so that its lines run straight; an attribute stands where it is used first."""
    top, known = 0, set[str]()
    for flow in own:
        between = [one for one in _sides(flow) if one.shape != "attribute"]
        used = dict.fromkeys(name for one in _sides(flow) for name in one.attributes)
        new = [name for name in used if name not in known]
        known.update(new)
        rows = max(1, len(between), len(new))
        yield _BoxPosition(
            flow,
            _row(top + (rows - 1) / 2),
            {name: _row(top + number + (rows - len(new)) / 2) for number, name in enumerate(new)},
            {one: _row(top + number + (rows - len(between)) / 2) for number, one in enumerate(between)},
        )
        top += rows


def _boxes(place: _BoxPosition) -> Iterator[DiagramBox]:
    for name, y in place.sources.items():
        yield _box("source", y, "attribute", name)
    for one, y in place.between.items():
        yield _box("between", y, one.shape, one.label, _state(place.flow, one))
    yield _box("target", place.row, "target", place.flow.target, _fate(place.flow))


def _sides(flow: Flow) -> list[Origin]:
    """What flows, and what does so no more."""
    return [one for one in dict.fromkeys((flow.before, flow.after)) if one is not None]


def _row(number: float) -> int:
    return int(_TOP + number * _STEP)


def _box(column: str, y: int, shape: str, text: str, state: str = "kept") -> DiagramBox:
    whole = visible(text)
    return DiagramBox(_COLUMNS[column], y, shape, _short(whole), whole, state)


def _short(text: str) -> str:
    """As much of both ends as a box holds."""
    if cells(text) <= _TEXT:
        return text
    part = _TEXT // 2 if text.isascii() else _TEXT // 4
    return f"{text[: part - 1]}…{text[-part:]}"


def _state(flow: Flow, one: Origin) -> str:
    if flow.before == flow.after:
        return "kept"
    return "gone" if one == flow.before else "new"


def _fate(flow: Flow) -> str:
    if flow.before is None:
        return "new"
    return "gone" if flow.after is None else "kept"


def _lines(place: _BoxPosition, sources: Mapping[str, int]) -> Iterator[DiagramLine]:
    half, right, left = _HEIGHT // 2, _COLUMNS["source"] + _BOX, _COLUMNS["target"]
    for one in _sides(place.flow):
        state, x, y = _state(place.flow, one), left, place.row + half
        if one in place.between:
            x, y = _COLUMNS["between"], place.between[one] + half
            yield DiagramLine(x + _BOX, y, left, place.row + half, state)
        for name in one.attributes:
            yield DiagramLine(right, sources[name] + half, x, y, state)


def _said(flow: Flow) -> str:
    """`externalId: objectId → mailNickname`, for who does not see the picture."""
    before, after = (visible(one.label) if one else "nothing" for one in (flow.before, flow.after))
    return f"{visible(flow.target)}: {before if before == after else f'{before} → {after}'}"
