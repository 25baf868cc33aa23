"""Count how many users each change of a plan affects, from the evaluation that a preview shows. Pure.

Users who were read are evaluated with all their attributes, others by their assignments alone. A number is exact if the
effect is known for every user. Otherwise it is a bound, or from a sample; users whose effect is unknown are counted
separately. A change whose data is missing gets no impact.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import nsmallest
from types import MappingProxyType

from scimconf.diagnostics import Diagnostic
from scimconf.impact.preview import Preview
from scimconf.impact.preview_summary import SummaryBuilder, mapping_counts
from scimconf.impact.queries import affected_by, is_resolved, principal_ids
from scimconf.impact.target_checks import VIOLATIONS, TargetCheck
from scimconf.kinds.provisioning import (
    SECTION,
    Affected,
    OnePrincipal,
    UsersInScope,
    UsersWhoMove,
    UsersWithOtherValue,
)
from scimconf.plan import Change, Effect, Impact
from scimconf.plan.impact import MAX_USERS, ImpactData, Population, Precision, UserQuery, UserSample
from scimconf.plan.preview import COUNTS, UserPreview

EXAMPLES = 3

_NO_CYCLE = "the job has not completed a cycle"
_LOST = "the job has no links to accounts, so users are matched by {}, and created only if no account matches"
_KEPT = "only those who came into scope after the cycle of {}; others have an account, which is updated at most"

_NEXT_CYCLE = "The next cycle ends the quarantine; `{}` after the apply starts it without delay."

_DIFFERING = ("changes", "possibly_changes", "left_out")

Impacts = Mapping[Effect, Impact]
Scope = bool | None
Scopes = tuple[Scope, Scope]
Verdict = Callable[[Scope, Scope], Scope]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactInputs:
    """The changes, the evaluation of users, and which users were read (`query`) to count them.

    `knows_filters` is False if the live filters could not be read. `held_back` maps the ids of users whose deletion a
    quarantine holds back to their names: they have an account, so they are not created. `restart` is the command that
    starts the next cycle.
    """

    changes: Sequence[Change]
    evaluator: Preview
    query: UserQuery | None = None
    knows_filters: bool = True
    checks: tuple[TargetCheck, ...] = ()
    held_back: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    restart: str = "scimconf restart"


@dataclass(frozen=True, slots=True)
class CountedChanges:
    """The changes with the impact of each effect that can be counted, and the impact of all changes together.

    `diagnostics` are about users whose values the application does not accept.
    """

    changes: tuple[Change, ...]
    totals: Impacts
    diagnostics: tuple[Diagnostic, ...] = ()


def annotate(inputs: ImpactInputs, data: ImpactData) -> CountedChanges:
    """Count the users of each change."""
    counter = _Counter(inputs, data)
    changes, tallies = [], []
    for change in inputs.changes:
        own = {effect: counter.tally(effect, users) for effect, users in affected_by(change).items()}
        impacts = {effect: counter.impact(tally) for effect, tally in own.items() if tally is not None}
        changes.append(replace(change, impact={effect: each for effect, each in impacts.items() if each is not None}))
        tallies.append(own)
    totals: dict[Effect, Impact] = {}
    for effect in Effect:
        concerned = [own.get(effect) for change, own in zip(changes, tallies, strict=True) if effect in change.effects]
        counted = [tally for tally in concerned if tally is not None]
        impact = counter.impact(_union(counted)) if counted and len(counted) == len(concerned) else None
        totals |= {} if impact is None else {effect: impact}
    return CountedChanges(tuple(changes), totals, tuple(counter.diagnostics()))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tally:
    """The users whom an effect concerns, for whom it is unknown, and who were not read; by id.

    `unnamed` is the number of concerned users whose ids are not known, `unnamed_unread` of such users who may be
    concerned, None if it is unknown. `evaluated` users were read, of `total` users. `is_bound`: the effect need not
    happen to all of them, for this `reason`. `is_sampled`: unless all users are known, the number is that of the sample.
    """

    concerned: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    unread: frozenset[str] = frozenset()
    unnamed: int = 0
    unnamed_unread: int | None = 0
    evaluated: int = 0
    total: int | None = None
    population: Population = ""
    is_bound: bool = False
    is_sampled: bool = False
    reason: str = ""

    @property
    def possible(self) -> int | None:
        """The number of users who were not read and may be concerned; None if it is unknown."""
        return None if self.unnamed_unread is None else len(self.unread) + self.unnamed_unread


def _union(tallies: Sequence[_Tally]) -> _Tally:
    """Return the users whom any of these effects concerns, each once."""
    first, *others = tallies
    if all(tally == first for tally in others):
        return first
    concerned = frozenset[str]().union(*(tally.concerned for tally in tallies))
    unknown = frozenset[str]().union(*(tally.unknown for tally in tallies)) - concerned
    unread = frozenset[str]().union(*(tally.unread for tally in tallies)) - concerned
    numbers = [tally.unnamed_unread for tally in tallies]
    widest = max(tallies, key=lambda tally: (tally.total or 0, tally.evaluated))
    return replace(
        widest,
        concerned=concerned,
        unknown=unknown,
        unread=unread,
        unnamed=max(tally.unnamed for tally in tallies),
        unnamed_unread=None if None in numbers else sum(number or 0 for number in numbers),
        is_bound=any(tally.is_bound for tally in tallies),
        is_sampled=all(tally.is_sampled for tally in tallies),
        reason=next((tally.reason for tally in tallies if tally.reason), ""),
    )


class _Counter:
    """Counts users by what the evaluation says of those who were read, and by their assignments for others."""

    def __init__(self, inputs: ImpactInputs, data: ImpactData) -> None:
        evaluator, sample = inputs.evaluator, data.sample or UserSample()
        self._inputs, self._members = inputs, data.members
        previews = [evaluator.user(user) for user in sample.users]
        self._summary = SummaryBuilder((), inputs.checks)
        for preview in previews if inputs.checks else ():
            self._summary.add(preview, lambda preview: preview)
        self._read: Mapping[str, Scopes] = {user.id: (user.before.in_scope, user.after.in_scope) for user in previews}
        self._names = {user.id: user.name for user in previews}
        self._disabled = frozenset(user.id for user in previews if user.after.disabled)
        """Users whose account is disabled: they are updated or disabled, and never created."""
        population = evaluator.population
        known = evaluator.assigned if population.ids is None else population.ids
        queried: Collection[str] = ()  # users outside of these may exist, although they were not read
        if inputs.query is not None and data.sample is not None:
            queried = inputs.query.ids[:MAX_USERS] if inputs.query.ids is not None else known if sample.complete else ()
        self._gone = frozenset(queried) - self._read.keys()
        """Users who do not exist any more: Graph may still have their assignments."""
        self._wide = {*self._read, *filter(is_resolved, known)} - self._gone
        self._unnamed: tuple[Scopes, int | None] = ((None, None), population.unread)
        if population.ids is None:
            size = len(self._read) if sample.complete else sample.directory_size
            self._unnamed = evaluator.scopes_by_id(""), None if size is None else max(size - len(self._wide), 0)
        self._population: Population = "" if population.ids is None else "assigned"
        self._by_target = _users_by_target(previews)

    def tally(self, effect: Effect, users: Affected) -> _Tally | None:
        """Return the users whom an effect of a change concerns; None if nothing is known of them."""
        match users:
            case OnePrincipal():
                return self._created(effect, self._principal(_MOVES[effect], users))
            case UsersWithOtherValue(target):
                return self._other_value(target)
            case UsersInScope(is_start=True) if effect is Effect.PROVISIONS and self._inputs.evaluator.exists_before:
                return self._created(effect, self._started_again())
            case UsersInScope():
                is_start = not self._inputs.evaluator.exists_before
                verdict = _in_either if effect is Effect.STOPS else _in_scope_after
                is_bound = effect is not Effect.STOPS and not is_start
                return self._created(effect, replace(self._all(verdict), is_bound=is_bound))
            case UsersWhoMove():
                return self._created(effect, replace(self._all(_MOVES[effect]), is_sampled=True))
            case _:
                return None

    def _created(self, effect: Effect, tally: _Tally | None) -> _Tally | None:
        """Return the tally without the users whom the service never creates, if the effect is a creation."""
        if tally is None or effect is not Effect.PROVISIONS:
            return tally
        others = self._disabled | self._inputs.held_back.keys()
        return replace(
            tally,
            concerned=tally.concerned - others,
            unknown=tally.unknown - others,
            unread=tally.unread - others,
        )

    def _started_again(self) -> _Tally:
        """Return the users whom a job that has run may create: if it holds links, certainly no others than who enter.

        Nothing shows when a user came into scope, or which users have a link, so that all in scope are an upper bound.
        """
        evaluator, tally = self._inputs.evaluator, self._all(_in_scope_after)
        links, since = evaluator.links_before
        if links != "kept":
            matched = _LOST.format(" and then ".join(evaluator.matching) or "nothing")
            return replace(tally, is_bound=True, reason=_NO_CYCLE if links == "none" else matched)
        enters = self._all(_enters).concerned
        unnamed = None if tally.unnamed_unread is None else tally.unnamed_unread + tally.unnamed
        return replace(
            tally,
            concerned=enters,
            unread=tally.unread | (tally.concerned - enters),
            unnamed=0,
            unnamed_unread=unnamed,
            is_bound=True,
            reason=_KEPT.format(f"{since[:10]} {since[11:16]} UTC"),
        )

    def diagnostics(self) -> Iterator[Diagnostic]:
        """Yield K304 for deletions that are not due any more, and K514 for values that the application does not accept."""
        yield from self._returning()
        yield from self._violations()

    def _returning(self) -> Iterator[Diagnostic]:
        names = [name for user, name in self._inputs.held_back.items() if _enters(*self._scopes(user))]
        if names:
            message = (
                f"{_deletions(len(names))}, since the {'user is' if len(names) == 1 else 'users are'} in scope "
                f"again: {_listed(names)}. Nobody is created for that"
            )
            yield Diagnostic("K304", message, hint=_NEXT_CYCLE.format(self._inputs.restart), severity="warning")

    def _violations(self) -> Iterator[Diagnostic]:
        checked = sum(after is True for _, after in self._read.values())
        declared = {check.target for check in self._inputs.checks if check.is_declared}
        for mapping in self._summary.summary().mappings:
            for count in (name for name in VIOLATIONS if name in mapping.counts):
                names = ", ".join(example.partition(": ")[0] for example in mapping.examples[count])
                number = mapping.counts[count]
                more = f" and {number - EXAMPLES:,} more" if number > EXAMPLES else ""
                text = COUNTS[count] if number > 1 else COUNTS[count].replace("have", "has", 1)
                message = f"{number:,} of {checked:,} users {text}: {names}{more}"
                key = "target_attributes" if mapping.target in declared else "attributes"
                path = ("mappings", SECTION, key, mapping.target)
                hint = "The application would refuse them. Map another source, or give the mapping a default."
                yield Diagnostic("K514", message, path, hint=hint, severity="warning")

    def impact(self, tally: _Tally) -> Impact | None:
        """Return the number of users as an impact; None if nothing is known of them."""
        concerned, possible, number = tally.concerned, tally.possible, len(tally.concerned) + tally.unnamed
        undetermined, population = len(tally.unknown), tally.population
        if possible is None and tally.is_bound:
            return None
        if tally.is_sampled and possible != 0:
            read = concerned & self._read.keys()
            sampled = Impact(len(read), None, "exact", tally.evaluated, self._examples(read), population, undetermined)
            return sampled if tally.evaluated else None
        is_bound = bool(possible) or tally.is_bound or not self._inputs.knows_filters
        precision: Precision = "at_least" if possible is None else "at_most" if is_bound else "exact"
        count, examples = number + (possible or 0), self._examples(concerned)
        reason = tally.reason if precision == "at_most" and count + undetermined else ""
        return Impact(count, tally.total, precision, 0, examples, population, undetermined, reason)

    def _examples(self, users: Iterable[str]) -> tuple[str, ...]:
        names = (self._names[user] for user in users if user in self._names)
        return tuple(nsmallest(EXAMPLES, names, key=str.casefold))

    def _scopes(self, user: str) -> Scopes:
        return self._read.get(user) or self._inputs.evaluator.scopes_by_id(user)

    def _all(self, verdict: Verdict) -> _Tally:
        scopes, number = self._unnamed
        total = None if number is None or (number and self._population) else len(self._wide) + number
        tally = self._of(self._wide, verdict, scopes, number)
        return replace(tally, total=total, population=self._population)

    def _principal(self, verdict: Verdict, principal: OnePrincipal) -> _Tally | None:
        unread = self._members.unread(principal.id) if principal.is_group else 0
        if unread is None or not is_resolved(principal.id):
            return None
        if not principal.is_group:
            self._names.setdefault(principal.id, principal.name)
        users = frozenset(principal_ids(principal, self._members)) - self._gone
        return self._of(users, verdict, (None, None), unread)

    def _of(
        self, users: Collection[str], verdict: Verdict, unnamed: Scopes = (False, False), number: int | None = 0
    ) -> _Tally:
        """Return the tally of these users, and of a number of users without ids who have the scopes `unnamed`."""
        verdicts = {user: verdict(*self._scopes(user)) for user in users}
        possible = frozenset(user for user, concerned in verdicts.items() if concerned is None)
        unread = frozenset(user for user in possible if user not in self._read)
        others = verdict(*unnamed) if number != 0 else False
        return _Tally(
            concerned=frozenset(user for user, concerned in verdicts.items() if concerned),
            unknown=possible - unread,
            unread=unread,
            unnamed=number or 0 if others else 0,
            unnamed_unread=number if others is None or (others and number is None) else 0,
            evaluated=len(self._read.keys() & users),
        )

    def _other_value(self, target: str) -> _Tally:
        """Return the users in scope for whom a target attribute differs; only of those who were read."""
        differing, possible = self._by_target.get(target, (frozenset(), frozenset()))
        evaluated = sum(after is not False for _, after in self._read.values())
        others = self._of(self._wide - self._read.keys(), _in_scope_after, *self._unnamed)
        unread = None if others.possible is None else len(others.concerned) + others.unnamed + others.possible
        return _Tally(
            concerned=differing,
            unknown=possible,
            unnamed_unread=unread,
            evaluated=evaluated,
            total=evaluated,
            population="in_scope",
            is_sampled=True,
        )


def _deletions(number: int) -> str:
    return "1 deletion that is held back ends" if number == 1 else f"{number:,} deletions that are held back end"


def _listed(names: Collection[str]) -> str:
    more = len(names) - EXAMPLES
    return ", ".join(nsmallest(EXAMPLES, names, key=str.casefold)) + (f" and {more:,} more" if more > 0 else "")


def _users_by_target(previews: Iterable[UserPreview]) -> Mapping[str, tuple[frozenset[str], frozenset[str]]]:
    """Return, by target attribute, the users for whom it differs, and for whom it possibly does."""
    users: dict[str, tuple[set[str], set[str]]] = {}
    for preview in previews:
        for target, count, _ in mapping_counts(preview):
            if count in _DIFFERING:
                users.setdefault(target, (set(), set()))[count == "possibly_changes"].add(preview.id)
    return {target: (frozenset(sure), frozenset(possible)) for target, (sure, possible) in users.items()}


# --- scopes before and after, True, False, or None if unknown -------------------------------------------------------


def _enters(before: Scope, after: Scope) -> Scope:
    return _all_of(None if before is None else not before, after)


def _leaves(before: Scope, after: Scope) -> Scope:
    return _enters(after, before)


def _in_scope_after(_before: Scope, after: Scope) -> Scope:
    return after


def _in_either(before: Scope, after: Scope) -> Scope:
    return True if before or after else None if before is None or after is None else False


def _all_of(first: Scope, second: Scope) -> Scope:
    return False if first is False or second is False else None if first is None or second is None else True


_MOVES: Mapping[Effect, Verdict] = {Effect.PROVISIONS: _enters, Effect.DEPROVISIONS: _leaves, Effect.STOPS: _leaves}
