"""An apply in several rounds: what a later plan deletes, and the guards that it meets, need an answer of their own."""

import re
from threading import Thread

import pytest
from tenant_fixture import Person, Rehearsal, changes, everything_open, exit_code, row

from scimconf.plan import Plan, Result
from scimconf.render import text

SPEC = """
version: 1
name: small
application: {display_name: Small, create: {from_template: custom}}
provisioning: {enabled: false}
"""
DELETES = "mappings: {users: {unlisted: delete, attributes: {userName: {source: userPrincipalName, match: 1}}}}\n"
KEEPS = DELETES.replace("delete", "keep")
INSTANTIATE = "POST /applicationTemplates/8adf8e6e-67b2-4cf2-a259-e3dc5476c621/instantiate"


@pytest.fixture
def applied(tmp_path):
    """Plan and apply a spec on an empty tenant; return the report."""

    def work(rehearsal, more, person):
        file = tmp_path / "scimconf.yaml"
        file.write_text(SPEC + more)
        first = rehearsal.plan(file, everything_open(rehearsal.plan(file)))
        assert not [line for line in changes(first) if line.startswith("-")]
        return rehearsal.apply(first, person=person)

    return work


def deleted(planned):
    return [line for line in changes(planned) if line.startswith("-")]


def test_apply_asks_again_before_it_deletes_what_the_first_plan_could_not_show(applied):
    rehearsal, person = Rehearsal(), Person()
    assert exit_code(applied(rehearsal, DELETES, person)) == 0
    [second] = person.asked
    assert "- attribute_mapping/users/title" in deleted(second)
    assert row(rehearsal.schema("Small"), "title") is None


def test_apply_stops_when_the_answer_to_later_deletions_is_no(applied):
    rehearsal, person = Rehearsal(), Person(yes=False)
    report = applied(rehearsal, DELETES, person)
    assert (exit_code(report), len(person.asked)) == (5, 1)
    assert report.error == "Stopped: the new plan contains changes that were not approved."
    assert report.declined
    assert rehearsal.writes == [INSTANTIATE]


def test_apply_does_not_ask_again_when_later_rounds_delete_nothing(applied):
    rehearsal, person = Rehearsal(), Person(yes=False)
    assert exit_code(applied(rehearsal, KEEPS, person)) == 0
    assert person.asked == []


ROLES = """
app_roles: {unlisted: keep, roles: [{value: a, display_name: a}, {value: b, display_name: b}]}
assignments: {unlisted: keep, users: [{user: ada@contoso.com, roles: [a, b]}, {user: tim@contoso.com, role: a}]}
"""


def test_apply_reports_what_the_template_has_as_already_matching(tmp_path):
    """The report counts the rows of the plan: done, or already matching."""
    rehearsal, file = Rehearsal(), tmp_path / "scimconf.yaml"
    file.write_text(SPEC + KEEPS + ROLES)
    first = rehearsal.plan(file, everything_open(rehearsal.plan(file)))
    report = rehearsal.apply(first)
    matching = [str(address) for address, result in report.by_address().items() if result is Result.MATCHING]
    assert matching == ["small:attribute_mapping/users/userName", "small:schedule"]
    plan, rendered = text.plan(Plan(applications=(first.plan,))), text.report([report])
    (number,) = re.findall(r"^Plan: (\d+) to create, 0 ", plan, re.MULTILINE)
    done, matching = re.findall(r"(\d+) done; (\d+) already matching", rendered)[0]
    assert int(number) == int(done) + int(matching)
    assert "  done  assignment/user:ada@contoso.com  a, b\n" in rendered
    assert "  already matching  attribute_mapping/users/userName\n" in rendered


def test_a_guard_that_only_a_later_plan_meets_stops_the_apply(applied):
    """Somebody assigns a user while the application is created; removing the last assignment needs an exemption."""
    rehearsal, person = Rehearsal(), Person()
    rehearsal.watch = lambda: _assign_once(rehearsal)
    report = applied(rehearsal, "assignments: {unlisted: delete}\n", person)
    assert exit_code(report) == 5
    assert "all-assignments-removed" in report.error
    assert person.asked == []
    assert [write for write in rehearsal.made if write.startswith("DELETE")] == []


def _assign_once(rehearsal):
    """Assign a user from another thread, since the requests of the apply run in this one's event loop."""
    rehearsal.watch = lambda: None

    def assign():
        principal, user = rehearsal.principal("Small"), rehearsal.state["users"][0]
        body = {"principalId": user["id"], "resourceId": principal["id"], "appRoleId": principal["appRoles"][0]["id"]}
        rehearsal.request("POST", f"/servicePrincipals/{principal['id']}/appRoleAssignedTo", body)

    if [one for one in rehearsal.service.journal.entries if one["path"].endswith("/instantiate")]:
        thread = Thread(target=assign)
        thread.start()
        thread.join()
    else:
        rehearsal.watch = lambda: _assign_once(rehearsal)
