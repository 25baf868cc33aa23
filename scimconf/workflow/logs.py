"""The provisioning log of applications. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from scimconf.diagnostics import GraphError, ScimconfError, describe_unexpected
from scimconf.monitoring.application_log import ApplicationLog, selected_events
from scimconf.monitoring.job_status import job_status
from scimconf.monitoring.log_events import logged_events
from scimconf.workflow.status import response_time
from scimconf.workflow.targets import ApplicationTarget, find_jobs, find_principal

if TYPE_CHECKING:
    from scimconf.graph.client import Graph

STATUSES = ("success", "failure", "skipped", "warning", "staged")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOptions:
    """How far back the log is read, the time if Graph sends none, and which entries are returned.

    `user` is a user principal name, a display name of a group, or an object id; "" is everybody.
    """

    window: timedelta
    now: datetime
    user: str = ""
    statuses: Collection[str] = field(default_factory=frozenset)


async def logs(graph: Graph, targets: Sequence[ApplicationTarget], options: LogOptions) -> list[ApplicationLog]:
    """Return the log of each application; one that fails does not stop the others."""
    from scimconf.graph.task_group import gather_all

    user_id = await _user_id(graph, options.user)
    return await gather_all([_guarded(graph, target, options, user_id) for target in targets])


async def _user_id(graph: Graph, user: str) -> str:
    """Return the object id of a user, so that the service filters; "" if it is not found: the log has deleted users."""
    if not user:
        return ""
    try:
        document = await graph.get("/users/{user}", {"user": user}, {"$select": "id"})
    except GraphError:
        return ""
    return str(document.get("id") or "")


async def _guarded(graph: Graph, target: ApplicationTarget, options: LogOptions, user_id: str) -> ApplicationLog:
    try:
        return await _log(graph, target, options, user_id)
    except ScimconfError as error:
        problem = ". ".join(filter(None, [str(error), getattr(error, "hint", "")]))
    except Exception as error:  # noqa: BLE001  an unexpected response of one application must not hide the others
        problem = describe_unexpected(error)
    now = response_time(graph, options.now)
    return ApplicationLog(name=target.name, since=now - options.window, now=now, problem=problem)


async def _log(graph: Graph, target: ApplicationTarget, options: LogOptions, user_id: str) -> ApplicationLog:
    from scimconf.graph.provisioning_log import read_log

    principal = await find_principal(graph, target)
    jobs = await find_jobs(graph, principal["id"], target.template)
    now = response_time(graph, options.now)
    entries: list[Any] = []
    is_cut = False
    for job in jobs:
        log = await read_log(graph, str(job["id"]), now - options.window, user_id)
        entries += log.entries
        is_cut = is_cut or log.is_cut
    user = user_id or options.user
    is_unknown = bool(options.user) and not user_id
    return ApplicationLog(
        name=target.name,
        selector=target.selector,
        since=now - options.window,
        now=now,
        jobs=tuple(job_status(job, now) for job in jobs),
        events=tuple(selected_events(logged_events(entries), options.statuses, user.lower() if user_id else user)),
        is_cut=is_cut,
        problem="" if jobs else "the application has no provisioning job",
        unknown_user=options.user if is_unknown else "",
    )
