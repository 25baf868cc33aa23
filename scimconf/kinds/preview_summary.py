"""What all previewed people add up to, mapping by mapping. Of nobody more is kept than a hash of what they are matched
by, and the few who serve as examples.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from hashlib import blake2b

from scimconf.plan.preview import COUNTED, NOT_SENT, Person, Sent, Summary, Tally, Verdict, said

EXAMPLES = 3
_UNCLEAR = {"undetermined": "undetermined", "failure": "failed"}


class Summing:
    """Counts people as they come; `matching` are the target attributes that people are matched by."""

    def __init__(self, matching: Sequence[str]) -> None:
        self._matching = tuple(matching)
        self._taken: dict[str, set[int]] = {target: set() for target in matching}
        self._verdicts = Counter[Verdict]()
        self._counts: dict[str, Counter[str]] = defaultdict(Counter)
        self._examples: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))

    def add(self, person: Person, mask: Callable[[Person], Person]) -> Person:
        """Counts a person; gives what may be shown, with a note where they share what people are matched by."""
        doubled = [target for target in self._matching if self._is_taken(person, target)]
        notes = (f"Somebody else has the same {target}, by which people are matched." for target in doubled)
        unmatched = self._is_unmatched(person)
        shown = mask(replace(person, notes=(*person.notes, *notes)))
        self._verdicts[shown.verdict] += 1
        for target in doubled:
            self._count(target, "duplicates", shown, said(shown.after.sent[target]))
        if unmatched:
            self._count(self._matching[0], "unmatched", shown, said(shown.after.sent.get(self._matching[0])))
        for target, what, example in _told(shown):
            self._count(target, what, shown, example)
        return shown

    def summary(self, *, complete: bool = True) -> Summary:
        tallies = tuple(
            Tally(
                target,
                {what: counts[what] for what in COUNTED if counts[what]},
                {what: tuple(listed) for what, listed in sorted(self._examples[target].items())},
            )
            for target, counts in sorted(self._counts.items())
        )
        return Summary(self._verdicts.total(), {one: self._verdicts[one] for one in Verdict}, tallies, complete)

    def _count(self, target: str, what: str, person: Person, example: str) -> None:
        self._counts[target][what] += 1
        listed = self._examples[target][what]
        if len(listed) < EXAMPLES:
            listed.append(f"{person.name}: {example}")

    def _is_taken(self, person: Person, target: str) -> bool:
        """Whether somebody before had the same value; without regard to case, as most applications compare."""
        sent = person.after.sent.get(target)
        if person.after.in_scope is False or sent is None or not isinstance(sent.value, str):
            return False
        digest = blake2b(sent.value.casefold().encode("utf-8", "surrogatepass"), digest_size=8).digest()
        mark = int.from_bytes(digest, "big")
        taken = self._taken[target]
        if mark in taken:
            return True
        taken.add(mark)
        return False

    def _is_unmatched(self, person: Person) -> bool:
        """Whether nothing is left to match a person by, which is a failure of the service."""
        if not self._matching or person.after.in_scope is not True:
            return False
        return all(_is_nothing(person.after.sent.get(target)) for target in self._matching)


def _is_nothing(sent: Sent | None) -> bool:
    return sent is None or sent.kind in NOT_SENT or sent.value == ""


def _told(person: Person) -> Iterator[tuple[str, str, str]]:
    """Target, what is counted, and the example."""
    for one in person.contrasts:
        yield one.target, "changes", f"{said(one.before)} → {said(one.after)}"
        if not _is_nothing(one.before) and one.before.kind == "value" and _is_nothing(one.after):  # type: ignore[union-attr]
            yield one.target, "empties", f"had {said(one.before)}"
    if person.after.in_scope is not False:
        for target, sent in person.after.sent.items():
            if sent.kind in _UNCLEAR:
                yield target, _UNCLEAR[sent.kind], sent.reason
