"""The JSON Schema and the loader agree on the structure of a file."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from scimconf.spec.json_schema import as_text, json_schema
from scimconf.spec.load import load
from tests.spec.reading import MINIMAL, load_text, read_in
from tests.spec.test_defects import as_json

ROOT = Path(__file__).parents[2]
SCHEMA = Draft7Validator(json_schema())
EXAMPLES = sorted(ROOT.glob("examples/*/*.yaml"))


def test_json_schema_in_the_repository_is_up_to_date():
    assert (ROOT / "schemas" / "spec.schema.json").read_text() == as_text()


def test_json_schema_is_valid_draft_7():
    Draft7Validator.check_schema(json_schema())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_json_schema_and_load_accept_each_example(path):
    assert not list(SCHEMA.iter_errors(as_json(path.read_text())))
    assert not load(path.name, read_in(path.parent), {}, {"tenant": "contoso.com"}, lambda _: True).diagnostics


def subschemas(schema):
    yield schema
    for value in schema.values():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                yield from subschemas(item)


def test_json_schema_has_no_keys_beside_a_ref():
    assert not [schema for schema in subschemas(json_schema()) if "$ref" in schema and len(schema) > 1]


def test_json_schema_refs_and_definitions_match():
    schema = json_schema()
    used = {part["$ref"].removeprefix("#/definitions/") for part in subschemas(schema) if "$ref" in part}
    assert used == set(schema["definitions"])


def test_json_schema_describes_every_key():
    sections = [json_schema(), *json_schema()["definitions"].values()]
    sections += [arm for section in sections for arm in section.get("anyOf", ()) if "properties" in arm]
    undescribed = {"users", "groups"}
    missing = [
        name
        for section in sections
        if "additionalProperties" in section
        for name, field in section["properties"].items()
        if "description" not in field and name not in undescribed
    ]
    assert missing == []


ACCEPTED = {
    "variables anywhere": (
        "version: 1\nname: ${var:N}\ntenant: ${var:T}\napplication: {display_name: '${var:A}'}\n"
        "provisioning: {enabled: '${var:E}', scope: '${var:S}', deletion_threshold: '${var:D}'}\n"
    ),
    "a file that extends others": "extends: [base.yaml]\nprovisioning: {scope: all}\nassignments: {users: []}\n",
    "a text that looks like a number": f"{MINIMAL}app_roles: {{roles: [{{value: 0010, display_name: 1.10}}]}}\n",
    "none and empty lists": (
        "version: 1\nname: a\napplication: {display_name: a}\n"
        "provisioning: {enabled: true, deletion_threshold: none, notifications: {email: none}}\n"
        "mappings: {users: {actions: [], filters: [], attributes: {a: {source: b, match: none, default: none}}}}\n"
    ),
    "every form of a row": (
        f"{MINIMAL}mappings: {{users: {{attributes: {{a: b, c: {{source: d}}, e: {{constant: f}}, g: {{expression: h}}, "
        "i: {source: null, default: j}, k: {absent: true}, l: {source: m, absent: false}}}}\n"
    ),
    "a mapping of one's own": f"{MINIMAL}mappings: {{devices: {{rule: R, source: Device, target: device}}}}\n",
    "every form of a reference": (
        f"{MINIMAL}connection: {{secret_token: '${{env:A}}', other: {{Password: {{file: b}}, UserName: c, "
        "AppKey: {key_vault: {vault: https://acme.vault.azure.net, secret: d, version: e}}}}\n"
    ),
    "every form of an assignment": (
        f"{MINIMAL}assignments: {{unlisted: delete, protect: [{{group: A*}}, {{user: b}}, {{role: c}}], groups: ["
        "{name: a, role: b}, {id: 00000000-0000-0000-0000-000000000001, roles: [c]}, {name: d, absent: true}], "
        "users: [{user: e, roles: [f, g]}, {user: h, role: i, absent: true}]}\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize("text", ACCEPTED.values(), ids=ACCEPTED)
def test_json_schema_accepts_valid_specs(text):
    assert [error.message for error in SCHEMA.iter_errors(as_json(text))] == []


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in ACCEPTED
        if name not in ("variables anywhere", "a file that extends others", "every form of a test")
    ],
)
def test_load_accepts_valid_specs(name):
    assert load_text(ACCEPTED[name]).diagnostics == ()


WHOLE = as_json((ROOT / "examples" / "writer-new" / "scimconf.yaml").read_text()) | {
    "job": {"template": "scim"},
    "guard_exemptions": [{"guard": "scope-widened", "address": "x", "max": 3, "until": "2026-12-01", "reason": "y"}],
}
WHOLE["assignments"] = {**WHOLE["assignments"], "protect": [{"group": "A*"}]}
WHOLE["assignments"].pop("users_from")
WHOLE["mappings"]["users"] |= {
    "filters": [{"name": "a", "all": [{"attribute": "b", "operator": "equals", "value": "c"}]}],
    "target_attributes": {"a": {"type": "string", "raw": {"anchor": False}}},
}
WHOLE["mappings"]["users"]["attributes"] |= {
    "a": {"source": None, "default": "x"},
    "b": {"constant": "c"},
    "c": {"absent": True},
}
WHOLE["mappings"]["users"]["attributes"]["d"] = {"source": "e", "tests": [{"given": {"e": None}, "expect": None}]}
WHOLE["tests"] = [
    {"name": "a", "mapping": "users", "given": {"b": ["c", {"value": "d"}]}, "now": "2026-12-31", "expect": {"a": "x"}},
    {"name": "b", "payload": {"a": "x", "b": [{"c": True}, "d"]}},
]
WHOLE["connection"]["other"] = {"Domain": "x", "Password": {"env": "P"}}
VALUES = st.sampled_from(
    [None, True, False, 0, 1, 1.5, "", "x", "none", "users", "all", "a b", "https://a.b/c", "${env:A}", "source", [], ["x"], [None], {}, {"x": "y"},
     {"source": "x"}, {"env": "A"}, {"absent": True}, {"value": "x"}, {"role": "x"}, {"expect": None}, [{}], [{"name": "x"}]]
)  # fmt: skip
KEYS = st.sampled_from(
    ["x", "source", "constant", "expression", "absent", "match", "default", "role", "roles", "env", "file", "value", "name",
     "rule", "display_name", "app_id", "users", "groups", "enabled", "target", "create", "imported", "tests", "expect", "payload"]
)  # fmt: skip


@st.composite
def changed_spec(draw):
    """Return the complete example with one or two values changed, deleted or added."""
    tree = deepcopy(WHOLE)
    for _ in range(draw(st.integers(1, 2))):
        at = tree
        while True:
            keys = list(at) if isinstance(at, dict) else list(range(len(at)))
            key = draw(st.sampled_from(keys)) if keys else None
            if key is None or not isinstance(at[key], dict | list) or draw(st.integers(0, 3)) == 0:
                break
            at = at[key]
        operation = draw(st.sampled_from(["change", "drop", "add"]))
        if operation == "add" and isinstance(at, dict):
            at[draw(KEYS)] = deepcopy(draw(VALUES))
        elif key is not None and operation == "drop":
            del at[key]
        elif key is not None:
            at[key] = deepcopy(draw(VALUES))
    return tree


@given(changed_spec())
def test_json_schema_and_load_agree_on_shape(tree):
    codes = {problem.code for problem in load_text(json.dumps(tree)).diagnostics}
    rejected = bool(list(SCHEMA.iter_errors(tree)))
    if not codes:
        assert not rejected
    if any(code.startswith("S2") for code in codes):
        assert rejected
