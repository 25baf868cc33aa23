"""The command line of check-endpoint: arguments, the question, formats, files, exit codes."""

from __future__ import annotations

import json
import os
import signal
import xml.etree.ElementTree as ET

import jsonschema
import pytest
from canary import TOKEN
from server_fixture import environment, run, terminal

from scimconf.render.checks import json as as_json
from scimconf.sandbox.target import start_target

from .endpoints import LIST, scripted

VARIABLE = "SCIM_TOKEN"


@pytest.fixture(autouse=True)
def token(monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, TOKEN)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def url():
    with start_target("tolerant", token=TOKEN) as target:
        yield target.url


def check(url, *options):
    return run(["check-endpoint", url, "--token-env", VARIABLE, "--yes", *options])


@pytest.mark.parametrize(
    ("argv", "code", "message"),
    [
        ([], 64, "URL and --token-env are required"),
        (["https://app.example.com/scim"], 64, "URL and --token-env are required"),
        (["app.example.com", "--token-env", VARIABLE], 64, "is not a URL such as"),
        (["http://[::1", "--token-env", VARIABLE], 64, "is not a URL such as"),
        (["https://app.example.com:99999", "--token-env", VARIABLE], 64, "is not a URL such as"),
        (["ftp://app.example.com", "--token-env", VARIABLE], 64, "is not a URL such as"),
        (["http://app.example.com/scim", "--token-env", VARIABLE], 64, "is not encrypted"),
        (["http://127.0.0.1.example.com/scim", "--token-env", VARIABLE], 64, "is not encrypted"),
        (["https://ada@app.example.com/scim", "--token-env", VARIABLE], 64, "has a user name"),
        (["https://app.example.com/scim?x=1", "--token-env", VARIABLE], 64, "has a query"),
        (["http://localhost/scim", "--token-env", "MISSING_TOKEN"], 1, "MISSING_TOKEN is not set"),
        (["http://localhost/scim", "--token-env", VARIABLE, "--only", "B99"], 64, "unknown check 'B99'"),
        (["http://localhost/scim", "--token-env", VARIABLE, "--only", "none"], 64, "--list"),
        (["http://localhost/scim", "--token-env", VARIABLE], 1, "Use --yes"),
        (["http://localhost/scim", "--token-env", VARIABLE, "--yes", "--domain", "a b"], 64, "is not a domain"),
        (["http://localhost/scim", "--token-env", VARIABLE, "--oauth", "http://login.example.com"], 64, "https"),
        (["http://localhost/scim", "--token-env", VARIABLE, "--oauth", "https://login.example.com"], 1, "CLIENT_ID"),
    ],
)
def test_check_endpoint_explains_wrong_arguments(argv, code, message):
    ended = run(["check-endpoint", *argv])
    assert ended.code == code
    assert message in ended.err
    assert ended.out == ""


@pytest.mark.parametrize("value", ["a b", "line\n", "ümlaut"])
def test_token_that_is_no_header_is_refused_without_its_value(monkeypatch, value):
    monkeypatch.setenv(VARIABLE, value)
    ended = check("http://localhost/scim")
    assert ended.code == 1
    assert "without `Bearer`" in ended.err
    assert value not in ended.err


@pytest.mark.parametrize("token", ["tok-SECRET", "0123abcd", "abc0123456789def", "eyJhbGciOi.J9.x-y", "a" * 60])
def test_token_in_the_place_of_the_name_of_its_variable_is_not_printed(token):
    ended = run(["check-endpoint", "http://localhost/scim", "--token-env", token, "--yes"])
    assert (ended.code, ended.out) == (64, "")
    assert "--token-env SCIM_TOKEN" in ended.err
    assert token not in ended.err


def test_list_prints_every_check_without_an_endpoint():
    ended = run(["check-endpoint", "--list"])
    assert ended.code == 0
    assert ended.out.count("\n  ") == 110
    assert "  B02                             A removed member is the only one who is removed\n" in ended.out
    assert run(["check-endpoint", "--list", "--only", "B02"]).out.count("\n") == 2


def test_text_report_of_a_passed_check(url):
    ended = check(url, "--only", "B16", "--only", "B50")
    assert ended.code == 0
    assert ended.out.endswith("0 checks failed, 0 warnings, 2 passed, 1 skipped.\n")
    assert "POST" not in ended.out
    assert "GET /Users?filter" in check(url, "--only", "B16", "--full").out


def test_flag_of_the_url_selects_the_dialect(url):
    for address, options, dialect in (
        (url, [], "legacy"),
        (f"{url}/?aadOptscim062020", [], "compliant"),
        (f"{url}?aadOptscim062020", ["--dialect", "legacy"], "legacy"),
        (url, ["--dialect", "compliant"], "compliant"),
    ):
        report = json.loads(check(address, "--only", "B16", "--format", "json", *options).out)
        assert (report["dialect"], report["endpoint"]) == (dialect, url)
        jsonschema.validate(report, as_json.schema())


def test_failed_check_exits_with_2_and_writes_the_report_to_a_file(tmp_path):
    with scripted(lambda *_: (400, b"", {})) as address:
        ended = check(address, "--only", "B16", "--format", "junit", "--out", "report.xml")
    assert ended.code == 2
    assert ended.out == ""
    assert "Wrote the report to report.xml. 1 check failed" in ended.err
    suites = ET.parse(tmp_path / "report.xml").getroot()
    assert (suites.get("tests"), suites.get("failures")) == ("2", "1")


@pytest.mark.parametrize("output_format", ["text", "json", "markdown", "html", "junit"])
def test_every_format_names_the_check(url, output_format):
    assert "B16" in check(url, "--only", "B16", "--format", output_format).out


def test_file_that_cannot_be_written_stops_before_the_first_request():
    requests = []
    with scripted(lambda *request: (requests.append(request), (200, LIST, {}))[1]) as address:
        ended = check(address, "--only", "B16", "--out", "/proc/report.xml")
    assert ended.code == 1
    assert requests == []


def test_interrupt_ends_with_130_and_a_report():
    def respond(method, *_):
        if method == "POST":
            os.kill(os.getpid(), signal.SIGINT)
        return 200, LIST, {}

    with scripted(respond) as address:
        ended = check(address, "--only", "B38")
    assert ended.code in (130, 5)
    assert "Interrupted." in ended.out


@pytest.mark.slow
@pytest.mark.parametrize(("answer", "code"), [("n", 1), ("y", 0)])
def test_question_names_the_endpoint(url, answer, code):
    argv = ["check-endpoint", url, "--token-env", VARIABLE, "--only", "B16"]
    with terminal(argv, environment(url, **{VARIABLE: TOKEN})) as screen:
        screen.until("Continue?")
        assert url in screen.text.replace("\r\n", "")
        screen.types(f"{answer}\n")
        assert screen.ends() == code
