"""The mappings of a schema as flows, and what they send for an object."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from scimconf.expressions import parse, to_source
from scimconf.expressions.evaluation import EvaluationContext
from scimconf.sandbox.engine.mapping import (
    SEVERAL_ROLES,
    _clause,
    desired,
    job_flows,
    source_attributes,
    with_wrong_mapping,
)
from scimconf.sandbox.engine.values import AppRole, Scope, SourceObject
from scimconf.spec.model.operators import OPERATORS

from .flows import ENTERPRISE, switches

NOW = EvaluationContext(datetime(2030, 1, 1, tzinfo=UTC))
EDITOR = AppRole("r1", "editor", "Editors")
ADMIN = AppRole("r2", "admin", "Admins")
ACTIVE = 'Switch([IsSoftDeleted], , "False", "True", "True", "False")'
ROLE = "SingleAppRoleAssignment([appRoleAssignments])"
COMPLEX = "AppRoleAssignmentsComplex([appRoleAssignments])"


def row(target, text=None, **fields):
    source = None if text is None else to_source(parse(text))
    return {"targetAttributeName": target, "source": source, **fields}


def schema(*rows, kind="User", target="User", **fields):
    mapping = {
        "sourceObjectName": kind,
        "targetObjectName": target,
        "attributeMappings": rows,
        "enabled": True,
        **fields,
    }
    definitions = [{"name": "active", "type": "Boolean"}, {"name": "tags", "type": "String", "multivalued": True}]
    directory = {"name": "customappsso", "objects": [{"name": target, "attributes": definitions}]}
    rule = {"priority": 1, "targetDirectoryName": "customappsso", "objectMappings": [mapping]}
    return {"synchronizationRules": [rule], "directories": [directory, {"name": "source"}]}


def flow_of(*rows, **fields):
    (flow,) = job_flows(schema(*rows, **fields))
    return flow


def values(*rows, scope=Scope.IN, creating=True, roles=(), positions=None, **attributes):
    user = SourceObject("User", "1", "ada", attributes, {}, roles)
    return desired(flow_of(*rows), user, scope, NOW, switches(**positions or {}), creating=creating)


# ---- flows ----------------------------------------------------------------------------------------------------------


def test_template_has_users_and_groups_as_flows(writer):
    flows = {flow.kind: flow for flow in job_flows(writer.schema())}
    users, groups = flows["User"], flows["Group"]
    assert (users.resource, groups.resource, users.actions) == ("Users", "Groups", {"Add", "Update", "Delete"})
    assert [row.target for row in users.matchers] == ["userName"]
    assert {row.target: row.reference for row in (*users.references, *groups.references)} == {
        f"{ENTERPRISE}:manager": "manager",
        "members": "members",
    }
    (active,) = (row for row in users.flows if row.reads_scope)
    assert (active.target, active.data_type, active.text) == ("active", "Boolean", ACTIVE)
    assert (users.disables, groups.disables) == (True, False)


def test_disabled_mappings_and_other_sources_are_no_flows():
    assert job_flows(schema(enabled=False)) == job_flows(schema(kind="Application")) == job_flows({}) == ()


def test_flow_has_the_properties_of_its_mapping():
    flow = flow_of(
        row(
            "tags",
            "[otherMails]",
            flowType="ObjectAddOnly",
            flowBehavior="FlowAlways",
            matchingPriority=2,
            defaultValue="x",
        ),
        kind="Group",
        target="urn:ietf:params:scim:schemas:core:2.0:Group",
        flowTypes="Add, Update",
    )
    (tags,) = flow.flows
    assert (flow.resource, flow.actions) == ("Groups", {"Add", "Update"})
    assert (tags.multivalued, tags.flow_type, tags.flow_behavior) == (True, "ObjectAddOnly", "FlowAlways")
    assert (tags.default, tags.matching_priority) == ("x", 2)


def test_filters_have_the_form_of_the_evaluator():
    clauses = [
        {"sourceOperandName": "department", "operatorName": "EQUALS", "targetOperand": {"values": ["Retail"]}},
        {"sourceOperandName": "city", "operatorName": "IS NULL", "targetOperand": None},
        {"sourceOperandName": "city", "operatorName": "New", "targetOperand": {"values": ["a", "b"]}},
    ]
    flow = flow_of(scope={"groups": [{"name": "Shops", "clauses": clauses}]})
    expected = [("department", "equals", "Retail"), ("city", "is_null", None), ("city", "New", ["a", "b"])]
    (group,) = flow.filters
    assert [tuple(clause.values()) for clause in group["all"]] == expected


@pytest.mark.parametrize("word", OPERATORS)
def test_operators_have_the_words_of_the_client(word):
    spellings = [*OPERATORS[word].spellings, OPERATORS[word].spellings[0].replace(" ", "_")]
    assert {_clause({"operatorName": spelling})["operator"] for spelling in spellings} == {word}


# ---- values ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "creating", "expected"),
    [
        ([row("title", "[jobTitle]")], True, {"title": "Lead"}),
        ([row("title", "[city]")], True, {}),
        ([row("title", "[city]", defaultValue="none")], True, {"title": "none"}),
        ([row("title", "[city]", defaultValue="none")], False, {}),
        ([row("title", None, defaultValue="none")], True, {"title": "none"}),
        ([row("title", None, defaultValue="none")], False, {}),
        ([row("title", "[jobTitle]", flowType="ObjectAddOnly")], True, {"title": "Lead"}),
        ([row("title", "[jobTitle]", flowType="ObjectAddOnly")], False, {}),
        ([row("title", 'IIF([jobTitle] = "Lead", IgnoreAttributeFlow, "x")')], True, {}),
        ([row("tags", "[otherMails]")], True, {"tags": ("a", "b")}),
        ([row(f"{ENTERPRISE}:manager", "[manager]")], True, {}),
        ([row("title", "Trim([city] & [state])"), row("nickName", 'Join("-", [jobTitle], [mail])')], True, {"nickName": "Lead-a@b"}),
    ],
)  # fmt: skip
def test_values_are_those_of_creation_or_update(rows, creating, expected):
    positions = {"undetermined": "not_sent"}
    sent = values(*rows, creating=creating, positions=positions, jobTitle="Lead", mail="a@b", otherMails=["a", "b"])
    assert (sent.values, sent.failure) == (expected, None)


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope.IN, {"active": "True", "title": "Lead"}),
        (Scope.ACCOUNT_DISABLED, {"active": "False", "title": "Lead"}),
        (Scope.NOT_ASSIGNED, {"active": "False"}),
        (Scope.FILTERED, {"active": "False"}),
        (Scope.SOFT_DELETED, {"active": "False"}),
    ],
)
def test_is_soft_deleted_is_true_in_four_cases(scope, expected):
    rows = row("active", ACTIVE), row("title", "[jobTitle]")
    assert values(*rows, scope=scope, creating=False, jobTitle="Lead").values == expected


def test_matching_values_are_ordered_by_precedence_without_nulls_and_defaults():
    rows = (
        row("userName", "[userPrincipalName]", matchingPriority=2, flowType="ObjectAddOnly"),
        row("externalId", "[employeeId]", matchingPriority=1),
        row("nickName", "[city]", matchingPriority=3, defaultValue="none"),
    )
    sent = values(*rows, creating=False, userPrincipalName="ada", employeeId="7")
    assert sent.matching == (("externalId", "7"), ("userName", "ada"))
    assert sent.values == {"externalId": "7"}
    assert [flow.target for flow in flow_of(*rows).matchers] == ["externalId", "userName", "nickName"]


def test_ignored_object_sends_nothing_even_if_another_mapping_fails():
    sent = values(
        row("a", "Item([otherMails], 5)"), row("b", 'Switch([city], IgnoreObjectFlow, "x", "y")'), otherMails=["a"]
    )
    assert (sent.ignored_by, sent.values, sent.failure) == ("b", {}, None)


@pytest.mark.parametrize(
    ("text", "target", "code", "reason"),
    [
        ("Item([otherMails], 5)", "a", "EmulatedExpressionFailure", "index 5 is outside a list of 1"),
        ("[netId]", "a", "EmulatedUndetermined", "does not know the value of [netId]"),
        ("ToLower([manager])", "a", "EmulatedUndetermined", "does not know the value of [manager]"),
        ("[appRoleAssignments]", "a", "EmulatedUndetermined", "with an object"),
        (
            "[mail]",
            "urn:ietf:params:scim:schemas:extension:acme:2.0:User",
            "EmulatedUndetermined",
            "without an attribute",
        ),
    ],
)
def test_failure_and_undetermined_result_name_mapping_and_reason(text, target, code, reason):
    sent = values(row(target, text), otherMails=["a"], mail="a@b", roles=(EDITOR,))
    assert (sent.failure.code, sent.values) == (code, {})
    assert sent.failure.reason.startswith(f"{target} = {text}: ") and reason in sent.failure.reason


def test_undetermined_result_can_be_left_out():
    sent = values(row("a", "[netId]"), row("b", "[mail]"), positions={"undetermined": "not_sent"}, mail="a@b")
    assert (sent.failure, sent.values) == (None, {"b": "a@b"})


def test_unknown_attribute_that_is_not_read_does_not_matter():
    assert values(row("a", "Coalesce([mail], [netId])"), mail="a@b").values == {"a": "a@b"}


def test_unreadable_source_is_undetermined():
    flow = flow_of({"targetAttributeName": "a", "source": {"type": "Odd"}})
    sent = desired(flow, SourceObject("User", "1", "a", {}), Scope.IN, NOW, switches(), creating=True)
    assert "its source is not an expression" in sent.failure.reason


# ---- roles ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "roles", "position", "expected"),
    [
        (ROLE, [EDITOR], "displayName", "Editors"),
        (ROLE, [EDITOR], "value", "editor"),
        (f'Switch({ROLE}, "member", "Editors", "writer")', [EDITOR], "displayName", "writer"),
        (f'IIF({ROLE} = "editor", "yes", "no")', [EDITOR], "value", "yes"),
        (ROLE, [], "displayName", None),
        (COMPLEX, [EDITOR], "value", ('{"primary":false,"type":"WindowsAzureActiveDirectoryRole","value":"editor","displayName":"Editors"}',)),
    ],
)  # fmt: skip
def test_role_functions_return_the_text_of_the_switch_or_objects(text, roles, position, expected):
    sent = values(row("a", text), roles=tuple(roles), positions={"role_text": position})
    assert (sent.values.get("a"), sent.failure) == (expected, None)


def test_several_roles_fail_with_the_code_of_the_service():
    sent = values(row("a", ROLE), roles=(EDITOR, ADMIN))
    assert sent.failure.code == SEVERAL_ROLES == "MultipleGrantsNotSupported"
    assert "app role assignment was expected, but 2 were found (Editors, Admins)" in sent.failure.reason


@pytest.mark.parametrize("text", [ROLE, COMPLEX])
def test_role_without_the_needed_text_is_undetermined(text):
    sent = values(row("a", text), roles=(AppRole("r3", "", "No value"),), positions={"role_text": "value"})
    assert sent.failure.code == "EmulatedUndetermined"


ACME = "urn:ietf:params:scim:schemas:extension:acme:2.0:User"


@pytest.mark.parametrize(
    ("roles", "positions", "expected"),
    [
        ([EDITOR], {"role_blob": "display_name"}, "Editors"),
        ([EDITOR, ADMIN], {"role_blob": "display_name"}, ("Editors", "Admins")),
        ([EDITOR], {"role_blob": "json"}, '[{"id":"r1","value":"editor","displayName":"Editors"}]'),
        ([], {"role_blob": "json"}, None),
    ],
)
def test_direct_mapping_of_roles_has_a_reading_by_its_switch(roles, positions, expected):
    assert values(row("a", "[appRoleAssignments]"), roles=tuple(roles), positions=positions).values.get("a") == expected
    both = positions | {"bare_extension": "key"}
    assert values(row(ACME, "[appRoleAssignments]"), roles=tuple(roles), positions=both).values.get(ACME) == expected


def test_extension_as_a_target_is_undetermined_only_for_a_value():
    assert values(row(ACME, "[mail]")).failure is None
    assert values(row(ACME, "[mail]"), mail="a@b").failure.code == "EmulatedUndetermined"
    assert values(row(ACME, "[mail]"), mail="a@b", positions={"bare_extension": "key"}).values == {ACME: "a@b"}


def test_concatenation_reads_role_texts():
    (flow,) = flow_of(row("a", f'Trim({ROLE} & "x")')).flows
    assert flow.text == f'Trim({ROLE} & "x")'
    roles = source_attributes(SourceObject("User", "1", "a", {}, {}, (EDITOR,)), Scope.IN, switches())
    assert roles["appRoleAssignments"] == [{"id": "r1", "value": "editor", "displayName": "Editors"}]


# ---- a deliberate fault ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "sent"),
    [
        (0, {"active": "True", "nickName": None, "title": "Analyst", "x": None}),
        (1, {"active": "False", "nickName": None, "title": "Analyst", "x": None}),
        (2, {"active": "True", "nickName": "wrong", "title": "Analyst", "x": None}),
        (3, {"active": "True", "nickName": None, "title": "Analyst (wrong)", "x": None}),
        (4, {"active": "True", "nickName": None, "title": "Analyst", "x": None}),
        (5, {"active": "True", "nickName": None, "title": "Analyst", "x": None}),
    ],
)
def test_wrong_mapping_changes_the_value_of_the_mapping_with_its_number_only(number, sent):
    """The numbers are those of the targets in alphabetical order; what is ignored, such as `x` here, stays ignored."""
    rows = [
        row("title", "[jobTitle]"),
        row("x", 'IIF([city] = "a", [city], IgnoreAttributeFlow)'),
        row("active", ACTIVE),
    ]
    flows = job_flows(schema(*rows, row("nickName", "[city]"))) + job_flows(schema(row("a", "[mail]"), kind="Group"))
    users, groups = with_wrong_mapping(flows, switches(wrong_mapping=number).wrong_mapping)
    user = SourceObject("User", "1", "ada", {"jobTitle": "Analyst"})
    result = desired(users, user, Scope.IN, NOW, switches(), creating=True).values
    assert {target: result.get(target) for target in sent} == sent
    assert not any(flow.is_wrong for flow in groups.flows)
