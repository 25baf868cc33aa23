"""Limits of an apply over all of its applications, and its waves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scimconf.diagnostics import plural
from scimconf.documents import job
from scimconf.plan import ApplicationPlan, Effect

if TYPE_CHECKING:
    from scimconf.graph.reading import TenantSession

COUNTED = (Effect.DATA_LOSS, Effect.DEPROVISIONS, Effect.STOPS, Effect.PROVISIONS, Effect.ENDPOINT)
"""The effects whose users are counted: those that create, disable or delete users, or stop leavers from being disabled.
The others evaluate users again, or change how they are sent."""


@dataclass(frozen=True, slots=True)
class FleetLimits:
    """The most applications that may change, and the most users that may be affected; None is no limit."""

    applications: int | None = None
    users: int | None = None

    def problem(self, plans: Sequence[ApplicationPlan]) -> str:
        """Return why the plans exceed a limit; "" if they do not. Users who cannot be counted exceed every limit."""
        changed = [plan for plan in plans if plan.changes]
        if self.applications is not None and len(changed) > self.applications:
            return (
                f"{plural(len(changed), 'application')} would change, and --max-applications is {self.applications:,}"
            )
        if self.users is None:
            return ""
        bounds = {plan.name: _users(plan) for plan in changed}
        unknown = [name for name, number in bounds.items() if number is None]
        if unknown:
            return f"--max-users is {self.users:,}, and the affected users of {', '.join(unknown)} are not known"
        users = sum(number or 0 for number in bounds.values())
        if users > self.users:
            return f"up to {plural(users, 'user')} would be affected, and --max-users is {self.users:,}"
        return ""


def _users(plan: ApplicationPlan) -> int | None:
    """Return an upper bound of the users whom a plan affects; None if there is none.

    A user whom two effects concern counts twice, and one of two applications too.
    """
    effects = {effect for change in plan.changes for effect in change.effects} & set(COUNTED)
    impacts = [plan.impact.get(effect) for effect in effects]
    bounds = [None if impact is None else impact.upper_bound for impact in impacts]
    return None if None in bounds else sum(bound or 0 for bound in bounds)


async def quarantine_after(session: TenantSession) -> str:
    """Return why a job of the application that this session has applied is in quarantine by now, "" if none is.

    Raise GraphError if its jobs cannot be read.
    """
    from scimconf.graph.reading import read

    if "service_principal" not in session.expected:
        return ""
    rows = await read(session.graph, job.jobs(None), session.expected)
    return next(filter(None, map(job.quarantine, rows)), "")
