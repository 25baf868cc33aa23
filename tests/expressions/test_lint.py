"""Rules with facts that the pages do not show, and the form of issues. The examples of the pages are in test_lint_pages."""

import re

import pytest

from scimconf.expressions import Attribute, Call, Constant, parse
from scimconf.expressions.lint import RULES, ExpressionIssue, MappingFacts, check
from scimconf.expressions.lint.model import locate_parts
from scimconf.expressions.lint.vocabulary import name_hint

MANY = "AppRoleAssignmentsComplex([appRoleAssignments])"
IN_JOIN = f'InStr(Join("", {MANY}), "FullSeat", , )'


def rules(text, **facts):
    return [issue.rule for issue in check(text, MappingFacts(**facts))]


def test_issue_has_offset_message_hint_severity_and_rule():
    [issue] = check('Append([jobTitle],\n  Joyn(" ", [surname]))')
    assert issue == ExpressionIssue(
        21, "unknown function `Joyn`: apply fails unless Entra has it", "Did you mean `Join`?", "warning", "L101"
    )


def test_check_sorts_issues_by_offset():
    assert rules("Append(Joyn([jobTitel]), toLower([mail]))") == ["L101", "L310", "L102"]


def test_check_uses_the_canonical_text_of_an_expression_without_a_text():
    [issue] = check(Call("Append", (Attribute("jobTitel"), Constant("x"))))
    assert (issue.rule, issue.offset) == ("L310", 7)


def test_check_reports_only_the_syntax_error_of_an_invalid_text():
    [issue] = check("Append([a]")
    assert (issue.rule, issue.severity) == ("L100", "error")


