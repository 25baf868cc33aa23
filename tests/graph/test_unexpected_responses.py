"""Answers that are not as Graph documents them, and what nobody foresaw: an error that says where, and a report."""

import asyncio
import gc
import importlib
import json
import logging
import re

import httpx
import pytest
from tenant_fixture import WRITER, Person, Rehearsal, changes, exit_code, wishes

from scimconf.diagnostics import GraphError, ScimconfError
from scimconf.graph import impact_data
from scimconf.graph.eventual_consistency import ConsistencyPolicy
from scimconf.graph.execution import scheduler
from scimconf.graph.principals import PrincipalRow
from scimconf.graph.protocol.batches import replies
from scimconf.graph.protocol.pages import decoder
from scimconf.graph.protocol.request import Answer
from scimconf.graph.reading import TenantSession, observe
from scimconf.plan import Result
from scimconf.snapshot import Document, Lookup
from scimconf.workflow.apply import apply

SELECT = ("id", "userPrincipalName")


class Bodies:
    """A Graph that answers everything with one body, alone and in batches."""

    base = "http://127.0.0.1:8765/v1.0"

    def __init__(self, body):
        self.body = body

    async def get(self, _path, _names=None, _query=None):
        return self.body

    async def collect(self, *_given):
        return self.body

    async def get_by_ids(self, *_given):
        return self.body

    async def send(self, _request, _link=""):
        return Answer(200, self.body)

    async def batch(self, requests):
        return [Answer(200, self.body) for _ in requests]


def live(graph):
    return TenantSession(graph, ConsistencyPolicy(asyncio.sleep, lambda: 0.0, lambda: None))


def observed(graph, documents, lookups=lambda _seen: ()):
    return asyncio.run(observe(live(graph), documents, lookups))


# --- what is read ---------------------------------------------------------------------------------------------------


def test_observe_reports_the_path_of_an_undocumented_value():
    with pytest.raises(GraphError) as caught:
        observed(Bodies([{"id": 7777}]), [Document("service_principals", "/servicePrincipals", collection=True)])
    assert str(caught.value) == (
        "GET /servicePrincipals answered 200 unexpected response: "
        "the response is not as Graph documents it: [0].id: expected a string, got a number"
    )


@pytest.mark.parametrize("rows", [[5], [None], [{}], [{"id": 7}]])
def test_a_principal_without_an_id_is_an_error(rows):
    """Whichever way it was looked up."""
    with pytest.raises(GraphError, match=r"\[0\]: expected an object with an id"):
        observed(Bodies({"value": rows}), [], lambda _seen: [Lookup("user", "ada@contoso.com")])
    with pytest.raises(ValueError, match=r"unexpected items, first at value\.0"):
        decoder(PrincipalRow)(json.dumps({"value": rows}).encode())


@pytest.mark.parametrize("body", [None, [], 5, {"value": {}}])
def test_a_user_lookup_without_a_collection_is_an_error(body):
    with pytest.raises(GraphError, match="expected a collection"):
        observed(Bodies(body), [], lambda _seen: [Lookup("user", "ada@contoso.com")])


@pytest.mark.parametrize("body", [None, [], 5, {"@odata.count": "many"}])
def test_an_invalid_count_is_unknown(body):
    assert asyncio.run(impact_data.count_users(Bodies(body))) == 0


@pytest.mark.parametrize(
    "body",
    [
        {"value": [5]},
        {"value": [{}]},
        {"value": [], "@odata.nextLink": 5},
        {"value": [], "@odata.nextLink": "http://["},
    ],
)
def test_pages_of_users_are_checked(body):
    async def work():
        return [page async for page in impact_data.directory_users(Bodies(body), SELECT)]

    with pytest.raises(ScimconfError, match="expected an object with an id|next page link is not a URL"):
        asyncio.run(work())


@pytest.mark.parametrize("body", [None, [], {"value": 5}, {"value": [7]}])
def test_users_by_id_and_name_are_checked(body):
    async def by_ids():
        return [page async for page in impact_data.users_by_id(Bodies(body), ["1"], SELECT)]

    for work in (by_ids(), impact_data.users_by_name(Bodies(body), ["a"], SELECT)):
        with pytest.raises(GraphError, match="expected an object with an id"):
            asyncio.run(work)


@pytest.mark.parametrize("born", ["yesterday", "", None, "2026-11-25"])
def test_an_invalid_creation_date_makes_no_application_new(born):
    policy = ConsistencyPolicy(asyncio.sleep, lambda: 0.0, lambda: None)
    policy.set_created(born)
    assert not policy.is_new()


DEEP = b'{"value":' + b"[" * 200_000 + b"]" * 200_000 + b"}"


@pytest.mark.parametrize("status", [200, 400])
def test_deeply_nested_json_is_an_unexpected_response(fake, status):
    fake.answers(lambda _request: httpx.Response(status, content=DEEP, headers={"content-type": "application/json"}))
    for work in (lambda graph: graph.get("/me"), lambda graph: graph.collect("/users")):
        with pytest.raises(GraphError) as caught:
            fake.run(work)
        assert caught.value.code == "unexpected response"


