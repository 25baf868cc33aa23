"""Any answer of Graph: a plan, an export and an apply end with what they do, or with an error that says what is wrong."""

import json
from random import Random

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tenant_fixture import BASE, WRITER, Rehearsal, told, wishes

from scimconf.diagnostics import ScimconfError
from scimconf.graph.client import Settings, open_graph
from scimconf.render.yaml import write_spec
from scimconf.spec.model import GUARDS
from scimconf.workflow.export import export
from tests.fuzz.mutations import SEEDS, mutated
from tests.hypothesis_profiles import examples

APPLICATION = {
    "displayName": "Writer",
    "createdDateTime": "2020-01-01T00:00:00Z",
    "roles": [{"value": "admin"}, {"value": "member"}],
    "assignments": [{"user": "ada@contoso.com", "role": "admin"}],
    "secrets": {"BaseAddress": "https://app.writer.com/api/scim/v2", "SecretToken": "stored", "SyncAll": "false"},
    "jobs": [{"template": "scim", "state": "Active"}],
}
ERROR = {"error": {"code": "BadRequest", "message": '{"Message": "no"}', "innerError": {"request-id": "1"}}}
STATUSES = [*[200] * 6, 201, 204, 302, 400, 401, 403, 404, 409, 429, 500, 503]
TYPES = [*[b"application/json"] * 6, b"text/html", b"JSON", b"\xff"]
HEADERS = {
    "date": [b"Fri, 31 Dec 9999 23:59:59 -1200", b"1 Jan 2024 99999999999999999999:00:00 GMT", b"x"],
    "retry-after": [b"9" * 400, b"-1", b"1e5", b"0.5", b"Mon, 01 Jan 2024 00:00:00 +99999999999"],
    "etag": [b"\xe9"],
    "request-id": [b"\x1b[31m"],
}


def headers(random):
    """Return headers of which each may be missing or odd."""
    odd = {name: random.choice(values) for name, values in HEADERS.items() if random.random() < 0.2}
    return {"content-type": random.choice(TYPES), **odd}


class Mutant(httpx.AsyncBaseTransport):
    """Changes the responses with these numbers, from 1."""

    def __init__(self, inner, numbers, seed):
        self._inner, self._numbers, self._random, self._count = inner, numbers, Random(seed), 0

    async def handle_async_request(self, request):
        response = await self._inner.handle_async_request(request)
        self._count += 1
        if self._count not in self._numbers:
            return response
        content = await response.aread()
        changed = mutated(self._random, json.loads(content) if content else ERROR)
        return httpx.Response(self._random.choice(STATUSES), headers=headers(self._random), content=changed)


class MutantTenant(Rehearsal):
    """A tenant whose responses are changed by `numbers` and `seed`."""

    def changed(self, numbers, seed):
        self.mutant = Mutant(self.wire, numbers, seed)
        return self

    def graph(self):
        return open_graph(
            Settings(base=BASE),
            None,
            transport=self.mutant,
            mask_text=self.secrets.mask_text,
            sleep=self.sleep,
            clock=lambda: self.time,
            random=lambda: 1.0,
        )


@pytest.fixture(scope="module")
def tenant():
    return Rehearsal({"applications": [APPLICATION]})


def mutant(tenant, numbers, seed):
    other = MutantTenant(environ=tenant.environ)
    other.service.tenant.store._connection.deserialize(tenant.service.tenant.store._connection.serialize())
    return other.changed(numbers, seed)


def printable(text):
    """Assert that a message can be written, and that it blames nothing on scimconf."""
    assert "defect of scimconf" not in text
    text.encode()


def numbers(last):
    return st.sets(st.integers(1, last), min_size=1, max_size=2)


@examples(3)
@given(numbers(13), SEEDS)
def test_plan_of_changed_answers(tenant, changed, seed):
    try:
        printable(told(mutant(tenant, changed, seed).plan(WRITER)))
    except ScimconfError as error:
        printable(f"{error} {error.hint}")


@examples(3)
@given(numbers(12), st.booleans(), SEEDS)
def test_export_of_changed_answers(tenant, changed, full, seed):
    live = mutant(tenant, changed, seed)
    try:
        exported = live.run(
            lambda session: export(session, {"display_name": "Writer"}, "writer", "contoso.com", full=full)
        )
    except ScimconfError as error:
        printable(f"{error} {error.hint}")
    else:
        printable(write_spec(exported.tree))


@examples(1)
@given(numbers(60), SEEDS)
def test_apply_of_changed_answers(tenant, changed, seed):
    """The outcomes and the error of an apply never call what Graph answered a defect of scimconf."""
    live, options = mutant(tenant, changed, seed), wishes(allow=GUARDS)
    try:
        report = live.apply(WRITER, options)
    except ScimconfError as error:
        printable(f"{error} {error.hint}")
        return
    printable(report.error)
    for outcome in report.outcomes:
        printable(f"{outcome.message} {outcome.detail} {outcome.hint}")
