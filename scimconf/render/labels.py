"""The words that all formats share: kinds, actions, effects, counts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from scimconf.plan import Action, Change, Effect, Guard, Impact, Plan
from scimconf.plan.guards import ASKED

KINDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "application": ("application", "applications"),
        "job": ("job", "jobs"),
        "connection": ("connection", "connections"),
        "settings": ("setting", "settings"),
        "source_attribute": ("source attribute", "source attributes"),
        "target_attribute": ("target attribute", "target attributes"),
        "object_mapping": ("object mapping", "object mappings"),
        "attribute_mapping": ("attribute mapping", "attribute mappings"),
        "app_role": ("role", "roles"),
        "assignment": ("assignment", "assignments"),
        "schedule": ("schedule", "schedules"),
    }
)
"""Singular and plural of every kind, in the order in which a plan tells of them."""

_EFFECTS: Mapping[Effect, str] = MappingProxyType(
    {
        Effect.DATA_LOSS: "what is there is lost",
        Effect.DEPROVISIONS: "people may be disabled",
        Effect.PROVISIONS: "people may be created",
        Effect.CREDENTIALS: "the application is reached with other credentials",
        Effect.RESYNC: "everyone is evaluated again",
    }
)
_SPECIAL: Mapping[tuple[Effect, str], str] = MappingProxyType(
    {
        (Effect.DATA_LOSS, "job"): "the job's state is lost, and everyone is matched anew",
        (Effect.DATA_LOSS, "app_role"): "the role is lost, and who had it",
        (Effect.DATA_LOSS, "attribute_mapping"): "the mapping is lost",
        (Effect.DATA_LOSS, "source_attribute"): "the attribute's definition is lost",
        (Effect.DATA_LOSS, "target_attribute"): "the attribute's definition is lost",
        (Effect.RESYNC, "assignment"): "people are evaluated again",
    }
)
"""Where a kind can say it more exactly."""

USUAL: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {
        "attribute_mapping": MappingProxyType(
            {"apply": "always", "flow_behavior": "when_changed", "export_missing_references": False}
        ),
        "target_attribute": MappingProxyType(
            {"multivalued": False, "required": False, "case_exact": False, "mutability": "read_write"}
        ),
        "source_attribute": MappingProxyType(
            {"multivalued": False, "required": False, "case_exact": False, "mutability": "read_write"}
        ),
    }
)
"""What a field is when the spec leaves it out, for kinds whose listed things are owned whole."""

DANGERS = frozenset({Effect.DATA_LOSS, Effect.DEPROVISIONS})
"""The effects that people notice when they are wrong."""

_LONG = re.compile(r"([0-9a-fA-F]{8})(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|([0-9a-fA-F]{8})[0-9a-fA-F]{24}")


def place(kind: str) -> tuple[int, str]:
    """Where a kind stands in a plan; kinds that nobody here knows come last."""
    known = list(KINDS)
    return (known.index(kind) if kind in KINDS else len(known), kind)


def count(number: int, kind: str) -> str:
    """`1 attribute mapping`, `14 attribute mappings`."""
    spoken = kind.replace("_", " ")
    one, many = KINDS.get(kind, (spoken, f"{spoken}s"))
    return f"{number:,} {one if number == 1 else many}"


def counts(numbers: Mapping[str, int]) -> str:
    return ", ".join(count(numbers[kind], kind) for kind in sorted(numbers, key=place))


def plural(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def effect(which: Effect, kind: str, impact: Impact | None = None) -> str:
    """`widens: people may be created`, and how many where that is known."""
    said = f"{which.value}: {_SPECIAL.get((which, kind), _EFFECTS[which])}"
    return said if impact is None else f"{said} ({affected_users(impact)})"


def revalued(impact: Impact) -> str:
    """`resync: another value for 3 of a sample of 12 users: ada@contoso.com`: what a changed mapping does to people."""
    return f"{Effect.RESYNC.value}: another value for {affected_users(impact)}"


def whom(which: Effect, changes: Iterable[Change]) -> str:
    """`, at most 34 users`: whom an effect of several assignments is about, where every one could be counted."""
    having = [change for change in changes if which in change.effects]
    known = [change.impact[which] for change in having if which in change.impact]
    if len(known) < len(having) or all(one.count == 1 and one.precision == "exact" for one in known):
        return ""
    return f", {affected_users(Impact(sum(one.count for one in known), precision='at_most'))}"


_POPULATIONS = {"": "", "assigned": "who are assigned", "in_scope": "in scope"}


def affected_users(impact: Impact) -> str:
    """Return an impact in words: `at most 34 of 120 users in scope; 2 unknown: ada@contoso.com, …`."""
    total = f"a sample of {impact.sample_size:,}" if impact.sample_size else ""
    total = total or ("" if impact.total is None else f"{impact.total:,}")
    singular = (impact.total == 1 and not impact.sample_size) or (impact.count == 1 and not total)
    bound = "" if impact.precision == "exact" else impact.precision.replace("_", " ")
    words = [bound, f"{impact.count:,}", f"of {total}" if total else "", "user" if singular else "users"]
    more = ", …" if len(impact.examples) < impact.count else ""
    names = f": {', '.join(impact.examples)}{more}" if impact.examples else ""
    unknown = f"; {impact.undetermined:,} unknown" if impact.undetermined else ""
    return " ".join(filter(None, [*words, _POPULATIONS[impact.population]])) + unknown + names


def guard_message(guard: Guard) -> str:
    """Return the message of a guard with the number of affected users."""
    return guard.message if guard.impact is None else f"{guard.message} ({affected_users(guard.impact)})"


def by_weight(effects: Iterable[Effect]) -> list[Effect]:
    """The gravest first."""
    order = list(Effect)
    return sorted(effects, key=order.index)


def totals(changes: Iterable[Change]) -> Mapping[Action, int]:
    numbers = dict.fromkeys(Action, 0)
    for change in changes:
        numbers[change.action] += 1
    return MappingProxyType(numbers)


def short(text: str) -> str:
    """The same text with every id in it cut to its first eight characters."""
    return _LONG.sub(lambda found: found[1] or found[3], text)


def sum_up(changes: Iterable[Change]) -> str:
    """`12 to create, 3 to update, 0 to replace, 1 to delete`."""
    return ", ".join(f"{number:,} to {action.value}" for action, number in totals(changes).items())


IDS: Mapping[str, str] = MappingProxyType({"app_id": "app id", "service_principal": "service principal"})
"""Graph's ids whose names are not what people call them."""

