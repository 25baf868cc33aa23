"""When requests are tried again, and how long everyone waits."""

import asyncio
import gzip
import json
import zlib

import httpx
import pytest

from scimconf.diagnostics import GraphError, TransportError
from scimconf.graph.client import Request, may_have_happened
from scimconf.graph.protocol.retry import throttling_hint

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def send(fake, method, *, repeatable=False, **options):
    body = {"x": 1} if method not in {"GET", "DELETE"} else None
    return fake.run(lambda graph: graph.send(Request(method, "/x", body=body, repeatable=repeatable)), **options)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("method", METHODS)
def test_throttled_requests_of_every_method_are_retried(fake, method, status):
    fake.answers(fake.error(status, retry_after="7"), fake.ok())
    assert send(fake, method).status == 200
    assert fake.slept == [7]
    assert [request.content for request in fake.requests] == [fake.requests[0].content] * 2


@pytest.mark.parametrize("status", [500, 502, 504])
@pytest.mark.parametrize("method", METHODS)
def test_uncertain_errors_are_retried_only_if_repeatable(fake, method, status):
    fake.answers(fake.error(status), fake.ok())
    if method in {"GET", "PUT", "DELETE"}:
        assert send(fake, method).status == 200
    else:
        with pytest.raises(GraphError) as caught:
            send(fake, method)
        assert caught.value.status == status
        assert may_have_happened(caught.value.status)
        assert len(fake.requests) == 1


@pytest.mark.parametrize(
    "failure", [httpx.ReadTimeout("slow"), httpx.ReadError("reset"), httpx.RemoteProtocolError("bye")]
)
@pytest.mark.parametrize("method", METHODS)
def test_lost_responses_are_retried_only_if_repeatable(fake, method, failure):
    fake.answers(failure, fake.ok())
    if method in {"GET", "PUT", "DELETE"}:
        assert send(fake, method).status == 200
    else:
        with pytest.raises(TransportError) as caught:
            send(fake, method)
        assert may_have_happened(caught.value.status)
        assert len(fake.requests) == 1


@pytest.mark.parametrize(
    "failure", [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow"), httpx.PoolTimeout("full")]
)
@pytest.mark.parametrize("method", METHODS)
def test_failed_connections_of_every_method_are_retried(fake, method, failure):
    fake.answers(failure, fake.ok())
    assert send(fake, method).status == 200
    assert fake.told == [(0.5, "no response")]


@pytest.mark.parametrize("trouble", [504, httpx.ReadTimeout("slow")])
def test_a_repeatable_post_is_retried(fake, trouble):
    fake.answers(fake.error(trouble) if isinstance(trouble, int) else trouble, fake.ok())
    assert send(fake, "POST", repeatable=True).status == 200


def test_a_truncated_response_is_a_lost_response(fake):
    class Broken(httpx.AsyncByteStream):
        async def __aiter__(self):
            yield b'{"a":'
            raise httpx.RemoteProtocolError("peer closed")

    fake.answers(lambda _request: httpx.Response(200, stream=Broken()), fake.ok({"a": 1}))
    assert send(fake, "GET").body == {"a": 1}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 408, 409, 412, 423, 501, 509])
def test_a_refused_request_is_not_retried(fake, status):
    fake.answers(fake.error(status, retry_after="1"), fake.ok())
    with pytest.raises(GraphError) as caught:
        send(fake, "GET")
    assert (caught.value.status, len(fake.requests)) == (status, 1)


