"""The data files of the sandbox: files in the folder `data`, without logic."""

from __future__ import annotations

import copy
import json
from importlib.resources import files
from typing import Any

from scimconf.sandbox.http_types import Json


def read_data(name: str) -> Any:
    return json.loads(read_text(name))


def names_in(folder: str) -> list[str]:
    """Return the names of the files in a folder of `data`, sorted."""
    return sorted(entry.name for entry in files("scimconf.sandbox").joinpath("data", folder).iterdir())


def read_text(name: str) -> str:
    return files("scimconf.sandbox").joinpath("data", name).read_text(encoding="utf-8")


_NEW_DOCUMENTS: Json = read_data("new_documents.json")


def new_document(kind: str) -> Json:
    """Return a new copy of the constant properties of a new application, service principal, user, group or job."""
    document: Json = copy.deepcopy(_NEW_DOCUMENTS[kind])
    return document
