"""Properties of parsing and printing, for every expression, text and tree."""

import json

from hypothesis import given
from hypothesis import strategies as st

from scimconf.expressions import (
    FUNCTIONS,
    Attribute,
    Call,
    Comparison,
    Concatenation,
    Constant,
    ExpressionError,
    canonicalize,
    from_source,
    parse,
    render,
    render_compact,
    to_source,
)

CONSTANTS = st.builds(Constant, st.text(max_size=8) | st.from_regex(r"-?[0-9]{1,4}|&H[0-9A-F]{1,3}", fullmatch=True))
ATTRIBUTES = st.builds(Attribute, st.from_regex(r'[\w :."-]{1,9}', fullmatch=True))
NAMES = st.sampled_from([*FUNCTIONS, "Lookup"])


def inner(operands):
    """Return a strategy of arguments: operands, concatenations of operands, or one comparison of such."""
    sums = operands | st.builds(Concatenation, st.lists(operands, min_size=2, max_size=3).map(tuple))
    compared = st.builds(Comparison, sums, st.sampled_from(["=", "<>", ">", ">=", "<", "<="]), sums)
    return st.none() | sums | compared


def calls(operands):
    return st.builds(Call, NAMES, st.lists(inner(operands), max_size=7).map(tuple))


EXPRESSIONS = st.recursive(CONSTANTS | ATTRIBUTES, calls, max_leaves=12)


@given(EXPRESSIONS)
def test_render_and_parse_round_trip(expression):
    text = render(expression)
    assert canonicalize(expression) == parse(text)
    assert canonicalize(expression) == canonicalize(canonicalize(expression))
    assert text == render(parse(text)) == render(parse(render_compact(expression)))


@given(EXPRESSIONS)
def test_to_source_and_from_source_round_trip(expression):
    tree = to_source(expression)
    assert canonicalize(expression) == from_source(tree)
    assert tree == to_source(from_source(tree)) == json.loads(json.dumps(tree))
    assert render(expression) == tree["expression"]


FRAGMENTS = st.sampled_from([*'"[](),&=<>-1 .', "IIF(", "[a]", '"b"', "&HF", "\\", "\n", "OR", "Mid", "é", "[0]"])


@given(st.text(max_size=40) | st.lists(FRAGMENTS, max_size=20).map("".join))
def test_parse_returns_an_expression_or_an_error_with_an_offset_in_the_text(text):
    try:
        expression = parse(text)
    except ExpressionError as error:
        assert 0 <= error.offset <= len(text)
    else:
        assert canonicalize(expression) == parse(render(expression))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
TREES = st.recursive(
    JSON,
    lambda inner: st.fixed_dictionaries(
        {"type": st.sampled_from(["Attribute", "Constant", "Function", ""]) | JSON},
        optional={
            "name": NAMES | JSON,
            "expression": st.text(max_size=5) | JSON,
            "parameters": JSON
            | st.lists(st.fixed_dictionaries({"key": st.sampled_from(["source", "one", "two", "x"]), "value": inner})),
        },
    ),
    max_leaves=8,
)


@given(TREES)
def test_from_source_returns_an_expression_with_a_stable_tree_or_an_expression_error(tree):
    try:
        expression = from_source(tree)
    except ExpressionError:
        return
    written = to_source(expression)
    assert written == to_source(from_source(written))
