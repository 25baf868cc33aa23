"""The provisioning templates, each with the synchronizationSchema with which a new job starts.

`scim`, for applications that are not in the gallery, has the rule, objects, attributes, metadata and order of a published
schema of 2020, the attributes that newer sources add to it, and the default mappings of Microsoft's documentation. Those
of Salesforce, Zendesk, Slack and Zoom, and those in `data/vendors`, have the credentials, attributes and roles that public
pages name; the others are invented examples of gallery applications.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from scimconf.sandbox.data_files import names_in, read_data
from scimconf.sandbox.gallery import CUSTOM, GALLERY, VENDORS
from scimconf.sandbox.http_types import Json
from scimconf.sandbox.switches import Switches
from scimconf.sandbox.synchronization.gallery_templates import expand
from scimconf.sandbox.synchronization.template_metadata import complex_definitions, default_source_mappings

SCHEMA_DEFAULTS: dict[str, Json] = read_data("schema_defaults.json")
_SOURCE_DIRECTORY = "Azure Active Directory"  # the name of the source directory in the data files
_TARGET_DIRECTORY = "customappsso"  # the name of the target directory of applications that are not in the gallery


@dataclass(frozen=True, slots=True)
class ProvisioningTemplate:
    """A provisioning template: id, whether it is the default, configuration fields and synchronizationSchema.

    With `oauth` an administrator authorizes the connection in the portal, and the service itself has the tokens.
    """

    template_id: str
    default: bool
    fields: list[Json]
    schema: Json
    oauth: bool = False


@dataclass(frozen=True, slots=True)
class SchemaNames:
    """The names in a schema that differ between jobs: those of the two directories, and how mappings are named.

    `target_directory` replaces the name of the target directory of applications that are not in the gallery.
    `object_mapping` has the placeholders `{object}`, the plural of the source object, and `{target}`.
    """

    source_directory: str = "Microsoft Entra ID"
    target_directory: str = _TARGET_DIRECTORY
    object_mapping: str = "Provision Microsoft Entra ID {object}"


def attribute_definition(name: str, **properties: object) -> Json:
    """Return an attributeDefinition; the defaults are those of an optional string."""
    return SCHEMA_DEFAULTS["attribute"] | {"name": name} | properties


def attribute_mapping(target: str, **properties: object) -> Json:
    return SCHEMA_DEFAULTS["attribute_mapping"] | {"targetAttributeName": target} | properties


def _read_template(name: str, *, is_vendor: bool = False) -> ProvisioningTemplate:
    """Read a template; its file omits the properties of attributes and mappings that have their defaults.

    An attribute that has only defaults is its name. `hidden_mappings` describes metadata; see `template_metadata`.
    """
    content = read_data(f"{VENDORS}/{name}.json")["template"] if is_vendor else read_data(f"templates/{name}.json")
    if "schema" not in content:
        content = expand(content, read_data("templates/parley.json")["schema"]["directories"][0])
    hidden = content.pop("hidden_mappings", [])
    template = ProvisioningTemplate(**content)
    objects = [definition for directory in template.schema["directories"] for definition in directory["objects"]]
    complex_metadata = complex_definitions({definition["name"]: definition for definition in objects}, hidden)
    for definition in objects:
        definition["attributes"] = [_attribute(entry, complex_metadata) for entry in definition["attributes"]]
    for rule in template.schema["synchronizationRules"]:
        if hidden:
            rule["metadata"].insert(0, default_source_mappings(hidden))
        for mapping in rule["objectMappings"]:
            rows = mapping["attributeMappings"]
            mapping["attributeMappings"] = [SCHEMA_DEFAULTS["attribute_mapping"] | row for row in rows]
    return template


def _attribute(entry: Any, complex_metadata: dict[str, Json]) -> Json:
    if isinstance(entry, str):
        return attribute_definition(entry)
    properties = dict(entry)
    inner = properties.pop("complexObject", None)
    if inner is not None:
        properties["metadata"] = [complex_metadata[inner]]
    return attribute_definition(**properties)


_VENDOR_FILES = set(names_in(VENDORS))
TEMPLATES = {
    name: _read_template(name, is_vendor=f"{name}.json" in _VENDOR_FILES)
    for entry in GALLERY.values()
    for name in entry.provisioning
}


def templates_of(application_template_id: str | None, switches: Switches) -> tuple[ProvisioningTemplate, ...]:
    """Return the provisioning templates of an application template.

    Those of a plain registration, whose id is None, are none or those of a non-gallery application, by a switch.
    """
    if application_template_id is None and switches.plain_registration_jobs == "refused":
        return ()
    entry = GALLERY.get(application_template_id or CUSTOM)
    return tuple(TEMPLATES[name] for name in entry.provisioning) if entry else ()


def template_document(template: ProvisioningTemplate, application_template_id: str | None) -> Json:
    entry = GALLERY[application_template_id or CUSTOM]
    values = (
        ("AzureIngestionAttributeOptimization", "False"),
        ("AzureIngestionAttributeOptimization", "False"),
        ("galleryApplicationIdentifier", entry.template_id),
        ("galleryApplicationKey", entry.key),
        ("isSynchronizationInPreview", "false"),
        ("configurationFields", json.dumps(template.fields, separators=(",", ":"))),
        *([("isOAuthEnabled", "true")] if template.oauth else []),
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


def default_schema(template: ProvisioningTemplate, names: SchemaNames) -> Json:
    """Return the synchronizationSchema of a template, with which a new job starts."""
    document: Json = json.loads(json.dumps(template.schema))  # a copy
    renamed = {_SOURCE_DIRECTORY: names.source_directory, _TARGET_DIRECTORY: names.target_directory}
    for directory in document["directories"]:
        directory["name"] = renamed.get(directory["name"], directory["name"])
    for rule in document["synchronizationRules"]:
        for side in ("sourceDirectoryName", "targetDirectoryName"):
            rule[side] = renamed.get(rule[side], rule[side])
        for mapping in rule["objectMappings"]:
            if mapping["name"] and rule["sourceDirectoryName"] == names.source_directory:
                mapping["name"] = _mapping_name(mapping, rule, names)
    return document


def _mapping_name(mapping: Json, rule: Json, names: SchemaNames) -> str:
    plural = f"{mapping['sourceObjectName']}s"
    return names.object_mapping.format(object=plural, target=rule["targetDirectoryName"])
