"""The Python API: load and validate a spec, connect to a tenant, plan, apply, preview, export, and watch provisioning.

Defaults for the clock, the environment and the working folder stand here and in `cli/` only. `docs/api.md` describes
the API; a test runs its examples.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from scimconf.diagnostics import Diagnostic, ScimconfError, SpecError
from scimconf.plan import ApplyStatus, Change, Guard, MissingPrincipal, Plan, Report, StepOutcome, Tenant

if TYPE_CHECKING:
    from scimconf.export import ExportedSpec
    from scimconf.graph.client import Graph
    from scimconf.graph.execution.lock import LockOptions
    from scimconf.graph.reading import Claims, TenantSession
    from scimconf.graph.secrets import Secrets
    from scimconf.graph.settings import Settings
    from scimconf.graph.shared_reads import SharedReads
    from scimconf.monitoring.application_log import ApplicationLog
    from scimconf.monitoring.application_status import ApplicationStatus
    from scimconf.monitoring.comparison import LogComparison
    from scimconf.monitoring.history import HistoryEntry
    from scimconf.monitoring.why_checks import WhyReport
    from scimconf.plan.preview import PreviewHeader, PreviewSummary, UserPreview
    from scimconf.spec.loaded import Loaded
    from scimconf.workflow.compilation import PlanOptions
    from scimconf.workflow.history import HistoryStore
    from scimconf.workflow.history_entry import OpenHistory
    from scimconf.workflow.permission_check import MissingPermission
    from scimconf.workflow.plan import PlannedApplication
    from scimconf.workflow.provision import Provisioned
    from scimconf.workflow.targets import ApplicationTarget

__all__ = [
    "ApplyStatus",
    "ScimconfError",
    "SpecError",
    "SpecExport",
    "SpecPlan",
    "SpecPreview",
    "TenantClient",
    "connect",
    "load",
    "validate",
]

DAY = timedelta(days=1)
"""How far back the log is read by default."""


def load(
    path: str | os.PathLike[str],
    *,
    variables: Mapping[str, str] | None = None,
    allow_paths: Sequence[str | os.PathLike[str]] = (),
) -> Loaded:
    """Load a spec file; raise SpecError if it has errors. `variables` are the values of `${var:NAME}`.

    Files that the spec names must be in its repository (else in its folder) or below one of `allow_paths`.
    """
    from scimconf.files import AllowedFolders, read_regular_file
    from scimconf.spec import load as loading

    def read(name: str) -> bytes:
        return read_regular_file(name, loading.MAX_CSV_SIZE + 1)

    file = os.fspath(path)
    folders = AllowedFolders.of_spec(file, [os.fspath(folder) for folder in allow_paths])
    loaded = loading.load(file, read, os.environ, dict(variables or {}), folders.contain)
    if loaded.spec is None:
        raise SpecError(loaded.diagnostics)
    return loaded


def validate(spec: Loaded) -> tuple[Diagnostic, ...]:
    """Return all errors and warnings that are known without a tenant: of the spec, its tests, and the lint."""
    from scimconf.workflow.validate import lint, validate

    return (*validate(spec, _today()), *lint(spec))


@asynccontextmanager
async def connect(*, credential: Any = None, url: str | None = None) -> AsyncIterator[TenantClient]:
    """Connect to a tenant, and close the connection at the end of the block.

    `credential` is of azure-identity (default: DefaultAzureCredential), `url` the address of Graph (default:
    SCIMCONF_GRAPH_URL, or the public cloud). Raise AuthenticationError if no access token can be obtained.
    """
    import asyncio

    from scimconf.graph.credentials import TokenSource, token_source
    from scimconf.graph.secret_masking import SecretMask
    from scimconf.graph.secrets import Secrets
    from scimconf.graph.settings import graph_settings

    environ = {**os.environ, **({"SCIMCONF_GRAPH_URL": url} if url else {})}
    settings = graph_settings(environ)
    mask = SecretMask()

    def source() -> TokenSource:
        if credential:
            return TokenSource(credential, settings.cloud.scope, mask=mask, environ=environ)
        return token_source(None, environ, settings.cloud, mask=mask)

    secrets = Secrets(environ, credential=source, mask=mask)
    token = None if settings.anonymous else source()
    if token is not None:
        await asyncio.to_thread(token.fetch)
    async with open_client(settings, token, secrets) as client:
        yield client


@asynccontextmanager
async def open_client(
    settings: Settings, token: Any, secrets: Secrets, on_wait: Callable[[float, str], None] | None = None
) -> AsyncIterator[TenantClient]:
    from scimconf.graph.client import open_graph, sandbox_token, silent
    from scimconf.graph.credentials import token_claims
    from scimconf.graph.masked_logs import masked_logs

    async def claims() -> Mapping[str, Any]:
        return token.claims() if token is not None else token_claims(await sandbox_token(settings))

    with masked_logs(secrets.mask_text):
        async with open_graph(settings, token, mask_text=secrets.mask_text, on_wait=on_wait or silent) as graph:
            yield TenantClient(graph, secrets, token.tenant_id() if token is not None else "", claims)


@dataclass(frozen=True, slots=True)
class SpecPlan:
    """The plan of one spec. `docs/api.md` describes its properties."""

    planned: PlannedApplication = field(repr=False)
    options: PlanOptions = field(repr=False)

    @property
    def tenant(self) -> Tenant | None:
        return self.planned.tenant

    @property
    def changes(self) -> tuple[Change, ...]:
        return self.planned.plan.changes

    @property
    def guards(self) -> tuple[Guard, ...]:
        return self.planned.plan.guards

    @property
    def blocking_guards(self) -> tuple[Guard, ...]:
        return self.planned.plan.blocking_guards

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        return self.planned.plan.warnings

    @property
    def missing(self) -> tuple[MissingPrincipal, ...]:
        """The users and groups that the spec lists and the tenant does not have."""
        return self.planned.plan.missing

    @property
    def missing_permissions(self) -> tuple[MissingPermission, ...]:
        """The permissions that an apply by the same identity certainly lacks."""
        return self.planned.missing_permissions

    @property
    def is_complete(self) -> bool:
        return self.planned.plan.complete

    def to_json(self) -> str:
        """Return the plan as JSON, as `scimconf plan --format json` prints it."""
        from scimconf.render import json

        return json.plan(self._plan())

    def to_text(self, width: int = 100) -> str:
        """Return the plan as text, as `scimconf plan` prints it."""
        from scimconf.render import text

        return text.plan(self._plan(), width=width)

    def _plan(self) -> Plan:
        from scimconf.workflow.plan_all import PlanResults

        recorded = {name: list(getattr(self.options, name)) for name in ("only", "exclude", "allow")}
        return PlanResults([self.planned]).combined_plan({**recorded, "resend_secrets": self.options.resend_secrets})


@dataclass(slots=True)
class SpecPreview:
    """What users' records are before and after a plan; `missing` are the names of users that do not exist."""

    header: PreviewHeader = field(init=False)
    users: list[UserPreview] = field(default_factory=list)
    summary: PreviewSummary = field(init=False)
    missing: tuple[str, ...] = ()

    def begin(self, header: PreviewHeader) -> None:
        self.header = header

    def add_users(self, users: Sequence[UserPreview]) -> None:
        self.users += users

    def end(self, summary: PreviewSummary) -> None:
        self.summary = summary

    def progress(self, done: int, total: int) -> None:
        """Ignore progress: the caller waits for the result."""


