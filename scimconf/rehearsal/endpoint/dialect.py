"""The two dialects of Entra's PATCH requests.

Entra sends the legacy one, unless the tenant URL has the flag `aadOptscim062020`.
"""

from __future__ import annotations

from dataclasses import dataclass

from scimconf.json_types import Json
from scimconf.rehearsal.endpoint.bodies import member_values, operation


@dataclass(frozen=True, slots=True)
class PatchDialect:
    """How Entra writes operations; `name` is "legacy" or "compliant"."""

    name: str

    @property
    def is_legacy(self) -> bool:
        return self.name == "legacy"

    def op(self, word: str) -> str:
        """Return `Add`, or `add` in the compliant dialect."""
        return word.capitalize() if self.is_legacy else word

    def add(self, path: str, value: Json) -> dict[str, Json]:
        return operation(self.op("add"), path, value)

    def replace(self, path: str, value: Json) -> dict[str, Json]:
        return operation(self.op("replace"), path, value)

    def active(self, *, value: bool) -> Json:
        """Return the value of `active`: the string "True" or "False" in the legacy dialect."""
        return str(value) if self.is_legacy else value

    def disable(self) -> dict[str, Json]:
        return self.replace("active", self.active(value=False))

    def enable(self) -> dict[str, Json]:
        return self.replace("active", self.active(value=True))

    def add_member(self, member: str) -> dict[str, Json]:
        return self.add("members", member_values(member))

    def remove_member(self, member: str) -> dict[str, Json]:
        """Return the removal of one member: a value in the legacy dialect, a path with a filter in the other."""
        if self.is_legacy:
            return operation("Remove", "members", member_values(member))
        return operation("remove", f'members[value eq "{member}"]', has_value=False)

    def remove_members(self, *members: str) -> list[dict[str, Json]]:
        """Return the removal of several members in one request: one operation in the legacy dialect."""
        if self.is_legacy:
            return [operation("Remove", "members", member_values(*members))]
        return [self.remove_member(member) for member in members]


LEGACY, COMPLIANT = PatchDialect("legacy"), PatchDialect("compliant")
