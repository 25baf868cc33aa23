"""The command line of rehearse: arguments, the question, formats, files, exit codes."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest
from canary.values import TOKEN
from server_fixture import Server, environment, run, terminal
from tenant_fixture import ROOT

from scimconf.sandbox.target import start_target

from .test_rehearsals import ACTIVE, SMALL, USER_ROWS

VARIABLE = "SCIM_TOKEN"
OWN = ["--endpoint", "http://localhost:9/scim", "--token-env", VARIABLE]


@pytest.fixture
def spec(monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, TOKEN)
    monkeypatch.chdir(tmp_path)
    text = SMALL % ("", f"{USER_ROWS}, {ACTIVE}", "create, update, delete", "false")
    (tmp_path / "scimconf.yaml").write_text(text)
    return tmp_path / "scimconf.yaml"


@pytest.mark.parametrize(
    ("argv", "code", "message"),
    [
        (["--endpoint", "http://localhost:9/scim"], 64, "belong together"),
        (["--token-env", VARIABLE], 64, "belong together"),
        ([*OWN, "--target", "strict"], 64, "Pass --endpoint or --target"),
        (["--users", "people.json", "--sample", "3"], 64, "one of --users and --sample"),
        (["--endpoint", "http://app.example.com/scim", "--token-env", VARIABLE, "--yes"], 64, "is not encrypted"),
        (["--endpoint", "http://localhost:9/scim", "--token-env", "MISSING", "--yes"], 1, "MISSING is not set"),
        (OWN, 1, "Use --yes"),
        (["--target", "other"], 1, "other"),
        (["--switch", "role_text"], 64, "is not NAME=VALUE"),
        (["--switch", "role_text=both"], 64, "role_text"),
        (["--users", "missing.json"], 1, "missing.json cannot be read"),
        (["nowhere.yaml"], 65, "nowhere.yaml"),
    ],
)
def test_rehearse_explains_wrong_arguments(spec, argv, code, message):
    ended = run(["rehearse", *argv])
    assert (ended.code, message in ended.err, ended.out) == (code, True, ""), ended.err


def test_rehearse_does_not_print_a_token_in_the_place_of_the_name_of_its_variable(spec):
    ended = run(["rehearse", "--endpoint", "http://localhost/scim", "--token-env", "tok-SECRET", "--yes"])
    assert (ended.code, ended.out) == (64, "")
    assert "SECRET" not in ended.err


def test_rehearse_has_one_document_for_one_spec(spec):
    (spec.parent / "b.scimconf.yaml").write_text(spec.read_text().replace("Writer", "Reader").replace("writer", "b"))
    for argv in (["--format", "json"], ["--out", "report.txt"]):
        ended = run(["rehearse", *argv])
        assert (ended.code, "work with one spec" in ended.err) == (64, True)


def test_rehearse_refuses_a_spec_whose_tests_fail(spec):
    test = "tests: [{name: a, given: {userPrincipalName: a@contoso.com}, expect: {userName: b@contoso.com}}]\n"
    spec.write_text(spec.read_text() + test)
    ended = run(["rehearse"])
    assert (ended.code, "K510" in ended.err) == (65, True)


@pytest.mark.slow
@pytest.mark.parametrize("output_format", ["json", "junit", "html", "markdown"])
def test_rehearse_writes_a_report_in_each_format(spec, output_format):
    ended = run(["rehearse", "--format", output_format, "--out", "report.txt"])
    assert (ended.code, ended.out) == (0, "")
    assert "Wrote the report to report.txt" in ended.err
    text = (spec.parent / "report.txt").read_text()
    assert "disable-user" in text
    if output_format == "json":
        assert json.loads(text)["kind"] == "rehearsal"
    if output_format == "junit":
        assert ET.fromstring(text).iter("testcase")  # noqa: S314  our own output


@pytest.mark.slow
def test_rehearse_at_an_own_endpoint_asks_and_leaves_nothing(spec):
    with start_target("tolerant", token=TOKEN) as target:
        argv = ["rehearse", "--endpoint", target.url, "--token-env", VARIABLE]
        with terminal(argv, environment("", SCIM_TOKEN=TOKEN), cwd=spec.parent) as person:
            assert target.url in person.until("Continue? [y/N]:").replace("\r\n", "")
            person.types("n\n")
            assert person.ends() == 1
        assert run([*argv, "--yes"]).code == 0
        assert (target.users(), target.groups()) == ([], [])


@pytest.mark.slow
def test_rehearse_starts_with_users_of_a_file_or_a_sample_of_the_tenant(spec, monkeypatch):
    (spec.parent / "people.json").write_text('[{"userPrincipalName": "joe@contoso.com", "displayName": "Joe"}]')
    ended = run(["rehearse", "--users", "people.json", "--full"])
    assert (ended.code, '"userName": "joe@contoso.com"' in ended.out.replace("\n", " ")) == (0, True)
    server = Server()
    server.start()
    try:
        monkeypatch.setenv("SCIMCONF_GRAPH_URL", server.url)
        ended = run(["rehearse", "--sample", "2", "--full"])
        assert (ended.code, "Initial cycle: 2 users in scope" in ended.out) == (0, True)
        assert "ada@contoso.com" not in ended.out
        assert server.writes == []
    finally:
        server.stop()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "step", "hint"),
    [
        ("B01", "add-member", "excludedAttributes=members"),
        ("B02", "remove-member", "and no others"),
        ("B05", "disable-user", "aadOptscim062020"),
    ],
)
def test_rehearse_of_a_faulty_server_fails_with_a_hint(monkeypatch, fault, step, hint):
    monkeypatch.setenv("COLUMNS", "1000")
    ended = run(["rehearse", "--target", f"faulty:{fault}", str(ROOT / "examples" / "writer-new")])
    assert ended.code == 2
    _, _, failed = ended.out.partition(f"FAIL  {step}")
    assert hint in failed.partition("hint:")[2].partition("\n")[0]
