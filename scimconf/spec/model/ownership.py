"""Who answers for an application, and what people have to do before it may start. Nothing of it is written to Graph."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated

from pydantic import Field

from scimconf.diagnostics import Diagnostic, quoted
from scimconf.spec.model.base import Date, Section, Text
from scimconf.spec.patterns import OWNER

Owner = Annotated[str, Field(pattern=OWNER)]


class ManualStep(Section):
    """Something that a person has to do outside of Entra before provisioning starts for the first time."""

    step: Text
    confirmed: Date | None = None
    by: Text | None = None

    def is_confirmed(self, today: date) -> bool:
        """Return whether a person has confirmed the step, on a day that is not in the future."""
        return self.confirmed is not None and self.confirmed <= today

    def _errors(self) -> Iterator[Diagnostic]:
        if (self.confirmed is None) != (self.by is None):
            present, missing = ("by", "confirmed") if self.confirmed is None else ("confirmed", "by")
            example = "confirmed: 2026-12-31" if missing == "confirmed" else "by: ada@contoso.com"
            message = f"the step has `{present}` but no `{missing}`"
            yield Diagnostic("S202", message, (present,), hint=f"Add `{example}`, or delete `{present}:`.")


def duplicate_entries(owners: Sequence[str], steps: Sequence[ManualStep]) -> Iterator[Diagnostic]:
    """Yield an error for each owner and each manual step that is listed twice; letter case does not count."""
    yield from _duplicates("owners", owners)
    yield from _duplicates("before_start", [step.step for step in steps])


def _duplicates(key: str, texts: Sequence[str]) -> Iterator[Diagnostic]:
    previous: set[str] = set()
    for index, text in enumerate(texts):
        if text.casefold() in previous:
            message = f"{quoted(text)} is listed twice"
            yield Diagnostic("S305", message, (key, index), hint="Delete one of the two lines.")
        previous.add(text.casefold())
