"""Random readings of Graph: positions of the sandbox's switches, and the tenants that they rule."""

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
"""Numbers that mean something to a client; the others stay: they slow down, age or limit by themselves."""
CHOICES = {one.name: one.values for one in table() if one.values is not None}


@st.composite
def readings(draw: Any) -> dict[str, Any]:
    """Some switches somewhere else than by default; a shrunk example names only those that matter."""
    names = draw(st.lists(st.sampled_from([*CHOICES, *COUNTS]), unique=True, max_size=14))
    return {name: draw(st.sampled_from(CHOICES[name]) if name in CHOICES else COUNTS[name]) for name in names}


def tenant(positions: dict[str, Any], tree: dict[str, Any], environ: dict[str, str], *, made: bool) -> Rehearsal:
    """A tenant that answers so; `made` is whether the application and its job are there already.

    A key that nobody wrote and that is not shown stops every write of the set, by design, so it is not there.
    """
    needed = {"blank_token": "accepted"} if tree.get("connection", {}).get("authentication") == "entra_token" else {}
    if positions.get("mask") == "all":
        needed["sync_all_default"] = "absent"
    application = {"displayName": "Writer", "template": "custom", "jobs": [{"template": "scim"}]}
    described = {"applications": [application]} if made else None
    return Rehearsal(described, environ=environ, **{**positions, **needed})
