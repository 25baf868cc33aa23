"""The state of the tenant: documents, identifiers, clock and simulated replication delay.

Replication delay is counted in reads, not in seconds, so that tests are fast and deterministic.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from scimconf.sandbox.reach import NOWHERE_ELSE, Reach
from scimconf.sandbox.store import Condition, Documents, Store
from scimconf.sandbox.switches import Switches

_SEED = uuid.UUID("6f6d2c7c-3a86-5a0e-9d0c-5c1d0f5a1e77")
Clock = Callable[[], datetime]


def system_clock() -> datetime:
    return datetime.now(UTC)


def stable_id(name: str) -> str:
    """Return the identifier of a name: always the same for the same name."""
    return str(uuid.uuid5(_SEED, name))


class Tenant:
    """The stored state, the positions of the switches, the clock, and where requests may be sent."""

    def __init__(self, store: Store, switches: Switches, clock: Clock = system_clock) -> None:
        self.store = store
        self.reach: Reach = NOWHERE_ELSE
        self.documents = Documents(store)
        self.switches = switches
        self._clock = clock

    # ---- time and identity ----------------------------------------------------------------------------------------

    def now(self) -> datetime:
        return self._clock() + timedelta(seconds=self.switches.clock_offset_seconds)

    def stamp(self) -> str:
        return self.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def new_id(self, kind: str) -> str:
        """Return a new identifier; the n-th of a kind is the same in every tenant."""
        count = int(self.stored_value(f"count/{kind}", 0)) + 1
        self.store_value(f"count/{kind}", count)
        return stable_id(f"{kind}/{count}")

    def store_value(self, key: str, value: Any) -> None:
        self.store.run("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, json.dumps(value)))

    def stored_value(self, key: str, default: Any = None) -> Any:
        text = self.store.value("SELECT value FROM meta WHERE key = ?", (key,))
        return default if text is None else json.loads(text)

    # ---- replication delay -------------------------------------------------------------------------------------------

    def delay(self, subjects: Iterable[str], reads: int | None = None) -> None:
        """Delay subjects: for `reads` reads (default: the switch `late_reads`) they are still delayed."""
        count = self.switches.late_reads if reads is None else reads
        if count:
            self.store.run_many(
                "INSERT OR REPLACE INTO delays VALUES (?, ?)", ((subject, count) for subject in subjects)
            )

    def is_still_delayed(self, subject: str) -> bool:
        """Return whether a subject is still delayed, and count this read."""
        changed = self.store.run(
            "UPDATE delays SET remaining = remaining - 1 WHERE subject = ? AND remaining > 0", (subject,)
        )
        return changed > 0

    def has_delay(self, subject: str) -> bool:
        """Return whether a subject is still delayed, without counting a read."""
        return bool(self.store.value("SELECT 1 FROM delays WHERE subject = ? AND remaining > 0", (subject,)))

    def is_visible(self, kind: str, key: str) -> bool:
        """Return whether a document is visible, and count this read."""
        changed = self.store.run(
            "UPDATE objects SET hidden = hidden - 1 WHERE kind = ? AND id = ? AND hidden > 0", (kind, key)
        )
        return changed == 0

    def count_list_read(self, kind: str) -> None:
        """Count a read of a list: hidden documents of the kind need one read less."""
        self.store.run("UPDATE objects SET hidden = hidden - 1 WHERE kind = ? AND hidden > 0", (kind,))


VISIBLE = Condition("hidden = 0")
