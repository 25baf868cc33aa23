"""The effects of changes on users, each as one sentence with a number and up to three names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from scimconf.diagnostics import plural
from scimconf.kinds import BY_NAME
from scimconf.plan import Change, Effect, Guard, Impact
from scimconf.render.common.escaping import visible

SEVERE = frozenset({Effect.DATA_LOSS, Effect.DEPROVISIONS, Effect.STOPS})
"""Effects that users notice when they are not intended."""

MAX_NAMES = 3
MEMBERS = "members of"
"""Begins an example that is a group."""

_SENTENCES: Mapping[Effect, str] = MappingProxyType(
    {
        Effect.DATA_LOSS: "data is deleted",
        Effect.DEPROVISIONS: "{users} may be disabled",
        Effect.PROVISIONS: "{users} may be created",
        Effect.STOPS: "{users} are no longer created, updated or disabled",
        Effect.ENDPOINT: "the tenant URL changes: users are provisioned to another endpoint",
        Effect.CREDENTIALS: "the stored credentials are replaced",
        Effect.DIALECT: "the service sends PATCH requests in a different format",
        Effect.RESYNC: "{users} will be re-evaluated",
    }
)

_POPULATIONS = {"": "", "assigned": " who are assigned", "in_scope": " in scope"}


def sentence(effect: Effect, changes: Iterable[Change], impact: Impact | None) -> str:
    """Return what an effect of the changes does: `up to 1 user may be disabled: joe@contoso.com`."""
    template = _template(effect, changes)
    if "{users}" not in template:
        return visible(template)
    names = f": {_names(impact)}" if impact is not None and impact.examples else ""
    reason = f"; {impact.reason}" if impact is not None and impact.reason else ""
    return visible(template.format(users=users(impact)) + names + _undetermined(impact) + reason)


def _template(effect: Effect, changes: Iterable[Change]) -> str:
    """Return the sentence of the changes' kind if it is the same for all of them, else the general one."""
    templates = {
        BY_NAME[change.kind].effect_text(effect, change)
        for change in changes
        if effect in change.effects and change.kind in BY_NAME
    }
    return (templates.pop() if len(templates) == 1 else "") or _general_sentence(effect, changes)


def _general_sentence(effect: Effect, changes: Iterable[Change]) -> str:
    """Return the sentence of an effect; that of a deprovisioning says what the vendor does, if it is the same for all."""
    departures = {change.departure for change in changes if effect in change.effects}
    departure = departures.pop() if effect is Effect.DEPROVISIONS and len(departures) == 1 else ""
    return f"{{users}} may be {_without_braces(departure)}" if departure else _SENTENCES[effect]


def _without_braces(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def is_about_other_objects(effect: Effect, changes: Iterable[Change]) -> bool:
    """Return whether these changes affect groups, although the effect is in general one on users."""
    return "{users}" in _SENTENCES[effect] and "{users}" not in _template(effect, changes)


def guard_message(guard: Guard) -> str:
    """Return the message of a guard with the number of affected users, and its count unless the message contains it."""
    impact = guard.impact
    message = guard.message if impact is None else f"{guard.message} ({users(impact)}{_undetermined(impact)})"
    return message if guard.count is None or str(guard.count) in message else f"{message} (count: {guard.count:,})"


def users(impact: Impact | None) -> str:
    """Return the number of users in words: `3 of 14 users`, `up to 1 user`, `users` if it was not counted.

    An upper bound includes the users for whom the effect is unknown; so does a number that would otherwise be 0.
    """
    if impact is None:
        return "users"
    if impact.total == 0 and impact.population == "assigned" and not impact.sample_size:
        return "0 users (no user is assigned)"
    impact = _with_undetermined(impact)
    bound = {"exact": "", "at_least": "at least ", "at_most": "up to "}[impact.precision]
    if impact.sample_size:
        number = f"{impact.count:,} of {impact.sample_size:,} sampled users"
    elif impact.total is not None:
        number = f"{impact.count:,} of {plural(impact.total, 'user')}"
    else:
        number = plural(impact.count, "user")
    population = _POPULATIONS[impact.population]
    is_single = not impact.sample_size and (impact.count if impact.total is None else impact.total) == 1
    return f"{bound}{number}{population.replace('who are', 'who is') if is_single else population}"


def _with_undetermined(impact: Impact) -> Impact:
    """Return the impact with the users for whom the effect is unknown, if it is an upper bound, or none is known."""
    if not impact.count and impact.undetermined:
        return replace(impact, count=impact.undetermined, precision="at_most")
    if impact.precision == "at_most" and not impact.sample_size:
        return replace(impact, count=impact.count + impact.undetermined)
    return impact


def _undetermined(impact: Impact | None) -> str:
    return f"; undetermined for {impact.undetermined:,}" if impact is not None and impact.undetermined else ""


def _names(impact: Impact) -> str:
    """Return the first examples and how many more there are: users, or, if there are groups among them, examples."""
    names = impact.examples[:MAX_NAMES]
    has_groups = any(name.startswith(MEMBERS) for name in impact.examples)
    total = len(impact.examples) if has_groups else _with_undetermined(impact).count
    more = total - len(names)
    return ", ".join(names) + (f" and {more:,} more" if more > 0 else "")


def combine(impacts: Sequence[Impact | None]) -> Impact | None:
    """Return the impact of several changes together; None if one of them was not counted.

    A user may be counted by several changes, so that a sum is an upper bound unless each change is about one user.
    """
    counted = [impact for impact in impacts if impact is not None]
    if not counted or len(counted) < len(impacts):
        return None
    if len(counted) == 1:
        return counted[0]
    each_is_one_user = all(impact.count == 1 and impact.precision == "exact" for impact in counted)
    return Impact(
        sum(impact.count for impact in counted),
        precision="exact" if each_is_one_user else "at_most",
        examples=tuple(dict.fromkeys(name for impact in counted for name in impact.examples)),
        undetermined=sum(impact.undetermined for impact in counted),
        reason=next((impact.reason for impact in counted if impact.reason), ""),
    )


def full_resync(changes: int) -> str:
    """Return the sentence on changes after which the service evaluates every user again."""
    return f"full resync: {plural(changes, 'change re-evaluates', 'changes re-evaluate')} all users"
