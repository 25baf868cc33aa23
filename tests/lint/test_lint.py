"""Lint of a spec and of a plan: locations, ignored rules, and rules that need the tenant."""

from __future__ import annotations

import pytest

from scimconf.documents.application import CUSTOM_TEMPLATE
from scimconf.expressions import parse, to_source
from scimconf.expressions.lint.vocabulary import MEMBERSHIP_HINT
from scimconf.lint import lint
from scimconf.snapshot import Snapshot
from scimconf.spec.load import load
from tests.lint.specs import linted, loaded, validated

SWITCH = 'Switch([country], , "US", "America", "DE")'
ROW = """\
mappings:
  users:
    attributes:
      title:
        expression: {expression}
"""


def schema(source=(), target=(), **more):
    """Return a snapshot of a live schema with one mapping of users."""
    mapping = {"sourceObjectName": "User", "targetObjectName": "User", "attributeMappings": [], **more}
    rule = {"name": "out", "editable": True, "sourceDirectoryName": "Entra", "targetDirectoryName": "App"}
    directories = [
        {"name": "Entra", "objects": [{"name": "User", "attributes": [{"name": name} for name in source]}]},
        {"name": "App", "objects": [{"name": "User", "attributes": list(target)}]},
    ]
    return Snapshot(
        {"schema": {"directories": directories, "synchronizationRules": [rule | {"objectMappings": [mapping]}]}}
    )


def plan_rules(piece, snapshot):
    """Return the ids of the rules that lint reports for a plan."""
    return [diagnostic.code for diagnostic in lint(loaded(piece), snapshot)]


def test_lint_locates_an_issue_in_an_expression():
    [diagnostic] = lint(loaded(ROW.format(expression=f"'Trim({SWITCH})'")), ignore=["L109"])
    assert (diagnostic.code, diagnostic.severity, diagnostic.path[-1]) == ("L104", "error", "expression")
    assert str(diagnostic.location) == "scimconf.yaml:9:27"
    assert diagnostic.message.endswith("(at character 6)")


@pytest.mark.parametrize(
    ("written", "location"),
    [
        (f"'Trim({SWITCH})'", "9:27"),
        (f">-\n          Trim(\n            {SWITCH})", "11:13"),
        (f"|-  # in lines\n          Trim(\n\n            {SWITCH}\n          )", "12:13"),
        ("Trim(\n            " + SWITCH + ")", "10:13"),
        ('"Trim(' + SWITCH.replace('"', '\\"') + ')"', "9:27"),
    ],
)
def test_lint_locates_the_character_in_quotes_and_blocks(written, location):
    [diagnostic] = lint(loaded(ROW.format(expression=written)), ignore=["L109"])
    assert (diagnostic.code, str(diagnostic.location)) == ("L104", f"scimconf.yaml:{location}")


def test_lint_counts_the_character_if_yaml_changed_more_than_spaces():
    text = '"Trim(Append(\\"a\\", ' + SWITCH.replace('"', '\\"') + '))"'
    [diagnostic] = lint(loaded(ROW.format(expression=text)), ignore=["L109"])
    assert (diagnostic.code, str(diagnostic.location)) == ("L104", "scimconf.yaml:9:9")
    assert diagnostic.message.endswith("(at character 18)")


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
def test_lint_ignores_a_rule_that_a_comment_names(row):
    text = "mappings:\n  users:\n    attributes:\n" + row.replace("EXPRESSION", SWITCH)
    assert linted(text) == []
    assert linted(text.replace("L104", "L105")) == ["L104"]


def test_lint_ignores_a_rule_that_the_ignore_option_names():
    text = ROW.format(expression=f"'{SWITCH}'")
    assert (linted(text), linted(text, "L105"), linted(text, "L104")) == (["L104"], ["L104"], [])


def test_lint_skips_invalid_specs_and_expressions():
    assert list(lint(load("x", lambda _: "", {}, {}, lambda _: True))) == []
    assert linted(ROW.format(expression="'Join('")) == []


def test_lint_skips_rows_without_an_expression():
    attributes = "{a: {source: null, default: x}, b: {absent: true}, c: {constant: x}, d: mail}"
    assert linted(f"mappings: {{users: {{attributes: {attributes}}}}}") == []


