"""Two specs against each other, with no tenant in between."""

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


def made(tree: dict[str, Any]) -> Spec:
    return Spec.model_validate(tree)


@examples(40)
@given(specs())
def test_a_spec_does_not_differ_from_itself(tree):
    """Whatever it says, and as an application that already is so, on either side."""
    for live in (None, "before", "after"):
        assert diff_specs(KINDS, made(tree), made(tree), live=live).changes == ()


@examples(25)
@given(specs(), specs())
def test_there_and_back_is_told_the_other_way_round(one, other):
    """What is made on the way there is taken away on the way back; what is changed is changed back."""
    there = diff_specs(KINDS, made(one), made(other)).changes
    back = {change.address: change for change in diff_specs(KINDS, made(other), made(one)).changes}
    assert {change.address for change in there} == set(back)
    for change in there:
        assert back[change.address].action is INVERSE.get(change.action, change.action)
        assert fields(back[change.address], back=True) == fields(change)


def fields(change: Change, *, back: bool = False) -> Any:
    told = {one.name: (one.before, one.after) for one in change.fields}
    return {name: pair[::-1] if back else pair for name, pair in told.items()} if change.action is Action.UPDATE else {}


@examples(20)
@given(specs(), st.data())
def test_what_is_taken_out_is_the_difference(tree, data):
    """A section that one has and the other has not is all that is told."""
    optional = [name for name in ("connection", "mappings", "app_roles", "assignments") if name in tree]
    gone = data.draw(st.sampled_from(optional)) if optional else ""
    kinds = {
        "connection": {"connection"},
        "mappings": {"attribute_mapping", "object_mapping", "source_attribute", "target_attribute"},
        "app_roles": {"app_role"},
        "assignments": {"assignment"},
        "": set(),
    }[gone]
    less = {key: value for key, value in tree.items() if key != gone}
    if gone == "app_roles":
        less.pop("assignments", None)
        kinds = {"app_role", "assignment"}
    changes = diff_specs(KINDS, made(tree), made(less)).changes
    assert {change.kind for change in changes} <= kinds
    assert {change.action for change in changes} <= {Action.DELETE}