@pytest.mark.parametrize("link", [5, ["a"], "http://[::1/x", "http://127.0.0.1:8080/\nx", "http://127.0.0.1:8080/a b"])
def test_a_next_link_that_is_not_a_url_is_refused(fake, link):
    fake.answers(lambda _request: httpx.Response(200, json={"value": [], "@odata.nextLink": link}))
    with pytest.raises(GraphError, match="next page link is not a URL"):
        fake.run(lambda graph: graph.collect("/users"))


def test_replies_ignores_malformed_rows():
    rows = [
        5,
        None,
        {"id": "²", "status": 200},
        {"id": "9" * 5000, "status": 200},
        {"id": "1", "status": 200, "headers": 5},
    ]
    assert list(replies(Answer(200, {"responses": rows}))) == [1]


# --- reads that fail together ---------------------------------------------------------------------------------------


class Failing(Bodies):
    """Every read fails at once, but for those of `slow`, which never end."""

    def __init__(self, slow=""):
        super().__init__(None)
        self.slow = slow
        self.stopped = False

    async def get(self, path, *_given):
        if path == self.slow:
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                self.stopped = True
        raise GraphError(status=500, code="Broken", message="", method="GET", path=path)


def test_observe_raises_one_of_several_failures_and_leaves_none_unretrieved(caplog):
    graph = Failing(slow="/c")
    with caplog.at_level(logging.DEBUG, "asyncio"), pytest.raises(GraphError, match="GET /a"):
        observed(graph, [Document(name, f"/{name}") for name in "abc"])
    gc.collect()
    assert [one.getMessage() for one in caplog.records if "never retrieved" in one.getMessage()] == []
    assert graph.stopped, "what was still running has ended"


# --- what nobody foresaw --------------------------------------------------------------------------------------------


def test_a_failing_progress_callback_does_not_stop_apply():

    class Blind(Person):
        def tell(self, *_given):
            raise OSError(28, "No space left on device")

    rehearsal = Rehearsal()
    assert exit_code(rehearsal.apply(WRITER, wishes(allow=("application-created", "initial-start")), Blind())) == 0
    assert changes(rehearsal.plan(WRITER)) == []


def test_an_unexpected_error_during_apply_is_a_failed_step(monkeypatch):
    monkeypatch.setattr(scheduler, "write", _defect)
    report = Rehearsal().apply(WRITER)
    assert (exit_code(report), report.wrote) == (5, True)
    details = [one.detail for one in report.outcomes if one.result is Result.FAILED]
    assert details
    assert all(re.fullmatch(r"this is a defect of scimconf: TypeError at scimconf\.\S+:\d+", one) for one in details)
    assert Result.SKIPPED in {one.result for one in report.outcomes}


async def _defect(*_given):
    raise TypeError("hunter2")


def test_an_unexpected_error_during_a_batch_reports_no_step_twice(monkeypatch):
    rehearsal = Rehearsal()
    monkeypatch.setattr("scimconf.graph.client.Graph.batch", _half(), raising=True)
    report = rehearsal.apply(WRITER)
    assert exit_code(report) == 5
    told = [one.message for one in report.outcomes if one.message.startswith("assign ")]
    assert len(told) == len(set(told))
    assert "TypeError" in " ".join(one.detail for one in report.failed)


def _half():
    async def batch(_graph, requests):
        if any(one.method == "POST" for one in requests):
            raise TypeError("hunter2")
        return [Answer(200, {"value": []}) for _ in requests]

    return batch


def test_an_unexpected_error_between_two_rounds_is_reported_with_the_outcomes(monkeypatch):
    rehearsal = Rehearsal()
    first = rehearsal.plan(WRITER)

    async def planned(*_given):
        raise KeyError("hunter2")

    async def work(live):
        monkeypatch.setattr(importlib.import_module("scimconf.workflow.apply"), "plan", planned)
        return await apply(live, first, wishes(), rehearsal.secrets, Person())

    report = rehearsal.run(work)
    assert exit_code(report) == 5
    assert report.outcomes
    assert re.fullmatch(r"this is a defect of scimconf: KeyError at scimconf\.\S+:\d+", report.error)


@pytest.mark.parametrize("body", ["<html>Sign in</html>", "{}", "[5]", '{"servicePrincipal": {"id": 5}}'])
def test_an_unexpected_response_to_a_write_counts_as_written(body):
    rehearsal = Rehearsal()
    kind = {"Content-Type": "text/html" if body.startswith("<") else "application/json"}
    content = body if body.startswith("<") else json.loads(body)
    action = {"status": 201, "body": content, "headers": kind}
    rehearsal.fault(action, method="POST", path="*/instantiate", when="after")
    report = rehearsal.apply(WRITER)
    assert exit_code(report) == 5
    (failure,) = report.failed
    assert "unexpected response" in failure.detail or "is not as Graph documents it" in failure.detail


@pytest.mark.parametrize("answer", [None, [], 5, {"parsingSucceeded": True, "parsedExpression": 5, "error": 5}])
def test_a_malformed_response_of_parse_expression_is_an_error(answer):
    from scimconf.graph.execution.document_writer import _tree

    with pytest.raises(ScimconfError, match="no reason given"):
        _tree(answer, "[mail]")
