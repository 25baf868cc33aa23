"""Applies that create the same missing application at the same time: exactly one application remains."""

from random import Random

import pytest
from interleaving import Jitter, Others, run_all
from tenant_fixture import Rehearsal, all_allowed, changes, exit_code

from scimconf.plan import Result

SPEC = """
version: 1
name: writer
application: {display_name: %s, create: {from_template: custom}}
connection: {base_address: "https://app.writer.com/scim", secret_token: {env: WRITER_SCIM_TOKEN}}
provisioning: {enabled: true, scope: assigned}
"""
INSTANTIATE = "/applicationTemplates/8adf8e6e-67b2-4cf2-a259-e3dc5476c621/instantiate"
MEANWHILE = "the application was created meanwhile by another run; apply again"
STALE = 3


@pytest.fixture
def spec(tmp_path):
    """Write the spec of an application with this name; return its path."""

    def write(name="Writer"):
        file = tmp_path / f"{name}.yaml"
        file.write_text(SPEC % name)
        return file

    return write


def applications(rehearsal):
    return [row for row in rehearsal.state["applications"] if row["displayName"].lower() == "writer"]


def assert_one_remains(rehearsal, file, reports):
    """One run applied everything, the others deleted their own or created none; then there are no changes."""
    assert sorted(map(exit_code, reports)) == [0] + [STALE] * (len(reports) - 1), [failures(one) for one in reports]
    assert len(applications(rehearsal)) == 1
    assert changes(rehearsal.plan(file)) == []


def failures(report):
    return [report.error, *(outcome.detail for outcome in report.failed)]


@pytest.mark.parametrize(
    ("count", "late", "seed"),
    [(2, 0, 1), (3, 2, 3)]
    + [pytest.param(3, late, seed, marks=pytest.mark.slow) for late in (1, 2, 5) for seed in range(20, 24)],
)
def test_concurrent_applies_leave_exactly_one_application(spec, count, late, seed):
    rehearsal, random, file = Rehearsal(late_reads=late), Random(seed), spec()
    reports = run_all(rehearsal, *((file, Jitter(rehearsal, random)) for _ in range(count)))
    assert_one_remains(rehearsal, file, reports)


def test_concurrent_applies_of_names_that_differ_in_case_leave_one_application(spec):
    rehearsal, random = Rehearsal(late_reads=2), Random(4)
    reports = run_all(rehearsal, *((spec(name), Jitter(rehearsal, random)) for name in ("Writer", "WRITER")))
    assert_one_remains(rehearsal, spec(), reports)


# --- what others do in between --------------------------------------------------------------------------------------


WRITER = ("POST", INSTANTIATE, {"displayName": "WRITER"})


def start_path(rehearsal):
    [job] = [row for row in rehearsal.service.tenant.documents.all("job")]
    [principal] = [
        row for row in rehearsal.service.tenant.documents.all("servicePrincipal") if row["displayName"] == "Writer"
    ]
    return f"/servicePrincipals/{principal['id']}/synchronization/jobs/{job['id']}/start"


def before_creation(_rehearsal, request):
    return request.url.path.endswith("/instantiate")


def before_start(rehearsal, request):
    """Return whether the request is the check before the first start: the list after the secrets were stored."""
    stored = rehearsal.asked("PUT", "/secrets") and rehearsal.asked("GET", "/secrets")
    return bool(stored) and request.url.path.endswith("/servicePrincipals")


def after_start(rehearsal, request):
    return bool(rehearsal.asked("POST", "/start")) and request.url.path.endswith("/servicePrincipals")


@pytest.fixture
def apply_among(spec):
    """Apply the spec while others send requests; return the tenant and the report."""

    def work(when, *requests, fault=None, lost=None):
        rehearsal = Rehearsal()
        if fault is not None:
            rehearsal.fault(**fault)
        transport = Jitter(rehearsal, Random(5), Others(rehearsal, when, *requests))
        transport.lost = lost
        [report] = run_all(rehearsal, (spec(), transport))
        return rehearsal, report

    return work


def names(rehearsal):
    return sorted(row["displayName"] for row in applications(rehearsal))


def test_apply_creates_nothing_if_the_application_appears_before_the_creation(spec):
    rehearsal = Rehearsal()
    planned = rehearsal.plan(spec(), all_allowed())
    rehearsal.request("POST", INSTANTIATE, {"displayName": "writer"})
    rehearsal.forget()
    report = rehearsal.apply(planned, all_allowed())
    assert (exit_code(report), failures(report)) == (STALE, ["", MEANWHILE])
    assert (rehearsal.writes, report.wrote) == ([], False)


@pytest.mark.parametrize("when", [before_creation, before_start])
def test_apply_deletes_its_own_application_if_another_one_remains(apply_among, when):
    """An older one is seen at once; a younger one, which its own run should delete, is waited for."""
    rehearsal, report = apply_among(when, WRITER)
    assert (exit_code(report), failures(report)) == (STALE, ["", MEANWHILE])
    assert names(rehearsal) == ["WRITER"]
    assert {outcome.result for outcome in report.outcomes} == {Result.SKIPPED, Result.FAILED}
    assert not rehearsal.asked("POST", "/start")


