"""Reading the documents of a new application, with a fake Graph and a clock that only the test moves."""

import asyncio
from datetime import UTC, datetime

import pytest

from scimconf.diagnostics import GraphError
from scimconf.documents import application, job
from scimconf.graph.eventual_consistency import ConsistencyPolicy
from scimconf.graph.reading import TenantSession, observe
from scimconf.snapshot import Document

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
PRINCIPAL = {"id": "1", "appId": "2", "appOwnerOrganizationId": "t"}
NEW, OLD = "2026-11-25T11:59:00Z", "2025-01-01T00:00:00Z"


class FakeGraph:
    """Answers each path with its next response; the last one is repeated. Errors are raised."""

    def __init__(self, **answers):
        self.answers = {f"/{path}": list(responses) for path, responses in answers.items()}
        self.time = 0.0

    async def collect(self, path, _names, _query, _row=None):
        responses = self.answers["/" + path.rpartition("/")[2]]
        response = responses.pop(0) if len(responses) > 1 else responses[0]
        if isinstance(response, Exception):
            raise response
        return response

    get = collect

    async def sleep(self, seconds):
        self.time += seconds


def observed(graph, *documents):
    policy = ConsistencyPolicy(graph.sleep, lambda: graph.time, lambda: NOON)
    return asyncio.run(observe(TenantSession(graph, policy), documents, lambda _snapshot: ()))


DOCUMENTS = (
    application.organization(),
    application.service_principals("id", "1"),
    application.applications(),
    job.templates(),
)


def answers(**more):
    return {
        "organization": [[{"id": "t"}]],
        "servicePrincipals": [[PRINCIPAL]],
        "applications": [[{"id": "3", "createdDateTime": OLD}]],
        "templates": [[{"id": "x"}]],
        **more,
    }


def missing():
    return GraphError(status=404, code="NotFound", message="none", method="GET", path="/x")


def test_observe_waits_for_the_application_object_that_the_tenant_owns():
    graph = FakeGraph(**answers(applications=[[], [], [{"id": "3", "createdDateTime": NEW}]]))
    assert observed(graph, *DOCUMENTS).names["app"] == "3"
    assert graph.time == 0.75


def test_observe_does_not_wait_for_the_application_object_of_another_tenant():
    graph = FakeGraph(**answers(applications=[[]], organization=[[{"id": "other"}]]))
    assert observed(graph, *DOCUMENTS).rows("applications") == []
    assert graph.time == 0.0


@pytest.mark.parametrize(("created", "templates"), [(NEW, [{"id": "x"}]), (OLD, [])])
def test_observe_waits_for_templates_of_a_new_application_only(created, templates):
    graph = FakeGraph(
        **answers(applications=[[{"id": "3", "createdDateTime": created}]], templates=[[], [{"id": "x"}]])
    )
    assert observed(graph, *DOCUMENTS).rows("templates") == templates


def test_observe_repeats_a_missing_document_of_a_new_application():
    graph = FakeGraph(
        **answers(applications=[[{"id": "3", "createdDateTime": NEW}]], templates=[missing(), [{"id": "x"}]])
    )
    assert observed(graph, *DOCUMENTS).rows("templates") == [{"id": "x"}]


def test_observe_omits_an_optional_document_that_does_not_exist():
    snapshot = observed(FakeGraph(extra=[missing()]), Document("extra", "/extra", optional=True))
    assert (snapshot.get("extra"), snapshot.complete) == (None, True)
    with pytest.raises(GraphError):
        observed(FakeGraph(extra=[missing()]), Document("extra", "/extra"))
