"""The control endpoints (journal, faults, switches, state, reset), tokens, permissions and common headers."""

from __future__ import annotations

import httpx
import pytest

from scimconf.sandbox.faults import ConnectionDropped
from scimconf.sandbox.switches import Switches, table
from scimconf.sandbox.tenant_file import TenantFileError

from .client import NEW_GROUP, WRITER

# ---- every response -------------------------------------------------------------------------------------------------


def test_every_response_has_request_ids_date_and_content_type(contoso):
    answer = contoso.send("GET", "/users", headers={"client-request-id": "mine"})
    assert answer.headers["client-request-id"] == "mine"
    assert answer.headers["date"] == "Wed, 02 Jan 2030 12:00:00 GMT"
    assert answer.headers["content-type"].startswith("application/json")
    other = contoso.send("GET", "/users")
    assert other.headers["client-request-id"] == other.headers["request-id"] != answer.headers["request-id"]


def test_an_error_body_contains_the_request_ids(contoso):
    answer = contoso.send("GET", "/users/nobody", headers={"client-request-id": "mine"})
    assert answer.json()["error"]["innerError"] == {
        "date": "2030-01-02T12:00:00",
        "request-id": answer.headers["request-id"],
        "client-request-id": "mine",
    }


def test_beta_serves_the_same_documents(contoso):
    assert contoso.get("/beta/users/ada@contoso.com")["displayName"] == "Ada Lovelace"
    assert contoso.get("/beta/users?$top=1")["@odata.nextLink"].startswith("http://127.0.0.1:8080/beta/")


@pytest.mark.parametrize(
    "path", ["/devices", "/users/ada@contoso.com/memberOf", "/users/$count", "/", "http://127.0.0.1:8080/other"]
)
def test_an_unknown_path_is_not_implemented(contoso, path):
    error = contoso.get(path, expect=501)["error"]
    assert error["code"] == "SandboxNotImplemented"
    assert "GET" in error["message"]


def test_a_known_path_refuses_another_method(contoso):
    assert contoso.send("PUT", "/users", {}).status_code == 405


def test_a_body_that_is_not_json_is_refused(contoso):
    assert contoso.send("POST", "/users", content=b"{").status_code == 400


# ---- tokens and permissions -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "status"),
    [("Bearer any", 200), ("bearer any", 200), ("Bearer old", 401), ("Basic x", 401), ("Bearer ", 401)],
)
def test_bearer_tokens_are_checked(sandbox, header, status):
    client = sandbox({"rejected_tokens": ["old"]})
    body = client.get("/users", expect=status, headers={"Authorization": header})
    assert status == 200 or body["error"]["code"] == "InvalidAuthenticationToken"


READ = "Application.Read.All Synchronization.Read.All User.ReadBasic.All Group.ReadBasic.All Organization.Read.All"


@pytest.mark.parametrize(
    ("permissions", "method", "path", "status"),
    [
        (READ, "GET", "/users", 200),
        (READ, "GET", "/groups", 200),
        (READ, "GET", "/organization", 200),
        (READ, "GET", "{sp}", 200),
        (READ, "GET", "{sp}/appRoleAssignedTo", 200),
        (READ, "GET", "{sync}/jobs", 200),
        (READ, "GET", "{sync}/secrets", 200),
        (READ, "GET", "{job}/schema", 200),
        (READ, "GET", "/applicationTemplates", 200),
        (READ, "GET", "{job}/schema/filterOperators()", 401),
        (READ, "POST", "{job}/schema/parseExpression", 401),
        (READ, "POST", "{job}/start", 401),
        (READ, "PUT", "{job}/schema", 401),
        (READ, "POST", "/directoryObjects/getByIds", 403),
        (READ, "POST", "/users", 403),
        (READ, "PATCH", "/applications/x", 403),
        (READ, "POST", "{sp}/appRoleAssignedTo", 403),
        (READ, "GET", "/directory/deletedItems/microsoft.graph.user", 403),
        ("User.Read.All", "GET", "/directory/deletedItems/microsoft.graph.user", 200),
        ("User.Read.All", "GET", "/directory/deletedItems/microsoft.graph.group", 403),
        ("User.Read.All", "GET", "/directory/deletedItems/x", 403),
        ("Group.Read.All", "GET", "/directory/deletedItems/microsoft.graph.group", 200),
        ("User.Read.All", "GET", "{sync}/jobs", 401),
        ("User.Read.All", "GET", "{sp}", 403),
        ("User.Read.All", "GET", "/organization", 403),
        ("AppRoleAssignment.ReadWrite.All", "POST", "{sp}/appRoleAssignedTo", 403),
        ("AppRoleAssignment.ReadWrite.All Application.Read.All", "POST", "{sp}/appRoleAssignedTo", 400),
        ("Application.ReadWrite.All", "POST", "{sp}/appRoleAssignedTo", 400),
        ("AppRoleAssignment.ReadWrite.All", "DELETE", "{sp}/appRoleAssignedTo/x", 404),
        ("Synchronization.ReadWrite.All", "POST", "{job}/start", 204),
        ("Application.ReadWrite.OwnedBy", "POST", "{job}/start", 204),
        ("Application.ReadWrite.All", "POST", "{job}/start", 401),
        ("", "GET", "/users", 403),
    ],
)
def test_permissions_decide_about_each_route(sandbox, permissions, method, path, status):
    client = sandbox({"applications": [WRITER | {"jobs": [{}]}]}, permissions=frozenset(permissions.split()))
    sync, job = client.sync(), client.job()
    sp = sync.removesuffix("/synchronization")
    answer = client.send(method, path.format(sp=sp, sync=sync, job=job), {} if method != "GET" else None)
    assert answer.status_code == status
    if status == 401:
        assert (answer.json()["error"]["code"], answer.json()["error"]["message"]) == ("UnknownError", "")
    if status == 403:
        assert answer.json()["error"]["code"] == "Authorization_RequestDenied"


