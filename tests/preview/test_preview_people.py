"""How a preview reads users from Graph: properties, pages, next links and permissions."""

import pytest
from previews import Rehearsal, minimal_spec, preview, tenant_with_writer
from tenant_fixture import told

from scimconf.diagnostics import GraphError, ScimconfError
from scimconf.graph import impact_data
from scimconf.graph.client import Request
from scimconf.graph.protocol.request import Answer
from scimconf.sandbox.tenant_file import TenantFile

SELECT = ("id", "userPrincipalName")


def tenant_with_users(number=0, **switches):
    return Rehearsal(TenantFile(tenant_with_writer(generate={"users": number})), **switches)


def read_pages(rehearsal, make):
    async def work(live):
        return [[one["userPrincipalName"] for one in page] async for page in make(live.graph)]

    return rehearsal.run(work)


def test_preview_selects_only_the_properties_that_mappings_need(tmp_path):
    rehearsal = tenant_with_users()
    rows = "mappings: {users: {unlisted: delete, attributes: {userName: {source: mail, match: 1}}}}\n"
    preview(rehearsal, minimal_spec(tmp_path, rows), users=("ada@contoso.com",))
    requests = [entry for entry in rehearsal.journal if entry["path"].endswith("/users/ada@contoso.com")]
    assert requests, "the user is asked for by name"
    query = str(requests[-1])
    assert "onPremisesSyncEnabled" not in query
    assert "mobilePhone" in query, "the live side needs it, though the other one does not"
    assert rehearsal.writes == []


def test_directory_users_reads_the_directory_in_pages():
    pages = read_pages(tenant_with_users(2_500), lambda graph: impact_data.directory_users(graph, SELECT))
    assert [len(page) for page in pages] == [999, 999, 514]


def test_directory_users_skips_empty_pages_with_a_next_link():
    pages = read_pages(
        tenant_with_users(2_500, empty_pages="yes"), lambda graph: impact_data.directory_users(graph, SELECT)
    )
    assert sum(map(len, pages)) == 2_512


@pytest.mark.parametrize("limit", [1, 5, 1_000])
def test_directory_users_reads_a_sample_of_limited_size_in_a_fixed_order(limit):
    rehearsal = tenant_with_users(2_000)
    found = [
        name
        for page in read_pages(rehearsal, lambda graph: impact_data.directory_users(graph, SELECT, limit))
        for name in page
    ]
    assert len(found) == limit
    assert found == sorted(found)


def test_users_by_id_reads_users_in_pages_and_skips_deleted_users():
    rehearsal = tenant_with_users(400)
    ids = [one["id"] for one in rehearsal.state["users"]]
    pages = read_pages(
        rehearsal, lambda graph: impact_data.users_by_id(graph, [*ids, "00000000-0000-0000-0000-00000000dead"], SELECT)
    )
    assert [len(page) for page in pages] == [300, 112]
    assert all(page == sorted(page, key=str.casefold) for page in pages)


def test_users_by_id_reads_a_single_user():
    rehearsal = tenant_with_users()
    (one,) = [user for user in rehearsal.state["users"] if user["userPrincipalName"] == "ada@contoso.com"]
    assert read_pages(rehearsal, lambda graph: impact_data.users_by_id(graph, [one["id"]], SELECT)) == [
        ["ada@contoso.com"]
    ]


class FakeGraph:
    """A Graph client that returns these bodies in order, and then 403."""

    base = "http://127.0.0.1:8765/v1.0"

    def __init__(self, *bodies):
        self.bodies = list(bodies)

    async def batch(self, requests):
        return [GraphError(status=503, code="x", message="", method="GET", path="/users") for _ in requests]

    async def send(self, _request, _link=""):
        if self.bodies:
            return Answer(200, self.bodies.pop(0))
        raise GraphError(status=403, code="x", message="", method="GET", path="/users")


USERS = "http://127.0.0.1:8765/v1.0/users"
END = {"value": []}
"""The last page, so that following a link raises no other error."""


def page_with_next_link(link):
    return {"value": [], "@odata.nextLink": link}


