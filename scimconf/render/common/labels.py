"""Words that all output formats share: kinds, ids, counts, the verdict on a plan."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from scimconf.kinds import BY_NAME
from scimconf.plan import Action, ApplicationPlan, Effect, Guard, Plan, Tenant
from scimconf.plan.guards import ASKED

ID_LABELS: Mapping[str, str] = MappingProxyType({"app_id": "app id", "service_principal": "service principal"})

PARTIAL = (
    "Partial plan.",
    (
        "The template's defaults are known only once the application exists. apply creates it, plans again, and asks "
        "again."
    ),
)
"""The note on a plan that is not complete: in short, and the explanation."""

ABANDONED = ("No longer managed", "not in the spec any more, but still in the tenant. To delete, write")
DRIFT = ("Unmanaged drift", "in the tenant, not in the spec; reported only")

_LONG_ID = re.compile(r"([0-9a-fA-F]{8})(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|([0-9a-fA-F]{8})[0-9a-fA-F]{24}")


def kind_order(kind: str) -> tuple[int, str]:
    """Return the sort key of a kind; unknown kinds come last."""
    names = list(BY_NAME)
    return (names.index(kind) if kind in BY_NAME else len(names), kind)


def count(number: int, kind: str) -> str:
    """Return `1 attribute mapping`, `14 attribute mappings`."""
    fallback = kind.replace("_", " ")
    singular, plural_form = BY_NAME[kind].labels if kind in BY_NAME else (fallback, f"{fallback}s")
    return f"{number:,} {singular if number == 1 else plural_form}"


def counts(numbers: Mapping[str, int]) -> str:
    """Return the counts of several kinds in plan order: `1 application, 3 roles`."""
    return ", ".join(count(numbers[kind], kind) for kind in sorted(numbers, key=kind_order))


def plural(number: int, singular: str, plural_form: str = "") -> str:
    """Return the number with the right form of the noun; the plural form defaults to a trailing `s`."""
    return f"{number:,} {singular if number == 1 else plural_form or f'{singular}s'}"


def by_weight(effects: Iterable[Effect]) -> list[Effect]:
    """Return the effects, most severe first."""
    return sorted(effects, key=list(Effect).index)


def shorten_ids(text: str) -> str:
    """Return the text with every GUID cut to its first eight characters."""
    return _LONG_ID.sub(lambda match: match[1] or match[3], text)


def tenant_name(tenant: Tenant) -> str:
    return tenant.domain or tenant.id


def sum_up(numbers: Mapping[Action, int]) -> str:
    """Return `12 to create, 3 to update, 0 to replace, 1 to delete`."""
    return ", ".join(f"{number:,} to {action.value}" for action, number in numbers.items())


def blocked(plan: Plan) -> str:
    """Return `2 guards block this plan: …`, or an empty string."""
    guards = sorted({guard.id for application in plan.applications for guard in application.blocking_guards})
    return f"{plural(len(guards), 'guard blocks', 'guards block')} this plan: {', '.join(guards)}." if guards else ""


def guard_status(guard: Guard) -> str:
    """Return what allows a guard, or how to allow it."""
    if guard.is_allowed:
        return f"allowed by {guard.allowed_by}"
    if guard.id in ASKED:
        return f"to allow: answer yes when apply asks, or pass --allow {guard.id}"
    return f"to allow: add it under guard_exemptions: in the spec, or pass --allow {guard.id}"


def tenant_mismatch(application: ApplicationPlan) -> Guard | None:
    """Return the guard that says that the plan was made against another tenant than the spec names."""
    return next((guard for guard in application.guards if guard.id == "tenant-mismatch"), None)
