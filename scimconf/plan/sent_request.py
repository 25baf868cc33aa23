"""What one mapping sends for one user: a value of previews, of the tests in a spec, and of impact."""

from __future__ import annotations

from typing import Literal, NamedTuple

ResultKind = Literal["value", "null", "ignored", "undetermined", "failure"]


class SentRequest(NamedTuple):
    """What one mapping sends for one user; a tuple, since there is one for each user and mapping.

    `default` is sent instead of null, only when the user is created; `apply` says when the mapping applies, in the
    spec's words. `reason` says why a value is undetermined or fails.
    """

    kind: ResultKind
    value: str | tuple[str, ...] | None = None
    reason: str = ""
    default: str | None = None
    apply: str = "always"

    @property
    def created(self) -> str | tuple[str, ...] | None:
        """What a creation sends; None for nothing."""
        return self.default if self.kind == "null" else self.value

    @property
    def updated(self) -> str | tuple[str, ...] | None:
        """What an update can send; None for nothing."""
        return None if self.kind == "null" or self.apply == "on_create" else self.value
