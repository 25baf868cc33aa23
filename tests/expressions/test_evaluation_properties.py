"""What holds for every tree and every user: an answer, soon, and never larger than it may be."""

import sys
import time
import unicodedata
from datetime import UTC, datetime

import counting
from hypothesis import HealthCheck, example, given, settings
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
from scimconf.expressions.evaluation.functions import diacritics
from scimconf.expressions.evaluation.scope import OPERATORS
from scimconf.expressions.regexes.matching import pattern

TEXTS = st.text(max_size=12) | st.sampled_from(
    [
        *(
            "",
            "True",
            "1",
            "-3",
            "&HFF",
            "2020-02-29",
            "12/31/9999 1:00:00 PM",
            "2021-06-30+08:00",
            "9223372036854775807",
        ),
        *("yyyy", "m", "ww", "yyyy-MM-dd", "zzz", "%", "h:mm tt", "AssumeUniversal", "tr-TR", "vbTextCompare", "UTF8"),
        *("(a+)+$", "(?<n>x)?(y)", "${n}$1", "[^a-z-[b]]", "\\p{Lu}", "😀", "ḗ", "st john's", "\ud800", "x" * 300),
        *("IgnoreAttributeFlow", "IgnoreObjectFlow", "(((a{90}){90}){90})", "n"),
    ]
)
NAMES = st.sampled_from(["a", "b", "c"])
unicodedata_normalize = unicodedata.normalize
OPERATORS_OF_TEXT = st.sampled_from(["=", "<>", ">", ">=", "<", "<="])
FUNCTION_NAMES = st.sampled_from([*FUNCTIONS, "Lookup"])


def calls(inner):
    argument = st.none() | inner | st.builds(Comparison, inner, OPERATORS_OF_TEXT, inner)
    argument |= st.builds(Concatenation, st.tuples(inner, inner))
    keys = st.just(()) | st.just(()) | st.just(("x", "y"))
    return st.builds(Call, FUNCTION_NAMES, st.lists(argument, max_size=7).map(tuple), keys)


TREES = st.recursive(st.builds(Constant, TEXTS) | st.builds(Attribute, NAMES), calls, max_leaves=14)
ROLES = st.fixed_dictionaries({}, optional={key: TEXTS for key in ("id", "value", "displayName")})
VALUES = (
    st.none()
    | TEXTS
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.lists(TEXTS | ROLES | st.none(), max_size=3)
    | ROLES
    | st.sets(TEXTS, max_size=2)
)
USERS = st.dictionaries(NAMES, VALUES)
TOLD = st.builds(
    EvaluationContext,
    st.datetimes() | st.just(datetime(2025, 7, 30, tzinfo=UTC)),
    st.none() | st.lists(TEXTS, max_size=3),
    st.none() | st.just("contoso.com"),
    st.none() | st.just("00aa00aa-bb11-cc22-dd33-44ee44ee44ee"),
)


def is_a_value(value):
    match value:
        case None | Ignored() | Undetermined(str()) | Failure(str()):
            return True
        case tuple():
            return all(isinstance(each, str) for each in value)
        case _:
            return isinstance(value, str) and len(value) <= MAX_SIZE


@settings(max_examples=150, deadline=5000, suppress_health_check=[HealthCheck.too_slow])
@given(TREES, USERS, TOLD)
def test_any_tree_over_any_user_has_a_value(tree, user, told):
    """No tree and no user makes anything but a value; the same again is the same value."""
    run = compile_expression(tree)
    value = run(user, told)
    assert is_a_value(value)
    if "cut off" not in str(value):
        assert value == run(user, told)


def nested(name, depth, *arguments):
    tree = Attribute("a")
    for _ in range(depth):
        tree = Call(name, (*arguments[:1], tree, *arguments[1:]) if name == "Join" else (tree, *arguments))
    return tree


