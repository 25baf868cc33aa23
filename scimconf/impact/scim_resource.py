"""Build the SCIM resource that a creation sends, or an update can send, from values by target attribute.

`name.givenName` nests, `emails[type eq "work"].value` creates a list element, and a target that begins with the URN of
an extension belongs to the object of the extension.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping

from scimconf.json_types import Json
from scimconf.plan.sent_request import SentRequest

SCHEMAS = ("urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User")
"""What the service writes into `schemas`, independent of the extensions in the body."""

ROLE_TYPE = "WindowsAzureActiveDirectoryRole"
"""The type of each element of `roles`; a mapping of the type has no effect (Entra documentation, entra-docs#391)."""

_URN = re.compile(r"(urn:.+:\d+(?:\.\d+)*:\w+)(?::(.+))?", re.DOTALL)
_STEP = re.compile(r'([A-Za-z$][\w$-]*)(?:\[([A-Za-z]\w*) eq "([^"]*)"\])?(?:\.(?=[A-Za-z$])|\Z)')
_BOOLEANS = {"true": True, "false": False}


def resource(sent: Mapping[str, SentRequest], booleans: Collection[str], *, updates: bool = False) -> dict[str, Json]:
    """Return the nested resource; strings of the target attributes `booleans` become booleans.

    With `updates`, for a user who is never created, it has no defaults and nothing that is sent on create only.
    """
    body: dict[str, Json] = {"schemas": list(SCHEMAS)}
    for target in sorted(filter(_has_effect, sent)):
        value = sent[target].updated if updates else sent[target].created
        if value is not None:
            _put(body, target, _typed(value, is_boolean=target in booleans))
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
    if not text.startswith('{"primary":false,"type":'):
        return None
    return json.loads(text)


def _put(body: dict[str, Json], target: str, value: Json) -> None:
    """Set the value at its path; a target that is not a path, or whose path is in use, becomes a key of its own."""
    parent: dict[str, Json] | None = body
    rest = target
    urn = _URN.fullmatch(target)
    if urn is not None:
        if urn[2] is None:
            body[target] = value
            return
        rest = urn[2]
        parent = body if urn[1] == SCHEMAS[0] else _object(body, urn[1])
    steps = _steps(rest)
    for name, key, text in steps[:-1]:
        parent = None if parent is None else _child(parent, name, key, text)
    if parent is None or not steps or steps[-1][1] or steps[-1][0] in parent:
        body[target] = value
        return
    parent[steps[-1][0]] = value


def _steps(path: str) -> list[tuple[str, str, str]]:
    """Return the steps of a path, each a name with the key and text of its filter; none for an unsupported path."""
    steps, end = [], 0
    while end < len(path):
        step = _STEP.match(path, end)
        if step is None:
            return []
        steps.append((step[1], step[2] or "", step[3] or ""))
        end = step.end()
    return steps


def _child(parent: dict[str, Json], name: str, key: str, text: str) -> dict[str, Json] | None:
    return _element(parent, name, key, text) if key else _object(parent, name)


def _object(parent: dict[str, Json], name: str) -> dict[str, Json] | None:
    """Return the object of this name, created if it is missing; None if the name is in use."""
    child = parent.setdefault(name, {})
    return child if isinstance(child, dict) else None


def _element(parent: dict[str, Json], name: str, key: str, text: str) -> dict[str, Json] | None:
    """Return the list element that a filter selects, created if it is missing; None if the name is in use."""
    elements = parent.setdefault(name, [])
    if not isinstance(elements, list):
        return None
    value = _BOOLEANS.get(text.lower(), text)
    objects: Iterable[dict[str, Json]] = (element for element in elements if isinstance(element, dict))
    element = next((element for element in objects if element.get(key) == value), None)
    if element is None:
        element = {key: value}
        elements.append(element)
    return element
