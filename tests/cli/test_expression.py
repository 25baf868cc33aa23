"""`scimconf expression` as people use it, and `--ignore` for the lint's rules."""

import json

import pytest
from server_fixture import run
from tenant_fixture import WRITER

from scimconf.expressions import FUNCTIONS, parse

NAME = 'Join(" ", [givenName], [surname])'
SWITCH = 'Switch(ToLower([country], ), , "us", "America", "de", Append([country], "!"))'
HOSTILE = "\x1b[31m<b>\u202e"
INERT = "\\x1b[31m<b>\\u202e"


def ask(*argv):
    return run(["expression", *argv])


def answer(*argv):
    said = ask(*argv, "--format", "json")
    assert said.code in (0, 1)
    return json.loads(said.out)


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
def test_eval_says_what_it_comes_to(argv, out, code):
    """One line; 1 where there is no value to rely on."""
    said = ask("eval", *argv)
    assert (said.code, said.err) == (code, "")
    assert out is None or said.out == f"{out}\n"


def test_now_is_now_unless_it_is_said():
    """In UTC."""
    assert ask("eval", 'Left(FormatDateTime(Now(), , "M/d/yyyy h:mm:ss tt", "yyyy"), 2)').out == '"20"\n'


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
def test_eval_for_programs(text, outcome):
    """The kind, and the value or the reason."""
    assert answer("eval", text) == {"format_version": "2.0", "expression": text, "outcome": outcome}


def test_attributes_of_a_file_are_laid_under_those_given_one_by_one(tmp_path):
    """JSON as Graph has it."""
    file = tmp_path / "ada.json"
    file.write_text(json.dumps({"givenName": "Ada", "surname": "King", "otherMails": ["a@b.c", "d@e.f"]}))
    argv = ["--given-file", str(file), "--given", "surname=Lovelace"]
    assert ask("eval", NAME, *argv).out == '"Ada Lovelace"\n'
    assert ask("eval", "Count([otherMails])", *argv).out == '"2"\n'