def test_lint_reports_l401_of_a_spec_as_a_warning():
    [diagnostic] = lint(loaded("role_attribute: {target: a, source: appRoleAssignments}"))
    assert (diagnostic.code, diagnostic.severity, diagnostic.path) == ("L401", "warning", ("role_attribute", "source"))


def test_l402_depends_on_the_scope_in_another_section():
    text = "role_attribute: {{target: a, expression: 'SingleAppRoleAssignment([appRoleAssignments])'}}\nprovisioning: {{enabled: true, scope: {}}}"
    assert linted(text.format("all")) == ["L402"]
    assert linted(text.format("assigned")) == []


def test_l310_accepts_attributes_of_entra_and_of_the_spec():
    text = "mappings: {{users: {{{} attributes: {{title: badge}}}}}}"
    assert linted(text.format("")) == ["L310"]
    assert linted(text.format("source_attributes: {badge: {type: string}},")) == []


@pytest.mark.parametrize(("source", "expected"), [("Group", ["L310"]), ("Device", [])])
def test_l310_knows_the_attributes_of_users_and_groups_only(source, expected):
    assert linted(f"mappings: {{mine: {{source: {source}, target: x, attributes: {{a: surname}}}}}}") == expected


def test_lint_uses_the_target_attributes_that_the_spec_defines():
    text = "mappings: {users: {target_attributes: {a: {multivalued: true}}, attributes: {a: {expression: 'SingleAppRoleAssignment([appRoleAssignments])'}}}}"
    assert linted(text) == ["L404"]


def test_lint_of_a_plan_uses_the_schema_of_the_application():
    text = "mappings: {users: {attributes: {a: {expression: 'Split([badge], \",\")'}}}}"
    snapshot = schema(["badge"], [{"name": "a", "type": "String", "multivalued": False}])
    assert linted(text) == ["L310"]
    assert plan_rules(text, snapshot) == ["L405"]
    assert plan_rules(text, schema(["other"], [{"name": "a", "type": None}])) == []


def test_lint_of_a_plan_reports_style_only_for_changes():
    text = ROW.format(expression="'[country]'")
    assert linted(text) == ["L106"]
    assert plan_rules(text, Snapshot()) == []
    changed = [
        diagnostic.code for diagnostic in lint(loaded(text), Snapshot(), changed={"attribute_mapping/users/title"})
    ]
    assert changed == ["L106"]
    role = "role_attribute: {target: a, expression: '[country]'}"
    assert [
        diagnostic.code for diagnostic in lint(loaded(role), Snapshot(), changed={"attribute_mapping/users/a"})
    ] == ["L106"]
    flag = "connection: {base_address: 'https://x.example/?aadOptscim062020'}"
    assert [diagnostic.code for diagnostic in lint(loaded(flag), Snapshot(), changed={"connection"})] == ["L506"]
    assert plan_rules(flag, Snapshot()) == []


@pytest.mark.parametrize(
    ("expression", "rules"),
    [
        ('IIF(IsPresent([jobTitle]), [jobTitle], "none")', ["L303"]),
        ('IIF([country] = "US", CDate([extensionAttribute1]), "")', ["L312"]),
        ("toLower([jobTitle])", ["L102"]),
    ],
)
def test_lint_of_a_plan_reports_expressions_that_work_only_for_changes(expression, rules):
    """Microsoft's own mappings have such expressions, which an export writes into the spec."""
    text = ROW.format(expression=f"'{expression}'")
    assert linted(text) == rules
    assert plan_rules(text, Snapshot()) == []
    changed = {"attribute_mapping/users/title"}
    assert [diagnostic.code for diagnostic in lint(loaded(text), Snapshot(), changed=changed)] == rules


@pytest.mark.parametrize(
    ("expression", "rules"),
    [
        ("[appRoleAssignments]", ["L106", "L401", "L502"]),
        ("SingleAppRoleAssignment([appRoleAssignments])", ["L502"]),
        ("singleapproleassignment([appRoleAssignments])", ["L102", "L502"]),
        ("AssertiveAppRoleAssignmentsComplex([appRoleAssignments])", []),
        ('Join("", appRoleAssignmentsComplex([appRoleAssignments]))', ["L102"]),
        ('Append(Join("", AppRoleAssignmentsComplex([appRoleAssignments])), [appRoleAssignments])', ["L401", "L502"]),
        ("[jobTitle]", ["L106"]),
    ],
)
def test_roles_with_two_names_are_reported_where_one_name_is_sent(expression, rules):
    names = "app_roles: {roles: [{value: admin, display_name: Boss}]}"
    assert linted(ROW.format(expression=f"'{expression}'") + names) == rules


