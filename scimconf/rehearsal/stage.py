"""What the steps of a lifecycle share: requests to Graph, the flows of the job, and the users and groups that they use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from scimconf.check_report import CheckResult, CheckStatus, Exchange
from scimconf.graph.client import Request
from scimconf.json_types import Json
from scimconf.rehearsal import judgement
from scimconf.rehearsal.invented import domain_of, invented_user
from scimconf.rehearsal.judgement import Unexpected, ValueDifference
from scimconf.rehearsal.naming import Naming
from scimconf.rehearsal.rehearsed_tenant import CycleResult, RehearsedTenant
from scimconf.sandbox.engine.state import JobState
from scimconf.sandbox.engine.values import Desired, ObjectFlow, Scope
from scimconf.sandbox.engine.work import Policy, Work, decide, deleting_kinds
from scimconf.spec.model import Spec

MAX_OBJECTS = 3
"""Objects whose values a result lists."""


class StepSkippedError(Exception):
    """The spec cannot show a step, or an earlier step failed. The message is the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """How a step ended: the fields of a check result that only the step knows."""

    status: CheckStatus
    expected: str
    actual: str
    exchanges: tuple[Exchange, ...] = ()
    consequence: str = ""
    hint: str = ""

    def as_check(self, key: str, title: str, group: str) -> CheckResult:
        """Return the result as that of a check of a report."""
        return CheckResult(
            id=key,
            title=title,
            group=group,
            status=self.status,
            expected=self.expected,
            actual=self.actual,
            exchanges=self.exchanges,
            consequence=self.consequence,
            hint=self.hint,
        )


@dataclass(slots=True)
class _Comparison:
    """What the comparisons of several objects add up to.

    `unequal` are the expected values that differ, `equal` all expected values of the other objects.
    """

    equal: list[str] = field(default_factory=list)
    unequal: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    differences: list[ValueDifference] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)

    def add(
        self,
        name: str,
        mapped: Desired,
        entries: Sequence[ValueDifference | str],
        is_lost: Callable[[ValueDifference | str], bool],
    ) -> None:
        """Add what differs for one object; `name` precedes each text."""
        values = [entry for entry in entries if isinstance(entry, ValueDifference)]
        problems = [f"{name}{entry}" for entry in entries if not is_lost(entry)]
        self.differences += values
        self.lost |= {entry.target for entry in values if is_lost(entry)}
        self.problems += problems
        differing = {entry.target for entry in values if not is_lost(entry)}
        listed = {target: value for target, value in mapped.values.items() if target in differing or not differing}
        (self.unequal if problems else self.equal).append(f"{name}{judgement.values_text(listed)}")

    def expected_text(self) -> str:
        texts = [*self.unequal, *self.equal]
        more = len(texts) - MAX_OBJECTS
        return "; ".join(texts[:MAX_OBJECTS]) + (f"; and {more} more" if more > 0 else "")


