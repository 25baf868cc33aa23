"""Tests of `workflow.canary` where nothing is sent to an application: its checks, errors, interrupts and texts."""

import asyncio
import json
from typing import ClassVar

import pytest
from canary_apply import ADA, TITLE, Dialog, is_on, mappings, spec, tried
from tenant_fixture import NOON, WRITER, Person, Rehearsal, all_allowed, changes, exit_code, wishes

from scimconf.diagnostics import ScimconfError
from scimconf.graph.execution.lock import LockOptions
from scimconf.monitoring.on_demand import OnDemandVerdict
from scimconf.plan import ApplyStatus, Pause, Result
from scimconf.render import text
from scimconf.sandbox.faults import Fault
from scimconf.workflow.canary_checks import UnfinishedCanary, prepare_canary
from scimconf.workflow.rollback import past_spec

REFUSED = {"status": 400, "body": {"error": {"code": "Bad", "message": "no"}}}


@pytest.fixture(scope="module")
def running():
    tenant = Rehearsal()
    tenant.apply(WRITER, all_allowed())
    return tenant


@pytest.fixture(scope="module")
def off():
    """Writer that was never started."""
    tenant = Rehearsal()
    tenant.apply(WRITER, wishes(allow=("application-created",), no_start=True))
    return tenant


@pytest.fixture
def tenant(running):
    return running.copy()


@pytest.fixture
def changed(tmp_path):
    return spec(tmp_path, TITLE)


def arm(tenant, action, **where):
    """Arm a fault while an event loop runs."""
    tenant.service.faults.arm(Fault.read({"action": action, **where}))


def edit_schema(tenant, edit):
    """Change the schema as another client does, while an event loop runs."""
    (schema,) = tenant.service.tenant.documents.all("schema")
    tenant.service.tenant.documents.put("schema", schema["id"], edit(schema))


def verbs(tenant):
    return [write.rpartition("/")[2] for write in tenant.made if "/synchronization/" in write]


# ---- before any write ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("replacements", "users", "options", "message"),
    [
        ([TITLE], ("nobody@contoso.com",), {}, "the tenant has no user nobody@contoso.com"),
        ([TITLE], ("hedy@contoso.com",), {}, "hedy@contoso.com is not in scope with these changes"),
        ([TITLE], (ADA,), {"only": ("attribute_mapping/*",)}, "leaves out writer:schedule"),
        ([TITLE], (ADA,), {"exclude": ("schedule",)}, "leaves out writer:schedule"),
        ([("enabled: true                 #", "enabled: false                #")], (ADA,), {}, "a canary ends by starting"),
        ([("version: 1\nname: writer", "version: 1\nname: writer"), ("https://app.writer.com", "https://b.writer.com")], (ADA,), {}, "writer:connection: stored"),
    ],
    ids=["missing user", "out of scope", "only", "exclude", "off", "connection"],
)  # fmt: skip
def test_what_prevents_a_canary(tenant, tmp_path, replacements, users, options, message):
    file = spec(tmp_path, *(pair for pair in replacements if pair[0] != pair[1]))
    with pytest.raises(ScimconfError, match=message):
        tried(tenant, file, *users, options=wishes(**options))
    assert tenant.writes == []


def test_a_disabled_user_is_no_canary(tenant, changed):
    tenant.request("PATCH", f"/users/{tenant.request('GET', f'/users/{ADA}')['id']}", {"accountEnabled": False})
    with pytest.raises(ScimconfError, match="ada@contoso.com is disabled in the tenant"):
        tried(tenant, changed)


@pytest.mark.slow
def test_a_quarantined_job_and_refused_credentials_prevent_it(tenant, changed):
    tenant.fault(REFUSED, method="POST", path="*/validateCredentials", times=0)
    with pytest.raises(ScimconfError, match="the application refuses the stored credentials"):
        tried(tenant, changed)
    (job,) = tenant.service.tenant.documents.all("job")
    status = job["status"] | {"code": "Quarantine", "quarantine": {"reason": "TooManyDeletes"}}
    tenant.service.tenant.documents.put("job", job["id"], job | {"status": status})
    with pytest.raises(ScimconfError, match=r"the job is in quarantine \(TooManyDeletes\)"):
        tried(tenant, changed)
    assert tenant.writes == []


