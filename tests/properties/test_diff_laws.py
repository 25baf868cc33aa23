"""Properties of diff_specs(), for any valid specs."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from scimconf.kinds import KINDS
from scimconf.plan import Action, Change
from scimconf.spec.model import Spec
from scimconf.workflow.spec_diff import diff_specs
from tests.hypothesis_profiles import examples
from tests.properties.specs import specs

INVERSE = {Action.CREATE: Action.DELETE, Action.DELETE: Action.CREATE}


def spec_of(tree: dict[str, Any]) -> Spec:
    return Spec.model_validate(tree)


@examples(40, quick=12)
@given(specs())
def test_diff_specs_of_a_spec_with_itself_is_empty(tree):
    """Also if either side stands for the live application."""
    for live in (None, "before", "after"):
        assert diff_specs(KINDS, spec_of(tree), spec_of(tree), live=live).changes == ()


@examples(25, quick=8)
@given(specs(), specs())
def test_diff_specs_in_the_other_direction_is_the_inverse(one, other):
    """Creates become deletes, and updates have before and after swapped."""
    forward = diff_specs(KINDS, spec_of(one), spec_of(other)).changes
    backward = {change.address: change for change in diff_specs(KINDS, spec_of(other), spec_of(one)).changes}
    assert {change.address for change in forward} == set(backward)
    for change in forward:
        assert backward[change.address].action is INVERSE.get(change.action, change.action)
        assert fields(backward[change.address], swap=True) == fields(change)


def fields(change: Change, *, swap: bool = False) -> Any:
    values = {one.name: (one.before, one.after) for one in change.fields}
    return (
        {name: pair[::-1] if swap else pair for name, pair in values.items()} if change.action is Action.UPDATE else {}
    )


@examples(20, quick=8)
@given(specs(), st.data())
def test_diff_specs_deletes_only_the_resources_of_a_removed_section(tree, data):
    optional = [name for name in ("connection", "mappings", "app_roles", "assignments") if name in tree]
    removed = data.draw(st.sampled_from(optional)) if optional else ""
    kinds = {
        "connection": {"connection"},
        "mappings": {"attribute_mapping", "object_mapping", "source_attribute", "target_attribute"},
        "app_roles": {"app_role"},
        "assignments": {"assignment"},
        "": set(),
    }[removed]
    reduced = {key: value for key, value in tree.items() if key != removed}
    if removed == "app_roles":
        reduced.pop("assignments", None)
        kinds = {"app_role", "assignment"}
    changes = diff_specs(KINDS, spec_of(tree), spec_of(reduced)).changes
    assert {change.kind for change in changes} <= kinds
    assert {change.action for change in changes} <= {Action.DELETE}
