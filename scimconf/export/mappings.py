"""The way back for what flows: object mappings, their rows, filters and attributes. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from scimconf import expressions
from scimconf.documents import definitions, rows, schema
from scimconf.export.exported_spec import ExportedSpec
from scimconf.snapshot import Json, Snapshot
from scimconf.spec.model import AttributeDefinition
from scimconf.spec.model.operators import OPERATORS


def declare_mappings(found: ExportedSpec, snapshot: Snapshot, *, full: bool, defined: bool) -> None:
    """What flows: every objectMapping that a spec can speak of, the others in words."""
    live, default = snapshot.get("schema"), snapshot.get("default_schema")
    if live is None:
        return
    said = {}
    for selector, place in _sections(found, live):
        before = None if default is None else schema.find_object_mapping(default, selector)
        section = _section(found, selector, place, live, default, before, full=full or before is None)
        for side in ("target", "source") if defined else ():
            section[f"{side}_attributes"] = _all_definitions(live, place, side)
        if section:
            own = {"source": selector.source, "target": selector.target, "rule": selector.rule}
            said[selector.name] = {**{key: value for key, value in own.items() if value}, **section}
    if said:
        found.tree["mappings"] = said


def _sections(found: ExportedSpec, live: Json) -> Iterator[tuple[schema.Selector, schema.MappingLocation]]:
    """The objectMappings that a spec can speak of; the others are told."""
    named = {}
    for name in schema.SOURCE_OBJECTS:
        place = schema.find_object_mapping(live, schema.Selector(name))
        if place is not None:
            named[place.rule_index, place.mapping_index] = schema.Selector(name)
    for place in schema.object_mappings(live):
        where = (place.rule_index, place.mapping_index)
        selector = named.get(where) or _own(place, {one.name for one in named.values()})
        if place.rule.get("editable") is False:
            found.unsaid.append(f"the mapping {place} belongs to a rule that cannot be edited")
        elif where not in named and (not selector.source or len(schema.matching(live, selector)) != 1):
            found.unsaid.append(f"the mapping {place} cannot be told from others, or has no source")
        else:
            named[where] = selector
            yield selector, place


def _own(place: schema.MappingLocation, taken: set[str]) -> schema.Selector:
    source, target = (str(place.mapping.get(f"{side}ObjectName") or "") for side in ("source", "target"))
    base = re.sub(r"[^a-z0-9]+", "_", f"{source}_to_{target.rpartition(':')[2]}".lower()).strip("_") or "mapping"
    name = next(one for one in (base, *(f"{base}_{number}" for number in range(2, 99))) if one not in taken)
    return schema.Selector(name, str(place.rule.get("id") or place.rule.get("name") or ""), source, target)


def _section(  # noqa: PLR0913  both documents and both places are compared
    found: ExportedSpec,
    selector: schema.Selector,
    place: schema.MappingLocation,
    live: Json,
    default: Json,
    before: schema.MappingLocation | None,
    *,
    full: bool,
) -> dict[str, Any]:
    said = _object(found, selector, place, before, full=full)
    for side in ("target", "source"):
        declared = _definitions(found, live, place, default, before, side)
        if declared:
            said[f"{side}_attributes"] = declared
    attributes = _rows(found, selector, place, before, full=full)
    if full:
        said["unlisted"] = "report"
    if attributes:
        said["attributes"] = attributes
    order = ("enabled", "actions", "target_attributes", "source_attributes", "unlisted", "attributes", "filters")
    return {key: said[key] for key in order if key in said}


def _object(
    found: ExportedSpec,
    selector: schema.Selector,
    place: schema.MappingLocation,
    before: schema.MappingLocation | None,
    *,
    full: bool,
) -> dict[str, Any]:
    now = rows.object_fields(place.mapping)
    was = rows.object_fields(before.mapping) if before is not None else {}
    said = {key: value for key, value in now.items() if full or was.get(key) != value}
    if any(action not in rows.ACTIONS for action in said.get("actions", ())):
        found.unsaid.append(f"{selector.name} has actions that the spec does not know: {said.pop('actions')}")
    filters = said.get("filters", [])
    if not all(_is_sayable(clause) for one in filters for clause in one["all"]) or not all(
        one["all"] for one in filters
    ):
        found.unsaid.append(f"{selector.name} has filters that the spec cannot write")
        del said["filters"]
    elif "filters" in said:
        said["filters"] = [
            {"name": one["name"] or "filter", "all": [_clause(clause) for clause in one["all"]]} for one in filters
        ]
        if any(not one["name"] for one in filters):
            found.unsaid.append(f"{selector.name} has a filter without a name")
            del said["filters"]
    return said


def _is_sayable(clause: Json) -> bool:
    word, value = clause["operator"], clause["value"]
    is_unary = word in OPERATORS and OPERATORS[word].unary
    fits = value is None if is_unary else isinstance(value, str) or word not in OPERATORS
    return bool(clause["attribute"]) and bool(word) and not isinstance(value, list) and fits


def _clause(clause: Json) -> dict[str, Any]:
    return {key: value for key, value in clause.items() if value is not None}


def _definitions(
    found: ExportedSpec,
    live: Json,
    place: schema.MappingLocation,
    default: Json,
    before: schema.MappingLocation | None,
    side: str,
) -> dict[str, Any]:
    """Attributes that the template does not bring along, or brings along otherwise."""
    if before is None:
        return {}
    was = {one.get("name"): definitions.definition_fields(one) for one in schema.definitions(default, before, side)}
    said = {}
    for one in schema.definitions(live, place, side):
        fields, name = definitions.definition_fields(one), str(one.get("name") or "")
        if not name or was.get(name) == fields:
            continue
        if fields["type"] in _TYPES and fields["mutability"] in _MUTABILITY:
            said[name] = _definition(fields, was.get(name, {}))
        else:
            found.unsaid.append(f"the {side} attribute {name} has a type or mutability that a spec does not know")
    return said


def _all_definitions(live: Json, place: schema.MappingLocation, side: str) -> dict[str, Any]:
    """Every attribute with every field, to be compared with what somebody writes of it."""
    said = {}
    for one in reversed(schema.definitions(live, place, side)):
        fields, name = definitions.definition_fields(one), str(one.get("name") or "")
        if name and fields["type"] in _TYPES and fields["mutability"] in _MUTABILITY:
            raw = {key: value for key, value in fields.items() if key not in _PLAIN}
            said[name] = {**{key: fields[key] for key in fields if key in _PLAIN}, "raw": raw}
    return said


_TYPES, _MUTABILITY = (get_args(AttributeDefinition.model_fields[name].annotation) for name in ("type", "mutability"))
_PLAIN = frozenset({"type", "multivalued", "required", "case_exact", "mutability", "references"})


def _definition(fields: Mapping[str, Json], was: Mapping[str, Json]) -> dict[str, Any]:
    """What differs from a plain new attribute, or from the template's of that name."""
    own = {
        key: value
        for key, value in fields.items()
        if key in _PLAIN and (value not in (False, [], "read_write") or was.get(key, value) != value)
    }
    raw = {
        key: value
        for key, value in fields.items()
        if key not in _PLAIN and (value not in (None, False, []) or was.get(key, value) != value)
    }
    return {**own, **({"raw": raw} if raw else {})}


