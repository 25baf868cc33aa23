"""What a refusal becomes: unwrapped, with a hint, without bodies, tokens or secrets."""

import json
import traceback

import httpx
import pytest

from scimconf import permissions
from scimconf.diagnostics import GraphError, TransportError
from scimconf.graph.client import Request
from scimconf.graph.protocol.error_body import hint, parse_error
from scimconf.graph.secrets import SecretValue

JOB = "/servicePrincipals/{service_principal}/synchronization/jobs/{job}"
NAMES = {"service_principal": "1", "job": "j"}


def refusal(fake, answer, method="GET", path="/me", names=None, **options):
    fake.answers(answer)
    with pytest.raises(GraphError) as caught:
        fake.run(lambda graph: graph.send(Request(method, path, names or {})), **options)
    return caught.value


def test_graph_error_has_status_code_message_and_request_ids(fake):
    error = refusal(fake, fake.error(404, "Request_ResourceNotFound", "No such thing."), path=JOB, names=NAMES)
    assert (error.status, error.code, error.message) == (404, "Request_ResourceNotFound", "No such thing.")
    assert (error.method, error.path) == ("GET", "/servicePrincipals/1/synchronization/jobs/j")
    assert error.request_id == "inner-1"
    assert error.client_request_id == fake.requests[0].headers["client-request-id"]
    assert str(error) == (
        "GET /servicePrincipals/1/synchronization/jobs/j answered 404 Request_ResourceNotFound: No such thing."
        " (request id inner-1)"
    )


def test_graph_error_prefers_the_request_id_of_the_header(fake):
    assert refusal(fake, fake.error(400, request_id="srv-9")).request_id == "srv-9"


def test_graph_error_does_not_contain_the_query(fake):
    fake.answers(fake.error(400))
    with pytest.raises(GraphError) as caught:
        fake.run(lambda graph: graph.get("/users", query={"$filter": "mail eq 'ada@contoso.com'"}))
    assert "ada" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "message", "code", "text"),
    [
        (
            400,
            json.dumps({"error": {"code": "InvalidNotificationSettings", "message": None, "details": []}}, indent=2),
            "InvalidNotificationSettings",
            "",
        ),
        (404, '{"Message":"No HTTP resource was found."}', "UnknownError", "No HTTP resource was found."),
        (401, "", "UnknownError", ""),
        (400, "The job does not include the rule.", "UnknownError", "The job does not include the rule."),
        (400, '{"error": "odd"}', "UnknownError", '{"error": "odd"}'),
        (400, "{not json", "UnknownError", "{not json"),
    ],
)
def test_graph_error_unwraps_errors_of_the_synchronization_service(fake, status, message, code, text):
    error = refusal(fake, fake.error(status, "UnknownError", message))
    assert (error.status, error.code, error.message) == (status, code, text)


def test_parse_error_reads_details_if_the_message_is_empty():
    body = {"error": {"code": "DuplicateValue", "message": "", "details": [{"message": "a"}, {"message": None}, 1]}}
    assert parse_error(body).message == "a"


@pytest.mark.parametrize("body", [None, [], {}, {"error": "x"}, {"error": None}])
def test_parse_error_returns_none_for_other_json(body):
    assert parse_error(body) is None


def test_a_login_page_is_an_unexpected_response(fake):
    page = "<html>\n  Sign in to your account " + "x" * 500
    error = refusal(fake, lambda _request: httpx.Response(200, html=page))
    assert (error.status, error.code) == (200, "unexpected response")
    assert error.message == ("<html> Sign in to your account " + "x" * 500)[:200]


@pytest.mark.parametrize("status", [302, 404, 500])
def test_graph_error_quotes_the_html_of_a_proxy(fake, status):
    error = refusal(fake, lambda _request: httpx.Response(status, html="<h1>Blocked</h1>"), failed=1)
    assert (error.status, error.code, error.message) == (status, "unexpected response", "<h1>Blocked</h1>")


def test_graph_error_of_an_empty_response_is_an_unknown_error(fake):
    error = refusal(fake, lambda _request: httpx.Response(404))
    assert (error.code, error.message) == ("UnknownError", "")


def test_broken_json_is_an_unexpected_response(fake):
    answer = httpx.Response(200, content=b'{"a": ', headers={"content-type": "application/json"})
    assert refusal(fake, lambda _request: answer).code == "unexpected response"


def test_json_without_a_content_type_is_accepted(fake):
    fake.answers(lambda _request: httpx.Response(200, content=b'{"a": 1}'))
    assert fake.get() == {"a": 1}


