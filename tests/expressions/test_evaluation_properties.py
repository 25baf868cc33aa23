"""Properties of the evaluation for every tree and every user: it returns a value of limited size in limited time."""

import sys
import unicodedata
from datetime import UTC, datetime

import call_counter
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scimconf.expressions import (
    FUNCTIONS,
    Attribute,
    Call,
    Comparison,
    Concatenation,
    Constant,
    ExpressionError,
    from_source,
    parse,
    to_source,
)
from scimconf.expressions.dotnet import formats
from scimconf.expressions.dotnet.errors import EvaluationStop
from scimconf.expressions.evaluation import (
    EvaluationContext,
    Failure,
    Ignored,
    Undetermined,
    compile_expression,
    in_scope,
)
from scimconf.expressions.evaluation.arguments import MAX_SIZE
from scimconf.expressions.evaluation.functions import words
from scimconf.expressions.evaluation.scope import OPERATORS
from scimconf.expressions.regexes.matching import pattern

STRINGS = st.text(max_size=12) | st.sampled_from(
    [
        *("", "True", "1", "-3", "&HFF", "2020-02-29", "2021-06-30+08:00", "9223372036854775807"),
        "12/31/9999 1:00:00 PM",
        *("yyyy", "m", "ww", "yyyy-MM-dd", "zzz", "%", "h:mm tt", "AssumeUniversal", "tr-TR", "vbTextCompare", "UTF8"),
        *("(a+)+$", "(?<n>x)?(y)", "${n}$1", "[^a-z-[b]]", "\\p{Lu}", "😀", "ḗ", "st john's", "\ud800", "x" * 300),
        *("IgnoreAttributeFlow", "IgnoreObjectFlow", "(((a{90}){90}){90})", "n"),
    ]
)
NAMES = st.sampled_from(["a", "b", "c"])
COMPARISON_OPERATORS = st.sampled_from(["=", "<>", ">", ">=", "<", "<="])
FUNCTION_NAMES = st.sampled_from([*FUNCTIONS, "Lookup"])


def calls(inner):
    argument = st.none() | inner | st.builds(Comparison, inner, COMPARISON_OPERATORS, inner)
    argument |= st.builds(Concatenation, st.tuples(inner, inner))
    keys = st.just(()) | st.just(()) | st.just(("x", "y"))
    return st.builds(Call, FUNCTION_NAMES, st.lists(argument, max_size=7).map(tuple), keys)


TREES = st.recursive(st.builds(Constant, STRINGS) | st.builds(Attribute, NAMES), calls, max_leaves=14)
ROLES = st.fixed_dictionaries({}, optional={key: STRINGS for key in ("id", "value", "displayName")})
VALUES = (
    st.none()
    | STRINGS
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.lists(STRINGS | ROLES | st.none(), max_size=3)
    | ROLES
    | st.sets(STRINGS, max_size=2)
)
USERS = st.dictionaries(NAMES, VALUES)
CONTEXTS = st.builds(
    EvaluationContext,
    st.datetimes() | st.just(datetime(2025, 7, 30, tzinfo=UTC)),
    st.none() | st.lists(STRINGS, max_size=3),
    st.none() | st.just("contoso.com"),
    st.none() | st.just("00aa00aa-bb11-cc22-dd33-44ee44ee44ee"),
)


CONTEXT = EvaluationContext(datetime(2025, 1, 1, tzinfo=UTC))


def is_a_value(value):
    match value:
        case None | Ignored() | Undetermined(str()) | Failure(str()):
            return True
        case tuple():
            return all(isinstance(element, str) for element in value)
        case _:
            return isinstance(value, str) and len(value) <= MAX_SIZE


@settings(max_examples=150)
@given(TREES, USERS, CONTEXTS)
def test_compiled_expression_returns_the_same_value_twice_for_any_tree_and_user(tree, user, context):
    run = compile_expression(tree)
    value = run(user, context)
    assert is_a_value(value)
    if "takes too long" not in str(value):
        assert value == run(user, context)


def nested(name, depth, *arguments):
    tree = Attribute("a")
    for _ in range(depth):
        tree = Call(name, (*arguments[:1], tree, *arguments[1:]) if name == "Join" else (tree, *arguments))
    return tree


def test_nested_functions_stop_at_the_maximum_size():
    user = {"a": "x" * 1000}
    tenfold = (Constant("x"), None, None, Constant("x" * 10))
    everything = (None, Constant(".+"), None, Constant("$&$&$&$&"))
    for tree in (
        nested("ConvertToUTF8Hex", 90),
        nested("ConvertToBase64", 90),
        nested("Replace", 90, *tenfold),
        nested("Replace", 90, *everything),
        nested("Join", 3, Constant("y" * 300_000)),
        Call("Join", (Constant("y" * 400_000), *(Attribute("a") for _ in range(9)))),
        Call("Replace", (Attribute("a"), None, Constant(""), None, Constant("$_" * 20_000))),
        Call("Append", (Constant("y" * 600_000), Constant("y" * 600_000))),
    ):
        value = compile_expression(tree)(user, CONTEXT)
        assert isinstance(value, str | Undetermined), value
        assert is_a_value(value)


def test_trees_deeper_than_a_text_may_be_are_undetermined():
    for name, rest in (("Not", ()), ("Switch", (None, Constant("a"), Constant("a"))), ("Coalesce", ())):
        assert compile_expression(nested(name, 100, *rest))({"a": "a"}, CONTEXT) in ("a", "False", "True")
        assert isinstance(compile_expression(nested(name, 101, *rest))({"a": "a"}, CONTEXT), Undetermined)
    compared = Attribute("a")
    for _ in range(300):
        compared = Comparison(compared, "=", compared)
    for tree in (nested("Not", 50_000), compared):
        assert compile_expression(tree)({}, CONTEXT) == Undetermined("functions are nested deeper than 100 levels")


