"""Rehearses a spec: applies it to an in-process tenant, and plays a lifecycle against a SCIM endpoint."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from scimconf.check_report import CheckReport, CheckResult, CheckStatus
from scimconf.diagnostics import describe_unexpected, plural
from scimconf.json_types import Json
from scimconf.plan import ApplyStatus, Result, StepOutcome
from scimconf.rehearsal import judgement, lifecycle
from scimconf.rehearsal.endpoint.masking import RunMask
from scimconf.rehearsal.invented import User, tenant_description
from scimconf.rehearsal.naming import Naming
from scimconf.rehearsal.payload_checks import payload_results
from scimconf.rehearsal.rehearsed_spec import TOKEN_VARIABLE, RehearsedSpec, rehearsed_spec
from scimconf.rehearsal.rehearsed_tenant import CycleResult, RehearsedTenant, open_tenant
from scimconf.rehearsal.stage import Stage, StepResult
from scimconf.sandbox.engine.values import Kind, ObjectFlow, Scope
from scimconf.sandbox.reach import Destination
from scimconf.sandbox.switches import Switches
from scimconf.spec.loaded import Loaded
from scimconf.spec.model import GUARDS
from scimconf.workflow.apply import apply
from scimconf.workflow.compilation import PlanOptions
from scimconf.workflow.plan import PlannedApplication, plan

__all__ = ["Rehearsal", "RehearsalOptions", "Switches", "default_switches"]

PREPARATION = "The spec in a new tenant"
_EXTENSION = re.compile(r"urn:.+:\d+(?:\.\d+)*:\w+", re.DOTALL)


def default_switches() -> Switches:
    """Return the switches of a rehearsal: an attribute whose value is not documented is left out, and reported."""
    return Switches().changed({"undetermined": "not_sent"})


@dataclass(frozen=True, slots=True)
class PlayedVendor:
    """A vendor whose limits the built-in server plays: its name, and the document that the server gets."""

    title: str
    limits: Json

    @property
    def deletes_disabled(self) -> bool:
        """Whether the vendor deletes a user who is disabled."""
        return self.limits["users"]["disabling"] == "deletes"  # type: ignore[no-any-return]

    @property
    def remark(self) -> str:
        return f"The built-in server refuses what {self.title} refuses, as far as it is published."


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalOptions:
    """The endpoint of a rehearsal and the users that it starts with.

    `address` is a tenant URL, `token` its bearer token. `users` are in Graph's form; users that the spec names and that
    are not among them are invented. `is_built_in`: the endpoint is the SCIM server of the sandbox, which has the attributes
    of RFC 7643 only. `vendor` is the one whose limits this server plays. `switches` decide what is not known about Entra. `started` is the time of the first cycle; `progress` is called with what begins.
    """

    address: str
    token: str
    started: datetime
    naming: Naming = field(default_factory=Naming)
    is_built_in: bool = False
    vendor: PlayedVendor | None = None
    users: tuple[User, ...] = ()
    switches: Switches = field(default_factory=default_switches)
    progress: Callable[[str], object] = str


class Rehearsal:
    """One run, whose results remain readable after an interrupt."""

    def __init__(self, loaded: Loaded, options: RehearsalOptions) -> None:
        self._options = options
        self._rehearsed = rehearsed_spec(loaded, options.address, options.naming.listed)
        self._path = loaded.paths[0] if loaded.paths else self._rehearsed.spec.name
        self._mask = RunMask([options.token])
        self._results: list[CheckResult] = []
        self._remarks: list[str] = list(self._rehearsed.remarks)
        if options.vendor is not None:
            self._remarks.append(options.vendor.remark)
        self._dialect = "legacy"
        self.sent: Callable[[], Sequence[Mapping[str, Any]]] = list
        """Returns the requests to the endpoint so far, as the journal of the sandbox has them."""

    async def run(self) -> None:
        """Apply the spec and play the lifecycle."""
        options, spec = self._options, self._rehearsed.spec
        assert spec.connection is not None
        destination = Destination(spec.connection.base_address or options.address, options.token)
        description = tenant_description(self._rehearsed, [self._renamed(user) for user in options.users])
        if options.naming.marker:
            _identify(description, options.naming)
        environ = {TOKEN_VARIABLE: options.token}
        async with open_tenant(description, destination, environ, options.started, options.switches) as tenant:
            self.sent = tenant.sent_entries
            if options.naming.marker:
                tenant.number_from(options.naming.first_number)
            self._dialect = tenant.dialect.value
            options.progress("apply")
            applied = await self._apply(tenant)
            self._results.append(applied)
            if applied.status is not CheckStatus.PASSED:
                return
            self._results += payload_results(tenant, spec)
            await self._play(tenant)

    def fail(self, error: Exception) -> None:
        """Add the result of an error that ended the run."""
        self._results.append(
            CheckResult(
                id="run",
                title="The rehearsal ended early",
                group=PREPARATION,
                status=CheckStatus.FAILED,
                expected="the rehearsal runs to its end",
                actual=self._mask.text(describe_unexpected(error)),
            )
        )

    def report(self, leftovers: Sequence[str] = (), remarks: Sequence[str] = ()) -> CheckReport:
        """Return the report of what was run so far."""
        done = {result.id for result in self._results}
        rest = sum(step.id not in done for step in lifecycle.STEPS)
        not_run = [f"{rest} of {len(lifecycle.STEPS)} checks did not run."] if rest else []
        return CheckReport(
            kind="rehearsal",
            subject=self._path,
            endpoint=self._mask.text(self._options.address.partition("?")[0]),
            dialect=self._dialect,
            results=tuple(self._results),
            remarks=tuple(map(self._mask.text, (*self._remarks, *remarks, *not_run))),
            leftovers=tuple(map(self._mask.text, leftovers)),
        )

    def _renamed(self, user: User) -> User:
        """Return a supplied user as it is called in the rehearsal."""
        naming = self._options.naming
        names = {
            name: naming.user_name(str(user[name]))
            for name in ("userPrincipalName", "mail", "mailNickname", "employeeId")
            if user.get(name)
        }
        identity = {"id": naming.identifier(str(user["id"]))} if user.get("id") else {}
        return user | names | identity

    # ---- apply -----------------------------------------------------------------------------------------------------

    async def _apply(self, tenant: RehearsedTenant) -> CheckResult:
        """Apply the spec as `scimconf apply` does, with all guards allowed: the tenant is new."""
        plan_options = PlanOptions(today=self._options.started.date(), allow=GUARDS, impact=False)
        planned = await plan(tenant.session(), self._rehearsed.loaded, plan_options)
        if planned.errors:
            return self._applied(tenant, "; ".join(f"{error.code} {error.message}" for error in planned.errors))
        report = await apply(tenant.session(), planned, plan_options, tenant.secrets, _Approved())
        error = "" if report.status is ApplyStatus.APPLIED else report.error or report.status.value
        failed = [
            f"{outcome.message}: {outcome.detail}" for outcome in report.outcomes if outcome.result is Result.FAILED
        ]
        if not error:
            tenant.bind(str(self._rehearsed.spec.application.display_name))
        return self._applied(tenant, "; ".join(failed) or error)

    def _applied(self, tenant: RehearsedTenant, problem: str) -> CheckResult:
        exchanges = tenant.sent()
        return CheckResult(
            id="apply",
            title="Apply the spec and test the connection",
            group=PREPARATION,
            status=CheckStatus.FAILED if problem else CheckStatus.PASSED,
            expected="the spec is applied, and the endpoint accepts the connection test",
            actual=self._mask.text(judgement.apply_problem(problem))
            if problem
            else "the spec is applied, and provisioning is started",
            exchanges=exchanges,
            consequence="Entra does not start provisioning." if problem else "",
            hint=judgement.apply_hint(problem, exchanges, tenant.dialect) if problem else "",
        )

    # ---- cycles ----------------------------------------------------------------------------------------------------

    async def _play(self, tenant: RehearsedTenant) -> None:
        stage = Stage(
            tenant,
            self._rehearsed.spec,
            self._options.naming,
            is_built_in=self._options.is_built_in,
            deletes_disabled=self._options.vendor is not None and self._options.vendor.deletes_disabled,
            role_ids=_role_ids(tenant, self._rehearsed),
        )
        for user in self._options.users:
            await self._assign_supplied(stage, self._renamed(user))
        self._options.progress("initial cycle")
        cycle = await tenant.cycle()
        for kind in ("User", "Group"):
            flow = tenant.flow(kind)
            if flow is not None:
                self._results.append(await self._arrived(stage, cycle, flow, kind))
                self._results += _undocumented(tenant, flow)
        users = tenant.flow("User")
        if users is not None:
            self._remarks += (*_role_remarks(tenant, users), *_reading_remarks(tenant, users))
        async for result in lifecycle.play(stage, self._options.progress):
            self._results.append(result)

    async def _assign_supplied(self, stage: Stage, user: User) -> None:
        """Assign a supplied user, unless the spec does."""
        listed = self._rehearsed.spec.assignments.listed if self._rehearsed.spec.assignments is not None else ()
        names = {row.value.casefold() for row in listed}
        if user["userPrincipalName"].casefold() not in names and user.get("id") not in names:
            key = (await stage.send("GET", "/users/{key}", key=user["userPrincipalName"]))["id"]
            await stage.assign(str(key))

    async def _arrived(self, stage: Stage, cycle: CycleResult, flow: ObjectFlow, kind: Kind) -> CheckResult:
        """Return whether all users, or all groups, that are in scope arrived in the initial cycle."""
        noun = "users" if kind == "User" else "groups"
        scopes = stage.tenant.scopes(flow)
        keys = [key for key, scope in scopes.items() if scope is Scope.IN]
        title = f"Initial cycle: {plural(len(keys), noun.removesuffix('s'))} in scope"
        if not keys or (kind == "Group" and "Add" not in flow.actions):
            reason = f"no {noun} are in scope" if not keys else "the target object actions do not include create"
            result = StepResult(status=CheckStatus.SKIPPED, expected=f"all {noun} in scope are created", actual=reason)
        else:
            result = await stage.judge(cycle, flow, keys, creating=True)
        return result.as_check(f"initial-{noun}", title, PREPARATION)


def _identify(description: Mapping[str, Any], naming: Naming) -> None:
    """Give each user and group of a description without an object id one of this run."""
    for name, key in (("users", "userPrincipalName"), ("groups", "displayName")):
        for document in description[name]:
            document.setdefault("id", naming.identifier(document[key]))


class _Approved:
    """The hooks of an apply that nobody watches: the tenant is new and nothing in it is worth a history entry."""

    def approve(self, _planned: PlannedApplication) -> bool:
        return True

    def begin_history(self, _planned: PlannedApplication) -> str:
        return ""

    def progress(self, _message: str, _done: int, _total: int) -> None:
        """Ignore the progress: the rehearsal shows its own."""

    def finished(self, _outcome: StepOutcome) -> None:
        """Ignore the outcome of a step: the report has it."""

    def interrupted(self) -> bool:
        return False


def _role_ids(tenant: RehearsedTenant, rehearsed: RehearsedSpec) -> tuple[str, ...]:
    """Return the app roles that users can have: those that the spec assigns or defines first."""
    spec = rehearsed.spec
    assigned = [role for row in (spec.assignments.listed if spec.assignments else ()) for role in row.roles]
    defined = [role.identity.removeprefix("~") for role in (spec.app_roles.roles if spec.app_roles else ())]
    roles = [role for role in tenant.app_roles() if role["isEnabled"] and "User" in role["allowedMemberTypes"]]
    order = {name: number for number, name in enumerate(dict.fromkeys((*assigned, *defined)))}

    def position(role: Mapping[str, Any]) -> tuple[int, int, bool]:
        by_value, by_name = (order.get(role[name], len(order)) for name in ("value", "displayName"))
        return (min(by_value, by_name), by_value, role["displayName"] == "msiam_access")

    return tuple(str(role["id"]) for role in sorted(roles, key=position))


def _role_remarks(tenant: RehearsedTenant, flow: ObjectFlow) -> Iterator[str]:
    """Yield how the string of a role was read: the form of Entra is not confirmed."""
    switches = tenant.service.tenant.switches
    if any("SingleAppRoleAssignment" in row.text for row in flow.flows):
        yield (
            f"SingleAppRoleAssignment sends the {'display name' if _sends_name(switches) else 'value'} of a role here (switch"
            f" `role_text`: {switches.role_text}); which of the two Entra sends is not confirmed. Give roles the same value"
            " and display name."
        )


def _reading_remarks(tenant: RehearsedTenant, flow: ObjectFlow) -> Iterator[str]:
    """Yield the readings of mappings whose form nobody has confirmed, unless they are undetermined."""
    switches = tenant.service.tenant.switches
    if any(row.text == "[appRoleAssignments]" for row in flow.flows) and switches.role_blob != "undetermined":
        yield (
            f"A direct mapping of appRoleAssignments is read as `role_blob`: {switches.role_blob}; what Entra sends is not"
            " documented."
        )
    if any(_EXTENSION.fullmatch(row.target) for row in flow.flows) and switches.bare_extension != "undetermined":
        yield (
            "A target that is the URN of an extension is read as `bare_extension`:"
            f" {switches.bare_extension}; what Entra sends is not documented."
        )


def _sends_name(switches: Switches) -> bool:
    return switches.role_text == "displayName"


def _undocumented(tenant: RehearsedTenant, flow: ObjectFlow) -> Iterator[CheckResult]:
    """Yield a warning if the documentation does not say what some mappings send for the objects in scope."""
    keys = [key for key, scope in tenant.scopes(flow).items() if scope is Scope.IN]
    reasons = {target: reason for key in keys for target, reason in tenant.undetermined(flow, key).items()}
    if reasons:
        switches = tenant.service.tenant.switches
        names = ("undetermined", "role_blob", "bare_extension")
        readings = ", ".join(f"`{name}: {getattr(switches, name)}`" for name in names)
        yield CheckResult(
            id=f"undocumented-{flow.resource.lower()}",
            title="Mappings whose result is not documented",
            group=PREPARATION,
            status=CheckStatus.WARNING,
            expected="Microsoft's documentation says what each mapping sends",
            actual="; ".join(f"{target}: {reason}" for target, reason in reasons.items()),
            consequence=(f"The rehearsal used the readings {readings} of the sandbox; Entra may send another value."),
            hint=(
                "Look at this attribute in the application after the first user, before you provision all. `--switch"
                " NAME=VALUE` rehearses another reading."
            ),
        )
