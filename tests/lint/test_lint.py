"""Findings in a spec: where they stand, what ignores them, and what a plan knows better."""

from __future__ import annotations

import pytest

from scimconf.kinds.lint import lint
from scimconf.spec.load import load
from scimconf.wire import Snapshot
from tests.lint.specs import linted, loaded

SWITCH = 'Switch([country], , "US", "America", "DE")'
ROW = """\
mappings:
  users:
    attributes:
      title:
        expression: {expression}
"""


def schema(source=(), target=(), **more):
    """A live schema with one mapping of users."""
    mapping = {"sourceObjectName": "User", "targetObjectName": "User", "attributeMappings": [], **more}
    rule = {"name": "out", "editable": True, "sourceDirectoryName": "Entra", "targetDirectoryName": "App"}
    directories = [
        {"name": "Entra", "objects": [{"name": "User", "attributes": [{"name": name} for name in source]}]},
        {"name": "App", "objects": [{"name": "User", "attributes": list(target)}]},
    ]
    return Snapshot(
        {"schema": {"directories": directories, "synchronizationRules": [rule | {"objectMappings": [mapping]}]}}
    )


def planned(piece, snapshot):
    """The ids that a plan would tell."""
    return [one.code for one in lint(loaded(piece), snapshot)]


def test_a_finding_says_where_it_stands():
    """The rule's id as the code, the place of the expression, and the character in it."""
    [found] = lint(loaded(ROW.format(expression=f"'Trim({SWITCH})'")), ignore=["L109"])
    assert (found.code, found.severity, found.path[-1]) == ("L104", "error", "expression")
    assert str(found.where) == "scimconf.yaml:9:9"
    assert found.message.endswith("(at character 6)")


@pytest.mark.parametrize(
    "row",
    [
        "      # scimconf: ignore L104\n      title: {expression: 'EXPRESSION'}\n",
        "      title: {expression: 'EXPRESSION'}  # scimconf: ignore L104\n",
        "      title:   # scimconf: ignore L104, L109\n        expression: 'EXPRESSION'\n",
        "      title:\n        # scimconf: ignore L104 for this once\n        expression: 'EXPRESSION'\n",
        "      title:\n        expression: 'EXPRESSION'  # scimconf: ignore L104\n",
    ],
)
def test_a_comment_ignores_a_rule(row):
    """On the row's line or the expression's, or above one of them."""
    text = "mappings:\n  users:\n    attributes:\n" + row.replace("EXPRESSION", SWITCH)
    assert linted(text) == []
    assert linted(text.replace("L104", "L105")) == ["L104"]


def test_an_option_ignores_a_rule():
    """Everywhere."""
    text = ROW.format(expression=f"'{SWITCH}'")
    assert (linted(text), linted(text, "L105"), linted(text, "L104")) == (["L104"], ["L104"], [])


def test_what_cannot_be_read_is_told_by_others():
    """Neither a spec with problems nor a text that is no expression has findings."""
    assert list(lint(load("x", lambda _: "", {}, {}))) == []
    assert linted(ROW.format(expression="'Join('")) == []


def test_a_row_without_a_source_or_taken_out_has_no_findings():
    """There is no expression to look at."""
    attributes = "{a: {source: null, default: x}, b: {absent: true}, c: {constant: x}, d: mail}"
    assert linted(f"mappings: {{users: {{attributes: {attributes}}}}}") == []


def test_raw_roles_are_a_warning_in_a_spec():
    """Since an application may ask for them."""
    [found] = lint(loaded("role_attribute: {target: a, source: appRoleAssignments}"))
    assert (found.code, found.severity, found.path) == ("L401", "warning", ("role_attribute", "source"))


def test_roles_of_everybody_are_found_by_the_scope():
    """What stands in another section counts."""
    text = "role_attribute: {{target: a, expression: 'SingleAppRoleAssignment([appRoleAssignments])'}}\nprovisioning: {{enabled: true, scope: {}}}"
    assert linted(text.format("all")) == ["L402"]
    assert linted(text.format("assigned")) == []


def test_source_attributes_are_known_or_declared():
    """Entra's own, and those that the spec makes."""
    text = "mappings: {{users: {{{} attributes: {{title: badge}}}}}}"
    assert linted(text.format("")) == ["L310"]
    assert linted(text.format("source_attributes: {badge: {type: string}},")) == []


@pytest.mark.parametrize(("source", "found"), [("Group", ["L310"]), ("Device", [])])
def test_a_mapping_of_ones_own_is_asked_as_what_its_source_is(source, found):
    """Of anything but users and groups Entra's attributes are not known."""
    assert linted(f"mappings: {{mine: {{source: {source}, target: x, attributes: {{a: surname}}}}}}") == found


def test_what_a_spec_declares_of_a_target_counts():
    """Its type, and whether it takes several values."""
    text = "mappings: {users: {target_attributes: {a: {multivalued: true}}, attributes: {a: {expression: 'SingleAppRoleAssignment([appRoleAssignments])'}}}}"
    assert linted(text) == ["L404"]


def test_a_plan_asks_the_applications_own_schema():
    """A target that takes one value; source attributes that no list of ours has, and that are checked as K503."""
    text = "mappings: {users: {attributes: {a: {expression: 'Split([badge], \",\")'}}}}"
    live = schema(["badge"], [{"name": "a", "type": "String", "multivalued": False}])
    assert linted(text) == ["L310"]
    assert planned(text, live) == ["L405"]
    assert planned(text, schema(["other"], [{"name": "a", "type": None}])) == []


def test_a_plan_leaves_matters_of_style_to_validate():
    """And whatever it has a guard for."""
    text = ROW.format(expression="'[country]'")
    assert linted(text) == ["L106"]
    assert planned(text, Snapshot()) == []


def test_a_plan_tells_what_goes_wrong_for_people():
    """With the schema and without."""
    text = "mappings: {users: {attributes: {userName: {constant: x, match: 1}}}}"
    assert planned(text, Snapshot()) == ["L507"]
    assert planned(text, schema(["mail"], [{"name": "userName"}])) == ["L507"]


def test_an_expression_that_cannot_be_read_hides_no_other_finding():
    """Rules about several rows look at the others."""
    rows = "title: {expression: 'Join('}, userName: {constant: x, match: 1}"
    assert linted(f"mappings: {{users: {{attributes: {{{rows}}}}}}}") == ["L507"]