@pytest.mark.parametrize(
    ("argv", "says"),
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
def test_wrong_usage_ends_with_64(argv, says, tmp_path, monkeypatch):
    """On stderr."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "deep.json").write_text("[" * 100_000 + "]" * 100_000)
    said = ask(*argv)
    assert (said.code, said.out) == (64, "")
    assert says in " ".join(said.err.split())


@pytest.mark.parametrize("command", ["eval", "explain"])
def test_what_cannot_be_read_ends_with_65_and_shows_the_place(command):
    """Line, column, and a mark under it."""
    said = ask(command, 'IIF([a]="x",\n  [b] [c])')
    assert (said.code, said.out) == (65, "")
    assert said.err.splitlines()[0].startswith("the expression:2:7  K501  not an expression: ")
    assert said.err.splitlines()[1:3] == ["    2 |   [b] [c])", "      |       ^"]


def test_what_cannot_be_read_is_told_to_programs():
    """As validate tells problems."""
    said = ask("eval", "Join(", "--format", "json")
    assert (said.code, said.err) == (65, "")
    [problem] = json.loads(said.out)["diagnostics"]
    assert (problem["code"], problem["location"]) == ("K501", {"file": "the expression", "line": 1, "column": 5})


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("command", ["eval", "explain"])
def test_hostile_values_are_inert(command, form):
    """Nothing reaches the terminal that it would obey, wherever it comes from."""
    said = ask(command, f'Append([a], "{HOSTILE}")', "--given", f"a={HOSTILE}", "--format", form)
    assert said.code == 0
    assert said.out.replace("\n", "").isprintable()
    assert (INERT in said.out) == (form == "text")
    broken = ask(command, f'Append([a], "{HOSTILE}"', "--format", form)
    assert (broken.out + broken.err).replace("\n", "").isprintable()


# --- explain --------------------------------------------------------------------------------------------------------


def test_explain_takes_an_expression_apart():
    """Each part with its parameter, its type, and what it comes to."""
    assert (
        ask("explain", SWITCH, "--given", "country=DE").out
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


def test_explain_without_attributes_shows_no_values():
    """They would all be those of nobody."""
    assert ask("explain", 'Append([a], "b")').out.splitlines()[:3] == [
        'Append([a], "b")  String',
        "  source: [a]",
        '  suffix: "b"',
    ]


def test_explain_where_nothing_is_read_shows_the_values():
    """Nobody needs to be given."""
    assert ask("explain", 'Append("a", "b")').out.splitlines()[0] == 'Append("a", "b")  String  = "ab"'


def test_explain_tries_a_condition_by_itself():
    """Though one stands only inside of a function; an unknown function has neither type nor words."""
    said = ask("explain", 'IIF([a] = "1", "x" & "y", Foo())', "--given", "a=1").out.splitlines()
    assert said[1] == '  one: [a] = "1"  Boolean  = "True"'
    assert said[3].startswith('  four: "x" & "y"  String  = undetermined: ')
    assert said[6].startswith("  five: Foo()  = undetermined: unknown function")
    assert said[-1].startswith("IIF: ")


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
def test_explain_names_the_function_that_a_condition_stands_in(text, reason):
    """The reason is the one that the whole has."""
    condition = ask("explain", text, "--given", "a=x").out.splitlines()[1]
    assert reason in condition


def test_explain_takes_what_eval_takes():
    """What a value depends on besides the attributes."""
    assert '= "x"' in ask("explain", "Guid()", "--guid", "x").out


def test_explain_for_programs():
    """The same tree."""
    found = answer("explain", 'Append([a], "b")', "--given", "a=x")
    assert found["reads"] == ["a"]
    assert list(found["functions"]) == ["Append"]
    assert found["tree"] == {
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


def test_functions_lists_all():
    """Two lines each: how it is called, and what it does."""
    lines = ask("functions").out.splitlines()
    assert len(lines) == 2 * len(FUNCTIONS)
    assert lines[:2] == ["Append(source, suffix) → String", "    Appends the suffix to the source."]


def test_a_function_is_told_whole():
    """Whatever the case of its name; with its parameters and the page that documents it."""
    said = ask("functions", "switch").out.splitlines()
    assert said[0] == "Switch(source, [defaultValue], switchValue…) → Any"
    assert said[2:5] == [
        "  source        String",
        "  defaultValue  String, optional",
        "  switchValue   String, optional, repeatable",
    ]
    assert said[5].startswith("Documented in https://learn.microsoft.com/")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("DNComponent", "For cloud sync only, not for applications."),
        ("IsNothing", "Graph lists it, but no page documents it."),
    ],
)
def test_a_function_that_applications_do_not_document_says_so(name, says):
    """So that nobody relies on it."""
    assert ask("functions", name).out.splitlines()[-1] == says


def test_functions_for_programs():
    """The whole catalogue, or one of it."""
    found = answer("functions")["functions"]
    assert [one["name"] for one in found] == list(FUNCTIONS)
    [one] = answer("functions", "Now")["functions"]
    assert (one["parameters"], one["result"]) == ([], "String" if FUNCTIONS["Now"].result == "String" else "DateTime")


def test_every_function_can_be_explained():
    """Also one without arguments."""
    for name in FUNCTIONS:
        assert ask("functions", name).code == 0
        assert parse(f"{name}()").name == name


# --- the lint's rules, from the command line ------------------------------------------------------------------------

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


def test_validate_tells_findings_and_leaves_out_what_is_ignored(desk):
    """An error ends with 65, like any problem."""
    file = desk.file("scimconf.yaml", SPEC)
    said = desk("validate", file)
    assert said.code == 65
    assert f"{file}:9:28  L104  mappings.users.attributes.title.expression: " in said.out
    assert desk("validate", "--ignore", "L104", file).code == 0


@pytest.mark.parametrize("command", ["validate", "plan", "apply", "drift"])
def test_an_unknown_rule_is_wrong_usage(desk, command):
    """With what was probably meant."""
    said = desk(command, "--ignore", "L14", desk.file("scimconf.yaml", SPEC))
    assert said.code == 64
    assert "unknown lint rule 'L14'. Did you mean L1" in " ".join(said.err.split())
    assert "docs/lint.md lists all rules." in " ".join(desk(command, "--ignore", "style").err.split())


def test_a_plan_stops_at_an_error_of_the_lint_and_remembers_what_it_ignored(desk):
    """So that the saved plan can be applied as it was made."""
    file = desk.file("scimconf.yaml", SPEC)
    assert desk("plan", file).code == 65
    assert desk("drift", file).code == 65
    assert desk("plan", "--ignore", "L104", "--out", "plan.json", file).code == 0
    assert json.loads((desk.folder / "plan.json").read_text())["options"]["ignore"] == ["L104"]
    refused = desk("apply", "--ignore", "L104", "plan.json")
    assert (refused.code, "--ignore cannot be used with a saved plan" in refused.err) == (64, True)
    assert desk("apply", "--auto-approve", "plan.json").code == 0


def test_a_plan_notes_what_goes_wrong_for_people(desk):
    """A warning, among the warnings; a comment with the reason silences it, and Writer's own plan has none."""
    text = SPEC.replace('{expression: \'Switch([country], , "US", "America", "DE")\'}', "{constant: x, match: 1}")
    said = json.loads(desk("plan", "--format", "json", desk.file("scimconf.yaml", text)).out)
    assert [one["code"] for one in said["applications"][0]["warnings"]] == ["L507"]
    quiet = text.replace("match: 1}", "match: 1}  # scimconf: ignore L507 tried with one person")
    said = json.loads(desk("plan", "--format", "json", desk.file("scimconf.yaml", quiet)).out)
    assert said["applications"][0]["warnings"] == []
    said = json.loads(desk("plan", "--format", "json", WRITER).out)
    assert [one["code"] for one in said["applications"][0]["warnings"] if one["code"].startswith("L")] == []


def test_a_failing_test_stops_a_plan_before_anything_is_read(desk):
    """At the line of the test."""
    test = "tests: [{name: x, expect: {title: y}}]\n"
    file = desk.file("scimconf.yaml", SPEC.partition("      title")[0] + "      title: {constant: x}\n" + test)
    desk.service.journal.entries.clear()
    said = desk("plan", file)
    assert said.code == 65
    assert f"{file}:10:28  K510  tests[0].expect.title: " in said.err
    assert not [one for one in desk.service.journal.entries if "synchronization" in str(one)]
