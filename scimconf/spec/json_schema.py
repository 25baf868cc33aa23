"""The JSON Schema of a spec file, for editors (draft-07, as yaml-language-server understands it).

Generated from the models, then adapted to what a file may contain: variables in any scalar, short forms, `extends`, and
no null where it has no meaning. A file that extends others may omit what they contain, so keys of merged sections are
required only in files without `extends`. Draft-07 ignores the siblings of a `$ref`, hence the `allOf` around each.
"""

from __future__ import annotations

import json
import re
import tomllib
from importlib.resources import files
from typing import Any

from scimconf.spec.model import OPERATORS, STANDARD, Spec
from scimconf.spec.model.connection import CONFIDENTIAL, OWNED, SERVICE_OWNED
from scimconf.spec.model.mapping import OWNED_RAW
from scimconf.spec.model.testing import ROLE
from scimconf.spec.patterns import DATE, ENV_REFERENCE, TIME

Schema = dict[str, Any]

TEXT = ["string", "number", "boolean"]
"""The types of a string: a plain `1.10` or `NO` is a string too, where one is expected."""
VARIABLE: Schema = {"type": "string", "pattern": r"\$\{var:[^{}]*\}"}
REQUIRED_AFTER_MERGE = {
    "Application": ("display_name", "app_id", "object_id"),
    "Create": ("from_template",),
    "Job": ("template",),
    "OAuth2": ("token_url", "client_id", "client_secret"),
    "Notifications": ("email",),
    "Provisioning": ("enabled",),
    "RoleAttribute": ("target",),
    "Assignments": ("unlisted",),
}
"""Sections that merge key by key, and the keys that each must have after merging."""


def json_schema() -> Schema:
    """Return the schema of one file."""
    generated = Spec.model_json_schema()
    _describe({"Spec": generated, **generated["$defs"]})
    definitions = {name: _clean(definition) for name, definition in generated.pop("$defs").items()}
    root = _clean(generated)
    for name in REQUIRED_AFTER_MERGE:
        definitions[name].pop("required", None)
    _add_short_forms(definitions)
    _add_exclusions(definitions)
    _add_test_values(definitions)
    _split_mappings(root, definitions)
    root["properties"]["extends"] = {
        "type": "array",
        "items": {"type": "string", "minLength": 1},
        "description": "Base files, relative to this file. This file overrides them; a later one overrides an earlier one.",
    }
    root["if"] = {"not": {"required": ["extends"]}}
    root["then"] = {"required": root.pop("required"), "properties": _required_sections()}
    heading = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "A scimconf spec"}
    return heading | root | {"definitions": definitions}


def as_text() -> str:
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _describe(models: dict[str, Schema]) -> None:
    text = files("scimconf.spec.model").joinpath("descriptions.toml").read_text("utf-8")
    for name, fields in tomllib.loads(text).items():
        properties = models[name]["properties"]
        for field, description in fields.items():
            properties[field] = dict(sorted({**properties[field], "description": description}.items()))


