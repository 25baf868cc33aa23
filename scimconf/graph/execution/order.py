"""From steps to an order: which node waits for which, phase by phase. Pure.

Terms: a *node* is what runs as one: a single request, many of a kind in batches, one read-modify-write of a document
with all its edits of the phase, or a wait. Method: within a phase a node waits for whoever gives a name that it uses,
for the kinds that its kind comes after, for its own earlier steps, and for a document's write where it says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from scimconf.plan import Address
from scimconf.snapshot import placeholders
from scimconf.steps import Edit, Phase, Send, Step

After = Mapping[str, tuple[str, ...]]
"""Kind → the kinds whose things must exist first."""


@dataclass(frozen=True, slots=True, eq=False)
class StepNode:
    """Steps that run as one; compared by identity."""

    phase: Phase
    steps: tuple[Step, ...]

    @property
    def serves(self) -> tuple[Address, ...]:
        return tuple(dict.fromkeys(address for step in self.steps for address in step.addresses))

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(address.kind for step in self.steps for address in step.addresses)

    @property
    def document(self) -> str:
        first = self.steps[0]
        return first.document.name if isinstance(first, Edit) else ""

    @property
    def needs(self) -> frozenset[str]:
        return frozenset[str]().union(*(needs(step) for step in self.steps))

    @property
    def gives(self) -> frozenset[str]:
        return frozenset(name for step in self.steps if isinstance(step, Send) for name, _ in step.outputs)

    @property
    def says(self) -> str:
        first = self.steps[0].description
        return first if len(self.steps) == 1 else f"{first} and {len(self.steps) - 1} more"


Waits = Mapping[StepNode, frozenset[StepNode]]


def needs(step: Step) -> frozenset[str]:
    """The names that a step cannot do without."""
    if isinstance(step, Send):
        return placeholders(step.path) | placeholders(step.body)
    return step.document.required_names


def missing_names(steps: Iterable[Step], bound: Iterable[str]) -> frozenset[str]:
    """Names that steps use and nothing gives: a mistake that is told when the plan is made, not waited for."""
    listed = list(steps)
    given = {name for step in listed if isinstance(step, Send) for name, _ in step.outputs}
    return frozenset[str]().union(*(needs(step) for step in listed)) - given - frozenset(bound)


def phases(steps: Sequence[Step], after: After) -> Mapping[Phase, Waits]:
    """For each phase its nodes, and whom each waits for."""
    return {phase: _waits(steps, _nodes(phase, steps), after, phase) for phase in Phase}


def _nodes(phase: Phase, steps: Sequence[Step]) -> list[StepNode]:
    groups: dict[object, list[Step]] = defaultdict(list)
    for number, step in enumerate(steps):
        if step.phase is phase:
            groups[_group(number, step)].append(step)
    return [StepNode(phase, tuple(group)) for group in groups.values()]


def _group(number: int, step: Step) -> object:
    if isinstance(step, Edit):
        return ("edit", step.document.name)
    if isinstance(step, Send) and step.batch:
        return ("batch", step.method, step.addresses[0].kind)
    return number


def _waits(steps: Sequence[Step], nodes: Sequence[StepNode], after: After, phase: Phase) -> Waits:
    waits: dict[StepNode, set[StepNode]] = {node: set() for node in nodes}
    _by_names(nodes, waits)
    _by_kinds(nodes, waits, after, backwards=phase is Phase.CLEAR)
    _by_own_order(steps, nodes, waits)
    _by_writes(nodes, waits)
    return {node: frozenset(others - {node}) for node, others in waits.items()}


def _by_names(nodes: Sequence[StepNode], waits: Mapping[StepNode, set[StepNode]]) -> None:
    for giver in nodes:
        for node in nodes if giver.gives else ():
            if giver.gives & node.needs:
                waits[node].add(giver)


def _by_kinds(
    nodes: Sequence[StepNode], waits: Mapping[StepNode, set[StepNode]], after: After, *, backwards: bool
) -> None:
    for node in nodes:
        earlier = {one for kind in node.kinds for one in after.get(kind, ())} - node.kinds
        for other in nodes:
            if other.kinds & earlier:
                waits[other if backwards else node].add(node if backwards else other)


def _by_own_order(steps: Sequence[Step], nodes: Sequence[StepNode], waits: Mapping[StepNode, set[StepNode]]) -> None:
    """Steps of one address run in the order in which they are listed."""
    home = {id(step): node for node in nodes for step in node.steps}
    last: dict[Address, StepNode] = {}
    for step in steps:
        node = home.get(id(step))
        for address in step.addresses if node is not None else ():
            if address in last:
                waits[home[id(step)]].add(last[address])
            last[address] = home[id(step)]


def _by_writes(nodes: Sequence[StepNode], waits: Mapping[StepNode, set[StepNode]]) -> None:
    writers = {node.document: node for node in nodes if node.document}
    for node in nodes:
        for step in node.steps:
            before = step.before_write if isinstance(step, Send) else ""
            later = step.after_write if isinstance(step, (Send, Edit)) else ""
            if before in writers:
                waits[writers[before]].add(node)
            if later in writers:
                waits[node].add(writers[later])
