"""Tests of `scimconf expression`, and of `--ignore` for lint rules."""

import json

import pytest
from server_fixture import run
from tenant_fixture import WRITER

from scimconf.expressions import FUNCTIONS, parse

NAME = 'Join(" ", [givenName], [surname])'
SWITCH = 'Switch(ToLower([country], ), , "us", "America", "de", Append([country], "!"))'
HOSTILE = "\x1b[31m<b>\u202e"
ESCAPED = "\\x1b[31m<b>\\u202e"


def expression(*argv):
    return run(["expression", *argv])


def expression_json(*argv):
    """Run a subcommand of expression and return its JSON."""
    result = expression(*argv, "--format", "json")
    assert result.code in (0, 1)
    return json.loads(result.out)


# --- eval -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "out", "code"),
    [
        ([NAME, "--given", "givenName=Ada", "--given", "surname=Lovelace"], '"Ada Lovelace"', 0),
        (['Split([a], ",")', "--given", "a=x,y"], '["x", "y"]', 0),
        (["Count([a])", "--given", "a=x", "--given", "a=y"], '"2"', 0),
        (["[a]", "--given", "a=x=y"], '"x=y"', 0),
        (["[a]", "--given", "a=true"], '"True"', 0),
        (["[a]"], "null: nothing is sent", 0),
        (["IgnoreFlowIfNullOrEmpty([a])"], "ignored: nothing is sent for the attribute", 0),
        (["Now()", "--now", "2026-11-25"], '"11/25/2026 12:00:00 AM"', 0),
        (["Now()", "--now", "2026-11-25T09:00:00+01:00"], '"11/25/2026 8:00:00 AM"', 0),
        (["Guid()", "--guid", "x-1"], '"x-1"', 0),
        (["DefaultDomain()", "--tenant-domain", "contoso.com"], '"contoso.com"', 0),
        (['SelectUniqueValue("a", "b", "c")', "--existing", "a", "--existing", "b"], '"c"', 0),
        (["Now()", "--now", "0001-01-01T00:00:00Z"], '"1/1/0001 12:00:00 AM"', 0),
        (["Foo([a])"], "undetermined: unknown function `Foo`", 1),
        (["Jion([a])"], "undetermined: unknown function `Jion`. Did you mean `Join`?", 1),
        (['Join(" ", [a])'], "undetermined: Microsoft does not document Join with no values", 1),
        (["CDate([a])", "--given", "a=x"], None, 1),
    ],
)
def test_expression_eval_prints_the_outcome(argv, out, code):
    """The exit code is 1 if the value is undetermined."""
    result = expression("eval", *argv)
    assert (result.code, result.err) == (code, "")
    assert out is None or result.out == f"{out}\n"


def test_expression_eval_uses_the_current_time_without_now_option():
    """In UTC."""
    assert expression("eval", 'Left(FormatDateTime(Now(), , "M/d/yyyy h:mm:ss tt", "yyyy"), 2)').out == '"20"\n'


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ('"x"', {"kind": "text", "value": "x"}),
        ('Split("a b", " ")', {"kind": "list", "value": ["a", "b"]}),
        ("[x]", {"kind": "null"}),
        ('IIF("a" = "a", IgnoreObjectFlow, "b")', {"kind": "ignored", "whole_object": True}),
        ("Foo()", {"kind": "undetermined", "reason": "unknown function `Foo`"}),
    ],
)
def test_expression_eval_json_contains_kind_and_value_or_reason(text, outcome):
    document = {"format_version": "2.0", "expression": text, "outcome": outcome, "warnings": []}
    assert expression_json("eval", text) == document


