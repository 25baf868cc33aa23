"""The advisory lock: one apply of an application at a time, other tags are preserved, and no lock lasts for ever."""

import asyncio
from datetime import timedelta
from itertools import pairwise
from random import Random

import pytest
from interleaving import Jitter, run_all
from tenant_fixture import NOON, WRITER, Person, Rehearsal, all_allowed, changes, exit_code

from scimconf.documents.lock import PREFIX, Lock, locks
from scimconf.graph.execution.lock import LockOptions
from scimconf.plan import ApplyStatus
from scimconf.render import text as render
from scimconf.sandbox.faults import Fault
from scimconf.workflow.apply import apply as apply_plan

RUN = "https://github.com/contoso/apps/actions/runs/55#apply"
OTHER = "https://gitlab.com/contoso/apps/-/pipelines/7#scimconf-apply"
STALE = 3
FOREIGN = ["HideApp", "scimconf-unknown=1"]
TITLE = "mappings: {users: {attributes: {title: {source: department}}}}"
NAME = "mappings: {users: {attributes: {displayName: {source: mailNickname}}}}"
CONNECTION = 'connection: {base_address: "https://app.writer.com/api/scim/v2", secret_token: {env: WRITER_SCIM_TOKEN}}'
WIDER = "provisioning: {enabled: true, scope: all}\n" + CONNECTION
ROTATED = (
    'connection: {base_address: "https://app.writer.com/scim", secret_token: {env: WRITER_SCIM_TOKEN, rotation: "2"}}'
)
PATCH = {"method": "PATCH", "path": "/servicePrincipals/*"}


SMALL = """
version: 1
name: writer
application: {display_name: Writer}
"""


@pytest.fixture
def spec(tmp_path):
    """Return a function that writes a small spec of the same application, and returns its path."""

    def write(text, name="scimconf"):
        file = tmp_path / f"{name}.yaml"
        provisioning = "" if "provisioning:" in text else "\nprovisioning: {enabled: true}"
        file.write_text(f"{SMALL}{text}{provisioning}")
        return file

    return write


@pytest.fixture(scope="module")
def applied():
    """A tenant as the example says, made once; its service principal has tags of others."""
    rehearsal = Rehearsal()
    assert exit_code(rehearsal.apply(rehearsal.plan(WRITER, all_allowed()), all_allowed())) == 0
    rehearsal.time += 3600
    set_tags(rehearsal, [*FOREIGN, *tags(rehearsal)])
    return rehearsal


@pytest.fixture
def writer(applied):
    tenant = applied.copy()
    tenant.states = []
    tenant.watch = lambda: tenant.states.append(current_locks(tenant))
    return tenant


def set_tags(rehearsal, tags):
    rehearsal.request("PATCH", f"/servicePrincipals/{rehearsal.principal()['id']}", {"tags": tags})


def tags(rehearsal):
    [principal] = [
        row for row in rehearsal.service.tenant.documents.all("servicePrincipal") if row["displayName"] == "Writer"
    ]
    return principal["tags"]


def current_locks(rehearsal):
    return [lock.holder for lock in locks(tags(rehearsal))]


def now(rehearsal):
    return NOON + timedelta(seconds=rehearsal.time)


async def never(_seconds):
    await asyncio.Event().wait()


def locking(holder=RUN, run="a1", sleep=never, **options):
    return LockOptions(holder=holder, run=run, clock=lambda: NOON, sleep=sleep, **options)


def apply(rehearsal, file, lock=None, person=None):
    planned = rehearsal.plan(file, all_allowed())
    rehearsal.service.journal.entries.clear()
    return rehearsal.apply(planned, all_allowed(), person, lock or locking())


def leave_lock(rehearsal, holder=OTHER, minutes=10.0, run="b2"):
    lock = Lock(holder, run, (now(rehearsal) + timedelta(minutes=minutes)).replace(microsecond=0))
    set_tags(rehearsal, [*tags(rehearsal), lock.tag])
    return lock


# --- taken and removed -----------------------------------------------------------------------------------------------


def test_a_lock_is_taken_before_the_first_write_and_removed_at_the_end(writer, spec):
    before = tags(writer)
    report = apply(writer, spec(TITLE))
    assert (exit_code(report), report.warnings) == (0, ())
    principal = f"PATCH /servicePrincipals/{writer.principal()['id']}"
    assert [write.rpartition("/")[2] for write in (writer.made[1:-1])] == ["schema"]
    assert (writer.made[0], writer.made[-1]) == (principal, principal)
    assert [RUN] in writer.states
    assert tags(writer) == before
    assert {*FOREIGN} < {*before}
    assert changes(writer.plan(spec(TITLE))) == []


