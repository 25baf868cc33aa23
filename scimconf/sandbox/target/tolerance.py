"""What a tolerant target accepts beyond the settings of scim2-server: the forms that Microsoft Entra sends.

The manager as a string, as an empty value, below a bare `manager` and in a filter; members as strings; attributes of
extensions that no schema declares, which are stored as they arrive.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from scimconf.sandbox.target.messages import Handler, TargetRequest, TargetResponse

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
MANAGER = f"{ENTERPRISE}:manager"
_KNOWN = ("urn:ietf:params:scim:schemas:core:2.0:", ENTERPRISE.lower())
_PATH = re.compile(r"(?P<urn>urn:.+):(?P<name>[A-Za-z][\w$-]*)(?P<filter>\[.*\])?(?:\.(?P<sub>[\w$-]+))?", re.ASCII)
_NAME = re.compile(r"[A-Za-z][\w$-]*", re.ASCII)
_FILTER_NAME = re.compile(r"([A-Za-z][\w$-]*)\s+eq\b", re.ASCII)
_MANAGER_PATH = re.compile(rf"(?:{re.escape(ENTERPRISE)}:)?manager(?:\[.*\])?", re.IGNORECASE)
_MANAGER_FILTER = re.compile(rf"(?<![\w:])(?:{re.escape(ENTERPRISE)}:)?manager(?=\s+eq\s)", re.IGNORECASE)
_RESERVED = {"schemas", "id", "externalid", "meta"}
_ELEMENT = {"value": "string", "display": "string", "type": "string", "primary": "boolean"}


class Declarations(Protocol):
    """A service to which attributes of extensions can be added."""

    def attributes(self, endpoint: str, urn: str) -> Mapping[str, Mapping[str, Any]]: ...

    def declare(self, endpoint: str, urn: str, attributes: Mapping[str, Mapping[str, Any]]) -> None: ...


class Tolerance:
    """Middleware that rewrites requests to the form of the RFC, and declares attributes before they are stored."""

    def __init__(self, declarations: Declarations) -> None:
        self._declarations = declarations

    async def __call__(self, request: TargetRequest, forward: Handler) -> TargetResponse:
        if request.endpoint not in ("users", "groups"):
            return await forward(request)
        if request.method == "GET":
            return await forward(_with_manager_filter(request))
        body = request.json()
        if not isinstance(body, dict):
            return await forward(request)
        if request.method == "PATCH":
            operations = [self._operation(request.endpoint, item) for item in request.operations()]
            return await forward(request.with_operations(operations) if operations else request)
        return await forward(request.with_json(self._resource(request.endpoint, body)))

    def _resource(self, endpoint: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return a resource, or the value of an operation without a path, in the form of the RFC."""
        return {name: self._value(endpoint, name, value) for name, value in body.items()}

    def _value(self, endpoint: str, name: str, value: Any) -> Any:
        if _MANAGER_PATH.fullmatch(name):
            return _manager(value)
        if name.lower() == ENTERPRISE.lower() and isinstance(value, dict):
            return {key: _manager(item) if key.lower() == "manager" else item for key, item in value.items()}
        if not _is_custom(name):
            return _members(value) if name.lower() == "members" else value
        if isinstance(value, dict):
            return {key: self._custom(endpoint, name, key, item) for key, item in value.items()}
        match = _PATH.fullmatch(name)
        return self._custom(endpoint, match["urn"], match["name"], value) if match else value

    def _operation(self, endpoint: str, operation: dict[str, Any]) -> dict[str, Any]:
        path, value = operation.get("path"), operation.get("value")
        if not isinstance(path, str) or not path:
            return {**operation, "value": self._resource(endpoint, value)} if isinstance(value, dict) else operation
        if _MANAGER_PATH.fullmatch(path):
            return _manager_operation(operation)
        if not _is_custom(path):
            return {**operation, "value": _members(value)} if path.lower() == "members" else operation
        match = _PATH.fullmatch(path)
        if match is None or value is None:
            return operation
        if not match["filter"] and not match["sub"]:
            return {**operation, "value": self._custom(endpoint, match["urn"], match["name"], value)}
        names = {*_FILTER_NAME.findall(match["filter"] or ""), match["sub"] or "value"}
        element = dict.fromkeys(names, "")
        self._custom(endpoint, match["urn"], match["name"], [element] if match["filter"] else element)
        return operation

    def _custom(self, endpoint: str, urn: str, name: str, value: Any) -> Any:
        """Return a value in the form of the declared attribute, which is declared from the value if it is new."""
        if value is None or name.lower() in _RESERVED or not _NAME.fullmatch(name):
            return value
        known = self._declarations.attributes(endpoint, urn)
        definition = known.get(name) or _definition(value)
        if name not in known:
            self._declarations.declare(endpoint, urn, {name: definition})
        return _in_form(definition, value)


def _is_custom(name: str) -> bool:
    return name.lower().startswith("urn:") and not name.lower().startswith(_KNOWN)


def _definition(value: Any) -> dict[str, Any]:
    """Return the definition of an attribute that can store the value."""
    if isinstance(value, list | dict):
        elements = value if isinstance(value, list) else [value]
        names = {key for element in elements if isinstance(element, dict) for key in element if _NAME.fullmatch(key)}
        types = {**dict.fromkeys(sorted(names), "string"), **_ELEMENT}
        parts = [_attribute(name, kind) for name, kind in types.items()]
        return {"type": "complex", "multiValued": isinstance(value, list), "subAttributes": parts}
    kind = "boolean" if isinstance(value, bool) else "integer" if isinstance(value, int) else "string"
    return {"type": kind, "multiValued": False}


def _attribute(name: str, kind: str) -> dict[str, Any]:
    return {"name": name, "type": kind, "multiValued": False}


def _in_form(definition: Mapping[str, Any], value: Any) -> Any:
    if isinstance(value, list):
        return [item if isinstance(item, dict) else {"value": str(item)} for item in value]
    if definition["type"] == "string" and not isinstance(value, str):
        return str(value)
    return value


def _manager(value: Any) -> Any:
    """Return the complex value of a manager; None for an empty value."""
    if isinstance(value, list):
        return _manager(value[0]) if value else None
    if isinstance(value, dict):
        return value if value.get("value") else None
    return {"value": value} if value else None


def _manager_operation(operation: Mapping[str, Any]) -> dict[str, Any]:
    manager = _manager(operation.get("value"))
    if manager is None or str(operation.get("op")).lower() == "remove":
        return {"op": "remove", "path": MANAGER}
    return {**operation, "path": MANAGER, "value": manager}


def _members(value: Any) -> Any:
    members = value if isinstance(value, list) else [value]
    return [{"value": member} if isinstance(member, str) else member for member in members] if value else value


def _with_manager_filter(request: TargetRequest) -> TargetRequest:
    text = request.query.get("filter")
    if text is None or request.endpoint != "users":
        return request
    return replace(request, query={**request.query, "filter": _MANAGER_FILTER.sub(f"{MANAGER}.value", text)})