HORIZON = (
    "This is the first step only.",
    (
        "What the application's template brings along is known once the application exists: apply creates it, plans "
        "again, and asks again about what could not be shown here."
    ),
)
"""What is said of a plan that is not complete: in short, and why."""

BEHIND = ("Left behind", "no longer in the spec, still in the tenant; to remove it, write")


def verdict(plan: Plan) -> str:
    """The whole plan in a sentence: `Plan: 1 to create, …`, or that there is nothing to do."""
    reported = sum(len(application.unmanaged_drift) for application in plan.applications)
    if plan.has_changes:
        return f"Plan: {sum_up(change for application in plan.applications for change in application.changes)}."
    if reported:
        return f"No changes to make. {plural(reported, 'thing is', 'things are')} in the tenant and not in the spec."
    excluded = sum(application.excluded_changes for application in plan.applications)
    if excluded:
        return f"No changes among those asked for. {plural(excluded, 'other is', 'others are')} excluded."
    return "No changes. Everything is as the spec says."


def stopped(plan: Plan) -> str:
    """`2 guards stop an apply of this plan: …`; empty where none does."""
    closed = sorted({guard.id for application in plan.applications for guard in application.blocking_guards})
    many = plural(len(closed), "guard stops", "guards stop")
    return f"{many} an apply of this plan: {', '.join(closed)}." if closed else ""


def opening(guard: Guard) -> str:
    """What opened a guard, or what would."""
    if guard.is_allowed:
        return f"open: {guard.allowed_by}"
    other = "say yes when asked" if guard.id in ASKED else "a permit under guards: in the spec"
    return f"to open: {other}, or --allow {guard.id}"
