"""Any text as one of the files that scimconf reads: a value, or diagnostics with a place and a hint; never a crash."""

import json
from functools import partial

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimconf.cli import env_file
from scimconf.cli.sandbox import reported_switches
from scimconf.diagnostics import Diagnostic, ScimconfError
from scimconf.graph.credentials import token_claims
from scimconf.plan.digest import digest
from scimconf.plan.file import SavedPlan, read
from scimconf.render import html, markdown, text
from scimconf.render import json as json_format
from scimconf.render.yaml import format_text
from scimconf.spec.load import load, load_variables
from scimconf.spec.rows import read_rows
from tests.fuzz.mutations import mutations
from tests.hypothesis_profiles import examples
from tests.properties.specs import ENVIRON, specs

SPEC_PIECES = st.sampled_from(
    [
        *(
            "version: 1\n",
            "name: w\n",
            "application:\n",
            "  template: custom\n",
            "extends: [base.yaml]\n",
            "a: &a [*a]\n",
        ),
        *("- ", ": ", "{", "}", "[", "]", "\n", "  ", "\t", "'", '"', "#", "# scimconf: ignore L104\n", "|\n", ">-\n"),
        *("&a ", "*a", "!!int ", "<<: ", "? ", "---\n", "%YAML 1.2\n", "${var:a}", "${var:", '"\\0"', '"\\ud800"', "é"),
        *("mappings:\n", "  users:\n", "    attributes:\n", "      title: {expression: Join(, [a])}\n", "~", "1e999"),
        *(
            "assignments:\n",
            "  users_from: [a.csv]\n",
            "  users:\n    - user: a\n",
            "\ud800",
            "\0",
            "\x85",
            "\u2028",
            "\ufeff",
        ),
    ]
)
CSV_PIECES = st.sampled_from(
    ["user,role\n", "group,role\n", ",", "\n", "\r", '"', "a@contoso.com", "r", " ", "\0", "\ud800"]
)
ENV_PIECES = st.sampled_from(["A", "=", "export ", "'", '"', "\\", "#", " ", "\n", "\r", "$", "\0", "\x85", "\t", "é"])
BASE = "version: 1\nmappings: {users: {attributes: {title: {source: jobTitle}}}}\n"


def pieces(strategy):
    return st.lists(strategy, max_size=30).map("".join) | st.text(max_size=40)


def checked(diagnostics):
    """Assert that each error has a message and a place, and can be written."""
    for diagnostic in diagnostics:
        assert diagnostic.message
        assert diagnostic.location is not None, diagnostic
        f"{diagnostic.message} {diagnostic.hint} {diagnostic.location}".encode("utf-8", "surrogatepass")


def loaded(content):
    files = {"spec.yaml": content, "base.yaml": BASE, "a.csv": "user,role\na,b\n"}
    return load("spec.yaml", lambda name: files[name], ENVIRON, {}, lambda _: True)


@examples(12)
@given(pieces(SPEC_PIECES))
def test_any_text_is_a_spec_or_has_diagnostics(content):
    result = loaded(content)
    checked(result.diagnostics)
    assert (result.spec is None) == any(diagnostic.is_error for diagnostic in result.diagnostics)
    checked(load_variables("vars.yaml", lambda _: content)[1])


@examples(2)
@given(st.data())
def test_a_changed_spec_is_a_spec_or_has_diagnostics(data):
    """JSON is YAML, so the changed tree of a valid spec is a file."""
    result = loaded(data.draw(mutations(data.draw(specs()))))
    checked(result.diagnostics)
    assert (result.spec is None) == any(diagnostic.is_error for diagnostic in result.diagnostics)


@examples(12)
@given(pieces(SPEC_PIECES))
def test_any_text_is_formatted_or_refused(content):
    try:
        formatted = format_text(content)
    except (ScimconfError, ValueError):
        return
    assert format_text(formatted) == formatted


@examples(25)
@given(pieces(CSV_PIECES), st.sampled_from(["user", "group"]), st.booleans())
def test_any_text_is_a_list_of_assignments_or_has_diagnostics(content, column, has_header):
    rows, diagnostics = read_rows(f"{column},role\n" * has_header + content, "a.csv", column)
    checked(diagnostics)
    assert len(rows) == len(rows.roles) == len(rows.lines)
    assert [rows.row(index)["roles"] for index in range(len(rows))] == [list(roles) for roles in rows.roles]


@examples(25)
@given(pieces(ENV_PIECES))
def test_any_text_is_a_list_of_variables_or_has_a_line(content):
    try:
        pairs = list(env_file.parse(content))
    except ValueError as error:
        assert 1 <= int(str(error)) <= len(content.splitlines())
    else:
        assert all(name.isidentifier() for name, _ in pairs)