@dataclass(slots=True)
class Stage:
    """A tenant on which a lifecycle is played.

    `lost` are the target attributes that the built-in server does not have, once they are reported. `user`,
    `second_user`, `group` and `members` are object ids of what the steps created; `not_disabled` are
    users whose account a step should have disabled. `deletes_disabled`: the application deletes a user who is disabled.
    `role_ids` are the app roles that
    users can have, those of the spec first.
    """

    tenant: RehearsedTenant
    spec: Spec
    naming: Naming
    is_built_in: bool = False
    deletes_disabled: bool = False
    role_ids: tuple[str, ...] = ()
    user: str = ""
    second_user: str = ""
    group: str = ""
    members: tuple[str, ...] = ()
    lost: set[str] = field(default_factory=set)
    not_disabled: set[str] = field(default_factory=set)
    _numbers: int = field(default=900)

    # ---- flows -----------------------------------------------------------------------------------------------------

    def users(self) -> ObjectFlow:
        """Return the object mapping of users, which must be enabled."""
        flow = self.tenant.flow("User")
        if flow is None:
            raise StepSkippedError("The job has no enabled object mapping of users.")
        return flow

    def groups(self) -> ObjectFlow:
        """Return the object mapping of groups; skip the step if it is disabled."""
        flow = self.tenant.flow("Group")
        if flow is None:
            raise StepSkippedError("The object mapping of groups is disabled, so no group is provisioned.")
        return flow

    def require_action(self, flow: ObjectFlow, action: str, text: str) -> None:
        """Skip the step unless the target object actions of an object mapping contain `Add`, `Update` or `Delete`."""
        if action not in flow.actions:
            raise StepSkippedError(f"The target object actions of the mapping do not include {text}.")

    def require_provisioned(self, key: str, noun: str) -> str:
        """Return the id in the application of a user or group; skip the step if an earlier step did not create it."""
        target_id = self.tenant.target_id(key) if key else None
        if target_id is None:
            raise StepSkippedError(f"The {noun} of an earlier step was not created in the application.")
        return target_id

    def work(self, flow: ObjectFlow, key: str) -> Work:
        """Return what Entra does with an object in the next cycle, by the table of its documentation."""
        tenant, state = self.tenant, JobState(self.tenant.service.tenant.store, self.tenant.job_id)
        scope = tenant.scopes(flow).get(key)
        policy = Policy(tenant.skips_out_of_scope, deleting_kinds(tenant.schema(), [flow]))
        return decide(flow, key, scope or Scope.PURGED, state.link(flow.kind, key), policy)

    # ---- requests to Graph -----------------------------------------------------------------------------------------

    async def send(self, method: str, path: str, body: Json | None = None, **names: str) -> Any:
        """Send a request to the tenant, as an administrator does, and return the body of the response."""
        return (await self.tenant.graph.send(Request(method, path, names, body=body))).body

    async def new_user(self, label: str, *, assigned: bool = True) -> str:
        """Create an invented user, assign it if the job provisions assigned users only, and return its id."""
        self._numbers += 1
        name = self.naming.user_name(f"{label}@{domain_of(self.spec)}")
        display_name = self.naming.display_name(f"Rehearsal {label}")
        user = invented_user(self.spec, name, self._numbers, display_name=display_name)
        created = await self.send("POST", "/users", user)
        key = str(created["id"])
        if assigned:
            await self.assign(key)
        return key

    async def assign(self, key: str, role: int = 0) -> None:
        """Give a user or a group an app role, unless the job provisions all users and groups."""
        if self.tenant.provisions_all:
            return
        if not self.role_ids:
            raise StepSkippedError("The application has no app role that users can have.")
        resource = self.tenant.principal_id
        row = {"principalId": key, "resourceId": resource, "appRoleId": self.role_ids[role]}
        await self.send("POST", "/servicePrincipals/{resource}/appRoleAssignedTo", row, resource=resource)

    async def unassign(self, key: str, role_id: str = "") -> None:
        """Delete the assignments of a user or a group to the application, or only that of one role."""
        resource, path = self.tenant.principal_id, "/servicePrincipals/{resource}/appRoleAssignedTo"
        rows = await self.tenant.graph.collect(path, {"resource": resource})
        for row in rows:
            if isinstance(row, dict) and row["principalId"] == key and role_id in ("", row["appRoleId"]):
                await self.send("DELETE", f"{path}/{{assignment}}", resource=resource, assignment=str(row["id"]))

    async def link(self, method: str, path: str, key: str, linked: str) -> None:
        """Send a reference to a directory object."""
        await self.send(
            method, path, {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{linked}"}, key=key
        )

    # ---- results ---------------------------------------------------------------------------------------------------

    async def present(
        self, flow: ObjectFlow, keys: Sequence[str], *, creating: bool = False, only: Sequence[str] = ()
    ) -> StepResult:
        """Run a cycle, and expect that objects have the values that the mappings send; `only` limits the attributes."""
        cycle = await self.cycle()
        return await self.judge(cycle, flow, keys, creating=creating, only=only)

    async def cycle(self) -> CycleResult:
        """Run a provisioning cycle; skip the step if the job is in quarantine."""
        cycle = await self.tenant.cycle()
        if cycle.skipped:
            raise StepSkippedError(f"There is no cycle: {cycle.skipped}.")
        return cycle

    async def judge(
        self,
        cycle: CycleResult,
        flow: ObjectFlow,
        keys: Sequence[str],
        *,
        creating: bool = False,
        only: Sequence[str] = (),
    ) -> StepResult:
        """Compare objects in the application with what the mappings send."""
        compared = _Comparison()
        for key in keys:
            mapped = _limited(self.tenant.desired(flow, key, creating=creating), frozenset(only))
            name = f"{self.tenant.source(flow)[key].name}: " if len(keys) > 1 else ""
            compared.add(name, mapped, await self._differences(flow, key, mapped), self._is_lost)
        # With `only`, a failure of other attributes, which an earlier step has reported, is no failure of this one.
        failed = judgement.failures(cycle, keys) if compared.problems or not only else []
        problems = [*compared.problems, *(f"{code}: {reason}" for code, reason in failed)]
        if only and compared.lost and not problems:
            names = ", ".join(sorted(compared.lost))
            raise StepSkippedError(f"The built-in SCIM server does not have {names}, so it does not show this check.")
        lost = compared.lost - self.lost
        self.lost |= lost
        if lost and not problems:
            return _lost(compared.expected_text(), sorted(lost))
        return self.result(cycle, compared.expected_text(), Unexpected(problems, failed, compared.differences))

    def _is_lost(self, difference: ValueDifference | str) -> bool:
        """Return whether an attribute is missing because the built-in server has only those of RFC 7643."""
        if isinstance(difference, str) or not self.is_built_in or difference.actual is not None:
            return False
        return difference.target not in judgement.STANDARD_ATTRIBUTES

    def result(
        self,
        cycle: CycleResult,
        expected: str,
        unexpected: Unexpected,
        *,
        actual: str = "as expected",
        explained: tuple[str, str] = ("", ""),
    ) -> StepResult:
        """Return the result of a step from what is not as expected; `explained` are a known consequence and a hint."""
        if not unexpected.problems:
            return StepResult(status=CheckStatus.PASSED, expected=expected, actual=actual, exchanges=cycle.exchanges)
        return StepResult(
            status=CheckStatus.FAILED,
            expected=expected,
            actual=self.tenant.mask.text("; ".join(dict.fromkeys(unexpected.problems))),
            exchanges=cycle.exchanges,
            consequence=judgement.consequence(cycle, unexpected) or explained[0],
            hint=explained[1] or judgement.hint(cycle.exchanges, unexpected.differences, self.tenant.dialect),
        )

    async def absent(self, flow: ObjectFlow, target_id: str, cycle: CycleResult, key: str) -> StepResult:
        """Expect that the application does not have a resource any more."""
        resource = await self.tenant.read(flow, target_id)
        problems = [] if resource is None else [f"/{flow.resource}/{target_id} still exists"]
        failed = judgement.failures(cycle, [key])
        problems += [f"{code}: {reason}" for code, reason in failed]
        expected = f"/{flow.resource}/{target_id} is deleted"
        return self.result(cycle, expected, Unexpected(problems, failed), actual="it is deleted")

    async def _differences(self, flow: ObjectFlow, key: str, mapped: Desired) -> Sequence[ValueDifference | str]:
        target_id = self.tenant.target_id(key)
        if target_id is None:
            return ["it was not created"]
        resource = await self.tenant.read(flow, target_id)
        if resource is None:
            return [f"/{flow.resource}/{target_id} does not exist"]
        return judgement.value_differences(self.tenant, flow, mapped, resource)


def _limited(mapped: Desired, only: frozenset[str]) -> Desired:
    if not only:
        return mapped
    return replace(mapped, values={target: value for target, value in mapped.values.items() if target in only})


def _lost(expected: str, targets: Sequence[str]) -> StepResult:
    """Return the warning that the built-in server does not keep attributes of a certain application."""
    return StepResult(
        status=CheckStatus.WARNING,
        expected=expected,
        actual=f"the built-in SCIM server does not have {', '.join(targets)}",
        consequence="This rehearsal does not show whether the application keeps these attributes.",
        hint="Rehearse against a test endpoint of the application with --endpoint.",
    )


def kept_account(cycle: CycleResult, expected: str, actual: str, hint: str) -> StepResult:
    """Return the warning that an account stays usable in the application."""
    return StepResult(
        status=CheckStatus.WARNING,
        expected=expected,
        actual=actual,
        exchanges=cycle.exchanges,
        consequence="Leavers keep their accounts in the application; Entra logs no error.",
        hint=hint,
    )
