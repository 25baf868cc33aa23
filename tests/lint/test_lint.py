"""Findings in a spec: where they stand, what ignores them, and what a plan knows better."""

from __future__ import annotations

import pytest

from scimconf.documents.application import CUSTOM_TEMPLATE
from scimconf.expressions import parse, to_source
from scimconf.lint.checks import lint
from scimconf.snapshot import Snapshot
from scimconf.spec.load import load
from tests.lint.specs import linted, loaded, told

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
    assert str(found.location) == "scimconf.yaml:9:27"
    assert found.message.endswith("(at character 6)")


@pytest.mark.parametrize(
    ("written", "place"),
    [
        (f"'Trim({SWITCH})'", "9:27"),
        (f">-\n          Trim(\n            {SWITCH})", "11:13"),
        (f"|-  # in lines\n          Trim(\n\n            {SWITCH}\n          )", "12:13"),
        ("Trim(\n            " + SWITCH + ")", "10:13"),
        ('"Trim(' + SWITCH.replace('"', '\\"') + ')"', "9:27"),
    ],
)
def test_a_finding_stands_at_its_own_character(written, place):
    """In quotes, in a block, and over several lines."""
    [found] = lint(loaded(ROW.format(expression=written)), ignore=["L109"])
    assert (found.code, str(found.location)) == ("L104", f"scimconf.yaml:{place}")


def test_a_place_that_cannot_be_found_is_told_by_the_character():
    """Where YAML has changed more than spaces, as in a text with escapes before it."""
    text = '"Trim(Append(\\"a\\", ' + SWITCH.replace('"', '\\"') + '))"'
    [found] = lint(loaded(ROW.format(expression=text)), ignore=["L109"])
    assert (found.code, str(found.location)) == ("L104", "scimconf.yaml:9:9")
    assert found.message.endswith("(at character 18)")


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


def test_a_plan_tells_manners_only_of_what_it_changes():
    """What has stood there for years is left to validate."""
    text = ROW.format(expression="'[country]'")
    assert linted(text) == ["L106"]
    assert planned(text, Snapshot()) == []
    changed = [one.code for one in lint(loaded(text), Snapshot(), changed={"attribute_mapping/users/title"})]
    assert changed == ["L106"]
    role = "role_attribute: {target: a, expression: '[country]'}"
    assert [one.code for one in lint(loaded(role), Snapshot(), changed={"attribute_mapping/users/a"})] == ["L106"]
    flag = "connection: {base_address: 'https://x.example/?aadOptscim062020'}"
    assert [one.code for one in lint(loaded(flag), Snapshot(), changed={"connection"})] == ["L506"]
    assert planned(flag, Snapshot()) == []


def test_a_plan_tells_what_goes_wrong_for_people():
    """With the schema and without."""
    text = "mappings: {users: {attributes: {userName: {constant: x, match: 1}}}}"
    assert planned(text, Snapshot()) == ["L507"]
    assert planned(text, schema(["mail"], [{"name": "userName"}])) == ["L507"]


def test_an_expression_that_cannot_be_read_hides_no_other_finding():
    """Rules about several rows look at the others."""
    rows = "title: {expression: 'Join('}, userName: {constant: x, match: 1}"
    assert linted(f"mappings: {{users: {{attributes: {{{rows}}}}}}}") == ["L507"]


# --- what only the tenant knows --------------------------------------------------------------------------------------

SINGLE = "SingleAppRoleAssignment([appRoleAssignments])"
ALL = "AssertiveAppRoleAssignmentsComplex([appRoleAssignments])"
PRIMARY = 'roles[primary eq "True"].value'


def function(text):
    """A live row's source, as the service has it."""
    return to_source(parse(text))


def live(*rows, source=(), target=(), secrets=None, **documents):
    """A tenant with these rows of users, as target and expression."""
    found = schema(
        source,
        target,
        attributeMappings=[{"targetAttributeName": name, "source": function(text)} for name, text in rows],
    )
    synced = {} if secrets is None else {"secrets": [{"key": "SyncAll", "value": secrets}]}
    return Snapshot({**found.documents, **synced, **documents})


ROLE_ROW = f"mappings: {{users: {{attributes: {{a: {{expression: '{SINGLE}'}}}}}}}}"
EVERYBODY = "provisioning: {enabled: true, scope: all}\nmappings: {users: {enabled: true}}"
FILTER = "mappings: {users: {filters: [{name: x, all: [{attribute: badge, operator: %s}]}]}}"
TEAMS = "mappings: {users: {target_attributes: {'urn:acme:2.0:User:teams': {multivalued: true}}}}"
ROLE = {"id": "1", "isEnabled": True, "value": "admin", "displayName": "Administrator"}


