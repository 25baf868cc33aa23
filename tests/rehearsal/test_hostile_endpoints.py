"""Endpoints that answer with errors, nonsense or nothing: the rehearsal ends with a report, and never hangs."""

from __future__ import annotations

import asyncio
import json

import pytest
from canary.values import TOKEN
from canary.watch import WATCH
from check_endpoint.endpoints import LIST, raw, scripted

from scimconf.rehearsal.naming import Naming
from scimconf.rehearsal.run import RehearsalOptions, default_switches
from scimconf.rehearsal.whole_run import rehearse

from .rehearsals import MONDAY, by_id
from .test_rehearsals import small


def rehearsed(url):
    settings = RehearsalOptions(
        address=url,
        token=TOKEN,
        started=MONDAY,
        naming=Naming("scimconf-1a2b"),
        switches=default_switches().changed({"timeout_s": 2}),
    )
    report = rehearse(small(), settings, lambda work: asyncio.run(work()), lambda: 0.0, 2.0).report
    WATCH.look("report", repr(report))
    return report


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "body", "headers", "words", "hint"),
    [
        (401, {}, {}, "401", "refuses the token"),
        (404, {}, {}, "got 404", "empty ListResponse"),
        (429, {}, {"Retry-After": "1"}, "got 429", "25 requests a second"),
        (500, {}, {}, "got 500", "internal error"),
        (200, b"<html>no</html>", {"Content-Type": "text/html"}, "not a SCIM list", "HTML"),
        (200, b"[1]", {}, "not a SCIM list", ""),
    ],
)
def test_an_endpoint_that_fails_the_connection_test_is_not_provisioned(status, body, headers, words, hint):
    methods = []

    def script(method, *_):
        methods.append(method)
        return status, body, headers

    with scripted(script) as url:
        report = rehearsed(url)
    (applied,) = report.results
    assert (applied.status.value, report.exit_code, set(methods)) == ("failed", 2, {"GET"})
    assert words in applied.actual
    assert hint in applied.hint


@pytest.mark.slow
def test_the_token_is_not_sent_to_another_host():
    received = []

    def elsewhere(_method, _path, request_headers, _body):
        received.append(request_headers.get("Authorization"))
        return 200, LIST, {}

    with scripted(elsewhere) as other, scripted(lambda *_: (302, {}, {"Location": other})) as url:
        report = rehearsed(url)
    assert (by_id(report)["apply"].status.value, received) == ("failed", [])


@pytest.mark.slow
@pytest.mark.parametrize(
    "respond",
    [
        lambda _connection: None,
        lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 9_000_000),
        lambda connection: connection.recv(1),
        lambda connection: connection.sendall(b"no HTTP\r\n\r\n"),
    ],
)
def test_an_endpoint_without_a_usable_response_ends_the_rehearsal(respond):
    with raw(respond) as url:
        report = rehearsed(url)
    assert (by_id(report)["apply"].status.value, report.exit_code) == ("failed", 2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("found", "created", "words"),
    [
        ({**LIST, "totalResults": 2, "Resources": [{"id": "1"}, {"id": "2"}]}, None, "DuplicateTargetEntries"),
        (LIST, (201, {}), "no id"),
        (LIST, (409, {}), "ServiceIncompatibleFiltering"),
        (LIST, (503, b"<html>"), "ServerError"),
    ],
)
def test_an_endpoint_that_matches_or_creates_nobody_fails_the_step(found, created, words):
    def script(method, path, *_):
        if method == "GET" and "filter=" in path:
            is_probe = path.count("-") > 3
            return 200, LIST if is_probe and "contoso" not in path else found, {}
        return (*(created or (404, {})), {})

    with scripted(script) as url:
        report = rehearsed(url)
    results = by_id(report)
    assert (results["create-user"].status.value, report.exit_code in (2, 5)) == ("failed", True)
    assert words in results["create-user"].actual
    assert results["update-attribute"].status.value == "skipped"


@pytest.mark.slow
def test_what_cannot_be_deleted_is_listed():
    created = []

    def script(method, _path, _headers, body):
        if method == "POST":
            created.append(json.loads(body)["userName"])
            return 201, {**json.loads(body), "id": str(len(created))}, {}
        return (500, {}, {}) if method == "DELETE" else (200, LIST, {})

    with scripted(script) as url:
        report = rehearsed(url)
    assert report.exit_code == 5
    assert report.leftovers == tuple(f'/Users/{number} (userName "{name}")' for number, name in enumerate(created, 1))
    assert len(created) > 1
    assert {name.startswith("scimconf-1a2b-") for name in created} == {True}
