"""Compare the prediction for users with the provisioning log of one application. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from scimconf.diagnostics import ScimconfError
from scimconf.impact.preview import Preview
from scimconf.impact.user_attributes import GAP, reader
from scimconf.monitoring.application_log import ApplicationLog
from scimconf.monitoring.comparison import LogComparison, compare
from scimconf.monitoring.log_events import LoggedEvent
from scimconf.monitoring.switch_evidence import Observation, switch_evidence
from scimconf.plan.preview import UserState
from scimconf.spec.loaded import Loaded
from scimconf.workflow.compilation import PlanOptions
from scimconf.workflow.live_application import live_application
from scimconf.workflow.logs import LogOptions, logs
from scimconf.workflow.plan import PlannedApplication, plan
from scimconf.workflow.preview import user_evaluator
from scimconf.workflow.targets import ApplicationTarget, spec_targets

if TYPE_CHECKING:
    from scimconf.graph.client import Graph
    from scimconf.graph.reading import TenantSession

MAX_USERS = 2_000
"""Users that are compared in one run: each is read from the tenant."""


async def compare_logs(
    open_session: Callable[[], TenantSession], specs: Sequence[Loaded], options: LogOptions
) -> list[LogComparison]:
    """Compare the logs of the applications of specs; one that fails does not stop the others."""
    return [await _guarded(open_session(), loaded, options) for loaded in specs if loaded.spec is not None]


async def compare_application_log(
    session: TenantSession, target: ApplicationTarget, options: LogOptions
) -> LogComparison:
    """Compare the log of one application with its live configuration, without a spec."""
    try:
        live = await live_application(session, target)
        (log,) = await logs(session.graph, [target], options)
        return await compare_log(session.graph, live, log, options.now)
    except ScimconfError as error:
        return LogComparison(target.name, problem=str(error))


async def _guarded(session: TenantSession, loaded: Loaded, options: LogOptions) -> LogComparison:
    assert loaded.spec is not None
    name = loaded.spec.name
    try:
        planned = await plan(session, loaded, PlanOptions(today=options.now.date(), impact=False))
        if planned.errors:
            return LogComparison(name, problem=f"{planned.errors[0].code} {planned.errors[0].message}")
        (log,) = await logs(session.graph, spec_targets([loaded]), options)
        return await compare_log(session.graph, planned, log, options.now)
    except ScimconfError as error:
        return LogComparison(name, problem=str(error))


async def compare_log(graph: Graph, planned: PlannedApplication, log: ApplicationLog, now: datetime) -> LogComparison:
    """Compare the newest event of each user with what the live configuration predicts for this user today."""
    from scimconf.graph import impact_data

    if log.problem:
        return LogComparison(planned.name, problem=log.problem)
    events = _newest(log.events)
    evaluator, _, _ = await user_evaluator(graph, planned, now)
    chosen = events[:MAX_USERS]
    users = await impact_data.users_by_name(graph, [event.source_id for event in chosen], evaluator.properties)
    mappings, compared, observations = evaluator.mappings_before, [], []
    for event, user in zip(chosen, users, strict=True):
        state = None if user is None else evaluator.user(user).before
        compared.append(compare(event, state, {} if user is None else _source_values(event, user), mappings))
        if state is not None:
            observations.append(_observation(evaluator, event, state, mappings))
    is_cut = log.is_cut or len(events) > MAX_USERS
    return LogComparison(planned.name, tuple(compared), is_cut=is_cut, evidence=switch_evidence(observations, log.jobs))


def _newest(events: Sequence[LoggedEvent]) -> list[LoggedEvent]:
    """Return the newest event of each user; `events` are from the newest."""
    by_user: dict[str, LoggedEvent] = {}
    for event in events:
        if event.kind.lower() == "user" and event.source_id:
            by_user.setdefault(event.source_id, event)
    return list(by_user.values())


def _source_values(event: LoggedEvent, user: Any) -> dict[str, Any]:
    values = reader(event.source_values.keys())(user)
    return {name: value for name, value in values.items() if value is not GAP}


def _observation(evaluator: Preview, event: LoggedEvent, state: UserState, mappings: Mapping[str, str]) -> Observation:
    return Observation(
        event=event,
        predicted=state,
        mappings=mappings,
        roles=evaluator.roles_before(event.source_id),
        knows_assignments=not evaluator.assignment_gap,
    )