@pytest.mark.parametrize(
    ("text", "facts", "expected"),
    [
        ("SelectUniqueValue([mail], [surname])", {"to_scim": False, "apply": "on_create"}, []),
        ("SelectUniqueValue([mail])", {"to_scim": False, "apply": "on_create"}, ["L103"]),
        ("Append([WorkerID], [x])", {"from_entra": False}, []),
        ('Switch([WorkerID], "d", "a", "b")', {"from_entra": False}, []),
        ('switch([mail], "d", "a", "x", "a", "y")', {}, ["L102", "L308", "L309"]),
        (
            'iif(ispresent([mail]), [mail], SPLIT([mail], "a"))',
            {"multivalued": False},
            ["L102", "L102", "L303", "L102", "L405"],
        ),
        ('ignoreFlowIfNullOrEmpty(Switch([mail], "d", "a", "b"))', {}, ["L102"]),
        ('formatdatetime([mail], "a", "b")', {}, ["L102", "L105"]),
        ("trim([mail])", {}, ["L102", "L109"]),
        ('cbool([mail] = "a")', {}, ["L102"]),
        ("tolower([mail], , )", {}, ["L102", "L103"]),
        ("Append([a], [b])", {"source_attributes": {"a"}}, ["L301"]),
        ('Switch(Not([mail]), , "True", [mail], "", "x")', {}, ["L309"]),
        ('Switch(ToUpper([mail], ), , "a", "b")', {}, ["L309"]),
        ('Switch([mail], [surname], [mail], "x")', {}, ["L308"]),
        ('IIF([mail] = "a", "b", "c")', {"target_type": "Boolean"}, ["L405", "L405"]),
        ('IIF(Append([mail], "a") = [surname], [mail], )', {}, ["L103"]),
        ("IIF(, [mail], [surname])", {}, ["L103"]),
        ("Switch(, , [mail], [surname])", {}, ["L103"]),
        ("Switch([mail], , [mail], )", {}, ["L104"]),
        ("FormatDateTime([mail], , [surname], )", {}, ["L103"]),
        ('FormatDateTime([mail], "RoundtripKind", , "yyyy")', {}, ["L105"]),
        ('FormatDateTime(DateFromNum([mail]), "RoundtripKind", , "yyyy")', {}, ["L105"]),
        ('Append(FormatDateTime(Now(), , , "yyyy"), FormatDateTime([mail], "yyyy", "yy"))', {}, ["L105", "L105"]),
        ("DateDiff([mail], Now(), Now())", {}, []),
        ("DateAdd(, 1, Now())", {}, ["L103"]),
        ('Replace([mail], , [surname], , "", , )', {}, []),
        ('Replace([mail], , "(?<n>a)", [surname], "", , )', {}, []),
        ('Replace([mail], , "(?<n>a)", , [surname], , )', {}, []),
        ('Replace([mail], , "(?<n>a)", "n", , [surname], )', {}, []),
        ('Replace([mail], , "(?<n>a)", , "${1}", , )', {}, []),
        ('Switch(Append(Replace([mail], , "(?<n>a )", , "${n}", , ), "x"), , "a", "b")', {}, []),
        ('Switch(Replace([mail], , "(?<n>a )", , [surname], , ), , "a", "b")', {}, []),
        ('FormatDateTime([mail], , "yyyyMMdd HH:mm", "dd.MM.yyyy hh\'h\' tt")', {}, []),
        ("AssertiveAppRoleAssignmentsComplex([appRoleAssignments])", {"multivalued": True}, []),
        ("AppRoleAssignments([appRoleAssignments])", {"multivalued": True, "scope": "assigned"}, ["L109"]),
        ("AppRoleAssignments([appRoleAssignments])", {"multivalued": False}, ["L109", "L404"]),
        ("AppRoleAssignments([appRoleAssignments])", {"scope": "all"}, ["L109", "L402"]),
        (f"IIF({IN_JOIN} > 0, {IN_JOIN}, {MANY})", {"multivalued": False}, ["L403", "L404"]),
        (f'IIF({IN_JOIN}>"0", "full", "")', {"multivalued": False, "scope": "all"}, ["L402"]),
        (f"RemoveDuplicates({MANY})", {"multivalued": True}, ["L403"]),
        ('Switch(Redact(SingleAppRoleAssignment([appRoleAssignments])), , "a", "b")', {"multivalued": True}, ["L404"]),
        ("SingleAppRoleAssignment([appRoleAssignments])", {"multivalued": False}, []),
        ("Trim()", {"multivalued": False}, ["L103", "L109"]),
        ("[appRoleAssignments]", {"written": "source", "scope": "all"}, ["L401", "L402"]),
        ("[appRoleAssignments]", {"written": "source", "scope": "assigned"}, ["L401"]),
        ("CStr([appRoleAssignments])", {"scope": "all"}, ["L401", "L402"]),
        ('IgnoreFlowIfNullOrEmpty(IIF(IgnoreFlowIfNullOrEmpty([mail]), "a", "b"))', {}, ["L304"]),
        ("Coalesce([mail], , [surname])", {"target_type": "String", "multivalued": True}, []),
        ('IIF([mail] = "a", IIF([mail] = "b", CDate([surname]), "x"), CDate("2021-01-01"))', {}, ["L312"]),
        ('IIF([mail] = "a", NumFromDate(CDate([surname])), DateFromNum([surname]))', {}, ["L312", "L312"]),
        ('IIF(DateDiff("d", Now(), CDate([surname])) > 1, "a", "b")', {}, []),
        ('Switch([mail], , "a", CDate([surname]))', {}, []),
        ("[mail]", {"written": "source"}, []),
        ('"\\d"', {"written": "constant"}, []),
        ('Append("x\\\\", "\\"")', {}, []),
        ("ConvertFromBase64([mail], Unicode)", {}, ["L109"]),
        ("ConvertFromBase64([mail], UTF8)", {}, ["L109"]),
        ("BitAnd(&HF, -7)", {}, []),
        ('Append(extensionAttribute1, "x")', {}, ["L108"]),
        ('Append(job_title, "x")', {}, ["L108"]),
        ('Switch(Not(Not(IsNull([mail]))), , "True", "a", "False", "b")', {}, ["L306"]),
        ('Switch(Not(), , "True", "a", "False", "b")', {}, ["L103"]),
        ('Switch(CBool([mail]), , "True", "a", "False", "b")', {}, []),
    ],
)
def test_rules_depend_on_the_facts_of_the_mapping(text, facts, expected):
    assert rules(text, **facts) == expected


SINGLE_ROLE, ALL_ROLES = (
    f"{name}([appRoleAssignments])" for name in ("SingleAppRoleAssignment", "AssertiveAppRoleAssignmentsComplex")
)
PRIMARY = 'roles[primary eq "True"].value'


