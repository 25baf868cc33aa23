"""Find out what prevents plans and applies before they run: sign-in, tenant, clock, permissions, secrets. Reads only."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scimconf import permissions
from scimconf.diagnostics import GraphError, ScimconfError, SecretError
from scimconf.documents import application as application_documents
from scimconf.documents.schema import PARSE
from scimconf.documents.secrets import references
from scimconf.kinds import KINDS
from scimconf.monitoring.application_status import expiry_warning
from scimconf.monitoring.doctor_checks import DoctorCheck, DoctorState
from scimconf.monitoring.job_status import JobPhase, JobStatus, job_status
from scimconf.permissions import APPLICATION_ONLY, PROFILES, Granted, Need, Permission
from scimconf.plan import Tenant
from scimconf.spec.loaded import Loaded
from scimconf.spec.model import Spec
from scimconf.version import __version__
from scimconf.workflow.compilation import documents
from scimconf.workflow.targets import ApplicationTarget, find_jobs, find_principal

if TYPE_CHECKING:
    from scimconf.graph.client import Graph
    from scimconf.graph.execution.context import SecretResolver

Request = tuple[str, str]
"""A method and a path below Graph's base."""

MAX_SKEW = timedelta(minutes=5)
"""A clock that is further off may refuse or keep tokens at the wrong time (Microsoft identity platform)."""
PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
WATCHING = ("Application.Read.All", "Synchronization.Read.All")
LOG_PERMISSIONS = frozenset({"ProvisioningLog.Read.All", "AuditLog.Read.All", "Directory.Read.All"})
GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
LOG = "/auditLogs/provisioning"

_SP = "/servicePrincipals/{service_principal}"
_JOB = f"{_SP}/synchronization/jobs/{{job}}"
_WRITES: tuple[Request, ...] = (
    ("PUT", f"{_JOB}/schema"),
    ("PUT", f"{_SP}/synchronization/secrets"),
    ("POST", f"{_JOB}/start"),
    ("POST", PARSE),
)


def environment_checks(environ: Mapping[str, str], base: str) -> Iterator[DoctorCheck]:
    """Yield the version, the address of Graph and the proxy, without a user name or a password in it."""
    text = f"scimconf {__version__}, Python {platform.python_version()}, {platform.system()}"
    yield DoctorCheck("environment", DoctorState.OK, text)
    yield DoctorCheck("environment", DoctorState.OK, f"Graph is {base}")
    proxy = next((environ[name] for name in PROXIES if environ.get(name)), "")
    if proxy:
        parts = urlsplit(proxy)
        host = parts.hostname or "an address that cannot be read"
        yield DoctorCheck("environment", DoctorState.OK, f"requests go through the proxy {host}")


def sign_in_checks(claims: Mapping[str, Any], *, anonymous: bool) -> Iterator[DoctorCheck]:
    """Yield who is signed in, from the claims of the access token."""
    if anonymous:
        yield DoctorCheck("sign-in", DoctorState.OK, "a sandbox, which needs no sign-in")
        return
    identity = claims.get("upn") or claims.get("app_displayname") or claims.get("appid") or claims.get("azp")
    kind = "a user" if "scp" in claims else "an application"
    yield DoctorCheck("sign-in", DoctorState.OK, f"signed in as {kind}: {identity or 'the token does not say who'}")


