"""The advisory lock of an application: a tag of its service principal with a holder and an end.

Graph has no precondition for a write of the tags, so a lock is a convention between runs of scimconf;
`graph/execution/lock.py` takes it. Other tags are preserved, as for the tags of `documents/application.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from scimconf.json_types import Json

PREFIX = "scimconf-lock:"
MAX_HOLDER = 160
"""Characters of a holder, so that a tag stays below 256."""
NEVER = datetime.max.replace(tzinfo=UTC)
"""The end of a lock whose tag cannot be read: it blocks until it is broken."""
_FORM = "%Y-%m-%dT%H:%M:%SZ"
_TAG = re.compile(rf"(\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ) ([0-9a-f]{{1,32}}) (.{{1,{MAX_HOLDER}}})")


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock of `holder` that ends at `until` (UTC, whole seconds); `run` distinguishes two runs of one holder."""

    holder: str
    run: str
    until: datetime

    @property
    def tag(self) -> str:
        return f"{PREFIX}{self.until.strftime(_FORM)} {self.run} {self.holder}"

    def is_active(self, now: datetime) -> bool:
        return now < self.until

    def __str__(self) -> str:
        end = "without an end that can be read" if self.until == NEVER else f"until {self.until:%Y-%m-%d %H:%M:%S} UTC"
        return f"{self.holder}, {end}"


def is_holder(text: str) -> bool:
    """Return whether a text can be a holder: printable, without spaces at its ends, at most MAX_HOLDER characters."""
    return 0 < len(text) <= MAX_HOLDER and text.isprintable() and text == text.strip()


def locks(tags: Iterable[Json] | None) -> tuple[Lock, ...]:
    """Return the locks in the tags of a service principal."""
    texts = map(str, tags or ())
    return tuple(_lock(text.removeprefix(PREFIX)) for text in texts if text.startswith(PREFIX))


def _lock(text: str) -> Lock:
    match = _TAG.fullmatch(text)
    if match is not None and is_holder(match[3]):
        try:
            return Lock(match[3], match[2], datetime.strptime(match[1], _FORM).replace(tzinfo=UTC))
        except ValueError:
            return Lock(text[:MAX_HOLDER], "", NEVER)
    return Lock(text[:MAX_HOLDER], "", NEVER)


def lock_of_others(tags: Iterable[Json] | None, now: datetime, holder: str) -> Lock | None:
    """Return the lock of another holder that ends last, None if none is active."""
    active = [lock for lock in locks(tags) if lock.holder != holder and lock.is_active(now)]
    return max(active, key=lambda lock: lock.until, default=None)


def without_locks(tags: Iterable[str], *runs: str) -> list[str]:
    """Return the tags without the locks of these runs, or without any lock if no run is named."""
    return [tag for tag in tags if not any(not runs or lock.run in runs for lock in locks([tag]))]
