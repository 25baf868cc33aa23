"""What the next cycle does to the user about whom `why` is asked, for proposals of commands that let a cycle run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from scimconf.monitoring.user_history import STAGED, Stored, UserHistory

if TYPE_CHECKING:
    from scimconf.monitoring.why import UserFacts

_RUNS_A_CYCLE = re.compile(r"`scimconf (resume|restart|allow-deletions)\b|must restart provisioning")
_LEAVER: Mapping[str, str] = MappingProxyType(
    {
        "disable": "disables the user in the application",
        "delete": "deletes the user in the application, which has no attribute `active`",
        "": "does not disable the user either: no mapping does",
    }
)


def leaver_effect(facts: UserFacts) -> str:
    """Return what a cycle does to a user who is out of scope and has an account, and what the vendor does then."""
    if keeps_user(facts):
        return "does not change the user, because the job keeps users who leave (`skip_out_of_scope_deletions`)"
    vendor = f" ({facts.vendor})" if facts.vendor and facts.leavers == "disable" else ""
    return f"{_LEAVER[facts.leavers]}{vendor}"


def keeps_user(facts: UserFacts) -> bool:
    """Return whether the job does not change this user when the user leaves the scope."""
    return facts.keeps_leavers and facts.is_enabled is not False and facts.deleted is None


def with_effect(action: str, facts: UserFacts, history: UserHistory, *, is_out: bool) -> str:
    """Return what to do, after what it does to this user if it lets a cycle run; another text stays as it is."""
    match = _RUNS_A_CYCLE.search(action)
    if match is None:
        return action
    is_stopped = facts.job is not None and (not facts.job.is_on or facts.job.is_quarantined)
    when = "When provisioning runs again, the next cycle" if is_stopped else "After a restart, the next cycle"
    return f"{when} {_effect(facts, history, is_out=is_out)}. {action}"


def _effect(facts: UserFacts, history: UserHistory, *, is_out: bool) -> str:
    if is_out:
        return _effect_on_leaver(facts, history)
    if not _is_certain(facts):
        return f"decides whether the user is in scope: {_uncertain_effect(facts, history)}"
    if history.stored is Stored.ACTIVE and not history.failed:
        return "keeps the user active, and sends what has changed"
    if history.stored is Stored.DISABLED and not history.failed:
        return "enables the user in the application"
    if history.failed or history.stored is not Stored.UNKNOWN:
        return "tries this user again"
    return "creates the user in the application, or takes over an account that matches"


def _effect_on_leaver(facts: UserFacts, history: UserHistory) -> str:
    """Return what a cycle does to a user who is out of scope and has an account; nothing is proposed for the others."""
    if history.last is not None and history.last.action == STAGED and not keeps_user(facts):
        return f"{leaver_effect(facts)}, unless that is held back again"
    return leaver_effect(facts)


def _uncertain_effect(facts: UserFacts, history: UserHistory) -> str:
    if history.stored is Stored.ACTIVE:
        return f"if not, it {_effect_on_leaver(facts, history)}"
    return "if so, it creates or enables the user"


def _is_certain(facts: UserFacts) -> bool:
    """Return whether it is known that a user of whom nothing says the opposite is in scope."""
    return facts.user_scope.passes is not None and (facts.scope == "all" or facts.user_scope.assigned is True)
