"""Reads that the applications of one command have in common, with a scripted Graph."""

import asyncio
import json

import httpx
import pytest

from scimconf.diagnostics import GraphError
from scimconf.graph import shared_reads
from scimconf.graph.client import Request
from scimconf.graph.shared_reads import SharedReads
from scimconf.snapshot import Lookup, Principal

ADA, GRACE, ALAN = (Lookup("user", f"{name}@contoso.com") for name in ("ada", "grace", "alan"))
FORBIDDEN = {"error": {"code": "Forbidden", "message": "no"}}


def directory(request):
    """Answer lookups of users by name or by id, of which `alan` does not exist, and group members."""
    path, query = request.url.path, request.url.params.get("$filter", "")
    if "bad" in query:
        return httpx.Response(400, json={"error": {"code": "BadRequest", "message": "invalid filter"}})
    if path.endswith("/$batch"):
        steps = json.loads(request.content)["requests"]
        return httpx.Response(200, json={"responses": [member(step) for step in steps]})
    if path.endswith("/getByIds"):
        names = [id_.removeprefix("id-") for id_ in json.loads(request.content)["ids"]]
    else:
        names = [name for name in ("ada", "grace") if f"'{name}@" in query]
    return httpx.Response(200, json={"value": [user(name) for name in names]})


def user(name):
    return {"@odata.type": "#microsoft.graph.user", "id": f"id-{name}", "userPrincipalName": f"{name}@contoso.com"}


def member(step):
    status = 403 if "/denied/" in step["url"] else 200
    return {
        "id": step["id"],
        "status": status,
        "body": FORBIDDEN if status == 403 else {"value": [{"id": step["url"]}]},
    }


def members(group):
    return Request("GET", "/groups/{group}/members", {"group": group})


def run(fake, work, handler=directory):
    fake.answers(handler)
    return fake.run(lambda graph: work(SharedReads(graph)))


def filters(fake):
    return [request.url.params["$filter"] for request in fake.requests if "$filter" in request.url.params]


def found(results):
    return {lookup.value.partition("@")[0]: bool(matches) for lookup, matches in results.principals.items()}


# --- principals


def test_lookups_of_applications_that_begin_together_are_one_request(fake):
    parts = run(fake, lambda reads: asyncio.gather(reads.find([ADA, GRACE]), reads.find([GRACE, ALAN])))
    assert [found(part) for part in parts] == [{"ada": True, "grace": True}, {"grace": True, "alan": False}]
    assert filters(fake) == ["userPrincipalName in ('ada@contoso.com','grace@contoso.com','alan@contoso.com')"]


def test_lookups_that_begin_while_others_are_in_flight_are_collected(fake):
    async def work(reads):
        first = asyncio.create_task(reads.find([ADA]))
        for _ in range(50):
            await asyncio.sleep(0)
        return await asyncio.gather(first, reads.find([ADA, GRACE]), reads.find([ALAN]))

    assert [found(part) for part in run(fake, work)] == [
        {"ada": True},
        {"ada": True, "grace": True},
        {"alan": False},
    ]
    assert filters(fake) == [
        "userPrincipalName eq 'ada@contoso.com'",
        "userPrincipalName in ('grace@contoso.com','alan@contoso.com')",
    ]


def test_as_many_lookups_as_fill_a_request_are_sent_at_once(fake, monkeypatch):
    monkeypatch.setattr(shared_reads, "IDS_SIZE", 2)
    ids = [[Lookup("id", f"id-{number}-{part}") for part in range(2)] for number in range(2)]
    run(fake, lambda reads: asyncio.gather(*(reads.find(part) for part in ids)))
    assert len(fake.requests) == 2


def test_a_user_who_was_found_by_name_is_known_by_id_and_one_who_is_missing_is_looked_up_again_by_an_apply(fake):
    async def work(reads):
        await reads.find([ADA, ALAN])
        by_id = await reads.find([Lookup("id", "id-ada")])
        await reads.find([ADA, ALAN])
        await reads.without_missing().find([ADA, ALAN])
        return by_id

    by_id = run(fake, work)
    assert by_id.principals == {Lookup("id", "id-ada"): (Principal("id-ada", "user", "ada@contoso.com"),)}
    assert filters(fake)[1:] == ["userPrincipalName eq 'alan@contoso.com'"]
    assert len(fake.requests) == 2