def test_lint_of_a_plan_reports_shared_match_values():
    text = "mappings: {users: {attributes: {userName: {constant: x, match: 1}}}}"
    assert plan_rules(text, Snapshot()) == ["L507"]
    assert plan_rules(text, schema(["mail"], [{"name": "userName"}])) == ["L507"]


def test_lint_reports_other_diagnostics_beside_an_invalid_expression():
    rows = "title: {expression: 'Join('}, userName: {constant: x, match: 1}"
    assert linted(f"mappings: {{users: {{attributes: {{{rows}}}}}}}") == ["L507"]


# --- rules that need the tenant --------------------------------------------------------------------------------------

SINGLE = "SingleAppRoleAssignment([appRoleAssignments])"
ALL = "AssertiveAppRoleAssignmentsComplex([appRoleAssignments])"
PRIMARY = 'roles[primary eq "True"].value'


def function(text):
    """Return the source of a live attribute mapping, as the service returns it."""
    return to_source(parse(text))


def live_tenant(*rows, source=(), target=(), secrets=None, **documents):
    """Return a snapshot with these attribute mappings of users, as target and expression."""
    snapshot = schema(
        source,
        target,
        attributeMappings=[{"targetAttributeName": name, "source": function(text)} for name, text in rows],
    )
    synced = {} if secrets is None else {"secrets": [{"key": "SyncAll", "value": secrets}]}
    return Snapshot({**snapshot.documents, **synced, **documents})


ROLE_ROW = f"mappings: {{users: {{attributes: {{a: {{expression: '{SINGLE}'}}}}}}}}"
EVERYBODY = "provisioning: {enabled: true, scope: all}\nmappings: {users: {enabled: true}}"
FILTER = "mappings: {users: {filters: [{name: x, all: [{attribute: badge, operator: %s}]}]}}"
TEAMS = "mappings: {users: {target_attributes: {'urn:acme:2.0:User:teams': {multivalued: true}}}}"
TWO_ROLES = "assignments: {unlisted: keep, users: [{user: ada@contoso.com, roles: [admin, member]}]}"
ROLE = {"id": "1", "isEnabled": True, "value": "admin", "displayName": "Administrator"}


