"""The JSON Schema of a spec file, for editors (draft-07, as yaml-language-server understands it).

Made from the models, then bent to what a file may hold: variables in any scalar, short forms, `extends`, no null where
null means nothing. A file that extends others may leave out what they hold, so what a whole section needs is asked of
files without `extends` only. Draft-07 ignores what stands beside a `$ref`, hence the `allOf` around each.
"""

from __future__ import annotations

import json
import re
from typing import Any

from scimconf.spec.model import OPERATORS, STANDARD, Spec
from scimconf.spec.model.base import DATE
from scimconf.spec.model.connection import CONFIDENTIAL, ENV_REFERENCE, OWNED
from scimconf.spec.model.mapping import OWNED_RAW
from scimconf.spec.model.testing import MOMENT, ROLE

Schema = dict[str, Any]

TEXT = ["string", "number", "boolean"]
"""Where a text is wanted, a plain `1.10` or `NO` is one too: its own characters are taken."""
VARIABLE: Schema = {"type": "string", "pattern": r"\$\{var:[^{}]*\}"}
LENIENT = {
    "Application": ("display_name", "app_id", "object_id"),
    "Create": ("from_template",),
    "Job": ("template",),
    "OAuth2": ("token_url", "client_id", "client_secret"),
    "Notifications": ("email",),
    "Provisioning": ("enabled",),
    "RoleAttribute": ("target",),
    "Assignments": ("unlisted",),
}
"""Sections that merge key by key, and what each needs once it is whole."""


def json_schema() -> Schema:
    """The schema of one file."""
    made = Spec.model_json_schema()
    definitions = {name: _clean(one) for name, one in made.pop("$defs").items()}
    root = _clean(made)
    for name in LENIENT:
        definitions[name].pop("required", None)
    _shorten(definitions)
    _exclude(definitions)
    _tests(definitions)
    _mappings(root, definitions)
    root["properties"]["extends"] = {
        "type": "array",
        "items": {"type": "string", "minLength": 1},
        "description": "Files that this one is laid over, relative to it; a later one lies over an earlier one.",
    }
    required = root.pop("required")
    root |= {"if": {"not": {"required": ["extends"]}}, "then": {"required": required, "properties": _whole()}}
    heading = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "A scimconf spec"}
    return heading | root | {"definitions": definitions}


