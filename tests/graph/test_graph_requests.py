"""What reaches the wire: URLs, bytes, headers, tokens."""

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stduritemplate import StdUriTemplate

from scimconf.diagnostics import AuthenticationError, GraphError, ScimconfError
from scimconf.graph.client import Request
from scimconf.graph.secrets import SecretValue

CLOUD = "https://graph.microsoft.com/v1.0"


class Token:
    """azure's credential, as kiota uses it."""

    def __init__(self):
        self.asked = []

    def get_token(self, *scopes, claims=None, **options):
        from azure.core.credentials import AccessToken

        self.asked.append((scopes, claims, options))
        return AccessToken("fresh" if claims else "token-1", 2_000_000_000)


def test_names_are_encoded_into_the_path(fake):
    fake.answers(fake.ok())
    fake.run(lambda graph: graph.get("/users/{user}/x", {"user": "a b#EXT#@c'd"}))
    assert fake.requests[0].url.raw_path == b"/v1.0/users/a%20b%23EXT%23%40c%27d/x"


@settings(max_examples=25)
@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_a_url_is_the_expansion_of_its_template_by_the_sdk(name, text):
    path, query = "/users/{user}/microsoft.graph.x(a='{key}')", {"$filter": text, "$select": "id,x"}
    template = "{+baseurl}" + path + "{?%24filter,%24select}"
    values = {"baseurl": CLOUD, "user": name, "key": text.replace("'", "''"), "%24filter": text, "%24select": "id,x"}
    url = Request("GET", path, {"user": name, "key": text}, query).url(CLOUD)
    assert url == StdUriTemplate.expand(template, values)


def test_a_quote_in_an_odata_key_is_doubled(fake):
    fake.answers(fake.ok())
    fake.run(lambda graph: graph.get("/applications(uniqueName='{name}')", {"name": "o'b"}))
    assert fake.requests[0].url.raw_path == b"/v1.0/applications(uniqueName='o%27%27b')"


def test_query_names_keep_their_dollar_and_values_are_encoded(fake):
    fake.answers(fake.ok())
    fake.run(lambda graph: graph.get("/users", query={"$filter": "displayName eq 'Zoë & Co/+'", "$select": "id,x"}))
    query = b"$filter=displayName%20eq%20%27Zo%C3%AB%20%26%20Co%2F%2B%27&$select=id%2Cx"
    assert fake.requests[0].url.query == query


@pytest.mark.parametrize("value", ["", ".", "..", "a/b", "../x", "a\\b"])
def test_request_refuses_a_name_that_changes_the_path(fake, value):
    fake.answers(fake.ok())
    with pytest.raises(ScimconfError, match="invalid value .* for {service_principal}"):
        fake.run(lambda graph: graph.get("/servicePrincipals/{service_principal}", {"service_principal": value}))
    assert not fake.requests


def test_request_refuses_an_unbound_placeholder(fake):
    with pytest.raises(ScimconfError, match="invalid value .* for {job}"):
        fake.run(lambda graph: graph.get("/jobs/{job}", {"service_principal": "1"}))


@pytest.mark.parametrize("path", ["users", "/a/../b", "/a//b", "/a?x=1", "/a#b", "/a/..", "/a b", "/a%2Fb"])
def test_request_refuses_an_unsafe_path(fake, path):
    with pytest.raises(ScimconfError, match="expected a path below"):
        fake.run(lambda graph: graph.get(path))


def test_the_schema_is_put_with_its_nulls_and_unknown_keys(fake):
    schema = {"id": "A0B1", "version": None, "rules": [{"flowTypes": "Add, Update", "new": {"x": None}}]}
    fake.answers(lambda _request: httpx.Response(204))
    path = "/servicePrincipals/{service_principal}/synchronization/jobs/{job}/schema"
    answer = fake.run(lambda graph: graph.put(path, {"service_principal": "1", "job": "scim.a.b"}, schema))
    (request,) = fake.requests
    assert answer is None
    assert (request.method, request.url.path) == (
        "PUT",
        "/v1.0/servicePrincipals/1/synchronization/jobs/scim.a.b/schema",
    )
    assert fake.bodies == [schema]
    assert list(fake.bodies[0]) == list(schema)
    assert request.headers["content-type"] == "application/json"


