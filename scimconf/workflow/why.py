"""Find out why a user is or is not in an application, without a spec. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from scimconf.diagnostics import GraphError, ScimconfError
from scimconf.impact.preview import Preview, evaluation_context
from scimconf.impact.projection import states_before_and_after
from scimconf.impact.queries import assigned_groups
from scimconf.monitoring.job_status import job_status
from scimconf.monitoring.log_events import logged_events
from scimconf.monitoring.why import UserFacts, WhyAnswer, explain
from scimconf.plan.preview import UserState
from scimconf.snapshot import Lookup, Snapshot
from scimconf.workflow.live_application import live_application
from scimconf.workflow.status import response_time
from scimconf.workflow.targets import ApplicationTarget, find_jobs

if TYPE_CHECKING:
    from scimconf.graph.client import Graph
    from scimconf.graph.reading import TenantSession

RETENTION = timedelta(days=30)


async def why(session: TenantSession, target: ApplicationTarget, user: str, now: datetime) -> WhyAnswer:
    """Return the verdict about a user, by name or id. Raise ScimconfError if the application cannot be read."""
    from scimconf.graph import impact_data

    graph = session.graph
    live = await live_application(session, target)
    spec, snapshot = live.loaded.spec, live.snapshot
    assert spec is not None
    facts = UserFacts(user=user, application=target.name, now=response_time(graph, now))
    facts = await _with_job(graph, facts, target, snapshot.names["service_principal"])
    states = states_before_and_after(spec, snapshot, ())
    members = await impact_data.group_members(graph, assigned_groups(states))
    evaluator = Preview(*states, members, evaluation_context(live.tenant, facts.now))
    (document,) = await impact_data.users_by_name(graph, [user], evaluator.properties)
    if document is None:
        return explain(replace(facts, exists=False, deleted=await _deleted(graph, user)))
    facts = _with_user(facts, evaluator, document)
    if facts.in_scope is False:
        facts = replace(
            facts, nested=await _nested(graph, snapshot, str(document["id"]), sorted(assigned_groups(states)))
        )
    return explain(await _with_event(graph, facts, str(document["id"])))


async def _with_job(graph: Graph, facts: UserFacts, target: ApplicationTarget, principal: str) -> UserFacts:
    jobs = await find_jobs(graph, principal, target.template)
    return replace(facts, job=job_status(jobs[0], facts.now)) if jobs else facts


def _with_user(facts: UserFacts, evaluator: Preview, document: Any) -> UserFacts:
    state: UserState = evaluator.user(document).after
    problems = tuple(
        f"{target} fails: {request.reason}"
        for target, request in sorted(state.sent.items())
        if request.kind == "failure"
    )
    return replace(
        facts,
        user=str(document.get("userPrincipalName") or facts.user),
        is_enabled=document.get("accountEnabled"),
        in_scope=state.in_scope,
        scope_reason=state.reason,
        problems=problems,
    )


async def _deleted(graph: Graph, user: str) -> str:
    """Return the day on which a user of this name was deleted, "" if it is not known."""
    from scimconf.graph.principals import find_principals

    lookup = Lookup("user", user, deleted=True)
    try:
        results = await find_principals(graph, [lookup])
    except GraphError:
        return ""
    deleted = results.deleted.get(lookup)
    return deleted.day if deleted is not None else ""


async def _nested(graph: Graph, snapshot: Snapshot, user: str, groups: Sequence[str]) -> tuple[str, ...]:
    """Return the names of assigned groups that have the user in an inner group; none if that cannot be read."""
    path = "/groups/{group}/transitiveMembers/microsoft.graph.user"
    names = {principal.id: principal.name for matches in snapshot.principals.values() for principal in matches}
    query, containing = {"$select": "id"}, list[str]()
    for group in groups:
        try:
            rows = await graph.collect(path, {"group": group}, query)
        except GraphError:
            continue
        if any(str(row.get("id")).lower() == user.lower() for row in rows):
            containing.append(names.get(group, group))
    return tuple(containing)


async def _with_event(graph: Graph, facts: UserFacts, user: str) -> UserFacts:
    from scimconf.graph.provisioning_log import read_log

    if facts.job is None:
        return facts
    try:
        log = await read_log(graph, facts.job.job_id, facts.now - RETENTION, user)
    except ScimconfError as error:
        return replace(facts, log_problem=str(error))
    events = logged_events(log.entries)
    return replace(facts, event=events[0] if events else None)
