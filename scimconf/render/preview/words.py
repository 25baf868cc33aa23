"""The words that all forms of a preview share."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from scimconf.plan.preview import (
    COUNTED,
    MappingSummary,
    PreviewHeader,
    PreviewSummary,
    UserOutcome,
    UserPreview,
    UserState,
)
from scimconf.render.labels import plural

SIGNS: Mapping[UserOutcome, tuple[str, str]] = MappingProxyType(
    {
        UserOutcome.ENTERS: ("+", "create"),
        UserOutcome.LEAVES: ("-", "delete"),
        UserOutcome.CHANGES: ("~", "update"),
        UserOutcome.POSSIBLY_CHANGES: ("?", "update"),
        UserOutcome.UNKNOWN: ("?", "danger"),
        UserOutcome.UNCHANGED: ("=", "quiet"),
        UserOutcome.OUT_OF_SCOPE: (".", "quiet"),
    }
)
"""The sign of each verdict, and the style that it wears on a terminal."""

_VERDICTS: Mapping[UserOutcome, tuple[str, str]] = MappingProxyType(
    {
        UserOutcome.ENTERS: ("comes into scope", "come into scope"),
        UserOutcome.LEAVES: ("falls out of scope", "fall out of scope"),
        UserOutcome.CHANGES: ("changes", "change"),
        UserOutcome.POSSIBLY_CHANGES: ("may change", "may change"),
        UserOutcome.UNKNOWN: ("may be in scope or not", "may be in scope or not"),
        UserOutcome.UNCHANGED: ("stays as it is", "stay as they are"),
        UserOutcome.OUT_OF_SCOPE: ("is out of scope before and after", "are out of scope before and after"),
    }
)


PART = "Not everything could be previewed: this is a part."


def heading(head: PreviewHeader) -> str:
    """The application and its tenant, as a plan begins."""
    where = head.tenant.domain or head.tenant.id
    return f"{head.name}  in {where}" if where else head.name


def notices(summary: PreviewSummary) -> tuple[str, ...]:
    """What is known of all people only when they were looked at."""
    if not summary.basic:
        return ()
    of = "everybody" if summary.basic == summary.users else f"{summary.basic:,} of {summary.users:,}"
    need = "This needs the Graph permission User.Read.All, consented to; it shows only in a new token."
    return (f"Of {of}, only basic properties could be read, so everything else is undetermined. {need}",)


def carried(stand: UserState) -> str:
    """What a resource is: nobody whose account is disabled is ever created."""
    return "An update could carry" if stand.disabled else "A creation would carry"


def verdict(person: UserPreview) -> str:
    return _VERDICTS[person.outcome][0]


def where(person: UserPreview) -> str:
    """Why a person is in scope or not: the one reason, or both where they differ."""
    before, after = person.before.reason, person.after.reason
    return after if before == after else f"{_stand(person.before)} → {_stand(person.after)}"


def _stand(stand: UserState) -> str:
    return f"{'not known' if stand.in_scope is None else 'in' if stand.in_scope else 'out'} ({stand.reason})"


def counts(summary: PreviewSummary) -> str:
    """How many people, and of each verdict how many."""
    told = [
        f"{number:,} {_VERDICTS[one][number != 1]}" for one in UserOutcome if (number := summary.outcomes.get(one, 0))
    ]
    stopped = "" if summary.complete else " The reading stopped there; not everybody was looked at."
    return f"{plural(summary.users, 'person', 'people')}{': ' if told else ''}{', '.join(told)}.{stopped}"


def tally(one: MappingSummary) -> list[tuple[str, tuple[str, ...]]]:
    """`3 change` with its examples, and so on."""
    return [(f"{number:,} {COUNTED[what]}", one.examples.get(what, ())) for what, number in one.counts.items()]
