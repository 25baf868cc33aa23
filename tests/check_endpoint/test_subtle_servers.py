"""Servers with small faults that a check must notice, and servers against which a check could pass without a test."""

from __future__ import annotations

import json
from itertools import count
from urllib.parse import unquote_plus

import pytest

from scimconf.check_report import CheckStatus

from .endpoints import LIST, failed, ids, result, run, scripted


class Store:
    """A server with users, groups and their members; a subclass or a test replaces a method to break it."""

    def __init__(self):
        self.numbers = count(1)
        self.resources = {}

    def __call__(self, method, path, _headers, body):
        path, _, query = path.removeprefix("/scim").partition("?")
        if method == "POST":
            resource = {"members": [], **json.loads(body), "id": str(next(self.numbers))}
            if self.is_refused(resource):
                return 400, {"detail": "no"}, {}
            self.resources[f"{path}/{resource['id']}"] = resource
            return 201, resource, {}
        if "filter=" in query:
            return self.filtered(path, query)
        resource = self.resources.get(path)
        if resource is None:
            return 404, {"detail": "unknown"}, {}
        if method == "DELETE":
            del self.resources[path]
            return 204, b"", {}
        if method == "PATCH":
            for operation in json.loads(body)["Operations"]:
                self.change(resource, operation)
        return 200, self.returned(resource, query), {}

    def filtered(self, path, query):
        name = self.name(query.partition("filter=")[2])
        matches = [
            self.returned(resource, query)
            for key, resource in self.resources.items()
            if key.startswith(path) and name in (resource.get("userName"), resource.get("displayName"))
        ]
        return 200, {**LIST, "totalResults": len(matches), "Resources": matches}, {}

    def name(self, text):
        return unquote_plus(text).partition('"')[2].rstrip('"')

    def is_refused(self, _resource):
        return False

    def returned(self, resource, query):
        return {key: value for key, value in resource.items() if key != "members" or "excluded" not in query}

    def change(self, resource, operation):
        path, value = operation.get("path"), operation["value"]
        if path == "members" and operation["op"].lower() == "remove":
            self.remove(resource, value)
        elif path == "members":
            resource["members"] += value
        elif path == "active":
            resource["active"] = value in (True, "True")

    def remove(self, resource, values):
        resource["members"] = [member for member in resource["members"] if member not in values]


def checked(server, *names):
    with scripted(server) as url:
        report = run(url, *names).report
    assert report.leftovers == ()
    return report


def test_store_passes_the_checks_of_this_file():
    names = ["B03", "B18", "B25", "B41", "B44", "B51", "WV-13", "WV-14"]
    report = checked(Store(), *names)
    assert ids(report, CheckStatus.PASSED) == ["Connection", *[name for name in report_order(report) if name in names]]


def report_order(report):
    return [item.id for item in report.results]


def test_removal_of_the_first_of_two_members_only_is_noticed():
    server = Store()
    server.remove = lambda resource, values: Store.remove(server, resource, values[:1])
    report = checked(server, "B03")
    assert failed(report) == ["B03"]
    assert "the removal of 2 members in one request succeeded, and 1 of them" in result(report, "B03").actual


@pytest.mark.parametrize(
    ("sign", "read"),
    [
        ("'", lambda text: unquote_plus(text).replace("'", "''")),
        ("+", lambda text: unquote_plus(unquote_plus(text))),
        ("ü", lambda text: unquote_plus(text, encoding="latin-1")),
    ],
    ids=["apostrophe", "decoded twice", "latin-1"],
)
def test_filter_that_misses_a_character_is_noticed(sign, read):
    server = Store()
    server.name = lambda text: read(text).partition('"')[2].rstrip('"')
    report = checked(server, "B18")
    assert failed(report) == ["B18"]
    assert f'{sign}a@contoso.com" matches 0 users' in result(report, "B18").actual


def test_names_with_a_character_that_the_application_refuses_are_not_searched():
    server = Store()
    server.is_refused = lambda resource: "'" in resource["userName"]
    report = checked(server, "B18")
    assert failed(report) == []
    assert "names with ' are refused" in result(report, "B18").actual


def test_checks_of_disabled_users_are_skipped_if_no_user_can_be_disabled():
    server = Store()
    server.change = lambda *_: None
    report = checked(server, "B05", "B25", "B41", "B51")
    assert failed(report) == ["B05"]
    assert ids(report, CheckStatus.SKIPPED) == ["B25", "B41", "B51"]
    assert all("(see B05)" in result(report, name).actual for name in ("B25", "B41", "B51"))
    assert "`active` is true after" in result(report, "B05").actual


def test_members_that_a_request_excludes_are_noticed():
    server = Store()
    server.returned = lambda resource, _query: resource
    assert failed(checked(server, "WV-13", "WV-14")) == ["WV-13", "WV-14"]


@pytest.mark.parametrize("name", ["B12", "WV-09", "WV-10"])
def test_manager_that_is_not_stored_is_named_and_the_hint_names_the_cause(name):
    report = checked(Store(), name)
    assert 'after the PATCH, not "' in result(report, name).actual
    assert "B11" in result(report, name).hint
