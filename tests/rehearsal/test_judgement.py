"""The hints and consequences of checks, and the texts of failures."""

from __future__ import annotations

import pytest

from scimconf.check_report import Exchange
from scimconf.rehearsal.cleanup import created_resources
from scimconf.rehearsal.judgement import (
    Unexpected,
    ValueDifference,
    apply_hint,
    apply_problem,
    consequence,
    failures,
    hint,
    member_hint,
    short_text,
    values_text,
)
from scimconf.rehearsal.rehearsed_tenant import CycleResult
from scimconf.sandbox.engine.values import Dialect

BASE = "http://127.0.0.1:8080/v2"


def patch(value, path="active"):
    return {"Operations": [{"op": "Replace", "path": path, "value": value}]}


@pytest.mark.parametrize(
    ("request_line", "body", "response", "answer", "words"),
    [
        ("GET /Users", None, "401 Unauthorized", None, "refuses the token"),
        ("GET /Users?filter=userName+eq", None, "404 Not Found", None, "empty ListResponse"),
        ("GET /Users/1", None, "404 Not Found", None, ""),
        ("POST /Users", {}, "409 Conflict", None, "without case"),
        ("POST /Users", {}, "200 OK", None, "with 201"),
        ("POST /Groups", {}, "400 Bad Request", {"detail": "Unknown extension schemas"}, "Ignore schemas"),
        ("POST /Users", {}, "400 Bad Request", {"schemas": ["urn:x"], "detail": "no"}, ""),
        (
            "POST /Users",
            {},
            "400 Bad Request",
            {"scimType": "invalidValue", "detail": "title is long"},
            "title is long: c",
        ),
        (
            "PATCH /Users/1",
            None,
            "400 Bad Request",
            {"scimType": "invalidValue", "detail": "title"},
            "change the mapping",
        ),
        ("GET /Users", None, "302 Found", None, "follows no redirect"),
        ("GET /Users", None, "200 OK", "<html>", "HTML"),
        ("GET /Users", None, "503 Service Unavailable", None, "internal error"),
        ("GET /Users", None, "200 OK", {}, ""),
        ("PATCH /Users/1", patch("False"), "400 Bad Request", {}, "aadOptscim062020"),
        ("PATCH /Users/1", patch("x", "urn:a:2.0:User:manager"), "400 Bad Request", {}, "id of a manager as text"),
        ("PATCH /Users/1", patch("x", "title"), "400 Bad Request", {"detail": "unknown op Replace"}, "in any case"),
        ("PATCH /Users/1", patch("x", "title"), "400 Bad Request", {"detail": "no"}, ""),
        ("PATCH /Users/1", None, "422 Unprocessable Entity", "no", ""),
    ],
)
def test_hint_says_what_to_change(request_line, body, response, answer, words):
    text = hint([Exchange(request_line, body, response, answer)], (), Dialect.LEGACY)
    assert words in text
    assert bool(words) is bool(text)


def test_hints_about_the_legacy_dialect_are_not_those_of_the_compliant_one():
    exchange = Exchange("PATCH /Users/1", patch("False"), "400 Bad Request", {"detail": "unknown op"})
    assert hint([exchange], (), Dialect.COMPLIANT) == ""


def test_hint_of_differences_is_about_booleans_and_dropped_attributes():
    text = ValueDifference("active", "False", "False", is_boolean=True)
    assert "reads booleans as text" in hint([], [text], Dialect.LEGACY)
    assert "drops this attribute" in hint([], [ValueDifference("title", "a", None)], Dialect.LEGACY)
    assert hint([], [ValueDifference("title", "a", "b")], Dialect.LEGACY) == ""


def test_hint_of_a_failed_apply_is_that_of_the_status_in_its_text():
    problem = "We received this unexpected response from your application: HTTP/1.1 401 Unauthorized."
    assert "refuses the token" in apply_hint(problem, [], Dialect.LEGACY)
    assert apply_hint("no", [], Dialect.LEGACY) == ""


def member_patch(op):
    return Exchange("PATCH /Groups/1", {"Operations": [{"op": op, "path": "members"}]}, "204 No Content", None)


@pytest.mark.parametrize(
    ("exchange", "dialect", "words"),
    [
        (
            Exchange("GET /Groups/1?excludedAttributes=members", None, "200 OK", {"members": [{}]}),
            "legacy",
            "Leave out",
        ),
        (Exchange("GET /Groups/1?excludedAttributes=members", None, "200 OK", {}), "legacy", ""),
        (member_patch("Remove"), "legacy", "and no others"),
        (member_patch("remove"), "compliant", "the filter in the path"),
        (member_patch("Add"), "legacy", ""),
        (
            Exchange("PATCH /Groups/1", {"Operations": [{"op": "replace"}]}, "204 No Content", None),
            "compliant",
            "that it names",
        ),
    ],
)
def test_hint_about_members_is_that_of_the_request_that_shows_it(exchange, dialect, words):
    text = member_hint([exchange], Dialect(dialect))
    assert words in text
    assert bool(words) is bool(text)


