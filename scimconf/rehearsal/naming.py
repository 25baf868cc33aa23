"""Names in a rehearsal. On a user-supplied endpoint they begin with a marker, so that no real account is matched."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True, slots=True)
class Naming:
    """The marker of a run, empty for the built-in target: then all names stay."""

    marker: str = ""

    def user_name(self, name: str) -> str:
        """Return the user principal name, mail address or alias of a user in the rehearsal."""
        return f"{self.marker}-{name}" if self.marker else name

    def display_name(self, name: str) -> str:
        """Return the display name of a user or group in the rehearsal."""
        return f"{self.marker} {name}" if self.marker else name

    def identifier(self, key: str) -> str:
        """Return the object id of a user or group in the rehearsal: an application may match by it."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.marker}/{key.lower()}")) if self.marker else key

    @property
    def first_number(self) -> int:
        """A number that is different for each run at a user-supplied endpoint."""
        return uuid.uuid5(uuid.NAMESPACE_URL, self.marker).int >> 96

    def listed(self, name: str) -> str:
        """Return what identifies a listed user or group: a user principal name, a display name or an object id."""
        if _GUID.fullmatch(name):
            return self.identifier(name)
        return self.user_name(name) if "@" in name else self.display_name(name)
