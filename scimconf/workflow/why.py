"""Find out why a user is or is not in applications, without a spec. Reads only.

The user, the groups of the user and the log of the user are read once, whatever the number of applications.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from scimconf.diagnostics import GraphError, ScimconfError
from scimconf.documents import application, assignments, schema, secrets
from scimconf.documents.application import roles
from scimconf.documents.job import is_on
from scimconf.export import everything
from scimconf.impact.preview import Preview, evaluation_context
from scimconf.impact.projection import states_before_and_after
from scimconf.impact.user_scope import user_scope, value_problems
from scimconf.kinds.mappings import find_object_mapping, live_schema
from scimconf.kinds.provisioning import SECTION, ProvisioningState
from scimconf.kinds.retirement import closes_leavers
from scimconf.monitoring.job_status import job_status
from scimconf.monitoring.leavers import vendor_treatment
from scimconf.monitoring.log_events import LoggedEvent, logged_events
from scimconf.monitoring.times import parse_time
from scimconf.monitoring.why import Presence, UserFacts
from scimconf.monitoring.why_checks import WhyAnswer, WhyReport, explain, redacted_facts
from scimconf.plan.impact import Members
from scimconf.snapshot import Snapshot
from scimconf.spec.model import ObjectMapping
from scimconf.workflow.guard_context import tenant_of
from scimconf.workflow.pauses import PauseReader
from scimconf.workflow.status import response_time
from scimconf.workflow.targets import ApplicationTarget, find_jobs, find_principal, integrated_principals

if TYPE_CHECKING:
    from scimconf.graph.client import Graph
    from scimconf.graph.user_search import SearchResult, UserGroups

RETENTION = timedelta(days=30)
MAX_CANDIDATES = 20
_DENIED = (401, 403)
_LABELS: Mapping[str, str] = {"secrets": "scope", "assignments": "assignment", "schema": "mappings"}
"""The labels of checks by the documents that they need."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyOptions:
    """About which applications the answer is, all with a provisioning job if `target` is None, and the time if Graph sends none.

    `every` lists the applications that do not concern the user as well. `redact` names users by the start of their ids.
    `pauses` says who switched jobs off, None if nobody asks.
    """

    now: datetime
    target: ApplicationTarget | None = None
    every: bool = False
    redact: bool = False
    pauses: PauseReader | None = None


@dataclass(frozen=True, slots=True)
class _Subject:
    """The user, and what was read once: groups, the times of assignments, and the entries of the log by job."""

    document: Mapping[str, Any]
    deleted: str | None
    groups: UserGroups | None
    assignments: Sequence[Mapping[str, Any]]
    events: Mapping[str, tuple[LoggedEvent, ...]]
    problems: tuple[tuple[str, str], ...]

    @property
    def id(self) -> str:
        return str(self.document["id"]).lower()


async def why(graph: Graph, name: str, options: WhyOptions) -> WhyReport:
    """Return the answers about a user, by id, user principal name, e-mail address or display name.

    Raise ScimconfError if users, or the application, cannot be read.
    """
    from scimconf.graph.user_search import find_users

    target = options.target
    principal = await find_principal(graph, target) if target is not None else None
    result = await find_users(graph, name)
    candidates = result.users or result.deleted
    if len(candidates) != 1 and not (result.deleted and not result.users):
        return WhyReport("the user" if options.redact else name, (_not_one_user(result, options),))
    subject = await _subject(graph, candidates[0], options, is_deleted=not result.users)
    user = _shown_name(subject, options)
    if principal is not None and target is not None:
        facts = await _facts(graph, subject, principal, target, options)
        return WhyReport(user, (_answer(facts, options),))
    return await _all_applications(graph, subject, options)


def _shown_name(subject: _Subject, options: WhyOptions) -> str:
    return f"user-{subject.id[:8]}" if options.redact else str(subject.document.get("userPrincipalName") or subject.id)


def _answer(facts: UserFacts, options: WhyOptions) -> WhyAnswer:
    return explain(redacted_facts(facts, facts.user) if options.redact else facts)


