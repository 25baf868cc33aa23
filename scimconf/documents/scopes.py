"""Scope filters of an objectMapping: Graph's groups of clauses, and the spec's words for them."""

from __future__ import annotations

from collections.abc import Mapping

from scimconf.snapshot import Json
from scimconf.spec.model.operators import OPERATORS, operator_word, same_spelling


def filters(scope: Json) -> list[Json]:
    """The scope's groups in a normal form."""
    return ordered([_filter(group) for group in _list(scope, "groups") if isinstance(group, Mapping)])


def ordered(groups: list[Json]) -> list[Json]:
    """Filters in one order: one of the groups must hold, and all clauses of it, so order means nothing."""
    inner = [{**one, "all": sorted(one["all"], key=_clause_key)} for one in groups]
    return sorted(inner, key=lambda one: (str(one["name"]), [_clause_key(clause) for clause in one["all"]]))


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
    """The spec's word for one of Graph's spellings; a spelling that nobody knows stays what it is."""
    return operator_word(spelling) or spelling


def operator_spelling(operator: str, live: Json) -> str:
    """What to send: the live job's own spelling where it lists one, whatever its case and spaces."""
    names = [str(one.get("name") or one.get("id") or "") for one in live or () if isinstance(one, Mapping)]
    known = OPERATORS[operator].spellings if operator in OPERATORS else (operator,)
    same = {same_spelling(one) for one in known}
    return next((name for name in names if same_spelling(name) in same), known[0])


def scope(wanted: list[Json], before: Json, live: Json) -> Json:
    """The raw scope for filters in normal form; groups that stay, those of inputs and of categories are carried over."""
    there = [group for group in _list(before, "groups") if isinstance(group, Mapping)]
    groups = [_kept(one, there) or _raw_group(one, live) for one in wanted]
    whole = {**(before or {}), "groups": groups}
    if not any(whole.values()):
        return None
    return {**whole, **{key: [] for key in ("inputFilterGroups", "categoryFilterGroups") if key not in whole}}


def _kept(wanted: Json, there: list[Json]) -> Json | None:
    """The live group that says the same, as it stands."""
    return next((group for group in there if ordered([_filter(group)]) == [wanted]), None)


def _raw_group(wanted: Json, live: Json) -> Json:
    return {"name": wanted["name"], "clauses": [_raw_clause(clause, live) for clause in wanted["all"]]}


def _raw_clause(clause: Json, live: Json) -> Json:
    value = clause["value"]
    values = [] if value is None else value if isinstance(value, list) else [value]
    return {
        "sourceOperandName": clause["attribute"],
        "operatorName": operator_spelling(clause["operator"], live),
        "targetOperand": {"values": values},
    }


def _list(raw: Json, key: str) -> list[Json]:
    value = raw.get(key) if isinstance(raw, Mapping) else None
    return value if isinstance(value, list) else []