def test_a_new_application_has_nothing_to_return_to(changed):
    with pytest.raises(ScimconfError, match="a canary needs an application that has") as error:
        tried(Rehearsal(), changed)
    assert "--no-start" in error.value.hint


def test_the_notes_say_what_a_canary_does_not_show(tenant, changed):
    planned = tenant.plan(changed)
    unfinished = UnfinishedCanary({"jobs": []}, frozenset())
    notes = tenant.run(lambda session: prepare_canary(session, planned, [ADA], wishes(), session.graph.now)).notes
    assert [note.partition(",")[0] for note in notes] == [
        "provisioning is paused meanwhile",
        "roles are not supported on demand",
        "what is sent for these users stays in the application if the documents are put back",
    ]
    tenant.request("POST", f"{tenant.job()}/pause")
    planned = tenant.plan(changed)
    canary = tenant.run(
        lambda session: prepare_canary(session, planned, [ADA], wishes(), session.graph.now, unfinished)
    )
    assert canary.notes[0].startswith("an earlier canary of this application has not ended")
    assert (canary.past, canary.was_on) == ({"jobs": []}, False)


def test_a_user_whom_the_changes_do_not_concern_shows_nothing(tenant, tmp_path):
    planned = tenant.plan(spec(tmp_path, ("deletion_threshold: 50", "deletion_threshold: 51")))
    canary = tenant.run(lambda session: prepare_canary(session, planned, [ADA], wishes(), session.graph.now))
    assert "the changes send nothing else for ada@contoso.com, so they cannot be seen with this user" in canary.notes


# ---- the users -------------------------------------------------------------------------------------------------------


def test_a_canary_pauses_writes_and_starts(tenant, changed):
    dialog, person = Dialog(), Person()
    report = tried(tenant, changed, dialog=dialog, person=person)
    assert (report.status, report.pause, report.history_entry) == (ApplyStatus.APPLIED, Pause.NONE, "history/1")
    assert (is_on(tenant), changes(tenant.plan(changed)), len(person.entries)) == (True, [], 1)
    assert verbs(tenant) == ["pause", "schema", "provisionOnDemand", "restart", "start"]
    assert {address.kind for address in report.by_address()} == {"attribute_mapping", "schedule"}
    assert dialog.results[0].result.verdict is OnDemandVerdict.PROVISIONED


@pytest.mark.slow
def test_values_that_cannot_be_compared_are_not_as_predicted(tenant, changed):
    """Without an application the sandbox reports source attributes only."""
    report = tried(tenant, changed, dialog=Dialog("auto"))
    assert report.status is ApplyStatus.PUT_BACK
    assert report.error.startswith("The canary was put back: ada@contoso.com: not as predicted: other success has no")


@pytest.mark.slow
def test_a_redacted_report_names_nobody(tenant, changed):
    report = tried(tenant, changed, dialog=Dialog(answer=False), redact=True)
    rendered = text.report([report], width=200)
    assert "ada@" not in rendered
    assert "Tried with user-" in rendered


def test_a_service_that_refuses_on_demand_while_paused_is_put_back_with_the_hint(tenant, changed):
    mapped, dialog = mappings(tenant), Dialog()
    tenant.switch(paused_on_demand="refused")
    report = tried(tenant, changed, ADA, "grace@contoso.com", dialog=dialog)
    assert (report.status, exit_code(report), dialog.asked, len(dialog.results)) == (ApplyStatus.PUT_BACK, 7, 0, 1)
    assert "put back: ada@contoso.com: not tried, since the service did not provision on demand: POST" in report.error
    assert ("EmulatedJobPaused" in report.error, report.hint) == (True, "Nobody was provisioned.")
    assert "`scimconf probe` finds out" in report.error
    assert (is_on(tenant), mappings(tenant), report.warnings) == (True, mapped, ())


