"""The status of provisioning: of the applications of specs, of one application, or of all in the tenant. Reads only."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from scimconf.diagnostics import GraphError, ScimconfError, describe_unexpected
from scimconf.documents import secrets
from scimconf.documents.contacts import ContactRecords
from scimconf.monitoring.application_status import ApplicationStatus
from scimconf.monitoring.contacts import addresses, owner_contacts, recipient_contacts
from scimconf.monitoring.job_status import job_status
from scimconf.monitoring.log_events import logged_events
from scimconf.monitoring.log_summary import summarize
from scimconf.workflow.pauses import PauseReader
from scimconf.workflow.targets import ApplicationTarget, find_jobs, find_principal, integrated_principals, selectors

if TYPE_CHECKING:
    from scimconf.graph.client import Graph

Json = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusOptions:
    """How far back the provisioning log is read, the time if Graph sends none, and the address of the portal.

    `portal` has the placeholders `{app}` and `{principal}`; it is "" for a cloud whose portal is not known. `pauses` says
    who switched jobs off, None if nobody asks.
    """

    window: timedelta
    now: datetime
    portal: str = ""
    pauses: PauseReader | None = None


async def statuses(
    graph: Graph, targets: Sequence[ApplicationTarget], options: StatusOptions
) -> list[ApplicationStatus]:
    """Return the status of each application; one that fails does not stop the others."""
    return await _with_contacts(graph, await _statuses(graph, targets, options))


async def _statuses(
    graph: Graph, targets: Sequence[ApplicationTarget], options: StatusOptions
) -> list[ApplicationStatus]:
    from scimconf.graph.task_group import gather_all

    return await gather_all(
        [_guarded(graph, target.name, _of_target(graph, target, options), options) for target in targets]
    )


async def all_statuses(graph: Graph, options: StatusOptions) -> list[ApplicationStatus]:
    """Return the status of every application of the tenant that has a provisioning job."""
    from scimconf.graph.task_group import gather_all

    principals = await integrated_principals(graph)
    named = selectors(principals)
    results = await gather_all(
        [
            _guarded(graph, row["displayName"], _of_principal(graph, row["displayName"], row, None, options), options)
            for row in principals
        ]
    )
    results = [replace(status, selector=named.get(status.service_principal, "")) for status in results]
    return await _with_contacts(graph, [status for status in results if status.jobs or status.is_failed])


async def _with_contacts(graph: Graph, statuses: Sequence[ApplicationStatus]) -> list[ApplicationStatus]:
    """Return the statuses with what the tenant has of all owners and recipients."""
    from scimconf.graph.contacts import find_contacts

    owners = {owner for status in statuses for owner in status.ownership.owners}
    records = await find_contacts(graph, owners, {address for status in statuses for address in status.mail})
    return [_judged(status, records) for status in statuses]


def _judged(status: ApplicationStatus, records: ContactRecords) -> ApplicationStatus:
    owners = owner_contacts(status.ownership.owners, records)
    return replace(status, owners=owners, recipients=recipient_contacts(status.mail, records))


async def watch(
    graph: Graph,
    targets: Sequence[ApplicationTarget],
    options: StatusOptions,
    sleep: Callable[[float], Awaitable[object]],
    seconds: float,
) -> AsyncIterator[list[ApplicationStatus]]:
    """Yield the statuses whenever one changes, until the first cycle of every application is over.

    Owners and recipients are looked up each time that a status is yielded.
    """
    previous: list[ApplicationStatus] = []
    while True:
        current = await _statuses(graph, targets, options)
        comparable = [replace(status, now=options.now, since=None) for status in current]
        if comparable != previous:
            previous = comparable
            yield await _with_contacts(graph, current)
        if all(status.is_settled for status in current):
            return
        await sleep(seconds)


async def _guarded(
    graph: Graph, name: str, status: Coroutine[Any, Any, ApplicationStatus], options: StatusOptions
) -> ApplicationStatus:
    try:
        return await status
    except ScimconfError as error:
        problem = ". ".join(filter(None, [str(error), getattr(error, "hint", "")]))
    except Exception as error:  # noqa: BLE001  an unexpected response of one application must not hide the others
        problem = describe_unexpected(error)
    return ApplicationStatus(name=name, now=response_time(graph, options.now), problem=problem, is_failed=True)


async def _of_target(graph: Graph, target: ApplicationTarget, options: StatusOptions) -> ApplicationStatus:
    principal = await find_principal(graph, target)
    status = await _of_principal(graph, target.name, principal, target, options)
    return replace(
        status, tokens=target.tokens, ownership=target.ownership, selector=target.selector, enabled=target.enabled
    )


async def _of_principal(
    graph: Graph, name: str, row: Json, target: ApplicationTarget | None, options: StatusOptions
) -> ApplicationStatus:
    """Return the status of a service principal: of the jobs of a target, or of all."""
    from scimconf.graph.task_group import gather_both

    jobs = await find_jobs(graph, row["id"], target.template if target is not None else None)
    now = response_time(graph, options.now)
    states = [job_status(job, now) for job in jobs]
    if options.pauses is not None:
        spec = target.spec_name if target is not None else ""
        states = [await options.pauses.explained(graph, job, row, spec, now) for job in states]
    status = ApplicationStatus(
        name=name,
        now=now,
        display_name=str(row.get("displayName") or ""),
        app_id=str(row.get("appId") or ""),
        service_principal=str(row["id"]),
        jobs=tuple(states),
        since=now - options.window,
        problem="" if jobs else "the application has no provisioning job",
        portal=options.portal.format(app=row.get("appId"), principal=row["id"]),
    )
    if not jobs:
        return status
    logged, mail = await gather_both(_with_log(graph, status, now - options.window), _recipients(graph, row["id"]))
    return replace(logged, mail=mail.addresses, mail_problem=mail.problem)


class _Mail(NamedTuple):
    """The addresses that get emails of the service, and why they are not known."""

    addresses: tuple[str, ...] = ()
    problem: str = ""


async def _recipients(graph: Graph, principal: str) -> _Mail:
    """Return who gets the emails of a service principal's jobs: nobody if they are switched off."""
    from scimconf.graph.reading import read

    try:
        stored = await read(graph, secrets.secrets(None), {"service_principal": principal})
    except GraphError as error:
        return _Mail(problem=". ".join(filter(None, [str(error), error.hint])))
    return _Mail(addresses(str(secrets.settings(stored).email or "")))


async def _with_log(graph: Graph, status: ApplicationStatus, since: datetime) -> ApplicationStatus:
    from scimconf.graph.provisioning_log import read_log

    entries: list[Json] = []
    is_cut = False
    try:
        for job in status.jobs:
            log = await read_log(graph, job.job_id, since)
            entries += log.entries
            is_cut = is_cut or log.is_cut
    except GraphError as error:
        problem = ". ".join(filter(None, [str(error), error.hint]))
        return replace(status, log_problem=problem)
    return replace(status, log=summarize(logged_events(entries), is_cut=is_cut))


def response_time(graph: Graph, default: datetime) -> datetime:
    """Return the time of Graph's last response, or a default before the first."""
    return (graph.now or default).astimezone(UTC)
