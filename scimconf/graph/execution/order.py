"""The order of steps: the nodes of each phase and the nodes that each of them waits for. Pure.

A *node* is a unit of execution: a single request, a batch of equal requests, one read-modify-write of a document with
all of its edits in the phase, or a wait. Within a phase, a node waits for the nodes whose outputs it uses, for the
kinds that its kind depends on, for earlier steps of its own addresses, and for the document write that it names.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from scimconf.diagnostics import PlanError
from scimconf.plan import Address
from scimconf.snapshot import placeholders
from scimconf.steps import Edit, NameCheck, PendingDocument, Phase, Read, Send, Step

After = Mapping[str, tuple[str, ...]]
"""Kind → the kinds whose resources must exist first."""


@dataclass(frozen=True, slots=True, eq=False)
class StepNode:
    """Steps that run as one unit; compared by identity."""

    phase: Phase
    steps: tuple[Step, ...]

    @property
    def addresses(self) -> tuple[Address, ...]:
        return tuple(dict.fromkeys(address for step in self.steps for address in step.addresses))

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(address.kind for step in self.steps for address in step.addresses)

    @property
    def document(self) -> str:
        """The name of the document that the node writes, or "" for requests and waits."""
        first = self.steps[0]
        return first.document.name if isinstance(first, Edit) else ""

    @property
    def required_names(self) -> frozenset[str]:
        return frozenset[str]().union(*(required_names(step) for step in self.steps))

    @property
    def outputs(self) -> frozenset[str]:
        return outputs(self.steps)

    @property
    def is_record(self) -> bool:
        """Whether the node only records what this apply did, in tags."""
        return all(isinstance(step, Edit) and step.is_record for step in self.steps)

    @property
    def is_check(self) -> bool:
        """Whether the node writes nothing: a check of the name, or a test of credentials."""
        first = self.steps[0]
        return isinstance(first, NameCheck) or (isinstance(first, Send) and first.is_credentials_test)

    def needs_confirmation(self, earlier: StepNode) -> bool:
        """Return whether the node waits until Graph shows the write of an earlier node, not only until it is accepted.

        A wait for the result of a request looks for itself, a test of stored credentials is repeated if they were not
        visible, and nothing depends on the visibility of a record.
        """
        looks = isinstance(self.steps[0], Read) and isinstance(earlier.steps[0], Send)
        return not (looks or self.tests_stored or earlier.is_record)

    @property
    def tests_stored(self) -> bool:
        """Whether the node tests credentials that this apply stores."""
        first = self.steps[0]
        return isinstance(first, Send) and first.is_credentials_test and bool(first.after_write)

    @property
    def description(self) -> str:
        first = self.steps[0].description
        return first if len(self.steps) == 1 else f"{first} and {len(self.steps) - 1} more"


Edge = tuple[StepNode, StepNode]
"""A node and a node that must finish before it."""
Waits = Mapping[StepNode, frozenset[StepNode]]
"""Node → the nodes of the same phase that must finish first."""


def required_names(step: Step) -> frozenset[str]:
    """Return the placeholders that must be bound before the step runs."""
    if isinstance(step, Send):
        return placeholders(step.path) | placeholders(step.body)
    return step.document.required_names


def outputs(steps: Iterable[Step]) -> frozenset[str]:
    """Return the names that the responses to these steps bind."""
    return frozenset(name for step in steps if isinstance(step, Send) for name, _ in step.outputs)


def phases(steps: Sequence[Step], after: After) -> Mapping[Phase, Waits]:
    """Return the nodes of each phase with the nodes that each waits for."""
    return {phase: _waits(steps, _nodes(phase, steps), after, phase) for phase in Phase}


# --- checks when a plan is made -------------------------------------------------------------------------------------


def check_steps(steps: Sequence[Step], bound: Iterable[str], after: After) -> None:
    """Raise PlanError if the steps cannot be executed: a defect of scimconf, reported before anybody approves a plan.

    Every placeholder must be in `bound` or be an output of a step of the same phase or an earlier one, every pending
    document must have an edit, and no nodes of a phase may wait for each other.
    """
    _check_names(steps, frozenset(bound))
    _check_pending_documents(steps)
    for waits in phases(steps, after).values():
        try:
            TopologicalSorter(waits).prepare()
        except CycleError as error:
            cycle = " → ".join(node.description for node in error.args[1])
            raise PlanError(f"defect in scimconf: these steps wait for each other: {cycle}") from None


def _check_names(steps: Sequence[Step], bound: frozenset[str]) -> None:
    for phase in Phase:
        available = bound | outputs(step for step in steps if step.phase <= phase)
        for step in steps:
            missing = required_names(step) - available if step.phase is phase else ()
            if missing:
                names = ", ".join(f"{{{name}}}" for name in sorted(missing))
                raise PlanError(f'defect in scimconf: nothing provides {names} for the step "{step.description}"')


def _check_pending_documents(steps: Sequence[Step]) -> None:
    edited = {step.document.name for step in steps if isinstance(step, Edit)}
    for step in steps:
        body = step.body if isinstance(step, Send) else None
        for value in body.values() if isinstance(body, Mapping) else ():
            if isinstance(value, PendingDocument) and value.document not in edited:
                problem = f'the step "{step.description}" sends {value.document}, which no step edits'
                raise PlanError(f"defect in scimconf: {problem}")


def pending_documents(nodes: Iterable[StepNode]) -> Iterator[PendingDocument]:
    """Yield the documents that requests of these nodes contain as they are after their edits."""
    for step in (step for node in nodes for step in node.steps):
        body = step.body if isinstance(step, Send) else None
        if isinstance(body, Mapping):
            yield from (value for value in body.values() if isinstance(value, PendingDocument))


# --- nodes and edges ------------------------------------------------------------------------------------------------


def _nodes(phase: Phase, steps: Sequence[Step]) -> list[StepNode]:
    groups: dict[object, list[Step]] = defaultdict(list)
    for index, step in enumerate(steps):
        if step.phase is phase:
            groups[_group(index, step)].append(step)
    return [StepNode(phase, tuple(group)) for group in groups.values()]


def _group(index: int, step: Step) -> object:
    if isinstance(step, Edit):
        return ("edit", step.document.name)
    if isinstance(step, Send) and step.batch:
        return ("batch", step.method, step.addresses[0].kind)
    return index


def _waits(steps: Sequence[Step], nodes: Sequence[StepNode], after: After, phase: Phase) -> Waits:
    edges = (
        *_output_edges(nodes),
        *_kind_edges(nodes, after, reverse=phase is Phase.CLEAR),
        *_address_edges(steps, nodes),
        *_document_edges(nodes),
    )
    waits: dict[StepNode, set[StepNode]] = {node: set() for node in nodes}
    for node, earlier in edges:
        waits[node].add(earlier)
    return {node: frozenset(others - {node}) for node, others in waits.items()}


def _output_edges(nodes: Sequence[StepNode]) -> Iterator[Edge]:
    for producer in nodes:
        if producer.outputs:
            yield from ((node, producer) for node in nodes if producer.outputs & node.required_names)


def _kind_edges(nodes: Sequence[StepNode], after: After, *, reverse: bool) -> Iterator[Edge]:
    """Wait for nodes of the kinds in `after`; in reverse, those wait for the dependent kinds (deletion)."""
    for node in nodes:
        dependencies = {kind for own in node.kinds for kind in after.get(own, ())} - node.kinds
        for other in nodes:
            if other.kinds & dependencies:
                yield (other, node) if reverse else (node, other)


def _address_edges(steps: Sequence[Step], nodes: Sequence[StepNode]) -> Iterator[Edge]:
    """Keep the steps of one address in the order in which they are listed."""
    node_of = {id(step): node for node in nodes for step in node.steps}
    latest: dict[Address, StepNode] = {}
    for step in steps:
        node = node_of.get(id(step))
        for address in step.addresses if node is not None else ():
            if address in latest:
                yield node_of[id(step)], latest[address]
            latest[address] = node_of[id(step)]


def _document_edges(nodes: Sequence[StepNode]) -> Iterator[Edge]:
    writers = {node.document: node for node in nodes if node.document}
    for node in nodes:
        for step in node.steps:
            before = step.before_write if isinstance(step, (Send, Edit)) else ""
            after = step.after_write if isinstance(step, (Send, Edit)) else ""
            if before in writers:
                yield writers[before], node
            if after in writers:
                yield node, writers[after]