@pytest.mark.parametrize("verb", ["post", "put", "patch"])
def test_secrets_are_revealed_in_the_bytes_only(fake, verb):
    fake.answers(fake.ok())
    body = {"value": [{"key": "SecretToken", "value": SecretValue("hush")}]}
    fake.run(lambda graph: getattr(graph, verb)("/x", {}, body))
    assert fake.bodies == [{"value": [{"key": "SecretToken", "value": "hush"}]}]


def test_a_request_without_a_body_has_no_content_type(fake):
    fake.answers(lambda _request: httpx.Response(204))
    fake.run(lambda graph: graph.post("/jobs/{job}/start", {"job": "j"}))
    assert fake.requests[0].content == b""
    assert "content-type" not in fake.requests[0].headers


def test_send_returns_no_body_for_an_empty_response(fake):
    fake.answers(lambda _request: httpx.Response(204))
    assert fake.run(lambda graph: graph.send(Request("DELETE", "/x/{id}", {"id": "1"}))).body is None


def test_answer_has_bytes_date_and_request_id(fake):
    fake.answers(fake.ok({"a": None}))

    async def work(graph):
        answer = await graph.send(Request("GET", "/x", headers={"ConsistencyLevel": "eventual"}))
        return answer, graph.now

    answer, now = fake.run(work)
    assert (answer.status, answer.body, answer.request_id) == (200, {"a": None}, "srv-1")
    assert answer.raw == httpx.Response(200, json={"a": None}).content
    assert answer.date == now
    assert now.isoformat() == "2026-11-25T08:00:00+00:00"
    assert fake.requests[0].headers["consistencylevel"] == "eventual"


def test_requests_share_no_headers_or_query(fake):
    fake.answers(fake.ok())
    names = {"service_principal": "1"}

    async def work(graph):
        await graph.get("/servicePrincipals/{service_principal}", names, {"$select": "id"})
        await graph.get("/servicePrincipals/{service_principal}/x", names)

    fake.run(work)
    assert fake.urls[1] == f"{fake.base}/servicePrincipals/1/x"
    assert names == {"service_principal": "1"}


def test_every_request_has_a_client_request_id(fake):
    fake.answers(fake.ok())

    async def work(graph):
        await graph.get("/x")
        await graph.get("/x")

    fake.run(work)
    ids = {request.headers["client-request-id"] for request in fake.requests}
    assert len(ids) == 2


def test_requests_have_a_token_and_telemetry_headers(fake):
    token = Token()
    fake.answers(fake.ok())
    fake.get(token=token, base=CLOUD)
    headers = fake.requests[0].headers
    assert headers["authorization"] == "Bearer token-1"
    assert headers["sdkversion"].startswith("graph-python/")
    assert "{" not in headers["sdkversion"]
    assert token.asked == [(("https://graph.microsoft.com/.default",), None, {"enable_cae": True})]


def test_token_scope_is_that_of_the_cloud(fake):
    token = Token()
    fake.answers(fake.ok())
    fake.get(token=token, base="https://graph.microsoft.us/v1.0")
    assert token.asked[0][0] == ("https://graph.microsoft.us/.default",)


@pytest.mark.parametrize("base", ["http://127.0.0.1:1/v1.0", "http://localhost:1/v1.0", "http://[::1]:1/v1.0"])
def test_a_sandbox_never_gets_a_token(fake, base):
    token = Token()
    fake.answers(fake.ok())
    fake.get(token=token, base=base)
    assert "authorization" not in fake.requests[0].headers
    assert not token.asked


def test_graph_without_a_credential_is_refused_before_anything_is_sent(fake):
    fake.answers(fake.ok())
    with pytest.raises(AuthenticationError, match="No credential"):
        fake.get(base=CLOUD)
    assert not fake.requests


