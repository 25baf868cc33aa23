"""How users are read: only what is needed, a page at a time, from the right place, and never more than asked for."""

import pytest
from previews import Rehearsal, preview, small, tenant

from scimconf.errors import GraphError, ScimconfError
from scimconf.live import people
from scimconf.sandbox.tenant_file import TenantFile

SELECT = ("id", "userPrincipalName")


def crowd(number=0, **switches):
    return Rehearsal(TenantFile(tenant(generate={"users": number})), **switches)


def listed(rehearsal, make):
    async def work(live):
        return [[one["userPrincipalName"] for one in page] async for page in make(live.graph)]

    return rehearsal.run(work)


def test_only_the_needed_properties_are_asked_for(tmp_path):
    rehearsal = crowd()
    rows = "mappings: {users: {unlisted: remove, attributes: {userName: {source: mail, match: 1}}}}\n"
    preview(rehearsal, small(tmp_path, rows), users=("ada@contoso.com",))
    asked = [entry for entry in rehearsal.journal if entry["path"].endswith("/users/ada@contoso.com")]
    assert asked, "the user is asked for by name"
    query = str(asked[-1])
    assert "onPremisesSyncEnabled" not in query
    assert "mobilePhone" in query, "the live side needs it, though the other one does not"
    assert rehearsal.writes == []


def test_the_whole_directory_comes_in_pages():
    pages = listed(crowd(2_500), lambda graph: people.everyone(graph, SELECT))
    assert [len(page) for page in pages] == [999, 999, 514]


def test_empty_pages_with_a_next_one_are_passed_over():
    pages = listed(crowd(2_500, empty_pages="yes"), lambda graph: people.everyone(graph, SELECT))
    assert sum(map(len, pages)) == 2_512


@pytest.mark.parametrize("most", [1, 5, 1_000])
def test_of_a_sample_no_more_is_read_and_the_first_are_the_same_every_time(most):
    rehearsal = crowd(2_000)
    found = [name for page in listed(rehearsal, lambda graph: people.everyone(graph, SELECT, most)) for name in page]
    assert len(found) == most
    assert found == sorted(found)


def test_some_are_read_by_their_ids_and_those_who_are_gone_left_out():
    rehearsal = crowd(400)
    ids = [one["id"] for one in rehearsal.state["users"]]
    pages = listed(
        rehearsal, lambda graph: people.by_ids(graph, [*ids, "00000000-0000-0000-0000-00000000dead"], SELECT)
    )
    assert [len(page) for page in pages] == [300, 112]
    assert all(page == sorted(page, key=str.casefold) for page in pages)


def test_one_id_is_enough():
    rehearsal = crowd()
    (one,) = [user for user in rehearsal.state["users"] if user["userPrincipalName"] == "ada@contoso.com"]
    assert listed(rehearsal, lambda graph: people.by_ids(graph, [one["id"]], SELECT)) == [["ada@contoso.com"]]


class Bodies:
    """A Graph that answers with these bodies, whatever it is asked."""

    base = "http://127.0.0.1:8765/v1.0"

    def __init__(self, *bodies):
        self.bodies = list(bodies)

    async def get(self, _path, _names, _query):
        return self.bodies.pop(0)

    async def batch(self, requests):
        return [GraphError(status=503, code="x", message="", method="GET", path="/users") for _ in requests]

    async def send(self, _request):
        raise GraphError(status=403, code="x", message="", method="GET", path="/users")


LINK = "http://127.0.0.1:8765/v1.0/users?$skiptoken=a"


@pytest.mark.parametrize(
    "bodies",
    [
        (None,),
        ({"value": 1},),
        ({"value": [], "@odata.nextLink": "https://evil.example/v1.0/users?a=b"},),
        ({"value": [], "@odata.nextLink": "http://127.0.0.1:8765/v1.0/groups?a=b"},),
        ({"value": [], "@odata.nextLink": LINK}, {"value": [], "@odata.nextLink": LINK}),
    ],
)
def test_a_page_or_a_link_that_is_none_of_its_own_is_an_error(bodies):
    import asyncio

    async def work():
        return [page async for page in people.pages(Bodies(*bodies), "/users")]

    with pytest.raises(ScimconfError, match="GET /users"):
        asyncio.run(work())


def test_failures_are_errors_and_a_count_that_is_refused_is_not_known():
    import asyncio

    async def ids():
        return [page async for page in people.by_ids(Bodies(), ["1"], SELECT)]

    for work in (ids(), people.by_names(Bodies(), ["a"], SELECT)):
        with pytest.raises(GraphError):
            asyncio.run(work)
    assert asyncio.run(people.count(Bodies())) == 0


def test_members_and_documents_fail_loudly_unless_they_are_refused(tmp_path):
    for path in ("*/members", "*/secrets"):
        rehearsal = crowd()
        rehearsal.fault({"status": 400, "body": {"error": {"code": "x", "message": "no"}}}, path=path, times=0)
        assert preview(rehearsal, small(tmp_path)).code == 1


def test_many_who_are_assigned_are_picked_from_the_whole_directory(tmp_path, monkeypatch):
    """Reading them by their ids would take longer."""
    from scimconf.cli import previewing

    by_ids = preview(crowd(), small(tmp_path)).people
    monkeypatch.setattr(previewing, "BY_IDS", 2)
    assert preview(crowd(), small(tmp_path)).people == by_ids


def test_a_sample_of_the_directory_says_how_large_it_is(tmp_path):
    shown = preview(crowd(), small(tmp_path, provisioning="scope: all"), sample=2)
    assert shown.document["applications"][0]["about"] == "the first 2 users of the directory, which has 12"
    assert list(shown.people) == ["ada", "alan"]
