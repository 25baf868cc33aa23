"""Warn about the roles that users have after a plan; reads the members of the groups that the warnings are about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from scimconf.diagnostics import Diagnostic
from scimconf.documents.assignments import assignments
from scimconf.kinds.mappings import one_role_targets
from scimconf.plan.key_sets import Resources
from scimconf.spec.model import Spec
from scimconf.workflow.compilation import ChangeSet, PlanOptions
from scimconf.workflow.guard_context import GroupMembers

if TYPE_CHECKING:
    from scimconf.graph.reading import TenantSession


async def role_warnings(
    session: TenantSession, spec: Spec, change_set: ChangeSet, groups: GroupMembers, options: PlanOptions
) -> tuple[Diagnostic, ...]:
    """Return K814, K815 and K816. What cannot be read is not counted; without `options.impact` nothing is read.

    Members that were read for the numbers of the plan are not read again.
    """
    if not options.impact or change_set.errors:
        return ()
    if spec.assignments is None and not one_role_targets(spec, groups.snapshot):
        return ()
    from scimconf.expressions.evaluation import EvaluationContext
    from scimconf.graph.impact_data import read_optional_documents
    from scimconf.graph.role_members import read_role_members, read_user_names
    from scimconf.impact import role_warnings as rules
    from scimconf.impact.projection import states_before_and_after

    snapshot = await read_optional_documents(session.graph, groups.snapshot, [assignments()])
    _, after = states_before_and_after(spec, snapshot, change_set.changes)
    unmanaged, drift = change_set.diff.unmanaged, change_set.diff.unmanaged_drift
    unmanaged = Resources((*unmanaged.resources, *drift), unmanaged.keyed)
    inputs = rules.RoleInputs(spec, after, change_set.changes, unmanaged)
    members = await read_role_members(session.shared.batch, rules.role_queries(inputs), groups.members)
    several = rules.several_roles(after, members)
    names = await read_user_names(session.graph, several.users[: rules.EXAMPLES]) if several.users else ()
    today = datetime(options.today.year, options.today.month, options.today.day, tzinfo=UTC)
    return (
        *rules.several_roles_warnings(several, names),
        *rules.unknown_role_warnings(inputs, members, EvaluationContext(today)),
        *rules.nested_group_warnings(inputs, members),
    )
