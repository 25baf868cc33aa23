"""Any JSON as a page of users, a batch or a count: rows with ids, or an error of Graph."""

import asyncio
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given

from scimconf.diagnostics import ScimconfError
from scimconf.expressions import parse
from scimconf.expressions.evaluation import EvaluationContext, compile_expression
from scimconf.graph import impact_data
from scimconf.graph.principals import find_principals
from scimconf.graph.protocol.batches import replies
from scimconf.graph.protocol.error_body import parse_error
from scimconf.graph.protocol.pages import decoder
from scimconf.graph.protocol.request import Answer
from scimconf.impact import user_attributes
from scimconf.json_types import parse_json
from scimconf.snapshot import Lookup
from tests.fuzz.mutations import mutations
from tests.hypothesis_profiles import examples

USER = {
    "id": "1",
    "@odata.type": "#microsoft.graph.user",
    "userPrincipalName": "ada@contoso.com",
    "displayName": "Ada",
    "accountEnabled": True,
    "otherMails": ["ada@example.com"],
    "onPremisesExtensionAttributes": {"extensionAttribute1": "a"},
    "employeeOrgData": {"costCenter": "1"},
    "manager": {"id": "2"},
}
PAGE = {"value": [USER, {**USER, "id": "2"}], "@odata.count": 2, "@odata.nextLink": None}
BATCH = {"responses": [{"id": "0", "status": 200, "headers": {"Retry-After": "1"}, "body": PAGE}]}
ERROR = {"error": {"code": "A", "message": json.dumps({"error": {"code": "B", "message": "m"}}), "innerError": {}}}
SELECT = ("id", "userPrincipalName")
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


class Bodies:
    """A Graph that responds to everything with one body."""

    base = "http://127.0.0.1:8765/v1.0"

    def __init__(self, body):
        self.body = body

    async def get(self, *_arguments):
        return self.body

    async def collect(self, *_arguments):
        return self.body["value"] if isinstance(self.body, dict) and isinstance(self.body.get("value"), list) else []

    async def get_by_ids(self, _ids, _types, row):
        try:
            return decoder(row)(json.dumps(self.body).encode())["value"]
        except ValueError as error:
            raise ScimconfError(str(error)) from None

    async def send(self, _request, _link=""):
        return Answer(200, self.body)

    async def batch(self, requests):
        return [Answer(200, self.body) for _ in requests]


async def read_all(pages):
    return [page async for page in pages]


READS = {
    "count": impact_data.count_users,
    "directory": lambda graph: read_all(impact_data.directory_users(graph, SELECT)),
    "ids": lambda graph: read_all(impact_data.users_by_id(graph, ["1"], SELECT)),
    "names": lambda graph: impact_data.users_by_name(graph, ["ada@contoso.com"], SELECT),
    "principal by id": lambda graph: find_principals(graph, [Lookup("id", "1")]),
    "user": lambda graph: find_principals(graph, [Lookup("user", "ada@contoso.com")]),
    "group": lambda graph: find_principals(graph, [Lookup("group", "Sales")]),
    "members": lambda graph: impact_data.read_members(graph, ["1"]),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
@examples(4)
@given(mutations(PAGE))
def test_a_changed_page_of_users_is_read_or_refused(read, content):
    try:
        body = parse_json(content)
    except ValueError:
        return
    try:
        asyncio.run(read(Bodies(body)))
    except ScimconfError as error:
        str(error).encode()


@examples(20)
@given(mutations(BATCH))
def test_a_changed_batch_has_results_by_number(content):
    try:
        results = replies(Answer(200, parse_json(content)))
    except ValueError:
        return
    assert all(isinstance(reply.status, int) and 0 <= number < 1000 for number, (reply, _) in results.items())


@examples(20)
@given(mutations(ERROR))
def test_a_changed_error_has_texts(content):
    try:
        error = parse_error(parse_json(content))
    except ValueError:
        return
    if error is not None:
        f"{error.code} {error.message} {error.request_id}".encode()


SOURCES = ("mail", "otherMails", "accountEnabled", "extensionAttribute1", "employeeOrgData.costCenter", "manager")
EXPRESSION = compile_expression(parse('Join(";", [mail], [otherMails], [accountEnabled], [manager])'))


@examples(20)
@given(mutations(USER))
def test_the_attributes_of_a_changed_user_are_evaluated(content):
    try:
        user = parse_json(content)
    except ValueError:
        return
    if isinstance(user, dict):
        attributes = user_attributes.reader(SOURCES)(user)
        assert EXPRESSION(attributes, EvaluationContext(NOON)) is not Ellipsis
        user_attributes.gap_reader(SOURCES)(user)
        user_attributes.home_name(user.get("userPrincipalName"))
        assert user_attributes.is_basic(user) in (True, False)
