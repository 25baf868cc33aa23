"""Attribute definitions of a directory's object: Graph's words and the spec's."""

from __future__ import annotations

from collections.abc import Mapping

from scimconf.snapshot import Json

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
_TYPES = {
    "string": "String",
    "integer": "Integer",
    "reference": "Reference",
    "binary": "Binary",
    "boolean": "Boolean",
    "datetime": "DateTime",
}


def definition_fields(definition: Json) -> dict[str, Json]:
    """An attributeDefinition in the spec's words; Graph's other fields stand under their own names."""
    said = {word: definition.get(key) for word, key in _DEFINITION.items()}
    known = {word: _FALLBACKS[word] if value is None else value for word, value in said.items()}
    known["type"] = str(known["type"]).lower()
    mutability = definition.get("mutability") or "ReadWrite"
    words = {value: word for word, value in _MUTABILITY.items()}
    return {
        **known,
        "mutability": words.get(mutability, mutability),
        "references": sorted(
            str(one.get("referencedObjectName")) for one in definition.get("referencedObjects") or () if one
        ),
        **{key: value for key, value in definition.items() if key not in _OWN_KEYS},
    }


_OWN_KEYS = frozenset({*_DEFINITION.values(), "mutability", "referencedObjects", "name"})


def definition_raw(name: str, fields: Mapping[str, Json]) -> Json:
    """A new attributeDefinition, every property written (a working one, from public scripts, has them all)."""
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
        "referencedObjects": [{"referencedObjectName": one, "referencedProperty": None} for one in full["references"]],
        **extra,
    }


def changed(definition: Json, value: Mapping[str, Json]) -> Json:
    """The definition with the written fields that differ; everything else as it was."""
    now, full = definition_fields(definition), definition_raw(str(definition["name"]), value)
    names = {**_DEFINITION, "mutability": "mutability", "references": "referencedObjects"}
    wanted = {names.get(word, word): full[names.get(word, word)] for word, one in value.items() if now.get(word) != one}
    return {**definition, **wanted}
