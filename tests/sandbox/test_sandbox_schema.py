"""A schema that is PUT: what is refused, what is brought into the service's form, and what survives."""

from __future__ import annotations

import contextlib
import copy
import functools
import json

import pytest

from scimconf.sandbox.switches import Switches
from scimconf.sandbox.synchronization.schema_validation import SchemaError, ValidationContext, accept_schema
from scimconf.sandbox.synchronization.templates import TEMPLATES, default_schema

from .client import WRITER
from .test_sandbox_jobs import inner

USER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


@pytest.fixture
def schema(writer):
    document = writer.get(f"{writer.job()}/schema")
    document.pop("@odata.context")
    return document


def users(document):
    return document["synchronizationRules"][0]["objectMappings"][0]


def rows(document):
    return {row["targetAttributeName"]: row for row in users(document)["attributeMappings"]}


def target(document):
    return document["directories"][1]["objects"][0]


def put(client, document):
    client.put(f"{client.job()}/schema", document)
    return client.get(f"{client.job()}/schema")


def refused(client, document):
    before = client.get(f"{client.job()}/schema")
    error = inner(client.put(f"{client.job()}/schema", document, expect=400))
    assert client.get(f"{client.job()}/schema") == before
    assert error["code"].startswith("EmulatedSchemaError")
    return error["code"].removeprefix("EmulatedSchemaError")


def function(name, *parameters, expression=None):
    listed = [{"key": key, "value": value} for key, value in parameters]
    return {"type": "Function", "name": name, "expression": expression, "parameters": listed}


def attribute(name):
    return {"type": "Attribute", "name": name, "expression": f"[{name}]", "parameters": []}


# ---- the document ---------------------------------------------------------------------------------------------------


def test_what_was_read_can_be_written_back(writer, schema):
    after = put(writer, writer.get(f"{writer.job()}/schema"))
    assert after.pop("version").startswith("Date:2030-01-02T12:00:00.0000000Z, ActivityId:")
    after.pop("@odata.context")
    before = copy.deepcopy(schema)
    assert before.pop("version") == "6.0"
    assert json.dumps(after) == json.dumps({key: before[key] for key in after})


def test_the_id_is_the_jobs_whatever_is_sent(writer, schema):
    assert put(writer, schema | {"id": "other"})["id"] == schema["id"] == writer.job().rsplit("/", 1)[1]


def test_annotations_are_not_kept(writer, schema):
    after = put(writer, schema | {"@odata.type": "#microsoft.graph.synchronizationSchema", "@odata.context": "mine"})
    assert "@odata.type" not in after
    assert after["@odata.context"].startswith("http")


def test_the_version_is_new_with_every_write(writer, schema):
    assert put(writer, schema)["version"] != put(writer, schema)["version"]


def test_a_put_replaces_the_whole(writer, schema):
    users(schema)["attributeMappings"] = [rows(schema)["userName"], rows(schema)["active"]]
    assert list(rows(put(writer, schema))) == ["active", "userName"]


def test_delete_goes_back_to_the_template_filters_and_all(writer, schema):
    edited = copy.deepcopy(schema)
    users(edited)["attributeMappings"].pop(0)
    users(edited)["scope"] = {"groups": [{"name": "a", "clauses": [clause()]}]}
    put(writer, edited)
    writer.delete(f"{writer.job()}/schema")
    after = writer.get(f"{writer.job()}/schema")
    after.pop("@odata.context")
    assert after == schema


def test_mappings_are_sorted_by_their_target(writer, schema):
    users(schema)["attributeMappings"].reverse()
    names = list(rows(put(writer, schema)))
    assert names == sorted(names)
    writer.switch(sort_mappings="no")
    assert list(rows(put(writer, schema))) == names[::-1]


def test_what_is_left_out_is_filled_up(writer, schema):
    rows(schema)["title"].clear()
    users(schema)["attributeMappings"] = [row for row in users(schema)["attributeMappings"] if row]
    users(schema)["attributeMappings"].append(
        {"targetAttributeName": "title", "source": {"name": "department", "type": "Attribute"}}
    )
    target(schema)["attributes"].append({"name": "urn:acme:2.0:User:costCenter", "type": "String"})
    after = put(writer, schema)
    assert rows(after)["title"] == {
        "targetAttributeName": "title",
        "source": {"name": "department", "type": "Attribute", "parameters": [], "expression": "[department]"},
        "defaultValue": None,
        "exportMissingReferences": False,
        "flowBehavior": "FlowWhenChanged",
        "flowType": "Always",
        "matchingPriority": 0,
    }
    added = target(after)["attributes"][-1]
    assert (added["mutability"], added["multivalued"], added["referencedObjects"]) == ("ReadWrite", False, [])


