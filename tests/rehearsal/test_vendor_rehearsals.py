"""Rehearsals against a server that plays the limits of a vendor."""

from __future__ import annotations

import asyncio

import pytest
from canary.values import TOKEN

from scimconf.diagnostics import ScimconfError
from scimconf.rehearsal.built_in import played_vendor, start_built_in
from scimconf.rehearsal.run import PlayedVendor, RehearsalOptions, default_switches
from scimconf.rehearsal.whole_run import rehearse

from .rehearsals import MONDAY, by_id, loaded_spec, statuses
from .test_rehearsals import ACTIVE, SMALL, USER_ROWS


def rehearsed(users):
    """Return the report of a rehearsal against a vendor with these rules about users."""
    vendor = PlayedVendor("Acme", {"users": users})
    spec = loaded_spec(SMALL % ("", f"{USER_ROWS}, {ACTIVE}", "create, update, delete", "false"))
    with start_built_in("tolerant", TOKEN, vendor) as target:
        options = RehearsalOptions(
            address=target.url,
            token=TOKEN,
            started=MONDAY,
            is_built_in=True,
            vendor=vendor,
            switches=default_switches(),
        )
        return rehearse(spec, options, lambda work: asyncio.run(work()), lambda: 0.0, 30.0).report


@pytest.mark.slow
def test_rehearsal_warns_of_a_vendor_that_deletes_disabled_users():
    report = rehearsed({"disabling": "deletes"})
    results = by_id(report)
    assert "The built-in server refuses what Acme refuses, as far as it is published." in report.remarks
    assert {name: results[name].status.value for name in ("disable-user", "unassign-user", "delete-user")} == {
        "disable-user": "warning",
        "unassign-user": "warning",
        "delete-user": "warning",
    }
    assert "gets a new account" in results["disable-user"].consequence
    for result in (results[name] for name in ("disable-user", "unassign-user", "delete-user")):
        assert result.expected == "the account is disabled, and can be enabled again"
        assert result.actual.startswith("the application deletes /Users/")
    assert statuses(report)["enable-user"] == "passed"
    assert report.exit_code == 0


@pytest.mark.slow
def test_rehearsal_fails_with_the_value_that_the_vendor_refuses():
    result = by_id(rehearsed({"disabling": "disables", "limits": [{"attribute": "userName", "max_length": 5}]}))[
        "create-user"
    ]
    assert result.status.value == "failed"
    assert "at most 5 are allowed: change the mapping" in result.hint


def test_vendor_of_an_unknown_preset_is_an_error():
    with pytest.raises(ScimconfError, match='unknown preset or fact page "nobody"'):
        played_vendor("nobody")
    assert played_vendor("slack").title == "Slack"