def test_the_number_of_steps_is_known_from_the_start(tenant, changed):
    class Counting(Person):
        steps: ClassVar[list[tuple[int, int]]] = []

        def progress(self, _message, done, total):
            self.steps.append((done, total))

    assert tried(tenant, changed, person=Counting()).status is ApplyStatus.APPLIED
    done, totals = zip(*Counting.steps, strict=True)
    assert (list(done), set(totals)) == (sorted(done), {done[-1]})


@pytest.mark.slow
def test_a_lost_answer_is_put_back_and_the_report_says_that_the_user_may_be_provisioned(tenant, changed):
    tenant.fault("drop", method="POST", path="*/provisionOnDemand", when="after", times=0)
    report = tried(tenant, changed)
    assert report.status is ApplyStatus.PUT_BACK
    assert (
        "put back: ada@contoso.com: it is not known what was sent" in report.error,
        "not tried" in report.error,
    ) == (
        True,
        False,
    )
    assert report.warnings[0].startswith("ada@contoso.com may be provisioned with the changes; the next cycle")
    assert is_on(tenant)


@pytest.mark.slow
def test_a_new_assignment_is_waited_for(tenant, tmp_path):
    """The service may not know an assignment yet: it skips the user as not entitled."""
    file = spec(tmp_path, ("  users_from:", "    - {user: hedy@contoso.com, role: member}\n  users_from:"))
    skipped = {"result": "Skipped", "details": {"errorCode": "NotEffectivelyEntitled"}}
    answer = {"key": json.dumps(skipped), "value": json.dumps({"statusInfo": {"status": "Skipped"}})}
    tenant.fault({"status": 200, "body": answer}, method="POST", path="*/provisionOnDemand", times=2)
    dialog = Dialog()
    report = tried(tenant, file, "hedy@contoso.com", dialog=dialog)
    assert (report.status, len(dialog.results)) == (ApplyStatus.APPLIED, 1)
    assert dialog.results[0].result.verdict is OnDemandVerdict.PROVISIONED
    assert verbs(tenant).count("provisionOnDemand") == 3


@pytest.mark.slow
def test_users_who_cannot_be_read_after_the_write_lead_to_a_return(tenant, changed):
    report = tried(
        tenant, changed, prepared=lambda: arm(tenant, REFUSED, method="GET", path="*/users*", times=0)
    )  # fmt: skip
    assert (report.status, "no user was provisioned" in report.error) == (ApplyStatus.PUT_BACK, True), report


# ---- errors and interrupts -------------------------------------------------------------------------------------------


def test_changes_that_cannot_be_written_are_put_back(tenant, changed):
    tenant.fault(REFUSED, method="PUT", path="*/schema", times=0)
    report = tried(tenant, changed)
    assert (report.status, is_on(tenant)) == (ApplyStatus.PUT_BACK, True)
    assert "the changes could not all be written: set the mapping to title: " in report.error
    assert "Nobody was provisioned." in report.hint


def test_a_pause_that_is_refused_ends_it_before_any_write(tenant, changed):
    tenant.fault(REFUSED, method="POST", path="*/pause", times=0)
    report = tried(tenant, changed)
    assert (report.status, report.wrote, is_on(tenant)) == (ApplyStatus.FAILED, False, True)


@pytest.mark.parametrize("after", ["pause", "provisionOnDemand"])
def test_an_interrupt_leaves_it_and_says_how_to_go_on(tenant, changed, after):
    dialog = Dialog()
    person = Person(interrupt=lambda: any(write.endswith(after) for write in tenant.writes))
    report = tried(tenant, changed, ADA, "grace@contoso.com", dialog=dialog, person=person)
    assert (report.status, report.pause, is_on(tenant)) == (ApplyStatus.INTERRUPTED, Pause.CONFIRMED, False)
    assert "To return to the state before the canary instead: `scimconf rollback --to history/1`." in report.hint
    assert len(dialog.results) == (after == "provisionOnDemand")
    assert changes(tenant.plan(changed))[-1] == "~ schedule"


