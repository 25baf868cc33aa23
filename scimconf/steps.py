"""What is written to Graph: the steps of an apply. They may contain placeholders and `SecretRef`s, never a secret."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from scimconf.json_types import Json
from scimconf.plan import Address
from scimconf.snapshot import Document


class Phase(IntEnum):
    """The phases of an apply, in order: pause what could do harm, build, delete, start provisioning last."""

    STOP = 0
    BUILD = 1
    CLEAR = 2
    START = 3


OperationName = Literal[
    "set_role",
    "disable_role",
    "remove_role",
    "set_tag",
    "record_sent",
    "set_property",
    "set_value",
    "set_flag",
    "remove_value",
    "set_members",
    "set_mapping",
    "remove_mapping",
    "set_object",
    "define_attribute",
    "is_there",
    "state_is",
    "rows_gone",
]
"""The keys of `documents.OPERATIONS`."""


@dataclass(frozen=True, slots=True)
class PendingDocument:
    """Request-body placeholder: a document's key/value pairs after its pending edits, with secrets resolved."""

    document: str


@dataclass(frozen=True, slots=True)
class Send:
    """One request.

    - `outputs` are (name, path) pairs: each name is bound to the field of the response at the dotted path.
    - `success_errors` are (status, text) pairs: an error of that status whose message contains the text means that
      the request has already taken effect.
    - `lookup` is the document that shows whether the request took effect. It is read until it binds the outputs, after
      a response as well as when the response was lost.
    - `before_write` and `after_write` name a document whose write must follow or precede the request.
    - `hint` says what to do if the request is refused.
    - `batch`: independent requests of one kind are sent as `$batch`.
    - `listed_in` is the collection that lists what the requests of a batch create, with the properties of their bodies.
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
    listed_in: Document | None = None
    hint: str = ""

    @property
    def creates(self) -> bool:
        """Whether the request creates something: it is not sent twice without a lookup in between."""
        return self.lookup is not None or self.listed_in is not None

    @property
    def pauses(self) -> bool:
        """Whether the request pauses provisioning."""
        return self.path.endswith("/pause")

    @property
    def starts(self) -> bool:
        """Whether the request starts provisioning; whether a restart does so for a paused job is not documented."""
        return self.path.endswith(("/start", "/restart"))

    @property
    def is_credentials_test(self) -> bool:
        """Whether the request only tests credentials, and so writes nothing."""
        return self.path.endswith("/validateCredentials")


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of a document by an operation.

    - The write of the document `after_write` must precede it, that of `before_write` follow it.
    - If `expression` is not empty, the service parses it, and the tree replaces `value["source"]`.
    - `optional`: if it is not empty and Graph denies the write, the write is skipped, and the apply goes on. It says what
      follows from that.
    """

    phase: Phase
    addresses: tuple[Address, ...]
    description: str
    document: Document
    operation: OperationName
    key: tuple[str, ...]
    value: Json = None
    expression: str = ""
    before_write: str = ""
    after_write: str = ""
    optional: str = ""

    @property
    def is_record(self) -> bool:
        """Whether the edit only records what the apply does, in a tag."""
        return self.operation in ("set_tag", "record_sent")


@dataclass(frozen=True, slots=True)
class Read:
    """Wait until a document shows the result of an operation (Graph replicates with a delay)."""

    phase: Phase
    addresses: tuple[Address, ...]
    description: str
    document: Document
    operation: OperationName
    key: tuple[str, ...]
    value: Json = None


@dataclass(frozen=True, slots=True)
class NameCheck:
    """Check that the application is the only one with its name: a run at the same time may have created another one.

    `document` lists the service principals with the name, `registrations` the application objects, which have the
    dates of creation.
    """

    phase: Phase
    addresses: tuple[Address, ...]
    description: str
    document: Document
    registrations: Document


Step = Send | Edit | Read | NameCheck
