"""What a run created on the endpoint, and its deletion."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from scimconf.rehearsal.endpoint.bodies import equals
from scimconf.rehearsal.endpoint.messages import EndpointRequest, EndpointResponse
from scimconf.rehearsal.endpoint.transport import RunEndedError

MAX_ID = 512
"""Characters of an id that is used in a path."""
Send = Callable[[EndpointRequest], EndpointResponse]


@dataclass(frozen=True, slots=True)
class _Creation:
    """A resource that was to be created: its endpoint and its name; `path` is "" until an id is known.

    `exists`: the endpoint answered that it created the resource, or that the name is taken.
    """

    endpoint: str
    attribute: str
    name: str
    path: str = ""
    exists: bool = False

    def describe(self) -> str:
        return f'{self.path or self.endpoint} ({self.attribute} "{self.name}")'


class CreatedResources:
    """The resources that a run created, in order. Those whose creation had no usable response are searched by name."""

    def __init__(self) -> None:
        self._creations: dict[str, _Creation] = {}

    def before_creation(self, endpoint: str, attribute: str, name: str) -> bool:
        """Record that a resource of this name may exist from now on; return whether it could exist before."""
        key = f"{endpoint} {name}"
        is_known = key in self._creations
        self._creations.setdefault(key, _Creation(endpoint, attribute, name))
        return is_known

    def created(self, endpoint: str, attribute: str, name: str, resource_id: str) -> str:
        """Record the id of a resource, and return its path; one with an unusable id is searched by its name."""
        path, key = resource_path(endpoint, resource_id), f"{endpoint} {name}"
        self._creations.pop(key, None)
        self._creations[path or key] = _Creation(endpoint, attribute, name, path, exists=True)
        return path

    def refused(self, endpoint: str, name: str, *, could_exist: bool, is_taken: bool = False) -> None:
        """Record that the endpoint refused to create a resource.

        If it could exist before, it is still searched for; it exists if the endpoint answers that the name is taken.
        """
        key = f"{endpoint} {name}"
        if not could_exist:
            self._creations.pop(key, None)
        elif is_taken and key in self._creations:
            self._creations[key] = replace(self._creations[key], exists=True)

    def deleted(self, path: str) -> None:
        """Record that a resource does not exist any more."""
        self._creations.pop(path, None)

    def delete_all(self, send: Send) -> None:
        """Delete the resources, the last first; those that cannot be deleted remain."""
        for key, creation in reversed(list(self._creations.items())):
            if all(_is_deleted(send, path) for path in self._paths(send, creation)):
                self._creations.pop(key)

    def leftovers(self) -> tuple[str, ...]:
        """Return the resources that may still exist, with their names."""
        return tuple(creation.describe() for creation in self._creations.values())

    def _paths(self, send: Send, creation: _Creation) -> list[str]:
        """Return the path of a resource, or the paths of those with its name; one without an id cannot be deleted."""
        if creation.path:
            return [creation.path]
        response = send(EndpointRequest("GET", f"{creation.endpoint}?{equals(creation.attribute, creation.name)}"))
        if response.status == 404 and not creation.exists:
            return []
        matches = response.resource.get("Resources") or []
        if not response.is_success or not isinstance(matches, list):
            return [""]
        named = [match for match in matches if isinstance(match, dict) and _is_named(match, creation)]
        if creation.exists and not named:
            return [""]
        return [resource_path(creation.endpoint, str(match.get("id") or "")) for match in named]


def _is_named(match: Mapping[str, Any], creation: _Creation) -> bool:
    """Return whether a resource that a filter returned has the name, in any case."""
    return str(match.get(creation.attribute)).lower() == creation.name.lower()


def resource_path(endpoint: str, resource_id: str) -> str:
    """Return the path of a resource; "" for an id that cannot be part of a path."""
    if not resource_id or len(resource_id) > MAX_ID or resource_id in (".", ".."):
        return ""
    return f"{endpoint}/{quote(resource_id, safe='')}"


def _is_deleted(send: Send, path: str) -> bool:
    """Delete a resource, and return whether it does not exist any more."""
    if not path:
        return False
    response = send(EndpointRequest("DELETE", path))
    return response.is_success or response.status in (404, 410)


def delete_quietly(created: CreatedResources, send: Send) -> str:
    """Delete what a run created; return why the deletion ended early, or ""."""
    try:
        created.delete_all(send)
    except RunEndedError as error:
        return f"Not everything was deleted: {error}."
    return ""