@pytest.mark.parametrize(
    ("quarantine", "failed", "differs", "words"),
    [
        ("EncounteredQuarantineException", [], False, "in quarantine (EncounteredQuarantineException)"),
        ("", [("InsufficientRights", "no")], True, "in escrow (InsufficientRights)"),
        ("", [], True, "logs success"),
        ("", [], False, ""),
    ],
)
def test_consequence_is_what_entra_does_next(quarantine, failed, differs, words):
    differences = [ValueDifference("title", "a", "b")] if differs else []
    text = consequence(CycleResult((), (), quarantine), Unexpected([], failed, differences))
    assert words in text
    assert bool(words) is bool(text)


def event(reason, identity="1"):
    status = {"errorInformation": {"errorCode": "Code", "reason": reason}}
    return {"sourceIdentity": {"id": identity}, "provisioningStatusInfo": status}


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ("plain. This operation was retried 0 times. It will be retried.", "plain."),
        (
            'StatusCode: BadRequest\r\nMessage: x\r\nWeb Response: \r\n{"detail": "no such\\n path"}.',
            "BadRequest: no such path",
        ),
        ("StatusCode: BadRequest\r\nMessage: x\r\nWeb Response: \r\nno JSON.", "BadRequest: no JSON"),
        (
            'StatusCode: BadRequest\r\nMessage: x\r\nWeb Response: \r\n{"status": "400"}.',
            'BadRequest: {"status": "400"}',
        ),
        ("StatusCode: BadRequest\r\nMessage: x\r\nWeb Response: \r\n[1].", "BadRequest: [1]"),
    ],
)
def test_failures_have_short_reasons_once(reason, text):
    cycle = CycleResult((), (event(reason), event(reason), event("other", "2"), {"sourceIdentity": {"id": "1"}}), "")
    assert failures(cycle, ["1"]) == [("Code", text)]


def test_values_are_shown_shortened():
    assert short_text(None) == "missing"
    assert (short_text(True), short_text("False"), short_text("a")) == ("true", "false", '"a"')
    assert short_text([{"value": "é", "primary": True}]) == '[{"value": "é", "primary": true}]'
    assert str(ValueDifference("active", "False", "False", is_boolean=True)) == 'active is the text "False", not false'
    assert str(ValueDifference("active", "False", True, is_boolean=True)) == "active is true, not false"
    assert len(short_text("x" * 200)) < 100
    assert values_text({str(number): "v" for number in range(10)}).endswith("and 2 more")
    assert values_text({"b": "v", "a": None}) == 'a missing, b "v"'


# ---- deletion -------------------------------------------------------------------------------------------------------


def entry(method, path, status, body=None, response=None):
    return {"method": method, "path": f"{BASE}{path}", "status": status, "body": body, "response": response}


def test_created_resources_are_those_that_a_journal_created_and_did_not_delete():
    entries = [
        entry("GET", "/Users/0", 200, None, {"id": "0"}),
        entry("POST", "/Users", 201, {"userName": "scimconf-a"}, {"id": "1"}),
        entry("POST", "/Users", 201, {"userName": "scimconf-b"}, {"id": "2"}),
        entry("POST", "/Groups", 201, {"displayName": "scimconf c"}, {"id": "3"}),
        entry("POST", "/Users", 409, {"userName": "scimconf-d"}, {}),
        entry("POST", "/Users", None, {"userName": "scimconf-e"}, None),
        entry("POST", "/Users", 201, {"userName": "scimconf-f"}, "no JSON"),
        entry("POST", "/Users", 500, {"userName": "scimconf-g"}, None),
        entry("DELETE", "/Users/2", 204),
        entry("DELETE", "/Groups/3", 500),
    ]
    assert created_resources(entries, f"{BASE}/?aadOptscim062020").leftovers() == (
        '/Users/1 (userName "scimconf-a")',
        '/Groups/3 (displayName "scimconf c")',
        '/Users (userName "scimconf-e")',
        '/Users (userName "scimconf-f")',
        '/Users (userName "scimconf-g")',
    )


def test_the_error_of_an_apply_is_shown_without_what_the_service_adds():
    text = (
        "test: POST /servicePrincipals/1/synchronization/jobs/2/validateCredentials answered 400 Code: expected 200, got 404."
        ' StatusCode: NotFound\r\nMessage: x\r\nWeb Response: \r\n{"a": 1}. (request id 1a-2b)'
    )
    assert apply_problem(text) == 'test: expected 200, got 404. {"a": 1}.'