@pytest.mark.parametrize("interrupt", [pytest.param(False, marks=pytest.mark.slow), True])
def test_a_lock_is_removed_after_a_failure_and_after_an_interrupt(writer, spec, interrupt):
    person = Person()
    if interrupt:
        person.interrupt = lambda: bool(writer.asked("GET", "/schema"))
    else:
        writer.fault({"status": 400}, method="PUT", path="*/schema", times=0)
    report = apply(writer, spec(TITLE), person=person)
    assert report.status is (ApplyStatus.INTERRUPTED if interrupt else ApplyStatus.FAILED)
    assert ([RUN] in writer.states, current_locks(writer)) == (True, [])


@pytest.mark.slow
def test_a_lock_is_removed_if_the_apply_is_cancelled(writer, spec):
    """Without an interrupt, a cancellation is raised."""
    planned = writer.plan(spec(TITLE), all_allowed())

    async def work(session):
        task = asyncio.current_task()

        def cancel():
            if writer.asked("PUT", "/schema"):
                writer.watch = lambda: None
                task.cancel()

        writer.watch = cancel
        await apply_plan(session, planned, all_allowed(), writer.secrets, Person(), locking())

    with pytest.raises(asyncio.CancelledError):
        writer.run(work)
    assert current_locks(writer) == []


@pytest.mark.slow
def test_rotation_and_lock_are_both_tags(writer, spec):
    report = apply(writer, spec(ROTATED))
    assert exit_code(report) == 0
    assert "scimconf:SecretToken=2" in tags(writer)
    assert ([RUN] in writer.states, current_locks(writer), {*FOREIGN} < {*tags(writer)}) == (True, [], True)


@pytest.mark.slow
def test_a_new_application_is_locked_once_it_exists():
    rehearsal = Rehearsal()
    states = []
    rehearsal.watch = lambda: states.append(current_locks(rehearsal) if rehearsal.made else [])
    planned = rehearsal.plan(WRITER, all_allowed())
    rehearsal.watch = lambda: states.append(
        [
            lock.holder
            for row in rehearsal.service.tenant.documents.all("servicePrincipal")
            for lock in locks(row["tags"])
        ]
    )
    report = rehearsal.apply(planned, all_allowed(), locking=locking())
    assert (exit_code(report), report.warnings) == (0, ())
    assert [RUN] in states
    assert current_locks(rehearsal) == []


# --- two applies -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 22))])
def test_of_two_concurrent_applies_with_a_lock_only_one_writes(writer, spec, seed):
    random = Random(seed)
    runs = [(TITLE, RUN, "a1"), (NAME, OTHER, "b2")]
    files = [spec(text, f"spec{number}") for number, (text, *_) in enumerate(runs)]
    reports = run_all(
        writer,
        *(
            (file, Jitter(writer, random), locking(holder, run))
            for file, (_, holder, run) in zip(files, runs, strict=True)
        ),
    )
    assert sorted(map(exit_code, reports)) == [0, STALE]
    [winner] = [file for file, report in zip(files, reports, strict=True) if exit_code(report) == 0]
    [loser] = [file for file, report in zip(files, reports, strict=True) if exit_code(report) == STALE]
    assert changes(writer.plan(winner)) == []
    assert current_locks(writer) == []
    assert exit_code(apply(writer, loser)) == 0


def test_the_loser_names_the_holder_the_end_of_its_lock_and_the_option(writer, spec):
    lock = leave_lock(writer)
    report = apply(writer, spec(TITLE))
    assert (report.status, exit_code(report), report.wrote) == (ApplyStatus.LOCKED, STALE, False)
    lines = " ".join(render.report([report], width=1000).split())
    assert f"another run has the lock of this application: {OTHER}, until {lock.until:%Y-%m-%d %H:%M:%S} UTC" in lines
    assert "with --break-lock now" in lines
    assert writer.writes == []
    assert current_locks(writer) == [OTHER]


def test_a_plan_that_another_run_made_obsolete_before_the_lock_is_stale(writer, spec):
    file = spec(TITLE)
    planned = writer.plan(file, all_allowed())
    assert exit_code(apply(writer, spec(TITLE.replace("department", "city"), "other"))) == 0
    report = writer.apply(planned, all_allowed(), locking=locking())
    assert (report.status, report.wrote, current_locks(writer)) == (ApplyStatus.STALE, False, [])
    assert report.error == "the tenant has changed between the plan and the lock"


