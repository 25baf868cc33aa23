"""A plan of 10,000 assignments: few requests, and time that grows linearly with their number."""

from __future__ import annotations

import sys
from collections import Counter

from tenant_fixture import Rehearsal, changes

SPEC = """
version: 1
name: large
tenant: contoso.com
application: {display_name: Large}
provisioning: {enabled: false}
assignments:
  unlisted: delete
  users_from: [people.csv]
"""
SWAPPED = 50


def tenant_of(number: int) -> Rehearsal:
    roles = [{"value": "reader", "displayName": "reader"}, {"value": "writer", "displayName": "writer"}]
    large = {"displayName": "Large", "template": "Custom", "roles": roles, "jobs": [{"template": "scim"}]}
    assign = {"application": "Large", "role": "reader"}
    return Rehearsal({"base": "empty", "applications": [large], "generate": {"users": number, "assign": assign}})


def spec_of(tenant: Rehearsal, folder):
    """Write a spec with all users as readers, except the first ones as writers."""
    names, link = [], "/users?$top=999"
    while link:
        page = tenant.request("GET", link)
        names += [one["userPrincipalName"] for one in page["value"]]
        link = page.get("@odata.nextLink", "").partition("/v1.0")[2]
    lines = [f"{name},{'writer' if index < SWAPPED else 'reader'}" for index, name in enumerate(names)]
    (folder / "people.csv").write_text("\n".join(["user,role", *lines]) + "\n", "utf-8")
    (folder / "scimconf.yaml").write_text(SPEC, "utf-8")
    return tenant.load(folder / "scimconf.yaml")


def test_plan_of_10000_assignments_sends_few_requests(tmp_path):
    """Eleven pages of assignments, ten getByIds requests with 1,000 ids each, and the requests of every plan."""
    tenant = tenant_of(10_000)
    spec = spec_of(tenant, tmp_path)
    tenant.forget()
    planned = tenant.plan(spec)
    assert planned.errors == ()
    assert Counter(line[0] for line in changes(planned)) == {"+": SWAPPED, "-": SWAPPED}
    pages = tenant.asked("GET", "/appRoleAssignedTo")
    named = [
        one for one in tenant.journal if one["path"].startswith(("/users", "/groups", "/directoryObjects", "/$batch"))
    ]
    assert len(pages) == 11
    assert len(named) <= 16
    assert len(tenant.journal) <= 11 + 16 + 8


def test_plan_takes_linear_time(tmp_path):
    """Ten times the users take about ten times the function calls."""
    calls = []
    for number in (300, 3_000):
        folder = tmp_path / str(number)
        folder.mkdir()
        tenant = tenant_of(number)
        spec = spec_of(tenant, folder)
        calls.append(count_calls(lambda tenant=tenant, spec=spec: tenant.plan(spec)))
    assert calls[1] < 20 * calls[0]


def count_calls(work) -> int:
    """Return the number of calls of functions in `PACKAGES`."""
    number = 0

    def count(frame, event, _argument):
        nonlocal number
        if event == "call" and any(package in frame.f_code.co_filename for package in PACKAGES):
            number += 1

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return number


PACKAGES = ("scimconf/kinds/", "scimconf/plan/", "scimconf/documents/")