@pytest.mark.parametrize(
    ("text", "snapshot", "expected"),
    [
        pytest.param(ROLE_ROW, live_tenant(secrets="True"), ["L402"], id="roles while everybody is in scope"),
        pytest.param(ROLE_ROW, live_tenant(secrets="False"), [], id="roles while the assigned are in scope"),
        pytest.param(ROLE_ROW, live_tenant(), [], id="roles while the scope is not known"),
        pytest.param(EVERYBODY, live_tenant(("a", SINGLE)), ["L402"], id="everybody while live roles stay"),
        pytest.param(
            EVERYBODY, live_tenant(("a", "[mail]"), ("b", "Now()")), [], id="everybody while no live roles are there"
        ),
        pytest.param(
            EVERYBODY.replace("enabled: true}}", "unlisted: delete, attributes: {u: {source: mail, match: 1}}}}"),
            live_tenant(("a", SINGLE)),
            ["L503"],
            id="everybody while live roles go",
        ),
        pytest.param(
            f"mappings: {{users: {{attributes: {{roles: {{expression: '{ALL}'}}}}}}}}",
            live_tenant((PRIMARY, SINGLE), target=[{"name": "roles", "type": "String", "multivalued": True}]),
            ["L501"],
            id="roles beside a live row of one role",
        ),
        pytest.param(
            f"mappings: {{users: {{attributes: {{'{PRIMARY}': {{expression: '{SINGLE}'}}}}}}}}",
            live_tenant(('roles[primary eq "True"].display', SINGLE)),
            [],
            id="parts of one role",
        ),
        pytest.param(
            f"mappings: {{users: {{enabled: true}}}}\n{TWO_ROLES}",
            live_tenant((PRIMARY, SINGLE)),
            ["L511"],
            id="two roles where a live row takes one",
        ),
        pytest.param(
            f"mappings: {{users: {{enabled: true}}}}\n{TWO_ROLES}", live_tenant((PRIMARY, ALL)), [], id="all roles sent"
        ),
        pytest.param(
            FILTER % "is_not_null", live_tenant(source=["badge"]), [], id="a filter on an attribute of the schema"
        ),
        pytest.param(
            ROLE_ROW, live_tenant(applications=[{"appRoles": [ROLE]}]), ["L502"], id="a live role with two names"
        ),
        pytest.param(
            ROLE_ROW + "\napp_roles: {roles: [{value: admin, absent: true}]}",
            live_tenant(applications=[{"appRoles": [ROLE]}]),
            [],
            id="a live role with two names that goes",
        ),
        pytest.param(
            ROLE_ROW + "\napp_roles: {roles: [{value: admin, display_name: Boss}]}",
            live_tenant(applications=[{"appRoles": [ROLE]}]),
            ["L502"],
            id="a listed role is validated once",
        ),
        pytest.param(
            TEAMS,
            live_tenant(service_principals=[{"applicationTemplateId": CUSTOM_TEMPLATE}]),
            ["L504"],
            id="an application that is not from the gallery",
        ),
        pytest.param(
            TEAMS,
            live_tenant(service_principals=[{"applicationTemplateId": "x"}]),
            [],
            id="an application of the gallery",
        ),
        pytest.param(
            "mappings: {users: {attributes: {title: jobTitle}}}",
            live_tenant(("active", "Not([IsSoftDeleted])")),
            [],
            id="people leave by a live row",
        ),
        pytest.param(
            "mappings: {users: {actions: [create], attributes: {title: jobTitle}}}",
            live_tenant(("active", "Not([IsSoftDeleted])")),
            ["L503"],
            id="people leave by a live row, and are never updated",
        ),
    ],
)
def test_lint_of_a_plan_uses_the_tenant(text, snapshot, expected):
    assert plan_rules(text, snapshot) == expected


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
def test_lint_of_a_filter_uses_the_live_schema(definition, expected):
    snapshot = schema()
    raw = snapshot.documents["schema"]
    raw["directories"][0]["objects"][0]["attributes"].append({"name": "badge", **definition})
    text = FILTER % ("is_true" if expected or definition["type"] == "Boolean" else "is_not_null")
    assert plan_rules(text, snapshot) == expected


def test_lint_skips_a_live_mapping_that_is_not_an_expression():
    rows = [{"targetAttributeName": "x", "source": {"type": "Odd"}}, {"targetAttributeName": "y", "source": None}]
    assert plan_rules(EVERYBODY, Snapshot(schema(attributeMappings=rows).documents)) == []


def test_l404_knows_that_the_role_attribute_is_multivalued():
    text = f"role_attribute: {{target: roles, expression: '{ALL}'}}"
    assert linted(text) == []
    declared = "mappings: {users: {target_attributes: {roles: {multivalued: false}}}}\n"
    assert linted(declared + text) == ["L404"]


def test_l404_uses_the_live_definition_of_a_built_in_role_attribute():
    text = f"role_attribute: {{target: %s, expression: '{ALL}'}}"
    target = [{"name": name, "type": "String", "multivalued": False} for name in ("roles", "urn:acme:2.0:User:roles")]
    assert plan_rules(text % "roles", live_tenant(target=target)) == ["L404"]
    assert plan_rules(text % "roles", live_tenant()) == []
    assert plan_rules(text % "urn:acme:2.0:User:roles", live_tenant(target=target)) == []


def test_l601_skips_a_pattern_that_cannot_be_evaluated_here():
    text = "mappings: {users: {filters: [{name: x, all: [{attribute: department, operator: matches, value: '%s'}]}]}}"
    assert linted(text % ("^" + "a" * 20_000 + "$")) == []


