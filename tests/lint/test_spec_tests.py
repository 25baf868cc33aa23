"""The tests in a spec: what passes, what fails, and in which words."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lint.specs import HEAD, told

ROW = "mappings: {{users: {{attributes: {{a: {{{row}, tests: [{test}]}}}}}}}}"
ROLES = "[{value: admin, displayName: Admin}, {value: member, displayName: member}]"


def said(row, test):
    """What is said of one test, without its place."""
    return [line.partition("tests[0]: ")[2] for line in told(ROW.format(row=row, test=test))]


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
        ("expression: 'Now()'", "{now: 2026-11-25, expect: 11/25/2026 12:00:00 AM}"),
    ],
)
def test_passes(row, test):
    """Nothing is said."""
    assert said(row, test) == []


@pytest.mark.parametrize(
    ("row", "test", "line"),
    [
        ("source: b", "{given: {b: x}, expect: y}", '[b] gives "x", not "y"; b is "x".'),
        ("source: b", "{given: {b: [x, 1]}, expect: null}", '[b] gives ["x", "1"], not nothing; b is ["x", "1"].'),
        ("source: b", "{given: {b: false}, expect: [x]}", '[b] gives "False", not ["x"]; b is False.'),
        ("source: b", "{given: {b: x}, expect: undetermined}", '[b] gives "x", not undetermined; b is "x".'),
        ("source: b", "{given: {c: x}, expect: x}", '[b] gives nothing, not "x"; b is absent.'),
        ("constant: x", "{expect: y}", '"x" gives "x", not "y"; it reads no attribute.'),
        (
            "source: null, default: x",
            "{expect: y}",
            'a row without a source gives "x", not "y"; it reads no attribute.',
        ),
        (
            "expression: 'Now()'",
            "{expect: x}",
            "what Now() gives depends on when it is. Add `now:` with a moment, as `2026-12-31T09:00:00Z`.",
        ),
    ],
)
def test_fails(row, test, line):
    """The expression, what it gives, what was expected, and what it reads."""
    assert said(row, test) == [line]


def test_what_is_open_is_told_with_its_reason_and_how_to_take_note_of_it():
    """Never a guess."""
    [line] = said("expression: 'SingleAppRoleAssignment([r])'", f"{{given: {{r: {ROLES}}}, expect: admin}}")
    what, _, rest = line.partition(": ")
    assert what == 'SingleAppRoleAssignment([r]) is undetermined, not "admin"'
    assert "there are 2 roles; which one is sent, or whether it fails, is not documented" in rest
    assert 'r is [{value: "admin", displayName: "Admin"}, {value: "member", displayName: "member"}]' in rest
    assert line.endswith("Where that is meant, write `expect: undetermined`.")


def test_an_expression_that_cannot_be_read_is_told_once():
    """As what it is, and not by its tests."""
    assert [line.split()[1] for line in told(ROW.format(row="expression: 'Join('", test="{expect: x}"))] == ["K501"]


WHOLE = """\
mappings:
  users:
    attributes: {{userName: mail, title: {{absent: true}}}}
role_attribute: {{target: roles, source: department}}
tests:
  - {test}
"""


@pytest.mark.parametrize(
    ("test", "said"),
    [
        ("{name: x, given: {mail: m, department: d}, expect: {userName: m, roles: d}}", ""),
        (
            "{name: x, given: {mail: m}, expect: {userName: n}}",
            'scimconf.yaml:10:42  K510  tests[0].expect.userName: in "x", userName: [mail] gives "m", not "n"; mail is "m".',
        ),
        (
            "{name: x, expect: {usrName: n}}",
            'scimconf.yaml:10:24  K511  tests[0].expect.usrName: "usrName" is no mapped attribute of this spec, so it cannot be tried. Did you mean "userName"?',
        ),
        (
            "{name: x, expect: {title: n}}",
            'scimconf.yaml:10:24  K511  tests[0].expect.title: "title" is no mapped attribute of this spec, so it cannot be tried. The spec lists userName, roles.',
        ),
        (
            "{name: x, mapping: groups, expect: {a: b}}",
            'scimconf.yaml:10:15  K511  tests[0].mapping: "groups" is no mapping of this spec, so it cannot be tried. The spec lists users.',
        ),
    ],
)
def test_a_whole_person(test, said):
    """Each attribute that is expected, at its own line; the role attribute among them."""
    assert "\n".join(told(WHOLE.format(test=test))) == said


def test_a_spec_that_maps_nothing_says_so():
    """There is no name that could have been meant."""
    [line] = told("tests: [{name: x, expect: {a: b}}]")
    assert line.endswith('"users" is no mapping of this spec, so it cannot be tried. The spec lists none.')


PROGRAM = """
import sys
from scimconf.cli.main import main
assert main(["validate", "."]) == 0
print("scimconf.expressions.evaluation" in sys.modules)
"""


@pytest.mark.parametrize(("tests", "imported"), [("", "False"), ("tests: [{name: x, expect: {a: b}}]\n", "True")])
def test_a_spec_without_tests_does_not_load_the_evaluator(tmp_path, tests, imported):
    """Validating is often done, and must be quick."""
    row = "mappings: {users: {attributes: {a: {constant: b}}}}\n"
    (tmp_path / "scimconf.yaml").write_text(HEAD + row + tests)
    root = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", PROGRAM]
    found = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": root}, capture_output=True, text=True, check=True
    )
    assert found.stdout.splitlines()[-1] == imported
