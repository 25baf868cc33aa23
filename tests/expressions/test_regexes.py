"""Regular expressions of .NET: what they match, what .NET rejects, and what is not evaluated."""

import pytest

from scimconf.expressions.dotnet.errors import ServiceFailure, UndocumentedBehaviour
from scimconf.expressions.regexes import matching
from scimconf.expressions.regexes.matching import pattern


@pytest.mark.parametrize(
    ("text", "subject", "new", "expected"),
    [
        ("a*", "baac", "x", "xbxxcx"),
        ("x*", "abxd", "-", "-a-b--d-"),
        (r"(?<n>\d+)(\w)", "12ab", "[$1|$2|${n}|${2}]", "[a|12|12|12]b"),
        (r"(?'n'a)", "a", "${n}${x}$9$", "a${x}$9$"),
        (
            r"(a)(b)",
            "ab",
            "$+$`$'$_$&$0$$",
            "bababab$",
        ),
        (r"(a)", "a", "$12${1}$10$100${12}$01${001}$00", "$12a$10$100${12}aaa"),
        (r"(a)", "a", "$2147483647${1a}", "$2147483647${1a}"),
        ("(.)" * 12, "abcdefghijkl", "$12$1$10", "laj"),
        ("^(.*?)", "ab", "p-", "p-ab"),
        ("(.*?)", "ab", "-", "-a-b-"),
        ("a*?", "aab", "-", "-a-a-b-"),
        ("b|", "abb", "-", "-a---"),
        ("(?<=a)|b", "ab", "-", "a-b"),
        ("(?m)$", "a\nb\n", "!", "a!\nb!\n!"),
        (r"\10\11\141\18", "\b\ta\x018", "x", "x"),
        (r"(a)\18", "a\x018", "x", "x"),
        (r"\1412*", "a22", "x", "x"),
        (r"\777", "\xff", "x", "x"),
        (r"[\141\1]", "a\x01", "x", "xx"),
        ("(.)" * 10 + r"\10", "abcdefghijj", "x", "x"),
        (r"a", "a", "$+", "a"),
        (r"(?<x>a)|(?<x>b)", "ab", "<${x}>", "<a><b>"),
        (r"(a)|b", "ab", "<$1>", "<a><>"),
        (r"[a-z-[aeiou]]", "abe", "", "ae"),
        (r"[^a-z-[x]]", "aX", "", "a"),
        (r"[]a]+", "]ab", "", "b"),
        (r"[\w\d.-]+", "a.1-!", "", "!"),
        (r"[\b\x41\u0042\n]", "AB\b\n", "", ""),
        (r"[a\-z]", "a-z", "", ""),
        (r"[-a]", "-a", "", ""),
        (r"[a-\x63]", "abcd", "", "d"),
        (r"[\d-x]", "1-x", "", ""),
        (r"[[a]", "[a", "", ""),
        (r"[&&~~||]", "&~|a", "", "a"),
        (r"\p{Lu}\P{Lu}", "aBc", "", "a"),
        (r"\p{IsGreek}", "aα", "", "a"),
        (r"\bb\B", "b bb", "x", "b xb"),
        (r"\Ab", "bb", "", "b"),
        (r"b\Z", "b\n", "", "\n"),
        (r"b\z", "b\n", "", "b\n"),
        (r"b$", "b\n", "", "\n"),
        (r"\Gb", "bbab", "", "ab"),
        (r"(a)\1", "aab", "", "b"),
        (r"(?<n>a)\k<n>", "aab", "", "b"),
        (r"(?<n>a)\k'n'", "aab", "", "b"),
        (r"(?<n>a)(b)\1", "abb", "", ""),
        (r"a{2}", "aaa", "", "a"),
        (r"a{1,2}?", "aa", "x", "xx"),
        (r"a{,2}", "a{,2}", "", ""),
        (r"a{x}", "a{x}", "", ""),
        (r"}]", "}]", "", ""),
        (r"a{2,}", "aaaa", "", ""),
        (r"(?:ab)+?", "abab", "x", "xx"),
        (r"(?>a+)b", "aab", "", ""),
        (r"(?<=a)b(?=c)(?!d)(?<!e)", "abc", "", "ac"),
        (r"^*a", "a", "", ""),
        (r"(?i)STRASSE|ß", "strasse SS ß", "", " SS "),
        (r"(?i:A)b", "abaB", "", "aB"),
        (r"(?i-s)A", "a", "", ""),
        (r"(?m)^a", "a\na", "", "\n"),
        (r"(?-i)a", "a", "", ""),
        (r"()a", "a", "", ""),
        (r"a(?#what)b", "ab", "", ""),
        (r"\t\e\cA\01\.", "\t\x1b\x01\x01.", "", ""),
        (r"a|", "ab", "x", "xxbx"),
        (r".", "😀", "x", "xx"),
        (r"😀", "a😀", "é", "aé"),
        (r"\s", "a b\x85", "", "ab"),
        (r"\S\D\W", "a-!", "", ""),
        ("a b#", "a b#", "", ""),
    ],
)
def test_pattern_replaces_as_dotnet_does(text, subject, new, expected):
    assert pattern(text).replaced(subject, new) == expected


