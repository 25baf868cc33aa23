"""What a tolerant target accepts beyond the settings of scim2-server: the forms that Microsoft Entra sends.

The manager as a string, as an empty value, below a bare `manager` and in a filter; members as strings; attributes of
extensions that no schema declares, which are stored as they arrive; a text in place of a whole extension.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from scimconf.sandbox.target.messages import Handler, TargetRequest, TargetResponse, with_resources

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
MANAGER = f"{ENTERPRISE}:manager"
_KNOWN = ("urn:ietf:params:scim:schemas:core:2.0:", ENTERPRISE.lower())
_PATH = re.compile(r"(?P<urn>urn:.+):(?P<name>[A-Za-z][\w$-]*)(?P<filter>\[.*\])?(?:\.(?P<sub>[\w$-]+))?", re.ASCII)
_NAME = re.compile(r"[A-Za-z][\w$-]*", re.ASCII)
_FILTER_NAME = re.compile(r"([A-Za-z][\w$-]*)\s+eq\b", re.ASCII)
_MANAGER_PATH = re.compile(rf"(?:{re.escape(ENTERPRISE)}:)?manager(?:\[.*\])?", re.IGNORECASE)
_MANAGER_FILTER = re.compile(rf"(?<![\w:])(?:{re.escape(ENTERPRISE)}:)?manager(?=\s+eq\s)", re.IGNORECASE)
_RESOURCES = (":user", ":group")
"""The last part of the URN of an extension, in contrast to that of its attributes."""
_RESERVED = {"schemas", "id", "externalid", "meta"}
_JSON = "\ue000json:"
"""The beginning of a string with a value that is no string; the first character is for private use."""
_ELEMENT = {"value": "string", "display": "string", "type": "string", "primary": "boolean"}


class Declarations(Protocol):
    """A service to which attributes of extensions can be added."""

    def attributes(self, endpoint: str, urn: str) -> Mapping[str, Mapping[str, Any]]: ...

    def declare(self, endpoint: str, urn: str, attributes: Mapping[str, Mapping[str, Any]]) -> None: ...


class Tolerance:
    """Middleware that rewrites requests to the form of the RFC, and declares attributes before they are stored."""

    def __init__(self, declarations: Declarations) -> None:
        self._declarations = declarations
        self._bare: set[str] = set()
        """The URNs of extensions that were created with a text in place of an object, and are returned so."""

    async def __call__(self, request: TargetRequest, forward: Handler) -> TargetResponse:
        if request.endpoint not in ("users", "groups"):
            return await forward(request)
        return with_resources(await forward(self._rewritten(request)), self._returned)

    def _rewritten(self, request: TargetRequest) -> TargetRequest:
        if request.method == "GET":
            return _with_manager_filter(request)
        body = request.json()
        if not isinstance(body, dict):
            return request
        if request.method == "PATCH":
            operations = [self._operation(request.endpoint, item) for item in request.operations()]
            return request.with_operations(operations) if operations else request
        return request.with_json(self._created(request.endpoint, body))

    def _created(self, endpoint: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return a resource in the form of the RFC; a text in place of an extension becomes an attribute of another."""
        bare = {name for name, value in body.items() if _is_bare(name) and not isinstance(value, dict | None)}
        self._bare |= bare
        resource = self._resource(endpoint, {name: value for name, value in body.items() if name not in bare})
        for urn in bare:
            extension, _, name = urn.rpartition(":")
            resource[extension] = {name: self._custom(endpoint, extension, name, body[urn])}
        return resource

    def _returned(self, resource: dict[str, Any]) -> dict[str, Any]:
        """Return a resource as it was sent: with texts in place of the extensions that were created so."""
        resource = as_sent(resource)
        for urn in self._bare:
            extension, _, name = urn.rpartition(":")
            if name in resource.get(extension, {}):
                resource = {
                    **{key: value for key, value in resource.items() if key != extension},
                    urn: resource[extension][name],
                }
        return resource

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
        match = _PATH.fullmatch(name)
        if match and not (isinstance(value, dict) and _is_bare(name)):
            return self._custom(endpoint, match["urn"], match["name"], value)
        if not isinstance(value, dict):
            return value
        return {key: self._custom(endpoint, name, key, item) for key, item in value.items()}

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


def _is_bare(name: str) -> bool:
    """Return whether a name is the URN of an extension, in contrast to that of an attribute."""
    return _is_custom(name) and name.lower().endswith(_RESOURCES)


def _definition(value: Any) -> dict[str, Any]:
    """Return the definition of an attribute that can store the value: complex for objects, else a string."""
    elements = value if isinstance(value, list) else [value]
    objects = [element for element in elements if isinstance(element, dict)]
    if not objects:
        return {"type": "string", "multiValued": False}
    names = {key for element in objects for key in element if _NAME.fullmatch(key)}
    types = {**dict.fromkeys(sorted(names), "string"), **_ELEMENT}
    parts = [_attribute(name, kind) for name, kind in types.items()]
    return {"type": "complex", "multiValued": isinstance(value, list), "subAttributes": parts}


def _attribute(name: str, kind: str) -> dict[str, Any]:
    return {"name": name, "type": kind, "multiValued": False}


def _in_form(definition: Mapping[str, Any], value: Any) -> Any:
    """Return a value in the form that its definition stores. Anything but a string is stored in a string as JSON."""
    if definition["type"] == "string":
        return value if isinstance(value, str) else f"{_JSON}{json.dumps(value)}"
    if definition["multiValued"]:
        elements = value if isinstance(value, list) else [value]
        return [item if isinstance(item, dict) else {"value": str(item)} for item in elements]
    return value


def as_sent(resource: dict[str, Any]) -> dict[str, Any]:
    """Return a stored resource with the values of its extensions as they were sent."""
    return {
        name: {key: _as_sent(item) for key, item in value.items()}
        if _is_custom(name) and isinstance(value, dict)
        else value
        for name, value in resource.items()
    }


def _as_sent(value: Any) -> Any:
    return json.loads(value.removeprefix(_JSON)) if isinstance(value, str) and value.startswith(_JSON) else value


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
