"""The execution of steps, with a fake Graph in memory and a clock that only the test moves."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from scimconf.diagnostics import GraphError, SecretError
from scimconf.graph.eventual_consistency import ConsistencyPolicy
from scimconf.graph.execution import batch_sender
from scimconf.graph.execution.context import ExecutionRequest
from scimconf.graph.execution.scheduler import execute
from scimconf.graph.execution.secret_resolver import preflight
from scimconf.graph.protocol.request import Answer
from scimconf.graph.protocol.write_quota import WriteQuota
from scimconf.graph.reading import TenantSession
from scimconf.plan import Address, Result
from scimconf.snapshot import Document, SecretRef, Snapshot
from scimconf.steps import Edit, Phase, Read, Send

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
JOB = Document("job", "/job")
PRINCIPAL = Document(
    "service_principal", "/principal", written="patch", properties=("tags", "appRoleAssignmentRequired")
)
SECRETS = Document("secrets", "/secrets", collection=True, written="put_values")
TEMPLATES = Document("templates", "/templates", collection=True)


def error(status, message="refused", code="Code"):
    return GraphError(status=status, code=code, message=message, method="POST", path="/x")


@dataclass
class FakeGraph:
    """Answers requests from a table of documents and errors; a list of errors is used up, one each time."""

    documents: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, list[Exception]] = field(default_factory=dict)
    log: list[tuple[str, str, Any]] = field(default_factory=list)
    time: float = 0.0

    def __post_init__(self):
        self.write_quota = WriteQuota(self.sleep, lambda: self.time, lambda *_wait: None)

    def _answer(self, method, path, body=None):
        self.log.append((method, path, body))
        pending = self.errors.get(f"{method} {path}")
        if pending:
            raise pending.pop(0)

    async def send(self, request):
        await asyncio.sleep(0)
        self._answer(request.method, request.path, request.body)
        if request.method == "PATCH":
            self.documents[request.path] = {**self.documents[request.path], **request.body}
        if request.method == "PUT":
            self.documents[request.path] = request.body["value"]
        return Answer(200, self.documents.get(request.path, {"id": "new"}))

    async def get(self, path, _names, _query):
        self._answer("GET", path)
        return self.documents[path]

    async def collect(self, path, _names, _query, _row):
        self._answer("GET", path)
        return self.documents[path]

    async def batch(self, requests):
        results = []
        for request in requests:
            try:
                results.append(await self.send(request))
            except GraphError as refusal:
                results.append(refusal)
        return results

    async def sleep(self, seconds):
        self.time += seconds

    @property
    def writes(self):
        return [f"{method} {path}" for method, path, _ in self.log if method != "GET"]


class Secrets:
    def resolve(self, ref):
        if ref.name == "UNSET":
            raise SecretError("UNSET is not set")
        return f"value of {ref.name}"


def send(description, *, kind="job", key="", phase=Phase.BUILD, path=None, **fields):
    return Send(phase, (Address("writer", kind, key),), description, "POST", path or f"/{description}", **fields)


def edit(document, operation, key, value, *, phase=Phase.BUILD, **fields):
    return Edit(
        phase, (Address("writer", "connection", key),), f"set {key}", document, operation, (key,), value, **fields
    )


def wait(state, phase=Phase.BUILD):
    return Read(phase, (Address("writer", "schedule"),), f"wait until {state}", JOB, "state_is", (state,))


def run(graph, steps, *, snapshot=None, interrupted=lambda: False, created=None, after=None, progress=None):
    policy = ConsistencyPolicy(graph.sleep, lambda: graph.time, lambda: NOON, created=created)
    request = ExecutionRequest(
        steps, snapshot or Snapshot(), after or {}, Secrets(), progress or (lambda *_step: None), interrupted
    )
    return asyncio.run(execute(TenantSession(graph, policy), request))


def outcomes(result):
    return {outcome.message: outcome.result for outcome in result.outcomes}


def details(result):
    return {outcome.message: outcome.detail for outcome in result.outcomes if outcome.detail}


# --- phases and nodes -----------------------------------------------------------------------------------------------


def test_execute_runs_the_phases_in_order():
    graph = FakeGraph()
    steps = [send(phase.name.lower(), phase=phase, key=phase.name) for phase in reversed(Phase)]
    assert set(outcomes(run(graph, steps)).values()) == {Result.DONE}
    assert graph.writes == ["POST /stop", "POST /build", "POST /clear", "POST /start"]


def test_execute_runs_dependent_nodes_after_their_producer_and_binds_its_outputs():
    graph = FakeGraph(documents={"/create": {"id": "7"}})
    steps = [
        send("use", key="1", path="/jobs/{job}"),
        send("create", key="2", outputs=(("job", "id"),)),
    ]
    result = run(graph, steps)
    assert graph.writes == ["POST /create", "POST /jobs/{job}"]
    assert (result.wrote, result.failed, result.stale) == (True, False, "")


def test_a_failure_skips_what_waits_for_it_but_not_independent_nodes():
    graph = FakeGraph(errors={"POST /roles": [error(400)]})
    steps = [
        send("roles", kind="app_role"),
        send("assign", kind="assignment"),
        send("other", kind="settings"),
        send("delete", kind="settings", key="2", phase=Phase.CLEAR),
        send("start", kind="schedule", phase=Phase.START),
    ]
    result = run(graph, steps, after={"assignment": ("app_role",)})
    assert outcomes(result) == {
        "roles": Result.FAILED,
        "assign": Result.SKIPPED,
        "other": Result.DONE,
        "delete": Result.SKIPPED,
        "start": Result.SKIPPED,
    }
    assert details(result)["assign"] == "because this step was not done: roles"
    assert details(result)["start"] == "because an earlier step failed, so provisioning is not started"
    assert graph.writes == ["POST /roles", "POST /other"] or graph.writes == ["POST /other", "POST /roles"]


def test_a_failed_pause_skips_the_changes():
    result = run(FakeGraph(errors={"POST /pause": [error(400)]}), [send("pause", phase=Phase.STOP), send("change")])
    assert details(result)["change"] == "because provisioning could not be paused first"


def test_execute_starts_nothing_after_an_interrupt():
    graph = FakeGraph()
    steps = [send("first"), send("second")]
    result = run(graph, steps, interrupted=lambda: bool(graph.writes))
    assert outcomes(result) == {"first": Result.DONE, "second": Result.SKIPPED}
    assert details(result) == {"second": "because the apply was interrupted"}


def test_execute_reports_an_unexpected_error_without_its_text():
    graph = FakeGraph(errors={"POST /first": [TypeError("secret")]})
    result = run(graph, [send("first")])
    assert result.wrote
    assert "TypeError" in details(result)["first"]
    assert "secret" not in details(result)["first"]


def test_progress_counts_finished_steps_and_its_errors_are_ignored():
    calls = []

    def progress(*call):
        calls.append(call)
        raise OSError("disk full")

    run(FakeGraph(), [send("first"), send("second")], progress=progress)
    assert calls == [("first", 0, 2), ("first", 1, 2), ("second", 1, 2), ("second", 2, 2)]


# --- requests -------------------------------------------------------------------------------------------------------


def test_an_error_that_means_success_is_done():
    graph = FakeGraph(errors={"POST /assign": [error(400, "Permission already exists")]})
    assert outcomes(run(graph, [send("assign", success_errors=((400, "already exists"),))])) == {"assign": Result.DONE}


def test_a_delayed_copy_is_waited_for_only_while_the_application_is_new():
    graph = FakeGraph(errors={"POST /start": [error(404), error(404)]})
    assert outcomes(run(graph, [send("start")], created=NOON)) == {"start": Result.DONE}
    assert graph.time == 0.75
    graph = FakeGraph(errors={"POST /start": [error(404), error(404)]})
    result = run(graph, [send("start")])
    assert (outcomes(result), graph.time, result.wrote) == ({"start": Result.FAILED}, 0.0, False)


def test_a_batch_reports_each_request_by_itself():
    graph = FakeGraph(errors={"POST /b": [error(403)], "POST /c": [error(502), error(400, "already exists")]})
    steps = [
        send(name, kind="assignment", key=name, batch=True, success_errors=((400, "already exists"),)) for name in "abc"
    ]
    result = run(graph, steps)
    assert outcomes(result) == {"a": Result.DONE, "b": Result.FAILED, "c": Result.DONE}
    assert graph.writes.count("POST /c") == 2


def test_batches_stop_after_an_interrupt_when_those_in_flight_have_ended():
    graph = FakeGraph()
    steps = [send(f"assign {index}", kind="assignment", key=str(index), batch=True) for index in range(101)]
    result = run(graph, steps, interrupted=lambda: len(graph.writes) >= 30)
    done = [outcome.message for outcome in result.outcomes if outcome.result is Result.DONE]
    skipped = [outcome.message for outcome in result.outcomes if outcome.result is Result.SKIPPED]
    assert len(done) == len(graph.writes) == 40
    assert skipped == [f"assign {index}" for index in range(40, 101)]


def test_the_next_batch_is_made_while_two_are_in_flight(monkeypatch):
    graph, seen = FakeGraph(), []
    original, original_batch = batch_sender.build_request, graph.batch
    made, in_flight = 0, 0

    async def build(*arguments):
        nonlocal made
        made += 1
        return await original(*arguments)

    async def batch(requests):
        nonlocal in_flight
        in_flight += 1
        for _ in range(5):
            await asyncio.sleep(0)
        seen.append((in_flight, made))
        in_flight -= 1
        return await original_batch(requests)

    monkeypatch.setattr(batch_sender, "build_request", build)
    monkeypatch.setattr(graph, "batch", batch)
    run(graph, [send(f"assign {index}", kind="assignment", key=str(index), batch=True) for index in range(101)])
    assert max(number for number, _ in seen) == 2
    assert seen[0] == (2, 60)


def test_a_batch_that_stays_uncertain_fails_after_two_minutes():
    graph = FakeGraph(errors={"POST /a": [error(504)] * 99})
    result = run(graph, [send("a", kind="assignment", batch=True)])
    assert outcomes(result) == {"a": Result.FAILED}
    assert 100 < graph.time <= 120


# --- documents ------------------------------------------------------------------------------------------------------


def test_patch_contains_only_the_properties_that_the_edits_touch():
    raw = {"id": "1", "tags": ["HideApp"], "appRoleAssignmentRequired": True}
    graph = FakeGraph(documents={"/principal": raw})
    assert outcomes(run(graph, [edit(PRINCIPAL, "set_tag", "SecretToken", "2")])) == {"set SecretToken": Result.DONE}
    assert graph.log[1] == ("PATCH", "/principal", {"tags": ["HideApp", "scimconf:SecretToken=2"]})


def test_patch_contains_all_properties_that_the_edits_touch():
    graph = FakeGraph(documents={"/principal": {"id": "1", "tags": [], "appRoleAssignmentRequired": True}})
    steps = [
        edit(PRINCIPAL, "set_tag", "SecretToken", "2"),
        edit(PRINCIPAL, "set_property", "appRoleAssignmentRequired", value=False),
    ]
    run(graph, steps)
    assert graph.log[1][2] == {"tags": ["scimconf:SecretToken=2"], "appRoleAssignmentRequired": False}
    assert graph.writes == ["PATCH /principal"]


def test_a_document_that_is_already_as_desired_is_not_written():
    graph = FakeGraph(documents={"/principal": {"id": "1", "tags": [], "appRoleAssignmentRequired": False}})
    result = run(graph, [edit(PRINCIPAL, "set_property", "appRoleAssignmentRequired", value=False)])
    assert (graph.writes, outcomes(result), result.wrote) == ([], {"set appRoleAssignmentRequired": Result.DONE}, False)


def test_a_document_that_others_have_changed_since_the_plan_is_stale_and_stops_the_rest():
    graph = FakeGraph(documents={"/secrets": [{"key": "SyncAll", "value": "other"}]})
    snapshot = Snapshot(documents={"secrets": [{"key": "SyncAll", "value": "false"}]})
    steps = [edit(SECRETS, "set_value", "SyncAll", "true"), send("later", kind="zz", after_write="secrets")]
    result = run(graph, steps, snapshot=snapshot)
    assert result.stale == "writer:connection/SyncAll has changed in the tenant since the plan was made"
    assert details(result)["later"] == "because the plan is stale"
    assert graph.writes == []


def test_a_write_with_a_conflict_is_repeated_from_a_new_read():
    graph = FakeGraph(
        documents={"/principal": {"id": "1", "tags": [], "appRoleAssignmentRequired": False}},
        errors={"PATCH /principal": [error(412), error(502)]},
    )
    assert outcomes(run(graph, [edit(PRINCIPAL, "set_tag", "A", "1")])) == {"set A": Result.DONE}
    assert graph.writes == ["PATCH /principal"] * 3


def test_a_write_that_does_not_become_visible_is_unconfirmed():
    graph = FakeGraph(documents={"/principal": {"id": "1", "tags": [], "appRoleAssignmentRequired": False}})

    async def lost(request):
        graph.log.append((request.method, request.path, request.body))

    graph.send = lost
    assert outcomes(run(graph, [edit(PRINCIPAL, "set_tag", "A", "1")])) == {"set A": Result.UNCONFIRMED}
    assert 100 < graph.time <= 120


def test_secrets_are_written_with_their_values_and_masked_ones_from_their_references():
    document = Document(
        "secrets", "/secrets", collection=True, written="put_values", references=(("Other", SecretRef("env", "OTHER")),)
    )
    graph = FakeGraph(documents={"/secrets": [{"key": "Other", "value": "*"}]})
    run(graph, [edit(document, "set_value", "SecretToken", SecretRef("env", "TOKEN"))])
    assert graph.log[1][2]["value"] == [
        {"key": "Other", "value": "value of OTHER"},
        {"key": "SecretToken", "value": "value of TOKEN"},
    ]


# --- waits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("phase", "result"), [(Phase.BUILD, Result.UNCONFIRMED), (Phase.STOP, Result.FAILED)])
def test_a_wait_that_times_out_fails_only_where_later_steps_rely_on_it(phase, result):
    graph = FakeGraph(documents={"/job": {"id": "1", "templateId": "t", "schedule": {"state": "Active"}}})
    assert outcomes(run(graph, [wait("off", phase)])) == {"wait until off": result}


def test_a_wait_polls_a_new_document_until_it_shows():
    graph = FakeGraph(
        documents={"/job": {"id": "1", "templateId": "t", "schedule": {"state": "Active"}}},
        errors={"GET /job": [error(404)]},
    )
    assert outcomes(run(graph, [wait("on")], created=NOON)) == {"wait until on": Result.DONE}
    graph.errors["GET /job"] = [error(404)]
    assert outcomes(run(graph, [wait("on")])) == {"wait until on": Result.FAILED}


# --- preflight ------------------------------------------------------------------------------------------------------


def preflighted(steps, rows):
    snapshot = Snapshot(documents={"secrets": rows})
    preflight(ExecutionRequest(steps, snapshot, {}, Secrets(), lambda *_step: None, lambda: False))


def test_preflight_resolves_what_will_be_sent_and_refuses_a_masked_value_without_a_reference():
    with pytest.raises(SecretError, match="UNSET is not set"):
        preflighted([edit(SECRETS, "set_value", "SecretToken", SecretRef("env", "UNSET"))], [])
    with pytest.raises(SecretError, match="Other is stored in Entra, masked"):
        preflighted([edit(SECRETS, "set_value", "SyncAll", "true")], [{"key": "Other", "value": "*"}])
    preflighted([edit(SECRETS, "set_value", "Other", "new")], [{"key": "Other", "value": "*"}])
    preflighted([edit(PRINCIPAL, "set_tag", "A", "1")], [{"key": "Other", "value": "*"}])
