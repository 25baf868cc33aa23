"""Requests that create something are sent again only after a lookup, whatever the response was."""

import pytest
from tenant_fixture import WRITER, Rehearsal, all_allowed, changes, exit_code

from scimconf.graph.client import Request

THROTTLED = {"status": 429}
RETRY_AFTER = {"status": 429, "headers": {"Retry-After": "7"}}
UNAVAILABLE = {"status": 503}
ACTIONS = {
    "429": THROTTLED,
    "429 with Retry-After": RETRY_AFTER,
    "503": UNAVAILABLE,
    "500": {"status": 500},
    "drop": "drop",
}
QUICK = {"503"}
PATHS = ("/instantiate", "/synchronization/jobs", "/appRoleAssignedTo")
CREATIONS = {
    "instantiate": ("POST", "*/instantiate"),
    "job": ("POST", "*/synchronization/jobs"),
    "role": ("PATCH", "/applications/*"),
    "assignment": ("POST", "*/appRoleAssignedTo"),
    "batch": ("POST", "/$batch"),
}


def cases(*creations):
    """Return each action for each creation; all but the quick ones are slow."""
    return [
        pytest.param(creation, action, id=f"{creation}-{name}", marks=[] if name in QUICK else [pytest.mark.slow])
        for name, action in ACTIONS.items()
        for creation in creations
    ]


def apply(rehearsal):
    return rehearsal.apply(rehearsal.plan(WRITER, all_allowed()), all_allowed())


def created(rehearsal):
    """Return how many applications and jobs exist, and how many rows for each assignment."""
    state = rehearsal.state
    rows = [(row["principalId"], row["appRoleId"]) for row in state["appRoleAssignments"]]
    names = [row for row in state["applications"] if row["displayName"] == "Writer"]
    return len(names), len(state["jobs"]), len(rows) - len(set(rows))


@pytest.mark.parametrize(("creation", "action"), cases(*CREATIONS))
def test_apply_sends_a_creation_that_took_effect_only_once(creation, action):
    method, path = CREATIONS[creation]
    rehearsal = Rehearsal(second_job="allowed")
    rehearsal.fault(action, method=method, path=path, when="after")
    report = apply(rehearsal)
    assert (exit_code(report), report.failed) == (0, ())
    assert created(rehearsal) == (1, 1, 0)
    made = [entry for entry in rehearsal.journal if entry["path"].endswith(PATHS) and entry["method"] == "POST"]
    sent = [(entry["path"], str(entry["body"])) for entry in made]
    assert len(sent) == len(set(sent))
    assert changes(rehearsal.plan(WRITER)) == []


@pytest.mark.parametrize(("creation", "action"), cases("instantiate", "job", "assignment", "batch"))
def test_apply_looks_before_it_sends_a_creation_that_took_no_effect_again(creation, action):
    method, path = CREATIONS[creation]
    rehearsal = Rehearsal(second_job="allowed")
    rehearsal.fault(action, method=method, path=path)
    report = apply(rehearsal)
    if creation == "instantiate" and action in ("drop", {"status": 500}):
        assert (exit_code(report), created(rehearsal)) == (5, (0, 0, 0))
        return
    assert (exit_code(report), created(rehearsal)) == (0, (1, 1, 0))
    requests = [(entry["method"], entry["path"].rpartition("/")[2]) for entry in rehearsal.journal]
    creation_request = {"instantiate": ("POST", "instantiate"), "job": ("POST", "jobs")}.get(
        creation, ("POST", "appRoleAssignedTo")
    )
    lookup = {"instantiate": "servicePrincipals", "job": "jobs"}.get(creation, "appRoleAssignedTo")
    first = requests.index(("POST", "$batch") if creation == "batch" else creation_request)
    assert ("GET", lookup) in requests[first : last_index(requests, creation_request)]


def last_index(requests, request):
    return len(requests) - 1 - requests[::-1].index(request)


@pytest.mark.parametrize("status", [429, 503])
def test_apply_sends_a_creation_at_most_as_often_as_other_throttled_requests(status):
    rehearsal = Rehearsal()
    rehearsal.fault({"status": status}, method="POST", path="*/synchronization/jobs", times=0)
    report = apply(rehearsal)
    assert exit_code(report) == 5
    assert [outcome.message for outcome in report.failed] == ["create job"]
    assert len(rehearsal.asked("POST", "/synchronization/jobs")) == 10


def test_a_creation_that_is_unavailable_and_not_found_may_have_been_written():
    rehearsal = Rehearsal()
    rehearsal.fault(UNAVAILABLE, method="POST", path="*/instantiate", times=0)
    report = apply(rehearsal)
    assert (exit_code(report), report.wrote) == (5, True)


def test_a_throttled_creation_that_is_not_found_has_written_nothing():
    rehearsal = Rehearsal()
    rehearsal.fault(THROTTLED, method="POST", path="*/instantiate", times=0)
    report = apply(rehearsal)
    assert (exit_code(report), report.wrote) == (1, False)


def test_all_requests_wait_for_the_retry_after_of_a_creation():
    rehearsal = Rehearsal()
    rehearsal.fault(RETRY_AFTER, method="POST", path="*/instantiate", when="after")
    before = rehearsal.time
    assert exit_code(apply(rehearsal)) == 0
    assert rehearsal.time - before >= 7


@pytest.mark.parametrize("late", [0, 3])
def test_a_creation_with_the_response_503_is_found_although_it_is_visible_late(late):
    rehearsal = Rehearsal(late_reads=late)
    rehearsal.fault(UNAVAILABLE, method="POST", path="*/instantiate", when="after")
    assert exit_code(apply(rehearsal)) == 0
    assert created(rehearsal)[0] == 1


@pytest.mark.parametrize("status", [429, 503, 500])
def test_a_request_that_is_sent_once_is_not_retried(fake, status):
    fake.answers(fake.error(status, retry_after="7"), fake.ok())
    request = Request("PUT", "/x", body={}, sent_once=True)

    async def work(graph):
        [outcome] = await graph.batch([Request("POST", "/x", body={}, sent_once=True)])
        return outcome.status

    with pytest.raises(Exception, match=str(status)):
        fake.run(lambda graph: graph.send(request))
    assert (len(fake.requests), fake.slept) == (1, [])
    fake.answers(fake.error(status), fake.ok())
    assert fake.run(work) == status