@pytest.mark.slow
def test_an_apply_without_a_lock_ends_if_another_run_has_one(writer, spec):
    leave_lock(writer)
    report = writer.apply(writer.plan(spec(TITLE), all_allowed()), all_allowed())
    assert (report.status, writer.asked("PUT", "/schema")) == (ApplyStatus.LOCKED, [])


# --- how locks end ---------------------------------------------------------------------------------------------------


def test_the_lock_of_a_killed_run_is_taken_over_by_the_same_holder_only(writer, spec):
    file = spec(TITLE)
    planned = writer.plan(file, all_allowed())
    assert writer.dies(1, "after", lambda: writer.apply(planned, all_allowed(), locking=locking()))
    assert current_locks(writer) == [RUN]
    assert exit_code(apply(writer, file, locking(OTHER, "b2"))) == STALE
    notes = []
    again = locking(run="a3", report=lambda action, lock, _message: notes.append((action, lock.run)))
    assert exit_code(apply(writer, file, again)) == 0
    assert notes == [("taken over", "a1"), ("acquired", "a3"), ("released", "a3")]
    assert current_locks(writer) == []


@pytest.mark.parametrize(("minutes", "code"), [(15, STALE), (15.1, 0)])
def test_the_lock_of_a_killed_run_ends(writer, spec, minutes, code):
    leave_lock(writer, minutes=15)
    writer.time += minutes * 60 - 1
    assert exit_code(apply(writer, spec(TITLE))) == code


@pytest.mark.slow
def test_a_lock_that_cannot_be_read_blocks_until_it_is_broken(writer, spec):
    set_tags(writer, [*tags(writer), f"{PREFIX}tomorrow"])
    report = apply(writer, spec(TITLE))
    assert (exit_code(report), report.error.endswith(": tomorrow, without an end that can be read")) == (STALE, True)
    assert exit_code(apply(writer, spec(TITLE), locking(break_lock=True))) == 0
    assert current_locks(writer) == []


def test_break_lock_takes_the_lock_of_another_run_at_once(writer, spec):
    leave_lock(writer)
    notes = []
    lock = locking(break_lock=True, report=lambda action, lock, _message: notes.append((action, lock.holder)))
    assert exit_code(apply(writer, spec(TITLE), lock)) == 0
    assert notes == [("broken", OTHER), ("acquired", RUN), ("released", RUN)]
    assert current_locks(writer) == []


# --- long applies ----------------------------------------------------------------------------------------------------


def alarm(rehearsal):
    """Return a `sleep` that ends once the simulated time has passed."""

    async def sleep(seconds):
        until = rehearsal.time + seconds
        while rehearsal.time < until:  # noqa: ASYNC110  the simulated clock has no event
            await asyncio.sleep(0)

    return sleep


def slow_down(rehearsal, document="schema"):
    """Let the apply wait two minutes for what it writes."""
    rehearsal.fault({"status": 204}, method="PUT", path=f"*/{document}", times=0)


MINUTE = timedelta(minutes=1)


def ticks(rehearsal, times):
    """Return a `sleep` that moves the simulated time by itself, a number of times."""
    remaining = [None] * times

    async def sleep(seconds):
        if not remaining:
            await never(seconds)
        remaining.pop()
        rehearsal.time += seconds

    return sleep


