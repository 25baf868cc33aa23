"""Loading of tests in a spec: given and expected values, `now`, and null."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from scimconf.spec.loaded import digest
from scimconf.spec.model import Spec
from tests.spec.reading import MINIMAL, lines, load_text

ROW = "mappings: {{users: {{attributes: {{title: {{source: a, tests: [{test}]}}}}}}}}\n"


def load_row_test(test):
    loaded = load_text(MINIMAL + ROW.format(test=test), NOW="2026-12-31T09:00:00Z")
    assert lines(loaded.diagnostics) == ""
    [found] = loaded.spec.mappings["users"].attributes["title"].tests
    return found


@pytest.mark.parametrize(
    ("written", "given"),
    [
        ("Ada", "Ada"),
        ("0010", "0010"),
        ("1.10", "1.10"),
        ("NO", "NO"),
        ("''", ""),
        ("true", True),
        ("False", False),
        ("'true'", "true"),
        ("null", None),
        ("'null'", "null"),
        ("[a, 007, true]", ("a", "007", True)),
        ("[]", ()),
        ("[{value: admin, displayName: 1}]", ({"value": "admin", "displayName": "1"},)),
    ],
)
def test_load_reads_given_values_of_a_spec_test(written, given):
    """Scalars stay strings; only unquoted true and false are booleans."""
    found = load_row_test(f"{{given: {{a: {written}}}, expect: null}}").given["a"]
    assert found == given
    assert type(found) is type(given)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Ada", "Ada"),
        ("007", "007"),
        ("true", "True"),
        ("'true'", "true"),
        ("null", None),
        ("[a, false]", ("a", "False")),
        ("undetermined", "undetermined"),
    ],
)
def test_load_reads_the_expected_value_of_a_spec_test_as_a_string(written, expected):
    """Unquoted true becomes "True", the string that the expression language has for it."""
    assert load_row_test(f"{{expect: {written}}}").expect == expected


@pytest.mark.parametrize(
    ("written", "now"),
    [
        ("2026-12-31", datetime(2026, 12, 31, tzinfo=UTC)),
        ("2026-12-31T09:00", datetime(2026, 12, 31, 9, tzinfo=UTC)),
        ("2026-12-31T09:00:00+01:00", datetime(2026, 12, 31, 9, tzinfo=timezone(timedelta(hours=1)))),
        ("${var:NOW}", datetime(2026, 12, 31, 9, tzinfo=UTC)),
    ],
)
def test_load_reads_now_of_a_spec_test_as_utc_without_a_zone(written, now):
    assert load_row_test(f"{{now: '{written}', expect: null}}").now == now


def test_spec_accepts_a_spec_test_of_python_values():
    now = datetime(2026, 12, 31, tzinfo=UTC)
    test = {"name": "a", "given": {"a": None, "b": True}, "now": now, "expect": {"title": ("x",), "active": None}}
    spec = Spec.model_validate(
        {
            "version": 1,
            "name": "a",
            "application": {"display_name": "a"},
            "provisioning": {"enabled": True},
            "tests": [test],
        }
    )
    [found] = spec.tests
    assert (found.mapping, found.given, found.now) == ("users", {"a": None, "b": True}, now)
    assert found.expect == {"title": ("x",), "active": None}


@pytest.mark.parametrize(
    "text",
    [
        "tests: [{name: a, given: {a: null}, expect: {b: null}}]\n",
        "role_attribute: {target: a, source: b, tests: [{given: {a: null}, expect: null}]}\n",
        ROW.format(test="{given: {a: null}, expect: null}"),
    ],
    ids=["on their own", "beside the role attribute", "beside a row"],
)
def test_load_accepts_null_in_a_spec_test(text):
    """Null is an absent attribute in `given`, and a value that is not sent in `expect`."""
    assert lines(load_text(MINIMAL + text).diagnostics) == ""


def test_digest_includes_spec_tests():
    one = load_text(f"{MINIMAL}tests: [{{name: a, expect: {{b: c}}}}]\n")
    other = load_text(f"{MINIMAL}tests: [{{name: a, expect: {{b: d}}}}]\n")
    assert digest(one.resolved) != digest(other.resolved)
