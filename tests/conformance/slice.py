"""Microsoft's own description of Graph, asked about a request and its answer. It knows nothing of scimconf.

The description is cut from the metadata that Microsoft publishes, and lies beside the checkout, or where
SCIMCONF_OPENAPI says. Live Graph is known to deviate from it in what `LIVE` and `_relaxed` name, and nowhere else.
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

BESIDE = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "openapi-slice.json"
FILE = Path(os.environ.get("SCIMCONF_OPENAPI", BESIDE))
JOBS = "/servicePrincipals/{servicePrincipal-id}/synchronization/jobs"
LIVE = {
    ("post", JOBS): {200},  # the reference page's sample
    ("delete", f"{JOBS}/{{synchronizationJob-id}}/schema"): {201},  # the reference page's text
    ("patch", f"{JOBS}/{{synchronizationJob-id}}"): {204},
}
"""Statuses that a page of Microsoft's tells of and the metadata does not."""

_KEYED = re.compile(r"(?P<name>\w+)\((?P<key>.+)\)\Z")
_FREE_TEXT = ("synchronizationMetadataEntry", "objectMappingMetadataEntry", "objectDefinitionMetadataEntry",
              "attributeDefinitionMetadataEntry")  # fmt: skip
"""Real documents hold keys of metadata that are not in the published enumerations."""


@dataclass(slots=True)
class Seen:
    """How many requests and answers were held against the description, by operation; and what did not hold."""

    requests: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    outside: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)


class Slice:
    """The description, ready to judge."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = _relaxed(document)
        self._components = _in_json_schema(self.document["components"])
        self._paths = [(_segments(path), path) for path in self.document["paths"]]
        self._judges: dict[tuple[str, ...], Any] = {}

    def operation(self, method: str, path: str) -> tuple[str, Any] | None:
        """The described path that a request is for, and the operation on it; None where it is not described."""
        asked = _segments(path)
        for pattern, name in self._paths:
            if len(pattern) == len(asked) and all(map(_fits, pattern, asked)):
                found = self.document["paths"][name].get(method.lower())
                return None if found is None else (name, found)
        return None

    def operations(self) -> Iterator[tuple[str, str, Any]]:
        """Every operation that somebody may use: method, path, description."""
        for path, item in self.document["paths"].items():
            for method, operation in item.items():
                if method != "parameters" and not is_metadata_only(operation):
                    yield method, path, operation

    def see(
        self, seen: Seen, method: str, path: str, query: Mapping[str, str], sent: Any, answer: tuple[int, Any]
    ) -> None:
        """Holds one request with its answer against the description, and counts."""
        found = self.operation(method, path)
        if found is None:
            seen.outside[f"{method} {path.strip('/').split('/')[0]}"] += 1
            return
        name, operation = found
        label = f"{method} {name}"
        status, body = answer
        complaints = list(self._about_answer(method.lower(), name, operation, status, body))
        seen.answers[label] += 1
        if status < 400:
            complaints += self._about_request(method.lower(), name, operation, query, sent)
            seen.requests[label] += 1
        seen.violations += [f"{label} -> {status}: {one}" for one in complaints]

    def _about_answer(self, method: str, path: str, operation: Any, status: int, body: Any) -> Iterator[str]:
        described = operation["responses"].get(str(status)) or operation["responses"].get(f"{status // 100}XX")
        if described is None and status not in LIVE.get((method, path), ()):
            yield f"the status is not described, only {', '.join(operation['responses'])}"
        if described is None:
            return
        reference = described.get("$ref")
        content = self.document["components"]["responses"]["error"] if reference else described
        if "content" not in content:
            if body is not None:
                yield "an answer without a body has one"
            return
        if body is not None:
            schema = content["content"]["application/json"]["schema"]
            yield from self._complaints(("answer", method, path, "error" if reference else "fine"), schema, body)

    def _about_request(
        self, method: str, path: str, operation: Any, query: Mapping[str, str], sent: Any
    ) -> Iterator[str]:
        named = {one.get("name") or one["$ref"].rsplit("/", 1)[-1] for one in operation.get("parameters", ())}
        for option in sorted(set(query) - {one.removeprefix("$").lower() for one in named} - {"skiptoken"}):
            yield f"${option} is not described"
        described = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if described is not None and sent is not None:
            yield from self._complaints(("request", method, path), described["schema"], sent)

    def _complaints(self, key: tuple[str, ...], schema: Any, value: Any) -> Iterator[str]:
        if key not in self._judges:
            whole = {**_in_json_schema(schema), "components": self._components}
            self._judges[key] = jsonschema_rs.Draft202012Validator(whole)
        for error in self._judges[key].iter_errors(value):
            yield f"{key[0]} {'/'.join(map(str, error.instance_path))}: {error.message[:300]}"


def is_metadata_only(operation: Any) -> bool:
    """An operation without a reference page, which nobody should use."""
    return operation["summary"].startswith("(")


@cache
def the_slice() -> Slice | None:
    """The description, or None where it is not at hand."""
    return Slice(json.loads(FILE.read_text(encoding="utf-8"))) if FILE.exists() else None


# ---- paths ----------------------------------------------------------------------------------------------------------


def _segments(path: str) -> list[str]:
    """`/things('key')` is `/things/key`; `functions()` and its qualified name are `functions`."""
    found: list[str] = []
    for part in path.strip("/").split("/"):
        keyed = _KEYED.match(part)
        if keyed and not found:
            found += [keyed["name"], unquote(keyed["key"])]
        else:
            found.append(unquote(part).removeprefix("microsoft.graph.").removesuffix("()"))
    return found


def _fits(pattern: str, segment: str) -> bool:
    return not segment.startswith("$") if pattern.startswith("{") else pattern.lower() == segment.lower()


# ---- the description in the words of JSON Schema --------------------------------------------------------------------


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
    told = {key: _in_json_schema(value) for key, value in schema.items() if key not in ("example", "discriminator")}
    if told.pop("nullable", False) is True and isinstance(told.get("type"), str):
        told["type"] = [told["type"], "null"]
    return told