def test_a_name_that_graph_rejects_fails_only_the_application_that_lists_it(fake):
    bad = Lookup("user", "bad@contoso.com")

    async def work(reads):
        parts = [reads.find([ADA]), reads.find([bad]), reads.find([GRACE])]
        return await asyncio.gather(*parts, return_exceptions=True)

    ada, error, grace = run(fake, work)
    assert (found(ada), found(grace)) == ({"ada": True}, {"grace": True})
    assert error.status == 400


def test_each_application_has_its_own_error_of_a_denied_lookup(fake):
    async def work(reads):
        return await asyncio.gather(reads.find([ADA]), reads.find([GRACE]), return_exceptions=True)

    first, second = run(fake, work, httpx.Response(403, json=FORBIDDEN))
    assert (first.status, second.status) == (403, 403)
    assert first is not second
    assert len(fake.requests) == 1


def test_denied_ids_are_read_again_and_reported_to_each_application(fake):
    async def work(reads):
        lookups = [Lookup("id", "id-ada")]
        return [await reads.find(lookups), await reads.find(lookups)]

    parts = run(fake, work, httpx.Response(403, json=FORBIDDEN))
    assert [(found(part), list(part.denied)) for part in parts] == [
        ({"id-ada": False}, ["users_by_id", "groups_by_id"])
    ] * 2
    assert len(fake.requests) == 6


def test_an_application_that_is_cancelled_does_not_cancel_the_lookups_of_others(fake):
    async def work(reads):
        stopped = asyncio.create_task(reads.find([ADA]))
        other = asyncio.create_task(reads.find([GRACE]))
        await asyncio.sleep(0)
        stopped.cancel()
        return await other

    assert found(run(fake, work)) == {"grace": True}


def test_an_unexpected_error_reaches_those_who_wait(fake):
    async def work(reads):
        parts = reads.find([ADA]), reads.batch([members("1")])
        return await asyncio.gather(*parts, return_exceptions=True)

    def broken(_request):
        raise RuntimeError("broken")

    assert [str(error) for error in run(fake, work, broken)] == ["broken", "broken"]


def test_lookups_are_shared_up_to_a_limit(fake, monkeypatch):
    monkeypatch.setattr(shared_reads, "MAX_PRINCIPALS", 1)

    async def work(reads):
        for lookup in (ADA, GRACE, ADA, GRACE):
            await reads.find([lookup])

    run(fake, work)
    assert len(fake.requests) == 3


# --- batches and documents


def test_the_same_request_in_two_batches_is_sent_once_and_a_denied_one_again(fake):
    async def work(reads):
        first, second = await asyncio.gather(
            reads.batch([members("1"), members("denied")]), reads.batch([members("1"), members("2")])
        )
        return first, second, await reads.batch([members("2"), members("denied")])

    first, second, third = run(fake, work)
    assert first[0] == second[0]
    assert isinstance(first[1], GraphError)
    assert isinstance(third[1], GraphError)
    sent = [[step["url"] for step in json.loads(request.content)["requests"]] for request in fake.requests]
    assert sent == [["/groups/1/members", "/groups/denied/members"], ["/groups/2/members"], ["/groups/denied/members"]]


def test_responses_to_batches_are_shared_up_to_a_number_of_rows(fake, monkeypatch):
    monkeypatch.setattr(shared_reads, "MAX_ROWS", 1)

    async def work(reads):
        for group in ("1", "2", "1", "2"):
            await reads.batch([members(group)])

    run(fake, work)
    assert len(fake.requests) == 3


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        (["rows"], ["rows", "rows", "rows"]),
        ([[], "rows"], [[], "rows", "rows"]),
        ([ValueError("failed"), "rows"], ["failed", "rows", "rows"]),
    ],
)
def test_a_document_is_read_once_unless_it_is_empty_or_fails(fake, results, expected):
    script = iter(results)

    async def read():
        result = next(script)
        if isinstance(result, Exception):
            raise result
        return result

    async def work(reads):
        return [(await asyncio.gather(reads.document("key", read), return_exceptions=True))[0] for _ in range(3)]

    assert [str(result) if isinstance(result, Exception) else result for result in run(fake, work)] == expected
