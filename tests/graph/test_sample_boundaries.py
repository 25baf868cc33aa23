"""Both sides of the number of users that a plan reads: 1,000."""

import pytest
from tenant_fixture import Rehearsal

from scimconf.graph.impact_data import read_members, read_users
from scimconf.plan.impact import UserQuery

BUILT_IN = 12


@pytest.fixture(scope="module")
def tenant():
    names = [f"user{number}@contoso.com" for number in range(1_001)]
    groups = [{"displayName": str(size), "members": names[:size]} for size in (999, 1_000, 1_001)]
    return Rehearsal({"users": [{"userPrincipalName": name} for name in names], "groups": groups})


def sample_of(tenant, query):
    return tenant.run(lambda session: read_users(session.graph, query))


@pytest.mark.parametrize(("existing", "read", "size"), [(999, 999, 999), (1_000, 1_000, 1_000), (1_001, 1_000, 1_001)])
def test_read_users_reads_at_most_1000_users_of_the_directory(existing, read, size):
    sample = sample_of(Rehearsal({"generate": {"users": existing - BUILT_IN}}), UserQuery(("id",)))
    assert (len(sample.users), sample.complete, sample.directory_size) == (read, existing <= 1_000, size)


@pytest.mark.parametrize(
    ("existing", "read", "complete"), [(999, 999, True), (1_000, 1_000, True), (1_001, 1_000, False)]
)
def test_read_users_reads_at_most_1000_users_by_id(tenant, existing, read, complete):
    ids = tuple(user["id"] for user in tenant.state["users"][:existing])
    sample = sample_of(tenant, UserQuery(("id",), ids))
    assert (len(sample.users), sample.complete, sample.directory_size) == (read, complete, None)


@pytest.mark.parametrize(("size", "read"), [(999, 999), (1_000, 1_000), (1_001, 999)])
def test_read_members_reads_all_of_at_most_1000_members(tenant, size, read):
    """Of a larger group only the first page is read, and their number."""
    (group,) = [group["id"] for group in tenant.state["groups"] if group["displayName"] == str(size)]
    members, error = tenant.run(lambda session: read_members(session.graph, [group]))
    assert (len(members.ids[group]), members.counts[group], members.unread(group)) == (read, size, size - read)
    assert error is None
