"""The provisioning templates: small tables, and a builder that makes whole synchronizationSchemas of them.

`scim`, for applications that are not in the gallery, is a reconstruction of what Microsoft's pages and vendors' guides
show of it; nobody has published the whole of it. The others are inventions in the shape of gallery applications.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from scimconf.expressions import parse, to_source
from scimconf.sandbox.gallery import GALLERY, GalleryEntry
from scimconf.sandbox.http_types import Json
from scimconf.sandbox.synchronization.template_tables import (
    CORE_GROUP,
    ENTERPRISE_USER,
    GROUP_MAPPINGS,
    SMALL_TARGET_USER,
    SMALL_USER_MAPPINGS,
    SOURCE_GROUP,
    SOURCE_USER,
    TARGET_GROUP,
    TARGET_USER,
    USER_MAPPINGS,
)
from scimconf.sandbox.tenant import stable_id

SOURCE_DIRECTORY_ID = "66e4a8cc-1b7b-435e-95f8-f06cea133828"
_NO_JOB = "0" * 32


@dataclass(frozen=True, slots=True)
class ProvisioningTemplate:
    """What a template's schema is built from."""

    template_id: str
    directory: str
    user_object: str = ENTERPRISE_USER
    group_object: str | None = CORE_GROUP
    target_user: str = TARGET_USER
    user_mappings: str = USER_MAPPINGS
    one_rule: bool = False
    inbound_rule: bool = False
    default: bool = True
    fields: tuple[Mapping[str, object], ...] = field(
        default=({"name": "baseaddress"}, {"name": "secrettoken", "secret": True})
    )


_BASIC = ({"name": "baseaddress"}, {"name": "username"}, {"name": "password", "secret": True})
_SHAPES = (
    ProvisioningTemplate("scim", "customappsso"),
    ProvisioningTemplate(
        "parley", "Parley", user_mappings=SMALL_USER_MAPPINGS, target_user=SMALL_TARGET_USER, one_rule=True
    ),
    ProvisioningTemplate(
        "fieldbook",
        "Fieldbook",
        user_object="User",
        group_object=None,
        target_user=SMALL_TARGET_USER,
        user_mappings=SMALL_USER_MAPPINGS,
        inbound_rule=True,
        fields=_BASIC,
    ),
    ProvisioningTemplate(
        "fieldbookLegacy",
        "Fieldbook",
        user_object="User",
        group_object=None,
        target_user=SMALL_TARGET_USER,
        user_mappings=SMALL_USER_MAPPINGS,
        default=False,
        fields=_BASIC,
    ),
)
TEMPLATES = {shape.template_id: shape for shape in _SHAPES}


# ---- templates ------------------------------------------------------------------------------------------------------


def templates_of(application_template_id: str | None) -> tuple[ProvisioningTemplate, ...]:
    """The provisioning templates of an application; a plain registration has none."""
    entry = GALLERY.get(application_template_id or "")
    return tuple(TEMPLATES[name] for name in entry.provisioning) if entry else ()


def template_document(shape: ProvisioningTemplate, entry: GalleryEntry) -> Json:
    values = (
        ("AzureIngestionAttributeOptimization", "False"),
        ("AzureIngestionAttributeOptimization", "False"),
        ("galleryApplicationIdentifier", entry.template_id),
        ("galleryApplicationKey", entry.key),
        ("isSynchronizationInPreview", "false"),
        ("configurationFields", json.dumps(shape.fields, separators=(",", ":"))),
    )
    return {
        "id": shape.template_id,
        "applicationId": entry.template_id,
        "default": shape.default,
        "description": None,
        "discoverable": True,
        "factoryTag": shape.template_id,
        "metadata": [{"key": key, "value": value} for key, value in values],
    }