def paged(*bodies):
    """Return the pages of `/users` from a Graph that answers with these bodies."""
    import asyncio

    async def work():
        return [page async for page in impact_data.pages(FakeGraph(*bodies), Request("GET", "/users"))]

    return asyncio.run(work())


@pytest.mark.parametrize("body", [None, {"value": 1}])
def test_pages_reject_a_body_that_is_not_a_page(body):
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
def test_pages_reject_a_next_link_to_another_host_or_path(link):
    with pytest.raises(ScimconfError, match="GET /users: the next page link"):
        paged(page_with_next_link(link), END)


def test_pages_reject_a_repeated_next_link():
    with pytest.raises(ScimconfError, match="GET /users: the next page link"):
        paged(page_with_next_link(f"{USERS}?$skiptoken=a"), page_with_next_link(f"{USERS}?$skiptoken=a"), END)


def test_pages_follow_a_next_link_to_the_same_path():
    assert paged(page_with_next_link(f"{USERS}?$skiptoken=a"), page_with_next_link(f"{USERS}?$skiptoken=b"), END) == [
        [],
        [],
        [],
    ]


def test_user_reads_raise_graph_errors_and_count_users_returns_0_if_denied():
    import asyncio

    async def ids():
        return [page async for page in impact_data.users_by_id(FakeGraph(), ["1"], SELECT)]

    for work in (ids(), impact_data.users_by_name(FakeGraph(), ["a"], SELECT)):
        with pytest.raises(GraphError):
            asyncio.run(work)
    assert asyncio.run(impact_data.count_users(FakeGraph())) == 0


def test_preview_exits_with_1_if_members_or_secrets_fail_with_a_bad_request(tmp_path):
    for path in ("*/members/*", "*/secrets"):
        rehearsal = tenant_with_users()
        rehearsal.fault({"status": 400, "body": {"error": {"code": "x", "message": "no"}}}, path=path, times=0)
        assert preview(rehearsal, minimal_spec(tmp_path)).code == 1


def test_preview_reads_the_directory_if_many_users_are_assigned(tmp_path, monkeypatch):
    """To read them by id would take longer."""
    by_ids = preview(tenant_with_users(), minimal_spec(tmp_path)).users

    async def always(*_arguments):
        return True

    monkeypatch.setattr("scimconf.graph.principals.reads_all", always)
    assert preview(tenant_with_users(), minimal_spec(tmp_path)).users == by_ids


def test_preview_of_a_sample_states_the_size_of_the_directory(tmp_path):
    result = preview(tenant_with_users(), minimal_spec(tmp_path, provisioning="scope: all"), sample=2)
    assert result.document["applications"][0]["population"] == "the first 2 users of the directory, which has 12"
    assert list(result.users) == ["ada", "alan"]


# --- members of groups -----------------------------------------------------------------------------------------------


def tenant_with_nested_groups():
    """Return a tenant where Writer has a group that contains a user and another group."""
    groups = [
        {"displayName": "Inner", "members": ["mary@contoso.com"]},
        {"displayName": "Outer", "members": ["alan@contoso.com", "group:Inner"]},
    ]
    application = {"assignments": [{"group": "Outer", "role": "member"}]}
    return Rehearsal(TenantFile(tenant_with_writer(groups=groups, application=application)))


def test_preview_ignores_members_of_nested_groups(tmp_path):
    result = preview(tenant_with_nested_groups(), minimal_spec(tmp_path))
    assert result.document["applications"][0]["population"] == "all assigned users"
    assert result.outcomes == {"alan": "unchanged"}
    assert preview(tenant_with_nested_groups(), minimal_spec(tmp_path), sample=1).document["applications"][0][
        "population"
    ] == ("1 of 1 assigned users")


def test_read_members_returns_only_users():
    rehearsal = tenant_with_nested_groups()
    (outer,) = [one for one in rehearsal.state["groups"] if one["displayName"] == "Outer"]

    async def work(live):
        return await impact_data.read_members(live.graph, [outer["id"]])

    members, error = rehearsal.run(work)
    assert (members.counts, [len(ids) for ids in members.ids.values()], error) == ({outer["id"]: 1}, [1], None)


# --- basic read permissions ------------------------------------------------------------------------------------------

