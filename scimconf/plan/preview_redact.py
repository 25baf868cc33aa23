"""Redact previewed users: a pseudonym for the name, and only the shape of values.

Target attributes, expressions, groups and roles stay, since reviewers need them. In the reasons of a user, quoted text
and numbers are removed, because both can come from the user's attributes. A quote starts only after a character that
is not part of a word, so that an apostrophe is not a quote; an unclosed quote is removed to the end of the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import sha256

from scimconf.plan.preview import AttributeDiff, UserPreview, UserState
from scimconf.plan.redact import PSEUDONYM
from scimconf.plan.sent_request import SentRequest

HIDDEN = "…"
_WORD = re.compile(r"[^\W_]+(?:_+[^\W_]+)*|[^\x00-\x7f]+")
_VALUE = re.compile(r"(?<!\w)'(?:[^'\\]|\\.)*(?:'|\Z)|(?<!\w)\"(?:[^\"\\]|\\.)*(?:\"|\Z)|\d+", re.DOTALL)
_BOOLEANS = frozenset({"True", "False"})


def preview_redactor(redact: Callable[[str], str]) -> Callable[[UserPreview], UserPreview]:
    """Return a function that redacts previews; `redact` replaces names by the pseudonyms of the plan."""

    def redact_user(user: UserPreview) -> UserPreview:
        return user._replace(
            name=pseudonym(user.name, redact),
            id=HIDDEN,
            before=_state(user.before),
            after=_state(user.after),
            differences=tuple(map(_difference, user.differences)),
        )

    return redact_user


def unredacted(user: UserPreview) -> UserPreview:
    return user


def pseudonym(name: str, redact: Callable[[str], str]) -> str:
    """Return the plan's pseudonym of a name, also for a name that does not look like a user principal name."""
    redacted = redact(name)
    if PSEUDONYM.fullmatch(redacted):
        return redacted
    return redact(f"{sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()}@hidden.invalid")


def _state(state: UserState) -> UserState:
    sent = {target: _request(request) for target, request in state.sent.items()}
    return state._replace(reason=_reason(state.reason), sent=sent)


def _difference(difference: AttributeDiff) -> AttributeDiff:
    return difference._replace(
        before=difference.before and _request(difference.before),
        after=difference.after and _request(difference.after),
        scope_reasons=tuple(map(_reason, difference.scope_reasons)),
    )


def _request(sent: SentRequest) -> SentRequest:
    value = sent.value
    redacted = tuple(map(shape, value)) if isinstance(value, tuple) else None if value is None else shape(value)
    return sent._replace(value=redacted, reason=_reason(sent.reason))


def _reason(reason: str) -> str:
    return _VALUE.sub(HIDDEN, reason)


def shape(value: str) -> str:
    """Return the shape of a value, `….…@….…` for `ada.lovelace@contoso.com`; booleans stay."""
    return value if value in _BOOLEANS else _WORD.sub(HIDDEN, value)
