"""Deletes what a rehearsal created on a user-supplied endpoint, also after an interrupt or a failure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from scimconf.rehearsal.endpoint.created import CreatedResources, delete_quietly
from scimconf.rehearsal.endpoint.transport import EndpointClient

_NAMES = {"/Users": "userName", "/Groups": "displayName"}
_SUCCESS = range(200, 300)


def created_resources(entries: Iterable[Mapping[str, Any]], address: str) -> CreatedResources:
    """Return what the requests of a journal created and did not delete.

    A creation without a usable response is searched by its name, which begins with the marker of the run.
    """
    created, base = CreatedResources(), address.partition("?")[0].rstrip("/")
    for entry in entries:
        path, status = str(entry["path"]).removeprefix(base), entry["status"]
        if entry["method"] == "POST" and path in _NAMES:
            _record(created, path, entry)
        elif entry["method"] == "DELETE" and status in (*_SUCCESS, 404):
            created.deleted(path)
    return created


def _record(created: CreatedResources, path: str, entry: Mapping[str, Any]) -> None:
    attribute, status, response = _NAMES[path], entry["status"], entry.get("response")
    name = str((entry["body"] or {}).get(attribute) or "")
    key = response.get("id") if isinstance(response, dict) else None
    if status is not None and 400 <= status < 500:
        return
    created.before_creation(path, attribute, name)
    if status in _SUCCESS and key:
        created.created(path, attribute, name, str(key))


def delete_created(created: CreatedResources, client: EndpointClient) -> str:
    """Delete these resources, and return why the deletion ended early, or ""."""
    client.begin_deletion()
    return delete_quietly(created, client.send)
