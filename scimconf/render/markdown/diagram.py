"""The changed mappings as a mermaid flowchart; dotted arrows are sources that are removed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from scimconf.diagnostics import plural
from scimconf.plan import ApplicationPlan
from scimconf.render.common.attribute_flow import Flow, Origin, flows_by_section
from scimconf.render.common.escaping import visible
from scimconf.render.markdown.escaping import clipped

MAX_FLOWS = 40
_MAX_LABEL = 60
_SPECIAL = re.compile(r"[!-/:-@[-`{-~]")
_DOT = re.compile(r"(?<=[A-Za-z])#46;(?=[A-Za-z])")
_FRAMES = {"attribute": ("[", "]"), "constant": ("([", "])"), "function": ("[[", "]]")}


def diagram(plan: ApplicationPlan) -> str:
    """Return the flowchart with its caption; empty if no changed mapping has a known source."""
    sections = flows_by_section(plan.changes)
    if not sections:
        return ""
    more = sum(map(len, sections.values())) - MAX_FLOWS
    rest = f" {plural(more, 'more changed mapping is', 'more changed mappings are')} not drawn." if more > 0 else ""
    lines = "\n".join(_lines(sections))
    return f"Changed attribute mappings (dotted: removed).{rest}\n\n```mermaid\n{lines}\n```\n\n"


def _lines(sections: Mapping[str, Sequence[Flow]]) -> Iterator[str]:
    yield "flowchart LR"
    left = MAX_FLOWS
    for number, section in enumerate(sorted(sections)):
        drawn = sections[section][:left]
        left -= len(drawn)
        if drawn:
            yield f'  subgraph g{number}["{label(section)}"]'
            yield "    direction LR"
            yield from _section(f"g{number}", drawn)
            yield "  end"


def _section(name: str, flows: Sequence[Flow]) -> Iterator[str]:
    """Yield the nodes and arrows of one section; every attribute is one node."""
    sources = dict.fromkeys(attribute for flow in flows for attribute in flow.attributes)
    ids = {attribute: f"{name}s{number}" for number, attribute in enumerate(sources)}
    for attribute, node in ids.items():
        yield f'    {node}["{label(attribute)}"]'
    for number, flow in enumerate(flows):
        target = f"{name}t{number}"
        yield f'    {target}["{label(flow.target)}"]'
        for origin, state in flow.origins.items():
            is_removed = state == "removed"
            yield from _arrows(
                ids, origin, f"{target}{'b' if is_removed else 'a'}", target, "-.->" if is_removed else "-->"
            )


def _arrows(ids: dict[str, str], origin: Origin, between: str, target: str, arrow: str) -> Iterator[str]:
    if origin.shape == "attribute":
        yield f"    {ids[origin.label]} {arrow} {target}"
        return
    opened, closed = _FRAMES[origin.shape]
    yield f'    {between}{opened}"{label(origin.label)}"{closed} {arrow} {target}'
    for attribute in origin.attributes:
        yield f"    {ids[attribute]} {arrow} {between}"


def label(text: str) -> str:
    """Return a text for a node's label; characters that mermaid or Markdown could interpret become entities."""
    encoded = _SPECIAL.sub(lambda match: f"#{ord(match.group())};", clipped(visible(text), _MAX_LABEL))
    return _DOT.sub(".", encoded) or " "
