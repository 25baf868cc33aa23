"""How users are read: only what is needed, a page at a time, from the right place, and never more than asked for."""

import pytest
from previews import Rehearsal, preview, small, tenant
from tenant_fixture import told

from scimconf.diagnostics import GraphError, ScimconfError
from scimconf.graph import impact_data
from scimconf.graph.client import Request
from scimconf.graph.protocol.request import Answer
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
    rows = "mappings: {users: {unlisted: delete, attributes: {userName: {source: mail, match: 1}}}}\n"
    preview(rehearsal, small(tmp_path, rows), users=("ada@contoso.com",))
    asked = [entry for entry in rehearsal.journal if entry["path"].endswith("/users/ada@contoso.com")]
    assert asked, "the user is asked for by name"
    query = str(asked[-1])
    assert "onPremisesSyncEnabled" not in query
    assert "mobilePhone" in query, "the live side needs it, though the other one does not"
    assert rehearsal.writes == []


def test_the_whole_directory_comes_in_pages():
    pages = listed(crowd(2_500), lambda graph: impact_data.directory_users(graph, SELECT))
    assert [len(page) for page in pages] == [999, 999, 514]


def test_empty_pages_with_a_next_one_are_passed_over():
    pages = listed(crowd(2_500, empty_pages="yes"), lambda graph: impact_data.directory_users(graph, SELECT))
    assert sum(map(len, pages)) == 2_512


@pytest.mark.parametrize("most", [1, 5, 1_000])
def test_of_a_sample_no_more_is_read_and_the_first_are_the_same_every_time(most):
    rehearsal = crowd(2_000)
    found = [
        name
        for page in listed(rehearsal, lambda graph: impact_data.directory_users(graph, SELECT, most))
        for name in page
    ]
    assert len(found) == most
    assert found == sorted(found)


def test_some_are_read_by_their_ids_and_those_who_are_gone_left_out():
    rehearsal = crowd(400)
    ids = [one["id"] for one in rehearsal.state["users"]]
    pages = listed(
        rehearsal, lambda graph: impact_data.users_by_id(graph, [*ids, "00000000-0000-0000-0000-00000000dead"], SELECT)
    )
    assert [len(page) for page in pages] == [300, 112]
    assert all(page == sorted(page, key=str.casefold) for page in pages)


def test_one_id_is_enough():
    rehearsal = crowd()
    (one,) = [user for user in rehearsal.state["users"] if user["userPrincipalName"] == "ada@contoso.com"]
    assert listed(rehearsal, lambda graph: impact_data.users_by_id(graph, [one["id"]], SELECT)) == [["ada@contoso.com"]]


class Bodies:
    """A Graph that answers with these bodies, whatever it is asked."""

    base = "http://127.0.0.1:8765/v1.0"

    def __init__(self, *bodies):
        self.bodies = list(bodies)

    async def batch(self, requests):
        return [GraphError(status=503, code="x", message="", method="GET", path="/users") for _ in requests]

    async def send(self, _request):
        if self.bodies:
            return Answer(200, self.bodies.pop(0))
        raise GraphError(status=403, code="x", message="", method="GET", path="/users")


USERS = "http://127.0.0.1:8765/v1.0/users"
END = {"value": []}
"""A last page, so that a link which is followed makes no error of another sort."""


def following(link):
    return {"value": [], "@odata.nextLink": link}


def paged(*bodies):
    """Return the pages of `/users` from a Graph that answers with these bodies."""
    import asyncio

    async def work():
        return [page async for page in impact_data.pages(Bodies(*bodies), Request("GET", "/users"))]

    return asyncio.run(work())


