"""Scoping filters of an objectMapping: Graph's groups of clauses and their normal form, which the spec uses."""

from __future__ import annotations

from collections.abc import Mapping

from scimconf.json_types import Json
from scimconf.spec.model.operators import OPERATORS, operator_word, same_spelling


def filters(scope: Json) -> list[Json]:
    """Return the groups of a scope in normal form."""
    return ordered([_filter(group) for group in _list(scope, "groups") if isinstance(group, Mapping)])


def ordered(groups: list[Json]) -> list[Json]:
    """Return filters in a fixed order: one group must match with all of its clauses, so their order has no meaning."""
    inner = [{**group, "all": sorted(group["all"], key=_clause_key)} for group in groups]
    return sorted(inner, key=lambda group: (str(group["name"]), [_clause_key(clause) for clause in group["all"]]))


def _clause_key(clause: Json) -> tuple[str, str, str]:
    return str(clause["attribute"]), str(clause["operator"]), str(clause["value"])


def _filter(group: Json) -> Json:
    clauses = [_clause(clause) for clause in _list(group, "clauses") if isinstance(clause, Mapping)]
    return {"name": group.get("name") or "", "all": clauses}


def _clause(clause: Json) -> Json:
    operand = clause.get("targetOperand") or {}
    values = [str(value) for value in operand.get("values") or ()]
    return {
        "attribute": clause.get("sourceOperandName"),
        "operator": word(str(clause.get("operatorName") or "")),
        "value": values[0] if len(values) == 1 else values or None,
    }


def word(spelling: str) -> str:
    """Return the spec's name of an operator in one of Graph's spellings; an unknown spelling is returned as it is."""
    return operator_word(spelling) or spelling


def operator_spelling(operator: str, supported: Json) -> str:
    """Return the spelling to send: that of the job's `supported` operators, whatever its case and spaces."""
    names = [
        str(supported_operator.get("name") or supported_operator.get("id") or "")
        for supported_operator in supported or ()
        if isinstance(supported_operator, Mapping)
    ]
    spellings = OPERATORS[operator].spellings if operator in OPERATORS else (operator,)
    normal = {same_spelling(spelling) for spelling in spellings}
    return next((name for name in names if same_spelling(name) in normal), spellings[0])


def scope(groups: list[Json], current: Json, supported: Json) -> Json:
    """Return the raw scope for filters in normal form, or None for an empty one.

    Groups of the current scope that are equal are preserved as they are, as are inputFilterGroups and
    categoryFilterGroups.
    """
    existing = [group for group in _list(current, "groups") if isinstance(group, Mapping)]
    raw_groups = [_equal_group(group, existing) or _raw_group(group, supported) for group in groups]
    raw = {**(current or {}), "groups": raw_groups}
    if not any(raw.values()):
        return None
    return {**raw, **{key: [] for key in ("inputFilterGroups", "categoryFilterGroups") if key not in raw}}


def _equal_group(group: Json, existing: list[Json]) -> Json | None:
    return next((raw for raw in existing if ordered([_filter(raw)]) == [group]), None)


def _raw_group(group: Json, supported: Json) -> Json:
    return {"name": group["name"], "clauses": [_raw_clause(clause, supported) for clause in group["all"]]}


def _raw_clause(clause: Json, supported: Json) -> Json:
    value = clause["value"]
    values = [] if value is None else value if isinstance(value, list) else [value]
    return {
        "sourceOperandName": clause["attribute"],
        "operatorName": operator_spelling(clause["operator"], supported),
        "targetOperand": {"values": values},
    }


def _list(raw: Json, key: str) -> list[Json]:
    value = raw.get(key) if isinstance(raw, Mapping) else None
    return value if isinstance(value, list) else []
