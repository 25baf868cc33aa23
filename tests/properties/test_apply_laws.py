"""Properties of apply, for any valid spec and any positions of the sandbox's switches."""

from __future__ import annotations

from hypothesis import event, given
from hypothesis import strategies as st

from tests.hypothesis_profiles import examples
from tests.properties.positions import make_tenant, switch_positions
from tests.properties.specs import ENVIRON, specs
from tests.properties.working import apply_spec, assert_no_changes, load_tree


@examples(15, quick=6)
@given(specs(), switch_positions(), st.booleans())
def test_plan_is_empty_after_an_apply_and_a_second_apply_writes_nothing(tree, positions, exists):
    """This holds under every assumption about Graph that the switches represent."""
    spec = load_tree(tree)
    tenant = make_tenant(positions, tree, ENVIRON, exists=exists)
    report = apply_spec(tenant, spec)
    event(f"{len(report.outcomes) // 10 * 10} steps and more")
    assert_no_changes(tenant, spec)