@dataclass(frozen=True, slots=True)
class SpecExport:
    """A live application as a spec; `notes` list what it has and a spec cannot contain."""

    exported: ExportedSpec = field(repr=False)
    notes: tuple[str, ...]

    def to_yaml(self) -> str:
        from scimconf.render import yaml

        return yaml.write_spec(self.exported.tree)


@dataclass(frozen=True, slots=True)
class TenantClient:
    """An open connection to one tenant. `connect` makes it."""

    graph: Graph
    secrets: Secrets
    tenant_id: str = ""
    claims: Claims | None = None

    def shared_reads(self) -> SharedReads:
        """Return new shared reads, for the sessions of one command."""
        from scimconf.graph.shared_reads import SharedReads

        return SharedReads(self.graph)

    def session(
        self, on_wait: Callable[[float, str], None] | None = None, reads: SharedReads | None = None
    ) -> TenantSession:
        """Return a session for one application; `on_wait` is called with seconds and a reason.

        `reads` are the shared reads of the command; without them the session has its own.
        """
        import asyncio
        import time

        from scimconf.graph.eventual_consistency import ConsistencyPolicy
        from scimconf.graph.reading import TenantSession, no_claims

        policy = ConsistencyPolicy(asyncio.sleep, time.monotonic, lambda: self.graph.now)
        if on_wait is not None:
            policy.on_wait = on_wait
        return TenantSession(self.graph, policy, self.tenant_id, claims=self.claims or no_claims, reads=reads)

    async def plan(
        self,
        spec: Loaded,
        *,
        only: Sequence[str] = (),
        exclude: Sequence[str] = (),
        allow: Sequence[str] = (),
        resend_secrets: bool = False,
        impact: bool = True,
    ) -> SpecPlan:
        """Plan a spec. The arguments are the options of `scimconf plan`.

        Raise SpecError if the spec has errors that only the tenant shows, and GraphError if the tenant cannot be read.
        """
        from scimconf.graph.secrets import Secrets
        from scimconf.workflow.compilation import PlanOptions

        selected = PlanOptions(today=_today(), only=tuple(only), exclude=tuple(exclude), allow=tuple(allow))
        is_available = Secrets(os.environ).is_available
        options = replace(selected, resend_secrets=resend_secrets, impact=impact, is_available=is_available)
        return SpecPlan(await self._planned(spec, options), options)

    async def apply(
        self,
        plan: SpecPlan,
        *,
        approve: Callable[[tuple[str, ...]], bool],
        history: str | os.PathLike[str] | None = "",
        progress: Callable[[str, int, int], object] | None = None,
        lock_holder: str = "",
        check_permissions: bool = True,
    ) -> Report:
        """Apply a plan, and plan again until no changes remain; return a report, also after a failure.

        `approve` is called with the guards of a first run and the addresses to delete or replace, and again if a later
        round adds any. `history` is the folder or the address of a blob container for the documents before and after (default:
        `.scimconf/history` at the root of the spec's repository), None for no history. Without
        `check_permissions`, also requests are sent that need permissions which the access token lacks. With a
        `lock_holder`, no other run with a lock applies the application at the same time.
        """
        from scimconf.monitoring.history import ci_context
        from scimconf.workflow.apply import apply, guards_that_need_allow, missing_secrets, shared_secret_files
        from scimconf.workflow.history_entry import OpenHistory

        planned = plan.planned
        entry = OpenHistory(self._history(plan, history), ci_context(os.environ), lambda: datetime.now(UTC))
        hooks = _ApiHooks(approve, entry, progress)
        options = replace(plan.options, check_permissions=check_permissions)
        if not check_permissions:
            planned = replace(planned, missing_permissions=())
        stops = guards_that_need_allow(planned) or planned.missing_errors or planned.missing_permissions
        if planned.plan.changes and not stops:
            missing = list(missing_secrets(planned, self.secrets))
            if missing:
                error = "; ".join(map(str, missing))
                return Report(planned.name, error=error, hint=missing[0].hint, status=ApplyStatus.FAILED)
            if not hooks.approve(planned):
                return Report(planned.name, error="The plan was not approved.", status=ApplyStatus.FAILED)
        options, lock = replace(options, lock_holder=lock_holder), _lock_options(lock_holder)
        warnings = tuple(f"{shared.message}. {shared.hint}" for shared in shared_secret_files(planned, self.secrets))
        report = await apply(self.session(), planned, options, self.secrets, hooks, lock)
        report = entry.end(report)
        return replace(report, warnings=(*warnings, *report.warnings, *entry.failure[1:]))

    def _history(self, plan: SpecPlan, history: str | os.PathLike[str] | None) -> HistoryStore | None:
        from scimconf.workflow.history_place import open_store

        if history is None:
            return None
        return open_store(os.fspath(history), plan.planned.loaded.paths[0], self.secrets.sign_in)

    async def preview(
        self, spec: Loaded, *, users: Sequence[str] = (), sample: int = 0, only: Sequence[str] = ()
    ) -> SpecPreview:
        """Preview users before and after the plan of a spec: these users, the first `sample`, or all who can be in scope."""
        from scimconf.workflow.compilation import PlanOptions
        from scimconf.workflow.preview import UserSelection, preview

        planned = await self._planned(spec, PlanOptions(today=_today(), only=tuple(only), impact=False))
        collected = SpecPreview()
        selection = UserSelection(tuple(users), sample, with_records=True)
        collected.missing = tuple(await preview(self.graph, planned, selection, collected, datetime.now(UTC)))
        return collected

    async def export(self, app: str, *, name: str = "", full: bool = False) -> SpecExport:
        """Export the application with a name or id; `full` includes what is equal to the template.

        Raise DiagnosticsError if there is not exactly one such application.
        """
        from scimconf.export import without_references
        from scimconf.workflow.export import export_application, ignore_lint_errors

        exported = await export_application(self.session(), app, name, full=full)
        if exported.csv_users:
            exported.tree["assignments"]["users"] = exported.users()
        without_references(exported)
        ignore_lint_errors(exported, "")
        return SpecExport(exported, (*exported.omitted, *exported.unread))

    async def status(self, app: Loaded | str, *, since: timedelta = DAY) -> ApplicationStatus:
        """Return whether provisioning of an application runs, and what it did since then. Raise ScimconfError.

        The application is that of a spec, or the one with a display name, application id or object id.
        """
        from scimconf.workflow.status import StatusOptions, statuses

        options = StatusOptions(window=since, now=datetime.now(UTC))
        (status,) = await statuses(self.graph, [_target(app)], options)
        if status.is_failed:
            raise ScimconfError(status.problem)
        return status

    async def all_statuses(self, *, since: timedelta = DAY) -> list[ApplicationStatus]:
        """Return the status of each application of the tenant with a provisioning job; `problem` says which cannot be read."""
        from scimconf.workflow.status import StatusOptions, all_statuses

        return await all_statuses(self.graph, StatusOptions(window=since, now=datetime.now(UTC)))

    async def logs(
        self, app: Loaded | str, *, since: timedelta = DAY, user: str = "", statuses: Sequence[str] = ()
    ) -> ApplicationLog:
        """Return the provisioning log of an application, of all users or of one. Raise ScimconfError."""
        from scimconf.workflow.logs import LogOptions, logs

        options = LogOptions(window=since, now=datetime.now(UTC), user=user, statuses=frozenset(statuses))
        (log,) = await logs(self.graph, [_target(app)], options)
        if log.problem:
            raise ScimconfError(log.problem)
        return log

    async def compare_logs(self, app: Loaded | str, *, since: timedelta = DAY, user: str = "") -> LogComparison:
        """Compare what a preview predicts for the users in the log with what the service recorded. Raise ScimconfError."""
        from scimconf.workflow.comparison import compare_application_log
        from scimconf.workflow.logs import LogOptions

        options = LogOptions(window=since, now=datetime.now(UTC), user=user)
        comparison = await compare_application_log(self.session(), _target(app), options)
        if comparison.problem:
            raise ScimconfError(comparison.problem)
        return comparison

    async def provision(
        self,
        app: Loaded | str,
        users: Sequence[str],
        *,
        approve: Callable[[tuple[str, ...]], bool],
        group: str = "",
    ) -> list[Provisioned]:
        """Provision users on demand, or a group with up to five of them; writes to the application. Raise ScimconfError.

        `approve` is called with what the service does not do on demand, in sentences; without it nothing is written.
        """
        from scimconf.workflow.provision import prepare, provision

        session = self.session()
        application = app if not isinstance(app, str) else _target(app)
        demand = await prepare(session, application, users, datetime.now(UTC), group=group)
        if not approve(demand.limits):
            return []
        return [await provision(session, demand, subject) for subject in demand.subjects]

    async def why(self, user: str, app: Loaded | str | None = None) -> WhyReport:
        """Return why a user is or is not in an application, or in each that concerns the user. Raise ScimconfError."""
        from scimconf.workflow.why import WhyOptions, why

        target = _target(app) if app is not None else None
        return await why(self.graph, user, WhyOptions(now=datetime.now(UTC), target=target))

    def history(self, spec: Loaded, history: str | os.PathLike[str] = "") -> list[HistoryEntry]:
        """Return the history entries of a spec's application, the newest first; `history` is that of `apply`."""
        from scimconf.workflow.history import history_entries
        from scimconf.workflow.history_place import open_store

        assert spec.spec is not None
        store = open_store(os.fspath(history), spec.paths[0], self.secrets.sign_in)
        return history_entries(store, spec.spec.name)

    async def _planned(self, spec: Loaded, options: PlanOptions) -> PlannedApplication:
        from scimconf.workflow.apply import mask_secrets
        from scimconf.workflow.plan import plan
        from scimconf.workflow.validate import validate

        mask_secrets([spec], self.secrets)
        errors = [diagnostic for diagnostic in validate(spec, options.today) if diagnostic.is_error]
        if errors:
            raise SpecError(errors)
        planned = await plan(self.session(), spec, options)
        if planned.errors:
            raise SpecError(planned.errors)
        return planned