@pytest.mark.parametrize(
    ("text", "facts", "severities"),
    [
        (ALL_ROLES, {"target": PRIMARY}, ["error"]),
        (ALL_ROLES, {"target": PRIMARY, "multivalued": True}, ["error"]),
        (f'Join(",", {ALL_ROLES})', {"target": PRIMARY}, []),
        (SINGLE_ROLE, {"target": PRIMARY}, []),
        (ALL_ROLES, {"target": "role", "multivalued": False}, ["warning"]),
        (ALL_ROLES, {"target": "role"}, []),
        (SINGLE_ROLE, {"target": "roles", "multivalued": True}, ["warning"]),
        ('"user"', {"target": 'roles[primary eq "True"].type', "written": "constant"}, ["warning"]),
    ],
)
def test_role_target_rule_is_an_error_where_a_filter_selects_a_single_value(text, facts, severities):
    issues = [issue for issue in check(text, MappingFacts(**facts)) if issue.rule == "L404"]
    assert [issue.severity for issue in issues] == severities
    assert all(issue.hint for issue in issues)


def test_other_type_rule_reports_a_list_where_a_filter_selects_a_single_value():
    facts = MappingFacts(target='emails[type eq "work"].value')
    assert [issue.rule for issue in check('Split([mail], ";")', facts)] == ["L405"]


def test_raw_roles_with_all_users_in_scope_are_only_a_warning():
    for text, severity in (("[appRoleAssignments]", "warning"), ("AppRoleAssignments([appRoleAssignments])", "error")):
        issues = check(text, MappingFacts(scope="all", written="source"))
        assert [issue.severity for issue in issues if issue.rule == "L402"] == [severity]


@pytest.mark.parametrize(
    ("form", "other"),
    [
        ("HH:mm dd.MM.yyyy", ""),
        ("MMM d, yyyy mm:ss", ""),
        ("yyyyMMddHHmmss", ""),
        ("yyyy-MM-ddTHH:mm", ""),
        ("dd.MM.yyyy 'um' HH:mm", ""),
        ("d MMM HH:mm", ""),
        ("ddMMHHmm", ""),
        ("mm", ""),
        ("mm MM", ""),
        ("m/d/yyyy", "M"),
        ("mm dd yyyy", "MM"),
        ("dd mmm yyyy", "MMM"),
        ("yyyymmddHHmm", "MM"),
        ("HH:mm dd.mm.yyyy", "MM"),
        ("dd/mm HH:mm", "MM"),
        ("yyyy'-'mm'-'dd", "MM"),
        ("HH MM", "mm"),
        ("HH:MM dd.MM.yyyy", "mm"),
        ("yyyyMMddHHMMss", "mm"),
        ("dd.MM.yyyy H:M", "m"),
        ("HH\\\\:MM", "mm"),
    ],
)
def test_date_format_rule_tells_months_from_minutes_by_their_neighbours(form, other):
    issues = check(f'FormatDateTime([mail], , "{form}", "{form}")')
    assert [(issue.rule, issue.hint) for issue in issues] == ([("L207", f"Write {other}.")] * 2 if other else [])


def test_date_format_rule_ignores_the_style_argument():
    assert rules('FormatDateTime([mail], "NoCurrentDateDefault", "yyyy", "yy")') == []
    assert rules('FormatDateTime([mail], "DD", "yy")') == ["L105", "L207"]


@pytest.mark.parametrize(
    ("pattern", "key", "expected"),
    [
        (r"(?<n>\\d*\\s)", "49", True),
        (r"(?<n>\\d* ?)", "49", True),
        (r"(?<n>\\d* {0,1}?)x", "49", True),
        (r"(?<n>\\d*\\ +)", "49", True),
        (r"(?<n>\\d*[ \\t]*)", "49", True),
        (r"(?'n'\\d* )", "49", True),
        (r"(?<n>(?:00|\\+)\\d* )", "49", True),
        (r"\\((?<n>[)]\\d* )", "49", True),
        (r"(?<n>\\d* )", "49 ", False),
        (r"(?<n>\\d* )", "", False),
        (r"(?<n>\\d*)", "49", False),
        (r"(?<n>\\d*) ", "49", False),
        (r"(?<n>)", "49", False),
        (r"(?<n>\\d*\\\\)", "49", False),
        (r"(?<n> \\d*\\S)", "49", False),
        (r"(?<n>(\\d* ))", "49", False),
        (r"(?<n>[\\w ]+)", "49", False),
        (r"(?<n>[^ ]+)", "49", False),
    ],
)
def test_trailing_space_rule_depends_on_the_end_of_the_group_and_the_keys(pattern, key, expected):
    issues = check(f'Switch(Replace([mail], , "{pattern}", , "${{n}}", , ), , "{key}", "a")')
    assert [issue.rule for issue in issues] == ["L205"] * expected


