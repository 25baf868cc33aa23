"""SCIM resources: the bodies that create them, and the values that a returned one has.

`name.givenName` nests, `emails[type eq "work"].value` is in an element of a list, and a target that begins with the URN
of an extension is in the object of the extension.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from scimconf.sandbox.engine.values import AttributeFlow, Desired, Json, ObjectFlow, SentValue
from scimconf.sandbox.switches import Switches

CORE_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
CORE_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE_USER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ADSCIM_GROUP = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
ROLE_TYPE = "WindowsAzureActiveDirectoryRole"
_ROLES = "roles"
_ROLE_JSON = '{"primary":false,"type":'
_FIRST = ("schemas", "externalId", "userName", "active", "displayName")
_URN = re.compile(r"(urn:.+:\d+(?:\.\d+)*:\w+)(?::(.+))?", re.DOTALL)
_STEP = re.compile(r'([A-Za-z$][\w$-]*)(?:\[([A-Za-z]\w*) eq (?:"([^"]*)"|(true|false))\])?(?:\.(?=[A-Za-z$])|\Z)')
_BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class TargetStep:
    """A part of a path: an attribute, and the filter `key eq "text"` that selects an element; `key` is empty without it."""

    name: str
    key: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class TargetPath:
    """The place of a target attribute. `extension` is the URN of its object, empty for the core schema.

    Without steps it is a key of its own, since it is no path.
    """

    extension: str
    steps: tuple[TargetStep, ...]

    @property
    def is_filtered(self) -> bool:
        return any(step.key for step in self.steps)


@lru_cache(maxsize=4096)
def target_path(target: str) -> TargetPath:
    """Return the place of a target attribute."""
    urn = _URN.fullmatch(target)
    if urn is not None and urn[2] is None:
        return TargetPath("", ())
    extension = urn[1] if urn is not None and urn[1] not in (CORE_USER, CORE_GROUP) else ""
    steps = tuple(_steps(urn[2] if urn is not None else target))
    return TargetPath(extension, steps if steps and not steps[-1].key else ())


def is_extension(target: str) -> bool:
    """Return whether a target is the URN of an extension without an attribute."""
    urn = _URN.fullmatch(target)
    return urn is not None and urn[2] is None


def _steps(path: str) -> list[TargetStep]:
    """Return the parts of a path; none for an unsupported path."""
    steps, end = [], 0
    while end < len(path):
        step = _STEP.match(path, end)
        if step is None:
            return []
        steps.append(TargetStep(step[1], step[2] or "", step[3] or step[4] or ""))
        end = step.end()
    return steps


# ---- creation -------------------------------------------------------------------------------------------------------


def creation_body(
    flow: ObjectFlow, desired: Desired, switches: Switches, references: Mapping[str, str] | None = None
) -> Json:
    """Return the body of the POST that creates an object. It has no references, but `references` by a switch.

    `references` maps targets to ids in the application: the manager.
    """
    rows = {row.target: row for row in flow.flows}
    body: Json = {"schemas": _schemas(flow, switches)}
    for target in sorted(filter(has_effect, desired.values)):
        value = _created(rows[target], desired.values[target], switches)
        if is_extension(target) and switches.bare_extension == "attribute":
            extension, _, name = target.rpartition(":")
            body.setdefault(extension, {})[name] = value
        else:
            put(body, target, value)
    if flow.resource == "Groups" and switches.group_post_members_empty == "yes":
        body.setdefault("members", [])
    for target, key in (references or {}).items() if switches.manager_in_post != "no" else ():
        put(body, target, key if switches.manager_in_post == "string" else {"value": key})
    _complete_elements(body, switches)
    body["meta"] = {"resourceType": flow.resource.removesuffix("s")}
    return {name: body[name] for name in (*filter(body.__contains__, _FIRST), *body)}


def has_effect(target: str) -> bool:
    """Return whether a mapping has an effect: the type of roles is always the same, whatever is mapped to it."""
    return not (target.startswith(f"{_ROLES}[") and target.endswith("].type"))


def _schemas(flow: ObjectFlow, switches: Switches) -> list[str]:
    """Return the schemas of a created object: those of extensions in the body are not among them."""
    if flow.resource == "Users":
        return [CORE_USER, ENTERPRISE_USER]
    return [CORE_GROUP, ADSCIM_GROUP] if switches.group_schema_adscim == "yes" else [CORE_GROUP]


def _created(row: AttributeFlow, value: SentValue, switches: Switches) -> Any:
    if isinstance(value, str):
        return typed(row, value)
    elements = role_elements(value)
    if switches.multivalued_in_post == "values":
        return elements
    return [{"value": element} if isinstance(element, str) else element for element in elements]


def typed(row: AttributeFlow, value: str) -> str | bool:
    """Return a boolean for the text of one, if the target attribute is a boolean; otherwise the text."""
    return _BOOLEANS.get(value.lower(), value) if row.data_type == "Boolean" else value


def role_elements(texts: Iterable[str]) -> list[Any]:
    """Return the objects of app roles, which functions return as JSON text; other texts stay texts."""
    return [json.loads(text) if text.startswith(_ROLE_JSON) else text for text in texts]


def put(body: Json, target: str, value: Any) -> None:
    """Set the value at its path; a target that is not a path, or whose path is in use, becomes a key of its own."""
    path = target_path(target)
    parent: Any = body if not path.extension else _object(body, path.extension)
    for step in path.steps[:-1]:
        parent = parent if parent is None else _child(parent, step)
    if parent is None or not path.steps or path.steps[-1].name in parent:
        body[target] = value
    else:
        parent[path.steps[-1].name] = value


def _child(parent: Json, step: TargetStep) -> Json | None:
    if not step.key:
        return _object(parent, step.name)
    elements = parent.setdefault(step.name, [])
    if not isinstance(elements, list):
        return None
    element = _element(elements, step)
    if element is None:
        element = {step.key: _BOOLEANS.get(step.text.lower(), step.text)}
        elements.append(element)
    return element


def _object(parent: Json, name: str) -> Json | None:
    """Return the object of this name, created if it is missing; None if the name is in use."""
    child = parent.setdefault(name, {})
    return child if isinstance(child, dict) else None


def _complete_elements(body: Json, switches: Switches) -> None:
    """Add what the service adds: the first e-mail address is primary, and each role has the type of Entra's roles."""
    for number, mail in enumerate(_objects(body.get("emails"))):
        if number == 0:
            mail["primary"] = True
    for role in _objects(body.get(_ROLES)):
        role.setdefault("type", ROLE_TYPE)
        if switches.role_primary == "text" and "primary" in role:
            role["primary"] = str(role["primary"])