@pytest.mark.parametrize("is_slow", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_the_lock_of_a_long_apply_is_extended(writer, spec, is_slow):
    notes = []
    if is_slow:
        slow_down(writer)
    sleep = alarm(writer) if is_slow else ticks(writer, 3)
    report = lambda action, lock, _message: notes.append((action, lock.until))
    report = apply(writer, spec(TITLE), locking(sleep=sleep, duration=MINUTE, report=report))
    assert (exit_code(report), report.warnings) == (0, ())
    extended = [until for action, until in notes if action == "extended"]
    assert len(extended) == 3 or is_slow
    assert all(first < second for first, second in pairwise(extended))
    assert current_locks(writer) == []


@pytest.mark.slow
def test_a_lock_that_ends_while_graph_accepts_no_requests_stops_the_apply(writer, spec):
    writer.fault({"status": 429, "headers": {"Retry-After": "90"}}, method="PUT", path="*/schema")
    report = apply(writer, spec(TITLE), locking(duration=MINUTE))
    assert report.error.startswith("the lock has ended, because it was not extended in time")
    assert (exit_code(report), current_locks(writer)) == (STALE, [])


def put_tags(rehearsal, new_tags):
    """Replace the tags without a request."""
    documents = rehearsal.service.tenant.documents
    [row] = [row for row in documents.all("servicePrincipal") if row["displayName"] == "Writer"]
    documents.put("servicePrincipal", row["id"], row | {"tags": new_tags(row["tags"])})


def others_write(rehearsal, new_tags):
    """Write the tags once, while the apply waits for the secrets that it wrote."""

    def write():
        if rehearsal.asked("PUT", "/secrets"):
            rehearsal.watch = lambda: None
            put_tags(rehearsal, new_tags)

    rehearsal.watch = write


BROKEN = Lock(OTHER, "b2", NOON + timedelta(days=1)).tag


@pytest.mark.parametrize(
    ("new_tags", "error"),
    [
        (lambda _tags: [BROKEN], f"the lock was broken: another run has it now: {OTHER}"),
        pytest.param(
            lambda tags: [tag for tag in tags if not tag.startswith(PREFIX)],
            "the lock was broken: its tag has been removed",
            marks=pytest.mark.slow,
        ),
    ],
    ids=["another run", "removed"],
)
def test_an_apply_whose_lock_is_broken_stops_before_the_next_request(writer, spec, new_tags, error):
    slow_down(writer, "secrets")
    others_write(writer, new_tags)
    report = apply(writer, spec(WIDER), locking(sleep=alarm(writer)))
    assert (report.status, report.is_paused) == (ApplyStatus.PARTIALLY_APPLIED, True)
    assert report.error.startswith(error)
    assert "a1" not in {lock.run for lock in locks(tags(writer))}
    assert not writer.asked("POST", "/start")


@pytest.mark.slow
def test_a_check_that_fails_does_not_end_the_apply_before_the_lock_ends(writer, spec):
    """It is an error of the service, and nothing says that the lock is lost."""
    planned, checks = writer.plan(spec(TITLE), all_allowed()), ticks(writer, 2)

    async def sleep(seconds):
        await checks(seconds)
        fault = {"method": "GET", "path": f"/servicePrincipals/{writer_id}", "action": {"status": 400}}
        writer.service.faults.arm(Fault.read(fault))

    writer_id = writer.principal()["id"]
    report = writer.apply(planned, all_allowed(), locking=locking(sleep=sleep))
    assert (exit_code(report), report.warnings, current_locks(writer)) == (0, (), [])


# --- faults ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(
            {"action": {"status": 429, "headers": {"Retry-After": "2"}}}, id="throttled", marks=pytest.mark.slow
        ),
        pytest.param({"action": {"status": 503}}, id="unavailable", marks=pytest.mark.slow),
        pytest.param({"action": "drop"}, id="lost before", marks=pytest.mark.slow),
        pytest.param({"action": "drop", "when": "after"}, id="lost after"),
    ],
)
@pytest.mark.parametrize("number", [pytest.param(0, id="taken"), pytest.param(1, id="removed", marks=pytest.mark.slow)])
def test_a_lock_survives_a_passing_fault(writer, spec, fault, number):
    before, file = tags(writer), spec(TITLE)
    planned = writer.plan(file, all_allowed())
    person = Person()
    armed = [Fault.read(PATCH | fault)]
    person.finished = lambda _outcome: armed and writer.service.faults.arm(armed.pop())
    if not number:
        writer.service.faults.arm(armed.pop())
    report = writer.apply(planned, all_allowed(), person, locking())
    assert (exit_code(report), report.warnings, tags(writer)) == (0, (), before)


DENIED = {"action": {"status": 403, "body": {"error": {"code": "Authorization_RequestDenied", "message": "no"}}}}


@pytest.mark.slow
def test_without_the_permission_an_apply_continues_without_a_lock_and_says_so(writer, spec):
    writer.fault(**PATCH, **DENIED, times=0)
    notes = []
    lock = locking(report=lambda action, _lock, message: notes.append((action, message)))
    report = apply(writer, spec(TITLE), lock)
    [warning] = report.warnings
    assert exit_code(report) == 0
    assert "no lock was taken" in warning
    assert "Application.ReadWrite.OwnedBy" in warning
    assert notes == [("unavailable", warning)]


