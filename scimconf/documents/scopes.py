"""Scoping filters of an objectMapping: Graph's groups of clauses and their normal form, which the spec uses."""

from __future__ import annotations

from collections.abc import Mapping

from scimconf.documents.shapes import objects_in
from scimconf.json_types import Json
from scimconf.spec.model.operators import OPERATORS, operator_word, same_spelling


def filters(scope: Json) -> list[Json]:
    """Return the groups of a scope in normal form."""
    return ordered([_filter(group) for group in objects_in(scope, "groups")])


def ordered(groups: list[Json]) -> list[Json]:
    """Return filters in a fixed order: one group must match with all of its clauses, so their order has no meaning."""
    inner = [{**group, "all": sorted(group["all"], key=_clause_key)} for group in groups]
    return sorted(inner, key=lambda group: (str(group["name"]), [_clause_key(clause) for clause in group["all"]]))


def _clause_key(clause: Json) -> tuple[str, str, str]:
    return str(clause["attribute"]), str(clause["operator"]), str(clause.get("value"))


def clause_fields(attribute: Json, operator: str, value: Json) -> Json:
    """Return a clause in the spec's words; without a value it has no key `value`, since the spec takes none then."""
    fields = {"attribute": attribute, "operator": operator}
    return fields if value is None else {**fields, "value": value}


def _filter(group: Json) -> Json:
    return {"name": group.get("name") or "", "all": [_clause(clause) for clause in objects_in(group, "clauses")]}


def _clause(clause: Json) -> Json:
    operand = clause.get("targetOperand") or {}
    values = [str(value) for value in operand.get("values") or ()]
    operator = word(str(clause.get("operatorName") or ""))
    return clause_fields(clause.get("sourceOperandName"), operator, values[0] if len(values) == 1 else values or None)


def word(spelling: str) -> str:
    """Return the spec's name of an operator in one of Graph's spellings; an unknown spelling is returned as it is."""
    return operator_word(spelling) or spelling


def operator_spelling(operator: str, supported: Json) -> str:
    """Return the spelling to send: that of the job's `supported` operators, whatever its case and spaces."""
    names = [str(row.get("name") or row.get("id") or "") for row in supported or () if isinstance(row, Mapping)]
    spellings = OPERATORS[operator].spellings if operator in OPERATORS else (operator,)
    normal = {same_spelling(spelling) for spelling in spellings}
    return next((name for name in names if same_spelling(name) in normal), spellings[0])


def scope(groups: list[Json], current: Json, supported: Json) -> Json:
    """Return the raw scope for filters in normal form, or None; equal groups and other keys of `current` are preserved."""
    existing = list(objects_in(current, "groups"))
    raw = {**(current or {}), "groups": [_raw_group(group, existing, supported) for group in groups]}
    if not any(raw.values()):
        return None
    return {**raw, **{key: [] for key in ("inputFilterGroups", "categoryFilterGroups") if key not in raw}}


def _raw_group(group: Json, existing: list[Json], supported: Json) -> Json:
    raw = {"name": group["name"], "clauses": [_raw_clause(clause, supported) for clause in group["all"]]}
    return next((current for current in existing if ordered([_filter(current)]) == [group]), raw)


def _raw_clause(clause: Json, supported: Json) -> Json:
    value = clause.get("value")
    values = [] if value is None else value if isinstance(value, list) else [value]
    return {
        "sourceOperandName": clause["attribute"],
        "operatorName": operator_spelling(clause["operator"], supported),
        "targetOperand": {"values": values},
    }