def _objects(elements: Any) -> list[Json]:
    return [element for element in elements if isinstance(element, dict)] if isinstance(elements, list) else []


# ---- a returned resource --------------------------------------------------------------------------------------------


def current_value(resource: Json, target: str) -> Any:
    """Return the value that a returned resource has at a path; None if it has none, or an empty one."""
    path = target_path(target)
    value: Any = resource
    if not path.steps:
        extension, _, name = target.rpartition(":")
        own = _property(resource, target)
        return _or_none(own if own is not None else _property(_property(resource, extension), name))
    if path.extension:
        value = _property(value, path.extension)
    for step in path.steps:
        value = _property(value, step.name)
        if step.key:
            value = _element(_objects(value), step)
    return _or_none(value)


def _or_none(value: Any) -> Any:
    return None if value in ("", [], {}) else value


def _property(document: Any, name: str) -> Any:
    """Return a property; names of attributes are not case-sensitive in SCIM."""
    if not isinstance(document, dict):
        return None
    if name in document:
        return document[name]
    return next((value for key, value in document.items() if key.lower() == name.lower()), None)


def _element(elements: Iterable[Any], step: TargetStep) -> Json | None:
    """Return the element that a filter selects; texts and booleans compare without case."""
    objects = (element for element in elements if isinstance(element, dict))
    return next((element for element in objects if _text(_property(element, step.key)) == step.text.lower()), None)


def _text(value: Any) -> str:
    return str(value).lower()


def current_manager(resource: Json, target: str) -> str:
    """Return the id of the manager that a returned resource has, empty for none."""
    value = current_value(resource, target)
    key = _property(value, "value") if isinstance(value, dict) else value
    return key if isinstance(key, str) else ""


def deserialization_problem(flow: ObjectFlow, resource: Any) -> str:
    """Return why the service cannot read a returned resource; empty if it can.

    A manager must be an object with `value` (reports of two vendors): the service fails on any other form.
    """
    if not isinstance(resource, dict):
        return "the resource is not a JSON object"
    for row in flow.references if flow.kind == "User" else ():
        manager = current_value(resource, row.target)
        if manager is not None and not (isinstance(manager, dict) and isinstance(manager.get("value"), str)):
            return f"{row.target} is {json.dumps(manager, ensure_ascii=False)[:80]}, not an object with `value`"
    return ""
