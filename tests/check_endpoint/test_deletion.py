"""What a run created is deleted however the run ends; what remains is listed."""

from __future__ import annotations

import json
import os
import signal
import threading
from itertools import count
from urllib.parse import parse_qs

import pytest

from .endpoints import LIST, result, run, scripted


class Memory:
    """A server that stores what is created; `before` may replace a response or raise a signal."""

    def __init__(self, before=lambda *_: None):
        self.stored = {}
        self.before = before
        self.numbers = count(1)
        self.lock = threading.Lock()

    def __call__(self, method, path, _headers, body):
        with self.lock:
            return self.before(method, path, self) or self.answer(method, path, body)

    def answer(self, method, path, body):
        if method == "POST":
            path = f"{path}/{next(self.numbers)}"
            self.stored[path] = body
            return 201, {"id": path.rpartition("/")[2]}, {}
        if method == "DELETE":
            return (204 if self.stored.pop(path, None) else 404), b"", {}
        if "?filter=" in path:
            endpoint, _, text = path.partition("?")
            name = parse_qs(text)["filter"][0].partition('"')[2].rstrip('"')
            found = [
                {**json.loads(stored), "id": key.rpartition("/")[2]}
                for key, stored in self.stored.items()
                if name in stored and key.startswith(endpoint)
            ]
            return 200, {**LIST, "totalResults": len(found), "Resources": found}, {}
        return 200, {"id": path.rpartition("/")[2]}, {}


def interrupt(number):
    """Return a function that interrupts this process at a request that creates the user of this number."""
    numbers = count(1)

    def before(method, _path, _memory):
        if method == "POST" and next(numbers) == number:
            os.kill(os.getpid(), signal.SIGINT)

    return before


def test_deletion_follows_an_interrupt():
    memory = Memory(interrupt(3))
    with scripted(memory) as url:
        outcome = run(url, "B02", "B03")
    assert outcome.interrupted
    assert "Interrupted. The remaining checks were not run." in outcome.report.remarks
    assert {result.id for result in outcome.report.results} >= {"B02", "B03"}
    assert (memory.stored, outcome.report.leftovers) == ({}, ())  # also the group whose creation had no response


def test_what_cannot_be_deleted_is_listed():
    memory = Memory(lambda method, *_: (403, {"detail": "no"}, {}) if method == "DELETE" else None)
    with scripted(memory) as url:
        report = run(url, "SCIM_User_Create_Test").report
    assert report.leftovers == ('/Users/1 (userName "scimconf-check-0-2@contoso.com")',)
    assert report.exit_code == 5


@pytest.mark.parametrize("status", [404, 410, 200])
def test_deletion_accepts_what_is_gone(status):
    memory = Memory(lambda method, *_: (status, b"", {}) if method == "DELETE" else None)
    with scripted(memory) as url:
        assert run(url, "B38").report.leftovers == ()


def test_resource_whose_creation_had_no_id_is_found_by_its_name():
    memory = Memory()

    def before(method, path, memory):
        if method == "POST":
            memory.answer(method, path, "")
            return 503, b"", {}
        if method == "GET" and "scimconf-check-0-2%40" in path:
            resources = [{"id": "1", "userName": "scimconf-check-0-2@contoso.com"}, {"id": "7", "userName": "ada"}]
            return 200, {**LIST, "totalResults": 2, "Resources": resources}, {}
        return None

    memory.before = before
    memory.stored["/scim/Users/7"] = "of somebody else"
    with scripted(memory) as url:
        report = run(url, "B38").report
    assert report.leftovers == ()
    assert memory.stored == {"/scim/Users/7": "of somebody else"}


def test_creation_without_an_id_is_listed_if_the_filter_fails():
    def before(method, path, _memory):
        is_connection_test = "scimconf-check-0-1%40" in path
        return (500, b"", {}) if method in ("POST", "GET") and not is_connection_test else None

    with scripted(Memory(before)) as url:
        report = run(url, "B38").report
    assert report.leftovers == ('/Users (userName "scimconf-check-0-2@contoso.com")',)


def test_creation_without_a_response_that_is_then_refused_is_listed_only_if_the_name_is_taken():
    for status, leftovers in ((400, 0), (409, 1)):
        creations = count()

        def before(method, _path, _memory, status=status, creations=creations):
            if method == "POST" and next(creations) == 0:
                return 503, b"", {}
            return (status, b"", {}) if method == "POST" else None

        with scripted(Memory(before)) as url:
            assert len(run(url, "B46").report.leftovers) == leftovers


def test_refused_creation_is_not_listed():
    with scripted(Memory(lambda method, *_: (400, b"", {}) if method == "POST" else None)) as url:
        assert run(url, "B38").report.leftovers == ()


def test_second_interrupt_ends_the_deletion():
    def before(method, _path, memory):
        if method == "DELETE" or (method == "POST" and len(memory.stored) == 1):
            os.kill(os.getpid(), signal.SIGINT)

    with scripted(Memory(before)) as url:
        outcome = run(url, "B02")
    assert outcome.interrupted
    assert "The deletion was interrupted." in outcome.report.remarks
    assert outcome.report.leftovers


def test_limited_requests_are_repeated_and_counted():
    refused = iter([True, True])

    def before(method, _path, _memory):
        return (429, b"", {"Retry-After": "0"}) if method == "POST" and next(refused, False) else None

    with scripted(Memory(before)) as url:
        report = run(url, "B38").report
    assert report.exit_code == 0
    assert "2 requests answered with 429 had to be repeated (see B43)." in report.remarks


def test_deletion_follows_a_failure_of_scimconf():
    def progress(name):
        if name == "B03":
            raise ValueError("the terminal is gone")

    memory = Memory()
    with scripted(memory) as url:
        outcome = run(url, "B02", "B03", progress=progress)
    assert (memory.stored, outcome.report.leftovers, outcome.interrupted) == ({}, (), False)
    assert "this is a defect of scimconf: ValueError" in result(outcome.report, "Run").actual
    assert outcome.report.exit_code == 2


@pytest.mark.parametrize("status", [200, 404, 500])
def test_resources_with_unusable_ids_are_listed_by_name(status):
    def before(method, path, _memory):
        if method == "POST":
            return 201, {"id": ".."}, {}
        return (status, LIST, {}) if "filter" in path and "scimconf-check-0-1%40" not in path else None

    with scripted(Memory(before)) as url:
        report = run(url, "B46").report
    names = [f'/Users (userName "scimconf-check-0-{number}@contoso.com")' for number in (2, 3)]
    assert report.leftovers == tuple(names)