def default_schema(shape: ProvisioningTemplate, directory_name: str, shown_name: str | None = None) -> Json:
    """A whole synchronizationSchema, as the template gives it and as a new job starts with it.

    The directory's name is a parameter, since Microsoft has renamed it and may do so again; mappings may show another.
    """
    shown = directory_name if shown_name is None else shown_name
    return {
        "id": f"{shape.template_id}.{_NO_JOB}",
        "version": "6.0",
        "synchronizationRules": list(_rules(shape, directory_name, shown)),
        "directories": [_source_directory(directory_name), _target_directory(shape)],
    }


# ---- rules ----------------------------------------------------------------------------------------------------------


def _rules(shape: ProvisioningTemplate, directory_name: str, shown: str) -> Iterable[Json]:
    users = _object_mapping(shown, "User", shape.user_object, shape.user_mappings)
    groups = []
    if shape.group_object:
        groups = [_object_mapping(shown, "Group", shape.group_object, GROUP_MAPPINGS)]
    if shape.one_rule:
        yield _rule(shape, directory_name, "USERGROUP_OUTBOUND_USERGROUP", 1, [users, *groups])
    else:
        yield _rule(shape, directory_name, "USER_OUTBOUND_USER", 1, [users])
        if groups:
            yield _rule(shape, directory_name, "GROUP_OUTBOUND_GROUP", 2, groups)
    if shape.inbound_rule:
        rule = _rule(shape, directory_name, "ROLE_INBOUND_APPROLE", 3, [_hidden_mapping()])
        yield rule | {
            "editable": False,
            "sourceDirectoryName": shape.directory,
            "targetDirectoryName": directory_name,
        }


def _rule(shape: ProvisioningTemplate, directory_name: str, name: str, priority: int, mappings: list[Json]) -> Json:
    return {
        "id": stable_id(f"rule/{shape.template_id}/{name}"),
        "name": name,
        "editable": True,
        "priority": priority,
        "sourceDirectoryName": directory_name,
        "targetDirectoryName": shape.directory,
        "containerFilter": None,
        "groupFilter": None,
        "metadata": [
            {"key": "defaultSourceObjectMappings", "value": _other_serialisation(mappings)},
            {"key": "supportsProvisionOnDemand", "value": "true"},
        ],
        "objectMappings": mappings,
    }


def _object_mapping(shown: str, source: str, target: str, table: str) -> Json:
    rows = [_attribute_mapping(line) for line in table.strip().splitlines()]
    joining = next(row["targetAttributeName"] for row in rows if row["matchingPriority"])
    return {
        "name": f"Provision {shown} {source}s",
        "enabled": True,
        "flowTypes": "Add,Update,Delete",
        "sourceObjectName": source,
        "targetObjectName": target,
        "scope": None,
        "attributeMappings": sorted(rows, key=lambda row: str(row["targetAttributeName"])),
        "metadata": _mapping_metadata(joining),
    }


def _hidden_mapping() -> Json:
    row = _attribute_mapping("1 objectId = [objectId]") | {"source": None}
    return {
        "name": None,
        "enabled": False,
        "flowTypes": "Add,Update,Delete",
        "sourceObjectName": "",
        "targetObjectName": "Group",
        "scope": None,
        "attributeMappings": [row],
        "metadata": _mapping_metadata("objectId"),
    }


def _mapping_metadata(joining: str) -> list[Json]:
    values = (
        ("IsCustomerDefined", "false"),
        ("DisableMonitoringForChanges", "false"),
        ("Disposition", '"Normal"'),
        ("ExcludeFromReporting", "false"),
        ("EscrowBehavior", '"Default"'),
        ("Unsynchronized", "false"),
        ("OriginalJoiningProperty", joining),
    )
    return [{"key": key, "value": value} for key, value in values]


def _attribute_mapping(line: str) -> Json:
    target, expression = line.split(" = ", 1)
    priority, matching = 0, target.split(" ", 1)
    if matching[0].isdecimal():
        priority, target = int(matching[0]), matching[1]
    return {
        "defaultValue": None,
        "exportMissingReferences": False,
        "flowBehavior": "FlowWhenChanged",
        "flowType": "Always",
        "matchingPriority": priority,
        "source": to_source(parse(expression)),
        "targetAttributeName": target,
    }