def test_a_claims_challenge_is_answered_once_with_a_new_token(fake):
    challenge = {"www-authenticate": 'Bearer error="insufficient_claims", claims="eyJ4IjoxfQ=="'}
    fake.answers(lambda _request: httpx.Response(401, headers=challenge), fake.ok({"ok": True}))
    token = Token()
    assert fake.get(token=token, base=CLOUD) == {"ok": True}
    assert [claims for _, claims, _ in token.asked] == [None, '{"x":1}']
    assert fake.requests[1].headers["authorization"] == "Bearer fresh"


def test_the_connection_s_transport_is_closed(fake):
    class Closing(httpx.MockTransport):
        closed = False

        async def aclose(self):
            Closing.closed = True

    fake.answers(fake.ok())
    fake.get(transport=Closing(fake.handler))
    assert Closing.closed


def test_concurrency_limits_the_requests_in_flight(fake):
    import asyncio

    busy = most = 0

    async def handler(_request):
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0)
        busy -= 1
        return httpx.Response(200, json={})

    async def work(graph):
        await asyncio.gather(*(graph.get("/x") for _ in range(30)))

    fake.run(work, transport=httpx.MockTransport(handler), concurrency=3)
    assert most == 3


def test_a_real_socket_is_used_and_closed_over_http_1_1(fake):
    """Through httpx's own transport, without a proxy though the environment names one."""
    import asyncio

    from scimconf.graph.client import Settings, open_graph

    seen = []
    gone = asyncio.Event()

    async def serve(reader, writer):
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}")
        await writer.drain()
        await reader.read()
        writer.close()
        await writer.wait_closed()
        gone.set()

    async def main():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            async with open_graph(Settings(base=f"http://127.0.0.1:{port}/v1.0"), None) as graph:
                answer = await graph.get("/x")
            await asyncio.wait_for(gone.wait(), 5)
            return answer

    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        environment.setenv("ALL_PROXY", "http://127.0.0.1:9")
        assert asyncio.run(main()) == {}
    assert seen[0].startswith(b"GET /v1.0/x HTTP/1.1\r\n")


def test_a_connection_whose_handshake_is_cancelled_is_closed():
    """One request that fails cancels the others, some of them in the middle of their handshake."""
    import asyncio

    from scimconf.graph.client import Settings, open_graph

    async def main():
        greeted, gone = asyncio.Event(), asyncio.Event()

        async def serve(reader, writer):
            await reader.readexactly(5)  # the client's hello, which is never answered
            greeted.set()
            while await reader.read(1000):
                pass
            gone.set()
            writer.close()
            await writer.wait_closed()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with open_graph(Settings(base=f"https://127.0.0.1:{port}/v1.0"), None) as graph:
                asked = asyncio.create_task(graph.get("/x"))
                await asyncio.wait_for(greeted.wait(), 5)
                asked.cancel()
                await asyncio.wait([asked])
                await asyncio.wait_for(gone.wait(), 5)
        return asked.cancelled()

    assert asyncio.run(main())


def test_trust_of_a_sandbox_is_its_certificate_authority(tmp_path):
    from scimconf.graph.client import Settings, trust

    sandbox = "https://127.0.0.1:8443/v1.0"
    assert trust(Settings(base=CLOUD, authority="ignored.pem")) is True
    assert trust(Settings(base=sandbox)) is True
    for content, reason in ((None, "No such file"), ("", "it contains no certificate")):
        if content is not None:
            (tmp_path / "ca.pem").write_text(content)
        with pytest.raises(ScimconfError, match=f"could not read SSL_CERT_FILE .*ca.pem: {reason}"):
            trust(Settings(base=sandbox, authority=str(tmp_path / "ca.pem")))


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(fake, status):
    """It would lead the access token and the body to another host."""
    headers = {"location": "https://attacker.example/v1.0/me"}
    fake.answers(lambda _request: httpx.Response(status, headers=headers))
    with pytest.raises(GraphError, match=str(status)):
        fake.run(lambda graph: graph.post("/x", {}, {"key": "value"}))
    assert {request.url.host for request in fake.requests} == {"127.0.0.1"}