CALLS = [
    ("GET", "/applicationTemplates", "Application.Read.All"),
    ("GET", "/organization", "Organization.Read.All"),
    ("POST", "/applicationTemplates/1/instantiate", "Application.ReadWrite.OwnedBy"),
    ("GET", "/servicePrincipals/1", "Application.Read.All"),
    ("GET", "/applications", "Application.Read.All"),
    ("PATCH", "/applications/1", "Application.ReadWrite.OwnedBy"),
    ("GET", "/servicePrincipals/1/appRoleAssignedTo", "Application.Read.All"),
    ("POST", "/servicePrincipals/1/appRoleAssignedTo", "AppRoleAssignment.ReadWrite.All"),
    ("DELETE", "/servicePrincipals/1/appRoleAssignedTo/x", "AppRoleAssignment.ReadWrite.All"),
    ("GET", "/users/a", "User.ReadBasic.All"),
    ("GET", "/users/a", "User.Read.All"),
    ("GET", "/users/a/transitiveMemberOf/microsoft.graph.group", "User.Read.All"),
    ("GET", "/groups/1/members/microsoft.graph.user", "GroupMember.Read.All"),
    ("GET", "/groups", "Group.ReadBasic.All"),
    ("POST", "/directoryObjects/getByIds", "Directory.Read.All"),
    ("GET", "/auditLogs/provisioning", "ProvisioningLog.Read.All"),
    ("GET", "/auditLogs/directoryAudits", "AuditLog.Read.All"),
    ("GET", "/directory/deletedItems/microsoft.graph.user", "User.Read.All"),
    ("GET", "/directory/deletedItems/microsoft.graph.group", "Group.Read.All"),
    ("GET", "/directory/deletedItems/10000000-0000-4000-8000-000000000001", "User.Read.All and Group.Read.All"),
    ("GET", "/servicePrincipals/1/synchronization/jobs/j/schema", "Synchronization.Read.All"),
    ("PUT", "/servicePrincipals/1/synchronization/jobs/j/schema", "Synchronization.ReadWrite.All"),
    ("PUT", "/servicePrincipals/1/synchronization/secrets", "Synchronization.ReadWrite.All"),
    ("POST", "/servicePrincipals/1/synchronization/jobs/j/start", "Synchronization.ReadWrite.All"),
    ("GET", "/servicePrincipals/1/synchronization/jobs/j/schema/filterOperators", "Synchronization.ReadWrite.All"),
    ("POST", "/servicePrincipals/1/synchronization/jobs/j/schema/parseExpression", "Synchronization.ReadWrite.All"),
    ("GET", "/servicePrincipals/1/synchronization/secrets", "Synchronization.Read.All"),
]


@pytest.mark.parametrize(("method", "path", "permission"), CALLS)
def test_hint_names_the_permission(method, path, permission):
    for status, code in ((401, "UnknownError"), (403, "Authorization_RequestDenied")):
        assert permission in hint(status, code, method, path)
    assert hint(404, "x", method, path) == ""


def test_each_permission_of_the_table_applies_to_a_request():
    assert {permissions.required(method, path) for method, path, _ in CALLS} == set(permissions.PERMISSIONS)


def test_hint_of_an_invalid_token_is_to_sign_in():
    assert "--auth" in hint(401, "InvalidAuthenticationToken", "GET", "/users")


def test_hint_of_an_unknown_request_is_empty():
    assert hint(403, "x", "GET", "/me") == ""


def test_graph_error_has_a_hint(fake):
    error = refusal(fake, fake.error(401, "UnknownError", ""), "PATCH", JOB, NAMES)
    assert "Synchronization.ReadWrite.All" in error.hint
    assert "Cloud Application Administrator" in error.hint


@pytest.mark.parametrize(
    ("base", "tip"),
    [("http://127.0.0.1:9/v1.0", "scimconf sandbox serve"), ("https://graph.microsoft.com/v1.0", "HTTPS_PROXY")],
)
def test_transport_error_of_a_failed_connection_has_a_hint(fake, base, tip):
    class Token:
        def get_token(self, *_scopes, **_options):
            from azure.core.credentials import AccessToken

            return AccessToken("t", 2_000_000_000)

    fake.answers(httpx.ConnectError("refused"))
    with pytest.raises(TransportError, match="could not connect to .*refused") as caught:
        fake.get(base=base, token=Token())
    assert tip in caught.value.hint


def test_transport_error_of_a_lost_connection(fake):
    fake.answers(httpx.ReadError(""))
    with pytest.raises(TransportError, match=r"GET /me: .*the connection was lost: ReadError"):
        fake.get()


@pytest.mark.parametrize("kind", ["json", "html", "lost", "unexpected"])
def test_graph_error_contains_no_secret_body_or_token(fake, kind):
    hush = 'h"u/s h'
    echo = f"bad value {hush} {json.dumps(hush)[1:-1]}"

    def handler(request):
        assert b'h\\"u/s h' in request.content
        if kind == "lost":
            return httpx.ReadError(echo)
        if kind == "json":
            return httpx.Response(400, json={"error": {"code": "X", "message": echo}})
        return httpx.Response(400 if kind == "html" else 200, text="y" * 195 + echo)

    fake.answers(handler)
    body = {"token": SecretValue(hush), "other": "private-thing"}

    def mask_text(text):
        return text.replace(json.dumps(hush)[1:-1], "***").replace(hush, "***")

    with pytest.raises(GraphError) as caught:
        fake.run(lambda graph: graph.post("/x", {}, body), mask_text=mask_text)
    error = caught.value
    shown = "".join([*traceback.format_exception(error), repr(error), str(vars(error))])
    assert "***" in shown or kind in {"html", "unexpected"}
    for leak in (hush, 'h\\"u', 'h"u', "u/s h", "private-thing"):
        assert leak not in shown
    assert error.__cause__ is None
    assert error.__context__ is None


def test_repr_of_request_and_answer_contains_no_body(fake):
    fake.answers(fake.ok({"private": "thing"}))
    request = Request("POST", "/x", body={"private": "thing"})
    answer = fake.run(lambda graph: graph.send(request))
    assert "thing" not in repr(request)
    assert "thing" not in repr(answer)
