"""What would be sent for each user, before and after a plan: the mappings, filters and assignments of both sides,
evaluated offline.

Premise: nothing is guessed. A value that the documentation leaves open, or that cannot be known here, is undetermined
and says why; so is a scope. Null is nothing that is sent, never a clearing, since the service does not send nulls. What
is undetermined may be another value each time: it differs where what it is made from does, whatever the reason says.

Method: what is the same on both sides, and does not depend on scope or roles, is evaluated once for each person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from scimconf.expressions.evaluation import EvaluationContext, Undetermined, in_scope
from scimconf.impact.assignees import Assignees, Members, roster
from scimconf.impact.compiled_mappings import (
    WHOLE,
    CompiledRow,
    because,
    compiled,
    evaluated,
    leaves_out,
    matching,
    needed,
    rewritten,
)
from scimconf.impact.projection import ProvisioningState
from scimconf.impact.scim_resource import resource
from scimconf.impact.user_attributes import BASIC_ONLY, COMPUTED, GAP, is_basic, seer, selected, unread
from scimconf.plan.preview import NOT_SENT, AttributeDiff, SentRequest, UserOutcome, UserPreview, UserState

Json = Any
_DELETED, _ROLES = "IsSoftDeleted", "appRoleAssignments"
_VERDICTS: Mapping[tuple[bool | None, bool | None], UserOutcome] = {
    (False, False): UserOutcome.OUT_OF_SCOPE,
    (False, True): UserOutcome.ENTERS,
    (True, False): UserOutcome.LEAVES,
    (True, True): UserOutcome.UNCHANGED,
}


@dataclass(frozen=True, slots=True)
class _CompiledState:
    """One side made ready: `own` are the rows that are only here, or are others there."""

    side: ProvisioningState
    roster: Assignees
    rows: Mapping[str, CompiledRow]
    own: tuple[CompiledRow, ...]
    leaves_out: bool


class _ScopeResult(NamedTuple):
    """Where somebody stands on one side, before anything is evaluated."""

    in_scope: bool | None
    why: str
    given: Mapping[str, Any]
    gaps: Mapping[str, str]


class _UserInput(NamedTuple):
    """A user as read: `gaps` are the reasons of what could not be; `disabled` is None where that is among it."""

    id: str
    given: Mapping[str, Any]
    gaps: Mapping[str, str]
    disabled: bool | None


class Preview:
    """Both sides of one application, ready to be asked about one user after another; nothing is kept of them."""

    def __init__(
        self, before: ProvisioningState, after: ProvisioningState, members: Members, told: EvaluationContext
    ) -> None:
        old, new = compiled(before), compiled(after)
        same = [new[target] for target in sorted(old.keys() & new.keys()) if old[target].row == new[target].row]
        self._shared = tuple(row for row in same if not row.is_computed)
        self._computed = tuple(row for row in same if row.is_computed)
        kept = {row.target for row in same}
        self._before, self._after = _half(before, members, old, kept), _half(after, members, new, kept)
        own = {row.target for half in (self._before, self._after) for row in half.own}
        self._open = tuple(sorted(own | {row.target for row in self._computed}))
        self._told = told
        names = needed(before) | needed(after)
        self._see, self._unread = seer(names), unread(names)
        both = {target: (old.get(target), new.get(target)) for target in old.keys() | new.keys()}
        self._reasons = {target: because(*rows) for target, rows in both.items()}
        self._rewritten = frozenset(target for target, rows in both.items() if rewritten(*rows))
        self._inputs = {
            target: COMPUTED.intersection(*[row.needs for row in rows if row]) for target, rows in both.items()
        }
        self.select = selected(names)

    @property
    def matching(self) -> tuple[str, ...]:
        """The target attributes that people will be matched by, the first first."""
        return matching(self._after.rows)

    @property
    def notices(self) -> tuple[str, ...]:
        """What no single person shows: by what people are matched with those whom the application has."""
        old, new = (" and then ".join(matching(half.rows)) or "nothing" for half in (self._before, self._after))
        if old == new or not self._before.side.exists:
            return ()
        return (f"People are matched by {new} instead of {old}.",)

    @property
    def assigned(self) -> tuple[str, ...] | None:
        """The ids of all who can be in scope on a side, in order; None where that may be anybody."""
        halves = [half for half in (self._before, self._after) if half.side.exists]
        if any(half.side.scope != "assigned" or half.roster.gap for half in halves):
            return None
        return tuple(sorted({user for half in halves for user in half.roster.held}))

    def person(self, user: Json) -> UserPreview:
        """How a user stands on both sides, and what differs."""
        id_, disabled = str(user["id"]).lower(), user.get("accountEnabled") is False
        gaps, basic = self._unread(user), is_basic(user)
        read = _UserInput(id_, self._see(user, gaps), gaps, None if basic else disabled)
        places = [_where(half, read) for half in (self._before, self._after)]
        inside = [place for place in places if place.in_scope is not False]
        shared = self._evaluated(self._shared, inside[0]) if inside else {}
        alike = len(inside) == 2 and _is_alike(*places)
        if alike:
            shared |= self._evaluated(self._computed, places[0])
        before, after = (
            self._stand(half, place, shared, alike=alike, disabled=disabled)
            for half, place in zip((self._before, self._after), places, strict=True)
        )
        contrasts = self._contrasts(id_, before, after, places) if len(inside) == 2 else ()
        verdict = _verdict(before, after, contrasts)
        if verdict is UserOutcome.LEAVES:
            after = replace(after, sent=self._farewell(places[1]))
        name, notes = str(user.get("userPrincipalName") or id_), tuple(self._notes(verdict, after))
        return UserPreview(name, id_, verdict, before, after, contrasts, notes, basic)

    def completed(self, person: UserPreview) -> UserPreview:
        """The same person with both resources as a creation would carry them; as an update could, of a disabled one."""
        before, after = (
            stand
            if stand.in_scope is False or stand.left_out
            else replace(stand, resource=resource(stand.sent, half.side.booleans, updates=stand.disabled))
            for half, stand in ((self._before, person.before), (self._after, person.after))
        )
        return replace(person, before=before, after=after)

    # --- what is sent ---

    def _evaluated(self, rows: tuple[CompiledRow, ...], where: _ScopeResult) -> dict[str, SentRequest]:
        return evaluated(rows, where.given, self._told, where.gaps)

    def _stand(
        self,
        half: _CompiledState,
        where: _ScopeResult,
        shared: Mapping[str, SentRequest],
        *,
        alike: bool,
        disabled: bool,
    ) -> UserState:
        """`alike` says that the computed rows are among the shared ones, since both sides give the same for them."""
        if where.in_scope is False:
            return UserState(False, where.why, disabled)
        own = half.own if alike else (*half.own, *self._computed)
        sent = {**shared, **self._evaluated(own, where)}
        ignoring = [target for target, one in sent.items() if one.reason == WHOLE] if half.leaves_out else ()
        if ignoring:
            by = ignoring[0]
            why = f"{where.why}; {by} says that {WHOLE}"
            return UserState(where.in_scope, why, disabled, {by: sent[by]}, left_out=by)
        return UserState(where.in_scope, where.why, disabled, sent)

    def _farewell(self, where: _ScopeResult) -> Mapping[str, SentRequest]:
        """What is sent for somebody who falls out of scope: only what says so."""
        side = self._after.side
        if side.skips or not side.enabled or "update" not in side.actions:
            return {}
        return self._evaluated(tuple(row for row in self._after.rows.values() if _DELETED in row.needs), where)

    # --- what differs ---

    def _contrasts(
        self, user: str, before: UserState, after: UserState, places: Sequence[_ScopeResult]
    ) -> tuple[AttributeDiff, ...]:
        """Only what is evaluated for each side by itself can differ; a person who is left out whole differs in that."""
        if before.left_out or after.left_out:
            differing = [before.left_out or after.left_out] if bool(before.left_out) != bool(after.left_out) else []
        else:
            old, new = before.sent, after.sent
            differing = [one for one in self._open if self._differs(one, old.get(one), new.get(one), user, places)]
        return tuple(self._contrast(user, target, before, after) for target in differing)

    def _differs(
        self, target: str, old: SentRequest | None, new: SentRequest | None, user: str, places: Sequence[_ScopeResult]
    ) -> bool:
        if (old and old.kind == "undetermined") or (new and new.kind == "undetermined"):
            inputs = self._inputs[target]
            return target in self._rewritten or any(self._has_moved(name, user, *places) for name in inputs)
        return old != new and _carried(old) != _carried(new)

    def _contrast(self, user: str, target: str, before: UserState, after: UserState) -> AttributeDiff:
        """With the reason: of the plan, or why a mapping gives something else though it is as it was."""
        reason = self._reasons[target]
        if not reason and before.reason == after.reason:
            reason = f"roles: {self._before.roster.named(user)} → {self._after.roster.named(user)}"
        moved = () if reason else (before.reason, after.reason)
        return AttributeDiff(target, before.sent.get(target), after.sent.get(target), reason, moved)

    def _has_moved(self, name: str, user: str, before: _ScopeResult, after: _ScopeResult) -> bool:
        """Whether what the service works out by itself is another on each side; roles may be, though no value is known."""
        old, new = before.given[name], after.given[name]
        if name == _ROLES and old is GAP and new is GAP:
            return self._before.roster.labelled(user) != self._after.roster.labelled(user)
        return bool(old != new)

    def _notes(self, verdict: UserOutcome, after: UserState) -> list[str]:
        side = self._after.side
        notes = []
        if after.disabled and after.in_scope is not False:
            notes.append("The account is disabled: updated where the application has it already, never created.")
        elif verdict is UserOutcome.ENTERS and "create" not in side.actions:
            notes.append("Creations are switched off, so this is sent only where the application has the user already.")
        if verdict is UserOutcome.LEAVES:
            notes.append(_leaving(side, told=any(_DELETED in row.needs for row in self._after.rows.values())))
        return notes


def _verdict(before: UserState, after: UserState, contrasts: Sequence[AttributeDiff]) -> UserOutcome:
    verdict = _VERDICTS.get((before.in_scope, after.in_scope), UserOutcome.UNKNOWN)
    if verdict is not UserOutcome.UNCHANGED or not contrasts:
        return verdict
    is_sure = before.left_out or after.left_out or any(one.is_sure for one in contrasts)
    return UserOutcome.CHANGES if is_sure else UserOutcome.POSSIBLY_CHANGES


def _carried(sent: SentRequest | None) -> SentRequest | None:
    """What is sent; None for nothing, whether or not a mapping says so."""
    return None if sent is None or (sent.kind in NOT_SENT and sent.default is None) else sent


def _leaving(side: ProvisioningState, *, told: bool) -> str:
    if not side.enabled:
        return "The mapping of users is off: whether the application is told anything is not documented."
    if side.skips:
        return "Left in the application as they are: skip_out_of_scope_deletions is on."
    if not told:
        return "No mapping tells the application: whether the user is deleted there or stays is not documented."
    if "update" not in side.actions:
        return "Updates are switched off, so the application is not told."
    return "Disabled in the application, where it has the user; this is all that is sent."


def _half(
    side: ProvisioningState, members: Members, rows: Mapping[str, CompiledRow], shared: set[str]
) -> _CompiledState:
    own = tuple(rows[target] for target in sorted(rows) if target not in shared)
    return _CompiledState(side, roster(side, members), rows, own, leaves_out(rows.values()))


def _where(half: _CompiledState, read: _UserInput) -> _ScopeResult:
    scope, why = _scope(half, read)
    gaps = dict(read.gaps)
    roles, no_roles = half.roster.roles(read.id)
    if no_roles:
        gaps[_ROLES] = no_roles
    deleted, unknown = _deleted(scope, why, disabled=read.disabled)
    if unknown:
        gaps[_DELETED] = unknown
    return _ScopeResult(scope, why, {**read.given, _DELETED: deleted, _ROLES: roles}, gaps)


def _deleted(scope: bool | None, why: str, *, disabled: bool | None) -> tuple[Any, str]:
    """Whether the service takes somebody for deleted, or a gap and its reason."""
    if disabled or scope is False:
        return True, ""
    if scope is None:
        return GAP, f"whether the user is in scope is not known: {why}"
    return (GAP, BASIC_ONLY) if disabled is None else (False, "")


def _is_alike(one: _ScopeResult, other: _ScopeResult) -> bool:
    """Whether what the service works out of scope and roles is the same in both places."""
    return one.gaps == other.gaps and all(one.given[name] == other.given[name] for name in (_DELETED, _ROLES))


def _scope(half: _CompiledState, read: _UserInput) -> tuple[bool | None, str]:
    """Whether a user is in scope, None where that is not known, and why."""
    side = half.side
    if not side.exists:
        return False, side.absent
    if not side.enabled:
        return False, "users are not provisioned: their mapping is off"
    passes = in_scope(side.filters, {_DELETED: GAP, **read.given}) if side.filters else True
    if passes is False:
        return False, "no filter lets the user in"
    scope, why = _assigned(half, read.id)
    if scope is not False and isinstance(passes, Undetermined):
        return None, _open(passes, side, read)
    return scope, why


def _open(passes: Undetermined, side: ProvisioningState, read: _UserInput) -> str:
    """Why a filter says nothing: an attribute of the user that could not be read is a better reason than any other."""
    names = (str(clause["attribute"]) for one in side.filters for clause in one["all"])
    return next((f"{name}: {read.gaps[name]}" for name in names if name in read.gaps), passes.reason)


def _assigned(half: _CompiledState, user: str) -> tuple[bool | None, str]:
    if half.side.scope == "all":
        return True, "everyone is in scope"
    assigned, why = half.roster.is_assigned(user)
    if assigned is False and half.side.scope is None:
        return None, "whether only assigned people are in scope is not known"
    return assigned, why