def test_an_untrusted_certificate_is_not_retried(fake):
    fake.answers(httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed"), fake.ok())
    with pytest.raises(TransportError, match="the certificate of .* is not trusted"):
        send(fake, "GET")
    assert len(fake.requests) == 1


@pytest.mark.parametrize(
    ("said", "waited"),
    [("3", 3), ("1.5", 1.5), ("0", None), ("400", 400), ("Wed, 25 Nov 2026 08:00:30 GMT", 30)],
)
def test_retry_after_is_the_exact_wait(fake, said, waited):
    fake.answers(fake.error(429, retry_after=said), fake.ok())
    send(fake, "GET")
    assert fake.slept == ([] if waited is None else [waited])


@pytest.mark.parametrize("said", ["soon", "-3", "nan", "Wed, 99 Nov", ""])
def test_an_unparsable_retry_after_is_ignored(fake, said):
    fake.answers(fake.error(429, retry_after=said), fake.ok())
    send(fake, "GET")
    assert fake.slept == [0.5]


def test_without_retry_after_the_waits_double_with_full_jitter(fake):
    fake.answers(fake.error(503))
    with pytest.raises(GraphError):
        send(fake, "GET", random=lambda: 0.5, throttled=10)
    assert fake.slept == [0.25, 0.5, 1, 2, 4, 8, 16, 30, 30][: len(fake.slept)]
    assert len(fake.requests) == 10


def test_attempts_are_limited(fake):
    fake.answers(httpx.ReadTimeout("slow"))
    with pytest.raises(TransportError, match="no response within 60 s"):
        send(fake, "GET", failed=4)
    assert len(fake.requests) == 4


def test_throttled_attempts_do_not_count_as_failed_ones(fake):
    throttled = fake.error(429, retry_after="1")
    fake.answers(throttled, throttled, throttled, throttled, throttled, fake.error(502), fake.ok())
    assert send(fake, "GET", failed=2).status == 200


def test_a_wait_past_the_budget_is_not_started_and_reported_in_the_hint(fake):
    fake.answers(fake.error(429, retry_after="400"))
    with pytest.raises(GraphError) as caught:
        send(fake, "GET", budget=300)
    assert (caught.value.retry_after, fake.slept, len(fake.requests)) == (400, [], 1)
    assert "Wait 400 s" in caught.value.hint


def test_a_wait_past_the_budget_does_not_block_other_requests(fake):
    fake.answers(fake.error(429, retry_after="400"), fake.ok())

    async def work(graph):
        with pytest.raises(GraphError):
            await graph.get("/x")
        return await graph.get("/y")

    assert fake.run(work, budget=300) == {}
    assert fake.slept == []


def test_the_budget_is_shared_by_all_requests(fake):
    fake.answers(*[answer for _ in range(3) for answer in (fake.error(429, retry_after="40"), fake.ok())])

    async def work(graph):
        await graph.get("/a")
        await graph.get("/b")
        await graph.get("/c")

    with pytest.raises(GraphError, match="429"):
        fake.run(work, budget=100)
    assert fake.slept == [40, 40]


def test_one_throttled_request_makes_all_workers_wait_and_is_reported_once(fake):
    sent_at = []

    def handler(_request):
        sent_at.append(fake.time)
        if len(sent_at) == 1:
            throttled.set()
            return httpx.Response(429, json={}, headers={"retry-after": "30"})
        return httpx.Response(200, json={})

    throttled = asyncio.Event()

    async def work(graph):
        first = asyncio.create_task(graph.get("/first"))
        await throttled.wait()
        await asyncio.gather(first, *(graph.get(f"/{number}") for number in range(7)))

    fake.run(work, transport=httpx.MockTransport(handler))
    assert sent_at[0] == 1000
    assert all(time >= 1030 for time in sent_at[1:])
    assert fake.told == [(30, "throttled")]


def test_concurrent_waits_are_charged_once(fake):
    answered = []

    async def handler(request):
        await asyncio.sleep(0)
        if request.url.path not in answered:
            answered.append(request.url.path)
            return httpx.Response(429, json={}, headers={"retry-after": "30"})
        return httpx.Response(200, json={})

    async def work(graph):
        await asyncio.gather(*(graph.get(f"/{number}") for number in range(8)))

    fake.run(work, transport=httpx.MockTransport(handler), budget=31)
    assert fake.told == [(30, "throttled")]


def test_gate_opens_although_the_clock_stands_still(fake):
    async def still(seconds):
        fake.slept.append(seconds)

    fake.sleep = still
    fake.answers(fake.error(429, retry_after="7"), fake.ok())
    assert fake.get() == {}
    assert fake.slept == [7]


def test_a_retry_sends_the_whole_body_again(fake):
    fake.answers(fake.error(503), fake.ok())
    fake.run(lambda graph: graph.put("/schema", {}, {"a": list(range(1000))}))
    assert [len(json.loads(request.content)["a"]) for request in fake.requests] == [1000, 1000]


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("3601", "Wait 3601 s (60 min), until 2026-11-25 09:00:01 UTC, then run the command again."),
        ("Thu, 26 Nov 2026 08:00:00 GMT", "Wait 86400 s (1440 min), until 2026-11-26 08:00:00 UTC"),
        ("9" * 400, "gives no usable time to wait. Run the command again later."),
        ("Fri, 31 Dec 9999 23:59:59 GMT", "gives no usable time to wait. Run the command again later."),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_a_retry_after_beyond_an_hour_is_not_waited_for_and_the_hint_gives_the_time(fake, status, value, hint):
    fake.answers(fake.error(status, retry_after=value), fake.ok())
    with pytest.raises(GraphError) as caught:
        send(fake, "GET", budget=1e9)
    assert fake.slept == []
    assert hint in caught.value.hint


def test_the_hint_of_a_long_retry_after_without_a_date_has_the_seconds_only():
    assert throttling_hint(60.0, None) == "Graph is throttling requests. Wait 60 s, then run the command again."


# --- responses that are too large -------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
def test_a_response_that_unpacks_to_more_than_the_limit_is_not_read_to_its_end(fake, monkeypatch, method):
    packed = zlib.compressobj(wbits=31)
    chunks = [packed.compress(bytes(2**16)) + packed.flush(zlib.Z_FULL_FLUSH) for _ in range(100)]
    sent = []

    class Bomb(httpx.AsyncByteStream):
        async def __aiter__(self):
            for chunk in chunks:
                sent.append(chunk)
                yield chunk

    monkeypatch.setattr("scimconf.graph.client.MAX_RESPONSE", 2**20)
    fake.answers(lambda _request: httpx.Response(200, headers={"content-encoding": "gzip"}, stream=Bomb()))
    with pytest.raises(TransportError, match="the response was not read to its end: it is larger than 1 MB") as caught:
        send(fake, method)
    assert may_have_happened(caught.value.status)
    assert (len(fake.requests), len(sent)) == (1, 17)


def test_a_packed_response_within_the_limit_is_read(fake):
    body = gzip.compress(b'{"a": 1}')
    stream = httpx.ByteStream(body)
    fake.answers(lambda _request: httpx.Response(200, headers={"content-encoding": "gzip"}, stream=stream))
    assert fake.get() == {"a": 1}


# --- an attempt that may have taken effect, and then an error ----------------------------------------------------------


@pytest.mark.parametrize(("first", "is_lost"), [(504, True), (503, True), (500, True), (429, False)])
def test_an_error_after_a_retry_says_whether_an_earlier_attempt_may_have_taken_effect(fake, first, is_lost):
    fake.answers(fake.error(first), fake.error(403))
    with pytest.raises(GraphError) as caught:
        send(fake, "PUT")
    assert (caught.value.status, caught.value.lost_attempt, len(fake.requests)) == (403, is_lost, 2)


def test_an_error_without_a_retry_has_no_lost_attempt(fake):
    fake.answers(fake.error(403))
    with pytest.raises(GraphError) as caught:
        send(fake, "PUT")
    assert not caught.value.lost_attempt
