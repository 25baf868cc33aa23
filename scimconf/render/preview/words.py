"""Words that all formats of a preview share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from scimconf.diagnostics import plural
from scimconf.plan.preview import (
    COUNTS,
    MappingSummary,
    PreviewHeader,
    PreviewSummary,
    UserOutcome,
    UserPreview,
    UserState,
)
from scimconf.render.common.labels import tenant_name

SIGNS: Mapping[UserOutcome, tuple[str, str]] = MappingProxyType(
    {
        UserOutcome.ENTERS: ("+", "create"),
        UserOutcome.LEAVES: ("-", "delete"),
        UserOutcome.CHANGES: ("~", "update"),
        UserOutcome.POSSIBLY_CHANGES: ("?", "update"),
        UserOutcome.UNDETERMINED: ("?", "danger"),
        UserOutcome.UNCHANGED: ("=", "quiet"),
        UserOutcome.OUT_OF_SCOPE: (".", "quiet"),
    }
)
"""The sign of each outcome, and its style on a terminal."""

_OUTCOMES: Mapping[UserOutcome, tuple[str, str]] = MappingProxyType(
    {
        UserOutcome.ENTERS: ("enters scope", "enter scope"),
        UserOutcome.LEAVES: ("leaves scope", "leave scope"),
        UserOutcome.CHANGES: ("changes", "change"),
        UserOutcome.POSSIBLY_CHANGES: ("may change", "may change"),
        UserOutcome.UNDETERMINED: ("scope undetermined", "with undetermined scope"),
        UserOutcome.UNCHANGED: ("unchanged", "unchanged"),
        UserOutcome.OUT_OF_SCOPE: ("out of scope before and after", "out of scope before and after"),
    }
)
"""Each outcome for one user, and for several."""

INCOMPLETE = "Incomplete preview: an application failed, or the preview was stopped."


def json_lines(value: Mapping[str, Any], indent: int) -> list[str]:
    return json.dumps(value, indent=indent, sort_keys=True, ensure_ascii=False).split("\n")


def heading(header: PreviewHeader) -> str:
    """Return the application and its tenant."""
    tenant = tenant_name(header.tenant)
    return f"{header.name} in {tenant}" if tenant else header.name


def warnings(summary: PreviewSummary) -> tuple[str, ...]:
    """Return warnings that are known only after all users were read."""
    return (*_basic_only(summary), *_other_mail(summary))


def _other_mail(summary: PreviewSummary) -> tuple[str, ...]:
    if not summary.other_mail:
        return ()
    users = "1 user has" if summary.other_mail == 1 else f"{summary.other_mail:,} users have"
    more = summary.other_mail - len(summary.other_mail_examples)
    names = ", ".join(summary.other_mail_examples) + (f" and {more:,} more" if more else "")
    text = "a userPrincipalName that differs from their mail, or no mail"
    return (f"{users} {text}. If the application knows users by their e-mail address, check: {names}.",)


def _basic_only(summary: PreviewSummary) -> tuple[str, ...]:
    if not summary.basic:
        return ()
    number = "all users" if summary.basic == summary.users else f"{summary.basic:,} of {summary.users:,} users"
    hint = "Grant User.Read.All with admin consent, then sign in again."
    return (f"Only basic properties of {number} could be read; all other values are undetermined. {hint}",)


def resource_label(state: UserState) -> str:
    """Return what the resource is: an update for a disabled account, since disabled users are never created."""
    return "Would be updated with" if state.disabled else "Would be created as"


def outcome(user: UserPreview) -> str:
    """Return what happens to a user, and why the user is in scope or not: one reason, or both sides if they differ."""
    before, after = user.before.reason, user.after.reason
    if before != after:
        was, will_be = (
            f"undetermined ({side.reason})" if side.in_scope is None else side.reason
            for side in (user.before, user.after)
        )
        after = f"before: {was}; after: {will_be}"
    return f"{_OUTCOMES[user.outcome][0]} ({after})"


def summary_line(summary: PreviewSummary) -> str:
    """Return how many users there are, and how many of each outcome."""
    numbers = [(outcome, summary.outcomes.get(outcome, 0)) for outcome in UserOutcome]
    parts = [f"{number:,} {_OUTCOMES[outcome][number != 1]}" for outcome, number in numbers if number]
    stopped = "" if summary.complete else " Stopped early; not all users were read."
    return f"{plural(summary.users, 'user')}{': ' if parts else ''}{', '.join(parts)}.{stopped}"


def mapping_counts(mapping: MappingSummary) -> list[tuple[str, tuple[str, ...]]]:
    """Return the counts of one mapping with their examples: `3 change`."""
    return [(f"{number:,} {COUNTS[what]}", mapping.examples.get(what, ())) for what, number in mapping.counts.items()]