# ---- a name that is not one user -------------------------------------------------------------------------------------


def _not_one_user(result: SearchResult, options: WhyOptions) -> WhyAnswer:
    if len(result.users) > 1:
        action = "Run this again with one of these names."
        rows = tuple(("user", text) for text in _candidates(result.users, options))
        return WhyAnswer("", Presence.UNKNOWN, f"{len(result.users)} users have this name", action, rows)
    denied = tuple(("denied", _denied_text(error)) for error in result.denied)
    if result.groups:
        action = (
            "Run this for one of its members. For the group itself: `scimconf logs --app NAME` shows what was done with it,"
            " `scimconf status --app NAME` whether provisioning runs."
        )
        return WhyAnswer("", Presence.UNKNOWN, "this is a group, and not a user", action, denied)
    action = "Check the spelling: a user principal name, an e-mail address, an object id, or a display name."
    if denied:
        return WhyAnswer("", Presence.NO, "Entra has no such user; deleted users could not be read", action, denied)
    return WhyAnswer("", Presence.NO, "Entra has no such user, and none was deleted in the last 30 days", action)


def _candidates(users: Sequence[Mapping[str, Any]], options: WhyOptions) -> Iterator[str]:
    for user in sorted(users, key=lambda user: str(user.get("userPrincipalName")))[:MAX_CANDIDATES]:
        disabled = " (disabled)" if user.get("accountEnabled") is False else ""
        name = f"user-{str(user['id'])[:8]}" if options.redact else user.get("userPrincipalName") or user["id"]
        yield f"{name}{disabled}"
    if len(users) > MAX_CANDIDATES:
        yield f"and {len(users) - MAX_CANDIDATES:,} more"


def _denied_text(error: ScimconfError) -> str:
    """Return what could not be read, with the permission that is missing."""
    text = str(error)
    if isinstance(error, GraphError) and error.status in _DENIED:
        text = f"{error.method} {error.path} was denied"
        text += f": {error.message}" if error.message and not error.code.startswith("unexpected") else ""
    return ". ".join(filter(None, [text.rstrip("."), error.hint]))


# ---- the user --------------------------------------------------------------------------------------------------------


async def _subject(graph: Graph, document: Mapping[str, Any], options: WhyOptions, *, is_deleted: bool) -> _Subject:
    from scimconf.graph.provisioning_log import read_log
    from scimconf.graph.task_group import gather_all
    from scimconf.graph.user_search import assignment_times, groups_of_user

    user = str(document["id"]).lower()
    since = response_time(graph, options.now) - RETENTION
    reads: list[Awaitable[Any]] = [read_log(graph, "", since, user)]
    if not is_deleted:
        reads += [groups_of_user(graph, user), assignment_times(graph, user)]
    results = await gather_all([_caught(read) for read in reads])
    log, groups, times = (*results, None, None)[:3]
    failed = {"log": log, "assignment": groups}
    problems = tuple(
        (label, _denied_text(error)) for label, error in failed.items() if isinstance(error, ScimconfError)
    )
    deleted = str(document.get("deletedDateTime") or "")[:10] if is_deleted else None
    by_job = {} if isinstance(log, ScimconfError) else _by_job(log.entries)
    return _Subject(
        document,
        deleted,
        None if isinstance(groups, ScimconfError) else groups,
        () if times is None or isinstance(times, ScimconfError) else times,
        by_job,
        problems,
    )


async def _caught(read: Awaitable[Any]) -> Any:
    """Return the result of a read, or its error: what cannot be read is a check of the answer."""
    try:
        return await read
    except ScimconfError as error:
        return error


def _by_job(entries: Sequence[Mapping[str, Any]]) -> Mapping[str, tuple[LoggedEvent, ...]]:
    jobs: dict[str, list[Mapping[str, Any]]] = {}
    for entry in entries:
        jobs.setdefault(str(entry.get("jobId")).lower(), []).append(entry)
    return {job: logged_events(own) for job, own in jobs.items()}


# ---- all applications ------------------------------------------------------------------------------------------------


