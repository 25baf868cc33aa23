"""One check report in every format, as golden files; widths, hostile values, and the JSON Schema."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from golden_files import golden_render, without_assets

from scimconf.check_report import CheckReport, CheckResult, CheckStatus, Exchange
from scimconf.render.checks import html, junit, markdown, text
from scimconf.render.checks import json as machine
from scimconf.render.common.escaping import cells
from scimconf.render.json import write

GOLDEN = Path(__file__).parent / "check_reports"
ROOT = Path(__file__).parents[2]
COLOR = re.compile(r"\x1b\[[\d;]*m")
PATCH = {
    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
    "Operations": [{"op": "Remove", "path": "members", "value": [{"value": "2"}]}],
}
FAILED = CheckResult(
    id="B02",
    title="A removed member is the only one removed",
    group="Faults that destroy or leak access",
    status=CheckStatus.FAILED,
    expected='members of the group: "3"',
    actual="the group has no members",
    exchanges=(
        Exchange("PATCH /Groups/1", PATCH, "204 No Content", None),
        Exchange("GET /Groups/1", None, "200 OK", {"id": "1", "displayName": "scimconf-check", "members": []}),
    ),
    consequence="Entra logs success. The group stays empty until provisioning is restarted.",
    hint="Treat the value of the operation as a filter.",
)
REPORT = CheckReport(
    kind="endpoint",
    subject="all checks",
    endpoint="http://127.0.0.1:9000/scim",
    dialect="legacy",
    results=(
        replace(
            FAILED,
            id="B01",
            title="Members are excluded on request",
            status=CheckStatus.PASSED,
            consequence="",
            hint="",
        ),
        FAILED,
        replace(FAILED, id="B43", status=CheckStatus.WARNING, title="25 requests a second", group="Other faults"),
        CheckResult(
            id="B50",
            title="The mapping of active",
            group="Other faults",
            status=CheckStatus.SKIPPED,
            expected="",
            actual="a rule of `scimconf validate`, which a server cannot show",
        ),
    ),
    remarks=("The endpoint answered the first request in another content type.",),
    leftovers=("/Users/17",),
)
HOSTILE = "\x1b[31m<b>&amp;]]>\u202e\n`x` | _y_ @team #1 \x00"


def hostile() -> CheckReport:
    """Return a report in which every text of the endpoint has characters that a format interprets."""
    body = {HOSTILE: [HOSTILE, None, True]}
    exchange = Exchange(f"GET /Users/{HOSTILE}", body, f"200 {HOSTILE}", HOSTILE)
    results = [
        replace(FAILED, status=status, actual=HOSTILE, hint=HOSTILE, exchanges=(exchange,)) for status in CheckStatus
    ]
    return replace(REPORT, results=tuple(results), remarks=(HOSTILE,), leftovers=(HOSTILE,), endpoint=HOSTILE)


RENDERED = {
    "report-80.txt": lambda: text.report(REPORT),
    "report-80.ansi": lambda: text.report(REPORT, color=True),
    "report-40.txt": lambda: text.report(REPORT, width=40, full=True),
    "report.json": lambda: machine.report(REPORT),
    "report.md": lambda: markdown.report(REPORT),
    "report.html": lambda: without_assets(html.report(REPORT)),
    "report.xml": lambda: junit.report(REPORT),
}


@pytest.mark.parametrize("name", RENDERED)
def test_check_report_matches_golden_file(name):
    rendered = RENDERED[name]()
    assert rendered == golden_render(GOLDEN / name, rendered, write)


def test_every_golden_file_of_check_reports_is_used():
    assert {file.name for file in GOLDEN.iterdir()} == set(RENDERED)


@pytest.mark.parametrize(
    ("statuses", "leftovers", "code"),
    [
        ([], (), 0),
        ([CheckStatus.PASSED, CheckStatus.WARNING, CheckStatus.SKIPPED], (), 0),
        ([CheckStatus.PASSED, CheckStatus.FAILED], (), 2),
        ([CheckStatus.FAILED], ("/Users/1",), 5),
        ([CheckStatus.PASSED], ("/Users/1",), 5),
    ],
)
def test_exit_code_of_check_report(statuses, leftovers, code):
    results = tuple(replace(FAILED, status=status) for status in statuses)
    assert replace(REPORT, results=results, leftovers=leftovers).exit_code == code


def test_text_of_a_report_without_results_says_so():
    assert text.report(replace(REPORT, results=(), leftovers=())).endswith("No check was run.\n")


@pytest.mark.parametrize("width", [40, 80, 132])
def test_text_of_check_report_respects_width_and_escapes_hostile_values(width):
    rendered = text.report(hostile(), width=width, full=True)
    assert max(map(cells, rendered.splitlines())) <= width
    assert all(line.isprintable() for line in rendered.split("\n"))
    assert COLOR.sub("", text.report(hostile(), width=width, color=True, full=True)) == rendered


def test_text_of_check_report_folds_checks_with_one_reason():
    skipped = [replace(REPORT.results[-1], id=f"WV-{number:02}") for number in range(1, 6)]
    rendered = text.report(replace(REPORT, results=(FAILED, *skipped, replace(skipped[0], actual="another"))))
    assert "  skip  WV-01 to WV-05 (5 checks)\n        reason:     a rule" in rendered
    assert rendered.count("reason:") == 2


def test_text_of_check_report_counts_the_lines_of_a_long_text():
    exchange = Exchange("GET /Users/1", None, "200 OK", "line\n" * 102)
    assert "62 more lines" in text.report(replace(REPORT, results=(replace(FAILED, exchanges=(exchange,)),)))


def test_long_bodies_of_check_report_are_cut_in_text_and_complete_in_json():
    body = {"detail": "x" * 3_000}
    report = replace(REPORT, results=(replace(FAILED, exchanges=(Exchange("GET /Users/1", None, "200 OK", body),)),))
    assert text.report(report).count("x") < 2_100
    assert json.loads(machine.report(report))["results"][0]["exchanges"][0]["response_body"] == body


def test_markdown_of_check_report_leaves_out_requests_that_do_not_fit():
    exchange = Exchange("GET /Users/1", None, "200 OK", "line\n" * 40)
    results = tuple(replace(FAILED, exchanges=(exchange,) * 12) for _ in range(20))
    assert "line" in markdown.report(replace(REPORT, results=results))
    rendered = markdown.report(replace(REPORT, results=results * 20))
    assert len(rendered) <= markdown.MAX_LENGTH
    assert "line" not in rendered
    assert rendered.endswith("`--format json` has them.\n")


def test_markdown_of_check_report_shows_hostile_values_as_code():
    rendered = markdown.report(hostile())
    assert all(line.isprintable() for line in rendered.split("\n"))
    outside = re.sub(r"```text\n.*?\n```", "", rendered, flags=re.DOTALL)
    assert not re.search(r"(?<!`)@team(?!`)", re.sub(r"(`+).+?\1(?!`)", "", outside))
    assert "<b>" not in re.sub(r"(`+).+?\1(?!`)", "", outside)


def test_html_of_check_report_escapes_values_and_loads_nothing():
    page = html.report(hostile())
    assert "<b>" not in page
    assert "<script" not in page
    assert "default-src &#39;none&#39;" in page
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert not re.search("[\x00\x1b\u202e]", page)


def test_html_of_check_report_opens_failed_checks():
    page = html.report(REPORT)
    assert page.count("<details") == 4
    assert re.findall(r'<details class="entry (\w+)"( open)?>', page) == [
        ("create", ""),
        ("delete", " open"),
        ("warned", ""),
        ("skipped", ""),
    ]


@pytest.mark.parametrize("report", [REPORT, hostile(), replace(REPORT, results=(), leftovers=())])
def test_junit_of_check_report_is_xml_with_the_counts_of_the_report(report):
    suites = ET.fromstring(junit.report(report))
    cases = list(suites.iter("testcase"))
    assert int(suites.get("tests")) == len(cases) == len(report.results) + bool(report.leftovers)
    assert int(suites.get("failures")) == len(list(suites.iter("failure")))
    assert int(suites.get("skipped")) == len(list(suites.iter("skipped")))
    assert sum(int(suite.get("tests")) for suite in suites) == len(cases)


@pytest.mark.parametrize("report", [REPORT, hostile()])
def test_json_of_check_report_is_valid_against_its_schema(report):
    jsonschema.Draft202012Validator.check_schema(machine.schema())
    jsonschema.validate(json.loads(machine.report(report)), machine.schema())


def test_schema_of_check_reports_is_up_to_date():
    assert (ROOT / "schemas" / "check-report.schema.json").read_text("utf-8") == write(machine.schema())
