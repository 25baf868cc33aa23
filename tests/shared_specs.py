"""Specs beside the checkout are written with the keys of the first edition; this translates them."""

from __future__ import annotations

import re
from pathlib import Path

SHARED = Path(__file__).resolve().parents[2] / "shared"
CASES = SHARED / "cases"

_KEYS = {"guards": "guard_exemptions", "keep": "protect", "flow": "flow_behavior", "loosens": "overrides_base"}
_EXEMPTION = {"allow": "guard", "up_to": "max", "why": "reason"}
_GUARDS = {
    "wrong-tenant": "tenant-mismatch",
    "all-removed": "all-assignments-removed",
    "many-removals": "mass-removal",
    "active-unmapped": "deprovisioning-disabled",
    "threshold-off": "deletion-threshold-disabled",
    "secret-not-at-hand": "secret-unavailable",
    "left-behind": "resources-abandoned",
    "first-start": "initial-start",
    "scope-all": "scope-widened",
    "scope-narrows": "scope-narrowed",
}


def translate_spec(text: str) -> str:
    """Return the text of a spec with today's keys, values and guard ids; comments and layout stay."""
    for before, after in {**_KEYS, **_EXEMPTION}.items():
        text = re.sub(rf"(?m)(^\s*(?:- )?|[{{,]\s*){before}:", rf"\g<1>{after}:", text)
    for before, after in _GUARDS.items():
        text = re.sub(rf"\b{before}\b(?!-)", after, text)
    return re.sub(r"unlisted: remove\b", "unlisted: delete", text)
