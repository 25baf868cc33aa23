"""The attribute flow as boxes and lines with places on a canvas; the template draws them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from scimconf.plan import Change
from scimconf.render.markdown.flow import Flow, Origin, flows
from scimconf.render.terminal.characters import cells, visible

MOST = 120
WIDTH = 1_080
_BOX, _HEIGHT, _STEP, _TOP = 300, 26, 36, 8
_COLUMNS = {"source": 0, "between": 390, "target": WIDTH - _BOX}
_TEXT = 38


@dataclass(frozen=True, slots=True)
class Box:
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
class Line:
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
class Picture:
    """One section's flow; `said` is the same in words, `more` counts the mappings that are not drawn."""

    section: str
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    said: tuple[str, ...]
    more: int = 0
    width: int = WIDTH


def pictures(changes: Iterable[Change]) -> tuple[Picture, ...]:
    """A picture for every section of which a mapping changes."""
    sections: dict[str, list[Flow]] = {}
    for flow in flows(changes):
        sections.setdefault(flow.section, []).append(flow)
    return tuple(_picture(name, own[:MOST], len(own) - MOST) for name, own in sections.items())


def _picture(section: str, own: Sequence[Flow], more: int) -> Picture:
    sources = dict.fromkeys(name for flow in own for one in _sides(flow) for name in one.attributes)
    places = {name: _row(number) for number, name in enumerate(sources)}
    between = [(number, one) for number, flow in enumerate(own) for one in _sides(flow) if one.shape != "attribute"]
    boxes = [_box("source", y, "attribute", name) for name, y in places.items()]
    lines: list[Line] = []
    middles: dict[tuple[int, Origin], int] = {}
    for row, (number, one) in enumerate(between):
        middles[number, one] = _row(row)
        boxes.append(_box("between", _row(row), one.shape, one.label, _state(own[number], one)))
    for number, flow in enumerate(own):
        boxes.append(_box("target", _row(number), "target", flow.target, _fate(flow)))
        for one in _sides(flow):
            lines += _lines(flow, one, places, middles.get((number, one)), _row(number))
    rows = max(len(sources), len(between), len(own))
    said = tuple(map(_said, own))
    return Picture(visible(section), _row(rows) + _TOP, tuple(boxes), tuple(lines), said, max(more, 0))


def _sides(flow: Flow) -> list[Origin]:
    """What flows, and what does so no more."""
    return [one for one in dict.fromkeys((flow.before, flow.after)) if one is not None]


def _row(number: int) -> int:
    return _TOP + number * _STEP


def _box(column: str, y: int, shape: str, text: str, state: str = "kept") -> Box:
    whole = visible(text)
    return Box(_COLUMNS[column], y, shape, _short(whole), whole, state)


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


def _lines(flow: Flow, one: Origin, places: Mapping[str, int], middle: int | None, target: int) -> Iterator[Line]:
    state, half = _state(flow, one), _HEIGHT // 2
    right, left = _COLUMNS["source"] + _BOX, _COLUMNS["target"]
    if middle is None:
        for name in one.attributes:
            yield Line(right, places[name] + half, left, target + half, state)
        return
    for name in one.attributes:
        yield Line(right, places[name] + half, _COLUMNS["between"], middle + half, state)
    yield Line(_COLUMNS["between"] + _BOX, middle + half, left, target + half, state)


def _said(flow: Flow) -> str:
    """`externalId: objectId → mailNickname`, for who does not see the picture."""
    before, after = (visible(one.label) if one else "nothing" for one in (flow.before, flow.after))
    return f"{visible(flow.target)}: {before if before == after else f'{before} → {after}'}"
