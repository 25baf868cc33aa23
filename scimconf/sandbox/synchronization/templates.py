"""The provisioning templates, and the synchronizationSchemas that are built from them.

`scim`, for applications that are not in the gallery, is reconstructed from Microsoft's documentation and guides of
vendors; the complete template is not published. The other templates are invented examples of gallery applications.
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
    """A provisioning template: its id, its configuration fields, and the parts of its schema."""

    template_id: str
    directory: str
    user_object: str = ENTERPRISE_USER
    group_object: str | None = CORE_GROUP
    target_user: str = TARGET_USER
    user_mappings: str = USER_MAPPINGS
    single_rule: bool = False
    inbound_rule: bool = False
    default: bool = True
    fields: tuple[Mapping[str, object], ...] = field(
        default=({"name": "baseaddress"}, {"name": "secrettoken", "secret": True})
    )


_BASIC = ({"name": "baseaddress"}, {"name": "username"}, {"name": "password", "secret": True})
_TEMPLATES = (
    ProvisioningTemplate("scim", "customappsso"),
    ProvisioningTemplate(
        "parley", "Parley", user_mappings=SMALL_USER_MAPPINGS, target_user=SMALL_TARGET_USER, single_rule=True
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
TEMPLATES = {template.template_id: template for template in _TEMPLATES}


# ---- templates ------------------------------------------------------------------------------------------------------


def templates_of(application_template_id: str | None) -> tuple[ProvisioningTemplate, ...]:
    """Return the provisioning templates of an application template; a plain registration has none."""
    entry = GALLERY.get(application_template_id or "")
    return tuple(TEMPLATES[name] for name in entry.provisioning) if entry else ()


def template_document(template: ProvisioningTemplate, entry: GalleryEntry) -> Json:
    values = (
        ("AzureIngestionAttributeOptimization", "False"),
        ("AzureIngestionAttributeOptimization", "False"),
        ("galleryApplicationIdentifier", entry.template_id),
        ("galleryApplicationKey", entry.key),
        ("isSynchronizationInPreview", "false"),
        ("configurationFields", json.dumps(template.fields, separators=(",", ":"))),
    )
    return {
        "id": template.template_id,
        "applicationId": entry.template_id,
        "default": template.default,
        "description": None,
        "discoverable": True,
        "factoryTag": template.template_id,
        "metadata": [{"key": key, "value": value} for key, value in values],
    }


def default_schema(template: ProvisioningTemplate, directory_name: str, mapping_name: str | None = None) -> Json:
    """Return the synchronizationSchema of a template, with which a new job starts.

    `directory_name` is the name of the source directory, which Microsoft has renamed. `mapping_name` is the one in the
    names of object mappings; default: the same.
    """
    display_name = mapping_name or directory_name
    return {
        "id": f"{template.template_id}.{_NO_JOB}",
        "version": "6.0",
        "synchronizationRules": list(_rules(template, directory_name, display_name)),
        "directories": [_source_directory(directory_name), _target_directory(template)],
    }


# ---- rules ----------------------------------------------------------------------------------------------------------


def _rules(template: ProvisioningTemplate, directory_name: str, display_name: str) -> Iterable[Json]:
    users = _object_mapping(display_name, "User", template.user_object, template.user_mappings)
    groups = []
    if template.group_object:
        groups = [_object_mapping(display_name, "Group", template.group_object, GROUP_MAPPINGS)]
    if template.single_rule:
        yield _rule(template, directory_name, "USERGROUP_OUTBOUND_USERGROUP", 1, [users, *groups])
    else:
        yield _rule(template, directory_name, "USER_OUTBOUND_USER", 1, [users])
        if groups:
            yield _rule(template, directory_name, "GROUP_OUTBOUND_GROUP", 2, groups)
    if template.inbound_rule:
        rule = _rule(template, directory_name, "ROLE_INBOUND_APPROLE", 3, [_hidden_mapping()])
        yield rule | {
            "editable": False,
            "sourceDirectoryName": template.directory,
            "targetDirectoryName": directory_name,
        }


def _rule(template: ProvisioningTemplate, directory_name: str, name: str, priority: int, mappings: list[Json]) -> Json:
    return {
        "id": stable_id(f"rule/{template.template_id}/{name}"),
        "name": name,
        "editable": True,
        "priority": priority,
        "sourceDirectoryName": directory_name,
        "targetDirectoryName": template.directory,
        "containerFilter": None,
        "groupFilter": None,
        "metadata": [
            {"key": "defaultSourceObjectMappings", "value": _internal_json(mappings)},
            {"key": "supportsProvisionOnDemand", "value": "true"},
        ],
        "objectMappings": mappings,
    }


def _object_mapping(display_name: str, source: str, target: str, table: str) -> Json:
    rows = [_attribute_mapping(line) for line in table.strip().splitlines()]
    joining = next(row["targetAttributeName"] for row in rows if row["matchingPriority"])
    return {
        "name": f"Provision {display_name} {source}s",
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


def _internal_json(mappings: list[Json]) -> str:
    """Return mappings in the internal JSON of the service: capitalized names, and numbers for enumerations."""
    documents = [
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
    return json.dumps(documents, separators=(",", ":"))


# ---- directories ----------------------------------------------------------------------------------------------------


def _source_directory(name: str) -> Json:
    return _directory(
        SOURCE_DIRECTORY_ID, name, [_object("User", SOURCE_USER, {}), _object("Group", SOURCE_GROUP, {})], "objectId"
    )


def _target_directory(template: ProvisioningTemplate) -> Json:
    names = {"@user": template.user_object, "@group": template.group_object or ""}
    objects = [_object(template.user_object, template.target_user, names)]
    if template.group_object:
        objects.append(_object(template.group_object, TARGET_GROUP, names))
    return _directory(stable_id(f"directory/{template.template_id}"), template.directory, objects, "id")


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


def attribute_definition(name: str, **properties: object) -> Json:
    """Return an attributeDefinition; the defaults are those of an optional string."""
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
    } | properties


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
