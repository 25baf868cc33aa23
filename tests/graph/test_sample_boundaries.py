"""Both sides of the size of the sample of users that a plan is tried on: 500."""

import pytest
from tenant_fixture import Rehearsal

from scimconf.graph.impact_data import read_impact_data
from scimconf.plan.impact import ImpactQueries, SamplePopulation


@pytest.fixture(scope="module")
def tenant():
    return Rehearsal({"generate": {"users": 600}})


def sample_of(tenant, queries):
    return tenant.run(lambda session: read_impact_data(session.graph, queries)).sample


@pytest.mark.parametrize(("existing", "read", "complete"), [(499, 499, True), (500, 500, False), (501, 500, False)])
def test_read_impact_data_reads_at_most_500_users_of_the_directory(existing, read, complete):
    """500 of 500 may not be all: the directory is read no further to find out."""
    built_in = len(Rehearsal().state["users"])
    sample = sample_of(Rehearsal({"generate": {"users": existing - built_in}}), ImpactQueries(properties=("id",)))
    assert (len(sample.users), sample.complete, sample.assigned) == (read, complete, False)


@pytest.mark.parametrize(("existing", "read", "complete"), [(499, 499, True), (500, 500, True), (501, 500, False)])
def test_read_impact_data_reads_at_most_500_assigned_users(tenant, existing, read, complete):
    ids = tuple(user["id"] for user in tenant.state["users"][:existing])
    queries = ImpactQueries(properties=("id",), population=SamplePopulation(users=ids))
    sample = sample_of(tenant, queries)
    assert (len(sample.users), sample.complete, sample.assigned) == (read, complete, True)
