"""The steps of a lifecycle that are about one user."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from scimconf.check_report import CheckStatus
from scimconf.rehearsal import judgement
from scimconf.rehearsal.invented import graph_path, patch_of
from scimconf.rehearsal.judgement import Unexpected
from scimconf.rehearsal.stage import Stage, StepResult, StepSkippedError, kept_account
from scimconf.sandbox.engine.resource import current_manager, current_value
from scimconf.sandbox.engine.values import AttributeFlow, ObjectFlow
from scimconf.sandbox.engine.work import Task

ACTIVE_MAPPING = """active: {expression: 'Switch([IsSoftDeleted], , "False", "True", "True", "False")'}"""
_UPDATED = ("jobTitle", "department", "physicalDeliveryOfficeName", "city", "companyName", "givenName", "surname")
_SCOPE_ATTRIBUTES = frozenset({"IsSoftDeleted", "accountEnabled"})
_ROLE_ATTRIBUTE = "appRoleAssignments"
_RENAME_HINT = (
    "Store what each operation of the PATCH names, and return it: the userName too, and paths with dots such as"
    " `name.familyName`."
)
_MANAGER_HINT = (
    f"{judgement.MANAGER_HINT} The path of the operation begins with a URN: the attribute follows the last colon."
)
_DELETED = "The vendor deletes a user who is disabled. One who leaves the scope by mistake, and comes back, gets a new account."
_OFF = "The target object actions of the users mapping do not include {}"


async def create_user(stage: Stage) -> StepResult:
    """Create two users in the directory; the first is the one that the following steps change."""
    flow = stage.users()
    stage.require_action(flow, "Add", "create")
    stage.user = await stage.new_user("user")
    stage.second_user = await stage.new_user("colleague")
    scope = stage.tenant.scopes(flow)[stage.user]
    if scope.name != "IN":
        raise StepSkippedError(
            f"Invented users are not in scope ({scope.value}). Pass users that pass the filters with --users FILE."
        )
    return await stage.present(flow, [stage.user, stage.second_user], creating=True)


# ---- attributes -----------------------------------------------------------------------------------------------------


async def update_attribute(stage: Stage) -> StepResult:
    """Change one attribute of the user in the directory."""
    flow = stage.users()
    stage.require_provisioned(stage.user, "user")
    row, source = _changed_attribute(stage, flow)
    user = await stage.send("GET", "/users/{key}", key=stage.user)
    await stage.send("PATCH", "/users/{key}", patch_of(user, source, "Manager"), key=stage.user)
    return await stage.present(flow, [stage.user], only=[row.target])


async def clear_attribute(stage: Stage) -> StepResult:
    """Clear the attribute again. Entra sends no null, so the application keeps the last value."""
    flow = stage.users()
    target_id = stage.require_provisioned(stage.user, "user")
    row, source = _changed_attribute(stage, flow)
    user = await stage.send("GET", "/users/{key}", key=stage.user)
    await stage.send("PATCH", "/users/{key}", patch_of(user, source, None), key=stage.user)
    cycle = await stage.cycle()
    value = stage.tenant.desired(flow, stage.user).values.get(row.target)
    if value is not None:
        return await stage.judge(cycle, flow, [stage.user], only=[row.target])
    resource = await stage.tenant.read(flow, target_id) or {}
    remains = current_value(dict(resource), row.target)
    sent = [value for exchange in cycle.exchanges for value in _sent_values(exchange.request_body, row.target)]
    problems = [f"{row.target} {judgement.short_text(value)} was sent" for value in sent]
    actual = f"no change is sent; the application has {row.target} {judgement.short_text(remains)}"
    expected = f"no change is sent: Entra sends no null, so the application keeps {row.target}"
    return stage.result(cycle, expected, Unexpected(problems), actual=actual)


async def rename_user(stage: Stage) -> StepResult:
    """Change the user principal name and the names that belong to it."""
    flow = stage.users()
    stage.require_provisioned(stage.user, "user")
    user = await stage.send("GET", "/users/{key}", key=stage.user)
    alias, _, domain = str(user["userPrincipalName"]).partition("@")
    body = {
        "userPrincipalName": f"{alias}.renamed@{domain}",
        "mail": f"{alias}.renamed@{domain}",
        "displayName": f"{user['displayName']} Renamed",
        "surname": "Renamed",
    }
    await stage.send("PATCH", "/users/{key}", body, key=stage.user)
    result = await stage.present(flow, [stage.user])
    is_unexplained = result.status is CheckStatus.FAILED and not result.hint
    return replace(result, hint=_RENAME_HINT) if is_unexplained else result


def _sent_values(body: Any, target: str) -> Iterator[Any]:
    """Yield the values of a target attribute in the operations of a PATCH."""
    operations = body.get("Operations") if isinstance(body, dict) else None
    for operation in operations or ():
        value = operation.get("value")
        if operation.get("path") == target:
            yield value
        elif "path" not in operation and isinstance(value, dict) and target in value:
            yield value[target]


def _changed_attribute(stage: Stage, flow: ObjectFlow) -> tuple[AttributeFlow, str]:
    """Return a mapping whose source attribute can be changed and cleared, and this attribute; else skip the step."""
    sent = [row for row in flow.flows if row.flow_type == "Always" and not row.matching_priority and not row.default]
    rows = sorted(sent, key=lambda row: row.target in stage.lost)
    for source in _UPDATED:
        row = next((row for row in rows if row.text == f"[{source}]"), None)
        if row is not None and graph_path(source) is not None:
            return row, source
    names = ", ".join(_UPDATED)
    raise StepSkippedError(f"No attribute mapping has one of these attributes as its source: {names}.")


# ---- references and roles -------------------------------------------------------------------------------------------


async def change_manager(stage: Stage) -> StepResult:
    """Make the second user the manager of the first."""
    flow = stage.users()
    target_id = stage.require_provisioned(stage.user, "user")
    manager_id = stage.require_provisioned(stage.second_user, "manager")
    row = next((row for row in flow.references if row.reference == "manager"), None)
    if row is None:
        raise StepSkippedError("No attribute mapping has `manager` as its source.")
    await stage.link("PUT", "/users/{key}/manager/$ref", stage.user, stage.second_user)
    cycle = await stage.cycle()
    resource = await stage.tenant.read(flow, target_id) or {}
    actual = current_manager(dict(resource), row.target)
    failed = judgement.failures(cycle, [stage.user])
    problems = [f"{code}: {reason}" for code, reason in failed]
    if actual != manager_id:
        problems.insert(0, f"{row.target} is {judgement.short_text(current_value(dict(resource), row.target))}")
    expected = f"{row.target} has the id of the manager, {judgement.short_text(manager_id)}"
    explained = (f"{judgement.SUCCESS}, and sends the manager again only when it changes.", _MANAGER_HINT)
    result = stage.result(cycle, expected, Unexpected(problems, failed), explained=explained)
    specific = judgement.hint(cycle.exchanges, (), stage.tenant.dialect) if problems else ""
    return replace(result, hint=specific or result.hint)


async def swap_role(stage: Stage) -> StepResult:
    """Give the user another app role, and delete the assignment of the first, in the order of a careful administrator."""
    flow = stage.users()
    stage.require_provisioned(stage.user, "user")
    rows = [row.target for row in flow.flows if _ROLE_ATTRIBUTE in row.attributes]
    if not rows:
        raise StepSkippedError("No attribute mapping reads `appRoleAssignments`, so no role is sent.")
    if stage.tenant.provisions_all:
        raise StepSkippedError("Roles come from assignments, and `scope: all` provisions users without one.")
    if len(stage.role_ids) < 2:
        raise StepSkippedError("The application has only one app role that users can have.")
    known = set(stage.tenant.desired(flow, stage.user).values)
    if not known & set(rows):
        raise StepSkippedError(f"What Entra sends to {', '.join(rows)} is not documented.")
    await stage.assign(stage.user, 1)
    await stage.unassign(stage.user, stage.role_ids[0])
    return await stage.present(flow, [stage.user], only=rows)


# ---- leavers --------------------------------------------------------------------------------------------------------


async def disable_user(stage: Stage) -> StepResult:
    """Disable the account in the directory."""
    flow = stage.users()
    stage.require_provisioned(stage.user, "user")
    await stage.send("PATCH", "/users/{key}", {"accountEnabled": False}, key=stage.user)
    return await _leaver(stage, flow, stage.user)


async def enable_user(stage: Stage) -> StepResult:
    """Enable the account again."""
    flow = stage.users()
    stage.require_provisioned(stage.user, "user")
    await stage.send("PATCH", "/users/{key}", {"accountEnabled": True}, key=stage.user)
    return await _returning(stage, flow, stage.user, "disable-user")


async def unassign_user(stage: Stage) -> StepResult:
    """Delete the assignments of the user."""
    flow = stage.users()
    stage.require_provisioned(stage.user, "user")
    if stage.tenant.provisions_all:
        raise StepSkippedError("`scope: all` provisions users without an assignment.")
    await stage.unassign(stage.user)
    return await _leaver(stage, flow, stage.user)


async def delete_user(stage: Stage) -> StepResult:
    """Delete the second user in the directory, where it can be restored for 30 days."""
    flow = stage.users()
    stage.require_provisioned(stage.second_user, "user")
    await stage.send("DELETE", "/users/{key}", key=stage.second_user)
    return await _leaver(stage, flow, stage.second_user)


async def restore_user(stage: Stage) -> StepResult:
    """Restore the deleted user, with its assignments."""
    flow = stage.users()
    stage.require_provisioned(stage.second_user, "user")
    await stage.send("POST", "/directory/deletedItems/{key}/restore", key=stage.second_user)
    return await _returning(stage, flow, stage.second_user, "delete-user")


async def purge_user(stage: Stage) -> StepResult:
    """Delete the user permanently, as Entra does 30 days after a deletion."""
    flow = stage.users()
    target_id = stage.require_provisioned(stage.second_user, "user")
    await stage.send("DELETE", "/users/{key}", key=stage.second_user)
    await stage.cycle()
    await stage.send("DELETE", "/directory/deletedItems/{key}", key=stage.second_user)
    work = stage.work(flow, stage.second_user)
    cycle = await stage.cycle()
    if work.task is not Task.DELETE:
        actual = f"no change is sent: {work.reason}"
        hint = "Write `actions: [create, update, delete]`." if "Delete" not in flow.actions else ""
        return kept_account(cycle, "the user is deleted in the application", actual, hint)
    return await stage.absent(flow, target_id, cycle, stage.second_user)


async def _leaver(stage: Stage, flow: ObjectFlow, key: str) -> StepResult:
    """Run a cycle after a user left, and expect that the account cannot be used any more."""
    target_id, work = stage.require_provisioned(key, "user"), stage.work(flow, key)
    targets = _disabling_targets(flow)
    cycle = await stage.cycle()
    if work.task is Task.DELETE:
        return await stage.absent(flow, target_id, cycle, key)
    if work.task is not Task.DISABLE or not targets:
        return kept_account(cycle, "the account is disabled in the application", *_kept(stage, flow, targets))
    if stage.deletes_disabled:
        result = await stage.absent(flow, target_id, cycle, key)
        if result.status is not CheckStatus.PASSED:
            return result
        return replace(
            result,
            status=CheckStatus.WARNING,
            expected="the account is disabled, and can be enabled again",
            actual=f"the application deletes /{flow.resource}/{target_id}",
            consequence=_DELETED,
        )
    result = await stage.judge(cycle, flow, [key], only=targets)
    if result.status is CheckStatus.FAILED:
        stage.not_disabled.add(key)
    is_silent = result.consequence.startswith(judgement.SUCCESS)
    return replace(result, consequence=f"The account stays usable. {result.consequence}") if is_silent else result


def _kept(stage: Stage, flow: ObjectFlow, targets: Sequence[str]) -> tuple[str, str]:
    """Return why nothing is sent for a leaver, and what to write in the spec."""
    if "Update" not in flow.actions:
        return f"no change is sent: {_OFF.format('update')}", "Write `actions: [create, update, delete]`."
    if not targets:
        return "no change is sent: no attribute mapping reads `IsSoftDeleted`", f"Add `{ACTIVE_MAPPING}`."
    if stage.tenant.skips_out_of_scope:
        return "no change is sent: `skip_out_of_scope_deletions` is true", "Write `skip_out_of_scope_deletions: false`."
    return "no change is sent: no attribute mapping reads `IsSoftDeleted`", f"Add `{ACTIVE_MAPPING}`."


async def _returning(stage: Stage, flow: ObjectFlow, key: str, before: str) -> StepResult:
    """Run a cycle after a user came back, and expect that the account can be used again.

    Skip the step after the cycle if the step `before` did not disable the account.
    """
    stage.require_provisioned(key, "user")
    targets = _disabling_targets(flow)
    if not targets:
        raise StepSkippedError("No attribute mapping disables accounts, so there is none to enable.")
    if key in stage.not_disabled:
        await stage.cycle()
        raise StepSkippedError(f"The account was not disabled, so there is none to enable (see {before}).")
    return await stage.present(flow, [key], only=targets)


def _disabling_targets(flow: ObjectFlow) -> list[str]:
    """Return the target attributes whose mappings read whether the user is in scope or enabled."""
    return [row.target for row in flow.flows if _SCOPE_ATTRIBUTES & frozenset(row.attributes)]
