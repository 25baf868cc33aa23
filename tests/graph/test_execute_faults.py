"""What an apply makes of a tenant that throttles, fails, loses answers or has moved: done, or told what was done."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from fnmatch import fnmatchcase

import pytest
from canary import secret
from tenant_fixture import NOON, WRITER, Person, Rehearsal, all_allowed, changes, exit_code, row, told

from scimconf.plan import Pause, Result
from scimconf.render import text as render
from scimconf.sandbox.faults import Fault
from scimconf.workflow.apply import apply as apply_plan

FIRST = {
    "instantiate": ("POST", "*/instantiate"),
    "make the job": ("POST", "*/synchronization/jobs"),
    "set roles": ("PATCH", "/applications/*"),
    "assign": ("POST", "*/appRoleAssignedTo"),
    "batch": ("POST", "/$batch"),
    "write the schema": ("PUT", "*/schema"),
    "write the secrets": ("PUT", "*/secrets"),
    "note a rotation": ("PATCH", "/servicePrincipals/*"),
    "try credentials": ("POST", "*/validateCredentials"),
    "start": ("POST", "*/start"),
}
LATER = {
    "pause": ("POST", "*/pause"),
    "disable and set a role": ("PATCH", "/applications/*"),
    "write the secrets": ("PUT", "*/secrets"),
    "parse an expression": ("POST", "*/parseExpression"),
    "write the schema": ("PUT", "*/schema"),
    "unassign": ("DELETE", "*/appRoleAssignedTo/*"),
    "restart": ("POST", "*/restart"),
    "start": ("POST", "*/start"),
}
REPLACED = {"delete the job": ("DELETE", "*/jobs/*"), "make the other job": ("POST", "*/synchronization/jobs")}
CHANGED = """
provisioning: {scope: all}
app_roles:
  roles:
    - {value: member, display_name: Team member, description: Writes}
assignments:
  users:
    - {user: ada@contoso.com, role: member}
mappings:
  users:
    attributes:
      userName: {source: userPrincipalName, match: 1}
      displayName:
        expression: >-
          Join(" ", [givenName], [surname])