def test_nulls_and_unknown_keys_survive_in_their_order(writer, schema):
    rows(schema)["title"] |= {
        "zeta": None,
        "alpha": {"b": [1, None], "a": 1.5},
        "source": None,
        "defaultValue": "Staff",
    }
    users(schema)["unknown"] = [None, {}]
    schema["provisioningTaskIdentifier"] = None
    after = put(writer, schema)
    assert list(rows(after)["title"])[-2:] == ["zeta", "alpha"]
    assert json.dumps(rows(after)["title"]["alpha"]) == '{"b": [1, null], "a": 1.5}'
    assert rows(after)["title"]["source"] is None
    assert users(after)["unknown"] == [None, {}]
    assert after["provisioningTaskIdentifier"] is None


def test_what_the_server_sets_cannot_be_set(writer, schema):
    schema["directories"][0] |= {"version": "mine", "readOnly": True, "discoverabilities": "AttributeNames"}
    directory = put(writer, schema)["directories"][0]
    assert (directory["version"], directory["readOnly"], directory["discoverabilities"]) == (
        "2015-09-15",
        False,
        "None",
    )


@pytest.mark.parametrize(("position", "text"), [("stripped", "Add,Update"), ("added", "Add, Update")])
def test_flags_come_back_in_one_spelling(writer, schema, position, text):
    writer.switch(flags_spaces=position)
    users(schema)["flowTypes"] = "Add,  Update"
    assert users(put(writer, schema))["flowTypes"] == text


# ---- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "edit"),
    [
        ("", lambda d: d.pop("directories")),
        ("", lambda d: d.pop("synchronizationRules")),
        ("Rule", lambda d: d["synchronizationRules"][0].update(id="00000000-0000-0000-0000-000000000000")),
        ("Rule", lambda d: d["synchronizationRules"].append({"targetAttributeName": "title"})),
        ("Rule", lambda d: d["synchronizationRules"].append(d["synchronizationRules"][0])),
        ("Directory", lambda d: d["synchronizationRules"][0].update(targetDirectoryName="none")),
        ("Directory", lambda d: d["directories"].pop(0)),
        ("Directory", lambda d: d["directories"][0].pop("name")),
        ("Directory", lambda d: target(d).pop("name")),
        ("Directory", lambda d: target(d)["attributes"].append({"type": "String"})),
        ("Directory", lambda d: target(d)["attributes"].append(dict(target(d)["attributes"][5]))),
        ("Mapping", lambda d: target(d)["attributes"].append({"name": "x", "type": "string"})),
        ("Anchor", lambda d: target(d)["attributes"][0].update(anchor=False)),
        ("Anchor", lambda d: target(d)["attributes"][1].update(anchor=True)),
        ("Object", lambda d: users(d).update(targetObjectName="User")),
        ("Object", lambda d: users(d).update(sourceObjectName="Device")),
        ("Target", lambda d: rows(d)["title"].update(targetAttributeName="titel")),
        ("Target", lambda d: rows(d)["title"].update(targetAttributeName="Title")),
        ("Duplicate", lambda d: users(d)["attributeMappings"].append(dict(rows(d)["title"]))),
        ("Matching", lambda d: rows(d)["userName"].update(matchingPriority=0)),
        ("Matching", lambda d: rows(d)["name.formatted"].update(matchingPriority=2)),
        ("Mapping", lambda d: rows(d)["title"].update(matchingPriority="1")),
        ("Mapping", lambda d: rows(d)["title"].update(flowType="Sometimes")),
        ("Mapping", lambda d: rows(d)["title"].update(flowBehavior="Never")),
        ("Mapping", lambda d: rows(d)["title"].pop("targetAttributeName")),
        ("Mapping", lambda d: users(d).update(flowTypes="Add,Remove")),
        ("", lambda d: users(d).update(attributeMappings={})),
        ("Source", lambda d: rows(d)["title"].update(source=attribute("JobTitle"))),
        ("Source", lambda d: rows(d)["title"].update(source={"type": "Formula", "name": "x"})),
        ("Source", lambda d: rows(d)["title"].update(source="[jobTitle]")),
        ("Source", lambda d: rows(d)["title"].update(source={"type": "Constant"})),
        ("Source", lambda d: rows(d)["title"].update(source=function("ToLower", ("source", attribute("nope"))))),
        ("Function", lambda d: rows(d)["title"].update(source=function("ToLowest", ("source", attribute("mail"))))),
        ("Function", lambda d: rows(d)["title"].update(source=function("Join", ("source", attribute("mail"))))),
        ("Function", lambda d: rows(d)["title"].update(source=function("Not"))),
        ("Expression", lambda d: rows(d)["active"]["source"].update(expression="Switch([IsSoftDeleted]")),
        ("Expression", lambda d: rows(d)["title"]["source"].update(expression="x" * 10_001)),
    ],
)
def test_what_is_refused(writer, schema, code, edit):
    edit(schema)
    assert refused(writer, schema) == code


