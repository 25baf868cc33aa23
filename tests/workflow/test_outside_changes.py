"""Tests of `workflow.outside_changes` and `graph.audit_log`: what others changed, and what cannot be read."""

from datetime import timedelta

import pytest
from tenant_fixture import NOON, WRITER, Person, Rehearsal

from scimconf.graph.audit_log import read_audits
from scimconf.monitoring.history import RunContext
from scimconf.workflow.history import history_entries
from scimconf.workflow.history_entry import OpenHistory
from scimconf.workflow.history_folder import FolderStore
from scimconf.workflow.outside_changes import (
    KnownObjects,
    UnreadableAuditError,
    changes_outside,
    known_objects,
    saved_objects,
    with_authors,
)
from scimconf.workflow.targets import spec_targets

AUDITS = "/auditLogs/directoryAudits"


class Recorder(Person):
    """Approves, and keeps the history at the tenant's time."""

    def __init__(self, store, tenant):
        super().__init__()
        self.history = OpenHistory(store, RunContext(), lambda: NOON + timedelta(seconds=tenant.time))

    def begin_history(self, planned):
        return self.history.begin(planned)


@pytest.fixture(scope="module")
def applied(tmp_path_factory):
    store, tenant = FolderStore(str(tmp_path_factory.mktemp("history"))), Rehearsal()
    person = Recorder(store, tenant)
    person.history.end(tenant.apply(WRITER, person=person))
    return tenant, store


@pytest.fixture
def writer(applied):
    """Writer an hour after its apply, with its history."""
    tenant = applied[0].copy()
    tenant.time += 3600
    tenant.store = applied[1]
    return tenant


def outside(tenant, entries=None):
    entries = history_entries(tenant.store, "writer") if entries is None else entries
    target = spec_targets([tenant.load(WRITER)])[0]

    async def work(session):
        objects = await known_objects(session.graph, target, tenant.store, entries)
        now = NOON + timedelta(seconds=tenant.time)
        return await changes_outside(session.graph, "writer", objects, entries, now)

    return [event.activity for event in tenant.run(work)]


PAUSE = "Disable/pause provisioning configuration"


def test_only_what_no_entry_explains_is_outside(writer):
    assert outside(writer) == []
    writer.request("POST", f"{writer.job()}/pause")
    assert outside(writer) == [PAUSE]
    assert len(outside(writer, entries=[])) > 5, "without a history, nothing is explained"


def test_events_without_an_id_are_found_by_the_name(writer):
    writer.switch(audit_target="name")
    writer.request("POST", f"{writer.job()}/pause")
    assert outside(writer) == [PAUSE]


def test_a_deleted_application_is_found_by_its_history(writer):
    writer.request("DELETE", f"/servicePrincipals/{writer.principal()['id']}")
    assert outside(writer) == ["Remove service principal"]


def test_an_application_that_never_existed_has_no_changes(writer, tmp_path):
    empty = Rehearsal()
    empty.store = FolderStore(str(tmp_path))
    assert outside(empty) == []
    assert empty.asked("GET", AUDITS) == []
    assert not saved_objects(empty.store, [])


def test_a_tenant_that_refuses_the_filters_is_asked_for_the_time_only(writer):
    writer.request("POST", f"{writer.job()}/pause")
    writer.fault({"status": 400, "body": {"error": {"code": "BadRequest"}}}, method="GET", path=AUDITS, times=1)
    assert outside(writer) == [PAUSE]
    assert [entry["status"] for entry in writer.asked("GET", AUDITS)][-2:] == [400, 200]


@pytest.mark.parametrize(
    ("status", "code", "text"),
    [
        (403, "Authentication_MSGraphPermissionMissing", "the identity lacks AuditLog.Read.All"),
        (404, "NotFound", "404 NotFound"),
    ],
)
def test_a_log_that_cannot_be_read_says_why(writer, status, code, text):
    writer.fault({"status": status, "body": {"error": {"code": code}}}, method="GET", path=AUDITS, times=0)
    with pytest.raises(UnreadableAuditError, match=f"changes outside scimconf are not known: .*{text}"):
        outside(writer)