def test_a_lock_needs_no_permission_that_the_apply_does_not_need(writer, spec):
    least = ["Application.Read.All", "Organization.Read.All", "User.ReadBasic.All", "Group.ReadBasic.All"]
    writer.service.tenant.store_value("permissions", [*least, "Synchronization.ReadWrite.All"])
    report = apply(writer, spec(TITLE))
    assert (exit_code(report), len(report.warnings), writer.made) == (0, 1, [f"PUT {writer.job()}/schema"])


@pytest.mark.slow
def test_tags_that_graph_does_not_return_are_not_written(writer, spec):
    body = {"id": writer.principal()["id"]}
    writer.fault({"status": 200, "body": body}, method="GET", path=f"/servicePrincipals/{body['id']}", times=0)
    report = apply(writer, spec(TITLE))
    assert (exit_code(report), writer.asked("PATCH", body["id"])) == (0, [])
    assert "tags is missing" in report.warnings[0]


@pytest.mark.slow
def test_a_lock_that_cannot_be_removed_is_a_warning_with_its_end(writer, spec):
    person = Person()
    planned = writer.plan(spec(TITLE), all_allowed())
    armed = [Fault.read(PATCH | {"action": {"status": 400}, "times": 0})]
    person.finished = lambda _outcome: armed and writer.service.faults.arm(armed.pop())
    report = writer.apply(planned, all_allowed(), person, locking())
    [warning] = report.warnings
    assert exit_code(report) == 0
    assert warning.startswith(f"the lock could not be removed, so it ends by itself: {RUN}, until 2026-11-25 ")
    assert current_locks(writer) == [RUN]


@pytest.mark.slow
@pytest.mark.parametrize("status", [400, 500])
def test_an_apply_fails_before_any_write_if_the_lock_cannot_be_written(writer, spec, status):
    writer.fault({"status": status}, **PATCH, times=0)
    report = apply(writer, spec(TITLE))
    assert (exit_code(report), report.wrote) == (1, False)
    assert not writer.asked("PUT", "/schema")


@pytest.mark.slow
def test_a_lock_that_does_not_become_visible_ends_the_apply(writer, spec):
    writer.fault({"status": 204}, **PATCH, times=0)
    report = apply(writer, spec(TITLE))
    assert (exit_code(report), report.error) == (1, "the lock was written and is not visible")
    assert not writer.asked("PUT", "/schema")


@pytest.mark.slow
def test_a_lock_that_another_run_overwrites_at_once_is_lost(writer, spec):
    """Whose lock is there after the wait has the application."""

    def overwrite():
        if current_locks(writer) == [RUN]:
            writer.watch = lambda: None
            put_tags(writer, lambda tags: [*(tag for tag in tags if not tag.startswith(PREFIX)), BROKEN])

    writer.watch = overwrite
    report = apply(writer, spec(TITLE))
    assert (report.status, current_locks(writer)) == (ApplyStatus.LOCKED, [OTHER])
    assert not writer.asked("PUT", "/schema")


@pytest.mark.slow
def test_of_two_locks_that_are_both_there_the_later_run_withdraws_its_own(writer, spec):
    def add():
        if current_locks(writer) == [RUN]:
            writer.watch = lambda: None
            put_tags(writer, lambda tags: [*tags, BROKEN])

    writer.watch = add
    assert apply(writer, spec(TITLE)).status is ApplyStatus.LOCKED
    assert current_locks(writer) == [OTHER]


def test_a_read_without_the_tags_of_this_run_is_repeated(writer, spec):
    """It is older than the last write: the rotation that this run recorded is not removed with the lock."""
    stale = []

    def remember():
        if "scimconf:SecretToken=2" in tags(writer) and not stale:
            [row] = [
                row for row in writer.service.tenant.documents.all("servicePrincipal") if row["displayName"] == "Writer"
            ]
            stale.append(row)
            body = {"id": stale[0]["id"], "tags": [tag for tag in tags(writer) if tag != "scimconf:SecretToken=2"]}
            fault = {"method": "GET", "path": f"/servicePrincipals/{stale[0]['id']}", "times": 2}
            writer.service.faults.arm(Fault.read(fault | {"action": {"status": 200, "body": body}}))

    report = apply(writer, spec(ROTATED), person=person_who(remember))
    assert (exit_code(report), bool(stale)) == (0, True)
    assert "scimconf:SecretToken=2" in tags(writer)
    assert current_locks(writer) == []


def person_who(act):
    person = Person()
    person.finished = lambda _outcome: act()
    return person
