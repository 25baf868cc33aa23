"""A previewed person without name and values: a pseudonym, and only the shape of what is sent.

Target names, expressions, groups and roles stay: reviewers judge by them. In reasons that are about a person, whatever
is quoted and every number goes, since both can come from a person's attributes. A quote begins where no word is before
it, so that no apostrophe passes for one, and what is not closed is hidden to its end.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

from scimconf.plan.preview import AttributeDiff, SentRequest, UserPreview, UserState

HIDDEN = "…"
_PSEUDONYM = re.compile(r"~[0-9a-f]{8}(?:[0-9a-f]{8})?")
_WORD = re.compile(r"[^\W_]+(?:_+[^\W_]+)*|[^\x00-\x7f]+")
_TOLD = re.compile(r"(?<!\w)'(?:[^'\\]|\\.)*(?:'|\Z)|(?<!\w)\"(?:[^\"\\]|\\.)*(?:\"|\Z)|\d+", re.DOTALL)
_TRUTH = frozenset({"True", "False"})


def masking(hide: Callable[[str], str]) -> Callable[[UserPreview], UserPreview]:
    """What masks people; `hide` gives the pseudonyms of the plan."""

    def mask(person: UserPreview) -> UserPreview:
        return replace(
            person,
            name=pseudonym(person.name, hide),
            id=HIDDEN,
            before=_stand(person.before),
            after=_stand(person.after),
            differences=tuple(map(_contrast, person.differences)),
        )

    return mask


def pseudonym(name: str, hide: Callable[[str], str]) -> str:
    """The plan's own pseudonym; a name that does not look like one goes through a digest first."""
    hidden = hide(name)
    if _PSEUDONYM.fullmatch(hidden):
        return hidden
    return hide(f"{sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()}@hidden.invalid")


def _stand(stand: UserState) -> UserState:
    return replace(stand, reason=_reason(stand.reason), sent={name: _sent(one) for name, one in stand.sent.items()})


def _contrast(one: AttributeDiff) -> AttributeDiff:
    old, new = (None if side is None else _sent(side) for side in (one.before, one.after))
    return replace(one, before=old, after=new, moved=tuple(map(_reason, one.moved)))


def _sent(sent: SentRequest) -> SentRequest:
    value = sent.value
    hidden = tuple(map(shape, value)) if isinstance(value, tuple) else None if value is None else shape(value)
    return sent._replace(value=hidden, reason=_reason(sent.reason))


def _reason(reason: str) -> str:
    return _TOLD.sub(HIDDEN, reason)


def shape(value: str) -> str:
    """`ada.lovelace@contoso.com` as `….…@….…`; truth values stay."""
    return value if value in _TRUTH else _WORD.sub(HIDDEN, value)


def unmasked(person: UserPreview) -> UserPreview:
    return person


__all__ = ["HIDDEN", "masking", "pseudonym", "shape", "unmasked"]