@pytest.mark.parametrize("body", [None, {"value": 1}])
def test_pages_of_users_refuse_what_is_no_page(body):
    with pytest.raises(ScimconfError, match="GET /users"):
        paged(body, END)


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/v1.0/users?a=b",
        "http://evil.example:8765/v1.0/users?a=b",
        "http://127.0.0.1:8766/v1.0/users?a=b",
        "https://127.0.0.1:8765/v1.0/users?a=b",
        "http://127.0.0.1:8765@evil.example/v1.0/users?a=b",
        "http://127.0.0.1:8765/v1.0/groups?a=b",
        "http://127.0.0.1:8765/beta/users?a=b",
        "not a url",
        7,
    ],
)
def test_pages_of_users_refuse_a_next_link_to_another_host_or_path(link):
    with pytest.raises(ScimconfError, match="GET /users: the next page link"):
        paged(following(link), END)


def test_pages_of_users_refuse_a_next_link_in_a_circle():
    with pytest.raises(ScimconfError, match="GET /users: the next page link"):
        paged(following(f"{USERS}?$skiptoken=a"), following(f"{USERS}?$skiptoken=a"), END)


def test_pages_of_users_follow_their_own_next_link():
    assert paged(following(f"{USERS}?$skiptoken=a"), following(f"{USERS}?$skiptoken=b"), END) == [[], [], []]


def test_failures_are_errors_and_a_count_that_is_refused_is_not_known():
    import asyncio

    async def ids():
        return [page async for page in impact_data.users_by_id(Bodies(), ["1"], SELECT)]

    for work in (ids(), impact_data.users_by_name(Bodies(), ["a"], SELECT)):
        with pytest.raises(GraphError):
            asyncio.run(work)
    assert asyncio.run(impact_data.count_users(Bodies())) == 0


def test_members_and_documents_fail_loudly_unless_they_are_refused(tmp_path):
    for path in ("*/members/*", "*/secrets"):
        rehearsal = crowd()
        rehearsal.fault({"status": 400, "body": {"error": {"code": "x", "message": "no"}}}, path=path, times=0)
        assert preview(rehearsal, small(tmp_path)).code == 1


def test_many_who_are_assigned_are_picked_from_the_whole_directory(tmp_path, monkeypatch):
    """Reading them by their ids would take longer."""

    by_ids = preview(crowd(), small(tmp_path)).people
    monkeypatch.setattr("scimconf.workflow.preview.BY_IDS", 2)
    assert preview(crowd(), small(tmp_path)).people == by_ids


def test_a_sample_of_the_directory_says_how_large_it_is(tmp_path):
    shown = preview(crowd(), small(tmp_path, provisioning="scope: all"), sample=2)
    assert shown.document["applications"][0]["population"] == "the first 2 users of the directory, which has 12"
    assert list(shown.people) == ["ada", "alan"]


# --- members of groups ------------------------------------------------------------------------------------------------


def nested():
    """A group with a person and another group in it, assigned to Writer."""
    groups = [
        {"displayName": "Inner", "members": ["mary@contoso.com"]},
        {"displayName": "Outer", "members": ["alan@contoso.com", "group:Inner"]},
    ]
    application = {"assignments": [{"group": "Outer", "role": "member"}]}
    return Rehearsal(TenantFile(tenant(groups=groups, application=application)))


def test_a_group_in_a_group_is_nobody_who_is_assigned(tmp_path):
    shown = preview(nested(), small(tmp_path))
    assert shown.document["applications"][0]["population"] == "all assigned users"
    assert shown.outcomes == {"alan": "unchanged"}
    assert preview(nested(), small(tmp_path), sample=1).document["applications"][0]["population"] == (
        "1 of 1 assigned users"
    )


def test_only_people_are_counted_in_a_group():
    from scimconf.graph.principals import count_members

    rehearsal = nested()
    (outer,) = [one for one in rehearsal.state["groups"] if one["displayName"] == "Outer"]

    async def work(live):
        return await count_members(live.graph, [outer["id"]])

    assert rehearsal.run(work) == {outer["id"]: 1}


# --- what basic rights show ---------------------------------------------------------------------------------------------

