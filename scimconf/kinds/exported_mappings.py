"""The export of object mappings, attribute mappings and attribute definitions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from scimconf import expressions
from scimconf.documents import definitions, rows, schema
from scimconf.kinds.exported import ExportedSpec, ExportRequest
from scimconf.snapshot import Json
from scimconf.spec.model import AttributeDefinition
from scimconf.spec.model.operators import OPERATORS

Fields = Mapping[str, Json]
_TYPES, _MUTABILITY = (get_args(AttributeDefinition.model_fields[name].annotation) for name in ("type", "mutability"))
_MODELLED = frozenset({"type", "multivalued", "required", "case_exact", "mutability", "references"})
_DEFAULTS: tuple[Json, ...] = (False, [], "read_write")
_RAW_DEFAULTS: tuple[Json, ...] = (None, False, [])


@dataclass(frozen=True, slots=True)
class _Section:
    """One objectMapping that a spec can express: where it is, and where the template's default schema has it."""

    selector: schema.Selector
    location: schema.MappingLocation
    default: schema.MappingLocation | None
    raw: Json
    default_raw: Json

    @property
    def name(self) -> str:
        return self.selector.name


def _sections(request: ExportRequest, part: ExportedSpec | None = None) -> Iterator[_Section]:
    """Yield the sections of a spec; objectMappings that no section can select are added to what `part` omits."""
    raw, default_raw = request.snapshot.get("schema"), request.snapshot.get("default_schema")
    for selector, location in _selected(raw, part or ExportedSpec()) if raw is not None else ():
        default = None if default_raw is None else schema.find_object_mapping(default_raw, selector)
        yield _Section(selector, location, default, raw, default_raw)


def _selected(raw: Json, part: ExportedSpec) -> Iterator[tuple[schema.Selector, schema.MappingLocation]]:
    named = {}
    for name in schema.SOURCE_OBJECTS:
        location = schema.find_object_mapping(raw, schema.Selector(name))
        if location is not None:
            named[location.rule_index, location.mapping_index] = schema.Selector(name)
    for location in schema.object_mappings(raw):
        index = (location.rule_index, location.mapping_index)
        selector = named.get(index) or _selector(location, {known.name for known in named.values()})
        if location.rule.get("editable") is False:
            part.omitted.append(f"the mapping {location} belongs to a rule that cannot be edited")
        elif index not in named and (not selector.source or len(schema.matching(raw, selector)) != 1):
            part.omitted.append(f"the mapping {location} has no source, or cannot be distinguished from another one")
        else:
            named[index] = selector
            yield selector, location


def _selector(location: schema.MappingLocation, taken: set[str]) -> schema.Selector:
    source, target = (str(location.mapping.get(f"{side}ObjectName") or "") for side in ("source", "target"))
    base = re.sub(r"[^a-z0-9]+", "_", f"{source}_to_{target.rpartition(':')[2]}".lower()).strip("_") or "mapping"
    names = (base, *(f"{base}_{number}" for number in range(2, 99)))
    name = next(name for name in names if name not in taken)
    return schema.Selector(name, str(location.rule.get("id") or location.rule.get("name") or ""), source, target)


def export_object_mappings(request: ExportRequest) -> ExportedSpec:
    """Return the fields of every section, with `unlisted: report`: what is changed or added later is drift."""
    part = ExportedSpec()
    for section in _sections(request, part):
        _add(part, section, {**_object_fields(section, part), "unlisted": "report"})
    return part


def _add(part: ExportedSpec, section: _Section, exported: dict[str, Any]) -> None:
    if exported:
        part.tree.setdefault("mappings", {})[section.name] = exported


def section_selectors(request: ExportRequest) -> Mapping[str, Mapping[str, str]]:
    """Return section name → the keys that select its objectMapping, if the name alone does not."""
    selectors = (section.selector for section in _sections(request))
    keys = {each.name: {"source": each.source, "target": each.target, "rule": each.rule} for each in selectors}
    return {name: {key: value for key, value in part.items() if value} for name, part in keys.items()}


def _object_fields(section: _Section, part: ExportedSpec) -> dict[str, Any]:
    exported = dict(rows.object_fields(section.location.mapping))
    if any(action not in rows.ACTIONS for action in exported.get("actions", ())):
        actions = exported.pop("actions")
        part.omitted.append(f"{section.name} has actions that a spec cannot express: {actions}")
    filters = _filters(exported.pop("filters"))
    if isinstance(filters, str):
        part.omitted.append(f"{section.name} has {filters}")
    else:
        exported["filters"] = filters
    return exported


def _filters(filters: Json) -> list[dict[str, Any]] | str:
    """Return the filters as a spec writes them, or what is wrong with them in words."""
    clauses = [clause for scoping_filter in filters for clause in scoping_filter["all"]]
    if not all(map(_is_expressible, clauses)) or not all(scoping_filter["all"] for scoping_filter in filters):
        return "filters that a spec cannot express"
    if any(not scoping_filter["name"] for scoping_filter in filters):
        return "a filter without a name"
    return [{"name": each["name"], "all": each["all"]} for each in filters]