def test_a_body_that_is_no_schema(writer):
    assert refused(writer, ["x"]) == ""


def test_a_rule_that_is_not_editable_stays_as_it_is(sandbox):
    client = sandbox(
        {"applications": [{"displayName": "Writer", "template": "Fieldbook", "jobs": [{"template": "fieldbook"}]}]}
    )
    document = client.get(f"{client.job()}/schema")
    inbound = document["synchronizationRules"][-1]
    assert inbound["editable"] is False
    put(client, document)
    for edit in ({"priority": 9}, {"editable": True}):
        changed = copy.deepcopy(document)
        changed["synchronizationRules"][-1] |= edit
        assert refused(client, changed) == "ReadOnly"
    document["synchronizationRules"].pop()
    assert refused(client, document) == "ReadOnly"


def test_a_hidden_mapping_without_a_source_object_is_accepted(sandbox):
    client = sandbox({"applications": [WRITER | {"jobs": [{}]}]})
    document = client.get(f"{client.job()}/schema")
    hidden = {
        "name": None,
        "enabled": False,
        "sourceObjectName": "",
        "targetObjectName": USER,
        "attributeMappings": [{"targetAttributeName": "title", "matchingPriority": 1}],
    }
    document["synchronizationRules"][0]["objectMappings"].append(hidden)
    assert put(client, document)["synchronizationRules"][0]["objectMappings"][1]["enabled"] is False


# ---- sources and scopes ---------------------------------------------------------------------------------------------


def test_an_expression_text_is_kept_or_rebuilt_from_the_tree(writer, schema):
    text = 'Join( "@",[mail],  )'
    parameters = (
        ("separator", {"type": "Constant", "name": "@", "expression": '"@"', "parameters": []}),
        ("source", attribute("mail")),
        ("source", attribute("surname")),
    )
    rows(schema)["title"]["source"] = function("Join", *parameters, expression=text)
    assert rows(put(writer, schema))["title"]["source"]["expression"] == text
    writer.switch(expression_kept="rebuilt")
    assert rows(put(writer, schema))["title"]["source"]["expression"] == 'Join("@", [mail], [surname])'
    rows(schema)["title"]["source"]["expression"] = None
    writer.switch(expression_kept="as_sent")
    assert rows(put(writer, schema))["title"]["source"]["expression"] == 'Join("@", [mail], [surname])'


def clause(**given):
    operand = {"values": ["Employee"]}
    return {"sourceOperandName": "employeeType", "operatorName": "EQUALS", "targetOperand": operand} | given


def scoped(document, *clauses):
    users(document)["scope"] = {"groups": [{"name": "one", "clauses": list(clauses)}], "note": 1}
    return document


def test_a_scope_is_filled_up_and_kept(writer, schema):
    scope = users(put(writer, scoped(schema, clause())))["scope"]
    assert scope == {
        "groups": [{"name": "one", "clauses": [clause()]}],
        "note": 1,
        "inputFilterGroups": [],
        "categoryFilterGroups": [],
    }


