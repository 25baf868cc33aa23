"""The limits of a vendor in the form that the SCIM server of a rehearsal plays (`VendorLimits` of the sandbox)."""

from __future__ import annotations

from typing import Any

from scimconf.presets.model import Facts, Object, RowRules, ValueLimit, VendorDeprovisioning, VendorGroups

_GONE = ("deletes", "removes_from_organization")


def target_limits(facts: Facts) -> dict[str, Any]:
    """Return the document; what the facts do not say is not limited."""
    groups = facts.groups.support if isinstance(facts.groups, VendorGroups) else "unknown"
    return {
        "users": _object_limits(facts, "users") | {"disabling": disabling(facts)},
        "groups": _object_limits(facts, "groups")
        | {"support": groups if groups in ("update_only", "none") else "full"},
    }


def disabling(facts: Facts) -> str:
    """Return `deletes` if a disabled user loses the account at the vendor at once, else `disables`."""
    departure = facts.deprovisioning
    is_gone = isinstance(departure, VendorDeprovisioning) and departure.effect in _GONE
    return "deletes" if is_gone else "disables"


def value_pattern(limit: ValueLimit) -> str | None:
    """Return the regular expression that a whole value must match, forbidden characters included; None without one."""
    if not limit.forbidden_characters:
        return limit.pattern or None
    signs = "".join(f"\\{sign}" if sign in "\\]^-" else sign for sign in limit.forbidden_characters)
    return f"(?=[^{signs}]*$)(?:{limit.pattern})" if limit.pattern else f"[^{signs}]*"


def departure_text(facts: Facts) -> str:
    """Return what happens to a user who leaves, as the end of `users may be …`; empty if nothing particular is known."""
    departure = facts.deprovisioning
    if not isinstance(departure, VendorDeprovisioning):
        return ""
    general = {"deletes": f"deleted at {facts.title}", "removes_from_organization": f"removed from {facts.title}"}
    return departure.text or general.get(departure.effect, "")


def _object_limits(facts: Facts, kind: Object) -> dict[str, Any]:
    rows = getattr(facts.rows, kind)
    return {
        "limits": [
            limit.model_dump(exclude={"source", "note", "object"}) for limit in facts.limits if limit.object == kind
        ],
        "refused": list(rows.forbidden) if isinstance(rows, RowRules) else [],
    }
