"""Guard exemptions of a base file and of the file that extends it: a base is not widened by accident."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scimconf.diagnostics import Diagnostic
from scimconf.spec.tree import YamlList, YamlMapping


def widened_exemptions(lower: Any, upper: Any) -> Iterator[Diagnostic]:
    """Yield an error for each exemption of the upper file that allows more than the base and does not say so.

    `lower` and `upper` are the values of `guard_exemptions`. A base file without that key restricts nothing.
    """
    if not isinstance(lower, YamlList) or not isinstance(upper, YamlList):
        return
    for index, (exemption, location) in enumerate(zip(upper, upper.locations, strict=True)):
        if not isinstance(exemption, YamlMapping) or exemption.get("overrides_base") == "true":
            continue
        if not _is_covered(exemption, lower):
            guard = exemption.get("guard")
            message = f'this guard exemption for "{guard}" allows more than the base file does'
            hint = "Narrow it, or add `overrides_base: true` if that is intended."
            yield Diagnostic("S313", message, ("guard_exemptions", index), location, hint)


def _is_covered(exemption: YamlMapping, lower: YamlList) -> bool:
    return any(isinstance(base, YamlMapping) and _is_within(exemption, base) for base in lower)


def _is_within(exemption: YamlMapping, base: YamlMapping) -> bool:
    """Return whether an exemption has the guard of another and is at most as long, as wide and as high."""
    return (
        exemption.get("guard") == base.get("guard")
        and str(exemption.get("until", "9999")) <= str(base.get("until", ""))
        and ("address" not in base or exemption.get("address") == base["address"])
        and ("max" not in base or _number(exemption.get("max")) <= _number(base["max"]))
    )


def _number(text: Any) -> float:
    return float(text) if str(text).isdigit() else float("inf")