def _clean(schema: Schema) -> Schema:
    """Return one of pydantic's schemas, and those in it, adapted to what a file may contain."""
    schema = {key: value for key, value in schema.items() if key != "title" and (key, value) != ("default", None)}
    for key in ("properties", "patternProperties"):
        if key in schema:
            schema[key] = {name: _clean(member) for name, member in schema[key].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            schema[key] = _clean(schema[key])
    return _widen(_simplify_union(_refer(schema)))


def _refer(schema: Schema) -> Schema:
    if "$ref" not in schema:
        return schema
    reference = {"$ref": schema.pop("$ref").replace("#/$defs/", "#/definitions/")}
    return {"allOf": [reference], **schema} if schema else reference


def _simplify_union(schema: Schema) -> Schema:
    """Return a union without null; a union of one member is replaced by that member."""
    for key in ("anyOf", "oneOf"):
        members = schema.pop(key, None)
        if members is None:
            continue
        members = [_clean(member) for member in members if member.get("type") != "null"]
        is_single = len(members) == 1 and "$ref" not in members[0]
        schema = {**members[0], **schema} if is_single else {"anyOf": members, **schema}
    return schema


def _widen(schema: Schema) -> Schema:
    """Let a scalar be a variable too, and a string look like a number or a boolean."""
    kind = schema.get("type")
    if kind == "string" and not {"enum", "const", "pattern", "format"} & schema.keys():
        return {**schema, "type": TEXT}
    if kind not in ("boolean", "integer", "string"):
        return schema
    around: Schema = {key: schema.pop(key) for key in ("description", "default") if key in schema}
    if "ge" in schema:
        schema["minimum"] = schema.pop("ge")
    if schema.get("format") == "date":
        schema["pattern"] = DATE
    if schema.get("format") == "date-time":
        schema["pattern"] = TIME
        del schema["format"]  # JSON Schema's date-time does not allow a date alone
    if "pattern" in schema:
        schema["type"] = _plain_types(schema["pattern"])
    return {"anyOf": [schema, VARIABLE], **around}


def _plain_types(pattern: str) -> list[str]:
    """Return the types that an editor may see in a string of this form without quotes."""
    looks = {"number": "1", "boolean": "true"}
    return ["string", *(kind for kind, example in looks.items() if re.search(pattern, example))]


def _add_short_forms(definitions: dict[str, Schema]) -> None:
    """Add `${env:NAME}`, `role` for `roles`, `none`, `ATTRIBUTE` for `{source: ATTRIBUTE}`, and the words for operators."""
    clause = definitions["Clause"]["properties"]
    description = clause["operator"].pop("description")
    clause["operator"] = {"anyOf": [{"enum": list(OPERATORS)}, clause["operator"]], "description": description}
    row = definitions["MappingRow"]
    row["properties"]["source"]["type"] = [*TEXT, "null"]
    row["properties"]["match"]["anyOf"].insert(1, {"const": "none"})
    definitions["MappingRow"] = {"anyOf": [{"type": TEXT, "minLength": 1}, row | _one_source()]}
    reference = definitions["SecretReference"]
    reference["oneOf"] = _each("env", "file", "key_vault")
    definitions["SecretReference"] = {"anyOf": [{"type": "string", "pattern": ENV_REFERENCE}, reference]}
    for name, more in (("UserAssignment", []), ("GroupAssignment", [{"anyOf": _each("name", "id")}])):
        assignment = definitions[name]
        role = {"type": TEXT, "minLength": 1, "description": "The role on this application, if it is the only one."}
        assignment["properties"]["role"] = role
        absent = {"properties": {"absent": {"const": True}}, "required": ["absent"]}
        forms = [*_each("role", "roles"), {**_without({}, "role", "roles"), **absent}]
        assignment["allOf"] = [{"oneOf": forms}, *more]


def _one_source() -> Schema:
    """Return the forms of an attribute mapping, each excluding the others."""
    text = {"properties": {"source": {"type": TEXT}}, "required": ["source"]}
    nothing = {"properties": {"source": {"type": "null"}}, "required": ["source", "default"]}
    values = [_without(source, "constant", "expression") for source in (text, nothing)]
    values.append(_without({"required": ["constant"]}, "source", "expression"))
    values.append(_without({"required": ["expression"]}, "source", "constant"))
    present = [{"allOf": [value, {"properties": {"absent": {"not": {"const": True}}}}]} for value in values]
    absent = {"properties": {"absent": {"const": True}}, "required": ["absent"], "maxProperties": 1}
    return {"anyOf": [*present, absent]}


def _without(schema: Schema, *keys: str) -> Schema:
    return {**schema, "not": {"anyOf": _each(*keys)}}


def _each(*keys: str) -> list[Schema]:
    return [{"required": [key]} for key in keys]


def _add_exclusions(definitions: dict[str, Schema]) -> None:
    """Add the keys that take no other key, exclude each other, or have a field of their own."""
    definitions["ProtectedAssignments"] |= {"minProperties": 1, "maxProperties": 1}
    definitions["Role"]["anyOf"] = _each("value", "display_name")
    definitions["Application"]["dependencies"] = {"create": {"not": {"anyOf": _each("app_id", "object_id")}}}
    reference = {"$ref": "#/definitions/SecretReference"}
    definitions["Connection"]["properties"]["other"] |= {
        "properties": dict.fromkeys(sorted(CONFIDENTIAL), reference)
        | dict.fromkeys(sorted({*OWNED, *SERVICE_OWNED}), False)
    }
    for name in ("AttributeDefinition", "TargetAttribute"):
        definitions[name]["properties"]["raw"] |= {"properties": dict.fromkeys(sorted(OWNED_RAW), False)}


def _add_test_values(definitions: dict[str, Schema]) -> None:
    """Add the values of `given` and `expect`. Both may be null."""
    text, text_or_null = {"type": TEXT}, {"type": [*TEXT, "null"]}
    role: Schema = {"type": "object", "properties": dict.fromkeys(ROLE, text), "additionalProperties": False}
    given_value: Schema = {"anyOf": [text_or_null, {"type": "array", "items": {"anyOf": [text, role]}}]}
    expected: Schema = {"anyOf": [text_or_null, {"type": "array", "items": text}]}
    for name in ("RowTest", "MappingTest"):
        definitions[name]["properties"]["given"]["additionalProperties"] = given_value
    definitions["RowTest"]["properties"]["expect"] |= expected
    mapping_test = definitions["MappingTest"]
    mapping_test["properties"]["expect"]["additionalProperties"] = expected
    del mapping_test["properties"]["expect"]["default"]  # an empty mapping, which a file must not contain
    mapping_test["anyOf"] = _each("expect", "payload")
    inner: Schema = {"$ref": "#/definitions/Payload"}
    resource: Schema = {"type": "object", "additionalProperties": inner}
    definitions["Payload"] = {"anyOf": [text, {"type": "array", "items": inner}, resource]}
    mapping_test["properties"]["payload"]["additionalProperties"] = inner


def _split_mappings(root: Schema, definitions: dict[str, Schema]) -> None:
    """Allow `rule`, `source` and `target` only in mappings other than `users` and `groups`."""
    selectors = ("rule", "source", "target")
    own = definitions.pop("ObjectMapping")
    standard = own | {"properties": {key: field for key, field in own["properties"].items() if key not in selectors}}
    definitions |= {"StandardMapping": standard, "OwnMapping": own}
    mappings = root["properties"]["mappings"]
    (pattern,) = mappings.pop("patternProperties")
    mappings |= {
        "propertyNames": {"pattern": pattern},
        "properties": {key: {"$ref": "#/definitions/StandardMapping"} for key in STANDARD},
        "additionalProperties": {"$ref": "#/definitions/OwnMapping"},
    }


def _required_sections() -> Schema:
    """Return the keys that the sections of a file without `extends` must have."""
    required = {name: {"required": list(keys)} for name, keys in REQUIRED_AFTER_MERGE.items()}
    return {
        "application": {
            "oneOf": _each(*REQUIRED_AFTER_MERGE["Application"]),
            "properties": {"create": required["Create"]},
            "dependencies": {"create": ["display_name"]},
        },
        "job": required["Job"],
        "connection": {"properties": {"oauth2": required["OAuth2"]}},
        "provisioning": required["Provisioning"] | {"properties": {"notifications": required["Notifications"]}},
        "mappings": {
            "properties": dict.fromkeys(STANDARD, True),
            "additionalProperties": {"required": ["source", "target"]},
        },
        "role_attribute": required["RoleAttribute"] | {"oneOf": _each("source", "expression")},
        "assignments": required["Assignments"],
    }
