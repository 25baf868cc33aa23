"""The steps of a lifecycle that are about a group and its members."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from scimconf.check_report import CheckStatus
from scimconf.rehearsal import judgement
from scimconf.rehearsal.judgement import Unexpected
from scimconf.rehearsal.rehearsed_tenant import CycleResult
from scimconf.rehearsal.stage import Stage, StepResult, StepSkippedError
from scimconf.sandbox.engine.resource import current_value
from scimconf.sandbox.engine.values import ObjectFlow

_LABEL = "Rehearsal group"
_MEMBERS_LOST = (
    "Entra logs success and does not read the members again: users keep or lose access until provisioning is restarted."
)


async def create_group(stage: Stage) -> StepResult:
    """Create a group with one member, and assign it. The member has no other assignment."""
    flow = stage.groups()
    stage.require_action(flow, "Add", "create")
    member = await stage.new_user("member", assigned=False)
    alias = stage.naming.user_name("rehearsal-group")
    body = {
        "displayName": stage.naming.display_name(_LABEL),
        "mailNickname": alias,
        "mailEnabled": False,
        "securityEnabled": True,
    }
    group = await stage.send("POST", "/groups", body)
    key = str(group["id"])
    await stage.link("POST", "/groups/{key}/members/$ref", key, member)
    await stage.assign(key)
    stage.group, stage.members = key, (member,)
    cycle = await stage.cycle()
    created = await stage.judge(cycle, flow, [key], creating=True)
    return await _with_members(stage, flow, cycle, created)


async def rename_group(stage: Stage) -> StepResult:
    """Change the display name of the group."""
    flow = stage.groups()
    stage.require_provisioned(stage.group, "group")
    name = stage.naming.display_name(f"{_LABEL} renamed")
    await stage.send("PATCH", "/groups/{key}", {"displayName": name}, key=stage.group)
    return await _expect_members(stage, flow)


async def add_member(stage: Stage) -> StepResult:
    """Add a member, which is thereby assigned."""
    flow = stage.groups()
    stage.require_provisioned(stage.group, "group")
    member = await stage.new_user("new-member", assigned=False)
    await stage.link("POST", "/groups/{key}/members/$ref", stage.group, member)
    stage.members = (*stage.members, member)
    return await _expect_members(stage, flow)


async def remove_member(stage: Stage) -> StepResult:
    """Remove the last member, which loses its assignment with it."""
    flow = stage.groups()
    stage.require_provisioned(stage.group, "group")
    if len(stage.members) < 2:
        raise StepSkippedError("The member of an earlier step was not added.")
    path = "/groups/{key}/members/{member}/$ref"
    await stage.send("DELETE", path, key=stage.group, member=stage.members[-1])
    stage.members = stage.members[:-1]
    return await _expect_members(stage, flow)


async def delete_group(stage: Stage) -> StepResult:
    """Delete the assignment of the group; its members leave with it."""
    flow = stage.groups()
    target_id = stage.require_provisioned(stage.group, "group")
    stage.require_action(flow, "Delete", "delete")
    if stage.tenant.provisions_all:
        await stage.send("DELETE", "/groups/{key}", key=stage.group)
    else:
        await stage.unassign(stage.group)
    if stage.tenant.skips_out_of_scope and not stage.tenant.provisions_all:
        raise StepSkippedError("`skip_out_of_scope_deletions` is true, so a group that is unassigned stays.")
    cycle = await stage.cycle()
    return await stage.absent(flow, target_id, cycle, stage.group)


async def _expect_members(stage: Stage, flow: ObjectFlow) -> StepResult:
    cycle = await stage.cycle()
    unchanged = await stage.judge(cycle, flow, [stage.group])
    return await _with_members(stage, flow, cycle, unchanged)


async def _with_members(stage: Stage, flow: ObjectFlow, cycle: CycleResult, result: StepResult) -> StepResult:
    """Return a result that also says whether the group has the members that it should have."""
    row = next((row for row in flow.references if row.reference == "members"), None)
    target_id = stage.tenant.target_id(stage.group)
    if row is None or target_id is None:
        return result
    resource = await stage.tenant.read(flow, target_id) or {}
    actual = _ids(current_value(dict(resource), row.target))
    member_ids = [stage.tenant.target_id(member) for member in stage.members]
    expected = "; ".join(
        filter(None, (result.expected, f"{row.target} are {_listed([str(key) for key in member_ids])}"))
    )
    if sorted(actual) == sorted(map(str, member_ids)):
        return replace(result, expected=expected)
    text = f"{row.target} are {_listed(actual)}"
    failed = judgement.failures(cycle, [stage.group, *stage.members])
    problems = [] if result.status is CheckStatus.PASSED else result.actual.split("; ")
    reasons = [f"{code}: {reason}" for code, reason in failed]
    explained = (_MEMBERS_LOST, judgement.member_hint(cycle.exchanges, stage.tenant.dialect))
    return stage.result(cycle, expected, Unexpected([*problems, text, *reasons], failed), explained=explained)


def _ids(members: object) -> list[str]:
    """Return the ids of the members that an endpoint returned."""
    listed = members if isinstance(members, list) else []
    return [str(member.get("value")) for member in listed if isinstance(member, dict)]


def _listed(keys: Sequence[str]) -> str:
    return ", ".join(keys) if keys else "none"
