"""Validation of tests in a spec: results and messages."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scimconf.spec.load import load
from tests.lint.specs import HEAD, validated

ROW = "mappings: {{users: {{attributes: {{a: {{{row}, tests: [{test}]}}}}}}}}"
ROLES = "[{value: admin, displayName: Admin}, {value: member, displayName: member}]"


def messages(row, test):
    """Return the messages about one test, without the location."""
    return [line.partition("tests[0]: ")[2] for line in validated(ROW.format(row=row, test=test))]


@pytest.mark.parametrize(
    ("row", "test"),
    [
        ("source: b", "{given: {b: x}, expect: x}"),
        ("source: b", "{given: {b: [x, y]}, expect: [x, y]}"),
        ("source: b", "{given: {b: []}, expect: null}"),
        ("source: b", "{given: {b: []}, expect: []}"),
        ("source: b", "{given: {b: true}, expect: true}"),
        ("source: b", "{given: {b: ''}, expect: ''}"),
        ("source: b, default: x", "{expect: x}"),
        ("source: null, default: x", "{expect: x}"),
        ("constant: 007", "{expect: 007}"),
        ("expression: 'IgnoreFlowIfNullOrEmpty([b])', default: x", "{expect: null}"),
        ("expression: 'Guid()'", "{expect: undetermined}"),
        ('expression: \'Word([b], "one", " ")\'', "{given: {b: Full time}, expect: failure}"),
        ("expression: 'SingleAppRoleAssignment([r])'", f"{{given: {{r: {ROLES}}}, expect: failure}}"),
        ("expression: 'Now()'", "{now: 2026-11-25, expect: 11/25/2026 12:00:00 AM}"),
    ],
)
def test_validate_accepts_a_passing_spec_test(row, test):
    assert messages(row, test) == []


@pytest.mark.parametrize(
    ("row", "test", "line"),
    [
        ("source: b", "{given: {b: x}, expect: y}", '[b] returns "x", expected "y"; b is "x".'),
        (
            "source: b",
            "{given: {b: [x, 1]}, expect: null}",
            '[b] returns ["x", "1"], expected no value; b is ["x", "1"].',
        ),
        ("source: b", "{given: {b: false}, expect: [x]}", '[b] returns "False", expected ["x"]; b is False.'),
        ("source: b", "{given: {b: x}, expect: undetermined}", '[b] returns "x", expected undetermined; b is "x".'),
        ("source: b", "{given: {b: null}, expect: x}", '[b] returns no value, expected "x"; b is absent.'),
        ("constant: x", "{expect: y}", '"x" returns "x", expected "y"; it reads no attribute.'),
        (
            "source: null, default: x",
            "{expect: y}",
            'a mapping without a source returns "x", expected "y"; it reads no attribute.',
        ),
        (
            "expression: 'Now()'",
            "{expect: x}",
            "the result of Now() depends on the time. Add `now:` with a time, such as `2026-12-31T09:00:00Z`.",
        ),
    ],
)
def test_validate_reports_a_failing_spec_test_as_k510(row, test, line):
    assert messages(row, test) == [line]


def test_validate_reports_an_undetermined_result_with_its_reason():
    [line] = messages("expression: 'Item([r], 1)'", f"{{given: {{r: {ROLES}}}, expect: admin}}")
    what, _, rest = line.partition(": ")
    assert what == 'Item([r], 1) is undetermined, expected "admin"'
    assert "Microsoft does not document Item with an object" in rest
    assert 'r is [{value: "admin", displayName: "Admin"}, {value: "member", displayName: "member"}]' in rest
    assert line.endswith("If this is intended, write `expect: undetermined`.")


def test_k512_reports_an_attribute_that_no_mapping_reads():
    path = "mappings.users.attributes.a.tests[0].given"
    [line] = validated(ROW.format(row="source: jobTitle", test="{given: {jobtitle: x}, expect: null}"))
    expected = 'no tested mapping reads "jobtitle". Names are case-sensitive: write jobTitle.'
    assert line == f"scimconf.yaml:5:72  K512  {path}.jobtitle: {expected}"
    whole = WHOLE.format(test="{name: x, given: {mail: m, ATTRIBUTE: q}, expect: {userName: m}}")
    assert validated(whole.replace("ATTRIBUTE", "jobTitle")) == []
    assert [one.split()[1] for one in validated(whole.replace("ATTRIBUTE", "mailNickName"))] == ["K512"]
    unread = "{given: {b: x}, expect: x}"
    assert [one.split()[1] for one in validated(ROW.format(row="expression: 'Join('", test=unread))] == ["K501", "K512"]


def test_load_reports_an_unknown_key_of_a_role_in_a_spec_test():
    for key, hint in (("display_name", "Did you mean `displayName`?"), ("nme", "Valid keys: id, value, displayName.")):
        text = HEAD + ROW.format(row="source: r", test=f"{{given: {{r: [{{{key}: x}}]}}, expect: x}}")
        [problem] = load("scimconf.yaml", {"scimconf.yaml": text}.__getitem__, {}, {}, lambda _: True).diagnostics
        assert (problem.code, problem.message, problem.hint) == ("S201", f'unknown key "{key}" in a role', hint)


def test_validate_reports_an_invalid_expression_of_a_spec_test_once():
    assert [
        line.split()[1]
        for line in validated("mappings:\n  users:\n    attributes:\n      a:\n        expression: Trim(\n")
    ] == ["K501"]
    assert [line.split()[1] for line in validated(ROW.format(row="expression: 'Join('", test="{expect: x}"))] == [
        "K501"
    ]


WHOLE = """\
mappings:
  users:
    attributes: {{userName: mail, title: {{absent: true}}}}
