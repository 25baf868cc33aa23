"""Rules in contexts that no page can show, and what findings look like."""

import pytest

from scimconf.expressions import Attribute, Call, Constant, parse
from scimconf.expressions.lint import RULES, Context, Finding, check
from scimconf.expressions.lint.places import places
from scimconf.expressions.lint.vocabulary import alike


def rules(text, **context):
    return [finding.rule for finding in check(text, Context(**context))]


def test_says_where_and_what_instead():
    """A finding has its rule, a sentence, a hint, its severity and its place."""
    [finding] = check('Append([jobTitle],\n  Joyn(" ", [surname]))')
    assert finding == Finding("L101", "no published list has a function Joyn", "Did you mean Join?", "warning", 21)


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
        ("Coalesce([mail], , [surname])", {"target_type": "String", "multivalued": True}, []),
        ("[mail]", {"written": "source"}, []),
        ('"\\d"', {"written": "constant"}, []),
        ('Append("x\\\\", "\\"")', {}, []),
        ("ConvertFromBase64([mail], Unicode)", {}, ["L109"]),
    ],
)
def test_in_context(text, context, expected):
    """Which rules speak up about an expression, by what is known of its mapping."""
    assert expected == rules(text, **context)


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
