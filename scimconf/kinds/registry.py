"""All kinds, in the order in which plans list them and resources can be created.

Settings come before the connection, because the connection's last step tries all stored values.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from scimconf.kinds.app_role import AppRoleKind
from scimconf.kinds.application import ApplicationKind
from scimconf.kinds.assignment import AssignmentKind
from scimconf.kinds.attribute_mapping import AttributeMappingKind
from scimconf.kinds.common_guards import GUARD_IDS, common_guards
from scimconf.kinds.connection import ConnectionKind
from scimconf.kinds.definitions import SourceAttributeKind, TargetAttributeKind
from scimconf.kinds.job import JobKind
from scimconf.kinds.kind import Changes, Kind
from scimconf.kinds.object_mapping import ObjectMappingKind
from scimconf.kinds.schedule import ScheduleKind
from scimconf.kinds.settings import SettingsKind
from scimconf.plan import Guard

if TYPE_CHECKING:
    from scimconf.plan.guards import GuardContext

KINDS: tuple[Kind, ...] = (
    ApplicationKind(),
    JobKind(),
    SettingsKind(),
    ConnectionKind(),
    SourceAttributeKind(),
    TargetAttributeKind(),
    ObjectMappingKind(),
    AttributeMappingKind(),
    AppRoleKind(),
    AssignmentKind(),
    ScheduleKind(),
)
BY_NAME: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in KINDS})
ALL_GUARDS: tuple[str, ...] = tuple(dict.fromkeys((*GUARD_IDS, *(guard for kind in KINDS for guard in kind.guard_ids))))


def guards(changes: Changes, context: GuardContext) -> tuple[Guard, ...]:
    """Return every guard that the changes raise, with the exemption that allows it, if any."""
    raised = list(common_guards(changes, context))
    for kind in KINDS:
        raised += kind.guards([change for change in changes if change.kind == kind.name], context)
    from scimconf.plan.guards import with_exemptions

    return with_exemptions(raised, context)
