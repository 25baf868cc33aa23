"""One check report in every format, as golden files; widths, hostile values, and the JSON Schema."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from golden_files import golden_render

from scimconf.check_report import CheckReport, CheckResult, CheckStatus, Exchange
from scimconf.render.checks import json as machine
from scimconf.render.checks import text
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


def test_text_of_check_report_counts_the_lines_of_a_long_text():
    exchange = Exchange("GET /Users/1", None, "200 OK", "line\n" * 102)
    assert "62 more lines" in text.report(replace(REPORT, results=(replace(FAILED, exchanges=(exchange,)),)))


def test_long_bodies_of_check_report_are_cut_in_text_and_complete_in_json():
    body = {"detail": "x" * 3_000}
    report = replace(REPORT, results=(replace(FAILED, exchanges=(Exchange("GET /Users/1", None, "200 OK", body),)),))
    assert text.report(report).count("x") < 2_100
    assert json.loads(machine.report(report))["results"][0]["exchanges"][0]["response_body"] == body


@pytest.mark.parametrize("report", [REPORT, hostile()])
def test_json_of_check_report_is_valid_against_its_schema(report):
    jsonschema.Draft202012Validator.check_schema(machine.schema())
    jsonschema.validate(json.loads(machine.report(report)), machine.schema())


def test_schema_of_check_reports_is_up_to_date():
    assert (ROOT / "schemas" / "check-report.schema.json").read_text("utf-8") == write(machine.schema())
