"""The guards of an application, each once: a guard that several changes raise for the same reason is one group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from scimconf.plan import Guard
from scimconf.render.common.effects import guard_message, users

MAX_PLACES = 3
"""Changes that are listed of a guard."""


@dataclass(frozen=True, slots=True)
class GuardGroup:
    """Guards with the same id and message that are allowed by the same exemption, or by none."""

    guards: tuple[Guard, ...]

    @property
    def first(self) -> Guard:
        return self.guards[0]

    @property
    def is_allowed(self) -> bool:
        return self.first.is_allowed

    @property
    def message(self) -> str:
        """The message; the numbers of users are with the addresses if there are several."""
        return guard_message(self.first) if len(self.guards) == 1 else self.first.message

    @property
    def more(self) -> str:
        """How many changes are not listed, "" if all are."""
        rest = len(self.guards) - MAX_PLACES
        return f" and {rest:,} more" if rest > 0 else ""

    def places(self, *, full_address: bool = False) -> Iterator[tuple[str, str]]:
        """Yield the first addresses, each with its number of users in parentheses if there are several."""
        for guard in self.guards[:MAX_PLACES]:
            if guard.address is not None:
                number = f" ({_number(guard)})" if len(self.guards) > 1 and _number(guard) else ""
                yield str(guard.address) if full_address else guard.address.local, number


def _number(guard: Guard) -> str:
    """Return the number of users of a guard, or its count; "" if it has neither."""
    if guard.impact is not None:
        return users(guard.impact)
    return "" if guard.count is None else f"count: {guard.count:,}"


def guard_groups(guards: Iterable[Guard]) -> list[GuardGroup]:
    """Return the guards in groups, the blocking ones first; guards without an address are groups of their own."""
    groups: dict[tuple[object, ...], list[Guard]] = {}
    for number, guard in enumerate(sorted(guards, key=lambda guard: guard.is_allowed)):
        key = (guard.id, guard.message, guard.allowed_by, None if guard.address is not None else number)
        groups.setdefault(key, []).append(guard)
    return [GuardGroup(tuple(group)) for group in groups.values()]
