"""JSON text is that of the standard library, with the characters that do not print as escapes."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimconf.plan.preview import UserOutcome
from scimconf.render.common.json_text import JsonText, indented

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(st.text(), parts, max_size=4),
    max_leaves=12,
)


def reference(value):
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)
    return re.sub(r"[^\n -~]", lambda match: match[0] if match[0].isprintable() else escaped(match[0]), text)


def escaped(char):
    return "\\u007f" if char == "\x7f" else json.dumps(char)[1:-1]


@given(VALUES)
def test_indented_text_is_that_of_the_standard_library(value):
    assert indented(value) == reference(value)


class Members(dict):
    pass


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({}, "{}"),
        ([], "[]"),
        ((), "[]"),
        ({"b": (1, 2.5), "a": {"c": None}}, '{\n  "a": {\n    "c": null\n  },\n  "b": [\n    1,\n    2.5\n  ]\n}'),
        ({"a": UserOutcome.ENTERS}, '{\n  "a": "enters"\n}'),
        (Members(a=True), '{\n  "a": true\n}'),
        ([JsonText('{"a": 1}'), "a"], '[\n  {"a": 1},\n  "a"\n]'),
        ("\ud800 é \u202e \x7f \t \U000e0001 日本", '"\\ud800 é \\u202e \\u007f \\t \\udb40\\udc01 日本"'),
    ],
)
def test_values_are_written_as_json(value, text):
    assert indented(value) == text


def test_a_value_is_written_at_an_indentation():
    assert indented({"a": [1]}, "\n  ") == '{\n    "a": [\n      1\n    ]\n  }'


@pytest.mark.parametrize("value", [{1: "a"}, {"a": object()}, [{2}]])
def test_what_json_does_not_have_is_an_error(value):
    with pytest.raises(TypeError):
        indented(value)
