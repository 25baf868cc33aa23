"""The steps of an apply, phase by phase: each request with its body, each document with its edits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from scimconf.diagnostics import plural
from scimconf.plan import WriteOnly
from scimconf.render.common.values import block, inline
from scimconf.render.terminal.page import Page
from scimconf.snapshot import SecretRef
from scimconf.steps import Edit, NameCheck, PendingDocument, Read, Send, Step

Json = Any
_VERBS = {"put": "PUT", "put_values": "PUT", "patch": "PATCH", "never": "GET"}

_LOOKUP_TABLES = frozenset({"operators"})
"""Parts of an edit's value that are only used for lookups, and not sent."""


def step_lines(page: Page, steps: Iterable[Step]) -> Iterator[str]:
    """Yield the steps by phase, in order; all edits of one document in one phase are one write."""
    ordered = sorted(steps, key=lambda step: step.phase)
    for phase, group in groupby(ordered, key=lambda step: step.phase):
        yield from ["", page.line(2, ("strong", phase.name))]
        nodes: dict[object, list[Step]] = {}
        for number, step in enumerate(group):
            nodes.setdefault(step.document.name if isinstance(step, Edit) else number, []).append(step)
        for node in nodes.values():
            yield from _node(page, node)


def _node(page: Page, node: Sequence[Step]) -> Iterator[str]:
    yield ""
    first = node[0]
    if isinstance(first, Edit):
        title = f"write document {first.document.name} once, with {plural(len(node), 'edit')}"
        yield from page.prose(4, title, "strong", hang=2)
        yield from page.prose(6, f"{_VERBS[first.document.written]} {first.document.path}", "update", hang=4)
    for step in node:
        yield from _edit(page, step) if isinstance(step, Edit) else _request(page, step)


def _request(page: Page, step: Send | Read | NameCheck) -> Iterator[str]:
    yield from page.prose(4, step.description, "strong", hang=2)
    yield from _addresses(page, step, 6)
    if isinstance(step, NameCheck):
        yield from page.prose(6, f"GET {step.document.path}", "update", hang=4)
        return
    if isinstance(step, Read):
        yield from page.prose(6, f"GET {step.document.path}", "update", hang=4)
        yield from page.prose(6, f"until {_operation(step)}", hang=2)
        return
    yield from page.prose(6, f"{step.method} {step.path}", "update", hang=4)
    if step.body is not None:
        yield from page.lines(8, block(_printable(step.body), page.space(8)))
    if step.outputs:
        outputs = ", ".join(f"{{{name}}} = {source}" for name, source in step.outputs)
        yield from page.prose(6, f"from the response: {outputs}", "quiet", hang=2)


def _edit(page: Page, step: Edit) -> Iterator[str]:
    yield from page.prose(6, f"{step.description}: {_operation(step)}", hang=2)
    yield from _addresses(page, step, 8)
    if step.value is not None:
        yield from page.lines(8, block(_printable(step.value), page.space(8)))
    if step.expression:
        yield from page.prose(8, "source: parseExpression of", hang=2)
        yield from page.lines(10, block(step.expression, page.space(10)))


def _operation(step: Edit | Read) -> str:
    return " ".join([step.operation, *map(inline, step.key)])


def _addresses(page: Page, step: Step, indent: int) -> Iterator[str]:
    for address in step.addresses:
        if (address.rest or address.kind) not in step.description:
            yield from page.prose(indent, f"for {address.local}", "quiet", hang=2)


def _printable(value: Json) -> Json:
    """Return a body as printable data: a secret by its reference, a pending document by its name."""
    match value:
        case SecretRef():
            return WriteOnly(str(value))
        case PendingDocument(document):
            return f"(the values of {document} after its edits)"
        case dict():
            return {key: _printable(part) for key, part in value.items() if key not in _LOOKUP_TABLES}
        case list() | tuple():
            return [_printable(part) for part in value]
        case _:
            return value
