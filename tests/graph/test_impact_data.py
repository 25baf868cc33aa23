"""Reading users and members for the impact of a plan, with a fake Graph that answers by path."""

from __future__ import annotations

import asyncio

import pytest

from scimconf.diagnostics import GraphError
from scimconf.graph.impact_data import (
    count_users,
    directory_users,
    group_members,
    read_members,
    read_optional_documents,
    users_by_name,
)
from scimconf.graph.protocol.request import Answer
from scimconf.plan.impact import Members
from scimconf.snapshot import Document, Snapshot


def error(status):
    return GraphError(status=status, code="Denied", message="no", method="GET", path="/x", hint="grant it")


class FakeGraph:
    """Answers each request with the body or the error of its resolved path."""

    base = "http://127.0.0.1:8765/v1.0"

    def __init__(self, **answers):
        self.answers = {f"/{path.replace('__', '/')}": answer for path, answer in answers.items()}

    async def send(self, request, _link=""):
        answer = self.answers[request.resolved_path().removesuffix("/microsoft.graph.user")]
        if isinstance(answer, Exception):
            raise answer
        return Answer(200, answer)

    async def get(self, path, _names, _query):
        return (await self.send(_Path(path))).body

    async def batch(self, requests):
        return [self._result(request) for request in requests]

    def _result(self, request):
        answer = self.answers[request.resolved_path().removesuffix("/microsoft.graph.user")]
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
    assert asyncio.run(group_members(graph, ["b", "a"])) == Members({"a": frozenset({"x", "y"})})


def test_group_members_raises_other_errors():
    with pytest.raises(GraphError):
        asyncio.run(group_members(FakeGraph(groups__a__members=error(500)), ["a"]))


def test_count_users_is_0_if_it_cannot_be_read():
    assert asyncio.run(count_users(FakeGraph(users={"@odata.count": 7}))) == 7
    assert asyncio.run(count_users(FakeGraph(users=error(403)))) == 0


def read(graph, groups):
    return asyncio.run(read_members(graph, groups))


def test_read_members_returns_the_members_that_could_be_read_and_the_first_error():
    graph = FakeGraph(groups__a__members=page("X", "y"), groups__b__members=error(403), groups__c__members=error(500))
    members, denied = read(graph, ["c", "b", "a"])
    assert members == Members({"a": frozenset({"x", "y"})}, {"a": 2})
    assert (denied.status, members.unread("a"), members.unread("b")) == (403, 0, None)
    assert read(graph, []) == (Members(), None)


def test_read_members_reads_a_group_again_if_its_first_page_is_not_all():
    """The first page has a link, and the number of members is unknown."""
    graph = FakeGraph(groups__a__members=page("x"))
    graph.batch = lambda _requests: _result([Answer(200, page(link="more"))])
    members, _ = read(graph, ["a"])
    assert members == Members({"a": frozenset({"x"})}, {"a": 1})


async def _result(value):
    return value


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


def test_directory_users_follows_a_next_link_as_it_is(fake):
    """An option may have any name, and the escapes of its value stay."""
    link = f"{fake.base}/users?$skiptoken=a%2Bb+c&life-rest=1"
    first, second = {"value": [{"id": "1"}], "@odata.nextLink": link}, {"value": [{"id": "2"}]}
    fake.answers(fake.ok(first), fake.ok(second))

    async def work(graph):
        return [user async for page in directory_users(graph, ["id"]) for user in page]

    assert [user["id"] for user in fake.run(work)] == ["1", "2"]
    assert fake.urls[1] == link