def _rows(
    found: ExportedSpec,
    selector: schema.Selector,
    place: schema.MappingLocation,
    before: schema.MappingLocation | None,
    *,
    full: bool,
) -> dict[str, Any]:
    now = {str(row.get("targetAttributeName")): rows.row_fields(row) for row in schema.rows(place)}
    was = {str(row.get("targetAttributeName")): rows.row_fields(row) for row in schema.rows(before)} if before else {}
    counts = Counter(str(row.get("targetAttributeName")) for row in schema.rows(place))
    matches = Counter(fields["match"] for fields in now.values() if fields["match"] is not None)
    said: dict[str, Any] = {}
    for target, fields in now.items():
        if not full and was.get(target) == fields:
            continue
        is_one = counts[target] == 1 and matches[fields["match"]] <= 1
        written = _row(fields) if is_one else None
        if written is None:
            found.unsaid.append(f"the mapping of {selector.name} to {target} cannot be written")
            continue
        said[target] = written
        path = ("mappings", selector.name, "attributes", target)
        if before is not None and was.get(target) != fields:
            found.comments[path] = f"the template has {_told(was.get(target))}"
    for target in was:
        if target not in now:
            said[target] = {"absent": True}
    return said


def _told(fields: Mapping[str, Json] | None) -> str:
    if fields is None:
        return "none"
    return str(fields["source"]) + (f", match {fields['match']}" if fields["match"] else "")


def _row(fields: Mapping[str, Json]) -> Any:
    """A row as the spec writes it; None where it cannot."""
    said = _source(fields["source"])
    known = fields["apply"] in rows.APPLY and fields["flow_behavior"] in rows.FLOW
    if said is None or not known or (said == {"source": None} and not fields["default"]):
        return None
    for key, plain in (("match", None), ("default", None), ("apply", "always"), ("flow_behavior", "when_changed")):
        if fields[key] != plain:
            said[key] = fields[key]
    if fields["export_missing_references"]:
        said["export_missing_references"] = True
    return said["source"] if list(said) == ["source"] and said["source"] is not None else said


def _source(source: Json) -> dict[str, Any] | None:
    if source is None:
        return {"source": None}
    if not isinstance(source, str):
        return None
    try:
        parsed = expressions.parse(source)
    except expressions.ExpressionError:
        return None
    if isinstance(parsed, expressions.Attribute):
        return {"source": parsed.name}
    return {"constant": parsed.text} if isinstance(parsed, expressions.Constant) else {"expression": source}
