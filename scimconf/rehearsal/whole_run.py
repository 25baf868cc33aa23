"""One rehearsal from the beginning to the deletion of what it created."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from scimconf.rehearsal.cleanup import created_resources, delete_created
from scimconf.rehearsal.endpoint.run import RunOutcome
from scimconf.rehearsal.endpoint.transport import EndpointClient, EndpointConnection, is_loopback
from scimconf.rehearsal.run import Rehearsal, RehearsalOptions
from scimconf.spec.loaded import Loaded

RunLoop = Callable[[Callable[[], Coroutine[Any, Any, None]]], None]
"""Runs a coroutine in an event loop of its own, and raises KeyboardInterrupt after an interrupt."""


def rehearse(
    loaded: Loaded, options: RehearsalOptions, run_loop: RunLoop, clock: Callable[[], float], timeout: float
) -> RunOutcome:
    """Rehearse a spec, delete what was created at a user-supplied endpoint, and return the report.

    An interrupt ends the rehearsal and begins the deletion; a second one ends the deletion too.
    """
    rehearsal = Rehearsal(loaded, options)
    remarks: list[str] = []
    interrupted = False
    try:
        run_loop(rehearsal.run)
    except KeyboardInterrupt:
        interrupted = True
        remarks.append("Interrupted.")
    except Exception as error:  # noqa: BLE001  what was created is deleted, whatever ended the run
        rehearsal.fail(error)
    leftovers: tuple[str, ...] = ()
    if options.naming.marker:
        created = created_resources(rehearsal.sent(), options.address)
        try:
            with EndpointClient(_connection(options, timeout), clock) as client:
                remarks += filter(None, [delete_created(created, client)])
        except KeyboardInterrupt:
            interrupted = True
            remarks.append("The deletion was interrupted.")
        leftovers = created.leftovers()
    return RunOutcome(rehearsal.report(leftovers, remarks), interrupted)


def _connection(options: RehearsalOptions, timeout: float) -> EndpointConnection:
    address = options.address.partition("?")[0].rstrip("/")
    return EndpointConnection(
        base_address=address, token=options.token, timeout=timeout, is_loopback=is_loopback(options.address)
    )