@pytest.mark.slow
def test_no_answer_to_the_question_leaves_it(tenant, changed):
    report = tried(tenant, changed, dialog=Dialog(answer=None))
    assert (report.status, report.pause, is_on(tenant)) == (ApplyStatus.INTERRUPTED, Pause.CONFIRMED, False)
    assert "Tried with ada@contoso.com." in report.hint


def test_a_change_of_another_client_prevents_the_start(tenant, changed):
    class Meanwhile(Dialog):
        def widen(self, results):
            edit_schema(tenant, lambda _schema: original)
            return True

    (original,) = tenant.service.tenant.documents.all("schema")
    report = tried(tenant, changed, dialog=Meanwhile())
    assert (exit_code(report), report.pause, is_on(tenant)) == (5, Pause.CONFIRMED, False)
    assert "attribute_mapping/users/title has changed during the canary" in report.error
    assert changes(tenant.plan(changed)) == ["~ attribute_mapping/users/title", "~ schedule"]


def test_a_return_that_would_undo_the_change_of_another_client_stops(tenant, changed):
    class Meanwhile(Dialog):
        def widen(self, results):
            edit_schema(tenant, without_display_name)
            return False

    def without_display_name(schema):
        rows = schema["synchronizationRules"][0]["objectMappings"]
        users = next(mapping for mapping in rows if mapping["sourceObjectName"] == "User")["attributeMappings"]
        users[:] = [row for row in users if row["targetAttributeName"] != "displayName"]
        return schema

    report = tried(tenant, changed, dialog=Meanwhile())
    assert (exit_code(report), report.pause, is_on(tenant)) == (5, Pause.CONFIRMED, False)
    assert (
        "another client has changed writer:attribute_mapping/users/displayName since the canary began" in report.error
    )
    assert report.command == "scimconf rollback --to history/1"


@pytest.mark.slow
def test_a_return_that_fails_says_so_and_names_the_command(tenant, changed):
    class Meanwhile(Dialog):
        def widen(self, results):
            arm(tenant, REFUSED, method="PUT", path="*/schema", times=0)
            return False

    report = tried(tenant, changed, dialog=Meanwhile())
    assert (exit_code(report), report.pause, is_on(tenant)) == (5, Pause.CONFIRMED, False)
    assert "and that is not done: set the mapping to title: " in report.error
    assert report.command == "scimconf rollback --to history/1"
    assert [outcome.result for outcome in report.failed] == [Result.FAILED]


@pytest.mark.slow
def test_a_start_that_is_refused_leaves_it_paused(tenant, changed):
    class Meanwhile(Dialog):
        def widen(self, results):
            arm(tenant, REFUSED, method="POST", path="*/validateCredentials", times=0)
            return True

    report = tried(tenant, changed, dialog=Meanwhile())
    assert (exit_code(report), report.pause, is_on(tenant)) == (5, Pause.CONFIRMED, False)
    assert "Run apply again" in text.report([report], width=300)


@pytest.mark.slow
def test_an_unexpected_error_is_in_the_report(tenant, changed):
    class Broken(Dialog):
        def widen(self, results):
            raise RuntimeError("broken")

    report = tried(tenant, changed, dialog=Broken())
    assert (exit_code(report), report.pause, "RuntimeError" in report.error) == (5, Pause.CONFIRMED, True)


async def never(_seconds):
    await asyncio.Event().wait()


def locked(**options):
    return LockOptions(holder="me", run="a1", clock=lambda: NOON, sleep=never, **options)


def lock_tags(tenant):
    return [tag for tag in tenant.principal()["tags"] if tag.startswith("scimconf-lock")]


