"""The tenant's state as the handlers see it: documents, identifiers, the clock, and what has not arrived yet.

Late arrival counts reads, not seconds, so that tests are quick and the same every time.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from scimconf.sandbox.store import Condition, Documents, Store
from scimconf.sandbox.switches import Switches

_SEED = uuid.UUID("6f6d2c7c-3a86-5a0e-9d0c-5c1d0f5a1e77")
Clock = Callable[[], datetime]


def system_clock() -> datetime:
    return datetime.now(UTC)


def stable_id(name: str) -> str:
    """An identifier that is the same wherever the same name is asked for."""
    return str(uuid.uuid5(_SEED, name))


class Tenant:
    """State, switches and clock, in one hand."""

    def __init__(self, store: Store, switches: Switches, clock: Clock = system_clock) -> None:
        self.store = store
        self.documents = Documents(store)
        self.switches = switches
        self._clock = clock

    # ---- time and identity ----------------------------------------------------------------------------------------

    def now(self) -> datetime:
        return self._clock() + timedelta(seconds=self.switches.clock_offset_seconds)

    def stamp(self) -> str:
        return self.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def new_id(self, what: str) -> str:
        """A fresh identifier; the n-th of a tenant is always the same one."""
        count = int(self.stored_value(f"count/{what}", 0)) + 1
        self.store_value(f"count/{what}", count)
        return stable_id(f"{what}/{count}")

    def store_value(self, key: str, value: Any) -> None:
        self.store.run("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, json.dumps(value)))

    def stored_value(self, key: str, default: Any = None) -> Any:
        text = self.store.value("SELECT value FROM meta WHERE key = ?", (key,))
        return default if text is None else json.loads(text)

    # ---- late arrival -------------------------------------------------------------------------------------------

    def delay(self, subjects: Iterable[str], reads: int | None = None) -> None:
        """From now on, so many questions about each subject are answered as if it were not there yet."""
        count = self.switches.late_reads if reads is None else reads
        if count:
            self.store.run_many("INSERT OR REPLACE INTO late VALUES (?, ?)", ((s, count) for s in subjects))

    def is_still_delayed(self, subject: str) -> bool:
        """Asks once about a subject, and counts the question."""
        asked = self.store.run(
            "UPDATE late SET remaining = remaining - 1 WHERE subject = ? AND remaining > 0", (subject,)
        )
        return asked > 0

    def has_delay(self, subject: str) -> bool:
        """The same without counting."""
        return bool(self.store.value("SELECT 1 FROM late WHERE subject = ? AND remaining > 0", (subject,)))

    def is_visible(self, kind: str, key: str) -> bool:
        """Asks once about a document that was just made, and counts the question."""
        asked = self.store.run(
            "UPDATE objects SET hidden = hidden - 1 WHERE kind = ? AND id = ? AND hidden > 0", (kind, key)
        )
        return asked == 0

    def listed(self, kind: str) -> None:
        """A list of a kind was read: what is hidden in it comes one read nearer."""
        self.store.run("UPDATE objects SET hidden = hidden - 1 WHERE kind = ? AND hidden > 0", (kind,))


VISIBLE = Condition("hidden = 0")
