"""Work at the same time that ends together: no task is left behind, and none that failed is left unheard."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any


async def stopped(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancels tasks and waits for their end; what they raise then is of no interest any more."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.gather(*tasks, return_exceptions=True)


def first_failure(tasks: Collection[asyncio.Task[Any]]) -> BaseException | None:
    """Why the first of these finished tasks failed. All are asked: asyncio prints what nobody asked for."""
    failures = [task.exception() for task in tasks]
    return next((failure for failure in failures if failure is not None), None)
