"""Runs the cycles of all driven jobs at regular intervals, while the sandbox serves."""

from __future__ import annotations

import asyncio
import logging

from scimconf.sandbox.engine.cycle import BusyError, UnknownJobError, job_ids, run_cycle
from scimconf.sandbox.service import Service

_LEAST_SECONDS = 0.05
_LOGGER = logging.getLogger(__name__)


async def run_cycles(service: Service, seconds: float) -> None:
    """Run a cycle of each started job, then wait; a long cycle delays the next. End by cancellation only."""
    while True:
        await asyncio.sleep(max(seconds, _LEAST_SECONDS))
        for job_id in job_ids(service.tenant):
            try:
                await run_cycle(service, job_id)
            except (BusyError, UnknownJobError) as error:
                _LOGGER.warning("No cycle of the job %s: %s", job_id, error)
            except Exception:  # a defect must not end the cycles of other jobs
                _LOGGER.exception("The cycle of the job %s failed", job_id)