PLANS = (
    "Application.Read.All Synchronization.ReadWrite.All Organization.Read.All Group.ReadBasic.All GroupMember.Read.All"
)


def basic_properties_tenant(*more):
    granted = {*PLANS.split(), "User.ReadBasic.All", *more}
    return Rehearsal(TenantFile(tenant_with_writer()), permissions=granted)


def test_preview_with_basic_read_permission_shows_other_values_as_undetermined(tmp_path):
    result = preview(basic_properties_tenant(), minimal_spec(tmp_path))
    ada = result.users["ada"]["after"]
    assert ada["attributes"]["displayName"]["value"] == "Ada Lovelace"
    for target, name in (("title", "jobTitle"), ("active", "IsSoftDeleted"), ("externalId", "mailNickname")):
        assert ada["attributes"][target]["kind"] == "undetermined", target
        reason = f"{name}: only basic properties of users could be read; grant User.Read.All"
        assert ada["attributes"][target]["reason"] == reason
    assert "title" not in ada["resource"]
    (notice,) = result.document["applications"][0]["summary"]["warnings"]
    assert notice.startswith("Only basic properties of all users could be read")
    assert "User.Read.All" in notice
    assert result.outcomes["ada"] == "unchanged"
    for form in ("text", "html"):
        assert "all other values are undetermined" in " ".join(
            preview(basic_properties_tenant(), minimal_spec(tmp_path), form).text.split()
        )


def test_plan_with_basic_read_permission_reports_k004_and_undetermined_users(tmp_path):
    path = minimal_spec(tmp_path, "mappings: {users: {attributes: {title: displayName}}}\n")
    output = " ".join(told(basic_properties_tenant().plan(path)).split())
    message = "K004: Graph returned only basic properties of users, so effects that depend on others are undetermined."
    assert message in output
    assert "the value changes for up to 5 of 5 users in scope; undetermined for 5" in output
    output = told(basic_properties_tenant("User.Read.All").plan(path))
    assert "the value changes for" in output
    assert "K004" not in output


def test_preview_with_user_read_all_has_no_warning_about_basic_properties(tmp_path):
    result = preview(basic_properties_tenant("User.Read.All"), minimal_spec(tmp_path))
    assert result.document["applications"][0]["summary"]["warnings"] == []
    assert result.users["ada"]["after"]["attributes"]["title"]["value"] == "Principal Analyst"


def test_preview_scope_is_undetermined_if_a_filter_reads_an_unreadable_property(tmp_path):
    filters = "mappings: {users: {filters: [{name: f, all: [{attribute: city, operator: equals, value: Boston}]}]}}\n"
    result = preview(basic_properties_tenant(), minimal_spec(tmp_path, filters))
    assert set(result.outcomes.values()) == {"undetermined"}
    assert result.users["ada"]["after"]["reason"].startswith("city: only basic properties of users could be read")


def test_reader_returns_a_gap_for_a_missing_property_unless_it_is_an_extension(tmp_path):
    from scimconf.impact.user_attributes import GAP, gap_reader, reader

    names, user = ["jobTitle", "city", "extension_ab_cost"], {"accountEnabled": True, "city": None}
    assert reader(names)(user) == {"jobTitle": GAP, "city": None, "extension_ab_cost": None}
    assert gap_reader(names)(user) == {"jobTitle": "Graph did not return it"}
    assert gap_reader(names)({"accountEnabled": None, **dict.fromkeys(names)}).keys() == set(names)


# --- duplicate users -------------------------------------------------------------------------------------------------


def test_preview_shows_a_user_that_is_named_twice_once(tmp_path):
    rehearsal = tenant_with_users()
    (id_,) = [one["id"] for one in rehearsal.state["users"] if one["userPrincipalName"] == "ada@contoso.com"]
    result = preview(rehearsal, minimal_spec(tmp_path), users=("ada@contoso.com", "ADA@contoso.com", id_))
    assert result.document["applications"][0]["population"] == "1 user"
    assert result.users["ada"]["notes"] == []
    assert "duplicates" not in result.mappings.get("userName", {"counts": {}})["counts"]
