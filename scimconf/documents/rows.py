"""Attribute mappings and object mappings in a normal form, so that equal things are equal.

What the service writes in several ways (flags with spaces, left-out defaults, expression texts) is one here.
"""

from __future__ import annotations

from collections.abc import Mapping

from scimconf import expressions
from scimconf.documents import scopes
from scimconf.snapshot import Json

APPLY = {
    "always": "Always",
    "on_create": "ObjectAddOnly",
    "multi_value_add_only": "MultiValueAddOnly",
    "value_add_only": "ValueAddOnly",
    "attribute_add_only": "AttributeAddOnly",
}
FLOW = {"when_changed": "FlowWhenChanged", "always": "FlowAlways"}
ACTIONS = {"create": "Add", "update": "Update", "delete": "Delete"}
_APPLY_WORDS = {value: word for word, value in APPLY.items()}
_FLOW_WORDS = {value: word for word, value in FLOW.items()}
_ACTION_WORDS = {value: word for word, value in ACTIONS.items()}

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
    """Return the canonical text of a source tree as an author writes it; None for no source, the tree if it is invalid."""
    if source is None:
        return None
    try:
        return expressions.render_compact(expressions.from_source(source))
    except expressions.ExpressionError:
        return source


def row_fields(row: Json) -> dict[str, Json]:
    """An attributeMapping in the spec's words, with what Graph leaves out filled in."""
    flow_type, behavior = row.get("flowType") or "Always", row.get("flowBehavior") or "FlowWhenChanged"
    return {
        "source": source_text(row.get("source")),
        "match": row.get("matchingPriority") or None,
        "default": row.get("defaultValue") or None,
        "apply": _APPLY_WORDS.get(flow_type, flow_type),
        "flow_behavior": _FLOW_WORDS.get(behavior, behavior),
        "export_missing_references": bool(row.get("exportMissingReferences")),
    }


def flags(text: Json) -> list[str]:
    """`"Add, Update,Delete"` as sorted words; the service writes it with and without spaces."""
    words = {part.strip() for part in str(text or "").split(",")} - {"", "None"}
    return sorted(_ACTION_WORDS.get(word, word) for word in words)


def flags_text(actions: list[str]) -> str:
    return ",".join(ACTIONS[word] for word in ACTIONS if word in actions) or "None"


def object_fields(mapping: Json) -> dict[str, Json]:
    """An objectMapping in the spec's words."""
    return {
        "enabled": mapping.get("enabled") is not False,
        "actions": flags(mapping.get("flowTypes")),
        "filters": scopes.filters(mapping.get("scope")),
    }


def written(row: Json, value: Json) -> Json:
    """The raw row with the fields that differ; the tree of an unchanged source is never rewritten."""
    fields = value["fields"]
    now = row_fields(row)
    parts = {
        "match": ("matchingPriority", fields["match"] or 0),
        "default": ("defaultValue", fields["default"]),
        "apply": ("flowType", APPLY.get(fields["apply"], fields["apply"])),
        "flow_behavior": ("flowBehavior", FLOW.get(fields["flow_behavior"], fields["flow_behavior"])),
        "export_missing_references": ("exportMissingReferences", fields["export_missing_references"]),
        "source": ("source", value["source"]),
    }
    return {**row, **{key: raw for word, (key, raw) in parts.items() if fields[word] != now[word]}}


def changed_object(mapping: Json, value: Json) -> Json:
    """The raw objectMapping with some of enabled, actions and filters; `value["operators"]` are the live job's."""
    fields, now, wanted = value["fields"], object_fields(mapping), dict(mapping)
    if fields.get("enabled", now["enabled"]) != now["enabled"]:
        wanted["enabled"] = fields["enabled"]
    if fields.get("actions", now["actions"]) != now["actions"]:
        wanted["flowTypes"] = flags_text(fields["actions"])
    if fields.get("filters", now["filters"]) != now["filters"]:
        wanted["scope"] = scopes.scope(fields["filters"], mapping.get("scope"), value.get("operators"))
    return wanted