@pytest.mark.slow
@pytest.mark.parametrize(("answer", "status"), [(True, ApplyStatus.APPLIED), (False, ApplyStatus.PUT_BACK)])
def test_one_lock_is_held_for_the_whole_canary(tenant, changed, answer, status):
    counts = []

    class Looking(Dialog):
        def widen(self, results):
            (principal,) = [
                row for row in tenant.service.tenant.documents.all("servicePrincipal") if row["displayName"] == "Writer"
            ]
            counts.append(sum(tag.startswith("scimconf-lock") for tag in principal["tags"]))
            return answer

    options = wishes(lock_holder="me")
    report = tried(tenant, changed, dialog=Looking(), options=options, locking=locked())
    assert (report.status, counts, lock_tags(tenant), report.warnings) == (status, [1], [], report.warnings)


@pytest.mark.slow
def test_a_lock_that_ends_while_the_question_waits_stops_it(tenant, changed):
    class Waiting(Dialog):
        def widen(self, results):
            tenant.time += 3600
            return True

    report = tried(tenant, changed, dialog=Waiting(), options=wishes(lock_holder="me"), locking=locked())
    assert (exit_code(report), report.pause, is_on(tenant)) == (5, Pause.CONFIRMED, False)
    assert "the lock has ended" in report.error


@pytest.mark.slow
def test_a_second_interrupt_ends_it_with_its_state(tenant, changed):
    class Cancelled(Dialog):
        def provisioned(self, result):
            self.results.append(result)
            raise asyncio.CancelledError

    person = Person(interrupt=lambda: any(write.endswith("provisionOnDemand") for write in tenant.writes))
    report = tried(tenant, changed, dialog=Cancelled(), person=person)
    assert (report.status, report.pause) == (ApplyStatus.INTERRUPTED, Pause.CONFIRMED)
    assert "Tried with ada@contoso.com." in report.hint


# ---- an application that is off --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_canary_of_an_application_that_is_off_starts_it(off, changed):
    tenant = off.copy()
    report = tried(tenant, changed, options=wishes(allow=("initial-start",)))
    assert (report.status, is_on(tenant)) == (ApplyStatus.APPLIED, True)
    assert "pause" not in verbs(tenant)


@pytest.mark.slow
def test_a_canary_of_an_application_that_is_off_is_put_back_and_stays_off(off, changed):
    tenant = off.copy()
    report = tried(tenant, changed, dialog=Dialog(answer=False), options=wishes(allow=("initial-start",)))
    assert (report.status, report.pause, is_on(tenant)) == (ApplyStatus.PUT_BACK, Pause.NONE, False)
    assert changes(tenant.plan(WRITER)) == ["~ schedule"]


@pytest.mark.slow
def test_only_the_start_can_be_tried(off):
    tenant, person = off.copy(), Person()
    options = wishes(allow=("initial-start",))
    left = tried(tenant, WRITER, dialog=Dialog(answer=None), options=options)
    assert (left.status, left.pause) == (ApplyStatus.INTERRUPTED, Pause.EARLIER)
    report = tried(tenant, WRITER, options=options, person=person)
    assert (report.status, is_on(tenant), len(person.entries)) == (ApplyStatus.APPLIED, True, 1)


@pytest.mark.slow
def test_an_unfinished_canary_is_put_back_to_the_state_before_it(tenant, changed, tmp_path):
    before = tenant.copy()
    planned, mapped = tenant.plan(changed), mappings(tenant)
    documents = {
        name: planned.snapshot.get(name) for name in ("applications", "jobs", "schema", "secrets", "service_principals")
    }
    unfinished = UnfinishedCanary(documents, frozenset(str(change.address) for change in planned.plan.changes))
    tried(tenant, changed, dialog=Dialog(answer=None))
    assert not is_on(tenant)
    report = tried(tenant, changed, dialog=Dialog(answer=False), unfinished=unfinished)
    assert (report.status, is_on(tenant), mappings(tenant)) == (ApplyStatus.PUT_BACK, True, mapped)
    assert "what the earlier canary has sent" in report.warnings[-1]
    assert is_on(before)
    assert tenant.run(lambda session: past_spec(session, tenant.load(changed), documents)).tree["provisioning"][
        "enabled"
    ]
