"""Scope filters of an objectMapping: Graph's groups of clauses, and the spec's words for them."""

from __future__ import annotations

from collections.abc import Mapping

from scimconf.spec.model.operators import OPERATORS, operator_word
from scimconf.wire import Json


def filters(scope: Json) -> list[Json]:
    """The scope's groups in a normal form; their order means nothing, since they are alternatives."""
    groups = [_filter(group) for group in _list(scope, "groups") if isinstance(group, Mapping)]
    return sorted(groups, key=lambda one: (str(one["name"]), str(one["all"])))


def _filter(group: Json) -> Json:
    return {"name": group.get("name") or "", "all": [_clause(clause) for clause in _list(group, "clauses")]}


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
    """What to send: the live job's own spelling where it lists one."""
    names = [str(one.get("name") or one.get("id") or "") for one in live or () if isinstance(one, Mapping)]
    fallback = OPERATORS[operator].spellings[0] if operator in OPERATORS else operator
    return next((name for name in names if word(name) == operator), fallback)


def scope(wanted: list[Json], before: Json, live: Json) -> Json:
    """The raw scope for filters in normal form; groups of inputs and categories are carried over."""
    kept = {key: value for key, value in (before or {}).items() if key != "groups"}
    groups = [{"name": one["name"], "clauses": [_raw_clause(clause, live) for clause in one["all"]]} for one in wanted]
    if not groups and not any(kept.values()):
        return None
    return {"groups": groups, "inputFilterGroups": [], "categoryFilterGroups": [], **kept}


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