async def tenant_checks(graph: Graph, now: datetime, specs: Sequence[Loaded]) -> list[DoctorCheck]:
    """Return whether Graph answers, which tenant it is, and how far the clocks differ. `now` is this machine's time."""
    from scimconf.graph.reading import read

    tenant: Tenant | None = None
    checks: list[DoctorCheck] = []
    try:
        tenant = application_documents.tenant(await read(graph, application_documents.organization(), {}))
        name = tenant.domain or tenant.id if tenant is not None else "unknown"
        checks.append(DoctorCheck("tenant", DoctorState.OK, f"Graph answers; the tenant is {name}"))
    except GraphError as error:
        state = DoctorState.PROBLEM if error.status not in (401, 403) else DoctorState.WARNING
        checks.append(DoctorCheck("tenant", state, f"the tenant cannot be read: {error}", error.hint))
    if graph.now is not None and abs(graph.now - now) > MAX_SKEW:
        minutes = int(abs(graph.now - now).total_seconds() // 60)
        hint = "Set the clock; tokens are refused otherwise."
        checks.append(
            DoctorCheck("tenant", DoctorState.WARNING, f"the clock of this machine differs by {minutes} min", hint)
        )
    if tenant is not None:
        checks += _other_tenants(tenant, specs)
    return checks


def _other_tenants(tenant: Tenant, specs: Sequence[Loaded]) -> Iterator[DoctorCheck]:
    names = {tenant.id.casefold(), *(domain.casefold() for domain in tenant.domains)}
    for loaded in specs:
        spec = loaded.spec
        if spec is not None and spec.tenant and spec.tenant.casefold() not in names:
            text = f"{spec.name} is for the tenant {spec.tenant}"
            yield DoctorCheck("tenant", DoctorState.PROBLEM, text, "Sign in to that tenant, or use `scimconf.toml`.")


async def application_checks(graph: Graph, target: ApplicationTarget, now: datetime) -> list[DoctorCheck]:
    """Return whether an application exists and its provisioning runs."""
    group = "application"
    try:
        principal = await find_principal(graph, target)
        jobs = [job_status(job, graph.now or now) for job in await find_jobs(graph, principal["id"], target.template)]
    except ScimconfError as error:
        return [DoctorCheck(group, DoctorState.PROBLEM, str(error), getattr(error, "hint", ""))]
    if not jobs:
        text = f"{target.name} has no provisioning job"
        return [DoctorCheck(group, DoctorState.WARNING, text, "Apply a spec with a `provisioning` section.")]
    return [_job_check(target, job) for job in jobs]


def _job_check(target: ApplicationTarget, job: JobStatus) -> DoctorCheck:
    if job.quarantine is not None:
        text = f"{target.name}: provisioning is {job.state}: {job.quarantine.cause.meaning}"
        return DoctorCheck("application", DoctorState.PROBLEM, text, job.quarantine.cause.action_for(target.selector))
    state = DoctorState.WARNING if job.phase is JobPhase.OFF else DoctorState.OK
    return DoctorCheck("application", state, f"{target.name}: provisioning is {job.state}")


# ---- permissions -----------------------------------------------------------------------------------------------------


def permission_checks(
    granted: Granted | None, specs: Sequence[Loaded], app_id: str = "", *, anonymous: bool = False
) -> Iterator[DoctorCheck]:
    """Yield which permissions plans and applies need and the token has; without specs, what the token is sufficient for."""
    group = "permissions"
    if granted is None:
        text = "the access token shows no permissions, so nothing is known about them"
        yield DoctorCheck(group, DoctorState.UNKNOWN, text, "" if anonymous else "`scimconf plan` tries what it needs.")
        return
    valid = [loaded.spec for loaded in specs if loaded.spec is not None]
    if not valid:
        yield from _profile_checks(granted)
        return
    reads = {("GET", document.path) for spec in valid for document in documents(KINDS, [spec])}
    reads |= {request for spec in valid for request in _principal_reads(spec)}
    yield from _need_checks("plan", reads, granted, app_id)
    yield from _need_checks("apply", {request for spec in valid for request in writes(spec)}, granted, app_id)
    yield from _need_checks("status, logs", {("GET", LOG)}, granted, app_id, state=DoctorState.WARNING)


def _principal_reads(spec: Spec) -> Iterator[Request]:
    if spec.assignments is not None:
        yield from (("GET", "/users"), ("GET", "/groups"), ("GET", "/groups/{group}/members"))


def writes(spec: Spec) -> Iterator[Request]:
    """Yield the requests that an apply of a spec may send, as far as they need different permissions."""
    yield from _WRITES
    if spec.application.create is not None:
        yield "POST", "/applicationTemplates/{template}/instantiate"
    if spec.app_roles is not None:
        yield "PATCH", "/applications/{app}"
    if spec.connection is not None and spec.connection.has_credentials:
        yield "PATCH", _SP
    if spec.assignments is not None:
        yield from (("POST", f"{_SP}/appRoleAssignedTo"), ("DELETE", f"{_SP}/appRoleAssignedTo/{{assignment}}"))


def _need_checks(
    purpose: str, requests: Iterable[Request], granted: Granted, app_id: str, state: DoctorState = DoctorState.PROBLEM
) -> Iterator[DoctorCheck]:
    rows = {permission for request in sorted(requests) if (permission := permissions.required(*request)) is not None}
    missing = _smallest({need for row in rows for need in granted.lacking(row)}, granted)
    if missing:
        text = f"{purpose}: missing {permissions.listed(missing)}"
        hint = permissions.grant(missing) if granted.is_delegated else _grant_command(missing, app_id)
        yield DoctorCheck("permissions", state, text, hint)
        return
    needed = _smallest({need for row in rows for need in row.needs}, granted)
    yield DoctorCheck("permissions", DoctorState.OK, f"{purpose}: sufficient ({permissions.listed(needed)}, or more)")


def _smallest(needs: Iterable[Need], granted: Granted) -> list[str]:
    """Return the permissions to grant for these needs, without those that another one of them includes.

    A permission for owned applications includes no other one here: the identity may not be the owner.
    """
    names = {granted.to_grant(need): need for need in sorted(needs)}
    return [
        name
        for name, need in names.items()
        if not any(other in names and other != name and not other.endswith(APPLICATION_ONLY) for other in need)
    ]


def _grant_command(names: Sequence[str], app_id: str) -> str:
    """Return the commands of the Azure CLI that grant application permissions; their ids come from the tenant itself."""
    app = app_id or "APP_ID"
    query = f"az ad sp show --id {GRAPH_APP_ID} --query \"appRoles[?value=='$name'].id\" -o tsv"
    return "\n".join(
        [
            f"for name in {' '.join(names)}; do",
            f'  az ad app permission add --id {app} --api {GRAPH_APP_ID} --api-permissions "$({query})=Role"',
            f"done; az ad app permission admin-consent --id {app}",
        ]
    )


def _profile_checks(granted: Granted) -> Iterator[DoctorCheck]:
    satisfied = [profile for profile in PROFILES if _has_profile(granted, profile.permissions)]
    for profile in satisfied:
        yield DoctorCheck("permissions", DoctorState.OK, f"sufficient for {profile.name}: {profile.purpose}")
    if _has_profile(granted, WATCHING):
        log = " and logs" if not granted.names.isdisjoint(LOG_PERMISSIONS) else ""
        yield DoctorCheck("permissions", DoctorState.OK, f"sufficient for status{log}")
    elif not satisfied:
        text = f"the access token has {', '.join(sorted(granted.names)) or 'no permissions'}, sufficient for no profile"
        yield DoctorCheck(
            "permissions", DoctorState.PROBLEM, text, "docs/permissions.md has the permissions of each profile."
        )


def _has_profile(granted: Granted, names: Iterable[str]) -> bool:
    """Return whether each permission of a profile, or one that includes it for every request, is in the token."""
    return all(name in granted.names or _is_included(name, granted) for name in names)


def _is_included(name: str, granted: Granted) -> bool:
    needs = [need for row in _rows_of(name) for need in row.needs if need[0] == name]
    return bool(needs) and all(not granted.names.isdisjoint(need) for need in needs)


def _rows_of(name: str) -> list[Permission]:
    return [row for row in permissions.PERMISSIONS if any(need[0] == name for need in row.needs)]


# ---- secrets ---------------------------------------------------------------------------------------------------------


def secret_checks(specs: Sequence[Loaded], secrets: SecretResolver, now: datetime) -> Iterator[DoctorCheck]:
    """Yield whether the variable or the file of each secret exists, who can read it, and when it expires. No value is printed."""
    for loaded in specs:
        spec = loaded.spec
        if spec is None or spec.connection is None:
            continue
        for _, reference in references(spec.connection):
            yield _secret_finding(spec.name, reference, secrets)
            mode = secrets.mode_for_others(reference)
            if mode:
                text = f"{spec.name}: others can read {reference} (mode {mode})"
                yield DoctorCheck("secrets", DoctorState.WARNING, text, f"Run `chmod 600 {reference}`.")
        for _, written in spec.connection.references():
            warning = expiry_warning(str(written), written.expires, now.date()) if written.expires is not None else ""
            if warning:
                yield DoctorCheck(
                    "secrets", DoctorState.WARNING, f"{spec.name}: {warning}", "Create a new token in the application."
                )


def _secret_finding(name: str, reference: Any, secrets: SecretResolver) -> DoctorCheck:
    if reference.source == "key_vault":
        text = f"{name}: {reference} is in a Key Vault, which only apply reads"
        return DoctorCheck("secrets", DoctorState.UNKNOWN, text)
    try:
        secrets.check(reference)
    except SecretError as error:
        return DoctorCheck("secrets", DoctorState.WARNING, f"{name}: {error}, which an apply needs", error.hint)
    return DoctorCheck(
        "secrets", DoctorState.OK, f"{name}: {reference} is set; whether Entra stores the same value cannot be checked"
    )
