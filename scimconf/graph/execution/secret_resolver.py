"""The set of secrets as it is written: references and masks in, values out, and only ever into a request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from scimconf.diagnostics import SecretError
from scimconf.documents.secrets import MASK
from scimconf.graph.execution.context import ExecutionRequest, SecretResolver
from scimconf.snapshot import Document, Json, SecretRef
from scimconf.steps import Edit


def preflight(orders: ExecutionRequest) -> None:
    """Resolves every secret that the steps will send, before anything is written; raises SecretError."""
    written = {step.document.name: step.document for step in orders.steps if isinstance(step, Edit)}
    secrets = written.get("secrets")
    for step in orders.steps:
        if isinstance(step, Edit) and isinstance(step.value, SecretRef):
            orders.values.resolve(step.value)
    if secrets is not None:
        sent = {step.key[0] for step in orders.steps if isinstance(step, Edit) and step.document.name == "secrets"}
        for key in _masked(orders.seen.rows("secrets")):
            if key not in sent and not secrets.partial:
                _value(orders.values, _reference(secrets, key))


def _masked(rows: Iterable[Json]) -> list[str]:
    return [str(pair["key"]) for pair in rows if pair.get("value") == MASK]


def _value(values: SecretResolver, value: Any) -> Any:
    return values.resolve(value) if isinstance(value, SecretRef) else value


def _reference(document: Document, key: str) -> SecretRef | str:
    """What stands for a value that cannot be read back; raises SecretError where nothing does."""
    found = dict(document.references).get(key) or dict(document.plain).get(key)
    if found is None:
        raise SecretError(
            f"{key} is stored but cannot be read back, and the spec names no source for it",
            "The secrets are written as a whole: name where its value is kept, under connection. "
            "Or write `on_unreadable_secret: send_changed_keys`.",
        )
    return found


def resolved(values: SecretResolver, document: Document, rows: Json, keys: set[str]) -> list[Json]:
    """The pairs to write: references and masks replaced by values, empty ones kept where they remove a key."""
    only_changed = document.partial and any(
        key not in keys and key not in dict(document.references) for key in _masked(rows)
    )
    pairs = []
    for pair in rows:
        key, value = str(pair["key"]), pair.get("value")
        if only_changed and key not in keys:
            continue
        if value == MASK:
            value = _reference(document, key)
        pairs.append({"key": key, "value": _value(values, value)})
    return pairs
