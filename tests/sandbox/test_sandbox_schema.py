"""PUT of a schema: what is refused, what is normalized and what is kept; and the requests about its functions."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import functools
import json
import operator
from pathlib import Path

import pytest

from scimconf.sandbox.switches import Switches
from scimconf.sandbox.synchronization.schema_validation import SchemaError, ValidationContext, accept_schema
from scimconf.sandbox.synchronization.templates import TEMPLATES, SchemaNames, default_schema

from .client import WRITER, attribute, constant, function, object_mapping, rows, service_error, target, users

PUBLISHED = Path(__file__).parents[3] / "shared" / "data" / "samples" / "60-scim-job-schema-2020-full.json"
USER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def refused(client, document):
    before = client.get(f"{client.job()}/schema")
    error = service_error(client.put(f"{client.job()}/schema", document, expect=400))
    assert client.get(f"{client.job()}/schema") == before
    assert error["code"].startswith("EmulatedSchemaError")
    return error["code"].removeprefix("EmulatedSchemaError")


# ---- the document ---------------------------------------------------------------------------------------------------


def test_put_schema_accepts_what_was_read(writer, schema):
    after = writer.put_schema(writer.get(f"{writer.job()}/schema"))
    assert after.pop("version").startswith("Date:2030-01-02T12:00:00.0000000Z, ActivityId:")
    before = copy.deepcopy(schema)
    assert before.pop("version") == "6.0"
    assert json.dumps(after) == json.dumps({key: before[key] for key in after})


def test_put_schema_ignores_id_and_annotations_and_creates_a_version(writer, schema):
    annotations = {"@odata.type": "#microsoft.graph.synchronizationSchema", "@odata.context": "mine"}
    first = writer.put_schema(schema | {"id": "other"} | annotations)
    assert first["id"] == schema["id"] == writer.job().rsplit("/", 1)[1]
    assert "@odata.type" not in first
    assert writer.put_schema(first)["version"] != first["version"]


def test_put_schema_replaces_the_whole_schema(writer, schema):
    users(schema)["attributeMappings"] = [rows(schema)["userName"], rows(schema)["active"]]
    assert list(rows(writer.put_schema(schema))) == ["active", "userName"]


def test_delete_schema_restores_the_template_including_filters(writer, schema):
    edited = copy.deepcopy(schema)
    users(edited)["attributeMappings"].pop(0)
    users(edited)["scope"] = {"groups": [{"name": "a", "clauses": [clause()]}]}
    writer.put_schema(edited)
    writer.delete(f"{writer.job()}/schema")
    assert writer.schema() == schema


def test_put_schema_sorts_attribute_mappings_by_target(writer, schema):
    users(schema)["attributeMappings"].reverse()
    names = list(rows(writer.put_schema(schema)))
    assert names == sorted(names)
    writer.switch(sort_mappings="no")
    assert list(rows(writer.put_schema(schema))) == names[::-1]


def test_put_schema_adds_defaults(writer, schema):
    rows(schema)["title"].clear()
    users(schema)["attributeMappings"] = [row for row in users(schema)["attributeMappings"] if row]
    users(schema)["attributeMappings"].append(
        {"targetAttributeName": "title", "source": {"name": "department", "type": "Attribute"}}
    )
    target(schema)["attributes"].append({"name": "urn:acme:2.0:User:costCenter", "type": "String"})
    after = writer.put_schema(schema)
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


def test_put_schema_keeps_nulls_and_unknown_keys_outside_of_mappings_in_order(writer, schema):
    rows(schema)["title"] |= {"source": None, "defaultValue": "Staff"}
    target(schema).update(zeta=None, alpha={"b": [1, None], "a": 1.5})
    schema["provisioningTaskIdentifier"] = None
    after = writer.put_schema(schema)
    assert list(target(after))[-2:] == ["zeta", "alpha"]
    assert json.dumps(target(after)["alpha"]) == '{"b": [1, null], "a": 1.5}'
    assert rows(after)["title"]["source"] is None
    assert after["provisioningTaskIdentifier"] is None


UNKNOWN_PROPERTIES = {
    "object mapping": users,
    "attribute mapping": lambda document: rows(document)["title"],
    "source": lambda document: rows(document)["title"]["source"],
    "parameter": lambda document: rows(document)["name.formatted"]["source"]["parameters"][0]["value"],
}


@pytest.mark.parametrize("part", UNKNOWN_PROPERTIES)
def test_unknown_properties_of_a_mapping_are_dropped_or_refused(writer, schema, part):
    """A script of Microsoft sends `mappingType` and `expression` in an attribute mapping."""
    sent = copy.deepcopy(schema)
    UNKNOWN_PROPERTIES[part](sent)["mappingType"] = "Direct"
    assert writer.put_schema(sent) | {"version": ""} == schema | {"version": ""}
    writer.switch(unknown_properties="refused")
    assert refused(writer, sent) == "Property"


def test_put_schema_ignores_properties_that_the_service_sets(writer, schema):
    before = copy.deepcopy(schema["directories"][0])
    schema["directories"][0] |= {"version": "mine", "readOnly": False, "discoverabilities": "AttributeNames"}
    assert writer.put_schema(schema)["directories"][0] == before


@pytest.mark.parametrize(("position", "text"), [("stripped", "Add,Update"), ("added", "Add, Update")])
def test_put_schema_formats_flags(writer, schema, position, text):
    writer.switch(flags_spaces=position)
    users(schema)["flowTypes"] = "Add,  Update"
    assert users(writer.put_schema(schema))["flowTypes"] == text


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
def test_put_schema_refuses_an_invalid_document(writer, schema, code, edit):
    edit(schema)
    assert refused(writer, schema) == code


def test_put_schema_refuses_a_body_that_is_not_an_object(writer):
    assert refused(writer, ["x"]) == ""


def test_put_schema_refuses_changes_of_a_read_only_rule(sandbox):
    client = sandbox(
        {"applications": [{"displayName": "Writer", "template": "Fieldbook", "jobs": [{"template": "fieldbook"}]}]}
    )
    document = client.schema()
    inbound = document["synchronizationRules"][-1]
    assert inbound["editable"] is False
    client.put_schema(document)
    for edit in ({"priority": 9}, {"editable": True}):
        changed = copy.deepcopy(document)
        changed["synchronizationRules"][-1] |= edit
        assert refused(client, changed) == "ReadOnly"
    document["synchronizationRules"].pop()
    assert refused(client, document) == "ReadOnly"


def test_put_schema_accepts_a_disabled_mapping_without_source_object(sandbox):
    client = sandbox({"applications": [WRITER | {"jobs": [{}]}]})
    document = client.schema()
    hidden = {
        "name": None,
        "enabled": False,
        "sourceObjectName": "",
        "targetObjectName": USER,
        "attributeMappings": [{"targetAttributeName": "title", "matchingPriority": 1}],
    }
    document["synchronizationRules"][0]["objectMappings"].append(hidden)
    assert client.put_schema(document)["synchronizationRules"][0]["objectMappings"][-1]["enabled"] is False


# ---- what the job already has ---------------------------------------------------------------------------------------


def format_date(*, source="createdDateTime"):
    """Return a source of a default mapping for Active Directory: without the parameter inputFormat."""
    parameters = [("source", attribute(source)), ("dateTimeStyle", constant("RoundtripKind"))]
    tree = function("FormatDateTime", *parameters, ("outputFormat", constant("yyyyMMddHHmmss.0Z")))
    return tree | {"expression": f'FormatDateTime([{source}], "RoundtripKind", , "yyyyMMddHHmmss.0Z")'}


def with_domain(text='Join("@", [mail], %DomainFQDN%)', domain="%DomainFQDN%"):
    """Return a source with a parameter of Entra Connect, whose texts are those of published documents."""
    parameter = constant("%DomainFQDN%") | {"expression": domain}
    tree = function("Join", ("separator", constant("@")), ("source", attribute("mail")), ("source", parameter))
    return tree | {"expression": text}


def switch_off_groups(document):
    """Switch a mapping off as the portal did in 2020: without source object, with its attribute mappings."""
    groups = object_mapping(document, "Group")
    groups |= {"enabled": False, "sourceObjectName": ""}
    next(entry for entry in groups["metadata"] if entry["key"] == "Unsynchronized")["value"] = "true"


def set_title(source):
    return lambda document: rows(document)["title"].update(source=source)


# Shapes of schemas that the service returned. The service must accept them in a PUT, also of another job.
PUBLISHED_SHAPES = {
    "two anchors": lambda document: target(document)["attributes"][6].update(anchor=True),
    "FormatDateTime without inputFormat": set_title(format_date()),
    "FormatDateTime without inputFormat, nested": set_title(function("ToUpper", ("source", format_date()))),
    "%parameters%": set_title(with_domain()),
    "%parameters% with lossy texts": set_title(with_domain('Join("@", [mail], )', None)),
    "a mapping that is switched off": switch_off_groups,
}

# Shapes that a PUT may not introduce.
HELD_SHAPES = PUBLISHED_SHAPES | {
    "no anchor": lambda document: target(document)["attributes"][0].update(anchor=False),
    "an attribute defined twice": lambda document: target(document)["attributes"].append({"name": "title"}),
    "an unknown function": set_title(function("Frobnicate", ("source", attribute("mail")))),
    "a function without a required parameter": set_title(function("Join", ("source", attribute("mail")))),
    "an undefined source attribute": set_title(attribute("nope")),
    "an undefined target attribute": lambda document: rows(document)["title"].update(targetAttributeName="nope"),
    "two mappings of one target": lambda document: users(document)["attributeMappings"].append(rows(document)["title"]),
    "an invalid expression": lambda document: rows(document)["active"]["source"].update(expression="Switch("),
    "no matching attribute": lambda document: rows(document)["userName"].update(matchingPriority=0),
    "an unknown operator": lambda document: scoped(document, clause(operatorName="SOUNDS LIKE")),
    "an unknown directory": lambda document: document["synchronizationRules"][0].update(targetDirectoryName="none"),
    "an unknown rule": lambda document: document["synchronizationRules"][0].update(id="mine"),
    "a rule twice": lambda document: document["synchronizationRules"].append(document["synchronizationRules"][0]),
    "no directories": lambda document: document.pop("directories"),
}


def client_with_schema(sandbox, document):
    return sandbox({"applications": [WRITER | {"jobs": [{"schema": document}]}]})


def change_department(document):
    """Change another mapping than those of the shapes."""
    rows(document)[f"{USER}:department"]["source"] = attribute("companyName")


@pytest.mark.parametrize("shape", HELD_SHAPES)
def test_put_schema_accepts_what_the_job_already_has(sandbox, schema, shape):
    """The document can be written back unchanged, and with another mapping changed."""
    HELD_SHAPES[shape](schema)
    client = client_with_schema(sandbox, schema)
    after = client.put_schema(client.schema())
    assert client.put_schema(after) | {"version": ""} == after | {"version": ""}
    change_department(after)
    assert rows(client.put_schema(after))[f"{USER}:department"]["source"]["name"] == "companyName"


@pytest.mark.parametrize("shape", HELD_SHAPES)
def test_put_schema_accepts_a_new_shape_if_it_is_published(writer, schema, shape):
    HELD_SHAPES[shape](schema)
    if shape in PUBLISHED_SHAPES:
        writer.put_schema(schema)
    else:
        refused(writer, schema)


def test_put_schema_refuses_a_problem_more_often_than_the_job_has_it(sandbox, schema):
    rows(schema)["title"]["source"] = attribute("nope")
    client = client_with_schema(sandbox, schema)
    rows(schema)["displayName"]["source"] = attribute("nope")
    assert refused(client, schema) == "Source"
    rows(schema)["displayName"]["source"] = attribute("displayName")
    users(schema)["attributeMappings"].append(rows(schema)["title"])
    assert refused(client, schema) == "Source"


def test_put_schema_accepts_a_published_schema_on_a_new_job(writer):
    """Its authors deploy it by a PUT."""
    published = published_schema()
    after = writer.put_schema(published)
    assert after["directories"][1]["name"] == published["directories"][1]["name"]
    assert writer.put_schema(after) | {"version": ""} == after | {"version": ""}


# ---- sources and scopes ---------------------------------------------------------------------------------------------


def test_put_schema_builds_a_missing_expression_from_the_tree(writer, schema):
    parameters = (
        ("separator", constant("@")),
        ("source", attribute("mail")),
        ("source", attribute("surname")),
    )
    rows(schema)["title"]["source"] = function("Join", *parameters)
    assert rows(writer.put_schema(schema))["title"]["source"]["expression"] == 'Join("@", [mail], [surname])'


def clause(**changes):
    operand = {"values": ["Employee"]}
    return {"sourceOperandName": "employeeType", "operatorName": "EQUALS", "targetOperand": operand} | changes


def scoped(document, *clauses):
    users(document)["scope"] = {"groups": [{"name": "one", "clauses": list(clauses)}], "note": 1}
    return document


def test_put_schema_adds_defaults_to_a_scope(writer, schema):
    scope = users(writer.put_schema(scoped(schema, clause())))["scope"]
    assert scope == {
        "groups": [{"name": "one", "clauses": [clause()]}],
        "note": 1,
        "inputFilterGroups": [],
        "categoryFilterGroups": [],
    }


@pytest.mark.parametrize(("position", "operand"), [("null", None), ("empty", {"values": []})])
def test_put_schema_normalizes_the_operand_of_a_unary_operator(writer, schema, position, operand):
    writer.switch(unary_operand=position)
    sent = scoped(schema, clause(sourceOperandName="department", operatorName="IS NOT NULL"))
    assert users(writer.put_schema(sent))["scope"]["groups"][0]["clauses"][0]["targetOperand"] == operand


@pytest.mark.parametrize(("position", "scope"), [("null", None), ("kept", [])])
def test_put_schema_normalizes_a_scope_without_groups(writer, schema, position, scope):
    writer.switch(empty_scope=position)
    users(schema)["scope"] = {"groups": []}
    after = users(writer.put_schema(schema))["scope"]
    assert (after and after["groups"]) == scope


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("Operator", {"operatorName": "SOUNDS LIKE"}),
        ("Operator", {"operatorName": "equals"}),
        ("Scope", {"sourceOperandName": "employeetype"}),
        ("Scope", {"targetOperand": None}),
        ("Scope", {"targetOperand": {"values": [1]}}),
    ],
)
def test_put_schema_refuses_an_invalid_clause(writer, schema, code, changes):
    assert refused(writer, scoped(schema, clause(**changes))) == code


@pytest.mark.parametrize("scope", ["x", {"groups": ["x"]}, {"groups": [{"clauses": ["x"]}]}])
def test_put_schema_refuses_an_invalid_scope(writer, schema, scope):
    users(schema)["scope"] = scope
    assert refused(writer, schema) in ("Scope", "Operator")


# ---- functions, operators and parseExpression -----------------------------------------------------------------------


@pytest.mark.parametrize("owner", ["{job}", "{sync}/templates/scim"])
@pytest.mark.parametrize("brackets", ["", "()"])
def test_functions_and_operators_are_listed_below_jobs_and_templates(writer, owner, brackets):
    path = owner.format(job=writer.job(), sync=writer.sync()) + "/schema"
    functions = {entry["name"]: entry["parameters"] for entry in writer.value(f"{path}/functions{brackets}")}
    assert functions["Join"][1] == {
        "name": "source",
        "type": "String",
        "required": True,
        "allowMultipleOccurrences": True,
    }
    operators = {entry["name"]: entry["arity"] for entry in writer.value(f"{path}/filterOperators{brackets}")}
    assert (operators["EQUALS"], operators["IS NULL"], len(operators)) == ("Binary", "Unary", 14)
    assert writer.post(f"{path}/parseExpression", {"expression": "[mail]"}, expect=200)["parsingSucceeded"] is True


def test_catalogue_name_is_a_switch(writer):
    writer.switch(catalogue_name="id")
    assert "EQUALS" in [entry["id"] for entry in writer.value(f"{writer.job()}/schema/filterOperators")]


def parsed(client, text):
    body = client.post(f"{client.job()}/schema/parseExpression", {"expression": text}, expect=200)
    assert body["error"] is None
    return body["parsedExpression"]


def test_parse_expression_returns_a_tree_that_put_schema_accepts(writer):
    tree = parsed(writer, 'Replace([preferredLanguage],"-", , ,"_", ,  )')
    assert tree["expression"] == 'Replace([preferredLanguage], "-", , , "_", , )'
    assert [entry["key"] for entry in tree["parameters"]] == ["source", "Find", "Replacement"]
    assert writer.put_schema(_mapped(writer, tree))


def _mapped(client, tree):
    document = client.schema()
    rows(document)["title"]["source"] = tree
    return document


@pytest.mark.parametrize(
    "text",
    [
        'FormatDateTime([createdDateTime], "RoundtripKind", , "yyyyMMddHHmmss.0Z")',
        'FormatDateTime(DateFromNum([createdDateTime]), "RoundtripKind", , "yyyy")',
        'Join("@", [mail], %DomainFQDN%)',
        'Append("100%off%", %DomainFQDN%)',
    ],
)
def test_parse_expression_and_put_schema_accept_the_same_texts(writer, text):
    tree = parsed(writer, text)
    assert tree["expression"] == text
    assert rows(writer.put_schema(_mapped(writer, tree)))["title"]["source"] == tree


def test_parse_expression_reads_a_parameter_as_a_constant(writer):
    assert parsed(writer, 'Join("@", [mail], %DomainFQDN%)')["parameters"][2]["value"] == {
        "expression": "%DomainFQDN%",
        "name": "%DomainFQDN%",
        "parameters": [],
        "type": "Constant",
    }


@pytest.mark.parametrize(("position", "text"), [("bare", "Mid([mail], 1, 8)"), ("quoted", 'Mid([mail], "1", "8")')])
def test_parse_expression_formats_numbers(writer, position, text):
    writer.switch(expression_numbers=position)
    tree = parsed(writer, "Mid([mail], 1, 8)")
    assert tree["expression"] == text
    assert tree["parameters"][1]["value"]["expression"] == '"1"'


@pytest.mark.parametrize("text", ["Join(", "NoSuchFunction([mail])", "ToLower(Nope([mail]))", ""])
def test_parse_expression_reports_a_parse_error(writer, text):
    path = f"{writer.job()}/schema/parseExpression"
    body = writer.post(path, {"expression": text}, expect=200)
    assert (body["parsingSucceeded"], body["parsedExpression"]) == (False, None)
    assert body["error"]["code"] == "EmulatedParseError"
    writer.switch(parse_error="refusal")
    assert service_error(writer.post(path, {"expression": text}, expect=400))["code"] == "EmulatedParseError"


def test_functions_in_another_case_are_accepted_unless_the_case_is_exact(writer):
    """Guides for two live applications have Instr, although the reference calls the syntax case-sensitive."""
    text, path = 'Instr([mail], "a", , )', f"{writer.job()}/schema/parseExpression"
    tree = parsed(writer, text)
    assert (tree["name"], [entry["key"] for entry in tree["parameters"]]) == ("InStr", ["source", "value"])
    written = {**tree, "name": "Instr", "expression": text}
    assert rows(writer.put_schema(_mapped(writer, written)))["title"]["source"]["name"] == "Instr"
    writer.put_schema(_mapped(writer, None))
    writer.switch(function_case="exact")
    assert writer.post(path, {"expression": text}, expect=200)["parsingSucceeded"] is False
    refusal = writer.put(f"{writer.job()}/schema", _mapped(writer, written), expect=400)
    assert service_error(refusal)["code"] == "EmulatedSchemaErrorFunction"
    assert writer.put_schema(_mapped(writer, tree))


def test_parse_expression_needs_an_expression(writer):
    writer.post(f"{writer.job()}/schema/parseExpression", {"expression": None}, expect=400)


# ---- the template ---------------------------------------------------------------------------------------------------


def test_the_scim_template_has_the_documented_mappings(writer, schema):
    template = writer.get(f"{writer.sync()}/templates/scim/schema")
    assert template["id"] == "scim." + "0" * 32
    (rule,) = schema["synchronizationRules"]
    assert template["synchronizationRules"] == [rule]
    assert (rule["name"], rule["id"]) == ("USERGROUP_OUTBOUND_USERGROUP", "03f7d90d-bf71-41b1-bda6-aaf0ddbee5d8")
    assert (rule["sourceDirectoryName"], rule["targetDirectoryName"]) == ("Microsoft Entra ID", "customappsso")
    texts = {name: row["source"]["expression"] for name, row in rows(schema).items()}
    assert len(texts) == 22
    assert texts["active"] == 'Switch([IsSoftDeleted], , "False", "True", "True", "False")'
    assert texts[f"{USER}:manager"] == "[manager]"
    groups = object_mapping(schema, "Group")["attributeMappings"]
    assert [row["targetAttributeName"] for row in groups] == ["displayName", "externalId", "members"]
    matching = [row["targetAttributeName"] for row in users(schema)["attributeMappings"] if row["matchingPriority"]]
    assert matching == ["userName"]


def published_schema():
    if not PUBLISHED.exists():
        pytest.skip("the published documents are not beside this checkout")
    return json.loads(PUBLISHED.read_bytes())


def test_the_scim_template_has_the_rule_and_directories_of_a_published_schema(sandbox):
    """Only names, versions, the attributes of newer sources and `flowNullValues` differ."""
    published = published_schema()
    names = [directory["name"] for directory in published["directories"]]
    switches = {
        "flags_spaces": "added",
        "directory_name": names[0],
        "target_directory_name": "application",
        "display_names": "oldest",
    }
    client = sandbox({"applications": [WRITER | {"displayName": names[1], "jobs": [{}]}], "switches": switches})
    schema = client.get(f"{client.job(names[1])}/schema")
    for directory, original in zip(schema["directories"], published["directories"], strict=True):
        original["version"] = directory["version"]
        for definition, known in zip(directory["objects"], original["objects"], strict=True):
            for entry in definition["attributes"]:
                assert entry.pop("flowNullValues") is False
            newer = definition["attributes"][len(known["attributes"]) :]
            assert len(newer) == (17 if definition["name"] == "User" else 0)
            del definition["attributes"][len(known["attributes"]) :]
    assert json.dumps(schema["directories"]) == json.dumps(published["directories"])
    (rule,), (known,) = schema["synchronizationRules"], published["synchronizationRules"]
    assert (rule.pop("containerFilter"), rule.pop("groupFilter")) == (None, None)
    own = {"attributeMappings": [], "enabled": None, "sourceObjectName": None, "metadata": []}
    for document in (rule, known):
        document["objectMappings"] = [mapping | own for mapping in document["objectMappings"]]
    assert json.dumps(rule) == json.dumps(known)


def test_the_scim_template_has_valid_anchors_and_references(schema):
    for directory in schema["directories"]:
        objects = {entry["name"] for entry in directory["objects"]}
        for definition in directory["objects"]:
            assert sum(row["anchor"] for row in definition["attributes"]) == 1
            for row in definition["attributes"]:
                is_complex = "ComplexObjectDefinition" in [entry["key"] for entry in row["metadata"]]
                assert row["type"] != "Reference" or row["referencedObjects"] or is_complex, row
                assert {reference["referencedObjectName"] for reference in row["referencedObjects"]} <= objects


@pytest.mark.parametrize("name", ["parley", "fieldbook", "fieldbookLegacy"])
def test_put_schema_accepts_the_schema_of_each_gallery_template(sandbox, name):
    gallery = name.removesuffix("Legacy")
    client = sandbox({"applications": [{"displayName": "Writer", "template": gallery, "jobs": [{"template": name}]}]})
    document = client.schema()
    after = client.put_schema(document)
    assert after | {"version": ""} == document | {"version": ""}


# ---- malformed documents --------------------------------------------------------------------------------------------

MALFORMED = [None, [], "x", 7, [None], [[]], {"a": None}]


def paths(value, path=()):
    """Yield the paths to all parts of a document."""
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from paths(child, (*path, key))


def small_schema():
    """Return a schema with two attribute mappings, a scoping filter and the attributes that these use."""
    document = default_schema(TEMPLATES["fieldbook"], SchemaNames())
    mapping = users(document)
    del document["directories"][0]["objects"][1]
    mapping["attributeMappings"] = [rows(document)["active"], rows(document)["userName"]]
    used = {"id", "objectId", "userName", "active", "userPrincipalName", "IsSoftDeleted", "employeeType"}
    for directory in document["directories"]:
        for definition in directory["objects"]:
            definition["attributes"] = [entry for entry in definition["attributes"] if entry["name"] in used]
    return scoped(document, clause())


def test_accept_schema_never_fails_with_another_exception_and_accepts_what_is_present():
    document = small_schema()
    context = ValidationContext(document, copy.deepcopy(document), Switches())
    text = json.dumps(document)
    for number, path in enumerate(paths(document)):
        present_value = MALFORMED[number % len(MALFORMED)]
        for malformed in MALFORMED if path else ():
            sent = json.loads(text)
            owner = functools.reduce(operator.getitem, path[:-1], sent)
            owner[path[-1]] = malformed
            with contextlib.suppress(SchemaError):
                accept_schema(sent, context, schema_id="id", version="version")
        if path:
            owner[path[-1]] = present_value
            present = dataclasses.replace(context, before=sent)
            stored = accept_schema(sent, present, schema_id="id", version="version")
            assert accept_schema(stored, present, schema_id="id", version="version") == stored
