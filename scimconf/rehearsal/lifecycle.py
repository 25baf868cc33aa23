"""The lifecycle that a rehearsal plays, as a table: what happens in the directory, one cycle after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

from scimconf.check_report import CheckResult, CheckStatus
from scimconf.diagnostics import GraphError
from scimconf.rehearsal import group_steps, user_steps
from scimconf.rehearsal.stage import Stage, StepResult, StepSkippedError

USERS = "A user joins, changes and leaves"
GROUPS = "A group and its members"
LEAVING = "A user leaves"


@dataclass(frozen=True, slots=True)
class LifecycleStep:
    """One step: `expected` is shown if the step is skipped, `run` plays it."""

    id: str
    group: str
    title: str
    expected: str
    run: Callable[[Stage], Awaitable[StepResult]]


STEPS: Sequence[LifecycleStep] = (
    LifecycleStep(
        "create-user", USERS, "Create and assign two users", "both users are created", user_steps.create_user
    ),
    LifecycleStep(
        "update-attribute", USERS, "Change one attribute", "the new value arrives", user_steps.update_attribute
    ),
    LifecycleStep("clear-attribute", USERS, "Clear the attribute", "no change is sent", user_steps.clear_attribute),
    LifecycleStep(
        "rename-user", USERS, "Rename the user", "the same account has the new names", user_steps.rename_user
    ),
    LifecycleStep(
        "change-manager", USERS, "Change the manager", "the account has the new manager", user_steps.change_manager
    ),
    LifecycleStep("swap-role", USERS, "Swap the app role", "the account has the new role", user_steps.swap_role),
    LifecycleStep("disable-user", USERS, "Disable the user", "the account is disabled", user_steps.disable_user),
    LifecycleStep("enable-user", USERS, "Enable the user", "the account is enabled", user_steps.enable_user),
    LifecycleStep(
        "create-group", GROUPS, "Create and assign a group", "the group and its member arrive", group_steps.create_group
    ),
    LifecycleStep("rename-group", GROUPS, "Rename the group", "the group has the new name", group_steps.rename_group),
    LifecycleStep("add-member", GROUPS, "Add a member", "the group has both members", group_steps.add_member),
    LifecycleStep("remove-member", GROUPS, "Remove a member", "the group has one member", group_steps.remove_member),
    LifecycleStep("delete-group", GROUPS, "Unassign the group", "the group is deleted", group_steps.delete_group),
    LifecycleStep("unassign-user", LEAVING, "Unassign the user", "the account is disabled", user_steps.unassign_user),
    LifecycleStep("delete-user", LEAVING, "Delete a user", "the account is disabled", user_steps.delete_user),
    LifecycleStep("restore-user", LEAVING, "Restore the user", "the account is enabled", user_steps.restore_user),
    LifecycleStep(
        "purge-user", LEAVING, "Delete the user permanently", "the account is deleted", user_steps.purge_user
    ),
)


async def play(stage: Stage, progress: Callable[[str], object]) -> AsyncIterator[CheckResult]:
    """Play the steps one after the other, and yield their results; `progress` is called with the title of each."""
    for step in STEPS:
        progress(step.title)
        yield await _played(stage, step)


async def _played(stage: Stage, step: LifecycleStep) -> CheckResult:
    try:
        result = await step.run(stage)
    except StepSkippedError as skipped:
        stage.tenant.sent()
        result = StepResult(status=CheckStatus.SKIPPED, expected=step.expected, actual=str(skipped))
    except GraphError as error:
        result = StepResult(
            status=CheckStatus.FAILED,
            expected=step.expected,
            actual=f"Graph of the sandbox refused a request: {error}",
            exchanges=stage.tenant.sent(),
        )
    return result.as_check(step.id, step.title, step.group)