def test_expression_eval_and_explain_name_the_function_that_is_meant():
    """Two guides for live applications have Instr; the reference has InStr."""
    text, warning = 'IIF(Instr("abc", "c")>"0", tolower("Y"), "n")', "{} is evaluated as {}, its documented name (L102)"
    warnings = [warning.format("Instr", "InStr"), warning.format("tolower", "ToLower")]
    result = expression("eval", text)
    assert (result.code, result.out, result.err) == (0, '"y"\n', "".join(f"warning: {line}\n" for line in warnings))
    explained = expression("explain", text)
    assert (explained.code, explained.err) == (0, result.err)
    assert "InStr(" in explained.out
    assert "Instr(" not in explained.out
    assert expression_json("eval", text)["warnings"] == warnings
    assert {"InStr", "ToLower"} <= expression_json("explain", text)["functions"].keys()


def test_expression_eval_given_option_overrides_given_file(tmp_path):
    """The file contains a user as Graph returns it."""
    file = tmp_path / "ada.json"
    file.write_text(json.dumps({"givenName": "Ada", "surname": "King", "otherMails": ["a@b.c", "d@e.f"]}))
    argv = ["--given-file", str(file), "--given", "surname=Lovelace"]
    assert expression("eval", NAME, *argv).out == '"Ada Lovelace"\n'
    assert expression("eval", "Count([otherMails])", *argv).out == '"2"\n'


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["eval", NAME, "--given", "givenName"], "is not NAME=VALUE"),
        (["eval", NAME, "--given", "=x"], "is not NAME=VALUE"),
        (["eval", NAME, "--now", "tomorrow"], "is not a time such as"),
        (["eval", NAME, "--now", "0001-01-01T00:00:00+10:00"], "not within the years 1 to 9999"),
        (["explain", NAME, "--now", "9999-12-31T23:59:59-10:00"], "not within the years 1 to 9999"),
        (["eval", NAME, "--given-file", "broken.json"], "is not JSON"),
        (["eval", NAME, "--given-file", "deep.json"], "is nested too deeply"),
        (["eval", NAME, "--given-file", "list.json"], "does not contain a JSON object"),
        (["functions", "Swich"], "Did you mean Switch?"),
        (["functions", "zzzzzzzz"], "unknown function 'zzzzzzzz'."),
    ],
)
def test_wrong_usage_of_expression_exits_64_with_a_message_on_stderr(argv, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "deep.json").write_text("[" * 100_000 + "]" * 100_000)
    result = expression(*argv)
    assert (result.code, result.out) == (64, "")
    assert message in " ".join(result.err.split())


@pytest.mark.parametrize("command", ["eval", "explain"])
def test_expression_syntax_error_exits_65_and_shows_the_position(command):
    """The message has line and column, and a mark below the position."""
    result = expression(command, 'IIF([a]="x",\n  [b] [c])')
    assert (result.code, result.out) == (65, "")
    assert result.err.splitlines()[0].startswith("the expression:2:7  K501  not an expression: ")
    assert result.err.splitlines()[1:3] == ["    2 |   [b] [c])", "      |       ^"]


def test_expression_syntax_error_as_json_is_a_diagnostic():
    result = expression("eval", "Join(", "--format", "json")
    assert (result.code, result.err) == (65, "")
    [diagnostic] = json.loads(result.out)["diagnostics"]
    assert (diagnostic["code"], diagnostic["location"]) == ("K501", {"file": "the expression", "line": 1, "column": 5})


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("command", ["eval", "explain"])
def test_expression_output_escapes_control_characters_in_values(command, form):
    result = expression(command, f'Append([a], "{HOSTILE}")', "--given", f"a={HOSTILE}", "--format", form)
    assert result.code == 0
    assert result.out.replace("\n", "").isprintable()
    assert (ESCAPED in result.out) == (form == "text")
    broken = expression(command, f'Append([a], "{HOSTILE}"', "--format", form)
    assert (broken.out + broken.err).replace("\n", "").isprintable()


# --- explain --------------------------------------------------------------------------------------------------------