def test_trailing_space_rule_accepts_keys_that_may_end_with_a_space():
    replace = 'Replace([mail], , "(?<n>a )", , "{}", , )'
    for keys in ('"a", "x", "a ", "y"', '"a", "x", [city], "y"'):
        assert rules(f"Switch({replace.format('${n}')}, , {keys})") == []
    assert rules(f'Switch({replace.format("${n}x")}, , "ax", "x")') == []
    assert rules(f'Switch({replace.format("${n}")}, , "", "x", "a", "y")') == ["L205"]


def test_trailing_space_rule_skips_invalid_patterns():
    for pattern in ("(?<n>a ", "(a)", "(?<n>[a "):
        assert "L205" not in rules(f'Switch(Replace([mail], , "{pattern}", , "${{n}}", , ), , "a", "x")')
    assert rules('Replace([mail], , "(?<b>a)(?<n-b>c)", "n", "", , )') == []


@pytest.mark.parametrize(
    ("source", "key", "hint"),
    [
        ("ToUpper([mail], )", "STRAßE", None),
        ("ToUpper([mail], )", "straße", 'Write "STRAßE".'),
        ("ToLower([mail])", "ΣΑΣ", 'Write "σασ".'),
        ('ToUpper([mail], "tr-TR")', "İZMİR", None),
        ('ToUpper([mail], "tr-TR")', "IZMIr", 'Write "IZMIR".'),
        ('ToLower([mail], "tr-TR")', "I", 'Write "ı".'),
        ('ToLower([mail], "")', "I", 'Write "i".'),
        ("ToLower([mail], [preferredLanguage])", "I", None),
        ('ToLower([mail], "no culture")', "I", None),
        ('ToLower([mail], "de-DE")', "İ", None),
    ],
)
def test_dead_key_rule_uses_the_case_of_dotnet(source, key, hint):
    issues = check(f'Switch({source}, , "{key}", "a")')
    assert [(issue.rule, issue.hint) for issue in issues] == ([("L309", hint)] if hint else [])


@pytest.mark.parametrize("around", ["{}", 'Append({}, "y")', "IgnoreFlowIfNullOrEmpty({})"])
@pytest.mark.parametrize("from_entra", [True, False])
@pytest.mark.parametrize(
    "text",
    [
        'IIF(IsPresent([mail]), [mail], "x")',
        'IIF([mail] = "", "x", [mail])',
        'Switch(IsPresent([mail]), , "True", [mail], "False", "x")',
        'Switch(Not(IsNull([mail])), , "True", [mail], "False", "x")',
    ],
)
def test_hint_for_absent_values_leads_to_no_other_issue(text, around, from_entra):
    [issue] = check(around.format(text), MappingFacts(from_entra=from_entra))
    advice = re.match(r"Write (.*\))(?:, and put (\w+) around the whole expression)?\.(?: The key|$)", issue.hint)
    fixed = around.format(advice[1].replace("[x]", "[mail]"))
    assert rules(f"{advice[2]}({fixed})" if advice[2] else fixed, from_entra=from_entra) == []


