"""Build the SCIM resource that a creation sends, or an update can send, from values by target attribute.

`name.givenName` nests, `emails[type eq "work"].value` creates a list element, and a target that begins with the URN of
an extension belongs to the object of the extension.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from scimconf.json_types import Json
from scimconf.plan.sent_request import SentRequest

SCHEMAS = ("urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User")
"""What the service writes into `schemas`, independent of the extensions in the body."""

ROLE_TYPE = "WindowsAzureActiveDirectoryRole"
"""The type of each element of `roles`; a mapping of the type has no effect (Entra documentation, entra-docs#391)."""

_URN = re.compile(r"(urn:.+:\d+(?:\.\d+)*:\w+)(?::(.+))?", re.DOTALL)
_STEP = re.compile(r'([A-Za-z$][\w$-]*)(?:\[([A-Za-z]\w*) eq (?:"([^"]*)"|(true|false))\])?(?:\.(?=[A-Za-z$])|\Z)')
_BOOLEANS = {"true": True, "false": False}


class PathStep(NamedTuple):
    """One step of a path; `key` and `value` are the filter of a list, the first empty without one."""

    name: str
    key: str
    value: str | bool


class TargetPath(NamedTuple):
    """Where the value of a target attribute belongs: below an extension, if it has one, and below `parents`.

    `name` is empty if the value has a key of its own, since the target is not a path.
    """

    extension: str
    parents: tuple[PathStep, ...]
    name: str


def target_paths(targets: Iterable[str]) -> dict[str, TargetPath]:
    """Return the path of each target attribute whose mapping has an effect, sorted by target."""
    return {target: _path(target) for target in sorted(filter(_has_effect, targets))}


def resource(
    sent: Mapping[str, SentRequest],
    booleans: Collection[str],
    *,
    updates: bool = False,
    paths: Mapping[str, TargetPath] | None = None,
) -> dict[str, Json]:
    """Return the nested resource; strings of the target attributes `booleans` become booleans.

    With `updates`, for a user who is never created, it has no defaults and nothing that is sent on create only. `paths`
    are those of all targets, computed once for many users.
    """
    body: dict[str, Json] = {"schemas": list(SCHEMAS)}
    for target, path in (target_paths(sent) if paths is None else paths).items():
        request = sent.get(target)
        value = None if request is None else request.updated if updates else request.created
        if value is not None:
            _put(body, target, path, _typed(value, is_boolean=target in booleans))
    for number, mail in enumerate(_elements(body, "emails")):
        if number == 0 and isinstance(mail, dict):
            mail["primary"] = True
    for role in _elements(body, "roles"):
        if isinstance(role, dict):
            role.setdefault("type", ROLE_TYPE)
    return body


def _has_effect(target: str) -> bool:
    return not (target.startswith("roles[") and target.endswith("].type"))


def _elements(body: Mapping[str, Json], name: str) -> Iterable[Json]:
    elements = body.get(name)
    return elements if isinstance(elements, list) else ()


def _typed(value: str | tuple[str, ...], *, is_boolean: bool) -> Json:
    if isinstance(value, tuple):
        return [_role(text) or text for text in value]
    return _BOOLEANS.get(value.lower(), value) if is_boolean else value


def _role(text: str) -> Json:
    """Return the object of a role that a function returns as JSON; None for any other text."""
    return json.loads(text) if text.startswith('{"primary":false,"type":') else None


def _path(target: str) -> TargetPath:
    urn = _URN.fullmatch(target)
    if urn is None:
        return _attribute_path("", target)
    if urn[2] is None:
        return TargetPath("", (), "")
    return _attribute_path("" if urn[1] == SCHEMAS[0] else urn[1], urn[2])


def _attribute_path(extension: str, path: str) -> TargetPath:
    steps = _steps(path)
    name = steps[-1].name if steps and not steps[-1].key else ""
    return TargetPath(extension, tuple(steps[:-1]), name)


def _put(body: dict[str, Json], target: str, path: TargetPath, value: Json) -> None:
    """Set the value at its path; a target that is not a path, or whose path is in use, becomes a key of its own."""
    parent = _object(body, path.extension) if path.extension else body
    for step in path.parents:
        parent = None if parent is None else _child(parent, step)
    if parent is None or not path.name or path.name in parent:
        body[target] = value
        return
    parent[path.name] = value


def _steps(path: str) -> list[PathStep]:
    """Return the steps of a path; none for an unsupported path."""
    steps, end = [], 0
    while end < len(path):
        step = _STEP.match(path, end)
        if step is None:
            return []
        text = step[3] or step[4] or ""
        steps.append(PathStep(step[1], step[2] or "", _BOOLEANS.get(text.lower(), text)))
        end = step.end()
    return steps


def _child(parent: dict[str, Json], step: PathStep) -> dict[str, Json] | None:
    return _element(parent, step) if step.key else _object(parent, step.name)


def _object(parent: dict[str, Json], name: str) -> dict[str, Json] | None:
    """Return the object of this name, created if it is missing; None if the name is in use."""
    child = parent.setdefault(name, {})
    return child if isinstance(child, dict) else None


def _element(parent: dict[str, Json], step: PathStep) -> dict[str, Json] | None:
    """Return the list element that a filter selects, created if it is missing; None if the name is in use."""
    elements = parent.setdefault(step.name, [])
    if not isinstance(elements, list):
        return None
    for element in elements:
        if isinstance(element, dict) and element.get(step.key) == step.value:
            return element
    element = {step.key: step.value}
    elements.append(element)
    return element
