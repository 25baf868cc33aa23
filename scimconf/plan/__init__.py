"""The difference: addressed resources, one differ, changes as values, and the rules that stop an apply.

The values of impact and of an apply are imported on first use, because the command line imports this package at every
start.
"""

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from scimconf.plan.change import Abandoned as Abandoned
from scimconf.plan.change import Action as Action
from scimconf.plan.change import ApplicationPlan as ApplicationPlan
from scimconf.plan.change import Change as Change
from scimconf.plan.change import Detail as Detail
from scimconf.plan.change import DiffResult as DiffResult
from scimconf.plan.change import Effect as Effect
from scimconf.plan.change import FailedApplication as FailedApplication
from scimconf.plan.change import FieldChange as FieldChange
from scimconf.plan.change import Guard as Guard
from scimconf.plan.change import MissingPrincipal as MissingPrincipal
from scimconf.plan.change import Plan as Plan
from scimconf.plan.change import Tenant as Tenant
from scimconf.plan.resource import Absent as Absent
from scimconf.plan.resource import Address as Address
from scimconf.plan.resource import DesiredItem as DesiredItem
from scimconf.plan.resource import Exclusive as Exclusive
from scimconf.plan.resource import Protected as Protected
from scimconf.plan.resource import ReportOnly as ReportOnly
from scimconf.plan.resource import Resource as Resource
from scimconf.plan.resource import Traits as Traits
from scimconf.plan.resource import WriteOnly as WriteOnly
from scimconf.plan.resource import decode as decode
from scimconf.plan.resource import encode as encode

if TYPE_CHECKING:
    from scimconf.plan.impact import Impact as Impact
    from scimconf.plan.outcome import ApplyStatus as ApplyStatus
    from scimconf.plan.outcome import ExitReport as ExitReport
    from scimconf.plan.outcome import Pause as Pause
    from scimconf.plan.outcome import Report as Report
    from scimconf.plan.outcome import Result as Result
    from scimconf.plan.outcome import StepOutcome as StepOutcome
else:
    _LATE = MappingProxyType(
        {
            "Impact": "impact",
            "ApplyStatus": "outcome",
            "ExitReport": "outcome",
            "Pause": "outcome",
            "Report": "outcome",
            "Result": "outcome",
            "StepOutcome": "outcome",
        }
    )

    def __getattr__(name: str) -> Any:
        if name in _LATE:
            return getattr(import_module(f"scimconf.plan.{_LATE[name]}"), name)
        raise AttributeError(f"module 'scimconf.plan' has no attribute '{name}'")