def _other_serialisation(mappings: list[Json]) -> str:
    """The rule's default mappings in the service's inner spelling: capitals, and numbers for enumerations."""
    inner = [
        {
            "AttributeMappings": [
                {
                    "DefaultValue": row["defaultValue"],
                    "ExportMissingReferences": False,
                    "FlowBehavior": 0,
                    "FlowType": 0,
                    "MatchingPriority": row["matchingPriority"],
                    "Source": row["source"]
                    and {"Expression": row["source"]["expression"], "Name": row["source"]["name"]},
                    "TargetAttributeName": row["targetAttributeName"],
                }
                for row in mapping["attributeMappings"]
            ],
            "Enabled": mapping["enabled"],
            "FlowTypes": 7,
            "SourceObjectName": mapping["sourceObjectName"],
            "TargetObjectName": mapping["targetObjectName"],
            "Unsynchronized": False,
        }
        for mapping in mappings
    ]
    return json.dumps(inner, separators=(",", ":"))


# ---- directories ----------------------------------------------------------------------------------------------------


def _source_directory(name: str) -> Json:
    return _directory(
        SOURCE_DIRECTORY_ID, name, [_object("User", SOURCE_USER, {}), _object("Group", SOURCE_GROUP, {})], "objectId"
    )


def _target_directory(shape: ProvisioningTemplate) -> Json:
    names = {"@user": shape.user_object, "@group": shape.group_object or ""}
    objects = [_object(shape.user_object, shape.target_user, names)]
    if shape.group_object:
        objects.append(_object(shape.group_object, TARGET_GROUP, names))
    return _directory(stable_id(f"directory/{shape.template_id}"), shape.directory, objects, "id")


def _directory(key: str, name: str, objects: list[Json], anchor: str) -> Json:
    for definition in objects:
        for attribute in definition["attributes"]:
            for reference in attribute["referencedObjects"]:
                reference["referencedProperty"] = anchor
    return {
        "id": key,
        "name": name,
        "readOnly": False,
        "version": "2015-09-15",
        "discoveryDateTime": None,
        "discoverabilities": "None",
        "objects": objects,
    }


def _object(name: str, table: str, names: Mapping[str, str]) -> Json:
    return {
        "name": name,
        "supportedApis": [],
        "metadata": [
            {"key": "IsSoftDeletionSupported", "value": "true" if "User" in name else "false"},
            {"key": "ConnectorDataStorageRequired", "value": "true"},
            {"key": "IsSynchronizeAllSupported", "value": "true"},
        ],
        "attributes": [_attribute(token, names) for token in table.split()],
    }


def attribute_definition(name: str, **given: object) -> Json:
    """An attributeDefinition with the defaults of an ordinary text."""
    return {
        "anchor": False,
        "apiExpressions": [],
        "caseExact": False,
        "defaultValue": None,
        "flowNullValues": False,
        "metadata": [],
        "multivalued": False,
        "mutability": "ReadWrite",
        "name": name,
        "required": False,
        "referencedObjects": [],
        "type": "String",
    } | given


def _attribute(token: str, names: Mapping[str, str]) -> Json:
    token, _, targets = token.partition(">")
    name, _, kind = token.rpartition(":")
    marked = kind.rstrip("+*!")
    if marked not in ("Boolean", "DateTime", "Reference"):
        name, kind = token, "String"
    marks = token[len(token.rstrip("+*!")) :] + name[len(name.rstrip("+*!")) :]
    plain = name.rstrip("+*!").replace("_eq_", " eq ")
    references = [{"referencedObjectName": names.get(target, target)} for target in targets.split(",") if target]
    return attribute_definition(
        plain,
        anchor="!" in marks,
        multivalued="*" in marks,
        required="+" in marks,
        type=kind.rstrip("+*!"),
        referencedObjects=[reference for reference in references if reference["referencedObjectName"]],
    )