async def _all_applications(graph: Graph, subject: _Subject, options: WhyOptions) -> WhyReport:
    from scimconf.graph.task_group import gather_all

    principals = await integrated_principals(graph)
    results = await gather_all([_caught(_of_application(graph, subject, row, options)) for row in principals])
    by_name = [(str(row.get("displayName")), result) for row, result in zip(principals, results, strict=True)]
    facts = [result for _, result in by_name if isinstance(result, UserFacts)]
    concerned = [each for each in facts if options.every or each.is_concerned]
    others = tuple(each.application for each in facts if each not in concerned)
    unread = tuple((name, _denied_text(result)) for name, result in by_name if isinstance(result, ScimconfError))
    return WhyReport(_shown_name(subject, options), tuple(_answer(each, options) for each in concerned), others, unread)


async def _of_application(
    graph: Graph, subject: _Subject, row: Mapping[str, Any], options: WhyOptions
) -> UserFacts | None:
    """Return the facts about one application of the tenant, None if it has no provisioning job."""
    if not await find_jobs(graph, row["id"], None):
        return None
    target = ApplicationTarget(str(row.get("displayName") or row["id"]), ("id",), str(row["id"]))
    return await _facts(graph, subject, await find_principal(graph, target), target, options)


# ---- one application -------------------------------------------------------------------------------------------------


async def _facts(
    graph: Graph, subject: _Subject, principal: Mapping[str, Any], target: ApplicationTarget, options: WhyOptions
) -> UserFacts:
    now = response_time(graph, options.now)
    created = parse_time(subject.document.get("createdDateTime"))
    facts = UserFacts(
        user=_shown_name(subject, options), application=str(principal.get("displayName") or target.name), now=now, deleted=subject.deleted, created=created,
        is_guest="#EXT#" in str(subject.document.get("userPrincipalName")),
        is_enabled=subject.document.get("accountEnabled"), problems_of_reads=subject.problems,
    )  # fmt: skip
    snapshot, problems = await _read_application(graph, principal, target)
    facts = replace(facts, problems_of_reads=(*subject.problems, *problems))
    jobs = snapshot.rows("jobs")
    if jobs:
        events = subject.events.get(str(jobs[0]["id"]).lower(), ())
        status = job_status(jobs[0], now)
        if options.pauses is not None:
            status = await options.pauses.explained(graph, status, principal, target.spec_name, now)
        facts = replace(facts, job=status, jobs=len(jobs), events=events)
    if subject.deleted is not None:
        return facts
    return await _with_scope(graph, facts, subject, snapshot)


async def _read_application(
    graph: Graph, principal: Mapping[str, Any], target: ApplicationTarget
) -> tuple[Snapshot, list[tuple[str, str]]]:
    """Return what decides about users of an application, and what could not be read, by the label of its check."""
    from scimconf.graph.impact_data import read_optional_documents

    jobs = await _caught(find_jobs(graph, principal["id"], target.template))
    problems = []
    if isinstance(jobs, ScimconfError):
        if not isinstance(jobs, GraphError) or jobs.status not in _DENIED:
            raise jobs
        problems, jobs = [("job", _denied_text(jobs))], []
    jobs = sorted(jobs, key=is_on, reverse=True)
    names = {"service_principal": str(principal["id"])}
    if jobs:
        names |= {"job": str(jobs[0]["id"]), "template": str(jobs[0].get("templateId"))}
    known = {"jobs": jobs, "service_principals": [principal]}
    documents = [assignments.assignments(), application.organization()]
    documents += [secrets.secrets(None), schema.schema()] if jobs else []
    snapshot = await read_optional_documents(graph, Snapshot(known, {}, names), documents)
    for name, label in _LABELS.items():
        if name in snapshot.denied:
            problems.append((label, _grant(snapshot.denied[name].path)))
    return snapshot, problems


def _grant(path: str) -> str:
    from scimconf.permissions import hint

    return f"GET {path} was denied. {hint('GET', path)}".strip()


