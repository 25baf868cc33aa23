"""Bad luck of a cycle: what an unusual response leads to. Never a hang, never an exception, and no token for another host."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest

from scimconf.sandbox.engine.cycle import BusyError, run_cycle
from scimconf.sandbox.engine.sender import MAX_BYTES
from scimconf.sandbox.http_types import GraphRequest
from scimconf.sandbox.routes import path_segments
from tests.sandbox.engine.recording_server import TOKEN, Answer, RecordingServer

PREFIX = "SystemForCrossDomainIdentityManagement"
INCOMPATIBLE = f"{PREFIX}ServiceIncompatible"
HTML = Answer(200, b"<!doctype html><html><body>Sign in</body></html>", {"Content-Type": "text/html"})


def slow(*values):
    return pytest.param(*values, marks=pytest.mark.slow)


# ---- the endpoint as a whole ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "code", "text"),
    [
        (Answer(401, {"detail": "expired"}), "CredentialValidationFailure", "HTTP/1.1 401 Unauthorized"),
        (Answer(403, b"<html>WAF</html>", {"Content-Type": "text/html"}), "CredentialValidationFailure", "HTTP/1.1 403"),
        (Answer(404, {"detail": "no users"}), "ServiceIncompatible", "expected 200, got 404"),
        (Answer(400, {"detail": "no filter"}), "ServiceIncompatible", "expected 200, got 400"),
        (HTML, "ServiceIncompatible", "[RedactedHtmlContent]"),
        (Answer(200, {"hello": "world"}), "ServiceIncompatible", "neither totalResults nor Resources"),
        (Answer(200, b"[" * 100_000), "ServiceIncompatible", "not a SCIM list"),
        (Answer(drop=True), "CredentialValidationUnavailable", "no valid response"),
        (Answer(200, b"", endless=True), "ServiceIncompatible", f"longer than {MAX_BYTES:,} bytes"),
        (Answer(302, headers={"Location": "https://login.example.com/?next=1"}), "ServiceIncompatible", "not followed"),
    ],
    ids=["401", "403", "404", "400", "html", "json", "deep", "dropped", "endless", "redirect"],
)  # fmt: skip
def test_an_endpoint_that_fails_every_search_quarantines_the_job(provisioned, endpoint, answer, code, text):
    endpoint.script("*", "", answer)
    tenant = provisioned()
    summary = tenant.cycle()
    assert summary["entries"] == [] and summary["execution"]["state"] == "Failed"
    status = tenant.job["status"]
    assert (status["code"], status["quarantine"]["reason"]) == ("Quarantine", "EncounteredQuarantineException")
    assert status["quarantine"]["error"]["code"] == status["lastExecution"]["error"]["code"] == PREFIX + code
    assert text in status["quarantine"]["error"]["message"]
    assert not endpoint.calls("POST", "PATCH")


@pytest.mark.parametrize("address", ["http://scim.contoso.com", "http://[", "http://localhost:99999", "https://", ""])
def test_a_job_without_a_valid_address_is_quarantined_without_a_request(provisioned, endpoint, address):
    tenant = provisioned(secrets={"BaseAddress": address})
    summary = tenant.cycle()
    assert summary["quarantine"]["error"]["code"] == f"{PREFIX}InvalidCredentials"
    assert endpoint.requests == []


@pytest.mark.parametrize(
    "address",
    [
        "https://scim.contoso.com/v2",
        "https://localhost.contoso.com",
        "https://127.0.0.1@scim.contoso.com",
        "https://[::2]/",
    ],
)
def test_nothing_is_sent_to_an_address_that_is_not_allowed(provisioned, address):
    tenant = provisioned(secrets={"BaseAddress": address})
    assert tenant.client.post("/_sandbox/cycle", {}, expect=200)["value"] == []
    error = tenant.cycle()["quarantine"]["error"]
    assert error["code"] == f"{PREFIX}CredentialValidationUnavailable" and "--send-to" in error["message"]
    assert not [entry for entry in tenant.client.value("/_sandbox/journal") if entry.get("sent")]


@pytest.mark.parametrize(
    ("token", "text"),
    [("secret\ntoken", "characters that an HTTP header cannot"), ("sécret-token", "characters that an HTTP header cannot"),
     ("", "the job has no secret token")],
)  # fmt: skip
def test_a_token_that_no_header_can_contain_is_neither_sent_nor_shown(provisioned, endpoint, token, text):
    tenant = provisioned(secrets={"SecretToken": token})
    summary = tenant.cycle()
    assert text in summary["quarantine"]["error"]["message"] and endpoint.requests == []
    assert not token or token not in json.dumps(summary)


def test_a_job_without_a_token_sends_one_of_entra_depending_on_the_switch(provisioned, endpoint):
    tenant = provisioned(secrets={"SecretToken": ""}, switches={"blank_token": "accepted"})
    tenant.cycle()
    assert endpoint.requests[0].headers["authorization"] == "Bearer token-that-entra-issued"


def test_the_token_goes_to_no_other_host(provisioned, endpoint):
    with RecordingServer() as other:
        endpoint.script("*", "", Answer(307, headers={"Location": f"{other.url}/Users"}))
        tenant = provisioned()
        tenant.cycle()
        assert other.requests == [] and len(endpoint.requests) <= 4


def test_an_error_that_repeats_the_token_does_not_show_it(provisioned, endpoint):
    endpoint.script("POST", "", Answer(400, {"detail": f"bad header Bearer {TOKEN}"}))
    tenant = provisioned()
    summary = tenant.cycle()
    assert TOKEN not in json.dumps(summary) and TOKEN not in json.dumps(tenant.client.value("/_sandbox/journal"))


# ---- one object -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "answer", "code"),
    [
        ("POST", Answer(409, {"detail": "taken"}), f"{PREFIX}ServiceIncompatibleFiltering"),
        ("POST", Answer(400, {"detail": "emails is required"}), INCOMPATIBLE),
        ("POST", Answer(429, {"detail": "slow down"}), "TooManyRequests"),
        slow("POST", Answer(429, {"detail": "slow down"}, {"Retry-After": "3600"}), "TooManyRequests"),
        slow("POST", Answer(503), f"{PREFIX}ServerError"),
        ("POST", Answer(403, {"detail": "no"}), "InsufficientRights"),
        ("POST", Answer(201), INCOMPATIBLE),
        slow("POST", Answer(201, {"userName": "ada@contoso.com"}), INCOMPATIBLE),
        slow("POST", Answer(201, b"created"), INCOMPATIBLE),
        ("POST", Answer(drop=True), "WebExceptionProtocolError"),
        ("POST", Answer(201, b"", endless=True), INCOMPATIBLE),
        ("POST", Answer(308, headers={"Location": "/elsewhere"}), INCOMPATIBLE),
        ("GET", Answer(500, {"detail": "oops"}), f"{PREFIX}ServerError"),
        slow("GET", Answer(503, b"<html>busy</html>"), f"{PREFIX}ServerError"),
        slow("GET", Answer(429), "TooManyRequests"),
        ("GET", Answer(200, {"totalResults": 2, "Resources": [{"id": "a"}]}), "DuplicateTargetEntries"),
        ("GET", Answer(200, {"totalResults": 1, "Resources": [{"userName": "ada"}]}), INCOMPATIBLE),
        slow("GET", Answer(200, {"totalResults": 1}), INCOMPATIBLE),
    ],
)  # fmt: skip
def test_an_object_that_fails_is_in_escrow_and_the_cycle_continues(provisioned, endpoint, method, answer, code):
    endpoint.script(method, "", answer, times=1)
    tenant = provisioned()
    summary = tenant.cycle()
    assert tenant.events(summary) == [f"create failure Ada: {code}", "create success Grace"]
    assert summary["execution"]["countEscrowed"] == 1 and tenant.job["status"]["code"] == "Active"
    endpoint.take()
    assert tenant.events(tenant.cycle())[0].startswith(
        ("create success Ada", "update success Ada", "other skipped Ada")
    )
    assert tenant.job["status"]["lastExecution"]["countEscrowed"] == 0


def test_a_search_that_fails_for_one_value_does_not_quarantine(provisioned, endpoint):
    endpoint.script("GET", "ada@", Answer(400, {"detail": "special characters"}))
    tenant = provisioned()
    assert tenant.events(tenant.cycle()) == [f"create failure Ada: {INCOMPATIBLE}", "create success Grace"]


def test_a_timeout_is_a_failure_of_one_object(provisioned, endpoint):
    waiting = threading.Event()
    endpoint.script("POST", "", Answer(503, wait=waiting), times=1)
    tenant = provisioned(switches={"timeout_s": 1})
    assert tenant.events(tenant.cycle()) == ["create failure Ada: Timeout", "create success Grace"]
    waiting.set()


def test_html_is_redacted_and_json_is_verbatim_in_the_log(provisioned, endpoint):
    endpoint.script("POST", "", Answer(500, b"<html>secret page</html>"), times=1)
    endpoint.script("POST", "", Answer(409, {"detail": "name is taken"}), times=1)
    summary = provisioned().cycle()
    reasons = [entry["provisioningStatusInfo"]["errorInformation"]["reason"] for entry in summary["entries"]]
    assert "StatusCode: Conflict\r\n" in reasons[0] and '{"detail": "name is taken"}' in reasons[0]
    assert "[RedactedHtmlContent]" in reasons[1] and "secret page" not in reasons[1]
    assert "This operation was retried 0 times. It will be retried again after this date: 2030-01-02T12" in reasons[0]


def test_a_manager_of_another_form_cannot_be_read(provisioned, endpoint):
    urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    endpoint.add("Users", userName="ada@contoso.com", **{urn: {"manager": "m1"}})
    tenant = provisioned(assigned=("ada@contoso.com",))
    summary = tenant.cycle()
    assert tenant.events(summary) == [f"create failure Ada: {INCOMPATIBLE}"]
    assert "not able to deserialize" in summary["entries"][0]["provisioningStatusInfo"]["errorInformation"]["reason"]


def test_values_that_are_normalised_are_sent_again_when_the_user_changes(provisioned, endpoint):
    edits = [{"target": 'phoneNumbers[type eq "work"].value', "source": "[telephoneNumber]"}]
    tenant = provisioned(assigned=("ada@contoso.com",), edits=edits)
    tenant.change("ada", businessPhones=["+44 20 1234"])
    tenant.cycle()
    endpoint.resources["Users"]["u1"]["phoneNumbers"] = [{"type": "work", "value": "+44201234"}]
    assert tenant.sent() == []
    for title in ("Countess", "Analyst"):
        tenant.change("ada", jobTitle=title)
        endpoint.resources["Users"]["u1"]["phoneNumbers"] = [{"type": "work", "value": "+44201234"}]
        assert 'phoneNumbers[type eq \\"work\\"].value' in tenant.sent()[1]


def test_a_delete_that_returns_a_body_is_a_success(provisioned, endpoint):
    tenant = provisioned()
    tenant.cycle()
    key = tenant.delete_user("ada")
    tenant.cycle()
    tenant.purge(key)
    endpoint.script("DELETE", "", Answer(200, {"deleted": True}))
    assert tenant.events(tenant.cycle()) == ["delete success "]
    assert tenant.sent() == []


def test_failed_members_are_sent_again_and_the_others_are_not(provisioned, endpoint):
    group = {"displayName": "Editors", "members": ["ada@contoso.com", "grace@contoso.com"]}
    tenant = provisioned(assigned=("Editors",), groups=[group], switches={"member_parallel": 1})
    endpoint.script("PATCH", "/Groups/", Answer(500), times=1)
    summary = tenant.cycle()
    assert tenant.events(summary)[-1] == f"update failure Editors: {PREFIX}ServerError"
    run = summary["execution"]
    assert (run["countEscrowed"], run["countEscrowedRaw"]) == (0, 1)
    sent = tenant.sent()
    assert [text for text in sent if text.startswith("PATCH")] == [
        'PATCH /Groups/g3 [{"op": "Add", "path": "members", "value": [{"value": "u1"}]}]'
    ]
    assert tenant.sent() == []


def test_a_member_that_failed_is_a_reference_that_is_tried_again(provisioned, endpoint):
    group = {"displayName": "Editors", "members": ["ada@contoso.com"]}
    tenant = provisioned(assigned=("Editors",), groups=[group])
    endpoint.script("POST", "/Users", Answer(500), times=1)
    assert tenant.events(tenant.cycle())[-1] == "update failure Editors: UnableToResolveReferenceAttributeValue"
    tenant.cycle()
    assert endpoint.by_name("Editors")["members"] == [{"value": "u2"}]


def test_members_are_sent_at_the_same_time(provisioned, endpoint):
    group = {"displayName": "Editors", "members": ["ada@contoso.com", "grace@contoso.com", "joe@contoso.com"]}
    tenant = provisioned(assigned=("Editors",), groups=[group])
    barrier = threading.Barrier(3)
    plain = endpoint.answer
    endpoint.answer = lambda sent: (sent.method == "PATCH" and barrier.wait(60)) and plain(sent) or plain(sent)
    tenant.cycle()
    assert endpoint.most_in_flight == 3


# ---- retries and quarantine over time -------------------------------------------------------------------------------


def test_a_failed_object_is_tried_in_the_next_cycle_and_then_less_and_less_often(provisioned, endpoint):
    endpoint.script("POST", "", Answer(409, {"detail": "taken"}))
    tenant = provisioned(assigned=("ada@contoso.com",))
    attempts = [
        len(tenant.cycle(after)["entries"]) for after in (None, "PT40M", "PT40M", "PT6H", "PT6H", "PT6H", "P1D")
    ]
    assert attempts == [1, 1, 0, 1, 0, 1, 1]
    summary = tenant.cycle("P1D")
    assert summary["entries"][0]["provisioningSteps"][0]["name"] == "EntryEscrowRetry"
    assert "retried 5 times" in summary["entries"][0]["provisioningStatusInfo"]["errorInformation"]["reason"]
    assert tenant.cycle("P28D")["entries"] == [] and tenant.job["status"]["escrowsPruned"] is True


@pytest.mark.parametrize("event", ["unassigned", "deleted", "purged"])
def test_a_failed_object_that_leaves_the_scope_is_not_in_escrow_any_more(provisioned, endpoint, event):
    endpoint.script("POST", "", Answer(409, {"detail": "taken"}))
    tenant = provisioned(assigned=("ada@contoso.com",))
    tenant.cycle()
    if event == "unassigned":
        tenant.unassign(tenant.user("ada"))
    else:
        key = tenant.delete_user("ada")
        if event == "purged":
            tenant.purge(key)
    assert tenant.cycle()["execution"]["countEscrowed"] == 0


def test_a_change_of_a_failed_object_is_tried_at_once(provisioned, endpoint):
    endpoint.script("POST", "", Answer(409, {"detail": "taken"}))
    tenant = provisioned(assigned=("ada@contoso.com",))
    tenant.cycle()
    tenant.cycle()
    assert tenant.sent() == []
    endpoint.clear_scripts()
    tenant.change("ada", displayName="Countess")
    assert tenant.sent()[-1] == "POST /Users"


def test_cycles_in_quarantine_are_rare_and_a_good_one_ends_it(provisioned, endpoint):
    tenant = provisioned(assigned=("ada@contoso.com",))
    endpoint.script("*", "", Answer(401))
    tenant.cycle()
    first = tenant.job["status"]["quarantine"]
    assert (first["seriesCount"], first["nextAttempt"]) == (1, "2030-01-02T12:05:00Z")
    assert tenant.cycle("PT4M")["skipped"] == "the job is in quarantine until 2030-01-02T12:05:00Z"
    tenant.cycle("PT1M")
    second = tenant.job["status"]["quarantine"]
    assert (second["seriesCount"], second["seriesBegan"]) == (2, first["seriesBegan"])
    assert tenant.job["status"]["countSuccessiveCompleteFailures"] == 2
    assert tenant.cycle("PT1H")["cycle"] == "none"
    endpoint.clear_scripts()
    endpoint.take()
    summary = tenant.cycle("PT6H")
    assert (summary["quarantine"], tenant.job["status"]["code"]) == (None, "Active")
    assert [sent.path for sent in endpoint.requests] == [
        f"/scim/{name}" for name in ("Users", "Groups", "Users", "Users")
    ]
    assert tenant.events(summary) == ["create success Ada"]


@pytest.mark.parametrize(
    ("position", "code", "quarantined"),
    [
        ("kept", "Quarantine", True),
        ("paused", "Paused", True),
        ("cleared", "Quarantine", False),
        ("paused_cleared", "Paused", False),
    ],
)
def test_four_weeks_of_quarantine_disable_the_job(provisioned, endpoint, position, code, quarantined):
    tenant = provisioned(switches={"expired_quarantine": position})
    endpoint.script("*", "", Answer(401))
    tenant.cycle()
    assert "four weeks" in tenant.cycle("P28D")["skipped"]
    job = tenant.job
    assert (job["schedule"]["state"], job["status"]["code"]) == ("Disabled", code)
    assert (job["status"]["quarantine"] is not None) == quarantined


def test_start_and_restart_end_a_quarantine_at_once(provisioned, endpoint):
    tenant = provisioned()
    endpoint.script("*", "", Answer(401), times=1)
    tenant.cycle()
    tenant.client.post(f"{tenant.client.job()}/start", expect=204)
    assert tenant.cycle()["cycle"] == "initial"


# ---- the deletion threshold -----------------------------------------------------------------------------------------


def threshold(value):
    settings = {"Enabled": False, "DeleteThresholdEnabled": True, "DeleteThresholdValue": value}
    return {"SyncNotificationSettings": json.dumps(settings)}


def test_deletions_at_the_threshold_are_staged_until_they_are_allowed(provisioned, endpoint):
    tenant = provisioned(secrets=threshold(2))
    tenant.cycle()
    endpoint.take()
    tenant.unassign(tenant.user("ada"))
    tenant.delete_user("grace")
    tenant.assign(tenant.user("joe"))
    summary = tenant.cycle()
    assert summary["stagedDeletions"] == 2
    assert sorted(tenant.events(summary)) == [
        "create success Joe",
        "stagedDelete skipped Ada",
        "stagedDelete skipped Grace",
    ]
    assert not endpoint.calls("PATCH", "DELETE")
    assert tenant.job["status"]["quarantine"]["reason"] == "TooManyDeletes"
    assert tenant.cycle("P1D")["stagedDeletions"] == 2
    tenant.restart("ForceDeletes")
    assert len([text for text in tenant.sent() if text.startswith("PATCH")]) == 2
    assert tenant.job["status"]["quarantine"] is None


def test_staged_deletions_end_when_their_cause_is_undone(provisioned, endpoint):
    tenant = provisioned(secrets=threshold(1))
    tenant.cycle()
    tenant.unassign(tenant.user("ada"))
    assert tenant.cycle()["stagedDeletions"] == 1
    tenant.assign(tenant.user("ada"))
    tenant.restart()
    summary = tenant.cycle()
    assert (summary["stagedDeletions"], summary["quarantine"]) == (0, None)
    assert not endpoint.calls("PATCH")


def test_deletions_below_the_threshold_pass(provisioned, endpoint):
    tenant = provisioned(secrets=threshold(2))
    tenant.cycle()
    for name in ("ada", "grace"):
        tenant.unassign(tenant.user(name))
        assert tenant.cycle()["stagedDeletions"] == 0
    assert len(endpoint.calls("PATCH")) == 2


def test_progress_is_that_of_the_running_cycle(provisioned, endpoint, monkeypatch):
    monkeypatch.setattr("scimconf.sandbox.engine.cycle._PROGRESS_STEP", 1)
    tenant = provisioned()
    job, plain, observed = tenant.job_id, endpoint.answer, []

    def answer(sent):
        status = tenant.client.service.tenant.documents.get("job", job)["status"]
        observed.append([(row["completedUnits"], row["totalUnits"]) for row in status["progress"]])
        return plain(sent)

    endpoint.answer = answer
    tenant.cycle()
    assert observed == [[], [], [(1, 3)], [(1, 3)]] and tenant.job["status"]["progress"] == []


# ---- one engine a job, pause and deletion during a cycle ------------------------------------------------------------


def test_two_engines_never_run_on_one_job(provisioned):
    tenant = provisioned()
    service = tenant.client.service

    async def both():
        return await asyncio.gather(*(run_cycle(service, tenant.job_id) for _ in range(2)), return_exceptions=True)

    results = asyncio.run(both())
    assert [isinstance(result, BusyError) for result in results] == [False, True]
    assert service.running == set()


def test_another_process_with_the_same_state_does_not_run_cycles(provisioned, tmp_path):
    state = str(tmp_path / "tenant.db")
    first, second = provisioned(state=state), provisioned(state=state)
    assert first.client.service.tenant.store.acquire_lock()
    body = second.client.post("/_sandbox/cycle", {"job": second.job_id}, expect=409)
    assert body["error"]["code"] == "SandboxBusy"
    first.client.service.tenant.store.release_lock()
    assert second.cycle()["cycle"] == "initial"


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", "/pause", "the job is not started: Disabled"),
        ("DELETE", "/schema", "initial"),
        ("POST", "/restart", "initial"),
        ("DELETE", "", None),
    ],
)
def test_requests_during_a_cycle_apply_to_the_next(provisioned, endpoint, method, path, expected):
    tenant = provisioned()
    job_path, job_id, answer = tenant.client.job() + path, tenant.job_id, endpoint.answer
    request = GraphRequest(method, job_path, "", path_segments(job_path))
    pending = [request]

    async def cycle():
        loop = asyncio.get_running_loop()

        def answer_later(sent):
            for _ in range(len(pending)):
                loop.call_soon_threadsafe(tenant.client.service.respond, pending.pop())
            return answer(sent)

        endpoint.answer = answer_later
        return await run_cycle(tenant.client.service, job_id)

    summary = asyncio.run(cycle())
    assert len(summary.entries) == 2 and len(endpoint.resources["Users"]) == 2
    if expected is None:
        tenant.client.post("/_sandbox/cycle", {"job": job_id}, expect=400)
    else:
        following = tenant.cycle()
        assert expected in (following["skipped"], following["cycle"])


def test_cycle_requests_are_checked(provisioned):
    tenant = provisioned()
    for body in ({"job": "x"}, {"after": "40"}, {"jobs": []}, [1], {"job": 1}, {"after": "P"}):
        tenant.client.post("/_sandbox/cycle", body, expect=400)