def test_work_is_linear_in_the_length_of_the_string():
    """Work is counted in calls, since time depends on the machine."""

    def work(text, character, size):
        run = compile_expression(parse(text))
        return call_counter.calls(lambda: run({"a": character * size}, CONTEXT))

    for text, character in (
        ('Word([a], 2, ",")', "a"),
        ('ToLower([a], "en-US")', "é"),
        ('ToUpper([a], "tr")', "é"),
        ("PCase([a])", "é"),
        ("NormalizeDiacritics([a])", "a\u0301"),
        ('Join([a], "x", "y")', "a"),
    ):
        assert work(text, character, 4_000) < 3 * work(text, character, 2_000) + 100, text


def test_normalize_diacritics_does_not_compose_more_marks_than_the_table_has(monkeypatch):
    """Composing very many marks is slow."""
    lengths, normalize = [], unicodedata.normalize
    monkeypatch.setattr(
        words.unicodedata, "normalize", lambda form, text: lengths.append(len(text)) or normalize(form, text)
    )
    letter = "a" + "\u0301\u0323" * 1000
    assert compile_expression(parse("NormalizeDiacritics([a])"))({"a": letter + "é"}, CONTEXT) == letter + "e"
    assert max(lengths) < 5


def test_join_does_not_evaluate_sources_after_the_maximum_size():
    names = []

    class User(dict):
        def get(self, name):
            names.append(name)
            return "x" * 600_000

    run = compile_expression(parse(f'Join("", {", ".join(["[a]"] * 1900)})'))
    assert "too long" in run(User(), CONTEXT).reason
    assert len(names) == 2


def test_long_formats_are_neither_evaluated_nor_stored_in_the_cache():
    size = formats._specifiers.cache_info().currsize
    for source, target in (("yyyy", "'" + "x" * 1000 + "'"), ("y" * 1001, "yyyy")):
        tree = Call("FormatDateTime", (Attribute("a"), None, Constant(source), Constant(target)))
        assert "1,000 characters" in compile_expression(tree)({"a": "2021"}, CONTEXT).reason
    assert formats._specifiers.cache_info().currsize <= size + 1


TEXT_OF_DEPTH_90 = "Not(" * 90 + "[a]" + ")" * 90


def call_at_depth(depth, work):
    return work() if depth == 0 else call_at_depth(depth - 1, work)


def test_a_call_near_the_end_of_the_stack_is_undetermined_or_an_expression_error():
    tree = parse(TEXT_OF_DEPTH_90)
    source = to_source(tree)
    run = compile_expression(tree)

    def outcome(depth, work):
        try:
            return call_at_depth(depth, work)
        except ExpressionError as error:
            return error.message
        except RecursionError:
            return None  # the stack ended before the work began

    limit = sys.getrecursionlimit()
    for work in (
        lambda: run({}, CONTEXT),
        lambda: compile_expression(tree)({}, CONTEXT),
        lambda: parse(TEXT_OF_DEPTH_90),
        lambda: from_source(source),
    ):
        outcomes = [str(outcome(depth, work)) for depth in range(limit - 700, limit, 7)]
        assert any("call stack is too deep" in text for text in outcomes)


def test_slow_patterns_are_undetermined():
    """This pattern would run for years."""
    tree = Call("Replace", (Attribute("a"), None, Constant("(a|aa)+$"), None, Constant("")))
    value = compile_expression(tree)({"a": "a" * 200 + "b"}, CONTEXT)
    assert value == Undetermined("Replace: the regular expression takes too long on this value")


SYNTAX = r"""
    a b . ^ $ | ( ) (?: (?<n> (?'m' (?= (?<! (?> (?i) (?i-s: (?x) (? * + ? {2} {2,} {0,3} {,3} {99} {3,1} [ ] [^ - -[
    [a-z] [: { } x \d \W \b \Z \z \1 \k<n> \x41 \u0041 \cA \01 \p{Lu} \P{IsGreek} \ (?#x) (?P<n> (?<n-m> \q
    \p{Nope} é 😀 && ~ #
"""
PARTS = st.sampled_from([*SYNTAX.split(), " ", "\n"])


@settings(max_examples=150)
@given(st.lists(PARTS, max_size=9).map("".join), st.text("ab\n-éA😀", max_size=9), st.text("a$&{n}1", max_size=6))
@example("(?:(?:(?:a?){1000}){1000}){1000}", "aaaa", "")
@example("(" * 500 + "a" + ")" * 500, "aaaa", "")
def test_any_pattern_is_evaluated_or_stops_with_a_reason(text, subject, replacement):
    try:
        assert isinstance(pattern(text).replaced(subject, replacement), str)
    except EvaluationStop as stop:
        assert stop.reason


CLAUSES = st.fixed_dictionaries(
    {
        "attribute": NAMES | st.just("userType"),
        "operator": st.sampled_from([*OPERATORS, "is_true", "is_false", "is_null", "is_not_null", "LIKE"]),
        "value": st.none() | STRINGS | st.lists(STRINGS, max_size=2),
    }
)
FILTERS = st.lists(st.fixed_dictionaries({"name": STRINGS, "all": st.lists(CLAUSES, max_size=3)}), max_size=3)


@given(FILTERS, USERS)
def test_in_scope_decides_any_filters_in_any_order_or_is_undetermined(filters, user):
    decision = in_scope(filters, user)
    assert decision in (True, False) or isinstance(decision, Undetermined)
    if isinstance(decision, bool):
        assert decision == in_scope(filters[::-1], user)