role_attribute: {{target: roles, source: department}}
tests:
  - {test}
"""


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("{name: x, given: {mail: m, department: d}, expect: {userName: m, roles: d}}", ""),
        (
            "{name: x, given: {mail: m}, expect: {userName: n}}",
            'scimconf.yaml:10:42  K510  tests[0].expect.userName: in "x", userName: [mail] returns "m", expected "n"; mail is "m".',
        ),
        (
            "{name: x, expect: {usrName: n}}",
            'scimconf.yaml:10:24  K511  tests[0].expect.usrName: "usrName" is not a mapped attribute of this spec. Did you mean `userName`?',
        ),
        (
            "{name: x, expect: {title: n}}",
            'scimconf.yaml:10:24  K511  tests[0].expect.title: "title" is not a mapped attribute of this spec. The spec lists userName, roles.',
        ),
        (
            "{name: x, mapping: groups, expect: {a: b}}",
            'scimconf.yaml:10:15  K511  tests[0].mapping: "groups" is not a mapping of this spec. The spec lists users.',
        ),
    ],
)
def test_validate_checks_a_spec_test_of_a_whole_mapping(test, expected):
    assert "\n".join(validated(WHOLE.format(test=test))) == expected


def test_k511_reports_a_spec_test_without_mappings():
    [line] = validated("tests: [{name: x, expect: {a: b}}]")
    assert line.endswith('"users" is not a mapping of this spec. The spec lists none.')


PROGRAM = """
import sys
from scimconf.cli.main import main
assert main(["validate", "."]) == 0
print("scimconf.expressions.evaluation" in sys.modules)
"""


@pytest.mark.parametrize(("tests", "imported"), [("", "False"), ("tests: [{name: x, expect: {a: b}}]\n", "True")])
def test_validate_without_tests_does_not_import_the_evaluator(tmp_path, tests, imported):
    row = "mappings: {users: {attributes: {a: {constant: b}}}}\n"
    (tmp_path / "scimconf.yaml").write_text(HEAD + row + tests)
    root = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", PROGRAM]
    found = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": root}, capture_output=True, text=True, check=True
    )
    assert found.stdout.splitlines()[-1] == imported


PAYLOAD = """\
mappings:
  users:
    target_attributes: {{flag: {{type: boolean}}}}
    attributes: {{userName: mail, 'emails[type eq "work"].value': mail, flag: accountEnabled, late: {{expression: 'Now()'}}}}
