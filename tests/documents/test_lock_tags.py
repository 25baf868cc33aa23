"""The tag of a lock: written and read back, other tags are preserved, and what cannot be read blocks."""

from datetime import UTC, datetime, timedelta

import pytest

from scimconf.documents.lock import NEVER, PREFIX, Lock, is_holder, lock_of_others, locks, without_locks

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
ADA = Lock("ada", "a1", NOON)
GRACE = Lock("https://github.com/contoso/apps/actions/runs/55#apply", "b2", NOON + timedelta(hours=1))
OTHERS = ["HideApp", "scimconf:SecretToken=1", "scimconf-lock"]


@pytest.mark.parametrize("lock", [ADA, GRACE, Lock("Ada Lovelace, at night", "0" * 8, NOON)])
def test_a_lock_is_read_back_from_its_tag(lock):
    assert locks([*OTHERS, lock.tag]) == (lock,)
    assert len(lock.tag) < 256


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-25T12:00:00Z",
        "2026-11-25T12:00:00Z a1",
        "2026-11-25T12:00:00Z a1 ",
        "2026-13-25T12:00:00Z a1 ada",
        "2026-11-25 12:00:00 a1 ada",
        "2026-11-25T12:00:00Z xyz ada",
        "2026-11-25T12:00:00Z a1 a\u202eda",
        "2026-11-25T12:00:00Z a1 a\nda",
        "2026-11-25T12:00:00Z a1 " + "a" * 161,
    ],
)
def test_a_lock_that_cannot_be_read_never_ends(text):
    assert locks([PREFIX + text]) == (Lock(text[:160], "", NEVER),)
    assert str(locks([PREFIX + text])[0]).endswith(", without an end that can be read")


@pytest.mark.parametrize(
    ("tags", "now", "holder", "lock"),
    [
        (None, NOON, "ada", None),
        (OTHERS, NOON, "ada", None),
        ([GRACE.tag], NOON, "ada", GRACE),
        ([GRACE.tag], NOON, "", GRACE),
        ([GRACE.tag], NOON, GRACE.holder, None),
        ([GRACE.tag], GRACE.until - timedelta(seconds=1), "ada", GRACE),
        ([GRACE.tag], GRACE.until, "ada", None),
        ([ADA.tag, GRACE.tag], NOON - timedelta(hours=1), "eve", GRACE),
        ([PREFIX], NOON + timedelta(days=9999), "ada", Lock("", "", NEVER)),
    ],
)
def test_the_lock_of_others_is_active_and_of_another_holder(tags, now, holder, lock):
    assert lock_of_others(tags, now, holder) == lock


@pytest.mark.parametrize(
    ("runs", "remaining"),
    [((), OTHERS), (("a1",), [*OTHERS, GRACE.tag]), (("a1", "b2"), OTHERS), (("c3",), [*OTHERS, ADA.tag, GRACE.tag])],
)
def test_tags_without_locks_are_those_of_others(runs, remaining):
    assert without_locks([*OTHERS, ADA.tag, GRACE.tag], *runs) == remaining


@pytest.mark.parametrize(
    ("text", "valid"), [("ada", True), ("a b", True), ("", False), (" a", False), ("a" * 161, False)]
)
def test_holders_are_printable_and_short(text, valid):
    assert is_holder(text) is valid
