"""Attribute mappings and object mappings in a normal form.

The service writes equal mappings in several ways: flags with or without spaces, defaults left out or written,
expressions in another layout. They are equal in the normal form, which uses the fields of the spec.
"""

from __future__ import annotations

from collections.abc import Mapping

from scimconf import expressions
from scimconf.documents import scopes
from scimconf.json_types import Json

APPLY = {
    "always": "Always",
    "on_create": "ObjectAddOnly",
    "multi_value_add_only": "MultiValueAddOnly",
    "value_add_only": "ValueAddOnly",
    "attribute_add_only": "AttributeAddOnly",
}
FLOW = {"when_changed": "FlowWhenChanged", "always": "FlowAlways"}
ACTIONS = {"create": "Add", "update": "Update", "delete": "Delete"}
_SPEC_NAMES = {value: name for table in (APPLY, FLOW, ACTIONS) for name, value in table.items()}

NEW_ROW: Mapping[str, Json] = {
    "defaultValue": None,
    "exportMissingReferences": False,
    "flowBehavior": "FlowWhenChanged",
    "flowType": "Always",
    "matchingPriority": 0,
    "targetAttributeName": None,
    "source": None,
}


def source_text(source: Json) -> Json:
    """Return the canonical text of a source tree, None without a source, or the raw tree if it cannot be rendered."""
    if source is None:
        return None
    try:
        return expressions.render_compact(expressions.from_source(source))
    except expressions.ExpressionError:
        return source


def row_fields(row: Json) -> dict[str, Json]:
    """Return the normal form of an attributeMapping, with the defaults that Graph leaves out."""
    flow_type, behavior = row.get("flowType") or "Always", row.get("flowBehavior") or "FlowWhenChanged"
    return {
        "source": source_text(row.get("source")),
        "match": row.get("matchingPriority") or None,
        "default": row.get("defaultValue") or None,
        "apply": _SPEC_NAMES.get(flow_type, flow_type),
        "flow_behavior": _SPEC_NAMES.get(behavior, behavior),
        "export_missing_references": bool(row.get("exportMissingReferences")),
    }


def flags(text: Json) -> list[str]:
    """Return the sorted actions of flags such as `"Add, Update,Delete"`, which the service writes with and without spaces."""
    values = {part.strip() for part in str(text or "").split(",")} - {"", "None"}
    return sorted(_SPEC_NAMES.get(value, value) for value in values)


def flags_text(actions: list[str]) -> str:
    return ",".join(value for action, value in ACTIONS.items() if action in actions) or "None"


def object_fields(mapping: Json) -> dict[str, Json]:
    """Return the normal form of an objectMapping."""
    return {
        "enabled": mapping.get("enabled") is not False,
        "actions": flags(mapping.get("flowTypes")),
        "filters": scopes.filters(mapping.get("scope")),
    }


def changed_row(row: Json, value: Json) -> Json:
    """Return the row with those of `value["fields"]` that differ; `value["source"]` is the tree of a changed source."""
    fields = value["fields"]
    current = row_fields(row)
    properties = {
        "match": ("matchingPriority", fields["match"] or 0),
        "default": ("defaultValue", fields["default"]),
        "apply": ("flowType", APPLY.get(fields["apply"], fields["apply"])),
        "flow_behavior": ("flowBehavior", FLOW.get(fields["flow_behavior"], fields["flow_behavior"])),
        "export_missing_references": ("exportMissingReferences", fields["export_missing_references"]),
        "source": ("source", value["source"]),
    }
    return {**row, **{key: raw for field, (key, raw) in properties.items() if fields[field] != current[field]}}


def changed_object(mapping: Json, value: Json) -> Json:
    """Return the mapping with those of `value["fields"]` that differ; `value["operators"]` are the job's operators."""
    current = object_fields(mapping)
    fields = {**current, **value["fields"]}
    properties = {
        "enabled": ("enabled", fields["enabled"]),
        "actions": ("flowTypes", flags_text(fields["actions"])),
        "filters": ("scope", scopes.scope(fields["filters"], mapping.get("scope"), value.get("operators"))),
    }
    return {**mapping, **{key: raw for field, (key, raw) in properties.items() if fields[field] != current[field]}}
