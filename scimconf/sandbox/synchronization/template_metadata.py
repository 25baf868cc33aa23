"""Metadata of a synchronizationSchema that contain JSON as text: hidden mappings and definitions of complex attributes.

A published schema of a `scim` job (2020) has both: a rule has `defaultSourceObjectMappings`, one disabled mapping for each
object of the source directory; the attributes `appRoles`, `appRoleAssignments` and `entitlement` have
`ComplexObjectDefinition`, the definition of the object in their values.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from scimconf.sandbox.http_types import Json

MAPPING_METADATA = (
    ("IsCustomerDefined", "false"),
    ("DisableMonitoringForChanges", "false"),
    ("Disposition", '"Normal"'),
    ("ExcludeFromReporting", "false"),
    ("EscrowBehavior", '"Default"'),
    ("Unsynchronized", "false"),
)
_ALL_FLOWS = 7  # Add, Update and Delete in the integer form of the enumeration
_LISTS = ("apiExpressions", "metadata")  # present in a complex definition even if they are empty


def default_source_mappings(hidden: Iterable[Json]) -> Json:
    """Return the metadata entry `defaultSourceObjectMappings` of a rule.

    An element of `hidden` has `objectName`, `joiningProperty` and `defaultValues` by target attribute.
    """
    return {"key": "defaultSourceObjectMappings", "value": _compact([_hidden_mapping(row) for row in hidden])}


def complex_definitions(objects: Mapping[str, Json], hidden: Iterable[Json]) -> dict[str, Json]:
    """Return the metadata entry `ComplexObjectDefinition` of each object that has a hidden mapping, by object name.

    An attribute of `objects` names the object of its values as `complexObject`.
    """
    rows = {str(row["objectName"]): row for row in hidden}
    return {name: _complex_definition(name, objects, rows) for name in rows}


def _complex_definition(name: str, objects: Mapping[str, Json], hidden: Mapping[str, Json]) -> Json:
    definition = objects[name]
    attributes = [_complex_attribute(attribute, objects, hidden) for attribute in definition["attributes"]]
    value = {"definition": {**definition, "attributes": attributes}, "mapping": _complex_mapping(hidden[name])}
    return {"key": "ComplexObjectDefinition", "value": _compact(value)}


def _complex_attribute(attribute: Any, objects: Mapping[str, Json], hidden: Mapping[str, Json]) -> Json:
    """Return an attributeDefinition without the properties that have their defaults."""
    properties = {"name": attribute} if isinstance(attribute, str) else dict(attribute)
    inner = properties.pop("complexObject", None)
    if inner is not None:
        properties["metadata"] = [_complex_definition(inner, objects, hidden)]
    return {name: [] for name in _LISTS} | properties


def _complex_mapping(row: Json) -> Json:
    metadata = [*MAPPING_METADATA, ("OriginalJoiningProperty", row["joiningProperty"])]
    return {
        "attributeMappings": [
            {"targetAttributeName": target, **({"matchingPriority": 1} if value is None else {"defaultValue": value})}
            for target, value in row["defaultValues"].items()
        ],
        "flowTypes": "Add, Update, Delete",
        "metadata": [{"key": key, "value": value} for key, value in metadata],
        "sourceObjectName": "",
        "targetObjectName": row["objectName"],
    }


def _hidden_mapping(row: Json) -> Json:
    return {
        "AttributeMappings": [
            {
                "DefaultValue": value,
                "ExportMissingReferences": False,
                "FlowBehavior": 0,
                "FlowType": 0,
                "MatchingPriority": int(value is None),
                "Source": None,
                "TargetAttributeName": target,
            }
            for target, value in row["defaultValues"].items()
        ],
        "DisableMonitoringForChanges": False,
        "Disposition": 0,
        "Enabled": False,
        "EscrowBehavior": 1,
        "FlowTypes": _ALL_FLOWS,
        "Internal": False,
        "IsCustomerDefined": False,
        "Name": None,
        "OriginalJoiningProperty": row["joiningProperty"],
        "Scope": None,
        "SourceObjectName": "",
        "Synchronized": False,
        "TargetObjectName": row["objectName"],
        "Unsynchronized": False,
    }


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True)
