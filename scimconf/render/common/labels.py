"""Words that all output formats share: kinds, ids and counts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from scimconf.diagnostics import Diagnostic, dotted, plural
from scimconf.kinds import BY_NAME
from scimconf.plan import Effect, Tenant
from scimconf.render.common.escaping import visible

PARTIAL = (
    "Partial plan.",
    (
        "The template's defaults are known only once the application exists. apply creates it, plans again, and asks "
        "again only if the new plan deletes something or a guard blocks it."
    ),
)
"""The note on a plan that is not complete: in short, and the explanation."""

ABANDONED = (
    "No longer managed",
    "removed from the spec, still in the tenant; each with the line that deletes it",
)
MISSING = ("Missing", "listed in the spec, not in the tenant; nothing is assigned to them")
DRIFT = ("Unmanaged drift", "in the tenant, not in the spec; not changed by apply")

_KIND_ORDER = MappingProxyType({kind: number for number, kind in enumerate(BY_NAME)})
_WEIGHTS = MappingProxyType({effect: number for number, effect in enumerate(Effect)})
_LONG_ID = re.compile(r"([0-9a-fA-F]{8})(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|([0-9a-fA-F]{8})[0-9a-fA-F]{24}")


def kind_order(kind: str) -> tuple[int, str]:
    """Return the sort key of a kind; unknown kinds come last."""
    return _KIND_ORDER.get(kind, len(_KIND_ORDER)), kind


def count(number: int, kind: str) -> str:
    """Return `1 attribute mapping`, `14 attribute mappings`."""
    return plural(number, *(BY_NAME[kind].labels if kind in BY_NAME else (kind.replace("_", " "),)))


def plural_label(kind: str) -> str:
    """Return `assignments`."""
    return BY_NAME[kind].labels[1] if kind in BY_NAME else kind.replace("_", " ")


def counts(numbers: Mapping[str, int]) -> str:
    """Return the counts of several kinds in plan order: `1 application, 3 roles`."""
    return ", ".join(count(numbers[kind], kind) for kind in sorted(numbers, key=kind_order))


def by_weight(effects: Iterable[Effect]) -> list[Effect]:
    """Return the effects, most severe first."""
    return sorted(effects, key=_WEIGHTS.__getitem__)


def shorten_ids(text: str) -> str:
    """Return the text with every GUID cut to its first eight characters."""
    return _LONG_ID.sub(lambda match: match[1] or match[3], text)


def tenant_name(tenant: Tenant) -> str:
    return tenant.domain or tenant.id


def diagnostic_sentence(diagnostic: Diagnostic) -> str:
    """Return `path: message. hint` on one line, safe to print, without the location."""
    message = diagnostic.message if diagnostic.message.endswith((".", "!", "?", ":")) else f"{diagnostic.message}."
    path = dotted(diagnostic.path)
    return visible(" ".join(filter(None, [f"{path}: {message}" if path else message, diagnostic.hint])))
