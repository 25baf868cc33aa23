"""Attribute definitions of a directory object: Graph's fields and the fields of the spec."""

from __future__ import annotations

from collections.abc import Mapping

from scimconf.json_types import Json

_DEFINITION = {"type": "type", "multivalued": "multivalued", "required": "required", "case_exact": "caseExact"}
_FALLBACKS: Mapping[str, Json] = {
    "type": "string",
    "multivalued": False,
    "required": False,
    "case_exact": False,
    "mutability": "read_write",
    "references": [],
}
_MUTABILITY = {"read_write": "ReadWrite", "read_only": "ReadOnly", "immutable": "Immutable", "write_only": "WriteOnly"}
_TYPES = {name.lower(): name for name in ("String", "Integer", "Reference", "Binary", "Boolean", "DateTime")}
_OWN_KEYS = frozenset({*_DEFINITION.values(), "mutability", "referencedObjects", "name"})


def definition_fields(definition: Json) -> dict[str, Json]:
    """Return an attributeDefinition as the fields of the spec; Graph's other fields keep their names."""
    raw = {field: definition.get(key) for field, key in _DEFINITION.items()}
    fields = {field: _FALLBACKS[field] if value is None else value for field, value in raw.items()}
    fields["type"] = str(fields["type"]).lower()
    mutability = definition.get("mutability") or "ReadWrite"
    spec_names = {value: name for name, value in _MUTABILITY.items()}
    references = filter(None, definition.get("referencedObjects") or ())
    return {
        **fields,
        "mutability": spec_names.get(mutability, mutability),
        "references": sorted(str(reference.get("referencedObjectName")) for reference in references),
        **{key: value for key, value in definition.items() if key not in _OWN_KEYS},
    }


def definition_raw(name: str, fields: Mapping[str, Json]) -> Json:
    """Return a new attributeDefinition with every property, as definitions that work in published scripts have them."""
    full = {**_FALLBACKS, **fields}
    extra = {key: value for key, value in fields.items() if key not in _FALLBACKS}
    return {
        "name": name,
        "type": _TYPES[full["type"]],
        "required": full["required"],
        "multivalued": full["multivalued"],
        "anchor": False,
        "caseExact": full["case_exact"],
        "defaultValue": None,
        "flowNullValues": False,
        "mutability": _MUTABILITY[full["mutability"]],
        "apiExpressions": [],
        "metadata": [],
        "referencedObjects": [
            {"referencedObjectName": target, "referencedProperty": None} for target in full["references"]
        ],
        **extra,
    }


def changed(definition: Json, fields: Mapping[str, Json]) -> Json:
    """Return the attributeDefinition with the fields that differ; everything else is preserved."""
    current, full = definition_fields(definition), definition_raw(str(definition["name"]), fields)
    keys = {**_DEFINITION, "mutability": "mutability", "references": "referencedObjects"}
    different = [keys.get(field, field) for field, value in fields.items() if current.get(field) != value]
    return {**definition, **{key: full[key] for key in different}}
