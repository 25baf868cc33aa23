"""Permits of a base and of the file over it: what a base keeps shut is not opened by accident."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scimconf.diagnostics import Diagnostic
from scimconf.spec.tree import CsvRows, Table


def loosened(lower: Any, upper: Any) -> Iterator[Diagnostic]:
    """A problem for each permit of the upper file that opens more than the base's, and does not say so.

    A base that writes no `guards` has nothing to say about them.
    """
    if not isinstance(lower, CsvRows) or not isinstance(upper, CsvRows):
        return
    for index, (permit, place) in enumerate(zip(upper, upper.places, strict=True)):
        if isinstance(permit, Table) and permit.get("overrides_base") != "true" and not _covered(permit, lower):
            said = f'this opens "{permit.get("guard")}" wider than the base file does'
            yield Diagnostic(
                "S313",
                said,
                ("guard_exemptions", index),
                place,
                "Write `overrides_base: true` in it, if that is meant.",
            )


def _covered(permit: Table, lower: CsvRows) -> bool:
    return any(isinstance(base, Table) and _is_within(permit, base) for base in lower)


def _is_within(permit: Table, base: Table) -> bool:
    """Whether a permit opens no more than another: the same guard, no longer, no further, nowhere else."""
    return (
        permit.get("guard") == base.get("guard")
        and str(permit.get("until", "9999")) <= str(base.get("until", ""))
        and ("address" not in base or permit.get("address") == base["address"])
        and ("max" not in base or _number(permit.get("max")) <= _number(base["max"]))
    )


def _number(text: Any) -> float:
    return float(text) if str(text).isdigit() else float("inf")