@pytest.mark.parametrize(("position", "operand"), [("null", None), ("empty", {"values": []})])
def test_the_operand_of_a_unary_operator(writer, schema, position, operand):
    writer.switch(unary_operand=position)
    sent = scoped(schema, clause(sourceOperandName="department", operatorName="IS NOT NULL"))
    assert users(put(writer, sent))["scope"]["groups"][0]["clauses"][0]["targetOperand"] == operand


@pytest.mark.parametrize(("position", "scope"), [("null", None), ("kept", [])])
def test_a_scope_without_groups(writer, schema, position, scope):
    writer.switch(empty_scope=position)
    users(schema)["scope"] = {"groups": []}
    after = users(put(writer, schema))["scope"]
    assert (after and after["groups"]) == scope


@pytest.mark.parametrize(
    ("code", "given"),
    [
        ("Operator", {"operatorName": "SOUNDS LIKE"}),
        ("Operator", {"operatorName": "equals"}),
        ("Scope", {"sourceOperandName": "employeetype"}),
        ("Scope", {"targetOperand": None}),
        ("Scope", {"targetOperand": {"values": [1]}}),
    ],
)
def test_clauses_that_are_refused(writer, schema, code, given):
    assert refused(writer, scoped(schema, clause(**given))) == code


@pytest.mark.parametrize("scope", ["x", {"groups": ["x"]}, {"groups": [{"clauses": ["x"]}]}])
def test_scopes_that_are_none(writer, schema, scope):
    users(schema)["scope"] = scope
    assert refused(writer, schema) in ("Scope", "Operator")


# ---- catalogues and the parser --------------------------------------------------------------------------------------


@pytest.mark.parametrize("owner", ["{job}", "{sync}/templates/scim"])
@pytest.mark.parametrize("brackets", ["", "()"])
def test_catalogues_stand_below_jobs_and_templates(writer, owner, brackets):
    path = owner.format(job=writer.job(), sync=writer.sync()) + "/schema"
    functions = {one["name"]: one["parameters"] for one in writer.value(f"{path}/functions{brackets}")}
    assert functions["Join"][1] == {
        "name": "source",
        "type": "String",
        "required": True,
        "allowMultipleOccurrences": True,
    }
    operators = {one["name"]: one["arity"] for one in writer.value(f"{path}/filterOperators{brackets}")}
    assert (operators["EQUALS"], operators["IS NULL"], len(operators)) == ("Binary", "Unary", 14)
    assert writer.post(f"{path}/parseExpression", {"expression": "[mail]"}, expect=200)["parsingSucceeded"] is True


def test_catalogues_may_call_a_name_an_id(writer):
    writer.switch(catalogue_name="id")
    assert "EQUALS" in [one["id"] for one in writer.value(f"{writer.job()}/schema/filterOperators")]


def parsed(client, text):
    body = client.post(f"{client.job()}/schema/parseExpression", {"expression": text}, expect=200)
    assert body["error"] is None
    return body["parsedExpression"]


def test_an_expression_comes_back_as_a_tree(writer):
    tree = parsed(writer, 'Replace([preferredLanguage],"-", , ,"_", ,  )')
    assert tree["expression"] == 'Replace([preferredLanguage], "-", , , "_", , )'
    assert [one["key"] for one in tree["parameters"]] == ["source", "Find", "Replacement"]
    assert put(writer, _mapped(writer, tree))


def _mapped(client, tree):
    document = client.get(f"{client.job()}/schema")
    rows(document)["title"]["source"] = tree
    return document


@pytest.mark.parametrize(("position", "text"), [("bare", "Mid([mail], 1, 8)"), ("quoted", 'Mid([mail], "1", "8")')])
def test_numbers_stand_bare_or_quoted(writer, position, text):
    writer.switch(expression_numbers=position)
    tree = parsed(writer, "Mid([mail], 1, 8)")
    assert tree["expression"] == text
    assert tree["parameters"][1]["value"]["expression"] == '"1"'


