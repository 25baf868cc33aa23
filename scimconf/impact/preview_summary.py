"""What all previewed people add up to, mapping by mapping. Of nobody more is kept than a hash of what they are matched
by, and the few who serve as examples.

The first who has a value is known to share it only when the second comes: then both are counted, though only the second
can still be shown as somebody who does.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from hashlib import blake2b

from scimconf.plan.preview import (
    COUNTED,
    NOT_SENT,
    MappingSummary,
    PreviewSummary,
    SentRequest,
    UserOutcome,
    UserPreview,
    said,
)

EXAMPLES = 3
_UNCLEAR = {"undetermined": "undetermined", "failure": "failed"}


class SummaryBuilder:
    """Counts people as they come; `matching` are the target attributes that people are matched by."""

    def __init__(self, matching: Sequence[str]) -> None:
        self._matching = tuple(matching)
        self._taken: dict[str, set[int]] = {target: set() for target in matching}
        self._shared: dict[str, set[int]] = {target: set() for target in matching}
        self._basic = 0
        self._verdicts = Counter[UserOutcome]()
        self._counts: dict[str, Counter[str]] = defaultdict(Counter)
        self._examples: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))

    def add(self, person: UserPreview, mask: Callable[[UserPreview], UserPreview]) -> UserPreview:
        """Counts a person; gives what may be shown, with a note where they share what people are matched by."""
        doubled = {target: more for target in self._matching if (more := self._doubles(person, target))}
        notes = tuple(f"Somebody else has the same {target}, by which people are matched." for target in doubled)
        unmatched = self._is_unmatched(person)
        shown = mask(replace(person, notes=(*person.notes, *notes)) if notes else person)
        self._verdicts[shown.outcome] += 1
        self._basic += shown.basic
        for target, more in doubled.items():
            self._count(target, "duplicates", shown, said(shown.after.sent[target]), more)
        if unmatched:
            self._count(self._matching[0], "unmatched", shown, said(shown.after.sent.get(self._matching[0])))
        for target, what, example in _told(shown):
            self._count(target, what, shown, example)
        return shown

    def summary(self, *, complete: bool = True) -> PreviewSummary:
        tallies = tuple(
            MappingSummary(
                target,
                {what: counts[what] for what in COUNTED if counts[what]},
                {what: tuple(listed) for what, listed in sorted(self._examples[target].items())},
            )
            for target, counts in sorted(self._counts.items())
        )
        verdicts = {one: self._verdicts[one] for one in UserOutcome}
        return PreviewSummary(self._verdicts.total(), verdicts, tallies, complete, self._basic)

    def _count(self, target: str, what: str, person: UserPreview, example: str, number: int = 1) -> None:
        self._counts[target][what] += number
        listed = self._examples[target][what]
        if len(listed) < EXAMPLES:
            listed.append(f"{person.name}: {example}")

    def _doubles(self, person: UserPreview, target: str) -> int:
        """How many more share a value now that this person has it; without regard to case, as most applications compare.

        0 where nobody before has it, 2 where the one before was not counted yet.
        """
        sent = person.after.sent.get(target)
        if person.after.in_scope is False or sent is None or not isinstance(sent.value, str):
            return 0
        digest = blake2b(sent.value.casefold().encode("utf-8", "surrogatepass"), digest_size=8).digest()
        mark = int.from_bytes(digest, "big")
        taken, shared = self._taken[target], self._shared[target]
        if mark not in taken:
            taken.add(mark)
            return 0
        if mark in shared:
            return 1
        shared.add(mark)
        return 2

    def _is_unmatched(self, person: UserPreview) -> bool:
        """Whether nothing is left to match a person by, which is a failure of the service."""
        if not self._matching or person.after.in_scope is not True or person.after.left_out:
            return False
        return all(_is_nothing(person.after.sent.get(target)) for target in self._matching)


def _is_nothing(sent: SentRequest | None) -> bool:
    return sent is None or sent.kind in NOT_SENT or sent.value == ""


def _told(person: UserPreview) -> Iterator[tuple[str, str, str]]:
    """Target, what is counted, and the example."""
    for one in person.differences:
        example = f"{said(one.before)} → {said(one.after)}"
        if person.after.left_out:
            yield one.target, "left_out", example
            continue
        yield one.target, "changes" if one.is_sure else "possibly_changes", example
        if (
            one.before is not None
            and one.before.kind == "value"
            and not _is_nothing(one.before)
            and _is_nothing(one.after)
        ):
            yield one.target, "empties", f"had {said(one.before)}"
    if person.after.in_scope is not False:
        for target, sent in person.after.sent.items():
            if sent.kind in _UNCLEAR:
                yield target, _UNCLEAR[sent.kind], sent.reason
