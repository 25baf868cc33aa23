"""What is written to Graph: the steps of an apply, as frozen values.

A step may contain placeholders in braces (`{service_principal}`) and `SecretRef`s, never the value of a secret.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from scimconf.plan import Address
from scimconf.snapshot import Document, Json


class Phase(IntEnum):
    """Danger is stopped first, things are built, then cleared, and provisioning starts last."""

    STOP = 0
    BUILD = 1
    CLEAR = 2
    START = 3


@dataclass(frozen=True, slots=True)
class PendingDocument:
    """In a body: the key-value pairs that the edits of a document will leave, secrets resolved."""

    document: str


@dataclass(frozen=True, slots=True)
class Send:
    """One request. `gives` maps names to the answer's fields (dotted); `already` are errors that mean it is done.

    `after_write` / `before_write` name a document whose write this request waits for, or must come before. `look` is
    the document that shows whether the request took effect: it is read until it gives the names, both after an answer
    and when the answer was lost.
    """

    phase: Phase
    addresses: tuple[Address, ...]
    description: str
    method: Literal["POST", "DELETE", "PATCH"]
    path: str
    body: Json = None
    outputs: tuple[tuple[str, str], ...] = ()
    success_errors: tuple[tuple[int, str], ...] = ()
    before_write: str = ""
    after_write: str = ""
    batch: bool = False
    lookup: Document | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of a document: `operation` names two pure functions of the document's own module.

    `holds(raw, key, value)` says whether nothing is left to do, `change(raw, key, value)` does it on any document.
    `ask` is an expression whose tree the service's parseExpression gives; it replaces `value["source"]`.
    """

    phase: Phase
    addresses: tuple[Address, ...]
    description: str
    document: Document
    operation: str
    key: tuple[str, ...]
    value: Json = None
    expression: str = ""
    after_write: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """Wait until the document shows that an edit holds (Graph's own copies arrive late)."""

    phase: Phase
    addresses: tuple[Address, ...]
    description: str
    document: Document
    operation: str
    key: tuple[str, ...]
    value: Json = None


Step = Send | Edit | Read
