"""Count the previewed users by outcome and by attribute mapping.

No user is kept: only a hash of the matching values of each user, to find duplicates, and up to three examples for each
count. When the second user with a value arrives, both are counted, but only the second can be an example.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from hashlib import blake2b

from scimconf.impact.target_checks import TargetCheck, user_violations
from scimconf.plan.preview import (
    COUNTS,
    NOT_SENT,
    AttributeDiff,
    MappingSummary,
    PreviewSummary,
    UserOutcome,
    UserPreview,
    request_text,
)
from scimconf.plan.sent_request import SentRequest

EXAMPLES = 3
MAX_UNDETERMINED = 20
"""After this number of values that a pattern could not be evaluated for, it is not evaluated any more: each may be slow."""
_COUNTED_RESULTS = {"undetermined": "undetermined", "failure": "failed"}


class SummaryBuilder:
    """Counts users as they are previewed.

    `matching` are the target attributes that users are matched by, `checks` what the application accepts. `identifiers`
    are the target attributes of a user name and an e-mail address that are filled from different attributes.
    """

    def __init__(
        self, matching: Sequence[str], checks: Sequence[TargetCheck] = (), identifiers: tuple[str, str] | None = None
    ) -> None:
        self._matching = tuple(matching)
        self._checks = tuple(checks)
        self._identifiers = identifiers
        unique = (check.target for check in checks if check.unique)
        self._compared = tuple(dict.fromkeys((*matching, *unique)))
        self._values: dict[str, set[int]] = {target: set() for target in self._compared}
        self._duplicates: dict[str, set[int]] = {target: set() for target in self._compared}
        self._other_mail: list[str] = []
        self._other_mails = 0
        self._uncompared = Counter[str]()
        self._basic = 0
        self._outcomes = Counter[UserOutcome]()
        self._counts: dict[str, Counter[str]] = defaultdict(Counter)
        self._examples: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))

    def add(self, user: UserPreview, redact: Callable[[UserPreview], UserPreview]) -> UserPreview:
        """Count a user; return the redacted preview, with a note if another user has the same matching value."""
        duplicates = {target: number for target in self._compared if (number := self._new_duplicates(user, target))}
        violations = list(user_violations(self._checks, user))
        notes = (
            *(f"Another user has the same {target}, {self._use(target)}." for target in duplicates),
            *(f"{target} {violation.text}." for target, violation in violations),
        )
        unmatched = self._is_unmatched(user)
        preview = redact(user._replace(notes=(*user.notes, *notes)) if notes else user)
        self._outcomes[preview.outcome] += 1
        self._basic += preview.basic
        for target, number in duplicates.items():
            count = "duplicates" if target in self._matching else "repeated"
            self._count(target, count, preview, partial(request_text, preview.after.sent[target]), number)
        for target, violation in violations:
            self._count(target, violation.name, preview, partial(request_text, preview.after.sent.get(target)))
            self._uncompared[target] += violation.name == "undetermined"
            if self._uncompared[target] == MAX_UNDETERMINED:
                self._checks = tuple(_given_up(check, target) for check in self._checks)
        self._count_other_mail(user, preview)
        if unmatched:
            target = self._matching[0]
            self._count(target, "unmatched", preview, partial(request_text, preview.after.sent.get(target)))
        for target, count, example in mapping_counts(preview):
            self._count(target, count, preview, partial(_example, count, example))
        return preview

    def summary(self, *, complete: bool = True) -> PreviewSummary:
        """Return the summary of the users so far; `complete` says whether all users were read."""
        mappings = tuple(
            MappingSummary(
                target,
                {count: counts[count] for count in COUNTS if counts[count]},
                {count: tuple(examples) for count, examples in sorted(self._examples[target].items())},
            )
            for target, counts in sorted(self._counts.items())
        )
        outcomes = {outcome: self._outcomes[outcome] for outcome in UserOutcome}
        mails = (self._other_mails, tuple(self._other_mail))
        return PreviewSummary(self._outcomes.total(), outcomes, mappings, complete, self._basic, *mails)

    def _use(self, target: str) -> str:
        return "which users are matched by" if target in self._matching else "which must be unique"

    def _count_other_mail(self, user: UserPreview, redacted: UserPreview) -> None:
        """Count a user whose name and e-mail address are both known and differ, or who has no e-mail address."""
        if self._identifiers is None or user.after.in_scope is not True or user.after.left_out:
            return
        name, mail = (user.after.sent[target] for target in self._identifiers)
        if name.kind != "value" or mail.kind not in ("value", "null"):
            return
        if str(name.value).casefold() != str(mail.value).casefold():
            self._other_mails += 1
            if len(self._other_mail) < EXAMPLES:
                self._other_mail.append(redacted.name)

    def _count(self, target: str, count: str, user: UserPreview, example: Callable[[], str], number: int = 1) -> None:
        """Count a user; `example` returns its text, which few users need."""
        self._counts[target][count] += number
        examples = self._examples[target][count]
        if len(examples) < EXAMPLES:
            examples.append(f"{user.name}: {example()}")

    def _new_duplicates(self, user: UserPreview, target: str) -> int:
        """Return how many more users are known to share a matching value: 2 if the earlier user was not counted yet."""
        sent = user.after.sent.get(target)
        if user.after.in_scope is False or sent is None or not isinstance(sent.value, str):
            return 0
        digest = blake2b(sent.value.casefold().encode("utf-8", "surrogatepass"), digest_size=8).digest()
        value = int.from_bytes(digest, "big")
        values, duplicates = self._values[target], self._duplicates[target]
        if value not in values:
            values.add(value)
            return 0
        if value in duplicates:
            return 1
        duplicates.add(value)
        return 2

    def _is_unmatched(self, user: UserPreview) -> bool:
        """Return whether no matching attribute has a value, which is an error in the service."""
        if not self._matching or user.after.in_scope is not True or user.after.left_out:
            return False
        return all(_is_empty(user.after.sent.get(target)) for target in self._matching)


def _given_up(check: TargetCheck, target: str) -> TargetCheck:
    return check._replace(is_given_up=True) if check.target == target else check


def _is_empty(sent: SentRequest | None) -> bool:
    return sent is None or sent.kind in NOT_SENT or sent.value == ""


def mapping_counts(user: UserPreview) -> Iterator[tuple[str, str, AttributeDiff | SentRequest]]:
    """Yield what a user counts for: a target attribute, the name of the count, and the difference or what is sent.

    While it is unknown whether the user is in scope, a difference is possible only.
    """
    is_in_scope = user.outcome is not UserOutcome.UNDETERMINED
    for difference in user.differences:
        before, after = difference.before, difference.after
        if user.after.left_out:
            yield difference.target, "left_out", difference
            continue
        yield difference.target, "changes" if difference.is_sure and is_in_scope else "possibly_changes", difference
        had_value = before is not None and before.kind == "value" and not _is_empty(before)
        if had_value and _is_empty(after):
            yield difference.target, "empties", difference
    if user.after.in_scope is not False:
        for target, sent in user.after.sent.items():
            if sent.kind in _COUNTED_RESULTS:
                yield target, _COUNTED_RESULTS[sent.kind], sent


def _example(count: str, example: AttributeDiff | SentRequest) -> str:
    if isinstance(example, SentRequest):
        return example.reason
    before = request_text(example.before)
    return f"had {before}" if count == "empties" else f"{before} → {request_text(example.after)}"