tests:
  - {{name: x, {given}, payload: {payload}}}
"""
GIVEN = "now: 2026-11-25, given: {mail: m, accountEnabled: true}"
WORK = "emails: [{type: work, value: m, primary: true}]"
LATE = "late: 11/25/2026 12:00:00 AM"


@pytest.mark.parametrize(
    ("payload", "line"),
    [
        (f"{{userName: m, {WORK}, flag: true, {LATE}}}", ""),
        (f"{{userName: n, {WORK}, flag: true, {LATE}}}", 'userName is "m", expected "n".'),
        (f"{{{WORK}, flag: true, {LATE}}}", 'userName is "m", expected not sent.'),
        (f"{{userName: m, flag: true, {LATE}, emails: []}}", "emails is [{"),
        (f"{{userName: m, {WORK}, flag: 'true', {LATE}}}", 'flag is true, expected "true".'),
        (f"{{userName: m, {WORK}, flag: true, {LATE}, a: {{b: c}}}}", 'a is not sent, expected {"b": "c"}.'),
        (
            f"{{userName: m, flag: true, {LATE}, emails: [{{type: work, value: n, primary: true}}]}}",
            "emails[0].value is",
        ),
        (f"{{schemas: [x], userName: m, {WORK}, flag: true, {LATE}}}", "schemas is ["),
    ],
)
def test_validate_checks_the_payload_of_a_spec_test(payload, line):
    lines = validated(PAYLOAD.format(given=GIVEN, payload=payload))
    assert len(lines) == bool(line)
    assert all(f'K510  tests[0].payload: in "x": {line}' in one for one in lines)


def test_validate_expects_an_empty_payload_for_an_ignored_object():
    text = PAYLOAD.format(given=GIVEN, payload="PAYLOAD").replace("Now()", 'IIF([mail] = "m", IgnoreObjectFlow, "x")')
    assert validated(text.replace("PAYLOAD", "{}")) == []
    [line] = validated(text.replace("PAYLOAD", "{userName: m}"))
    assert 'in "x": userName is not sent, expected "m".' in line


def test_validate_reports_an_undetermined_payload():
    [line] = validated(PAYLOAD.format(given="given: {mail: m}", payload="{userName: m}"))
    assert 'in "x", late: the result of Now() depends on the time. Add `now:`' in line
    [line] = validated(PAYLOAD.format(given=GIVEN, payload="{userName: m}").replace("Now()", "Guid()"))
    assert 'in "x", late: Guid() is undetermined: ' in line
    assert "Expect the other attributes one by one" in line
    lines = validated(PAYLOAD.format(given=GIVEN, payload="{userName: m}").replace("Now()", "Join("))
    assert [one.split()[1] for one in lines] == ["K501"]


def test_load_reports_a_spec_test_without_expect_and_payload():
    text = HEAD + "tests: [{name: x}]\n"
    [problem] = load("scimconf.yaml", lambda _: text, {}, {}, lambda _: True).diagnostics
    assert (problem.code, problem.message) == ("S202", "the test has neither `expect` nor `payload`")


def test_load_reports_two_spec_tests_with_one_name():
    twice = "tests: [{name: x, expect: {a: b}}, {name: X, expect: {c: d}}]\n"
    files = {"base.yaml": HEAD, "scimconf.yaml": "extends: [base.yaml]\n" + twice, "one.yaml": HEAD + twice}
    for name in ("scimconf.yaml", "one.yaml"):
        [problem] = load(name, files.__getitem__, {}, {}, lambda _: True).diagnostics
        assert (problem.code, problem.path) == ("S305", ("tests", 1, "name"))