def test_validate_reports_missing_matching_attributes_if_live_rows_are_deleted():
    rows = "attributes: {title: jobTitle, active: {expression: 'Not([IsSoftDeleted])'}}"
    assert [line.split()[1] for line in validated(f"mappings: {{users: {{unlisted: delete, {rows}}}}}")] == [
        "no-matching"
    ]
    assert validated(f"mappings: {{users: {{{rows}}}}}") == []
    assert validated("mappings: {users: {unlisted: delete}}") == []


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [
        ("9", "Write `^9$` for the whole value, or `.*9.*` for a part of it."),
        ("^9", "Write `^9$` for the whole value, or `^9.*` for a part of it."),
        ("9$", "Write `^9$` for the whole value, or `.*9$` for a part of it."),
        ("a|b", "Write `^(?:a|b)$` for the whole value, or `.*(?:a|b).*` for a part of it."),
    ],
)
def test_l603_suggests_anchors(pattern, hint):
    row = f"{{attribute: department, operator: matches, value: '{pattern}'}}"
    [diagnostic] = lint(loaded(f"mappings: {{users: {{filters: [{{name: x, all: [{row}]}}]}}}}"))
    assert (diagnostic.code, diagnostic.hint) == ("L603", hint)


CREATE = "application: {display_name: Writer, create: {from_template: %s}}\n"
BADGE = "mappings: {users: {attributes: {title: badge}}}"


@pytest.mark.parametrize(("code", "mappings"), [("L310", BADGE), ("L602", FILTER % "is_not_null")])
@pytest.mark.parametrize(
    ("head", "snapshot", "severity"),
    [
        ("", None, "warning"),
        (CREATE % "custom", None, "error"),
        (CREATE % "Slack", Snapshot(), "error"),
        (CREATE % "custom", schema(), "warning"),
    ],
)
def test_an_unknown_source_is_an_error_for_an_application_that_is_still_to_be_created(
    head, snapshot, severity, code, mappings
):
    """L310 is about the source of a mapping, L602 about the attribute of a scoping filter."""
    [diagnostic] = lint(loaded(head + mappings), snapshot)
    assert (diagnostic.code, diagnostic.severity) == (code, severity)


@pytest.mark.parametrize("name", ["memberOf", "isMemberOf", "transitiveMemberOf"])
def test_lint_explains_what_sends_the_groups_of_a_user(name):
    mapped = linted_hints(f"mappings: {{users: {{attributes: {{title: {name}}}}}}}")
    filtered = linted_hints((FILTER % "is_not_null").replace("badge", name))
    assert set(mapped) == {"L310"}
    assert set(filtered) >= {"L602"}
    assert {*mapped.values(), *filtered.values()} == {MEMBERSHIP_HINT}


def linted_hints(piece):
    """Return rule → hint of the diagnostics."""
    return {diagnostic.code: diagnostic.hint for diagnostic in lint(loaded(piece))}


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        ("AzureAdScimPatch062020", "Write `aadOptscim062020` instead."),
        ("aadOptScim62020", "Did you mean `aadOptscim062020`?"),
        ("AzureAdScimPatch", "Did you mean `AzureAdScimPatch2017`?"),
        ("region=eu", "If it is a secret, use `secret_token: {env: NAME}`."),
    ],
)
def test_l508_knows_former_and_misspelled_flags(query, hint):
    assert linted_hints(f"connection: {{base_address: 'https://x.example/scim?{query}'}}") == {"L508": hint}


@pytest.mark.parametrize(
    ("target", "hint"),
    [
        ("costCenter", "Did you mean `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:costCenter`?"),
        ("nickname", "Did you mean `nickName`?"),
        ("badge", "Define it: `target_attributes: {badge: {}}`."),
        ("givenName", "Did you mean `name.givenName`?"),
        ("country", """Did you mean `addresses[type eq "work"].country`?"""),
        ("roles", "Define it: `target_attributes: {roles: {multivalued: true}}`."),
        (
            """'emails[type eq "billing"].value'""",
            """Define it: `target_attributes: {'emails[type eq "billing"].value': {}}`.""",
        ),
        (
            '''"emails[type eq 'work'].value"''',
            "Define it: `target_attributes: {'emails[type eq ''work''].value': {}}`.",
        ),
        ("""'emails[type eq "Work"].value'""", """Did you mean `emails[type eq "work"].value`?"""),
    ],
)
def test_l510_suggests_a_scim_attribute_or_a_definition(target, hint):
    [diagnostic] = lint(loaded(CREATE % "custom" + f"mappings: {{users: {{attributes: {{{target}: mail}}}}}}"))
    assert (diagnostic.code, diagnostic.hint) == ("L510", hint)
    assert linted(CREATE % "Slack" + f"mappings: {{users: {{attributes: {{{target}: mail}}}}}}") == []


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("https://app.example.com/scim/v2/Users", "https://app.example.com/scim/v2"),
        ("https://app.example.com/Groups/?aadOptscim062020", "https://app.example.com?aadOptscim062020"),
    ],
)
def test_l509_suggests_the_base_address(address, line):
    piece = f"connection: {{authentication: bearer, secret_token: {{env: A}}, base_address: '{address}'}}"
    [diagnostic] = lint(loaded(piece), ignore=["L506"])
    assert (diagnostic.code, diagnostic.hint) == ("L509", f"Write `base_address: {line}`.")