def _target(app: Loaded | str) -> ApplicationTarget:
    """Return the application of a spec, or the one with a name or id."""
    from scimconf.workflow.targets import application_target, spec_targets

    return application_target(app) if isinstance(app, str) else next(iter(spec_targets([app])))


def _lock_options(holder: str) -> LockOptions | None:
    """Return the options of a lock, None without a holder; raise ScimconfError for one that a tag cannot have."""
    from secrets import token_hex

    from scimconf.documents.lock import MAX_HOLDER, is_holder
    from scimconf.graph.execution.lock import LockOptions

    if not holder:
        return None
    if not is_holder(holder):
        hint = f"Use 1 to {MAX_HOLDER} printable characters, without spaces at the ends."
        raise ScimconfError(f"{holder!r} cannot be the holder of a lock", hint)
    return LockOptions(holder=holder, run=token_hex(4), clock=lambda: datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class _ApiHooks:
    approve_items: Callable[[tuple[str, ...]], bool]
    history: OpenHistory
    on_progress: Callable[[str, int, int], object] | None

    def approve(self, planned: PlannedApplication) -> bool:
        from scimconf.workflow.apply import approval_items

        return self.approve_items(tuple(sorted(approval_items(planned))))

    def begin_history(self, planned: PlannedApplication) -> str:
        return self.history.begin(planned)

    def progress(self, message: str, done: int, total: int) -> None:
        if self.on_progress is not None:
            self.on_progress(message, done, total)

    def finished(self, outcome: StepOutcome) -> None:
        """Ignore the outcome of a step: the report has it."""

    def interrupted(self) -> bool:
        return False


def _today() -> date:
    return datetime.now(UTC).date()
