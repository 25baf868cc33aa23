"""The attributes that an endpoint declares in /Schemas, flattened as Microsoft's validator does. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_CORE = ("urn:ietf:params:scim:schemas:core:2.0:user", "urn:ietf:params:scim:schemas:core:2.0:group")
_REFERENCES = ("manager", "members")


def declared_paths(schemas: Any, *, required: bool = False) -> frozenset[str]:
    """Return the paths of all declared attributes in lower case; only those with `required: true` on request.

    Attributes of an extension begin with its URN. A multi-valued attribute has one path for each canonical type and sub
    attribute, or `n[primary eq "True"].sub` if its type has no canonical values.
    """
    paths: set[str] = set()
    for schema in _objects(schemas):
        urn = str(schema.get("id", "")).lower()
        prefix = "" if urn in _CORE else f"{urn}:"
        for attribute in _objects(schema.get("attributes")):
            if not required or attribute.get("required") is True:
                paths.update(f"{prefix}{path}".lower() for path in _paths(attribute))
    return frozenset(paths)


def _paths(attribute: dict[str, Any]) -> Iterator[str]:
    name = str(attribute.get("name", ""))
    parts = _objects(attribute.get("subAttributes"))
    if name.lower() in _REFERENCES or attribute.get("type") != "complex":
        yield name
        return
    subs = [str(part.get("name", "")) for part in parts]
    if not attribute.get("multiValued"):
        yield from (f"{name}.{sub}" for sub in subs)
        return
    types = next((part.get("canonicalValues") for part in parts if part.get("name") == "type"), None)
    filters = [f'type eq "{kind}"' for kind in types] if isinstance(types, list) and types else ['primary eq "True"']
    yield from (f"{name}[{condition}].{sub}" for condition in filters for sub in subs)


def _objects(values: Any) -> list[dict[str, Any]]:
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []
