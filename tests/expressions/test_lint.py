"""Rules in contexts that no page can show, and what findings look like."""

import re

import pytest

from scimconf import expressions
from scimconf.expressions import Attribute, Call, Constant, parse
from scimconf.expressions.lint import RULES, ExpressionIssue, MappingFacts, check
from scimconf.expressions.lint.spans import places
from scimconf.expressions.lint.vocabulary import alike


def rules(text, **context):
    return [finding.rule for finding in check(text, MappingFacts(**context))]


def test_is_had_from_the_package():
    """When it is asked for; what the package does not have, it says in Python's words."""
    assert expressions.check is check
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = expressions.nothing


def test_says_where_and_what_instead():
    """A finding has its rule, a sentence, a hint, its severity and its place."""
    [finding] = check('Append([jobTitle],\n  Joyn(" ", [surname]))')
    assert finding == ExpressionIssue(
        21, "no published list has a function Joyn", "Did you mean Join?", "warning", "L101"
    )


def test_findings_come_in_the_order_of_the_text():
    """Sorted by place, whatever rule they are from."""
    found = check("Append(Joyn([jobTitel]), toLower([mail]))")
    assert [each.offset for each in found] == sorted(each.offset for each in found)
    assert [each.rule for each in found] == ["L101", "L310", "L102"]


def test_expressions_of_trees_are_checked_in_their_canonical_text():
    """A live source has no text of its own."""
    [finding] = check(Call("Append", (Attribute("jobTitel"), Constant("x"))))
    assert (finding.rule, finding.offset) == ("L310", 7)


def test_unreadable_text_has_one_finding():
    """Nothing else is said of what cannot be read."""
    [finding] = check("Append([a]")
    assert (finding.rule, finding.severity) == ("L100", "error")


@pytest.mark.parametrize(
    ("text", "context", "expected"),
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
        ("[appRoleAssignments]", {"written": "source", "scope": "all"}, ["L401", "L402"]),
        ("[appRoleAssignments]", {"written": "source", "scope": "assigned"}, ["L401"]),
        ("CStr([appRoleAssignments])", {"scope": "all"}, ["L401", "L402"]),
        ('IgnoreFlowIfNullOrEmpty(IIF(IgnoreFlowIfNullOrEmpty([mail]), "a", "b"))', {}, ["L304"]),
        ("Coalesce([mail], , [surname])", {"target_type": "String", "multivalued": True}, []),
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
def test_in_context(text, context, expected):
    """Which rules speak up about an expression, by what is known of its mapping."""
    assert expected == rules(text, **context)


def test_raw_roles_of_everybody_are_a_warning():
    """What is documented of the functions is an error; of the attribute itself it only follows."""
    for text, severity in (("[appRoleAssignments]", "warning"), ("AppRoleAssignments([appRoleAssignments])", "error")):
        found = check(text, MappingFacts(scope="all", written="source"))
        assert [each.severity for each in found if each.rule == "L402"] == [severity]


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
def test_months_and_minutes(form, other):
    """Which of the two is meant is told by what stands next to it, and by what is joined to it sooner than by the rest."""
    found = check(f'FormatDateTime([mail], , "{form}", "{form}")')
    assert [(each.rule, each.hint) for each in found] == ([("L207", f"Write {other}.")] * 2 if other else [])


def test_a_style_is_no_date_format():
    """The second of four arguments is a word, whose letters mean nothing."""
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
def test_groups_that_take_a_space_along(pattern, key, expected):
    """Only where the last thing in the group is white space, and no key of the Switch has any."""
    found = check(f'Switch(Replace([mail], , "{pattern}", , "${{n}}", , ), , "{key}", "a")')
    assert [each.rule for each in found] == ["L205"] * expected


def test_a_space_is_no_matter_where_keys_may_have_one():
    """Keys of which one ends with a space, keys that are no texts, and values that do not end with the group."""
    replace = 'Replace([mail], , "(?<n>a )", , "{}", , )'
    for keys in ('"a", "x", "a ", "y"', '"a", "x", [city], "y"'):
        assert rules(f"Switch({replace.format('${n}')}, , {keys})") == []
    assert rules(f'Switch({replace.format("${n}x")}, , "ax", "x")') == []
    assert rules(f'Switch({replace.format("${n}")}, , "", "x", "a", "y")') == ["L205"]


def test_a_group_of_a_pattern_that_is_none():
    """What is wrong with the pattern is said by another rule; nothing goes wrong here."""
    for pattern in ("(?<n>a ", "(a)", "(?<n>[a "):
        found = rules(f'Switch(Replace([mail], , "{pattern}", , "${{n}}", , ), , "a", "x")')
        assert "L205" not in found
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
def test_case_is_dotnets(source, key, hint):
    """As the evaluator has it: one letter for one, by the culture; where that is not known, nothing is said."""
    found = check(f'Switch({source}, , "{key}", "a")')
    assert [(each.rule, each.hint) for each in found] == ([("L309", hint)] if hint else [])


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
def test_no_hint_leads_to_another_finding(text, around, from_entra):
    """What somebody writes instead, as the hint says it, is found by no rule."""
    [finding] = check(around.format(text), MappingFacts(from_entra=from_entra))
    said = re.match(r"Write (.*\))(?:, and put (\w+) around the whole expression)?\.(?: The key|$)", finding.hint)
    written = around.format(said[1].replace("[x]", "[mail]"))
    assert rules(f"{said[2]}({written})" if said[2] else written, from_entra=from_entra) == []


@pytest.mark.parametrize("around", ["{}", 'Append({}, "y")'])
def test_a_default_is_guarded_around_the_whole(around):
    """Since inside of another function the guard is a finding of its own."""
    text = around.format('Switch([mail], [mail], "", "x")')
    [finding] = check(text)
    assert (finding.rule, "whole" in finding.hint, "IIF" in finding.hint) == ("L308", around != "{}", False)
    assert rules(f"IgnoreFlowIfNullOrEmpty({text})") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('IIF([mail] = "a", "b")', "IIF lacks its argument 3 (the value for False)"),
        ('IIF([mail] = "a", , "b")', "IIF lacks its argument 2 (the value for True)"),
        ('IIF(, "a", "b")', "IIF lacks its argument 1 (the condition)"),
        ('IIF([mail] = "a", "b", "c", "d")', "IIF takes 3 arguments, not 4"),
        ("Mid([mail], 1)", "Mid lacks its argument 3 (length)"),
        ("FormatDateTime([mail], , , )", "FormatDateTime lacks its argument 3 (inputFormat)"),
        ("Now([mail])", "Now takes no arguments, not 1"),
        ("Len([mail], 1)", "Len takes 1 argument, not 2"),
        ("ToLower([mail], , )", "ToLower takes at most 2 arguments, not 3"),
        ("Coalesce()", "Coalesce takes at least 1 argument"),
        ("SelectUniqueValue([mail])", "SelectUniqueValue takes at least 2 arguments"),
    ],
)
def test_says_which_argument(text, said):
    """By its number, and by a name that says something to people."""
    context = MappingFacts(to_scim=False, apply="on_create")
    assert [(each.rule, each.message) for each in check(text, context)] == [("L103", said)]


@pytest.mark.parametrize(
    ("text", "context", "expected"),
    [
        ("[mail]", {"written": "source"}, []),
        ("[manager]", {"written": "source"}, ["manager refers"]),
        ("[members]", {"written": "source", "mapping": "groups"}, ["members refers"]),
        ("[otherMails]", {"written": "source"}, ["otherMails has"]),
        ("[sipProxyAddress]", {"written": "source"}, []),
        ("[manager]", {"written": "source", "from_entra": False}, []),
        ("[manager]", {"written": "source", "match": None}, []),
        ("[mail]", {"written": "source", "multivalued": False}, []),
        ("[mail]", {"written": "source", "multivalued": True, "target": "emails"}, ["emails takes"]),
        ("RemoveDuplicates([proxyAddresses])", {}, ["RemoveDuplicates gives a list"]),
        ('Join(";", [proxyAddresses])', {}, []),
        ('IIF([mail] = "a", Split([mail], "@"), Guid())', {}, ["Split gives a list", "Guid gives another"]),
        ('Switch([mail], , "a", Append([mail], Now()), "b", RandomString(4, 4, 0, 0, 0))', {}, ["Now", "RandomString"]),
        ('Append(IIF(DateDiff("d", Now(), CDate([mail])) > 0, "a", "b"), [mail])', {}, []),
        ('Append(IIF([mail] = "a"), [mail])', {}, []),
        ('IgnoreFlowIfNullOrEmpty(Coalesce([proxyAddresses], "x"))', {}, ["proxyAddresses"]),
        ("Mid(, 1, 2)", {}, []),
        ("CRef([mail])", {}, ["CRef gives a reference"]),
        ("AssertiveAppRoleAssignmentsComplex([appRoleAssignments])", {}, ["AssertiveAppRoleAssignmentsComplex gives"]),
    ],
)
def test_matching_looks_for_one_text(text, context, expected):
    """Neither for lists nor for references, nor for what is another value each time."""
    found = [each for each in check(text, MappingFacts(**({"match": 1} | context))) if each.rule == "L311"]
    assert len(found) == len(expected)
    assert all(each.message.startswith(said) for each, said in zip(found, expected, strict=True))


def test_places_are_those_of_the_text():
    """Each part stands where its place says, also where equal parts stand side by side."""
    text = 'IIF( [a] = Len([a]), "x" ,Join("x", [a],, "b" & [a]))'
    for part in places(text, parse(text)).walk():
        node = part.node
        start = {"Attribute": "[", "Constant": '"', "Call": getattr(node, "name", "")}.get(type(node).__name__, "")
        assert text.startswith(start, part.offset)


def test_hints_for_names():
    """Graph's names, other case, and slips."""
    known = {"mobile", "jobTitle"}
    assert alike("mobilePhone", known) == "Graph's mobilePhone is mobile here."
    assert alike("jobtitle", known) == "Case counts: write jobTitle."
    assert alike("jobTitel", known) == "Did you mean jobTitle?"
    assert alike("xyz", known) == ""


def test_rules_have_ids_of_one_kind():
    """L and three digits, in order."""
    assert list(RULES) == sorted(RULES)
    assert all(name[0] == "L" and name[1:].isdigit() and len(name) == 4 for name in RULES)