def test_expression_explain_prints_parts_with_parameter_type_and_value():
    assert (
        expression("explain", SWITCH, "--given", "country=DE").out
        == """\
Switch(ToLower([country], ), , "us", "America", "de", Append([country], "!"))  Any  = "DE!"
  source: ToLower([country], )  String  = "de"
    source: [country]  = "DE"
    culture: (omitted)
  defaultValue: (omitted)
  switchValue: "us"
  switchValue: "America"
  switchValue: "de"
  switchValue: Append([country], "!")  String  = "DE!"
    source: [country]  = "DE"
    suffix: "!"
Reads country.
Switch: Returns the value of the key that equals the source.
ToLower: Converts a string to lowercase.
Append: Appends the suffix to the source.
"""
    )


def test_expression_explain_without_given_attributes_prints_no_values():
    assert expression("explain", 'Append([a], "b")').out.splitlines()[:3] == [
        'Append([a], "b")  String',
        "  source: [a]",
        '  suffix: "b"',
    ]


def test_expression_explain_of_an_expression_without_attributes_prints_values():
    assert expression("explain", 'Append("a", "b")').out.splitlines()[0] == 'Append("a", "b")  String  = "ab"'


def test_expression_explain_evaluates_conditions_and_marks_unknown_functions():
    """A condition is valid only inside a function; an unknown function has neither type nor description."""
    lines = expression("explain", 'IIF([a] = "1", "x" & "y", Foo())', "--given", "a=1").out.splitlines()
    assert lines[1] == '  one: [a] = "1"  Boolean  = "True"'
    assert lines[3].startswith('  four: "x" & "y"  String  = undetermined: ')
    assert lines[6].startswith("  five: Foo()  = undetermined: unknown function")
    assert lines[-1].startswith("IIF: ")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            'IIF([a] = "X", "y", "n")',
            "undetermined: IIF: Microsoft does not document whether 'x' = 'X' is case-sensitive",
        ),
        (
            'IIF([b] = "X", "y", "n")',
            "undetermined: Microsoft does not document IIF with a condition on an absent attribute",
        ),
        ('CBool([a] = "X")', "undetermined: CBool: Microsoft does not document whether 'x' = 'X' is case-sensitive"),
        ('Not([a] = "X")', "undetermined: Microsoft documents comparisons only inside IIF and CBool"),
    ],
)
def test_expression_explain_gives_a_condition_the_reason_of_its_function(text, reason):
    condition = expression("explain", text, "--given", "a=x").out.splitlines()[1]
    assert reason in condition


def test_expression_explain_accepts_the_options_of_eval():
    assert '= "x"' in expression("explain", "Guid()", "--guid", "x").out


def test_expression_explain_json_contains_the_tree():
    document = expression_json("explain", 'Append([a], "b")', "--given", "a=x")
    assert document["reads"] == ["a"]
    assert list(document["functions"]) == ["Append"]
    assert document["tree"] == {
        "is": "call",
        "text": 'Append([a], "b")',
        "type": "String",
        "outcome": {"kind": "text", "value": "xb"},
        "parts": [
            {"is": "attribute", "parameter": "source", "text": "[a]", "outcome": {"kind": "text", "value": "x"}},
            {"is": "constant", "parameter": "suffix", "text": '"b"', "type": "String"},
        ],
    }


# --- functions ------------------------------------------------------------------------------------------------------


def test_expression_functions_lists_all_functions():
    """Two lines for each function: its signature and its description."""
    lines = expression("functions").out.splitlines()
    assert len(lines) == 2 * len(FUNCTIONS)
    assert lines[:2] == ["Append(source, suffix) → String", "    Appends the suffix to the source."]


def test_expression_functions_describes_one_function():
    """The name is not case-sensitive; the output has the parameters and the page that documents it."""
    lines = expression("functions", "switch").out.splitlines()
    assert lines[0] == "Switch(source, [defaultValue], switchValue…) → Any"
    assert lines[2:5] == [
        "  source        String",
        "  defaultValue  String, optional",
        "  switchValue   String, optional, repeatable",
    ]
    assert lines[5].startswith("Documented in https://learn.microsoft.com/")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("DNComponent", "For cloud sync only, not for applications."),
        ("IsNothing", "Graph lists it, but no page documents it."),
    ],
)
def test_expression_functions_states_missing_documentation_for_applications(name, message):
    assert expression("functions", name).out.splitlines()[-1] == message