@pytest.mark.parametrize(
    ("text", "snapshot", "expected"),
    [
        pytest.param(ROLE_ROW, live(secrets="True"), ["L402"], id="roles while everybody is in scope"),
        pytest.param(ROLE_ROW, live(secrets="False"), [], id="roles while the assigned are in scope"),
        pytest.param(ROLE_ROW, live(), [], id="roles while the scope is not known"),
        pytest.param(EVERYBODY, live(("a", SINGLE)), ["L402"], id="everybody while live roles stay"),
        pytest.param(
            EVERYBODY, live(("a", "[mail]"), ("b", "Now()")), [], id="everybody while no live roles are there"
        ),
        pytest.param(
            EVERYBODY.replace("enabled: true}}", "unlisted: delete, attributes: {u: {source: mail, match: 1}}}}"),
            live(("a", SINGLE)),
            ["L503"],
            id="everybody while live roles go",
        ),
        pytest.param(
            f"mappings: {{users: {{attributes: {{roles: {{expression: '{ALL}'}}}}}}}}",
            live((PRIMARY, SINGLE), target=[{"name": "roles", "type": "String", "multivalued": True}]),
            ["L501"],
            id="roles beside a live row of one role",
        ),
        pytest.param(
            f"mappings: {{users: {{attributes: {{'{PRIMARY}': {{expression: '{SINGLE}'}}}}}}}}",
            live(('roles[primary eq "True"].display', SINGLE)),
            [],
            id="parts of one role",
        ),
        pytest.param(FILTER % "is_not_null", live(source=["badge"]), [], id="a filter on an attribute of the schema"),
        pytest.param(ROLE_ROW, live(applications=[{"appRoles": [ROLE]}]), ["L502"], id="a live role with two names"),
        pytest.param(
            ROLE_ROW + "\napp_roles: {roles: [{value: admin, absent: true}]}",
            live(applications=[{"appRoles": [ROLE]}]),
            [],
            id="a live role with two names that goes",
        ),
        pytest.param(
            ROLE_ROW + "\napp_roles: {roles: [{value: admin, display_name: Boss}]}",
            live(applications=[{"appRoles": [ROLE]}]),
            ["L502"],
            id="a listed role is told once",
        ),
        pytest.param(
            TEAMS,
            live(service_principals=[{"applicationTemplateId": CUSTOM_TEMPLATE}]),
            ["L504"],
            id="an application that is not from the gallery",
        ),
        pytest.param(
            TEAMS, live(service_principals=[{"applicationTemplateId": "x"}]), [], id="an application of the gallery"
        ),
        pytest.param(
            "mappings: {users: {attributes: {title: jobTitle}}}",
            live(("active", "Not([IsSoftDeleted])")),
            [],
            id="people leave by a live row",
        ),
        pytest.param(
            "mappings: {users: {actions: [create], attributes: {title: jobTitle}}}",
            live(("active", "Not([IsSoftDeleted])")),
            ["L503"],
            id="people leave by a live row, and are never updated",
        ),
    ],
)
def test_rules_see_the_tenant(text, snapshot, expected):
    """Rows, roles, the scope and the schema as they will be beside what the spec lists."""
    assert planned(text, snapshot) == expected


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ({"type": "String"}, []),
        ({"type": "DateTime"}, ["L505", "L604"]),
        ({"type": "Reference"}, ["L505", "L604"]),
        ({"type": "String", "multivalued": True}, ["L505", "L604"]),
        ({"type": "Boolean"}, []),
    ],
)
def test_filters_are_held_against_the_live_schema(definition, expected):
    """What kind of attribute it is, and whether it takes several values."""
    snapshot = schema()
    raw = snapshot.documents["schema"]
    raw["directories"][0]["objects"][0]["attributes"].append({"name": "badge", **definition})
    text = FILTER % ("is_true" if expected or definition["type"] == "Boolean" else "is_not_null")
    assert planned(text, snapshot) == expected


def test_a_live_row_that_is_no_expression_is_passed_over():
    """It is nobody's to judge."""
    rows = [{"targetAttributeName": "x", "source": {"type": "Odd"}}, {"targetAttributeName": "y", "source": None}]
    assert planned(EVERYBODY, Snapshot(schema(attributeMappings=rows).documents)) == []


def test_the_role_attribute_takes_what_its_row_gives():
    """A list where all roles are sent; what the spec declares comes first."""
    text = f"role_attribute: {{target: roles, expression: '{ALL}'}}"
    assert linted(text) == []
    declared = "mappings: {users: {target_attributes: {roles: {multivalued: false}}}}\n"
    assert linted(declared + text) == ["L404"]


def test_a_pattern_that_cannot_be_tried_here_is_nothing_to_complain_of():
    """It may well be one of .NET."""
    text = "mappings: {users: {filters: [{name: x, all: [{attribute: department, operator: matches, value: '%s'}]}]}}"
    assert linted(text % ("^" + "a" * 20_000 + "$")) == []


def test_nobody_to_match_by_is_told_without_a_tenant():
    """Where the live rows go, the spec's own are all there will be."""
    rows = "attributes: {title: jobTitle, active: {expression: 'Not([IsSoftDeleted])'}}"
    assert [line.split()[1] for line in told(f"mappings: {{users: {{unlisted: delete, {rows}}}}}")] == ["no-matching"]
    assert told(f"mappings: {{users: {{{rows}}}}}") == []
    assert told("mappings: {users: {unlisted: delete}}") == []


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [
        ("9", "Write `^9$`, or `.*9.*` where a part is enough."),
        ("^9", "Write `^9$`, or `^9.*` where a part is enough."),
        ("9$", "Write `^9$`, or `.*9$` where a part is enough."),
        ("a|b", "Write `^(?:a|b)$`, or `.*(?:a|b).*` where a part is enough."),
    ],
)
def test_what_to_write_for_a_pattern_without_anchors(pattern, hint):
    """Both ways, with the anchors that are there."""
    row = f"{{attribute: department, operator: matches, value: '{pattern}'}}"
    [found] = lint(loaded(f"mappings: {{users: {{filters: [{{name: x, all: [{row}]}}]}}}}"))
    assert (found.code, found.hint) == ("L603", hint)
