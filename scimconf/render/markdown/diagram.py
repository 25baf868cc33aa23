"""The changed mappings as a mermaid flowchart: an arrow for what will flow, a dotted one for what does so no more."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from scimconf.plan import ApplicationPlan
from scimconf.render.common.attribute_flow import Flow, Origin, flows
from scimconf.render.common.escaping import visible
from scimconf.render.labels import plural
from scimconf.render.markdown.escaping import clipped

MOST = 40
_LABEL = 60
_INERT = re.compile(r"[!-/:-@[-`{-~]")
_DOT = re.compile(r"(?<=[A-Za-z])#46;(?=[A-Za-z])")
_FRAMES = {"attribute": ("[", "]"), "constant": ("([", "])"), "function": ("[[", "]]")}


def diagram(plan: ApplicationPlan) -> str:
    """The flowchart with its sentence; empty where no changed mapping has a known source."""
    drawn = list(flows(plan.changes))
    if not drawn:
        return ""
    more = len(drawn) - MOST
    said = f" {plural(more, 'more changed mapping is', 'more changed mappings are')} not drawn." if more > 0 else ""
    lines = "\n".join(_lines(drawn[:MOST]))
    return (
        f"Attribute flow of the changed mappings; dotted is what flows no more.{said}\n\n```mermaid\n{lines}\n```\n\n"
    )


def _lines(drawn: Sequence[Flow]) -> Iterator[str]:
    yield "flowchart LR"
    by_section = sorted(drawn, key=lambda flow: flow.section)
    for number, (section, own) in enumerate(groupby(by_section, key=lambda flow: flow.section)):
        yield f'  subgraph g{number}["{label(section)}"]'
        yield "    direction LR"
        yield from _section(f"g{number}", list(own))
        yield "  end"


def _section(name: str, own: Sequence[Flow]) -> Iterator[str]:
    """Every attribute once, on its side; a function or a constant for itself."""
    sources = dict.fromkeys(
        attribute for flow in own for one in (flow.after, flow.before) if one for attribute in one.attributes
    )
    ids = {attribute: f"{name}s{number}" for number, attribute in enumerate(sources)}
    for attribute, node in ids.items():
        yield f'    {node}["{label(attribute)}"]'
    for number, flow in enumerate(own):
        target = f"{name}t{number}"
        yield f'    {target}["{label(flow.target)}"]'
        if flow.before and flow.before != flow.after:
            yield from _arrows(ids, flow.before, f"{target}b", target, "-.->")
        if flow.after:
            yield from _arrows(ids, flow.after, f"{target}a", target, "-->")


def _arrows(ids: dict[str, str], origin: Origin, between: str, target: str, arrow: str) -> Iterator[str]:
    if origin.shape == "attribute":
        yield f"    {ids[origin.label]} {arrow} {target}"
        return
    opened, closed = _FRAMES[origin.shape]
    yield f'    {between}{opened}"{label(origin.label)}"{closed} {arrow} {target}'
    for attribute in origin.attributes:
        yield f"    {ids[attribute]} {arrow} {between}"


def label(text: str) -> str:
    """A text between a node's quotes: whatever mermaid or Markdown could read is written as a number."""
    encoded = _INERT.sub(lambda found: f"#{ord(found.group())};", clipped(visible(text), _LABEL))
    return _DOT.sub(".", encoded) or " "