def test_expression_functions_json_contains_all_functions_or_one():
    functions = expression_json("functions")["functions"]
    assert [function["name"] for function in functions] == list(FUNCTIONS)
    [function] = expression_json("functions", "Now")["functions"]
    assert (function["parameters"], function["result"]) == (
        [],
        "String" if FUNCTIONS["Now"].result == "String" else "DateTime",
    )


def test_expression_functions_describes_every_function():
    for name in FUNCTIONS:
        assert expression("functions", name).code == 0
        assert parse(f"{name}()").name == name


# --- lint rules on the command line ---------------------------------------------------------------------------------

SPEC = """\
version: 1
name: writer
tenant: contoso.com
application: {display_name: Writer, create: {from_template: custom}}
provisioning: {enabled: false}
mappings:
  users:
    attributes:
      title: {expression: 'Switch([country], , "US", "America", "DE")'}
"""


def test_validate_prints_lint_errors_and_omits_ignored_rules(cli):
    file = cli.file("scimconf.yaml", SPEC)
    result = cli("validate", file)
    assert result.code == 65
    assert f"{file}:9:28  L104  mappings.users.attributes.title.expression: " in result.out
    assert cli("validate", "--ignore", "L104", file).code == 0


@pytest.mark.parametrize("command", ["validate", "plan", "apply", "drift"])
def test_ignore_option_with_an_unknown_lint_rule_is_wrong_usage(cli, command):
    result = cli(command, "--ignore", "L14", cli.file("scimconf.yaml", SPEC))
    assert result.code == 64
    assert "unknown lint rule 'L14'. Did you mean L1" in " ".join(result.err.split())
    assert "docs/lint.md lists all rules." in " ".join(cli(command, "--ignore", "style").err.split())


def test_plan_stops_at_lint_errors_and_saves_ignored_rules(cli):
    """A saved plan is applied with the rules that were ignored when it was made."""
    file = cli.file("scimconf.yaml", SPEC)
    assert cli("plan", file).code == 65
    assert cli("drift", file).code == 65
    assert cli("plan", "--ignore", "L104", "--out", "plan.json", file).code == 0
    assert json.loads((cli.folder / "plan.json").read_text())["options"]["ignore"] == ["L104"]
    rejected = cli("apply", "--ignore", "L104", "plan.json")
    assert (rejected.code, "--ignore cannot be used with a saved plan" in rejected.err) == (64, True)
    assert cli("apply", "--auto-approve", "plan.json").code == 0


def test_plan_json_contains_lint_warnings_unless_a_comment_ignores_them(cli):
    """The plan of the example spec of Writer has no lint warning."""
    text = SPEC.replace('{expression: \'Switch([country], , "US", "America", "DE")\'}', "{constant: x, match: 2}")
    plan = json.loads(cli("plan", "--format", "json", cli.file("scimconf.yaml", text)).out)
    assert [warning["code"] for warning in plan["applications"][0]["warnings"]] == ["L507"]
    ignoring = text.replace("match: 2}", "match: 2}  # scimconf: ignore L507 tried with one person")
    plan = json.loads(cli("plan", "--format", "json", cli.file("scimconf.yaml", ignoring)).out)
    assert plan["applications"][0]["warnings"] == []
    plan = json.loads(cli("plan", "--format", "json", WRITER).out)
    assert [warning["code"] for warning in plan["applications"][0]["warnings"] if warning["code"].startswith("L")] == []


def test_plan_stops_at_a_failing_mapping_test_before_it_reads_the_tenant(cli):
    test = "tests: [{name: x, expect: {title: y}}]\n"
    file = cli.file("scimconf.yaml", SPEC.partition("      title")[0] + "      title: {constant: x}\n" + test)
    cli.service.journal.entries.clear()
    result = cli("plan", file)
    assert result.code == 65
    assert f"{file}:10:28  K510  tests[0].expect.title: " in result.err
    assert not [request for request in cli.service.journal.entries if "synchronization" in str(request)]