REJECTED = r"""
    ( ) a) [ [a [^ *a a** a++ a{2}{3} a{3,2} (?P<n>a) (? (?~a) (?<n (?<n> (?<>a) (?'n>a) (?<isd-code>a) (?<-code>a)
    (?<code->a) (?'isd-code'a) (?<n-2>a) (?<n-b>a)(?<b (?<0>a) (?<1x>a) \q \_ \ \1 \9 \80 (a)\99 [\8] (a)\2147483648 (?)
    \p{Nope} \p [z-a] [a-\d] [\q] (a)\2 [a-z-[b]c] \p{Xx} |* (?i)*
"""


@pytest.mark.parametrize("text", [*REJECTED.split(), "(?<isd code>a)"])
def test_pattern_fails_if_dotnet_rejects_it(text):
    with pytest.raises(ServiceFailure):
        pattern(text)


NOT_TRANSLATED = r"""
    (?x)a \b+? ^??a (?=a)+? (?<!a)*? (?n)(a) (?(a)b|c) (?<a-b>c)(?<b>d) (?<b>d)(?'a-b'c) (?<b>d)(?<-b>c) (?<a-a>c) (?<a-1>c)
    (?<a-0>c) (?<1>a) (?<1-b>a) \k<n> \k [[:alpha:]] (a{200}){200} a{99999999999} \p{IsNowhere}
"""
LARGE = ["(" * 70 + ")" * 70, "[a-[" * 12 + "]" * 24, "x" * 10_001, "😀" * 5_001]


@pytest.mark.parametrize("text", [*NOT_TRANSLATED.split(), *LARGE])
def test_pattern_is_undocumented_if_it_cannot_be_translated(text):
    for _ in range(2):  # the second time from the cache
        with pytest.raises(UndocumentedBehaviour):
            pattern(text)


@pytest.mark.parametrize("number", ["2147483648", "99999999999999"])
def test_replacement_fails_with_a_group_number_that_dotnet_rejects(number):
    for replacement in (f"${number}", f"${{{number}}}"):
        with pytest.raises(ServiceFailure):
            pattern("(a)").replaced("a", replacement)


def test_contiguous_match_anchor_is_not_evaluated_after_an_empty_match():
    assert pattern(r"\Ga").replaced("aab", "x") == "xxb"
    with pytest.raises(UndocumentedBehaviour):
        pattern(r"\Ga?").replaced("baa", "x")


@pytest.mark.parametrize(
    "text", ["a{9999}" * 2, "(a{90}b){120}", "(?:a{400}){20}|b{2000}", r"\b" * 1001, "(a|b){5000}"]
)
def test_pattern_limits_the_number_of_all_repetitions(text):
    with pytest.raises(UndocumentedBehaviour, match="too many repetitions"):
        pattern(text)
    assert pattern("a{900}" * 11)


def test_long_patterns_are_not_stored_in_the_cache():
    size = matching._cached.cache_info().currsize
    with pytest.raises(UndocumentedBehaviour, match="too long"):
        pattern("x" * 1_000_000)
    assert matching._cached.cache_info().currsize == size


def test_one_time_limit_holds_for_all_matches_of_a_pattern(monkeypatch):
    seconds = iter(range(100))
    monkeypatch.setattr(matching, "monotonic", lambda: next(seconds) * 0.1)
    with pytest.raises(UndocumentedBehaviour, match="takes too long"):
        pattern("x*").replaced("a" * 50, "")
    assert next(seconds) < 6


def test_character_sets_have_a_limit():
    with pytest.raises(ServiceFailure):
        pattern("[" + "ab" * 4000)


def test_case_insensitive_patterns_are_undocumented_for_letters_with_special_case_rules():
    assert pattern("k").replaced("\u212a", "x") == "\u212a"
    for text, subject in (("(?i)k", "\u212a"), ("(?i)\u0130", "i")):
        with pytest.raises(UndocumentedBehaviour):
            pattern(text).replaced(subject, "x")


def test_pattern_matches_anywhere():
    assert pattern("[0-9]").matches("a1")
    assert not pattern("[0-9]").matches("a")
