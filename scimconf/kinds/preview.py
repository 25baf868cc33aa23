"""What would be sent for each user, before and after a plan: the mappings, filters and assignments of both sides,
evaluated offline.

Premise: nothing is guessed. A value that the documentation leaves open, or that cannot be known here, is undetermined
and says why; so is a scope. Null is nothing that is sent, never a clearing, since the service does not send nulls.

Method: what is the same on both sides, and does not depend on scope or roles, is evaluated once for each person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from scimconf.expressions.evaluation import Circumstances, Undetermined, in_scope
from scimconf.kinds.preview_resource import resource
from scimconf.kinds.preview_roster import Members, Roster, roster
from scimconf.kinds.preview_rows import WHOLE, Compiled, because, compiled, evaluated, leaves_out, needed
from scimconf.kinds.preview_sides import Side
from scimconf.kinds.preview_source import GAP, reader, selected
from scimconf.plan.preview import Contrast, Person, Sent, Stand, Verdict

Json = Any
_DELETED, _ROLES = "IsSoftDeleted", "appRoleAssignments"
_VERDICTS: Mapping[tuple[bool | None, bool | None], Verdict] = {
    (False, False): Verdict.OUTSIDE,
    (False, True): Verdict.ENTERS,
    (True, False): Verdict.LEAVES,
    (True, True): Verdict.SAME,
}


@dataclass(frozen=True, slots=True)
class _Half:
    """One side made ready: `own` are the rows that are only here, or are others there."""

    side: Side
    roster: Roster
    rows: Mapping[str, Compiled]
    own: tuple[Compiled, ...]
    leaves_out: bool


@dataclass(frozen=True, slots=True)
class _Where:
    """Where somebody stands on one side, before anything is evaluated."""

    in_scope: bool | None
    why: str
    given: Mapping[str, Any]
    gaps: Mapping[str, str]


class Preview:
    """Both sides of one application, ready to be asked about one user after another; nothing is kept of them."""

    def __init__(self, before: Side, after: Side, members: Members, told: Circumstances) -> None:
        old, new = compiled(before), compiled(after)
        same = [new[target] for target in sorted(old.keys() & new.keys()) if old[target].row == new[target].row]
        self._shared = tuple(row for row in same if not row.is_computed)
        self._computed = tuple(row for row in same if row.is_computed)
        kept = {row.target for row in same}
        self._before, self._after = _half(before, members, old, kept), _half(after, members, new, kept)
        self._moved = tuple(sorted(row.target for half in (self._before, self._after) for row in half.own))
        self._told = told
        self._read = reader(needed(before) | needed(after))
        self._reasons = {target: because(old.get(target), new.get(target)) for target in old.keys() | new.keys()}
        self.select = selected(needed(before) | needed(after))

    @property
    def matching(self) -> tuple[str, ...]:
        """The target attributes that people will be matched by, the first first."""
        rows = [row for row in self._after.rows.values() if row.row["match"] is not None]
        return tuple(row.target for row in sorted(rows, key=lambda row: int(row.row["match"])))

    @property
    def assigned(self) -> tuple[str, ...] | None:
        """The ids of all who can be in scope on a side, in order; None where that may be anybody."""
        halves = [half for half in (self._before, self._after) if half.side.exists]
        if any(half.side.scope != "assigned" or half.roster.gap for half in halves):
            return None
        return tuple(sorted({user for half in halves for user in half.roster.held}))

    def person(self, user: Json) -> Person:
        """How a user stands on both sides, and what differs."""
        id_, disabled = str(user["id"]).lower(), user.get("accountEnabled") is False
        given = self._read(user)
        places = [_where(half, id_, given, disabled=disabled) for half in (self._before, self._after)]
        inside = [place for place in places if place.in_scope is not False]
        shared = self._evaluated(self._shared, inside[0]) if inside else {}
        alike = len(inside) == 2 and _is_alike(*places)
        if alike:
            shared |= self._evaluated(self._computed, places[0])
        before, after = (
            self._stand(half, place, shared, alike=alike, disabled=disabled)
            for half, place in zip((self._before, self._after), places, strict=True)
        )
        contrasts = self._contrasts(id_, before, after) if len(inside) == 2 else ()
        verdict = _VERDICTS.get((before.in_scope, after.in_scope), Verdict.UNKNOWN)
        if verdict is Verdict.SAME and contrasts:
            verdict = Verdict.CHANGES
        if verdict is Verdict.LEAVES:
            after = replace(after, sent=self._farewell(places[1]))
        name = str(user.get("userPrincipalName") or id_)
        return Person(name, id_, verdict, before, after, contrasts, tuple(self._notes(verdict, after)))

    def completed(self, person: Person) -> Person:
        """The same person with both resources as a creation would carry them."""
        before, after = (
            stand if stand.in_scope is False else replace(stand, resource=resource(stand.sent, half.side.booleans))
            for half, stand in ((self._before, person.before), (self._after, person.after))
        )
        return replace(person, before=before, after=after)

    # --- what is sent ---

    def _evaluated(self, rows: tuple[Compiled, ...], where: _Where) -> dict[str, Sent]:
        return evaluated(rows, where.given, self._told, where.gaps)

    def _stand(self, half: _Half, where: _Where, shared: Mapping[str, Sent], *, alike: bool, disabled: bool) -> Stand:
        """`alike` says that the computed rows are among the shared ones, since both sides give the same for them."""
        if where.in_scope is False:
            return Stand(False, where.why, disabled)
        own = half.own if alike else (*half.own, *self._computed)
        sent = {**shared, **self._evaluated(own, where)}
        ignoring = [target for target, one in sent.items() if one.reason == WHOLE] if half.leaves_out else ()
        if ignoring:
            return Stand(where.in_scope, f"{where.why}; {ignoring[0]} says that {WHOLE}", disabled)
        return Stand(where.in_scope, where.why, disabled, sent)

    def _farewell(self, where: _Where) -> Mapping[str, Sent]:
        """What is sent for somebody who falls out of scope: only what says so."""
        side = self._after.side
        if side.skips or "update" not in side.actions:
            return {}
        return self._evaluated(tuple(row for row in self._after.rows.values() if _DELETED in row.needs), where)

    # --- what differs ---

    def _contrasts(self, user: str, before: Stand, after: Stand) -> tuple[Contrast, ...]:
        """Only what is evaluated for each side by itself can differ, unless one side leaves the whole person out."""
        targets = {*self._moved, *(row.target for row in self._computed)}
        if bool(before.sent) != bool(after.sent):
            targets |= before.sent.keys() | after.sent.keys()
        found = []
        for target in sorted(targets):
            old, new = before.sent.get(target), after.sent.get(target)
            if old != new:
                found.append(Contrast(target, old, new, self._reasons[target] or self._otherwise(user, before, after)))
        return tuple(found)

    def _otherwise(self, user: str, before: Stand, after: Stand) -> str:
        """Why a mapping gives something else though it is as it was."""
        if before.why != after.why:
            return f"{before.why} → {after.why}"
        return f"roles: {self._before.roster.named(user)} → {self._after.roster.named(user)}"

    def _notes(self, verdict: Verdict, after: Stand) -> list[str]:
        side = self._after.side
        notes = []
        if after.disabled and after.in_scope is not False:
            notes.append("The account is disabled: updated where the application has it already, never created.")
        elif verdict is Verdict.ENTERS and "create" not in side.actions:
            notes.append("Creations are switched off, so this is sent only where the application has the user already.")
        if verdict is Verdict.LEAVES:
            notes.append(_leaving(side, told=any(_DELETED in row.needs for row in self._after.rows.values())))
        return notes


def _leaving(side: Side, *, told: bool) -> str:
    if side.skips:
        return "Left in the application as they are: skip_out_of_scope_deletions is on."
    if not told:
        return "No mapping tells the application: whether the user is deleted there or stays is not documented."
    if "update" not in side.actions:
        return "Updates are switched off, so the application is not told."
    return "Disabled in the application, where it has the user; this is all that is sent."


def _half(side: Side, members: Members, rows: Mapping[str, Compiled], shared: set[str]) -> _Half:
    own = tuple(rows[target] for target in sorted(rows) if target not in shared)
    return _Half(side, roster(side, members), rows, own, leaves_out(rows.values()))


def _where(half: _Half, user: str, given: Mapping[str, Any], *, disabled: bool) -> _Where:
    scope, why = _scope(half, user, given)
    gaps: dict[str, str] = {}
    roles, no_roles = half.roster.roles(user)
    if no_roles:
        gaps[_ROLES] = no_roles
    deleted: Any = disabled or scope is False
    if scope is None and not disabled:
        deleted, gaps[_DELETED] = GAP, f"whether the user is in scope is not known: {why}"
    return _Where(scope, why, {**given, _DELETED: deleted, _ROLES: roles}, gaps)


def _is_alike(one: _Where, other: _Where) -> bool:
    """Whether what the service works out of scope and roles is the same in both places."""
    return one.gaps == other.gaps and all(one.given[name] == other.given[name] for name in (_DELETED, _ROLES))


def _scope(half: _Half, user: str, given: Mapping[str, Any]) -> tuple[bool | None, str]:
    """Whether a user is in scope, None where that is not known, and why."""
    side = half.side
    if not side.exists:
        return False, "there is no provisioning job"
    if not side.enabled:
        return False, "users are not provisioned: their mapping is off"
    passes = in_scope(side.filters, {_DELETED: GAP, **given})
    if passes is False:
        return False, "no filter lets the user in"
    scope, why = _assigned(half, user)
    if scope is not False and isinstance(passes, Undetermined):
        return None, passes.reason
    return scope, why


def _assigned(half: _Half, user: str) -> tuple[bool | None, str]:
    if half.side.scope == "all":
        return True, "everyone is in scope"
    assigned, why = half.roster.is_assigned(user)
    if assigned is False and half.side.scope is None:
        return None, "whether only assigned people are in scope is not known"
    return assigned, why