def test_permissions_for_organization_and_secrets_are_switches(sandbox):
    client = sandbox({"applications": [WRITER], "permissions": ["Application.Read.All", "Synchronization.Read.All"]})
    client.get("/organization", expect=403)
    client.get(f"{client.sync()}/secrets")
    client.switch(organization_permission="not_required", secrets_read_permission="readwrite")
    client.get("/organization")
    client.get(f"{client.sync()}/secrets", expect=401)


# ---- journal --------------------------------------------------------------------------------------------------------


def test_the_journal_lists_requests_in_order_without_secrets(writer):
    path = f"{writer.sync()}/secrets"
    writer.principal()
    pairs = [{"key": "SecretToken", "value": "hush"}, {"key": "SyncAll", "value": "true"}]
    writer.put(path, {"value": pairs})
    writer.post(f"{writer.job()}/validateCredentials", {"credentials": pairs}, expect=400)
    writer.post("/users", {"userPrincipalName": "x", "passwordProfile": {"password": "hush"}}, expect=400)
    entries = writer.value("/_sandbox/journal")
    assert "hush" not in str(entries)
    first, second = entries[:2]
    assert (first["method"], first["path"], first["status"]) == ("GET", "/servicePrincipals", 200)
    assert first["query"] == {"filter": "displayName eq 'Writer'"}
    assert (second["method"], second["path"], second["status"]) == ("PUT", path, 204)
    assert second["body"] == {"value": [{"key": "SecretToken", "value": "*"}, {"key": "SyncAll", "value": "true"}]}
    assert [document["number"] for document in entries] == [*range(1, len(entries) + 1)]
    writer.delete("/_sandbox/journal")
    assert writer.value("/_sandbox/journal") == []


def test_the_journal_lists_the_requests_of_a_batch(contoso):
    contoso.post("/$batch", {"requests": [{"id": "7", "method": "GET", "url": "/users/nobody"}]}, expect=200)
    member, envelope = contoso.value("/_sandbox/journal")
    assert (member["batch"], member["path"], member["status"]) == ("7", "/users/nobody", 404)
    assert (envelope["path"], envelope["status"]) == ("/$batch", 200)


# ---- faults ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def delays(monkeypatch):
    """The seconds that responses are delayed by; nothing waits."""
    seconds: list[float] = []

    async def record(duration):
        seconds.append(duration)

    monkeypatch.setattr("scimconf.sandbox.server.asyncio.sleep", record)
    return seconds


def arm(client, **fault):
    return client.post("/_sandbox/faults", fault)


def test_a_fault_replaces_the_response_to_the_nth_matching_request(contoso):
    answer = {"status": 429, "body": {"error": {"code": "TooManyRequests"}}, "headers": {"Retry-After": "7"}}
    arm(contoso, method="GET", path="/users/*", nth=2, times=2, action=answer)
    got = [contoso.send("GET", path) for path in ["/users/ada@contoso.com", "/groups", *["/users/ada@contoso.com"] * 3]]
    assert [document.status_code for document in got] == [200, 200, 429, 429, 200]
    assert got[2].headers["retry-after"] == "7"
    assert got[2].json() == answer["body"]


def test_a_fault_with_times_0_is_permanent(contoso):
    arm(contoso, path="/users", times=0, action={"status": 503})
    assert {contoso.send("GET", "/users").status_code for _ in range(5)} == {503}
    contoso.delete("/_sandbox/faults")
    contoso.get("/users")


@pytest.mark.parametrize(("when", "count"), [("before", 0), ("after", 1)])
def test_a_fault_drops_the_connection_before_or_after_the_effect(contoso, when, count):
    arm(contoso, method="POST", path="/groups", when=when, action="drop")
    with pytest.raises(ConnectionDropped):
        contoso.send("POST", "/groups", NEW_GROUP)
    assert len(contoso.value("/groups?$filter=displayName eq 'New'")) == count
    assert [document["status"] for document in contoso.value("/_sandbox/journal")][0] == (201 if count else None)