@pytest.mark.parametrize("text", ["Join(", "NoSuchFunction([mail])", "ToLower(Nope([mail]))", ""])
def test_a_text_that_does_not_parse_is_an_answer_or_a_refusal(writer, text):
    path = f"{writer.job()}/schema/parseExpression"
    body = writer.post(path, {"expression": text}, expect=200)
    assert (body["parsingSucceeded"], body["parsedExpression"]) == (False, None)
    assert body["error"]["code"] == "EmulatedParseError"
    writer.switch(parse_error="refusal")
    assert inner(writer.post(path, {"expression": text}, expect=400))["code"] == "EmulatedParseError"


def test_an_expression_is_needed(writer):
    writer.post(f"{writer.job()}/schema/parseExpression", {"expression": None}, expect=400)


# ---- the template ---------------------------------------------------------------------------------------------------


def test_the_generic_template(writer, schema):
    template = writer.get(f"{writer.sync()}/templates/scim/schema")
    assert template["id"] == "scim." + "0" * 32
    assert template["synchronizationRules"] == schema["synchronizationRules"]
    names = [rule["name"] for rule in schema["synchronizationRules"]]
    assert names == ["USER_OUTBOUND_USER", "GROUP_OUTBOUND_GROUP"]
    assert {rule["sourceDirectoryName"] for rule in schema["synchronizationRules"]} == {"Microsoft Entra ID"}
    assert {rule["targetDirectoryName"] for rule in schema["synchronizationRules"]} == {"customappsso"}
    texts = {name: row["source"]["expression"] for name, row in rows(schema).items()}
    assert len(texts) == 22
    assert texts["active"] == 'Switch([IsSoftDeleted], , "False", "True", "True", "False")'
    assert texts[f"{USER}:manager"] == "[manager]"
    groups = schema["synchronizationRules"][1]["objectMappings"][0]
    assert [row["targetAttributeName"] for row in groups["attributeMappings"]] == [
        "displayName",
        "externalId",
        "members",
    ]
    matching = [row["targetAttributeName"] for row in users(schema)["attributeMappings"] if row["matchingPriority"]]
    assert matching == ["userName"]


def test_every_object_of_the_template_has_one_anchor_and_its_references_lead_somewhere(schema):
    for directory in schema["directories"]:
        objects = {one["name"]: {row["name"] for row in one["attributes"]} for one in directory["objects"]}
        for definition in directory["objects"]:
            assert sum(row["anchor"] for row in definition["attributes"]) == 1
            for row in definition["attributes"]:
                assert (row["type"] == "Reference") == bool(row["referencedObjects"]), row
                for reference in row["referencedObjects"]:
                    assert reference["referencedProperty"] in objects[reference["referencedObjectName"]]


def test_the_source_directory_is_called_as_the_switch_says(sandbox):
    client = sandbox(
        {"applications": [WRITER | {"jobs": [{}]}]},
        switches={"directory_name": "Azure Active Directory", "display_names": "old"},
    )
    document = client.get(f"{client.job()}/schema")
    assert document["directories"][0]["name"] == "Azure Active Directory"
    assert users(document)["name"] == "Provision Azure Active Directory Users"


@pytest.mark.parametrize("name", ["parley", "fieldbook", "fieldbookLegacy"])
def test_the_other_templates_can_be_written_back_too(sandbox, name):
    gallery = name.removesuffix("Legacy")
    client = sandbox({"applications": [{"displayName": "Writer", "template": gallery, "jobs": [{"template": name}]}]})
    document = client.get(f"{client.job()}/schema")
    after = put(client, document)
    assert after | {"version": ""} == document | {"version": ""}


# ---- whatever is sent -----------------------------------------------------------------------------------------------

ODD = [None, [], "x", 7, [None], [[]], {"a": None}]


def places(value, path=()):
    """The paths to everything in a document, of long lists only to their beginning."""
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    for key, child in children:
        yield from places(child, (*path, key))


def test_no_shape_is_too_odd_to_be_judged():
    document = default_schema(TEMPLATES["fieldbook"], "Microsoft Entra ID")
    given = ValidationContext(document, copy.deepcopy(document), Switches())
    scoped(document, clause())
    for path in list(places(document)):
        for odd in ODD if len(path) > 1 else ():
            sent = copy.deepcopy(document)
            owner = functools.reduce(lambda one, key: one[key], path[:-1], sent)
            owner[path[-1]] = odd
            with contextlib.suppress(SchemaError):
                accept_schema(sent, given, schema_id="id", version="version")