PLANS = (
    "Application.Read.All Synchronization.ReadWrite.All Organization.Read.All Group.ReadBasic.All GroupMember.Read.All"
)


def basic(*more):
    granted = {*PLANS.split(), "User.ReadBasic.All", *more}
    return Rehearsal(TenantFile(tenant()), permissions=granted)


def test_where_only_basic_properties_may_be_read_the_others_are_not_known(tmp_path):
    shown = preview(basic(), small(tmp_path))
    ada = shown.people["ada"]["after"]
    assert ada["attributes"]["displayName"]["value"] == "Ada Lovelace"
    for target, name in (("title", "jobTitle"), ("active", "IsSoftDeleted"), ("externalId", "mailNickname")):
        assert ada["attributes"][target]["kind"] == "undetermined", target
        reason = f"{name}: only basic properties of users could be read; grant User.Read.All"
        assert ada["attributes"][target]["reason"] == reason
    assert "title" not in ada["resource"]
    (notice,) = shown.document["applications"][0]["summary"]["warnings"]
    assert notice.startswith("Only basic properties of all users could be read")
    assert "User.Read.All" in notice
    assert shown.outcomes["ada"] == "unchanged"
    for form in ("text", "html"):
        assert "all other values are undetermined" in " ".join(preview(basic(), small(tmp_path), form).text.split())


def test_basic_properties_are_no_sample_to_try_a_plan_on(tmp_path):
    """The plan says that people were not counted, and why, in place of numbers made of nulls."""
    path = small(tmp_path, "mappings: {users: {attributes: {title: displayName}}}\n")
    said = " ".join(told(basic().plan(path)).split())
    assert "K004: affected users are not counted: Graph returned only basic properties of users." in said
    assert "the value changes for" not in said
    said = told(basic("User.Read.All").plan(path))
    assert "the value changes for" in said
    assert "K004" not in said


def test_whoever_may_read_users_gets_no_such_notice(tmp_path):
    shown = preview(basic("User.Read.All"), small(tmp_path))
    assert shown.document["applications"][0]["summary"]["warnings"] == []
    assert shown.people["ada"]["after"]["attributes"]["title"]["value"] == "Principal Analyst"


def test_a_filter_on_what_could_not_be_read_leaves_the_scope_open(tmp_path):
    filters = "mappings: {users: {filters: [{name: f, all: [{attribute: city, operator: equals, value: Boston}]}]}}\n"
    shown = preview(basic(), small(tmp_path, filters))
    assert set(shown.outcomes.values()) == {"unknown"}
    assert shown.people["ada"]["after"]["reason"].startswith("city: only basic properties of users could be read")


def test_what_graph_leaves_out_is_not_known_unless_it_is_an_extension(tmp_path):
    from scimconf.impact.user_attributes import GAP, gap_reader, reader

    names, user = ["jobTitle", "city", "extension_ab_cost"], {"accountEnabled": True, "city": None}
    assert reader(names)(user) == {"jobTitle": GAP, "city": None, "extension_ab_cost": None}
    assert gap_reader(names)(user) == {"jobTitle": "Graph did not return it"}
    assert gap_reader(names)({"accountEnabled": None, **dict.fromkeys(names)}).keys() == set(names)


# --- who is asked for twice ---------------------------------------------------------------------------------------------


def test_somebody_who_is_asked_for_twice_is_one_person(tmp_path):
    rehearsal = crowd()
    (id_,) = [one["id"] for one in rehearsal.state["users"] if one["userPrincipalName"] == "ada@contoso.com"]
    shown = preview(rehearsal, small(tmp_path), users=("ada@contoso.com", "ADA@contoso.com", id_))
    assert shown.document["applications"][0]["population"] == "1 user"
    assert shown.people["ada"]["notes"] == []
    assert "duplicates" not in shown.mappings.get("userName", {"counts": {}})["counts"]