def test_an_application_that_cannot_be_read_is_known_by_its_history(writer):
    writer.request("POST", f"{writer.job()}/pause")
    writer.fault({"status": 403, "body": {"error": {"code": "No"}}}, method="GET", path="/servicePrincipals*", times=0)
    assert outside(writer) == [PAUSE]


def test_pages_are_followed_up_to_a_limit(writer):
    for _ in range(3):
        writer.request("POST", f"{writer.job()}/pause")

    def read(limit):
        return writer.run(lambda session: read_audits(session.graph, [], NOON - timedelta(days=30), limit))

    assert not read(1000).is_cut
    assert (len(read(2).entries), read(2).is_cut) == (2, True)


def drifted(writer, stores, **switches):
    writer.switch(**switches)
    planned = [writer.plan(WRITER)]

    async def work(session):
        return await with_authors(session.graph, planned, stores, NOON + timedelta(seconds=writer.time))

    (result,), problem = writer.run(work)
    return [(each.code, each.message) for each in result.plan.warnings if each.code == "K411"], problem


def test_drift_names_who_changed_the_application(writer):
    assert drifted(writer, {"writer": writer.store}) == ([], ()), "without drift, nobody is asked"
    assert writer.asked("GET", AUDITS) == []
    writer.request("POST", f"{writer.job()}/pause")
    ((code, message),), problem = drifted(writer, {"writer": writer.store})
    assert (code, problem) == ("K411", ())
    assert message == f"changed outside scimconf by Client scimconf on 2026-11-25 13:00 UTC: {PAUSE}"
    writer.request("POST", f"{writer.job()}/start")
    writer.request("POST", f"{writer.job()}/pause")
    ((_, message),), _ = drifted(writer, {"writer": writer.store})
    assert message.count("by Client scimconf on 2026-11-25 13:0") == 3, "each change is named"
    ((_, message),), _ = drifted(writer, {})
    assert message.startswith("last changed by Client scimconf on 2026-11-25 13:00 UTC")


def test_drift_that_nobody_made_names_nobody(writer):
    writer.request("POST", f"{writer.job()}/pause")
    writer.time += 2 * 86400
    assert drifted(writer, {"writer": writer.store}, audit_retention_days=1) == ([], ())


def test_drift_says_once_why_the_author_is_not_known(writer):
    writer.request("POST", f"{writer.job()}/pause")
    writer.fault({"status": 403, "body": {"error": {"code": "No"}}}, method="GET", path=AUDITS, times=0)
    planned = [writer.plan(WRITER)] * 2

    async def work(session):
        return await with_authors(session.graph, planned, {}, NOON)

    results, problem = writer.run(work)
    assert [len(result.plan.warnings) for result in results] == [len(planned[0].plan.warnings)] * 2
    assert problem == ("changes outside scimconf are not known: the identity lacks AuditLog.Read.All",)
    assert len(writer.asked("GET", AUDITS)) == 1


def test_a_history_that_cannot_be_read_is_said_once_and_the_author_is_named(writer, tmp_path):
    writer.request("POST", f"{writer.job()}/pause")
    (tmp_path / "writer").symlink_to("writer")
    planned, store = [writer.plan(WRITER)] * 2, FolderStore(str(tmp_path))

    async def work(session):
        now = NOON + timedelta(seconds=writer.time)
        return await with_authors(session.graph, planned, {"writer": store}, now)

    results, problems = writer.run(work)
    assert len(problems) == 1
    assert "cannot be read" in problems[0]
    for result in results:
        (warning,) = (each for each in result.plan.warnings if each.code == "K411")
        assert warning.message.startswith("last changed by Client scimconf")
        assert "may have been an apply" in warning.hint


def test_ids_and_names_of_documents():
    documents = {
        "service_principals": [{"id": "1", "appId": "2", "displayName": "Writer"}],
        "applications": [{"id": "3"}],
    }
    objects = KnownObjects.of(documents)
    assert (objects.principals, objects.ids, objects.names) == ({"1", "3"}, {"1", "2", "3"}, {"Writer"})
    assert not KnownObjects.of({"service_principals": None})
