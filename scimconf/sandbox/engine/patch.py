"""PATCH operations in both dialects: what changes a returned resource into the desired one.

The legacy dialect has an operation with a path for each attribute, and booleans as text. The compliant dialect merges
attributes without a filter into operations without a path, whose value has dotted keys.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from scimconf.sandbox.engine.resource import (
    current_manager,
    current_value,
    has_effect,
    role_elements,
    target_path,
    typed,
)
from scimconf.sandbox.engine.values import AppRole, AttributeFlow, Desired, Dialect, Json, ObjectFlow, SentValue
from scimconf.sandbox.switches import Switches

_ADDING = frozenset({"MultiValueAddOnly", "ValueAddOnly", "AttributeAddOnly"})
_COMPLEX, _ASSERTIVE = "AppRoleAssignmentsComplex", "AssertiveAppRoleAssignmentsComplex"


@dataclass(frozen=True, slots=True)
class _Change:
    """A target attribute to write; `exists` says whether the returned resource has a value of it."""

    row: AttributeFlow
    value: SentValue
    exists: bool


def operations(flow: ObjectFlow, desired: Desired, current: Json, dialect: Dialect, switches: Switches) -> list[Json]:
    """Return the operations of one PATCH without references; an empty list if nothing differs.

    `current` is the resource that GET returned.
    """
    rows = [row for row in flow.flows if row.target in desired.values and has_effect(row.target)]
    changes = [change for row in rows if (change := _change(flow, row, desired, current, switches)) is not None]
    if dialect is Dialect.LEGACY:
        return [_legacy(change, desired.roles, switches) for change in changes]
    return _compliant(changes, switches)


# ---- what differs ---------------------------------------------------------------------------------------------------


def _change(
    flow: ObjectFlow, row: AttributeFlow, desired: Desired, current: Json, switches: Switches
) -> _Change | None:
    value, existing = desired.values[row.target], current_value(current, row.target)
    if existing is None:
        hides = flow.kind == "Group" and row.target == "externalId" and switches.externalid_add_on_matched_group == "no"
        return None if hides else _Change(row, value, exists=False)
    if row.flow_type in _ADDING:
        return _addition(row, value, existing)
    is_repeated = row.flow_behavior == "FlowAlways" and switches.flow_always == "sent"
    return _Change(row, value, exists=True) if is_repeated or not _is_equal(row, value, existing) else None


def _addition(row: AttributeFlow, value: SentValue, existing: Any) -> _Change | None:
    """Return the change of a mapping that only adds: the missing values of a list, nothing for an existing value."""
    if isinstance(value, str):
        return None
    texts = _texts(existing)
    missing = tuple(text for text in value if _element_text(text) not in texts)
    return _Change(row, missing, exists=True) if missing else None


def _is_equal(row: AttributeFlow, value: SentValue, existing: Any) -> bool:
    if isinstance(value, str):
        is_text = isinstance(existing, str)
        return _text(typed(row, value)) == _text(typed(row, existing) if is_text else existing)
    texts, new_texts = _texts(existing), {_element_text(text) for text in value}
    return new_texts <= texts if row.roles == _COMPLEX else new_texts == texts


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _texts(elements: Any) -> set[str]:
    """Return the values of a list of texts or of objects with `value`."""
    listed = elements if isinstance(elements, list) else [elements]
    return {_element_text(element.get("value") if isinstance(element, dict) else element) for element in listed}


def _element_text(element: Any) -> str:
    """Return the value of an element; a role that is JSON text has its value inside."""
    if isinstance(element, str) and element.startswith("{"):
        try:
            return str(json.loads(element)["value"])
        except (ValueError, KeyError):
            return element
    return _text(element)


# ---- legacy ---------------------------------------------------------------------------------------------------------


def _legacy(change: _Change, roles: Sequence[AppRole], switches: Switches) -> Json:
    row = change.row
    if isinstance(change.value, str):
        is_lower = row.data_type == "Boolean" and switches.disable_literal == "lower"
        name = "Replace" if _is_replaced(change, switches) else "Add"
        return _operation(name, _path(row.target, switches), change.value.lower() if is_lower else change.value)
    if row.roles == _ASSERTIVE:
        return _operation("Replace", row.target, role_elements(change.value))
    texts = [_role_json(role) for role in roles] if row.roles == _COMPLEX else list(change.value)
    return _operation("Add", row.target, [{"value": text} for text in texts])


def _role_json(role: AppRole) -> str:
    fields = {"id": role.id, "value": role.value, "displayName": role.display_name}
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


# ---- compliant ------------------------------------------------------------------------------------------------------


def _compliant(changes: Iterable[_Change], switches: Switches) -> list[Json]:
    """Return the merged operations, then those with a path: `active`, attributes with a filter, and lists."""
    merged: dict[str, Json] = {}
    separate: list[Json] = []
    for change in changes:
        name = "replace" if _is_replaced(change, switches) else "add"
        if _is_merged(change):
            key = "replace" if switches.flag_pathless_ops == "replace" else name
            merged.setdefault(key, {})[change.row.target] = typed(change.row, str(change.value))
        else:
            separate.append(_with_path(change, name, switches))
    return [{"op": name, "value": merged[name]} for name in ("replace", "add") if name in merged] + separate


def _is_merged(change: _Change) -> bool:
    is_filtered = target_path(change.row.target).is_filtered
    return isinstance(change.value, str) and not is_filtered and change.row.target != "active"


def _with_path(change: _Change, name: str, switches: Switches) -> Json:
    row = change.row
    if isinstance(change.value, str):
        return _operation(name, _path(row.target, switches), typed(row, change.value))
    if row.roles:
        return _operation("replace" if row.roles == _ASSERTIVE else "add", row.target, role_elements(change.value))
    return _operation(name, row.target, [{"value": text} for text in change.value])


def _is_replaced(change: _Change, switches: Switches) -> bool:
    return change.exists or switches.add_or_replace == "replace"


def _path(target: str, switches: Switches) -> str:
    if switches.primary_literal == "text":
        return target
    return target.replace('[primary eq "True"]', "[primary eq true]").replace(
        '[primary eq "False"]', "[primary eq false]"
    )


def _operation(name: str, path: str, value: Any) -> Json:
    return {"op": name, "path": path, "value": value}


# ---- references -----------------------------------------------------------------------------------------------------


def manager_operation(
    row: AttributeFlow, manager: str | None, current: Json, dialect: Dialect, switches: Switches
) -> Json | None:
    """Return the operation that sets the manager to an id in the application, or removes it; None if nothing differs."""
    existing = current_manager(current, row.target)
    if manager is None:
        return _without_manager(row.target, existing, dialect, switches) if existing else None
    if manager == existing:
        return None
    name = "Replace" if existing or switches.add_or_replace == "replace" else "Add"
    value: Any = manager if switches.manager_value == "string" else {"value": manager}
    return _operation(_cased(name, dialect), row.target, value)


def _without_manager(target: str, existing: str, dialect: Dialect, switches: Switches) -> Json:
    form = switches.manager_clear
    if form == "filter":
        return {"op": _cased("Remove", dialect), "path": f"{target}[value eq {json.dumps(existing)}]"}
    if form == "by_dialect" and dialect is Dialect.LEGACY:
        return {"op": "Remove", "path": target}
    return _operation(_cased("Replace", dialect), target, {"value": ""} if form == "object" else "")


@dataclass(frozen=True, slots=True)
class MemberChanges:
    """The ids, in the application, of members to add to a group and to remove from it."""

    added: Sequence[str] = ()
    removed: Sequence[str] = ()


def member_operations(
    row: AttributeFlow, changes: MemberChanges, current: Json, dialect: Dialect, switches: Switches
) -> list[list[Json]]:
    """Return the operations of each PATCH of a group: the members one by one, or as many as `member_batch` permits.

    If GET returned members although they were excluded, an addition replaces all of them, as in the service.
    """
    returned = bool(current_value(current, row.target)) and switches.members_replace_when_returned == "yes"
    name = _cased("Replace" if returned else "Add", dialect)
    additions = [
        [_operation(name, row.target, _members(keys))] for keys in _batches(changes.added, switches.member_batch)
    ]
    removals = _batches(changes.removed, switches.member_batch)
    return additions + [_removal(row.target, keys, dialect, switches) for keys in removals]


def _removal(target: str, keys: Sequence[str], dialect: Dialect, switches: Switches) -> list[Json]:
    name = _cased("Remove", dialect)
    if dialect is Dialect.LEGACY or switches.member_removal == "values":
        return [_operation(name, target, _members(keys))]
    return [{"op": name, "path": f"{target}[value eq {json.dumps(key)}]"} for key in keys]


def _members(keys: Sequence[str]) -> list[Json]:
    return [{"value": key} for key in keys]


def _batches(keys: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    step = size or max(len(keys), 1)
    for start in range(0, len(keys), step):
        yield keys[start : start + step]


def _cased(name: str, dialect: Dialect) -> str:
    return name if dialect is Dialect.LEGACY else name.lower()