def as_text() -> str:
    """The schema as the file holds it."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _clean(schema: Schema) -> Schema:
    """One schema of pydantic's, and those inside it, as a file may be written."""
    schema = {key: value for key, value in schema.items() if key != "title" and (key, value) != ("default", None)}
    for key in ("properties", "patternProperties"):
        if key in schema:
            schema[key] = {name: _clean(one) for name, one in schema[key].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            schema[key] = _clean(schema[key])
    return _widen(_unite(_refer(schema)))


def _refer(schema: Schema) -> Schema:
    if "$ref" not in schema:
        return schema
    reference = {"$ref": schema.pop("$ref").replace("#/$defs/", "#/definitions/")}
    return {"allOf": [reference], **schema} if schema else reference


def _unite(schema: Schema) -> Schema:
    """A union without its null; one arm alone is that arm."""
    for key in ("anyOf", "oneOf"):
        arms = schema.pop(key, None)
        if arms is None:
            continue
        arms = [_clean(arm) for arm in arms if arm.get("type") != "null"]
        schema = {**arms[0], **schema} if len(arms) == 1 and "$ref" not in arms[0] else {"anyOf": arms, **schema}
    return schema


def _widen(schema: Schema) -> Schema:
    """A scalar also takes a variable; a text also takes what looks like a number or a boolean."""
    kind = schema.get("type")
    narrow = kind in ("boolean", "integer") or (
        kind == "string" and {"enum", "const", "pattern", "format"} & schema.keys()
    )
    if kind == "string" and not narrow:
        return {**schema, "type": TEXT}
    if not narrow:
        return schema
    around: Schema = {key: schema.pop(key) for key in ("description", "default") if key in schema}
    if "ge" in schema:
        schema["minimum"] = schema.pop("ge")
    if schema.get("format") == "date":
        schema["pattern"] = DATE
    if schema.get("format") == "date-time":
        schema["pattern"] = MOMENT
        del schema["format"]  # which would ask for more than a day
    if "pattern" in schema:
        schema["type"] = _kinds(schema["pattern"])
    return {"anyOf": [schema, VARIABLE], **around}


def _kinds(pattern: str) -> list[str]:
    """What a text of this form may look like when it is not in quotes."""
    looks = {"number": "1", "boolean": "true"}
    return ["string", *(kind for kind, example in looks.items() if re.search(pattern, example))]


def _shorten(definitions: dict[str, Schema]) -> None:
    """The short forms, and what an editor offers: `${env:NAME}`, `role` for `roles`, `none`, words for operators."""
    clause = definitions["Clause"]["properties"]
    description = clause["operator"].pop("description")
    clause["operator"] = {"anyOf": [{"enum": list(OPERATORS)}, clause["operator"]], "description": description}
    row = definitions["MappingRow"]
    row["properties"]["source"]["type"] = [*TEXT, "null"]
    row["properties"]["match"]["anyOf"].insert(1, {"const": "none"})
    definitions["MappingRow"] = {"anyOf": [{"type": TEXT, "minLength": 1}, row | _one_way()]}
    reference = definitions["SecretReference"]
    reference["oneOf"] = _each("env", "file", "key_vault")
    definitions["SecretReference"] = {"anyOf": [{"type": "string", "pattern": ENV_REFERENCE}, reference]}
    for name, more in (("UserAssignment", []), ("GroupAssignment", [{"anyOf": _each("name", "id")}])):
        assignment = definitions[name]
        role = {"type": TEXT, "minLength": 1, "description": "The one role on this application."}
        assignment["properties"]["role"] = role
        absent = {
            "not": {"anyOf": _each("role", "roles")},
            "properties": {"absent": {"const": True}},
            "required": ["absent"],
        }
        assignment["allOf"] = [{"oneOf": [*_each("role", "roles"), absent]}, *more]


def _one_way() -> Schema:
    """The ways to say a value in a row, each excluding the others."""
    ways = ("source", "constant", "expression")
    text = {"properties": {"source": {"type": TEXT}}, "required": ["source"]}
    nothing = {"properties": {"source": {"type": "null"}}, "required": ["source", "default"]}
    values = [_without(one, "constant", "expression") for one in (text, nothing)]
    values += [_without({"required": [way]}, *(one for one in ways if one != way)) for way in ways[1:]]
    present = [{"allOf": [one, {"properties": {"absent": {"not": {"const": True}}}}]} for one in values]
    absent = {"properties": {"absent": {"const": True}}, "required": ["absent"], "maxProperties": 1}
    return {"anyOf": [*present, absent]}


def _without(schema: Schema, *keys: str) -> Schema:
    return {**schema, "not": {"anyOf": _each(*keys)}}


def _each(*keys: str) -> list[Schema]:
    return [{"required": [key]} for key in keys]


def _exclude(definitions: dict[str, Schema]) -> None:
    """Keys that stand alone, exclude each other, or belong to a field of their own."""
    del definitions["Assignments"]["properties"]["imported"], definitions["ImportedRows"]
    definitions["Keep"] |= {"minProperties": 1, "maxProperties": 1}
    definitions["Role"]["anyOf"] = _each("value", "display_name")
    definitions["Application"]["dependencies"] = {"create": {"not": {"anyOf": _each("app_id", "object_id")}}}
    reference = {"$ref": "#/definitions/SecretReference"}
    definitions["Connection"]["properties"]["other"] |= {
        "properties": dict.fromkeys(sorted(CONFIDENTIAL), reference) | dict.fromkeys(sorted(OWNED), False)
    }
    definitions["AttributeDefinition"]["properties"]["raw"] |= {"properties": dict.fromkeys(sorted(OWNED_RAW), False)}


def _tests(definitions: dict[str, Schema]) -> None:
    """What a test gives and expects; null means something in both."""
    role: Schema = {
        "type": "object",
        "properties": {key: {"type": TEXT} for key in ROLE},
        "additionalProperties": False,
    }
    given: Schema = {
        "anyOf": [{"type": [*TEXT, "null"]}, {"type": "array", "items": {"anyOf": [{"type": TEXT}, role]}}]
    }
    expected: Schema = {"anyOf": [{"type": [*TEXT, "null"]}, {"type": "array", "items": {"type": TEXT}}]}
    for name in ("RowTest", "MappingTest"):
        definitions[name]["properties"]["given"]["additionalProperties"] = given
    definitions["RowTest"]["properties"]["expect"] |= expected
    whole = definitions["MappingTest"]
    whole["properties"]["expect"]["additionalProperties"] = expected
    del whole["properties"]["expect"]["default"]  # which is no map that may be written
    whole["anyOf"] = _each("expect", "payload")
    inner: Schema = {"$ref": "#/definitions/Payload"}
    resource: Schema = {"type": "object", "additionalProperties": inner}
    definitions["Payload"] = {"anyOf": [{"type": TEXT}, {"type": "array", "items": inner}, resource]}
    whole["properties"]["payload"]["additionalProperties"] = inner


def _mappings(root: Schema, definitions: dict[str, Schema]) -> None:
    """`users` and `groups` without selectors, any other name with them."""
    selectors = ("rule", "source", "target")
    own = definitions.pop("ObjectMapping")
    standard = own | {"properties": {key: one for key, one in own["properties"].items() if key not in selectors}}
    definitions |= {"StandardMapping": standard, "OwnMapping": own}
    mappings = root["properties"]["mappings"]
    (pattern,) = mappings.pop("patternProperties")
    mappings |= {
        "propertyNames": {"pattern": pattern},
        "properties": {key: {"$ref": "#/definitions/StandardMapping"} for key in STANDARD},
        "additionalProperties": {"$ref": "#/definitions/OwnMapping"},
    }


def _whole() -> Schema:
    """What the sections of a file without `extends` need."""
    needs = {name: {"required": list(keys)} for name, keys in LENIENT.items()}
    return {
        "application": {
            "oneOf": _each(*LENIENT["Application"]),
            "properties": {"create": needs["Create"]},
            "dependencies": {"create": ["display_name"]},
        },
        "job": needs["Job"],
        "connection": {"properties": {"oauth2": needs["OAuth2"]}},
        "provisioning": needs["Provisioning"] | {"properties": {"notifications": needs["Notifications"]}},
        "mappings": {
            "properties": dict.fromkeys(STANDARD, True),
            "additionalProperties": {"required": ["source", "target"]},
        },
        "role_attribute": needs["RoleAttribute"] | {"oneOf": _each("source", "expression")},
        "assignments": needs["Assignments"],
    }
