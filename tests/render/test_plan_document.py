"""Plan JSON: its contents, what it must not contain, and its JSON Schema."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import rich_plan
from golden_files import golden_text

from scimconf.diagnostics import Diagnostic, Location
from scimconf.plan import Action, Address, ApplicationPlan, Change, Effect, FieldChange, Guard, Plan, WriteOnly, file
from scimconf.render import json as machine
from scimconf.render.json_schema import plan_schema

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "schemas" / "plan.schema.json"


def application_json(**fields):
    return json.loads(machine.plan(Plan(applications=(ApplicationPlan("a", **fields),))))["applications"][0]


def fields_json(change):
    changes = (Change(Address("a", "connection"), Action.UPDATE, fields=(change,)),)
    return application_json(changes=changes)["changes"][0]["fields"]


def test_plan_schema_file_is_up_to_date():
    schema = machine.write(plan_schema())
    assert schema == golden_text(SCHEMA, schema)


def test_plan_schema_is_a_valid_json_schema():
    jsonschema.Draft202012Validator.check_schema(plan_schema())


@pytest.mark.parametrize("plan", [rich_plan.sample(), Plan(), rich_plan.small()])
def test_json_plan_is_valid_against_plan_schema(plan):
    jsonschema.validate(json.loads(machine.plan(plan)), without_unknown_keys(plan_schema()))


def without_unknown_keys(part):
    """Return the schema with `additionalProperties: false`, so that unknown keys are errors."""
    if isinstance(part, list):
        return [without_unknown_keys(item) for item in part]
    if not isinstance(part, dict):
        return part
    closed = {"additionalProperties": False} if "properties" in part else {}
    return {key: without_unknown_keys(value) for key, value in part.items()} | closed


def test_plan_schema_accepts_later_minor_version_and_rejects_new_major():
    document = json.loads(machine.plan(rich_plan.sample()))
    document |= {"format_version": "2.7", "later": True}
    jsonschema.validate(document, plan_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document | {"format_version": "3.0"}, plan_schema())


def test_plan_file_read_returns_the_same_plan():
    rendered = machine.plan(rich_plan.sample())
    saved = file.read(rendered, "plan.json")
    assert machine.plan(saved.plan) == rendered
    assert saved.digest == json.loads(rendered)["digest"]


def test_json_plan_is_deterministic_with_sorted_keys():
    rendered = machine.plan(rich_plan.sample())
    assert rendered == machine.plan(rich_plan.sample())
    assert rendered == machine.write(json.loads(rendered))


def test_json_plan_replaces_write_only_value_by_its_source():
    change = FieldChange("secret_token", None, WriteOnly("WRITER_SCIM_TOKEN"), write_only=True)
    after = {"write_only": True, "from": "WRITER_SCIM_TOKEN"}
    assert fields_json(change) == {"secret_token": {"before": None, "after": after}}


@pytest.mark.parametrize(("before", "after"), [("hunter2", WriteOnly("TOKEN")), ("hunter2", None), (None, "hunter2")])
def test_json_plan_hides_both_sides_of_write_only_field(before, after):
    change = FieldChange("secret_token", before, after, write_only=True)
    assert "hunter2" not in json.dumps(fields_json(change))


def test_json_plan_hides_nested_write_only_value():
    change = FieldChange("values", [], [{"token": WriteOnly("TOKEN")}])
    assert fields_json(change)["values"]["after"] == [{"token": {"write_only": True, "from": "TOKEN"}}]


def test_json_plan_distinguishes_numbers_from_booleans():
    rendered = machine.plan(Plan(options={"number": 1, "flag": True, "float": 1.0, "nothing": None}))
    assert '"flag": true' in rendered
    assert '"number": 1\n' in rendered
    assert '"float": 1.0' in rendered


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("examples/writer/scimconf.yaml", "examples/writer/scimconf.yaml"),
        ("../base.yaml", "../base.yaml"),
        ("/home/ada/specs/writer.yaml", "writer.yaml"),
        (r"C:\Users\ada\writer.yaml", "writer.yaml"),
        (r"\\server\share\writer.yaml", "writer.yaml"),
        (r"\writer.yaml", "writer.yaml"),
        ("/", ""),
    ],
)
def test_json_plan_contains_no_absolute_path(path, expected):
    assert application_json(paths=(path,))["spec"]["paths"] == [expected]


def test_json_plan_contains_no_time_of_day():
    rendered = machine.plan(rich_plan.sample())
    assert not re.search(r"\d{2}:\d{2}:\d{2}", rendered)


def test_json_plan_lists_most_severe_effects_first():
    effects = frozenset(Effect)
    change = Change(Address("a", "job"), Action.REPLACE, effects=effects)
    assert application_json(changes=(change,))["changes"][0]["effects"] == [effect.value for effect in Effect]


def test_json_plan_guard_has_count_and_allowed_by():
    guards = (
        Guard("mass-removal", "x", "--allow mass-removal", 3),
        Guard("role-in-use", "y", address=Address("a", "b", "c")),
    )
    assert application_json(guards=guards)["guards"] == [
        {
            "id": "mass-removal",
            "message": "x",
            "allowed_by": "--allow mass-removal",
            "count": 3,
            "address": None,
            "impact": None,
        },
        {"id": "role-in-use", "message": "y", "allowed_by": None, "count": None, "address": "a:b/c", "impact": None},
    ]


def test_json_diagnostics_keep_locations():
    problems = [
        Diagnostic("S1", "no", ("a", 0), Location("f.yaml", 1, 2), "hint"),
        Diagnostic("S2", "hm", severity="warning"),
    ]
    document = json.loads(machine.diagnostics(problems))
    assert document["summary"] == {"errors": 1, "warnings": 1}
    assert document["diagnostics"][0]["location"] == {"file": "f.yaml", "line": 1, "column": 2}
    assert document["diagnostics"][1]["location"] is None


def test_json_plan_warning_path_is_dotted():
    assert application_json(warnings=(Diagnostic("W1", "no", ("a", 0, "b")),))["warnings"][0]["path"] == "a[0].b"
