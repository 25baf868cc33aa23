"""Executes steps phase by phase; independent nodes of a phase run concurrently.

Nodes that wait for a failed node are skipped. After a failure, nothing is deleted and nothing is started, so that no
user loses a last role and a paused job stays paused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from scimconf.diagnostics import (
    GraphError,
    OverwrittenError,
    ScimconfError,
    StaleError,
    WithdrawnError,
    describe_unexpected,
)
from scimconf.graph.execution.batch_sender import send_batches
from scimconf.graph.execution.context import ExecutionContext, ExecutionRequest, ExecutionResult
from scimconf.graph.execution.document_writer import read_ahead, wait_until_visible, write
from scimconf.graph.execution.name_check import check_name
from scimconf.graph.execution.order import StepNode, pending_documents, phases
from scimconf.graph.execution.sender import send, test_stored
from scimconf.graph.reading import TenantSession
from scimconf.graph.task_group import stop_cancellation, task_group
from scimconf.plan import Result
from scimconf.steps import Edit, NameCheck, Phase, Read, Send


async def execute(session: TenantSession, request: ExecutionRequest) -> ExecutionResult:
    """Execute all phases; each step has an outcome, errors are not raised.

    A cancellation ends it with the outcomes if the apply was interrupted, since then a person cancelled it by a second
    interrupt; otherwise it is raised.
    """
    context = ExecutionContext(session, request)
    try:
        await _run_phases(context)
    except asyncio.CancelledError:
        if not request.interrupted():
            raise
        stop_cancellation()
        context.stop()
    return context.result


@dataclass(slots=True)
class _NodeState:
    """How far a node is: its write was accepted, and it has ended; `failed` if it did not succeed."""

    accepted: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    failed: bool = False


States = dict[StepNode, _NodeState]


async def _run_phases(context: ExecutionContext) -> None:
    """Run phase after phase. Records do not delay the checks before a start, but the start."""
    request = context.request
    states: States = {}
    async with task_group() as group:
        for phase, waits in phases(request.steps, request.after).items():
            if not waits:
                continue
            for node, state in states.items():
                if phase is not Phase.START or not node.is_record:
                    await state.ended.wait()
            records = [(node, state) for node, state in states.items() if not state.ended.is_set()]
            states |= {node: _NodeState() for node in waits}
            for pending in pending_documents(waits):
                group.create_task(read_ahead(context, pending))
            for node, earlier in waits.items():
                others = {before: states[before] for before in earlier}
                if not node.is_check:
                    others |= records
                group.create_task(_run_when_ready(context, node, states[node], others))


async def _run_when_ready(context: ExecutionContext, node: StepNode, state: _NodeState, earlier: States) -> None:
    """Run a node once the earlier nodes are done as far as it needs; an accepted write that fails later skips nothing."""
    for before, other in earlier.items():
        await (other.ended if node.needs_confirmation(before) else other.accepted).wait()
    phase_reason = _skip_phase(context, node)
    failed = {before for before, other in earlier.items() if other.failed and before.phase is node.phase}
    if phase_reason:
        context.finish(node, Result.SKIPPED, phase_reason)
        state.failed = True
    else:
        state.failed = not await _run_node(context, node, failed, state.accepted.set)
    state.accepted.set()
    state.ended.set()


def _skip_phase(context: ExecutionContext, node: StepNode) -> str:
    """Return why a node is skipped because a step of an earlier phase failed, "" if none did."""
    if all(phase >= node.phase for phase in context.failed_phases):
        return ""
    if node.phase is Phase.BUILD:
        return "because provisioning could not be paused first"
    if node.phase is Phase.START:
        state = "stays paused" if context.result.is_paused else "is not started"
        return f"because an earlier step failed, so provisioning {state}"
    return "because an earlier step failed"


async def _run_node(
    context: ExecutionContext, node: StepNode, failed: AbstractSet[StepNode], accepted: Callable[[], None]
) -> bool:
    """Run one node; return whether it succeeded. Exceptions become outcomes, because other nodes may be running."""
    reason, hint = _skip_node(context, failed)
    if reason:
        context.finish(node, Result.SKIPPED, reason, hint)
        return False
    context.begin(node)
    try:
        return await _run_steps(context, node, accepted)
    except StaleError as error:
        context.result.stale = str(error)
        context.result.overwritten |= isinstance(error, OverwrittenError)
        context.result.withdrawn = isinstance(error, WithdrawnError)
        context.finish(node, Result.FAILED, str(error), error.hint)
    except ScimconfError as error:
        consequence = _if_denied(node, error)
        if consequence:
            context.finish(node, Result.SKIPPED, str(error), f"{error.hint} {consequence}".strip())
            return True
        context.check_throttling(error)
        context.finish(node, Result.FAILED, str(error), " ".join(filter(None, (error.hint, _step_hint(node)))))
        context.result.start_refused |= _tests_credentials(node)
    except Exception as error:  # noqa: BLE001  see above
        context.finish(node, Result.FAILED, str(error) if type(error) is LookupError else describe_unexpected(error))
    return False


def _step_hint(node: StepNode) -> str:
    first = node.steps[0]
    return first.hint if isinstance(first, Send) else ""


def _tests_credentials(node: StepNode) -> bool:
    """Return whether the node is the test of the stored credentials before a start."""
    first = node.steps[0]
    return node.phase is Phase.START and isinstance(first, Send) and first.is_credentials_test


def _skip_node(context: ExecutionContext, failed: AbstractSet[StepNode]) -> tuple[str, str]:
    """Return why a node does not run, and what to do; both are empty if it runs."""
    if context.is_stopped():
        return context.stop_reason()
    return (f"because this step was not done: {next(iter(failed)).description}" if failed else ""), ""


async def _run_steps(context: ExecutionContext, node: StepNode, accepted: Callable[[], None]) -> bool:
    first = node.steps[0]
    if isinstance(first, Send) and first.batch:
        return await send_batches(context, node)
    if isinstance(first, Send) and node.tests_stored:
        await test_stored(context, first)
        context.finish(node, Result.DONE)
        return True
    if isinstance(first, Send):
        await send(context, first, accepted)
        context.finish(node, Result.DONE)
        return True
    if isinstance(first, NameCheck):
        own_id, interrupted = context.names["service_principal"], context.request.interrupted
        listed = context.listed.pop((first.document.path, first.document.query), None)
        await check_name(context.session, first, own_id, interrupted, listed)
        context.finish(node, Result.DONE)
        return True
    if isinstance(first, Read):
        visible = await wait_until_visible(context, first.document, [first], first.description)
        if not visible and first.phase in (Phase.STOP, Phase.CLEAR):
            raise ScimconfError(f"timed out: {first.description}")
    else:
        edits = [step for step in node.steps if isinstance(step, Edit)]
        visible = await write(context, first.document, edits, accepted)
    context.finish(node, Result.DONE if visible else Result.UNCONFIRMED)
    return True


def _if_denied(node: StepNode, error: ScimconfError) -> str:
    """Return what follows if Graph denied a write that the apply can do without; "" for any other error or write."""
    first = node.steps[0]
    is_denied = isinstance(error, GraphError) and error.status == 403
    return first.optional if is_denied and isinstance(first, Edit) else ""