def _is_expressible(clause: Json) -> bool:
    operator, value = clause["operator"], clause.get("value")
    is_unary = operator in OPERATORS and OPERATORS[operator].unary
    fits = value is None if is_unary else isinstance(value, str) or operator not in OPERATORS
    return bool(clause["attribute"]) and bool(operator) and not isinstance(value, list) and fits


def export_definitions(request: ExportRequest, side: Literal["source", "target"]) -> ExportedSpec:
    """Return the attribute definitions of one side that the template does not have, or has differently."""
    part = ExportedSpec()
    for section in _sections(request):
        exported = _all_definitions(section, side) if request.definitions else _changed_definitions(section, side, part)
        _add(part, section, {f"{side}_attributes": exported} if exported or request.definitions else {})
    return part


def _changed_definitions(section: _Section, side: str, part: ExportedSpec) -> dict[str, Any]:
    if section.default is None:
        return {}
    default = {
        definition.get("name"): definitions.definition_fields(definition)
        for definition in schema.definitions(section.default_raw, section.default, side)
    }
    exported = {}
    for definition in schema.definitions(section.raw, section.location, side):
        fields, name = definitions.definition_fields(definition), str(definition.get("name") or "")
        if not name or default.get(name) == fields:
            continue
        if _is_known(fields):
            exported[name] = _definition(fields, default.get(name, {}))
        else:
            part.omitted.append(f"the {side} attribute {name} has a type or mutability that a spec cannot express")
    return exported


def _all_definitions(section: _Section, side: str) -> dict[str, Any]:
    """Return every definition with every field, to compare it with what a spec writes."""
    exported = {}
    for definition in reversed(schema.definitions(section.raw, section.location, side)):
        fields, name = definitions.definition_fields(definition), str(definition.get("name") or "")
        if name and _is_known(fields):
            modelled = {key: fields[key] for key in fields if key in _MODELLED}
            exported[name] = {**modelled, "raw": {key: fields[key] for key in fields if key not in _MODELLED}}
    return exported


def _is_known(fields: Fields) -> bool:
    return fields["type"] in _TYPES and fields["mutability"] in _MUTABILITY


def _definition(fields: Fields, default: Fields) -> dict[str, Any]:
    """Return the fields that differ from a plain new attribute, or from the template's attribute of that name."""
    differing = {
        key: value
        for key, value in fields.items()
        if value not in (_DEFAULTS if key in _MODELLED else _RAW_DEFAULTS) or default.get(key, value) != value
    }
    modelled = {key: value for key, value in differing.items() if key in _MODELLED}
    raw = {key: value for key, value in differing.items() if key not in _MODELLED}
    return {**modelled, **({"raw": raw} if raw else {})}


def export_attribute_mappings(request: ExportRequest) -> ExportedSpec:
    """Return the rows of every section; a comment says what the template has instead."""
    part = ExportedSpec()
    for section in _sections(request):
        exported = _rows(section, part)
        _add(part, section, {"attributes": exported} if exported else {})
    return part


def _rows(section: _Section, part: ExportedSpec) -> dict[str, Any]:
    live = _row_fields(section.location)
    default = _row_fields(section.default) if section.default is not None else {}
    counts = Counter(str(row.get("targetAttributeName")) for row in schema.rows(section.location))
    matches = Counter(fields["match"] for fields in live.values() if fields["match"] is not None)
    exported: dict[str, Any] = {}
    for target, fields in live.items():
        is_unique = counts[target] == 1 and matches[fields["match"]] <= 1
        row = _row(fields) if is_unique else None
        if row is None:
            part.omitted.append(f"a spec cannot express the mapping of {section.name} to {target}")
            continue
        exported[target] = row
        if section.default is not None and default.get(target) != fields:
            path = ("mappings", section.name, "attributes", target)
            part.comments[path] = f"the template has {_in_words(default.get(target))}"
    return exported | {target: {"absent": True} for target in default if target not in live}


def _row_fields(location: schema.MappingLocation) -> dict[str, Fields]:
    return {str(row.get("targetAttributeName")): rows.row_fields(row) for row in schema.rows(location)}


def _in_words(fields: Fields | None) -> str:
    if fields is None:
        return "none"
    return str(fields["source"]) + (f", match {fields['match']}" if fields["match"] else "")


def _row(fields: Fields) -> Any:
    """Return a row as a spec writes it; None if it cannot be expressed."""
    row = _source(fields["source"])
    is_known = fields["apply"] in rows.APPLY and fields["flow_behavior"] in rows.FLOW
    if row is None or not is_known or (row == {"source": None} and not fields["default"]):
        return None
    for key, default in (("match", None), ("default", None), ("apply", "always"), ("flow_behavior", "when_changed")):
        if fields[key] != default:
            row[key] = fields[key]
    if fields["export_missing_references"]:
        row["export_missing_references"] = True
    return row["source"] if list(row) == ["source"] and row["source"] is not None else row


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
