"""How values stand on a page: text without quotes, on one line where it fits, else as a block."""

import pytest

from scimconf.plan import WriteOnly
from scimconf.render.common.values import block, inline


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("mail", "mail"),
        ("Writer team", "Writer team"),
        ("[mail]", "[mail]"),
        ('"Member"', '"Member"'),
        ("", '""'),
        (" x", '" x"'),
        ("x ", '"x "'),
        ("none", '"none"'),
        ("True", '"True"'),
        ("0010", '"0010"'),
        ("-1.5", '"-1.5"'),
        ("a → b", '"a → b"'),
        (None, "none"),
        (True, "true"),
        (1, "1"),
        (1.0, "1.0"),
        ([], "[]"),
        ({}, "{}"),
        (["create", "1"], '[create, "1"]'),
        (("a, b", "c"), '["a, b", c]'),
        ({"a": None, "b": ['say "x"']}, '{a: none, b: ["say \\"x\\""]}'),
        (WriteOnly("TOKEN"), "(write-only, from TOKEN)"),
        ({"key": WriteOnly("\x1b")}, "{key: (write-only, from \\x1b)}"),
    ],
)
def test_on_one_line(value, shown):
    assert inline(value) == shown


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        ({"a": 1}, ["{a: 1}"]),
        (
            {"attribute": "employeeType", "operator": "equals"},
            ["attribute: employeeType", "operator: equals"],
        ),
        (
            [{"name": "employees", "all": ["a longer text", "and another one"]}],
            ["- name: employees", "  all:", "    - a longer text", "    - and another one"],
        ),
        (["one" * 5, "two" * 5], ["- " + "one" * 5, "- " + "two" * 5]),
        ("a text that is longer than a line", ["a text that is longer", "than a line"]),
        (10**30, ["1000000000000000000000000", "000000"]),
    ],
)
def test_in_a_block(value, lines):
    assert block(value, 25) == lines


@pytest.mark.parametrize(
    ("expression", "lines"),
    [
        (
            'Join(" ", [givenName], [surname])',
            ["Join(", '  " ", [givenName],', "  [surname]", ")"],
        ),
        (
            'Trim(Replace([mail], "(", , , ")", , ))',
            ["Trim(", "  Replace(", '    [mail], "(", , ,', '    ")", ,', "  )", ")"],
        ),
        ('Join("a, (b", "c\\"),", [d], [e])', ["Join(", '  "a, (b", "c\\"),", [d],', "  [e]", ")"]),
        ("Now() and what comes after", ["Now() and what comes", "after"]),
        ("Join([aaaaaaaaaaaaaaaaaaaaaa]", ["Join([aaaaaaaaaaaaaaaaaa", "aaaa]"]),
        ('Join("aaaaaaaaaaaaaaaaaaaaaaaa)', ["Join(", '  "aaaaaaaaaaaaaaaaaaaaa', "  aaa", ")"]),
        (
            "Function(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa)",
            ["Function(", "  aaaaaaaaaaaaaaaaaaaaaa", "  aaaaaaaaaaa", ")"],
        ),
    ],
)
def test_an_expression_is_laid_out_by_its_arguments(expression, lines):
    assert block(expression, 24) == lines


def test_nesting_without_room_is_wrapped_as_prose():
    deep = "A(" * 30 + "[x]" + ")" * 30
    lines = block(deep, 40)
    assert "".join(line.strip() for line in lines) == deep