"""
FAULTS = {
    "throttled": {"action": {"status": 429, "headers": {"Retry-After": "2"}}},
    "unavailable": {"action": {"status": 503}},
    "failing": {"action": {"status": 500}},
    "failing after it was done": {"action": {"status": 500}, "when": "after"},
    "dropped": {"action": "drop"},
    "dropped after it was done": {"action": "drop", "when": "after"},
}
SAME_PATH = {"unavailable", "dropped"}
"""What the client treats as `throttled` and as `failing`: `make test-slow` tries them."""

EVERY_FAULT = pytest.mark.parametrize(
    "fault",
    [
        pytest.param(fault, id=name, marks=[pytest.mark.slow] if name in SAME_PATH else [])
        for name, fault in FAULTS.items()
    ],
)


@pytest.fixture(scope="module")
def applied():
    """A tenant that is as the example says, made once."""
    rehearsal = Rehearsal()
    assert exit_code(apply(rehearsal, WRITER)) == 0
    return rehearsal


@pytest.fixture
def writer(applied):
    """A copy of it, with an empty journal."""
    return applied.copy()


def apply(rehearsal, file, person=None):
    return rehearsal.apply(rehearsal.plan(file, all_allowed()), all_allowed(), person)


def failed(report):
    """What failed, and why."""
    return {one.message: one.detail for one in report.failed}


# --- passing faults of every write ----------------------------------------------------------------------------------


@EVERY_FAULT
@pytest.mark.parametrize("write", REPLACED)
def test_apply_replaces_a_job_despite_a_passing_fault(tmp_path, write, fault):
    rehearsal = Rehearsal(FIELDBOOK)
    file = tmp_path / "scimconf.yaml"
    file.write_text(LEGACY)
    rehearsal.fault(method=REPLACED[write][0], path=REPLACED[write][1], **fault)
    report = apply(rehearsal, file)
    assert (exit_code(report), failed(report)) == (0, {})
    assert [one["templateId"] for one in rehearsal.state["jobs"]] == ["fieldbookLegacy"]


FIELDBOOK = {
    "applications": [
        {
            "displayName": "Fieldbook",
            "template": "Fieldbook",
            "createdDateTime": "2020-01-01T00:00:00Z",
            "secrets": {"BaseAddress": "https://fieldbook.example.com/scim", "UserName": "a", "Password": "kept"},
            "jobs": [{"template": "fieldbook", "state": "Active"}],
        }
    ]
}
LEGACY = """
version: 1
name: fieldbook
application: {display_name: Fieldbook}
job: {template: fieldbookLegacy}
provisioning: {enabled: true}
"""


# --- faults that stay -----------------------------------------------------------------------------------------------


WRAPPED = {
    "error": {
        "code": "UnknownError",
        "message": '{\r\n  "error": {\r\n    "code": "InvalidNotificationSettings",\r\n    "message": null,\r\n'
        '    "target": null,\r\n    "details": [],\r\n    "innerError": null\r\n  }\r\n}',
    }
}
DENIED = {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges."}}


def test_report_shows_the_unwrapped_error_of_the_synchronization_service():
    rehearsal = Rehearsal()
    rehearsal.fault({"status": 400, "body": WRAPPED}, method="PUT", path="*/secrets")
    report = apply(rehearsal, WRITER)
    assert exit_code(report) == 5
    assert all("secrets answered 400 InvalidNotificationSettings" in said for said in failed(report).values())
    skipped = [one for one in report.outcomes if one.result is Result.SKIPPED]
    assert "start provisioning" in {one.message for one in skipped}
    assert not rehearsal.asked("POST", "/start")


@pytest.mark.parametrize(
    ("write", "needs"),
    [
        ("instantiate", "Application.ReadWrite"),
        ("make the job", "Synchronization.ReadWrite.All"),
        ("set roles", "Application.ReadWrite"),
        ("assign", "AppRoleAssignment.ReadWrite.All"),
        ("write the schema", "Synchronization.ReadWrite.All"),
        ("write the secrets", "Synchronization.ReadWrite.All"),
        ("start", "Synchronization.ReadWrite.All"),
    ],
)
def test_report_names_the_missing_permission_of_a_refused_write(write, needs):
    rehearsal = Rehearsal()
    method, path = FIRST[write]
    rehearsal.fault({"status": 403, "body": DENIED}, method=method, path=path, times=0)
    report = apply(rehearsal, WRITER)
    assert exit_code(report) in (1, 5)
    assert all(needs in one.hint for one in report.failed)
    assert not [one for one in rehearsal.made if one.endswith("/start")]
    rehearsal.service.faults.clear()
    assert exit_code(apply(rehearsal, WRITER)) == 0
    assert changes(rehearsal.plan(WRITER)) == []


def test_apply_changes_nothing_if_the_pause_fails(writer, spec):
    writer.fault({"status": 403, "body": DENIED}, method="POST", path="*/pause", times=0)
    report = apply(writer, spec("provisioning: {scope: all}"))
    assert failed(report).keys() == {"pause provisioning"}
    assert [one for one in writer.writes if not one.endswith("/pause")] == []


def test_apply_changes_nothing_if_the_job_does_not_become_paused(writer, spec):
    job = writer.request("GET", writer.job())
    writer.fault({"status": 204}, method="POST", path="*/pause", times=0)
    report = apply(writer, spec("provisioning: {scope: all}"))
    assert exit_code(report) == 5
    assert failed(report) == {"wait for provisioning to pause": "timed out: wait for provisioning to pause"}
    assert job["schedule"]["state"] == "Active"
    assert not writer.asked("PUT", "/secrets")


def test_apply_deletes_no_assignment_after_a_failure(writer, spec):
    writer.fault({"status": 400, "body": DENIED}, method="POST", path="*/appRoleAssignedTo", times=0)
    report = apply(writer, spec("assignments: {users: [{user: ada@contoso.com, role: member}]}"))
    assert exit_code(report) == 5
    assert writer.assigned()["Ada Lovelace"] == {"admin"}
    assert not [one for one in writer.writes if one.startswith("DELETE")]


SWAP = "assignments: {users: [{user: ada@contoso.com, role: member}]}"


@pytest.mark.parametrize("write", ["assign", "unassign", "start"])
def test_a_role_swap_that_fails_leaves_the_job_paused_and_the_report_says_so(writer, spec, write):
    method, path = {**FIRST, **LATER}[write]
    writer.fault({"status": 400, "body": DENIED}, method=method, path=path, times=0)
    file = spec(SWAP)
    report = apply(writer, file)
    assert (exit_code(report), report.is_paused, report.warnings) == (5, True, ())
    assert NOON <= report.paused_since <= NOON + timedelta(seconds=writer.time)
    last_line = " ".join(render.report([report]).split()).partition("Provisioning is paused since ")[2]
    assert last_line == (
        f"{report.paused_since:%Y-%m-%d %H:%M:%S} UTC: nobody is created, changed or disabled until an apply succeeds."
        " Run apply again."
    )
    assert not [one for one in writer.made if one.endswith("/start")]
    writer.service.faults.clear()
    assert "~ schedule" in changes(writer.plan(file))
    report = apply(writer, file)
    assert (exit_code(report), report.is_paused) == (0, False)
    assert writer.assigned()["Ada Lovelace"] == {"member"}
    assert writer.made[-1].endswith("/start")


LOST = {"action": "drop", "when": "after"}
REFUSED = {"action": {"status": 400, "body": DENIED}}
IGNORED = {"action": {"status": 204}}
WIDER = "provisioning: {scope: all}"


@pytest.mark.parametrize(
    ("text", "write", "fault", "pause", "code"),
    [
        (SWAP, "pause", LOST, Pause.PAUSE_UNCONFIRMED, 5),
        (SWAP, "pause", REFUSED, Pause.NONE, 1),
        (SWAP, "start", LOST, Pause.START_UNCONFIRMED, 5),
        pytest.param(SWAP, "start", REFUSED, Pause.CONFIRMED, 5, marks=pytest.mark.slow),
        pytest.param(SWAP, "start", IGNORED, Pause.NONE, 0, marks=pytest.mark.slow),  # it waits four times
        (WIDER, "start", REFUSED, Pause.START_UNCONFIRMED, 5),
        pytest.param(WIDER, "restart", LOST, Pause.START_UNCONFIRMED, 5, marks=pytest.mark.slow),
        (WIDER, "restart", REFUSED, Pause.CONFIRMED, 5),
    ],
    ids=lambda value: value.value if isinstance(value, Pause) else None,
)
def test_a_report_claims_a_pause_only_as_far_as_graph_confirmed_it(writer, spec, text, write, fault, pause, code):
    """A restart may also start a paused job, which is not documented."""
    writer.fault(method="POST", path=LATER[write][1], times=0, **fault)
    report = apply(writer, spec(text))
    assert (report.pause, exit_code(report)) == (pause, code)
    skipped = [outcome.detail for outcome in report.outcomes if "stays paused" in outcome.detail]
    assert pause is Pause.CONFIRMED or not skipped


@pytest.mark.parametrize("write", ["pause", "start"])
def test_the_last_line_of_a_report_says_that_provisioning_may_be_paused(writer, spec, write):
    writer.fault(method="POST", path=LATER[write][1], times=0, **LOST)
    report = replace(apply(writer, spec(SWAP)), command="scimconf apply writer")
    *_, sentence = " ".join(render.report([report]).split()).partition("Provisioning ")
    since = "this apply" if report.paused_since is None else f"{report.paused_since:%Y-%m-%d %H:%M:%S} UTC"
    assert sentence == (
        f"may be paused since {since}: Graph did not confirm the {write}. If it is, "
        "nobody is created, changed or disabled until an apply succeeds. Run: scimconf apply writer"
    )


def test_a_role_swap_pauses_and_starts_the_job_without_a_restart(writer, spec):
    planned = writer.plan(spec(SWAP))
    (warning,) = [one for one in planned.plan.warnings if one.code == "K302"]
    assert warning.message.startswith("1 user gets another role: provisioning is paused")
    assert exit_code(writer.apply(planned)) == 0
    assert [one.rpartition("/")[2] for one in writer.made if "/jobs/" in one] == ["pause", "start"]


def test_a_second_apply_that_fails_says_that_provisioning_is_still_off(writer, spec):
    """The job ran before, and an earlier apply paused it; a job that never ran is not paused."""
    writer.fault({"status": 400, "body": DENIED}, method="POST", path=LATER["restart"][1], times=0)
    file = spec(WIDER)
    apply(writer, file)
    report = apply(writer, file)
    assert report.pause in (Pause.EARLIER, Pause.START_UNCONFIRMED)
    person = Person()
    person.interrupt = lambda: True
    report = apply(writer, file, person)
    assert (exit_code(report), report.pause) == (130, Pause.EARLIER)
    *_, sentence = " ".join(render.report([report]).split()).partition("Provisioning ")
    assert sentence == (
        "was off before this apply and was not started: nobody is created, changed or disabled until an apply succeeds. "
        "Run apply again."
    )


def test_an_interrupted_role_swap_leaves_the_job_paused_and_the_report_says_so(writer, spec):
    person = Person()
    person.interrupt = lambda: bool(writer.asked("POST", "/pause"))
    report = apply(writer, spec(SWAP), person)
    assert (exit_code(report), report.is_paused, report.paused_since is None) == (130, True, False)


# --- secrets --------------------------------------------------------------------------------------------------------


def test_apply_does_not_store_credentials_that_the_application_refuses():
    rehearsal = Rehearsal(environ={"WRITER_SCIM_TOKEN": secret("wrong")})
    report = apply(rehearsal, WRITER)
    assert exit_code(report) == 5
    assert (
        "You appear to have entered invalid credentials"
        in failed(report)["test the connection with the new credentials"]
    )
    assert not rehearsal.asked("PUT", "/secrets")
    assert not rehearsal.asked("POST", "/start")


def test_an_unset_token_is_a_warning_of_the_plan_and_stops_apply_before_any_write():
    rehearsal = Rehearsal(environ={})
    planned = rehearsal.plan(WRITER)
    assert "WRITER_SCIM_TOKEN" in told(planned)
    report = rehearsal.apply(planned)
    assert (exit_code(report), report.error) == (1, "WRITER_SCIM_TOKEN is not set")
    assert rehearsal.writes == []


def test_an_unset_token_is_ignored_if_no_secret_is_written(writer, spec):
    writer.environ.clear()
    report = apply(writer, spec("mappings: {users: {attributes: {userName: {source: mail, match: 1}}}}"))
    assert exit_code(report) == 0


SETTINGS_ONLY = """
version: 1
name: writer
application: {display_name: Writer}
provisioning: {enabled: true, deletion_threshold: 7}
"""


def test_a_masked_secret_without_a_source_stops_apply_before_any_write(writer, tmp_path):
    file = tmp_path / "scimconf.yaml"
    file.write_text(SETTINGS_ONLY)
    planned = writer.plan(file)
    assert "K403" in [one.code for one in planned.plan.warnings]
    report = writer.apply(planned)
    assert exit_code(report) == 1
    assert "SecretToken" in report.error
    assert "under connection" in report.hint
    assert writer.writes == []


def test_send_changed_keys_sends_only_the_changed_secrets(writer, tmp_path):
    file = tmp_path / "scimconf.yaml"
    file.write_text(SETTINGS_ONLY + "connection: {on_unreadable_secret: send_changed_keys}\n")
    assert exit_code(apply(writer, file)) == 0
    (written,) = writer.asked("PUT", "/secrets")
    assert [pair["key"] for pair in written["body"]["value"]] == ["SyncNotificationSettings"]
    assert writer.saved()["SecretToken"] == "*"


# --- expressions ----------------------------------------------------------------------------------------------------


REFUSED = {"parsingSucceeded": False, "parsedExpression": None, "error": {"code": "X", "message": "Join is not known."}}


@pytest.mark.parametrize(
    "action",
    [
        {"status": 200, "body": REFUSED},
        {"status": 400, "body": {"error": {"code": "BadRequest", "message": "Join is not known."}}},
    ],
    ids=["answered", "refused"],
)
def test_apply_writes_no_schema_if_the_service_refuses_an_expression(writer, spec, action):
    writer.fault(action, method="POST", path="*/parseExpression", times=0)
    report = apply(writer, spec('mappings: {users: {attributes: {displayName: {expression: "ToUpper([mail])"}}}}'))
    assert exit_code(report) == 1
    assert all("Join is not known" in said for said in failed(report).values())
    assert writer.writes == []


# --- somebody else was faster ---------------------------------------------------------------------------------------


MAPS_TITLE = "mappings: {users: {attributes: {title: {source: department}}}}"


def edited(rehearsal, target, **fields):
    """Somebody edits one mapping in the portal."""
    schema = rehearsal.schema()
    row(schema, target).update(fields)
    rehearsal.put_schema(schema)
    rehearsal.forget()


def test_apply_is_stale_if_the_same_mapping_was_edited_since_the_plan(writer, spec):
    planned = writer.plan(spec(MAPS_TITLE))
    edited(writer, "title", defaultValue="Boss")
    report = writer.apply(planned)
    assert exit_code(report) == 3
    assert failed(report).popitem()[1].startswith("writer:attribute_mapping/users/title has changed in the tenant")
    assert writer.writes == []


def test_apply_preserves_an_edit_of_another_mapping_since_the_plan(writer, spec):
    planned = writer.plan(spec(MAPS_TITLE))
    edited(writer, "displayName", defaultValue="Nobody")
    assert exit_code(writer.apply(planned)) == 0
    assert row(writer.schema(), "title")["source"]["name"] == "department"
    assert row(writer.schema(), "displayName")["defaultValue"] == "Nobody"


def test_apply_is_stale_if_a_role_was_edited_since_the_plan(writer, spec):
    planned = writer.plan(spec("app_roles: {roles: [{value: member, display_name: Team member}]}"))
    application = writer.state["applications"][0]
    for fields in ({"isEnabled": False}, {"description": "Theirs"}, {"isEnabled": True}):
        roles = [one | fields if one["value"] == "member" else one for one in application["appRoles"]]
        writer.request("PATCH", f"/applications/{application['id']}", {"appRoles": roles})
        application = writer.state["applications"][0]
    writer.forget()
    assert exit_code(writer.apply(planned)) == 3
    assert writer.writes == []


def test_apply_does_not_repeat_a_change_that_was_made_since_the_plan(writer, spec):
    planned = writer.plan(spec(MAPS_TITLE))
    schema = writer.schema()
    row(schema, "title")["source"] = {
        "type": "Attribute",
        "name": "department",
        "expression": "[department]",
        "parameters": [],
    }
    writer.put_schema(schema)
    writer.forget()
    assert exit_code(writer.apply(planned)) == 0
    assert writer.writes == []


# --- never to be seen, and interrupted ------------------------------------------------------------------------------


def test_apply_creates_no_second_application_if_the_first_is_not_visible():
    rehearsal = Rehearsal(late_reads=10_000)
    report = rehearsal.apply(WRITER)
    assert exit_code(report) == 5
    assert failed(report) == {
        "create the application Writer from its template": "done, but not visible yet: "
        "create the application Writer from its template"
    }
    assert "in a few minutes" in report.failed[0].hint
    assert len(rehearsal.asked("POST", "/instantiate")) == 1


def test_an_interrupt_finishes_the_requests_in_flight_and_starts_no_others():
    rehearsal = Rehearsal()
    person = Person(interrupt=lambda: bool(rehearsal.asked("POST", "/synchronization/jobs")))
    report = apply(rehearsal, WRITER, person)
    assert exit_code(report) == 130
    done = {one.message for one in report.outcomes if one.result is Result.DONE}
    assert "create job" in done
    reasons = {one.detail for one in report.outcomes if one.result is Result.SKIPPED}
    assert reasons == {"because the apply was interrupted"}
    assert not rehearsal.asked("POST", "/start")
    assert exit_code(apply(rehearsal, WRITER)) == 0


def test_an_interrupt_ends_a_backoff(writer, spec):
    writer.fault({"status": 204}, method="PUT", path="*/schema", times=0)
    person = Person(interrupt=lambda: bool(writer.asked("PUT", "/schema")))
    report = apply(writer, spec(MAPS_TITLE), person)
    assert writer.slept == 0
    assert {one.result for one in report.outcomes} == {Result.UNCONFIRMED}


@pytest.mark.slow
def test_a_write_that_is_not_visible_after_two_minutes_is_unconfirmed(writer, spec):
    writer.fault({"status": 204}, method="PUT", path="*/schema", times=0)
    report = apply(writer, spec(MAPS_TITLE))
    assert exit_code(report) == 0
    assert {one.result for one in report.outcomes} == {Result.UNCONFIRMED}


@pytest.mark.parametrize("path", ["/schema", "/jobs"])
@pytest.mark.parametrize("is_interrupted", [True, False])
def test_a_cancellation_ends_an_interrupted_apply_with_its_report_and_is_raised_otherwise(path, is_interrupted):
    rehearsal, person, tasks = Rehearsal(), Person(), []
    planned = rehearsal.plan(WRITER, all_allowed())
    rehearsal.watch = lambda: tasks[0].cancel() if rehearsal.asked("GET", path) and not tasks[0].cancelling() else None

    async def command(session):
        tasks.append(asyncio.current_task())
        person.interrupt = lambda: is_interrupted and bool(rehearsal.asked("GET", path))
        return await apply_plan(session, planned, all_allowed(), rehearsal.secrets, person)

    rehearsal.forget()
    if not is_interrupted:
        with pytest.raises(asyncio.CancelledError):
            rehearsal.run(command)
        return
    report = rehearsal.run(command)
    assert (exit_code(report), report.history_entry) == (130, "history/1")
    assert any(outcome.result is Result.DONE for outcome in report.outcomes)
    assert person.finished_steps


# --- writes that may have taken effect --------------------------------------------------------------------------------

EXPIRED = {"status": 401, "body": {"error": {"code": "InvalidAuthenticationToken", "message": "expired"}}}
FORBIDDEN = {"status": 403, "body": {"error": {"code": "Authorization_RequestDenied", "message": "no"}}}
SENT = "; a write was sent before and may have taken effect"


@pytest.mark.parametrize(
    ("write", "reading"),
    [("*/secrets", "*/secrets"), ("*/schema", "*/jobs/*/schema"), ("/applications/*", "/applications/*")],
)
def test_a_write_that_cannot_be_read_back_may_have_taken_effect(write, reading):
    rehearsal = Rehearsal()
    planned = rehearsal.plan(WRITER, all_allowed())
    method = "PATCH" if write == "/applications/*" else "PUT"

    def expire():
        latest = rehearsal.made[-1] if rehearsal.made else ""
        if fnmatchcase(latest, f"{method} {write}") and not rehearsal.service.faults.documents():
            rehearsal.service.faults.arm(Fault.read({"action": EXPIRED, "method": "GET", "path": reading}))

    rehearsal.watch = expire
    report = rehearsal.apply(planned, all_allowed())
    assert exit_code(report) == 5
    assert {(outcome.detail.endswith(SENT), outcome.may_be_done) for outcome in report.failed} == {(True, True)}


def test_a_pause_that_took_effect_and_is_refused_when_it_is_sent_again_is_a_write(writer, spec):
    planned = writer.plan(spec(CHANGED), all_allowed())
    writer.fault({"status": 504}, method="POST", path="*/pause", when="after")
    writer.fault(FORBIDDEN, method="POST", path="*/pause", nth=2)
    report = writer.apply(planned, all_allowed())
    assert (exit_code(report), report.wrote, report.pause) == (5, True, Pause.PAUSE_UNCONFIRMED)
    assert report.failed[0].detail.endswith(SENT)


ROLE_AND_ROTATION = """
app_roles: {roles: [{value: auditor}]}
connection: {secret_token: {env: WRITER_SCIM_TOKEN, rotation: x}}
"""


def of_others(rehearsal):
    """Return the tags and the roles of the application that scimconf has not written."""
    tags = rehearsal.principal()["tags"]
    return {tag for tag in tags if not tag.startswith("scimconf")}, set(rehearsal.roles()) - {"auditor"}


@pytest.mark.parametrize("body", [{}, {"id": "1"}, None])
@pytest.mark.parametrize("path", ["/servicePrincipals/{id}", "/applications/*-*"])
def test_a_response_without_the_property_to_write_is_not_the_base_of_a_write(writer, spec, path, body):
    """The tags and the roles of others would be lost."""
    principal = writer.principal()
    writer.request("PATCH", f"/servicePrincipals/{principal['id']}", {"tags": ["of others", *principal["tags"]]})
    before = of_others(writer)
    planned = writer.plan(spec(ROLE_AND_ROTATION), all_allowed())
    writer.fault({"status": 200, "body": body}, method="GET", path=path.format_map(principal), times=0)
    report = writer.apply(planned, all_allowed())
    assert (exit_code(report), of_others(writer)) == (5, before)
    assert any("is not as Graph documents it" in outcome.detail for outcome in report.failed)
