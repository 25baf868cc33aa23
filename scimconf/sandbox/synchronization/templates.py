"""The provisioning templates, each with the synchronizationSchema with which a new job starts.

`scim`, for applications that are not in the gallery, is reconstructed from Microsoft's documentation and guides of
vendors; the complete template is not published. The other templates are invented examples of gallery applications.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from scimconf.sandbox.data_files import read_data
from scimconf.sandbox.gallery import GALLERY, GalleryEntry
from scimconf.sandbox.http_types import Json

SCHEMA_DEFAULTS: dict[str, Json] = read_data("schema_defaults.json")
_DIRECTORY = "Azure Active Directory"  # the name of the source directory in the data files


@dataclass(frozen=True, slots=True)
class ProvisioningTemplate:
    """A provisioning template: id, whether it is the default, configuration fields and synchronizationSchema."""

    template_id: str
    default: bool
    fields: list[Json]
    schema: Json


def attribute_definition(name: str, **properties: object) -> Json:
    """Return an attributeDefinition; the defaults are those of an optional string."""
    return {"name": name} | SCHEMA_DEFAULTS["attribute"] | properties


def attribute_mapping(target: str, **properties: object) -> Json:
    return SCHEMA_DEFAULTS["attribute_mapping"] | properties | {"targetAttributeName": target}


def _read_template(name: str) -> ProvisioningTemplate:
    """Read a template; its file omits the properties of attributes and mappings that have their defaults."""
    template = ProvisioningTemplate(**read_data(f"templates/{name}.json"))
    for directory in template.schema["directories"]:
        for definition in directory["objects"]:
            definition["attributes"] = [attribute_definition(**attribute) for attribute in definition["attributes"]]
    for rule in template.schema["synchronizationRules"]:
        for mapping in rule["objectMappings"]:
            rows = mapping["attributeMappings"]
            mapping["attributeMappings"] = [SCHEMA_DEFAULTS["attribute_mapping"] | row for row in rows]
    return template


TEMPLATES = {name: _read_template(name) for name in ("scim", "parley", "fieldbook", "fieldbookLegacy")}


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
    text = json.dumps(template.schema)
    text = text.replace(f'"Provision {_DIRECTORY} ', f'"Provision {mapping_name or directory_name} ')
    document: Json = json.loads(text.replace(f'"{_DIRECTORY}"', f'"{directory_name}"'))
    return document