@pytest.mark.parametrize("around", ["{}", 'Append({}, "y")'])
def test_hint_for_a_default_puts_the_guard_around_the_whole_expression(around):
    text = around.format('Switch([mail], [mail], "", "x")')
    [issue] = check(text)
    assert (issue.rule, "whole" in issue.hint, "IIF" in issue.hint) == ("L308", around != "{}", False)
    assert rules(f"IgnoreFlowIfNullOrEmpty({text})") == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('IIF([mail] = "a", "b")', "IIF requires argument 3 (the value for False)"),
        ('IIF([mail] = "a", , "b")', "IIF requires argument 2 (the value for True)"),
        ('IIF(, "a", "b")', "IIF requires argument 1 (the condition)"),
        ('IIF([mail] = "a", "b", "c", "d")', "IIF takes 3 arguments, got 4"),
        ("Mid([mail], 1)", "Mid requires argument 3 (length)"),
        ("FormatDateTime([mail], , , )", "FormatDateTime requires argument 4 (outputFormat)"),
        ("Now([mail])", "Now takes no arguments, got 1"),
        ("Len([mail], 1)", "Len takes 1 argument, got 2"),
        ("ToLower([mail], , )", "ToLower takes at most 2 arguments, got 3"),
        ("Coalesce()", "Coalesce takes at least 1 argument"),
        ("SelectUniqueValue([mail])", "SelectUniqueValue takes at least 2 arguments"),
    ],
)
def test_arity_message_names_the_argument(text, message):
    facts = MappingFacts(to_scim=False, apply="on_create")
    assert [(issue.rule, issue.message) for issue in check(text, facts)] == [("L103", message)]


@pytest.mark.parametrize(
    ("text", "facts", "expected"),
    [
        ("[mail]", {"written": "source"}, []),
        ("[manager]", {"written": "source"}, ["manager, which is a reference"]),
        ("[members]", {"written": "source", "mapping": "groups"}, ["members, which is a reference"]),
        ("[otherMails]", {"written": "source"}, ["otherMails, which is multi-valued"]),
        ("[sipProxyAddress]", {"written": "source"}, []),
        ("[manager]", {"written": "source", "from_entra": False}, []),
        ("[manager]", {"written": "source", "match": None}, []),
        ("[mail]", {"written": "source", "multivalued": False}, []),
        ("[mail]", {"written": "source", "multivalued": True, "target": "emails"}, ["emails, which is multi-valued"]),
        ("RemoveDuplicates([proxyAddresses])", {}, ["RemoveDuplicates, which returns a list"]),
        ('Join(";", [proxyAddresses])', {}, []),
        (
            'IIF([mail] = "a", Split([mail], "@"), Guid())',
            {},
            ["Split, which returns a list", "Guid, which returns another"],
        ),
        ('Switch([mail], , "a", Append([mail], Now()), "b", RandomString(4, 4, 0, 0, 0))', {}, ["Now", "RandomString"]),
        ('Append(IIF(DateDiff("d", Now(), CDate([mail])) > 0, "a", "b"), [mail])', {}, []),
        ('Append(IIF([mail] = "a"), [mail])', {}, []),
        ('IgnoreFlowIfNullOrEmpty(Coalesce([proxyAddresses], "x"))', {}, ["proxyAddresses"]),
        ("Mid(, 1, 2)", {}, []),
        ("CRef([mail])", {}, ["CRef, which returns a reference"]),
        ("AssertiveAppRoleAssignmentsComplex([appRoleAssignments])", {}, ["AssertiveAppRoleAssignmentsComplex, which"]),
    ],
)
def test_matching_rule_requires_a_single_string_that_does_not_change(text, facts, expected):
    issues = [issue for issue in check(text, MappingFacts(**({"match": 1} | facts))) if issue.rule == "L311"]
    assert len(issues) == len(expected)
    assert all(start in issue.message for issue, start in zip(issues, expected, strict=True))


def test_locate_parts_returns_the_offset_of_each_part():
    text = 'IIF( [a] = Len([a]), "x" ,Join("x", [a],, "b" & [a]))'
    for part in locate_parts(text, parse(text)).walk():
        node = part.node
        start = {"Attribute": "[", "Constant": '"', "Call": getattr(node, "name", "")}.get(type(node).__name__, "")
        assert text.startswith(start, part.offset)


def test_name_hint_knows_names_of_graph_other_case_and_typing_errors():
    known = {"mobile", "jobTitle"}
    assert name_hint("mobilePhone", known) == "Write mobile, which is the name of Graph's mobilePhone in mappings."
    assert name_hint("jobtitle", known) == "Names are case-sensitive: write jobTitle."
    assert name_hint("jobTitel", known) == "Did you mean `jobTitle`?"
    assert name_hint("xyz", known) == ""


def test_rule_ids_are_sorted():
    assert list(RULES) == sorted(RULES)
    assert all(name[0] == "L" and name[1:].isdigit() and len(name) == 4 for name in RULES)
