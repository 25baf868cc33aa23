"""Provision users or one group on demand, and compare what was sent with the prediction. Writes to the application."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from scimconf.diagnostics import GraphError, ScimconfError, TransportError, plural
from scimconf.documents import job as job_documents
from scimconf.impact.preview import Preview
from scimconf.monitoring.causes import with_application
from scimconf.monitoring.comparison import UserComparison, compare
from scimconf.monitoring.on_demand import OnDemandResult, on_demand_result
from scimconf.spec.loaded import Loaded
from scimconf.workflow.compilation import PlanOptions
from scimconf.workflow.live_application import live_application
from scimconf.workflow.plan import PlannedApplication, plan
from scimconf.workflow.preview import user_evaluator
from scimconf.workflow.targets import ApplicationTarget

if TYPE_CHECKING:
    from scimconf.graph.client import Graph
    from scimconf.graph.reading import TenantSession

MAX_MEMBERS = 5
"""Members of a group in one request (Entra: provision on demand)."""
PATH = f"{job_documents.BASE}/jobs/{{job}}/provisionOnDemand"
FLAG = "aadoptscim062020"


@dataclass(frozen=True, slots=True)
class Subject:
    """A user or group that is provisioned: its kind, its object id and its name, the ids of members, and for a user its document."""

    kind: str
    id: str
    name: str
    members: tuple[str, ...] = ()
    document: Any = None


@dataclass(frozen=True, slots=True)
class Demand:
    """What is provisioned, by which application, and what the service does not do, as sentences."""

    planned: PlannedApplication
    evaluator: Preview
    subjects: tuple[Subject, ...]
    limits: tuple[str, ...]

    @property
    def selector(self) -> str:
        """The words with which commands name the application, quoted for a shell."""
        names = (str(row.get("displayName") or "") for row in self.planned.snapshot.rows("service_principals"))
        return f"--app {shlex.quote(next(filter(None, names), self.planned.name))}"


@dataclass(frozen=True, slots=True)
class Provisioned:
    """The result for one subject; `comparison` with the prediction, None for a group."""

    subject: Subject
    result: OnDemandResult
    comparison: UserComparison | None = None


async def prepare(
    session: TenantSession,
    application: Loaded | ApplicationTarget,
    users: Sequence[str],
    now: datetime,
    *,
    group: str = "",
) -> Demand:
    """Find the job and the subjects: users by name or id, or with `group` this group and the users as its members.

    The application is that of a spec, or a target. Raise ScimconfError if it has no job, or if a user or the group does
    not exist.
    """
    from scimconf.graph import impact_data

    planned = await _planned(session, application, now)
    if "job" not in planned.snapshot.names:
        raise ScimconfError("the application has no provisioning job", "Apply the spec first.")
    evaluator, _, _ = await user_evaluator(session.graph, planned, now)
    documents = await impact_data.users_by_name(session.graph, users, evaluator.properties)
    missing = [name for name, document in zip(users, documents, strict=True) if document is None]
    if missing:
        raise ScimconfError(f"the tenant has no user {', '.join(missing)}")
    members = [
        Subject("User", str(user["id"]), str(user["userPrincipalName"]), document=user) for user in documents if user
    ]
    subjects = (await _group(session.graph, group, members),) if group else tuple(members)
    return Demand(planned, evaluator, subjects, tuple(_limits(planned, members)))


async def _planned(
    session: TenantSession, application: Loaded | ApplicationTarget, now: datetime
) -> PlannedApplication:
    if isinstance(application, ApplicationTarget):
        return await live_application(session, application)
    planned = await plan(session, application, PlanOptions(today=now.date(), impact=False))
    if planned.errors:
        raise ScimconfError(f"{planned.errors[0].code} {planned.errors[0].message}", planned.errors[0].hint)
    return planned


async def _group(graph: Graph, name: str, members: Sequence[Subject]) -> Subject:
    if len(members) > MAX_MEMBERS:
        raise ScimconfError(f"a group is provisioned with at most {MAX_MEMBERS} members on demand, got {len(members)}")
    quoted = name.replace("'", "''")
    query = {"$filter": f"displayName eq '{quoted}' or id eq '{quoted}'", "$select": "id,displayName"}
    rows = await graph.collect("/groups", query=query)
    if len(rows) != 1:
        raise ScimconfError(f'{"no group is" if not rows else f"{len(rows)} groups are"} named "{name}"')
    return Subject("Group", str(rows[0]["id"]), str(rows[0]["displayName"]), tuple(member.id for member in members))


def _limits(planned: PlannedApplication, users: Sequence[Subject]) -> Iterator[str]:
    """Yield what provision on demand does not do (Entra: provision on demand, known limitations)."""
    if planned.plan.changes:
        number = plural(len(planned.plan.changes), "change")
        is_or_are = "is" if len(planned.plan.changes) == 1 else "are"
        yield f"{number} of the spec {is_or_are} not applied; the service uses what the tenant has"
    secrets = {row["key"]: str(row.get("value", "")) for row in planned.snapshot.rows("secrets")}
    if FLAG in secrets.get("BaseAddress", "").lower():
        yield "it sends PATCH requests in the old dialect, whatever the flag in the tenant URL says"
    if planned.snapshot.rows("assignments"):
        yield "roles are not supported on demand"
    for user in users:
        if user.document.get("accountEnabled") is False:
            yield f"{user.name} is disabled in the tenant; users who are disabled or deleted there are not handled"


async def provision(session: TenantSession, demand: Demand, subject: Subject) -> Provisioned:
    """Provision one subject on demand. Raise GraphError; without a response the user may be provisioned."""
    from scimconf.graph.client import Request

    schema, names = demand.planned.snapshot.get("schema") or {}, demand.planned.snapshot.names
    parameter = {"objectId": subject.id, "objectTypeName": subject.kind}
    if subject.kind == "Group":
        links = [{"objectId": member, "objectTypeName": "User"} for member in subject.members]
        parameter["links"] = {"members": links}  # type: ignore[assignment]
    body = {"parameters": [{"ruleId": _rule(schema, subject.kind), "subjects": [parameter]}]}
    try:
        answer = await session.graph.send(Request("POST", PATH, names, body=body))
    except TransportError as error:
        error.hint = with_application(
            f"{subject.name} may be provisioned nevertheless: check `scimconf logs` before you repeat it.",
            demand.selector,
        )
        raise
    except GraphError as error:
        if error.status == 401:
            error.hint = (
                "Make the identity an owner of the application and of its enterprise application, then sign in again."
            )
        raise
    result = on_demand_result(answer.body)
    if subject.kind == "Group":
        return Provisioned(subject, result)
    predicted = demand.evaluator.user(subject.document).before
    return Provisioned(subject, result, compare(result.event, predicted, {}, demand.evaluator.mappings_before))


def _rule(schema: Any, kind: str) -> str:
    """Return the id of the rule with an enabled mapping of this kind of object; raise ScimconfError if there is none."""
    for rule in schema.get("synchronizationRules") or ():
        for mapping in rule.get("objectMappings") or ():
            if mapping.get("sourceObjectName") == kind and mapping.get("enabled") is not False:
                return str(rule["id"])
    raise ScimconfError(f"the application does not provision {kind.lower()}s")