GALLERY = {"service_principals": [{"applicationTemplateId": "x"}]}
CUSTOM = {"service_principals": [{"applicationTemplateId": CUSTOM_TEMPLATE}]}
REGISTRATION = {"service_principals": [{"applicationTemplateId": None}]}
MATCHING = {"attributeMappings": [{"targetAttributeName": "id", "matchingPriority": 1, "source": None}]}
ID_ROW = "mappings: {users: {attributes: {id: {source: objectId, match: 1}}}}"
COUNTRY = "mappings: {users: {attributes: {'custom:country': country}}}"
COMPLEX = "mappings: {users: {target_attributes: {'urn:acme:2.0:User:name.first': {}}}}"


def live_application(principal, **mapping):
    """Return a snapshot of an application with this service principal and one mapping of users."""
    return Snapshot({**schema(["country", "objectId"], **mapping).documents, **principal})


@pytest.mark.parametrize(
    ("text", "snapshot", "expected"),
    [
        pytest.param(ID_ROW, None, ["L515 warning"], id="id of an unknown application"),
        pytest.param(CREATE % "custom" + ID_ROW, None, ["L515 error"], id="id of a new custom application"),
        pytest.param(CREATE % "Slack" + ID_ROW, None, ["L515 warning"], id="id of a new gallery application"),
        pytest.param(ID_ROW, live_application(CUSTOM, **MATCHING), ["L515 error"], id="id of a custom application"),
        pytest.param(ID_ROW, live_application(REGISTRATION, **MATCHING), ["L515 warning"], id="id of a registration"),
        pytest.param(ID_ROW, live_application(GALLERY), ["L515 warning"], id="id of a gallery application"),
        pytest.param(ID_ROW, live_application(GALLERY, **MATCHING), [], id="id that a gallery application matches by"),
        pytest.param(ID_ROW, Snapshot(GALLERY), ["L515 warning"], id="id of an application without a schema"),
        pytest.param(COUNTRY, None, [], id="own name in an unknown application"),
        pytest.param(COUNTRY, live_application(CUSTOM), ["L513 warning"], id="own name in a custom application"),
        pytest.param(COUNTRY, live_application(GALLERY), [], id="own name in a gallery application"),
        pytest.param(CREATE % "custom" + COUNTRY, None, ["L510 warning"], id="own name that is not defined"),
        pytest.param(COMPLEX, None, ["L512 warning"], id="complex attribute of an unknown application"),
        pytest.param(COMPLEX, live_application(CUSTOM), ["L512 warning"], id="complex attribute"),
        pytest.param(COMPLEX, live_application(GALLERY), [], id="complex attribute of a gallery application"),
    ],
)
def test_lint_of_target_names_depends_on_the_kind_of_application(text, snapshot, expected):
    results = [f"{diagnostic.code} {diagnostic.severity}" for diagnostic in lint(loaded(text), snapshot)]
    assert results == expected


@pytest.mark.parametrize(("length", "expected"), [(1, []), (120, []), (121, ["L514"]), (249, ["L514"])], ids=str)
def test_l514_warns_above_the_documented_length_of_a_role_value(length, expected):
    assert linted(f"app_roles: {{roles: [{{value: {'x' * length}}}, {{display_name: User}}]}}") == expected


def test_l512_suggests_a_name_without_a_sub_attribute():
    [diagnostic] = lint(loaded(COMPLEX))
    assert diagnostic.hint == "Write a name without the dot, such as `urn:acme:2.0:User:nameFirst`."


def test_l515_suggests_the_matching_attribute_of_groups():
    [diagnostic] = lint(loaded("mappings: {groups: {attributes: {id: objectId}}}"))
    assert diagnostic.hint == "Map `externalId` instead, and match by it or by `displayName`."
