"""The short form of the provisioning templates of gallery applications, and the schema that it stands for.

A template in short form has `directory`, the name of its target directory; `objects`, the attributes of each target
object; and `rules`. A rule has `mappings` with `rows` of a target and the text of an expression; one that is `inbound`
reads the target directory, writes the source directory, and cannot be edited. The source directory is that of another
template, plus `entra_objects`.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from scimconf.expressions import parse, to_source
from scimconf.sandbox.http_types import Json
from scimconf.sandbox.synchronization.template_metadata import MAPPING_METADATA

_RULE: Json = {
    "containerFilter": None,
    "groupFilter": None,
    "metadata": [{"key": "supportsProvisionOnDemand", "value": "true"}],
}
_OBJECT_METADATA = [
    {"key": "IsSoftDeletionSupported", "value": "true"},
    {"key": "ConnectorDataStorageRequired", "value": "true"},
    {"key": "IsSynchronizeAllSupported", "value": "true"},
]


def expand(content: Mapping[str, Any], source_directory: Json) -> Json:
    """Return a template in the form of the other files: the same content with a `schema` instead of the short keys."""
    short = ("directory", "objects", "entra_objects", "rules")
    source_objects = [*source_directory["objects"], *_objects(content.get("entra_objects", {}))]
    directories = [
        source_directory | {"objects": source_objects},
        source_directory
        | {"id": content["rules"][0]["id"], "name": content["directory"], "objects": _objects(content["objects"])},
    ]
    names = (source_directory["name"], content["directory"])
    schema = {
        "id": f"{content['template_id']}.{'0' * 32}",
        "version": "6.0",
        "synchronizationRules": [_rule(rule, number, names) for number, rule in enumerate(content["rules"], 1)],
        "directories": directories,
    }
    return {key: value for key, value in content.items() if key not in short} | {"schema": schema}


def _objects(attributes: Mapping[str, Any]) -> list[Json]:
    return [
        {"name": name, "supportedApis": [], "metadata": _OBJECT_METADATA, "attributes": rows}
        for name, rows in attributes.items()
    ]


def _rule(rule: Json, priority: int, names: tuple[str, str]) -> Json:
    is_inbound = rule.get("inbound", False)
    source, target = reversed(names) if is_inbound else names
    return copy.deepcopy(_RULE) | {
        "id": rule["id"],
        "name": rule["name"],
        "priority": priority,
        "editable": not is_inbound,
        "sourceDirectoryName": source,
        "targetDirectoryName": target,
        "objectMappings": [_object_mapping(mapping, source, target) for mapping in rule["mappings"]],
    }


def _object_mapping(mapping: Json, source: str, target: str) -> Json:
    [matching] = [row["target"] for row in mapping["rows"] if "matchingPriority" in row]
    return {
        "name": f"Synchronize {source} {mapping['source']}s to {target}",
        "enabled": True,
        "flowTypes": "Add,Update,Delete",
        "sourceObjectName": mapping["source"],
        "targetObjectName": mapping["target"],
        "scope": None,
        "attributeMappings": [_row(row) for row in mapping["rows"]],
        "metadata": [
            {"key": key, "value": value} for key, value in (*MAPPING_METADATA, ("OriginalJoiningProperty", matching))
        ],
    }


def _row(row: Json) -> Json:
    text = row["source"]
    properties = {key: value for key, value in row.items() if key not in ("target", "source")}
    return {"targetAttributeName": row["target"], "source": to_source(parse(text)) if text else None} | properties
