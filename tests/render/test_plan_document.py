"""The machine format: what it says, what it never says, and that its JSON Schema is fresh and true."""

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


def one(**fields):
    return json.loads(machine.plan(Plan(applications=(ApplicationPlan("a", **fields),))))["applications"][0]


def field(change):
    return one(changes=(Change(Address("a", "connection"), Action.UPDATE, fields=(change,)),))["changes"][0]["fields"]


def test_the_schema_on_disk_is_the_one_of_the_code():
    schema = machine.write(plan_schema())
    assert schema == golden_text(SCHEMA, schema)


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(plan_schema())


@pytest.mark.parametrize("plan", [rich_plan.sample(), Plan(), rich_plan.small()])
def test_every_plan_is_as_the_schema_says(plan):
    jsonschema.validate(json.loads(machine.plan(plan)), strict(plan_schema()))


def strict(part):
    """The same schema without the freedom that readers have: unknown keys are refused."""
    if isinstance(part, list):
        return [strict(item) for item in part]
    if not isinstance(part, dict):
        return part
    closed = {"additionalProperties": False} if "properties" in part else {}
    return {key: strict(value) for key, value in part.items()} | closed


def test_a_reader_takes_later_minor_versions_and_refuses_a_new_major():
    document = json.loads(machine.plan(rich_plan.sample()))
    document |= {"format_version": "2.7", "later": True}
    jsonschema.validate(document, plan_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document | {"format_version": "3.0"}, plan_schema())


def test_what_is_read_back_says_the_same():
    rendered = machine.plan(rich_plan.sample())
    saved = file.read(rendered, "plan.json")
    assert machine.plan(saved.plan) == rendered
    assert saved.digest == json.loads(rendered)["digest"]


def test_keys_are_sorted_and_the_text_is_always_the_same():
    rendered = machine.plan(rich_plan.sample())
    assert rendered == machine.plan(rich_plan.sample())
    assert rendered == machine.write(json.loads(rendered))


def test_a_write_only_value_is_where_it_comes_from():
    change = FieldChange("secret_token", None, WriteOnly("WRITER_SCIM_TOKEN"), write_only=True)
    after = {"write_only": True, "from": "WRITER_SCIM_TOKEN"}
    assert field(change) == {"secret_token": {"before": None, "after": after}}


@pytest.mark.parametrize(("before", "after"), [("hunter2", WriteOnly("TOKEN")), ("hunter2", None), (None, "hunter2")])
def test_neither_side_of_a_write_only_field_is_ever_shown(before, after):
    change = FieldChange("secret_token", before, after, write_only=True)
    assert "hunter2" not in json.dumps(field(change))


def test_a_write_only_value_inside_of_another_is_hidden_too():
    change = FieldChange("values", [], [{"token": WriteOnly("TOKEN")}])
    assert field(change)["values"]["after"] == [{"token": {"write_only": True, "from": "TOKEN"}}]


def test_one_is_not_true():
    rendered = machine.plan(Plan(options={"number": 1, "flag": True, "float": 1.0, "nothing": None}))
    assert '"flag": true' in rendered
    assert '"number": 1\n' in rendered
    assert '"float": 1.0' in rendered


@pytest.mark.parametrize(
    ("path", "said"),
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
def test_no_path_is_absolute(path, said):
    assert one(paths=(path,))["spec"]["paths"] == [said]


def test_no_time_of_day_and_no_host():
    rendered = machine.plan(rich_plan.sample())
    assert not re.search(r"\d{2}:\d{2}:\d{2}", rendered)


def test_effects_come_gravest_first():
    effects = frozenset(Effect)
    change = Change(Address("a", "job"), Action.REPLACE, effects=effects)
    assert one(changes=(change,))["changes"][0]["effects"] == [effect.value for effect in Effect]


def test_guards_say_what_they_counted_and_what_opened_them():
    guards = (
        Guard("mass-removal", "x", "--allow mass-removal", 3),
        Guard("role-in-use", "y", address=Address("a", "b", "c")),
    )
    assert one(guards=guards)["guards"] == [
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


def test_problems_keep_their_place():
    problems = [
        Diagnostic("S1", "no", ("a", 0), Location("f.yaml", 1, 2), "hint"),
        Diagnostic("S2", "hm", severity="warning"),
    ]
    document = json.loads(machine.diagnostics(problems))
    assert document["summary"] == {"errors": 1, "warnings": 1}
    assert document["diagnostics"][0]["location"] == {"file": "f.yaml", "line": 1, "column": 2}
    assert document["diagnostics"][1]["location"] is None


def test_a_path_of_the_spec_is_dotted():
    assert one(warnings=(Diagnostic("W1", "no", ("a", 0, "b")),))["warnings"][0]["path"] == "a[0].b"
