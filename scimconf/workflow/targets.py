"""Applications whose jobs are read, and how they are found: of a spec, by name or id, or all of the tenant."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scimconf.diagnostics import GraphError, ScimconfError
from scimconf.documents import application as documents
from scimconf.documents import job as job_documents
from scimconf.export.names import spec_names
from scimconf.kinds.identity import identified_by
from scimconf.monitoring.application_status import TokenExpiry
from scimconf.monitoring.contacts import WITHOUT_SPEC, Ownership, ownership
from scimconf.spec.loaded import Loaded
from scimconf.spec.model import Spec
from scimconf.spec.patterns import GUID
from scimconf.workflow.plan_all import relative_path

if TYPE_CHECKING:
    from scimconf.graph.client import Graph

Json = Any
INTEGRATED = "WindowsAzureActiveDirectoryIntegratedApp"
"""The tag of enterprise applications (Graph reference, servicePrincipal)."""


MICROSOFT = frozenset({"f8cdef31-a31e-4b4a-93e4-5f571e91255a", "72f988bf-86f1-41af-91ab-2d7cd011db47"})
"""The tenants that own Microsoft's applications (Entra documentation, verify first-party Microsoft applications)."""


class NoApplicationError(ScimconfError):
    """The tenant has no such application, or several."""


@dataclass(frozen=True, slots=True)
class ApplicationTarget:
    """An application whose jobs are read: what identifies it, by Graph's properties in order, and its job's template.

    `selector` are the words with which commands name it, quoted for a shell. `enabled` is `provisioning.enabled` of its
    spec, None without a spec; `retired` is the day since which the spec says that the application is
    retired, else "". `tokens` and `ownership` are what its spec says, without a spec nothing.
    """

    name: str
    properties: tuple[str, ...]
    value: str
    template: str | None = None
    tokens: tuple[TokenExpiry, ...] = ()
    selector: str = ""
    enabled: bool | None = None
    retired: str = ""
    ownership: Ownership = WITHOUT_SPEC

    @property
    def spec_name(self) -> str:
        """The name of its spec, "" without a spec."""
        return self.name if self.enabled is not None else ""


def spec_targets(specs: Iterable[Loaded]) -> tuple[ApplicationTarget, ...]:
    """Return the targets of specs that loaded without errors."""
    return tuple(_target(loaded.spec, loaded.paths[0]) for loaded in specs if loaded.spec is not None)


def _target(spec: Spec, path: str) -> ApplicationTarget:
    _, prop, value = identified_by(spec)
    return ApplicationTarget(
        spec.name,
        (prop,),
        value,
        template=spec.job.template if spec.job is not None else None,
        tokens=tuple(expiring_tokens(spec)),
        selector=shlex.quote(relative_path(path)),
        ownership=ownership(spec),
        enabled=spec.provisioning.enabled and spec.retired is None,
        retired=spec.retired.isoformat() if spec.retired is not None else "",
    )


def expiring_tokens(spec: Spec) -> Iterable[TokenExpiry]:
    """Yield the references of the connection that have an expiry date."""
    for _, reference in spec.connection.references() if spec.connection is not None else ():
        if reference.expires is not None:
            yield TokenExpiry(str(reference), reference.expires)


def application_target(app: str) -> ApplicationTarget:
    """Return the target of an application by its display name, application id or object id."""
    properties = ("appId", "id") if re.fullmatch(GUID, app) else ("displayName",)
    return ApplicationTarget(app, properties, app, selector=f"--app {shlex.quote(app)}")


async def find_principal(graph: Graph, target: ApplicationTarget) -> Mapping[str, Json]:
    """Return the service principal of a target; raise NoApplicationError or GraphError."""
    from scimconf.graph.reading import read

    rows: list[Json] = []
    for prop in target.properties:
        rows = rows or await read(graph, documents.service_principals(prop, target.value), {}) or []
    if not rows:
        raise NoApplicationError(f'the tenant has no application "{target.value}"')
    if len(rows) > 1:
        raise NoApplicationError(f'{len(rows)} applications are named "{target.value}"; use the id of one of them')
    principal: Mapping[str, Json] = rows[0]
    return principal


async def find_jobs(graph: Graph, principal: str, template: str | None) -> list[Json]:
    """Return the jobs of a service principal: those of a template, or all. Without provisioning there are none."""
    from scimconf.graph.reading import read

    try:
        jobs = await read(graph, job_documents.jobs(template), {"service_principal": principal}) or []
    except GraphError as error:
        if error.status != 404:
            raise
        return []
    return [job for job in jobs if template is None or str(job.get("templateId", "")).lower() == template.lower()]


async def integrated_principals(graph: Graph) -> list[Mapping[str, Json]]:
    """Return all enterprise applications of the tenant, by name."""
    return [row for row in await _principals(graph) if _is_integrated(row)]


async def _principals(graph: Graph) -> list[Mapping[str, Json]]:
    properties = "id,appId,displayName,tags,servicePrincipalType,appOwnerOrganizationId"
    rows = await graph.collect("/servicePrincipals", query={"$select": properties})
    return sorted(rows, key=lambda row: (str(row.get("displayName")).casefold(), str(row["id"])))


def _is_integrated(row: Mapping[str, Json]) -> bool:
    return INTEGRATED in (row.get("tags") or ())


def _may_have_jobs(row: Mapping[str, Json]) -> bool:
    """Return whether a service principal is an application of somebody else than Microsoft, or tagged as an enterprise one."""
    is_application = row.get("servicePrincipalType") in (None, "Application")
    return _is_integrated(row) or (is_application and row.get("appOwnerOrganizationId") not in MICROSOFT)


@dataclass(frozen=True, slots=True)
class ListedApplication:
    """An enterprise application and its provisioning jobs; `error` if those could not be read."""

    principal: Mapping[str, Json]
    jobs: tuple[Json, ...] = ()
    error: GraphError | None = None


async def list_applications(graph: Graph) -> list[ListedApplication]:
    """Return the applications with a provisioning job, by name, and enterprise applications whose jobs cannot be read.

    Those of Microsoft are left out. An application that was created by a script may lack the tag of enterprise
    applications. The jobs are read in batches of 20 applications.
    """
    from scimconf.graph.client import Request

    principals = [row for row in await _principals(graph) if _may_have_jobs(row)]
    path = job_documents.jobs(None).path
    requests = [Request("GET", path, {"service_principal": str(principal["id"])}) for principal in principals]
    answers = await graph.batch(requests)
    listed = []
    for principal, answer in zip(principals, answers, strict=True):
        if isinstance(answer, GraphError):
            if answer.status != 404 and _is_integrated(principal):
                listed.append(ListedApplication(principal, error=answer))
            continue
        rows = answer.body.get("value") if isinstance(answer.body, Mapping) else None
        jobs = tuple(row for row in rows or () if isinstance(row, Mapping))
        if jobs:
            listed.append(ListedApplication(principal, jobs))
    return listed


def selectors(principals: Iterable[Mapping[str, Json]]) -> dict[str, str]:
    """Return by object id how commands name each application: by its display name, or by its id if others have the name."""
    rows = list(principals)
    numbers = Counter(str(row.get("displayName")) for row in rows)
    names = {
        str(row["id"]): str(row["displayName"] if numbers[str(row.get("displayName"))] == 1 else row["appId"])
        for row in rows
    }
    return {key: f"--app {shlex.quote(name)}" for key, name in names.items()}


def file_name(principal: Mapping[str, Json]) -> str:
    """Return the name that the spec of an application would have, made of its display name."""
    return next(iter(spec_names([principal])))