async def _with_scope(graph: Graph, facts: UserFacts, subject: _Subject, snapshot: Snapshot) -> UserFacts:
    """Add the assignment, the scoping filters and the values of the user."""
    from scimconf.graph.impact_data import users_by_name

    spec = everything("why", {"object_id": snapshot.names["service_principal"]})
    states = states_before_and_after(spec, snapshot, ())
    state = states[1]
    members = _members(state, subject)
    evaluator = Preview(state, state, members, evaluation_context(tenant_of(snapshot), facts.now))
    (document,) = await users_by_name(graph, [subject.id], evaluator.properties)
    if document is None:
        return replace(facts, deleted="")
    scope = user_scope(_with_group_kinds(state, subject), members, document)
    facts = replace(
        facts,
        is_enabled=document.get("accountEnabled"),
        scope=state.scope,
        is_mapped=state.enabled,
        creates="create" in state.actions,
        keeps_leavers=state.skip_out_of_scope_deletions,
        leavers=closes_leavers(state, _definitions(snapshot)),
        vendor=vendor_treatment(secrets.values(snapshot.get("secrets")).get("BaseAddress", "")),
        has_roles=bool(roles(snapshot.documents)),
        user_scope=scope,
        assigned_since=_assigned_since(state, subject, snapshot.names["service_principal"]),
        assigned_groups=tuple(sorted(state.group_names.values())),
        problems=tuple(value_problems(state, evaluator.user(document).after)),
    )
    if scope.assigned is False:
        facts = replace(facts, nested=await _nested(graph, state, subject))
    return facts


def _definitions(snapshot: Snapshot) -> list[Any]:
    """Return the attributes of the application's users, none without a mapping of users."""
    location = find_object_mapping(snapshot, SECTION, ObjectMapping())
    return schema.definitions(live_schema(snapshot), location, "target") if location is not None else []


def _members(state: ProvisioningState, subject: _Subject) -> Members:
    """Return for each assigned group whether the user is a member; nothing if the user's groups could not be read."""
    if subject.groups is None:
        return Members()
    direct = subject.groups.direct
    return Members({group: {subject.id} if group in direct else () for group in state.assigned_groups or ()})


def _with_group_kinds(state: ProvisioningState, subject: _Subject) -> ProvisioningState:
    """Return a state whose group names say what matters about the user's groups: dynamic ones, and wrong kinds."""
    if subject.groups is None:
        return state
    names = dict(state.group_names)
    for group in names.keys() & subject.groups.direct.keys():
        row = subject.groups.direct[group]
        if "DynamicMembership" in (row.get("groupTypes") or ()):
            names[group] += " (a dynamic group: its rule decides who is a member)"
        elif row.get("securityEnabled") is False:
            names[group] += " (no security group: Entra may not provision its members)"
    return replace(state, group_names=names)


def _assigned_since(state: ProvisioningState, subject: _Subject, principal: str) -> datetime | None:
    """Return the earliest time of the user's assignments; None if one of them has no known time."""
    own = [row for row in subject.assignments if str(row.get("resourceId")).lower() == principal.lower()]
    times = {str(row.get("principalId")).lower(): parse_time(row.get("createdDateTime")) for row in own}
    groups = (
        subject.groups.direct.keys() & (state.assigned_groups or {}).keys() if subject.groups is not None else set()
    )
    routes = [*([subject.id] if subject.id in (state.assigned_users or {}) else []), *groups]
    known = [times.get(route) for route in routes]
    return None if not known or None in known else min(filter(None, known))


async def _nested(graph: Graph, state: ProvisioningState, subject: _Subject) -> tuple[tuple[str, ...], ...]:
    """Return the paths of names from assigned groups to inner groups that have the user."""
    from scimconf.graph.user_search import nesting_path

    if subject.groups is None:
        return ()
    around = subject.groups.around
    paths = []
    for group in sorted(around.keys() & (state.assigned_groups or {}).keys()):
        ids = await nesting_path(graph, subject.groups, group)
        paths.append(tuple(state.group_names.get(id_) or str(around[id_].get("displayName") or id_) for id_ in ids))
    return tuple(paths)