@examples(25)
@given(st.text(max_size=30) | st.binary(max_size=30).map(lambda content: content.decode("latin-1")))
def test_any_text_is_a_token_without_a_claim(content):
    assert not token_claims(f"a.{content}.b").get("tid")


PLAN = {
    "format_version": "2.0",
    "digest": "",
    "options": {"allow": ["bulk-removal"]},
    "tenant": {"id": "1", "domain": "contoso.com"},
    "applications": [
        {
            "name": "writer",
            "ids": {"app_id": "1"},
            "spec": {"paths": ["scimconf.yaml"], "digest": "1"},
            "fingerprint": "1",
            "complete": True,
            "changes": [
                {
                    "address": "writer:attribute_mapping/users/title",
                    "kind": "attribute_mapping",
                    "action": "update",
                    "fields": {
                        "source": {"before": {"a": [1, 2], "b": "x"}, "after": {"a": [2, 1], "b": "y"}},
                        "secret": {"before": None, "after": {"write_only": True, "from": "env:A"}},
                    },
                    "effects": ["data_loss"],
                    "impact": {"data_loss": {"count": 1, "total": 2, "precision": "exact", "sample_size": 0}},
                    "reason": "",
                }
            ],
            "unmanaged_drift": [{"address": "writer:app_role/a", "kind": "app_role", "fields": {"value": "a"}}],
            "unmanaged": {"app_role": 1},
            "abandoned": [{"address": "writer:app_role/b", "removal_snippet": "app_roles: {}"}],
            "excluded_changes": 0,
            "guards": [{"id": "bulk-removal", "message": "m", "allowed_by": None, "count": 1, "address": None}],
            "warnings": [{"code": "L104", "severity": "warning", "path": "name", "message": "m", "hint": "h"}],
        }
    ],
    "summary": {"create": 0, "update": 1, "replace": 0, "delete": 0, "unmanaged_drift": 1, "guards": 1},
}


def signed(content):
    """Return a plan's bytes with the digest that they need, as somebody who edits a plan would write it."""
    try:
        document = json.loads(content)
        return json.dumps({**document, "digest": digest(document)})
    except (TypeError, ValueError, RecursionError):
        return content


def test_the_plan_that_is_changed_is_valid():
    assert isinstance(read(signed(json.dumps(PLAN)), "plan.json"), SavedPlan)


@examples(12)
@given(mutations(PLAN), st.booleans())
def test_a_changed_plan_is_shown_or_refused(content, is_signed):
    result = read(signed(content) if is_signed else content, "plan.json")
    if isinstance(result, Diagnostic):
        checked([result])
        assert len(result.message) < 500
    else:
        for render in (partial(text.plan, width=100), markdown.plan, html.plan, json_format.plan):
            render(result.plan).encode()


@examples(10)
@given(mutations({"switches": {"secrets_put": "replace", "late_reads": 1}}))
def test_a_changed_report_of_probe_has_switches_or_is_refused(tmp_path_factory, content):
    file = tmp_path_factory.getbasetemp() / "report.json"
    file.write_bytes(content)
    try:
        assert set(reported_switches([str(file)])) <= {"secrets_put", "late_reads"}
    except click.BadParameter as error:
        assert "is not a report" in error.message


LONG = 1_500_000
ROWS = 400_000


@pytest.mark.parametrize(
    "content",
    ["\n" * LONG, "version" + "\n" * LONG, "{\n" * LONG, "\t" * LONG, " \n" * LONG],
    ids=["lines", "after the key", "braces", "tabs", "blank lines"],
)
def test_a_base_of_empty_lines_takes_linear_time(content):
    files = {"spec.yaml": "version: 1\nextends: [base.yaml]\n", "base.yaml": content}
    result = load("spec.yaml", lambda name: files[name], {}, {}, lambda _: True)
    assert {"S013", "S008"} & {diagnostic.code for diagnostic in result.diagnostics}


@pytest.mark.slow
def test_many_roles_of_a_user_take_linear_time():
    rows, diagnostics = read_rows("user,role\n" + "".join(f"a,{number}\n" for number in range(ROWS)), "a.csv", "user")
    assert ([*map(len, rows.roles)], diagnostics) == ([ROWS], [])


@pytest.mark.parametrize("value", [f"a{' ' * LONG}b", f'"a"{" " * LONG}b', '"' + "\\" * LONG, "'" * LONG])
def test_a_long_value_of_a_variable_takes_linear_time(value):
    try:
        assert list(env_file.parse(f"A={value}")) == [("A", value)]
    except ValueError as error:
        assert str(error) == "1"
