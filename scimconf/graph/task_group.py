"""Structured concurrency: the first failure cancels the other tasks and is raised as itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

Result = TypeVar("Result")
Other = TypeVar("Other")


@asynccontextmanager
async def task_group() -> AsyncIterator[asyncio.TaskGroup]:
    """Run tasks until all are done; raise the first failure, not the ExceptionGroup of `asyncio.TaskGroup`."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except ExceptionGroup as failures:
        first = failures.exceptions[0]
    else:
        return
    raise first


async def gather_all(work: Sequence[Coroutine[Any, Any, Result]]) -> list[Result]:
    async with task_group() as group:
        tasks = [group.create_task(coroutine) for coroutine in work]
    return [task.result() for task in tasks]


async def gather_both(first: Coroutine[Any, Any, Result], second: Coroutine[Any, Any, Other]) -> tuple[Result, Other]:
    async with task_group() as group:
        tasks = group.create_task(first), group.create_task(second)
    return tasks[0].result(), tasks[1].result()


def stop_cancellation() -> None:
    """Let the current task go on after it was cancelled: its caller handles the cancellation."""
    task = asyncio.current_task()
    assert task is not None
    task.uncancel()