def test_growth_is_bounded():
    """Functions that make a text longer, one in another, are stopped before memory ends."""
    told, user = EvaluationContext(datetime(2025, 1, 1, tzinfo=UTC)), {"a": "x" * 1000}
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
        value = compile_expression(tree)(user, told)
        assert isinstance(value, str | Undetermined), value
        assert is_a_value(value)


def test_depth_is_bounded():
    """A tree deeper than any text is not followed, however deep; one as deep as a text may be is."""
    told = EvaluationContext(datetime(2025, 1, 1, tzinfo=UTC))
    for name, rest in (("Not", ()), ("Switch", (None, Constant("a"), Constant("a"))), ("Coalesce", ())):
        assert compile_expression(nested(name, 100, *rest))({"a": "a"}, told) in ("a", "False", "True")
        assert isinstance(compile_expression(nested(name, 101, *rest))({"a": "a"}, told), Undetermined)
    compared = Attribute("a")
    for _ in range(300):
        compared = Comparison(compared, "=", compared)
    for tree in (nested("Not", 50_000), compared):
        assert compile_expression(tree)({}, told) == Undetermined("functions are nested deeper than 100 levels")


def test_work_grows_with_the_text_and_no_faster():
    """Twice the text, about twice the work: in calls, since time depends on the machine."""
    told = EvaluationContext(datetime(2025, 1, 1, tzinfo=UTC))

    def work(text, of, size):
        run = compile_expression(parse(text))
        return counting.calls(lambda: run({"a": of * size}, told))

    for text, of in (
        ('Word([a], 2, ",")', "a"),
        ('ToLower([a], "en-US")', "é"),
        ('ToUpper([a], "tr")', "é"),
        ("PCase([a])", "é"),
        ("NormalizeDiacritics([a])", "a\u0301"),
        ('Join([a], "x", "y")', "a"),
    ):
        assert work(text, of, 4_000) < 3 * work(text, of, 2_000) + 100, text


def test_letters_with_more_marks_than_the_table_has_are_not_composed(monkeypatch):
    """Putting very many marks in order takes long, and no letter of the table has them."""
    seen = []
    monkeypatch.setattr(
        diacritics.unicodedata,
        "normalize",
        lambda form, text: seen.append(len(text)) or unicodedata_normalize(form, text),
    )
    told, many = EvaluationContext(datetime(2025, 1, 1, tzinfo=UTC)), "a" + "\u0301\u0323" * 1000
    assert compile_expression(parse("NormalizeDiacritics([a])"))({"a": many + "é"}, told) == many + "e"
    assert max(seen) < 5


def test_join_has_no_more_than_it_may_return():
    """The sources behind the one that is too much are not looked at, and nothing is put together."""
    asked = []

    class User(dict):
        def get(self, name):
            asked.append(name)
            return "x" * 600_000

    run = compile_expression(parse(f'Join("", {", ".join(["[a]"] * 1900)})'))
    assert "too long" in run(User(), EvaluationContext(datetime(2025, 1, 1, tzinfo=UTC))).reason
    assert len(asked) == 2


def test_long_formats_are_not_followed_and_not_kept():
    """A million characters in quotes are no format of a date."""
    told, held = EvaluationContext(datetime(2025, 1, 1, tzinfo=UTC)), formats._pieces.cache_info().currsize
    for read, written in (("yyyy", "'" + "x" * 1000 + "'"), ("y" * 1001, "yyyy")):
        tree = Call("FormatDateTime", (Attribute("a"), None, Constant(read), Constant(written)))
        assert "1,000 characters" in compile_expression(tree)({"a": "2021"}, told).reason
    assert formats._pieces.cache_info().currsize <= held + 1


def under(depth, work):
    """The work, so many calls down the stack."""
    return work() if depth == 0 else under(depth - 1, work)


