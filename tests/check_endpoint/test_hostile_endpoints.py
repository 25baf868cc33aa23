"""Endpoints that break the protocol: each gives a result, and the token goes nowhere else."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from itertools import count
from urllib.parse import unquote_plus

import pytest
from canary import TOKEN

from scimconf.check_report import CheckStatus
from scimconf.rehearsal.endpoint import transport
from scimconf.render.checks import html, junit, markdown, text
from scimconf.render.checks import json as as_json

from .endpoints import LIST, failed, ids, raw, result, run, scripted

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/scim+json\r\n"
LONG_TOKEN = f"{TOKEN}-{'0123456789abcdefghijklmnopqrstuvwxyz' * 2}"


def endless(connection):
    connection.sendall(HEAD + b"\r\n" + b"[")
    while True:
        connection.sendall(b'"x",' * 10_000)


def dripping(connection):
    import time

    connection.sendall(HEAD + b"\r\n")
    while True:
        connection.sendall(b" ")
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("respond", "timeout", "actual"),
    [
        (lambda _connection: None, 5, "no response"),
        (lambda connection: connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n"), 5, "no response"),
        (lambda connection: connection.sendall(HEAD + b"Content-Length: 100\r\n\r\n{"), 5, "no response"),
        (endless, 60, "a body of more than 4 MiB"),
        (dripping, 0.2, "no complete response within 0.2 s"),
        (lambda connection: connection.recv(1), 0.2, "no complete response within 0.2 s"),
    ],
    ids=["closed", "another protocol", "cut", "endless body", "slow body", "silent"],
)
def test_connection_check_fails_against_server_that_breaks_http(respond, timeout, actual):
    with raw(respond) as url:
        report = run(url, "B02", timeout=timeout).report
    assert failed(report) == ["Connection"]
    assert actual in result(report, "Connection").actual
    assert ids(report, CheckStatus.SKIPPED) == ["B02"]
    assert report.exit_code == 2


def test_connection_check_fails_without_a_server():
    with scripted(lambda *_: (200, LIST, {})) as url:
        pass
    assert failed(run(url, "B02").report) == ["Connection"]


BODIES = {
    "html": b"<html><body>Sign in</body></html>",
    "empty": b"",
    "garbage": b"\xff\xfe\x00{",
    "number": b"17",
    "list": b"[[], {}]",
    "deep": b"[" * 100_000,
    "nan": b'{"totalResults": NaN}',
    "wrong types": b'{"totalResults": "1", "Resources": {"id": 3}, "id": {"a": []}, "members": 4, "active": []}',
    "resources": b'{"totalResults": 1, "Resources": [1, null, "x"], "id": true}',
    "huge id": json.dumps({"id": "a/" * 5_000, "totalResults": 0}).encode(),
    "relative id": b'{"id": "..", "totalResults": 0}',
    "surrogate": b'{"id": "\\ud800", "totalResults": 0}',
    "escapes": json.dumps({"id": "\x1b[2J\r\n", "detail": "\x1b]0;title\x07", "totalResults": 0}).encode(),
}


@pytest.mark.parametrize("name", BODIES)
def test_checks_have_a_result_whatever_the_body_is(name):
    first = iter([True])

    def respond(method, *_):
        if next(first, False):
            return 200, LIST, {}
        return 200 if method == "GET" else 201, BODIES[name], {}

    with scripted(respond) as url:
        report = run(url, "B01", "B05", "B08", "B12", "SCIM_User*_Test", "Schema*", "WV-06").report
    assert not any("defect of scimconf" in item.actual for item in report.results)
    assert set(failed(report)) & {"B05", "SCIM_User_Create_Test"}
    printed = text.report(report, full=True)
    assert all(line.isprintable() for line in printed.split("\n"))


@pytest.mark.parametrize(
    ("status", "body", "hint"),
    [
        (200, BODIES["html"], "This is not a SCIM endpoint"),
        (200, b"", "This is not a SCIM endpoint"),
        (404, BODIES["html"], "Check the path of the URL"),
        (401, {"detail": "no"}, "Check the token"),
        (403, b"", "Check the token"),
    ],
)
def test_connection_check_explains_what_is_no_scim_endpoint(status, body, hint):
    with scripted(lambda *_: (status, body, {})) as url:
        report = run(url, "B02", "B16").report
    assert failed(report) == ["Connection"]
    assert hint in result(report, "Connection").hint
    assert report.exit_code == 2


def test_filter_that_is_answered_with_404_does_not_end_the_run():
    with scripted(lambda _method, path, *_: (404 if "filter" in path else 200, LIST, {})) as url:
        assert failed(run(url, "B16").report) == ["B16"]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirect_is_not_followed_and_the_token_stays(status):
    requests = []

    def record(*request):
        requests.append(request)
        return 200, LIST, {}

    with scripted(record) as other, scripted(lambda *_: (status, b"", {"Location": f"{other}/Users"})) as url:
        report = run(url, "B02").report
    assert requests == []
    assert "which is not followed" in result(report, "Connection").actual


@pytest.mark.parametrize("token", [TOKEN, LONG_TOKEN])
def test_token_that_an_endpoint_returns_is_masked_everywhere(token):
    parts = [token, token[4:-3], token[::-1][::-1].upper(), *([token[10:50]] if token is LONG_TOKEN else [])]

    def echo(method, path, headers, _body):
        values = {"detail": f"{headers['Authorization']} {parts}", headers["Authorization"]: parts}
        return 401 if method == "GET" else 400, {**values, "totalResults": 0}, {"X-Token": token}

    with scripted(lambda *request: (200, {**echo(*request)[1]}, {})) as url:
        report = run(url, "B05", "B16", token=token).report
    printed = text.report(report, full=True)
    assert token not in printed
    assert "***" in printed
    if token is LONG_TOKEN:
        assert token[10:50] not in printed


def test_token_that_is_too_short_for_a_secret_leaves_the_report_readable():
    with scripted(lambda *_: (200, LIST, {})) as url:
        report = run(url, "B16", token="e").report
    assert result(report, "B16").actual == "the list is empty"


def test_long_bodies_are_cut_in_the_report():
    body = {**LIST, "Resources": [{"id": "1", "note": "x" * 300_000}], "totalResults": 1}
    with scripted(lambda *_: (200, body, {})) as url:
        report = run(url, "B16").report
    (exchange,) = result(report, "B16").exchanges
    assert isinstance(exchange.response_body, str)
    assert len(exchange.response_body) < 51_000


def test_endpoint_that_stops_answering_ends_the_run():
    numbers = iter(range(10_000))

    def respond(*_):
        if next(numbers) > 2:
            raise ConnectionResetError
        return 200, LIST, {}

    with scripted(respond) as url:
        report = run(url, "B*").report
    assert len(ids(report, CheckStatus.SKIPPED)) > 40
    assert any("did not answer 5 requests in a row" in remark for remark in report.remarks)
    assert "Run" in failed(report)


def test_check_whose_requests_make_the_endpoint_silent_fails_and_the_report_names_it_in_each_format(monkeypatch):
    monkeypatch.setattr(transport, "MAX_SILENT", 2)
    numbers = count()

    def respond(*_):
        if next(numbers):
            raise ConnectionResetError
        return 200, LIST, {}

    with scripted(respond) as url:
        report = run(url, "User_Update_Manager_Test", "WV-01").report
    assert report.exit_code != 0
    silent = [item for item in report.results if "the run ended here" in item.actual]
    assert [item.status for item in silent] == [CheckStatus.FAILED]
    for render in (text, junit, as_json, markdown, html):
        assert "1 check of 2 not run" in " ".join(render.report(report).split())
    failures = [
        case.get("name") for case in ET.fromstring(junit.report(report)).iter() if case.find("failure") is not None
    ]
    assert "Run: All checks are run" in failures


@pytest.mark.parametrize(
    "refusal", [400, 500, pytest.param(429, marks=pytest.mark.slow), pytest.param(None, marks=pytest.mark.slow)]
)
def test_rate_check_counts_every_request_that_is_not_served(refusal):
    numbers = count()

    def respond(*_):
        if next(numbers) % 5:
            return 200, LIST, {}
        if refusal is None:
            raise ConnectionResetError
        return refusal, {"detail": "too many"}, {}

    next(numbers)
    with scripted(respond) as url:
        report = run(url, "B43").report
    assert failed(report) == ["B43"]
    assert "10 of 50 requests were not served: " in result(report, "B43").actual


@pytest.mark.parametrize("status", [400, 418, 500, 503])
def test_connection_check_fails_as_the_connection_test_of_entra_does(status):
    with scripted(lambda *_: (status, {"detail": "no"}, {})) as url:
        report = run(url, "B15", "B22", "B43", "B46").report
    assert failed(report) == ["Connection"]
    assert ids(report, CheckStatus.SKIPPED) == ["B15", "B22", "B43", "B46"]
    assert "connection test" in result(report, "Connection").hint


@pytest.mark.parametrize("status", [400, 500])
def test_checks_do_not_pass_against_an_endpoint_that_answers_errors_only(status):
    numbers = count()

    def respond(*_):
        return (status, {"detail": "no"}, {}) if next(numbers) else (200, LIST, {})

    with scripted(respond) as url:
        report = run(url, "B15", "B22", "B43", "B46").report
    assert failed(report) == ["B15", "B22", "B43", "B46"]


@pytest.mark.slow
def test_refused_creations_are_two_failures_and_every_check_that_needs_them_is_skipped():
    def respond(method, *_):
        return (200, LIST, {}) if method == "GET" else (400, {"detail": "no"}, {})

    with scripted(respond) as url:
        report = run(url).report
    failures = {name: result(report, name) for name in failed(report)}
    refused = {name: item for name, item in failures.items() if "POST" in item.actual}
    assert {item.consequence for item in refused.values()} == {"No user is created.", "No group is created."}
    assert len(refused) < 8, refused
    assert "Accept this creation" in result(report, "B01").hint
    assert "nothing was tested: POST /Users answered 400 Bad Request" in result(report, "B01").actual
    assert result(report, "B05").actual.endswith("(see B01)")
    assert "B05" in ids(report, CheckStatus.SKIPPED)


def test_refused_creation_fails_once():
    def respond(method, *_):
        return (200, LIST, {}) if method == "GET" else (400, {"detail": "no"}, {})

    with scripted(respond) as url:
        report = run(url, "B05", "B12", "B32", "B38", "B40", "B45").report
    assert failed(report) == ["B05"]
    assert ids(report, CheckStatus.SKIPPED) == ["B12", "B32", "B38", "B40", "B45"]
    assert result(report, "B05").consequence == "No user is created."
    assert result(report, "B05").expected == "a user that the check needs"
    assert result(report, "B32").actual.endswith("(see B05)")


def test_hint_for_an_endless_body_does_not_name_a_redirect():
    with raw(endless) as url:
        hint = result(run(url, "B02", timeout=60).report, "Connection").hint
    assert "redirect" not in hint
    assert "Answer a filter with the users that match" in hint


def test_removal_of_a_user_who_is_no_member_must_leave_the_members():
    members = []

    def respond(method, path, _headers, body):
        if method == "PATCH":
            members[:] = json.loads(body)["Operations"][0]["value"] if '"add"' in body else []
            return 204, b"", {}
        return (201 if method == "POST" else 200), {**LIST, "id": str(next(numbers)), "members": members}, {}

    numbers = count(1)
    with scripted(respond) as url:
        report = run(url, "B44").report
    assert failed(report) == ["B44"]
    assert "the group has the members [] afterwards" in result(report, "B44").actual


@pytest.mark.parametrize(("name", "attribute"), [("WV-05", "userName"), ("WV-17", "displayName")])
def test_filter_in_another_case_differs_from_the_created_name(name, attribute):
    texts = []

    def respond(method, path, _headers, body):
        texts.append(json.loads(body)[attribute] if method == "POST" else unquote_plus(path))
        return (201 if method == "POST" else 200), {**LIST, "id": "1"}, {}

    with scripted(respond) as url:
        run(url, name)
    created, searched = texts[1], texts[2].partition('"')[2].rstrip('"')
    assert created != searched
    assert created.lower() == searched.lower()


def test_run_ends_at_its_limit_of_time():
    times = iter([0.0, *[transport.MAX_SECONDS + 1] * 10_000])
    with scripted(lambda *_: (200, LIST, {})) as url:
        report = run(url, "B16", "B17", clock=lambda: next(times)).report
    assert ids(report, CheckStatus.SKIPPED) == ["B16", "B17"]
    assert report.remarks[0] == "The run ended at Connection: the limit of 30 minutes is reached."


def test_run_ends_at_its_limit_of_requests(monkeypatch):
    monkeypatch.setattr(transport, "MAX_REQUESTS", 5)
    with scripted(lambda *_: (200, LIST, {})) as url:
        report = run(url, "B16", "B17", "B15").report
    assert any("the limit of 5 requests is reached" in remark for remark in report.remarks)
    assert ids(report, CheckStatus.PASSED) == ["Connection", "B15"]
    assert report.exit_code == 2
    assert ids(report, CheckStatus.SKIPPED) == ["B16", "B17"]


def test_requests_have_the_headers_of_entra():
    requests = []

    def record(method, path, headers, body):
        requests.append((method, path, headers, body))
        return 200, LIST, {"Set-Cookie": "session=1"}

    with scripted(record) as url:
        run(url, "B05")
        assert {headers["ADSCIMVersion"] for _, _, headers, _ in requests} == {"6.0"}
        run(url, "WV-01")
        assert requests[-1][2]["ADSCIMVersion"] == "6.0"  # the deletion
        assert None in {headers["ADSCIMVersion"] for _, _, headers, _ in requests}
    for method, _path, headers, _body in requests:
        assert headers["Authorization"] == f"Bearer {TOKEN}"
        assert headers["Accept"] == "application/scim+json"
        assert headers["User-Agent"] is None
        assert headers["Cookie"] is None
        expected = "application/scim+json; charset=utf-8" if method in ("POST", "PATCH") else None
        assert headers["Content-Type"] == expected
    assert "/Users?filter=userName+eq+%22scimconf-check-0-1%40contoso.com%22" in requests[0][1]
