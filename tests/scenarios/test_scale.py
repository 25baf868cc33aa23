"""Ten thousand assignments: a few pages and a few look-ups, and work that grows as the list does."""

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
    """All of them as they are, but for some who are to be writers."""
    names, link = [], "/users?$top=999"
    while link:
        page = tenant.request("GET", link)
        names += [one["userPrincipalName"] for one in page["value"]]
        link = page.get("@odata.nextLink", "").partition("/v1.0")[2]
    lines = [f"{name},{'writer' if index < SWAPPED else 'reader'}" for index, name in enumerate(names)]
    (folder / "people.csv").write_text("\n".join(["user,role", *lines]) + "\n", "utf-8")
    (folder / "scimconf.yaml").write_text(SPEC, "utf-8")
    return tenant.load(folder / "scimconf.yaml")


def test_ten_thousand_assignments_take_eleven_pages_and_a_few_look_ups(tmp_path):
    """Eleven pages of assignments, ten getByIds of a thousand, and what every plan reads."""
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


def test_work_grows_as_the_list_does(tmp_path):
    """Ten times the people are about ten times the calls of ours, not a hundred times."""
    calls = []
    for number in (300, 3_000):
        folder = tmp_path / str(number)
        folder.mkdir()
        tenant = tenant_of(number)
        spec = spec_of(tenant, folder)
        calls.append(counted(lambda tenant=tenant, spec=spec: tenant.plan(spec)))
    assert calls[1] < 20 * calls[0]


def counted(work) -> int:
    """How many of our own pure functions are called."""
    number = 0

    def count(frame, event, _argument):
        nonlocal number
        if event == "call" and any(room in frame.f_code.co_filename for room in ROOMS):
            number += 1

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return number


ROOMS = ("scimconf/kinds/", "scimconf/plan/", "scimconf/documents/")
