"""What each thing means. `KINDS` is in the order in which a plan is told, and in which things can be made.

Settings come before the connection, since the connection's steps end with a try of all that was stored.
"""

from scimconf.kinds.app_role import AppRoleKind
from scimconf.kinds.application import ApplicationKind
from scimconf.kinds.assignment import AssignmentKind
from scimconf.kinds.attribute_mapping import AttributeMappingKind
from scimconf.kinds.connection import ConnectionKind
from scimconf.kinds.job import JobKind
from scimconf.kinds.kind import Kind
from scimconf.kinds.object_mapping import ObjectMappingKind
from scimconf.kinds.schedule import ScheduleKind
from scimconf.kinds.settings import SettingsKind
from scimconf.kinds.source_attribute import SourceAttributeKind
from scimconf.kinds.target_attribute import TargetAttributeKind

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

__all__ = ["KINDS", "Kind"]
