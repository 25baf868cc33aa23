"""Whatever a spec says and however the service normalises: an apply makes it so, and a plan sees that."""

from __future__ import annotations

from hypothesis import event, given
from hypothesis import strategies as st

from tests.hypothesis_profiles import examples
from tests.properties.positions import readings, tenant
from tests.properties.specs import ENVIRON, specs
from tests.properties.working import applied, loaded, settled


@examples(25)
@given(specs(), readings(), st.booleans())
def test_what_was_applied_plans_to_nothing_and_is_applied_without_a_write(tree, positions, made):
    """The promise of the whole tool, under every reading of what Graph does."""
    spec = loaded(tree)
    one = tenant(positions, tree, ENVIRON, made=made)
    report = applied(one, spec)
    event(f"{len(report.outcomes) // 10 * 10} steps and more")
    settled(one, spec)