def test_apply_deletes_its_own_application_if_one_of_another_tenant_appears(apply_among):
    """It has no application object here, so no date: it is not waited for."""

    def consent(rehearsal, request):
        if not before_start(rehearsal, request):
            return False
        key = "99999999-0000-4000-8000-000000000001"
        foreign = {
            "id": key,
            "appId": key,
            "displayName": "writer",
            "appOwnerOrganizationId": key,
            "applicationTemplateId": None,
        }
        rehearsal.service.tenant.documents.put(
            "servicePrincipal", key, {**foreign, "appRoles": [], "tags": [], "appRoleAssignmentRequired": False}
        )
        return True

    rehearsal, report = apply_among(consent, ("GET", "/organization", None))
    assert (exit_code(report), names(rehearsal), rehearsal.slept) == (STALE, [], 0)


def test_apply_does_not_start_an_application_that_others_deleted(apply_among):
    def path(rehearsal):
        return f"/applications/{rehearsal.service.tenant.documents.all('application')[-1]['id']}"

    rehearsal, report = apply_among(before_start, ("DELETE", path, None))
    assert exit_code(report) == 5
    assert report.failed[0].detail == "Graph no longer lists the application"
    assert not rehearsal.asked("POST", "/start")


def test_apply_never_deletes_an_application_that_it_started(apply_among):
    rehearsal, report = apply_among(after_start, WRITER)
    assert names(rehearsal) == ["WRITER", "Writer"]
    assert (exit_code(report), report.wrote) == (5, True)
    assert report.error.startswith("another application with the same name was created meanwhile: app_id")
    assert not rehearsal.asked("DELETE", "")


def test_apply_never_deletes_an_application_that_another_run_started(apply_among):
    rehearsal, report = apply_among(before_start, WRITER, ("POST", start_path, None))
    assert names(rehearsal) == ["WRITER", "Writer"]
    assert exit_code(report) == 5
    [reason] = report.failed
    assert reason.detail.endswith("that of this run remains: its provisioning was started by another run")
    assert "in the portal" in reason.hint
    assert not [write for write in rehearsal.writes if write.startswith("DELETE")]


DELETION = {"method": "DELETE", "path": "/applications/*"}


@pytest.mark.parametrize(
    "fault",
    [{"action": "drop", "when": "after"}, {"action": {"status": 404}}, {"action": {"status": 503}}],
    ids=["lost", "not replicated", "unavailable"],
)
def test_the_deletion_of_its_own_application_survives_a_passing_fault(apply_among, fault):
    rehearsal, report = apply_among(before_creation, WRITER, fault={**DELETION, **fault})
    assert (exit_code(report), names(rehearsal)) == (STALE, ["WRITER"])


def test_apply_names_its_own_application_if_it_cannot_delete_it(apply_among):
    denied = {"status": 403, "body": {"error": {"code": "Authorization_RequestDenied", "message": "no"}}}
    rehearsal, report = apply_among(before_creation, WRITER, fault={**DELETION, "action": denied, "times": 0})
    [own] = [row for row in applications(rehearsal) if row["displayName"] == "Writer"]
    assert exit_code(report) == 5
    assert own["appId"] in report.failed[0].hint


# --- killed runs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("late", [1, 3, 6])
def test_applies_after_a_kill_leave_one_application_although_it_was_not_visible_yet(spec, late):
    """The next run may create another one, which it deletes when it sees the first."""
    rehearsal, file = Rehearsal(late_reads=late), spec()
    first = rehearsal.plan(file, all_allowed())
    assert rehearsal.dies(1, "after", lambda: rehearsal.apply(first, all_allowed()))
    codes = [exit_code(rehearsal.apply(rehearsal.plan(file, all_allowed()), all_allowed())) for _ in range(2)]
    assert codes in ([0, 0], [STALE, 0])
    assert len(applications(rehearsal)) == 1
    assert changes(rehearsal.plan(file)) == []


# --- lost answers ---------------------------------------------------------------------------------------------------


def test_after_a_lost_answer_apply_continues_with_the_only_application(apply_among):
    rehearsal, report = apply_among(before_creation, lost="/instantiate")
    assert (exit_code(report), names(rehearsal)) == (0, ["Writer"])


def test_after_a_lost_answer_apply_deletes_no_application(apply_among):
    """Nobody knows which of the two this run created."""
    rehearsal, report = apply_among(before_creation, WRITER, lost="/instantiate")
    assert (exit_code(report), names(rehearsal)) == (5, ["WRITER", "Writer"])
    assert not [write for write in rehearsal.writes if write.startswith("DELETE")]
    assert "delete all but one" in report.failed[0].hint


@pytest.mark.parametrize("seed", [3, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (0, 1, 2, 4, 5))])
def test_a_run_with_a_lost_answer_and_another_run_leave_one_application(spec, seed):
    rehearsal, random = Rehearsal(late_reads=2), Random(seed)
    transports = [Jitter(rehearsal, random) for _ in range(2)]
    transports[0].lost = "/instantiate"
    reports = run_all(rehearsal, *((spec(), transport) for transport in transports))
    assert len(applications(rehearsal)) == 1, [failures(report) for report in reports]
