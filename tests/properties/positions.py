"""Random behaviour of Graph: positions of the sandbox's switches, and tenants that use them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from scimconf.sandbox.switches import table
from tests.tenant_fixture import Rehearsal

COUNTS = {
    "late_reads": st.integers(0, 2),
    "role_propagation": st.integers(0, 2),
    "cycle_reads": st.integers(0, 2),
    "page_size": st.integers(1, 120),
    "filter_clauses": st.just(15),
}
"""Numeric switches that a client can observe; the others keep their defaults: they only delay, age or limit."""
CHOICES = {one.name: one.values for one in table() if one.values is not None and not one.engine}


@st.composite
def switch_positions(draw: Any) -> dict[str, Any]:
    """Draw positions of some switches; a shrunk example has only those that matter."""
    names = draw(st.lists(st.sampled_from([*CHOICES, *COUNTS]), unique=True, max_size=14))
    return {name: draw(st.sampled_from(CHOICES[name]) if name in CHOICES else COUNTS[name]) for name in names}


def make_tenant(positions: dict[str, Any], tree: dict[str, Any], environ: dict[str, str], *, exists: bool) -> Rehearsal:
    """Return a tenant with these positions; `exists` is whether the application and its job already exist.

    A masked key that scimconf has not written blocks every write of the secrets by design, so there is none.
    """
    needed = {"blank_token": "accepted"} if tree.get("connection", {}).get("authentication") == "entra_token" else {}
    if positions.get("mask") == "all":
        needed["sync_all_default"] = "absent"
    application = {"displayName": "Writer", "template": "custom", "jobs": [{"template": "scim"}]}
    described = {"applications": [application]} if exists else None
    return Rehearsal(described, environ=environ, **{**positions, **needed})
