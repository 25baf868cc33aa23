"""Checks requests and responses against Microsoft's OpenAPI description of Graph. Independent of scimconf.

The description is extracted from the metadata that Microsoft publishes. It is read from a folder beside the checkout, or
from the path in SCIMCONF_OPENAPI. `DOCUMENTED_STATUSES` and `_relaxed` list the known deviations of Graph from it.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema_rs

DEFAULT_FILE = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "openapi-slice.json"
FILE = Path(os.environ.get("SCIMCONF_OPENAPI", DEFAULT_FILE))
JOBS = "/servicePrincipals/{servicePrincipal-id}/synchronization/jobs"
DOCUMENTED_STATUSES = {
    ("post", JOBS): {200},  # the reference page's sample
    ("delete", f"{JOBS}/{{synchronizationJob-id}}/schema"): {201},  # the reference page's text
    ("patch", f"{JOBS}/{{synchronizationJob-id}}"): {204},
}
"""Statuses that a reference page documents and the metadata does not."""

_KEYED = re.compile(r"(?P<name>\w+)\((?P<key>.+)\)\Z")
_FREE_TEXT = ("synchronizationMetadataEntry", "objectMappingMetadataEntry", "objectDefinitionMetadataEntry",
              "attributeDefinitionMetadataEntry")  # fmt: skip
"""Types whose `key` has values in real documents that are not in the published enumerations."""


@dataclass(slots=True)
class ConformanceLog:
    """Counts of checked requests and responses by operation, and the deviations."""

    requests: Counter[str] = field(default_factory=Counter)
    responses: Counter[str] = field(default_factory=Counter)
    outside: Counter[str] = field(default_factory=Counter)
    deviations: list[str] = field(default_factory=list)


class Description:
    """The OpenAPI description with compiled validators."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = _relaxed(document)
        self._components = _in_json_schema(self.document["components"])
        self._paths = [(_segments(path), path) for path in self.document["paths"]]
        self._validators: dict[tuple[str, ...], Any] = {}

    def operation(self, method: str, path: str) -> tuple[str, Any] | None:
        """Return the described path and the operation of a request; None if it is not described."""
        segments = _segments(path)
        for pattern, name in self._paths:
            if len(pattern) == len(segments) and all(map(_fits, pattern, segments)):
                operation = self.document["paths"][name].get(method.lower())
                return None if operation is None else (name, operation)
        return None

    def operations(self) -> Iterator[tuple[str, str, Any]]:
        """Yield method, path and description of each operation that has a reference page."""
        for path, item in self.document["paths"].items():
            for method, operation in item.items():
                if method != "parameters" and not is_metadata_only(operation):
                    yield method, path, operation

    def check(
        self,
        log: ConformanceLog,
        method: str,
        path: str,
        query: Mapping[str, str],
        sent: Any,
        response: tuple[int, Any],
    ) -> None:
        """Check a request and its response against the description, and add the result to the log."""
        match = self.operation(method, path)
        if match is None:
            log.outside[f"{method} {path.strip('/').split('/')[0]}"] += 1
            return
        name, operation = match
        label = f"{method} {name}"
        status, body = response
        deviations = list(self._response_deviations(method.lower(), name, operation, status, body))
        log.responses[label] += 1
        if status < 400:
            deviations += self._request_deviations(method.lower(), name, operation, query, sent)
            log.requests[label] += 1
        log.deviations += [f"{label} -> {status}: {deviation}" for deviation in deviations]

    def _response_deviations(self, method: str, path: str, operation: Any, status: int, body: Any) -> Iterator[str]:
        described = operation["responses"].get(str(status)) or operation["responses"].get(f"{status // 100}XX")
        if described is None and status not in DOCUMENTED_STATUSES.get((method, path), ()):
            yield f"the status is not described, only {', '.join(operation['responses'])}"
        if described is None:
            return
        reference = described.get("$ref")
        content = self.document["components"]["responses"]["error"] if reference else described
        if "content" not in content:
            if body is not None:
                yield "the body is not described"
            return
        if body is not None:
            schema = content["content"]["application/json"]["schema"]
            yield from self._schema_deviations(
                ("response", method, path, "error" if reference else "success"), schema, body
            )

    def _request_deviations(
        self, method: str, path: str, operation: Any, query: Mapping[str, str], sent: Any
    ) -> Iterator[str]:
        parameters = operation.get("parameters", ())
        names = {parameter.get("name") or parameter["$ref"].rsplit("/", 1)[-1] for parameter in parameters}
        for option in sorted(set(query) - {name.removeprefix("$").lower() for name in names} - {"skiptoken"}):
            yield f"${option} is not described"
        described = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if described is not None and sent is not None:
            yield from self._schema_deviations(("request", method, path), described["schema"], sent)

    def _schema_deviations(self, key: tuple[str, ...], schema: Any, value: Any) -> Iterator[str]:
        if key not in self._validators:
            whole = {**_in_json_schema(schema), "components": self._components}
            self._validators[key] = jsonschema_rs.Draft202012Validator(whole)
        for error in self._validators[key].iter_errors(value):
            yield f"{key[0]} {'/'.join(map(str, error.instance_path))}: {error.message[:300]}"


def is_metadata_only(operation: Any) -> bool:
    """Return whether an operation has no reference page and must not be used."""
    return operation["summary"].startswith("(")


@cache
def load_description() -> Description | None:
    """Return the description, or None if the file does not exist."""
    return Description(json.loads(FILE.read_text(encoding="utf-8"))) if FILE.exists() else None


# ---- paths ----------------------------------------------------------------------------------------------------------


def _segments(path: str) -> list[str]:
    """Return the segments of a path; `/things('key')` is `/things/key`, a qualified function is its name."""
    operation: list[str] = []
    for part in path.strip("/").split("/"):
        keyed = _KEYED.match(part)
        if keyed and not operation:
            operation += [keyed["name"], unquote(keyed["key"])]
        else:
            operation.append(unquote(part).removeprefix("microsoft.graph.").removesuffix("()"))
    return operation


def _fits(pattern: str, segment: str) -> bool:
    return not segment.startswith("$") if pattern.startswith("{") else pattern.lower() == segment.lower()


# ---- conversion to JSON Schema --------------------------------------------------------------------------------------


def _relaxed(document: Mapping[str, Any]) -> Any:
    copied = json.loads(json.dumps(document))
    for name in _FREE_TEXT:
        copied["components"]["schemas"][f"microsoft.graph.{name}"]["properties"]["key"] = {
            "type": "string",
            "nullable": True,
        }
    schemas = copied["components"]["schemas"]
    schemas["microsoft.graph.attributeMappingSource"]["properties"]["parameters"]["nullable"] = True  # as its page says
    types = schemas["microsoft.graph.attributeType"]
    types["enum"] = [*types["enum"], *map(str.lower, types["enum"])]  # as samples on the reference pages print them
    return copied


def _in_json_schema(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_in_json_schema(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    converted = {
        key: _in_json_schema(value) for key, value in schema.items() if key not in ("example", "discriminator")
    }
    if converted.pop("nullable", False) is True and isinstance(converted.get("type"), str):
        converted["type"] = [converted["type"], "null"]
    return converted
