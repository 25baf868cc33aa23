"""Values in rendered output: strings without quotes, on one line if the value fits, otherwise as a block."""

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
def test_inline_renders_value_on_one_line(value, shown):
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
def test_block_lays_out_value_over_lines(value, lines):
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
def test_block_breaks_expression_between_arguments(expression, lines):
    assert block(expression, 24) == lines


def test_block_wraps_deeply_nested_expression_as_prose():
    deep = "A(" * 30 + "[x]" + ")" * 30
    lines = block(deep, 40)
    assert "".join(line.strip() for line in lines) == deep
