"""The difference: addressed resources, one differ, changes as values, and the rules that stop an apply."""

from scimconf.plan.change import (
    Abandoned,
    Action,
    ApplicationPlan,
    Change,
    Detail,
    DiffResult,
    Effect,
    FieldChange,
    Guard,
    Plan,
    Tenant,
)
from scimconf.plan.impact import Impact
from scimconf.plan.outcome import Report, Result, StepOutcome
from scimconf.plan.resource import (
    Absent,
    Address,
    DesiredItem,
    Exclusive,
    Protected,
    ReportOnly,
    Resource,
    Traits,
    WriteOnly,
    decode,
    encode,
)

__all__ = [
    "Abandoned",
    "Absent",
    "Action",
    "Address",
    "ApplicationPlan",
    "Change",
    "DesiredItem",
    "Detail",
    "DiffResult",
    "Effect",
    "Exclusive",
    "FieldChange",
    "Guard",
    "Impact",
    "Plan",
    "Protected",
    "Report",
    "ReportOnly",
    "Resource",
    "Result",
    "StepOutcome",
    "Tenant",
    "Traits",
    "WriteOnly",
    "decode",
    "encode",
]
