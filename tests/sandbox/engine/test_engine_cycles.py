"""Cycles of a started job, over HTTP: what is sent to the endpoint, and what the tenant shows of it."""

from __future__ import annotations


def test_initial_cycle_creates_the_assigned_users_and_the_next_sends_nothing(provisioned, endpoint):
    tenant = provisioned()
    summary = tenant.cycle()
    assert (summary["cycle"], tenant.events(summary)) == ("initial", ["create success Ada", "create success Grace"])
    assert endpoint.calls() == [
        "GET /scim/Users?filter=userName+eq+%22ada%40contoso.com%22",
        "POST /scim/Users",
        "GET /scim/Users?filter=userName+eq+%22grace%40contoso.com%22",
        "POST /scim/Users",
    ]
    assert tenant.sent() == []
