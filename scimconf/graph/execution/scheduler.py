"""The walk over a plan's steps: phase by phase, independent nodes at once.

Whoever waits for a node that failed is skipped. After any failure nothing is deleted and nothing is started, so that
nobody loses a last role and a paused job stays paused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from graphlib import TopologicalSorter

from scimconf.diagnostics import ScimconfError, StaleError, describe_unexpected
from scimconf.graph.execution.context import ExecutionContext, ExecutionRequest, ExecutionResult
from scimconf.graph.execution.document_writer import wait_until, write
from scimconf.graph.execution.order import StepNode, phases
from scimconf.graph.execution.sender import bulk, send
from scimconf.graph.reading import TenantSession
from scimconf.graph.task_group import stopped
from scimconf.plan import Result
from scimconf.steps import Edit, Phase, Read, Send


async def execute(live: TenantSession, orders: ExecutionRequest) -> ExecutionResult:
    """Walks the phases; every step ends as an outcome, whatever happens."""
    run = ExecutionContext(live, orders)
    for phase, waits in phases(orders.steps, orders.after).items():
        blocked = _blocked(run, phase)
        if blocked:
            for node in waits:
                run.ended(node, Result.SKIPPED, blocked)
        else:
            await _phase(run, waits)
    return run.done


def _blocked(run: ExecutionContext, phase: Phase) -> str:
    """Why a phase is not begun at all."""
    if not run.done.failed:
        return ""
    return "because it could not be made safe first" if phase is Phase.BUILD else "because something before it failed"


async def _phase(run: ExecutionContext, waits: Mapping[StepNode, frozenset[StepNode]]) -> None:
    sorter = TopologicalSorter({node: set(others) for node, others in waits.items()})
    sorter.prepare()
    fell: set[StepNode] = set()
    running: dict[asyncio.Task[bool], StepNode] = {}
    try:
        while sorter.is_active():
            for node in sorter.get_ready():
                running[asyncio.create_task(_node(run, node, waits[node] & fell))] = node
            finished, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in finished:
                node = running.pop(task)
                if not task.result():
                    fell.add(node)
                sorter.done(node)
    finally:
        await stopped(running)


async def _node(run: ExecutionContext, node: StepNode, fell: frozenset[StepNode]) -> bool:
    """Runs a node; False when it failed or was skipped. Nothing but the end of the process goes past it, since other
    nodes are at work, and what they did has to be told.
    """
    reason = _reason(run, fell)
    if reason:
        run.ended(node, Result.SKIPPED, reason)
        return False
    run.begins(node)
    try:
        return await _steps(run, node)
    except StaleError as error:
        run.done.stale = str(error)
        run.ended(node, Result.FAILED, str(error), error.hint)
    except ScimconfError as error:
        run.ended(node, Result.FAILED, str(error), error.hint)
    except Exception as error:  # noqa: BLE001  see above
        run.ended(node, Result.FAILED, str(error) if type(error) is LookupError else describe_unexpected(error))
    return False


def _reason(run: ExecutionContext, fell: frozenset[StepNode]) -> str:
    """Why nothing more is begun, or nothing that waits for these nodes."""
    if run.done.stale:
        return "because the plan is stale"
    if run.orders.interrupted():
        return "because the apply was interrupted"
    return f"because this failed: {next(iter(fell)).description}" if fell else ""


async def _steps(run: ExecutionContext, node: StepNode) -> bool:
    first = node.steps[0]
    if isinstance(first, Send) and first.batch:
        return await bulk(run, node)
    if isinstance(first, Send):
        await send(run, first)
        run.ended(node, Result.DONE)
        return True
    if isinstance(first, Read):
        seen = await wait_until(run, first)
        if not seen and first.phase is Phase.STOP:
            raise ScimconfError(f"this did not show in time: {first.description}")
    else:
        seen = await write(run, first.document, [step for step in node.steps if isinstance(step, Edit)])
    run.ended(node, Result.DONE if seen else Result.UNCONFIRMED)
    return True