def test_a_deep_stack_is_no_traceback():
    """Where the stack ends, there is a value that says so; a text is refused."""
    told, text = EvaluationContext(datetime(2025, 1, 1, tzinfo=UTC)), "Not(" * 90 + "[a]" + ")" * 90
    tree, source = parse(text), to_source(parse(text))
    run = compile_expression(tree)

    def kind(depth, work):
        try:
            return under(depth, work)
        except ExpressionError as error:
            return error.message
        except RecursionError:
            return None  # the stack ended before anything was asked

    room = sys.getrecursionlimit()
    for work in (
        lambda: run({}, told),
        lambda: compile_expression(tree)({}, told),
        lambda: parse(text),
        lambda: from_source(source),
    ):
        found = [str(kind(depth, work)) for depth in range(0, room, 7)]
        assert any("nested too deeply itself" in each for each in found)


def test_pathological_patterns_are_cut_off():
    """A pattern that would run for years is told to be one, and does not run for years."""
    begin = time.perf_counter()
    tree = Call("Replace", (Attribute("a"), None, Constant("(a|aa)+$"), None, Constant("")))
    value = compile_expression(tree)({"a": "a" * 200 + "b"}, EvaluationContext(datetime(2025, 1, 1, tzinfo=UTC)))
    assert value == Undetermined("Replace: the regular expression takes too long on this value and was cut off")
    assert time.perf_counter() - begin < 60


PIECES = st.sampled_from(
    [
        *(
            "a",
            "b",
            ".",
            "^",
            "$",
            "|",
            "(",
            ")",
            "(?:",
            "(?<n>",
            "(?'m'",
            "(?=",
            "(?<!",
            "(?>",
            "(?i)",
            "(?i-s:",
            "(?x)",
            "(?",
        ),
        *(
            "*",
            "+",
            "?",
            "{2}",
            "{2,}",
            "{0,3}",
            "{,3}",
            "{99}",
            "{3,1}",
            "[",
            "]",
            "[^",
            "-",
            "-[",
            "[a-z]",
            "[:",
            "{",
            "}",
            "x",
        ),
        *(
            "\\d",
            "\\W",
            "\\b",
            "\\Z",
            "\\z",
            "\\1",
            "\\k<n>",
            "\\x41",
            "\\u0041",
            "\\cA",
            "\\01",
            "\\p{Lu}",
            "\\P{IsGreek}",
            "\\",
        ),
        *("(?#x)", "(?P<n>", "(?<n-m>", "\\q", "\\p{Nope}", "é", "😀", "&&", "~", "#", " ", "\n"),
    ]
)


@settings(max_examples=150, deadline=5000)
@given(st.lists(PIECES, max_size=9).map("".join), st.text("ab\n-éA😀", max_size=9), st.text("a$&{n}1", max_size=6))
@example("(?:(?:(?:a?){1000}){1000}){1000}", "aaaa", "")
@example("(" * 500 + "a" + ")" * 500, "aaaa", "")
def test_any_pattern_runs_or_is_refused(text, subject, replacement):
    """No pattern does anything but match, or stop with a reason."""
    try:
        assert isinstance(pattern(text).replaced(subject, replacement), str)
    except EvaluationStop as stop:
        assert stop.reason


CLAUSES = st.fixed_dictionaries(
    {
        "attribute": NAMES | st.just("userType"),
        "operator": st.sampled_from([*OPERATORS, "is_true", "is_false", "is_null", "is_not_null", "LIKE"]),
        "value": st.none() | TEXTS | st.lists(TEXTS, max_size=2),
    }
)
FILTERS = st.lists(st.fixed_dictionaries({"name": TEXTS, "all": st.lists(CLAUSES, max_size=3)}), max_size=3)


@settings(deadline=5000)
@given(FILTERS, USERS)
def test_any_filter_has_an_answer(filters, user):
    """In scope, not in scope, or a reason why nobody can say; the order of filters does not matter."""
    answer = in_scope(filters, user)
    assert answer in (True, False) or isinstance(answer, Undetermined)
    if isinstance(answer, bool):
        assert answer == in_scope(filters[::-1], user)