def test_a_fault_replaces_the_response_after_the_effect(contoso):
    arm(contoso, method="POST", path="/groups", when="after", action={"status": 504})
    assert contoso.send("POST", "/groups", NEW_GROUP).status_code == 504
    assert len(contoso.value("/groups?$filter=displayName eq 'New'")) == 1


def test_connection_lost_creates_the_exception_of_a_dropped_connection(sandbox):
    client = sandbox(connection_lost=lambda: httpx.ReadError("gone"))
    arm(client, action="drop")
    with pytest.raises(httpx.TransportError):
        client.send("GET", "/users")


def test_a_fault_applies_to_requests_of_a_batch(contoso):
    arm(contoso, path="/users/*", action={"status": 429, "headers": {"Retry-After": "1"}})
    requests = [{"id": str(n), "method": "GET", "url": "/users/ada@contoso.com"} for n in range(2)]
    answers = contoso.post("/$batch", {"requests": requests}, expect=200)["responses"]
    assert sorted(document["status"] for document in answers) == [200, 429]


def test_a_fault_delays_the_response(contoso, delays):
    arm(contoso, path="/users", action={"delay": 60})
    contoso.get("/users")
    contoso.get("/users")
    assert delays == [0.06]


def test_armed_faults_are_listed_with_their_match_count(contoso):
    arm(contoso, method="get", path="/users", nth=3, action="drop")
    contoso.get("/users")
    (fault,) = contoso.value("/_sandbox/faults")
    assert (fault["method"], fault["matched"], fault["when"]) == ("GET", 1, "before")


@pytest.mark.parametrize(
    "fault",
    [
        None,
        {},
        {"action": "explode"},
        {"action": {"delay": -1}},
        {"action": "drop", "when": "during"},
        {"action": "drop", "nth": 0},
        {"action": "drop", "verb": "GET"},
    ],
)
def test_an_invalid_fault_is_refused(contoso, fault):
    assert contoso.post("/_sandbox/faults", fault, expect=400)["error"]["code"] == "SandboxBadRequest"


# ---- switches, state, reset -----------------------------------------------------------------------------------------


def test_switches_are_listed_with_values_and_facts(contoso):
    rows = {row["name"]: row for row in contoso.value("/_sandbox/switches")}
    assert rows["secrets_put"]["values"] == ["merge", "replace"]
    assert (rows["secrets_put"]["value"], rows["late_reads"]["value"], rows["late_reads"]["values"]) == (
        "merge",
        "0",
        None,
    )
    assert all(row["fact"] for row in rows.values())
    assert [row.name for row in table()] == list(rows)


@pytest.mark.parametrize("body", [{"secrets": "merge"}, {"secrets_put": "both"}, {"late_reads": "-1"}, ["late_reads"]])
def test_invalid_switch_positions_are_refused(contoso, body):
    contoso.put("/_sandbox/switches", body, expect=400)


def test_switch_positions_come_from_tenant_file_caller_and_requests(sandbox):
    client = sandbox({"switches": {"late_reads": 1, "paused_state": "Paused"}}, switches={"late_reads": "3"})
    assert (client.service.tenant.switches.late_reads, client.service.tenant.switches.paused_state) == (3, "Paused")
    client.switch(late_reads=0)
    assert client.service.tenant.switches == Switches(paused_state="Paused")
    with pytest.raises(TenantFileError, match="tenant: switches: unknown switch 'nothing'"):
        sandbox({"switches": {"nothing": 1}})


def test_latency_delays_every_response(contoso, delays):
    contoso.switch(latency_ms=60)
    contoso.get("/users")
    contoso.get("/groups")
    assert delays == [0.06, 0.06]


def test_the_state_contains_no_secrets(sandbox):
    application = WRITER | {
        "jobs": [{}],
        "secrets": {"SecretToken": "hush"},
        "assignments": [{"user": "ada@contoso.com", "role": "User"}],
    }
    state = sandbox({"applications": [application]}).get("/_sandbox/state")
    assert "hush" not in str(state)
    assert len(state["users"]) == 12
    assert state["appRoleAssignments"][0]["principalDisplayName"] == "Ada Lovelace"
    assert [len(state[name]) for name in ("applications", "servicePrincipals", "jobs", "schemas", "secrets")] == [1] * 5
    assert next(document for document in state["groups"] if document["displayName"] == "AP-Finance")["members"]


def test_reset_restores_the_initial_tenant(writer):
    before = writer.get("/_sandbox/state")
    writer.delete("/users/ada@contoso.com")
    writer.delete(writer.job())
    arm(writer, action="drop", path="/users")
    writer.post("/_sandbox/reset", expect=204)
    assert writer.get("/_sandbox/state") == before
    assert writer.value("/_sandbox/journal") == writer.value("/_sandbox/faults") == []
