"""Reading users and members for the impact of a plan, with a fake Graph that answers by path."""

from __future__ import annotations

import asyncio

import pytest

from scimconf.diagnostics import GraphError
from scimconf.graph.impact_data import (
    count_users,
    group_members,
    read_impact_data,
    read_optional_documents,
    users_by_name,
)
from scimconf.graph.protocol.request import Answer
from scimconf.plan.impact import ImpactQueries, SamplePopulation
from scimconf.snapshot import Document, Snapshot


def error(status):
    return GraphError(status=status, code="Denied", message="no", method="GET", path="/x", hint="grant it")


class FakeGraph:
    """Answers each request with the body or the error of its resolved path."""

    base = "http://127.0.0.1:8765/v1.0"

    def __init__(self, **answers):
        self.answers = {f"/{path.replace('__', '/')}": answer for path, answer in answers.items()}

    async def send(self, request):
        answer = self.answers[request.resolved_path().removesuffix("/microsoft.graph.user")]
        if isinstance(answer, Exception):
            raise answer
        return Answer(200, answer)

    async def get(self, path, _names, _query):
        return (await self.send(_Path(path))).body

    async def batch(self, requests):
        return [self._result(request) for request in requests]

    def _result(self, request):
        answer = self.answers[request.resolved_path()]
        return answer if isinstance(answer, Exception) else Answer(200, answer)


class _Path:
    def __init__(self, path):
        self.path = path

    def resolved_path(self):
        return self.path


def page(*ids, link=None):
    return {"value": [{"id": number} for number in ids], **({"@odata.nextLink": link} if link else {})}


def test_users_by_name_returns_none_for_a_user_that_does_not_exist_and_raises_other_errors():
    graph = FakeGraph(users__ada={"id": "1"}, users__bob=error(404), users__eve=error(403))
    assert asyncio.run(users_by_name(graph, ["bob", "ada"], ["id"])) == [None, {"id": "1"}]
    with pytest.raises(GraphError):
        asyncio.run(users_by_name(graph, ["eve"], ["id"]))


@pytest.mark.parametrize("status", [401, 403, 404])
def test_group_members_are_unknown_for_a_group_that_is_denied_or_deleted(status):
    graph = FakeGraph(groups__a__members=page("X", "y"), groups__b__members=error(status))
    assert asyncio.run(group_members(graph, ["b", "a"])) == {"a": frozenset({"x", "y"}), "b": None}


def test_group_members_raises_other_errors():
    with pytest.raises(GraphError):
        asyncio.run(group_members(FakeGraph(groups__a__members=error(500)), ["a"]))


def test_count_users_is_0_if_it_cannot_be_read():
    assert asyncio.run(count_users(FakeGraph(users={"@odata.count": 7}))) == 7
    assert asyncio.run(count_users(FakeGraph(users=error(403)))) == 0


def test_read_impact_data_describes_a_denied_sample():
    queries = ImpactQueries(properties=("id",), user_count=True)
    data = asyncio.run(read_impact_data(FakeGraph(users=error(403)), queries))
    assert (data.sample, data.denied, data.hint, data.user_count) == (None, "403 Denied", "grant it", None)


def test_read_impact_data_samples_a_population_although_one_of_its_groups_is_denied():
    graph = FakeGraph(groups__a__members=page("1", link="more"), groups__b__members=error(403), users=page("1"))
    population = SamplePopulation(users=(), groups=("a", "b"))
    sample = asyncio.run(read_impact_data(graph, ImpactQueries(properties=("id",), population=population))).sample
    assert (sample.users, sample.assigned, sample.complete) == (({"id": "1"},), True, False)


def test_read_impact_data_describes_a_population_that_is_denied():
    population = SamplePopulation(users=(), groups=("b",))
    queries = ImpactQueries(properties=("id",), population=population)
    assert asyncio.run(read_impact_data(FakeGraph(groups__b__members=error(401)), queries)).denied == "401 Denied"


def test_read_impact_data_reads_no_more_groups_than_a_sample_needs():
    graph = FakeGraph(groups__a__members=page(*map(str, range(501))), users=page("1"))
    population = SamplePopulation(users=(), groups=("a", "unread"))
    sample = asyncio.run(read_impact_data(graph, ImpactQueries(properties=("id",), population=population))).sample
    assert not sample.complete


def test_read_optional_documents_reads_what_is_missing_and_records_denied_reads():
    graph = FakeGraph(new={"id": "1"}, denied=error(403))
    documents = [
        Document("known", "/x"),
        Document("new", "/new"),
        Document("later", "/{x}"),
        Document("denied", "/denied"),
    ]
    snapshot = asyncio.run(read_optional_documents(graph, Snapshot(documents={"known": 1}), documents))
    assert snapshot.documents == {"known": 1, "new": {"id": "1"}}
    assert list(snapshot.denied) == ["denied"]
    with pytest.raises(GraphError):
        asyncio.run(read_optional_documents(FakeGraph(new=error(500)), Snapshot(), documents[1:2]))
