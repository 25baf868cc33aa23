"""The list that `apply` walks, phase by phase: each request with its body, each document with its edits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, assert_never

from scimconf.plan import WriteOnly
from scimconf.render.common.values import block, inline
from scimconf.render.labels import plural
from scimconf.render.terminal.page import Page
from scimconf.snapshot import SecretRef
from scimconf.steps import Edit, PendingDocument, Read, Send, Step

Json = Any
_VERBS = {"put": "PUT", "put_values": "PUT", "patch": "PATCH", "never": "GET"}

_TABLES = frozenset({"operators"})
"""Parts of an edit's value that it only looks things up in."""


def step_lines(page: Page, steps: Iterable[Step]) -> Iterator[str]:
    """Steps by phase, in their order; all edits that one phase makes of a document are one write of it."""
    ordered = sorted(steps, key=lambda step: step.phase)
    for phase, own in groupby(ordered, key=lambda step: step.phase):
        yield from ["", page.line(2, ("strong", f"{phase.name}"))]
        for together in _nodes(own):
            yield from _node(page, together)


def _nodes(steps: Iterable[Step]) -> Iterable[list[Step]]:
    """Edits of one document gathered at the first of them; every other step by itself."""
    nodes: dict[object, list[Step]] = {}
    for number, step in enumerate(steps):
        key = step.document.name if isinstance(step, Edit) else number
        nodes.setdefault(key, []).append(step)
    return nodes.values()


def _node(page: Page, together: Sequence[Step]) -> Iterator[str]:
    yield ""
    first = together[0]
    if isinstance(first, Edit):
        said = f"write the document {first.document.name} once, with {plural(len(together), 'edit')}"
        yield from page.prose(4, said, "strong", hang=2)
        yield from page.prose(6, f"{_VERBS[first.document.written]} {first.document.path}", "update", hang=4)
    for step in together:
        match step:
            case Send():
                yield from _send(page, step)
            case Edit():
                yield from _edit(page, step)
            case Read():
                yield from _read(page, step)
            case _:
                assert_never(step)


def _send(page: Page, step: Send) -> Iterator[str]:
    yield from page.prose(4, step.description, "strong", hang=2)
    yield from _serves(page, step, 6)
    yield from page.prose(6, f"{step.method} {step.path}", "update", hang=4)
    if step.body is not None:
        yield from page.lines(8, block(_plain(step.body), page.room(8)))
    if step.outputs:
        given = ", ".join(f"{{{name}}} = {source}" for name, source in step.outputs)
        yield from page.prose(6, f"the answer gives {given}", "quiet", hang=2)


def _edit(page: Page, step: Edit) -> Iterator[str]:
    yield from page.prose(6, f"{step.description}: {_operation(step)}", hang=2)
    yield from _serves(page, step, 8)
    if step.value is not None:
        yield from page.lines(8, block(_plain(step.value), page.room(8)))
    if step.expression:
        yield from page.prose(8, "source: what parseExpression makes of", hang=2)
        yield from page.lines(10, block(step.expression, page.room(10)))


def _read(page: Page, step: Read) -> Iterator[str]:
    yield from page.prose(4, step.description, "strong", hang=2)
    yield from _serves(page, step, 6)
    yield from page.prose(6, f"GET {step.document.path}", "update", hang=4)
    yield from page.prose(6, f"until {_operation(step)}", hang=2)


def _operation(step: Edit | Read) -> str:
    return " ".join([step.operation, *map(inline, step.key)])


def _serves(page: Page, step: Step, indent: int) -> Iterator[str]:
    for address in step.addresses:
        if address.local not in step.description:
            yield from page.prose(indent, f"for {address.local}", "quiet", hang=2)


def _plain(value: Json) -> Json:
    """A body as data that can be shown: a secret by the reference that names it, a folded set by its document."""
    match value:
        case SecretRef():
            return WriteOnly(str(value))
        case PendingDocument(document):
            return f"(what the edits of {document} leave)"
        case dict():
            return {key: _plain(part) for key, part in value.items() if key not in _TABLES}
        case list() | tuple():
            return [_plain(part) for part in value]
        case _:
            return value
